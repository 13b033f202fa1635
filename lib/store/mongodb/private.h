/* store/mongodb/private.h: what the files of the MongoDB store share. */
#ifndef GATE_STORE_MONGODB_PRIVATE_H
#define GATE_STORE_MONGODB_PRIVATE_H

#include <stdatomic.h>

#include "base/buffer.h"
#include "options/options.h"
#include "server/mongodb.h"

#define GATE_STORE_MONGODB_NAME_MAX 100 /* bytes of a collection's name */

struct gate_store_mongodb {
	struct gate_mongodb mongodb;
	char collection[GATE_STORE_MONGODB_NAME_MAX + sizeof "_counters"];
	char counters[GATE_STORE_MONGODB_NAME_MAX + sizeof "_counters"];
	char *user_member;
	int64_t ttl, deadline;
	bool document;              /* what a new record's payload becomes */
	bool touches;               /* lastModified is written */
	atomic_int_least64_t clock; /* the server's, less CLOCK_BOOTTIME; 0: not asked yet */
	atomic_bool prepared;
	atomic_bool looked;
	atomic_bool collated; /* by its own rules the collection takes for equal what is not */
	atomic_bool no_ttl;   /* the server does not remove what has expired */
};

struct gate_store_mongodb_was {
	bson_t *payload; /* {session, user: as they were read} */
	bool document;   /* its form; else it is a string */
};

/* store/mongodb/show.c. Adds the document as JSON.stringify shows what Node's driver makes of it. 1; 0: it can't be read
 * (text that is not UTF-8, deeper than 200 levels); -1: memory. */
int gate_store_mongodb_show(struct gate_buffer *, const bson_iter_t *document);
/* One value; false as 0 above. */
bool gate_store_mongodb_show_value(struct gate_buffer *, const bson_iter_t *value);
/* store/mongodb/append.c. Appends a value under key. What is in `was` (NULL: nothing) and looks the same keeps its bytes.
 * cookie: its member `expires` is a Date. false: memory, or too large. */
bool gate_store_mongodb_append(
    bson_t *, const char *key, const json_t *, const bson_iter_t *was, bool cookie);

/* ---- store/mongodb/payload.c: a record's members, and what the server is told to set ---- */

/* What a record's payload was; yours, for record->was. NULL: memory, or it is of no known form. */
struct gate_store_mongodb_was *gate_store_mongodb_keep(const bson_iter_t *session);
void gate_store_mongodb_free_was(struct gate_store_mongodb_was *);
/* Fills in the members from what was kept. As gate_record_parse. */
int gate_store_mongodb_parse(const struct gate_store_mongodb_was *, struct gate_record *);
/* Appends `session`, as a whole, in the form it had or document says. 0 or -1. */
int gate_store_mongodb_put_payload(
    bson_t *, const struct gate_record *, bool document, struct gate_error *);
/* Appends what makes $set and $unset of the record's changes. 0 or -1. */
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
/* Fills the record in from a document that was found. Answers as load. An expiry that is no date is
 * over: no date compares with it, so Node finds no record. */
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
	bool upsert;
	const char *what; /* an error says */
};

int gate_store_mongodb_bump(void *store, const char *key, int64_t add, int64_t lifetime,
    struct gate_bump *, struct gate_error *);
/* Finds and modifies one of the counters' documents. 1: *after is what it is now, yours (with upsert
 * made if need be); 0: there is none; GATE_CONFLICT: it could not be made, as it is there; -1. */
int gate_store_mongodb_modify(struct gate_store_mongodb *, const struct gate_store_mongodb_change *,
    bson_t *after, struct gate_error *);
/* Appends {name: {test: date}}, test being $lt and the like. */
void gate_store_mongodb_put_date_test(
    bson_t *query, const char *name, const char *test, int64_t date);

/* ---- store/mongodb/index.c: what the collections need, once ---- */

int gate_store_mongodb_prepare(
    struct gate_store_mongodb *, const struct gate_options *, struct gate_error *);

/* Before a write that compares: what the collection takes for equal. 0 or -1. */
int gate_store_mongodb_look(struct gate_store_mongodb *, struct gate_error *);

/* ---- store/mongodb/clock.c: the server's time ---- */

int gate_store_mongodb_time(void *store, int64_t *now, struct gate_error *);
/* So that it is known to requests. 1, -1. */
int gate_store_mongodb_hear_clock(struct gate_store_mongodb *, struct gate_error *);
/* 1; -1: this host's clock is another one. */
int gate_store_mongodb_look_at_clock(struct gate_store_mongodb *, struct gate_error *);

/* ---- store/mongodb/sweep.c: what has expired ---- */

int gate_store_mongodb_sweep(void *store, const struct gate_options *, struct gate_error *);

#endif
