/* test_record.c: unchanged members stay byte for byte, changed ones are written as by Node. */
#include "config.h"

#include "record/json.h"
#include "record/members.h"
#include "tap.h"

#define COOKIE "{\"originalMaxAge\":null,\"expires\":null,\"httpOnly\":true,\"path\":\"/\"}"
#define RECORD(members) "{\"cookie\":" COOKIE members "}"
#define MANY 5000
#define COMPARISONS_MAX 200 /* of a member's name, in all that is done with a record */

static const int64_t end = 1795253259339; /* 2026-11-21T09:27:39.339Z */

static int
parse(struct gate_record *record, const char *text)
{
	char *copy = strdup(text); /* so that the record is seen not to need it */
	int result;

	*record = (struct gate_record){0};
	result = gate_record_parse(record, copy, strlen(copy));
	memset(copy, '#', strlen(copy));
	free(copy);
	return result;
}

static bool
text_is(const struct gate_record *record, const char *wanted, const char *name)
{
	size_t length = 0;
	char *text = gate_record_text(record, &length);
	bool good = is(text, wanted, name) && length == strlen(wanted);

	free(text);
	return good;
}

/* Sets the members of the JSON object `set`, then removes the one called `gone`. */
static json_t *
edit(struct gate_record *record, const char *set, const char *gone)
{
	json_t *session = gate_record_session(record), *members = NULL;

	if (set != NULL) {
		members = gate_json_load(set, strlen(set));
		if (members == NULL)
			printf("# bad JSON in the test: %s\n", set);
		json_object_update(session, members);
	}
	json_decref(members);
	if (gone != NULL)
		json_object_del(session, gone);
	return session;
}

struct change {
	const char *name, *record, *set, *gone;
	int result;
	const char *wanted; /* NULL: the record as it was */
};

static void
try_change(const struct change *c)
{
	struct gate_record record;
	struct gate_error error = {0};
	json_t *session;

	ok(parse(&record, c->record) == 1, "%s: parsed", c->name);
	session = edit(&record, c->set, c->gone);
	ok(gate_record_differs(&record, session) == c->result, "%s: differs %d", c->name,
	    c->result);
	text_is(&record, c->record, "asking changes nothing");
	ok(gate_record_merge(&record, session, &error) == c->result, "%s: merge %d", c->name,
	    c->result);
	text_is(&record, c->wanted != NULL ? c->wanted : c->record, c->name);
	ok(gate_record_differs(&record, session) == 0, "%s: then they agree", c->name);
	ok(gate_record_merge(&record, session, &error) == 0, "%s: merged once is enough", c->name);
	json_decref(session);
	gate_record_release(&record);
}

static void
try_changes(const struct change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		try_change(&changes[i]);
}

/* ---- reading ---- */

static void
test_parse(void)
{
	static const char *const malformed[] = {"", " ", "{}", "[]", "null", "{\"a\":1}",
	    "{\"cookie\":1}", "{\"cookie\":null}", "{\"cookie\":[]}", "{\"cookie\":\"{}\"}",
	    "{\"cookie\":{}", "{\"cookie\":{},}", "{\"cookie\":{}}}", "{\"cookie\":{\"a\"}}",
	    "{\"Cookie\":{}}", "{\"a\":{\"cookie\":{}}}", "{\"cookie\":{},\"a\":01}",
	    "\xef\xbb\xbf{\"cookie\":{}}", "{\"cookie\":{},\"cookie\":1}",
	    "{\"cookie\":{},\"a\":\"\n\"}"};
	static const char *const fine[] = {"{\"cookie\":{}}", " { \"cookie\" : { } } \n",
	    "{\"a\":1,\"cookie\":{}}", "{\"cookie\":1,\"cookie\":{}}", "{\"\\u0063ookie\":{}}",
	    RECORD(""), "{\"cookie\":{},\"a\":\"\xff\"}", "{\"cookie\":{},\"a\":\"\\ud800\"}"};
	struct gate_record record;

	for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
		ok(parse(&record, malformed[i]) == 0, "malformed record %zu", i);
		gate_record_release(&record);
	}
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
		ok(parse(&record, fine[i]) == 1, "well-formed record %zu", i);
		gate_record_release(&record);
	}
	record = (struct gate_record){.now = 1, .ttl = 2, .deadline = 3};
	gate_record_release(&record);
	ok(record.now == 1 && record.ttl == 2 && record.deadline == 3, "clear keeps the caller's");
}

static void
numbers_are(const char *text, int64_t max_age, int64_t created)
{
	struct gate_record record;

	ok(parse(&record, text) == 1 && gate_record_max_age(&record) == max_age &&
		record.created == created,
	    "%s", text);
	gate_record_release(&record);
}

