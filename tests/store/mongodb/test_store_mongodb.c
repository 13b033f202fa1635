/* test_store_mongodb.c: the MongoDB store's documents, as connect-mongo has them, and the commands
 * that each call sends. */
#include "config.h"

#include "store/mongodb/documents.h"

/* ---- new records, byte for byte ---- */

#define NEW_YEAR INT64_C(1767225600000) /* 2026-01-01 */

/* {cookie: {originalMaxAge: 60000, expires: the new year, …}, n: 1}, at 23:59. */
static int
create_sample(void)
{
	struct gate_record record = blank(NEW_YEAR - 60000);
	struct gate_error error = {0};
	int result;

	gate_record_set(&record, "n", "1");
	stamp(&record, 60000);
	result = gate_store_create(&f.link, "abc", &record, &error);
	gate_store_release(&f.link, &record);
	return result;
}

static void
test_new_string(void)
{
	ok(open_with("touch_after=0"), "payload = string, touch_after = 0");
	ok(create_sample() == 1, "create");
	holds_bytes("abc",
	    "9a000000025f69640004000000616263000273657373696f6e006a0000007b22636f6f6b6965223a7b226f"
	    "72"
	    "6967696e616c4d6178416765223a36303030302c2265787069726573223a22323032362d30312d30315430"
	    "30"
	    "3a30303a30302e3030305a222c22687474704f6e6c79223a747275652c2270617468223a222f227d2c226e"
	    "22"
	    "3a317d0009657870697265730000a8da769b01000000",
	    "  the document is connect-mongo's, byte for byte");
	ok(sent.count == 1 && was_sent(0, "insert", "\"sessions\""), "  one insert");
	close_fixture(&f);
	drop();
}

static void
test_new_document(void)
{
	ok(open_with("payload=document"), "payload = document, touch_after = 60s");
	ok(create_sample() == 1, "create");
	holds_bytes("abc",
	    "c8000000025f69640004000000616263000373657373696f6e008600000003636f6f6b696500720000001"
	    "06f726967696e616c4d61784167650060ea00000a706172746974696f6e6564000a7072696f7269747900"
	    "09657870697265730000a8da769b0100000a7365637572650008687474704f6e6c7900010a646f6d61696e"
	    "00027061746800020000002f000a73616d65536974650000106e0001000000000965787069726573000"
	    "0a8da769b010000096c6173744d6f64696669656400a0bdd9769b01000000",
	    "  the document is connect-mongo's, byte for byte");
	close_fixture(&f);
	drop();
}

/* ---- the document form, member by member ---- */

static void
test_changes(void)
{
	ok(open_with(NULL), "a document with three members");
	insert(PLAIN("doc", ",\"a\":1,\"b\":{\"$date\":\"2020-01-01T00:00:00Z\"},\"c\":\"x\""));
	ok(set_member("doc", "a", "2") == 1, "one changes");
	ok(was_sent(2, "update", "\"session.a\" : 2, \"expires\" : {") &&
		strstr(sent.text[2], "\"$set\" : { \"session.cookie\" : {") != NULL &&
		strstr(sent.text[2], "session.b\"") == NULL &&
		strstr(sent.text[2], "session.c\"") == NULL &&
		strstr(sent.text[2], "upsert") == NULL && strstr(sent.text[2], "$unset") == NULL,
	    "  $set of that and the cookie, no upsert");
	ok(was_sent(2, "update", "{ \"_id\" : \"doc\", \"session\" : { \"$eq\" : { \"cookie\""),
	    "  if the whole payload still is what was read");
	sent.count = 0;
	ok(set_member("doc", "c", NULL) == 1 &&
		was_sent(1, "update", "\"$unset\" : { \"session.c\" : \"\" }"),
	    "one goes: $unset");
	sent.count = 0;
	ok(set_member("doc", "d", "[null,true,-1,0.5,3000000000]") == 1 &&
		was_sent(1, "update", "\"session.d\" : [ null, true, -1, 0.5, 3000000000.0 ]"),
	    "one comes, with numbers as Node's driver writes them");
	shows("doc", "b", "\"2020-01-01T00:00:00.000Z\"", "the others are left");
	update_as_node(
	    "doc", "{\"$unset\":{\"expires\":1,\"lastModified\":1,\"session.cookie\":1}}");
	holds("doc",
	    "{\"_id\":\"doc\",\"session\":{\"a\":2,\"b\":{\"$date\":\"2020-01-01T00:00:00Z\"},"
	    "\"d\":[null,true,-1,0.5,{\"$numberDouble\":\"3e9\"}]},\"theirs\":1,\"createdAt\":" FAR
	    "}",
	    "  and so are Node's fields");
	close_fixture(&f);
	drop();
}

