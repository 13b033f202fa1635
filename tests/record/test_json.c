/* test_json.c: the scanner takes what JSON.parse takes, the printer prints as stringify does.
 * Tests record/json.c, record/json_print.c and base/number.c. */
#include "config.h"

#include <math.h>

#include "record/json.h"
#include "base/number.h"
#include "tap.h"

#define DEEP 100000

/* ---- the scanner ---- */

struct seen {
	struct gate_buffer text; /* every member as name=value; */
	size_t count, fail_at;
};

static int
see(void *data, const struct gate_json_span *span)
{
	struct seen *seen = data;

	gate_buffer_add(&seen->text, span->name, span->name_length);
	gate_buffer_putc(&seen->text, '=');
	gate_buffer_add(&seen->text, span->value, span->value_length);
	gate_buffer_putc(&seen->text, ';');
	return ++seen->count == seen->fail_at ? -1 : 0;
}

/* The scan of an exact copy, so that the sanitizer sees a step beyond the end. */
static int
scan_bytes(const char *text, size_t length, struct seen *seen)
{
	char *copy = malloc(length + (length == 0));
	int result;

	if (copy == NULL)
		exit(1);
	memcpy(copy, text, length);
	result = gate_json_members(copy, length, see, seen);
	free(copy);
	return result;
}

static int
scan(const char *text, size_t length)
{
	struct seen seen = {0};
	int result = scan_bytes(text, length, &seen);

	gate_buffer_release(&seen.text);
	return result;
}

static void
members_are(const char *text, const char *wanted, const char *name)
{
	struct seen seen = {0};

	ok(scan_bytes(text, strlen(text), &seen) == 1, "%s: an object", name);
	is(gate_buffer_text(&seen.text), wanted, name);
	gate_buffer_release(&seen.text);
}

static void
test_good_values(void)
{
	static const char *const good[] = {"null", "true", "false", "0", "-0", "7", "10", "-12",
	    "0.5", "0.0", "-0.25", "1.50", "1e5", "1E5", "1e+5", "1e-5", "0e0", "0E-07", "12.5e007",
	    "1e400", "-1e-400", "123456789012345678901234567890", "9007199254740993", "0.10",
	    "0.1000000000000000055511151231257827", "\"\"", "\"a\"", "\"\\\"\"", "\"\\\\\"",
	    "\"\\/\"", "\"\\b\\f\\n\\r\\t\"", "\"\\u0041\"", "\"\\u00e9\"", "\"\\uABCD\"",
	    "\"\\uabcd\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\\udc00\"",
	    "\"\\ude00\\ud83d\"", "\"\\ud800\\ud800\"", "\"\\ud800x\"", "\"\x7f\"", "\"\xc3\xab\"",
	    "\"\xe2\x80\xa8\"", "\"\xf0\x9f\x98\x80\"", "\"\xff\"", "\"\x80\"", "\"\xc3\"",
	    "\"\xed\xa0\x80\"", "\"\xc0\xaf\"", "\"/\"", "\"'\"", "\"{}[],:\"", "[]", "[ ]",
	    "[\t\n\r ]", "[1]", "[1,2]", "[ 1 , 2 ]", "[[]]", "[[],[]]", "[{}]", "{}", "{ }",
	    "{\"a\":1}", "{ \"a\" : 1 }", "{\"\":1}", "{\"a\":1,\"a\":2}",
	    "{\"a\":{\"b\":[{\"c\":null}]}}", "{\"\\u0061\":1}", "{\"\\ud800\":1}",
	    "[null,true,false,\"\",0,{},[]]", "[1,\n2,\r3,\t4]"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct seen seen = {0};
		char text[200], wanted[200];

		snprintf(text, sizeof text, " {\"a\" : %s } ", good[i]);
		snprintf(wanted, sizeof wanted, "\"a\"=%s;", good[i]);
		ok(scan_bytes(text, strlen(text), &seen) == 1 &&
			strcmp(gate_buffer_text(&seen.text), wanted) == 0,
		    "good value %zu is taken, and as it stands", i);
		gate_buffer_release(&seen.text);
	}
}

