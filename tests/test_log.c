/* test_log.c: what a log line looks like, and that nothing breaks out of it. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "encode.h"
#include "log.h"
#include "tap.h"

#define STAMP (sizeof "time=" - 1 + GATE_ISO_LENGTH)

static char got[2 * GATE_LOG_LINE_MAX];
static int pipe_ends[2];

/* What the last gate_log wrote, from behind the time stamp. */
static const char *
logged(void)
{
	ssize_t length = read(pipe_ends[0], got, sizeof got - 1);

	got[length > 0 ? length : 0] = '\0';
	return length > (ssize_t)STAMP ? got + STAMP : got;
}

static void
logs(const char *value, const char *text, const char *name)
{
	char wanted[300];

	gate_log(GATE_LOG_INFO, "e", "v", value, NULL);
	snprintf(wanted, sizeof wanted, " level=info event=e v=%s\n", text);
	is(logged(), wanted, name);
}

static void
test_shape(void)
{
	int64_t ms;
	long flags = fcntl(pipe_ends[0], F_GETFL);

	gate_log(GATE_LOG_WARN, "store-slow", "id", "0123abcd", "none", NULL, "ms", "12", NULL);
	is(logged(), " level=warn event=store-slow id=0123abcd ms=12\n", "pairs; NULL is left out");
	ok(strncmp(got, "time=", 5) == 0, "begins with time");
	ok(gate_iso_parse(got + 5, GATE_ISO_LENGTH, &ms) == 1, "the time is ISO 8601 in UTC");
	gate_log(GATE_LOG_DEBUG, "a", NULL);
	is(logged(), " level=debug event=a\n", "debug, no pairs");
	gate_log(GATE_LOG_ERROR, "a", NULL);
	is(logged(), " level=error event=a\n", "error");
	fcntl(pipe_ends[0], F_SETFL, flags | O_NONBLOCK);
	gate_log(GATE_LOG_INFO, "one", NULL);
	gate_log(GATE_LOG_INFO, "two", NULL);
	logged();
	ok(strstr(got, "event=one\ntime=") != NULL, "lines follow each other");
	is(logged(), "", "and no more was written");
	fcntl(pipe_ends[0], F_SETFL, flags);
}

static void
test_quoting(void)
{
	logs("plain-1.2:3/4", "plain-1.2:3/4", "plain text stays bare");
	logs("", "\"\"", "empty");
	logs("two words", "\"two words\"", "a blank");
	logs("a=b", "\"a=b\"", "an equals sign");
	logs("say \"hi\"", "\"say \\\"hi\\\"\"", "quotes");
	logs("back\\slash", "\"back\\\\slash\"", "a backslash");
	logs("x\nlevel=error", "\"x\\nlevel=error\"", "a newline starts no line");
	logs("\r\t\x1b[31m\x7f", "\"\\u000d\\u0009\\u001b[31m\\u007f\"", "controls");
	logs("gr\xc3\xbc\xc3\x9f\xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f\xf0\x9f\x98\x80",
	    "UTF-8 stays");
	logs("\xc2\x9b"
	     "31m",
	    "\"\\u009b31m\"", "a C1 control");
	logs("\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\"", "line separators");
	logs("\xff\xc3(\xe2\x80", "\"\\udcff\\udcc3(\\udce2\\udc80\"", "bytes that are not UTF-8");
	logs("%s%n", "%s%n", "a format is only text");
}

static void
test_long(void)
{
	static char value[3 * GATE_LOG_LINE_MAX];
	const char *line;
	size_t length;

	memset(value, 'x', sizeof value - 1);
	gate_log(GATE_LOG_INFO, "e", "v", value, "next", "1", NULL);
	line = logged();
	length = strlen(got);
	ok(length <= GATE_LOG_LINE_MAX && length > GATE_LOG_LINE_MAX - 8, "a long value is cut");
	is(got + length - 3, "x\"\n", "its quote and line are closed");
	ok(strncmp(line, " level=info event=e v=\"xxx", 26) == 0, "its beginning stays");
	for (size_t i = 0; i + 2 < sizeof value; i += 2)
		memcpy(value + i, "\xc3\xbc", 2);
	for (size_t shift = 0; shift < 2; shift++) {
		gate_log(GATE_LOG_INFO, shift ? "ee" : "e", "v", value, NULL);
		logged();
		ok(gate_utf8_valid(got, strlen(got)), "cut between characters (%zu)", shift);
	}
	memset(value, '\n', sizeof value - 1);
	gate_log(GATE_LOG_INFO, "e", "v", value, NULL);
	logged();
	length = strlen(got);
	ok(length <= GATE_LOG_LINE_MAX, "escapes count too");
	is(got + length - 4, "\\n\"\n", "an escape is not cut in two");
	value[1500] = '\0';
	memset(value, 'y', 1500);
	gate_log(GATE_LOG_INFO, "e", "a", value, "b", value, "c", value, "d", "1", NULL);
	line = logged();
	length = strlen(got);
	ok(length <= GATE_LOG_LINE_MAX && strstr(line, " b=") && !strstr(line, " c="),
	    "a bare pair that doesn't fit is left out");
	ok(got[length - 1] == '\n' && strchr(got, '\n') == got + length - 1, "still one line");
}

/* Wherever in the line a value ends, what follows it neither wraps nor stands outside. */
static void
test_ends(const char *fill, const char *name)
{
	static char value[GATE_LOG_LINE_MAX + 9];
	size_t step = strlen(fill), wrong = 0, length;
	char *at = value;

	for (size_t n = 0; n + step < sizeof value; n += step, at += step) {
		gate_log(GATE_LOG_INFO, "e", "v", value, "w", "1", "x", "2 3", NULL);
		logged();
		length = strlen(got);
		wrong += length > GATE_LOG_LINE_MAX || strchr(got, '\n') != got + length - 1;
		wrong += length < GATE_LOG_LINE_MAX - 16 && !strstr(got, " w=1 x=\"2 3\"\n");
		memcpy(at, fill, step);
	}
	ok(wrong == 0, "a value of any length, %s (%zu)", name, wrong);
}

static void
test_errno(void)
{
	int readable;

	errno = ENOENT;
	gate_log(GATE_LOG_INFO, "e", NULL);
	ok(errno == ENOENT, "errno is kept");
	logged();
	readable = open("/dev/null", O_RDONLY);
	dup2(readable, STDERR_FILENO); /* a write to it fails */
	errno = EAGAIN;
	gate_log(GATE_LOG_INFO, "e", NULL);
	ok(errno == EAGAIN, "errno is kept when the write fails");
	close(readable);
}

int
main(void)
{
	int saved = dup(STDERR_FILENO);

	if (pipe(pipe_ends) < 0 || dup2(pipe_ends[1], STDERR_FILENO) < 0)
		return 1;
	test_shape();
	test_quoting();
	test_long();
	test_ends("x", "bare");
	test_ends(" ", "quoted");
	test_ends("\"", "of quotes");
	test_ends("\x1b", "of controls");
	test_errno();
	dup2(saved, STDERR_FILENO);
	return done();
}
