/* request/finish.c: completes an answer: the handler's part, the cookie and gate's own headers. */
#include "config.h"

#include <string.h>

#include "base/log.h"
#include "request/request.h"

/* Returns whether the handler set this header: it is among the first `bytes` of the headers. */
static bool
has_own(const struct gate_request *r, const char *name, size_t bytes)
{
	return bytes > 0 && gate_answer_find(r, name, bytes) != NULL;
}

/* Allows only what our pages need: their own <style>, by the nonce, which is known only now. */
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
	static const char *const usual[][2] = {/* the name, and the whole line */
	    {"X-Content-Type-Options", "X-Content-Type-Options: nosniff\r\n"},
	    {"X-Frame-Options", "X-Frame-Options: DENY\r\n"},
	    {"Referrer-Policy", "Referrer-Policy: same-origin\r\n"},
	    {"Cross-Origin-Opener-Policy", "Cross-Origin-Opener-Policy: same-origin\r\n"},
	    {"Cross-Origin-Resource-Policy", "Cross-Origin-Resource-Policy: same-origin\r\n"},
	    {"Cache-Control", "Cache-Control: no-store\r\n"}, {"Vary", "Vary: Cookie\r\n"}};
	size_t bytes = r->headers.length, count = sizeof usual / sizeof *usual;

	if (r->transaction.state == GATE_SESSION_UNASKED)
		count--;
	if (!has_own(r, "Content-Type", bytes))
		gate_answer_put(r, "Content-Type",
		    r->rendered ? "text/html; charset=utf-8" : "text/plain; charset=utf-8");
	if (!has_own(r, "Content-Security-Policy", bytes))
		put_policy(r);
	for (size_t i = 0; i < count; i++)
		if (!has_own(r, usual[i][0], bytes))
			gate_buffer_puts(&r->headers, usual[i][1]);
}

/* Adds the session's cookie. Then the answer gets no-store: the handler may allow caches to keep
 * the answer, but none may keep the cookie with it. */
static void
put_cookie(struct gate_request *r)
{
	struct gate_buffer cookie = {0};
	int result, n = 0;

	while ((result = gate_transaction_set_cookie(&r->transaction, n++, &cookie)) == 1) {
		gate_answer_drop(r, "Cache-Control");
		gate_answer_put(r, "Cache-Control", r->bare ? "private, no-store" : "no-store");
		gate_answer_put(r, "Set-Cookie", gate_buffer_text(&cookie));
		gate_buffer_reset(&cookie);
	}
	if (result < 0)
		gate_log(GATE_LOG_ERROR, "cookie-failed", "path", r->path, "error",
		    r->transaction.error.text, NULL);
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

	if (r->status >= 400 && r->out.length == 0 && !r->bare)
		gate_page_error(r, r->explanation);
	put_cookie(r);
	if (!r->bare)
		put_defaults(r);
	if (r->headers.failed) { /* the header lines are over GATE_HEADERS_MAX */
		gate_log(GATE_LOG_ERROR, "headers-too-large", "path", r->path, NULL);
		gate_answer_error(r, 500, NULL);
		put_cookie(r); /* again: the session is already saved */
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
