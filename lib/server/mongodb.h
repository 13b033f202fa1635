/* server/mongodb.h: the way to a MongoDB server: a pool of clients behind two breakers. */
#ifndef GATE_SERVER_MONGODB_H
#define GATE_SERVER_MONGODB_H

#include "server/mongoc.h"

#include "gate.h"
#include "server/breaker.h"

/* For an array whose keys the caller counts; libbson 2 calls it so. */
#if BSON_CHECK_VERSION(2, 0, 0)
#define GATE_BSON_ARRAY_BEGIN bson_append_array_unsafe_begin
#else
#define GATE_BSON_ARRAY_BEGIN bson_append_array_begin
#endif

struct gate_mongodb_wish {
	const char *option, *url; /* "store"; errors begin with it */
	int64_t connect_timeout, select_timeout,
	    socket_timeout;     /* ms, where the URL says nothing */
	int64_t clients;        /* as many calls may be on their way at once */
	const char *collection; /* for a look whether the server answers; borrowed */
};

struct gate_mongodb {
	mongoc_client_pool_t *pool;
	struct gate_breaker *reads, *writes; /* one may hang while the other goes on */
	char *database;
	const char *collection;
	char *name; /* "store mongodb://host:27017/app": what errors begin with */
	mongoc_uri_t *patient_uri;
	mongoc_client_t *patient; /* NULL until it is used */
};

enum gate_mongodb_kind {
	GATE_MONGODB_READ,
	GATE_MONGODB_WRITE,
	GATE_MONGODB_PATIENT /* takes long, no request waits for it, and there is one at a time */
};

struct gate_mongodb_call { /* of one thread */
	struct gate_mongodb *mongodb;
	mongoc_client_t *client;
	mongoc_collection_t *collection;
	bson_error_t error; /* for the driver to fill in */
	enum gate_mongodb_kind kind;
	unsigned reads_turn, writes_turn; /* of the breakers */
	int64_t end_before;               /* of the call in whose middle this one is made */
	int tries;                        /* that the server was too busy for */
};

/* ---- server/mongodb_uri.c: what the URL says ---- */

int gate_mongodb_check(const struct gate_mongodb_wish *, struct gate_error *);
/* With all that was wished. Yours; NULL with the error set. */
mongoc_uri_t *gate_mongodb_uri(const struct gate_mongodb_wish *, struct gate_error *);
mongoc_uri_t *gate_mongodb_patient_uri(const mongoc_uri_t *); /* whose answers may take minutes */

/* ---- server/mongodb_stream.c: bytes, and until when they are waited for ---- */

/* When this thread's call ends, in ms of CLOCK_MONOTONIC, 0: it makes none. What it was before. */
int64_t gate_mongodb_set_end(int64_t end);
bool gate_mongodb_is_over(void);
int64_t gate_mongodb_left(void); /* ms until then; INT64_MAX: it makes none */
void gate_mongodb_use_stream(mongoc_client_t *, bool pooled); /* whose bytes these rules are for */

/* ---- server/mongodb_refusal.c: of the call's error and the reply (NULL: none) ---- */

bool gate_mongodb_is_taken(const struct gate_mongodb_call *, const bson_t *); /* an _id is */
/* Was the server only too busy, and is there time left? Then it has waited a little: try once more. */
bool gate_mongodb_again(struct gate_mongodb_call *, const bson_t *);

/* ---- server/mongodb.c: calls ---- */

/* After the fork: a pool doesn't survive one. Asks nobody yet. 0 or -1. Close only after 0. */
int gate_mongodb_open(struct gate_mongodb *, const struct gate_mongodb_wish *, struct gate_error *);
void gate_mongodb_close(struct gate_mongodb *);
/* Takes a client, for one collection (NULL: for commands). The call ends at gate_clock_end, whatever
 * the server sends. 0, or -1: the server need not be asked. */
int gate_mongodb_begin(struct gate_mongodb *, struct gate_mongodb_call *, enum gate_mongodb_kind,
    const char *collection, struct gate_error *);
/* Gives it back; good: the call's error says nothing. Returns good ? 1 : -1, with the error set:
 * what ("a record can't be read") and why. */
int gate_mongodb_end(struct gate_mongodb_call *, bool good, const char *what, struct gate_error *);

/* ---- server/mongodb_find.c ---- */

#define GATE_MONGODB_CALL_MOST 300000 /* ms of a call for which no request waits */

typedef bool gate_mongodb_visit(void *data, const bson_t *document); /* false: shows no more */

/* Finds one document, and tries again while the server is too busy: visit may see it more than once.
 * options get a limit. 1; 0: there is none, or visit wants none of it; -1: the call's error says why. */
int gate_mongodb_find_one(struct gate_mongodb_call *, const bson_t *filter, bson_t *options,
    gate_mongodb_visit *, void *data);
/* Finds all, until the call's end. 1; 0: visit stopped it; -1: the call's error says why. */
int gate_mongodb_find(struct gate_mongodb_call *, const bson_t *filter, const bson_t *options,
    gate_mongodb_visit *, void *data);

#endif
