/* store/mongodb/record.c: loads and writes records, which are documents as connect-mongo's; writes
 * compare and swap on the payload that was read. */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "record/record.h"
#include "store/mongodb/private.h"

static void
log_unreadable(struct gate_store_mongodb *store, const char *id)
{
	char name[16];

	snprintf(name, sizeof name, "%.8s...", id);
	gate_log(GATE_LOG_WARN, "session-unreadable", "store", store->collection, "id", name,
	    "error",
	    "neither JSON with a cookie nor a document with one (encrypted by connect-mongo?), or "
	    "over 1 MiB; left as it is",
	    NULL);
}

/* ---- what is sent ---- */

static void
put_string(bson_t *bson, const char *key, const char *text)
{
	bson_append_utf8(bson, key, -1, text, -1);
}

static void
filter_by_id(bson_t *filter, const char *id)
{
	bson_init(filter);
	put_string(filter, "_id", id);
}

static void
put_equals(bson_t *filter, const char *name, const bson_t *was)
{
	bson_iter_t value;
	bson_t equals;

	if (!bson_iter_init_find(&value, was, name))
		return;
	bson_append_document_begin(filter, name, -1, &equals);
	bson_append_iter(&equals, "$eq", -1, &value);
	bson_append_document_end(filter, &equals);
}

/* Finds the record only if it is as it was read: the same payload, with its members in the same
 * order, and the same field `user`. connect-mongo does not write that field: a record that was
 * removed and written back by Node has none. */
static void
filter_by_record(bson_t *filter, const char *id, const struct gate_record *record)
{
	const struct gate_store_mongodb_was *was = record->was;

	filter_by_id(filter, id);
	put_equals(filter, "session", was->payload);
	put_equals(filter, "user", was->payload);
}

/* Returns true if the record is new and first_ttl shortens its life until its visitor comes
 * back. */
static bool
is_provisional(const struct gate_record *record)
{
	return record->user == NULL && record->created >= record->now &&
	    record->expires < record->now + gate_record_lifetime(record);
}

/* Appends the fields with times. A new provisional record gets no lastModified: then Node, too,
 * prolongs it at the visitor's first return, whatever its touchAfter is. */
static void
put_times(bson_t *bson, const struct gate_store_mongodb *store, const struct gate_record *record,
    bool new)
{
	bson_append_date_time(bson, "expires", -1, record->expires);
	if (store->touches && !(new &&is_provisional(record)))
		bson_append_date_time(bson, "lastModified", -1, record->now);
}

/* Makes the server compare byte for byte, if the collection has a collation. */
static void
put_collation(bson_t *options, const struct gate_store_mongodb *store)
{
	bson_t collation;

	if (!store->collated)
		return;
	bson_append_document_begin(options, "collation", -1, &collation);
	put_string(&collation, "locale", "simple");
	bson_append_document_end(options, &collation);
}

/* Turns off the driver's check of names, which refuses some that a session may have. */
static void
allow_names(bson_t *options)
{
	bson_append_bool(options, "validate", -1, false);
}

static int64_t
number_in(const bson_t *reply, const char *name)
{
	bson_iter_t at;

	return bson_iter_init_find(&at, reply, name) ? bson_iter_as_int64(&at) : 0;
}

/* ---- load ---- */

/* Keeps the field `user` as it was read, and sets `stray`: a document that connect-mongo made has
 * no such field. */
static void
read_index(const bson_t *document, struct gate_record *record)
{
	const struct gate_store_mongodb_was *was = record->was;
	bson_iter_t user;
	bool there = bson_iter_init_find(&user, document, "user");

	if (there)
		bson_append_iter(was->payload, "user", -1, &user);
	record->stray = record->user != NULL &&
	    (!there || !BSON_ITER_HOLDS_UTF8(&user) ||
		strcmp(bson_iter_utf8(&user, NULL), record->user) != 0);
}

int
gate_store_mongodb_read(struct gate_store_mongodb *store, const bson_t *document, const char *id,
    struct gate_record *record, struct gate_error *error)
{
	bson_iter_t at;
	int result = 0;

