/* session.c: one request's transaction on its session: load, decide, commit. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "log.h"
#include "record.h"
#include "session.h"

#define RENEWED_TIME (60 * 1000) /* ms that a renewed id is remembered */
#define ID_TRIES 3
#define MAX_AGE_MOST (INT64_C(1000) * GATE_COOKIE_AGE_MAX)

/* ---- one run ---- */

void
gate_session_begin(struct gate_session *s)
{
	json_decref(s->json);
	gate_store_release(s->store, &s->record);
	s->state = GATE_SESSION_UNASKED;
	s->id[0] = '\0';
	s->sent = s->old_secret = s->renew = s->destroy = s->age_set = false;
	s->outcome = 0;
	s->record = (struct gate_record){0};
	s->json = NULL;
	s->error = (struct gate_error){0};
	s->action = GATE_SESSION_NOTHING;
	s->cookie = GATE_SESSION_KEEP;
	s->why = s->why_cookie = "";
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
	size_t offsets[GATE_SESSION_CANDIDATES];
	struct gate_buffer values = {0};
	int verified = 0, n;

	n = gate_cookie_values(s->cookies, strlen(s->cookies), s->options->cookie_name, &values,
	    offsets, GATE_SESSION_CANDIDATES);
	s->sent = n > 0;
	for (int i = 0; i < n; i++) {
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
	gate_buffer_release(&values);
	return n < 0 ? -1 : verified;
}

static int
load_candidate(struct gate_session *s, struct candidate *c)
{
	int result;

	c->record = (struct gate_record){
	    .now = s->now, .ttl = s->options->ttl, .deadline = s->deadline};
	result = gate_store_load(
	    s->store, c->id, s->options->absolute_timeout, &c->record, &s->error);
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

static void
renewed_key(char *key, size_t size, const char *id)
{
	snprintf(key, size, "renewed:%.*s", GATE_ID_MAX, id);
}

/* Was the id renewed just now? Its owner's new cookie must not be replaced. 1, 0, -1. */
static int
was_renewed(struct gate_session *s, const char *id)
{
	char key[GATE_ID_MAX + 16];
	struct gate_bump bump;

	renewed_key(key, sizeof key, id);
	if (gate_store_bump(s->store, key, 0, RENEWED_TIME, &bump, &s->error) < 0)
		return -1;
	return bump.count > 0;
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
		renewed = was_renewed(s, found[i].id);
	if (renewed < 0)
		return GATE_SESSION_FAILED;
	return renewed ? GATE_SESSION_GONE : GATE_SESSION_NEW;
}

static enum gate_session_state
load(struct gate_session *s)
{
	struct candidate found[GATE_SESSION_CANDIDATES], *best = NULL;
	enum gate_session_state state = GATE_SESSION_FAILED;
	int n;

	if (!is_under_cookie_path(s)) {
		s->why = "the path is not under cookie_path";
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

/* ---- decide ---- */

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
max_age(const struct gate_session *s)
{
	if (s->age_set)
		return s->max_age;
	return s->state == GATE_SESSION_LOADED ? s->record.max_age : s->options->max_age;
}

static int64_t
clamp(const struct gate_session *s, int64_t time)
{
	int64_t created = s->record.created > 0 ? s->record.created : s->now;

	if (s->options->absolute_timeout == 0)
		return time;
	return smaller(time, created + s->options->absolute_timeout);
}

static bool
touch_is_due(const struct gate_session *s)
{
	int64_t lifetime = max_age(s) != 0 ? max_age(s) : s->options->ttl;
	int64_t window = smaller(s->options->touch_after, lifetime / 10);

	return s->record.touched == 0 || s->now - s->record.touched >= window;
}

static void
act(struct gate_session *s, enum gate_session_action action, const char *why)
{
	s->action = action;
	s->why = why;
}

static void
send_cookie(struct gate_session *s, enum gate_session_cookie cookie, const char *why)
{
	s->cookie = cookie;
	s->why_cookie = why;
}

static void
decide_new(struct gate_session *s, bool changed)
{
	act(s, GATE_SESSION_NOTHING, "new and empty");
	send_cookie(s, GATE_SESSION_KEEP, "nothing was stored");
	if (s->destroy) {
		act(s, GATE_SESSION_NOTHING, "destroyed, there was no record");
		if (s->sent)
			send_cookie(s, GATE_SESSION_CLEAR, "destroyed");
	} else if (changed || s->options->save_uninitialized) {
		act(s, GATE_SESSION_CREATE, changed ? "new and changed" : "save_uninitialized");
		send_cookie(s, GATE_SESSION_SET, "new");
	}
}

static void
decide_loaded_cookie(struct gate_session *s, bool changed, bool age_changed)
{
	send_cookie(s, GATE_SESSION_KEEP, "the browser has it");
	if (s->destroy)
		send_cookie(s, GATE_SESSION_CLEAR, "destroyed");
	else if (s->renew)
		send_cookie(s, GATE_SESSION_SET, "renewed");
	else if (s->options->rolling)
		send_cookie(s, GATE_SESSION_SET, "rolling");
	else if (age_changed || (changed && max_age(s) != 0))
		send_cookie(s, GATE_SESSION_SET, "its expiry moved");
	else if (s->old_secret)
		send_cookie(s, GATE_SESSION_SET, "it was signed with an old secret");
}

static void
decide_loaded(struct gate_session *s, bool changed)
{
	bool age_changed = s->age_set && s->max_age != s->record.max_age;

	if (s->destroy)
		act(s, GATE_SESSION_DESTROY, "destroyed");
	else if (s->renew)
		act(s, GATE_SESSION_RENEW, "renewed");
	else if (changed || age_changed)
		act(s, GATE_SESSION_UPDATE, changed ? "changed" : "its lifetime changed");
	else if (s->options->resave)
		act(s, GATE_SESSION_REWRITE, "resave");
	else if (touch_is_due(s))
		act(s, GATE_SESSION_TOUCH, "touch_after is over");
	else
		act(s, GATE_SESSION_NOTHING, "unchanged and touched just now");
	decide_loaded_cookie(s, changed, age_changed);
}

static void
decide(struct gate_session *s, bool changed)
{
	int64_t age = max_age(s);

	s->expires = clamp(s, s->now + (age != 0 ? age : s->options->ttl));
	switch (s->state) {
	case GATE_SESSION_NEW:
		decide_new(s, changed);
		break;
	case GATE_SESSION_LOADED:
		decide_loaded(s, changed);
		break;
	case GATE_SESSION_GONE:
		if (s->why[0] == '\0')
			s->why = "its record went, or was renewed by another request";
		s->why_cookie = "the browser may have a newer one";
		break;
	case GATE_SESSION_UNASKED:
	case GATE_SESSION_FAILED:
		s->why = s->why_cookie = "not loaded";
		break;
	}
	if (s->cookie == GATE_SESSION_SET && s->options->cookie_secure == GATE_YES && !s->secure)
		send_cookie(s, GATE_SESSION_KEEP, "withheld: cookie_secure over plain http");
}

int64_t
gate_session_end_time(struct gate_session *s)
{
	if (gate_session_json(s) == NULL || max_age(s) == 0 || s->destroy)
		return 0;
	if (s->outcome == 0)
		decide(s, gate_record_differs(&s->record, s->json));
	if (s->action == GATE_SESSION_NOTHING)
		return s->state == GATE_SESSION_LOADED ? clamp(s, s->record.expires) : 0;
	return s->expires;
}

/* ---- commit ---- */

static struct gate_cookie_attributes
attributes(const struct gate_session *s)
{
	const struct gate_options *o = s->options;

	return (struct gate_cookie_attributes){
	    .domain = o->cookie_domain,
	    .path = o->cookie_path,
	    .expires = max_age(s) != 0 ? s->expires : 0,
	    .http_only = o->cookie_http_only,
	    .secure = o->cookie_secure == GATE_YES || (o->cookie_secure == GATE_AUTO && s->secure),
	    .partitioned = o->cookie_partitioned,
	    .priority = o->cookie_priority,
	    .same_site = o->cookie_same_site,
	};
}

/* Brings cookie and gate up to date before a write; a touch leaves gate alone. */
static int
stamp(struct gate_session *s)
{
	struct gate_cookie_attributes cookie = attributes(s);
	struct gate_record_policy policy = {
	    .cookie = &cookie,
	    .max_age = max_age(s),
	    .keep_age = s->state == GATE_SESSION_LOADED && !s->age_set,
	};
	int64_t created = 0;

	if (s->action != GATE_SESSION_TOUCH && s->record.created == 0)
		created = s->now;
	s->record.now = s->now;
	s->record.deadline = s->deadline;
	s->record.ttl = s->options->ttl;
	if (gate_record_stamp(&s->record, &policy, cookie.expires, created) < 0)
		return gate_fail(&s->error, GATE_EMEMORY, "out of memory");
	s->record.expires = s->expires;
	return 0;
}

/* Takes the place in the queue, or says whose to wait for. */
static bool
has_turn(struct gate_session *s)
{
	if (gate_queue_try(s->queue, s->id))
		return true;
	memcpy(s->queue_id, s->id, sizeof s->queue_id);
	return false;
}

static int
create(struct gate_session *s)
{
	int result = 0;

	if (stamp(s) < 0)
		return -1;
	for (int i = 0; i < ID_TRIES && result == 0; i++) {
		if (gate_id_new(s->options->genid, s->id) < 0)
			return gate_fail(&s->error, GATE_ESYSTEM, "getrandom gives nothing: no id");
		result = gate_store_create(s->store, s->id, &s->record, &s->error);
	}
	return result == 0 ? gate_fail(&s->error, GATE_ESTORE, "every new id is taken") : result;
}

static int
update(struct gate_session *s)
{
	int result;

	if (!has_turn(s))
		return GATE_CONFLICT;
	if (stamp(s) < 0)
		return -1;
	result = gate_store_update(s->store, s->id, &s->record, &s->error);
	memcpy(s->queue_id, s->id, sizeof s->queue_id);
	return result;
}

static int
touch(struct gate_session *s)
{
	struct gate_error error = {0};

	if (stamp(s) < 0)
		return -1;
	if (gate_store_touch(s->store, s->id, &s->record, &error) == -1)
		gate_log(GATE_LOG_WARN, "touch-failed", "error", error.text, NULL);
	return 1; /* a conflict: somebody else just wrote */
}

static int
mark_renewed(struct gate_session *s, const char *id, int add)
{
	char key[GATE_ID_MAX + 16];
	struct gate_bump bump;

	renewed_key(key, sizeof key, id);
	return gate_store_bump(s->store, key, add, RENEWED_TIME, &bump, &s->error);
}

/* The new record first, then the old one goes only if it still is what was read. The mark stands
 * before the old one goes, so that no other tab sees neither. */
static int
renew(struct gate_session *s)
{
	char old[GATE_ID_MAX + 1];
	int result;

	if (!has_turn(s))
		return GATE_CONFLICT;
	memcpy(old, s->id, sizeof old);
	memcpy(s->queue_id, s->id, sizeof s->queue_id);
	result = create(s);
	if (result < 0)
		return -1;
	result = mark_renewed(s, old, 1);
	if (result == 1) {
		result = gate_store_remove(s->store, old, &s->record, &s->error);
		if (result == 1)
			return 1;
		mark_renewed(s, old, -1); /* ours only: another renewal may have been faster */
	}
	gate_store_remove(s->store, s->id, NULL, NULL);
	return result == -1 ? -1 : GATE_CONFLICT;
}

static int
destroy(struct gate_session *s)
{
	return gate_store_remove(s->store, s->id, NULL, &s->error) < 0 ? -1 : 1;
}

static int
perform(struct gate_session *s)
{
	switch (s->action) {
	case GATE_SESSION_NOTHING:
		break;
	case GATE_SESSION_CREATE:
		return create(s);
	case GATE_SESSION_UPDATE:
		return update(s);
	case GATE_SESSION_REWRITE:
		return update(s) == -1 ? -1 : 1;
	case GATE_SESSION_TOUCH:
		return touch(s);
	case GATE_SESSION_RENEW:
		return renew(s);
	case GATE_SESSION_DESTROY:
		return destroy(s);
	}
	return 1;
}

/* Where no write had to find the record as it was read, it may have been renewed since then. */
static void
spare_renewed_cookie(struct gate_session *s)
{
	bool compared = s->action == GATE_SESSION_UPDATE || s->action == GATE_SESSION_RENEW;

	if (s->state == GATE_SESSION_LOADED && s->cookie == GATE_SESSION_SET && !compared &&
	    was_renewed(s, s->id) != 0)
		send_cookie(s, GATE_SESSION_KEEP, "withheld: another request renewed it");
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
	if (!s->destroy && s->state != GATE_SESSION_GONE)
		changed = gate_record_merge(&s->record, s->json, &s->error);
	if (changed < 0)
		return -1;
	decide(s, changed);
	result = perform(s);
	spare_renewed_cookie(s);
	return result;
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
	if (s->outcome != GATE_CONFLICT)
		gate_queue_leave(s->queue);
	return s->outcome;
}

int
gate_session_wait(struct gate_session *s)
{
	return s->queue_id[0] == '\0' || gate_queue_wait(s->queue, s->queue_id, s->deadline);
}

int
gate_session_set_cookie(struct gate_session *s, struct gate_buffer *out)
{
	struct gate_cookie_attributes cookie = attributes(s);
	struct gate_buffer value = {0};
	int result = -1;

	if (s->cookie == GATE_SESSION_KEEP || s->outcome != 1)
		return 0;
	cookie.clear = s->cookie == GATE_SESSION_CLEAR;
	if (!cookie.clear) {
		gate_buffer_puts(&value, "s:");
		gate_sign(s->keys, s->id, &value);
	}
	if (!value.failed && gate_cookie_write(out, s->options->cookie_name,
	    gate_buffer_text(&value), &cookie, &s->error) == 0)
		result = 1;
	gate_buffer_release(&value);
	return result;
}

void
gate_session_trace(struct gate_session *s, const char *result)
{
	static const char *const states[] = {"not asked for", "new", "loaded", "gone", "failed"};
	static const char *const actions[] = {
	    "nothing", "create", "update", "rewrite", "touch", "renew", "destroy"};
	static const char *const cookies[] = {"kept", "set", "cleared"};
	char tag[GATE_TAG_LENGTH + 1] = "", age[24] = "";

	if (s->id[0] != '\0')
		gate_sign_tag(s->keys, s->id, tag);
	if (s->state == GATE_SESSION_LOADED)
		snprintf(age, sizeof age, "%" PRId64 "ms", s->now - s->record.touched);
	gate_log(GATE_LOG_INFO, "session", "path", s->path, "session", tag[0] ? tag : NULL, "state",
	    states[s->state], "touched_ago", age[0] ? age : NULL, "did", actions[s->action], "why",
	    s->why, "cookie", cookies[s->cookie], "why_cookie", s->why_cookie, "result", result,
	    "error", s->error.text[0] ? s->error.text : NULL, NULL);
}
