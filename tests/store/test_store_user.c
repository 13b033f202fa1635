/* test_store_user.c: one user's records, in each store, only by the calls of store.h; and the files
 * by which the file store finds them. */
#include "config.h"

#include <errno.h>
#include <pthread.h>

#include "store/behind.h"
#include "crypto/digest.h"
#include "records.h"
#include "record/members.h"
#include "record/counter.h"
#include "store/file/file.h"
#include "store/file/private.h"
#include "store/stores.h"

#define THREADS 8
#define MINUTE (HOUR / 60)
#define EACH 20 /* records that a thread makes */

static struct fixture f;

/* ---- records of users ---- */

static struct gate_record
blank_record(void)
{
	struct gate_record record = blank(gate_clock_wall());

	record.user_member = f.options.user_member;
	return record;
}

/* What session.c does before a write: with a login, or for what the record says itself. */
static void
stamp_user(struct gate_record *record, const char *user)
{
	struct gate_cookie_attributes cookie = {.path = "/", .http_only = true};
	struct gate_record_login login = {user, "192.0.2.1", NULL, record->now, 0};
	struct gate_record_policy policy = {.cookie = &cookie, .max_age = HOUR};
	json_t *name = json_string(user != NULL ? user : "");
	char *text;

	policy.login = user != NULL ? &login : NULL;
	if (user != NULL && strcmp(f.options.user_member, "gate.user") != 0) {
		text = json_dumps(name, JSON_ENCODE_ANY);
		gate_record_set(record, f.options.user_member, text);
		free(text);
	}
	json_decref(name);
	record->expires = record->now + HOUR;
	if (gate_record_stamp(record, &policy, record->expires, 0) < 0)
		exit(2);
}

static int
make(const char *id, const char *user)
{
	struct gate_record record = blank_record();
	struct gate_error error = {0};
	int result;

	gate_record_set(&record, "n", "1");
	stamp_user(&record, user);
	result = gate_store_create(&f.link, id, &record, &error);
	if (result < 0)
		printf("# create %s: %s\n", id, error.text);
	gate_store_release(&f.link, &record);
	return result;
}

static int
load(const char *id, struct gate_record *record)
{
	*record = blank_record();
	return gate_store_load(&f.link, id, NULL, record, NULL);
}

/* Loads, and writes it as this user's; NULL: as it is, but for n. */
static int
write_as(const char *id, const char *user)
{
	struct gate_record record;
	int result = load(id, &record);

	if (result == 1) {
		gate_record_set(&record, "n", "2");
		stamp_user(&record, user);
		result = gate_store_update(&f.link, id, &record, NULL);
	}
	gate_store_release(&f.link, &record);
	return result;
}

/* A logout of Node's, or its deputy: the record says nobody. */
static int
write_as_nobody(const char *id)
{
	struct gate_record record;
	int result = load(id, &record);

	if (result == 1) {
		gate_record_set(&record, "gate", "{}");
		gate_record_set(&record, "username", "null");
		record.user = NULL;
		record.user_changed = true;
		stamp_user(&record, NULL);
		result = gate_store_update(&f.link, id, &record, NULL);
	}
	gate_store_release(&f.link, &record);
	return result;
}

/* Only if it still is what was read. */
static int
take_read(const char *id)
{
	struct gate_record record;
	int result = load(id, &record);

	if (result == 1)
		result = gate_store_remove(&f.link, id, &record, NULL);
	gate_store_release(&f.link, &record);
	return result;
}

/* ---- the walk ---- */

struct walk {
	char ids[THREADS * EACH + 8][32];
	int count;
	const char *user;       /* whose the records must be */
	int stop_at, answer;    /* behind so many */
	bool strange, removing; /* a record that is not as it was written; each is removed */
};