	record->expires = INT64_MAX;
	record->touched = 0;
	if (bson_iter_init_find(&at, document, "expires"))
		record->expires =
		    BSON_ITER_HOLDS_DATE_TIME(&at) ? gate_clock_bound(bson_iter_date_time(&at)) : 0;
	if (bson_iter_init_find(&at, document, "lastModified") && BSON_ITER_HOLDS_DATE_TIME(&at) &&
	    bson_iter_date_time(&at) > 0)
		record->touched = gate_clock_bound(bson_iter_date_time(&at));
	if (bson_iter_init_find(&at, document, "session") &&
	    (BSON_ITER_HOLDS_UTF8(&at) || BSON_ITER_HOLDS_DOCUMENT(&at))) {
		record->was = gate_store_mongodb_keep(&at);
		result = record->was != NULL ? gate_store_mongodb_parse(record->was, record) : -1;
	}
	if (result == 1) {
		gate_record_settle(record);
		read_index(document, record);
	}
	if (result < 0)
		return gate_fail(error, GATE_EMEMORY, "out of memory");
	if (result == 1 || record->expires <= record->now)
		return result;
	log_unreadable(store, id);
	return GATE_UNREADABLE;
}

/* Makes a command that finds one document. A cursor would cost a third more; the driver retries
 * both. */
static void
describe_find(bson_t *command, const struct gate_store_mongodb *store, const char *id)
{
	bson_t filter;

	bson_init(command);
	put_string(command, "find", store->collection);
	bson_append_document_begin(command, "filter", -1, &filter);
	put_string(&filter, "_id", id);
	bson_append_document_end(command, &filter);
	bson_append_int32(command, "limit", -1, 1);
	bson_append_bool(command, "singleBatch", -1, true);
}

/* Sets *document to the first one in the reply, whose bytes it borrows. Returns false if there is
 * none. */
static bool
find_first(const bson_t *reply, bson_t *document)
{
	bson_iter_t at, first;
	const uint8_t *bytes;
	uint32_t length;

	if (!bson_iter_init(&at, reply) ||
	    !bson_iter_find_descendant(&at, "cursor.firstBatch.0", &first) ||
	    !BSON_ITER_HOLDS_DOCUMENT(&first))
		return false;
	bson_iter_document(&first, &length, &bytes);
	return bson_init_static(document, bytes, length);
}

int
gate_store_mongodb_load(
    void *data, const char *id, struct gate_record *record, struct gate_error *error)
{
	struct gate_store_mongodb *store = data;
	struct gate_mongodb_call call;
	bson_t command, reply, document;
	int result = 0;
	bool good;

	if (gate_mongodb_begin(&store->mongodb, &call, GATE_MONGODB_READ, NULL, error) < 0)
		return -1;
	describe_find(&command, store, id);
	while (!(good = gate_mongoc.client_read_command_with_opts(call.client,
		     store->mongodb.database, &command, NULL, NULL, &reply, &call.error)) &&
	    gate_mongodb_again(&call, &reply))
		bson_destroy(&reply);
	if (good && find_first(&reply, &document))
		result = gate_store_mongodb_read(store, &document, id, record, error);
	bson_destroy(&reply);
	bson_destroy(&command);
	if (gate_mongodb_end(&call, good, "a record can't be read", error) < 0)
		return -1;
	return result;
}

void
gate_store_mongodb_release(struct gate_record *record)
{
	gate_store_mongodb_free_was(record->was);
}

/* ---- writes ---- */

struct change { /* a change of one record */
	const char *id;
	const struct gate_record *as_read; /* change it only if it still is this; NULL: always */
	const bson_t *update;              /* NULL: remove the record */
};

static bool
send_change(
    const struct change *c, struct gate_mongodb_call *call, const bson_t *options, bson_t *reply)
{
	bson_t filter;
	bool good;

	if (c->as_read != NULL)
		filter_by_record(&filter, c->id, c->as_read);
	else
		filter_by_id(&filter, c->id);
	good = c->update != NULL ? gate_mongoc.collection_update_one(call->collection, &filter,
				       c->update, options, reply, &call->error)
				 : gate_mongoc.collection_delete_one(
				       call->collection, &filter, options, reply, &call->error);
	bson_destroy(&filter);
	return good;
}

/* Sends the change. Returns 1, 0 if there is no such record, GATE_CONFLICT if there is none as it
 * was read, or -1 with the error set. */
static int
change(struct gate_store_mongodb *store, const struct change *c, struct gate_error *error)
{
	bool goes = c->update == NULL;
	struct gate_mongodb_call call;
	bson_t options = BSON_INITIALIZER, reply;
	int64_t found;
	bool good;

	if (gate_store_mongodb_look(store, error) < 0 ||
	    gate_mongodb_begin(
		&store->mongodb, &call, GATE_MONGODB_WRITE, store->collection, error) < 0)
		return -1;
	if (!goes)
		allow_names(&options);
	put_collation(&options, store);
	while (
	    !(good = send_change(c, &call, &options, &reply)) && gate_mongodb_again(&call, &reply))
		bson_destroy(&reply);
	found = number_in(&reply, goes ? "deletedCount" : "matchedCount");
	bson_destroy(&reply);
	bson_destroy(&options);
	if (gate_mongodb_end(&call, good,
		goes ? "a record can't be removed" : "a record can't be written", error) < 0)
		return -1;
	if (found > 0)
		return 1;
	return c->as_read != NULL ? GATE_CONFLICT : 0;
}

