/* test_session.c: what is written when, to the browser and to the store, byte for byte; what
 * can't be stored; what the trace says. (test_session_table.c compares the decisions with
 * express-session's.) */
#include "config.h"

#include "session/visits.h"

/* ---- Set-Cookie and record, byte for byte (node-formats.md §2.2) ---- */

static struct gate_keys *
keys_of(const char *first, const char *second)
{
	struct gate_error error = {0};

	return gate_keys_new((const char *const[]){first, second, NULL}, &error);
}

static void
test_example_a(void)
{
	struct gate_keys *mine = f.config.keys;
	char line[TEXT_MAX];

	defaults();
	f.config.keys = keys_of("keyboard cat", NULL);
	options->cookie_same_site = GATE_SAME_SITE_UNSET;
	options->rolling = true;
	put_record(&f, ID,
	    "{\"cookie\":{\"originalMaxAge\":null,\"expires\":null,\"httpOnly\":true,"
	    "\"path\":\"/\"},\"__lastAccess\":1795253199612}");
	send_only(ID);
	visit(look, line);
	is(line,
	    "connect.sid=s%3AyR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK."
	    "n9qmWa6kY2LHU1EXeMn7a2UKQsynEqBHKQhT5T6B%2BN4; Path=/; HttpOnly",
	    "example A: express-session's Set-Cookie");
	gate_keys_free(f.config.keys);
	f.config.keys = mine;
}

static void
test_example_b(void)
{
	const char *id = "0123456789ABCDEFghijklmnop-_wxyz";
	struct gate_keys *mine = f.config.keys;
	char name[] = "__Host-sid", *usual = options->cookie_name, line[TEXT_MAX], text[TEXT_MAX];
	struct gate_transaction s;

	defaults();
	f.config.keys = keys_of("s3cr3t-é", "older");
	options->cookie_name = name;
	options->cookie_secure = GATE_YES;
	options->cookie_priority = GATE_PRIORITY_HIGH;
	options->cookie_partitioned = options->rolling = true;
	options->max_age = MINUTE;
	gate_iso_parse("2029-12-31T23:59:00.750Z", 24, &now);
	s = new_session();
	s.secure = true;
	gate_transaction_begin(&s);
	set_other(&s);
	ok(gate_transaction_save(&s) == 1, "example B: a new session");
	get_record(&f, s.id, text);
	text[strcspn(text, "}") + 1] = '\0';
	is(text,
	    "{\"cookie\":{\"originalMaxAge\":60000,\"partitioned\":true,\"priority\":\"high\","
	    "\"expires\":"
	    "\"2030-01-01T00:00:00.750Z\",\"secure\":true,\"httpOnly\":true,\"path\":\"/\","
	    "\"sameSite\":\"lax\"}",
	    "  its record begins as express-session's");
	snprintf(s.id, sizeof s.id, "%s", id);
	gate_buffer_reset(&header);
	gate_transaction_set_cookie(&s, 0, &header);
	snprintf(line, sizeof line, "%s", gate_buffer_text(&header));
	is(line,
	    "__Host-sid=s%3A0123456789ABCDEFghijklmnop-_wxyz.a8Ho04ek2ri%2FyO78X5W%2BL0A%"
	    "2BmUujEJcfPLrbOe"
	    "mBcDo; Max-Age=60; Path=/; Expires=Tue, 01 Jan 2030 00:00:00 GMT; HttpOnly; Secure; "
	    "Partitioned; "
	    "Priority=High; SameSite=Lax",
	    "  its Set-Cookie is express-session's, and Max-Age");
	gate_transaction_release(&s);
	gate_keys_free(f.config.keys);
	f.config.keys = mine;
	options->cookie_name = usual;
	options->cookie_priority = GATE_PRIORITY_UNSET;
	options->cookie_partitioned = false;
}

static void
test_cleared(void)
{
	char line[TEXT_MAX];

	defaults();
	seed(ID, NOW, NOW, "\"n\":1");
	send_only(ID);
	ok(visit(destroy, line) == 1 && count_records(&f, false) == 0, "destroy: the record goes");
	is(line,
	    "connect.sid=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; "
	    "SameSite=Lax",
	    "and the cookie");
	gate_buffer_reset(&header);
	visit(destroy, line);
	is(line, "", "without a cookie there is none to clear");
}

static void
disturbed_destroy(struct gate_transaction *s)
{
	look(s);
	meanwhile(first_meanwhile);
	gate_transaction_destroy(s);
	look(s);
	json_object_set_new(
	    gate_transaction_json(s), "cookie", json_string("what can't be stored"));
}

static void
test_destroy(void)
{
	char line[TEXT_MAX];

	defaults();
	seed(ID, NOW, NOW - HOUR, "\"n\":1");
	send_only(ID);
	first_meanwhile = add_one;
	ok(visit(disturbed_destroy, line) == 1 && runs == 1 && count_records(&f, false) == 0,
	    "destroy is unconditional: changed meanwhile, it goes all the same");
	ok(has(line, "; Max-Age=0;"), "and its cookie");
	ok(seen_n == 0 && seen_end == 0, "the handler has an empty session then");
}

/* ---- what a record keeps ---- */

