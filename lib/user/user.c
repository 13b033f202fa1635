/* user/user.c: the list of kinds of users, and the calls that the rest of gate makes. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "user/user.h"
#ifdef HAVE_MONGODB
#define MONGODB_TOO " or mongodb://HOST/DATABASE"
#else
#define MONGODB_TOO "; gate was built without MongoDB"
#endif

static const struct gate_user_kind *const kinds[] = {
    &gate_users_file,
#ifdef HAVE_MONGODB
    &gate_users_mongodb,
    &gate_users_mongodb_srv,
#endif
};

struct gate_users {
	const struct gate_user_kind *kind;
	void *users;
};

static const struct gate_user_kind *
find_kind(const char *url)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t length = strlen(kinds[i]->scheme);

		if (strncmp(url, kinds[i]->scheme, length) == 0 && url[length] == ':')
			return kinds[i];
	}
	return NULL;
}

/* Shows of a URL of unknown kind only the scheme: the rest may hold a password. */
static struct gate_users *
open_users(const char *url, bool make, struct gate_error *error)
{
	const struct gate_user_kind *kind = find_kind(url);
	struct gate_users *users;

	if (kind == NULL) {
		gate_fail(error, GATE_EOPTION, "users %.*s: is of no known kind: say file:PATH%s",
		    (int)strcspn(url, ":"), url, MONGODB_TOO);
		return NULL;
	}
	users = malloc(sizeof *users);
	if (users == NULL) {
		gate_fail(error, GATE_EMEMORY, "out of memory");
		return NULL;
	}
	*users = (struct gate_users){.kind = kind, .users = kind->open(url, make, error)};
	if (users->users != NULL)
		return users;
	free(users);
	return NULL;
}

struct gate_users *
gate_users_open(const char *url, struct gate_error *error)
{
	return open_users(url, false, error);
}

struct gate_users *
gate_users_open_or_make(const char *url, struct gate_error *error)
{
	return open_users(url, true, error);
}

void
gate_users_set_timeouts(struct gate_users *users, const struct gate_options *options)
{
	if (users->kind->set_timeouts != NULL)
		users->kind->set_timeouts(users->users, options);
}

void
gate_users_tend(struct gate_users *users, const struct gate_keys *keys, bool weak)
{
	if (users->kind->tend != NULL)
		users->kind->tend(users->users, keys, weak);
}

void
gate_users_get_ready(struct gate_users *users, const struct gate_keys *keys, bool weak)
{
	if (users->kind->get_ready != NULL)
		users->kind->get_ready(users->users, keys, weak);
}

void
gate_users_close(struct gate_users *users)
{
	if (users == NULL)
		return;
	users->kind->close(users->users);
	free(users);
}

int
gate_users_find(
    struct gate_users *users, const char *name, char hash[GATE_HASH_MAX], struct gate_error *error)
{
	return users->kind->find(users->users, name, hash, error);
}

int
gate_users_pick(struct gate_users *users, uint64_t number, bool weak, char hash[GATE_HASH_MAX],
    struct gate_error *error)
{
	return users->kind->pick(users->users, number, weak, hash, error);
}

int
gate_users_change(struct gate_users *users, enum gate_user_change change, const char *name,
    const char *hash, const char *was, struct gate_error *error)
{
	const struct gate_user_edit edit = {change, name, hash, was, 0};

	return users->kind->change(users->users, &edit, error);
}

int
gate_users_end(struct gate_users *users, const char *name, int64_t since, struct gate_error *error)
{
	const struct gate_user_edit edit = {GATE_USER_END, name, NULL, NULL, since};

	return users->kind->change(users->users, &edit, error);
}

int
gate_users_since(
    struct gate_users *users, const char *name, int64_t *since, struct gate_error *error)
{
	*since = 0;
	return users->kind->since(users->users, name, since, error);
}

int
gate_users_about(struct gate_users *users, const char *name, struct gate_user_about *about,
    struct gate_error *error)
{
	char hash[GATE_HASH_MAX];
	int found;

	if (users->kind->about != NULL)
		return users->kind->about(users->users, name, about, error);
	found = users->kind->find(users->users, name, hash, error);
	explicit_bzero(hash, sizeof hash);
	return found;
}

bool
gate_users_are_near(const struct gate_users *users)
{
	return users->kind->set_timeouts == NULL;
}

int
gate_users_each(
    struct gate_users *users, gate_user_visit *visit, void *data, struct gate_error *error)
{
	return users->kind->each(users->users, visit, data, error);
}

size_t
gate_users_skipped(struct gate_users *users)
{
	return users->kind->skipped(users->users);
}

bool
gate_users_keep_hashes_new(const struct gate_users *users)
{
	return users->kind->keeps_hashes_new;
}