static void
put_user(bson_t *set, bson_t *unset, const struct gate_record *record)
{
	if (!record->user_changed)
		return;
	if (record->user != NULL)
		put_string(set, "user", record->user);
	else
		put_string(unset, "user", "");
}

int
gate_store_mongodb_update(
    void *data, const char *id, struct gate_record *record, struct gate_error *error)
{
	struct gate_store_mongodb *store = data;
	bson_t set = BSON_INITIALIZER, unset = BSON_INITIALIZER, update = BSON_INITIALIZER;
	int result = gate_store_mongodb_put_changes(&set, &unset, record, error);

	if (result == 0) {
		put_times(&set, store, record, false);
		put_user(&set, &unset, record);
		bson_append_document(&update, "$set", -1, &set);
		if (bson_count_keys(&unset) > 0)
			bson_append_document(&update, "$unset", -1, &unset);
		result = change(store, &(struct change){id, record, &update}, error);
	}
	if (result == 1 && store->touches)
		record->touched = record->now;
	bson_destroy(&set);
	bson_destroy(&unset);
	bson_destroy(&update);
	return result;
}

/* Writes the field `user`, and remembers it as read, for later compare-and-swaps. */
static int
adopt(struct gate_store_mongodb *store, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	struct gate_store_mongodb_was *was = record->was;
	bson_t set, update = BSON_INITIALIZER, *payload;
	int result;

	bson_append_document_begin(&update, "$set", -1, &set);
	put_string(&set, "user", record->user);
	bson_append_document_end(&update, &set);
	result = change(store, &(struct change){id, record, &update}, error);
	bson_destroy(&update);
	if (result == 1) {
		payload = bson_new();
		bson_copy_to_excluding_noinit(was->payload, payload, "user", NULL);
		put_string(payload, "user", record->user);
		bson_destroy(was->payload);
		was->payload = payload;
	}
	return result;
}

int
gate_store_mongodb_touch(
    void *data, const char *id, struct gate_record *record, struct gate_error *error)
{
	struct gate_store_mongodb *store = data;
	bson_t set, update = BSON_INITIALIZER;
	int result;

	if (record->stray)
		return adopt(store, id, record, error);
	bson_append_document_begin(&update, "$set", -1, &set);
	put_times(&set, store, record, false);
	bson_append_document_end(&update, &set);
	result = change(store, &(struct change){id, record, &update}, error);
	bson_destroy(&update);
	return result;
}

static int
send_insert(struct gate_store_mongodb *store, const bson_t *document, struct gate_error *error)
{
	struct gate_mongodb_call call;
	bson_t options = BSON_INITIALIZER, reply;
	bool good, taken;

	if (gate_mongodb_begin(
		&store->mongodb, &call, GATE_MONGODB_WRITE, store->collection, error) < 0)
		return -1;
	allow_names(&options);
	while (!(good = gate_mongoc.collection_insert_one(
		     call.collection, document, &options, &reply, &call.error)) &&
	    gate_mongodb_again(&call, &reply))
		bson_destroy(&reply);
	taken = !good && gate_mongodb_is_taken(&call, &reply);
	bson_destroy(&reply);
	bson_destroy(&options);
	if (gate_mongodb_end(&call, good || taken, "a record can't be made", error) < 0)
		return -1;
	return !taken;
}

int
gate_store_mongodb_create(
    void *data, const char *id, struct gate_record *record, struct gate_error *error)
{
	struct gate_store_mongodb *store = data;
	bson_t document;
	int result;

	filter_by_id(&document, id);
	result = gate_store_mongodb_put_payload(&document, record, store->document, error);
	if (result == 0) {
		put_times(&document, store, record, true);
		if (record->user != NULL)
			put_string(&document, "user", record->user);
		result = send_insert(store, &document, error);
	}
	bson_destroy(&document);
	return result;
}

int
gate_store_mongodb_remove(
    void *data, const char *id, struct gate_record *record, struct gate_error *error)
{
	return change(data, &(struct change){id, record, NULL}, error);
}