static void
test_numbers(void)
{
	numbers_are("{\"cookie\":{}}", 0, 0);
	numbers_are("{\"cookie\":{\"originalMaxAge\":60000}}", 60000, 0);
	numbers_are("{\"cookie\":{\"originalMaxAge\":86399999}}", 86399999, 0);
	numbers_are("{\"cookie\":{\"originalMaxAge\":1000.5}}", 1000, 0);
	numbers_are("{\"cookie\":{\"originalMaxAge\":6e4}}", 60000, 0);
	numbers_are("{\"cookie\":{\"originalMaxAge\":1,\"originalMaxAge\":2}}", 2, 0);
	numbers_are("{\"cookie\":{\"original\\u004daxAge\":3}}", 3, 0);
	numbers_are("{\"cookie\":{\"originalMaxAge\":\"60000\"}}", 0, 0);
	numbers_are("{\"cookie\":{\"originalMaxAge\":null}}", 0, 0);
	numbers_are("{\"cookie\":{\"originalMaxAge\":1e400}}", 0, 0);
	numbers_are("{\"cookie\":{\"originalMaxAge\":12345678901234567890}}", 0, 0);
	numbers_are("{\"originalMaxAge\":5,\"cookie\":{\"a\":{\"originalMaxAge\":6}}}", 0, 0);
	numbers_are("{\"cookie\":{},\"gate\":{\"created\":1795253259339}}", 0, 1795253259339);
	numbers_are("{\"gate\":{\"user\":\"a\",\"created\":7},\"cookie\":{}}", 0, 7);
	numbers_are("{\"cookie\":{},\"gate\":7}", 0, 0);
	numbers_are("{\"cookie\":{},\"gate\":{\"created\":\"7\"}}", 0, 0);
	numbers_are("{\"cookie\":{},\"gate\":[{\"created\":7}]}", 0, 0);
}

static void
session_is(const char *text, const char *wanted)
{
	struct gate_record record;
	json_t *session;
	char *dump;

	parse(&record, text);
	session = gate_record_session(&record);
	dump = json_dumps(session, JSON_COMPACT);
	is(dump, wanted, text);
	free(dump);
	json_decref(session);
	gate_record_release(&record);
}

static void
test_session(void)
{
	struct gate_record fresh = {0};
	json_t *session = gate_record_session(&fresh);

	ok(json_object_size(session) == 0, "a new record's session is empty");
	json_decref(session);
	session_is(RECORD(""), "{}");
	session_is(RECORD(",\"a\":1,\"b\":[true,{}]"), "{\"a\":1,\"b\":[true,{}]}");
	session_is(
	    RECORD(",\"lastModified\":1,\"__lastAccess\":2,\"gate\":{},\"a\":1"), "{\"a\":1}");
	session_is(RECORD(",\"b\":1,\"a\":2,\"b\":3"), "{\"b\":3,\"a\":2}");
	session_is(RECORD(",\"\\u0061\\n\":1"), "{\"a\\n\":1}");
	session_is(RECORD(",\"g\\u0061te\":1,\"c\\u006fokie2\":1"), "{\"cookie2\":1}");
	session_is(RECORD(",\"big\":12345678901234567890,\"s\":\"\\ud800\",\"a\":1"),
	    "{\"big\":1.2345678901234567e19,\"a\":1}");
	session_is(RECORD(",\"\\u0000\":1,\"\\ud800\":1,\"\xff\":1,\"a\":1"), "{\"a\":1}");
	session_is(RECORD(",\"e\":1e400,\"bytes\":\"\xff\",\"deep\":{\"\\u0000\":1}"), "{}");
	session_is(RECORD(",\"\":1,\"req\":2,\"toString\":3"), "{\"\":1,\"req\":2,\"toString\":3}");
}

/* ---- unchanged ---- */

static void
test_unchanged(void)
{
	static const char *const members[] = {"", ",\"a\":1", ",\"a\":0.10", ",\"a\":1.0",
	    ",\"a\":1e2", ",\"a\":-0", ",\"a\":-0.0", ",\"a\":0.1", ",\"a\":5e-324", ",\"a\":1e400",
	    ",\"a\":1e21", ",\"a\":12345678901234567890", ",\"a\":9007199254740993",
	    ",\"a\":[9007199254740993]", ",\"a\":-9223372036854775809", ",\"a\":\"\\ud800\"",
	    ",\"a\":[\"\\udc00\\ud800\"]", ",\"a\":\"\\u0041\\/\"", ",\"a\":\"\\u0000\"",
	    ",\"a\":\"\xff\"", ",\"a\":\"\xc3\xab\"", ",\"a\":[ 1, 2 ]", ",\"a\":{ \"b\" : 1 }",
	    ",\"a\":{\"b\":1,\"b\":2}", ",\"\\u0000\":1", ",\"a\\u0000b\":1",
	    ",\"\\ud800\":1,\"\\ud800\":2", ",\"\\u0061\":1", ",\"a\\\"\\\\\\n\":1", ",\"\\/\":1",
	    ",\"\":1", ",\"\xff\":1", ",\"\x7f\":1", ",\"\xc3\xab\":1",
	    ",\"req\":1,\"toString\":2,\"__proto__\":3", ",\"lastModified\":1,\"__lastAccess\":2",
	    ",\"gate\":{\"user\":\"a\",\"created\":0.10}", ",\"10\":1,\"2\":2",
	    ",\"b\":1,\"a\":2,\"c\":3",
	    ",\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"};

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		struct change change = {.name = members[i]};
		char text[400];

		snprintf(text, sizeof text, RECORD("%s"), members[i]);
		change.record = text;
		try_change(&change);
	}
}

