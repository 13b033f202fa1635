/* user/mongodb_private.h: what the user_mongodb*.c files share: users in MongoDB's collection gate_users:
 * {_id: name, password: hash, since: date}. Who was removed has no password there, and keeps `since`.
 * The server is asked when the first question is, and not before. */
#ifndef GATE_USER_MONGODB_PRIVATE_H
#define GATE_USER_MONGODB_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "crypto/sign.h"
#include "server/mongodb.h"
#include "user/kind.h"

#define GATE_USER_MONGODB_COLLECTION "gate_users"

struct gate_user_mongodb_wish { /* for a sample */
	enum gate_mongodb_kind kind;
	const struct gate_keys *keys;
	bool weak;
};

struct gate_user_mongodb {
	struct gate_mongodb mongodb;
	pthread_mutex_t lock;
	bool connected; /* under the lock */
	atomic_size_t skipped;
	struct gate_user_mongodb_sample *sample;      /* under the lock; NULL: none was taken yet */
	atomic_bool picked;                           /* since it was taken */
	pthread_mutex_t sampling;                     /* one takes it */
	atomic_int_least64_t tend_after, ready_after; /* ms of CLOCK_MONOTONIC */
	int64_t connect_timeout, select_timeout, socket_timeout; /* ms */
	char url[];
};

/* ---- user/mongodb_find.c ---- */

struct gate_mongodb_wish gate_user_mongodb_wish_for(const struct gate_user_mongodb *);
/* As gate_mongodb_begin, for the users' collection; the first one connects. */
int gate_user_mongodb_begin(struct gate_user_mongodb *, struct gate_mongodb_call *,
    enum gate_mongodb_kind, struct gate_error *);
const char *gate_user_mongodb_text(const bson_t *document, const char *name); /* NULL: none */
/* NULL, or why nobody can log in by this document. */
const char *gate_user_mongodb_refusal(const char *name, const char *hash);
/* Appends that name and hash are all that is wanted of a document. */
void gate_user_mongodb_project(bson_t *options);
/* Does the filter find this very name, whatever the collection takes for equal? 1: *since is the
 * user's time; 0; -1. */
int gate_user_mongodb_look_at(
    struct gate_mongodb_call *, const bson_t *filter, const char *name, int64_t *since);
int gate_user_mongodb_find(void *, const char *name, char hash[GATE_HASH_MAX], struct gate_error *);

/* ---- user/mongodb_sample.c ---- */

int gate_user_mongodb_pick(
    void *, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *);
void gate_user_mongodb_tend(void *, const struct gate_keys *, bool weak);
void gate_user_mongodb_get_ready(void *, const struct gate_keys *, bool weak);
void gate_user_mongodb_free_sample(struct gate_user_mongodb_sample *); /* NULL is fine */

#endif
