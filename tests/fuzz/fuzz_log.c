/* fuzz_log.c: whatever is logged becomes one line, from which the pairs can be read as they were. */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encode.h"
#include "log.h"

#define PAIRS_MAX 4
#define TEXT_MAX (2 * GATE_LOG_LINE_MAX)
#define CUT_FROM (GATE_LOG_LINE_MAX - 8) /* a value is cut only in a line that is longer */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t left;
};

struct pair {
	char *key, *value; /* NULL: not there */
};

/* Two bytes of length, one of the pattern's length, the pattern: it is repeated up to the length,
 * so that short inputs make long texts. NULL: nothing is left. */
static char *
next_text(struct input *in)
{
	size_t length, of_pattern;
	char *text;

	if (in->left < 4)
		return NULL;
	length = (size_t)(in->data[0] << 8 | in->data[1]) % TEXT_MAX;
	of_pattern = 1 + in->data[2] % (in->left - 3);
	text = calloc(1, length + 1); /* exactly so long: a sanitizer sees a byte too far */
	assert(text != NULL);
	for (size_t i = 0; i < length; i++)
		text[i] = (char)in->data[3 + i % of_pattern];
	in->data += 3 + of_pattern;
	in->left -= 3 + of_pattern;
	return text;
}

/* Keys are words of gate's own. */
static char *
next_key(struct input *in)
{
	char *text = next_text(in);

	for (char *c = text; c != NULL && *c != '\0'; c++)
		*c = "abcdefghijklmnopqrstuvwxyz_01234"[(unsigned char)*c % 32];
	if (text != NULL && text[0] == '\0') {
		free(text);
		text = strdup("k");
	}
	return text;
}

/* What gate_log writes to standard error; its length. */
static size_t
log_pairs(
    char *line, size_t size, enum gate_log_level level, const char *event, const struct pair *p)
{
	static int ends[2], saved = -1;
	ssize_t length;

	if (saved < 0) {
		saved = dup(STDERR_FILENO);
		assert(saved >= 0 && pipe(ends) == 0);
	}
	dup2(ends[1], STDERR_FILENO);
	gate_log(level, event, p[0].key, p[0].value, p[1].key, p[1].value, p[2].key, p[2].value,
	    p[3].key, p[3].value, NULL);
	dup2(saved, STDERR_FILENO);
	length = read(ends[0], line, size);
	assert(length > 0);
	return (size_t)length;
}

static char *
put_code(char *out, unsigned int code)
{
	if (code >= 0xdc80 && code <= 0xdcff) { /* a byte that was not UTF-8 */
		*out++ = (char)(code - 0xdc00);
	} else if (code < 0x80) {
		*out++ = (char)code;
	} else if (code < 0x800) {
		*out++ = (char)(0xc0 | code >> 6);
		*out++ = (char)(0x80 | (code & 0x3f));
	} else {
		*out++ = (char)(0xe0 | code >> 12);
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
		*out++ = (char)(0x80 | (code & 0x3f));
	}
	return out;
}

/* A value as a reader of logfmt takes it. Returns what stands behind it. */
static const char *
read_value(const char *at, char *out)
{
	char digits[5] = "", *end;

	if (*at != '"') {
		for (; *at != ' ' && *at != '\n'; at++) {
			assert(*at != '=' && *at != '"' && *at != '\\');
			*out++ = *at;
		}
		*out = '\0';
		return at;
	}
	for (at++; *at != '"'; at++) {
		if (*at != '\\') {
			*out++ = *at;
		} else if (*++at != 'u') {
			assert(*at == '"' || *at == '\\' || *at == 'n');
			*out++ = (char)(*at == 'n' ? '\n' : *at);
		} else {
			memcpy(digits, at + 1, 4);
			out = put_code(out, (unsigned int)strtoul(digits, &end, 16));
			assert(end == digits + 4);
			at += 4;
		}
	}
	*out = '\0';
	return at + 1;
}

/* The pair at `at`, which must be this one, or the beginning of it in a line that is full. */
static const char *
expect(const char *at, const char *key, const char *value, bool full)
{
	static char got[GATE_LOG_LINE_MAX + 1];

	assert(*at++ == ' ' && strncmp(at, key, strlen(key)) == 0 && at[strlen(key)] == '=');
	at = read_value(at + strlen(key) + 1, got);
	assert(strncmp(value, got, strlen(got)) == 0);
	assert(strlen(value) == strlen(got) || (full && *at == '\n'));
	return at;
}

static void
check(const char *line, size_t length, const char *level, const char *event, const struct pair *p)
{
	const char *at = line + strlen("time=") + GATE_ISO_LENGTH;

	assert(length <= GATE_LOG_LINE_MAX && line[length - 1] == '\n');
	assert(gate_utf8_valid(line, length));
	for (size_t i = 0; i + 1 < length; i++)
		assert((unsigned char)line[i] >= ' ' && line[i] != 0x7f);
	assert(strncmp(line, "time=", strlen("time=")) == 0);
	at = expect(at, "level", level, false);
	if (*at != '\n')
		at = expect(at, "event", event, length > CUT_FROM);
	for (size_t i = 0; i < PAIRS_MAX && p[i].key != NULL && *at != '\n'; i++)
		if (p[i].value != NULL)
			at = expect(at, p[i].key, p[i].value, length > CUT_FROM);
	assert(at == line + length - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};
	struct pair pairs[PAIRS_MAX] = {{NULL, NULL}};
	struct input in = {data + 1, size > 0 ? size - 1 : 0};
	char line[2 * GATE_LOG_LINE_MAX], *event = next_text(&in);
	size_t length;

	if (event == NULL)
		return 0;
	for (size_t i = 0; i < PAIRS_MAX && (pairs[i].key = next_key(&in)) != NULL; i++)
		pairs[i].value = next_text(&in);
	length = log_pairs(line, sizeof line, data[0] % 4, event, pairs);
	check(line, length, levels[data[0] % 4], event, pairs);
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
	free(event);
	return 0;
}
