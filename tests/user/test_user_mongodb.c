/* test_user_mongodb.c: users in MongoDB, by the calls of user.h. */
#include "config.h"

#include <time.h>

#include <mongoc/mongoc.h>

#include "mongodb_server.h"
#include "tap.h"
#include "user/user.h"

#define HASH "$5$rounds=1000$salt$"
#define BCRYPT "$2b$05$KS5scgL/Vj1gpUJSOQ9HHOQJHcI0G5CTPAS8x5InU/W/xA97i7oeC"
#define SHA256 "$5$abcdefgh$sI6g8tHKrJ6RX7w.YoN9B7a/5wK5jYEOMmMnt3tPl0/"
#define GOLDEN 11400714819323198485u /* times 1, 2, …: numbers all over the range */

static struct gate_users *users;
static mongoc_collection_t *collection;

static int
find(const char *name, char hash[GATE_HASH_MAX])
{
	struct gate_error error = {0};
	int result = gate_users_find(users, name, hash, &error);

	if (result < 0)
		printf("# %s\n", error.text);
	return result;
}

static bool
has(const char *name, const char *wanted)
{
	char hash[GATE_HASH_MAX];

	return find(name, hash) == 1 && strcmp(hash, wanted) == 0;
}

static int
change(enum gate_user_change kind, const char *name, const char *hash, const char *was)
{
	struct gate_error error = {0};
	int result = gate_users_change(users, kind, name, hash, was, &error);

	if (result < 0)
		printf("# %s\n", error.text);
	return result;
}

static void
insert(bson_t *document)
{
	bson_error_t error;

	if (!mongoc_collection_insert_one(collection, document, NULL, NULL, &error)) {
		printf("Bail out! %s\n", error.message);
		exit(2);
	}
	bson_destroy(document);
}

static void
test_changes(void)
{
	char hash[GATE_HASH_MAX];

	ok(find("anna", hash) == 0 && hash[0] == '\0', "there are no users at all");
	ok(change(GATE_USER_REPLACE, "anna", HASH "0", NULL) == 0, "nobody to replace");
	ok(change(GATE_USER_ADD, "anna", HASH "1", NULL) == 1, "add");
	ok(has("anna", HASH "1"), "  she is there");
	ok(change(GATE_USER_ADD, "anna", HASH "2", NULL) == 0 && has("anna", HASH "1"),
	    "add: there is one");
	ok(change(GATE_USER_REPLACE, "anna", HASH "2", NULL) == 1 && has("anna", HASH "2"),
	    "replace");
	ok(change(GATE_USER_REPLACE, "anna", HASH "3", HASH "1") == 0 && has("anna", HASH "2"),
	    "only if it is as it was: it is not");
	ok(change(GATE_USER_REPLACE, "anna", HASH "3", HASH "2") == 1 && has("anna", HASH "3"),
	    "  it is");
	ok(change(GATE_USER_ADD, "a:b", HASH "1", NULL) == -1, "a name that is none");
	ok(change(GATE_USER_ADD, "ben", "a:b", NULL) == -1, "a hash that is none");
	ok(change(GATE_USER_ADD, "$gt", HASH "4", NULL) == 1 && has("$gt", HASH "4"),
	    "a name is a text, and no operator");
	ok(change(GATE_USER_REMOVE, "$gt", NULL, NULL) == 1, "remove");
	ok(change(GATE_USER_REMOVE, "$gt", NULL, NULL) == 0, "  once");
}

static int64_t
since_of(const char *name)
{
	struct gate_error error = {0};
	int64_t since;

	return gate_users_since(users, name, &since, &error) >= 0 ? since : -1;
}

static void
test_since(void)
{
	struct gate_error error = {0};
	char hash[GATE_HASH_MAX];
	int64_t one, two;

	ok(since_of("olga") == 0, "of nobody no session has ended");
	ok(change(GATE_USER_ADD, "olga", HASH "1", NULL) == 1 && since_of("olga") == 0,
	    "nor of who is new");
	ok(change(GATE_USER_REPLACE, "olga", HASH "2", HASH "1") == 1, "a new password");
	one = since_of("olga");
	ok(one > 1600000000000, "  ends those that began before");
	ok(change(GATE_USER_REHASH, "olga", HASH "3", HASH "2") == 1 && since_of("olga") == one,
	    "a new hash of the same: none");
	ok(gate_users_end(users, "olga", one + 5000, &error) == 1 &&
		gate_users_end(users, "olga", 5, &error) == 1 && since_of("olga") == one + 5000,
	    "an end: never back");
	ok(change(GATE_USER_REMOVE, "olga", NULL, HASH "1") == 0 &&
		change(GATE_USER_REMOVE, "olga", NULL, HASH "3") == 1 && find("olga", hash) == 0,
	    "who is removed is no user");
	two = since_of("olga");
	ok(two == one + 5001, "  and has ended all");
	ok(change(GATE_USER_REPLACE, "olga", HASH "4", NULL) == 0 &&
		change(GATE_USER_REMOVE, "olga", NULL, NULL) == 0 &&
		gate_users_end(users, "olga", two + 1, &error) == 0 && since_of("olga") == two,
	    "  not to be changed");
	ok(change(GATE_USER_ADD, "olga", HASH "5", NULL) == 1 && has("olga", HASH "5") &&
		since_of("olga") == two,
	    "who comes back has the same time");
	ok(change(GATE_USER_ADD, "olga", HASH "6", NULL) == 0 && has("olga", HASH "5"), "  once");
	change(GATE_USER_REMOVE, "olga", NULL, NULL);
}

