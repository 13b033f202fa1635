/* session/transaction.c: one request's transaction on its session, from the load to the cookie. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "record/record.h"
#include "session/private.h"

#define MAX_AGE_MOST (INT64_C(1000) * GATE_COOKIE_AGE_MAX)

/* ---- what the handler asks for ---- */

int
gate_transaction_renew(struct gate_transaction *s)
{
	gate_transaction_json(s);
	s->renew = s->outcome == 0;
	return s->renew ? 0 : -1;
}

int
gate_transaction_destroy(struct gate_transaction *s)
{
	gate_transaction_json(s);
	if (s->outcome != 0)
		return -1;
	s->destroy = true;
	s->login = NULL;
	if (s->before != GATE_SESSION_UNASKED)
		s->state = s->before;
	json_object_clear(s->json);
	return 0;
}

int
gate_transaction_set_max_age(struct gate_transaction *s, int64_t ms)
{
	gate_transaction_json(s);
	if (s->outcome != 0 || ms < 0)
		return -1;
	s->age_set = true;
	s->max_age = ms < MAX_AGE_MOST ? ms : MAX_AGE_MOST;
	return 0;
}

void
gate_transaction_set_submit(struct gate_transaction *s, const char *submit)
{
	snprintf(s->submit, sizeof s->submit, "%s", submit);
}

void
gate_transaction_set_mark(struct gate_transaction *s, const char *key)
{
	snprintf(s->mark, sizeof s->mark, "%s", key);
}

void
gate_transaction_fail(struct gate_transaction *s, const struct gate_error *why)
{
	s->state = GATE_SESSION_FAILED;
	if (s->error.code == GATE_OK)
		s->error = *why;
}

void
gate_transaction_only_look(struct gate_transaction *s, bool touch)
{
	s->only_looks = true;
	s->untouched = !touch;
}

void
gate_transaction_withhold_cookie(struct gate_transaction *s)
{
	s->decision.cookie = GATE_SESSION_KEEP;
}

const char *
gate_transaction_user(struct gate_transaction *s)
{
	gate_transaction_ask(s);
	if (s->destroy)
		return NULL;
	if (s->login != NULL)
		return s->login->name;
	return s->state == GATE_SESSION_LOADED ? s->record.user : NULL;
}

int
gate_transaction_log_in(
    struct gate_transaction *s, const struct gate_record_login *login, int64_t max_age)
{
	const char *before = gate_transaction_user(s), *member = s->options->user_member;

	gate_transaction_json(s);
	if (s->outcome != 0 || s->state == GATE_SESSION_FAILED ||
	    s->state == GATE_SESSION_REFUSED || gate_transaction_is_overfull(s))
		return -1;
	if (!gate_transaction_is_open(s)) {
		s->before = s->state;
		s->state = GATE_SESSION_NEW;
	}
	if (s->destroy || (before != NULL && strcmp(before, login->name) != 0)) {
		json_object_clear(s->json);
		gate_record_empty(&s->record);
	}
	if (strcmp(member, "gate.user") != 0 &&
	    gate_record_put_user(&s->record, s->json, member, login->name) < 0)
		return -1;
	s->destroy = false;
	s->renew = true;
	s->login = login;
	s->record.created = 0; /* absolute_timeout begins anew */
	return gate_transaction_set_max_age(s, max_age);
}

void
gate_transaction_set_since(struct gate_transaction *s, int64_t since)
{
	gate_transaction_json(s);
	if (s->outcome != 0 || s->state != GATE_SESSION_LOADED)
		return;
	s->since = s->own_since = since;
}

bool
gate_transaction_has_turn(struct gate_transaction *s)
{
	gate_transaction_json(s);
	if (s->state != GATE_SESSION_LOADED || s->outcome != 0 ||
	    (!s->waits && strcmp(s->queue_id, s->id) == 0 && gate_queue_try(s->queue, s->id)))
		return true;
	memcpy(s->queue_id, s->id, sizeof s->queue_id);
	s->waits = true;
	return false;
}

int
gate_transaction_resume(struct gate_transaction *s, const char *id)
{
	struct gate_record record = gate_transaction_blank(s);
	int result = gate_store_load(s->store, id, s->options, &record, &s->error);
	json_t *members;

	gate_transaction_json(s);
	if (result < 0)
		s->state = GATE_SESSION_FAILED;
	if (result != 1)
		return result;
	gate_store_release(s->store, &s->record);
	s->record = record;
	s->touched = record.touched;
	snprintf(s->id, sizeof s->id, "%s", id);
	s->state = GATE_SESSION_LOADED;
	s->resumed = true;
	members = gate_record_session(&s->record); /* the handler may hold s->json: keep that */
	json_object_clear(s->json);
	if (members == NULL || json_object_update(s->json, members) < 0) {
		gate_fail(&s->error, GATE_EMEMORY, "out of memory");
		s->state = GATE_SESSION_FAILED;
		result = -1;
	}
	json_decref(members);
	return result;
}

/* ---- the commit ---- */

