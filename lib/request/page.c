/* request/page.c: renders pages: what templates see, and gate's own error and reload pages. */
#include "config.h"

#include <string.h>

#include "base/date.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/log.h"
#include "crypto/random.h"
#include "http/cookie.h"
#include "request/request.h"

#define NONCE_BYTES 16
#define REFRESH_MAX 1024 /* bytes of Refresh: web servers limit an answer's header lines */

/* advice: for the visitor, unless the caller has a text. */
static const struct {
	int status;
	const char *reason, *advice;
} reasons[] = {
    {200, "OK", NULL},
    {201, "Created", NULL},
    {204, "No Content", NULL},
    {301, "Moved Permanently", NULL},
    {302, "Found", NULL},
    {303, "See Other", NULL},
    {304, "Not Modified", NULL},
    {307, "Temporary Redirect", NULL},
    {308, "Permanent Redirect", NULL},
    {400, "Bad Request",
	"Your browser sent what this page can't read. Go back, load the page again and try once "
	"more."},
    {401, "Unauthorized", NULL},
    {403, "Forbidden", "This page is not for you."},
    {404, "Not Found", "There is no page at this address. Look for a typing error in it."},
    {405, "Method Not Allowed", "This page takes no such request. Open it by its link."},
    {408, "Request Timeout", "What you sent did not arrive in time. Go back and send it again."},
    {409, "Conflict", NULL},
    {413, "Content Too Large",
	"What you sent is more than this page takes. Go back and send less."},
    {415, "Unsupported Media Type", NULL},
    {422, "Unprocessable Content", NULL},
    {429, "Too Many Requests", "There were too many tries. Wait a little and try again."},
    {431, "Request Header Fields Too Large",
	"Your browser sends more than this site reads. Delete this site's cookies and try again."},
    {500, "Internal Server Error", "This page has a fault. It was noted; try again later."},
    {501, "Not Implemented", NULL},
    {502, "Bad Gateway", "This page can't be reached just now. Try again soon."},
    {503, "Service Unavailable", "The service is too busy just now. Try again soon."},
    {504, "Gateway Timeout", "This page did not answer in time. Try again soon."},
};

const char *
gate_page_reason(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

static const char *
advice_for(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].advice;
	return NULL;
}

/* Makes a nonce of random bytes, which are fetched for several pages at once. */
static int
make_nonce(struct gate_request *r)
{
	if (r->random_left < NONCE_BYTES) {
		if (gate_random_bytes(r->random, sizeof r->random) < 0)
			return -1;
		r->random_left = sizeof r->random;
	}
	r->random_left -= NONCE_BYTES;
	gate_base64url(r->nonce, r->random + r->random_left, NONCE_BYTES);
	return 0;
}

/* Sets a text of the context, which is kept from page to page; NULL removes it. Leaves an equal
 * text alone. Returns 0, or -1 if the context has no such text now. */
static int
put_text(json_t *object, const char *key, const char *text)
{
	const char *old = json_string_value(json_object_get(object, key));

	if (text != NULL && old != NULL && strcmp(old, text) == 0)
		return 0;
	if (text != NULL && json_object_set_new(object, key, json_string(text)) == 0)
		return 0;
	json_object_del(object, key);
	return -1;
}

static bool
sends_cookie(struct gate_request *r)
{
	const char *name = r->config->options.cookie_name;
	size_t position = 0, length = strlen(name);
	struct gate_cookie_pair pair;

	while (gate_cookie_next(gate_buffer_text(&r->cookies), r->cookies.length, &position, &pair))
		if (pair.name_length == length && memcmp(pair.name, name, length) == 0)
			return true;
	return false;
}

/* Returns the address of the refused page, for a link to it; null otherwise. It is relative,
 * because a path may begin with "//"; it has no query, because lynx sends no Referer from an
 * address with one. */
static json_t *
itself(struct gate_request *r)
{
	json_t *path = r->foreign ? json_sprintf("./%s", strrchr(r->path, '/') + 1) : NULL;

	return path != NULL ? path : json_null(); /* also if it is not UTF-8 */
}

/* Returns the user, as far as is known, or NULL. An error page must not ask the store, and does not
 * show a login or logout of the handler's that came to nothing. */
static const char *
known_user(struct gate_request *r, bool with_session)
{
	struct gate_transaction *s = &r->transaction;

	if (with_session && s->state != GATE_SESSION_UNASKED)
		return gate_transaction_user(s);
	return s->state == GATE_SESSION_LOADED && !s->destroy ? s->record.user : NULL;
}

/* Puts in what every page for visitors shows of the site. Returns 0, or -1 if memory is out. */
static int
put_site(json_t *gate, const struct gate_options *options)
{
	put_text(gate, "site", *options->site_name != '\0' ? options->site_name : NULL);
	put_text(gate, "logo", *options->site_logo != '\0' ? options->site_logo : NULL);
	return put_text(gate, "home", options->home);
}

/* Puts in where a login leads, as people read it. An error page leads to no login. */
static void
put_next(struct gate_request *r, json_t *gate, bool with_session)
{
	struct gate_buffer shown = {0};

	put_text(gate, "next",
	    with_session && gate_next_shown(r, &shown) ? gate_buffer_text(&shown) : NULL);
	gate_buffer_release(&shown);
}

/* Fills in `gate`, which every template sees beside the page's own object. with_session: false for
 * an error page, which must not ask for the session. Returns the context, borrowed, or NULL. */
