/* user/mongodb_private.h: users in MongoDB, for the mongodb*.c files.
 *
 * A user is a document in the collection gate_users: {_id: name, password: hash, since: date,
 * groups: [text], displayName: text, email: text}; only the first two must be there. The document
 * of a removed user keeps `since`, and has no password. The first question to the users connects to
 * the server, nothing before does. */
#ifndef GATE_USER_MONGODB_PRIVATE_H
#define GATE_USER_MONGODB_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "crypto/sign.h"
#include "server/mongodb.h"
#include "user/kind.h"

#define GATE_USER_MONGODB_COLLECTION "gate_users"

struct gate_user_mongodb_wish {       /* how to take a sample */
	enum gate_mongodb_kind kind;  /* GATE_MONGODB_READ: a login waits for it */
	const struct gate_keys *keys; /* for the names' ranks */
	bool weak;                    /* weak hashes, too */
};

struct gate_user_mongodb {
	struct gate_mongodb mongodb;
	pthread_mutex_t lock;
	bool connected;                          /* `mongodb` is open; under the lock */
	atomic_size_t skipped;                   /* documents that the last `each` left out */
	struct gate_user_mongodb_sample *sample; /* under the lock; NULL: not taken yet */
	struct gate_user_mongodb_seen *seen;     /* under the lock; NULL: nobody was asked about */
	atomic_bool picked;                      /* a pick was made: tend is to take a sample */
	pthread_mutex_t sampling;                /* held by the thread that takes a sample */
	atomic_int_least64_t tend_after, ready_after; /* when to try again: ms of CLOCK_MONOTONIC */
	int64_t connect_timeout, select_timeout, socket_timeout; /* ms */
	char url[];
};

/* ---- user/mongodb_find.c ---- */

/* Returns how to open the pool. Borrows from the users. */
struct gate_mongodb_wish gate_user_mongodb_wish_for(const struct gate_user_mongodb *);
/* Begins a call on the users' collection, as gate_mongodb_begin does. The first call opens the
 * pool. Returns 0, or -1 with the error set. */
int gate_user_mongodb_begin(struct gate_user_mongodb *, struct gate_mongodb_call *,
    enum gate_mongodb_kind, struct gate_error *);
/* Returns a member's text, borrowed from the document; NULL if there is none, it is not text, or it
 * holds a NUL. */
const char *gate_user_mongodb_text(const bson_t *document, const char *name);
/* Returns NULL if a user can log in by a document with this name and hash (NULL: they are no text),
 * else why not. */
const char *gate_user_mongodb_refusal(const char *name, const char *hash);
/* Adds an option: only name, hash and `since` of each document are sent. */
void gate_user_mongodb_project(bson_t *options);
/* Looks for a user by the filter. Compares the name byte for byte, whatever the collection's
 * collation takes for equal. Returns 1 with *since set (0: no time), 0 if there is no such user, or
 * -1 with the call's error set. */
int gate_user_mongodb_look_at(
    struct gate_mongodb_call *, const bson_t *filter, const char *name, int64_t *since);
int gate_user_mongodb_find(void *, const char *name, char hash[GATE_HASH_MAX], struct gate_error *);

/* ---- user/mongodb_about.c ---- */

int gate_user_mongodb_about(
    void *, const char *name, struct gate_user_about *, struct gate_error *);
void gate_user_mongodb_forget_about(struct gate_user_mongodb *); /* frees what it remembers */

/* ---- user/mongodb_sample.c ---- */

int gate_user_mongodb_pick(
    void *, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *);
void gate_user_mongodb_tend(void *, const struct gate_keys *, bool weak);
void gate_user_mongodb_get_ready(void *, const struct gate_keys *, bool weak);
void gate_user_mongodb_free_sample(struct gate_user_mongodb_sample *); /* NULL is fine */

#endif
