/* user.c: the kinds of users that there are, and the calls that everybody else makes. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "user.h"
#include "user_file.h"
#ifdef HAVE_MONGODB
#include "user_mongodb.h"
#define MONGODB_TOO " or mongodb://HOST/DATABASE"
#else
#define MONGODB_TOO "; gate was built without MongoDB"
#endif

_Static_assert(GATE_USER_NAME_MAX == GATE_USER_FILE_NAME_MAX, "one rule for all users");

struct kind {
	const char *scheme; /* "file" serves file:/etc/gate/users */
	void *(*open)(const char *url, bool make, struct gate_error *);
	void (*close)(void *);
	int (*find)(void *, const char *name, char hash[GATE_HASH_MAX], struct gate_error *);
	int (*pick)(
	    void *, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *);
	int (*change)(void *, const struct gate_user_edit *, struct gate_error *);
	int (*since)(void *, const char *name, int64_t *since, struct gate_error *);
	int (*each)(void *, gate_user_visit *, void *data, struct gate_error *);
	size_t (*skipped)(void *);
	void (*set_timeouts)(void *, const struct gate_options *); /* NULL: it waits for nobody */
	void (*tend)(void *, const struct gate_keys *, bool weak); /* NULL: nothing needs doing */
	void (*get_ready)(void *, const struct gate_keys *, bool weak); /* the same */
	bool keeps_hashes_new;
};

#ifdef HAVE_MONGODB
#define IN_MONGODB                                                                                 \
	gate_user_mongodb_open, gate_user_mongodb_close, gate_user_mongodb_find,                   \
	    gate_user_mongodb_pick, gate_user_mongodb_change, gate_user_mongodb_since,             \
	    gate_user_mongodb_each, gate_user_mongodb_skipped, gate_user_mongodb_set_timeouts,     \
	    gate_user_mongodb_tend, gate_user_mongodb_get_ready, true
#endif

static const struct kind kinds[] = {
    {"file", gate_user_file_open, gate_user_file_close, gate_user_file_find, gate_user_file_pick,
	gate_user_file_change, gate_user_file_since, gate_user_file_each, gate_user_file_skipped,
	NULL, NULL, NULL, false},
#ifdef HAVE_MONGODB
    {"mongodb", IN_MONGODB},
    {"mongodb+srv", IN_MONGODB},
#endif
};

struct gate_users {
	const struct kind *kind;
	void *users;
};

static const struct kind *
find_kind(const char *url)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t length = strlen(kinds[i].scheme);

		if (strncmp(url, kinds[i].scheme, length) == 0 && url[length] == ':')
			return &kinds[i];
	}
	return NULL;
}

/* An unknown kind is shown without what stands behind its scheme: that may be a password. */
static struct gate_users *
open_users(const char *url, bool make, struct gate_error *error)
{
	const struct kind *kind = find_kind(url);
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

const char *
gate_user_name_refusal(const char *name)
{
	return gate_user_file_name_refusal(name, strlen(name));
}

bool
gate_users_keep_hashes_new(const struct gate_users *users)
{
	return users->kind->keeps_hashes_new;
}
