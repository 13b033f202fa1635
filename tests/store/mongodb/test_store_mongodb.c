/* test_store_mongodb.c: the documents of the MongoDB store, as connect-mongo has them, and the
 * commands that it costs. */
#include "config.h"

#include "crypto/digest.h"
#include "records.h"
#include "store/mongodb/private.h"

static struct fixture f;
static mongoc_client_t *client; /* a way of our own, as Node has one */
static mongoc_collection_t *sessions;

/* ---- what the store sends ---- */

static struct {
	int count;
	char text[20][2000];
} sent;

static void
note_command(const mongoc_apm_command_started_t *event)
{
	const char *name = mongoc_apm_command_started_get_command_name(event);
	char *json;

	if (strcmp(name, "endSessions") == 0 || strcmp(name, "listCollections") == 0)
		return; /* once a process */
	json = bson_as_relaxed_extended_json(mongoc_apm_command_started_get_command(event), NULL);
	if (sent.count < 20)
		snprintf(sent.text[sent.count], sizeof sent.text[0], "%s %s", name, json);
	sent.count++;
	bson_free(json);
}

/* Was this sent, as the i-th command? */
static bool
was_sent(int i, const char *name, const char *part)
{
	bool good = i < sent.count && strncmp(sent.text[i], name, strlen(name)) == 0 &&
	    strstr(sent.text[i], part) != NULL;

	if (!good)
		printf("# wanted: %s ... %s\n#   sent: %s\n", name, part,
		    i < sent.count ? sent.text[i] : "nothing");
	return good;
}

static void
watch(void)
{
	mongoc_apm_callbacks_t *callbacks = mongoc_apm_callbacks_new();
	struct gate_store_mongodb *store = f.link.store;

	mongoc_apm_set_command_started_cb(callbacks, note_command);
	mongoc_client_pool_set_apm_callbacks(store->mongodb.pool, callbacks, NULL);
	store->mongodb.patient = mongoc_client_new_from_uri(store->mongodb.patient_uri);
	mongoc_client_set_error_api(store->mongodb.patient, MONGOC_ERROR_API_VERSION_2);
	mongoc_client_set_apm_callbacks(store->mongodb.patient, callbacks, NULL);
	mongoc_apm_callbacks_destroy(callbacks);
}

/* A store on the program's server, with one option more than usual. */
static bool
open_with(const char *option)
{
	if (open_fixture_with(&f, "mongodb:", "no", option) < 0) {
		printf("# %s\n", f.error.text);
		return false;
	}
	watch();
	sent.count = 0;
	return true;
}

/* ---- what is there ---- */

static void
insert(const char *json)
{
	bson_error_t error;
	bson_t *document = bson_new_from_json((const uint8_t *)json, -1, &error);
	bson_t options = BSON_INITIALIZER;

	BSON_APPEND_BOOL(&options, "validate", false);
	if (document == NULL ||
	    !mongoc_collection_insert_one(sessions, document, &options, NULL, &error)) {
		printf("Bail out! %s: %s\n", json, error.message);
		exit(2);
	}
	bson_destroy(&options);
	bson_destroy(document);
}

/* Yours. */
static bson_t *
find(const char *id)
{
	bson_t filter = BSON_INITIALIZER, *copy = NULL;
	const bson_t *document;
	mongoc_cursor_t *cursor;

	BSON_APPEND_UTF8(&filter, "_id", id);
	cursor = mongoc_collection_find_with_opts(sessions, &filter, NULL, NULL);
	if (mongoc_cursor_next(cursor, &document))
		copy = bson_copy(document);
	mongoc_cursor_destroy(cursor);
	bson_destroy(&filter);
	return copy != NULL ? copy : bson_new();
}

/* The document, as extended JSON that keeps the types. */
static bool
holds(const char *id, const char *wanted, const char *name)
{
	bson_t *document = find(id);
	char *json = bson_as_canonical_extended_json(document, NULL);
	bson_t *expected = bson_new_from_json((const uint8_t *)wanted, -1, NULL);
	char *other = bson_as_canonical_extended_json(expected, NULL);
	bool good = is(json, other, name);

	bson_free(json);
	bson_free(other);
	bson_destroy(expected);
	bson_destroy(document);
	return good;
}

