/* fuzz_log.c: whatever is logged becomes one line, and the line gives back each pair, or the
 * beginning of it. */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/encode.h"
#include "base/log_line.h"
#include "base/unicode.h"

#define PAIRS_MAX 4
#define KEY_MAX 32
#define TEXT_MAX (2 * GATE_LOG_LINE_MAX)
#define CUT "\xe2\x80\xa6"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t left;
};

struct pair {
	char *key, *value; /* NULL: not there */
};

/* Makes a text from the input: two bytes of length, one of the pattern's length, and the pattern,
 * which repeats up to the length, so that short inputs make long texts. Returns NULL if no input is
 * left. */
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
	if (text != NULL && strlen(text) > KEY_MAX)
		text[KEY_MAX] = '\0';
	return text;
}

static void
write_line(struct gate_log_line *line, const char *event, const struct pair *p)
{
	gate_log_line_begin(line);
	gate_log_line_add(line, "event", event);
	for (size_t i = 0; i < PAIRS_MAX && p[i].key != NULL; i++)
		if (p[i].value != NULL)
			gate_log_line_add(line, p[i].key, p[i].value);
	gate_log_line_end(line);
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
	} else if (code >= 0x10000) {
		*out++ = (char)(0xf0 | code >> 18);
		*out++ = (char)(0x80 | (code >> 12 & 0x3f));
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
		*out++ = (char)(0x80 | (code & 0x3f));
	} else {
		*out++ = (char)(0xe0 | code >> 12);
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
		*out++ = (char)(0x80 | (code & 0x3f));
	}
	return out;
}

static unsigned int
read_code(const char *at)
{
	char digits[5] = "", *end;
	unsigned int code;

	assert(*at++ == 'u');
	memcpy(digits, at, 4);
	code = (unsigned int)strtoul(digits, &end, 16);
	assert(end == digits + 4);
	return code;
}

/* What stands at the backslash. Returns its last byte. */
static const char *
read_escape(const char *at, char **out)
{
	unsigned int code;

	if (*++at != 'u') {
		assert(*at == '"' || *at == '\\' || *at == 'n');
		*(*out)++ = (char)(*at == 'n' ? '\n' : *at);
		return at;
	}
	code = read_code(at);
	at += 4;
	if (code >= 0xd800 && code < 0xdc00) {
		code = 0x10000 + ((code & 0x3ff) << 10) + (read_code(at + 2) & 0x3ff);
		at += 6;
	}
	*out = put_code(*out, code);
	return at;
}

/* A value as a reader of logfmt takes it. Returns what stands behind it. */
static const char *
read_value(const char *at, char *out)
{
	if (*at != '"') {
		for (; *at != ' ' && *at != '\n'; at++) {
			assert(*at != '=' && *at != '"' && *at != '\\');
			*out++ = *at;
		}
		*out = '\0';
		return at;
	}
	for (at++; *at != '"'; at++)
		if (*at == '\\')
			at = read_escape(at, &out);
		else
			*out++ = *at;
	*out = '\0';
	return at + 1;
}

/* The pair at `at`, which must be this one: its value, or the beginning of it and the mark. */
static const char *
expect(const char *at, const char *key, const char *value)
{
	static char got[GATE_LOG_LINE_MAX + 1];
	const char *begin;
	size_t length;

	assert(*at++ == ' ' && strncmp(at, key, strlen(key)) == 0 && at[strlen(key)] == '=');
	begin = at + strlen(key) + 1;
	at = read_value(begin, got);
	assert(at - begin <= GATE_LOG_VALUE_MAX + 2);
	if (strcmp(value, got) == 0)
		return at;
	length = strlen(got) - strlen(CUT);
	assert(at - begin > GATE_LOG_VALUE_MAX - 16 && strlen(got) > strlen(CUT));
	assert(strcmp(got + length, CUT) == 0 && strncmp(value, got, length) == 0);
	return at;
}

/* No character of it acts, or is not seen. */
static void
check_characters(const char *line, size_t length)
{
	size_t size;

	for (size_t i = 0; i + 1 < length; i += size) {
		size = gate_utf8_character(line + i, length - i);
		assert(size > 0 && !gate_unicode_is_hidden(gate_unicode_code(line + i, size)));
	}
}

static void
check(const char *line, size_t length, const char *event, const struct pair *p)
{
	const char *at = line + strlen("time=") + GATE_ISO_LENGTH;

	assert(length <= GATE_LOG_LINE_MAX && line[length - 1] == '\n');
	check_characters(line, length);
	assert(strncmp(line, "time=", strlen("time=")) == 0);
	at = expect(at, "event", event);
	for (size_t i = 0; i < PAIRS_MAX && p[i].key != NULL; i++)
		if (p[i].value != NULL)
			at = expect(at, p[i].key, p[i].value);
	assert(at == line + length - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pair pairs[PAIRS_MAX] = {{NULL, NULL}};
	struct input in = {data + 1, size > 0 ? size - 1 : 0};
	char *event = next_text(&in);
	struct gate_log_line line;

	if (event == NULL)
		return 0;
	for (size_t i = 0; i < PAIRS_MAX && (pairs[i].key = next_key(&in)) != NULL; i++)
		pairs[i].value = next_text(&in);
	write_line(&line, event, pairs);
	check(line.text, line.length, event, pairs);
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
	free(event);
	return 0;
}
