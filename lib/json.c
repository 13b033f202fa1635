/* json.c: JSON text as JavaScript reads and writes it, beside what jansson can hold. */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "json.h"

#define PRINT_DEPTH_MAX 2048          /* what jansson's parser goes down to */
#define SAFE_INTEGER 9007199254740992 /* 2^53: JavaScript's integers end here */

struct scan {
	const char *at, *end;
	struct gate_buffer nest; /* a '{' or '[' for each open container: no recursion, any depth */
};

enum step { BAD, DONE, OPENED, MORE, CLOSED };

static void
skip_blank(struct scan *s)
{
	while (
	    s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

static bool
skip_char(struct scan *s, char c)
{
	if (s->at >= s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
skip_escape(struct scan *s)
{
	char c;

	if (s->at >= s->end)
		return false;
	c = *s->at++;
	if (c != 'u')
		return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
	for (int i = 0; i < 4; i++)
		if (s->at >= s->end || !is_hex(*s->at++))
			return false;
	return true;
}

static bool
skip_string(struct scan *s)
{
	if (!skip_char(s, '"'))
		return false;
	while (s->at < s->end) {
		unsigned char c = (unsigned char)*s->at++;

		if (c == '"')
			return true;
		if (c < 0x20 || (c == '\\' && !skip_escape(s)))
			return false;
	}
	return false;
}

static bool
skip_digits(struct scan *s)
{
	const char *first = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > first;
}

static bool
skip_number(struct scan *s)
{
	skip_char(s, '-');
	if (!skip_char(s, '0') && !skip_digits(s))
		return false;
	if (skip_char(s, '.') && !skip_digits(s))
		return false;
	if (!skip_char(s, 'e') && !skip_char(s, 'E'))
		return true;
	if (!skip_char(s, '+'))
		skip_char(s, '-');
	return skip_digits(s);
}

static bool
skip_word(struct scan *s, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0)
		return false;
	s->at += length;
	return true;
}

static bool
skip_key(struct scan *s)
{
	skip_blank(s);
	if (!skip_string(s))
		return false;
	skip_blank(s);
	return skip_char(s, ':');
}

/* At the first byte of a value: a scalar and an empty container are DONE, others OPENED. */
static enum step
begin_value(struct scan *s)
{
	char c;

	skip_blank(s);
	c = s->at < s->end ? *s->at : '\0';
	switch (c) {
	case '{':
	case '[':
		s->at++;
		skip_blank(s);
		if (skip_char(s, c == '{' ? '}' : ']'))
			return DONE;
		if (gate_buffer_putc(&s->nest, c) < 0 || (c == '{' && !skip_key(s)))
			return BAD;
		return OPENED;
	case '"':
		return skip_string(s) ? DONE : BAD;
	case 't':
		return skip_word(s, "true") ? DONE : BAD;
	case 'f':
		return skip_word(s, "false") ? DONE : BAD;
	case 'n':
		return skip_word(s, "null") ? DONE : BAD;
	default:
		return skip_number(s) ? DONE : BAD;
	}
}

/* Behind a value inside a container: MORE values follow, or the container is CLOSED. */
static enum step
end_value(struct scan *s)
{
	char open = s->nest.data[s->nest.length - 1];

	skip_blank(s);
	if (skip_char(s, ','))
		return open == '{' && !skip_key(s) ? BAD : MORE;
	if (!skip_char(s, open == '{' ? '}' : ']'))
		return BAD;
	s->nest.length--;
	return CLOSED;
}

static bool
skip_value(struct scan *s)
{
	for (;;) {
		enum step step = begin_value(s);

		if (step == OPENED)
			continue;
		while (step != BAD && step != MORE) {
			if (s->nest.length == 0)
				return true;
			step = end_value(s);
		}
		if (step == BAD)
			return false;
	}
}

/* One "name": value of the outermost object; its nest stays out of the way of skip_value's. */
static int
visit_member(struct scan *s, gate_json_visit *visit, void *data)
{
	struct gate_json_span span;

	skip_blank(s);
	span.name = s->at;
	if (!skip_string(s))
		return 0;
	span.name_length = (size_t)(s->at - span.name);
	skip_blank(s);
	if (!skip_char(s, ':'))
		return 0;
	skip_blank(s);
	span.value = s->at;
	if (!skip_value(s))
		return s->nest.failed ? -1 : 0;
	span.value_length = (size_t)(s->at - span.value);
	return visit(data, &span) < 0 ? -1 : 1;
}

int
gate_json_members(const char *text, size_t length, gate_json_visit *visit, void *data)
{
	struct scan s = {.at = text, .end = text + length};
	int result = 0;

	skip_blank(&s);
	if (!skip_char(&s, '{'))
		return 0;
	skip_blank(&s);
	if (!skip_char(&s, '}')) {
		do {
			result = visit_member(&s, visit, data);
			if (result <= 0)
				goto out;
			skip_blank(&s);
		} while (skip_char(&s, ','));
		result = skip_char(&s, '}');
	} else {
		result = 1;
	}
	skip_blank(&s);
	if (s.at != s.end)
		result = 0;
out:
	gate_buffer_release(&s.nest);
	return result;
}

bool
gate_json_named(const struct gate_json_span *span, const char *name)
{
	size_t length = strlen(name);
	json_t *decoded;
	bool equal;

	if (memchr(span->name, '\\', span->name_length) == NULL)
		return span->name_length == length + 2 && memcmp(span->name + 1, name, length) == 0;
	decoded = gate_json_load(span->name, span->name_length);
	equal = decoded != NULL && json_string_length(decoded) == length &&
	    memcmp(json_string_value(decoded), name, length) == 0;
	json_decref(decoded);
	return equal;
}

/* ---- an object with some members replaced ---- */

struct replace {
	struct gate_buffer *out;
	const char *const *pairs;
	unsigned long long done; /* a bit for each pair that was found */
	bool first;
};

static void
put_member(struct replace *r, const char *name, size_t name_length, const char *value,
    size_t value_length)
{
	if (!r->first)
		gate_buffer_putc(r->out, ',');
	r->first = false;
	gate_buffer_add(r->out, name, name_length);
	gate_buffer_putc(r->out, ':');
	gate_buffer_add(r->out, value, value_length);
}

static int
replace_member(void *data, const struct gate_json_span *span)
{
	struct replace *r = data;

	for (size_t i = 0; r->pairs[i] != NULL; i += 2) {
		if (!gate_json_named(span, r->pairs[i]))
			continue;
		if ((r->done & 1ull << i) == 0) /* of duplicates JavaScript takes one: so do we */
			put_member(r, span->name, span->name_length, r->pairs[i + 1],
			    strlen(r->pairs[i + 1]));
		r->done |= 1ull << i;
		return 0;
	}
	put_member(r, span->name, span->name_length, span->value, span->value_length);
	return 0;
}

int
gate_json_replace(struct gate_buffer *out, const char *object, size_t length,
    const char *const *pairs)
{
	struct replace r = {.out = out, .pairs = pairs, .first = true};
	int result;

	gate_buffer_putc(out, '{');
	result = gate_json_members(object, length, replace_member, &r);
	for (size_t i = 0; pairs[i] != NULL; i += 2)
		if ((r.done & 1ull << i) == 0) {
			if (!r.first)
				gate_buffer_putc(out, ',');
			r.first = false;
			gate_json_print_string(out, pairs[i], strlen(pairs[i]));
			gate_buffer_putc(out, ':');
			gate_buffer_puts(out, pairs[i + 1]);
		}
	gate_buffer_putc(out, '}');
	return out->failed ? -1 : result;
}

/* ---- values as text ---- */

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

/* Counts the last digit up; all nines become zeros, which are then no match. */
static void
next_decimal(char *text)
{
	for (char *c = strchr(text, 'e') - 1; c >= text; c--) {
		if (*c < '0' || *c > '9')
			continue;
		if (*c != '9') {
			++*c;
			return;
		}
		*c = '0';
	}
}

/* The fewest digits that read back as the same number; the decimal point may be a locale's own.
 * Above a power of two the doubles are twice as far apart as below it, so the nearest decimal may
 * read back as another number where the next one up does not. */
static int
shortest_digits(double value, char digits[32], int *exponent)
{
	char text[40];
	int count = 0;

	for (int precision = value < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
		snprintf(text, sizeof text, "%.*e", precision, value);
		if (strtod(text, NULL) == value || precision == 16)
			break;
		next_decimal(text);
		if (strtod(text, NULL) == value)
			break;
	}
	*exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	for (const char *c = text; *c != 'e'; c++)
		if (*c >= '0' && *c <= '9')
			digits[count++] = *c;
	while (count > 1 && digits[count - 1] == '0')
		count--;
	digits[count] = '\0';
	return count;
}

/* ECMAScript's Number::toString */
void
gate_json_print_real(struct gate_buffer *out, double value)
{
	char digits[32];
	int count, exponent, point;

	if (value == 0 || !isfinite(value)) {
		gate_buffer_puts(out, value == 0 ? "0" : "null");
		return;
	}
	if (value < 0)
		gate_buffer_putc(out, '-');
	count = shortest_digits(fabs(value), digits, &exponent);
	point = exponent + 1; /* where the decimal point stands among the digits */
	if (point > 21 || point < -5) {
		gate_buffer_printf(out, "%c%s%se%c%d", digits[0], count > 1 ? "." : "", digits + 1,
		    exponent < 0 ? '-' : '+', abs(exponent));
	} else if (point <= 0) {
		gate_buffer_printf(out, "0.%.*s%s", -point, "00000", digits);
	} else if (count <= point) {
		gate_buffer_printf(out, "%s%.*s", digits, point - count, "000000000000000000000");
	} else {
		gate_buffer_printf(out, "%.*s.%s", point, digits, digits + point);
	}
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
	json_array_foreach (array, i, value) {
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
		if (json_integer_value(json) > SAFE_INTEGER ||
		    json_integer_value(json) < -SAFE_INTEGER)
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

/* The most common value of all, without jansson's lexer: 0, or up to 15 digits. */
static bool
small_integer(const char *text, size_t length, json_int_t *value)
{
	*value = 0;
	if (length == 0 || length > 15 || (text[0] == '0' && length > 1))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*value = *value * 10 + (text[i] - '0');
	}
	return true;
}

json_t *
gate_json_load(const char *text, size_t length)
{
	json_int_t value;

	if (small_integer(text, length, &value))
		return json_integer(value);
	return json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}
