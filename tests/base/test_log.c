/* test_log.c: the form of log lines: no value breaks out of its place. Logging neither floods nor
 * waits. Tests base/log.c and base/unicode.c. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/date.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/log_line.h"
#include "base/unicode.h"
#include "tap.h"

#define STAMP (sizeof "time=" - 1 + GATE_ISO_LENGTH)

static char got[8 * GATE_LOG_LINE_MAX];
static int pipe_ends[2];
static int waits; /* polls with time */

/* In the place of the C library's. */
int
poll(struct pollfd *files, nfds_t count, int ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	waits += ms != 0;
	return ppoll(files, count, ms < 0 ? NULL : &time, NULL);
}

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

	gate_log(GATE_LOG_EACH, "e", "v", value, NULL);
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
	gate_log(GATE_LOG_EACH, "a", NULL);
	is(logged(), " level=info event=a\n", "info, no pairs");
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
	logs("bob\xe2\x80\xaenimda", "\"bob\\u202enimda\"", "text is not turned round");
	logs("\xc2\xad\xe2\x80\x8b\xef\xbb\xbf", "\"\\u00ad\\u200b\\ufeff\"", "what is not seen");
	logs("a\xc2\xa0"
	     "b\xe3\x80\x80"
	     "c",
	    "\"a\\u00a0b\\u3000c\"", "other blanks");
	logs("\xf3\xa0\x81\xa1\xf4\x8f\xbf\xbf", "\"\\udb40\\udc61\\udbff\\udfff\"",
	    "a tag, and a noncharacter, beyond the first plane");
	logs("\xef\xb7\x90\xef\xbf\xbe", "\"\\ufdd0\\ufffe\"", "noncharacters");
}

/* Against the Unicode ranges, written down a second time: all but what is named is shown. */
static void
test_hidden(void)
{
	static const uint32_t hidden[] = {0, 0x1b, 0x7f, 0x85, 0x9f, 0xa0, 0xad, 0x61c, 0x180e,
	    0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2066, 0x2069, 0x206f,
	    0x3164, 0xfe0f, 0xfeff, 0xfff9, 0xfffb, 0x110bd, 0x1d173, 0x1fffe, 0xe0001, 0xe007f,
	    0x10ffff},
			      shown[] = {' ', '~', 0xa1, 0xe9, 0x3b1, 0x61b, 0x61d, 0x1fff, 0x2010,
				  0x2027, 0x2030, 0x205e, 0x2070, 0x4e00, 0xac00, 0xe000, 0xfdf0,
				  0xfffc, 0xfffd, 0x1f600, 0x10fffd};
	size_t wrong = 0;

	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		wrong += !gate_unicode_is_hidden(hidden[i]);
	ok(wrong == 0, "%zu characters that act, or are not seen (%zu)",
	    sizeof hidden / sizeof *hidden, wrong);
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		wrong += gate_unicode_is_hidden(shown[i]);
	ok(wrong == 0, "%zu others (%zu)", sizeof shown / sizeof *shown, wrong);
}

/* What stands behind the value of a visitor is always there. */
static void
test_long(void)
{
	static char value[3 * GATE_LOG_LINE_MAX];
	const char *line;

	memset(value, 'x', sizeof value - 1);
	gate_log(GATE_LOG_EACH, "e", "v", value, "next", "1", NULL);
	line = logged();
	ok(strncmp(line, " level=info event=e v=xxx", 25) == 0,
	    "the beginning of a long value stays");
	ok(strstr(line, "xxx\xe2\x80\xa6 next=1\n") != NULL,
	    "it is cut, with a mark, and the next pair comes");
	ok(strlen(line) < GATE_LOG_VALUE_MAX + 50, "and has a bound (%zu)", strlen(line));
	for (size_t i = 0; i + 2 < sizeof value; i += 2)
		memcpy(value + i, "\xc3\xbc", 2);
	for (size_t shift = 0; shift < 2; shift++) {
		gate_log(GATE_LOG_EACH, "e", "v", value + 2 * shift, shift ? "ww" : "w", "1", NULL);
		logged();
		ok(gate_utf8_valid(got, strlen(got)), "cut between characters (%zu)", shift);
	}
	memset(value, '\x1b', sizeof value - 1);
	gate_log(GATE_LOG_EACH, "e", "a", value, "b", value, "c", value, "d", value, "e", value,
	    "f", value, "g", value, "why", "1", NULL);
	line = logged();
	ok(strlen(got) <= GATE_LOG_LINE_MAX &&
		strstr(line, "\\u001b\xe2\x80\xa6\" why=1\n") != NULL,
	    "seven long values and one more fit (%zu)", strlen(got));
	gate_log(GATE_LOG_EACH, "e", "a", value, "b", value, "c", value, "d", value, "e", value,
	    "f", value, "g", value, "h", value, "i", value, "j", "1", NULL);
	line = logged();
	ok(strlen(got) <= GATE_LOG_LINE_MAX && strstr(line, " i=") == NULL &&
		strstr(line, " j=1\n") != NULL,
	    "of more, one that does not fit is left out whole");
	ok(strchr(got, '\n') == got + strlen(got) - 1, "still one line");
}

