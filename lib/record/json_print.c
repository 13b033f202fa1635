/* record/json_print.c: prints values as JSON.stringify does. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/number.h"
#include "record/json.h"

#define PRINT_DEPTH_MAX 2048 /* as deep as jansson's parser goes */
#define TWO_63 9223372036854775808.0

void
gate_json_print_string(struct gate_buffer *out, const char *text, size_t length)
{
	size_t plain = 0;

	gate_buffer_putc(out, '"');
	for (size_t i = 0; i < length; i++) {
		static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
		unsigned char c = (unsigned char)text[i];
		const char *escape;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		gate_buffer_add(out, text + plain, i - plain);
		plain = i + 1;
		escape = c != '\0' ? strchr(from, c) : NULL;
		if (escape != NULL)
			gate_buffer_printf(out, "\\%c", to[escape - from]);
		else
			gate_buffer_printf(out, "\\u%04x", c);
	}
	gate_buffer_add(out, text + plain, length - plain);
	gate_buffer_putc(out, '"');
}

/* Returns true if JavaScript reads and writes the integer without a change: a double holds it
 * exactly, or JavaScript itself wrote it, as the fewest digits that identify the double, and
 * zeros. */
static bool
is_kept(json_int_t value)
{
	double nearest = (double)value; /* may be 2^63, which no json_int_t holds */
	struct gate_buffer wrote = {0};
	char digits[24];
	bool kept;

	if (nearest < TWO_63 && (json_int_t)nearest == value)
		return true;
	snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, value);
	gate_json_print_real(&wrote, nearest);
	kept = strcmp(gate_buffer_text(&wrote), digits) == 0;
	gate_buffer_release(&wrote);
	return kept;
}

static void
print_string(struct gate_buffer *out, const char *text, size_t length, const char **why)
{
	if (!gate_utf8_valid(text, length))
		*why = "holds text that is not UTF-8";
	gate_json_print_string(out, text, length);
}

static void print_value(struct gate_buffer *, json_t *, int depth, const char **why);

static void
print_object(struct gate_buffer *out, json_t *object, int depth, const char **why)
{
	bool first = true;

	gate_buffer_putc(out, '{');
	for (void *at = json_object_iter(object); at != NULL;
	     at = json_object_iter_next(object, at)) {
		if (!first)
			gate_buffer_putc(out, ',');
		first = false;
		print_string(out, json_object_iter_key(at), json_object_iter_key_len(at), why);
		gate_buffer_putc(out, ':');
		print_value(out, json_object_iter_value(at), depth, why);
	}
	gate_buffer_putc(out, '}');
}

static void
print_array(struct gate_buffer *out, json_t *array, int depth, const char **why)
{
	size_t i;
	json_t *value;

	gate_buffer_putc(out, '[');
	json_array_foreach(array, i, value) {
		if (i > 0)
			gate_buffer_putc(out, ',');
		print_value(out, value, depth, why);
	}
	gate_buffer_putc(out, ']');
}

static void
print_value(struct gate_buffer *out, json_t *json, int depth, const char **why)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		if (depth >= GATE_JSON_DEPTH_MAX)
			*why = "is nested deeper than 32 levels";
		if (depth >= PRINT_DEPTH_MAX)
			break;
		if (json_is_object(json))
			print_object(out, json, depth + 1, why);
		else
			print_array(out, json, depth + 1, why);
		break;
	case JSON_STRING:
		print_string(out, json_string_value(json), json_string_length(json), why);
		break;
	case JSON_INTEGER:
		if (!is_kept(json_integer_value(json)))
			*why = "holds an integer beyond 2^53, which JavaScript would change";
		gate_buffer_integer(out, json_integer_value(json));
		break;
	case JSON_REAL:
		if (!isfinite(json_real_value(json)))
			*why = "holds a number that is not finite";
		gate_json_print_real(out, json_real_value(json));
		break;
	case JSON_TRUE:
		gate_buffer_puts(out, "true");
		break;
	case JSON_FALSE:
		gate_buffer_puts(out, "false");
		break;
	case JSON_NULL:
		gate_buffer_puts(out, "null");
		break;
	}
}

int
gate_json_print(struct gate_buffer *out, json_t *json, const char **why)
{
	*why = NULL;
	print_value(out, json, 0, why);
	return out->failed ? -1 : 0;
}