static void
test_blanks(void)
{
	struct gate_record record;

	parse(&record, " {\n \"cookie\" : { \"path\" : \"/\" } ,\t\"a\" : [ 1 ]\n}   ");
	text_is(&record, "{\"cookie\":{ \"path\" : \"/\" },\"a\":[ 1 ]}", "blanks in values stay");
	gate_record_release(&record);
}

static void
test_undo(void)
{
	static const struct change undone[] = {
	    {"the same again", RECORD(",\"a\":1"), "{\"a\":1}", NULL, 0, NULL},
	    {"equal though written otherwise", RECORD(",\"a\":0.10"), "{\"a\":0.1}", NULL, 0, NULL},
	    {"1.0 is 1", RECORD(",\"a\":1.0"), "{\"a\":1}", NULL, 0, NULL},
	    {"1 is 1.0", RECORD(",\"a\":1"), "{\"a\":1.0}", NULL, 0, NULL},
	    {"an escape is its character", RECORD(",\"a\":\"\\u0041\""), "{\"a\":\"A\"}", NULL, 0,
		NULL},
	    {"added and removed", RECORD(",\"a\":1"), "{\"b\":1}", "b", 0, NULL},
	    {"a name that Node drops, unchanged", RECORD(",\"req\":1"), "{\"req\":1}", NULL, 0,
		NULL},
	    {"beyond 2^53, unchanged", RECORD(",\"a\":9007199254740993"),
		"{\"a\":9007199254740993}", NULL, 0, NULL}};
	struct gate_record record;
	struct gate_error error = {0};
	json_t *session, *value;

	try_changes(undone, sizeof undone / sizeof *undone);
	parse(&record, RECORD(",\"a\":[1.50],\"b\":2"));
	session = gate_record_session(&record);
	value = json_incref(json_object_get(session, "a"));
	json_array_append_new(value, json_true());
	ok(gate_record_differs(&record, session) == 1, "a change inside a value is seen");
	json_array_remove(value, 1);
	json_object_del(session, "a");
	ok(gate_record_differs(&record, session) == 1, "a member less is seen");
	json_object_set_new(session, "a", value);
	ok(gate_record_merge(&record, session, &error) == 0, "both undone: no change");
	text_is(&record, RECORD(",\"a\":[1.50],\"b\":2"), "and it stands where and as it was");
	json_decref(session);
	gate_record_release(&record);
}

/* ---- changed ---- */

static void
test_changed(void)
{
	static const struct change changes[] = {
	    {"a value", RECORD(",\"a\":1,\"b\":0.10"), "{\"a\":2}", NULL, 1,
		RECORD(",\"a\":2,\"b\":0.10")},
	    {"0.1 beside 0.10", RECORD(",\"a\":0.10"), "{\"b\":0.1}", NULL, 1,
		RECORD(",\"a\":0.10,\"b\":0.1")},
	    {"two new ones, in order", RECORD(""), "{\"z\":1,\"a\":{\"c\":[]}}", NULL, 1,
		RECORD(",\"z\":1,\"a\":{\"c\":[]}")},
	    {"removed", RECORD(",\"a\":1,\"b\":2"), NULL, "a", 1, RECORD(",\"b\":2")},
	    {"the last one removed", RECORD(",\"a\":1"), NULL, "a", 1, RECORD("")},
	    {"changed and removed", RECORD(",\"a\":1,\"b\":2"), "{\"b\":3}", "a", 1,
		RECORD(",\"b\":3")},
	    {"the order of keys counts", RECORD(",\"a\":{\"x\":1,\"y\":2}"),
		"{\"a\":{\"y\":2,\"x\":1}}", NULL, 1, RECORD(",\"a\":{\"y\":2,\"x\":1}")},
	    {"1 is not \"1\"", RECORD(",\"a\":1"), "{\"a\":\"1\"}", NULL, 1,
		RECORD(",\"a\":\"1\"")},
	    {"null is not nothing", RECORD(""), "{\"a\":null}", NULL, 1, RECORD(",\"a\":null")},
	    {"an escaped name keeps its spelling", RECORD(",\"\\u0061\":1"), "{\"a\":2}", NULL, 1,
		RECORD(",\"\\u0061\":2")},
	    {"a new name is escaped", RECORD(""), "{\"q\\\"\\n\\u0001\":1}", NULL, 1,
		RECORD(",\"q\\\"\\n\\u0001\":1")},
	    {"an empty name", RECORD(""), "{\"\":1}", NULL, 1, RECORD(",\"\":1")},
	    {"a name that Node drops goes", RECORD(",\"req\":1"), NULL, "req", 1, RECORD("")},
	    {"what is reserved at the top is free inside", RECORD(""),
		"{\"a\":{\"cookie\":1,\"gate\":2,\"id\":3}}", NULL, 1,
		RECORD(",\"a\":{\"cookie\":1,\"gate\":2,\"id\":3}")},
	    {"beside a number that JavaScript wrote: 2^60", RECORD(",\"a\":[1152921504606847000]"),
		"{\"a\":[1152921504606847000,1]}", NULL, 1,
		RECORD(",\"a\":[1152921504606847000,1]")},
	    {"beside 2^60, all digits of it", RECORD(",\"a\":[-1152921504606846976]"),
		"{\"a\":[-1152921504606846976,1]}", NULL, 1,
		RECORD(",\"a\":[-1152921504606846976,1]")},
	    {"beside a wide one", RECORD(",\"a\":[18446744073709552000]"),
		"{\"a\":[18446744073709552000.0,1]}", NULL, 1,
		RECORD(",\"a\":[18446744073709552000,1]")},
	    {"a wide one comes as a real", RECORD(",\"a\":-999999999999999900000"), "{\"a\":-1e20}",
		NULL, 1, RECORD(",\"a\":-100000000000000000000")},
	    {"2^53", RECORD(""), "{\"a\":9007199254740992}", NULL, 1,
		RECORD(",\"a\":9007199254740992")},
	    {"a NUL in a value", RECORD(""), "{\"a\":\"\\u0000\"}", NULL, 1,
		RECORD(",\"a\":\"\\u0000\"")},
	    {"names like integers stay where they are", RECORD(",\"b\":1"), "{\"10\":1,\"2\":2}",
		NULL, 1, RECORD(",\"b\":1,\"10\":1,\"2\":2")},
	    {"names that only begin alike", RECORD(",\"ab\":1"), "{\"a\":2,\"abc\":3}", NULL, 1,
		RECORD(",\"ab\":1,\"a\":2,\"abc\":3")}};

	try_changes(changes, sizeof changes / sizeof *changes);
}

