/* session.c: one request's transaction on its session: from its load to its cookie. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "log.h"
#include "record.h"
#include "session_private.h"

#define MAX_AGE_MOST (INT64_C(1000) * GATE_COOKIE_AGE_MAX)

static void
explain(struct gate_session *s, const char *why, const char *why_cookie)
{
	s->why = why;
	s->why_cookie = why_cookie;
}

/* ---- one run ---- */

void
gate_session_begin(struct gate_session *s)
{
	json_decref(s->json);
	gate_store_release(s->store, &s->record);
	s->state = GATE_SESSION_UNASKED;
	s->id[0] = s->signed_id[0] = '\0';
	s->sent = s->old_secret = s->renew = s->destroy = s->age_set = s->compared = false;
	s->outcome = 0;
	s->login = NULL;
	s->was_gone = false;
	s->record = (struct gate_record){0};
	s->json = NULL;
	s->error = (struct gate_error){0};
	s->action = GATE_SESSION_NOTHING;
	s->cookie = GATE_SESSION_KEEP;
	explain(s, "not loaded", "not loaded");
	s->expires = 0;
}

void
gate_session_end(struct gate_session *s)
{
	gate_queue_leave(s->queue);
	json_decref(s->json);
	gate_store_release(s->store, &s->record);
	s->json = NULL;
}

/* ---- load ---- */

struct candidate {
	char id[GATE_ID_MAX + 1];
	bool old_secret, live;
	struct gate_record record;
};

/* The ids that the cookies of our name prove to be ours. How many, or -1. */
static int
find_candidates(struct gate_session *s, struct candidate *found)
{
	size_t offsets[GATE_SESSION_COOKIES];
	struct gate_buffer values = {0};
	int verified = 0, n;

	n = gate_cookie_values(s->cookies, strlen(s->cookies), s->options->cookie_name, &values,
	    offsets, GATE_SESSION_COOKIES);
	s->sent = n > 0;
	for (int i = 0; i < n && verified < GATE_SESSION_CANDIDATES; i++) {
		const char *value = values.data + offsets[i];
		struct candidate *c = &found[verified];
		bool known = false;
		size_t length;

		*c = (struct candidate){0};
		if (!gate_unsign(s->keys, value, strlen(value), &length, &c->old_secret) ||
		    length > GATE_ID_MAX)
			continue;
		memcpy(c->id, value, length);
		for (int j = 0; j < verified; j++)
			known = known || strcmp(found[j].id, c->id) == 0;
		if (!known && gate_id_valid(c->id))
			verified++;
	}
	if (verified > 0)
		memcpy(s->signed_id, found[0].id, sizeof s->signed_id);
	gate_buffer_release(&values);
	return n < 0 ? -1 : verified;
}

struct gate_record
gate_session_blank(const struct gate_session *s)
{
	return (struct gate_record){.now = s->now,
	    .ttl = s->options->ttl,
	    .deadline = s->deadline,
	    .user_member = s->options->user_member};
}

static int
load_candidate(struct gate_session *s, struct candidate *c)
{
	int result;

	c->record = gate_session_blank(s);
	result =
	    gate_store_load(s->store, c->id, s->options->absolute_timeout, &c->record, &s->error);
	c->live = result == 1;
	return result;
}

/* Of several live ones: logged-in before anonymous; of one user or nobody the newest; of several
 * users none, since a stranger may have planted one of them. */
static struct candidate *
choose(struct gate_session *s, struct candidate *found, int n)
{
	struct candidate *best = NULL;

	for (int i = 0; i < n; i++) {
		struct candidate *c = &found[i];

		if (!c->live)
			continue;
		if (best == NULL || (best->record.user == NULL && c->record.user != NULL)) {
			best = c;
		} else if (best->record.user != NULL && c->record.user == NULL) {
			continue;
		} else if (best->record.user != NULL &&
		    strcmp(best->record.user, c->record.user) != 0) {
			gate_log(GATE_LOG_WARN, "cookies-of-several-users", "cookie",
			    s->options->cookie_name, NULL);
			return NULL;
		} else if (c->record.created > best->record.created) {
			best = c;
		}
	}
	return best;
}

/* express-session's path rule: a plain prefix, without segments. */
static bool
is_under_cookie_path(const struct gate_session *s)
{
	return strncmp(s->path, s->options->cookie_path, strlen(s->options->cookie_path)) == 0;
}

static enum gate_session_state
state_without_record(struct gate_session *s, const struct candidate *found, int n)
{
	int renewed = s->had_record;

	for (int i = 0; i < n && renewed == 0; i++)
		renewed = gate_session_was_renewed(s, found[i].id);
	if (renewed < 0)
		return GATE_SESSION_FAILED;
	if (renewed == 0)
		return GATE_SESSION_NEW;
	explain(s, "its record went, or was renewed by another request",
	    "the browser may have a newer one");
	return GATE_SESSION_GONE;
}