static void
remove_damaged(void)
{
	bson_t *filter = BCON_NEW("password", "damaged");

	mongoc_collection_delete_many(collection, filter, NULL, NULL, NULL);
	bson_destroy(filter);
}

/* A stranger's work is one user's, and the same one's the next time; a refused hash is nobody's. */
static void
test_strangers(const struct gate_keys *keys)
{
	static const char *const names[] = {"", "aaa", "anna ", "bea", "zzz", "a:b", "\xff"};
	char hash[GATE_HASH_MAX], again[GATE_HASH_MAX];
	int same = 0, first = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ok(find(names[i], hash) == 0 && hash[0] == '\0', "stranger %zu", i);
	change(GATE_USER_ADD, "carla", HASH "carla", NULL);
	change(GATE_USER_ADD, "dora", HASH "dora", NULL);
	ok(gate_users_pick(users, 1, true, hash, NULL) == 0, "damaged hashes are not picked");
	for (int i = 0; i < 60; i++) {
		char name[16];

		snprintf(name, sizeof name, "damaged-%02d", i % 100);
		insert(BCON_NEW("_id", BCON_UTF8(name), "password", "damaged"));
	}
	change(GATE_USER_ADD, "erna", SHA256, NULL);
	ok(gate_users_pick(users, 1, false, hash, NULL) == 1 && strcmp(hash, SHA256) == 0,
	    "without a sample the only good one is found behind many damaged ones");
	remove_damaged();
	change(GATE_USER_ADD, "berta", BCRYPT, NULL);
	gate_users_tend(users, keys, false);
	for (uint64_t i = 1; i <= 100; i++) {
		int result = gate_users_pick(users, i * GOLDEN, false, hash, NULL) +
		    gate_users_pick(users, i * GOLDEN, false, again, NULL);

		same += result == 2 && strcmp(hash, again) == 0;
		first += strcmp(hash, BCRYPT) == 0;
	}
	ok(same == 100, "the others are, the same for a number");
	ok(first > 10 && first < 90, "each for some (%d of 100)", first);
	change(GATE_USER_REMOVE, "berta", NULL, NULL);
	change(GATE_USER_REMOVE, "erna", NULL, NULL);
}

static void
make_crowd(int count)
{
	for (int i = 0; i < count; i += 1000) {
		mongoc_bulk_operation_t *bulk =
		    mongoc_collection_create_bulk_operation_with_opts(collection, NULL);
		bson_t reply;

		for (int j = i; j < i + 1000; j++) {
			char name[16];
			bson_t *user;

			snprintf(name, sizeof name, "u%06d", j);
			user = BCON_NEW("_id", BCON_UTF8(name), "password",
			    BCON_UTF8(j < count / 2 ? BCRYPT : SHA256));
			mongoc_bulk_operation_insert(bulk, user);
			bson_destroy(user);
		}
		if (mongoc_bulk_operation_execute(bulk, &reply, NULL) == 0)
			exit(2);
		bson_destroy(&reply);
		mongoc_bulk_operation_destroy(bulk);
	}
}

static struct gate_users *
open_sampled(const char *url, const struct gate_keys *keys)
{
	struct gate_users *theirs = gate_users_open(url, NULL);
	char hash[GATE_HASH_MAX];

	if (theirs == NULL || gate_users_pick(theirs, 1, false, hash, NULL) < 0)
		exit(2);
	gate_users_tend(theirs, keys, false);
	return theirs;
}

/* Picks among names that are much alike, and whose hashes depend on the name: as where users have
 * numbers, and those from before some day have old hashes. */
