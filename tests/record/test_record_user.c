/* test_record_user.c: who is logged in: by a record, by a session, and as it is written. */
#include "config.h"

#include "record/json.h"
#include "record/private.h"
#include "tap.h"

#define COOKIE "\"cookie\":{\"originalMaxAge\":null,\"expires\":null}"
#define CREATED INT64_C(1795253199612)

static struct gate_record record;

/* From a copy that ends exactly where the text does, and is gone afterwards. */
static int
parse(const char *member, const char *text)
{
	char *copy = strdup(text);
	int result;

	gate_record_release(&record);
	record = (struct gate_record){.user_member = member};
	result = gate_record_parse(&record, copy, strlen(copy));
	memset(copy, '#', strlen(copy));
	free(copy);
	return result;
}

/* The record's text, but for its cookie. */
static const char *
text_of(void)
{
	static char rest[4096];
	size_t length = 0;
	char *text = gate_record_text(&record, &length);

	snprintf(rest, sizeof rest, "%s", text + strlen("{" COOKIE));
	free(text);
	return rest;
}

/* ---- what a record says ---- */

struct reading {
	const char *members, *user;
	bool changed;
};

static void
read_all(const char *member, const struct reading *readings, size_t count)
{
	char text[1024];

	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof text, "{" COOKIE ",%s}", readings[i].members);
		ok(parse(member, text) == 1 && record.user_changed == readings[i].changed, "%s: %s",
		    member != NULL ? member : "at its own place", readings[i].members);
		is(record.user, readings[i].user, "  who that is");
	}
}

#define READ_ALL(member, readings) read_all(member, readings, sizeof readings / sizeof *readings)

static void
test_own(void)
{
	static const struct reading readings[] = {{"\"gate\":{\"user\":\"anna\"}", "anna", false},
	    {"\"gate\":{\"created\":1,\"user\":\"anna\",\"login\":2}", "anna", false},
	    {"\"gate\": { \"user\" : \"anna\" } ", "anna", false},
	    {"\"\\u0067ate\":{\"us\\u0065r\":\"\\u0061nna\"}", "anna", false},
	    {"\"gate\":{\"user\":\"\xc3\xa4 \\\"\\/\"}", "\xc3\xa4 \"/", false},
	    {"\"gate\":{\"user\":\"x\"},\"gate\":{\"user\":\"anna\"}", "anna", false},
	    {"\"gate\":{\"user\":\"x\",\"user\":\"anna\"}", "anna", false},
	    {"\"gate\":{\"user\":\"anna\",\"user\":null}", NULL, false},
	    {"\"gate\":{\"user\":5}", "5", false}, {"\"gate\":{\"user\":-5}", "-5", false},
	    {"\"gate\":{\"user\":0}", "0", false},
	    {"\"gate\":{\"user\":9223372036854775807}", "9223372036854775807", false},
	    {"\"gate\":{\"user\":9223372036854775808}", NULL, false},
	    {"\"gate\":{\"user\":1.5}", NULL, false}, {"\"gate\":{\"user\":5e0}", NULL, false},
	    {"\"gate\":{\"user\":\"\"}", NULL, false}, {"\"gate\":{\"user\":true}", NULL, false},
	    {"\"gate\":{\"user\":null}", NULL, false}, {"\"gate\":{\"user\":{}}", NULL, false},
	    {"\"gate\":{\"user\":[\"anna\"]}", NULL, false},
	    {"\"gate\":{\"user\":\"an\\u0000na\"}", NULL, false},
	    {"\"gate\":{\"user\":\"\\ud800\"}", NULL, false},
	    {"\"gate\":{\"user\":\"\xff\"}", NULL, false},
	    {"\"gate\":{\"User\":\"anna\"}", NULL, false}, {"\"gate\":{}", NULL, false},
	    {"\"gate\":\"anna\"", NULL, false}, {"\"gate\":null", NULL, false},
	    {"\"user\":\"anna\"", NULL, false},
	    {"\"x\":{\"gate\":{\"user\":\"anna\"}}", NULL, false}};

	READ_ALL(NULL, readings);
	READ_ALL("gate.user", readings);
}