/* Wherever a value ends, what follows it neither wraps nor stands outside. */
static void
test_ends(const char *fill, const char *name)
{
	static char value[2 * GATE_LOG_VALUE_MAX];
	size_t step = strlen(fill), wrong = 0, length;
	char *at = value;

	memset(value, 0, sizeof value);
	for (size_t n = 0; n + step < sizeof value; n += step, at += step) {
		gate_log(GATE_LOG_EACH, "e", "v", value, "w", "1", "x", "2 3", NULL);
		logged();
		length = strlen(got);
		wrong += length > GATE_LOG_LINE_MAX || strchr(got, '\n') != got + length - 1;
		wrong += !strstr(got, " w=1 x=\"2 3\"\n");
		wrong += n + step < GATE_LOG_VALUE_MAX / 6 && strstr(got, "\xe2\x80\xa6") != NULL;
		memcpy(at, fill, step);
	}
	ok(wrong == 0, "a value of any length, %s (%zu)", name, wrong);
}

/* ---- not one too many ---- */

static int
count_lines(const char *text, const char *part)
{
	int lines = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		lines++;
	return lines;
}

/* What came of a flood. */
static const char *
flood(enum gate_log_level level, const char *event, const char *why, int count)
{
	size_t length = 0;
	long flags = fcntl(pipe_ends[0], F_GETFL);

	fcntl(pipe_ends[0], F_SETFL, flags | O_NONBLOCK);
	gate_log_forget();
	for (int i = 0; i < count; i++)
		gate_log(level, event, "why", why, NULL);
	for (ssize_t more;
	     (more = read(pipe_ends[0], got + length, sizeof got - 1 - length)) > 0;) {
		length += (size_t)more;
		gate_log_flush(); /* a pipe has room for sixteen lines, the others wait in ours */
	}
	got[length] = '\0';
	fcntl(pipe_ends[0], F_SETFL, flags);
	return got;
}

static void
test_limits(void)
{
	int lines = count_lines(flood(GATE_LOG_WARN, "flood", NULL, 300), "event=flood"), others;
	char wanted[64];

	ok(lines >= 50 && lines < 250, "of 300 equal events in a moment fifty are logged (%d)",
	    lines);
	gate_log(GATE_LOG_WARN, "other", NULL);
	is(logged(), " level=warn event=other\n", "another event has fifty of its own");
	gate_log_forget();
	gate_log(GATE_LOG_WARN, "flood", "path", "/", NULL);
	snprintf(wanted, sizeof wanted, " event=flood suppressed=%d path=/\n", 300 - lines);
	ok(strstr(logged(), wanted) != NULL, "the next line says how many were not (%d)",
	    300 - lines);
	gate_log(GATE_LOG_WARN, "flood", NULL);
	is(logged(), " level=warn event=flood\n", "and only that one");
	others = count_lines(flood(GATE_LOG_INFO, "told", NULL, 300), "event=told");
	ok(others >= 50 && others < 250, "infos, too (%d)", others);
	others = count_lines(flood(GATE_LOG_EACH, "each", NULL, 200), "event=each");
	ok(others == 200, "but not what is asked for each time (%d)", others);
}

/* A limit is one of an event and its why. */
static void
test_whys(void)
{
	long flags = fcntl(pipe_ends[0], F_GETFL);
	int lines = count_lines(flood(GATE_LOG_WARN, "refused", "one", 1000), "event=refused");

	fcntl(pipe_ends[0], F_SETFL, flags | O_NONBLOCK);
	ok(lines >= 50 && lines < 950, "of a thousand with one why some are logged (%d)", lines);
	gate_log(GATE_LOG_WARN, "refused", "why", "another", NULL);
	is(logged(), " level=warn event=refused why=another\n",
	    "they hide none that has another, which does not speak for them");
	gate_log(GATE_LOG_WARN, "refused", "path", "/", NULL);
	is(logged(), " level=warn event=refused path=/\n", "nor one that has none");
	gate_log_forget();
	gate_log(GATE_LOG_WARN, "refused", "why", "one", NULL);
	ok(strstr(logged(), " event=refused suppressed=") != NULL, "their own next one does");
	fcntl(pipe_ends[0], F_SETFL, flags);
}

