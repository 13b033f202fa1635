/* test_session_cookies.c: the session's cookie: when it is set again; what gate does with several,
 * with too many, and with one whose session can't be read. */
#include "config.h"

#include "base/error.h"
#include "fixture.h"
#include "crypto/id.h"
#include "session/session.h"
#include "store/file/file.h"

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

typedef void step(struct gate_transaction *);

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
	forget_end(&f, ID);
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

static struct gate_transaction
new_session(struct gate_store_link *store, struct gate_queue *queue)
{
	return (struct gate_transaction){.options = options,
	    .keys = f.config.keys,
	    .store = store,
	    .queue = queue,
	    .cookies = gate_buffer_text(&header),
	    .path = "/",
	    .now = NOW,
	    .deadline = gate_clock_monotonic() + 5000};
}

static struct gate_transaction seen; /* the last session, for what its fields say */

/* One request of one run; its Set-Cookie goes to `line`, and what was known of its session to
 * `seen`. */
static int
visit(struct gate_store_link *store, step *handler)
{
	struct gate_transaction s = new_session(store, &f.queue);
	struct gate_buffer out = {0};
	int result;

	listen_in(&f);
	gate_transaction_begin(&s);
	handler(&s);
	result = gate_transaction_save(&s);
	gate_transaction_set_cookie(&s, 0, &out);
	snprintf(line, sizeof line, "%s", gate_buffer_text(&out));
	gate_buffer_release(&out);
	seen = s;
	gate_transaction_release(&s);
	hear_out(&f);
	return result;
}

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void
look(struct gate_transaction *s)
{
	gate_transaction_json(s);
}

static void
renew(struct gate_transaction *s)
{
	gate_transaction_renew(s);
}