static void
test_member(void)
{
	static const struct reading readings[] = {
	    {"\"username\":\"anna\",\"gate\":{\"user\":\"anna\"}", "anna", false},
	    {"\"username\":\"anna\"", "anna", true}, {"\"username\":5", "5", true},
	    {"\"username\":5,\"gate\":{\"user\":\"5\"}", "5", false},
	    {"\"username\":\"anna\",\"gate\":{\"user\":\"ben\"}", "anna", true},
	    {"\"gate\":{\"user\":\"ben\"}", NULL, true},
	    {"\"username\":null,\"gate\":{\"user\":\"ben\"}", NULL, true},
	    {"\"username\":true,\"gate\":{\"user\":\"ben\"}", NULL, true},
	    {"\"username\":\"x\",\"username\":\"anna\"", "anna", true},
	    {"\"username\":{\"user\":\"anna\"}", NULL, false}, {"\"x\":1", NULL, false}};

	READ_ALL("username", readings);
}

static void
test_member_inside(void)
{
	static const struct reading readings[] = {
	    {"\"passport\":{\"user\":\"anna\"},\"gate\":{\"user\":\"anna\"}", "anna", false},
	    {"\"passport\":{\"a\":[{\"user\":\"x\"}],\"user\":\"anna\"}", "anna", true},
	    {"\"passport\":{\"user\":7}", "7", true},
	    {"\"passport\":{ \"us\\u0065r\" : \"anna\" }", "anna", true},
	    {"\"passport\":{\"user\":\"x\",\"user\":\"anna\"}", "anna", true},
	    {"\"passport\":{\"user\":{\"id\":7}}", NULL, false},
	    {"\"passport\":{\"user\":null},\"gate\":{\"user\":\"anna\"}", NULL, true},
	    {"\"passport\":{}", NULL, false}, {"\"passport\":\"user\"", NULL, false},
	    {"\"passport\":[\"user\",\"x\"]", NULL, false},
	    {"\"passport\":[{\"user\":\"x\"}]", NULL, false}, {"\"user\":\"x\"", NULL, false},
	    {"\"passport.user\":\"x\"", NULL, false}};

	READ_ALL("passport.user", readings);
}

static void
test_read_again(void)
{
	ok(parse("username", "{" COOKIE ",\"username\":\"anna\",\"gate\":{\"created\":7.9}}") == 1,
	    "a record with both");
	ok(record.created == 7 && strcmp(record.user, "anna") == 0,
	    "created and the user are read");
	gate_record_release(&record);
	ok(record.user == NULL && !record.user_changed && record.created == 0,
	    "clear forgets them");
	is(record.user_member, "username", "but not what the caller filled in");
}

/* ---- what is written ---- */

static const struct gate_record_login annas = {
    .name = "anna", .address = "192.0.2.1", .agent = "curl \"8\"", .at = CREATED + 5};

struct writing {
	const char *member, *before, *after;
	int64_t created;
	bool login;
};

static void
write_all(const struct writing *writings, size_t count)
{
	char text[1024];

	for (size_t i = 0; i < count; i++) {
		const struct writing *w = &writings[i];

		snprintf(text, sizeof text, "{" COOKIE "%s}", w->before);
		parse(w->member, text);
		ok(gate_record_stamp_user(&record, w->created,
		       &(struct gate_record_policy){.login = w->login ? &annas : NULL}) == 0,
		    "stamp %zu: {%s}", i + 1, w->before);
		is(text_of(), w->after, "  what is written");
	}
}

#define LOGGED_IN                                                                                  \
	"\"user\":\"anna\",\"login\":1795253199617,\"address\":\"192.0.2.1\","                     \
	"\"agent\":\"curl \\\"8\\\"\"}}"

