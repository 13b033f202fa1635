/* test_store.c: what every store must do, asked of each by nothing but the calls of store.h. */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>

#include "crypto/id.h"
#include "record/members.h"
#include "records.h"
#include "crypto/sign.h"
#include "store/stores.h"

#define THREADS 8
#define MANY 25 /* records of the walk and the sweep */

static struct fixture f;

/* ---- one after the other ---- */

static void
test_create(void)
{
	struct gate_record record;

	ok(get(&f.link, "nobody", &record) == 0, "load: what is absent is 0");
	ok(gate_record_count(&record) == 0 && record.was == NULL, "and the record is empty");
	ok(put(&f.link, "create", "1") == 1, "create: 1");
	ok(put(&f.link, "create", "2") == 0, "create of a taken id: 0");
	is(stored(&f.link, "create"), "1", "which leaves what was there");
	ok(get(&f.link, "create", &record) == 1, "load: 1");
	ok(record.expires > record.now + HOUR - 60000 && record.expires <= record.now + HOUR,
	    "expires is max_age from the write");
	ok(record.touched > record.now - 60000 && record.touched <= record.now,
	    "touched is the time of the write");
	gate_store_release(&f.link, &record);
	ok(gate_record_count(&record) == 0 && record.was == NULL, "release: empty");
	gate_store_release(&f.link, &record);
	ok(take_away(&f.link, "create") == 1, "remove of whatever is there: 1");
	ok(take_away(&f.link, "create") == 0, "and of nothing: 0");
	is(stored(&f.link, "create"), "gone", "it is gone");
	ok(put(&f.link, "create", "3") == 1 && take_away(&f.link, "create") == 1,
	    "the id is free again");
}

static void
test_swap(void)
{
	struct gate_record one, two;
	struct gate_error error = {0};

	put(&f.link, "swap", "1");
	ok(get(&f.link, "swap", &one) == 1 && get(&f.link, "swap", &two) == 1, "two load a record");
	ok(change(&f.link, "swap", &two, "2", &error) == 1, "one of them writes: 1");
	ok(change(&f.link, "swap", &one, "3", &error) == GATE_CONFLICT,
	    "update: changed meanwhile");
	is(stored(&f.link, "swap"), "2", "what was written stays");
	stamp(&one, 2 * HOUR);
	ok(gate_store_touch(&f.link, "swap", &one, &error) == GATE_CONFLICT, "touch: the same");
	ok(gate_store_remove(&f.link, "swap", &one, &error) == GATE_CONFLICT, "remove: the same");
	is(stored(&f.link, "swap"), "2", "still there");
	gate_store_release(&f.link, &one);
	gate_store_release(&f.link, &two);

	get(&f.link, "swap", &one);
	get(&f.link, "swap", &two);
	ok(gate_store_remove(&f.link, "swap", &two, &error) == 1, "remove of what was read: 1");
	ok(change(&f.link, "swap", &one, "4", &error) == GATE_CONFLICT, "update: gone meanwhile");
	is(stored(&f.link, "swap"), "gone", "an update never creates");
	stamp(&one, HOUR);
	ok(gate_store_touch(&f.link, "swap", &one, &error) == GATE_CONFLICT, "nor does a touch");
	is(stored(&f.link, "swap"), "gone", "it stays gone");
	ok(gate_store_remove(&f.link, "swap", &one, &error) == GATE_CONFLICT, "remove: gone too");
	gate_store_release(&f.link, &one);
	gate_store_release(&f.link, &two);
	ok(error.code == GATE_OK, "a conflict is no error");
}

static void
test_touch(void)
{
	struct gate_record record;
	struct gate_error error = {0};
	int64_t now = gate_clock_wall();
	char before[256];

	put_at(&f.link, "touch", "[ 0.1, 12345678901234567890 ]", now - HOUR / 2, HOUR);
	ok(get(&f.link, "touch", &record) == 1, "a record that was written half an hour ago");
	ok(record.expires <= now + HOUR / 2 + 1000, "expires half an hour from now");
	snprintf(before, sizeof before, "%s", member(&record, "n"));
	record.now = now;
	stamp(&record, HOUR);
	ok(gate_store_touch(&f.link, "touch", &record, &error) == 1, "touch: 1");
	gate_store_release(&f.link, &record);
	ok(get(&f.link, "touch", &record) == 1 && record.expires > now + HOUR - 1000,
	    "moves the time of expiry");
	ok(record.touched > now - 1000, "and the time of the touch");
	is(member(&record, "n"), before, "and not a byte of the payload");
	gate_store_release(&f.link, &record);
	take_away(&f.link, "touch");
}