static void
test_hidden(void)
{
	static const struct change changes[] = {
	    {"hidden ones are kept",
		RECORD(",\"h\":\"\\ud800\",\"a\":1,\"\\u0000\":12345678901234567890"), "{\"a\":2}",
		NULL, 1, RECORD(",\"h\":\"\\ud800\",\"a\":2,\"\\u0000\":12345678901234567890")},
	    {"a hidden one is replaced", RECORD(",\"h\":\"\\ud800\",\"a\":1"), "{\"h\":1}", NULL, 1,
		RECORD(",\"h\":1,\"a\":1")},
	    {"though its text looks the same", RECORD(",\"h\":[\"\xff\"]"), "{\"h\":[]}", NULL, 1,
		RECORD(",\"h\":[]")},
	    {"a hidden one can't be removed", RECORD(",\"h\":1e400"), NULL, "h", 0, NULL},
	    {"a duplicate may hide it", RECORD(",\"h\":1,\"a\":2,\"h\":1e400"), NULL, NULL, 0,
		RECORD(",\"h\":1e400,\"a\":2")}};

	try_changes(changes, sizeof changes / sizeof *changes - 1);
	session_is(changes[4].record, "{\"a\":2}");
}

/* ---- refused ---- */

static void
refused_is(struct gate_record *record, json_t *session, const char *wanted)
{
	struct gate_error error = {0};

	ok(gate_record_differs(record, session) == 1, "it differs");
	ok(gate_record_merge(record, session, &error) == -1 && error.code == GATE_ESESSION,
	    "refused");
	is(error.text, wanted, "the error names the member");
	json_decref(session);
	gate_record_release(record);
}

static void
refused(const char *text, const char *set, const char *wanted)
{
	struct gate_record record;

	parse(&record, text);
	refused_is(&record, edit(&record, set, NULL), wanted);
}

static void
test_refused(void)
{
	static const char *const reserved[] = {"cookie", "lastModified", "__lastAccess", "gate"};
	static const char *const dropped[] = {"req", "id", "touch", "resetMaxAge", "save", "reload",
	    "destroy", "regenerate", "constructor", "toString", "valueOf", "hasOwnProperty",
	    "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "__proto__",
	    "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"};
	char set[100], wanted[100];

	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
		snprintf(set, sizeof set, "{\"%s\":{}}", reserved[i]);
		snprintf(wanted, sizeof wanted,
		    "session member %s has a name that gate keeps for itself", reserved[i]);
		refused(RECORD(""), set, wanted);
		refused(
		    RECORD(",\"gate\":{},\"lastModified\":{},\"__lastAccess\":{}"), set, wanted);
	}
	for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++) {
		snprintf(set, sizeof set, "{\"%s\":1}", dropped[i]);
		snprintf(wanted, sizeof wanted, "session member %s has a name that Node drops",
		    dropped[i]);
		refused(RECORD(",\"a\":1"), set, wanted);
	}
	refused(
	    RECORD(",\"req\":1"), "{\"req\":2}", "session member req has a name that Node drops");
	refused(RECORD(""), "{\"a\":9007199254740993}",
	    "session member a holds an integer beyond 2^53, which JavaScript would change");
	refused(RECORD(",\"a\":1"), "{\"a\":{\"b\":[-9007199254740993]}}",
	    "session member a holds an integer beyond 2^53, which JavaScript would change");
	refused(RECORD(",\"a\":[9007199254740993]"), "{\"a\":[9007199254740993,1]}",
	    "session member a holds an integer beyond 2^53, which JavaScript would change");
	refused(RECORD(""),
	    "{\"x\":1,\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
	    "session member a is nested deeper than 32 levels");
}