static json_t *
fill_context(struct gate_request *r, bool with_session)
{
	char ends[GATE_DATE_FOR_PEOPLE_MAX];
	const char *user = known_user(r, with_session);
	enum gate_session_state state = r->transaction.state;
	int64_t expires = 0;
	json_t *gate;

	if (r->context == NULL)
		r->context = json_pack("{s:{}}", "gate");
	gate = json_object_get(r->context, "gate");
	if (gate == NULL || make_nonce(r) < 0)
		return NULL;
	if (with_session && state != GATE_SESSION_UNASKED)
		expires = gate_transaction_end_time(&r->transaction);
	if (expires != 0)
		gate_date_for_people(ends, expires);
	put_text(gate, "expires", expires != 0 ? ends : NULL);
	put_text(gate, "user", user);
	put_text(gate, "path", r->path);
	put_next(r, gate, with_session);
	json_object_set_new(gate, "unclear",
	    json_boolean(
		state == GATE_SESSION_UNCLEAR || r->transaction.refusal == GATE_SESSION_TOO_MANY));
	json_object_set_new(
	    gate, "lost", json_boolean(r->transaction.refusal == GATE_SESSION_LOST));
	json_object_set_new(gate, "unknown",
	    json_boolean(user == NULL && state != GATE_SESSION_NEW &&
		state != GATE_SESSION_LOADED && sends_cookie(r)));
	json_object_set_new(gate, "itself", itself(r));
	json_object_set_new(gate, "passwords", json_boolean(gate_request_takes_passwords(r)));
	if (put_text(gate, "mount", r->config->options.mount) < 0 ||
	    put_site(gate, &r->config->options) < 0 ||
	    put_text(gate, "store", r->store->table->scheme) < 0 ||
	    put_text(gate, "nonce", r->nonce) < 0)
		return NULL;
	return r->context;
}

static int
render(struct gate_request *r, const char *name, json_t *page, bool with_session)
{
	struct gate_error error = {0};
	json_t *contexts[2] = {fill_context(r, with_session), page};
	int result = -1;

	if (contexts[0] == NULL)
		gate_fail(&error, GATE_EMEMORY, "out of memory");
	else if (r->config->templates == NULL)
		gate_fail(&error, GATE_ETEMPLATE,
		    "option templates names no folder: %s can't be rendered", name);
	else
		result = gate_template_render(
		    r->config->templates, name, contexts, page != NULL ? 2 : 1, &r->out, &error);
	if (result < 0) {
		gate_log(
		    GATE_LOG_ERROR, "render-failed", "path", r->path, "error", error.text, NULL);
		return -1;
	}
	r->rendered = true;
	return 0;
}

int
gate_page_render(struct gate_request *r)
{
	if (r->template[0] != '\0' && render(r, r->template, r->json, true) < 0)
		return -1;
	if (!r->broken && !r->out.failed && !r->headers.failed)
		return 0;
	gate_log(GATE_LOG_ERROR, "answer-broken", "path", r->path, "error",
	    "a status, a redirect or the size of the answer is out of bounds", NULL);
	return -1;
}

/* Returns what error.html shows, yours, or NULL. text: NULL: nothing. */
static json_t *
error_object(int status, const char *text)
{
	return json_pack(
	    "{s:i, s:s, s:s*}", "status", status, "reason", gate_page_reason(status), "text", text);
}

int
gate_page_for_server(const struct gate_config *config, int status, const char *text,
    struct gate_buffer *out, struct gate_error *error)
{
	json_t *context = json_pack("{s:{s:s}}", "gate", "mount", config->options.mount),
	       *page = error_object(status, text != NULL ? text : advice_for(status)),
	       *contexts[2] = {context, page};
	int result = -1;

	if (context == NULL || page == NULL ||
	    put_site(json_object_get(context, "gate"), &config->options) < 0 ||
	    json_object_set_new(page, "guarded", json_boolean(text != NULL)) < 0)
		gate_fail(error, GATE_EMEMORY, "out of memory");
	else
		result =
		    gate_template_render(config->templates, "error.html", contexts, 2, out, error);
	json_decref(context);
	json_decref(page);
	return result;
}

static void
put_error(struct gate_request *r, const char *text)
{
	json_t *page;

	if (text == NULL)
		text = advice_for(r->status);
	page = error_object(r->status, text);
	if (r->config->templates == NULL ||
	    !gate_templates_has(r->config->templates, "error.html") ||
	    render(r, "error.html", page, false) < 0) {
		gate_buffer_reset(&r->out);
		gate_printf(r, "%d %s\n%s%s", r->status, gate_page_reason(r->status),
		    text ? text : "", text ? "\n" : "");
	}
	json_decref(page);
}

static void
put_reload(struct gate_request *r)
{
	if (r->config->templates == NULL ||
	    !gate_templates_has(r->config->templates, "reload.html") ||
	    render(r, "reload.html", NULL, false) < 0) {
		gate_buffer_reset(&r->out);
		gate_printf(r, "This page loads itself again.\n");
	}
}

void
gate_page_error(struct gate_request *r, const char *text)
{
	gate_answer_drop(r, "Content-Type"); /* the handler set it for its own body */
	put_error(r, text);
}

void
gate_answer_error(struct gate_request *r, int status, const char *text)
{
	gate_answer_begin(r);
	r->status = status;
	if (status == 503)
		gate_answer_put(r, "Retry-After", "1");
	gate_page_error(r, text);
}

/* Adds a Refresh header with the page's own address. It has no fragment, which would make it a jump
 * within the page; it is relative, because a path may begin with "//". */
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
	gate_answer_put(r, "Refresh", value.failed ? "0" : value.data);
	gate_buffer_release(&value);
}

/* The Refresh header loads the page again; for browsers that ignore it, the page has a link. */
void
gate_answer_reload(struct gate_request *r, int status)
{
	gate_answer_begin(r);
	r->status = status;
	put_refresh(r);
	put_reload(r);
}
