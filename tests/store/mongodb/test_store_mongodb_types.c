/* test_store_mongodb_types.c: sessions with members of every BSON type: what a handler sees of
 * them, and that a change of another member leaves them as they are. */
#include "config.h"

#include "store/mongodb/documents.h"

/* ---- BSON types ---- */

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

int
main(void)
{
	documents_open();
	test_each_type();
	test_unshowable();
	test_types();
	test_change_inside();
	test_lists();
	test_large();
	documents_close();
	return done();
}
