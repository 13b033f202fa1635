/* session/write.c: carries out what was decided for the record. */
#include "config.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "crypto/id.h"
#include "record/record.h"
#include "session/private.h"

#define ID_TRIES 3

/* Brings the record's members `cookie` and `gate` up to date before a write; a touch leaves `gate`
 * alone. */
static int
stamp(struct gate_transaction *s)
{
	struct gate_cookie_attributes cookie = gate_transaction_attributes(s);
	struct gate_record_policy policy = {
	    .cookie = &cookie,
	    .max_age = gate_transaction_lifetime(s),
	    .keep_age = s->state == GATE_SESSION_LOADED && !s->age_set,
	    .login = s->login,
	    .submit = s->submit[0] != '\0' ? s->submit : NULL,
	    .since = gate_transaction_begin_time(s),
	};
	int64_t created = 0;

	if (s->decision.action != GATE_SESSION_TOUCH &&
	    (s->record.created == 0 || gate_record_began_ahead(&s->record)))
		created = s->later;
	if (created != 0 && s->state == GATE_SESSION_LOADED && s->login == NULL)
		created--; /* Node made it before now: it is no visitor's first record */
	s->record.now = s->later;
	s->record.deadline = s->deadline;
	s->record.ttl = s->options->ttl;
	s->record.user_member = s->options->user_member;
	if (gate_record_stamp(&s->record, &policy, cookie.expires, created) < 0)
		return gate_fail(&s->error, GATE_EMEMORY, "out of memory");
	s->record.expires = s->decision.expires;
	return 0;
}

/* Takes the session's place in the queue, or sets it as the place to wait for. */
static bool
has_turn(struct gate_transaction *s)
{
	if (gate_queue_try(s->queue, s->id))
		return true;
	memcpy(s->queue_id, s->id, sizeof s->queue_id);
	return false;
}

/* Lets a new record end early: visitors who never come back must not fill the store. The cookie
 * lives longer, for those who do. */
static void
shorten_first(struct gate_transaction *s)
{
	struct gate_record made = s->record;

	made.touched = s->later;
	s->record.expires = gate_record_end(&made, s->options);
}

static int
create(struct gate_transaction *s)
{
	int result = 0;

	if (stamp(s) < 0)
		return -1;
	if (s->decision.action == GATE_SESSION_CREATE)
		shorten_first(s);
	for (int i = 0; i < ID_TRIES && result == 0; i++) {
		if (gate_id_new(s->options->genid, s->id) < 0)
			return gate_fail(&s->error, GATE_ESYSTEM, "getrandom gives nothing: no id");
		result = gate_store_create(s->store, s->id, &s->record, &s->error);
	}
	return result == 0 ? gate_fail(&s->error, GATE_ESTORE, "every new id is taken") : result;
}

static int
update(struct gate_transaction *s)
{
	int result;

	if (!has_turn(s))
		return GATE_CONFLICT;
	if (stamp(s) < 0)
		return -1;
	result = gate_store_update(s->store, s->id, &s->record, &s->error);
	s->compared = result == 1;
	memcpy(s->queue_id, s->id, sizeof s->queue_id);
	return result;
}

static int
touch(struct gate_transaction *s)
{
	struct gate_error error = {0};
	int result;

	if (stamp(s) < 0)
		return -1;
	result = gate_store_touch(s->store, s->id, &s->record, &error);
	s->compared = result == 1;
	if (result == -1)
		gate_log(GATE_LOG_WARN, "touch-failed", "error", error.text, NULL);
	if (result != 1 && s->decision.with_touch) {
		s->decision.cookie = GATE_SESSION_KEEP;
		s->decision.why_cookie = "the touch had no effect";
	}
	return 1; /* after a conflict, too: another request has just written the record */
}

/* Returns whether the record is gone: a removal that failed may only have lost its answer. */
static bool
is_gone(struct gate_transaction *s, const char *id)
{
	struct gate_record record = gate_transaction_blank(s);
	int result = gate_store_load(s->store, id, NULL, &record, NULL);

	gate_store_release(s->store, &record);
	return result == 0;
}

/* Returns whether somebody was logged in by the session. Only then its end must be remembered: any
 * other session is worth nothing to somebody who writes its record back. */
static bool
is_personal(const struct gate_transaction *s)
{
	return s->record.user != NULL || s->record.user_changed;
}

/* Notes that the old session, which a renewal replaced, is not there any more. */
static void
strike_out(struct gate_transaction *s, const char *id)
{
	for (int i = 0; i < s->shown_count; i++)
		if (strcmp(s->shown[i].id, id) == 0)
			s->shown[i].there = false;
}

/* Makes the new record first, and then removes the old one if it still is what was read. Marks the
 * old id as renewed before that, so that another tab finds either the record or the mark. */
