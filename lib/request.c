/* request.c: one request: its way to the handler, and its transaction. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "request.h"

#define KEPT_MAX (256u << 10) /* bytes of a buffer that stays for the next request */
#define UNAVAILABLE "The service can't reach its data just now. Nothing was lost: try again soon."
#define UNAVAILABLE_CHANGED                                                                        \
	"Your new password is stored, but your session could not be: log in with it, soon."

/* ---- the session ---- */

json_t *
gate_session(struct gate_request *r)
{
	json_t *session = gate_session_json(&r->session);

	return session != NULL ? session : json_null(); /* out of memory: setters refuse it */
}

int
gate_request_late(struct gate_request *r, const char *call, int result)
{
	if (result < 0 && r->session.outcome != 0)
		gate_log(GATE_LOG_WARN, "call-after-commit", "call", call, "path", r->path, NULL);
	return result;
}

int
gate_session_renew(struct gate_request *r)
{
	return gate_request_late(r, "gate_session_renew", gate_session_ask_renew(&r->session));
}

int
gate_session_destroy(struct gate_request *r)
{
	return gate_request_late(r, "gate_session_destroy", gate_session_ask_destroy(&r->session));
}

int
gate_session_set_max_age(struct gate_request *r, int64_t ms)
{
	return gate_request_late(
	    r, "gate_session_set_max_age", gate_session_ask_max_age(&r->session, ms));
}

int
gate_session_commit(struct gate_request *r)
{
	gate_session_json(&r->session);
	return gate_session_save(&r->session);
}

int64_t
gate_session_expires(struct gate_request *r)
{
	return gate_session_end_time(&r->session);
}

int
gate_healthy(struct gate_request *r, const char **why)
{
	*why = gate_store_health(r->store, &r->config->options);
	return *why == NULL;
}

/* ---- its way ---- */

static void
read_origin(struct gate_request *r)
{
	struct gate_origin *o = &r->origin;

	gate_origin_read(o, r->params, &r->forwarded);
	r->method = o->method;
	r->secure = o->secure = gate_origin_secure(o, r->config->options.trusted_proxies);
	if (o->for_repeated)
		gate_log(GATE_LOG_WARN, "forwarded-for-refused", "peer", gate_origin_peer(o), "why",
		    "X-Forwarded-For came twice, so it is not believed: the web server must drop "
		    "names like X_Forwarded_For, and the proxy send one line",
		    NULL);
}

/* The raw path of REQUEST_URI; the absolute form loses its host. NULL: malformed. */
static const char *
read_path(struct gate_request *r)
{
	const char *uri = gate_param(r, "REQUEST_URI");
	size_t length;

	if (uri == NULL)
		uri = gate_param(r, "SCRIPT_NAME");
	if (uri == NULL)
		return "/";
	if (strlen(uri) > GATE_URI_MAX)
		return NULL;
	if (strncmp(uri, "http://", 7) == 0 || strncmp(uri, "https://", 8) == 0) {
		uri = strstr(uri, "//") + 2;
		uri += strcspn(uri, "/?");
		if (uri[0] != '/')
			return "/";
	}
	length = strcspn(uri, "?");
	if (uri[0] != '/')
		return NULL;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)uri[i] < 0x21 || uri[i] == 0x7f)
			return NULL;
	return gate_request_keep(r, uri, length);
}

bool
gate_request_takes_passwords(const struct gate_request *r)
{
	return r->secure || r->config->options.insecure_http;
}

const char *
gate_request_address(struct gate_request *r)
{
	if (r->address[0] == '\0')
		gate_origin_address(&r->origin, r->config->options.trusted_proxies, r->address);
	return r->address;
}

static void
join_cookies(struct gate_request *r)
{
	static const char name[] = "HTTP_COOKIE=";

	for (char *const *p = r->params; *p != NULL; p++)
		if (strncmp(*p, name, sizeof name - 1) == 0)
			gate_cookie_join(&r->cookies, *p + sizeof name - 1);
}

