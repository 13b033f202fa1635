/* server/mongodb.h: calls to a MongoDB server: a pool of clients behind two breakers. */
#ifndef GATE_SERVER_MONGODB_H
#define GATE_SERVER_MONGODB_H

#include "server/mongoc.h"

#include "gate.h"
#include "server/breaker.h"

/* Begins an array whose keys the caller counts; libbson 2 renamed the function. */
#if BSON_CHECK_VERSION(2, 0, 0)
#define GATE_BSON_ARRAY_BEGIN bson_append_array_unsafe_begin
#else
#define GATE_BSON_ARRAY_BEGIN bson_append_array_begin
#endif

struct gate_mongodb_wish {
	const char *option, *url; /* "store" and its URL; errors begin with the option */
	int64_t connect_timeout, select_timeout,
	    socket_timeout;     /* ms; each holds only if the URL does not set its own */
	int64_t clients;        /* most calls at the same time, unless the URL sets maxPoolSize */
	const char *collection; /* the one that probes use; borrowed */
};

struct gate_mongodb {
	mongoc_client_pool_t *pool;
	struct gate_breaker *reads, *writes; /* apart, as reads may work while writes hang */
	char *database;                      /* from the URL */
	const char *collection;              /* for probes; borrowed */
	char *name;                /* "store mongodb://host:27017/app": errors begin with it */
	mongoc_uri_t *patient_uri; /* for `patient`: with long timeouts */
	mongoc_client_t *patient;  /* for GATE_MONGODB_PATIENT; NULL until its first call */
};

enum gate_mongodb_kind {
	GATE_MONGODB_READ,
	GATE_MONGODB_WRITE,
	GATE_MONGODB_PATIENT /* slow, and no request waits for it; at most one at a time */
};

struct gate_mongodb_call { /* belongs to one thread */
	struct gate_mongodb *mongodb;
	mongoc_client_t *client;
	mongoc_collection_t *collection; /* NULL: the call makes commands only */
	bson_error_t error;              /* the driver fills it in */
	enum gate_mongodb_kind kind;
	unsigned reads_turn, writes_turn; /* from gate_breaker_enter */
	int64_t end_before;               /* the end of the call around this one, 0: none */
	int tries;                        /* how often gate_mongodb_again has tried again */
};

/* ---- server/mongodb_uri.c: the URL ---- */

/* Checks the URL without asking a server. Loads libmongoc. Returns 0, or -1 with the error set. */
int gate_mongodb_check(const struct gate_mongodb_wish *, struct gate_error *);
/* Parses the URL, and adds the wish's limits where it sets none. Returns NULL with the error set.
 * Yours. */
mongoc_uri_t *gate_mongodb_uri(const struct gate_mongodb_wish *, struct gate_error *);
/* Copies a URI, with timeouts of minutes. Yours. */
mongoc_uri_t *gate_mongodb_patient_uri(const mongoc_uri_t *);

/* ---- server/mongodb_stream.c: connections whose waits end with the call ---- */

/* Sets when this thread's call ends, in ms of CLOCK_MONOTONIC; 0: the thread makes no call. Returns
 * the end that was set before. */
int64_t gate_mongodb_set_end(int64_t end);
bool gate_mongodb_is_over(void); /* Has the call's end passed? */
int64_t gate_mongodb_left(void); /* ms until the end; below 0: it has passed; INT64_MAX: no call */
/* Makes a client use connections that obey the end. With libmongoc 2, a pooled client keeps the
 * driver's own. */
void gate_mongodb_use_stream(mongoc_client_t *, bool pooled);

/* ---- server/mongodb_refusal.c: reads the call's error and the server's reply (NULL: none) ---- */

/* Did the server refuse a write because its _id (or another unique key) exists already? */
bool gate_mongodb_is_taken(const struct gate_mongodb_call *, const bson_t *);
/* After a failed try: was the server only too busy, and is there time left? If both, waits up to
 * 320 ms, clears the call's error and returns true: try again. */
bool gate_mongodb_again(struct gate_mongodb_call *, const bson_t *);

/* ---- server/mongodb.c: calls ---- */

/* Opens the pool. Call it after any fork: a pool doesn't survive one. Connects to no server yet,
 * but asks DNS for a mongodb+srv URL. Returns 0, or -1 with the error set; then there is nothing to
 * close. */
int gate_mongodb_open(struct gate_mongodb *, const struct gate_mongodb_wish *, struct gate_error *);
void gate_mongodb_close(struct gate_mongodb *);
/* Begins a call: takes a client, for one collection (NULL: for commands). The call ends at
 * gate_clock_end(GATE_MONGODB_CALL_MOST), even if the server keeps sending. Returns 0, or -1 with
 * the error set if the request is late, a breaker is open or no client is to be had: then the call
 * has not begun. */
int gate_mongodb_begin(struct gate_mongodb *, struct gate_mongodb_call *, enum gate_mongodb_kind,
    const char *collection, struct gate_error *);
/* Ends a call, and gives its client back. good: the call succeeded. Returns 1 if good, else -1 with
 * the error set to `what` failed ("a record can't be read") and to the call's own error. */
int gate_mongodb_end(struct gate_mongodb_call *, bool good, const char *what, struct gate_error *);

/* ---- server/mongodb_find.c: finding documents ---- */

#define GATE_MONGODB_CALL_MOST 300000 /* ms that a call may take if no request waits for it */

/* Gets a document, borrowed until it returns. Returns false to stop. */
typedef bool gate_mongodb_visit(void *data, const bson_t *document);

/* Finds one document, and tries again while the server is too busy: so visit may see more than one.
 * Adds a limit to the options. Returns 1 if visit returned true, 0 if there is no document or visit
 * returned false, -1 with the call's error set. */
int gate_mongodb_find_one(struct gate_mongodb_call *, const bson_t *filter, bson_t *options,
    gate_mongodb_visit *, void *data);
/* Shows visit all documents that match, until the call's end. Tries again while the server is too
 * busy to begin: visit sees no document twice. Returns 1 if visit saw all, 0 if it stopped, -1 with
 * the call's error set. */
int gate_mongodb_find(struct gate_mongodb_call *, const bson_t *filter, const bson_t *options,
    gate_mongodb_visit *, void *data);

#endif