static void
test_refused_bytes(void)
{
	struct gate_record record = {0};
	json_t *session = json_object();
	struct gate_buffer name = {0}, wanted = {0};

	json_object_setn_new(session, "a\0b", 3, json_true());
	gate_buffer_puts(&wanted, "session member x");
	refused_is(&record, session, "session member a has a NUL in its name");
	session = json_object();
	json_object_set_new(session, "a", json_stringn_nocheck("\xff", 1));
	refused_is(&record, session, "session member a holds text that is not UTF-8");
	session = json_object();
	json_object_set_new_nocheck(session, "b\xff", json_true());
	refused_is(&record, session, "session member b has a name that is not UTF-8");
	session = json_pack("{s:I}", "a\nb", (json_int_t)INT64_MAX);
	refused_is(&record, session,
	    "session member a holds an integer beyond 2^53, which JavaScript would change");
	gate_buffer_puts(&name, "x");
	for (int i = 0; i < 1000; i++)
		gate_buffer_puts(&name, "\xe2\x82\xac");
	for (int i = 0; i < 19; i++)
		gate_buffer_puts(&wanted, "\xe2\x82\xac");
	gate_buffer_puts(&wanted, " holds an integer beyond 2^53, which JavaScript would change");
	session = json_pack("{s:I}", gate_buffer_text(&name), (json_int_t)INT64_MAX);
	refused_is(&record, session, gate_buffer_text(&wanted));
	gate_buffer_release(&name);
	gate_buffer_release(&wanted);
}

/* ---- duplicates, many ---- */

static void
test_duplicates(void)
{
	struct gate_record record;

	parse(&record, "{\"a\":1,\"cookie\":{\"x\":1},\"b\":2,\"a\":[ 0.10 ],\"cookie\":{}}");
	text_is(&record, "{\"a\":[ 0.10 ],\"cookie\":{},\"b\":2}", "first place, last value");
	gate_record_release(&record);
	parse(&record, RECORD(",\"\\u0061\":1,\"a\":2,\"\\u0061\":3,\"\\n\":1,\"\\u000a\":2"));
	text_is(&record, RECORD(",\"\\u0061\":3,\"\\n\":2"), "escaped or not");
	gate_record_release(&record);
}

/* Ours takes the place of libc's: what would be done for each pair of members shows here. */
static size_t comparisons;

int
strcmp(const char *a, const char *b)
{
	const volatile char *one = a, *two = b;

	comparisons++;
	while (*one != '\0' && *one == *two) {
		one++;
		two++;
	}
	return (unsigned char)*one - (unsigned char)*two;
}

static void
test_many(void)
{
	struct gate_buffer text = {0};
	struct gate_error error = {0};
	struct gate_record record;
	json_t *session;
	size_t changed = 0, wrong = 0;

	comparisons = 0;
	gate_buffer_puts(&text, "{\"cookie\":{}");
	for (int i = 0; i < 2 * MANY; i++)
		gate_buffer_printf(&text, ",\"n%d\":%d", i % MANY, i);
	gate_buffer_puts(&text, "}");
	ok(parse(&record, text.data) == 1 && gate_record_count(&record) == MANY + 1,
	    "%d members, each twice", MANY);
	for (int i = 0; i < MANY; i++) {
		char name[16], value[16];

		snprintf(name, sizeof name, "n%d", i);
		snprintf(value, sizeof value, "%d", i + MANY);
		wrong += strcmp(gate_record_at(&record, i + 1)->name, name) != 0 ||
		    gate_record_at(&record, i + 1)->length != strlen(value) ||
		    memcmp(gate_record_at(&record, i + 1)->text, value, strlen(value)) != 0;
	}
	ok(wrong == 0, "the first place, the last value, of all");
	session = gate_record_session(&record);
	json_object_set_new(session, "n7", json_true());
	json_object_del(session, "n9");
	json_object_set_new(session, "n9", json_integer(9 + MANY));
	ok(gate_record_merge(&record, session, &error) == 1, "one changed");
	for (size_t i = 0; i < gate_record_count(&record); i++)
		changed += gate_record_at(&record, i)->changed;
	ok(changed == 1, "one marked");
	json_decref(session);
	gate_record_release(&record);
	gate_buffer_release(&text);
	ok(comparisons > 0 && comparisons < COMPARISONS_MAX * MANY,
	    "by few comparisons a member: %zu", comparisons / MANY);
}

