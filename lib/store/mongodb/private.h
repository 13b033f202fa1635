/* store/mongodb/private.h: what the files of the MongoDB store share. */
#ifndef GATE_STORE_MONGODB_PRIVATE_H
#define GATE_STORE_MONGODB_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "options/options.h"
#include "server/mongodb.h"

#define GATE_STORE_MONGODB_NAME_MAX 100 /* bytes of a collection's name */

struct gate_store_mongodb {
	struct gate_mongodb mongodb;
	char collection[GATE_STORE_MONGODB_NAME_MAX + sizeof "_counters"];
	char counters[GATE_STORE_MONGODB_NAME_MAX + sizeof "_counters"];
	char *user_member;
	int64_t ttl, deadline; /* ms: of a record without a lifetime; of a bump or a walk */
	bool document;         /* a new record's payload is a document, else a string */
	bool touches;          /* write lastModified (option touch_after) */
	pthread_mutex_t watching;
	struct gate_clock_watch watch; /* of the server's clock, under `watching` */
	atomic_int_least64_t clock;    /* ms: server's time less CLOCK_BOOTTIME; 0: unknown */
	atomic_int_least64_t off;      /* ms that the server's last time is off that; 0: believed */
	atomic_bool prepared;          /* the indexes are made */
	atomic_bool looked;            /* `collated` is known */
	atomic_bool collated;          /* the collection's collation may equate different values */
	atomic_bool no_ttl;            /* the server does not remove expired records */
};

struct gate_store_mongodb_was {
	bson_t *payload; /* {session, user}: these fields as they were read */
	bool document;   /* `session` is a document, else a string */
};

/* ---- store/mongodb/show.c ---- */

/* Adds the document to the buffer as JSON: as JSON.stringify prints what Node's driver makes of it.
 * Returns 1, 0 if the document holds text that is not UTF-8 or is nested deeper than 200 levels, or
 * -1 if memory ran out. */
int gate_store_mongodb_show(struct gate_buffer *, const bson_iter_t *document);
/* Adds one value in the same way. Returns false where the function above returns 0. */
bool gate_store_mongodb_show_value(struct gate_buffer *, const bson_iter_t *value);
/* ---- store/mongodb/append.c ---- */

/* Appends the value under key. Parts that look the same in `was`, the old value or NULL, keep their
 * BSON bytes, and so their types. With `cookie` true, writes the member `expires` as a Date.
 * Returns false if memory ran out or the BSON is too large. */
bool gate_store_mongodb_append(
    bson_t *, const char *key, const json_t *, const bson_iter_t *was, bool cookie);

/* ---- store/mongodb/payload.c: a record's members, and the updates that change them ---- */

/* Copies the field `session`, a document or a string, for record->was. Returns the copy, which is
 * yours, or NULL if memory ran out. */
struct gate_store_mongodb_was *gate_store_mongodb_keep(const bson_iter_t *session);
void gate_store_mongodb_free_was(struct gate_store_mongodb_was *);
/* Fills in the record's members from the payload. Returns what gate_record_parse returns, and 0 if
 * the payload is larger than a record may be. */
int gate_store_mongodb_parse(const struct gate_store_mongodb_was *, struct gate_record *);
/* Appends the whole field `session`, in the form that it was read in; a new record becomes a
 * document if `document` is true, else a string. Returns 0, or -1 with the error set. */
int gate_store_mongodb_put_payload(
    bson_t *, const struct gate_record *, bool document, struct gate_error *);
/* Appends the record's changes to the arguments of $set and $unset. Returns 0, or -1 with the error
 * set. */
int gate_store_mongodb_put_changes(
    bson_t *set, bson_t *unset, const struct gate_record *, struct gate_error *);

/* ---- store/mongodb/record.c: as in struct gate_store ---- */

int gate_store_mongodb_load(void *store, const char *id, struct gate_record *, struct gate_error *);
int gate_store_mongodb_create(
    void *store, const char *id, struct gate_record *, struct gate_error *);
int gate_store_mongodb_update(
    void *store, const char *id, struct gate_record *, struct gate_error *);
int gate_store_mongodb_touch(
    void *store, const char *id, struct gate_record *, struct gate_error *);
int gate_store_mongodb_remove(
    void *store, const char *id, struct gate_record *, struct gate_error *);
void gate_store_mongodb_release(struct gate_record *);
/* Fills in the record from a document of the collection. Returns 1, 0 if it is unreadable and has
 * expired, GATE_UNREADABLE if it is unreadable, or -1 with the error set. An `expires` that is not
 * a date counts as expired: Node compares it with a date, and so finds no such record. */
int gate_store_mongodb_read(struct gate_store_mongodb *, const bson_t *document, const char *id,
    struct gate_record *, struct gate_error *);

/* ---- store/mongodb/walk.c: as in struct gate_store ---- */

int gate_store_mongodb_newest(
    void *, const char *user, int most, gate_store_visit *, void *visitor, struct gate_error *);
int gate_store_mongodb_each(
    void *store, const char *user, gate_store_visit *, void *data, struct gate_error *);

/* ---- store/mongodb/counter.c: counters ---- */

struct gate_store_mongodb_change {
	enum gate_mongodb_kind kind;
	const bson_t *query, *update;
	bool upsert;      /* make the document if the query finds none */
	const char *what; /* begins the error: "a counter can't be changed" */
};

int gate_store_mongodb_bump(void *store, const char *key, int64_t add, int64_t lifetime,
    struct gate_bump *, struct gate_error *);
/* Finds and modifies one document among the counters. Returns 1 with *after set to the new
 * document, which is yours; 0 if the query finds none; GATE_CONFLICT if an upsert finds the _id
 * taken by a document that the query does not match; -1 with the error set. */
int gate_store_mongodb_modify(struct gate_store_mongodb *, const struct gate_store_mongodb_change *,
    bson_t *after, struct gate_error *);
/* Appends {name: {test: date}} to the query. `test` is an operator such as $lt. */
void gate_store_mongodb_put_date_test(
    bson_t *query, const char *name, const char *test, int64_t date);

/* ---- store/mongodb/index.c ---- */

/* Makes the indexes of both collections; one call that succeeds is enough. Returns 0, or -1 with
 * the error set. */
int gate_store_mongodb_prepare(
    struct gate_store_mongodb *, const struct gate_options *, struct gate_error *);

/* Sets `collated`, once. Call it before a write that compares values. Returns 0, or -1 with the
 * error set. */
int gate_store_mongodb_look(struct gate_store_mongodb *, struct gate_error *);

/* ---- store/mongodb/clock.c: the server's time ---- */

/* Sets *now to the server's time. If somebody set the server's clock within the last hour, goes on
 * from the time before. */
int gate_store_mongodb_time(void *store, int64_t *now, struct gate_error *);
/* Asks the server for its time, so that gate_store_mongodb_time can tell it without a call. Returns
 * 1, or -1 with the error set. */
int gate_store_mongodb_hear_clock(struct gate_store_mongodb *, struct gate_error *);
/* Returns 1, or -1 with the error set if this host's clock and the server's are over a minute
 * apart, if somebody set the server's within the last hour, or if the server does not answer. */
int gate_store_mongodb_look_at_clock(struct gate_store_mongodb *, struct gate_error *);

/* ---- store/mongodb/sweep.c: what has expired ---- */

int gate_store_mongodb_sweep(void *store, const struct gate_options *, struct gate_error *);

#endif