static void
test_update(void)
{
	static char wide[6001];
	struct gate_record record;
	char text[64];

	put(&f.link, "update", "0");
	for (int i = 1; i <= 20; i++) {
		snprintf(text, sizeof text, "%d", i);
		if (set(&f.link, "update", text) != 1)
			break;
	}
	is(stored(&f.link, "update"), "20", "twenty updates, one after the other");
	memset(wide, 'x', sizeof wide - 1);
	wide[0] = wide[sizeof wide - 2] = '"';
	ok(set(&f.link, "update", wide) == 1, "a record may grow");
	get(&f.link, "update", &record);
	ok(gate_record_named(&record, "n")->length == 6000 &&
		memcmp(gate_record_named(&record, "n")->text, wide, 6000) == 0,
	    "to any size");
	gate_store_release(&f.link, &record);
	ok(set(&f.link, "update", "1") == 1, "and shrink");
	is(stored(&f.link, "update"), "1", "to what it was");
	take_away(&f.link, "update");
}

static void
test_absent(void)
{
	struct gate_record record = blank(gate_clock_wall());
	struct gate_error error = {0};

	put_at(&f.link, "expired", "1", record.now - 2 * HOUR, HOUR);
	ok(get(&f.link, "expired", &record) == 0, "load: what has expired is 0");
	ok(gate_record_count(&record) == 0 && record.was == NULL, "and the record is empty");
	put(&f.link, "aged", "1");
	record = blank(gate_clock_wall() + HOUR + 1000);
	ok(gate_store_load(&f.link, "aged", NULL, &record, &error) == 0, "an hour later it has");
	record = blank(gate_clock_wall());
	record.expires = record.now + HOUR;
	ok(gate_record_set(&record, "n", "1") == 0 &&
		gate_store_create(&f.link, "malformed", &record, &error) == 1,
	    "one without a cookie");
	gate_store_release(&f.link, &record);
	ok(get(&f.link, "malformed", &record) == GATE_UNREADABLE, "load: can't be read");
	ok(gate_record_count(&record) == 0 && record.was == NULL, "and the record is empty");
	ok(put(&f.link, "malformed", "2") == 0, "but its id is taken");
	ok(take_away(&f.link, "malformed") == 1, "and it can be removed");
	take_away(&f.link, "expired");
	take_away(&f.link, "aged");
}

static void
test_absolute(void)
{
	struct gate_record record = blank(gate_clock_wall());
	struct gate_options options = f.options;
	struct gate_error error = {0};
	char text[64];

	snprintf(text, sizeof text, "{\"created\":%lld}", (long long)(record.now - 2 * HOUR));
	gate_record_set(&record, "gate", text);
	stamp(&record, HOUR);
	gate_store_create(&f.link, "old", &record, &error);
	gate_store_release(&f.link, &record);
	record = blank(gate_clock_wall());
	options.absolute_timeout = HOUR;
	ok(gate_store_load(&f.link, "old", &options, &record, &error) == 0,
	    "older than allowed: 0");
	record = blank(gate_clock_wall());
	options.absolute_timeout = 3 * HOUR;
	ok(gate_store_load(&f.link, "old", &options, &record, &error) == 1, "younger: 1");
	ok(record.created > 0, "with the time of its making");
	gate_store_release(&f.link, &record);
	take_away(&f.link, "old");
}

static void
test_ids(void)
{
	static const char *const bad[] = {"", ".", "..", "../plain/create", "a/b", "a.b", "a b",
	    "a%", "\xc3\xa4", "a\n", "$where", "a:b", "a*"};
	char longest[GATE_ID_MAX + 2];
	unsigned long calls = f.link.calls[GATE_STORE_LOAD] + f.link.calls[GATE_STORE_REMOVE];
	struct gate_record record;
	bool good = true;

	memset(longest, 'a', sizeof longest);
	longest[GATE_ID_MAX + 1] = '\0';
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		good =
		    good && get(&f.link, bad[i], &record) == 0 && take_away(&f.link, bad[i]) == 0;
	good = good && get(&f.link, longest, &record) == 0 && take_away(&f.link, longest) == 0;
	ok(good, "ids that are none are unknown");
	ok(calls == f.link.calls[GATE_STORE_LOAD] + f.link.calls[GATE_STORE_REMOVE],
	    "and the store is not asked");
	longest[GATE_ID_MAX] = '\0';
	ok(put(&f.link, longest, "1") == 1, "an id of 128 characters");
	is(stored(&f.link, longest), "1", "is one");
	ok(take_away(&f.link, longest) == 1, "and goes");
}