/* Did somebody follow a link of another site's page? */
static bool
is_from_elsewhere(struct gate_request *r)
{
	const char *site = r->origin.fetch_site, *mode = gate_param(r, "HTTP_SEC_FETCH_MODE");

	return site != NULL && strcmp(site, "cross-site") == 0 && mode != NULL &&
	    strcmp(mode, "navigate") == 0 && r->method != NULL && strcmp(r->method, "GET") == 0;
}

static void
open_session(struct gate_request *r)
{
	struct gate_session *s = &r->session;

	*s = (struct gate_session){
	    .options = &r->config->options,
	    .keys = r->config->keys,
	    .store = r->store,
	    .queue = r->queue,
	    .users = r->config->users,
	    .cookies = gate_buffer_text(&r->cookies),
	    .path = r->path != NULL ? r->path : "/",
	    .secure = r->secure,
	    .from_elsewhere = is_from_elsewhere(r),
	    .deadline = r->deadline,
	};
}

/* What it is that gets r->refused, for the log. */
static const char *
fault_of(const struct gate_request *r)
{
	switch (r->refused) {
	case 408:
		return "its body took longer than the option deadline allows";
	case 413:
		return "its body is over the option body_limit";
	case 431:
		return "its headers are over 128 KiB, or 500 in number: the web server can take "
		       "less";
	case 503:
		return "requests that were not there whole took too much memory: this was the "
		       "oldest";
	default:
		return r->method == NULL ? "it has no method that can be read"
		    : r->path == NULL    ? "its path is malformed, or over 8 KiB"
					 : "its body broke off";
	}
}

/* What must not reach the handler. True: it is answered. */
static bool
is_refused(struct gate_request *r)
{
	const char *why;
	char status[16];

	if (r->refused == 0 && r->method == NULL && gate_param(r, "GATE_CHECK") != NULL) {
		r->path = "/"; /* gate check's: no web server sends such a one */
		gate_status(r, 204);
		return true;
	}
	if (r->refused == 0 && (r->method == NULL || r->path == NULL))
		r->refused = 400;
	if (r->refused != 0) {
		snprintf(status, sizeof status, "%d", r->refused);
		gate_log(GATE_LOG_WARN, "request-refused", "path", r->path, "status", status,
		    "address", gate_request_address(r), "why", fault_of(r), NULL);
	}
	if (r->path == NULL)
		r->path = "/";
	if (r->refused != 0) {
		gate_answer_error(r, r->refused, NULL);
		return true;
	}
	why = gate_origin_refusal(&r->origin, r->config->options.origin);
	if (why == NULL)
		return false;
	gate_log(GATE_LOG_WARN, "cross-site-refused", "path", r->path, "method", r->method,
	    "address", gate_request_address(r), "why", why, NULL);
	r->foreign = true;
	gate_answer_error(r, 403,
	    "This request seems to come from another site, so nothing was done. Open the page "
	    "itself "
	    "and try again. If that does not help: scheme and host in your browser's address line "
	    "must be those that the web server names, or the option origin must say them.");
	return true;
}

/* One run: handler, page, commit. What gate_session_save answers. */
static int
run(struct gate_request *r, gate_handler *handler)
{
	struct gate_session *s = &r->session;
	int result;

	r->runs++;
	gate_answer_begin(r);
	s->now = gate_clock_wall();
	gate_session_begin(s);
	handler(r);
	if (s->outcome >= 0 && s->state != GATE_SESSION_FAILED &&
	    s->state != GATE_SESSION_REFUSED && gate_page_render(r) < 0) {
		r->result = "no page";
		gate_answer_error(r, 500, NULL);
		return 1;
	}
	result = gate_session_save(s);
	r->result = result == 1 ? "done" : result == GATE_CONFLICT ? "conflict" : "failed";
	return result;
}

/* True: the session was refused, and that is answered. A refusal never says more than the handler
 * did: where it answers who may pass, a stranger gets its status. */
