/* user/mongodb_find.c: finds and reads a user's document. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "user/mongodb_private.h"
#include "user/rules.h"

#define CLIENTS 8 /* calls at once: logins wait for their hashing anyway */

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

/* Compares byte for byte: by the collection's collation, anna may equal Anna. */
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

struct look { /* for one user's document */
	const char *name;
	char *hash;
	int64_t since;
};

/* Copies the hash if the document is this user's, and the user can log in by it. */
static bool
take_hash(void *data, const bson_t *document)
{
	struct look *look = data;
	const char *hash = gate_user_mongodb_text(document, "password");

	if (!is_text(document, "_id", look->name) ||
	    gate_user_mongodb_refusal(look->name, hash) != NULL)
		return false;
	snprintf(look->hash, GATE_HASH_MAX, "%s", hash);
	return true;
}

int
gate_user_mongodb_find(
    void *data, const char *name, char hash[GATE_HASH_MAX], struct gate_error *error)
{
	bson_t filter = BSON_INITIALIZER, options = BSON_INITIALIZER;
	struct look look = {.name = name, .hash = hash};
	struct gate_mongodb_call call;
	int result;

	*hash = '\0';
	if (gate_user_name_refusal(name, strlen(name)) != NULL)
		return 0;
	if (gate_user_mongodb_begin(data, &call, GATE_MONGODB_READ, error) < 0)
		return -1;
	BSON_APPEND_UTF8(&filter, "_id", name);
	gate_user_mongodb_project(&options);
	result = gate_mongodb_find_one(&call, &filter, &options, take_hash, &look);
	bson_destroy(&options);
	bson_destroy(&filter);
	if (gate_mongodb_end(&call, result >= 0, "the users can't be read", error) < 0)
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

static bool
take_since(void *data, const bson_t *document)
{
	struct look *look = data;

	look->since = since_in(document);
	return is_text(document, "_id", look->name);
}

int
gate_user_mongodb_look_at(
    struct gate_mongodb_call *call, const bson_t *filter, const char *name, int64_t *since)
{
	bson_t options = BSON_INITIALIZER;
	struct look look = {.name = name};
	int result;

	gate_user_mongodb_project(&options);
	result = gate_mongodb_find_one(call, filter, &options, take_since, &look);
	bson_destroy(&options);
	if (result == 1)
		*since = look.since;
	return result;
}
