/* answer.c: one answer: status, header lines, page; kept in memory until the session is saved. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "field.h"
#include "log.h"
#include "request.h"

#define REFRESH_MAX 1024 /* bytes of Refresh: web servers bound the header lines of an answer */

/* ---- what the handler calls ---- */

void
gate_answer_begin(struct gate_request *r)
{
	r->status = 200;
	r->headers.limit = GATE_HEADERS_MAX;
	r->out.limit = GATE_ANSWER_MAX;
	gate_buffer_reset(&r->headers);
	gate_buffer_reset(&r->out);
	r->template[0] = '\0';
	json_decref(r->json);
	r->json = NULL;
	r->nonce[0] = '\0';
	r->rendered = false;
	r->broken = false;
	r->explanation = NULL;
}

void
gate_status(struct gate_request *r, int status)
{
	if (status >= 200 && status <= 599)
		r->status = status;
	else
		r->broken = true;
}

/* The methods as they stand in Allow. */
int
gate_allow(struct gate_request *r, const char *methods)
{
	size_t length = strlen(r->method);

	for (const char *at = methods; *at != '\0'; at += strspn(at, ", ")) {
		size_t size = strcspn(at, ", ");

		if (size == length && memcmp(at, r->method, size) == 0)
			return 1;
		at += size;
	}
	gate_status(r, 405);
	gate_header(r, "Allow", methods);
	return 0;
}

static bool
is_field_value(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
		if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
			return false;
	return true;
}

