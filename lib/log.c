/* log.c: one logfmt line an event, in one write(2) to standard error. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "encode.h"
#include "log.h"

#define LINES_MAX 10                 /* of one kind, in a second */
#define ROOM (GATE_LOG_LINE_MAX - 2) /* for all but a last quote and the newline */

/* The text ends at ROOM at the latest. Behind it there is room for a value's closing quote and for the
 * newline. */
struct line {
	char text[GATE_LOG_LINE_MAX];
	size_t length;
	bool full; /* something didn't fit: nothing more is added */
};

static size_t
room_left(const struct line *line)
{
	return line->full || line->length >= ROOM ? 0 : ROOM - line->length;
}

static void
add(struct line *line, const char *bytes, size_t length)
{
	if (length > room_left(line)) {
		line->full = true;
		return;
	}
	memcpy(line->text + line->length, bytes, length);
	line->length += length;
}

/* The quote behind a value, or the newline: behind ROOM there is a byte for each. */
static void
close_with(struct line *line, char c)
{
	if (line->length < sizeof line->text)
		line->text[line->length++] = c;
}

static void
add_text(struct line *line, const char *text)
{
	add(line, text, strlen(text));
}

/* Is the character one that a terminal or a line reader would act on? */
static bool
is_control(const char *text, size_t length)
{
	const unsigned char *c = (const unsigned char *)text;

	if (length == 1)
		return c[0] < ' ' || c[0] == 0x7f;
	if (length == 2)
		return c[0] == 0xc2 && c[1] < 0xa0;
	return length == 3 && c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9);
}

static bool
needs_quotes(const char *value)
{
	size_t left = strlen(value), length;

	if (left == 0)
		return true;
	for (; left > 0; value += length, left -= length) {
		length = gate_utf8_character(value, left);
		if (length == 0 || *value == ' ' || *value == '=' || *value == '"' ||
		    *value == '\\' || is_control(value, length))
			return true;
	}
	return false;
}

/* Escapes are those of JSON, which readers of logfmt know; a byte that is not UTF-8 becomes the
 * lone surrogate U+DC00 + byte (as in Python), so that nothing is lost and no reader stumbles. */
static void
add_escaped(struct line *line, const char *text, size_t length)
{
	char escape[sizeof "\\u0000"];
	unsigned int code = (unsigned char)text[0];

	if (length == 0)
		code += 0xdc00;
	else if (length == 2)
		code = (unsigned char)text[1];
	else if (length == 3)
		code = 0x2000 + ((unsigned char)text[2] & 0x3f);
	snprintf(escape, sizeof escape, "\\u%04x", code & 0xffff);
	add_text(line, escape);
}

static void
add_quoted(struct line *line, const char *value)
{
	size_t left = strlen(value), length;

	for (; left > 0 && !line->full; value += length, left -= length) {
		length = gate_utf8_character(value, left);
		if (*value == '"' || *value == '\\')
			add(line, (const char[]){'\\', *value}, 2);
		else if (*value == '\n')
			add_text(line, "\\n");
		else if (length == 0 || is_control(value, length))
			add_escaped(line, value, length);
		else
			add(line, value, length);
		length += length == 0;
	}
	close_with(line, '"');
}

static void
add_pair(struct line *line, const char *key, const char *value)
{
	size_t before = line->length;
	bool quotes = needs_quotes(value) || strlen(value) > sizeof line->text / 2;

	add_text(line, " ");
	add_text(line, key);
	add_text(line, quotes ? "=\"" : "=");
	if (!quotes)
		add_text(line, value);
	if (line->full)
		line->length = before; /* no half pair */
	else if (quotes)
		add_quoted(line, value);
}

void
gate_log(enum gate_log_level level, const char *event, ...)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	int saved = errno;
	struct line line = {.length = 0};
	struct timespec now = {0};
	char date[GATE_ISO_LENGTH + 1];
	const char *key, *value;
	va_list pairs;

	clock_gettime(CLOCK_REALTIME, &now);
	gate_iso_date(date, gate_clock_ms(&now));
	add_text(&line, "time=");
	add_text(&line, date);
	add_pair(&line, "level", names[level]);
	add_pair(&line, "event", event);
	va_start(pairs, event);
	while (!line.full && (key = va_arg(pairs, const char *)) != NULL) {
		value = va_arg(pairs, const char *);
		if (value != NULL)
			add_pair(&line, key, value);
	}
	va_end(pairs);
	close_with(&line, '\n');
	while (write(STDERR_FILENO, line.text, line.length) < 0 && errno == EINTR)
		;
	errno = saved;
}

bool
gate_log_may(struct gate_log_limit *limit)
{
	int64_t second = gate_clock_monotonic() / 1000;

	if (atomic_exchange(&limit->second, second) != second)
		atomic_store(&limit->lines, 0);
	return atomic_fetch_add(&limit->lines, 1) < LINES_MAX;
}