static enum gate_session_state
load(struct gate_session *s)
{
	struct candidate found[GATE_SESSION_CANDIDATES], *best = NULL;
	enum gate_session_state state = GATE_SESSION_FAILED;
	int n;

	if (!is_under_cookie_path(s)) {
		explain(
		    s, "the path is not under cookie_path", "the path is not under cookie_path");
		return GATE_SESSION_GONE;
	}
	n = find_candidates(s, found);
	if (n < 0) {
		gate_fail(&s->error, GATE_EMEMORY, "out of memory");
		return GATE_SESSION_FAILED;
	}
	for (int i = 0; i < n; i++)
		if (load_candidate(s, &found[i]) < 0)
			goto out;
	best = choose(s, found, n);
	if (best == NULL) {
		state = state_without_record(s, found, n);
		goto out;
	}
	memcpy(s->id, best->id, sizeof s->id);
	s->old_secret = best->old_secret;
	s->record = best->record;
	s->touched = best->record.touched;
	best->live = false;
	s->had_record = true;
	state = GATE_SESSION_LOADED;
out:
	for (int i = 0; i < n; i++)
		if (found[i].live)
			gate_store_release(s->store, &found[i].record);
	return state;
}

json_t *
gate_session_json(struct gate_session *s)
{
	if (s->state == GATE_SESSION_UNASKED)
		s->state = load(s);
	if (s->json == NULL)
		s->json = s->state == GATE_SESSION_LOADED && !s->destroy
		    ? gate_record_session(&s->record)
		    : json_object();
	if (s->json == NULL) {
		gate_fail(&s->error, GATE_EMEMORY, "out of memory");
		s->state = GATE_SESSION_FAILED;
	}
	return s->json;
}

/* ---- what the handler asks for ---- */

int
gate_session_ask_renew(struct gate_session *s)
{
	gate_session_json(s);
	s->renew = s->outcome == 0;
	return s->renew ? 0 : -1;
}

int
gate_session_ask_destroy(struct gate_session *s)
{
	gate_session_json(s);
	if (s->outcome != 0)
		return -1;
	s->destroy = true;
	s->login = NULL;
	if (s->was_gone)
		s->state = GATE_SESSION_GONE;
	json_object_clear(s->json);
	return 0;
}

int
gate_session_ask_max_age(struct gate_session *s, int64_t ms)
{
	gate_session_json(s);
	if (s->outcome != 0 || ms < 0)
		return -1;
	s->age_set = true;
	s->max_age = ms < MAX_AGE_MOST ? ms : MAX_AGE_MOST;
	return 0;
}

const char *
gate_session_user(struct gate_session *s)
{
	gate_session_json(s);
	if (s->destroy)
		return NULL;
	if (s->login != NULL)
		return s->login->name;
	return s->state == GATE_SESSION_LOADED ? s->record.user : NULL;
}

/* One whose record went meanwhile has its right from the password all the same: it gets a session
 * of its own, with nothing in it. */
int
gate_session_ask_login(
    struct gate_session *s, const struct gate_record_login *login, int64_t max_age)
{
	const char *before = gate_session_user(s), *member = s->options->user_member;

	if (s->outcome != 0 || s->state == GATE_SESSION_FAILED)
		return -1;
	s->was_gone = s->was_gone || s->state == GATE_SESSION_GONE;
	if (s->state == GATE_SESSION_GONE)
		s->state = GATE_SESSION_NEW;
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
	s->record.created = 0; /* its time begins anew */
	return gate_session_ask_max_age(s, max_age);
}

/* ---- the commit ---- */

/* Nobody is logged in by what a handler writes. */
static int
check_user(struct gate_session *s)
{
	const char *member = s->options->user_member;

	if (strcmp(member, "gate.user") == 0 || s->destroy || s->state == GATE_SESSION_GONE ||
	    gate_record_is_user(&s->record, s->json, member, gate_session_user(s)))
		return 0;
	return gate_fail(&s->error, GATE_ESESSION,
	    "session member %s says who is logged in: only gate_login and gate_logout change it",
	    member);
}

/* Where no write had to find the record as it was read, it may have gone since then: renewed, or
 * destroyed by a logout. Its cookie must not take the place of a fresh one. */
static void
spare_fresh_cookie(struct gate_session *s)
{
	struct gate_record now = gate_session_blank(s);

	if (s->state != GATE_SESSION_LOADED || s->cookie != GATE_SESSION_SET || s->compared)
		return;
	if (gate_store_load(s->store, s->id, 0, &now, NULL) != 1) {
		s->cookie = GATE_SESSION_KEEP;
		s->why_cookie = "withheld: another request renewed or destroyed it";
	}
	gate_store_release(s->store, &now);
}

/* The session is read-only after its commit. */
static void
warn_of_late_change(struct gate_session *s)
{
	char tag[GATE_TAG_LENGTH + 1];

	if (s->destroy || s->state == GATE_SESSION_GONE ||
	    !gate_record_differs(&s->record, s->json))
		return;
	gate_sign_tag(s->keys, s->id, tag);
	gate_log(GATE_LOG_WARN, "change-after-commit", "session", tag, "error",
	    "the handler changed the session after gate_session_commit: dropped", NULL);
}

