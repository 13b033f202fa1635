/* user/mongodb.c: users in MongoDB: opens and closes, lists and changes them. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "options/options.h"
#include "user/mongodb_private.h"
#include "user/rules.h"

#define SECOND 1000 /* ms */

/* A master opens the users before it forks, only to check the URL: it never connects. */
static void
close_users(void *data)
{
	struct gate_user_mongodb *users = data;

	if (users->connected)
		gate_mongodb_close(&users->mongodb);
	gate_user_mongodb_free_sample(users->sample);
	gate_user_mongodb_forget_about(users);
	pthread_mutex_destroy(&users->lock);
	pthread_mutex_destroy(&users->sampling);
	free(users);
}

static void *
open_users(const char *url, bool make, struct gate_error *error)
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
	pthread_mutex_init(&users->sampling, NULL);
	wish = gate_user_mongodb_wish_for(users);
	if (gate_mongodb_check(&wish, error) == 0)
		return users;
	close_users(users);
	return NULL;
}

static void
set_timeouts(void *data, const struct gate_options *options)
{
	struct gate_user_mongodb *users = data;

	users->connect_timeout = options->connect_timeout;
	users->select_timeout = options->select_timeout;
	users->socket_timeout = options->socket_timeout;
}

struct listing {
	struct gate_user_mongodb *users;
	gate_user_visit *visit;
	void *data;
};

static bool
show(void *data, const bson_t *document)
{
	struct listing *l = data;
	const char *name = gate_user_mongodb_text(document, "_id");
	const char *hash = gate_user_mongodb_text(document, "password");
	const char *why = gate_user_mongodb_refusal(name, hash);

	if (why == NULL)
		return l->visit(l->data, name, hash) >= 0;
	if (bson_has_field(document, "since") && !bson_has_field(document, "password"))
		return true; /* a removed user */
	l->users->skipped++;
	gate_log(GATE_LOG_WARN, "user-skipped", "collection", GATE_USER_MONGODB_COLLECTION, "user",
	    name, "error", why, NULL);
	return true;
}

static int
each(void *data, gate_user_visit *visit, void *visitor, struct gate_error *error)
{
	struct listing listing = {data, visit, visitor};
	bson_t filter = BSON_INITIALIZER, options = BSON_INITIALIZER, sort;
	struct gate_mongodb_call call;
	int result;

	if (gate_user_mongodb_begin(data, &call, GATE_MONGODB_READ, error) < 0)
		return -1;
	listing.users->skipped = 0;
	BSON_APPEND_DOCUMENT_BEGIN(&options, "sort", &sort);
	BSON_APPEND_INT32(&sort, "_id", 1);
	bson_append_document_end(&options, &sort);
	gate_user_mongodb_project(&options);
	result = gate_mongodb_find(&call, &filter, &options, show, &listing);
	bson_destroy(&options);
	bson_destroy(&filter);
	if (gate_mongodb_end(&call, result >= 0, "the users can't be read", error) < 0)
		return -1;
	return result == 1 ? 1 : -1;
}

static size_t
skipped(void *data)
{
	struct gate_user_mongodb *users = data;

	return users->skipped;
}

/* ---- the change ---- */

/* Gives a removed user a password again; `since` stays, and with it the end of old sessions.
 * Returns 1, 0 if the name is not a removed user's, or -1 with the call's error set. */
static int
bring_back(struct gate_mongodb_call *call, const struct gate_user_edit *edit)
{
	bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER, part, reply;
	bson_iter_t count;
	bool good;
	int found;

	BSON_APPEND_UTF8(&filter, "_id", edit->name);
	BSON_APPEND_NULL(&filter, "password");
	BSON_APPEND_DOCUMENT_BEGIN(&filter, "since", &part);
	BSON_APPEND_BOOL(&part, "$exists", true);
	bson_append_document_end(&filter, &part);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &part);
	BSON_APPEND_UTF8(&part, "password", edit->hash);
	bson_append_document_end(&update, &part);
	while (!(good = gate_mongoc.collection_update_one(
		     call->collection, &filter, &update, NULL, &reply, &call->error)) &&
	    gate_mongodb_again(call, &reply))
		bson_destroy(&reply);
	found =
	    bson_iter_init_find(&count, &reply, "matchedCount") && bson_iter_as_int64(&count) > 0;
	bson_destroy(&reply);
	bson_destroy(&update);
	bson_destroy(&filter);
	return good ? found : -1;
}

static int
add(struct gate_mongodb_call *call, const struct gate_user_edit *edit, struct gate_error *error)
{
	bson_t document = BSON_INITIALIZER, reply;
	int result = 1;
	bool good;

	BSON_APPEND_UTF8(&document, "_id", edit->name);
	BSON_APPEND_UTF8(&document, "password", edit->hash);
	while (!(good = gate_mongoc.collection_insert_one(
		     call->collection, &document, NULL, &reply, &call->error)) &&
	    gate_mongodb_again(call, &reply))
		bson_destroy(&reply);
	if (!good)
		result = gate_mongodb_is_taken(call, &reply) ? bring_back(call, edit) : -1;
	bson_destroy(&reply);
	bson_destroy(&document);
	if (gate_mongodb_end(call, result >= 0, "a user can't be made", error) < 0)
		return -1;
	return result;
}

