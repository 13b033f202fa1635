/* store/mongodb/index.c: makes the collections' indexes, and looks for a collation. */
#include "config.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "store/mongodb/private.h"

struct index {
	const char *collection, *field, *name;
	bool ttl;
};

/* Makes the command with connect-mongo's options: with others, a Node program could not make its
 * index and would not start. */
static void
describe(bson_t *command, const struct index *index)
{
	bson_t list, one, key;

	bson_init(command);
	BSON_APPEND_UTF8(command, "createIndexes", index->collection);
	GATE_BSON_ARRAY_BEGIN(command, "indexes", -1, &list);
	BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &one);
	BSON_APPEND_BOOL(&one, "background", true);
	if (index->ttl)
		BSON_APPEND_INT32(&one, "expireAfterSeconds", 0);
	BSON_APPEND_UTF8(&one, "name", index->name);
	BSON_APPEND_DOCUMENT_BEGIN(&one, "key", &key);
	BSON_APPEND_INT32(&key, index->field, 1);
	bson_append_document_end(&one, &key);
	bson_append_document_end(&list, &one);
	bson_append_array_end(command, &list);
}

/* Returns true if the error is temporary, as during a change of the primary. */
static bool
is_passing(const bson_error_t *error)
{
	static const uint32_t codes[] = {6, 7, 24, 46, 50, 64, 89, 91, 112, 117, 134, 189, 262, 276,
	    9001, 10107, 11600, 11602, 13435, 13436};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (error->code == codes[i])
			return true;
	return false;
}

/* Returns true if this is the index, with connect-mongo's options. */
static bool
is_it(const bson_iter_t *at, const struct index *index)
{
	bson_iter_t field;

	if (!bson_iter_recurse(at, &field) || !bson_iter_find(&field, "name") ||
	    !BSON_ITER_HOLDS_UTF8(&field) || strcmp(bson_iter_utf8(&field, NULL), index->name) != 0)
		return false;
	if (!bson_iter_recurse(at, &field) || !bson_iter_find(&field, "expireAfterSeconds"))
		return !index->ttl;
	return index->ttl && BSON_ITER_HOLDS_NUMBER(&field) && bson_iter_as_int64(&field) == 0;
}

/* Returns true if the index is there already: then a role that reads and writes is enough. Returns
 * false also if the server can't be asked. */
static bool
has_index(struct gate_store_mongodb *store, const struct index *index)
{
	struct gate_mongodb_call call;
	bson_t command = BSON_INITIALIZER, reply;
	bson_iter_t batch, at;
	bool good, found = false;

	if (gate_mongodb_begin(
		&store->mongodb, &call, GATE_MONGODB_PATIENT, index->collection, NULL) < 0) {
		bson_destroy(&command);
		return false;
	}
	BSON_APPEND_UTF8(&command, "listIndexes", index->collection);
	good = gate_mongoc.client_read_command_with_opts(
	    call.client, store->mongodb.database, &command, NULL, NULL, &reply, &call.error);
	if (good && bson_iter_init(&at, &reply) &&
	    bson_iter_find_descendant(&at, "cursor.firstBatch", &batch) &&
	    BSON_ITER_HOLDS_ARRAY(&batch) && bson_iter_recurse(&batch, &at))
		while (!found && bson_iter_next(&at))
			found = BSON_ITER_HOLDS_DOCUMENT(&at) && is_it(&at, index);
	bson_destroy(&reply);
	bson_destroy(&command);
	gate_mongodb_end(&call, good, "the indexes can't be listed", NULL);
	return found;
}

/* Makes an index, if it is not there. Returns 1, 0 if the server refused, which it logs, or -1 with
 * the error set. */
static int
make_index(struct gate_store_mongodb *store, const struct index *index, struct gate_error *error)
{
	struct gate_mongodb_call call;
	struct gate_error why = {0};
	bson_t command;
	bool good, refused;

	if (has_index(store, index))
		return 1;
	if (gate_mongodb_begin(
		&store->mongodb, &call, GATE_MONGODB_PATIENT, index->collection, error) < 0)
		return -1;
	describe(&command, index);
	good = gate_mongoc.client_write_command_with_opts(
	    call.client, store->mongodb.database, &command, NULL, NULL, &call.error);
	bson_destroy(&command);
	refused = !good && call.error.domain == MONGOC_ERROR_SERVER && !is_passing(&call.error);
	if (gate_mongodb_end(&call, good, "an index can't be made", &why) > 0)
		return 1;
	if (!refused)
		return gate_fail(error, why.code, "%s", why.text);
	gate_log(GATE_LOG_WARN, "index-refused", "collection", index->collection, "index",
	    index->name, "error", why.text, NULL);
	return 0;
}

/* Asks the server whether the collection has a collation. If the server refuses the question, takes
 * it that it has none. Returns 1, or -1 with the error set. */
static int
ask_collation(struct gate_store_mongodb *store, bool *collated, struct gate_error *error)
{
	struct gate_mongodb_call call;
	bson_t command = BSON_INITIALIZER, filter, reply;
	bson_iter_t at, collation;
	bool good;

	if (gate_mongodb_begin(&store->mongodb, &call, GATE_MONGODB_READ, NULL, error) < 0) {
		bson_destroy(&command);
		return -1;
	}
	BSON_APPEND_INT32(&command, "listCollections", 1);
	BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &filter);
	BSON_APPEND_UTF8(&filter, "name", store->collection);
	bson_append_document_end(&command, &filter);
	good = gate_mongoc.client_read_command_with_opts(
	    call.client, store->mongodb.database, &command, NULL, NULL, &reply, &call.error);
	*collated = good && bson_iter_init(&at, &reply) &&
	    bson_iter_find_descendant(&at, "cursor.firstBatch.0.options.collation", &collation);
	bson_destroy(&reply);
	bson_destroy(&command);
	good |= call.error.domain == MONGOC_ERROR_SERVER && !is_passing(&call.error);
	return gate_mongodb_end(&call, good, "the collection can't be looked at", error);
}

/* A collection can be created with a collation that ignores case: two different payloads may then
 * compare equal. Writes must then name the simple collation (put_collation), and can't use the
 * index of _id. */
int
gate_store_mongodb_look(struct gate_store_mongodb *store, struct gate_error *error)
{
	bool collated;

	if (store->looked)
		return 0;
	if (ask_collation(store, &collated, error) < 0)
		return -1;
	store->collated = collated;
	if (!atomic_exchange(&store->looked, true) && collated)
		gate_log(GATE_LOG_WARN, "collation", "collection", store->collection, "error",
		    "the collection has a collation of its own: each write looks through all of "
		    "it; make a new one without",
		    NULL);
	return 0;
}

int
gate_store_mongodb_prepare(
    struct gate_store_mongodb *store, const struct gate_options *options, struct gate_error *error)
{
	const struct index of_user = {store->collection, "user", "user_1", false};
	const struct index of_end = {store->collection, "expires", "expires_1", true};
	const struct index of_counters = {store->counters, "expires", "expires_1", true};
	int result;

	if (gate_store_mongodb_look(store, error) < 0 || make_index(store, &of_user, error) < 0 ||
	    make_index(store, &of_counters, error) < 0)
		return -1;
	if (options->auto_remove == GATE_REMOVE_NATIVE) {
		result = make_index(store, &of_end, error);
		if (result < 0)
			return -1;
		store->no_ttl = result == 0;
	}
	store->prepared = true;
	return 0;
}
