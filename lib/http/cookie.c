/* http/cookie.c: reads the Cookie header, and writes Set-Cookie. */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/date.h"
#include "base/encode.h"
#include "base/error.h"
#include "http/cookie.h"
#include "http/field.h"

#define DOMAIN_LABEL_MAX 63

const char *const gate_cookie_same_sites[] = {"unset", "lax", "strict", "none", NULL};
const char *const gate_cookie_priorities[] = {"none", "low", "medium", "high", NULL};

/* ---- reading ---- */

/* As gate_cookie_next, but without limits. */
static int
next_pair(const char *header, size_t length, size_t *position, struct gate_cookie_pair *pair)
{
	while (*position < length) {
		const char *start = header + *position;
		const char *end = memchr(start, ';', length - *position);
		size_t size = end != NULL ? (size_t)(end - start) : length - *position;
		const char *equals = memchr(start, '=', size);

		*position += size + (end != NULL);
		if (equals == NULL)
			continue;
		pair->name = start;
		pair->name_length = (size_t)(equals - start);
		pair->value = equals + 1;
		pair->value_length = size - pair->name_length - 1;
		gate_field_trim(&pair->name, &pair->name_length);
		gate_field_trim(&pair->value, &pair->value_length);
		if (pair->name_length > 0)
			return 1;
	}
	return 0;
}

bool
gate_cookie_in_bounds(const char *header, size_t length)
{
	struct gate_cookie_pair pair;
	size_t position = 0;
	int pairs = 0;

	if (length > GATE_COOKIE_HEADER_MAX)
		return false;
	while (next_pair(header, length, &position, &pair) > 0)
		if (++pairs > GATE_COOKIE_PAIRS_MAX)
			return false;
	return true;
}

int
gate_cookie_next(const char *header, size_t length, size_t *position, struct gate_cookie_pair *pair)
{
	if (*position == 0 && !gate_cookie_in_bounds(header, length)) {
		*position = length;
		return 0;
	}
	return next_pair(header, length, position, pair);
}

int
gate_cookie_join(struct gate_buffer *joined, const char *header)
{
	if (joined->length > 0)
		gate_buffer_puts(joined, "; ");
	return gate_buffer_puts(joined, header);
}

static void
cut(struct gate_buffer *b, size_t length)
{
	b->length = length;
	if (b->data != NULL)
		b->data[length] = '\0';
}

/* Decodes the value that begins at `start` in *out, as node does. raw: the same, not decoded. */
static void
decode_value(struct gate_buffer *out, size_t start, const char *raw)
{
	char *text = out->data + start;
	size_t length = out->length - start;

	if (!gate_percent_decode(text, &length, false))
		return;
	if (gate_utf8_valid(text, length))
		cut(out, start + length);
	else
		memcpy(text, raw, out->length - start);
}

struct found { /* what gate_cookie_values has found so far */
	const char *name;
	struct gate_buffer *out;
	size_t *offsets;
	int most, count;
	int seen; /* pairs with our name, valid or not */
};

static bool
is_ours(const struct found *f, const struct gate_cookie_pair *pair)
{
	return pair->name_length == strlen(f->name) &&
	    memcmp(pair->name, f->name, pair->name_length) == 0;
}

static int
add_if_ours(struct found *f, const struct gate_cookie_pair *pair)
{
	const char *value = pair->value;
	size_t length = pair->value_length, start = f->out->length;

	if (!is_ours(f, pair))
		return 0;
	if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
		value++;
		length -= 2;
	}
	if (gate_buffer_add(f->out, value, length) < 0)
		return -1;
	decode_value(f->out, start, value);
	if (strncmp(f->out->data + start, "s:", 2) != 0 ||
	    strlen(f->out->data + start) != f->out->length - start) {
		cut(f->out, start);
		return 0;
	}
	f->offsets[f->count++] = start + 2;
	return gate_buffer_putc(f->out, '\0');
}

