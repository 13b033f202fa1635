/* store/store.c: the list of stores, and the calls that the rest of gate makes of a store. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "crypto/id.h"
#include "record/counter.h"
#include "record/record.h"
#include "store/file/file.h"
#include "store/module.h"
#include "store/store.h"
#ifdef HAVE_MONGODB
#include "store/mongodb/mongodb.h"
#endif

#ifdef HAVE_MONGODB
#define MONGODB_TOO ", and mongodb://HOST/DATABASE"
#else
#define MONGODB_TOO "; gate was built without MongoDB"
#endif

static const struct gate_store *const stores[] = {
    &gate_store_file,
    &gate_store_memory,
#ifdef HAVE_MONGODB
    &gate_store_mongodb,
    &gate_store_mongodb_srv,
#endif
    NULL,
};

static bool
serves(const struct gate_store *table, const char *url)
{
	size_t length = strlen(table->scheme);

	return strncmp(url, table->scheme, length) == 0 && url[length] == ':';
}

static const struct gate_store *
find_in(const struct gate_store *const *tables, const char *url)
{
	for (; tables != NULL && *tables != NULL; tables++)
		if (serves(*tables, url))
			return *tables;
	return NULL;
}

const struct gate_store *
gate_store_find(const struct gate_options *options, const struct gate_store *const *own,
    struct gate_error *error)
{
	const struct gate_store *const *loaded = NULL;
	const struct gate_store *table;

	if (*options->store_module != '\0') {
		loaded = gate_store_module_load(options->store_module, error);
		if (loaded == NULL)
			return NULL;
	}
	table = find_in(own, options->store);
	if (table == NULL)
		table = find_in(loaded, options->store);
	if (table == NULL)
		table = find_in(stores, options->store);
	if (table == NULL)
		gate_fail(error, GATE_EOPTION,
		    "store %.*s: is unknown; file:PATH and memory: are there%s",
		    (int)strcspn(options->store, ":"), options->store, MONGODB_TOO);
	return table;
}

int
gate_store_open(struct gate_store_link *link, const struct gate_store *table,
    const struct gate_options *options, struct gate_error *error)
{
	*link = (struct gate_store_link){
	    .table = table, .ttl = options->ttl, .deadline = options->deadline};
	pthread_mutex_init(&link->health.lock, NULL);
	return table->open(&link->store, options->store, options, error);
}

void
gate_store_close(struct gate_store_link *link)
{
	if (link->store != NULL)
		link->table->close(link->store);
	link->store = NULL;
}

static void
count(struct gate_store_link *link, enum gate_store_call call)
{
	atomic_fetch_add_explicit(&link->calls[call], 1, memory_order_relaxed);
}

void
gate_store_release(struct gate_store_link *link, struct gate_record *record)
{
	if (record->was != NULL)
		link->table->release(record);
	record->was = NULL;
	gate_record_release(record);
}

/* ---- ids of ended sessions ---- */

/* Adds `add` to the number of times that the id was ended; 0 only reads it. Returns 1 if the number
 * is above 0 then, 0 if not, or -1 with the error set. */
static int
bump_ended(struct gate_store_link *link, const char *id, int64_t add, struct gate_error *error)
{
	char key[GATE_COUNTER_KEY_MAX];
	struct gate_bump bump;

	gate_record_ended_key(key, id);
	if (gate_store_bump(link, key, add, GATE_ENDED_TIME, &bump, error) < 0)
		return -1;
	return bump.count > 0;
}

/* A mark that is younger than GATE_ENDING_TIME says nothing: the process that set it is about to
 * remove the record. */
int
gate_store_is_put_back(struct gate_store_link *link, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	char key[GATE_COUNTER_KEY_MAX];
	struct gate_bump bump;

	gate_record_ended_key(key, id);
	if (gate_store_bump(link, key, 0, GATE_ENDED_TIME, &bump, error) < 0)
		return -1;
	if (bump.count == 0 || bump.last > gate_clock_wall() - GATE_ENDING_TIME)
		return 0;
	return gate_store_remove(link, id, record, error) < 0 ? -1 : 1;
}

