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

#define GATE_SESSION_IDS 16 /* different ids that a request proves and that are looked up */

#define GATE_MARK_MAX 32 /* of a counter's key, with its NUL */

enum gate_session_state {
	GATE_SESSION_UNASKED, /* the handler has not asked: nothing is read or written */
	GATE_SESSION_NEW,     /* no cookie, or none with a record */
	GATE_SESSION_LOADED,
	GATE_SESSION_GONE,    /* its record went during the request: nothing is written or set */
	GATE_SESSION_UNCLEAR, /* nobody knows whose: the same, and refusal says why */
	GATE_SESSION_OUTSIDE, /* the path is not under cookie_path: the same, and no refusal */
	GATE_SESSION_REFUSED, /* the request gets another answer than the handler's */
	GATE_SESSION_FAILED   /* the store did not answer */
};

enum gate_session_refusal {
	GATE_SESSION_WELCOME,
	GATE_SESSION_LOST,       /* it went, or got another id, during the request */
	GATE_SESSION_UNREADABLE, /* what is there can't be read */
	GATE_SESSION_OF_SEVERAL, /* the cookies are of several users */
	GATE_SESSION_TOO_MANY,   /* over GATE_SESSION_IDS ids */
	GATE_SESSION_TOO_LARGE,  /* the Cookie headers are over a limit of http/cookie.h */
	GATE_SESSION_CROWDED,    /* there is room left for who is logged in only */
	GATE_SESSION_WITHHELD,   /* SameSite=Strict: only a request of our own page shows it */
	GATE_SESSION_REFUSALS
};

enum gate_session_action {
	GATE_SESSION_NOTHING,
	GATE_SESSION_CREATE,
	GATE_SESSION_UPDATE,
	GATE_SESSION_REWRITE, /* resave: nothing changed, a conflict does not matter */
	GATE_SESSION_TOUCH,
	GATE_SESSION_RENEW,
	GATE_SESSION_DESTROY
};

enum gate_session_cookie { GATE_SESSION_KEEP, GATE_SESSION_SET, GATE_SESSION_CLEAR };

struct gate_transaction_decision { /* what to do with record and cookie */
	enum gate_session_action action;
	enum gate_session_cookie cookie;
	bool with_touch; /* the cookie is set in its own place, and only if the touch has effect */
	const char *why, *why_cookie; /* for the trace */
	int64_t expires;              /* of record and cookie after the action */
};

struct gate_session_shown { /* a session that a cookie of the request proves */
	char id[GATE_ID_MAX + 1];
	bool old_secret; /* it was not signed with the first secret */
	bool there;      /* there is, or may be, a record */
	bool personal;   /* somebody is, or may be, logged in by it */
};

struct gate_transaction {
	/* filled in by the caller for the request */
	const struct gate_options *options;
	const struct gate_keys *keys;
	struct gate_store_link *store;
	struct gate_queue *queue;
	struct gate_users *users; /* NULL: nobody's sessions end all at once */
	const char *cookies;      /* all Cookie headers, joined */
	const char *path;         /* raw, without the query */
	bool secure;              /* over TLS */
	bool from_elsewhere; /* a link of another site was followed: browsers keep Strict cookies */
	int64_t now, deadline; /* now: by this host's clock, which says what is over */

	/* of the request, over all its runs */
	bool had_record;   /* an earlier run found one */
	int64_t own_since; /* the user's time is that because of this request; 0: it is not */
	bool look_again;   /* an earlier run found that it began before its user's time */
	char queue_id[GATE_ID_MAX + 1]; /* the place to wait for after a conflict; "": none */

	/* of this run */
	enum gate_session_state state;
	int64_t later; /* now, or the store's time if that is later: what is written lives on it */
	const struct gate_record_login *login; /* asked for in this run; NULL: none */
	enum gate_session_state before; /* that login, where it made a new session; else UNASKED */
	enum gate_session_refusal refusal;
	char id[GATE_ID_MAX + 1];
	struct gate_session_shown shown[GATE_SESSION_IDS];
	int shown_count;
	bool sent;       /* the browser sent a cookie of our name */
	bool old_secret; /* and it was not signed with the first secret */
	int64_t touched; /* the last write or touch of the record as it was loaded, 0: unknown */
	struct gate_record record;
	json_t *json;
	bool renew, destroy, age_set;
	int64_t since;   /* asked for in this run; 0: it stays */
	int64_t max_age; /* with age_set */
	bool compared;   /* a write found the record as it was read */
	bool waits;      /* this run comes to nothing: the next one has the session's turn */
	bool resumed;    /* id is not the cookie's, see gate_transaction_resume */
	char submit[GATE_SUBMIT_MAX + 1]; /* that the commit says was done; "": none */
	char mark
	    [GATE_MARK_MAX]; /* the counter that a renewal sets for the submit that asked for it; "": none */
	int outcome; /* of gate_transaction_save; 0: not called yet; after it all is read-only */
	struct gate_error error; /* of a failed load or commit */