static void
test_cookie(void)
{
	bson_t *document;
	bson_iter_t start, at;

	ok(open_with(NULL), "the cookie of a document");
	insert(PLAIN("doc", ",\"n\":1"));
	shows("doc", "cookie",
	    "{\"originalMaxAge\":3600000,\"partitioned\":null,\"expires\":\"2099-01-01T00:00:00."
	    "000Z\",\"httpOnly\":true,\"path\":\"/\"}",
	    "its end shows as text");
	ok(set(&f.link, "doc", "2") == 1, "and after a write");
	document = find("doc");
	ok(bson_iter_init(&start, document) &&
		bson_iter_find_descendant(&start, "session.cookie.expires", &at) &&
		BSON_ITER_HOLDS_DATE_TIME(&at) &&
		bson_iter_date_time(&at) < gate_clock_wall() + HOUR + 60000,
	    "  is a Date, an hour from now");
	ok(bson_iter_init(&start, document) &&
		bson_iter_find_descendant(&start, "session.cookie.partitioned", &at) &&
		BSON_ITER_HOLDS_NULL(&at),
	    "  the others are what they were");
	bson_destroy(document);
	close_fixture(&f);
	drop();
}

/* Names that a path in a $set can't say. */
static void
test_odd_names(void)
{
	static const char *const odd[] = {"a.b", "$where", "", ".", "$"};

	ok(open_with(NULL), "odd names");
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		insert(PLAIN("odd", ",\"old\":{\"$numberLong\":\"1\"},\"n\":1"));
		ok(set_member("odd", odd[i], "\"new\"") == 1, "\"%s\" comes", odd[i]);
		ok(was_sent(2, "update", "\"$set\" : { \"session\" : { \"cookie\""),
		    "  the whole document is written");
		shows("odd", odd[i], "\"new\"", "  it is there");
		ok(set_member("odd", odd[i], "7") == 1, "it changes");
		shows("odd", odd[i], "7", "  so it is");
		ok(set_member("odd", odd[i], NULL) == 1, "it goes");
		shows("odd", odd[i], NULL, "  so it is");
		update_as_node(
		    "odd", "{\"$unset\":{\"expires\":1,\"lastModified\":1,\"session.cookie\":1}}");
		holds("odd",
		    "{\"_id\":\"odd\",\"session\":{\"old\":{\"$numberLong\":\"1\"},\"n\":1},"
		    "\"theirs\":1,\"createdAt\":" FAR "}",
		    "  the others are as before, type and place");
		drop();
		sent.count = 0;
	}
	close_fixture(&f);
}

/* ---- compare and swap, beside Node ---- */

static void
test_node_between(void)
{
	static const char *const writes[] = {"{\"$set\":{\"session.n\":5}}",
	    "{\"$set\":{\"session.more\":1}}", "{\"$unset\":{\"session.n\":1}}",
	    "{\"$set\":{\"session\":{\"n\":1," COOKIE "}}}"};
	struct gate_error error = {0};
	struct gate_record record;

	ok(open_with(NULL), "Node writes between load and update");
	for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
		insert(PLAIN("doc", ",\"n\":1"));
		get(&f.link, "doc", &record);
		update_as_node("doc", writes[i]);
		ok(change(&f.link, "doc", &record, "2", &error) == GATE_CONFLICT, "%s: conflict",
		    writes[i]);
		gate_store_release(&f.link, &record);
		drop();
	}
	insert(PLAIN("doc", ",\"n\":1"));
	get(&f.link, "doc", &record);
	update_as_node("doc", "{\"$set\":{\"expires\":" FAR ",\"lastModified\":" FAR "}}");
	ok(change(&f.link, "doc", &record, "2", &error) == 1, "a touch of Node's is none");
	gate_store_release(&f.link, &record);
	close_fixture(&f);
	drop();
}

