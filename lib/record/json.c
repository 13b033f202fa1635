/* record/json.c: scans JSON text as JavaScript reads it, and loads what jansson can hold. */
#include "config.h"

#include <string.h>

#include "record/json.h"

struct scan {
	const char *at, *end;
	struct gate_buffer
	    nest; /* a '{' or '[' for each open container; recursion would limit the depth */
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

/* Skips a scalar or an empty container and returns DONE, or steps into another container and
 * returns OPENED. */
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

/* Skips what follows a value in a container. Returns MORE if another value follows, CLOSED if the
 * container ends. */
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

/* Visits one member of the outermost object. That object is not in `nest`, so skip_value ends with
 * an empty nest. */
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

/* Returns what gate_json_members returns. If that is 0, s->at is where the text is wrong. */
static int
visit_members(struct scan *s, gate_json_visit *visit, void *data)
{
	int result;

	skip_blank(s);
	if (!skip_char(s, '{'))
		return 0;
	skip_blank(s);
	if (!skip_char(s, '}')) {
		do {
			result = visit_member(s, visit, data);
			if (result <= 0)
				return result;
			skip_blank(s);
		} while (skip_char(s, ','));
		if (!skip_char(s, '}'))
			return 0;
	}
	skip_blank(s);
	return s->at == s->end;
}

int
gate_json_members(const char *text, size_t length, gate_json_visit *visit, void *data)
{
	struct scan s = {.at = text, .end = text + length};
	int result = visit_members(&s, visit, data);

	gate_buffer_release(&s.nest);
	return result;
}

static int
pass_by(void *data, const struct gate_json_span *span)
{
	(void)data;
	(void)span;
	return 1;
}

/* Returns true if nothing or only the beginning of true, false or null is left. A scan stops before
 * an incomplete word just as before a wrong one. */
static bool
is_begun(const char *at, const char *end)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t left = (size_t)(end - at);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (left < strlen(words[i]) && memcmp(at, words[i], left) == 0)
			return true;
	return false;
}

bool
gate_json_is_cut(const char *text, size_t length)
{
	struct scan s = {.at = text, .end = text + length};
	bool cut;

	skip_blank(&s);
	cut = s.at < s.end && *s.at == '{' && visit_members(&s, pass_by, NULL) == 0 &&
	    is_begun(s.at, s.end);
	gate_buffer_release(&s.nest);
	return cut;
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
put_member(
    struct replace *r, const char *name, size_t name_length, const char *value, size_t value_length)
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
		if ((r->done & 1ull << i) == 0) /* JavaScript keeps one of several duplicates */
			put_member(r, span->name, span->name_length, r->pairs[i + 1],
			    strlen(r->pairs[i + 1]));
		r->done |= 1ull << i;
		return 0;
	}
	put_member(r, span->name, span->name_length, span->value, span->value_length);
	return 0;
}

int
gate_json_replace(
    struct gate_buffer *out, const char *object, size_t length, const char *const *pairs)
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

/* ---- a value ---- */

/* Reads 0, or up to 15 digits without a sign. Small integers are the most common values, and
 * jansson's lexer is slow. */
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

static bool
is_of_number(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Moves *at behind the number there. Returns true if it is an integer beyond 63 bits. */
static bool
is_wide(const char **at, const char *end)
{
	const char *digits = *at + (**at == '-');
	size_t count = 0;

	while (digits + count < end && digits[count] >= '0' && digits[count] <= '9')
		count++;
	for (*at = digits + count; *at < end && is_of_number(**at); ++*at)
		count = 0; /* it has a fraction or an exponent */
	return count > 19 || (count == 19 && memcmp(digits, "9223372036854775807", 19) > 0);
}

static void
skip_quoted(const char **at, const char *end)
{
	for (++*at; *at < end && **at != '"'; ++*at)
		if (**at == '\\')
			++*at;
	*at = *at < end ? *at + 1 : end;
}

/* Copies text and adds ".0" to each integer beyond 63 bits, so that jansson reads it as a real:
 * JavaScript writes integers up to 1e21 with all their digits. */
static void
widen(struct gate_buffer *out, const char *text, size_t length)
{
	const char *at = text, *end = text + length;

	while (at < end) {
		const char *begin = at;
		bool wide = false;

		if (*at == '"')
			skip_quoted(&at, end);
		else if (*at == '-' || (*at >= '0' && *at <= '9'))
			wide = is_wide(&at, end);
		else
			at++;
		gate_buffer_add(out, begin, (size_t)(at - begin));
		if (wide)
			gate_buffer_puts(out, ".0");
	}
}

json_t *
gate_json_load(const char *text, size_t length)
{
	struct gate_buffer wider = {0};
	json_error_t error;
	json_int_t small;
	json_t *value;

	if (small_integer(text, length, &small))
		return json_integer(small);
	value = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (value != NULL || json_error_code(&error) != json_error_numeric_overflow)
		return value;
	widen(&wider, text, length);
	if (!wider.failed)
		value =
		    json_loadb(wider.data, wider.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	gate_buffer_release(&wider);
	return value;
}