int
gate_store_was_ended(struct gate_store_link *link, const char *id, struct gate_error *error)
{
	return bump_ended(link, id, 0, error);
}

/* Sets the mark before it removes the record, so that at any time one of the two is there. On a
 * full disk the mark fails; the record is removed all the same, and then there is room for the
 * mark. */
int
gate_store_end(struct gate_store_link *link, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	struct gate_error why = {0};
	bool marked = gate_id_valid(id) && bump_ended(link, id, 1, NULL) >= 0;
	int result = gate_store_remove(link, id, record, error);

	if (result == GATE_CONFLICT && marked)
		bump_ended(link, id, -1, NULL); /* only our own mark: others may have set one */
	if (result == 1 && !marked && bump_ended(link, id, 1, &why) < 0)
		gate_log(GATE_LOG_WARN, "end-not-remembered", "error", why.text, "hint",
		    "a Node program's slow request may write the session back", NULL);
	return result;
}

/* Decides about a record that the index by user does not list. Only gate writes the index, so a
 * Node program made the record, or wrote it back after gate had ended it. Puts the first kind into
 * the index and returns 1; removes the second and returns 0. Returns GATE_CONFLICT if the record
 * changed meanwhile, or -1 with the error set. */
static int
adopt(struct gate_store_link *link, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	int ended = bump_ended(link, id, 0, error), result;

	if (ended < 0)
		return -1;
	if (ended > 0) {
		gate_store_remove(link, id, NULL, NULL); /* or each load would find it again */
		return 0;
	}
	result = gate_store_touch(link, id, record, error);
	record->stray = false;
	return result;
}

/* ---- the time ---- */

int64_t
gate_store_lag(struct gate_store_link *link)
{
	int64_t there, lag;

	if (link->table->time == NULL || link->table->time(link->store, &there, NULL) < 0)
		return 0;
	lag = there - gate_clock_wall();
	return lag > GATE_CLOCK_APART ? lag : 0;
}

/* Corrects times of the record that lie ahead. Clears `ahead`, so that the correction is not
 * written, if this host's clock is behind the store's, or the store can't say: then the writer's
 * clock may have been right. */
static void
look_at_times(struct gate_store_link *link, struct gate_record *record)
{
	struct gate_error error = {0};
	int64_t now;

	gate_record_settle(record);
	if (!record->ahead || link->table->time == NULL)
		return;
	if (link->table->time(link->store, &now, &error) < 0 ||
	    now > gate_clock_wall() + GATE_CLOCK_APART)
		record->ahead = false;
}

static int64_t
end_of(const struct gate_record *record, const struct gate_options *options)
{
	return options != NULL ? gate_record_end(record, options) : record->expires;
}

/* Returns true if the record has ended by this host's clock. The record's `now` may be the store's
 * time, which is later if this host's clock is behind: so subtracts that lag. */
static bool
is_over(struct gate_store_link *link, const struct gate_record *record,
    const struct gate_options *options)
{
	int64_t end = end_of(record, options);

	return end <= record->now && end <= record->now - gate_store_lag(link);
}

/* Returns 0 if a record that has ended by this host's clock has ended by the store's too. Returns
 * -1 with the error set if this host's clock is ahead and the record lives on, or the store can't
 * say. */
static int
check_clock(struct gate_store_link *link, const struct gate_record *record,
    const struct gate_options *options, struct gate_error *error)
{
	int64_t now, ahead, end = end_of(record, options);

	if (link->table->time == NULL)
		return 0;
	if (link->table->time(link->store, &now, error) < 0)
		return -1;
	ahead = gate_clock_wall() - now;
	if (ahead <= GATE_CLOCK_APART || end <= now)
		return 0;
	return gate_fail(error, GATE_ESTORE,
	    "store: a session would be over only because this host's clock is %lld s ahead: it is "
	    "kept until the clock is right",
	    (long long)ahead / 1000);
}

