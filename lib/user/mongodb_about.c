/* user/mongodb_about.c: what a back end may be told of a user: groups, name and email. A guarded
 * site asks for each of its files, so answers are remembered for some seconds. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "user/groups.h"
#include "user/mongodb_private.h"
#include "user/rules.h"

#define SEEN_MAX 1024        /* users that are remembered */
#define SEEN_TIME (5 * 1000) /* ms */
#define TEXT_MAX 2048        /* bytes of name and email; longer ones are as none */

struct seen {
	char name[GATE_USER_NAME_MAX + 1]; /* "": nobody */
	int64_t asked;                     /* when the question began: ms of CLOCK_MONOTONIC */
	int found;                         /* 1, or 0: there is no such user */
	struct gate_user_about about;
};

struct gate_user_mongodb_seen {
	struct seen all[SEEN_MAX];
};

static size_t
place_of(const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a: at worst users push each other out */

	for (const unsigned char *c = (const unsigned char *)name; *c != '\0'; c++)
		hash = (hash ^ *c) * 16777619u;
	return hash % SEEN_MAX;
}

static void
copy(struct gate_user_about *to, const struct gate_user_about *from)
{
	gate_buffer_puts(&to->groups, gate_buffer_text(&from->groups));
	gate_buffer_puts(&to->name, gate_buffer_text(&from->name));
	gate_buffer_puts(&to->email, gate_buffer_text(&from->email));
}

/* Returns what is remembered, or -1: ask the server. */
static int
recall(struct gate_user_mongodb *users, const char *name, struct gate_user_about *about)
{
	int result = -1;

	pthread_mutex_lock(&users->lock);
	if (users->seen != NULL) {
		const struct seen *seen = &users->seen->all[place_of(name)];

		if (strcmp(seen->name, name) == 0 &&
		    gate_clock_monotonic() < seen->asked + SEEN_TIME) {
			copy(about, &seen->about);
			result = seen->found;
		}
	}
	pthread_mutex_unlock(&users->lock);
	return result;
}

static void
put(struct seen *seen, const struct seen *new, const struct gate_user_about *about)
{
	if (strcmp(seen->name, new->name) == 0 && seen->asked > new->asked)
		return; /* a later question was answered earlier */
	gate_user_about_release(&seen->about);
	*seen = *new;
	copy(&seen->about, about);
	if (seen->about.groups.failed || seen->about.name.failed || seen->about.email.failed)
		seen->name[0] = '\0';
}

static void
remember(
    struct gate_user_mongodb *users, const struct seen *new, const struct gate_user_about *about)
{
	pthread_mutex_lock(&users->lock);
	if (users->seen == NULL)
		users->seen = calloc(1, sizeof *users->seen);
	if (users->seen != NULL)
		put(&users->seen->all[place_of(new->name)], new, about);
	pthread_mutex_unlock(&users->lock);
}

void
gate_user_mongodb_forget_about(struct gate_user_mongodb *users)
{
	for (size_t i = 0; users->seen != NULL && i < SEEN_MAX; i++)
		gate_user_about_release(&users->seen->all[i].about);
	free(users->seen);
	users->seen = NULL;
}

/* ---- the document ---- */

struct look {
	const char *name;
	struct gate_user_about *about;
};

/* Adds the texts of the array `groups` that can be names of groups. */
static void
take_groups(const bson_t *document, struct gate_buffer *out)
{
	bson_iter_t at, item;

	if (!bson_iter_init_find(&at, document, "groups") || !BSON_ITER_HOLDS_ARRAY(&at) ||
	    !bson_iter_recurse(&at, &item))
		return;
	while (bson_iter_next(&item)) {
		uint32_t length = 0;
		const char *name =
		    BSON_ITER_HOLDS_UTF8(&item) ? bson_iter_utf8(&item, &length) : NULL;

		if (name == NULL || gate_group_name_refusal(name, length) != NULL)
			continue;
		if (out->length > 0)
			gate_buffer_putc(out, ',');
		gate_buffer_add(out, name, length);
	}
}

/* The find may show a document twice: the last one counts. */
static bool
take(void *data, const bson_t *document)
{
	struct look *look = data;
	const char *name = gate_user_mongodb_text(document, "_id");
	const char *shown = gate_user_mongodb_text(document, "displayName");
	const char *email = gate_user_mongodb_text(document, "email");

	gate_buffer_reset(&look->about->groups);
	gate_buffer_reset(&look->about->name);
	gate_buffer_reset(&look->about->email);
	if (name == NULL || strcmp(name, look->name) != 0 ||
	    gate_user_mongodb_refusal(name, gate_user_mongodb_text(document, "password")) != NULL)
		return false;
	take_groups(document, &look->about->groups);
	if (shown != NULL && strlen(shown) <= TEXT_MAX)
		gate_buffer_puts(&look->about->name, shown);
	if (email != NULL && strlen(email) <= TEXT_MAX)
		gate_buffer_puts(&look->about->email, email);
	return true;
}

static int
ask(struct gate_user_mongodb *users, const char *name, struct gate_user_about *about,
    struct gate_error *error)
{
	static const char *const members[] = {"password", "groups", "displayName", "email"};
	bson_t filter = BSON_INITIALIZER, options = BSON_INITIALIZER, fields;
	struct look look = {.name = name, .about = about};
	struct gate_mongodb_call call;
	int result;

	if (gate_user_mongodb_begin(users, &call, GATE_MONGODB_READ, error) < 0)
		return -1;
	BSON_APPEND_UTF8(&filter, "_id", name);
	BSON_APPEND_DOCUMENT_BEGIN(&options, "projection", &fields);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		BSON_APPEND_INT32(&fields, members[i], 1);
	bson_append_document_end(&options, &fields);
	result = gate_mongodb_find_one(&call, &filter, &options, take, &look);
	bson_destroy(&options);
	bson_destroy(&filter);
	if (gate_mongodb_end(&call, result >= 0, "the users can't be read", error) < 0)
		return -1;
	return result;
}

int
gate_user_mongodb_about(
    void *data, const char *name, struct gate_user_about *about, struct gate_error *error)
{
	struct gate_user_mongodb *users = data;
	struct seen new = {.asked = gate_clock_monotonic()};
	int result;

	if (gate_user_name_refusal(name, strlen(name)) != NULL)
		return 0;
	result = recall(users, name, about);
	if (result >= 0)
		return result;
	result = ask(users, name, about, error);
	if (result < 0)
		return -1;
	if (about->groups.failed)
		return gate_fail(error, GATE_EMEMORY, "users: %s is in too many groups", name);
	memcpy(new.name, name, strlen(name) + 1);
	new.found = result;
	remember(users, &new, about);
	return result;
}
