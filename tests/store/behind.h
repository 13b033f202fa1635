/* behind.h: writes records past gate, as Node's stores do. */
#ifndef BEHIND_H
#define BEHIND_H

#include "records.h"

/* Writes the path of a record's file, for a store file:… or memory:. */
static inline void
path_behind(char *path, size_t size, const char *url, const char *id)
{
	char memory[64];

	memory_folder(memory);
	snprintf(path, size, "%s/%s.json",
	    strncmp(url, "file:", 5) == 0 ? url + strlen("file:") : memory, id);
}

#ifdef HAVE_MONGODB
#include "store/mongodb/private.h"

/* Writes a record as connect-mongo's set does: an upsert, of its own fields only. */
static inline void
upsert_behind(struct gate_store_mongodb *store, const char *id, const char *text)
{
	bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER, options = BSON_INITIALIZER,
	       set;
	struct gate_error error = {0};
	struct gate_mongodb_call call;
	bool good;

	if (gate_mongodb_begin(
		&store->mongodb, &call, GATE_MONGODB_WRITE, store->collection, &error) < 0)
		exit(2);
	BSON_APPEND_UTF8(&filter, "_id", id);
	BSON_APPEND_BOOL(&options, "upsert", true);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
	BSON_APPEND_UTF8(&set, "_id", id);
	BSON_APPEND_UTF8(&set, "session", text);
	BSON_APPEND_DATE_TIME(&set, "expires", gate_clock_wall() + HOUR);
	bson_append_document_end(&update, &set);
	good = mongoc_collection_update_one(
	    call.collection, &filter, &update, &options, NULL, &call.error);
	if (gate_mongodb_end(&call, good, "a record can't be put there", &error) < 0) {
		printf("Bail out! %s\n", error.text);
		exit(2);
	}
	bson_destroy(&options);
	bson_destroy(&update);
	bson_destroy(&filter);
}
#endif

#endif
