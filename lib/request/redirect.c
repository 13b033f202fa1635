/* request/redirect.c: redirects: to a path, to `next`, or back to the same page with a note. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/unicode.h"
#include "crypto/seal.h"
#include "http/field.h"
#include "record/json.h"
#include "request/request.h"

#define PURPOSE "gate note"
#define NOTE_TIME (60 * 1000) /* ms that a note is valid */
/* Bytes of a note's JSON, and of the query that is sent along: nginx takes 4 KiB of headers. */
#define NOTE_MAX 640
#define QUERY_MAX 1536
#define SHOWN_MAX 120 /* bytes of a path that a page shows */

static void
put(struct gate_buffer *out, const char *target, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!gate_field_is_visible(target[i]) || target[i] == '\\')
			out->failed = true;
		else if ((unsigned char)target[i] >= 0x80)
			gate_buffer_printf(out, "%%%02X", (unsigned char)target[i]);
		else
			gate_buffer_putc(out, target[i]);
	}
}

void
gate_redirect_put(struct gate_buffer *out, const char *target)
{
	put(out, target, strlen(target));
}

/* Adds a target as gate_redirect_put does, with mount in place of each ~ in "~/card" and in
 * "~/login?next=~/card". What a visitor sent as `next` begins with "/", so nothing in it is
 * replaced. */
static void
put_target(struct gate_buffer *out, const char *mount, const char *target)
{
	const char *next = strstr(target, "?next=~/");

	if (strncmp(target, "~/", 2) == 0) {
		gate_buffer_puts(out, mount);
		target++;
		if (next != NULL) {
			next += strlen("?next=");
			put(out, target, (size_t)(next - target));
			gate_buffer_puts(out, mount);
			target = next + 1;
		}
	}
	gate_redirect_put(out, target);
}

int
gate_redirect(struct gate_request *r, const char *target)
{
	struct gate_buffer location = {0};
	int result = -1;

	put_target(&location, r->config->options.mount, target);
	if (location.failed || location.length == 0) {
		r->broken = true;
	} else {
		r->status =
		    strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0 ? 302 : 303;
		gate_answer_drop(r, "Retry-After"); /* it would delay the redirect */
		result = gate_header(r, "Location", location.data);
	}
	gate_buffer_release(&location);
	return result;
}

/* ---- the query as it was sent ---- */

/* Returns the first value of that name, still encoded, and its length; or NULL. Borrowed. */
static const char *
raw_value(const char *query, const char *name, size_t *length)
{
	size_t size = strlen(name);

	while (query != NULL && (strncmp(query, name, size) != 0 || query[size] != '=')) {
		query = strchr(query, '&');
		query = query != NULL ? query + 1 : NULL;
	}
	if (query == NULL)
		return NULL;
	query += size + 1;
	*length = strcspn(query, "&");
	return query;
}

/* ---- next ---- */

/* Returns the target in `next`, or NULL. The form's field goes first. In the query, a web server
 * puts the target of the refused request as it is, but programs encode it, by encodeURIComponent or
 * a form: the first byte tells which, "/" or "%2F". A target that was encoded twice is neither:
 * gate_next refuses it. */
static const char *
next_of(struct gate_request *r)
{
	const char *form = gate_form(r, "next"), *raw;
	size_t length = 0;
	char *next;

	if (form != NULL)
		return form;
	raw = raw_value(gate_param(r, "QUERY_STRING"), "next", &length);
	if (raw == NULL || length > (size_t)3 * GATE_NEXT_MAX)
		return NULL;
	next = gate_request_keep(r, raw, length);
	if (next == NULL || strncasecmp(next, "%2F", 3) != 0)
		return next;
	if (!gate_percent_decode(next, &length, false) || memchr(next, '\0', length) != NULL)
		return NULL;
	next[length] = '\0';
	return next;
}

/* Returns whether the path leads to gate's login or logout: a login must not send a visitor there.
 * Other pages of these names belong to the site. */
static bool
is_way_in_or_out(const char *mount, const char *path)
{
	static const char *const pages[] = {"/login", "/logout"};
	size_t skipped = strlen(mount), length = strcspn(path, "?#");

	if (length < skipped || memcmp(path, mount, skipped) != 0)
		return false;
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
		if (strlen(pages[i]) == length - skipped &&
		    memcmp(path + skipped, pages[i], length - skipped) == 0)
			return true;
	return false;
}

const char *
gate_next(struct gate_request *r)
{
	const char *next = next_of(r);

	if (next == NULL || !gate_origin_local_path(next, strlen(next)) ||
	    is_way_in_or_out(r->config->options.mount, next))
		return NULL;
	return next;
}

int
gate_redirect_next(struct gate_request *r, const char *otherwise)
{
	const char *next = gate_next(r);

	return gate_redirect(r, next != NULL ? next : otherwise);
}

/* Adds the character at `text` as people read it, or a letter that escapes stand for: "%C3%A4" is
 * "ä". All other escapes stay: "%20" could make a sentence of a path. What shows nothing, or turns
 * the text around it, is escaped. Returns how much of text that was. */
