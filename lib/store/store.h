/* store/store.h: finds and opens a store, and makes calls of it for the rest of gate. */
#ifndef GATE_STORE_STORE_H
#define GATE_STORE_STORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "gate.h"
#include "crypto/id.h"
#include "crypto/sign.h"
#include "options/options.h"

enum gate_store_call { /* counted, for tests and the trace to show what a request cost */
	GATE_STORE_LOAD,
	GATE_STORE_CREATE,
	GATE_STORE_UPDATE,
	GATE_STORE_TOUCH,
	GATE_STORE_REMOVE,
	GATE_STORE_BUMP,
	GATE_STORE_CALLS
};

struct gate_store_trial { /* the last trial of gate_store_health */
	pthread_mutex_t lock;
	int64_t at;      /* ms of CLOCK_MONOTONIC; 0: there was no trial yet */
	const char *why; /* what does not work, or NULL */
};

/* The paths of this process's requests: none yet, none under cookie_path, or some under it. */
enum gate_store_paths { GATE_PATH_UNKNOWN, GATE_PATH_OUTSIDE, GATE_PATH_UNDER };

struct gate_store_link { /* an open store */
	const struct gate_store *table;
	void *store;           /* what table->open made */
	int64_t ttl, deadline; /* ms: of a record without an end; of a call */
	atomic_ulong calls[GATE_STORE_CALLS];
	struct gate_store_trial health;
	atomic_int paths;
};

/* Returns the table for the option `store`: one of the program's own stores (NULL-ended, or NULL),
 * of the option store_module, or of gate's. Returns NULL with the error set if none serves it. */
const struct gate_store *gate_store_find(
    const struct gate_options *, const struct gate_store *const *own, struct gate_error *);
/* Opens the store that the option `store` names. Returns 0, or -1 with the error set. */
int gate_store_open(struct gate_store_link *, const struct gate_store *,
    const struct gate_options *, struct gate_error *);
void gate_store_close(struct gate_store_link *);

/* Loads a record as struct gate_store says. Also returns 0 if the record has ended by these options
 * (NULL: by its `expires` only), or if its session was ended and a Node program wrote the record
 * back. Puts a record into the index by user that is not there yet. Leaves the record empty unless
 * it returns 1. */
int gate_store_load(struct gate_store_link *, const char *id, const struct gate_options *,
    struct gate_record *, struct gate_error *);
/* Returns how many ms this host's clock is behind the store's; 0 if that is unknown, or a minute at
 * most. Times that gate writes count from the store's clock if this is not 0: otherwise the record
 * would end as soon as this host's clock is set right. */
int64_t gate_store_lag(struct gate_store_link *);
/* Returns true if gate_store_load would find this record, which a walk shows. */
bool gate_store_is_live(struct gate_store_link *, const char *id, const struct gate_record *,
    const struct gate_options *);
/* These four do, and return, what struct gate_store says. Creating or updating fails with
 * GATE_ESESSION if the record's text has over GATE_RECORD_SIZE_MAX bytes: nobody could read it. */
int gate_store_create(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_update(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_touch(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_remove(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
/* Walks as struct gate_store says of `each`. Sets ttl and deadline of each record that it shows,
 * and corrects times that lie ahead. */
int gate_store_each(struct gate_store_link *, const char *user, gate_store_visit *, void *data,
    struct gate_error *);
/* Does the same for the `most` records of a user that were written or touched last, the last one
 * first, if the store can; else for all of the user's, in any order. */
int gate_store_newest(struct gate_store_link *, const char *user, int most, gate_store_visit *,
    void *data, struct gate_error *);
bool gate_store_knows_newest(const struct gate_store_link *);
/* Returns how many expired records and counters went, 0 if the store lets them go by itself, or -1
 * with the error set. */
int gate_store_sweep(struct gate_store_link *, const struct gate_options *, struct gate_error *);
/* Removes the record of a session with a login, as gate_store_remove does, and marks the id as
 * ended: for a day, gate_store_load then removes a record that a Node program writes back. It
 * misses one that is put back whole, with its place in the index: for that there is
 * gate_store_is_put_back. */
int gate_store_end(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
/* Removes a loaded record whose id was ended over 10 s ago: somebody put it back whole. Returns 1
 * if it did, 0 if the id was not ended, or -1 if the store failed or the record has changed since.
 * Asks the store, so it is too slow for each load. */
int gate_store_is_put_back(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
/* Returns 1 if the id was ended within the last day, 0 if not, or -1 with the error set. For
 * records that a walk shows as stray. */
int gate_store_was_ended(struct gate_store_link *, const char *id, struct gate_error *);
/* Counts as struct gate_store says. If the store returns a count or time that gate can't have
 * written, logs that and sets the count to INT64_MAX, which stands for unreadable. */
int gate_store_bump(struct gate_store_link *, const char *key, int64_t add, int64_t lifetime,
    struct gate_bump *, struct gate_error *);
void gate_store_release(struct gate_store_link *, struct gate_record *); /* with `was` */

/* Returns 1 if there is room for the record of a visitor who is not logged in, or 0 with the error
 * set. */
int gate_store_has_room(struct gate_store_link *, const struct gate_options *, struct gate_error *);
/* Returns true if there is room for the counters that a stranger's wrong password leaves. */
bool gate_store_has_room_for_tries(struct gate_store_link *, const struct gate_options *);

/* ---- store/try.c ---- */

/* Tries all calls that requests need: creates, loads, updates and removes a record, counts, and
 * looks whether there is room. Returns NULL if all went well. Otherwise returns what does not work,
 * as a fixed text that strangers may read, and the error says why. */
const char *gate_store_try(
    struct gate_store_link *, const struct gate_options *, struct gate_error *);
/* Returns the same for monitors, from at most one trial a second, and logs why a trial failed. */
const char *gate_store_health(struct gate_store_link *, const struct gate_options *);

#endif