static int
since_of(void *data, const char *name, int64_t *since, struct gate_error *error)
{
	bson_t filter = BSON_INITIALIZER;
	struct gate_mongodb_call call;
	int result;

	if (gate_user_mongodb_begin(data, &call, GATE_MONGODB_READ, error) < 0)
		return -1;
	BSON_APPEND_UTF8(&filter, "_id", name);
	result = gate_user_mongodb_look_at(&call, &filter, name, since);
	bson_destroy(&filter);
	if (gate_mongodb_end(&call, result >= 0, "a user can't be read", error) < 0)
		return -1;
	return result;
}

/* Composes the update: the password, and the time before which sessions are over. */
static void
describe(bson_t *update, const struct gate_user_edit *edit, int64_t since)
{
	bson_t part;

	if (edit->change == GATE_USER_REMOVE) { /* replaces the whole document */
		BSON_APPEND_UTF8(update, "_id", edit->name);
		BSON_APPEND_DATE_TIME(update, "since", since);
		return;
	}
	if (edit->hash != NULL) {
		BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &part);
		BSON_APPEND_UTF8(&part, "password", edit->hash);
		bson_append_document_end(update, &part);
	}
	if (edit->change != GATE_USER_REHASH) {
		BSON_APPEND_DOCUMENT_BEGIN(update, "$max", &part);
		BSON_APPEND_DATE_TIME(&part, "since", since);
		bson_append_document_end(update, &part);
	}
}

static bool
send_edit(struct gate_mongodb_call *call, const bson_t *filter, const struct gate_user_edit *edit,
    const bson_t *update, bson_t *reply)
{
	return edit->change == GATE_USER_REMOVE
	    ? gate_mongoc.collection_replace_one(
		  call->collection, filter, update, NULL, reply, &call->error)
	    : gate_mongoc.collection_update_one(
		  call->collection, filter, update, NULL, reply, &call->error);
}

static int
replace(struct gate_mongodb_call *call, const bson_t *filter, const struct gate_user_edit *edit,
    int64_t before)
{
	int64_t now = gate_clock_wall(), since = (now > before ? now : before) + 1;
	bson_t update = BSON_INITIALIZER, reply;
	bson_iter_t count;
	bool good;
	int found;

	if (edit->change == GATE_USER_END)
		since = edit->since;
	describe(&update, edit, since);
	while (!(good = send_edit(call, filter, edit, &update, &reply)) &&
	    gate_mongodb_again(call, &reply))
		bson_destroy(&reply);
	found =
	    bson_iter_init_find(&count, &reply, "matchedCount") && bson_iter_as_int64(&count) > 0;
	bson_destroy(&reply);
	bson_destroy(&update);
	return good ? found : -1;
}

static void
filter_by_edit(bson_t *filter, const struct gate_user_edit *edit)
{
	bson_t part;

	BSON_APPEND_UTF8(filter, "_id", edit->name);
	if (edit->was != NULL) {
		BSON_APPEND_UTF8(filter, "password", edit->was);
		return;
	}
	BSON_APPEND_DOCUMENT_BEGIN(filter, "password", &part); /* a removed user has none */
	BSON_APPEND_NULL(&part, "$ne");
	bson_append_document_end(filter, &part);
}

static int
change(void *data, const struct gate_user_edit *edit, struct gate_error *error)
{
	const char *why = gate_user_name_refusal(edit->name, strlen(edit->name));
	struct gate_mongodb_call call;
	bson_t filter = BSON_INITIALIZER;
	int64_t before = 0;
	int result;

	if (why != NULL)
		return gate_fail(error, GATE_EOPTION, "the user's name %s", why);
	if (edit->hash != NULL &&
	    (why = gate_user_hash_refusal(edit->hash, strlen(edit->hash))) != NULL)
		return gate_fail(error, GATE_EOPTION, "the new hash %s", why);
	if (gate_user_mongodb_begin(data, &call, GATE_MONGODB_WRITE, error) < 0)
		return -1;
	if (edit->change == GATE_USER_ADD)
		return add(&call, edit, error);
	filter_by_edit(&filter, edit);
	result = gate_user_mongodb_look_at(&call, &filter, edit->name, &before);
	if (result == 1)
		result = replace(&call, &filter, edit, before);
	bson_destroy(&filter);
	if (gate_mongodb_end(&call, result >= 0, "a user can't be changed", error) < 0)
		return -1;
	return result;
}

#define FUNCTIONS                                                                                  \
	.open = open_users, .close = close_users, .find = gate_user_mongodb_find,                  \
	.pick = gate_user_mongodb_pick, .change = change, .since = since_of, .each = each,         \
	.skipped = skipped, .about = gate_user_mongodb_about, .set_timeouts = set_timeouts,        \
	.tend = gate_user_mongodb_tend, .get_ready = gate_user_mongodb_get_ready,                  \
	.keeps_hashes_new = true

const struct gate_user_kind gate_users_mongodb = {.scheme = "mongodb", FUNCTIONS};
const struct gate_user_kind gate_users_mongodb_srv = {.scheme = "mongodb+srv", FUNCTIONS};
