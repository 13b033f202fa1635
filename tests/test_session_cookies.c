/* test_session_cookies.c: our cookie and what it stands for: when it is sent again. */
#include "config.h"

#include "error.h"
#include "fixture.h"
#include "session.h"

#define NOW INT64_C(1795253199612) /* 2026-11-21T09:26:39.612Z */
#define MINUTE (INT64_C(60) * 1000)
#define HOUR (60 * MINUTE)
#define ID "yR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK"

static struct fixture f;
static struct gate_options *options;
static struct gate_store_link odd; /* the same records; a touch answers what touch_answer says */
static struct gate_store odd_table;
static int touch_answer;
static char nowhere[] = "", elsewhere[] = "other.example.com"; /* for cookie_domain */
static struct gate_buffer header; /* the Cookie header of the next request */
static char line[TEXT_MAX];       /* the Set-Cookie of the last one */

typedef void step(struct gate_session *);

/* ---- helpers ---- */

static int
touch(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	(void)store;
	(void)id;
	(void)record;
	return touch_answer == -1 ? gate_fail(error, GATE_ESTORE, "no") : touch_answer;
}

static void
defaults(void)
{
	options->cookie_domain = nowhere;
	options->rolling = options->resave = false;
	count_records(&f, true);
	forget_renewal(&f, ID);
	gate_buffer_reset(&header);
	add_cookie(&header, f.config.keys, ID);
}

/* A record with these members of its cookie, touched at `touched`. */
static void
seed(const char *id, int64_t touched, const char *cookie, const char *members)
{
	char text[1024];

	snprintf(text, sizeof text,
	    "{\"cookie\":{%s},%s\"gate\":{\"created\":%" PRId64 "},\"__lastAccess\":%" PRId64 "}",
	    cookie, members, NOW - HOUR, touched);
	put_record(&f, id, text);
}

static struct gate_session
new_session(struct gate_store_link *store, struct gate_queue *queue)
{
	return (struct gate_session){.options = options,
	    .keys = f.config.keys,
	    .store = store,
	    .queue = queue,
	    .cookies = gate_buffer_text(&header),
	    .path = "/",
	    .now = NOW,
	    .deadline = gate_clock_monotonic() + 5000};
}

/* One request of one run; its Set-Cookie goes to `line`. */
static int
visit(struct gate_store_link *store, step *handler)
{
	struct gate_session s = new_session(store, &f.queue);
	struct gate_buffer out = {0};
	int result;

	listen_in(&f);
	gate_session_begin(&s);
	handler(&s);
	result = gate_session_save(&s);
	gate_session_set_cookie(&s, &out);
	snprintf(line, sizeof line, "%s", gate_buffer_text(&out));
	gate_buffer_release(&out);
	gate_session_end(&s);
	hear_out(&f);
	return result;
}

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void
look(struct gate_session *s)
{
	gate_session_json(s);
}

static void
renew(struct gate_session *s)
{
	gate_session_ask_renew(s);
}

static void
look_while_renewed(struct gate_session *s)
{
	struct gate_session other = new_session(&f.link, &f.other_queue);

	gate_session_json(s);
	gate_session_begin(&other);
	renew(&other);
	ok(gate_session_save(&other) == 1, "meanwhile another request renews the session");
	gate_session_end(&other);
}

/* ---- a touch prolongs the cookie ---- */

#define AGE "\"originalMaxAge\":3600000,\"httpOnly\":true"

static void
test_touch(void)
{
	defaults();
	seed(ID, NOW - 10 * MINUTE, AGE ",\"path\":\"/\"", "");
	ok(visit(&f.link, look) == 1 &&
		has(line, "; Path=/; Expires=Sat, 21 Nov 2026 10:26:39 GMT"),
	    "a touch of a session whose cookie has an age sends the cookie");
	ok(!has(line, "Domain"), "for this host alone, as the record says");
	visit(&f.link, look);
	is(line, "", "just touched: nothing");

	seed(ID, NOW - 10 * MINUTE, AGE ",\"domain\":\"example.com\",\"path\":\"/\"", "");
	options->cookie_domain = elsewhere;
	visit(&f.link, look);
	ok(has(line, "; Domain=example.com; Path=/; Expires="),
	    "in the place that the record says, whatever the options do now");
	seed(ID, NOW - 10 * MINUTE, AGE ",\"domain\":\"a b\",\"path\":7", "");
	visit(&f.link, look);
	ok(has(line, "; Domain=other.example.com; Path=/; Expires="),
	    "the options' where the record says nothing that can be one");
	defaults();
	seed(ID, NOW - 10 * HOUR, "\"originalMaxAge\":null,\"expires\":null", "");
	visit(&f.link, look);
	is(line, "", "a cookie without an age is not sent again");
}

static void
test_touch_without_effect(void)
{
	static const int answers[] = {GATE_CONFLICT, 0, -1};

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		defaults();
		seed(ID, NOW - 10 * MINUTE, AGE, "");
		touch_answer = answers[i];
		ok(visit(&odd, look) == 1 && line[0] == '\0',
		    "a touch that is answered by %d sends no cookie", touch_answer);
	}
	touch_answer = 1;
	visit(&odd, look);
	ok(line[0] != '\0', "one that is answered by 1 does");
	defaults();
	seed(ID, NOW - 10 * MINUTE, AGE, "");
	visit(&f.link, look_while_renewed);
	is(line, "", "the old cookie does not come back over the new one");
}

int
main(void)
{
	char *own;

	fixture_open(&f);
	options = &f.config.options;
	own = options->cookie_domain;
	odd_table = gate_store_file;
	odd_table.touch = touch;
	odd.table = &odd_table;
	odd.store = f.link.store;
	test_touch();
	test_touch_without_effect();
	gate_buffer_release(&header);
	options->cookie_domain = own;
	fixture_close(&f);
	return done();
}