static int
commit(struct gate_session *s)
{
	int changed = 0, result;

	if (s->state == GATE_SESSION_FAILED)
		return -1;
	if (check_user(s) < 0)
		changed = -1;
	else if (!s->destroy && s->state != GATE_SESSION_GONE)
		changed = gate_record_merge(&s->record, s->json, &s->error);
	if (changed < 0) {
		s->why = "it can't be stored";
		return -1;
	}
	gate_session_decide(s, changed || s->record.user_changed);
	result = gate_session_perform(s);
	if (result == 1)
		spare_fresh_cookie(s);
	return result;
}

/* Once each: the browser has another cookie then. */
static void
report_cookie(struct gate_session *s)
{
	char tag[GATE_TAG_LENGTH + 1];

	if (s->cookie != GATE_SESSION_SET || s->signed_id[0] == '\0')
		return;
	gate_sign_tag(s->keys, s->signed_id, tag);
	if (s->state == GATE_SESSION_NEW)
		gate_log(GATE_LOG_INFO, "session-unknown", "session", tag, "why",
		    "it expired or was ended; a new one takes its place", NULL);
	else if (s->old_secret)
		gate_log(GATE_LOG_INFO, "cookie-signed-anew", "session", tag, "why",
		    "an old secret had signed it", NULL);
}

int
gate_session_save(struct gate_session *s)
{
	if (s->state == GATE_SESSION_UNASKED)
		return 1;
	if (s->outcome == 1)
		warn_of_late_change(s);
	if (s->outcome != 0)
		return s->outcome;
	s->outcome = commit(s);
	if (s->outcome == 1)
		report_cookie(s);
	if (s->outcome != GATE_CONFLICT)
		gate_queue_leave(s->queue);
	return s->outcome;
}

int
gate_session_wait(struct gate_session *s)
{
	return s->queue_id[0] == '\0' || gate_queue_wait(s->queue, s->queue_id, s->deadline);
}

/* ---- what it leaves: the cookie and the trace ---- */

struct gate_cookie_attributes
gate_session_attributes(const struct gate_session *s)
{
	const struct gate_options *o = s->options;

	return (struct gate_cookie_attributes){
	    .domain = o->cookie_domain,
	    .path = o->cookie_path,
	    .expires = gate_session_lifetime(s) != 0 ? s->expires : 0,
	    .http_only = o->cookie_http_only,
	    .secure = o->cookie_secure == GATE_YES || (o->cookie_secure == GATE_AUTO && s->secure),
	    .partitioned = o->cookie_partitioned,
	    .priority = o->cookie_priority,
	    .same_site = o->cookie_same_site,
	};
}

int
gate_session_set_cookie(struct gate_session *s, struct gate_buffer *out)
{
	struct gate_cookie_attributes cookie = gate_session_attributes(s);
	struct gate_buffer value = {0};
	int result = -1;

	if (s->cookie == GATE_SESSION_KEEP || s->outcome != 1)
		return 0;
	cookie.clear = s->cookie == GATE_SESSION_CLEAR;
	if (!cookie.clear) {
		gate_buffer_puts(&value, "s:");
		gate_sign(s->keys, s->id, &value);
	}
	if (!value.failed &&
	    gate_cookie_write(
		out, s->options->cookie_name, gate_buffer_text(&value), &cookie, &s->error) == 0)
		result = 1;
	gate_buffer_release(&value);
	return result;
}

void
gate_session_trace(struct gate_session *s, int runs, const char *result)
{
	static const char *const states[] = {"not asked for", "new", "loaded", "gone", "failed"};
	static const char *const actions[] = {
	    "nothing", "create", "update", "rewrite", "touch", "renew", "destroy"};
	static const char *const cookies[] = {"kept", "set", "cleared"};
	char tag[GATE_TAG_LENGTH + 1] = "", age[24] = "", times[16];
	bool sent = s->outcome == 1 || s->state == GATE_SESSION_UNASKED;

	if (s->id[0] != '\0')
		gate_sign_tag(s->keys, s->id, tag);
	if (s->state == GATE_SESSION_LOADED && s->touched > 0)
		snprintf(age, sizeof age, "%" PRId64 "ms", s->now - s->touched);
	snprintf(times, sizeof times, "%d", runs);
	gate_log(GATE_LOG_INFO, "session", "path", s->path, "runs", runs > 1 ? times : NULL,
	    "session", tag[0] ? tag : NULL, "state", states[s->state], "touched_ago",
	    age[0] ? age : NULL, "did", actions[s->action], "why", s->why, "cookie",
	    cookies[sent ? s->cookie : GATE_SESSION_KEEP], "why_cookie",
	    sent ? s->why_cookie : "the answer is thrown away", "result", result, "error",
	    s->error.text[0] ? s->error.text : NULL, NULL);
}
