/* base/log_line.c: builds one log line in logfmt; no value can break out of it. */
#include "config.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/encode.h"
#include "base/log_line.h"
#include "base/unicode.h"

#define ROOM (GATE_LOG_LINE_MAX - 1) /* for all but the newline */
#define CUT "\xe2\x80\xa6"           /* … */

static bool
add(struct gate_log_line *line, const char *bytes, size_t length)
{
	if (length > ROOM - line->length)
		return false;
	memcpy(line->text + line->length, bytes, length);
	line->length += length;
	return true;
}

/* Must a character (or a byte that is not UTF-8: length 0) be escaped? */
static bool
is_hidden(const char *text, size_t length)
{
	return length == 0 || gate_unicode_is_hidden(gate_unicode_code(text, length));
}

static bool
needs_quotes(const char *value)
{
	size_t left = strlen(value), length;

	if (left == 0)
		return true;
	for (; left > 0; value += length, left -= length) {
		length = gate_utf8_character(value, left);
		if (strchr(" =\"\\", *value) != NULL || is_hidden(value, length))
			return true;
	}
	return false;
}

/* Adds a character, escaped as in JSON, which logfmt readers know. A byte that is not UTF-8 becomes
 * the lone surrogate U+DC00 + byte (as in Python): nothing is lost, and no reader fails. */
static bool
add_character(struct gate_log_line *line, const char *text, size_t length)
{
	char escape[GATE_UNICODE_ESCAPE_MAX];
	uint32_t code;

	if (*text == '"' || *text == '\\')
		return add(line, (const char[]){'\\', *text}, 2);
	if (*text == '\n')
		return add(line, "\\n", 2);
	if (!is_hidden(text, length))
		return add(line, text, length);
	code = length > 0 ? gate_unicode_code(text, length) : 0xdc00u + (unsigned char)*text;
	return add(line, escape, gate_unicode_escape(escape, code));
}

/* Adds up to GATE_LOG_VALUE_MAX bytes. Cuts a longer value where the mark still fits. */
static bool
add_value(struct gate_log_line *line, const char *value)
{
	size_t begin = line->length, cut = begin, left = strlen(value), length;

	for (; left > 0; value += length, left -= length) {
		length = gate_utf8_character(value, left);
		if (line->length - begin <= GATE_LOG_VALUE_MAX - strlen(CUT))
			cut = line->length;
		if (!add_character(line, value, length))
			return false;
		if (line->length - begin > GATE_LOG_VALUE_MAX) {
			line->length = cut;
			return add(line, CUT, strlen(CUT));
		}
		length += length == 0;
	}
	return true;
}

void
gate_log_line_add(struct gate_log_line *line, const char *key, const char *value)
{
	size_t before = line->length;
	const char *quote = needs_quotes(value) ? "\"" : "";

	if (!(add(line, " ", 1) && add(line, key, strlen(key)) && add(line, "=", 1) &&
		add(line, quote, strlen(quote)) && add_value(line, value) &&
		add(line, quote, strlen(quote))))
		line->length = before; /* leave out the whole pair */
}

void
gate_log_line_begin(struct gate_log_line *line)
{
	struct timespec now = {0};
	char date[GATE_ISO_LENGTH + 1];

	line->length = 0;
	clock_gettime(CLOCK_REALTIME, &now);
	gate_iso_date(date, gate_clock_ms(&now));
	add(line, "time=", strlen("time="));
	add(line, date, GATE_ISO_LENGTH);
}

void
gate_log_line_end(struct gate_log_line *line)
{
	line->text[line->length++] = '\n'; /* ROOM left this byte free */
}
