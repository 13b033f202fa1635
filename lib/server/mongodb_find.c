/* server/mongodb_find.c: finds documents in MongoDB, one or many. */
#include "config.h"

#include "base/clock.h"
#include "server/mongodb.h"

int
gate_mongodb_find_one(struct gate_mongodb_call *call, const bson_t *filter, bson_t *options,
    gate_mongodb_visit *visit, void *data)
{
	const bson_t *document;
	mongoc_cursor_t *cursor;
	bool good, there;

	BSON_APPEND_INT64(options, "limit", 1);
	BSON_APPEND_BOOL(options, "singleBatch", true);
	do {
		cursor =
		    gate_mongoc.collection_find_with_opts(call->collection, filter, options, NULL);
		there = gate_mongoc.cursor_next(cursor, &document) && visit(data, document);
		good = !gate_mongoc.cursor_error(cursor, &call->error);
		gate_mongoc.cursor_destroy(cursor);
	} while (!good && gate_mongodb_again(call, NULL));
	return good ? there : -1;
}

/* Gets the next document. An empty batch does not end the cursor, but a server may send empty
 * batches without end: so the loop stops at the call's end. */
static bool
next(struct gate_mongodb_call *call, mongoc_cursor_t *cursor, const bson_t **document)
{
	while (!gate_mongodb_is_over()) {
		/* no request waits: each batch gets the full time anew */
		if (call->kind == GATE_MONGODB_READ && gate_clock_deadline() == 0)
			gate_mongodb_set_end(gate_clock_end(GATE_MONGODB_CALL_MOST));
		if (gate_mongoc.cursor_next(cursor, document))
			return true;
		if (gate_mongoc.cursor_error(cursor, &call->error) ||
		    !gate_mongoc.cursor_more(cursor))
			return false;
	}
	bson_set_error(&call->error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET,
	    "the server's answer does not end in time");
	return false;
}

int
gate_mongodb_find(struct gate_mongodb_call *call, const bson_t *filter, const bson_t *options,
    gate_mongodb_visit *visit, void *data)
{
	const bson_t *document;
	mongoc_cursor_t *cursor;
	bool seen = false, goes_on = true, good;

	do {
		cursor =
		    gate_mongoc.collection_find_with_opts(call->collection, filter, options, NULL);
		while (goes_on && next(call, cursor, &document)) {
			seen = true;
			goes_on = visit(data, document);
		}
		good = !gate_mongoc.cursor_error(cursor, &call->error) && call->error.domain == 0;
		gate_mongoc.cursor_destroy(cursor);
	} while (!good && !seen && gate_mongodb_again(call, NULL));
	return good ? goes_on : -1;
}
