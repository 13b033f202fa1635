/* store/mongodb/sweep.c: the MongoDB store's sweep, which removes what has expired. */
#include "config.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "store/mongodb/private.h"

#define BUMPS_MAX 1000000  /* counters; beyond that the sweep removes those that expire next */
#define SWEEP_GRACE 60000  /* ms after its end before a record is removed */
#define SWEEP_LEASE 600000 /* ms after which a sweep that did not end no longer blocks others */
#define TTL_LATE 600000    /* ms after which the server's TTL index should have removed a record */
#define BATCH 500 /* documents that one command removes; others can write between two commands */
#define SWEEPER "sweep" /* _id of the sweeper's document; those of counters are hashes */

/* ---- who sweeps ---- */

static int64_t
longer(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
put_span(bson_t *list, const char *index, const char *name, int64_t from, int64_t to)
{
	bson_t one, span;

	bson_append_document_begin(list, index, -1, &one);
	bson_append_document_begin(&one, name, -1, &span);
	BSON_APPEND_DATE_TIME(&span, "$gt", from);
	BSON_APPEND_DATE_TIME(&span, "$lte", to);
	bson_append_document_end(&one, &span);
	bson_append_document_end(list, &one);
}

/* Makes a query for the sweeper's document that finds it if a sweep is due: no other sweep is
 * running (`busy`), and the last one began at least `interval` ms ago (`swept`). With interval 0 a
 * sweep is always due. Ignores times too far ahead: they were written before a clock was set
 * back. */
static void
name_due(bson_t *query, int64_t now, int64_t interval)
{
	bson_t neither;

	bson_init(query);
	BSON_APPEND_UTF8(query, "_id", SWEEPER);
	if (interval == 0)
		return;
	GATE_BSON_ARRAY_BEGIN(query, "$nor", -1, &neither);
	put_span(&neither, "0", "busy", now, now + SWEEP_LEASE);
	put_span(&neither, "1", "swept", now - interval, now + longer(interval, SWEEP_LEASE));
	bson_append_array_end(query, &neither);
}

/* Makes this process the only sweeper of all hosts. Returns 1 if it is, 0 if another process sweeps
 * or the next sweep is not due, or -1 with the error set. */
static int
take_turn(struct gate_store_mongodb *store, int64_t now, int64_t interval, struct gate_error *error)
{
	bson_t query, update = BSON_INITIALIZER, set, after;
	const struct gate_store_mongodb_change change = {
	    GATE_MONGODB_PATIENT, &query, &update, true, "the sweep can't begin"};
	int result;

	name_due(&query, now, interval);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
	BSON_APPEND_DATE_TIME(&set, "swept", now);
	BSON_APPEND_DATE_TIME(&set, "busy", now + SWEEP_LEASE);
	bson_append_document_end(&update, &set);
	result = gate_store_mongodb_modify(store, &change, &after, error);
	if (result == 1)
		bson_destroy(&after);
	bson_destroy(&update);
	bson_destroy(&query);
	return result == GATE_CONFLICT ? 0 : result;
}

static void
end_turn(struct gate_store_mongodb *store)
{
	bson_t query = BSON_INITIALIZER, update = BSON_INITIALIZER, set, after;
	const struct gate_store_mongodb_change change = {
	    GATE_MONGODB_PATIENT, &query, &update, false, "the sweep can't end"};

	BSON_APPEND_UTF8(&query, "_id", SWEEPER);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
	BSON_APPEND_DATE_TIME(&set, "busy", 0);
	bson_append_document_end(&update, &set);
	if (gate_store_mongodb_modify(store, &change, &after, NULL) == 1)
		bson_destroy(&after);
	bson_destroy(&update);
	bson_destroy(&query);
}

/* ---- what goes ---- */

struct heap { /* the documents of a collection whose `expires` is before `limit` */
	struct gate_store_mongodb *store;
	const char *collection;
	int64_t limit;
	struct gate_error *error;
};

struct list {
	bson_t ids; /* an array, still open for appending */
	int count;
};

static bool
add_id(void *data, const bson_t *document)
{
	struct list *list = data;
	char text[16];
	const char *key;
	bson_iter_t id;

	if (!bson_iter_init_find(&id, document, "_id"))
		return true;
	bson_uint32_to_string((uint32_t)list->count++, &key, text, sizeof text);
	bson_append_iter(&list->ids, key, -1, &id);
	return true;
}

/* Appends {_id: {$in: [...]}} to `found`, with the ids of up to `most` documents of the heap.
 * Returns their number, or -1 with the error set. */
static int
collect(const struct heap *h, int64_t most, bson_t *found)
{
	struct gate_mongodb_call call;
	bson_t query = BSON_INITIALIZER, options = BSON_INITIALIZER, fields, in;
	struct list list = {.count = 0};
	int result;

	if (gate_mongodb_begin(
		&h->store->mongodb, &call, GATE_MONGODB_PATIENT, h->collection, h->error) < 0)
		return -1;
	gate_store_mongodb_put_date_test(&query, "expires", "$lt", h->limit);
	BSON_APPEND_INT64(&options, "limit", most);
	BSON_APPEND_DOCUMENT_BEGIN(&options, "projection", &fields);
	BSON_APPEND_INT32(&fields, "_id", 1);
	bson_append_document_end(&options, &fields);
	BSON_APPEND_DOCUMENT_BEGIN(found, "_id", &in);
	GATE_BSON_ARRAY_BEGIN(&in, "$in", -1, &list.ids);
	result = gate_mongodb_find(&call, &query, &options, add_id, &list);
	bson_append_array_end(&in, &list.ids);
	bson_append_document_end(found, &in);
	bson_destroy(&options);
	bson_destroy(&query);
	result = gate_mongodb_end(&call, result >= 0, "what has expired can't be found", h->error);
	return result > 0 ? list.count : -1;
}

/* Removes the documents in `found` that still expire before the limit. Returns their number, or -1
 * with the error set. */
static int
delete_found(const struct heap *h, bson_t *found)
{
	struct gate_mongodb_call call;
	bson_iter_t count;
	bson_t reply;
	int deleted = 0;
	bool good;

	if (gate_mongodb_begin(
		&h->store->mongodb, &call, GATE_MONGODB_PATIENT, h->collection, h->error) < 0)
		return -1;
	gate_store_mongodb_put_date_test(found, "expires", "$lt", h->limit);
	good =
	    gate_mongoc.collection_delete_many(call.collection, found, NULL, &reply, &call.error);
	if (bson_iter_init_find(&count, &reply, "deletedCount"))
		deleted = (int)bson_iter_as_int64(&count);
	bson_destroy(&reply);
	good = gate_mongodb_end(&call, good, "what has expired can't be removed", h->error) > 0;
	return good ? deleted : -1;
}

static int
delete_heap(const struct heap *h)
{
	int sum = 0, count, deleted;

	do {
		bson_t found = BSON_INITIALIZER;

		deleted = 0;
		count = collect(h, BATCH, &found);
		if (count > 0)
			deleted = delete_found(h, &found);
		bson_destroy(&found);
		if (count < 0 || deleted < 0)
			return -1;
		sum += deleted;
	} while (count == BATCH && deleted > 0);
	return sum;
}

/* Shortens the records that a clock that was ahead wrote, and that would outlive any session: they
 * end when a session that begins now would. If the visitor comes back before, a write corrects all
 * their times. */
static int
bound_ends(struct gate_store_mongodb *store, const struct gate_options *options, int64_t now,
    struct gate_error *error)
{
	int64_t most = longer(longer(options->ttl, options->max_age),
	    longer(options->remember_age, options->absolute_timeout));
	bson_t query = BSON_INITIALIZER, update = BSON_INITIALIZER, set;
	struct gate_mongodb_call call;
	bool good;

	if (gate_mongodb_begin(
		&store->mongodb, &call, GATE_MONGODB_PATIENT, store->collection, error) < 0)
		return -1;
	gate_store_mongodb_put_date_test(&query, "expires", "$gt", now + most + GATE_CLOCK_APART);
	gate_store_mongodb_put_date_test(&query, "lastModified", "$gt", now + GATE_CLOCK_APART);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
	BSON_APPEND_DATE_TIME(&set, "expires", now + most);
	bson_append_document_end(&update, &set);
	good = gate_mongoc.collection_update_many(
	    call.collection, &query, &update, NULL, NULL, &call.error);
	bson_destroy(&update);
	bson_destroy(&query);
	return gate_mongodb_end(&call, good, "what lies ahead can't be put right", error);
}

/* Looks whether the server's TTL index removes expired records. If not, logs that and sets no_ttl:
 * gate then removes them. Returns 0, or -1 with the error set. */
static int
check_ttl(struct gate_store_mongodb *store, int64_t now, struct gate_error *error)
{
	const struct heap late = {store, store->collection, now - TTL_LATE, error};
	bson_t found = BSON_INITIALIZER;
	int count = collect(&late, 1, &found);

	bson_destroy(&found);
	if (count > 0) {
		gate_log(GATE_LOG_WARN, "ttl-late", "collection", store->collection, "error",
		    "the server leaves expired sessions where they are; gate removes them", NULL);
		store->no_ttl = true;
	}
	return count < 0 ? -1 : 0;
}

static bool
take_end(void *data, const bson_t *document)
{
	int64_t *cutoff = data;
	bson_iter_t end;

	if (bson_iter_init_find(&end, document, "expires") && BSON_ITER_HOLDS_DATE_TIME(&end))
		*cutoff = gate_clock_bound(bson_iter_date_time(&end));
	return true;
}

/* Returns the `expires` up to which the surplus counters expire, 0 if there are no more than
 * BUMPS_MAX, or -1 with the error set. */
static int64_t
find_surplus(struct gate_store_mongodb *store, struct gate_error *error)
{
	struct gate_mongodb_call call;
	bson_t query = BSON_INITIALIZER, options = BSON_INITIALIZER, sort, fields;
	int64_t count, cutoff = 0;
	bool good;

	if (gate_mongodb_begin(
		&store->mongodb, &call, GATE_MONGODB_PATIENT, store->counters, error) < 0)
		return -1;
	count = gate_mongoc.collection_estimated_document_count(
	    call.collection, NULL, NULL, NULL, &call.error);
	good = count >= 0;
	if (count > BUMPS_MAX) {
		BSON_APPEND_DOCUMENT_BEGIN(&options, "sort", &sort);
		BSON_APPEND_INT32(&sort, "expires", -1);
		bson_append_document_end(&options, &sort);
		BSON_APPEND_DOCUMENT_BEGIN(
		    &options, "projection", &fields); /* fields of the index only */
		BSON_APPEND_INT32(&fields, "_id", 0);
		BSON_APPEND_INT32(&fields, "expires", 1);
		bson_append_document_end(&options, &fields);
		BSON_APPEND_INT64(&options, "skip", BUMPS_MAX);
		good = gate_mongodb_find_one(&call, &query, &options, take_end, &cutoff) >= 0;
	}
	bson_destroy(&options);
	bson_destroy(&query);
	if (gate_mongodb_end(&call, good, "the counters can't be counted", error) < 0)
		return -1;
	return cutoff;
}

static int
sweep_counters(struct gate_store_mongodb *store, int64_t now, struct gate_error *error)
{
	struct heap counters = {store, store->counters, now, error};
	int64_t surplus;

	if (delete_heap(&counters) < 0)
		return -1;
	surplus = find_surplus(store, error);
	if (surplus <= 0)
		return surplus < 0 ? -1 : 0;
	counters.limit = surplus + 1;
	return delete_heap(&counters);
}

int
gate_store_mongodb_sweep(void *data, const struct gate_options *options, struct gate_error *error)
{
	struct gate_store_mongodb *store = data;
	int64_t now = gate_clock_wall();
	const struct heap records = {store, store->collection, now - SWEEP_GRACE, error};
	int result, swept = 0;

	if (!store->prepared && gate_store_mongodb_prepare(store, options, error) < 0)
		return -1;
	result = gate_store_mongodb_hear_clock(store, error);
	if (result > 0)
		result = take_turn(store, now, options->sweep_interval, error);
	if (result <= 0)
		return result;
	result = gate_store_mongodb_look_at_clock(store, error);
	if (result >= 0)
		result = bound_ends(store, options, now, error);
	if (result >= 0 && options->auto_remove == GATE_REMOVE_NATIVE && !store->no_ttl)
		result = check_ttl(store, now, error);
	if (result >= 0 &&
	    (options->auto_remove == GATE_REMOVE_INTERVAL ||
		(options->auto_remove == GATE_REMOVE_NATIVE && store->no_ttl)))
		swept = delete_heap(&records);
	if (result >= 0 && swept >= 0)
		result = sweep_counters(store, now, error);
	end_turn(store);
	return result < 0 ? -1 : swept;
}
