/* user/mongodb_find.c: a user's document is found and read. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "user/mongodb_private.h"
#include "user/rules.h"

#define CLIENTS 8 /* questions at once: logins wait for their hashing anyway */

struct gate_mongodb_wish
gate_user_mongodb_wish_for(const struct gate_user_mongodb *users)
{
	return (struct gate_mongodb_wish){.option = "users",
	    .url = users->url,
	    .connect_timeout = users->connect_timeout,
	    .select_timeout = users->select_timeout,
	    .socket_timeout = users->socket_timeout,
	    .clients = CLIENTS,
	    .collection = GATE_USER_MONGODB_COLLECTION};
}

int
gate_user_mongodb_begin(struct gate_user_mongodb *users, struct gate_mongodb_call *call,
    enum gate_mongodb_kind kind, struct gate_error *error)
{
	const struct gate_mongodb_wish wish = gate_user_mongodb_wish_for(users);
	int result = 0;

	pthread_mutex_lock(&users->lock);
	if (!users->connected)
		result = gate_mongodb_open(&users->mongodb, &wish, error);
	users->connected = result == 0;
	pthread_mutex_unlock(&users->lock);
	return result < 0
	    ? -1
	    : gate_mongodb_begin(&users->mongodb, call, kind, GATE_USER_MONGODB_COLLECTION, error);
}

const char *
gate_user_mongodb_text(const bson_t *document, const char *name)
{
	bson_iter_t at;
	uint32_t length;
	const char *text;

	if (!bson_iter_init_find(&at, document, name) || !BSON_ITER_HOLDS_UTF8(&at))
		return NULL;
	text = bson_iter_utf8(&at, &length);
	return strlen(text) == length ? text : NULL;
}

/* Byte for byte: the collection may have a collation to which anna is Anna. */
static bool
is_text(const bson_t *document, const char *name, const char *text)
{
	const char *there = gate_user_mongodb_text(document, name);

	return there != NULL && strcmp(there, text) == 0;
}

const char *
gate_user_mongodb_refusal(const char *name, const char *hash)
{
	const char *why;

	if (name == NULL)
		return "its _id is no text";
	if (hash == NULL)
		return "its password is no text";
	why = gate_user_name_refusal(name, strlen(name));
	return why != NULL ? why : gate_user_hash_refusal(hash, strlen(hash));
}

void
gate_user_mongodb_project(bson_t *options)
{
	bson_t fields;

	BSON_APPEND_DOCUMENT_BEGIN(options, "projection", &fields);
	BSON_APPEND_INT32(&fields, "password", 1); /* and _id */
	BSON_APPEND_INT32(&fields, "since", 1);
	bson_append_document_end(options, &fields);
}

int
gate_user_mongodb_find(
    void *data, const char *name, char hash[GATE_HASH_MAX], struct gate_error *error)
{
	bson_t filter = BSON_INITIALIZER, options = BSON_INITIALIZER;
	struct gate_mongodb_call call;
	const bson_t *document;
	mongoc_cursor_t *cursor;
	int result = 0;
	bool good;

	*hash = '\0';
	if (gate_user_name_refusal(name, strlen(name)) != NULL)
		return 0;
	if (gate_user_mongodb_begin(data, &call, GATE_MONGODB_READ, error) < 0)
		return -1;
	BSON_APPEND_UTF8(&filter, "_id", name);
	gate_user_mongodb_project(&options);
	BSON_APPEND_INT64(&options, "limit", 1);
	BSON_APPEND_BOOL(&options, "singleBatch", true);
	do {
		cursor =
		    gate_mongoc.collection_find_with_opts(call.collection, &filter, &options, NULL);
		if (gate_mongoc.cursor_next(cursor, &document) && is_text(document, "_id", name) &&
		    gate_user_mongodb_refusal(name, gate_user_mongodb_text(document, "password")) ==
			NULL) {
			snprintf(hash, GATE_HASH_MAX, "%s",
			    gate_user_mongodb_text(document, "password"));
			result = 1;
		}
		good = !gate_mongoc.cursor_error(cursor, &call.error);
		gate_mongoc.cursor_destroy(cursor);
	} while (!good && gate_mongodb_again(&call, NULL));
	bson_destroy(&options);
	bson_destroy(&filter);
	if (gate_mongodb_end(&call, good, "the users can't be read", error) < 0)
		return -1;
	return result;
}

static int64_t
since_in(const bson_t *document)
{
	bson_iter_t at;

	if (!bson_iter_init_find(&at, document, "since") || !BSON_ITER_HOLDS_DATE_TIME(&at) ||
	    bson_iter_date_time(&at) < 0)
		return 0;
	return gate_clock_bound(bson_iter_date_time(&at));
}

int
gate_user_mongodb_look_at(
    struct gate_mongodb_call *call, const bson_t *filter, const char *name, int64_t *since)
{
	bson_t options = BSON_INITIALIZER;
	const bson_t *document;
	mongoc_cursor_t *cursor;
	bool found, good;

	gate_user_mongodb_project(&options);
	do {
		cursor =
		    gate_mongoc.collection_find_with_opts(call->collection, filter, &options, NULL);
		found =
		    gate_mongoc.cursor_next(cursor, &document) && is_text(document, "_id", name);
		if (found)
			*since = since_in(document);
		good = !gate_mongoc.cursor_error(cursor, &call->error);
		gate_mongoc.cursor_destroy(cursor);
	} while (!good && gate_mongodb_again(call, NULL));
	bson_destroy(&options);
	return good ? found : -1;
}