static int
count_visit(void *count, const char *id, struct gate_record *record)
{
	(void)id;
	(void)record;
	++*(int *)count;
	return 1;
}

static const struct gate_store *uncounted;
static int created;

static int
count_create(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	created++;
	return uncounted->create(store, id, record, error);
}

/* It is asked by anybody, as often as they like. */
static void
test_throttled_health(void)
{
	struct gate_store counting = *f.link.table;
	bool well = true;

	uncounted = f.link.table;
	counting.create = count_create;
	f.link.table = &counting;
	f.link.health.at = 0;
	created = 0;
	ok(gate_store_health(&f.link, &f.options) == NULL && created == 1 && f.link.health.at > 0,
	    "who asks how it is begins a trial, which writes");
	f.link.health.at += HOUR; /* so a slow machine makes no difference */
	for (int i = 0; i < 10; i++)
		well = gate_store_health(&f.link, &f.options) == NULL && well;
	ok(well && created == 1, "  others get what that found, and nothing is written");
	f.link.health.at -= HOUR + 1000;
	ok(gate_store_health(&f.link, &f.options) == NULL && created == 2,
	    "  a second later there is another trial");
	f.link.table = uncounted;
}

static void
test_health(void)
{
	struct gate_error error = {0};
	unsigned long calls = f.link.calls[GATE_STORE_LOAD];
	int before = 0, after = 0;

	f.link.table->each(f.link.store, NULL, count_visit, &before, &error);
	ok(gate_store_try(&f.link, &f.options, &error) == NULL && error.code == GATE_OK,
	    "a trial of it goes well");
	if (error.code != GATE_OK)
		printf("# %s\n", error.text);
	ok(gate_store_health(&f.link, &f.options) == NULL && f.link.calls[GATE_STORE_LOAD] == calls,
	    "it is well, and no request made these calls");
	f.link.table->each(f.link.store, NULL, count_visit, &after, &error);
	ok(before == after, "nothing is left of it");
}

/* ---- the walk and the sweep ---- */

struct walk {
	int seen[MANY], visits, others, stop_at, answer;
};

static int
visit(void *data, const char *id, struct gate_record *record)
{
	struct walk *w = data;
	char n[16];
	int i;

	w->visits++;
	if (sscanf(id, "walk-%d", &i) == 1 && i >= 0 && i < MANY) {
		snprintf(n, sizeof n, "%d", i);
		w->seen[i] += strcmp(member(record, "n"), n) == 0;
	} else {
		w->others++;
	}
	return w->visits == w->stop_at ? w->answer : 1;
}

static void
test_each(void)
{
	struct walk all = {0}, failed = {.stop_at = 3, .answer = -1};
	struct gate_error error = {0};
	char id[32], n[16];
	bool once = true;

	for (int i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "walk-%d", i);
		snprintf(n, sizeof n, "%d", i);
		put(&f.link, id, n);
	}
	ok(f.link.table->each(f.link.store, NULL, visit, &all, &error) == 1, "each: 1");
	for (int i = 0; i < MANY; i++)
		once = once && all.seen[i] == 1;
	ok(once && all.others == 0, "every record once, with its members, and nothing else");
	ok(f.link.table->each(f.link.store, NULL, visit, &failed, &error) == -1 &&
		failed.visits == 3,
	    "a visit that answers below 0 ends it: -1");
	for (int i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "walk-%d", i);
		take_away(&f.link, id);
	}
}

/* Creates a session's record, made two hours ago with a lifetime of four, last touched at
 * `touched`. user: who is logged in, NULL: nobody. */
