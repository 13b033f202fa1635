/* session.h: one request's transaction on its session: load, decide, commit. */
#ifndef GATE_SESSION_H
#define GATE_SESSION_H

#include "gate.h"
#include "buffer.h"
#include "options.h"
#include "queue.h"
#include "record.h"
#include "sign.h"
#include "store.h"

#define GATE_SESSION_COOKIES 16   /* cookies of our name whose signature is checked */
#define GATE_SESSION_CANDIDATES 4 /* ids of theirs that are loaded */

enum gate_session_state {
	GATE_SESSION_UNASKED, /* the handler has not asked: nothing is read or written */
	GATE_SESSION_NEW,     /* no cookie, or none with a record */
	GATE_SESSION_LOADED,
	GATE_SESSION_GONE,  /* its record went during the request: nothing is written or set */
	GATE_SESSION_FAILED /* the store did not answer */
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

struct gate_session {
	/* filled in by the caller for the request */
	const struct gate_options *options;
	const struct gate_keys *keys;
	struct gate_store_link *store;
	struct gate_queue *queue;
	const char *cookies; /* all Cookie headers, joined */
	const char *path;    /* raw, without the query */
	bool secure;         /* over TLS */
	int64_t now, deadline;

	/* of the request, over all its runs */
	bool had_record;                /* an earlier run found one */
	char queue_id[GATE_ID_MAX + 1]; /* the place to wait for after a conflict; "": none */

	/* of this run */
	enum gate_session_state state;
	const struct gate_record_login *login; /* asked for in this run; NULL: none */
	bool was_gone;                         /* before that login */
	char id[GATE_ID_MAX + 1];
	char signed_id[GATE_ID_MAX + 1]; /* the first one that we signed; "": none */
	bool sent;                       /* the browser sent a cookie of our name */
	bool old_secret;                 /* and it was not signed with the first secret */
	int64_t touched; /* the last write or touch of the record as it was loaded, 0: unknown */
	struct gate_record record;
	json_t *json;
	bool renew, destroy, age_set;
	int64_t max_age; /* with age_set */
	bool compared;   /* a write found the record as it was read */
	int outcome;     /* of gate_session_save; 0: not called yet; after it all is read-only */
	struct gate_error error; /* of a failed load or commit */

	/* what decide() found */
	enum gate_session_action action;
	enum gate_session_cookie cookie;
	bool with_touch; /* that is set: in its own place, and only if the touch has effect */
	const char *why, *why_cookie;
	int64_t expires; /* of record and cookie after the action */
};

void gate_session_begin(struct gate_session *); /* a run starts; what an earlier one left goes */
void gate_session_end(struct gate_session *);   /* frees all; leaves the queue */

json_t *gate_session_json(struct gate_session *); /* loads at the first call; NULL: memory */
/* 0; a change after the commit answers -1 (the caller logs it). */
int gate_session_ask_renew(struct gate_session *);
int gate_session_ask_destroy(struct gate_session *);
int gate_session_ask_max_age(struct gate_session *, int64_t ms);
/* The session becomes this user's: a new id, and what was in it stays unless it was another user's.
 * login is borrowed until the run's end. 0 or -1. */
int gate_session_ask_login(struct gate_session *, const struct gate_record_login *, int64_t age);
/* Who is logged in, as this run leaves it; NULL: nobody. Loads at the first call. */
const char *gate_session_user(struct gate_session *);
/* When the session will end, ms since 1970, as a commit now would leave it; 0: with the browser. */
int64_t gate_session_end_time(struct gate_session *);

/* Decides and does it, once a run; called again it answers the same. 1; GATE_CONFLICT: run the
 * handler again; -1: the error says why (GATE_ESESSION: the handler put in what can't be stored;
 * else the store). */
int gate_session_save(struct gate_session *);
/* Adds the value of Set-Cookie. 1; 0: none is to be set; -1. After gate_session_save. */
int gate_session_set_cookie(struct gate_session *, struct gate_buffer *);
/* Waits for the session's turn. 1, or 0: the deadline is over. After GATE_CONFLICT. */
int gate_session_wait(struct gate_session *);
/* One line: what the last of the runs found and did. */
void gate_session_trace(struct gate_session *, int runs, const char *result);

#endif
