/* session/session.h: one request's transaction on its session: load, decide, commit. */
#ifndef GATE_SESSION_SESSION_H
#define GATE_SESSION_SESSION_H

#include "gate.h"
#include "base/buffer.h"
#include "base/queue.h"
#include "crypto/id.h"
#include "crypto/sign.h"
#include "options/options.h"
#include "record/record.h"
#include "store/store.h"
#include "user/user.h"

#define GATE_SESSION_IDS 16 /* different ids that a request may prove; none is looked up of more */

#define GATE_MARK_MAX 32 /* bytes of a mark's key, with its NUL */

enum gate_session_state {
	GATE_SESSION_UNASKED, /* the handler has not asked: nothing is read or written */
	GATE_SESSION_NEW,     /* the request has no cookie of a session that exists */
	GATE_SESSION_LOADED,
	GATE_SESSION_GONE,    /* the record went during the request: nothing is written or set */
	GATE_SESSION_UNCLEAR, /* nobody knows whose it is: nothing is written or set; see refusal */
	GATE_SESSION_OUTSIDE, /* the path is not under cookie_path: nothing is written or set */
	GATE_SESSION_REFUSED, /* the request gets another answer than the handler's; see refusal */
	GATE_SESSION_FAILED   /* the store did not answer; see error */
};

enum gate_session_refusal {
	GATE_SESSION_WELCOME,    /* no refusal */
	GATE_SESSION_LOST,       /* the record went, or got another id, during the request */
	GATE_SESSION_UNREADABLE, /* the store has a record that can't be read */
	GATE_SESSION_OF_SEVERAL, /* the cookies are of several users */
	GATE_SESSION_TOO_MANY,   /* the cookies prove more than GATE_SESSION_IDS ids */
	GATE_SESSION_TOO_LARGE,  /* the Cookie headers are over a limit of http/cookie.h */
	GATE_SESSION_CROWDED,    /* the room that is left in the store is for logged-in users */
	GATE_SESSION_WITHHELD,   /* SameSite=Strict: the browser sends it from our own pages only */
	GATE_SESSION_REFUSALS
};

enum gate_session_action {
	GATE_SESSION_NOTHING,
	GATE_SESSION_CREATE,
	GATE_SESSION_UPDATE,
	GATE_SESSION_REWRITE, /* nothing changed, as with resave: a conflict does not matter */
	GATE_SESSION_TOUCH,
	GATE_SESSION_RENEW,
	GATE_SESSION_DESTROY
};

enum gate_session_cookie { GATE_SESSION_KEEP, GATE_SESSION_SET, GATE_SESSION_CLEAR };

struct gate_transaction_decision { /* what to do with record and cookie */
	enum gate_session_action action;
	enum gate_session_cookie cookie;
	bool with_touch; /* if the touch has effect, set the cookie, with its own Domain and Path */
	const char *why, *why_cookie; /* for the trace */
	int64_t expires;              /* of record and cookie after the action, ms since 1970 */
};

struct gate_session_shown { /* a session that the request proves: a cookie has its signed id */
	char id[GATE_ID_MAX + 1];
	bool old_secret; /* the cookie was not signed with the first secret */
	bool there;      /* there is, or may be, a record */
	bool personal;   /* somebody is, or may be, logged in by it */
};

struct gate_transaction {
	/* filled in by the caller for the request */
	const struct gate_options *options;
	const struct gate_keys *keys;
	struct gate_store_link *store;
	struct gate_queue *queue;
	struct gate_users *users; /* NULL: no user has a time before which all sessions are over */
	const char *cookies;      /* all Cookie headers, joined */
	const char *path;         /* raw, without the query */
	bool secure;              /* over TLS */
	bool only_looks, untouched; /* see gate_transaction_only_look */
	bool from_elsewhere; /* by a link on another site: the browser withholds Strict cookies */
	/* now: ms since 1970 by this host's clock, which decides what is over; deadline: ms of
	 * CLOCK_MONOTONIC */
	int64_t now, deadline;

	/* of the request, over all its runs */
	bool had_record;   /* an earlier run found a record */
	int64_t own_since; /* the time of the user that this request itself sets; 0: none */
	bool look_again;   /* an earlier run's write found the session over: the load asks users */
	char queue_id[GATE_ID_MAX + 1]; /* the session to wait for after a conflict; "": none */

	/* of this run */
	enum gate_session_state state;
	int64_t later; /* now, or the store's time if that is later: new lifetimes begin then */
	const struct gate_record_login *login; /* the login that was asked for; NULL: none */
	enum gate_session_state before; /* before a login that made a new session; else UNASKED */
	enum gate_session_refusal refusal;
	char id[GATE_ID_MAX + 1];
	struct gate_session_shown shown[GATE_SESSION_IDS];
	int shown_count;
	bool sent;       /* the browser sent a cookie of our name */
	bool old_secret; /* the session's cookie was not signed with the first secret */
	int64_t touched; /* last write or touch of the record before its load; 0: unknown */
	struct gate_record record;
	json_t *json;                 /* what the handler sees and changes */
	bool renew, destroy, age_set; /* what the handler asked for */
	int64_t since;   /* from gate_transaction_set_since; 0: the record's own stays */
	int64_t max_age; /* ms, with age_set; 0: with the browser */
	bool compared;   /* a write found the record as it was read */
	bool waits;      /* this run comes to nothing: the next one waits for the session's turn */
	bool resumed;    /* id is not the cookie's, see gate_transaction_resume */
	char submit[GATE_SUBMIT_MAX + 1]; /* the submit that the commit writes as done; "": none */
	char mark
	    [GATE_MARK_MAX]; /* key of the counter that a renewal bumps for its submit; "": none */
	int outcome; /* of gate_transaction_save; 0: not called yet; after it all is read-only */
	struct gate_error error; /* of a failed load or commit */