/* What a flood left out is said, though no line of it follows. */
static void
test_told(void)
{
	long flags = fcntl(pipe_ends[0], F_GETFL);
	int lines;
	char wanted[100];

	lines = count_lines(flood(GATE_LOG_WARN, "over", "it was \"many\"", 300), "event=over");
	snprintf(wanted, sizeof wanted,
	    " level=warn event=log-suppressed lines=%d of=over of_why=\"it was \\\"many\\\"\"\n",
	    300 - lines);
	gate_log_forget(); /* as if time had passed */
	fcntl(pipe_ends[0], F_SETFL, flags | O_NONBLOCK);
	gate_log_flush();
	is(logged(), wanted, "when a flood is over, it is said how many did not come");
	gate_log_flush();
	is(logged(), "", "once");
	gate_log(GATE_LOG_WARN, "over", "why", "it was \"many\"", NULL);
	ok(strstr(logged(), "suppressed") == NULL, "the next line does not say it again");
	lines = count_lines(flood(GATE_LOG_WARN, "ends", NULL, 300), "event=ends");
	snprintf(wanted, sizeof wanted, " level=warn event=log-suppressed lines=%d of=ends\n",
	    300 - lines);
	fcntl(pipe_ends[0], F_SETFL, flags | O_NONBLOCK);
	gate_log_finish();
	is(logged(), wanted, "a process that ends says it at once");
	fcntl(pipe_ends[0], F_SETFL, flags);
}

/* ---- who does not read ---- */

/* Logs more than fits; `fd`: where it went. All that came out, when it was read at last. */
static const char *
fill_up(int write_end, int read_end, int lines)
{
	static char all[1 << 20];
	char filling[1000];
	size_t length = 0;
	ssize_t more;
	long flags;

	memset(filling, 'f', sizeof filling - 1);
	filling[sizeof filling - 1] = '\0';
	dup2(write_end, STDERR_FILENO);
	flags = fcntl(write_end, F_GETFL);
	waits = 0;
	for (int i = 0; i < lines; i++)
		gate_log(GATE_LOG_EACH, "clogged", "a", filling, "b", filling, NULL);
	ok(waits >= 1 && waits <= 3, "not each line without room waits for a reader (%d)", waits);
	ok(fcntl(write_end, F_GETFL) == flags, "no flag of the shared descriptor was changed");
	fcntl(read_end, F_SETFL, O_NONBLOCK);
	do {
		while ((more = read(read_end, all + length, sizeof all - 1 - length)) > 0)
			length += (size_t)more;
		gate_log_flush();
		more = read(read_end, all + length, sizeof all - 1 - length);
		length += more > 0 ? (size_t)more : 0;
	} while (more > 0);
	all[length] = '\0';
	return all;
}

/* A short line may find room where a long one did not: then several say it. */
static void
all_or_counted(const char *all, int lines, const char *what)
{
	static const char mark[] = " level=error event=log-dropped lines=";
	int came = count_lines(all, " event=clogged "), said = 0;

	for (const char *at = all; (at = strstr(at, mark)) != NULL; at += sizeof mark - 1)
		said += (int)strtol(at + sizeof mark - 1, NULL, 10);
	ok(came > 10 && came < lines, "%s: %d of %d lines came", what, came, lines);
	ok(came + said == lines, "  the others are counted (%d)", said);
	ok(all[strlen(all) - 1] == '\n' &&
		count_lines(all, "\ntime=") + 1 == count_lines(all, "\n"),
	    "  no line is torn");
}