static void
test_stamp(void)
{
	static const struct writing writings[] = {
	    {NULL, "", "}", 0, false},
	    {NULL, ",\"gate\":{\"user\" : \"anna\", \"x\":0.10}",
		",\"gate\":{\"user\" : \"anna\", \"x\":0.10}}", 0, false},
	    {NULL, "", ",\"gate\":{\"created\":1795253199612}}", CREATED, false},
	    {NULL, ",\"gate\":{\"user\":5,\"x\":0.10}",
		",\"gate\":{\"user\":5,\"x\":0.10,\"created\":1795253199612}}", CREATED, false},
	    {NULL, ",\"gate\":7,\"a\":1", ",\"gate\":{\"created\":1795253199612},\"a\":1}", CREATED,
		false},
	    {NULL, "", ",\"gate\":{\"created\":1795253199612," LOGGED_IN, CREATED, true},
	    {NULL, ",\"gate\":{\"created\":1,\"user\":\"ben\",\"x\":0.10,\"agent\":null}",
		",\"gate\":{\"created\":1795253199612,\"user\":\"anna\",\"x\":0.10,\"agent\":"
		"\"curl \\\"8\\\"\",\"login\":1795253199617,\"address\":\"192.0.2.1\"}}",
		CREATED, true},
	    {NULL, ",\"gate\":{\"user\":\"x\",\"user\":\"y\"}", ",\"gate\":{" LOGGED_IN, 0, true},
	    {"username", ",\"username\":\"anna\"",
		",\"username\":\"anna\",\"gate\":{\"user\":\"anna\"}}", 0, false},
	    {"username", ",\"username\":\"\\u00e4\\n\"",
		",\"username\":\"\\u00e4\\n\",\"gate\":{\"user\":\"\xc3\xa4\\n\"}}", 0, false},
	    {"username", ",\"username\":5", ",\"username\":5,\"gate\":{\"user\":\"5\"}}", 0, false},
	    {"username", ",\"gate\":{\"user\":\"anna\",\"login\":1}", ",\"gate\":{\"user\":null}}",
		0, false},
	    {"username",
		",\"username\":\"anna\",\"gate\":{\"agent\":\"x\",\"created\":7,\"user\":\"ben\","
		"\"login\":1,\"address\":\"y\"}",
		",\"username\":\"anna\",\"gate\":{\"created\":7,\"user\":\"anna\"}}", 0, false},
	    {"username", ",\"username\":\"anna\",\"gate\":{\"user\":\"anna\"}",
		",\"username\":\"anna\",\"gate\":{\"user\":\"anna\"}}", 0, false},
	};

	write_all(writings, sizeof writings / sizeof *writings);
	ok(!record.user_changed && record.created == 0, "what is not new is not marked");
	parse(NULL, "{" COOKIE "}");
	gate_record_stamp_user(&record, CREATED, &(struct gate_record_policy){.login = &annas});
	ok(record.user_changed && strcmp(record.user, "anna") == 0 && record.user != annas.name &&
		record.created == CREATED,
	    "a login is: the index has to follow");
}

/* ---- what a session says ---- */

static json_t *
session_of(const char *text)
{
	return json_loads(text, JSON_ALLOW_NUL, NULL);
}

static void
test_session(void)
{
	static const struct {
		const char *session, *path, *user;
	} said[] = {{"{}", "username", NULL}, {"{\"username\":\"anna\"}", "username", "anna"},
	    {"{\"username\":5}", "username", "5"}, {"{\"username\":\"5\"}", "username", "5"},
	    {"{\"passport\":{\"user\":\"anna\"}}", "passport.user", "anna"},
	    {"{\"passport\":{\"user\":-1}}", "passport.user", "-1"},
	    {"{\"passport\":{}}", "passport.user", NULL},
	    {"{\"passport\":\"anna\"}", "passport.user", NULL},
	    {"{\"passport\":[{\"user\":\"anna\"}]}", "passport.user", NULL},
	    {"{\"passport.user\":\"anna\"}", "passport.user", NULL},
	    {"{\"pass\":{\"user\":\"anna\"}}", "passport.user", NULL}};

	parse("username", "{" COOKIE "}");
	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		json_t *session = session_of(said[i].session);

		ok(gate_record_is_user(&record, session, said[i].path, said[i].user) &&
			!gate_record_is_user(&record, session, said[i].path, "ben") &&
			gate_record_is_user(&record, session, said[i].path, NULL) ==
			    (said[i].user == NULL),
		    "%s in %s", said[i].path, said[i].session);
		json_decref(session);
	}
}