bool
gate_store_is_live(struct gate_store_link *link, const char *id, const struct gate_record *record,
    const struct gate_options *options)
{
	bool over = is_over(link, record, options) && check_clock(link, record, options, NULL) == 0;

	return !over && !(record->stray && gate_store_was_ended(link, id, NULL) == 1);
}

/* ---- load ---- */

int
gate_store_load(struct gate_store_link *link, const char *id, const struct gate_options *options,
    struct gate_record *record, struct gate_error *error)
{
	int result;

	if (!gate_id_valid(id))
		return 0;
	do {
		count(link, GATE_STORE_LOAD);
		result = link->table->load(link->store, id, record, error);
		if (result == 1)
			look_at_times(link, record);
		if (result == 1 && is_over(link, record, options))
			result = check_clock(link, record, options, error);
		if (result == 1 && record->stray)
			result = adopt(link, id, record, error);
		if (result != 1)
			gate_store_release(link, record);
	} while (result == GATE_CONFLICT && gate_clock_monotonic() < record->deadline);
	if (result == GATE_CONFLICT)
		return gate_fail(error, GATE_ESTORE, "a record is changed all the time");
	return result;
}

/* ---- the other calls ---- */

static int
check_size(const struct gate_record *record, struct gate_error *error)
{
	size_t length = gate_record_size(record);
	char *text;

	if (length <= GATE_RECORD_SIZE_MAX) /* it is this long at most */
		return 0;
	text = gate_record_text(record, &length);
	free(text);
	if (text == NULL)
		return gate_fail(error, GATE_EMEMORY, "out of memory");
	if (length <= GATE_RECORD_SIZE_MAX)
		return 0;
	return gate_fail(
	    error, GATE_ESESSION, "the session is larger than a record may be (1 MiB)");
}

int
gate_store_create(struct gate_store_link *link, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	if (check_size(record, error) < 0)
		return -1;
	count(link, GATE_STORE_CREATE);
	return link->table->create(link->store, id, record, error);
}

int
gate_store_update(struct gate_store_link *link, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	if (check_size(record, error) < 0)
		return -1;
	count(link, GATE_STORE_UPDATE);
	return link->table->update(link->store, id, record, error);
}

int
gate_store_touch(struct gate_store_link *link, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	count(link, GATE_STORE_TOUCH);
	return link->table->touch(link->store, id, record, error);
}

int
gate_store_remove(struct gate_store_link *link, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	if (!gate_id_valid(id))
		return 0;
	count(link, GATE_STORE_REMOVE);
	return link->table->remove(link->store, id, record, error);
}

/* Returns true if gate can have written these values. */
static bool
is_counter(const struct gate_bump *b)
{
	return b->count >= 0 && b->count <= GATE_COUNTER_MAX && b->last >= 0 &&
	    b->last == gate_clock_bound(b->last);
}

/* Returns the key up to its first colon, for the log: an id may follow the colon. */
static const char *
kind_of(const char *key, char kind[16])
{
	snprintf(kind, 16, "%.*s", (int)strcspn(key, ":"), key);
	return kind;
}

int
gate_store_bump(struct gate_store_link *link, const char *key, int64_t add, int64_t lifetime,
    struct gate_bump *bump, struct gate_error *error)
{
	char kind[16];
	int result;

	count(link, GATE_STORE_BUMP);
	result = link->table->bump(link->store, key, add, lifetime, bump, error);
	if (result >= 0 && !is_counter(bump)) {
		gate_log(GATE_LOG_WARN, "counter-unreadable", "store", link->table->scheme,
		    "counter", kind_of(key, kind), "hint",
		    "it counts as full, or as set: gate user unlock removes that of an account",
		    NULL);
		*bump = (struct gate_bump){.count = INT64_MAX};
	}
	return result;
}

int
gate_store_has_room(
    struct gate_store_link *link, const struct gate_options *options, struct gate_error *error)
{
	return link->table->room == NULL || link->table->room(link->store, options, error) > 1;
}

bool
gate_store_has_room_for_tries(struct gate_store_link *link, const struct gate_options *options)
{
	return link->table->room == NULL || link->table->room(link->store, options, NULL) > 0;
}