static void
test_full(void)
{
	struct gate_buffer text = {0};
	struct gate_error error = {0};
	struct gate_record record;
	json_t *session;

	comparisons = 0;
	gate_buffer_puts(&text, "{\"cookie\":{}");
	for (int i = 0; text.length < GATE_RECORD_SIZE_MAX - 20; i++)
		gate_buffer_printf(&text, ",\"%x\":1", i);
	gate_buffer_puts(&text, "}");
	parse(&record, text.data);
	session = gate_record_session(&record);
	ok(gate_record_merge(&record, session, &error) == 0, "%zu members unchanged",
	    gate_record_count(&record));
	ok(comparisons > 0 && comparisons < COMPARISONS_MAX * gate_record_count(&record),
	    "by few comparisons a member: %zu", comparisons / gate_record_count(&record));
	json_decref(session);
	gate_record_release(&record);
	gate_buffer_release(&text);
}

/* ---- the members a store or the session sets ---- */

static void
test_set(void)
{
	struct gate_record record;

	parse(&record, RECORD(",\"a\":1"));
	ok(gate_record_set(&record, "__lastAccess", "12") == 0, "set a new one");
	ok(gate_record_set(&record, "a", "\"x\"") == 0, "set one that is there");
	ok(gate_record_set(&record, "a", "\"y\"") == 0, "and once more");
	text_is(&record, RECORD(",\"a\":\"y\",\"__lastAccess\":12"), "set");
	ok(gate_record_named(&record, "__lastAccess")->changed, "a set one is marked");
	ok(!gate_record_named(&record, "cookie")->changed, "another one is not");
	ok(gate_record_named(&record, "b") == NULL, "one that is not there");
	json_decref(edit(&record, NULL, NULL));
	gate_record_release(&record);
	gate_record_release(&record);
	ok(gate_record_count(&record) == 0 && record.members == NULL, "cleared, twice");
}

static void
test_get_removed(void)
{
	struct gate_record record;
	struct gate_error error = {0};
	json_t *session, *again;

	parse(&record, RECORD(",\"a\":1,\"b\":2"));
	session = edit(&record, NULL, "a");
	gate_record_merge(&record, session, &error);
	ok(gate_record_named(&record, "a") == NULL, "a removed one is not got");
	again = gate_record_session(&record);
	ok(json_object_size(again) == 1, "nor seen by another look");
	json_decref(again);
	json_object_set_new(session, "a", json_integer(1));
	ok(gate_record_differs(&record, session) == 1,
	    "back again differs from a record without it");
	ok(gate_record_merge(&record, session, &error) == 1, "and is merged");
	text_is(&record, RECORD(",\"a\":1,\"b\":2"), "into its old place");
	json_decref(session);
	gate_record_release(&record);
}

/* ---- the stamp ---- */

static void
stamped(const char *text, const struct gate_record_policy *policy, int64_t expires, int64_t created,
    const char *wanted)
{
	struct gate_record record = {0};

	if (text != NULL)
		parse(&record, text);
	ok(gate_record_stamp(&record, policy, expires, created) == 0, "stamped");
	text_is(&record, wanted, wanted);
	ok(gate_record_stamp(&record, policy, expires, created) == 0, "and again");
	text_is(&record, wanted, "which changes nothing");
	gate_record_release(&record);
}

static void
test_new_cookie(void)
{
	struct gate_cookie_attributes cookie = {.path = "/", .http_only = true};
	struct gate_record_policy policy = {.cookie = &cookie};

	stamped(NULL, &policy, 0, 0, "{\"cookie\":" COOKIE "}");
	policy.max_age = 60000;
	stamped(NULL, &policy, end, 0,
	    "{\"cookie\":{\"originalMaxAge\":60000,\"expires\":\"2026-11-21T09:27:39.339Z\","
	    "\"httpOnly\":true,\"path\":\"/\"}}");
	cookie = (struct gate_cookie_attributes){.path = "/a",
	    .domain = "e.com",
	    .secure = true,
	    .partitioned = true,
	    .priority = GATE_PRIORITY_HIGH,
	    .same_site = GATE_SAME_SITE_LAX};
	stamped(NULL, &policy, end, 0,
	    "{\"cookie\":{\"originalMaxAge\":60000,\"partitioned\":true,\"priority\":\"high\","
	    "\"expires\":\"2026-11-21T09:27:39.339Z\",\"secure\":true,\"httpOnly\":false,"
	    "\"domain\":\"e.com\",\"path\":\"/a\",\"sameSite\":\"lax\"}}");
	cookie = (struct gate_cookie_attributes){.path = "/\"",
	    .domain = "",
	    .http_only = true,
	    .priority = GATE_PRIORITY_LOW,
	    .same_site = GATE_SAME_SITE_STRICT};
	policy.max_age = 0;
	stamped(NULL, &policy, 0, 7,
	    "{\"cookie\":{\"originalMaxAge\":null,\"priority\":\"low\",\"expires\":null,"
	    "\"httpOnly\":true,\"path\":\"/"
	    "\\\"\",\"sameSite\":\"strict\"},\"gate\":{\"created\":7}}");
	cookie.priority = GATE_PRIORITY_MEDIUM;
	cookie.same_site = GATE_SAME_SITE_NONE;
	stamped(NULL, &policy, 0, 0,
	    "{\"cookie\":{\"originalMaxAge\":null,\"priority\":\"medium\",\"expires\":null,"
	    "\"httpOnly\":true,\"path\":\"/\\\"\",\"sameSite\":\"none\"}}");
}

