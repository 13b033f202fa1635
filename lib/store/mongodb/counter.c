/* store/mongodb/counter.c: the MongoDB store's counters, which have a collection of their own. */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "record/counter.h"
#include "store/mongodb/private.h"

#define BUMP_TRIES 20 /* attempts to change a counter that others change meanwhile */
#define TIMES 4       /* of the last bumps up: one can be taken back after others were counted */

/* ---- find and modify ---- */

int
gate_store_mongodb_modify(struct gate_store_mongodb *store,
    const struct gate_store_mongodb_change *c, bson_t *after, struct gate_error *error)
{
	mongoc_find_and_modify_opts_t *options = gate_mongoc.find_and_modify_opts_new();
	struct gate_mongodb_call call;
	bson_iter_t value, inner;
	bson_t reply;
	bool good, taken;
	int result = 0;

	if (gate_mongodb_begin(&store->mongodb, &call, c->kind, store->counters, error) < 0) {
		gate_mongoc.find_and_modify_opts_destroy(options);
		return -1;
	}
	gate_mongoc.find_and_modify_opts_set_update(options, c->update);
	gate_mongoc.find_and_modify_opts_set_flags(options,
	    MONGOC_FIND_AND_MODIFY_RETURN_NEW | (c->upsert ? MONGOC_FIND_AND_MODIFY_UPSERT : 0));
	while (!(good = gate_mongoc.collection_find_and_modify_with_opts(
		     call.collection, c->query, options, &reply, &call.error)) &&
	    gate_mongodb_again(&call, &reply))
		bson_destroy(&reply);
	taken = !good && gate_mongodb_is_taken(&call, &reply);
	if (good && bson_iter_init_find(&value, &reply, "value") &&
	    BSON_ITER_HOLDS_DOCUMENT(&value) && bson_iter_recurse(&value, &inner)) {
		bson_init(after);
		while (bson_iter_next(&inner))
			bson_append_iter(after, NULL, 0, &inner);
		result = 1;
	}
	bson_destroy(&reply);
	gate_mongoc.find_and_modify_opts_destroy(options);
	if (gate_mongodb_end(&call, good || taken, c->what, error) < 0)
		return -1;
	return taken ? GATE_CONFLICT : result;
}

void
gate_store_mongodb_put_date_test(bson_t *query, const char *name, const char *test, int64_t date)
{
	bson_t inner;

	bson_append_document_begin(query, name, -1, &inner);
	bson_append_date_time(&inner, test, -1, date);
	bson_append_document_end(query, &inner);
}

/* ---- counters ---- */

/* A bump of one counter, whose document is {_id: hash of the key, count, times of the last bumps
 * up, expires}. */
struct counter {
	struct gate_store_mongodb *store;
	char name[GATE_SHA256_HEX + 1]; /* a hash: a key may be any text, and hold a user's name */
	int64_t add, now, lifetime, deadline;
	struct gate_bump *bump;
	struct gate_error *error;
};

/* Returns false if the value is not a date since 1970. */
static bool
read_time(const bson_iter_t *at, int64_t *time)
{
	*time = BSON_ITER_HOLDS_DATE_TIME(at) ? gate_clock_bound(bson_iter_date_time(at)) : -1;
	return *time >= 0;
}

static bool
read_count(const bson_iter_t *at, int64_t *count)
{
	if (BSON_ITER_HOLDS_DOUBLE(at) &&
	    !(bson_iter_double(at) >= 0 && bson_iter_double(at) <= (double)GATE_COUNTER_MAX))
		return false;
	*count = BSON_ITER_HOLDS_NUMBER(at) ? bson_iter_as_int64(at) : -1;
	return *count >= 0 && *count <= GATE_COUNTER_MAX;
}

/* Fills in c->bump from the document. With `up`, the last time is this bump's own, and the one
 * before it counts. Sets the count to INT64_MAX if the document can't be read. */
static void
read_document(const struct counter *c, const bson_t *document, bool up)
{
	int64_t before = 0, last = 0;
	bson_iter_t at, time;
	bool good = bson_iter_init_find(&at, document, "count") && read_count(&at, &c->bump->count);

	good = good && bson_iter_init_find(&at, document, "times") && BSON_ITER_HOLDS_ARRAY(&at) &&
	    bson_iter_recurse(&at, &time);
	while (good && bson_iter_next(&time)) {
		before = last;
		good = read_time(&time, &last);
	}
	c->bump->last = up ? before : last;
	if (!good)
		*c->bump = (struct gate_bump){.count = INT64_MAX};
}

/* Changes the counter that the query finds, and fills in c->bump. Destroys query and update.
 * Returns what gate_store_mongodb_modify returns. */
