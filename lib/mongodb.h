/* mongodb.h: the way to a MongoDB server: a pool of clients behind a breaker. */
#ifndef GATE_MONGODB_H
#define GATE_MONGODB_H

#include <mongoc/mongoc.h>

#include "gate.h"
#include "breaker.h"

/* For an array whose keys the caller counts; libbson 2 calls it so. */
#if BSON_CHECK_VERSION(2, 0, 0)
#define GATE_BSON_ARRAY_BEGIN bson_append_array_unsafe_begin
#else
#define GATE_BSON_ARRAY_BEGIN bson_append_array_begin
#endif

struct gate_mongodb_wish {
	const char *option, *url; /* "store"; errors begin with it */
	int64_t connect_timeout, select_timeout,
	    socket_timeout; /* ms, where the URL says nothing */
	int64_t clients;    /* as many calls may be on their way at once */
};

struct gate_mongodb {
	mongoc_client_pool_t *pool;
	struct gate_breaker *breaker;
	char *database;
	char *name; /* "store mongodb://host:27017/app": what errors begin with */
};

struct gate_mongodb_call { /* of one thread */
	struct gate_mongodb *mongodb;
	mongoc_client_t *client;
	mongoc_collection_t *collection;
	bson_error_t error; /* for the driver to fill in */
	unsigned turn;
};

int gate_mongodb_check(const struct gate_mongodb_wish *, struct gate_error *); /* the URL only */
/* After the fork: a pool doesn't survive one. Asks nobody yet. 0 or -1. Close only after 0. */
int gate_mongodb_open(struct gate_mongodb *, const struct gate_mongodb_wish *, struct gate_error *);
void gate_mongodb_close(struct gate_mongodb *);
/* Takes a client, for one collection (NULL: for commands). 0, or -1: it need not be asked. */
int gate_mongodb_begin(
    struct gate_mongodb *, struct gate_mongodb_call *, const char *collection, struct gate_error *);
/* Gives it back; good: the call's error says nothing. Returns good ? 1 : -1, with the error set:
 * what ("a record can't be read") and why. */
int gate_mongodb_end(struct gate_mongodb_call *, bool good, const char *what, struct gate_error *);
int gate_mongodb_ping(struct gate_mongodb *, struct gate_error *); /* 1 or -1 */

#endif