static bool
answer_refusal(struct gate_request *r)
{
	const char *text;
	int status;

	if (r->session.error.code != GATE_OK || r->session.refusal == GATE_SESSION_WELCOME)
		return false;
	status = gate_session_refusal_status(&r->session, &text);
	if (status == 0)
		gate_answer_reload(r, r->status >= 400 ? r->status : 200);
	else
		gate_answer_error(r, status, text);
	r->result = "refused";
	return true;
}

/* What the page says of a session that could not be stored. */
static const char *
unavailable(const struct gate_request *r)
{
	return r->login.change_answer == 1 ? UNAVAILABLE_CHANGED : UNAVAILABLE;
}

static void
report_failure(struct gate_request *r)
{
	const struct gate_error *error = &r->session.error;
	bool ours = error->code == GATE_ESESSION;
	const char *text = ours ? NULL : unavailable(r);

	if (answer_refusal(r))
		return;
	gate_log(GATE_LOG_ERROR, ours ? "session-refused" : "store-failed", "path", r->path,
	    "error", error->text, NULL);
	if (r->session.refusal == GATE_SESSION_CROWDED)
		gate_session_refusal_status(&r->session, &text);
	gate_answer_error(r, ours ? 500 : 503, text);
}

static void
transact(struct gate_request *r, gate_handler *handler)
{
	int result;

	while ((result = run(r, handler)) == GATE_CONFLICT) {
		if (gate_clock_monotonic() < r->deadline && gate_session_wait(&r->session))
			continue;
		gate_log(GATE_LOG_WARN, "session-busy", "path", r->path, "error",
		    "other requests kept changing the session until the deadline", NULL);
		gate_answer_error(r, 503, unavailable(r));
		return;
	}
	if (result < 0)
		report_failure(r);
	else
		gate_login_finish(r);
}

/* The place in the queue is not held while the answer leaves. */
static void
answer(struct gate_request *r, gate_handler *handler)
{
	r->runs = 0;
	r->result = "refused";
	if (is_refused(r))
		return;
	r->session.path = r->path;
	transact(r, handler);
	gate_queue_leave(r->queue);
}

void
gate_request_serve(struct gate_request *r, gate_handler *handler)
{
	gate_answer_begin(r);
	read_origin(r);
	r->path = read_path(r);
	join_cookies(r);
	r->deadline = gate_clock_monotonic() + r->config->options.deadline;
	gate_clock_set_deadline(r->deadline);
	open_session(r);
	answer(r, handler);
	gate_clock_set_deadline(0);
	if (r->config->options.trace)
		gate_session_trace(&r->session, r->runs, r->result);
	gate_answer_finish(r);
}

/* A large answer's memory is not kept for the next one. */
static void
reuse(struct gate_buffer *buffer)
{
	if (buffer->size > KEPT_MAX)
		gate_buffer_release(buffer);
	else
		gate_buffer_reset(buffer);
}

void
gate_request_end(struct gate_request *r)
{
	gate_session_end(&r->session);
	gate_login_forget(&r->login);
	r->address[0] = '\0';
	gate_form_release(&r->query);
	gate_form_release(&r->form);
	r->query_parsed = r->form_parsed = false;
	json_decref(r->json);
	json_decref(r->note);
	r->json = r->note = NULL;
	r->refused = 0;
	r->foreign = false;
	while (r->blocks != NULL) {
		struct gate_block *next = r->blocks->next;

		free(r->blocks);
		r->blocks = next;
	}
	reuse(&r->cookies);
	reuse(&r->forwarded);
	reuse(&r->headers);
	reuse(&r->out);
	reuse(&r->head);
}

void
gate_request_release(struct gate_request *r)
{
	gate_buffer_release(&r->cookies);
	gate_buffer_release(&r->forwarded);
	gate_buffer_release(&r->headers);
	gate_buffer_release(&r->out);
	gate_buffer_release(&r->head);
	json_decref(r->context);
}