static int
change_counter(const struct counter *c, bson_t *query, bson_t *update, bool upsert)
{
	const struct gate_store_mongodb_change change = {
	    GATE_MONGODB_WRITE, query, update, upsert, "a counter can't be changed"};
	bson_t after;
	int result = gate_store_mongodb_modify(c->store, &change, &after, c->error);

	if (result == 1) {
		read_document(c, &after, c->add > 0);
		bson_destroy(&after);
	}
	bson_destroy(query);
	bson_destroy(update);
	return result;
}

static bool
is_unreadable(const struct counter *c)
{
	return c->bump->count == INT64_MAX;
}

static void
name_live(bson_t *query, const struct counter *c)
{
	bson_init(query);
	BSON_APPEND_UTF8(query, "_id", c->name);
	gate_store_mongodb_put_date_test(query, "expires", "$gt", c->now);
}

/* Makes a query for the counter if it is live, its count is from `least` to below `below`, and its
 * times are an array. So it finds no counter in which $inc or $push would fail. */
static void
name_countable(bson_t *query, const struct counter *c, int64_t least, int64_t below)
{
	bson_t range;

	name_live(query, c);
	BSON_APPEND_DOCUMENT_BEGIN(query, "count", &range);
	BSON_APPEND_INT64(&range, "$gte", least);
	BSON_APPEND_INT64(&range, "$lt", below);
	bson_append_document_end(query, &range);
	BSON_APPEND_DOCUMENT_BEGIN(query, "times", &range);
	BSON_APPEND_UTF8(&range, "$type", "array");
	bson_append_document_end(query, &range);
}

static int
bump_live(const struct counter *c)
{
	bson_t query, update = BSON_INITIALIZER, inner, push, each;

	name_countable(&query, c, 0, GATE_COUNTER_MAX);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$inc", &inner);
	BSON_APPEND_INT64(&inner, "count", c->add);
	bson_append_document_end(&update, &inner);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$push", &inner);
	BSON_APPEND_DOCUMENT_BEGIN(&inner, "times", &push);
	GATE_BSON_ARRAY_BEGIN(&push, "$each", -1, &each);
	BSON_APPEND_DATE_TIME(&each, "0", c->now);
	bson_append_array_end(&push, &each);
	BSON_APPEND_INT32(&push, "$slice", -TIMES);
	bson_append_document_end(&inner, &push);
	bson_append_document_end(&update, &inner);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &inner);
	BSON_APPEND_DATE_TIME(&inner, "expires", c->now + c->lifetime);
	bson_append_document_end(&update, &inner);
	return change_counter(c, &query, &update, false);
}

/* Makes the counter, or begins it anew if it has expired. */
static int
bump_new(const struct counter *c)
{
	bson_t query = BSON_INITIALIZER, update = BSON_INITIALIZER, set, times;

	BSON_APPEND_UTF8(&query, "_id", c->name);
	gate_store_mongodb_put_date_test(&query, "expires", "$lte", c->now);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
	BSON_APPEND_INT64(&set, "count", c->add);
	GATE_BSON_ARRAY_BEGIN(&set, "times", -1, &times);
	BSON_APPEND_DATE_TIME(&times, "0", c->now);
	bson_append_array_end(&set, &times);
	BSON_APPEND_DATE_TIME(&set, "expires", c->now + c->lifetime);
	bson_append_document_end(&update, &set);
	return change_counter(c, &query, &update, true);
}

static int
give_up(const struct counter *c)
{
	return gate_fail(
	    c->error, GATE_ESTORE, "%s: a counter changes all the time", c->store->mongodb.name);
}

/* Allows the first try always, others until the deadline, and BUMP_TRIES at most. */
static bool
may_try(const struct counter *c, int tries)
{
	return tries < BUMP_TRIES && (tries == 0 || gate_clock_monotonic() < c->deadline);
}

/* Takes back from a counter whose count stays above 0 then, and removes its last time. */
static int
take_back(const struct counter *c)
{
	bson_t query, update = BSON_INITIALIZER, inner;

	name_countable(&query, c, 1 - c->add, GATE_COUNTER_MAX);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$inc", &inner);
	BSON_APPEND_INT64(&inner, "count", c->add);
	bson_append_document_end(&update, &inner);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$pop", &inner);
	BSON_APPEND_INT32(&inner, "times", 1);
	bson_append_document_end(&update, &inner);
	return change_counter(c, &query, &update, false);
}

/* Removes the counter that the query finds, and destroys the query. Returns 1, 0 if it finds none,
 * or -1 with the error set. */
static int
remove_counter(const struct counter *c, bson_t *query)
{
	struct gate_mongodb_call call;
	bson_t reply = BSON_INITIALIZER;
	bson_iter_t at;
	bool good, found = false;

	if (gate_mongodb_begin(
		&c->store->mongodb, &call, GATE_MONGODB_WRITE, c->store->counters, c->error) < 0) {
		bson_destroy(query);
		return -1;
	}
	do {
		bson_destroy(&reply);
		good = gate_mongoc.collection_delete_one(
		    call.collection, query, NULL, &reply, &call.error);
	} while (!good && gate_mongodb_again(&call, NULL));
	if (good && bson_iter_init_find(&at, &reply, "deletedCount"))
		found = bson_iter_as_int64(&at) > 0;
	bson_destroy(&reply);
	bson_destroy(query);
	if (gate_mongodb_end(&call, good, "a counter can't be removed", c->error) < 0)
		return -1;
	return found;
}