static void
test_foreign_bytes(void)
{
	static const char members[] =
	    "\"n\":1,\"price\":0.10,\"big\":12345678901234567890,\"lone\":\"\\ud800x\","
	    "\"nul\":\"a\\u0000b\",\"esc\\u0061pe\":\"\\/\",\"e\":1e400,\"deep\":[[[ 1 ]]],"
	    "\"id\":\"Node drops it\"";
	char text[TEXT_MAX], *end;

	defaults();
	snprintf(text, sizeof text,
	    "{\"cookie\":{\"originalMaxAge\":3599999,\"expires\":\"2026-11-21T10:26:39.612Z\","
	    "\"secure\":false,"
	    "\"httpOnly\":false,\"domain\":\"e.com\",\"path\":\"/"
	    "a\",\"sameSite\":\"strict\",\"x\":0.10},%s,"
	    "\"__lastAccess\":1795253199612}",
	    members);
	put_record(&f, ID, text);
	send_only(ID);
	now = NOW + 1000;
	ok(visit(add_one, NULL) == 1, "a record of Node's, with what jansson can't read: changed");
	get_record(&f, ID, text);
	ok(has(text,
	       "{\"cookie\":{\"originalMaxAge\":3599999,\"expires\":\"2026-11-21T10:26:40.611Z\","
	       "\"secure\":false,\"httpOnly\":false,\"domain\":\"e.com\",\"path\":\"/"
	       "a\",\"sameSite\":"
	       "\"strict\",\"x\":0.10},"),
	    "its cookie keeps all but the date");
	end = strstr(text, ",\"price\"");
	ok(end != NULL && has(text, ",\"n\":2,\"price\"") &&
		strncmp(end, members + 5, strlen(members + 5)) == 0,
	    "the other members stay byte for byte");
	ok(end != NULL &&
		has(end, ",\"__lastAccess\":1795253200612,\"gate\":{\"created\":1795253200611}}"),
	    "what is ours stands behind them");
	if (!has(text, "\"n\":2"))
		printf("# %s\n", text);
}

/* ---- what can't be stored ---- */

static json_t *bad_value;
static const char *bad_name;

static void
set_bad(struct gate_transaction *s)
{
	add_one(s);
	json_object_set(gate_transaction_json(s), bad_name, bad_value);
}

static void
refused(const char *name, json_t *value, const char *why)
{
	char before[TEXT_MAX], after[TEXT_MAX], wanted[100];
	struct gate_transaction s;

	bad_name = name;
	bad_value = value;
	get_record(&f, ID, before);
	ok(run(&s, set_bad) == -1 && s.error.code == GATE_ESESSION, "member %s is refused", name);
	snprintf(wanted, sizeof wanted, "session member %s %s", name, why);
	is(s.error.text, wanted, "  and named");
	gate_transaction_release(&s);
	ok(strcmp(get_record(&f, ID, after), before) == 0, "  nothing is written");
	json_decref(value);
}

static json_t *
nested(int depth)
{
	json_t *value = json_array();

	for (int i = 1; i < depth; i++)
		value = json_pack("[o]", value);
	return value;
}

static void
set_good(struct gate_transaction *s)
{
	json_t *session = gate_transaction_json(s);

	json_object_set_new(session, "max", json_integer(INT64_C(9007199254740992)));
	json_object_set_new(session, "min", json_integer(INT64_C(-9007199254740992)));
	json_object_set_new(session, "deep", nested(32));
}

static void
test_refused(void)
{
	static const char *const reserved[] = {"cookie", "lastModified", "__lastAccess", "gate"};
	static const char *const dropped[] = {"req", "id", "touch", "resetMaxAge", "save", "reload",
	    "destroy", "regenerate", "constructor", "toString", "valueOf", "hasOwnProperty",
	    "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "__proto__",
	    "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"};

	defaults();
	seed(ID, NOW, NOW, "\"n\":1");
	send_only(ID);
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		refused(reserved[i], json_true(), "has a name that gate keeps for itself");
	for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
		refused(dropped[i], json_true(), "has a name that Node drops");
	refused("big", json_integer(INT64_C(9007199254740993)),
	    "holds an integer beyond 2^53, which JavaScript would change");
	refused("small", json_pack("{s:[I]}", "in", INT64_C(-9007199254740993)),
	    "holds an integer beyond 2^53, which JavaScript would change");
	refused("deep", nested(33), "is nested deeper than 32 levels");
	ok(visit(set_good, NULL) == 1 && record_has(ID, "\"max\":9007199254740992"),
	    "2^53 and 32 levels are fine");
}

/* ---- and then ---- */

static void
test_no_cookie_over_http(void)
{
	char line[TEXT_MAX];

	defaults();
	options->cookie_secure = GATE_YES;
	ok(visit(add_one, line) == 1 && line[0] == '\0' && count_records(&f, false) == 1,
	    "cookie_secure over plain http: the record is made, the cookie withheld");
}

static void
test_trace(void)
{
	struct gate_transaction s;

	defaults();
	seed(ID, NOW - 10, NOW, "\"n\":5");
	send_only(ID);
	run(&s, add_one);
	listen_in(&f);
	gate_transaction_trace(&s, 1, "done");
	hear_out(&f);
	ok(has(f.logged, "state=loaded touched_ago=") && has(f.logged, "did=update why=changed") &&
		has(f.logged, "cookie=set why_cookie=\"its expiry moved\" result=done"),
	    "the trace says what was done, and why");
	ok(!has(f.logged, ID) && strchr(f.logged, '\n') == strrchr(f.logged, '\n'),
	    "in one line, without the id");
	gate_transaction_release(&s);
}

int
main(void)
{
	visits_open();
	test_example_a();
	test_example_b();
	test_cleared();
	test_destroy();
	test_foreign_bytes();
	test_refused();
	test_no_cookie_over_http();
	test_trace();
	visits_close();
	return done();
}