static int
visit(void *data, const char *id, struct gate_record *record)
{
	struct walk *w = data;

	snprintf(w->ids[w->count++], sizeof w->ids[0], "%s", id);
	if (record->user == NULL || strcmp(record->user, w->user) != 0 ||
	    gate_record_named(record, "n") == NULL || record->expires <= gate_clock_wall())
		w->strange = true;
	if (w->removing && take_away(&f.link, id) != 1)
		w->strange = true;
	return w->count == w->stop_at ? w->answer : 1;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
walk(struct walk *w, const char *user)
{
	struct gate_error error = {0};

	w->user = user;
	return f.link.table->each(f.link.store, user, visit, w, &error);
}

/* The ids of a user's records, in order: "a b c". */
static const char *
ids_of(const char *user)
{
	static struct walk w;
	static char text[sizeof w.ids];

	w = (struct walk){.stop_at = -1};
	text[0] = '\0';
	if (walk(&w, user) != 1)
		return "failed";
	qsort(w.ids, (size_t)w.count, sizeof w.ids[0], by_text);
	for (int i = 0; i < w.count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "",
		    w.ids[i]);
	return w.strange ? "strange" : text;
}

static void
take_all(const char *user)
{
	struct walk w = {.stop_at = -1, .removing = true};

	walk(&w, user);
}

/* ---- what every store must do ---- */

static void
test_each(void)
{
	struct walk stopped = {.stop_at = 2}, failed = {.stop_at = 2, .answer = -1};

	is(ids_of("anna"), "", "nobody of that name has been here");
	make("a1", "anna");
	make("b1", "ben");
	make("nobodys", NULL);
	make("a2", "anna");
	make("a3", "anna");
	is(ids_of("anna"), "a1 a2 a3", "each: the records of one user, each once");
	is(ids_of("ben"), "b1", "another one's");
	is(ids_of("Anna"), "", "names are compared byte for byte");
	is(ids_of("ann"), "", "and whole");
	ok(walk(&stopped, "anna") == 1 && stopped.count == 2, "a visit that answers 0 ends it: 1");
	ok(walk(&failed, "anna") == -1 && failed.count == 2, "one that answers below 0: -1");
	take_all("anna");
	is(ids_of("anna"), "", "a visit may remove what it is shown");
	is(ids_of("ben"), "b1", "  others stay");
	take_away(&f.link, "b1");
	take_away(&f.link, "nobodys");
}

/* The file store goes by its files. */
static void
make_then(const char *id, const char *user, int64_t ago)
{
	struct gate_record record = blank_record();
	char name[GATE_STORE_FILE_NAME_MAX];
	struct gate_store_file_dir *dir = f.link.store;
	struct timespec both[2] = {{0}};

	record.now -= ago;
	gate_record_set(&record, "n", "1");
	stamp_user(&record, user);
	record.expires = record.now + ago + HOUR;
	ok(gate_store_create(&f.link, id, &record, NULL) == 1, "%s is made", id);
	both[0].tv_sec = both[1].tv_sec = (time_t)(record.now / 1000);
	gate_store_release(&f.link, &record);
	if (f.link.table->open != gate_store_file.open &&
	    f.link.table->open != gate_store_memory.open)
		return;
	gate_store_file_name(name, id);
	ok(utimensat(dir->records, name, both, 0) == 0, "  its file is as old");
}

static const char *
newest_of(const char *user, int most, int stop_at)
{
	static struct walk w;
	static char text[sizeof w.ids];
	struct gate_error error = {0};

	w = (struct walk){.stop_at = stop_at, .user = user};
	text[0] = '\0';
	if (f.link.table->newest(f.link.store, user, most, visit, &w, &error) != 1)
		return "failed";
	for (int i = 0; i < w.count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "",
		    w.ids[i]);
	return w.strange ? "strange" : text;
}

static void
test_newest(void)
{
	if (f.link.table->newest == NULL)
		return;
	is(newest_of("anna", 3, -1), "", "nobody of that name has been here");
	make_then("third", "anna", 3 * MINUTE);
	make_then("first", "anna", 1 * MINUTE);
	make_then("fourth", "anna", 4 * MINUTE);
	make_then("bens", "ben", 0);
	make_then("second", "anna", 2 * MINUTE);
	is(newest_of("anna", 9, -1), "first second third fourth",
	    "newest: those last written first");
	is(newest_of("anna", 2, -1), "first second", "  as many as asked for");
	is(newest_of("anna", 9, 3), "first second third", "  or until a visit ends it");
	ok(write_as("fourth", "anna") == 1, "one is written again");
	is(newest_of("anna", 2, -1), "fourth first", "  it is the newest then");
	take_all("anna");
	take_all("ben");
}

static void
test_names(void)
{
	static char longest[256];
	const char *const names[] = {".", "..", "../a", "a/b", "a b", "a\nb", "*", "%", "\"",
	    "\xc3\xa4", "$gt", "a:b", "0", longest};
	size_t count = sizeof names / sizeof *names;
	bool good = true;
	char id[16];

	memset(longest, 'x', sizeof longest - 1);
	for (size_t i = 0; i < count; i++) {
		snprintf(id, sizeof id, "named-%zu", i);
		good = make(id, names[i]) == 1 && good;
	}
	for (size_t i = 0; i < count; i++) {
		snprintf(id, sizeof id, "named-%zu", i);
		good = strcmp(ids_of(names[i]), id) == 0 && good;
		take_away(&f.link, id);
	}
	ok(good, "a name may be any text: %zu of them", count);
}

static void
test_update(void)
{
	make("one", NULL);
	ok(write_as("one", "anna") == 1, "somebody logs in");
	is(ids_of("anna"), "one", "  it is theirs");
	ok(write_as("one", NULL) == 1, "a change of something else");
	is(ids_of("anna"), "one", "  it still is, once");
	ok(write_as("one", "ben") == 1, "another one logs in");
	is(ids_of("ben"), "one", "  it is theirs");
	is(ids_of("anna"), "", "  and the first one's no more");
	ok(write_as("one", "anna") == 1, "and back again");
	is(ids_of("anna"), "one", "  it is the first one's");
	is(ids_of("ben"), "", "  and no more the second one's");
	ok(write_as_nobody("one") == 1, "they log out, the record stays");
	is(ids_of("anna"), "", "  it is nobody's");
	ok(write_as("one", "anna") == 1 && strcmp(ids_of("anna"), "one") == 0, "and in again");
	take_away(&f.link, "one");
}

static void
test_conflict(void)
{
	struct gate_record record;

	make("one", NULL);
	load("one", &record);
	write_as("one", "anna");
	stamp_user(&record, "ben");
	ok(gate_store_update(&f.link, "one", &record, NULL) == GATE_CONFLICT, "two log in at once");
	gate_store_release(&f.link, &record);
	is(ids_of("ben"), "", "  it is not the slower one's");
	is(ids_of("anna"), "one", "  but the faster one's");
	load("one", &record);
	take_away(&f.link, "one");
	stamp_user(&record, "ben");
	ok(gate_store_update(&f.link, "one", &record, NULL) == GATE_CONFLICT, "gone meanwhile");
	gate_store_release(&f.link, &record);
	is(ids_of("ben"), "", "  it is nobody's");
	make("one", "anna");
	ok(make("one", "ben") == 0 && strcmp(ids_of("ben"), "") == 0, "create of a taken id");
	is(ids_of("anna"), "one", "  leaves it whose it was");
	take_away(&f.link, "one");
}

static void
test_remove(void)
{
	make("one", "anna");
	make("two", "anna");
	ok(take_read("one") == 1, "remove of what was read");
	is(ids_of("anna"), "two", "  one less");
	ok(take_away(&f.link, "two") == 1, "remove of whatever is there");
	is(ids_of("anna"), "", "  none is left");
	make("one", "ben");
	is(ids_of("ben"), "one", "the id may come back as another one's");
	is(ids_of("anna"), "", "  and only that");
	take_away(&f.link, "one");
}

static void
test_renew(void)
{
	struct gate_record record;

	make("old", "anna");
	load("old", &record);
	stamp_user(&record, NULL);
	ok(gate_store_create(&f.link, "new", &record, NULL) == 1, "renew: the new record first");
	is(ids_of("anna"), "new old", "  both are theirs");
	ok(gate_store_remove(&f.link, "old", &record, NULL) == 1, "then the old one goes");
	gate_store_release(&f.link, &record);
	is(ids_of("anna"), "new", "  the new one is theirs");
	take_away(&f.link, "new");
}

static void
test_touch(void)
{
	struct gate_record record;

	make("one", "anna");
	load("one", &record);
	stamp_user(&record, NULL);
	ok(gate_store_touch(&f.link, "one", &record, NULL) == 1, "touch");
	gate_store_release(&f.link, &record);
	is(ids_of("anna"), "one", "  changes nothing of that");
	take_away(&f.link, "one");
}

static void *
make_many(void *data)
{
	struct gate_store_link link = {0};
	struct gate_store_link *mine = &link;
	const char *name = data;

	if (connect_store(mine, &f.options, NULL) < 0)
		return data;
	for (int i = 0; i < EACH; i++) {
		struct gate_record record = blank_record();
		char id[32];

		snprintf(id, sizeof id, "%s-%d", name, i);
		gate_record_set(&record, "n", "1");
		stamp_user(&record, "anna");
		if (gate_store_create(mine, id, &record, NULL) != 1)
			data = NULL;
		gate_store_release(mine, &record);
	}
	gate_store_close(mine);
	return data;
}

static void
test_together(void)
{
	static char names[THREADS][16];
	struct walk all = {.stop_at = -1};
	pthread_t threads[THREADS];
	bool good = true;
	void *made;

	for (int i = 0; i < THREADS; i++) {
		snprintf(names[i], sizeof names[i], "t%d", i);
		if (pthread_create(&threads[i], NULL, make_many, names[i]) != 0)
			exit(2);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &made);
		good = good && made == names[i];
	}
	ok(good && walk(&all, "anna") == 1 && all.count == THREADS * EACH && !all.strange,
	    "%d logins of one user at once: all are theirs", THREADS * EACH);
	take_all("anna");
}

