/* raw_mongodb.c: finds documents, or finds and updates them, in a loop, in as many threads as gate
 * has, to show what libmongoc and the server alone can do. Prints operations a second.
 * raw_mongodb read|write SECONDS WORKERS THREADS RECORDS URI */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mongoc/mongoc.h>

#include "base/clock.h"
#include "loop.h"

#define COLLECTION "sessions" /* gate's own: its indexes cost time as with gate */
#define LIFETIME (14 * 24 * 60 * 60 * INT64_C(1000)) /* ms */
#define SESSION                                                                                    \
	"{\"cookie\":{\"originalMaxAge\":null,\"expires\":null,\"httpOnly\":true,\"path\":\"/\"}," \
	"\"views\":%09d}"

static struct {
	mongoc_uri_t *uri;
	mongoc_client_pool_t *pool;
	const char *database;
	int records, threads;
	int64_t until;
	bool write;
} raw;

static void
session_of(char text[256], int views)
{
	snprintf(text, 256, SESSION, views % 1000000000);
}

static void
put_id(bson_t *filter, int number)
{
	char id[64];

	snprintf(id, sizeof id, "raw-%d-%d", (int)getpid(), number);
	bson_init(filter);
	BSON_APPEND_UTF8(filter, "_id", id);
}

static void
make_records(mongoc_collection_t *collection)
{
	for (int i = 0; i < raw.records; i++) {
		char text[256];
		bson_t record;

		put_id(&record, i);
		session_of(text, 0);
		BSON_APPEND_UTF8(&record, "session", text);
		BSON_APPEND_DATE_TIME(&record, "expires", gate_clock_wall() + LIFETIME);
		if (!mongoc_collection_insert_one(collection, &record, NULL, NULL, NULL))
			_exit(1);
		bson_destroy(&record);
	}
}

static void
remove_records(mongoc_collection_t *collection)
{
	for (int i = 0; i < raw.records; i++) {
		bson_t filter;

		put_id(&filter, i);
		mongoc_collection_delete_one(collection, &filter, NULL, NULL, NULL);
		bson_destroy(&filter);
	}
}

/* Finds a document, and copies its `session`. */
static void
find(mongoc_collection_t *collection, int number, char was[256])
{
	bson_t filter, options = BSON_INITIALIZER;
	const bson_t *document;
	mongoc_cursor_t *cursor;
	bson_iter_t at;

	put_id(&filter, number);
	BSON_APPEND_INT64(&options, "limit", 1);
	BSON_APPEND_BOOL(&options, "singleBatch", true);
	cursor = mongoc_collection_find_with_opts(collection, &filter, &options, NULL);
	if (!mongoc_cursor_next(cursor, &document) ||
	    !bson_iter_init_find(&at, document, "session"))
		_exit(1);
	snprintf(was, 256, "%s", bson_iter_utf8(&at, NULL));
	mongoc_cursor_destroy(cursor);
	bson_destroy(&options);
	bson_destroy(&filter);
}

static void
update(mongoc_collection_t *collection, int number, const char *was, int views)
{
	bson_t filter, update = BSON_INITIALIZER, inner;
	char text[256];

	put_id(&filter, number);
	BSON_APPEND_UTF8(&filter, "session", was);
	session_of(text, views);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &inner);
	BSON_APPEND_UTF8(&inner, "session", text);
	BSON_APPEND_DATE_TIME(&inner, "expires", gate_clock_wall() + LIFETIME);
	BSON_APPEND_DATE_TIME(&inner, "lastModified", gate_clock_wall());
	bson_append_document_end(&update, &inner);
	if (!mongoc_collection_update_one(collection, &filter, &update, NULL, NULL, NULL))
		_exit(1);
	bson_destroy(&update);
	bson_destroy(&filter);
}

/* Each thread has its own records, as each connection has in the other runs. */
static void *
loop(void *argument)
{
	mongoc_client_t *client = mongoc_client_pool_pop(raw.pool);
	mongoc_collection_t *collection =
	    mongoc_client_get_collection(client, raw.database, COLLECTION);
	int first = (int)(uintptr_t)argument, i = first;
	uintptr_t done = 0;

	while ((done & 15) != 0 || gate_clock_monotonic() < raw.until) {
		char was[256];

		find(collection, i, was);
		if (raw.write)
			update(collection, i, was, (int)++done);
		else
			done++;
		i += raw.threads;
		if (i >= raw.records)
			i = first;
	}
	mongoc_collection_destroy(collection);
	mongoc_client_pool_push(raw.pool, client);
	return (void *)done;
}

/* Does one worker's share. Returns how many operations that was. */
static size_t
work(void *data)
{
	const int64_t *time = data; /* ms */
	mongoc_client_t *client;
	mongoc_collection_t *collection;
	size_t total;

	raw.pool = mongoc_client_pool_new(raw.uri);
	client = mongoc_client_pool_pop(raw.pool);
	collection = mongoc_client_get_collection(client, raw.database, COLLECTION);
	make_records(collection);
	raw.until = gate_clock_monotonic() + *time;
	total = loop_in_threads(raw.threads, loop);
	remove_records(collection);
	mongoc_collection_destroy(collection);
	mongoc_client_pool_push(raw.pool, client);
	return total;
}

int
main(int argc, char **argv)
{
	double seconds;
	int64_t time;
	int workers;

	raw.uri = argc == 7 ? mongoc_uri_new(argv[6]) : NULL;
	if (raw.uri == NULL || mongoc_uri_get_database(raw.uri) == NULL)
		return 2;
	mongoc_init();
	raw.write = strcmp(argv[1], "write") == 0;
	seconds = strtod(argv[2], NULL);
	time = (int64_t)(seconds * 1000);
	workers = (int)strtol(argv[3], NULL, 10);
	raw.threads = (int)strtol(argv[4], NULL, 10);
	raw.records = (int)strtol(argv[5], NULL, 10) / workers;
	raw.database = mongoc_uri_get_database(raw.uri);
	if (raw.threads > LOOP_THREADS_MAX || raw.records < raw.threads)
		return 2;
	printf("%.0f\n", (double)loop_in_processes(workers, work, &time) / seconds);
	return 0;
}