static bool
holds_bytes(const char *id, const char *hex, const char *name)
{
	bson_t *document = find(id);
	char *text = malloc(document->len * 2 + 1);
	bool good;

	if (text == NULL)
		exit(2);
	gate_hex(text, bson_get_data(document), document->len);
	good = is(text, hex, name);
	free(text);
	bson_destroy(document);
	return good;
}

static bool
update_is_taken(const char *id, const char *json, bson_error_t *error)
{
	bson_t filter = BSON_INITIALIZER;
	bson_t *update = bson_new_from_json((const uint8_t *)json, -1, NULL);
	bool taken;

	BSON_APPEND_UTF8(&filter, "_id", id);
	taken = mongoc_collection_update_one(sessions, &filter, update, NULL, NULL, error);
	bson_destroy(update);
	bson_destroy(&filter);
	return taken;
}

static void
update_as_node(const char *id, const char *json)
{
	bson_error_t error;

	if (!update_is_taken(id, json, &error)) {
		printf("Bail out! %s: %s\n", json, error.message);
		exit(2);
	}
}

static void
drop(void)
{
	mongoc_collection_drop(sessions, NULL);
}

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

/* ---- BSON types ---- */

#define FAR "{\"$date\":\"2099-01-01T00:00:00Z\"}"
#define COOKIE                                                                                     \
	"\"cookie\":{\"originalMaxAge\":3600000,\"partitioned\":null,\"expires\":" FAR             \
	",\"httpOnly\":true,\"path\":\"/\"}"

static const struct {
	const char *name, *bson, *shown; /* as bson 7.3.4 of npm and JSON.stringify show it */
} types[] = {
    {"oid", "{\"$oid\":\"0123456789abcdef01234567\"}", "\"0123456789abcdef01234567\""},
    {"date", "{\"$date\":{\"$numberLong\":\"1234567890123\"}}", "\"2009-02-13T23:31:30.123Z\""},
    {"leap", "{\"$date\":{\"$numberLong\":\"951782400000\"}}", "\"2000-02-29T00:00:00.000Z\""},
    {"before", "{\"$date\":{\"$numberLong\":\"-1\"}}", "\"1969-12-31T23:59:59.999Z\""},
    {"binary", "{\"$binary\":{\"base64\":\"aGVsbG8=\",\"subType\":\"00\"}}", "\"aGVsbG8=\""},
    {"empty", "{\"$binary\":{\"base64\":\"\",\"subType\":\"00\"}}", "\"\""},
    {"two", "{\"$binary\":{\"base64\":\"eHk=\",\"subType\":\"80\"}}", "\"eHk=\""},
    {"one", "{\"$binary\":{\"base64\":\"eA==\",\"subType\":\"80\"}}", "\"eA==\""},
    {"uuid", "{\"$binary\":{\"base64\":\"ABEiM0RVZneImaq7zN3u/w==\",\"subType\":\"04\"}}",
	"\"00112233-4455-6677-8899-aabbccddeeff\""},
    {"decimal", "{\"$numberDecimal\":\"1.50\"}", "{\"$numberDecimal\":\"1.50\"}"},
    {"long", "{\"$numberLong\":\"9007199254740993\"}",
	"{\"high\":2097152,\"low\":1,\"unsigned\":false}"},
    {"negative", "{\"$numberLong\":\"-9007199254740993\"}",
	"{\"high\":-2097153,\"low\":-1,\"unsigned\":false}"},
    {"limit", "{\"$numberLong\":\"9007199254740992\"}", "9007199254740992"},
    {"small", "{\"$numberLong\":\"5\"}", "5"},
    {"timestamp", "{\"$timestamp\":{\"t\":5,\"i\":7}}", "{\"$timestamp\":\"21474836487\"}"},
    {"regex", "{\"$regularExpression\":{\"pattern\":\"a.b\",\"options\":\"gi\"}}", "{}"},
    {"code", "{\"$code\":\"function(){}\"}", "{\"code\":\"function(){}\"}"},
    {"scope", "{\"$code\":\"f\",\"$scope\":{\"a\":1}}", "{\"code\":\"f\",\"scope\":{\"a\":1}}"},
    {"least", "{\"$minKey\":1}", "{}"},
    {"most", "{\"$maxKey\":1}", "{}"},
    {"symbol", "{\"$symbol\":\"sy\"}", "\"sy\""},
    {"nan", "{\"$numberDouble\":\"NaN\"}", "null"},
    {"infinite", "{\"$numberDouble\":\"-Infinity\"}", "null"},
    {"zero", "{\"$numberDouble\":\"-0.0\"}", "0"},
    {"real", "{\"$numberDouble\":\"0.1\"}", "0.1"},
    {"whole", "{\"$numberDouble\":\"3.0\"}", "3"},
    {"big", "{\"$numberDouble\":\"1e21\"}", "1e+21"},
    {"int", "7", "7"},
    {"yes", "true", "true"},
    {"null", "null", "null"},
    {"text", "\"a\\u2028\\u0001\\\"/\"", "\"a\xe2\x80\xa8\\u0001\\\"/\""},
    {"list", "[1,null,[2,{\"a\":null}]]", "[1,null,[2,{\"a\":null}]]"},
    /* not every server takes these, the last ones an old driver's */
    {"early", "{\"$date\":{\"$numberLong\":\"-62198755200000\"}}",
	"\"-000001-01-01T00:00:00.000Z\""},
    {"late", "{\"$date\":{\"$numberLong\":\"253402300800000\"}}",
	"\"+010000-01-01T00:00:00.000Z\""},
    {"last", "{\"$date\":{\"$numberLong\":\"8640000000000000\"}}",
	"\"+275760-09-13T00:00:00.000Z\""},
    {"none", "{\"$date\":{\"$numberLong\":\"8640000000000001\"}}", "null"},
    {"first", "{\"$date\":{\"$numberLong\":\"-9223372036854775808\"}}", "null"},
    {"end", "{\"$date\":{\"$numberLong\":\"9223372036854775807\"}}", "null"},
    {"void", "[{\"$undefined\":true}]", "[null]"},
    {"voids", "{\"a\":{\"$undefined\":true},\"b\":1}", "{\"b\":1}"},
};

