/* user_mongodb.c: users in MongoDB's collection gate_users: {_id: name, password: hash}. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "log.h"
#include "options.h"
#include "user_file.h"
#include "user_file_private.h"
#include "user_mongodb.h"
#include "user_mongodb_private.h"

#define CLIENTS 8 /* questions at once: logins wait for their hashing anyway */
#define DUPLICATE_KEY 11000
#define SECOND 1000 /* ms */

static struct gate_mongodb_wish
wish_for(const struct gate_user_mongodb *users)
{
	return (struct gate_mongodb_wish){.option = "users",
	    .url = users->url,
	    .connect_timeout = users->connect_timeout,
	    .select_timeout = users->select_timeout,
	    .socket_timeout = users->socket_timeout,
	    .clients = CLIENTS,
	    .collection = GATE_USER_MONGODB_COLLECTION};
}

/* A master opens the users too, before it forks: it only sees whether the URL is one. */
void *
gate_user_mongodb_open(const char *url, bool make, struct gate_error *error)
{
	size_t size = strlen(url) + 1;
	struct gate_user_mongodb *users = calloc(1, sizeof *users + size);
	struct gate_mongodb_wish wish;

	(void)make; /* a collection comes into being with its first document */
	if (users == NULL) {
		gate_fail(error, GATE_EMEMORY, "users: out of memory");
		return NULL;
	}
	memcpy(users->url, url, size);
	users->connect_timeout = users->select_timeout = SECOND;
	users->socket_timeout = SECOND * 3 / 2;
	pthread_mutex_init(&users->lock, NULL);
	wish = wish_for(users);
	if (gate_mongodb_check(&wish, error) == 0)
		return users;
	gate_user_mongodb_close(users);
	return NULL;
}

void
gate_user_mongodb_set_timeouts(void *data, const struct gate_options *options)
{
	struct gate_user_mongodb *users = data;

	users->connect_timeout = options->connect_timeout;
	users->select_timeout = options->select_timeout;
	users->socket_timeout = options->socket_timeout;
}

void
gate_user_mongodb_close(void *data)
{
	struct gate_user_mongodb *users = data;

	if (users->connected)
		gate_mongodb_close(&users->mongodb);
	gate_user_mongodb_free_sample(users->sample);
	pthread_mutex_destroy(&users->lock);
	free(users);
}

int
gate_user_mongodb_begin(struct gate_user_mongodb *users, struct gate_mongodb_call *call,
    enum gate_mongodb_kind kind, struct gate_error *error)
{
	const struct gate_mongodb_wish wish = wish_for(users);
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

/* ---- documents ---- */

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
	why = gate_user_file_name_refusal(name, strlen(name));
	return why != NULL ? why : gate_user_hash_refusal(hash, strlen(hash));
}

void
gate_user_mongodb_project(bson_t *options)
{
	bson_t fields;

	BSON_APPEND_DOCUMENT_BEGIN(options, "projection", &fields);
	BSON_APPEND_INT32(&fields, "password", 1); /* and _id */
	bson_append_document_end(options, &fields);
}

/* ---- the questions ---- */

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
	if (gate_user_file_name_refusal(name, strlen(name)) != NULL)
		return 0;
	if (gate_user_mongodb_begin(data, &call, GATE_MONGODB_READ, error) < 0)
		return -1;
	BSON_APPEND_UTF8(&filter, "_id", name);
	gate_user_mongodb_project(&options);
	BSON_APPEND_INT64(&options, "limit", 1);
	BSON_APPEND_BOOL(&options, "singleBatch", true);
	cursor = mongoc_collection_find_with_opts(call.collection, &filter, &options, NULL);
	if (mongoc_cursor_next(cursor, &document) && is_text(document, "_id", name) &&
	    gate_user_mongodb_refusal(name, gate_user_mongodb_text(document, "password")) == NULL) {
		snprintf(hash, GATE_HASH_MAX, "%s", gate_user_mongodb_text(document, "password"));
		result = 1;
	}
	good = !mongoc_cursor_error(cursor, &call.error);
	mongoc_cursor_destroy(cursor);
	bson_destroy(&options);
	bson_destroy(&filter);
	if (gate_mongodb_end(&call, good, "the users can't be read", error) < 0)
		return -1;
	return result;
}

