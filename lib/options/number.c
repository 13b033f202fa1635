/* options/number.c: numbers, modes, sizes and durations as text and back. */
#include "config.h"

#include <string.h>

#include "base/buffer.h"
#include "options/private.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define NUMBER_MAX (36500 * DAY) /* a hundred years, or three terabytes */
#define DIGITS_MAX 15            /* so that nothing below can overflow */

struct unit {
	const char *suffix; /* NULL ends a table */
	int64_t size;
	int64_t least; /* fewer are shown in the next unit: people say 60s and 24h, but 10m */
};

static const struct unit durations[] = {{"d", DAY, 2}, {"h", HOUR, 2}, {"m", MINUTE, 2},
    {"s", SECOND, 1}, {"ms", 1, 1}, {"", SECOND, 1}, {NULL, 0, 0}};
static const struct unit sizes[] = {{"m", 1 << 20, 1}, {"k", 1 << 10, 1}, {"", 1, 1},
    {"M", 1 << 20, 1}, {"K", 1 << 10, 1}, {NULL, 0, 0}};

/* Reads the digits at the start of text. Returns what follows them, or NULL if there are none or
 * too many. */
static const char *
read_digits(const char *text, int base, int64_t *number)
{
	const char *p = text;

	for (*number = 0; *p >= '0' && *p < '0' + base; p++) {
		if (p - text >= DIGITS_MAX)
			return NULL;
		*number = *number * base + (*p - '0');
	}
	return p > text ? p : NULL;
}

static int
read_with_unit(const char *text, const struct unit *unit, int64_t *number)
{
	const char *suffix = read_digits(text, 10, number);

	if (suffix == NULL)
		return -1;
	while (unit->suffix != NULL && strcmp(suffix, unit->suffix) != 0)
		unit++;
	if (unit->suffix == NULL || *number > NUMBER_MAX / unit->size)
		return -1;
	*number *= unit->size;
	return 0;
}

int
gate_duration_parse(const char *text, int64_t *ms)
{
	const char *point = read_digits(text, 10, ms), *end;
	int64_t fraction;

	if (point == NULL || *point != '.')
		return read_with_unit(text, durations, ms);
	end = read_digits(point + 1, 10, &fraction);
	if (end == NULL || end - point > 4 || strcmp(end, "s") != 0 || *ms >= NUMBER_MAX / SECOND)
		return -1;
	for (ptrdiff_t places = end - point - 1; places < 3; places++)
		fraction *= 10;
	*ms = *ms * SECOND + fraction;
	return 0;
}

const char *
gate_option_parse_number(enum gate_option_type type, const char *text, int64_t *number)
{
	const char *end;

	if (type == GATE_OPTION_DURATION)
		return gate_duration_parse(text, number) == 0
		    ? NULL
		    : "is not a duration such as 1500ms, 90s, 15m, 24h or 14d";
	if (type == GATE_OPTION_SIZE)
		return read_with_unit(text, sizes, number) == 0
		    ? NULL
		    : "is not a size such as 512, 64k or 1m";
	end = read_digits(text, type == GATE_OPTION_OCTAL ? 8 : 10, number);
	if (end != NULL && *end == '\0')
		return NULL;
	return type == GATE_OPTION_OCTAL ? "is not an octal mode such as 0660" : "is not a number";
}

static void
add_with_unit(struct gate_buffer *out, const struct unit *unit, int64_t number)
{
	while (number % unit->size != 0 || number / unit->size < unit->least)
		unit++;
	gate_buffer_printf(out, "%lld%s", (long long)(number / unit->size), unit->suffix);
}

void
gate_option_add_number(struct gate_buffer *out, enum gate_option_type type, int64_t number)
{
	if (number == 0 && type != GATE_OPTION_OCTAL)
		gate_buffer_puts(out, "0");
	else if (type == GATE_OPTION_DURATION)
		add_with_unit(out, durations, number);
	else if (type == GATE_OPTION_SIZE)
		add_with_unit(out, sizes, number);
	else if (type == GATE_OPTION_OCTAL)
		gate_buffer_printf(out, "%04llo", (unsigned long long)number);
	else
		gate_buffer_printf(out, "%lld", (long long)number);
}