static size_t
put_shown(struct gate_buffer *out, const char *text, size_t length)
{
	char letter[4 * 3];
	size_t run = 0, size;

	while (run < sizeof letter && run + 3 <= length && text[run] == '%')
		run += 3;
	memcpy(letter, text, run);
	if (run > 0 && gate_percent_decode(letter, &run, false)) {
		size = gate_utf8_character(letter, run);
		if (size > 1 && !gate_unicode_is_hidden(gate_unicode_code(letter, size))) {
			gate_buffer_add(out, letter, size);
			return 3 * size;
		}
	}
	size = gate_utf8_character(text, length);
	if (gate_unicode_is_hidden(gate_unicode_code(text, size)))
		gate_percent_encode(out, text, size);
	else
		gate_buffer_add(out, text, size);
	return size;
}

bool
gate_next_shown(struct gate_request *r, struct gate_buffer *out)
{
	const char *next = gate_next(r);
	size_t length = next != NULL ? strcspn(next, "?#") : 0, at = 0;

	while (at < length && out->length < SHOWN_MAX)
		at += put_shown(out, next + at, length - at);
	if (at < length)
		gate_buffer_puts(out, "…");
	return length > 0 && !out->failed;
}

/* ---- notes ---- */

/* Returns whether the client is a browser in which the note can come back by a redirect. A program
 * wants its answer at once. So do browsers that send neither Sec-Fetch-Site nor Origin: lynx sends
 * no Referer from an address with a query, and w3m takes two redirects by one page for a loop. */
static bool
takes_notes(struct gate_request *r)
{
	const char *accept = gate_param(r, "HTTP_ACCEPT");

	return strcmp(r->method, "POST") == 0 && accept != NULL &&
	    strcasestr(accept, "text/html") != NULL &&
	    (r->origin.fetch_site != NULL || r->origin.origin != NULL);
}

/* Returns whether the text may stand in an address as it is. Encoded, it would be another value,
 * which nothing has checked. */
static bool
is_plain(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x21 || (unsigned char)text[i] > 0x7e ||
		    text[i] == '\\')
			return false;
	return true;
}

/* Adds the query to send along: all of its parts but an older note. */
static void
put_query(struct gate_buffer *out, const char *query)
{
	while (*query != '\0') {
		size_t length = strcspn(query, "&");

		if (length > 0 && strncmp(query, "note=", 5) != 0 && is_plain(query, length)) {
			gate_buffer_add(out, query, length);
			gate_buffer_putc(out, '&');
		}
		query += length + (query[length] == '&');
	}
}

/* Returns the note with the time, as JSON text; empty: too long, or no JSON. Yours. */
static struct gate_buffer
dated(const json_t *note)
{
	struct gate_buffer text = {.limit = NOTE_MAX};
	json_t *dated = json_pack("{s:I, s:O}", "at", (json_int_t)gate_clock_wall(), "note", note);
	char *json = json_dumps(dated, JSON_COMPACT);

	if (json != NULL)
		gate_buffer_puts(&text, json);
	if (text.failed)
		gate_buffer_release(&text);
	free(json);
	json_decref(dated);
	return text;
}

/* The target is relative to this page, because a path may begin with "//". */
int
gate_redirect_note(struct gate_request *r, json_t *note)
{
	struct gate_buffer target = {0}, query = {.limit = QUERY_MAX}, text;
	const char *sent = gate_param(r, "QUERY_STRING");
	int result = 0;

	if (!takes_notes(r))
		return 0;
	text = dated(note);
	put_query(&query, sent != NULL ? sent : "");
	gate_buffer_printf(
	    &target, "./%s?%snote=", strrchr(r->path, '/') + 1, gate_buffer_text(&query));
	if (text.length > 0 && !query.failed && strlen(r->path) < QUERY_MAX &&
	    gate_seal(r->config->keys, PURPOSE, r->path, text.data, text.length, &target) == 0)
		result = gate_redirect(r, target.data) < 0 ? -1 : 1;
	gate_buffer_release(&target);
	gate_buffer_release(&query);
	gate_buffer_release(&text);
	return result;
}

/* Returns the note if it is sealed by us and less than NOTE_TIME old, or NULL. It may be as much
 * ahead: other hosts' clocks may be. Yours. */
static json_t *
opened(struct gate_request *r, const char *sealed, size_t length)
{
	struct gate_buffer text = {0};
	json_t *dated = NULL, *note = NULL;
	int64_t age;

	if (gate_unseal(r->config->keys, PURPOSE, r->path, sealed, length, &text) == 1)
		dated = gate_json_load(text.data, text.length);
	age = gate_clock_wall() - json_integer_value(json_object_get(dated, "at"));
	if (age > -NOTE_TIME && age < NOTE_TIME)
		note = json_incref(json_object_get(dated, "note"));
	json_decref(dated);
	gate_buffer_release(&text);
	return note;
}

/* A browser that gate redirected says same-origin; one that followed a link does not. */
json_t *
gate_note(struct gate_request *r)
{
	const char *site = r->origin.fetch_site, *sealed;
	size_t length = 0;

	if (r->note == NULL && strcmp(r->method, "POST") != 0 &&
	    (site == NULL || strcmp(site, "same-origin") == 0)) {
		sealed = raw_value(gate_param(r, "QUERY_STRING"), "note", &length);
		if (sealed != NULL)
			r->note = opened(r, sealed, length);
	}
	return r->note;
}
