/* test_store_mongodb_sweep.c: the index that ends sessions, sweeps where there is none, and
 * counters. */
#include "config.h"

#include "crypto/digest.h"
#include "store/mongodb/documents.h"

/* ---- counters ---- */

/* A counter that is not as gate writes it is not absent, and no sum overflows. */
static void
test_unreadable_counters(void)
{
	static const char *const odd[] = {"\"count\":\"3\",\"times\":[],\"expires\":" FAR,
	    "\"count\":{\"$numberLong\":\"9223372036854775807\"},\"times\":[],\"expires\":" FAR,
	    "\"count\":{\"$numberLong\":\"-9223372036854775808\"},\"times\":[],\"expires\":" FAR,
	    "\"count\":-1,\"times\":[],\"expires\":" FAR, "\"times\":[],\"expires\":" FAR,
	    "\"count\":{\"$numberDouble\":\"NaN\"},\"times\":[],\"expires\":" FAR,
	    "\"count\":1e300,\"times\":[],\"expires\":" FAR,
	    "\"count\":3,\"times\":[\"yesterday\"],\"expires\":" FAR,
	    "\"count\":3,\"times\":5,\"expires\":" FAR, "\"count\":3,\"expires\":" FAR,
	    "\"count\":3,\"times\":[],\"expires\":\"never\"", "\"count\":3,\"times\":[]"};
	char name[GATE_SHA256_HEX + 1], json[400];
	struct gate_bump bump;
	struct gate_error error = {0};

	ok(open_with(NULL), "counters that can't be read");
	gate_store_bump(&f.link, "key", 0, 0, &bump, &error);
	gate_sha256_hex(name, "key", 3);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		bool good = true;

		snprintf(json, sizeof json,
		    "{\"insert\":\"sessions_counters\",\"documents\":[{\"_id\":\"%s\",%s}]}", name,
		    odd[i]);
		command(json);
		for (int64_t add = 1; add >= -1; add--)
			good &= gate_store_bump(&f.link, "key", add, HOUR, &bump, &error) == 1 &&
			    bump.count == INT64_MAX && bump.last == 0;
		ok(good, "%s: full", odd[i]);
		ok(gate_store_bump(&f.link, "key", 0, 0, &bump, &error) == 1 &&
			gate_store_bump(&f.link, "key", 1, HOUR, &bump, &error) == 1 &&
			bump.count == 1,
		    "  until it is forgotten");
		gate_store_bump(&f.link, "key", 0, 0, &bump, &error);
	}
	is(error.text, "", "no call failed");
	close_fixture(&f);
	drop();
}

/* ---- the index ---- */

static bool
was_made(void)
{
	for (int i = 0; i < sent.count; i++)
		if (strncmp(sent.text[i], "createIndexes", 13) == 0)
			return true;
	return false;
}

static void
test_index(void)
{
	struct gate_error error = {0};
	int64_t now = gate_clock_wall();
	struct gate_record record;

	ok(open_with("auto_remove=native"), "auto_remove = native");
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 0, "the first sweep");
	ok(was_sent(2, "createIndexes",
	       "\"indexes\" : [ { \"background\" : true, \"expireAfterSeconds\" : 0, \"name\" : "
	       "\"expires_1\", \"key\" : { \"expires\" : 1 } } ]"),
	    "  makes the index of connect-mongo");
	sent.count = 0;
	f.link.table->sweep(f.link.store, &f.options, &error);
	ok(sent.count == 2, "  once: the next one asks for the time, and whose turn it is");
	close_fixture(&f);
	open_with("auto_remove=native");
	f.link.table->sweep(f.link.store, &f.options, &error);
	ok(sent.count == 2 && !was_made(), "  nor does another program make what is there");
	close_fixture(&f);
	command("{\"dropIndexes\":\"sessions\",\"index\":\"user_1\"}");
	open_with("auto_remove=native");
	f.link.table->sweep(f.link.store, &f.options, &error);
	ok(sent.count == 3 && was_sent(0, "createIndexes", "user_1"), "  but what is not");
	close_fixture(&f);
	drop();

	command("{\"createIndexes\":\"sessions\",\"indexes\":[{\"name\":\"expires_1\",\"key\":"
		"{\"expires\":1},\"expireAfterSeconds\":3600}]}");
	open_with("auto_remove=native");
	put_at(&f.link, "dead", "1", now - HOUR - 90000, HOUR);
	f.options.sweep_interval = 0;
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 1 && error.code == GATE_OK,
	    "where another one is in its place gate sweeps");
	close_fixture(&f);
	drop();

	open_with("auto_remove=native");
	f.options.sweep_interval = 0;
	f.link.table->sweep(f.link.store, &f.options, &error);
	command("{\"dropIndexes\":\"sessions\",\"index\":\"expires_1\"}");
	put_at(&f.link, "dead", "1", now - 2 * HOUR, HOUR);
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 1,
	    "and where the server does not remove");
	ok(get(&f.link, "dead", &record) == 0, "  it is gone");
	close_fixture(&f);
	open_with("auto_remove=disabled");
	f.options.sweep_interval = 0;
	put_at(&f.link, "dead", "1", now - 2 * HOUR, HOUR);
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 0 &&
		put(&f.link, "dead", "1") == 0,
	    "auto_remove = disabled: nobody does");
	close_fixture(&f);
	drop();
}