static void
test_sample(const char *url, const struct gate_keys *keys)
{
	bson_t *numbered = BCON_NEW("_id", "{", "$gte", "u", "}");
	struct gate_users *one, *two;
	char hash[GATE_HASH_MAX], other[GATE_HASH_MAX];
	int old = 0, same = 0;

	make_crowd(8000);
	one = gate_users_open(url, NULL);
	gate_users_get_ready(one, keys, false);
	for (uint64_t i = 1; i <= 400; i++) {
		gate_users_pick(one, i * GOLDEN, false, hash, NULL);
		old += strcmp(hash, BCRYPT) == 0;
	}
	ok(old > 120 && old < 280, "so it is from the first try on: %d of 400", old);
	old = 0;
	gate_users_close(one);
	one = open_sampled(url, keys);
	change(GATE_USER_REMOVE, "u000007", NULL, NULL);
	change(GATE_USER_ADD, "u999999", SHA256, NULL);
	two = open_sampled(url, keys);
	for (uint64_t i = 1; i <= 4000; i++) {
		gate_users_pick(one, i * GOLDEN, false, hash, NULL);
		gate_users_pick(two, i * GOLDEN, false, other, NULL);
		old += strcmp(hash, BCRYPT) == 0;
		same += strcmp(hash, other) == 0;
	}
	ok(old > 1800 && old < 2200, "strangers have either kind of hash as users do: %d of 4000",
	    old);
	ok(same > 3980, "the same in each process, when others come and go: %d of 4000", same);
	mongoc_collection_delete_many(collection, numbered, NULL, NULL, NULL);
	ok(gate_users_pick(two, GOLDEN, false, hash, NULL) == 0 && *hash == '\0',
	    "those of the sample may go");
	bson_destroy(numbered);
	gate_users_close(one);
	gate_users_close(two);
}

static int
note(void *data, const char *name, const char *hash)
{
	char *text = data;

	(void)hash;
	snprintf(text + strlen(text), 200 - strlen(text), "%s ", name);
	return strcmp(name, "stop") == 0 ? -1 : 0;
}

static void
test_each(void)
{
	struct gate_error error = {0};
	char text[200] = "", hash[GATE_HASH_MAX];
	bson_t all = BSON_INITIALIZER;

	insert(BCON_NEW("_id", BCON_INT32(5), "password", HASH "5"));
	insert(BCON_NEW("_id", "eva"));
	insert(BCON_NEW("_id", "fay", "password", "two\nlines"));
	insert(BCON_NEW("_id", "gil", "password", HASH "gil", "groups", "[", "staff", "]"));
	ok(gate_users_each(users, note, text, &error) == 1, "each");
	is(text, "anna carla dora gil ", "  all of them, in order");
	ok(gate_users_skipped(users) == 3, "  three that can't log in are left out");
	ok(find("eva", hash) == 0 && find("fay", hash) == 0, "  nor are they found");
	ok(change(GATE_USER_ADD, "stop", HASH "1", NULL) == 1 &&
		gate_users_each(users, note, text, &error) == -1,
	    "a visit below 0 stops it");
	ok(change(GATE_USER_REPLACE, "gil", HASH "new", NULL) == 1 && has("gil", HASH "new"),
	    "a change of the password");
	ok(mongoc_collection_count_documents(collection, &all, NULL, NULL, NULL, NULL) == 12,
	    "  and nobody was lost");
	bson_destroy(&all);
}

/* Returns what the users hold of this one, as "groups|name|email"; "none", or the error. */
static const char *
about(struct gate_users *asked, const char *name)
{
	static char text[500];
	struct gate_error error = {0};
	struct gate_user_about all = {.groups.limit = 100};
	int found = gate_users_about(asked, name, &all, &error);

	if (found < 0)
		snprintf(text, sizeof text, "%s", error.text);
	else if (found == 0)
		snprintf(text, sizeof text, "none");
	else
		snprintf(text, sizeof text, "%s|%s|%s", gate_buffer_text(&all.groups),
		    gate_buffer_text(&all.name), gate_buffer_text(&all.email));
	gate_user_about_release(&all);
	return text;
}

static void
update(const char *name, const char *member, const char *value)
{
	bson_t *filter = BCON_NEW("_id", name), *new = BCON_NEW("$set", "{", member, value, "}");

	ok(mongoc_collection_update_one(collection, filter, new, NULL, NULL, NULL),
	    "%s of %s becomes %s", member, name, value);
	bson_destroy(filter);
	bson_destroy(new);
}

