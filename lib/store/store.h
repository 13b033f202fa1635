/* store/store.h: the stores that there are, and the calls that everybody else makes. */
#ifndef GATE_STORE_STORE_H
#define GATE_STORE_STORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "gate.h"
#include "crypto/id.h"
#include "crypto/sign.h"
#include "options/options.h"

enum gate_store_call { /* counted, so that a test and the trace can say what a request cost */
	GATE_STORE_LOAD,
	GATE_STORE_CREATE,
	GATE_STORE_UPDATE,
	GATE_STORE_TOUCH,
	GATE_STORE_REMOVE,
	GATE_STORE_BUMP,
	GATE_STORE_CALLS
};

struct gate_store_trial { /* what the last trial found */
	pthread_mutex_t lock;
	int64_t at; /* ms of CLOCK_MONOTONIC, 0: there was none */
	const char *why;
};

/* What this process has seen of paths under cookie_path. */
enum gate_store_paths { GATE_PATH_UNKNOWN, GATE_PATH_OUTSIDE, GATE_PATH_UNDER };

struct gate_store_link { /* an open store */
	const struct gate_store *table;
	void *store;
	atomic_ulong calls[GATE_STORE_CALLS];
	struct gate_store_trial health;
	atomic_int paths;
};

/* The table for a URL: one's own stores first. NULL with the error set. */
const struct gate_store *gate_store_find(
    const char *url, const struct gate_store *const *own, struct gate_error *);
int gate_store_open(struct gate_store_link *, const struct gate_store *,
    const struct gate_options *, struct gate_error *);
void gate_store_close(struct gate_store_link *);

/* As in struct gate_store. load: what has ended by these options counts as 0 too (NULL: only what
 * the store says), and so does what was ended and written back; what the index by user does not
 * name is put there. At 0 and below (GATE_UNREADABLE is below) the record is empty. */
int gate_store_load(struct gate_store_link *, const char *id, const struct gate_options *,
    struct gate_record *, struct gate_error *);
/* How far this host's clock is known to be behind the store's, in ms; 0: by a minute at most. What is
 * written lives from the store's time then, or it were over when the clock is right again. */
int64_t gate_store_lag(struct gate_store_link *);
/* The same of a record that a walk shows: would a load find it? */
bool gate_store_is_live(struct gate_store_link *, const char *id, const struct gate_record *,
    const struct gate_options *);
int gate_store_create(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_update(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_touch(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_remove(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
/* As remove. A session that somebody was logged in by: for a day the id stays dead, whoever writes
 * its record back. */
int gate_store_end(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
/* Was the record, as it was read, written back as a whole after its end? Then it goes. 1, 0, -1. Not for
 * each load: it asks the store. */
int gate_store_is_put_back(
    struct gate_store_link *, const char *id, struct gate_record *, struct gate_error *);
/* 1: it was, within the last day; 0; -1. What a walk shows and is stray may have been. */
int gate_store_was_ended(struct gate_store_link *, const char *id, struct gate_error *);
/* A count that can't be, or a time, is INT64_MAX: what can't be read, which is logged. */
int gate_store_bump(struct gate_store_link *, const char *key, int64_t add, int64_t lifetime,
    struct gate_bump *, struct gate_error *);
void gate_store_release(struct gate_store_link *, struct gate_record *); /* empties it, whole */

/* Is there room for a record of somebody who is not logged in? 0: the error says why not. */
int gate_store_has_room(struct gate_store_link *, const struct gate_options *, struct gate_error *);
/* And for counters of a password that a stranger tries? */
bool gate_store_has_room_for_tries(struct gate_store_link *, const struct gate_options *);

/* ---- store/try.c ---- */

/* Makes a record, reads, changes and removes it, and counts: all that requests need. NULL: that went
 * well; else what does not work, in words that everybody may read; the error says why. */
const char *gate_store_try(
    struct gate_store_link *, const struct gate_options *, struct gate_error *);
/* The same for monitors, however often they ask: tries once a second, and logs why it failed. */
const char *gate_store_health(struct gate_store_link *, const struct gate_options *);

#endif