static void
look_while_renewed(struct gate_transaction *s)
{
	struct gate_transaction other = new_session(&f.link, &f.other_queue);

	gate_transaction_json(s);
	gate_transaction_begin(&other);
	renew(&other);
	ok(gate_transaction_save(&other) == 1, "meanwhile another request renews the session");
	gate_transaction_release(&other);
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

/* ---- what can't be read is not absent ---- */

static void
count_on(struct gate_transaction *s)
{
	json_object_set_new(gate_transaction_json(s), "n", json_integer(1));
}

static void
log_in(struct gate_transaction *s)
{
	static const struct gate_record_login anna = {"anna", "192.0.2.1", NULL, NOW, 0};

	gate_transaction_log_in(s, &anna, 0);
}

static void
log_out(struct gate_transaction *s)
{
	gate_transaction_destroy(s);
}

static int
try(step *handler)
{
	return visit(&f.link, handler);
}

static int
status(void)
{
	const char *text;

	return gate_transaction_refusal_status(&seen, &text);
}

static void
send_ids(const char *const *ids)
{
	gate_buffer_reset(&header);
	for (; *ids != NULL; ids++)
		add_cookie(&header, f.config.keys, *ids);
}

#define SEND(...) send_ids((const char *const[]){__VA_ARGS__, NULL})

/* It stays, cookie and all; nobody is logged in; a change is refused. */
static void
test_unclear(enum gate_session_refusal why, int records, const char *event, const char *what)
{
	ok(try(look) == 1 && seen.state == GATE_SESSION_UNCLEAR && seen.refusal == why &&
		line[0] == '\0',
	    "%s: nobody's, and no Set-Cookie", what);
	ok(has(f.logged, event), "  a log line");
	ok(try(count_on) == -1 && status() == 409 && line[0] == '\0' &&
		count_records(&f, false) == records,
	    "  a change is refused, and nothing is written");
}

/* A login begins anew. */
static void
test_doubt(enum gate_session_refusal why, int records, const char *event, const char *what)
{
	char id[GATE_ID_MAX + 1], text[TEXT_MAX];

	test_unclear(why, records, event, what);
	ok(try(log_in) == 1 && has(get_record(&f, id_in(&f, line, id), text), "\"anna\""),
	    "  a login makes its own");
}

static void
test_unreadable(void)
{
	static char huge[(1 << 20) + 2];
	char text[TEXT_MAX];

	memset(huge, ' ', sizeof huge - 1);
	memcpy(huge, "{\"cookie\":{}}", 13);
	defaults();
	put_record(&f, ID, huge);
	test_doubt(GATE_SESSION_UNREADABLE, 1, "event=session-unreadable", "a record over 1 MiB");
	ok(count_records(&f, false) == 1 && !has(get_record(&f, ID, text), "cookie"),
	    "  and ends what can't be read");
	defaults();
	put_record(&f, ID, "{\"cookie\":{},");
	ok(try(renew) == -1 && status() == 409 && line[0] == '\0' && count_records(&f, false) == 1,
	    "what can't be read gets no new id");
	test_doubt(GATE_SESSION_UNREADABLE, 1, "event=session-unreadable", "a malformed one");
	defaults();
	put_record(&f, ID, huge);
	ok(try(log_out) == 1 && has(line, "; Max-Age=0;") && count_records(&f, false) == 0,
	    "logout ends one that can't be read, and clears the cookie");
	seed("live", NOW, AGE, "");
	put_record(&f, ID, "{");
	SEND("live", ID);
	ok(try(look) == 1 && seen.state == GATE_SESSION_UNCLEAR,
	    "one that can't be read may be another user's than the live one");
	defaults();
	put_record(&f, ID, "");
	ok(try(count_on) == 1 && seen.state == GATE_SESSION_NEW && line[0] != '\0',
	    "what a file held that a crash left empty is known to be gone");
}

#define USER(name) "\"username\":\"" name "\","

static void
test_several_users(void)
{
	char member[] = "username", *usual = options->user_member;

	options->user_member = member;
	defaults();
	seed("annas", NOW, AGE, USER("anna"));
	seed("bens", NOW, AGE, USER("ben"));
	SEND("annas", "bens");
	test_doubt(GATE_SESSION_OF_SEVERAL, 2, "event=cookies-of-several-users", "of two users");
	ok(count_records(&f, false) == 1 && has(f.logged, "event=session-ended"),
	    "  and ends both, by the log");
	options->user_member = usual;
}

/* How many of them are remembered as ended. */
static int
count_ended(const char *const *ids)
{
	int count = 0;

	for (; *ids != NULL; ids++)
		count += gate_store_was_ended(&f.link, *ids, NULL) == 1;
	return count;
}

static void
test_too_many(void)
{
	const char *ids[GATE_SESSION_IDS + 2] = {NULL};
	static char names[GATE_SESSION_IDS + 1][16];
	unsigned long loads;

	defaults();
	for (int i = 0; i <= GATE_SESSION_IDS; i++) {
		snprintf(names[i], sizeof names[i], "id%d", i);
		ids[i] = names[i];
		seed(ids[i], NOW, AGE, "");
	}
	send_ids(ids + 1);
	loads = f.link.calls[GATE_STORE_LOAD];
	ok(try(look) == 1 && seen.state == GATE_SESSION_LOADED &&
		f.link.calls[GATE_STORE_LOAD] - loads == GATE_SESSION_IDS,
	    "sixteen ids are looked up");
	send_ids(ids);
	loads = f.link.calls[GATE_STORE_LOAD];
	test_unclear(GATE_SESSION_TOO_MANY, GATE_SESSION_IDS + 1, "event=cookies-of-many-sessions",
	    "seventeen ids");
	ok(try(log_in) == -1 && status() == 409 && line[0] == '\0' &&
		count_records(&f, false) == GATE_SESSION_IDS + 1,
	    "  so is a login, whose cookie would be one of too many");
	ok(f.link.calls[GATE_STORE_LOAD] == loads, "  none of them is looked up");
	ok(try(log_out) == 1 && has(line, "; Max-Age=0;") && count_records(&f, false) == 1 &&
		f.link.calls[GATE_STORE_LOAD] - loads == GATE_SESSION_IDS,
	    "  until a logout ends sixteen");
	ok(count_ended(ids) == 0, "  whose ids nobody remembers, as nobody was logged in by them");
	ok(try(log_out) == 1 && count_records(&f, false) == 1 && count_ended(ids) == 0,
	    "  nor does another logout remember those that are gone");
	send_ids(ids + 1);
	ok(try(look) == 1 && try(log_in) == -1 && status() == 409 && line[0] == '\0',
	    "a login beside sixteen: its cookie might be the seventeenth");
	send_ids(ids + 2);
	ok(try(log_in) == 1 && line[0] != '\0' && count_records(&f, false) == 1,
	    "beside fifteen it does what it says");
}

/* ---- several sessions of one browser ---- */

static void
test_logout_of_all(void)
{
	static char domain[] = "example.com", path[] = "/app";
	char *usual = options->cookie_path, all[TEXT_MAX] = "";
	struct gate_buffer out = {0};
	struct gate_transaction s;
	int lines = 0;

	defaults();
	seed("host", NOW, AGE, "");
	seed("domain", NOW, AGE, "");
	seed("others", NOW, AGE, "");
	SEND("host", "domain", "dead");
	options->cookie_domain = domain;
	options->cookie_path = path;
	s = new_session(&f.link, &f.queue);
	s.path = "/app/logout";
	gate_transaction_begin(&s);
	log_out(&s);
	listen_in(&f);
	ok(gate_transaction_save(&s) == 1 && count_records(&f, false) == 1,
	    "logout ends every session that the request proves, and no other");
	hear_out(&f);
	for (; gate_transaction_set_cookie(&s, lines, &out) == 1; lines++)
		gate_buffer_puts(&out, "\n");
	snprintf(all, sizeof all, "%s", gate_buffer_text(&out));
	ok(lines == 4 && has(all, "=; Max-Age=0; Domain=example.com; Path=/app; ") &&
		has(all, "=; Max-Age=0; Path=/app; ") &&
		has(all, "=; Max-Age=0; Domain=example.com; Path=/; ") &&
		has(all, "=; Max-Age=0; Path=/; "),
	    "and clears the cookie of host and domain, at path and root");
	gate_buffer_release(&out);
	gate_transaction_release(&s);
	options->cookie_path = usual;
}

static void
test_login_over_others(void)
{
	char id[GATE_ID_MAX + 1];

	defaults();
	seed("older", NOW, AGE, "");
	seed("newer", NOW, AGE, "");
	SEND("older", "newer");
	ok(try(renew) == 1 && count_records(&f, false) == 2, "a renewal leaves the other session");
	count_records(&f, true);
	forget_end(&f, "older");
	forget_end(&f, "newer");
	seed("older", NOW, AGE, "");
	seed("newer", NOW, AGE, "");
	ok(try(log_in) == 1 && count_records(&f, false) == 1 && id_in(&f, line, id)[0] != '\0',
	    "a login ends it");
}

/* ---- the header ---- */

static void
test_limits(void)
{
	unsigned long loads = f.link.calls[GATE_STORE_LOAD];

	defaults();
	seed(ID, NOW, AGE, "");
	gate_buffer_puts(&header, "; a=");
	while (header.length < GATE_COOKIE_HEADER_MAX)
		gate_buffer_puts(&header, "x");
	ok(try(look) == 1 && seen.state == GATE_SESSION_LOADED, "64 KiB of cookies: known");
	gate_buffer_puts(&header, "x");
	loads = f.link.calls[GATE_STORE_LOAD];
	ok(try(look) == -1 && seen.state == GATE_SESSION_REFUSED && status() == 431 &&
		line[0] == '\0' && f.link.calls[GATE_STORE_LOAD] == loads,
	    "more: 431, and nothing is asked, written or set");
	ok(has(f.logged, "event=cookies-too-large"), "  a log line");
	ok(try(log_in) == -1 && try(log_out) == -1 && count_records(&f, false) == 1,
	    "  for login and logout, too");
	gate_buffer_reset(&header);
	for (int i = 1; i < GATE_COOKIE_PAIRS_MAX; i++)
		gate_buffer_puts(&header, "a=; ");
	add_cookie(&header, f.config.keys, ID);
	ok(try(look) == 1 && seen.state == GATE_SESSION_LOADED, "the last of 1024 pairs: known");
	gate_buffer_puts(&header, "; a=");
	ok(try(look) == -1 && status() == 431, "1025: 431");
}

static void
test_withheld(void)
{
	struct gate_transaction s;
	static const char *const whens[] = {
	    "from another site", "from our own", "with our cookie", "for Lax cookies"};

	for (int i = 0; i < 4; i++) {
		defaults();
		if (i != 2)
			gate_buffer_reset(&header);
		options->cookie_same_site = i != 3 ? GATE_SAME_SITE_STRICT : GATE_SAME_SITE_LAX;
		s = new_session(&f.link, &f.queue);
		s.from_elsewhere = i != 1;
		gate_transaction_begin(&s);
		count_on(&s);
		ok((gate_transaction_save(&s) == -1) == (i == 0) &&
			(s.refusal == GATE_SESSION_WITHHELD) == (i == 0) &&
			count_records(&f, true) == (i != 0),
		    "a Strict cookie that is not there, %s: %s", whens[i],
		    i == 0 ? "nothing is known or stored" : "a stranger");
		gate_transaction_release(&s);
	}
	options->cookie_same_site = GATE_SAME_SITE_LAX;
}

/* A page may ask when its session ends, as often as it likes: that decides nothing. */
static void
test_end_time(void)
{
	struct gate_transaction s, before;
	int64_t ends;

	defaults();
	seed(ID, NOW - MINUTE, "\"originalMaxAge\":3600000", "");
	s = new_session(&f.link, &f.queue);
	gate_transaction_begin(&s);
	gate_transaction_json(&s);
	json_object_set_new(s.json, "name", json_true());
	before = s;
	ends = gate_transaction_end_time(&s);
	ok(ends > NOW && gate_transaction_end_time(&s) == ends,
	    "when it ends, as a commit would leave it");
	ok(memcmp(&before, &s, sizeof s) == 0, "asking changes nothing");
	gate_transaction_release(&s);
	count_records(&f, true);
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
	test_unreadable();
	test_several_users();
	test_too_many();
	test_logout_of_all();
	test_login_over_others();
	test_limits();
	test_withheld();
	test_end_time();
	gate_buffer_release(&header);
	options->cookie_domain = own;
	fixture_close(&f);
	return done();
}