static int
renew(struct gate_transaction *s)
{
	char old[GATE_ID_MAX + 1];
	bool personal = is_personal(s); /* of the old record: create writes the new user */
	int result;

	if (!has_turn(s))
		return GATE_CONFLICT;
	memcpy(old, s->id, sizeof old);
	memcpy(s->queue_id, s->id, sizeof s->queue_id);
	result = create(s);
	if (result < 0)
		return -1;
	result = gate_transaction_mark_renewed(s, old, 1);
	if (result == 1) {
		result = personal ? gate_store_end(s->store, old, &s->record, &s->error)
				  : gate_store_remove(s->store, old, &s->record, &s->error);
		s->compared = result == 1 || (result == -1 && is_gone(s, old));
		if (s->compared) {
			s->error = (struct gate_error){0};
			strike_out(s, old);
			return 1;
		}
		gate_transaction_mark_renewed(
		    s, old, -1); /* our mark only: another renewal may have been faster */
	}
	gate_store_remove(s->store, s->id, NULL, NULL);
	return result == -1 ? -1 : GATE_CONFLICT;
}

/* Ends all sessions that the request proves: else the browser would go on with the next one. */
static int
destroy(struct gate_transaction *s)
{
	int result = 1;

	if (s->id[0] != '\0')
		result = is_personal(s) ? gate_store_end(s->store, s->id, NULL, &s->error)
					: gate_store_remove(s->store, s->id, NULL, &s->error);
	return gate_transaction_end_shown(s, "logged out") < 0 || result < 0 ? -1 : 1;
}

int
gate_transaction_end_shown(struct gate_transaction *s, const char *why)
{
	struct gate_error error = {0};
	char tag[GATE_TAG_LENGTH + 1];
	int result = 1;

	/* An end is remembered for a day: strangers must not cause that for ids that are gone. */
	if (s->refusal == GATE_SESSION_TOO_MANY && gate_transaction_look_up(s) < 0)
		return -1;
	for (int i = 0; i < s->shown_count; i++) {
		struct gate_session_shown *shown = &s->shown[i];
		int removed;

		if (!shown->there || strcmp(shown->id, s->id) == 0)
			continue;
		removed = shown->personal ? gate_store_end(s->store, shown->id, NULL, &error)
					  : gate_store_remove(s->store, shown->id, NULL, &error);
		shown->there = removed < 0;
		gate_sign_tag(s->keys, shown->id, tag);
		if (removed == 1)
			gate_log(GATE_LOG_INFO, "session-ended", "session", tag, "why", why, NULL);
		else if (removed < 0)
			gate_log(GATE_LOG_WARN, "session-not-ended", "session", tag, "error",
			    error.text, NULL);
		result = removed < 0 ? -1 : result;
	}
	if (result < 0)
		gate_fail(&s->error, error.code, "%s", error.text);
	return result;
}

/* Refuses to store more for a visitor who is not logged in, if the store has little room left. A
 * rewrite and a touch take no room. */
static bool
is_crowded_out(struct gate_transaction *s)
{
	bool grows = s->decision.action == GATE_SESSION_CREATE ||
	    s->decision.action == GATE_SESSION_UPDATE || s->decision.action == GATE_SESSION_RENEW;

	if (!grows || s->login != NULL || s->record.user != NULL ||
	    gate_store_has_room(s->store, s->options, &s->error))
		return false;
	gate_transaction_refuse(s, GATE_SESSION_CROWDED);
	return true;
}

/* Returns 1 if the session was ended but its record is back, as in a store that was restored from a
 * backup (its index by user is back, too, so `stray` does not tell); 0 if not; -1 with `error` set.
 * Asks only when a touch is due, as it costs a call of the store. */
static int
is_put_back(struct gate_transaction *s)
{
	if (s->record.user == NULL || !gate_transaction_touch_is_due(s))
		return 0;
	return gate_store_is_put_back(s->store, s->id, &s->record, &s->error);
}

/* Does as gate_transaction_is_over if the users are in a database: only writes ask them. */
static int
is_over(struct gate_transaction *s)
{
	int over;

	if (s->users == NULL || gate_users_are_near(s->users))
		return 0;
	over = gate_transaction_is_over(s, &s->record, NULL);
	s->look_again = over == 1;
	return over;
}

/* Returns whether this write finds that the session has ended. */
static bool
finds_an_end(struct gate_transaction *s)
{
	int over;

	if (s->state != GATE_SESSION_LOADED || s->login != NULL ||
	    s->decision.action == GATE_SESSION_NOTHING ||
	    s->decision.action == GATE_SESSION_DESTROY)
		return false;
	over = is_over(s);
	if (over == 0)
		over = is_put_back(s);
	if (over < 0 && s->decision.action == GATE_SESSION_TOUCH)
		s->decision.action =
		    GATE_SESSION_NOTHING; /* don't prolong it before that is known */
	return over == 1;
}

int
gate_transaction_perform(struct gate_transaction *s)
{
	if (is_crowded_out(s))
		return -1;
	if (finds_an_end(s))
		return GATE_CONFLICT;
	switch (s->decision.action) {
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