static void
test_sweep(void)
{
	make("one", "anna");
	make("two", "anna");
	take_away(&f.link, "two");
	if (f.link.table->sweep != NULL)
		ok(sweep_now(&f) == 0, "a sweep");
	is(ids_of("anna"), "one", "  leaves what lives");
	take_away(&f.link, "one");
}

/* ---- what is written back behind gate's back ---- */

/* As a Node program writes it, whether it is there or not: it knows nothing of gate's lists. */
static void
write_behind(const char *id, const char *text)
{
	char path[300];
	int fd;

#ifdef HAVE_MONGODB
	if (strncmp(f.options.store, "mongodb", 7) == 0) {
		upsert_behind(f.link.store, id, text);
		return;
	}
#endif
	path_behind(path, sizeof path, f.options.store, id);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) < 0)
		exit(2);
}

/* The record's text; yours. NULL: there is none. */
static char *
text_of(const char *id)
{
	struct gate_record record;
	size_t length;
	char *text = load(id, &record) == 1 ? gate_record_text(&record, &length) : NULL;

	gate_store_release(&f.link, &record);
	return text;
}

static int
end_it(const char *id)
{
	return gate_store_end(&f.link, id, NULL, NULL);
}

/* So that the id can be used again. */
static void
forget(const char *id)
{
	char key[GATE_COUNTER_KEY_MAX];
	struct gate_bump bump;

	take_away(&f.link, id);
	gate_record_ended_key(key, id);
	gate_store_bump(&f.link, key, 0, 0, &bump, NULL);
}

