/* session/load.c: finds the request's session by the cookies of our name, and loads it. */
#include "config.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "crypto/id.h"
#include "record/record.h"
#include "session/private.h"

/* Adds the id that a cookie's value proves, if it is not there yet. Returns false if it has no
 * place. */
static bool
show(struct gate_transaction *s, const char *value)
{
	struct gate_session_shown shown = {.there = true, .personal = true};
	size_t length;

	if (!gate_unsign(s->keys, value, strlen(value), &length, &shown.old_secret) ||
	    length > GATE_ID_MAX)
		return true;
	memcpy(shown.id, value, length);
	if (!gate_id_valid(shown.id))
		return true;
	for (int i = 0; i < s->shown_count; i++)
		if (strcmp(s->shown[i].id, shown.id) == 0)
			return true;
	if (s->shown_count == GATE_SESSION_IDS)
		return false;
	s->shown[s->shown_count++] = shown;
	return true;
}

/* Looks at all cookies of our name: one that proves nothing must not hide one that does. Returns 1,
 * 0 if they prove more ids than are looked up, or -1 if out of memory. */
static int
find_shown(struct gate_transaction *s)
{
	size_t offsets[GATE_COOKIE_PAIRS_MAX];
	struct gate_buffer values = {0};
	int n = gate_cookie_values(s->cookies, strlen(s->cookies), s->options->cookie_name, &values,
	    offsets, GATE_COOKIE_PAIRS_MAX);
	bool all = n < GATE_COOKIE_PAIRS_MAX; /* there may be more */

	s->sent = n > 0;
	s->shown_count = 0;
	for (int i = 0; i < n && all; i++)
		all = show(s, values.data + offsets[i]);
	gate_buffer_release(&values);
	if (n < 0)
		return gate_fail(&s->error, GATE_EMEMORY, "out of memory");
	return all;
}

bool
gate_transaction_is_overfull(struct gate_transaction *s)
{
	bool early = s->state == GATE_SESSION_UNASKED;
	int found;

	if (gate_transaction_is_too_large(s))
		return true;
	found = early ? find_shown(s) : s->refusal != GATE_SESSION_TOO_MANY;
	if (found < 0) {
		s->state = GATE_SESSION_FAILED;
		return true;
	}
	if (found == 0 || s->shown_count == GATE_SESSION_IDS) {
		if (s->refusal != GATE_SESSION_TOO_MANY)
			gate_transaction_refuse(s, GATE_SESSION_TOO_MANY);
		s->state = GATE_SESSION_REFUSED;
		return true;
	}
	if (early) { /* the load finds them again */
		s->shown_count = 0;
		s->sent = false;
	}
	return false;
}

/* Chooses among the sessions that are there: one with a user before one without, then the newest.
 * Returns its index, -1 if there is none, or -2 if they are of several users: a stranger may have
 * planted one of them. */
static int
choose(const struct gate_transaction *s, const struct gate_record *records)
{
	int best = -1;

	for (int i = 0; i < s->shown_count; i++) {
		const struct gate_record *b = best >= 0 ? &records[best] : NULL, *r = &records[i];

		if (!s->shown[i].there)
			continue;
		if (b == NULL || (b->user == NULL && r->user != NULL))
			best = i;
		else if (b->user != NULL && r->user == NULL)
			continue;
		else if (b->user != NULL && strcmp(b->user, r->user) != 0)
			return -2;
		else if (r->created > b->created)
			best = i;
	}
	return best;
}

/* Warns once, in a process that has never seen a path under cookie_path. */
static void
report_outside(struct gate_transaction *s)
{
	int unknown = GATE_PATH_UNKNOWN;

	gate_transaction_explain(
	    s, "the path is not under cookie_path", "the path is not under cookie_path");
	if (atomic_compare_exchange_strong(&s->store->paths, &unknown, GATE_PATH_OUTSIDE))
		gate_log(GATE_LOG_WARN, "outside-cookie-path", "path", s->path, "cookie_path",
		    s->options->cookie_path, "why",
		    "what does not begin with the option cookie_path sees no session and makes "
		    "none; if a proxy took the option mount away, the web server must say so by "
		    "GATE_STRIPPED",
		    NULL);
}

/* Follows express-session's rule: cookie_path is a plain prefix, whatever segments there are. */
static bool
is_under_cookie_path(struct gate_transaction *s)
{
	if (strncmp(s->path, s->options->cookie_path, strlen(s->options->cookie_path)) != 0) {
		report_outside(s);
		return false;
	}
	if (atomic_load(&s->store->paths) != GATE_PATH_UNDER)
		atomic_store(&s->store->paths, GATE_PATH_UNDER);
	return true;
}

static enum gate_session_state
be_unclear(struct gate_transaction *s, enum gate_session_refusal why)
{
	gate_transaction_refuse(s, why);
	return GATE_SESSION_UNCLEAR;
}

/* Returns whether the session is over by its user's time. If the users are in a database, only a
 * write asks them; after it found the session over, the next run asks here, too. */
static bool
is_over(struct gate_transaction *s, const struct gate_record *record, bool *fresh)
{
	return s->users != NULL && (gate_users_are_near(s->users) || s->look_again) &&
	    gate_transaction_is_over(s, record, fresh) == 1;
}