/* ---- what a call costs ---- */

static void
test_commands(void)
{
	struct gate_record record;
	struct gate_bump bump;
	struct gate_error error = {0};

	ok(open_with(NULL), "what a call sends");
	put(&f.link, "one", "1");
	ok(sent.count == 1 && was_sent(0, "insert", ""), "create: an insert");
	get(&f.link, "one", &record);
	ok(sent.count == 2 && was_sent(1, "find", "\"limit\" : 1"), "load: a find");
	record.now = gate_clock_wall();
	stamp(&record, 2 * HOUR);
	gate_store_touch(&f.link, "one", &record, &error);
	ok(sent.count == 3 &&
		was_sent(2, "update", "\"u\" : { \"$set\" : { \"expires\" : { \"$date\"") &&
		strstr(sent.text[2], "\"lastModified\"") != NULL,
	    "touch: an update of two times");
	change(&f.link, "one", &record, "2", &error);
	ok(sent.count == 4 && was_sent(3, "update", "\"$eq\" : \"{"), "update: an update");
	gate_store_release(&f.link, &record);
	gate_store_remove(&f.link, "one", NULL, &error);
	ok(sent.count == 5 && was_sent(4, "delete", ""), "remove: a delete");
	gate_store_bump(&f.link, "key", 1, HOUR, &bump, &error);
	ok(sent.count == 7 && was_sent(6, "findAndModify", "\"upsert\" : true"),
	    "the first bump: two of findAndModify");
	gate_store_bump(&f.link, "key", 1, HOUR, &bump, &error);
	ok(sent.count == 8 && was_sent(7, "findAndModify", "\"$inc\""), "the next: one");
	close_fixture(&f);
	drop();
}

static void
test_touch_after(void)
{
	struct gate_record record;
	struct gate_error error = {0};

	insert(PLAIN("doc", ",\"n\":1"));
	ok(open_with("touch_after=0") && get(&f.link, "doc", &record) == 1 && record.touched == 0,
	    "a record without lastModified");
	stamp(&record, HOUR);
	ok(gate_store_touch(&f.link, "doc", &record, &error) == 1, "touch, with touch_after = 0");
	gate_store_release(&f.link, &record);
	get(&f.link, "doc", &record);
	ok(record.touched == 0, "  leaves it without");
	gate_store_release(&f.link, &record);
	close_fixture(&f);
	open_with("touch_after=24h");
	get(&f.link, "doc", &record);
	stamp(&record, HOUR);
	ok(gate_store_touch(&f.link, "doc", &record, &error) == 1, "with 24h");
	gate_store_release(&f.link, &record);
	get(&f.link, "doc", &record);
	ok(record.touched > gate_clock_wall() - 60000, "  it has one");
	gate_store_release(&f.link, &record);
	close_fixture(&f);
	drop();
}

/* ---- what is none of ours ---- */

static void
test_unreadable(void)
{
	static const char *const odd[] = {"\"session\":\"MIIB3gSBhGZ0\",", "\"session\":\"{}\",",
	    "\"session\":{\"n\":1},", "\"session\":5,", "", "\"session\":null,",
	    "\"session\":\"{\\\"cookie\\\":{}\","};
	struct gate_record record;
	char json[300];

	ok(open_with(NULL), "what is no session");
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		snprintf(json, sizeof json, "{\"_id\":\"odd\",%s\"expires\":" FAR "}", odd[i]);
		insert(json);
		ok(get(&f.link, "odd", &record) == GATE_UNREADABLE && put(&f.link, "odd", "1") == 0,
		    "%s: can't be read, and its id is taken", odd[i]);
		holds("odd", json, "  and it is left alone");
		drop();
	}
	snprintf(json, sizeof json, "%s", "{\"_id\":\"odd\",\"session\":{" COOKIE "}}");
	insert(json);
	ok(get(&f.link, "odd", &record) == 1 && record.expires == INT64_MAX,
	    "one without expires never does");
	gate_store_release(&f.link, &record);
	drop();
	insert("{\"_id\":\"odd\",\"session\":{" COOKIE "},\"expires\":null}");
	ok(get(&f.link, "odd", &record) == 0, "one whose expires is no date is over, as for Node");
	close_fixture(&f);
	drop();
}