/* Returns where the next ", " begins, or the end. Apache joins Cookie headers by it; none of our
 * values holds one. */
static const char *
segment_end(const char *text, const char *end)
{
	const char *comma = text;

	while ((comma = memchr(comma, ',', (size_t)(end - comma))) != NULL)
		if (++comma < end && *comma == ' ')
			return comma - 1;
	return end;
}

static int
add_ours_in(struct found *f, const struct gate_cookie_pair *joined)
{
	const char *text = joined->name, *end = joined->value + joined->value_length, *stop;

	f->seen += is_ours(f, joined);
	for (; text < end && f->count < f->most; text = stop < end ? stop + 2 : end) {
		struct gate_cookie_pair pair;
		size_t at = 0;

		stop = segment_end(text, end);
		if (next_pair(text, (size_t)(stop - text), &at, &pair) > 0 &&
		    add_if_ours(f, &pair) < 0)
			return -1;
	}
	return 0;
}

int
gate_cookie_values(const char *header, size_t length, const char *name, struct gate_buffer *out,
    size_t *offsets, int most)
{
	struct found f = {.name = name, .out = out, .offsets = offsets, .most = most};
	struct gate_cookie_pair pair;
	size_t position = 0;

	while (f.seen < most && f.count < most &&
	    gate_cookie_next(header, length, &position, &pair) > 0)
		if (add_ours_in(&f, &pair) < 0)
			return -1;
	return f.count;
}

/* ---- writing ---- */

static bool
is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Is text made of labels of letters, digits and inner hyphens? A dot may stand in front. */
static bool
is_domain(const char *text)
{
	const char *c = text[0] == '.' ? text + 1 : text;
	size_t label = 0;

	for (; *c != '\0'; c++) {
		bool border = label == 0 || c[1] == '.' || c[1] == '\0';

		if (*c == '.' ? label == 0 : !is_alphanumeric(*c) && (*c != '-' || border))
			return false;
		label = *c == '.' ? 0 : label + 1;
		if (label > DOMAIN_LABEL_MAX)
			return false;
	}
	return label > 0;
}

/* Is text printable ASCII without ';' and '<', as node demands? */
static bool
is_path(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text > 0x7e || *text == ';' || *text == '<')
			return false;
	return true;
}

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static int
check_attribute(
    const char *what, const char *text, bool is_valid(const char *), struct gate_error *error)
{
	if (!is_given(text))
		return 0;
	if (strnlen(text, GATE_COOKIE_ATTRIBUTE_MAX + 1) > GATE_COOKIE_ATTRIBUTE_MAX)
		return gate_fail(error, GATE_EOPTION, "%s is longer than %d bytes", what,
		    GATE_COOKIE_ATTRIBUTE_MAX);
	if (!is_valid(text))
		return gate_fail(error, GATE_EOPTION, "%s is malformed", what);
	return 0;
}

/* Refuses text that no Set-Cookie can hold. */
static int
check_text(
    const char *name, const struct gate_cookie_attributes *attributes, struct gate_error *error)
{
	if (!gate_field_is_token(name))
		return gate_fail(error, GATE_EOPTION, "cookie name is not a token");
	if (check_attribute("cookie domain", attributes->domain, is_domain, error) < 0)
		return -1;
	return check_attribute("cookie path", attributes->path, is_path, error);
}