/* Removes a counter from which all is taken back: otherwise refused tries could leave any number of
 * empty counters. */
static int
take_all(const struct counter *c)
{
	bson_t query;

	name_countable(&query, c, 0, 1 - c->add);
	return remove_counter(c, &query);
}

/* Returns the latest end that a counter can have. A later one was written by a clock that was
 * ahead, and `shorten` gives it the end of one that is counted now. */
static int64_t
latest_end(const struct counter *c)
{
	return c->now + c->lifetime + GATE_CLOCK_APART;
}

static bool
read_end(const bson_t *document, int64_t *end)
{
	bson_iter_t at;

	return bson_iter_init_find(&at, document, "expires") && read_time(&at, end);
}

static int
shorten(const struct counter *c)
{
	bson_t query = BSON_INITIALIZER, update = BSON_INITIALIZER, set;

	BSON_APPEND_UTF8(&query, "_id", c->name);
	gate_store_mongodb_put_date_test(&query, "expires", "$gt", latest_end(c));
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
	BSON_APPEND_DATE_TIME(&set, "expires", c->now + c->lifetime);
	bson_append_document_end(&update, &set);
	return change_counter(c, &query, &update, false);
}

struct reading {
	const struct counter *c;
	int64_t end;
	int found;
};

static bool
take_counter(void *data, const bson_t *document)
{
	struct reading *r = data;
	const struct counter *c = r->c;

	read_document(c, document, false);
	if (!read_end(document, &r->end))
		c->bump->count = INT64_MAX;
	else if (r->end <= c->now)
		*c->bump = (struct gate_bump){0};
	r->found = r->end > c->now || is_unreadable(c);
	return true;
}

static int
read_counter(const struct counter *c)
{
	struct gate_mongodb_call call;
	bson_t query = BSON_INITIALIZER, options = BSON_INITIALIZER;
	struct reading reading = {.c = c};
	int result;

	if (gate_mongodb_begin(
		&c->store->mongodb, &call, GATE_MONGODB_READ, c->store->counters, c->error) < 0)
		return -1;
	BSON_APPEND_UTF8(&query, "_id", c->name);
	result = gate_mongodb_find_one(&call, &query, &options, take_counter, &reading);
	bson_destroy(&options);
	bson_destroy(&query);
	if (gate_mongodb_end(&call, result >= 0, "a counter can't be read", c->error) < 0)
		return -1;
	return reading.end > latest_end(c) && shorten(c) < 0 ? -1 : reading.found;
}

/* Bumps a live counter, or makes one. Both fail if another process makes it between the two calls,
 * or if it can't be read: then reads it, to tell which, and tries again in the first case. */
static int
bump_up(const struct counter *c)
{
	for (int i = 0; may_try(c, i); i++) {
		int result = bump_live(c);

		if (result == 0)
			result = bump_new(c);
		if (result != 0 && result != GATE_CONFLICT)
			return result;
		result = read_counter(c);
		if (result < 0 || is_unreadable(c))
			return result < 0 ? -1 : 1;
	}
	return give_up(c);
}

/* Takes back some of the counter, or removes it. Both fail if another process counts between the
 * two calls, or if the counter is missing or can't be read: reads it, to tell, and tries again in
 * the first case. */
static int
bump_back(const struct counter *c)
{
	for (int i = 0; may_try(c, i); i++) {
		int result = take_back(c);

		if (result == 0)
			result = take_all(c);
		if (result != 0 && result != GATE_CONFLICT)
			return result;
		result = read_counter(c);
		if (result <= 0 || is_unreadable(c))
			return result < 0 ? -1 : 1;
	}
	return give_up(c);
}

static int
forget(const struct counter *c)
{
	bson_t query = BSON_INITIALIZER;

	BSON_APPEND_UTF8(&query, "_id", c->name);
	return remove_counter(c, &query) < 0 ? -1 : 1;
}

int
gate_store_mongodb_bump(void *store, const char *key, int64_t add, int64_t lifetime,
    struct gate_bump *bump, struct gate_error *error)
{
	struct counter c = {.store = store,
	    .add = add,
	    .now = gate_clock_wall(),
	    .lifetime = lifetime,
	    .deadline = gate_clock_end(((const struct gate_store_mongodb *)store)->deadline),
	    .bump = bump,
	    .error = error};

	*bump = (struct gate_bump){0};
	gate_sha256_hex(c.name, key, strlen(key));
	if (lifetime == 0)
		return forget(&c);
	if (add == 0)
		return read_counter(&c) < 0 ? -1 : 1;
	return add > 0 ? bump_up(&c) : bump_back(&c);
}