/* These say where the answer ends, or speak to the web server: gate's own. */
static bool
is_ours(const char *name)
{
	static const char *const names[] = {
	    "Status", "Content-Length", "Connection", "Transfer-Encoding", "Trailer", "Upgrade"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return strncasecmp(name, "Variable-", 9) == 0 || strncasecmp(name, "X-Accel-", 8) == 0 ||
	    strncasecmp(name, "X-Sendfile", 10) == 0;
}

/* The line of that name among the first bytes of the headers, NULL: there is none. */
static char *
find_header(const struct gate_request *r, const char *name, size_t bytes)
{
	size_t length = strlen(name);
	char *line = r->headers.data, *end = line != NULL ? line + bytes : NULL;

	while (line != end && line != NULL) {
		if (strncasecmp(line, name, length) == 0 && line[length] == ':')
			return line;
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : end;
	}
	return NULL;
}

void
gate_answer_drop(struct gate_request *r, const char *name)
{
	char *line = find_header(r, name, r->headers.length), *next;

	if (line == NULL || r->headers.failed) /* a line that was cut has no end */
		return;
	next = strchr(line, '\n') + 1;
	memmove(line, next, strlen(next) + 1);
	r->headers.length -= (size_t)(next - line);
}

static void
put_header(struct gate_request *r, const char *name, const char *value)
{
	gate_buffer_puts(&r->headers, name);
	gate_buffer_puts(&r->headers, ": ");
	gate_buffer_puts(&r->headers, value);
	gate_buffer_puts(&r->headers, "\r\n");
}

int
gate_header(struct gate_request *r, const char *name, const char *value)
{
	if (!gate_field_is_token(name) || is_ours(name) || !is_field_value(value)) {
		gate_log(GATE_LOG_WARN, "header-refused", "path", r->path, "name", name, NULL);
		return -1;
	}
	if (strcasecmp(name, "Set-Cookie") != 0)
		gate_answer_drop(r, name);
	put_header(r, name, value);
	return r->headers.failed ? -1 : 0;
}

int
gate_write(struct gate_request *r, const void *bytes, size_t length)
{
	return gate_buffer_add(&r->out, bytes, length);
}

int
gate_printf(struct gate_request *r, const char *format, ...)
{
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = gate_buffer_vprintf(&r->out, format, arguments);
	va_end(arguments);
	return result;
}

int
gate_render(struct gate_request *r, const char *name, json_t *json)
{
	json_decref(r->json);
	r->json = json_incref(json);
	if (strlen(name) >= sizeof r->template) /* no folder holds so long a name */
		return -1;
	memcpy(r->template, name, strlen(name) + 1);
	return 0;
}

/* ---- pages ---- */

static void
error_page(struct gate_request *r, const char *text)
{
	gate_answer_drop(r, "Content-Type"); /* the handler's was for a body of its own */
	gate_page_error(r, text);
}

void
gate_answer_error(struct gate_request *r, int status, const char *text)
{
	gate_answer_begin(r);
	r->status = status;
	if (status == 503)
		put_header(r, "Retry-After", "1");
	error_page(r, text);
}

/* The page's own address without a fragment, which would make it a jump inside the page. Relative to
 * itself: a path may begin with "//". */
static void
put_refresh(struct gate_request *r)
{
	const char *query = gate_param(r, "QUERY_STRING");
	struct gate_buffer value = {.limit = REFRESH_MAX};

	gate_buffer_puts(&value, "0;url=./");
	gate_redirect_put(&value, strrchr(r->path, '/') + 1);
	if (query != NULL) {
		gate_buffer_putc(&value, '?');
		gate_redirect_put(&value, query);
	}
	put_header(r, "Refresh", value.failed ? "0" : value.data);
	gate_buffer_release(&value);
}

/* The header does it; whoever's browser does not follow it finds a link. */
void
gate_answer_reload(struct gate_request *r, int status)
{
	gate_answer_begin(r);
	r->status = status;
	put_refresh(r);
	gate_page_reload(r);
}

/* ---- putting it together ---- */

/* Did the handler say something of its own, in the first bytes? */
static bool
has_own(const struct gate_request *r, const char *name, size_t bytes)
{
	return bytes > 0 && find_header(r, name, bytes) != NULL;
}

/* The nonce is known only now; no page of ours needs more than its own style. */
static void
put_policy(struct gate_request *r)
{
	gate_buffer_puts(&r->headers, "Content-Security-Policy: default-src 'none'; ");
	if (r->nonce[0] != '\0') {
		gate_buffer_puts(&r->headers, "style-src 'nonce-");
		gate_buffer_puts(&r->headers, r->nonce);
		gate_buffer_puts(&r->headers,
		    "'; img-src 'self'; form-action 'self'; base-uri 'none'; "
		    "object-src 'none'; ");
	}
	gate_buffer_puts(&r->headers, "frame-ancestors 'none'\r\n");
}

static void
put_defaults(struct gate_request *r)
{
	static const char *const usual[][2] = {/* names to look for, and whole lines */
	    {"X-Content-Type-Options", "X-Content-Type-Options: nosniff\r\n"},
	    {"X-Frame-Options", "X-Frame-Options: DENY\r\n"},
	    {"Referrer-Policy", "Referrer-Policy: same-origin\r\n"},
	    {"Cross-Origin-Opener-Policy", "Cross-Origin-Opener-Policy: same-origin\r\n"},
	    {"Cross-Origin-Resource-Policy", "Cross-Origin-Resource-Policy: same-origin\r\n"},
	    {"Cache-Control", "Cache-Control: no-store\r\n"}, {"Vary", "Vary: Cookie\r\n"}};
	size_t bytes = r->headers.length, count = sizeof usual / sizeof *usual;

	if (r->session.state == GATE_SESSION_UNASKED)
		count--;
	if (!has_own(r, "Content-Type", bytes))
		put_header(r, "Content-Type",
		    r->rendered ? "text/html; charset=utf-8" : "text/plain; charset=utf-8");
	if (!has_own(r, "Content-Security-Policy", bytes))
		put_policy(r);
	for (size_t i = 0; i < count; i++)
		if (!has_own(r, usual[i][0], bytes))
			gate_buffer_puts(&r->headers, usual[i][1]);
}

/* Whoever the handler lets keep the answer must not keep the cookie with it. */
static void
put_cookie(struct gate_request *r)
{
	struct gate_buffer cookie = {0};
	int result, n = 0;

	while ((result = gate_session_set_cookie(&r->session, n++, &cookie)) == 1) {
		gate_answer_drop(r, "Cache-Control");
		put_header(r, "Cache-Control", "no-store");
		put_header(r, "Set-Cookie", gate_buffer_text(&cookie));
		gate_buffer_reset(&cookie);
	}
	if (result < 0)
		gate_log(GATE_LOG_ERROR, "cookie-failed", "path", r->path, "error",
		    r->session.error.text, NULL);
	gate_buffer_release(&cookie);
}

static bool
has_no_body(const struct gate_request *r)
{
	return r->status == 204 || r->status == 304;
}

void
gate_answer_finish(struct gate_request *r)
{
	bool head = r->method != NULL && strcmp(r->method, "HEAD") == 0;

	if (r->status >= 400 && r->out.length == 0)
		error_page(r, r->explanation);
	put_cookie(r);
	put_defaults(r);
	if (r->headers.failed) { /* more header lines than any web server takes */
		gate_log(GATE_LOG_ERROR, "headers-too-large", "path", r->path, NULL);
		gate_answer_error(r, 500, NULL);
		put_cookie(r); /* the session is saved by now */
		put_defaults(r);
	}
	gate_buffer_reset(&r->head);
	gate_buffer_puts(&r->head, "Status: ");
	gate_buffer_integer(&r->head, r->status);
	gate_buffer_putc(&r->head, ' ');
	gate_buffer_puts(&r->head, gate_page_reason(r->status));
	gate_buffer_puts(&r->head, "\r\n");
	gate_buffer_add(&r->head, gate_buffer_text(&r->headers), r->headers.length);
	if (!has_no_body(r)) {
		gate_buffer_puts(&r->head, "Content-Length: ");
		gate_buffer_integer(&r->head, (int64_t)r->out.length);
		gate_buffer_puts(&r->head, "\r\n");
	}
	gate_buffer_puts(&r->head, "\r\n");
	if (has_no_body(r) || head)
		gate_buffer_reset(&r->out);
}
