/* session/since.c: a user's time, before which all sessions of the user that began are over: it
 * stands with the users, so that no store that was restored brings one back. */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "record/record.h"
#include "session/private.h"

#define FRESH (60 * 1000) /* ms in which the browser may be about to get a new cookie */

/* The time of the user, 0: there is none; -1: they can't be asked. */
static int64_t
time_of(struct gate_transaction *s, const char *user)
{
	struct gate_error error = {0};
	int64_t since;

	if (s->users == NULL || user == NULL)
		return 0;
	if (gate_users_since(s->users, user, &since, &error) >= 0)
		return since;
	gate_log(GATE_LOG_WARN, "users-unreadable", "error", error.text, NULL);
	return -1;
}

/* Did it begin before the time? A `since` that lies ahead says nothing of a time that does not: the
 * clock that was ahead may have been put right between the two, or not. */
static bool
began_before(const struct gate_transaction *s, const struct gate_record *record, int64_t time)
{
	int64_t ahead = s->later + GATE_CLOCK_APART;

	return record->since < time || (time > 0 && record->since > ahead && time <= ahead);
}

/* A record without `since` began when it was seen first, which is now; the request that set the time
 * has not written it yet. */
int
gate_transaction_is_over(struct gate_transaction *s, const struct gate_record *record, bool *fresh)
{
	int64_t time = record->since != 0 ? time_of(s, record->user) : 0;

	if (time < 0)
		return -1;
	if (time == s->own_since || !began_before(s, record, time))
		return 0;
	if (fresh != NULL)
		*fresh = s->later - time < FRESH;
	return 1;
}

int64_t
gate_transaction_begin_time(struct gate_transaction *s)
{
	bool ahead = gate_record_began_ahead(&s->record) &&
	    gate_record_is_ahead(&s->record, s->record.since);
	int64_t time;

	if (s->login != NULL)
		return s->login->since;
	if (s->since != 0)
		return s->since;
	if (s->decision.action == GATE_SESSION_TOUCH || s->record.user == NULL ||
	    (s->record.since != 0 && !ahead && !s->record.user_changed))
		return 0;
	time = time_of(s, s->record.user);
	return time > s->later ? time : s->later;
}