static void
test_new_record(void)
{
	struct gate_cookie_attributes cookie = {.path = "/", .http_only = true};
	struct gate_record_policy policy = {.cookie = &cookie};
	struct gate_record record = {0};
	struct gate_error error = {0};
	json_t *session = json_pack("{s:i,s:s}", "views", 1, "name", "x");

	gate_record_merge(&record, session, &error);
	gate_record_stamp(&record, &policy, 0, 5);
	text_is(&record, RECORD(",\"views\":1,\"name\":\"x\",\"gate\":{\"created\":5}"),
	    "a new record begins with its cookie");
	ok(record.created == 5, "and knows when it was made");
	json_decref(session);
	gate_record_release(&record);
}

#define AGE(age, expires) "{\"cookie\":{\"originalMaxAge\":" age ",\"expires\":" expires "}}"
#define DATE "\"2026-11-21T09:27:39.339Z\""
#define OLD "\"2020-01-01T00:00:00.000Z\""

static void
test_kept_age(void)
{
	static const char *const verbatim[] = {
	    "86399999", "1000.5", "6.0e4", "0", "-1", "null", "false"};
	static const char *const turned[] = {"\"60000\"", "\"null\"", "true", "{}", "[1]"};
	struct gate_record_policy keep = {.keep_age = true};
	char text[200], wanted[200];

	for (size_t i = 0; i < sizeof verbatim / sizeof *verbatim; i++) {
		snprintf(text, sizeof text, AGE("%s", OLD), verbatim[i]);
		snprintf(wanted, sizeof wanted, AGE("%s", DATE), verbatim[i]);
		stamped(text, &keep, end, 0, wanted);
	}
	for (size_t i = 0; i < sizeof turned / sizeof *turned; i++) {
		snprintf(text, sizeof text, AGE("%s", OLD), turned[i]);
		stamped(text, &keep, end, 0, AGE("null", DATE));
	}
	stamped("{\"cookie\":{}}", &keep, end, 0, "{\"cookie\":{\"expires\":" DATE "}}");
	stamped("{\"cookie\":{\"originalMaxAge\":1,\"original\\u004daxAge\":\"x\"}}", &keep, 0, 0,
	    "{\"cookie\":{\"originalMaxAge\":null}}");
	stamped("{\"cookie\":{\"originalMaxAge\":\"x\",\"originalMaxAge\":2}}", &keep, 0, 0,
	    "{\"cookie\":{\"originalMaxAge\":\"x\",\"originalMaxAge\":2}}");
}

static void
test_set_age(void)
{
	struct gate_record_policy minute = {.max_age = 60000}, none = {0};
	struct gate_record record;

	stamped(AGE("5", OLD), &minute, end, 0, AGE("60000", DATE));
	stamped(AGE("null", "null"), &minute, end, 0, AGE("60000", DATE));
	stamped(AGE("\"x\"", OLD), &none, 0, 0, AGE("null", "null"));
	stamped("{\"cookie\":{\"path\":\"/\"}}", &minute, end, 0,
	    "{\"cookie\":{\"path\":\"/\",\"originalMaxAge\":60000,\"expires\":" DATE "}}");
	parse(&record, AGE("5", OLD));
	gate_record_stamp(&record, &minute, end, 0);
	ok(gate_record_max_age(&record) == 60000, "the record knows its new lifetime");
	gate_record_release(&record);
}

static void
test_expires(void)
{
	struct gate_record_policy keep = {.keep_age = true};

	stamped(AGE("null", "null"), &keep, 0, 0, AGE("null", "null"));
	stamped(AGE("false", "false"), &keep, 0, 0, AGE("false", "false"));
	stamped(AGE("null", OLD), &keep, 0, 0, AGE("null", "null"));
	stamped(AGE("null", "\"\""), &keep, 0, 0, AGE("null", "null"));
	stamped(AGE("null", "12"), &keep, 0, 0, AGE("null", "null"));
	stamped(AGE("null", "true"), &keep, 0, 0, AGE("null", "null"));
	stamped(AGE("null", "{}"), &keep, 0, 0, AGE("null", "null"));
	stamped("{\"cookie\":{}}", &keep, 0, 0, "{\"cookie\":{}}");
	stamped(AGE("1", "null"), &keep, end, 0, AGE("1", DATE));
	stamped(AGE("1", "false"), &keep, end, 0, AGE("1", DATE));
	stamped(AGE("1", OLD), &keep, end, 0, AGE("1", DATE));
	stamped("{\"cookie\":{\"expires\":" OLD ",\"expire\\u0073\":null}}", &keep, end, 0,
	    "{\"cookie\":{\"expires\":" DATE "}}");
}

