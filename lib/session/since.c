/* session/since.c: a user's time: all of the user's sessions that began before it are over. The
 * users' file or collection keeps this time, so a session store that was restored from a backup
 * brings none of them back. */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "record/record.h"
#include "session/private.h"

#define FRESH (60 * 1000) /* ms in which the browser may be about to get a new cookie */

/* Returns the user's time in ms since 1970; 0: there is none; -1: the users can't be asked. */
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

/* Returns whether the session began before the user's time. A `since` in the future, written by a
 * clock that was ahead, can't be compared with a time that is not in the future; then the session
 * counts as begun before it. */
static bool
began_before(const struct gate_transaction *s, const struct gate_record *record, int64_t time)
{
	int64_t ahead = s->later + GATE_CLOCK_APART;

	return record->since < time || (time > 0 && record->since > ahead && time <= ahead);
}

/* A record without `since` begins when gate first sees it, which is now. The request that sets the
 * user's time has not written its own record yet, so own_since excepts it. */
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