/* As if a host whose clock is wrong had begun a sweep. */
static void
say_busy_until(int64_t when)
{
	char json[300];

	snprintf(json, sizeof json,
	    "{\"update\":\"sessions_counters\",\"updates\":[{\"q\":{\"_id\":\"sweep\"},"
	    "\"u\":{\"$set\":{\"busy\":{\"$date\":{\"$numberLong\":\"%lld\"}}}}}]}",
	    (long long)when);
	command(json);
}

static void
test_turns(void)
{
	struct gate_error error = {0};
	int64_t now = gate_clock_wall();

	open_with("auto_remove=interval");
	f.link.table->sweep(f.link.store, &f.options, &error);
	put_at(&f.link, "dead", "1", now - 2 * HOUR, HOUR);
	f.options.sweep_interval = -HOUR; /* it was long ago */
	say_busy_until(now + 300000);
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 0,
	    "another sweeper is at it: this one is not");
	say_busy_until(now + 365 * 24 * HOUR);
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 1,
	    "a sweeper that says it will be for a year is not believed");
	put_at(&f.link, "dead", "1", now - 2 * HOUR, HOUR);
	say_busy_until(now + 300000);
	f.options.sweep_interval = 0;
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 1,
	    "without an interval it sweeps beside another one");
	close_fixture(&f);
	drop();
}

static int64_t
date_in(const char *id, const char *path)
{
	bson_t *document = find(id);
	bson_iter_t start, at;
	int64_t date = 0;

	if (bson_iter_init(&start, document) && bson_iter_find_descendant(&start, path, &at) &&
	    BSON_ITER_HOLDS_DATE_TIME(&at))
		date = bson_iter_date_time(&at);
	bson_destroy(document);
	return date;
}

/* What a clock that was ahead by a year made, and nobody comes back to. */
static void
test_sweep_ahead(void)
{
	int64_t now = gate_clock_wall(), year = 365 * 24 * HOUR;
	struct gate_error error = {0};

	open_with("auto_remove=interval");
	put_at(&f.link, "ahead", "1", now + year, HOUR);
	put(&f.link, "right", "1");
	f.options.sweep_interval = 0;
	ok(date_in("ahead", "expires") > now + year &&
		f.link.table->sweep(f.link.store, &f.options, &error) == 0 &&
		date_in("ahead", "expires") <= gate_clock_wall() + f.options.absolute_timeout &&
		date_in("right", "expires") <= now + HOUR + 60000,
	    "a sweep ends what a clock that was ahead made: no later than what begins now");
	close_fixture(&f);
	drop();
}

/* As if this host's clock and the server's had been set 15 days ahead since the first sweep. */
static void
test_sweep_after_set(void)
{
	struct gate_error error = {0}, none = {0};
	struct gate_store_mongodb *store;
	int64_t now = gate_clock_wall(), there = 0;

	open_with("auto_remove=interval");
	store = f.link.store;
	f.options.sweep_interval = 0;
	ok(f.link.table->sweep(store, &f.options, &none) == 0, "a sweep hears the server's time");
	put_at(&f.link, "dead", "1", now - 2 * HOUR, HOUR);
	store->watch.offset -= 15 * 24 * HOUR;
	ok(f.link.table->sweep(store, &f.options, &error) == -1 &&
		strstr(error.text, "the server's clock is ") != NULL,
	    "both clocks were set ahead: nothing is swept");
	printf("# %s\n", error.text);
	ok(f.link.table->time(store, &there, &none) == 1 && there < now - 14 * 24 * HOUR,
	    "  the time before goes on");
	store->watch.since -= HOUR;
	ok(f.link.table->sweep(store, &f.options, &none) == 1 &&
		f.link.table->time(store, &there, &none) == 1 && there > now - HOUR,
	    "  they have stood so for an hour: they are believed");
	close_fixture(&f);
	drop();
}

static void
test_batches(void)
{
	struct gate_error error = {0};
	bson_t **documents = malloc(1200 * sizeof(bson_t *));
	char id[32];

	if (documents == NULL)
		exit(2);
	ok(open_with(NULL), "more has expired than one command removes");
	for (int i = 0; i < 1200; i++) {
		snprintf(id, sizeof id, "dead-%d", i);
		documents[i] = BCON_NEW("_id", BCON_UTF8(id), "expires", BCON_DATE_TIME(i));
	}
	mongoc_collection_insert_many(
	    sessions, (const bson_t **)(uintptr_t)documents, 1200, NULL, NULL, NULL);
	f.options.sweep_interval = 0;
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 1200, "all of it goes");
	for (int i = 0; i < 1200; i++)
		bson_destroy(documents[i]);
	free(documents);
	close_fixture(&f);
	drop();
}

int
main(void)
{
	documents_open();
	test_unreadable_counters();
	test_index();
	test_turns();
	test_sweep_ahead();
	test_sweep_after_set();
	test_batches();
	documents_close();
	return done();
}