static void
put_first(const char *id, int64_t touched, const char *user)
{
	int64_t made = gate_clock_wall() - 2 * HOUR;
	struct gate_record record = blank(made);
	const struct gate_record_login login = {user, "192.0.2.1", NULL, made, 0};
	struct gate_cookie_attributes cookie = {.path = "/"};
	struct gate_record_policy policy = {
	    .cookie = &cookie, .max_age = 4 * HOUR, .login = user != NULL ? &login : NULL};
	struct gate_error error = {0};

	if (gate_record_stamp(&record, &policy, made + 4 * HOUR, made) < 0)
		exit(2);
	record.touched = made;
	record.expires = made + 4 * HOUR;
	record.expires = gate_record_end(&record, &f.options);
	gate_store_create(&f.link, id, &record, &error);
	gate_store_release(&f.link, &record);
	record = blank(touched);
	if (touched != 0 && gate_store_load(&f.link, id, NULL, &record, &error) == 1) {
		record.expires = touched + 4 * HOUR;
		gate_store_touch(&f.link, id, &record, &error);
	}
	gate_store_release(&f.link, &record);
}

static int
look(const char *id)
{
	struct gate_record record = blank(gate_clock_wall());
	struct gate_error error = {0};
	int result = gate_store_load(&f.link, id, &f.options, &record, &error);

	gate_store_release(&f.link, &record);
	return result;
}

/* first_ttl is an hour. */
static void
test_first(void)
{
	int64_t minute = HOUR / 60, soon = gate_clock_wall() - 2 * HOUR + minute;
	int swept;

	put_first("stranger", 0, NULL);
	put_first("guest", soon, NULL);
	put_first("alice", 0, "alice");
	ok(look("stranger") == 0,
	    "a stranger's record that was never touched ends after first_ttl");
	ok(look("guest") == 1, "once it was touched it has its lifetime");
	ok(look("alice") == 1, "so has that of who is logged in");
	swept = f.link.table->sweep != NULL ? sweep_now(&f) : 1;
	ok(swept == 1 && look("guest") == 1 && look("alice") == 1,
	    "a sweep takes the stranger's only");
	take_away(&f.link, "stranger");
	take_away(&f.link, "guest");
	take_away(&f.link, "alice");
}

/* Made by a host whose clock was ahead by a year. */
static void
test_ahead(void)
{
	int64_t now = gate_clock_wall(), year = 365 * 24 * HOUR;
	struct gate_record record;
	struct gate_error error = {0};
	struct gate_cookie_attributes cookie = {.path = "/"};
	struct gate_record_policy policy = {.cookie = &cookie, .max_age = HOUR};

	record = blank(now + year);
	record.expires = record.now + HOUR;
	if (gate_record_stamp(&record, &policy, record.expires, record.now) < 0)
		exit(2);
	ok(gate_store_create(&f.link, "ahead", &record, &error) == 1, "made a year ahead");
	gate_store_release(&f.link, &record);
	ok(get(&f.link, "ahead", &record) == 1 && record.ahead && record.created == record.now &&
		record.touched == record.now && record.expires == record.now + HOUR,
	    "  it began now, and lives its lifetime from now");
	record.expires = record.now + HOUR;
	ok(gate_record_stamp(&record, &policy, record.expires, record.now) == 0 &&
		gate_store_update(&f.link, "ahead", &record, &error) == 1,
	    "  that can be written");
	gate_store_release(&f.link, &record);
	ok(get(&f.link, "ahead", &record) == 1 && !record.ahead && record.created >= now &&
		record.created <= gate_clock_wall(),
	    "  and it is as any other");
	gate_store_release(&f.link, &record);
	take_away(&f.link, "ahead");
	put_at(&f.link, "near", "1", now + 30000, HOUR);
	ok(get(&f.link, "near", &record) == 1 && !record.ahead &&
		record.expires == now + 30000 + HOUR,
	    "half a minute ahead is another host's clock");
	gate_store_release(&f.link, &record);
	take_away(&f.link, "near");
}

static void
fill_for_sweep(void)
{
	int64_t now = gate_clock_wall();
	char id[32];

	for (int i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "dead-%d", i);
		put_at(&f.link, id, "1", now - HOUR - 90000, HOUR);
		snprintf(id, sizeof id, "dying-%d", i);
		put_at(&f.link, id, "1", now - HOUR - 30000, HOUR);
		snprintf(id, sizeof id, "live-%d", i);
		put(&f.link, id, "1");
	}
}

/* How many records there are: expired ones count, but those that the store itself took. */
static int
count_all(void)
{
	struct walk all = {0};
	struct gate_error error = {0};

	f.link.table->each(f.link.store, NULL, visit, &all, &error);
	return all.visits;
}