static bool
lives(const char *id)
{
	struct gate_record record;
	int result = load(id, &record);

	gate_store_release(&f.link, &record);
	return result == 1;
}

static unsigned long
writes(void)
{
	return f.link.calls[GATE_STORE_UPDATE] + f.link.calls[GATE_STORE_TOUCH] +
	    f.link.calls[GATE_STORE_BUMP] + f.link.calls[GATE_STORE_REMOVE];
}

static void
test_ended(void)
{
	struct gate_record as_read;
	char *text;

	make("slow", "anna");
	text = text_of("slow");
	load("slow", &as_read);
	ok(end_it("slow") == 1 && !lives("slow"), "end");
	ok(end_it("slow") == 0, "  once");
	write_behind("slow", text);
	ok(gate_store_update(&f.link, "slow", &as_read, NULL) == GATE_CONFLICT &&
		gate_store_end(&f.link, "slow", &as_read, NULL) == GATE_CONFLICT,
	    "a slow request writes it back: it is not what was read before");
	gate_store_release(&f.link, &as_read);
	is(ids_of("anna"), "", "  it is in no list");
	ok(!lives("slow"), "  and dead");
	is(ids_of("anna"), "", "  also when somebody has asked for it");
	write_behind("slow", text);
	ok(!lives("slow") && !lives("slow"), "  however often it comes");
	take_away(&f.link, "slow");
	write_behind("slow", text);
	ok(!lives("slow"), "  and whoever takes it away between");
	forget("slow");
	free(text);
}