int
gate_user_mongodb_each(void *data, int (*visit)(void *data, const char *name, const char *hash),
    void *visitor, struct gate_error *error)
{
	struct gate_user_mongodb *users = data;
	bson_t filter = BSON_INITIALIZER, options = BSON_INITIALIZER, sort;
	struct gate_mongodb_call call;
	mongoc_cursor_t *cursor;
	const bson_t *document;
	bool good, stopped = false;

	if (gate_user_mongodb_begin(users, &call, GATE_MONGODB_READ, error) < 0)
		return -1;
	users->skipped = 0;
	BSON_APPEND_DOCUMENT_BEGIN(&options, "sort", &sort);
	BSON_APPEND_INT32(&sort, "_id", 1);
	bson_append_document_end(&options, &sort);
	gate_user_mongodb_project(&options);
	cursor = mongoc_collection_find_with_opts(call.collection, &filter, &options, NULL);
	while (!stopped && gate_mongodb_next(&call, cursor, &document)) {
		const char *name = gate_user_mongodb_text(document, "_id"),
			   *hash = gate_user_mongodb_text(document, "password");
		const char *why = gate_user_mongodb_refusal(name, hash);

		if (why == NULL) {
			stopped = visit(visitor, name, hash) < 0;
			continue;
		}
		users->skipped++;
		gate_log(GATE_LOG_WARN, "user-skipped", "collection", GATE_USER_MONGODB_COLLECTION,
		    "user", name, "error", why, NULL);
	}
	good = gate_mongodb_came_all(&call, cursor);
	mongoc_cursor_destroy(cursor);
	bson_destroy(&options);
	bson_destroy(&filter);
	if (gate_mongodb_end(&call, good, "the users can't be read", error) < 0)
		return -1;
	return stopped ? -1 : 1;
}

size_t
gate_user_mongodb_skipped(void *data)
{
	struct gate_user_mongodb *users = data;

	return users->skipped;
}

/* ---- the change ---- */

static int
add(struct gate_mongodb_call *call, const char *name, const char *hash, struct gate_error *error)
{
	bson_t document = BSON_INITIALIZER;
	bool good, taken;

	BSON_APPEND_UTF8(&document, "_id", name);
	BSON_APPEND_UTF8(&document, "password", hash);
	good = mongoc_collection_insert_one(call->collection, &document, NULL, NULL, &call->error);
	taken =
	    !good && call->error.domain == MONGOC_ERROR_SERVER && call->error.code == DUPLICATE_KEY;
	bson_destroy(&document);
	if (gate_mongodb_end(call, good || taken, "a user can't be made", error) < 0)
		return -1;
	return good;
}

/* Does the filter find this very name, by a collation's rules too? 1, 0, -1; ends the call at -1. */
static int
is_there(struct gate_mongodb_call *call, const bson_t *filter, const char *name,
    struct gate_error *error)
{
	bson_t options = BSON_INITIALIZER;
	const bson_t *document;
	mongoc_cursor_t *cursor;
	bool found, good;

	gate_user_mongodb_project(&options);
	cursor = mongoc_collection_find_with_opts(call->collection, filter, &options, NULL);
	found = mongoc_cursor_next(cursor, &document) && is_text(document, "_id", name);
	good = !mongoc_cursor_error(cursor, &call->error);
	mongoc_cursor_destroy(cursor);
	bson_destroy(&options);
	if (!good)
		gate_mongodb_end(call, false, "a user can't be read", error);
	return good ? found : -1;
}

/* hash NULL: the user goes. */
static int
replace(struct gate_mongodb_call *call, const bson_t *filter, const char *hash,
    struct gate_error *error)
{
	bson_t update = BSON_INITIALIZER, set, reply;
	bson_iter_t count;
	bool good, found;

	if (hash != NULL) {
		BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
		BSON_APPEND_UTF8(&set, "password", hash);
		bson_append_document_end(&update, &set);
		good = mongoc_collection_update_one(
		    call->collection, filter, &update, NULL, &reply, &call->error);
	} else {
		good = mongoc_collection_delete_one(
		    call->collection, filter, NULL, &reply, &call->error);
	}
	found =
	    bson_iter_init_find(&count, &reply, hash != NULL ? "matchedCount" : "deletedCount") &&
	    bson_iter_as_int64(&count) > 0;
	bson_destroy(&reply);
	bson_destroy(&update);
	if (gate_mongodb_end(call, good, "a user can't be changed", error) < 0)
		return -1;
	return found;
}

int
gate_user_mongodb_change(void *data, const char *name, bool there, const char *hash,
    const char *was, struct gate_error *error)
{
	const char *why = gate_user_file_name_refusal(name, strlen(name));
	struct gate_mongodb_call call;
	bson_t filter = BSON_INITIALIZER;
	int result;

	if (why != NULL)
		return gate_fail(error, GATE_EOPTION, "the user's name %s", why);
	if (hash != NULL && (why = gate_user_hash_refusal(hash, strlen(hash))) != NULL)
		return gate_fail(error, GATE_EOPTION, "the new hash %s", why);
	if (gate_user_mongodb_begin(data, &call, GATE_MONGODB_WRITE, error) < 0)
		return -1;
	if (!there && hash != NULL)
		return add(&call, name, hash, error);
	BSON_APPEND_UTF8(&filter, "_id", name);
	if (was != NULL)
		BSON_APPEND_UTF8(&filter, "password", was);
	result = is_there(&call, &filter, name, error);
	if (result == 1)
		result = replace(&call, &filter, hash, error);
	else if (result == 0)
		gate_mongodb_end(&call, true, NULL, NULL);
	bson_destroy(&filter);
	return result;
}