static void *
sweep_in_thread(void *data)
{
	struct gate_store_link link = {0};
	struct gate_error error = {0};
	atomic_int *swept = data;

	if (connect_store(&link, &f.options, &error) < 0)
		return data;
	*swept = link.table->sweep(link.store, &f.options, &error);
	gate_store_close(&link);
	return NULL;
}

static void
test_sweep(void)
{
	char id[32];
	int live = 0;

	if (f.link.table->sweep == NULL) /* it removes what has expired by itself */
		return;
	fill_for_sweep();
	ok(sweep_now(&f) == MANY, "sweep: as many as expired over a minute ago");
	ok(count_all() == 2 * MANY, "the others are left");
	for (int i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "live-%d", i);
		live += strcmp(stored(&f.link, id), "1") == 0;
		take_away(&f.link, id);
		snprintf(id, sizeof id, "dying-%d", i);
		take_away(&f.link, id);
	}
	ok(live == MANY, "no live one went");
	ok(sweep_now(&f) == 0, "then there is nothing to sweep");
}

static void
test_sweep_interval(void)
{
	struct gate_error error = {0};
	char id[32];

	if (f.link.table->sweep == NULL)
		return;
	fill_for_sweep();
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 0 && count_all() == 3 * MANY,
	    "not again within sweep_interval");
	ok(sweep_now(&f) == MANY, "but behind it");
	for (int i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "live-%d", i);
		take_away(&f.link, id);
		snprintf(id, sizeof id, "dying-%d", i);
		take_away(&f.link, id);
	}
}

/* Of sweepers that start at once each record is counted by one. */
static void
test_sweep_together(void)
{
	pthread_t threads[THREADS];
	atomic_int swept[THREADS];
	int sum = 0, went = 0;
	void *failed;
	bool good = true;

	if (f.link.table->sweep == NULL)
		return;
	fill_for_sweep();
	f.options.sweep_interval = 0;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, sweep_in_thread, &swept[i]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &failed);
		good = good && failed == NULL && swept[i] >= 0;
		sum += swept[i];
		went += swept[i] > 0;
	}
	f.options.sweep_interval = 600000;
	ok(good && sum == MANY && went == 1, "of eight sweepers one sweeps: %d by %d", sum, went);
	for (int i = 0; i < MANY; i++) {
		char id[32];

		snprintf(id, sizeof id, "live-%d", i);
		take_away(&f.link, id);
		snprintf(id, sizeof id, "dying-%d", i);
		take_away(&f.link, id);
	}
	ok(count_all() == 0, "nothing is left of the tests");
}

/* ---- counters ---- */

static struct gate_bump
bump(const char *key, int64_t add, int64_t lifetime)
{
	struct gate_bump b = {-1, -1};
	struct gate_error error = {0};

	if (gate_store_bump(&f.link, key, add, lifetime, &b, &error) != 1)
		b.count = -1;
	return b;
}