static void
test_conflicting_end(void)
{
	struct gate_record record;
	char *text;

	make("busy", "anna");
	load("busy", &record);
	write_as("busy", "anna");
	ok(gate_store_end(&f.link, "busy", &record, NULL) == GATE_CONFLICT,
	    "end of what was changed meanwhile");
	gate_store_release(&f.link, &record);
	text = text_of("busy");
	take_away(&f.link, "busy");
	write_behind("busy", text != NULL ? text : "");
	ok(lives("busy"), "  has ended nothing");
	forget("busy");
	free(text);
}

/* A load between the two steps of an end. */
static void
test_while_ending(void)
{
	struct gate_record record;
	char key[GATE_COUNTER_KEY_MAX];
	struct gate_bump bump;

	make("ending", "anna");
	load("ending", &record);
	gate_record_ended_key(key, "ending");
	gate_store_bump(&f.link, key, 1, GATE_ENDED_TIME, &bump, NULL);
	lives("ending");
	ok(gate_store_remove(&f.link, "ending", &record, NULL) == 1,
	    "a load while it is being ended does not take it from who ends it");
	gate_store_release(&f.link, &record);
	forget("ending");
}

static void
test_adopted(void)
{
	static const char theirs[] = "{\"cookie\":{\"originalMaxAge\":null},\"n\":1,"
				     "\"gate\":{\"user\":\"anna\"},\"username\":\"anna\"}";
	unsigned long before;

	write_behind("theirs", theirs);
	ok(lives("theirs"), "a login that a Node program made lives");
	is(ids_of("anna"), "theirs", "  and is in the list of its user from its first load on");
	before = writes();
	ok(lives("theirs") && writes() == before, "  the next load writes nothing");
	end_it("theirs");
	write_behind("theirs", theirs);
	ok(!lives("theirs") && strcmp(ids_of("anna"), "") == 0, "  ended, it stays dead");
	forget("theirs");
	make("changed", "ben");
	write_behind("changed", theirs);
	ok(lives("changed"), "a Node program logs another one in");
	is(ids_of("anna"), "changed", "  the session is in the new one's list");
	is(ids_of("ben"), "", "  and in the old one's no more");
	take_away(&f.link, "changed");
	make("nobodys", NULL);
	before = writes();
	ok(lives("nobodys") && writes() == before, "nobody's session is looked for in no list");
	take_away(&f.link, "nobodys");
}

static void
test_all(void)
{
	test_each();
	test_newest();
	test_names();
	test_update();
	test_conflict();
	test_remove();
	test_renew();
	test_touch();
	test_together();
	test_sweep();
	if (is_private(&f))
		return;
	test_ended();
	test_conflicting_end();
	test_while_ending();
	test_adopted();
}

/* ---- the files of the file store ---- */

static int folder; /* of its records */

