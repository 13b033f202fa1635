/* login/private.h: what the files of login/ share. */
#ifndef GATE_LOGIN_PRIVATE_H
#define GATE_LOGIN_PRIVATE_H

#include "base/log.h"
#include "base/queue.h"
#include "login/device.h"
#include "login/login.h"
#include "login/throttle.h"
#include "request/request.h"

struct gate_login_try { /* one attempt to log in with a name and a password */
	struct gate_request *r;
	const char *name, *password;
	struct gate_throttle throttle;
	char device[GATE_DEVICE_ID_LENGTH + 1]; /* throttle.device points to it, or is NULL */
	const char *wrong, *why;  /* event, and its `why`, to log if the password is wrong */
	char hash[GATE_HASH_MAX]; /* to verify the password with, see find_hash in try.c */
	bool exists, usable;      /* exists: as far as is known; usable: `hash` is the user's own */
	struct gate_queue account; /* only one attempt of an account at a time goes on */
	char place[GATE_SIGNATURE_LENGTH + 1]; /* the account's, in that queue; "": not opened */
	char wrong_key[GATE_MARK_MAX]; /* of the counter of wrong attempts equal to this one */
};

/* ---- login/report.c ---- */

/* Logs the event. Shows the name only of a user who is known to exist: any other text may be
 * somebody's password typed into the wrong field, so only its tag is logged. A warning shows the
 * tag of an existing user, too: a throttled attempt is logged before the name is looked up, and the
 * tag links the lines. */
void gate_login_report(struct gate_request *, enum gate_log_level, const char *event,
    const char *name, bool exists, const char *why);
/* Gives the answer of the request's first run again, in a later run: sets the status of GATE_LATER,
 * and fails the transaction at -1. Returns the answer: 1, 0, GATE_LATER or -1. */
int gate_login_replay(struct gate_request *, int answer);
/* Answers 403 to a password sent over plain http; page and log say why. Returns -1. */
int gate_login_refuse_http(struct gate_request *);

/* ---- login/try.c ---- */

/* Verifies the password of r, name, password, wrong and why, which the caller filled in; counts the
 * attempt against guessing. Sets hash to what the password was verified with. Returns 1 if the
 * password is right, 0 if it is wrong or refused, GATE_LATER with login.status and login.wait set,
 * or -1 with r->error set. Call gate_login_try_end afterwards. */
int gate_login_attempt(struct gate_login_try *);
/* Ends an attempt when all is done that it was made for: wipes the hash, and lets the account's
 * next attempt begin. */
void gate_login_try_end(struct gate_login_try *);
/* After a right attempt: replaces an old or weak hash by a new one, if the users' store allows
 * that. Sets `hash` to the stored one. A failure does not matter: the next login tries again. */
void gate_login_renew_hash(struct gate_login_try *);
/* Returns whether the password fits the hash that the user has now; if so, that becomes `hash`. */
bool gate_login_look_again(struct gate_login_try *);
const char *gate_login_device_cookie(const struct gate_request *); /* returns the cookie's name */
/* Returns id, filled in from the request's device cookie; NULL if there is none for this name. */
const char *gate_login_find_device(
    struct gate_request *, const char *name, char id[GATE_DEVICE_ID_LENGTH + 1]);

/* ---- login/sessions.c ---- */

/* Makes the handle by which a user names a session to end. It does not reveal the session's id. */
void gate_login_handle(
    struct gate_request *, const char *id, char handle[GATE_SIGNATURE_LENGTH + 1]);
/* Returns whether this session of the request's user, as it was found, is still valid. */
bool gate_login_is_live(struct gate_request *, const char *id, const struct gate_record *);
/* Visits all sessions of the request's user, including those that are over. Returns below 0, with
 * r->error set, if the store failed. */
int gate_login_each(struct gate_request *, gate_store_visit *, void *data);

/* ---- login/end.c ---- */

#define GATE_LOGIN_END_MAX 1000 /* sessions to end before the store is asked for more */

struct gate_login_found {
	char id[GATE_ID_MAX + 1];
	int64_t created;
};

struct gate_login_search {
	struct gate_request *r;
	const char *handle;       /* NULL: all but the request's own session */
	struct gate_buffer found; /* of struct gate_login_found */
};

/* Ends a session, so that its id stays dead even if its record is written back; logs why. Returns
 * 1, 0 if there was no such session, or -1 with r->error set. */
int gate_login_end_session(struct gate_request *, const char *id, const char *why);
/* Ends the sessions in `found`. Returns how many there were, or -1 with r->error set: the store
 * failed, or the request's deadline was over. */
int gate_login_end_found(struct gate_login_search *, const char *why);
/* Ends the session with that handle; NULL: all but the request's own. Returns 1 if it ended any, 0
 * if there was none, or -1 with r->error set. */
int gate_login_end_all(struct gate_request *, const char *handle);

#endif