static void
test_clogged(void)
{
	int ends[2];

	if (pipe(ends) < 0)
		exit(2);
	all_or_counted(fill_up(ends[1], ends[0], 500), 500, "a pipe that nobody reads");
	gate_log(GATE_LOG_EACH, "after", NULL);
	close(ends[1]);
	ok(read(ends[0], got, sizeof got) > 0, "then it goes on");
	close(ends[0]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		exit(2);
	all_or_counted(fill_up(ends[1], ends[0], 500), 500, "a socket, as journald's");
	close(ends[1]);
	close(ends[0]);
}

/* Somebody else fills the pipe between our look and our write: splice does not care. */
static void
test_shared_pipe(void)
{
	int ends[2];
	pid_t child;

	if (pipe(ends) < 0)
		exit(2);
	child = fork();
	if (child == 0)
		for (;;)
			if (write(ends[1], got, 1) < 0)
				_exit(0);
	dup2(ends[1], STDERR_FILENO);
	for (int i = 0; i < 300; i++)
		gate_log(GATE_LOG_EACH, "shared", NULL);
	ok(true, "a pipe that another program fills");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	dup2(pipe_ends[1], STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
	gate_log_flush();
	logged();
}

/* Can the terminal be opened again? Not without a free descriptor, as not by another user. */
static void
allow_descriptors(rlim_t most)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		exit(2);
	limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		exit(2);
}

/* Nobody reads what comes out of the terminal. A line that waits for that would wait for ever: then
 * the alarm ends the test. */
static void
test_terminal(const char *what, bool again)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), terminal = -1;
	ssize_t length;

	if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0)
		terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (terminal < 0) {
		ok(true, "%s # SKIP there is none", what);
		return;
	}
	dup2(terminal, STDERR_FILENO);
	if (!again)
		allow_descriptors(STDERR_FILENO + 1);
	alarm(60);
	for (int i = 0; i < 2000; i++)
		gate_log(
		    GATE_LOG_EACH, "shown", "v", "0123456789012345678901234567890123456789", NULL);
	alarm(0);
	allow_descriptors(RLIM_INFINITY);
	ok((fcntl(terminal, F_GETFL) & O_NONBLOCK) == 0, "%s", what);
	length = read(master, got, sizeof got - 1);
	got[length > 0 ? length : 0] = '\0';
	ok(strstr(got, " event=shown v=0123456789") != NULL, "  what has room is shown");
	dup2(pipe_ends[1], STDERR_FILENO);
	gate_log_flush();
	ok(strstr(logged(), "event=log-dropped lines=") != NULL, "  the rest is counted");
	close(terminal);
	close(master);
}

static void
test_full_disk(void)
{
	int full = open("/dev/full", O_WRONLY);

	dup2(full, STDERR_FILENO);
	gate_log(GATE_LOG_EACH, "lost", NULL);
	gate_log(GATE_LOG_EACH, "lost", NULL);
	dup2(pipe_ends[1], STDERR_FILENO);
	gate_log(GATE_LOG_EACH, "next", NULL);
	ok(strncmp(logged(), " level=error event=log-dropped lines=2 ", 39) == 0,
	    "a full disk: lines are counted");
	ok(strstr(got, "\ntime=") != NULL && strstr(got, " event=next\n") != NULL,
	    "  then the next one comes");
	close(full);
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
	gate_log(GATE_LOG_EACH, "e", NULL);
	ok(errno == EAGAIN, "errno is kept when the write fails");
	close(readable);
}

/* As libbson does it. */
static void
test_stderr(void)
{
	gate_log_take_stderr();
	fprintf(stderr, "%s(): invalid array detected. first element is not \"0\".\n",
	    "bson_append_array");
	is(logged(),
	    " level=warn event=stderr text=\"bson_append_array(): invalid array detected. first "
	    "element is not \\\"0\\\".\"\n",
	    "a library's line is one of the log");
	fputs("two\nlines\n", stderr);
	logged();
	ok(strstr(got, "text=two\ntime=") != NULL && strstr(got, "text=lines\n") != NULL,
	    "a line a line");
	fprintf(stderr, "%.*d", 3000, 1);
	ok(fflush(stderr) == 0 && strlen(logged()) < GATE_LOG_LINE_MAX, "a long one is cut");
}

int
main(void)
{
	int saved = dup(STDERR_FILENO);

	if (pipe(pipe_ends) < 0 || dup2(pipe_ends[1], STDERR_FILENO) < 0)
		return 1;
	test_shape();
	test_quoting();
	test_hidden();
	test_long();
	test_ends("x", "bare");
	test_ends(" ", "quoted");
	test_ends("\"", "of quotes");
	test_ends("\x1b", "of controls");
	test_ends("\xe2\x80\xae", "of what turns text round");
	test_stderr();
	test_limits();
	test_whys();
	test_told();
	test_clogged();
	dup2(pipe_ends[1], STDERR_FILENO);
	test_shared_pipe();
	test_terminal("a terminal that is stopped", true);
	test_terminal("a terminal that can't be opened again", false);
	test_full_disk();
	test_errno();
	dup2(saved, STDERR_FILENO);
	return done();
}