int
gate_cookie_check(
    const char *name, const struct gate_cookie_attributes *attributes, struct gate_error *error)
{
	bool host = strncasecmp(name, "__Host-", 7) == 0;
	bool http =
	    strncasecmp(name, "__Http-", 7) == 0 || strncasecmp(name, "__Host-Http-", 12) == 0;
	bool secure = host || http || strncasecmp(name, "__Secure-", 9) == 0;

	if (check_text(name, attributes, error) < 0)
		return -1;
	if (secure && !attributes->secure)
		return gate_fail(error, GATE_EOPTION, "cookie %s: its prefix needs Secure", name);
	if (http && !attributes->http_only)
		return gate_fail(error, GATE_EOPTION, "cookie %s: its prefix needs HttpOnly", name);
	if (host && is_given(attributes->domain))
		return gate_fail(
		    error, GATE_EOPTION, "cookie %s: its prefix allows no Domain", name);
	if (host && (attributes->path == NULL || strcmp(attributes->path, "/") != 0))
		return gate_fail(error, GATE_EOPTION, "cookie %s: its prefix needs Path=/", name);
	if (attributes->same_site == GATE_SAME_SITE_NONE && !attributes->secure)
		return gate_fail(
		    error, GATE_EOPTION, "cookie %s: SameSite=None needs Secure", name);
	if (attributes->partitioned && !attributes->secure)
		return gate_fail(error, GATE_EOPTION, "cookie %s: Partitioned needs Secure", name);
	return 0;
}

/* Returns Max-Age, which does not depend on the browser's clock: whole seconds, as in Expires. */
static int64_t
seconds_left(const struct gate_cookie_attributes *attributes)
{
	return attributes->expires > attributes->now
	    ? (attributes->expires - attributes->now) / 1000
	    : 0;
}

/* Writes the word with a capital letter, as browsers show it. */
static void
write_word(struct gate_buffer *out, const char *name, const char *word)
{
	gate_buffer_printf(out, "; %s=%c%s", name, word[0] - 'a' + 'A', word + 1);
}

static void
write_attributes(struct gate_buffer *out, const struct gate_cookie_attributes *attributes)
{
	char date[GATE_HTTP_DATE_LENGTH + 1];

	if (attributes->clear)
		gate_buffer_puts(out, "; Max-Age=0");
	else if (attributes->expires != 0 && attributes->now != 0)
		gate_buffer_printf(out, "; Max-Age=%" PRId64, seconds_left(attributes));
	if (is_given(attributes->domain))
		gate_buffer_printf(out, "; Domain=%s", attributes->domain);
	if (is_given(attributes->path))
		gate_buffer_printf(out, "; Path=%s", attributes->path);
	if (attributes->clear || attributes->expires != 0) {
		gate_http_date(date, attributes->clear ? 0 : attributes->expires);
		gate_buffer_printf(out, "; Expires=%s", date);
	}
	if (attributes->http_only)
		gate_buffer_puts(out, "; HttpOnly");
	if (attributes->secure)
		gate_buffer_puts(out, "; Secure");
	if (attributes->partitioned)
		gate_buffer_puts(out, "; Partitioned");
	if (attributes->priority != GATE_PRIORITY_UNSET)
		write_word(out, "Priority", gate_cookie_priorities[attributes->priority]);
	if (attributes->same_site != GATE_SAME_SITE_UNSET)
		write_word(out, "SameSite", gate_cookie_same_sites[attributes->same_site]);
}

int
gate_cookie_write(struct gate_buffer *out, const char *name, const char *value,
    const struct gate_cookie_attributes *attributes, struct gate_error *error)
{
	size_t before = out->length;
	bool too_long;

	if (check_text(name, attributes, error) < 0)
		return -1;
	gate_buffer_puts(out, name);
	gate_buffer_putc(out, '=');
	if (!attributes->clear)
		gate_percent_encode(out, value, strlen(value));
	too_long = out->length - before > GATE_COOKIE_SIZE_MAX + 1; /* the '=' does not count */
	write_attributes(out, attributes);
	if (!out->failed && !too_long)
		return 0;
	cut(out, before);
	if (out->failed)
		return gate_fail(error, GATE_EMEMORY, "cookie %s: out of memory", name);
	return gate_fail(
	    error, GATE_EOPTION, "cookie %s: longer than %d bytes", name, GATE_COOKIE_SIZE_MAX);
}