static void
test_bad_values(void)
{
	static const char *const bad[] = {"", " ", "nul", "nulll", "Null", "NULL", "tru", "True",
	    "undefined", "NaN", "Infinity", "-Infinity", "nan", "+1", "-", "--1", "01", "-01", "00",
	    "00.5", ".5", "-.5", "5.", "1.e5", "1e", "1e+", "1e-", "1E", "1e5.5", "1e+-5", "0x10",
	    "1_0", "1n", "1 2", "1,", "1f", "\"", "\"a", "a\"", "'a'", "`a`", "\"\\\"", "\"\\a\"",
	    "\"\\'\"", "\"\\x41\"", "\"\\u\"", "\"\\u1\"", "\"\\u12\"", "\"\\u123\"", "\"\\u123g\"",
	    "\"\\U0041\"", "\"\\u{41}\"", "\"\\u 041\"", "\"\\0\"", "\"\\v\"", "\"\\\n\"", "\"\n\"",
	    "\"\r\"", "\"\t\"", "\"\x01\"", "\"\x1f\"", "\"a\" \"b\"", "[", "]", "[1", "[1,",
	    "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1:2]", "[}", "[1}", "{", "{\"a\"",
	    "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{,\"a\":1}", "{\"a\"}",
	    "{\"a\",1}", "{\"a\":1,,\"b\":2}", "{\"a\":1 \"b\":2}", "{a:1}", "{'a':1}", "{1:1}",
	    "{null:1}", "{\"a\":}", "{:1}", "{\"a\"::1}", "{]", "[{]}", "[1]]", "{}}", "/**/1",
	    "1/**/", "1//", "#1",
	    "\xc2\xa0"
	    "1",
	    "\xef\xbb\xbf"
	    "1",
	    "1\v", "\f1", "1\xe2\x80\xa8", "(1)", "1;"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char text[100];

		snprintf(text, sizeof text, "{\"a\":%s}", bad[i]);
		ok(scan(text, strlen(text)) == 0, "bad value %zu is refused", i);
		snprintf(text, sizeof text, "{\"a\":[%s]}", bad[i]);
		ok(scan(text, strlen(text)) == (i < 2), "bad value %zu is refused in a list", i);
	}
}