/* Checks that the handler has not changed who is logged in: only gate_login and gate_logout may. */
static int
check_user(struct gate_transaction *s)
{
	const char *member = s->options->user_member;

	if (strcmp(member, "gate.user") == 0 || s->destroy || !gate_transaction_is_open(s) ||
	    gate_record_is_user(&s->record, s->json, member, gate_transaction_user(s)))
		return 0;
	return gate_fail(&s->error, GATE_ESESSION,
	    "session member %s says who is logged in: only gate_login and gate_logout change it",
	    member);
}

/* Withholds the cookie if the record went meanwhile. If no write compared the record with what was
 * read, another request may have renewed or destroyed it, and the old cookie must not replace a
 * newer one. */
static void
spare_fresh_cookie(struct gate_transaction *s)
{
	struct gate_record now = gate_transaction_blank(s);

	if (s->state != GATE_SESSION_LOADED || s->decision.cookie != GATE_SESSION_SET ||
	    s->compared)
		return;
	if (gate_store_load(s->store, s->id, NULL, &now, NULL) != 1) {
		s->decision.cookie = GATE_SESSION_KEEP;
		s->decision.why_cookie = "withheld: another request renewed or destroyed it";
	}
	gate_store_release(s->store, &now);
}

static void
warn_of_late_change(struct gate_transaction *s)
{
	char tag[GATE_TAG_LENGTH + 1];

	if (s->destroy || !gate_transaction_is_open(s) || !gate_record_differs(&s->record, s->json))
		return;
	gate_sign_tag(s->keys, s->id, tag);
	gate_log(GATE_LOG_WARN, "change-after-commit", "session", tag, "error",
	    "the handler changed the session after gate_session_commit: dropped", NULL);
}

/* Returns whether the handler changed a session that can't be written: its page would say that the
 * change was made. */
static bool
loses_change(struct gate_transaction *s)
{
	bool changes = json_object_size(s->json) > 0 || s->age_set || s->renew;

	if ((s->state != GATE_SESSION_GONE && s->state != GATE_SESSION_UNCLEAR) || s->destroy ||
	    !changes)
		return false;
	if (s->state == GATE_SESSION_GONE)
		gate_transaction_refuse(s, GATE_SESSION_LOST);
	return true;
}

static int
commit(struct gate_transaction *s)
{
	int changed = 0, result;

	if (s->state == GATE_SESSION_FAILED || s->state == GATE_SESSION_REFUSED || loses_change(s))
		return -1;
	if (s->waits)
		return GATE_CONFLICT;
	if (s->json != NULL && check_user(s) < 0)
		changed = -1;
	else if (s->json != NULL && !s->destroy && gate_transaction_is_open(s))
		changed = gate_record_merge(&s->record, s->json, &s->error);
	if (changed < 0) {
		s->decision.why = "it can't be stored";
		return -1;
	}
	s->decision = gate_transaction_decide(
	    s, changed || s->record.user_changed || s->since != 0 || s->submit[0] != '\0');
	result = gate_transaction_perform(s);
	if (result == 1)
		spare_fresh_cookie(s);
	if (result == 1 && s->login != NULL) /* the login stands even if this fails */
		gate_transaction_end_shown(s, "a login took their place");
	return result;
}

/* Logs each case once per browser, as the browser gets another cookie with it. */
static void
report_cookie(struct gate_transaction *s)
{
	char tag[GATE_TAG_LENGTH + 1];

	if (s->decision.cookie != GATE_SESSION_SET || s->shown_count == 0)
		return;
	gate_sign_tag(s->keys, s->shown[0].id, tag);
	if (s->state == GATE_SESSION_NEW && s->before == GATE_SESSION_UNASKED)
		gate_log(GATE_LOG_INFO, "session-unknown", "session", tag, "why",
		    "it expired or was ended; a new one takes its place", NULL);
	else if (s->old_secret)
		gate_log(GATE_LOG_INFO, "cookie-signed-anew", "session", tag, "why",
		    "an old secret had signed it", NULL);
}

/* Warns: without a cookie no session lasts, and the admin could not find out why. */
static void
report_withheld(struct gate_transaction *s)
{
	if (s->decision.action != GATE_SESSION_CREATE || s->options->cookie_secure != GATE_YES ||
	    s->secure)
		return;
	gate_log(GATE_LOG_WARN, "cookie-withheld", "path", s->path, "cookie",
	    s->options->cookie_name, "why",
	    "cookie_secure = yes, and the request came neither by https nor from a proxy that "
	    "trusted_proxies names and that says https",
	    NULL);
}

int
gate_transaction_save(struct gate_transaction *s)
{
	if (s->state == GATE_SESSION_UNASKED)
		return 1;
	if (s->outcome == 1)
		warn_of_late_change(s);
	if (s->outcome != 0)
		return s->outcome;
	s->outcome = commit(s);
	if (s->outcome == 1) {
		report_cookie(s);
		report_withheld(s);
	}
	if (s->outcome != GATE_CONFLICT)
		gate_queue_leave(s->queue);
	return s->outcome;
}

