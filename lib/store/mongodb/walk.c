/* store/mongodb/walk.c: walks over all records of the store, or over those of one user. */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/id.h"
#include "record/record.h"
#include "store/mongodb/private.h"

#define OF_USER_MOST 20000 /* records of one user: the caller of a walk keeps memory for each */
#define WALK_BATCH 100     /* records in one reply, which must come within socket_timeout */

struct walk {
	struct gate_store_mongodb *store;
	const char *user; /* NULL: all */
	gate_store_visit *visit;
	void *data;
	struct gate_error *error;
	int visits;
	int result; /* of the last visit */
};

/* Returns what visit returns, 1 if it was not called, or -1 with the error set. Compares the
 * record's own user: the field `user` may be older than the payload, since Node does not write
 * it. */
static int
visit_document(struct walk *w, const bson_t *document)
{
	struct gate_store_mongodb *store = w->store;
	struct gate_record record = gate_record_blank(
	    gate_clock_wall(), gate_clock_end(store->deadline), store->ttl, store->user_member);
	bson_iter_t at;
	const char *id;
	int found, result = 1;

	if (!bson_iter_init_find(&at, document, "_id") || !BSON_ITER_HOLDS_UTF8(&at))
		return 1;
	id = bson_iter_utf8(&at, NULL);
	if (!gate_id_valid(id))
		return 1;
	if (w->user != NULL && ++w->visits > OF_USER_MOST)
		return gate_fail(w->error, GATE_ESTORE,
		    "%s: the server shows more than %d records of one user", store->mongodb.name,
		    OF_USER_MOST);
	found = gate_store_mongodb_read(store, document, id, &record, w->error);
	if (found == -1)
		result = -1;
	else if (found == 1 &&
	    (w->user == NULL || (record.user != NULL && strcmp(w->user, record.user) == 0)))
		result = w->visit(w->data, id, &record);
	gate_store_mongodb_release(&record);
	record.was = NULL;
	gate_record_release(&record);
	if (found == GATE_UNREADABLE && w->user == NULL &&
	    bson_iter_init_find(&at, document, "session"))
		result = w->visit(w->data, id, &record);
	return result;
}

static bool
visit_next(void *data, const bson_t *document)
{
	struct walk *w = data;

	w->result = visit_document(w, document);
	return w->result > 0;
}

/* Walks over the records of w->user, or over all. With `most` above 0, the server picks the ones
 * written last. Otherwise no order is asked for: the walk follows the index by user, in which a
 * touch does not move a record. */
static int
look_through(struct walk *w, int most)
{
	struct gate_store_mongodb *store = w->store;
	struct gate_mongodb_call call;
	bson_t filter = BSON_INITIALIZER, options = BSON_INITIALIZER, part;
	int found;

	BSON_APPEND_INT32(&options, "batchSize", WALK_BATCH);
	if (most > 0) {
		BSON_APPEND_INT64(&options, "limit", most);
		BSON_APPEND_DOCUMENT_BEGIN(&options, "sort", &part);
		BSON_APPEND_INT32(&part, "lastModified", -1);
		BSON_APPEND_INT32(&part, "expires", -1);
		bson_append_document_end(&options, &part);
	}
	if (w->user != NULL) {
		BSON_APPEND_DOCUMENT_BEGIN(&filter, "user", &part);
		BSON_APPEND_UTF8(&part, "$eq", w->user);
		bson_append_document_end(&filter, &part);
	}
	if (gate_mongodb_begin(
		&store->mongodb, &call, GATE_MONGODB_READ, store->collection, w->error) < 0) {
		bson_destroy(&options);
		bson_destroy(&filter);
		return -1;
	}
	w->result = 1;
	found = gate_mongodb_find(&call, &filter, &options, visit_next, w);
	bson_destroy(&options);
	bson_destroy(&filter);
	if (gate_mongodb_end(&call, found >= 0, "the records can't be listed", w->error) < 0)
		return -1;
	return w->result < 0 ? -1 : 1;
}

int
gate_store_mongodb_each(
    void *store, const char *user, gate_store_visit *visit, void *data, struct gate_error *error)
{
	struct walk w = {store, user, visit, data, error, 0, 0};

	return look_through(&w, 0);
}

int
gate_store_mongodb_newest(void *store, const char *user, int most, gate_store_visit *visit,
    void *data, struct gate_error *error)
{
	struct walk w = {store, user, visit, data, error, 0, 0};

	return look_through(&w, most);
}