static void
test_documents(void)
{
	static const char *const good[] = {"{}", " {}", "{} ", "\t\n\r {}\t\n\r ", "{\"a\":1}\n",
	    "{\n\t\"a\" : 1 ,\r\n \"b\":2\n}", "{\"\":\"\"}", "{\"a\":1}                         "};
	static const char *const bad[] = {"", " ", "[]", "[{}]", "1", "\"a\"", "null", "true", "{",
	    "}", "{}{}", "{},", "{} x", "{}1", "x{}", "\xef\xbb\xbf{}", "\xfe\xff{}",
	    "{}\xef\xbb\xbf", "{\"a\"}", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1", "{\"a\":1}}",
	    "{{}}", "{[]}", "{\"a\":1]", "{\"a\"=1}", "{\"a\" 1}", "{a:1}", "{'a':1}", "{\"a:1}",
	    "{\"\n\":1}", "{\"\\x\":1}", "{\"a\":1;\"b\":2}", "{\"a\":1,\"b\"}", "//\n{}", "{/**/}",
	    "{}\v", "{}\f", "{}\xc2\xa0"};
	static const char nul_inside[] = "{\"a\":\"\0\"}", nul_behind[] = "{}\0",
			  nul_name[] = "{\"\0\":1}", nul_blank[] = "{\0}";

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ok(scan(good[i], strlen(good[i])) == 1, "good document %zu", i);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(scan(bad[i], strlen(bad[i])) == 0, "bad document %zu", i);
	ok(scan(nul_inside, sizeof nul_inside - 1) == 0, "a raw NUL in a string is refused");
	ok(scan(nul_name, sizeof nul_name - 1) == 0, "a raw NUL in a name is refused");
	ok(scan(nul_behind, sizeof nul_behind - 1) == 0, "a NUL behind the object is refused");
	ok(scan(nul_blank, sizeof nul_blank - 1) == 0, "a NUL is no blank");
}

static void
test_cut(void)
{
	static const char text[] =
	    "{\"a\":[1,-2.5e+10,\"x\\u00e9\\n\"],\"b\":{\"c\":null,\"d\":[true,"
	    "false,{}]},\"e\":\"\\\"\"}";
	size_t wrong = 0;

	for (size_t length = 0; length < sizeof text - 1; length++)
		wrong += scan(text, length) != 0;
	ok(wrong == 0, "no cut of an object is an object");
	ok(scan(text, sizeof text - 1) == 1, "the whole is");
}

/* {"a": and depth times open, an inner text, depth times close, and } */
static char *
nest(const char *open, const char *close, size_t depth)
{
	struct gate_buffer b = {0};

	gate_buffer_puts(&b, "{\"a\":");
	for (size_t i = 0; i < depth; i++)
		gate_buffer_puts(&b, open);
	gate_buffer_puts(&b, "1");
	for (size_t i = 0; i < depth; i++)
		gate_buffer_puts(&b, close);
	gate_buffer_puts(&b, "}");
	return b.data;
}

static void
test_depth(void)
{
	char *lists = nest("[", "]", DEEP), *objects = nest("{\"b\":", "}", DEEP),
	     *mixed = nest("[{\"b\":[0,", "]}]", DEEP);

	ok(scan(lists, strlen(lists)) == 1, "%d lists in lists", DEEP);
	ok(scan(objects, strlen(objects)) == 1, "%d objects in objects", DEEP);
	ok(scan(mixed, strlen(mixed)) == 1, "three times %d, mixed", DEEP);
	ok(scan(lists, strlen(lists) - 2) == 0, "one bracket too few");
	lists[5 + DEEP + 1 + DEEP / 2] = '}';
	ok(scan(lists, strlen(lists)) == 0, "one bracket of the other kind");
	ok(scan(objects, 5 + 5 * DEEP) == 0, "opened only");
	free(lists);
	free(objects);
	free(mixed);
}

static void
test_members(void)
{
	struct seen seen = {.fail_at = 2};
	static const char three[] = "{\"a\":1,\"b\":2,\"c\":3}";

	members_are("{}", "", "no members");
	members_are("{\"a\":1}", "\"a\"=1;", "one member");
	members_are(" {\n\"a\"\t:\r1 , \"b\" : [ 1, 2 ] } ", "\"a\"=1;\"b\"=[ 1, 2 ];",
	    "blanks around a value are not its own, those inside are");
	members_are("{\"a\":1,\"b\":2,\"a\":3}", "\"a\"=1;\"b\"=2;\"a\"=3;", "duplicates all come");
	members_are(
	    "{\"a\":{\"b\":1},\"b\":{}}", "\"a\"={\"b\":1};\"b\"={};", "only the outermost");
	members_are("{\"\\u0061\\\"\":0.10}", "\"\\u0061\\\"\"=0.10;", "names come as written");
	members_are("{\"\":\"\"}", "\"\"=\"\";", "an empty name");
	ok(scan_bytes(three, strlen(three), &seen) == -1 && seen.count == 2,
	    "a visit that fails stops the walk");
	gate_buffer_release(&seen.text);
}

/* ---- replacing ---- */

static void
replaced(const char *object, const char *const *pairs, const char *wanted, const char *name)
{
	struct gate_buffer out = {0};

	ok(gate_json_replace(&out, object, strlen(object), pairs) == 1, "%s: done", name);
	is(gate_buffer_text(&out), wanted, name);
	gate_buffer_release(&out);
}

static void
test_replace(void)
{
	static const char *const none[] = {NULL}, *const b[] = {"b", "9", NULL},
				 *const two[] = {"a", "\"x\"", "d", "[]", NULL},
				 *const quoted[] = {"q\"\n", "1", NULL};
	static const char *const broken[] = {"", "[]", "1", "{", "{\"a\":1,}", "{\"a\":01}", "{}x"};
	struct gate_buffer small = {.limit = 4};

	replaced("{}", none, "{}", "nothing in nothing");
	replaced("{ \"a\" : 0.10 , \"b\":[ 1 ] }", none, "{\"a\":0.10,\"b\":[ 1 ]}",
	    "values stay byte for byte");
	replaced("{\"a\":1,\"b\":2,\"c\":3}", b, "{\"a\":1,\"b\":9,\"c\":3}", "in its place");
	replaced("{\"b\":2}", b, "{\"b\":9}", "the only one");
	replaced("{\"a\":1}", b, "{\"a\":1,\"b\":9}", "added at the end");
	replaced("{}", b, "{\"b\":9}", "added to nothing");
	replaced(
	    "{\"c\":1,\"a\":1}", two, "{\"c\":1,\"a\":\"x\",\"d\":[]}", "one replaced, one added");
	replaced("{}", two, "{\"a\":\"x\",\"d\":[]}", "two added, in order");
	replaced("{\"b\":1,\"a\":2,\"b\":3}", b, "{\"b\":9,\"a\":2}", "of duplicates one is left");
	replaced("{\"a\":1,\"a\":2}", b, "{\"a\":1,\"a\":2,\"b\":9}", "duplicates of others stay");
	replaced("{\"a\":{\"b\":1},\"bb\":2,\"B\":3}", b,
	    "{\"a\":{\"b\":1},\"bb\":2,\"B\":3,\"b\":9}", "only the outermost, only that name");
	replaced("{\"\\u0062\":1,\"a\":2}", b, "{\"\\u0062\":9,\"a\":2}",
	    "an escaped name is that name");
	replaced("{\"b\":1,\"\\u0062\":2}", b, "{\"b\":9}", "and a duplicate, which would win");
	replaced(
	    "{\"\\ud800\":1}", b, "{\"\\ud800\":1,\"b\":9}", "a lone surrogate is another name");
	replaced("{\"b\\u0000\":1}", b, "{\"b\\u0000\":1,\"b\":9}", "so is one with a NUL");
	replaced("{}", quoted, "{\"q\\\"\\n\":1}", "an added name is escaped");
	replaced("{\"q\\\"\\n\":0}", quoted, "{\"q\\\"\\n\":1}", "and found escaped");
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct gate_buffer out = {0};

		ok(gate_json_replace(&out, broken[i], strlen(broken[i]), b) == 0, "no object %zu",
		    i);
		gate_buffer_release(&out);
	}
	ok(gate_json_replace(&small, "{\"a\":1}", 7, b) == -1, "a full buffer is a failure");
	gate_buffer_release(&small);
}