/* The path of a user's folder, or of what is in it, from the store's folder on. */
static const char *
entry(const char *user, const char *id)
{
	static char path[400];
	char hash[GATE_SHA256_HEX + 1];

	gate_sha256_hex(hash, user, strlen(user));
	snprintf(path, sizeof path, ".gate/user/%s%s%s", hash, id != NULL ? "/" : "",
	    id != NULL ? id : "");
	return path;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return fstatat(folder, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode & 07777 : 0;
}

static bool
is_there(const char *user, const char *id)
{
	return mode_of(entry(user, id)) != 0;
}

static void
put_entry(const char *user, const char *id)
{
	int fd;

	mkdirat(folder, entry(user, NULL), 0700);
	fd = openat(folder, entry(user, id), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || close(fd) < 0)
		exit(2);
}

static void
make_old(const char *user, const char *id, int minutes)
{
	const struct timespec then = {.tv_sec = gate_clock_wall() / 1000 - 60 * minutes};
	const struct timespec both[2] = {then, then};

	if (utimensat(folder, entry(user, id), both, AT_SYMLINK_NOFOLLOW) < 0)
		exit(2);
}

static void
test_files(void)
{
	make("one", "carla");
	ok(mode_of(".gate/user") == 0700 && mode_of(entry("carla", NULL)) == 0700 &&
		mode_of(entry("carla", "one")) == 0600,
	    "a user's ids are files in a folder of its own, for nobody else");
	make("two", NULL);
	write_as("two", "carla");
	ok(is_there("carla", "two"), "one that became theirs is there too");
	take_read("two");
	take_away(&f.link, "one");
	ok(!is_there("carla", "two") && !is_there("carla", "one"), "whoever removes them");
	put_entry("carla", "one");
	is(ids_of("carla"), "", "a file that is left behind does not count");
	put_entry("carla", "never-was");
	is(ids_of("carla"), "", "nor does one whose record never came");
	make("bens", "ben");
	put_entry("carla", "bens");
	is(ids_of("carla"), "", "nor one whose record is another user's");
	put_entry("carla", "no.id");
	if (mkdirat(folder, entry("carla", "a-folder"), 0700) < 0)
		exit(2);
	is(ids_of("carla"), "", "nor what has no id's name, nor a folder");
	unlinkat(folder, entry("carla", "no.id"), 0);
	unlinkat(folder, entry("carla", "a-folder"), AT_REMOVEDIR);
	take_away(&f.link, "bens");
}

static void
test_swept_files(void)
{
	static const char *const left[] = {"one", "bens", "never-was"};

	make("live", "carla");
	put_entry("carla", "young");
	make_old("carla", "live", 120);
	make_old("carla", "young", 59);
	for (size_t i = 0; i < sizeof left / sizeof *left; i++)
		make_old("carla", left[i], 61);
	sweep_now(&f);
	ok(!is_there("carla", "one") && !is_there("carla", "bens") &&
		!is_there("carla", "never-was"),
	    "the sweep takes what was left behind for an hour");
	ok(is_there("carla", "young"), "  a younger one may be about to get its record");
	ok(is_there("carla", "live") && strcmp(ids_of("carla"), "live") == 0,
	    "  one with a record stays, however old");
	take_read("live");
	make_old("carla", "young", 61);
	sweep_now(&f);
	ok(!is_there("carla", NULL), "a folder that is empty then goes");
	make("again", "carla");
	is(ids_of("carla"), "again", "  and comes back");
	take_read("again");
	sweep_now(&f);
	ok(!is_there("carla", NULL), "nothing is left");
}

/* Entry first: a record that nobody finds would outlive a new password. */
static void
test_no_entry(void)
{
	struct gate_record record = blank_record();
	struct gate_error error = {0};
	int fd = openat(folder, entry("carla", NULL), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || close(fd) < 0)
		exit(2);
	gate_record_set(&record, "n", "1");
	stamp_user(&record, "carla");
	ok(gate_store_create(&f.link, "one", &record, &error) == -1 && error.code == GATE_ESTORE &&
		strstr(error.text, "Not a directory") != NULL,
	    "create without a place for the entry: -1");
	gate_store_release(&f.link, &record);
	ok(load("one", &record) == 0, "  and no record");
	make("one", NULL);
	ok(write_as("one", "carla") == -1, "update: the same");
	ok(load("one", &record) == 1 && record.user == NULL, "  the record is nobody's");
	gate_store_release(&f.link, &record);
	is(ids_of("carla"), "failed", "and a walk fails");
	unlinkat(folder, entry("carla", NULL), 0);
	take_away(&f.link, "one");
}

/* A record of Node's: nothing tells the index, until gate next writes it. */
static void
test_node(void)
{
	static const char text[] = "{\"cookie\":{\"originalMaxAge\":null},\"n\":1,"
				   "\"gate\":{\"user\":\"carla\"},\"username\":\"carla\"}";
	int fd = openat(folder, "nodes.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) < 0)
		exit(2);
	is(ids_of("carla"), "", "a record that Node wrote is not found by its user");
	ok(write_as("nodes", "carla") == 1, "but once gate has written a login there");
	is(ids_of("carla"), "nodes", "  it is");
	take_read("nodes");
}

static void
test_all_files(void)
{
	folder =
	    openat(AT_FDCWD, strchr(f.options.store, ':') + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		exit(2);
	test_files();
	test_swept_files();
	test_no_entry();
	test_node();
	close(folder);
}

/* ---- the whole ---- */

static void
test_store(void)
{
	test_all();
	if (strncmp(f.options.store, "file:", 5) == 0)
		test_all_files();
}

int
main(void)
{
	enter_scratch();
	on_each_store(&f, "user_member=gate.user", test_store);
	on_each_store(&f, "user_member=username", test_store);
	leave_scratch();
	return done();
}
