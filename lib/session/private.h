/* session/private.h: what the files of the session's transaction share. */
#ifndef GATE_SESSION_PRIVATE_H
#define GATE_SESSION_PRIVATE_H

#include "http/cookie.h"
#include "session/session.h"

/* The whys of the trace. */
void gate_transaction_explain(struct gate_transaction *, const char *why, const char *why_cookie);
struct gate_record gate_transaction_blank(const struct gate_transaction *); /* ready to be loaded */
/* Can it be written: is it new, or loaded? */
bool gate_transaction_is_open(const struct gate_transaction *);
/* Takes the refusal down, with a log line. */
void gate_transaction_refuse(struct gate_transaction *, enum gate_session_refusal);
/* Finds id and record by the cookies. FAILED with the session's error. */
enum gate_session_state gate_transaction_load(struct gate_transaction *);
/* session/since.c. What the record's `since` is to be; 0: it stays. */
int64_t gate_transaction_begin_time(struct gate_transaction *);
/* Finds out of each shown one whether it is there and personal, after a load that looked at none
 * since they are too many. 0 or -1. */
int gate_transaction_look_up(struct gate_transaction *);
/* What a commit is to do, if that is what the handler changed. */
struct gate_transaction_decision gate_transaction_decide(
    const struct gate_transaction *, bool changed);
/* The time, or the end that absolute_timeout sets if that is earlier. */
int64_t gate_transaction_clamp(const struct gate_transaction *, int64_t time);
bool gate_transaction_touch_is_due(const struct gate_transaction *);
int64_t gate_transaction_lifetime(const struct gate_transaction *); /* ms, 0: with the browser */
/* Does the action. 1, GATE_CONFLICT, -1 with the session's error. */
int gate_transaction_perform(struct gate_transaction *);
/* Was the id renewed just now? Its owner's new cookie must not be replaced. 1, 0, -1. */
int gate_transaction_was_renewed(struct gate_transaction *, const char *id);
int gate_transaction_mark_renewed(struct gate_transaction *, const char *id, int add); /* 1, -1 */
/* Of the cookie, as the decision leaves it. */
struct gate_cookie_attributes gate_transaction_attributes(const struct gate_transaction *);

#endif