#define TYPES (sizeof types / sizeof *types)
#define STORED_TYPES (TYPES - 8)

/* Without a server. */
static void
test_each_type(void)
{
	for (size_t i = 0; i < TYPES; i++) {
		struct gate_buffer shown = {0};
		char json[200], wanted[200], name[32];
		bson_t *document;
		bson_iter_t at;

		snprintf(json, sizeof json, "{\"d\":{\"x\":%s}}", types[i].bson);
		snprintf(wanted, sizeof wanted, "{\"x\":%s}", types[i].shown);
		snprintf(name, sizeof name, "BSON: %s", types[i].name);
		document = bson_new_from_json((const uint8_t *)json, -1, NULL);
		if (document == NULL || !bson_iter_init_find(&at, document, "d"))
			exit(2);
		gate_store_mongodb_show(&shown, &at);
		is(gate_buffer_text(&shown), wanted, name);
		gate_buffer_release(&shown);
		bson_destroy(document);
	}
}

/* What no JSON is. */
static void
test_unshowable(void)
{
	struct gate_buffer shown = {0};
	bson_t document = BSON_INITIALIZER, *deeper, *inner = bson_new();
	bson_iter_t at;

	BSON_APPEND_UTF8(inner, "bad", "\xff");
	BSON_APPEND_DOCUMENT(&document, "text", inner);
	for (int i = 0; i < 300; i++) {
		deeper = bson_new();
		BSON_APPEND_DOCUMENT(deeper, "d", inner);
		bson_destroy(inner);
		inner = deeper;
	}
	BSON_APPEND_DOCUMENT(&document, "deep", inner);
	bson_destroy(inner);
	ok(bson_iter_init_find(&at, &document, "text") && gate_store_mongodb_show(&shown, &at) == 0,
	    "text that is not UTF-8: unreadable");
	ok(bson_iter_init_find(&at, &document, "deep") && gate_store_mongodb_show(&shown, &at) == 0,
	    "301 levels: unreadable");
	gate_buffer_release(&shown);
	bson_destroy(&document);
}

/* The bytes of session.all, as hex; yours. */
static char *
bytes_of_all(const char *id)
{
	bson_t *document = find(id);
	bson_iter_t start, all;
	const uint8_t *bytes = NULL;
	uint32_t length = 0;
	char *hex;

	if (bson_iter_init(&start, document) &&
	    bson_iter_find_descendant(&start, "session.all", &all) &&
	    BSON_ITER_HOLDS_DOCUMENT(&all))
		bson_iter_document(&all, &length, &bytes);
	hex = calloc(1, length * 2 + 1);
	if (hex == NULL)
		exit(2);
	if (length > 0)
		gate_hex(hex, bytes, length);
	bson_destroy(document);
	return hex;
}