static void
test_other_members(void)
{
	struct gate_record_policy keep = {.keep_age = true};

	stamped("{\"cookie\":{\"x\":0.10,\"originalMaxAge\":1,\"secure\":\"auto\",\"expires\":" OLD
		",\"y\":[ \"\\ud800\" ],\"path\":\"/old\"},\"a\":1}",
	    &keep, end, 0,
	    "{\"cookie\":{\"x\":0.10,\"originalMaxAge\":1,\"secure\":\"auto\",\"expires\":" DATE
	    ",\"y\":[ \"\\ud800\" ],\"path\":\"/old\"},\"a\":1}");
	stamped("{\"a\":1,\"cookie\":{},\"b\":0.10}", &keep, 0, 0,
	    "{\"a\":1,\"cookie\":{},\"b\":0.10}");
	stamped(RECORD(",\"a\":1"), &keep, 0, 9, RECORD(",\"a\":1,\"gate\":{\"created\":9}"));
	stamped(RECORD(",\"gate\":{\"user\":\"u\",\"created\":1,\"x\":0.10},\"a\":1"), &keep, 0, 9,
	    RECORD(",\"gate\":{\"user\":\"u\",\"created\":9,\"x\":0.10},\"a\":1"));
	stamped(RECORD(",\"gate\":{\"user\":\"u\"}"), &keep, 0, 9,
	    RECORD(",\"gate\":{\"user\":\"u\",\"created\":9}"));
	stamped(RECORD(",\"gate\":7"), &keep, 0, 9, RECORD(",\"gate\":{\"created\":9}"));
	stamped(RECORD(",\"gate\":{\"created\":1,\"x\":2}"), &keep, 0, 0,
	    RECORD(",\"gate\":{\"created\":1,\"x\":2}"));
}

/* By the calls that a store of one's own has. */
static void
test_views(void)
{
	struct gate_record record;
	struct gate_member member;
	size_t at = 0, count = 0;

	parse(&record, RECORD(",\"a\":[1, 2],\"b\":\"x\",\"c\\u0000\":3"));
	ok(gate_record_get(&record, "a", &member) && member.length == 6 &&
		memcmp(member.text, "[1, 2]", 6) == 0 && strcmp(member.name, "a") == 0 &&
		!member.changed && !member.removed,
	    "get: a member as it stands");
	ok(!gate_record_get(&record, "z", &member) && !gate_record_get(&record, "", &member),
	    "  and none that is not there");
	gate_record_set(&record, "b", "7");
	gate_record_remove(&record, "a");
	ok(gate_record_get(&record, "b", &member) && member.changed && member.length == 1 &&
		member.text[0] == '7',
	    "get: a changed one");
	ok(!gate_record_get(&record, "a", &member), "  and none that was removed");
	for (; gate_record_next(&record, &at, &member); count++)
		if (count == 0)
			is(member.name, "cookie", "next: the first member");
		else if (count == 1)
			ok(strcmp(member.name, "a") == 0 && member.removed, "  a removed one");
		else if (count == 3)
			ok(member.name == NULL && member.text[0] == '3', "  one without a C name");
	ok(count == 4 && !gate_record_next(&record, &at, &member), "  four in all");
	gate_record_release(&record);
	at = 0;
	ok(!gate_record_next(&record, &at, &member), "  none of an empty record");
}

/* Half a record must not look like one. */
static void
test_half(void)
{
	static const char *const bad[] = {"{\"a\":1,\"cookie\":{},", "{\"a\":1}",
	    "{\"a\":1,\"cookie\":[]}", "[]", "", "{\"cookie\":{},\"b\":1}x"};
	struct gate_record record;
	int was;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		record = (struct gate_record){.now = 5, .expires = 7, .was = &was};
		ok(gate_record_parse(&record, bad[i], strlen(bad[i])) == 0 &&
			record.members == NULL && record.user == NULL,
		    "what is no record (%zu) leaves no members", i);
		ok(record.was == &was && record.now == 5 && record.expires == 7,
		    "  and what the store set stays");
	}
}

int
main(void)
{
	test_parse();
	test_numbers();
	test_session();
	test_unchanged();
	test_blanks();
	test_undo();
	test_changed();
	test_hidden();
	test_refused();
	test_refused_bytes();
	test_duplicates();
	test_many();
	test_full();
	test_set();
	test_get_removed();
	test_new_cookie();
	test_new_record();
	test_kept_age();
	test_set_age();
	test_expires();
	test_other_members();
	test_views();
	test_half();
	return done();
}