int64_t
gate_transaction_end_time(struct gate_transaction *s)
{
	struct gate_transaction_decision d;

	if (gate_transaction_json(s) == NULL || gate_transaction_lifetime(s) == 0 || s->destroy)
		return 0;
	d = s->outcome != 0 ? s->decision
			    : gate_transaction_decide(s,
				  s->record.user_changed || s->since != 0 ||
				      gate_record_differs(&s->record, s->json));
	if (d.action == GATE_SESSION_NOTHING)
		return s->state == GATE_SESSION_LOADED
		    ? gate_transaction_clamp(s, s->record.expires)
		    : 0;
	return d.expires;
}

int
gate_transaction_wait(struct gate_transaction *s)
{
	return s->queue_id[0] == '\0' || gate_queue_wait(s->queue, s->queue_id, s->deadline);
}

/* ---- what it leaves: the cookie and the trace ---- */

/* Sets Domain and Path to those of the cookie that the browser has, as the record's `stored` cookie
 * says: with others it would be a second cookie. Both are borrowed from `stored`. */
static void
put_in_its_place(
    const struct gate_transaction *s, json_t *stored, struct gate_cookie_attributes *cookie)
{
	struct gate_cookie_attributes own = *cookie;
	const json_t *path = json_object_get(stored, "path");

	own.domain = json_string_value(json_object_get(stored, "domain"));
	own.path = path != NULL ? json_string_value(path) : "/";
	if (own.path != NULL && gate_cookie_check(s->options->cookie_name, &own, NULL) == 0)
		*cookie = own;
}

/* Makes the n-th attributes that clear our cookie wherever it may be: for this host and for
 * cookie_domain, at / and at cookie_path. Returns false if there are no more. */
static bool
clear_at(const struct gate_transaction *s, int n, struct gate_cookie_attributes *cookie)
{
	const struct gate_options *o = s->options;
	const char *const domains[2] = {o->cookie_domain, ""},
			  *const paths[2] = {o->cookie_path, "/"};
	int domain_count = o->cookie_domain[0] != '\0' ? 2 : 1;
	int path_count = strcmp(o->cookie_path, "/") != 0 ? 2 : 1;

	if (n >= domain_count * path_count)
		return false;
	cookie->clear = true;
	cookie->domain = domains[n % domain_count];
	cookie->path = paths[n / domain_count];
	return true;
}

int
gate_transaction_set_cookie(struct gate_transaction *s, int n, struct gate_buffer *out)
{
	struct gate_cookie_attributes cookie = gate_transaction_attributes(s);
	struct gate_buffer value = {0};
	json_t *stored = NULL;
	int result = -1;

	if (s->decision.cookie == GATE_SESSION_KEEP || s->outcome != 1)
		return 0;
	if (s->decision.cookie == GATE_SESSION_CLEAR ? !clear_at(s, n, &cookie) : n > 0)
		return 0;
	if (s->decision.with_touch && (stored = gate_record_cookie(&s->record)) != NULL)
		put_in_its_place(s, stored, &cookie);
	if (!cookie.clear) {
		gate_buffer_puts(&value, "s:");
		gate_sign(s->keys, s->id, &value);
	}
	if (!value.failed &&
	    gate_cookie_write(
		out, s->options->cookie_name, gate_buffer_text(&value), &cookie, &s->error) == 0)
		result = 1;
	gate_buffer_release(&value);
	json_decref(stored);
	return result;
}

void
gate_transaction_trace(struct gate_transaction *s, int runs, const char *result)
{
	static const char *const states[] = {
	    "not asked for", "new", "loaded", "gone", "unclear", "outside", "refused", "failed"};
	static const char *const actions[] = {
	    "nothing", "create", "update", "rewrite", "touch", "renew", "destroy"};
	static const char *const cookies[] = {"kept", "set", "cleared"};
	char tag[GATE_TAG_LENGTH + 1] = "", age[24] = "", times[16];
	bool sent = s->outcome == 1 || s->state == GATE_SESSION_UNASKED ||
	    s->refusal != GATE_SESSION_WELCOME;

	if (s->id[0] != '\0')
		gate_sign_tag(s->keys, s->id, tag);
	if (s->state == GATE_SESSION_LOADED && s->touched > 0)
		snprintf(age, sizeof age, "%" PRId64 "ms", s->later - s->touched);
	snprintf(times, sizeof times, "%d", runs);
	gate_log(GATE_LOG_EACH, "session", "path", s->path, "runs", runs > 1 ? times : NULL,
	    "session", tag[0] ? tag : NULL, "state", states[s->state], "touched_ago",
	    age[0] ? age : NULL, "did", actions[s->decision.action], "why", s->decision.why,
	    "cookie", cookies[sent ? s->decision.cookie : GATE_SESSION_KEEP], "why_cookie",
	    sent ? s->decision.why_cookie : "the answer is thrown away", "result", result, "error",
	    s->error.text[0] ? s->error.text : NULL, NULL);
}