/* ---- the printer ---- */

struct real {
	double value;
	const char *text; /* as node prints it */
};

static const struct real reals[] = {{0.0, "0"}, {-0.0, "0"}, {1, "1"}, {-1, "-1"}, {10, "10"},
    {100, "100"}, {0.1, "0.1"}, {-0.1, "-0.1"}, {0.2, "0.2"}, {0.1 + 0.2, "0.30000000000000004"},
    {0.5, "0.5"}, {1.5, "1.5"}, {123.456, "123.456"}, {1.0 / 3, "0.3333333333333333"},
    {2.0 / 3, "0.6666666666666666"}, {4.35, "4.35"}, {1.005, "1.005"}, {1e2, "100"},
    {1e20, "100000000000000000000"}, {1e21, "1e+21"}, {1.5e21, "1.5e+21"}, {-1e21, "-1e+21"},
    {1.2e21, "1.2e+21"}, {1e22, "1e+22"}, {1e23, "1e+23"}, {1e100, "1e+100"},
    {123456789012345680000.0, "123456789012345680000"},
    {999999999999999900000.0, "999999999999999900000"},
    {12345678901234567000.0, "12345678901234567000"}, {9007199254740991.0, "9007199254740991"},
    {9007199254740992.0, "9007199254740992"}, {9007199254740994.0, "9007199254740994"},
    {4294967296.5, "4294967296.5"}, {0.01, "0.01"}, {0.001, "0.001"}, {0.0001, "0.0001"},
    {0.00001, "0.00001"}, {0.000001, "0.000001"}, {1e-6, "0.000001"}, {0.0000015, "0.0000015"},
    {1.2345678901234567e-6, "0.0000012345678901234567"}, {1e-7, "1e-7"}, {1.5e-7, "1.5e-7"},
    {-1e-7, "-1e-7"}, {9.99e-7, "9.99e-7"}, {1e-10, "1e-10"}, {1e-100, "1e-100"},
    {5e-324, "5e-324"}, {-5e-324, "-5e-324"}, {1e-323, "1e-323"}, {1.5e-323, "1.5e-323"},
    {1e-320, "1e-320"}, {1.234e-310, "1.234e-310"},
    {2.225073858507201e-308, "2.225073858507201e-308"},
    {2.2250738585072014e-308, "2.2250738585072014e-308"},
    {1.7976931348623157e308, "1.7976931348623157e+308"},
    {-1.7976931348623157e308, "-1.7976931348623157e+308"}, {0x1p-44, "5.684341886080802e-14"},
    {0x1p-1074, "5e-324"}, {0x1p-1022, "2.2250738585072014e-308"}, {0x1p63, "9223372036854776000"},
    {0x1p64, "18446744073709552000"}, {0x1p69, "590295810358705700000"},
    {0x1p70, "1.1805916207174113e+21"}, {0x1p-24, "5.960464477539063e-8"},
    {0x1p89, "6.189700196426902e+26"}, {3.141592653589793, "3.141592653589793"},
    {2.718281828459045, "2.718281828459045"}, {5.0, "5"}, {1e15, "1000000000000000"},
    {1234567.125, "1234567.125"}, {86399999.0, "86399999"}, {1000.5, "1000.5"}};