/* A renewal keeps the form, and the types. */
static void
test_renew(void)
{
	struct gate_record record;
	struct gate_error error = {0};
	bson_t *document;
	bson_iter_t start, at;

	ok(open_with("payload=string"), "payload = string");
	insert(PLAIN("old", ",\"when\":" FAR ",\"n\":1"));
	get(&f.link, "old", &record);
	stamp(&record, HOUR);
	ok(gate_store_create(&f.link, "new", &record, &error) == 1, "a document is renewed");
	gate_store_release(&f.link, &record);
	document = find("new");
	ok(bson_iter_init(&start, document) &&
		bson_iter_find_descendant(&start, "session.when", &at) &&
		BSON_ITER_HOLDS_DATE_TIME(&at),
	    "  and is one again, its Date a Date");
	bson_destroy(document);
	close_fixture(&f);
	drop();
}

/* Of another program, whose clock is another one, or which means something else by it. */
static void
test_last_modified(void)
{
	static const char *const times[] = {
	    "{\"$date\":{\"$numberLong\":\"-9223372036854775808\"}}",
	    "{\"$date\":{\"$numberLong\":\"9223372036854775807\"}}",
	    "{\"$date\":{\"$numberLong\":\"32503680000000\"}}", "\"yesterday\"", "5", "null"};
	struct gate_record record;
	bson_error_t error;
	char update[200];

	open_with(NULL);
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		insert(PLAIN("doc", ",\"n\":1"));
		snprintf(update, sizeof update, "{\"$set\":{\"lastModified\":%s}}", times[i]);
		/* the server in Python knows the years from 1 to 9999 */
		if (!update_is_taken("doc", update, &error)) {
			ok(strstr(error.message, "out of range") != NULL,
			    "lastModified %s: this server takes no such date", times[i]);
			drop();
			continue;
		}
		ok(get(&f.link, "doc", &record) == 1 && record.ahead &&
			record.touched == (i == 1 || i == 2 ? record.now : 0) &&
			record.expires == record.now + HOUR,
		    "lastModified %s: as if there were none, or from now on", times[i]);
		gate_store_release(&f.link, &record);
		drop();
	}
	close_fixture(&f);
}

/* To which A and a are the same. */
static void
test_collation(void)
{
	struct gate_error error = {0};
	struct gate_record record;

	command("{\"create\":\"sessions\",\"collation\":{\"locale\":\"en\",\"strength\":2}}");
	ok(open_with(NULL), "a collection with a collation of its own");
	insert(PLAIN("doc", ",\"name\":\"anna\""));
	get(&f.link, "doc", &record);
	update_as_node("doc", "{\"$set\":{\"session.name\":\"ANNA\"}}");
	ok(change(&f.link, "doc", &record, "2", &error) == GATE_CONFLICT,
	    "a write of Node's in capitals is a write");
	ok(gate_store_remove(&f.link, "doc", &record, &error) == GATE_CONFLICT,
	    "  for what would be removed, too");
	gate_store_release(&f.link, &record);
	get(&f.link, "doc", &record);
	ok(change(&f.link, "doc", &record, "2", &error) == 1, "what was read can be changed");
	gate_store_release(&f.link, &record);
	close_fixture(&f);
	drop();
}

int
main(void)
{
	documents_open();
	test_new_string();
	test_new_document();
	test_changes();
	test_cookie();
	test_odd_names();
	test_node_between();
	test_commands();
	test_touch_after();
	test_unreadable();
	test_renew();
	test_last_modified();
	test_collation();
	documents_close();
	return done();
}