static void
put_types(const char *id)
{
	struct gate_buffer json = {0};

	gate_buffer_printf(&json, "{\"_id\":\"%s\",\"session\":{" COOKIE ",\"all\":{", id);
	for (size_t i = 0; i < STORED_TYPES; i++)
		gate_buffer_printf(
		    &json, "%s\"%s\":%s", i == 0 ? "" : ",", types[i].name, types[i].bson);
	gate_buffer_puts(
	    &json, "},\"n\":1},\"expires\":" FAR ",\"theirs\":{\"$numberLong\":\"1\"}}");
	insert(json.data);
	gate_buffer_release(&json);
}

/* What is shown of session.all; add: one more member at its end. */
static void
show_types(struct gate_buffer *shown, const char *add)
{
	for (size_t i = 0; i < STORED_TYPES; i++)
		gate_buffer_printf(
		    shown, "%c\"%s\":%s", i == 0 ? '{' : ',', types[i].name, types[i].shown);
	gate_buffer_printf(shown, "%s}", add);
}

static bool
shows(const char *id, const char *name, const char *wanted, const char *what)
{
	struct gate_record record;
	const struct gate_member *m;
	char *text;
	bool good;

	if (get(&f.link, id, &record) != 1)
		return ok(false, "%s", what);
	m = gate_record_get(&record, name);
	text = m != NULL ? strndup(m->text, m->length) : NULL;
	good = is(text, wanted, what);
	free(text);
	gate_store_release(&f.link, &record);
	return good;
}

static void
test_types(void)
{
	struct gate_buffer shown = {0};
	char *before, *after;

	ok(open_with(NULL), "a session of every BSON type");
	put_types("types");
	show_types(&shown, "");
	shows("types", "all", shown.data, "is shown as JSON.stringify shows it");
	before = bytes_of_all("types");
	ok(set(&f.link, "types", "2") == 1, "another member changes");
	after = bytes_of_all("types");
	is(after, before, "  and not a byte of these");
	free(before);
	free(after);
	gate_buffer_release(&shown);
	close_fixture(&f);
	drop();
}

/* Loads, sets a member to a JSON text (NULL: removes it), writes. As the store answers. */
static int
set_member(const char *id, const char *name, const char *text)
{
	struct gate_record record;
	struct gate_error error = {0};
	int result = get(&f.link, id, &record);

	if (result != 1)
		return result;
	if (text != NULL) {
		gate_record_set(&record, name, text);
	} else {
		json_t *session = gate_record_session(&record);

		json_object_del(session, name);
		gate_record_merge(&record, session, &error);
		json_decref(session);
	}
	record.now = gate_clock_wall();
	stamp(&record, HOUR);
	result = gate_store_update(&f.link, id, &record, &error);
	if (result == -1)
		printf("# %s\n", error.text);
	gate_store_release(&f.link, &record);
	return result;
}

static void
test_change_inside(void)
{
	struct gate_buffer shown = {0};
	char *before, *after;

	ok(open_with(NULL), "one value is added inside of them");
	put_types("types");
	show_types(&shown, ",\"added\":[1,{\"b\":2.5}]");
	before = bytes_of_all("types");
	ok(set_member("types", "all", shown.data) == 1, "update");
	shows("types", "all", shown.data, "  it is there");
	after = bytes_of_all("types");
	/* but for the length in front and the zero at the end */
	ok(strlen(after) > strlen(before) &&
		strncmp(before + 8, after + 8, strlen(before) - 10) == 0,
	    "  and what was there kept its types and bytes");
	free(before);
	free(after);
	gate_buffer_release(&shown);
	close_fixture(&f);
	drop();
}

/* ---- the document form, member by member ---- */

#define PLAIN(id, members)                                                                         \
	"{\"_id\":\"" id "\",\"session\":{" COOKIE members "},\"expires\":" FAR                    \
	",\"theirs\":1,\"createdAt\":" FAR "}"

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