static void
test_reals(void)
{
	const double odd[] = {NAN, INFINITY, -INFINITY};

	for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
		struct gate_buffer out = {0};

		gate_json_print_real(&out, reals[i].value);
		is(gate_buffer_text(&out), reals[i].text, reals[i].text);
		gate_buffer_release(&out);
	}
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct gate_buffer out = {0};

		gate_json_print_real(&out, odd[i]);
		is(gate_buffer_text(&out), "null", "what is not finite is null");
		gate_buffer_release(&out);
	}
}

/* The least digits that read back, for doubles of all sizes (a fixed walk, no luck). */
static void
test_reals_read_back(void)
{
	uint64_t bits = 88172645463325252u;
	size_t wrong = 0;

	for (int i = 0; i < 20000; i++) {
		struct gate_buffer out = {0};
		double value;

		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&value, &bits, sizeof value);
		if (!isfinite(value))
			continue;
		gate_json_print_real(&out, value);
		wrong += strtod(gate_buffer_text(&out), NULL) != value;
		gate_buffer_release(&out);
	}
	ok(wrong == 0, "what is printed reads back as the same number");
}

static void
printed(json_t *json, const char *wanted, const char *wanted_why, const char *name)
{
	struct gate_buffer out = {0};
	const char *why = "not set";

	ok(gate_json_print(&out, json, &why) == 0, "%s: no failure", name);
	if (wanted != NULL)
		is(gate_buffer_text(&out), wanted, name);
	is(why, wanted_why, name);
	gate_buffer_release(&out);
	json_decref(json);
}

static void
printed_again(const char *text, const char *wanted)
{
	printed(gate_json_load(text, strlen(text)), wanted, NULL, wanted);
}

