/* login/private.h: what the login*.c files share. */
#ifndef GATE_LOGIN_PRIVATE_H
#define GATE_LOGIN_PRIVATE_H

#include "base/log.h"
#include "base/queue.h"
#include "login/device.h"
#include "login/login.h"
#include "login/throttle.h"
#include "request/request.h"

struct gate_login_try { /* one, of a password */
	struct gate_request *r;
	const char *name, *password;
	struct gate_throttle throttle;
	char device[GATE_DEVICE_ID_LENGTH + 1];
	const char *wrong, *why;   /* the event that it is if the password is wrong */
	char hash[GATE_HASH_MAX];  /* that the password is tried on: the user's own, if usable */
	bool exists, usable;       /* exists: as far as is known */
	struct gate_queue account; /* its one place in the line for a turn to hash */
	char place[GATE_SIGNATURE_LENGTH + 1];
	char wrong_key[GATE_MARK_MAX]; /* of the counter of wrong tries equal to this one */
};

/* ---- login/login.c ---- */

/* A name that is known to exist as it was typed, another one as a tag: it may be somebody's password.
 * A warning shows the tag of the former, too: who asks too often is refused before it is known. */
void gate_login_report(struct gate_request *, enum gate_log_level, const char *event,
    const char *name, bool exists, const char *why);
/* Says in this run what came out in the first one: 1, 0, GATE_LATER, -1, with the status. */
int gate_login_replay(struct gate_request *, int answer);
int gate_login_refuse_http(struct gate_request *); /* 403, and why; -1 */

/* ---- login/try.c ---- */

/* Tries r, name and password, counted against guessing. hash is what the password was tried on then.
 * 1, 0, GATE_LATER, -1. */
int gate_login_attempt(struct gate_login_try *);
/* Behind all that the try was made for: wipes hash, and leaves the account's place to the next. */
void gate_login_try_end(struct gate_login_try *);
/* Behind a try that was right: makes a better hash of an old one, where users' hashes may be made
 * anew. hash is then the one that is there. */
void gate_login_renew_hash(struct gate_login_try *);
/* Is the password still the user's, of whatever hash there is now? Then that is hash. */
bool gate_login_look_again(struct gate_login_try *);
const char *gate_login_device_cookie(const struct gate_request *); /* its name */
/* The id of a device that name logged in from before, or NULL. */
const char *gate_login_find_device(
    struct gate_request *, const char *name, char id[GATE_DEVICE_ID_LENGTH + 1]);

/* ---- login/sessions.c ---- */

/* What names a session to its user: it shows who may end it, and nothing of the id. */
void gate_login_handle(
    struct gate_request *, const char *id, char handle[GATE_SIGNATURE_LENGTH + 1]);
/* Does a session of the request's user, as it was found, still hold? */
bool gate_login_is_live(struct gate_request *, const char *id, const struct gate_record *);
/* Visits all sessions of the request's user, also those that are over. 0 or -1. */
int gate_login_each(struct gate_request *, gate_store_visit *, void *data);

/* ---- login/end.c ---- */

#define GATE_LOGIN_END_MAX 1000 /* sessions are ended, then there is another look for more */

struct gate_login_found {
	char id[GATE_ID_MAX + 1];
	int64_t created;
};

struct gate_login_search {
	struct gate_request *r;
	const char *handle;       /* NULL: all others */
	struct gate_buffer found; /* of struct gate_login_found */
};

/* Ends a session, whoever writes it back, and logs why. 1: there was one; 0; -1. */
int gate_login_end_session(struct gate_request *, const char *id, const char *why);
/* Ends what was found, within the request's time. Returns how many there were, or -1. */
int gate_login_end_found(struct gate_login_search *, const char *why);
/* Ends the session with that handle; NULL: all but the request's own. 1: there was one; 0; -1. */
int gate_login_end_all(struct gate_request *, const char *handle);

#endif
