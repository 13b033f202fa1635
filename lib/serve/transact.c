/* serve/transact.c: runs a request's handler until its session is saved. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "guard/guard.h"
#include "login/login.h"
#include "serve/transact.h"

#define UNAVAILABLE "The service can't reach its data just now. Nothing was lost: try again soon."
#define UNAVAILABLE_CHANGED                                                                        \
	"Your new password is stored, but your session could not be: log in with it, soon."

/* Returns why r->refused is answered, for the log. */
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

/* Answers a request that must not reach the handler. Returns true if it was answered. */
static bool
is_refused(struct gate_request *r)
{
	const char *why;
	char status[16];

	if (r->refused == 0 && r->method == NULL && gate_param(r, "GATE_CHECK") != NULL) {
		r->path = "/"; /* `gate check` sent it; no web server leaves out the method */
		r->guard = false;
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
	if (r->guard) /* what a guarded site does with a foreign request is its own affair */
		return false;
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

/* Does one run: handler, page, commit. Returns what gate_transaction_save does; 1 after a page that
 * can't be rendered: then nothing is saved. */
static int
run(struct gate_request *r, gate_handler *handler)
{
	struct gate_transaction *s = &r->transaction;
	int result;

	r->runs++;
	gate_answer_begin(r);
	s->now = gate_clock_wall();
	gate_transaction_begin(s);
	handler(r);
	if (s->outcome >= 0 && s->state != GATE_SESSION_FAILED &&
	    s->state != GATE_SESSION_REFUSED && gate_page_render(r) < 0) {
		r->result = "no page";
		gate_answer_error(r, 500, NULL);
		return 1;
	}
	result = gate_transaction_save(s);
	r->result = result == 1 ? "done" : result == GATE_CONFLICT ? "conflict" : "failed";
	return result;
}

/* Answers a refusal of the session. Returns false if there was none. The page that loads itself
 * again keeps an error status of the handler: where the status says who may pass, a stranger must
 * not pass. */
static bool
answer_refusal(struct gate_request *r)
{
	const char *text;
	int status;

	if (r->transaction.error.code != GATE_OK || r->transaction.refusal == GATE_SESSION_WELCOME)
		return false;
	status = gate_transaction_refusal_status(&r->transaction, &text);
	if (status == 0)
		gate_answer_reload(r, r->status >= 400 ? r->status : 200);
	else
		gate_answer_error(r, status, text);
	r->result = "refused";
	return true;
}

/* Returns what the page says if the session could not be stored. */
static const char *
unavailable(const struct gate_request *r)
{
	return r->login.change_answer == 1 ? UNAVAILABLE_CHANGED : UNAVAILABLE;
}

static void
report_failure(struct gate_request *r)
{
	const struct gate_error *error = &r->transaction.error;
	bool ours = error->code == GATE_ESESSION;
	const char *text = ours ? NULL : unavailable(r);

	if (answer_refusal(r))
		return;
	gate_log(GATE_LOG_ERROR, ours ? "session-refused" : "store-failed", "path", r->path,
	    "error", error->text, NULL);
	if (r->transaction.refusal == GATE_SESSION_CROWDED)
		gate_transaction_refusal_status(&r->transaction, &text);
	gate_answer_error(r, ours ? 500 : 503, text);
}

static void
transact(struct gate_request *r, gate_handler *handler)
{
	int result;

	while ((result = run(r, handler)) == GATE_CONFLICT) {
		if (gate_clock_monotonic() < r->deadline && gate_transaction_wait(&r->transaction))
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

/* Gives up the place in the queue before the answer is sent. */
static void
serve_in_turn(struct gate_request *r, gate_handler *handler)
{
	r->runs = 0;
	r->result = "refused";
	if (is_refused(r))
		return;
	transact(r, handler);
	gate_queue_leave(r->queue);
}

void
gate_request_serve(struct gate_request *r, gate_handler *handler)
{
	r->guard = handler == gate_guard;
	gate_answer_begin(r);
	gate_request_read(r);
	gate_clock_set_deadline(r->deadline);
	serve_in_turn(r, handler);
	gate_clock_set_deadline(0);
	if (r->config->options.trace)
		gate_transaction_trace(&r->transaction, r->runs, r->result);
	if (r->guard)
		gate_guard_finish(r);
	gate_answer_finish(r);
}