struct answer {
	const char *path, *members, *session;
	bool same; /* as who it was */
};

static void
ask_all(const struct answer *answers, size_t count)
{
	char text[512];

	for (size_t i = 0; i < count; i++) {
		json_t *shown, *session = session_of(answers[i].session);

		snprintf(text, sizeof text, "{" COOKIE ",%s}", answers[i].members);
		parse(answers[i].path, text);
		shown = gate_record_session(&record);
		ok(gate_record_is_user(&record, shown, answers[i].path, record.user),
		    "{%s} is what it is", answers[i].members);
		ok(gate_record_is_user(&record, session, answers[i].path, record.user) ==
			answers[i].same,
		    "  %s is %s", answers[i].session, answers[i].same ? "the same" : "not");
		json_decref(shown);
		json_decref(session);
	}
}

/* What is no name to us may be one to Node: a handler leaves it alone, too. */
static void
test_as_read(void)
{
	static const struct answer answers[] = {
	    {"username", "\"username\":\"anna\"", "{\"username\":\"anna\",\"n\":1}", true},
	    {"username", "\"username\":\"anna\"", "{\"username\":\"ben\"}", false},
	    {"username", "\"username\":\"anna\"", "{}", false},
	    {"username", "\"x\":1", "{\"username\":true}", false},
	    {"username", "\"x\":1", "{\"username\":null}", false},
	    {"username", "\"x\":1", "{\"username\":\"\"}", false},
	    {"username", "\"username\":true", "{\"username\":true,\"n\":1}", true},
	    {"username", "\"username\":true", "{\"username\":false}", false},
	    {"username", "\"username\":true", "{\"username\":\"anna\"}", false},
	    {"username", "\"username\":{\"id\":[1]}", "{\"username\":{\"id\":[1]}}", true},
	    {"username", "\"username\":{\"id\":[1]}", "{\"username\":{\"id\":[2]}}", false},
	    {"username", "\"username\":\"a\\u0000\"", "{\"username\":\"a\\u0000\"}", true},
	    {"username", "\"username\":\"a\\u0000\"", "{\"username\":\"a\"}", false},
	    {"username", "\"username\":\"\\ud800\"", "{\"n\":1}", true},
	    {"username", "\"username\":\"\\ud800\"", "{\"username\":\"anna\"}", false},
	    {"passport.user", "\"passport\":{\"user\":{\"id\":1}}",
		"{\"passport\":{\"x\":1,\"user\":{\"id\":1}}}", true},
	    {"passport.user", "\"passport\":{\"user\":{\"id\":1}}",
		"{\"passport\":{\"user\":{\"id\":2}}}", false},
	    {"passport.user", "\"passport\":{\"user\":\"anna\",\"big\":1e400}", "{\"n\":1}", true},
	    {"passport.user", "\"passport\":{\"user\":\"anna\",\"big\":1e400}",
		"{\"passport\":{\"user\":\"ben\"}}", false},
	    {"passport.user", "\"passport\":{\"user\":\"anna\",\"big\":1e400}", "{\"passport\":{}}",
		false}};

	ask_all(answers, sizeof answers / sizeof *answers);
}