static void
test_values(void)
{
	printed_again("null", "null");
	printed_again(" true ", "true");
	printed_again("false", "false");
	printed_again("-0", "0");
	printed_again("-0.0", "0");
	printed_again("1.0", "1");
	printed_again("0.10", "0.1");
	printed_again("1e3", "1000");
	printed_again("[]", "[]");
	printed_again("{}", "{}");
	printed_again("[ 1, [ ], { } ]", "[1,[],{}]");
	printed_again("{ \"b\": 1, \"a\": [ true, null ] }", "{\"b\":1,\"a\":[true,null]}");
	printed_again("{\"b\":1,\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}");
	printed_again("{\"\":{\"\\\"\":\"\\\\\"}}", "{\"\":{\"\\\"\":\"\\\\\"}}");
	printed_again("\"\\u0000\\u001f\\u007f\"", "\"\\u0000\\u001f\x7f\"");
	printed_again("\"\\b\\f\\n\\r\\t\\/\\\"\\\\\"", "\"\\b\\f\\n\\r\\t/\\\"\\\\\"");
	printed_again("\"\\u000B\\u0008\"", "\"\\u000b\\b\"");
	printed_again(
	    "\"\\u00eb\\u2028\\ud83d\\ude00\"", "\"\xc3\xab\xe2\x80\xa8\xf0\x9f\x98\x80\"");
	printed_again("\"<&>'\"", "\"<&>'\"");
}

static void
test_strings(void)
{
	static const char short_ones[] = "btn\0fr";
	size_t wrong = 0;

	for (int c = 0; c < 0x20; c++) {
		char raw = (char)c, wanted[16];
		struct gate_buffer out = {0};

		if (c >= 8 && c <= 13 && c != 11)
			snprintf(wanted, sizeof wanted, "\"\\%c\"", short_ones[c - 8]);
		else
			snprintf(wanted, sizeof wanted, "\"\\u%04x\"", c);
		gate_json_print_string(&out, &raw, 1);
		wrong += strcmp(gate_buffer_text(&out), wanted) != 0;
		gate_buffer_release(&out);
	}
	ok(wrong == 0, "every control character is escaped as JSON.stringify does it");
	for (int c = 0x20; c < 0x80; c++) {
		char raw = (char)c, wanted[16];
		struct gate_buffer out = {0};

		snprintf(wanted, sizeof wanted, c == '"' || c == '\\' ? "\"\\%c\"" : "\"%c\"", c);
		gate_json_print_string(&out, &raw, 1);
		wrong += strcmp(gate_buffer_text(&out), wanted) != 0;
		gate_buffer_release(&out);
	}
	ok(wrong == 0, "of the others only the quote and the backslash");
}

static json_t *
lists(int depth)
{
	json_t *json = json_array();

	for (int i = 1; i < depth; i++) {
		json_t *outer = json_array();

		json_array_append_new(outer, json);
		json = outer;
	}
	return json;
}