/* Returns the state of a request without a record. ended_now: one of its sessions was ended within
 * a minute, so its browser may be about to get a new cookie. */
static enum gate_session_state
state_without_record(struct gate_transaction *s, bool ended_now)
{
	int renewed = s->had_record || ended_now;

	for (int i = 0; i < s->shown_count && renewed == 0; i++)
		renewed = gate_transaction_was_renewed(s, s->shown[i].id);
	if (renewed < 0)
		return GATE_SESSION_FAILED;
	if (renewed == 0)
		return GATE_SESSION_NEW;
	gate_transaction_explain(s, "its record went, or was renewed by another request",
	    "the browser may have a newer one");
	return GATE_SESSION_GONE;
}

static void
take(struct gate_transaction *s, int which, struct gate_record *record)
{
	memcpy(s->id, s->shown[which].id, sizeof s->id);
	s->old_secret = s->shown[which].old_secret;
	s->record = *record;
	s->touched = record->touched;
	s->had_record = true;
	*record = gate_transaction_blank(s); /* s owns it now: release only the others */
}

/* Loads a record, as gate_store_load does; returns 0, too, if the session is over by its user's
 * time. If that time was set just now, by a request that may be about to write this session, waits
 * for the session's turn and looks again. *ended_now: whether a session was ended just now; it
 * waits only once. */
static int
load_one(struct gate_transaction *s, const char *id, struct gate_record *record, bool *ended_now)
{
	bool fresh = false;
	int result = gate_store_load(s->store, id, s->options, record, &s->error);

	if (result != 1 || !is_over(s, record, &fresh))
		return result;
	gate_store_release(s->store, record);
	if (fresh && !*ended_now && gate_queue_wait(s->queue, id, s->deadline)) {
		*ended_now = true;
		return load_one(s, id, record, ended_now);
	}
	*ended_now = *ended_now || fresh;
	return 0;
}

static int
look_at(struct gate_transaction *s, struct gate_session_shown *shown, struct gate_record *record,
    bool *ended_now)
{
	int result = load_one(s, shown->id, record, ended_now);

	shown->there = result != 0;
	shown->personal = result != 1 || record->user != NULL;
	return result;
}

int
gate_transaction_look_up(struct gate_transaction *s)
{
	bool ended_now = false;
	int result = 0;

	for (int i = 0; i < s->shown_count && result != -1; i++) {
		struct gate_record record = gate_transaction_blank(s);

		result = look_at(s, &s->shown[i], &record, &ended_now);
		gate_store_release(s->store, &record);
	}
	return result == -1 ? -1 : 0;
}

/* Loads all shown sessions, and takes one. A session that can't be read makes all unclear: it may
 * be another user's. */
static enum gate_session_state
load_shown(struct gate_transaction *s, struct gate_record *records)
{
	bool unreadable = false, ended_now = false;
	int best;

	for (int i = 0; i < s->shown_count; i++) {
		int result = look_at(s, &s->shown[i], &records[i], &ended_now);

		if (result < 0 && result != GATE_UNREADABLE)
			return GATE_SESSION_FAILED;
		unreadable = unreadable || result == GATE_UNREADABLE;
	}
	if (unreadable)
		return be_unclear(s, GATE_SESSION_UNREADABLE);
	best = choose(s, records);
	if (best == -2)
		return be_unclear(s, GATE_SESSION_OF_SEVERAL);
	if (best == -1)
		return state_without_record(s, ended_now);
	take(s, best, &records[best]);
	return GATE_SESSION_LOADED;
}

enum gate_session_state
gate_transaction_load(struct gate_transaction *s)
{
	struct gate_record records[GATE_SESSION_IDS];
	enum gate_session_state state;
	int found;

	s->later = s->now + gate_store_lag(s->store);
	if (!is_under_cookie_path(s))
		return GATE_SESSION_OUTSIDE;
	if (gate_transaction_is_too_large(s))
		return GATE_SESSION_REFUSED;
	found = find_shown(s);
	if (found < 0)
		return GATE_SESSION_FAILED;
	if (found == 0)
		return be_unclear(s, GATE_SESSION_TOO_MANY);
	if (s->shown_count == 0 && s->from_elsewhere &&
	    s->options->cookie_same_site == GATE_SAME_SITE_STRICT) {
		gate_transaction_refuse(s, GATE_SESSION_WITHHELD);
		return GATE_SESSION_REFUSED;
	}
	for (int i = 0; i < s->shown_count; i++)
		records[i] = gate_transaction_blank(s);
	state = load_shown(s, records);
	for (int i = 0; i < s->shown_count; i++)
		gate_store_release(s->store, &records[i]);
	return state;
}

void
gate_transaction_ask(struct gate_transaction *s)
{
	if (s->state != GATE_SESSION_UNASKED)
		return;
	s->state = gate_transaction_load(s);
	if (gate_transaction_is_open(s))
		gate_transaction_explain(s, "not committed", "not committed");
}

json_t *
gate_transaction_json(struct gate_transaction *s)
{
	gate_transaction_ask(s);
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