static void
test_put(void)
{
	static const char *const put[][3] = {{"", "username", "{\"username\":\"anna\"}"},
	    {",\"username\":{\"a\":1},\"b\":2", "username", "{\"username\":\"anna\",\"b\":2}"},
	    {"", "passport.user", "{\"passport\":{\"user\":\"anna\"}}"},
	    {",\"passport\":{\"a\":1,\"user\":5,\"b\":2}", "passport.user",
		"{\"passport\":{\"a\":1,\"user\":\"anna\",\"b\":2}}"},
	    {",\"passport\":\"x\",\"b\":2", "passport.user",
		"{\"passport\":{\"user\":\"anna\"},\"b\":2}"},
	    {",\"passport\":null", "passport.user", "{\"passport\":{\"user\":\"anna\"}}"},
	    {",\"passport\":{\"lone\":\"\\ud800\"}", "passport.user",
		"{\"passport\":{\"user\":\"anna\"}}"}};
	char text[512], *shown;

	for (size_t i = 0; i < sizeof put / sizeof *put; i++) {
		json_t *session;

		snprintf(text, sizeof text, "{" COOKIE "%s}", put[i][0]);
		parse(put[i][1], text);
		session = gate_record_session(&record);
		ok(gate_record_put_user(&record, session, put[i][1], "anna") == 0,
		    "put %s into {%s}", put[i][1], put[i][0]);
		shown = json_dumps(session, JSON_COMPACT);
		is(shown, put[i][2], "  what it is then");
		ok(gate_record_is_user(&record, session, put[i][1], "anna"),
		    "  that is who is logged in");
		free(shown);
		json_decref(session);
	}
}

/* What else is in the object around it. */
static void
test_put_keeps(void)
{
	static const char *const put[][2] = {
	    {",\"passport\":{ \"a\" : 0.10,\"user\":5, \"b\":[ 1 ]},\"x\":0.10",
		",\"passport\":{\"a\":0.10,\"user\":\"anna\",\"b\":[ 1 ]},\"x\":0.10}"},
	    {",\"passport\":{\"a\":1.0e1}", ",\"passport\":{\"a\":1.0e1,\"user\":\"anna\"}}"},
	    {",\"p\\u0061ssport\":{\"us\\u0065r\":0,\"a\":1.0}",
		",\"p\\u0061ssport\":{\"us\\u0065r\":\"anna\",\"a\":1.0}}"},
	    {",\"passport\":{\"user\":\"x\",\"a\":1.0,\"user\":\"y\"}",
		",\"passport\":{\"user\":\"anna\",\"a\":1.0}}"}};
	struct gate_error error = {0};
	char text[512];

	for (size_t i = 0; i < sizeof put / sizeof *put; i++) {
		json_t *session;

		snprintf(text, sizeof text, "{" COOKIE "%s}", put[i][0]);
		parse("passport.user", text);
		session = gate_record_session(&record);
		gate_record_put_user(&record, session, "passport.user", "anna");
		ok(gate_record_merge(&record, session, &error) >= 0, "into {%s}", put[i][0]);
		is(text_of(), put[i][1], "  the rest stays byte for byte");
		json_decref(session);
	}
}

/* For another user: of the former one nothing is left, seen or not. */
static void
test_empty(void)
{
	struct gate_error error = {0};
	json_t *session;

	parse(NULL,
	    "{" COOKIE ",\"a\":1,\"lone\":\"\\ud800\",\"\\ud800\":2,\"gate\":{\"created\":7},"
	    "\"lastModified\":3,\"__lastAccess\":4,\"id\":5}");
	session = gate_record_session(&record);
	json_object_clear(session);
	gate_record_empty(&record);
	json_object_set_new(session, "lone", json_integer(6));
	ok(gate_record_merge(&record, session, &error) == 1, "emptied, and one set anew");
	is(text_of(), ",\"lone\":6,\"gate\":{\"created\":7},\"lastModified\":3,\"__lastAccess\":4}",
	    "  only what handlers don't see stays");
	json_decref(session);
}

int
main(void)
{
	test_own();
	test_member();
	test_member_inside();
	test_read_again();
	test_stamp();
	test_session();
	test_as_read();
	test_put();
	test_put_keeps();
	test_empty();
	gate_record_release(&record);
	return done();
}