static void
test_limits(void)
{
	static const char deep[] = "is nested deeper than 32 levels",
			  big[] = "holds an integer beyond 2^53, which JavaScript would change",
			  bytes[] = "holds text that is not UTF-8";
	json_t *keyed = json_object(), *text = json_stringn_nocheck("a\xff", 2);
	struct gate_buffer small = {.limit = 5};
	const char *why;

	printed(lists(GATE_JSON_DEPTH_MAX), NULL, NULL, "32 levels");
	printed(lists(GATE_JSON_DEPTH_MAX + 1), NULL, deep, "33 levels");
	printed(lists(3000), NULL, deep, "3000 levels");
	printed(json_pack("{s:[o]}", "a", lists(GATE_JSON_DEPTH_MAX - 1)), NULL, deep,
	    "33 levels, an object first");
	printed(json_integer(INT64_C(9007199254740991)), "9007199254740991", NULL, "2^53 - 1");
	printed(json_integer(INT64_C(9007199254740992)), "9007199254740992", NULL, "2^53");
	printed(json_integer(INT64_C(9007199254740993)), NULL, big, "2^53 + 1");
	printed(json_integer(INT64_C(-9007199254740992)), "-9007199254740992", NULL, "-2^53");
	printed(json_integer(INT64_C(-9007199254740993)), NULL, big, "-2^53 - 1");
	printed(json_integer(INT64_C(9007199254740994)), "9007199254740994", NULL, "2^53 + 2");
	printed(json_integer(INT64_C(9007199254740995)), NULL, big, "2^53 + 3");
	printed(json_integer(INT64_C(1) << 62), "4611686018427387904", NULL, "2^62");
	printed(json_integer((INT64_C(1) << 62) + 1), NULL, big, "2^62 + 1");
	printed(json_integer(INT64_C(4611686018427388000)), "4611686018427388000", NULL,
	    "2^62 as JavaScript writes it");
	printed(json_integer(INT64_C(4611686018427388001)), NULL, big, "  and another one");
	printed(json_integer(INT64_MAX), NULL, big, "the greatest integer");
	printed(json_integer(INT64_MIN), "-9223372036854775808", NULL, "the least integer");
	printed(json_integer(INT64_MIN + 1), NULL, big, "the one above it");
	printed_again("9223372036854776000", "9223372036854776000");
	printed_again("[-18446744073709552000,1]", "[-18446744073709552000,1]");
	printed_again("{\"1234567890123456789012\":999999999999999900000,\"b\\\"\":\"-"
		      "99999999999999999999\"}",
	    "{\"1234567890123456789012\":999999999999999900000,\"b\\\"\":\"-"
	    "99999999999999999999\"}");
	printed_again("[9223372036854775807e0,1,-0.5,100000000000000000000]",
	    "[9223372036854776000,1,-0.5,100000000000000000000]");
	printed_again("[0.12345678901234567890,1.5e-7,20000000000000000000]",
	    "[0.12345678901234568,1.5e-7,20000000000000000000]");
	printed_again("1000000000000000000000000", "1e+24");
	printed(
	    json_pack("{s:[I]}", "a", (json_int_t)INT64_MAX), NULL, big, "a big one far inside");
	printed(json_real(1e300), "1e+300", NULL, "a big real is no integer");
	printed(text, "\"a\xff\"", bytes, "bytes that are not UTF-8");
	json_object_set_new_nocheck(keyed, "\xc3", json_true());
	printed(keyed, NULL, bytes, "a name that is not UTF-8");
	keyed = json_pack("[s]", "longer");
	ok(gate_json_print(&small, keyed, &why) == -1, "a full buffer is a failure");
	json_decref(keyed);
	gate_buffer_release(&small);
}

/* ---- what jansson can hold ---- */

static void
test_load(void)
{
	static const char *const held[] = {"1", "\"a\"", "\"\\u0000\"", "[]", "9223372036854775807",
	    "-9223372036854775808", "9223372036854775808", "-9223372036854775809", "0.1",
	    "\"\\ud83d\\ude00\"", "null"};
	static const char *const not_held[] = {"\"\\ud800\"", "\"\\udc00\"",
	    "[9223372036854775808,1e400]", "1e400", "{\"\\u0000\":1}", "\"\xff\"", "", "1 2",
	    "[1,]", "01"};

	for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
		json_t *json = gate_json_load(held[i], strlen(held[i]));

		ok(json != NULL, "%s is held", held[i]);
		json_decref(json);
	}
	for (size_t i = 0; i < sizeof not_held / sizeof *not_held; i++)
		ok(gate_json_load(not_held[i], strlen(not_held[i])) == NULL,
		    "value %zu is not held", i);
}

int
main(void)
{
	test_good_values();
	test_bad_values();
	test_documents();
	test_cut();
	test_depth();
	test_members();
	test_replace();
	test_reals();
	test_reals_read_back();
	test_values();
	test_strings();
	test_limits();
	test_load();
	return done();
}