/* Types of an array's elements, as extended JSON. */
static const char *
elements(const char *id)
{
	static char text[400];
	bson_t *document = find(id), list = BSON_INITIALIZER;
	bson_iter_t start, at;
	size_t length;
	char *json;

	if (bson_iter_init(&start, document) &&
	    bson_iter_find_descendant(&start, "session.list", &at))
		bson_append_iter(&list, "", 0, &at);
	json = bson_as_relaxed_extended_json(&list, &length); /* { "" : [...] } */
	snprintf(text, sizeof text, "%.*s", length > 9 ? (int)length - 9 : 0, json + 7);
	if (strcmp(text, "[  ]") == 0) /* what there is between is the library's own matter */
		snprintf(text, sizeof text, "[ ]");
	bson_free(json);
	bson_destroy(&list);
	bson_destroy(document);
	return text;
}

#define ID_OF(c) "{ \"$oid\" : \"" c "00000000000000000000000\" }"
#define SHOWN(c) "\"" c "00000000000000000000000\""

/* One that goes or comes moves no other one's type. */
static void
test_lists(void)
{
	static const struct {
		const char *text, *wanted;
	} steps[] = {
	    {"[" SHOWN("b") "," SHOWN("c") "]", "[ " ID_OF("b") ", " ID_OF("c") " ]"},
	    {"[0," SHOWN("b") "," SHOWN("c") "]", "[ 0, " ID_OF("b") ", " ID_OF("c") " ]"},
	    {"[0," SHOWN("b") ",1," SHOWN("c") "]", "[ 0, " ID_OF("b") ", 1, " ID_OF("c") " ]"},
	    {"[0," SHOWN("b") ",2," SHOWN("c") ",3]",
		"[ 0, " ID_OF("b") ", 2, " ID_OF("c") ", 3 ]"},
	    {"[]", "[ ]"},
	};

	ok(open_with(NULL), "a list of ids");
	insert("{\"_id\":\"l\",\"session\":{" COOKIE
	       ",\"list\":[" ID_OF("a") "," ID_OF("b") "," ID_OF("c") "]},\"expires\":" FAR "}");
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		ok(set_member("l", "list", steps[i].text) == 1, "another list: %s", steps[i].text);
		is(elements("l"), steps[i].wanted, "  the ids in it are ids");
	}
	close_fixture(&f);
	drop();
}

/* What could be written, but not read again. */
static void
test_large(void)
{
	struct gate_record record;
	char *text = malloc(700001);

	if (text == NULL)
		exit(2);
	memset(text, 'x', 700000);
	text[0] = text[699999] = '"';
	text[700000] = '\0';
	ok(open_with("payload=document"), "a large session");
	ok(put(&f.link, "large", "1") == 1 && set_member("large", "a", text) == 1, "700 KB more");
	ok(set_member("large", "b", text) == -1, "and once more: refused");
	ok(get(&f.link, "large", &record) == 1 && strcmp(member(&record, "n"), "1") == 0,
	    "it is what it was");
	gate_store_release(&f.link, &record);
	free(text);
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

/* ---- the index ---- */

static void
command(const char *json)
{
	bson_t *request = bson_new_from_json((const uint8_t *)json, -1, NULL);
	bson_error_t error;

	if (!mongoc_collection_command_simple(sessions, request, NULL, NULL, &error)) {
		printf("Bail out! %s: %s\n", json, error.message);
		exit(2);
	}
	bson_destroy(request);
}

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
	char url[MONGODB_URI_MAX];

	if (mongodb_url(url, "") == 0)
		skip_all("there is no MongoDB server: tests/mongodb-server --install makes one");
	mongoc_init();
	client = mongoc_client_new(url);
	if (client == NULL)
		exit(2);
	mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2);
	sessions = mongoc_client_get_collection(
	    client, mongoc_uri_get_database(mongoc_client_get_uri(client)), "sessions");
	enter_scratch();
	test_new_string();
	test_new_document();
	test_each_type();
	test_unshowable();
	test_types();
	test_lists();
	test_large();
	test_change_inside();
	test_changes();
	test_cookie();
	test_odd_names();
	test_node_between();
	test_commands();
	test_touch_after();
	test_unreadable();
	test_renew();
	test_unreadable_counters();
	test_index();
	test_turns();
	test_last_modified();
	test_sweep_ahead();
	test_collation();
	test_batches();
	leave_scratch();
	mongoc_collection_destroy(sessions);
	mongoc_client_destroy(client);
	return done();
}