static void
test_bump(void)
{
	const char *key = "login:\xc3\xa4/../ \"{}\n";
	int64_t before = gate_clock_wall();
	struct gate_bump b = bump(key, 0, HOUR);
	char longer[2000];

	ok(b.count == 0 && b.last == 0, "bump: there is no counter yet");
	b = bump(key, 1, HOUR);
	ok(b.count == 1 && b.last == 0, "the first bump: 1, never before");
	b = bump(key, 5, HOUR);
	ok(b.count == 6 && b.last >= before && b.last <= gate_clock_wall(), "6, and when it was");
	b = bump(key, 0, HOUR);
	ok(b.count == 6 && bump(key, 0, HOUR).count == 6, "0 only reads");
	ok(bump(key, -2, HOUR).count == 4, "and it may go down");
	ok(bump("another", 1, HOUR).count == 1, "another key is another counter");
	b = bump(key, 0, 0);
	ok(b.count == 0 && bump(key, 0, HOUR).count == 0, "lifetime 0 forgets it");
	ok(bump(key, 1, HOUR).count == 1, "then it starts at 1");
	ok(bump("never", 0, 0).count == 0, "one that never was can be forgotten too");
	ok(bump("never", -1, HOUR).count == 0 && bump("never", 1, HOUR).count == 1,
	    "and taking back from it makes nothing");
	memset(longer, 'k', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	ok(bump(longer, 1, HOUR).count == 1 && bump(longer, 1, HOUR).count == 2, "a long key");
	bump(key, 0, 0);
	bump("another", 0, 0);
	bump("never", 0, 0);
	bump(longer, 0, 0);
	ok(count_all() == 0, "counters are no records");
}

/* A life of a millisecond is over when the clock has moved on by more. */
static void
test_bump_expiry(void)
{
	int64_t now;

	bump("short", 7, 1);
	now = gate_clock_wall();
	while (gate_clock_wall() <= now + 2)
		gate_clock_pause();
	ok(bump("short", 0, HOUR).count == 0, "a counter expires");
	ok(bump("short", 1, HOUR).count == 1 && bump("short", 0, HOUR).last > 0,
	    "and starts again");
	ok(bump("short", 1, 1).count == 2, "each bump sets its life anew");
	now = gate_clock_wall();
	while (gate_clock_wall() <= now + 2)
		gate_clock_pause();
	ok(bump("short", 0, HOUR).count == 0, "also to a shorter one");
	bump("short", 0, 0);
}

/* As if the clock had been ahead by a day when it was counted. */
static void
test_bump_ahead(void)
{
	int64_t now;

	bump("ahead", 3, 24 * HOUR);
	ok(bump("ahead", 0, 1).count == 3, "a counter that lies ahead counts");
	now = gate_clock_wall();
	while (gate_clock_wall() <= now + 2)
		gate_clock_pause();
	ok(bump("ahead", 0, HOUR).count == 0, "  and ends its lifetime from now");
	bump("ahead", 0, 0);
}

/* Which gives back the time before the last bump, and moves the end of the counter's life not. */
static void
test_bump_back(void)
{
	int64_t now;
	struct gate_bump b, up;

	bump("back", 2, HOUR);
	up = bump("back", 0, HOUR);
	now = gate_clock_wall();
	while (gate_clock_wall() <= now + 2)
		gate_clock_pause();
	bump("back", 1, HOUR);
	ok(bump("back", 0, HOUR).last > up.last, "a second bump, later");
	b = bump("back", -1, HOUR);
	ok(b.count == 2, "taking back: 2");
	ok(bump("back", 0, HOUR).last == up.last, "the last time is that of the first one now");
	ok(bump("back", -5, HOUR).count == 0 && bump("back", 0, HOUR).count == 0, "never below 0");
	bump("back", 1, HOUR);
	ok(bump("back", 0, HOUR).last > up.last, "and up again");
	bump("back", 1, 30);
	now = gate_clock_wall();
	bump("back", -1, HOUR);
	while (gate_clock_wall() <= now + 32)
		gate_clock_pause();
	ok(bump("back", 0, HOUR).count == 0, "the end of its life stays where it was");
	ok(bump("back", -1, HOUR).count == 0 && bump("back", 1, HOUR).count == 1,
	    "behind it there is nothing to take back from");
	bump("back", 0, 0);
}

static void *
bump_up_and_back(void *data)
{
	atomic_int *bad = data;

	for (int i = 0; i < 200; i++) {
		struct gate_bump up = bump("together", 1, HOUR);
		struct gate_bump back = bump("together", -1, HOUR);

		*bad += up.count < 2 || up.count > THREADS + 1;
		*bad += back.count < 1 || back.count > THREADS;
	}
	return NULL;
}

/* None is lost, and none taken back that isn't there. */
static void
test_bump_back_together(void)
{
	pthread_t threads[THREADS];
	atomic_int bad = 0;

	bump("together", 1, HOUR);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, bump_up_and_back, &bad) != 0)
			exit(2);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ok(bad == 0 && bump("together", 0, HOUR).count == 1,
	    "eight threads count and take back: what was there before is left");
	bump("together", 0, 0);
}

static void
test_all(void)
{
	test_create();
	test_swap();
	test_touch();
	test_update();
	test_absent();
	test_absolute();
	test_first();
	test_ahead();
	test_ids();
	test_health();
	test_throttled_health();
	test_each();
	test_sweep();
	test_sweep_interval();
	test_sweep_together();
	test_bump();
	test_bump_expiry();
	test_bump_ahead();
	test_bump_back();
	test_bump_back_together();
}

int
main(void)
{
	enter_scratch();
	on_each_store(&f, NULL, test_all);
	leave_scratch();
	return done();
}
