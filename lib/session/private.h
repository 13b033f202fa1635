/* session/private.h: what the files of session/ share. */
#ifndef GATE_SESSION_PRIVATE_H
#define GATE_SESSION_PRIVATE_H

#include "http/cookie.h"
#include "session/session.h"

/* Sets the reasons that the trace shows. */
void gate_transaction_explain(struct gate_transaction *, const char *why, const char *why_cookie);
struct gate_record gate_transaction_blank(const struct gate_transaction *); /* ready to be loaded */
/* Returns whether the session is new or loaded: only such a session can be written. */
bool gate_transaction_is_open(const struct gate_transaction *);
/* Sets the refusal, and logs it if the refusal has an event. */
void gate_transaction_refuse(struct gate_transaction *, enum gate_session_refusal);
/* Loads the session, unless that was done; leaves the handler's JSON unmade. */
void gate_transaction_ask(struct gate_transaction *);
/* Finds id and record by the cookies. Returns the new state; FAILED: `error` is set. */
enum gate_session_state gate_transaction_load(struct gate_transaction *);
/* Returns the record's new `since`, ms since 1970; 0: the old one stays. session/since.c. */
int64_t gate_transaction_begin_time(struct gate_transaction *);
/* Finds out which of the shown sessions are there and personal, after a load that looked at none
 * because they are too many. Returns 0, or -1 with `error` set. */
int gate_transaction_look_up(struct gate_transaction *);
/* Decides what a commit is to do. changed: the handler changed the session. */
struct gate_transaction_decision gate_transaction_decide(
    const struct gate_transaction *, bool changed);
/* Returns the time, or the end that absolute_timeout sets if that is earlier; ms since 1970. */
int64_t gate_transaction_clamp(const struct gate_transaction *, int64_t time);
bool gate_transaction_touch_is_due(const struct gate_transaction *);
int64_t gate_transaction_lifetime(const struct gate_transaction *); /* ms, 0: with the browser */
/* Does the decision's action. Returns 1, GATE_CONFLICT, or -1 with `error` or `refusal` set. */
int gate_transaction_perform(struct gate_transaction *);
/* Returns 1 if the id was renewed within the last minute: then its browser has a newer cookie,
 * which must not be replaced. Returns 0 if not, or -1 with `error` set. */
int gate_transaction_was_renewed(struct gate_transaction *, const char *id);
/* Counts a renewal of the id (add 1), or takes it back (add -1); the same for `mark`, if it is set.
 * Returns 1, or -1 with `error` set. */
int gate_transaction_mark_renewed(struct gate_transaction *, const char *id, int add);
/* Returns the cookie's attributes as the decision leaves them. */
struct gate_cookie_attributes gate_transaction_attributes(const struct gate_transaction *);

#endif