static void
test_about(const char *url)
{
	struct gate_users *other = gate_users_open(url, NULL);
	char longer[2050], group[61];

	insert(BCON_NEW("_id", "hal", "password", HASH "hal", "groups", "[", "staff", "a,b",
	    BCON_INT32(7), "Köln", " x", "]", "displayName", "Hal Ä.", "email", "hal@example.org"));
	insert(BCON_NEW(
	    "_id", "ida", "password", HASH "ida", "groups", "staff", "email", BCON_INT32(1)));
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	snprintf(group, sizeof group, "%.60s", longer);
	insert(BCON_NEW("_id", "joe", "password", HASH "joe", "groups", "[", group, group, "]"));
	is(about(users, "hal"), "staff,Köln|Hal Ä.|hal@example.org",
	    "groups that can be names, the name shown, the email");
	is(about(users, "ida"), "||", "what is no list or text counts as none");
	is(about(users, "eva"), "none", "who can't log in is nobody");
	is(about(users, "fay"), "none", "  with a hash that is none neither");
	is(about(users, "nobody"), "none", "nor is who is not there");
	is(about(users, "a\nb"), "none", "  or can't be");
	is(about(users, "joe"), "users: joe is in too many groups", "too many groups are an error");
	update("hal", "displayName", "Henry");
	is(about(users, "hal"), "staff,Köln|Hal Ä.|hal@example.org",
	    "an answer counts for a while");
	is(about(other, "hal"), "staff,Köln|Henry|hal@example.org", "others ask themselves");
	for (int i = 0; i < 400 && strstr(about(users, "hal"), "Henry") == NULL; i++)
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	is(about(users, "hal"), "staff,Köln|Henry|hal@example.org", "  and soon the first, too");
	gate_users_close(other);
	update("hal", "displayName", longer);
	other = gate_users_open(url, NULL);
	is(about(other, "hal"), "staff,Köln||hal@example.org", "a name that is too long is none");
	gate_users_close(other);
}

/* In a collection to which anna is Anna. */
static void
test_collation(void)
{
	bson_t *options = BCON_NEW("create", "gate_users", "collation", "{", "locale", "en",
	    "strength", BCON_INT32(2), "}");
	char hash[GATE_HASH_MAX];

	mongoc_collection_drop(collection, NULL);
	ok(mongoc_collection_command_simple(collection, options, NULL, NULL, NULL),
	    "a collection that compares without case");
	bson_destroy(options);
	change(GATE_USER_ADD, "anna", HASH "1", NULL);
	ok(has("anna", HASH "1") && find("Anna", hash) == 0 && hash[0] == '\0',
	    "a name in capitals is another name all the same");
}

static void
test_urls(void)
{
	static const char *const bad[] = {"mongodb://anna:hunter2@127.0.0.1/",
	    "mongodb://anna:hunter2/x@127.0.0.1/app", "mongodb://anna:hunter2@127.0.0.1/app?w=0"};
	struct gate_error error;
	char hash[GATE_HASH_MAX];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		error = (struct gate_error){0};
		ok(gate_users_open(bad[i], &error) == NULL && error.code == GATE_EOPTION &&
			strncmp(error.text, "users mongodb: ", 15) == 0 &&
			strstr(error.text, "hunter2") == NULL,
		    "%s: refused", bad[i]);
		printf("# %s\n", error.text);
	}
	error = (struct gate_error){0};
	users = gate_users_open("mongodb://127.0.0.1:1/app", &error);
	ok(users != NULL, "a server that is not there: opens");
	ok(gate_users_find(users, "anna", hash, &error) == -1 && error.code == GATE_ESTORE,
	    "  and fails when it is asked");
	printf("# %s\n", error.text);
	gate_users_close(users);
}

int
main(void)
{
	char url[MONGODB_URI_MAX];
	struct gate_error error = {0};
	mongoc_client_t *client;
	struct gate_keys *keys;

	test_urls();
	if (mongodb_url(url, "") == 0) {
		ok(true, "users # SKIP there is no MongoDB server");
		return done();
	}
	users = gate_users_open(url, &error);
	client = mongoc_client_new(url);
	if (!ok(users != NULL && client != NULL, "open"))
		return done();
	mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2);
	collection = mongoc_client_get_collection(
	    client, mongoc_uri_get_database(mongoc_client_get_uri(client)), "gate_users");
	keys = gate_keys_new(
	    (const char *const[]){"a secret of a test, of more than 32 bytes", NULL}, &error);
	test_changes();
	test_since();
	test_strangers(keys);
	test_sample(url, keys);
	test_each();
	test_about(url);
	test_collation();
	mongoc_collection_drop(collection, NULL);
	mongoc_collection_destroy(collection);
	mongoc_client_destroy(client);
	gate_users_close(users);
	gate_keys_free(keys);
	return done();
}