	struct gate_transaction_decision
	    decision; /* the commit's; before it, why there will be none */
};

void gate_transaction_begin(
    struct gate_transaction *); /* a run starts; what an earlier one left goes */
void gate_transaction_release(struct gate_transaction *); /* frees all; leaves the queue */

json_t *gate_transaction_json(
    struct gate_transaction *); /* loads at the first call; NULL: memory */
/* 0; a change after the commit answers -1 (the caller logs it). */
int gate_transaction_renew(struct gate_transaction *);
int gate_transaction_destroy(struct gate_transaction *);
int gate_transaction_set_max_age(struct gate_transaction *, int64_t ms);
/* Has this run had the session's turn since before its load, so that no other one of this host does
 * the same? If not it comes to nothing, and is done again with it. */
bool gate_transaction_has_turn(struct gate_transaction *);
/* Goes on with the session of that id, to which another request renewed this one's. 1; 0: it went;
 * -1. */
int gate_transaction_resume(struct gate_transaction *, const char *id);
/* The session becomes this user's: a new id, and what was in it stays unless it was another user's.
 * login is borrowed until the run's end. 0 or -1. */
int gate_transaction_log_in(
    struct gate_transaction *, const struct gate_record_login *, int64_t age);
/* Did the record's session begin before its user's time? 1, 0, -1: nobody knows.
 * fresh, if not NULL: only just now. */
int gate_transaction_is_over(struct gate_transaction *, const struct gate_record *, bool *fresh);
/* All sessions of the user that began before are over, but this one. */
void gate_transaction_set_since(struct gate_transaction *, int64_t since);
/* The commit of this run says that this submit was done. */
void gate_transaction_set_submit(struct gate_transaction *, const char *submit);
/* A renewal sets this counter for the submit that asked for it. */
void gate_transaction_set_mark(struct gate_transaction *, const char *key);
/* This run comes to nothing, for a reason outside of the session: the request gets a 503. */
void gate_transaction_fail(struct gate_transaction *, const struct gate_error *why);
/* After the commit: the answer sets no cookie after all. */
void gate_transaction_withhold_cookie(struct gate_transaction *);
/* Who is logged in, as this run leaves it; NULL: nobody. Loads at the first call. */
const char *gate_transaction_user(struct gate_transaction *);
/* When the session will end, ms since 1970, as a commit now would leave it; 0: with the browser. */
int64_t gate_transaction_end_time(struct gate_transaction *);

/* Decides and does it, once a run; called again it answers the same. 1; GATE_CONFLICT: run the
 * handler again; -1: the error says why (GATE_ESESSION: the handler put in what can't be stored;
 * else the store). */
int gate_transaction_save(struct gate_transaction *);
/* Adds the value of the n-th Set-Cookie, from 0. 1; 0: there is none; -1. After
 * gate_transaction_save. */
int gate_transaction_set_cookie(struct gate_transaction *, int n, struct gate_buffer *);
/* Ends the other sessions that the request proves. 1 or -1. */
int gate_transaction_end_shown(struct gate_transaction *, const char *why);
/* Are the Cookie headers over a limit? Then the request is refused. */
bool gate_transaction_is_too_large(struct gate_transaction *);
/* After -1 with a refusal: the status of the answer, and what to tell. 0: a page that loads itself
 * again. */
int gate_transaction_refusal_status(const struct gate_transaction *, const char **text);
/* Waits for the session's turn. 1, or 0: the deadline is over. After GATE_CONFLICT. */
int gate_transaction_wait(struct gate_transaction *);
/* One line: what the last of the runs found and did. */
void gate_transaction_trace(struct gate_transaction *, int runs, const char *result);

#endif