	struct gate_transaction_decision
	    decision; /* of the commit; before that only its whys, if there can be no commit */
};

void gate_transaction_begin(
    struct gate_transaction *); /* starts a run, and drops what an earlier one left */
void gate_transaction_release(struct gate_transaction *); /* frees all; leaves the queue */

json_t *gate_transaction_json(
    struct gate_transaction *); /* loads at the first call; NULL: out of memory. Borrowed */
/* These three return 0, or -1 after the commit; then the caller logs it. set_max_age returns -1 for
 * a negative lifetime, too; 0 ms: with the browser. */
int gate_transaction_renew(struct gate_transaction *);
int gate_transaction_destroy(struct gate_transaction *);
int gate_transaction_set_max_age(struct gate_transaction *, int64_t ms);
/* Returns true if this run has had the session's turn since before the load: so no other request
 * on this host did the same meanwhile. Returns true, too, if no session is loaded. Else returns
 * false: the run comes to nothing, its commit returns GATE_CONFLICT, and the next run waits for
 * the turn. */
bool gate_transaction_has_turn(struct gate_transaction *);
/* Goes on with the session `id`: another request renewed this request's session to that id. Returns
 * 1, 0 if it went, or below 0 if it can't be loaded: then the transaction has failed. */
int gate_transaction_resume(struct gate_transaction *, const char *id);
/* Makes the session this user's, under a new id. Its members stay, unless another user was logged
 * in. A session that went or is unclear becomes a new, empty one: the password gives that right.
 * login is borrowed until the run's end. age: ms; 0: with the browser. Returns 0; -1 after the
 * commit, or if the session failed, is refused (see gate_transaction_is_overfull, too), or can't
 * hold the user. */
int gate_transaction_log_in(
    struct gate_transaction *, const struct gate_record_login *, int64_t age);
/* Returns 1 if the record's session began before its user's time, and so is over; 0 if not; -1 if
 * the users can't be asked. With 1, *fresh says whether that time was set within the last minute;
 * fresh may be NULL. */
int gate_transaction_is_over(struct gate_transaction *, const struct gate_record *, bool *fresh);
/* Lets the loaded session outlive the end of its user's other sessions: `since`, ms since 1970, is
 * the user's new time, and the commit writes it as this session's beginning. */
void gate_transaction_set_since(struct gate_transaction *, int64_t since);
/* Makes the commit write that this submit was done. */
void gate_transaction_set_submit(struct gate_transaction *, const char *submit);
/* Makes a renewal bump this counter, for the submit that asked for the renewal. */
void gate_transaction_set_mark(struct gate_transaction *, const char *key);
/* Fails the run for a reason outside of the session: the request gets a 503. An earlier error
 * stays. */
void gate_transaction_fail(struct gate_transaction *, const struct gate_error *why);
/* After the commit: keeps the answer from setting or clearing the cookie. */
void gate_transaction_withhold_cookie(struct gate_transaction *);
/* Returns the user who is logged in, as this run leaves it, or NULL. Loads at the first call. */
const char *gate_transaction_user(struct gate_transaction *);
/* Returns when the session would end if it were committed now, ms since 1970; 0: with the browser,
 * or there is none to be stored. */
int64_t gate_transaction_end_time(struct gate_transaction *);

/* Commits the session: decides what to do with record and cookie, and does it, once a run; another
 * call returns the same. Returns 1; GATE_CONFLICT: run the handler again; or -1 with `error` or
 * `refusal` set (GATE_ESESSION: the handler put in what can't be stored). */
int gate_transaction_save(struct gate_transaction *);
/* For a request that asks who somebody is, but shows them no page: the commit makes no record.
 * touch: whether it may prolong a session. Call it before the first question about the session. */
void gate_transaction_only_look(struct gate_transaction *, bool touch);
/* Adds the value of the n-th Set-Cookie header, from 0, to the buffer. Call it after
 * gate_transaction_save. Returns 1, 0 if there are no more, or -1 if it can't be made. */
int gate_transaction_set_cookie(struct gate_transaction *, int n, struct gate_buffer *);
/* Ends all sessions that the request proves but its own. Returns 1, or -1 with `error` set. */
int gate_transaction_end_shown(struct gate_transaction *, const char *why);
/* Returns whether the Cookie headers are over a limit; if so, refuses the request. */
bool gate_transaction_is_too_large(struct gate_transaction *);
/* Returns whether the browser shows so many cookies, or so many ids, that the next request might
 * not find a new cookie among them; if so, refuses this one. Doesn't ask the store. Returns true,
 * too, if memory is out: then the transaction has failed. */
bool gate_transaction_is_overfull(struct gate_transaction *);
/* Returns the status of the answer to a refusal, and what to tell the visitor. Returns 0 and NULL
 * for a page that loads itself again. */
int gate_transaction_refusal_status(const struct gate_transaction *, const char **text);
/* After GATE_CONFLICT: waits for the session's turn. Returns 1, or 0 if the deadline came first. */
int gate_transaction_wait(struct gate_transaction *);
/* Logs one line: what the last of the runs found and did. */
void gate_transaction_trace(struct gate_transaction *, int runs, const char *result);

#endif
