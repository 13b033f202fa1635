/* test_session.c: the session's transaction: which cookie counts, what is written when, limits,
 * conflicts, failing stores. Its decisions are compared with express-session's in
 * test_session_table.c. */
#include "config.h"

#include "base/date.h"
#include "base/error.h"
#include "fixture.h"
#include "crypto/id.h"
#include "session/session.h"
#include "store/file/file.h"

#define NOW INT64_C(1795253199612) /* 2026-11-21T09:26:39.612Z */
#define MINUTE (INT64_C(60) * 1000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define ID "yR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK"
#define RUNS_MAX 5

static struct fixture f;
static struct gate_options *options;
static struct gate_store_link *used; /* the store of the next session */
static struct gate_buffer header;    /* its Cookie header */
static int64_t now;                  /* its time */
static int runs;                     /* of the handler that run() called */

typedef void step(struct gate_session *);

/* ---- helpers ---- */

static void
defaults(void)
{
	options->max_age = HOUR;
	options->ttl = 14 * DAY;
	options->touch_after = MINUTE;
	options->absolute_timeout = 30 * DAY;
	options->rolling = options->resave = options->save_uninitialized = false;
	options->cookie_secure = GATE_AUTO;
	options->cookie_same_site = GATE_SAME_SITE_LAX;
	count_records(&f, true);
	forget_end(&f, ID);
	gate_buffer_reset(&header);
	used = &f.link;
	now = NOW;
}

/* A record as gate keeps it, with a session that began at `created` (0: before it met gate). */
static void
seed(const char *id, int64_t touched, int64_t created, const char *members)
{
	char text[1024], gate[64] = "", date[GATE_ISO_LENGTH + 1];

	gate_iso_date(date, touched + HOUR);
	if (created != 0)
		snprintf(gate, sizeof gate, ",\"gate\":{\"created\":%" PRId64 "}", created);
	snprintf(text, sizeof text,
	    "{\"cookie\":{\"originalMaxAge\":3600000,\"expires\":\"%s\",\"httpOnly\":true,\"path\":"
	    "\"/\"}"
	    "%s%s%s,\"__lastAccess\":%" PRId64 "}",
	    date, members[0] != '\0' ? "," : "", members, gate, touched);
	put_record(&f, id, text);
}

static void
send_only(const char *id)
{
	gate_buffer_reset(&header);
	add_cookie(&header, f.config.keys, id);
}

static struct gate_session
new_session(void)
{
	return (struct gate_session){.options = options,
	    .keys = f.config.keys,
	    .store = used,
	    .queue = &f.queue,
	    .cookies = gate_buffer_text(&header),
	    .path = "/",
	    .now = now,
	    .deadline = gate_clock_monotonic() + 5000};
}

/* The handler, as often as it takes. The caller ends the session. */
static int
run(struct gate_session *s, step *handler)
{
	int result;

	*s = new_session();
	runs = 0;
	do {
		runs++;
		gate_session_begin(s);
		handler(s);
		result = gate_session_save(s);
	} while (result == GATE_CONFLICT && runs < RUNS_MAX && gate_session_wait(s));
	return result;
}

/* Another request of the same browser, from its beginning to its end. */
static int
meanwhile(step *handler)
{
	struct gate_session s = new_session();
	int result;

	s.queue = &f.other_queue;
	gate_session_begin(&s);
	handler(&s);
	result = gate_session_save(&s);
	gate_session_end(&s);
	return result;
}

/* run() and end; with `line` (TEXT_MAX bytes) the Set-Cookie. */
static int
visit(step *handler, char *line)
{
	struct gate_buffer out = {0};
	struct gate_session s;
	int result;

	listen_in(&f);
	result = run(&s, handler);
	if (line != NULL) {
		gate_session_set_cookie(&s, 0, &out);
		snprintf(line, TEXT_MAX, "%s", gate_buffer_text(&out));
		gate_buffer_release(&out);
	}
	gate_session_end(&s);
	hear_out(&f);
	return result;
}

static unsigned long
calls(void)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < GATE_STORE_CALLS; i++)
		sum += used->calls[i];
	return sum;
}

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* Does the record hold this? */
static bool
record_has(const char *id, const char *part)
{
	char text[TEXT_MAX];

	return has(get_record(&f, id, text), part);
}

static int64_t
number(struct gate_session *s, const char *name)
{
	return json_integer_value(json_object_get(gate_session_json(s), name));
}

/* ---- handlers ---- */

static enum gate_session_state seen_state;
static int64_t seen_n, seen_end;

static void
look(struct gate_session *s)
{
	seen_n = number(s, "n");
	seen_state = s->state;
	seen_end = gate_session_end_time(s);
}

static void
add_one(struct gate_session *s)
{
	json_object_set_new(gate_session_json(s), "n", json_integer(number(s, "n") + 1));
	look(s);
}

static void
set_other(struct gate_session *s)
{
	json_object_set_new(gate_session_json(s), "other", json_true());
}

static void
renew(struct gate_session *s)
{
	gate_session_ask_renew(s);
	look(s);
}

static void
destroy(struct gate_session *s)
{
	gate_session_ask_destroy(s);
}

static step *first_meanwhile; /* what another request does during the first run */

static void
disturbed_add_one(struct gate_session *s)
{
	look(s);
	if (runs == 1)
		meanwhile(first_meanwhile);
	add_one(s);
}

static void
disturbed_renew(struct gate_session *s)
{
	look(s);
	if (runs == 1)
		meanwhile(first_meanwhile);
	renew(s);
}

static void
disturbed_look(struct gate_session *s)
{
	look(s);
	if (runs == 1)
		meanwhile(first_meanwhile);
}

/* ---- touch_after ---- */

static struct stat
stat_of(const char *id)
{
	struct stat st = {0};
	char path[256];

	path_of(&f, id, path);
	stat(path, &st);
	return st;
}

static void
test_touch_window(void)
{
	char before[TEXT_MAX], after[TEXT_MAX];
	struct stat then, later;
	unsigned long loads, sum;

	defaults();
	seed(ID, NOW, NOW - DAY, "\"n\":1");
	send_only(ID);
	get_record(&f, ID, before);
	then = stat_of(ID);
	loads = f.link.calls[GATE_STORE_LOAD];
	sum = calls();
	now = NOW + MINUTE - 1;
	for (int i = 0; i < 100; i++)
		visit(look, NULL);
	later = stat_of(ID);
	ok(calls() - sum == 100 && f.link.calls[GATE_STORE_LOAD] - loads == 100,
	    "inside the window 100 requests are 100 loads and no other call");
	ok(then.st_mtim.tv_sec == later.st_mtim.tv_sec &&
		then.st_mtim.tv_nsec == later.st_mtim.tv_nsec &&
		then.st_ctim.tv_nsec == later.st_ctim.tv_nsec && then.st_ino == later.st_ino,
	    "and the file's times stay");
	is(get_record(&f, ID, after), before, "and its bytes");

	now = NOW + MINUTE;
	sum = f.link.calls[GATE_STORE_TOUCH];
	visit(look, NULL);
	ok(f.link.calls[GATE_STORE_TOUCH] - sum == 1, "at its end: one touch");
	seed("wanted", now, NOW - DAY, "\"n\":1");
	is(get_record(&f, ID, after), get_record(&f, "wanted", before),
	    "that rewrites cookie.expires and __lastAccess alone");
	ok(seen_end == now + HOUR, "and the handler knew when the session will end");
}

/* As if the clock had been ahead by a year when all of it was written. */
static void
test_ahead(void)
{
	int64_t year = 365 * DAY, began = NOW - 1;
	char line[TEXT_MAX], text[80], id[GATE_ID_MAX + 1];
	unsigned long sum;

	defaults();
	seed(ID, NOW + year, NOW + year, "\"n\":1");
	send_only(ID);
	ok(visit(look, line) == 1 && seen_state == GATE_SESSION_LOADED && seen_end == NOW + HOUR,
	    "a record of a clock that was ahead: it ends its lifetime from now");
	snprintf(text, sizeof text, "\"created\":%" PRId64 "}", began);
	ok(record_has(ID, text), "  it began now, the record says");
	snprintf(text, sizeof text, "\"__lastAccess\":%" PRId64 "}", NOW);
	ok(record_has(ID, text) && record_has(ID, "\"expires\":\"2026-11-21T10:26:39.612Z\""),
	    "  and was touched now");
	ok(has(line, "; Max-Age=3600; Path=/; Expires=Sat, 21 Nov 2026 10:26:39 GMT;"),
	    "  the browser hears of its end, by its own clock, too");
	sum = calls();
	visit(look, line);
	ok(calls() - sum == 1 && line[0] == '\0', "the next request is a load only");
	for (now = NOW; now < began + 30 * DAY - HOUR / 2; now += HOUR / 2)
		visit(look, NULL);
	ok(seen_state == GATE_SESSION_LOADED && seen_end == began + 30 * DAY,
	    "used all the time it lives");
	now = began + 30 * DAY;
	visit(look, NULL);
	ok(seen_state == GATE_SESSION_NEW, "until absolute_timeout is over");

	defaults();
	options->max_age = 0;
	seed(ID, NOW + year, NOW + year, "\"n\":1");
	send_only(ID);
	ok(visit(renew, line) == 1 && line[0] != '\0' && !record_has(ID, "{"),
	    "a renewal of such a one");
	id_in(&f, line, id);
	snprintf(text, sizeof text, "\"created\":%" PRId64 "}", began);
	ok(record_has(id, text), "  begins now, too");

	defaults();
	seed(ID, NOW + 30000, NOW + 30000, "\"n\":1");
	send_only(ID);
	sum = calls();
	ok(visit(look, line) == 1 && calls() - sum == 1 && line[0] == '\0',
	    "half a minute ahead is another host's clock: left as it is");
}

/* Is a request `after` ms behind the last touch one that touches? */
static bool
touches(int64_t after)
{
	unsigned long before = f.link.calls[GATE_STORE_TOUCH];

	seed(ID, NOW, NOW - DAY, "\"n\":1");
	now = NOW + after;
	visit(look, NULL);
	return f.link.calls[GATE_STORE_TOUCH] - before == 1;
}

static void
test_touch_sizes(void)
{
	defaults();
	send_only(ID);
	options->touch_after = HOUR;
	ok(!touches(6 * MINUTE - 1) && touches(6 * MINUTE), "a tenth of the lifetime is the most");
	options->touch_after = 1000;
	ok(!touches(999) && touches(1000), "touch_after is, where that is less");
	options->touch_after = 0;
	ok(touches(0), "0: always");
	put_record(&f, ID,
	    "{\"cookie\":{\"originalMaxAge\":null,\"expires\":null},\"__lastAccess\":"
	    "1795253199612}");
	options->touch_after = 2 * DAY;
	now = NOW + DAY;
	visit(look, NULL);
	ok(record_has(ID, ":1795253199612}"), "without a lifetime of its own ttl counts: 1.4 days");
	now = NOW + DAY + 10 * HOUR;
	visit(look, NULL);
	ok(record_has(
	       ID, "{\"cookie\":{\"originalMaxAge\":null,\"expires\":null},\"__lastAccess\":17953"),
	    "and the cookie of such a record stays without a date");
	ok(!record_has(ID, ":1795253199612}"), "when it is over, __lastAccess moves");
}

/* ---- idle and absolute limit ---- */

static bool
lives(void)
{
	visit(look, NULL);
	return seen_state == GATE_SESSION_LOADED && seen_n == 1;
}

static void
test_idle_limit(void)
{
	char line[TEXT_MAX];

	defaults();
	seed(ID, NOW, NOW - DAY, "\"n\":1");
	send_only(ID);
	options->touch_after = 10 * DAY;
	now = NOW + HOUR + 1;
	ok(!lives() && seen_state == GATE_SESSION_NEW, "1 ms over the idle limit: dead");
	visit(look, line);
	is(line, "", "and nothing is said about its cookie");
	now = NOW + HOUR - 1;
	ok(lives(), "1 ms before: alive");
	ok(seen_end == now + HOUR, "the touch starts it anew");
	now = NOW + HOUR - 1 + HOUR - 1;
	ok(lives(), "so it lives on");
	put_record(&f, ID,
	    "{\"cookie\":{\"originalMaxAge\":null,\"expires\":null},\"n\":1,"
	    "\"__lastAccess\":1795253199612}");
	now = NOW + 14 * DAY - 1;
	options->touch_after = 0;
	ok(lives() && seen_end == 0,
	    "a record without a lifetime lives ttl, its cookie with the browser");
	now += 14 * DAY + 1;
	ok(!lives(), "and no longer");
}

static void
test_absolute_limit(void)
{
	int64_t created = NOW - 10 * MINUTE, end;
	int visits = 0;

	defaults();
	options->absolute_timeout = 12 * HOUR;
	options->touch_after = 0;
	seed(ID, NOW, created, "\"n\":1");
	send_only(ID);
	while (lives() && visits++ < 1000)
		now += MINUTE;
	ok(now >= created + 12 * HOUR && now <= created + 12 * HOUR + MINUTE,
	    "under a visit a minute the session dies at the absolute limit");
	seed(ID, created + 12 * HOUR - 30 * MINUTE, created, "\"n\":1");
	now = end = created + 12 * HOUR;
	ok(!lives(), "at the limit it is dead");
	now--;
	ok(lives() && seen_end == end, "1 ms before it lives, and knows its end");
}

static void
make_it_long(struct gate_session *s)
{
	add_one(s);
	gate_session_ask_max_age(s, 20 * DAY);
	look(s);
}

static void
make_it_endless(struct gate_session *s)
{
	add_one(s);
	gate_session_ask_max_age(s, INT64_MAX);
	look(s);
}

static void
test_clamp(void)
{
	char line[TEXT_MAX], date[GATE_HTTP_DATE_LENGTH + 1], wanted[80];
	int64_t created = NOW - 29 * DAY;

	defaults();
	seed(ID, NOW, created, "\"n\":1");
	send_only(ID);
	visit(make_it_long, line);
	gate_http_date(date, created + 30 * DAY);
	snprintf(wanted, sizeof wanted, "; Expires=%s", date);
	ok(has(line, wanted) && seen_end == created + 30 * DAY,
	    "a longer lifetime is cut at the absolute limit: the cookie");
	ok(record_has(ID, "\"originalMaxAge\":1728000000,\"expires\":\"2026-11-22T09:26:39.612Z\""),
	    "and the record");
	options->absolute_timeout = 0;
	visit(make_it_endless, line);
	ok(record_has(ID, "\"originalMaxAge\":34560000000,") && seen_end == NOW + 400 * DAY,
	    "without that limit no lifetime is longer than 400 days");
}

static void
test_created(void)
{
	defaults();
	send_only(ID);
	seed(ID, NOW - 10 * MINUTE, 0, "\"n\":1");
	visit(look, NULL);
	ok(record_has(ID, ":1795253199612}") && !record_has(ID, "created"),
	    "a record without gate.created is touched without it");
	visit(add_one, NULL);
	ok(record_has(ID, "\"gate\":{\"created\":1795253199611}"), "and gets it at the next write");
	now += MINUTE / 2;
	visit(add_one, NULL);
	ok(record_has(ID, "\"gate\":{\"created\":1795253199611}"), "where it stays");
	seed(ID, NOW - 40 * DAY, NOW - 40 * DAY, "\"n\":1");
	ok(!lives(), "what is older than the absolute limit is dead");
}

/* ---- our cookie ---- */

static void
send_raw(const char *value)
{
	gate_buffer_puts(&header, header.length > 0 ? "; connect.sid=" : "connect.sid=");
	gate_buffer_puts(&header, value);
}

static void
test_candidates(void)
{
	defaults();
	seed("older", NOW, NOW - DAY, "\"n\":1");
	seed("newer", NOW, NOW - HOUR, "\"n\":2");
	seed("nodes", NOW, 0, "\"n\":3");
	send_only("older");
	add_cookie(&header, f.config.keys, "newer");
	visit(look, NULL);
	ok(seen_n == 2, "of two live anonymous sessions the newest counts");
	send_only("newer");
	add_cookie(&header, f.config.keys, "older");
	add_cookie(&header, f.config.keys, "nodes");
	visit(look, NULL);
	ok(seen_n == 2, "in any order, and before one without a birthday");
	send_only("dead");
	add_cookie(&header, f.config.keys, "older");
	visit(look, NULL);
	ok(seen_n == 1, "dead, live: the live one");
	send_only("older");
	add_cookie(&header, f.config.keys, "dead");
	visit(look, NULL);
	ok(seen_n == 1, "live, dead: the live one");
	gate_buffer_reset(&header);
	send_raw("s%3Aolder.bad");
	send_raw("unsigned");
	add_cookie(&header, f.config.keys, "older");
	visit(look, NULL);
	ok(seen_n == 1, "bad, unsigned, good: the good one");
	send_raw("s%3Anewer.bad");
	visit(look, NULL);
	ok(seen_n == 1, "and with one more bad one behind it");
	ok(count_records(&f, false) == 3, "nobody was removed or made");
}

static void
test_candidate_limits(void)
{
	unsigned long loads;

	defaults();
	seed("older", NOW, NOW - DAY, "\"n\":1");
	for (int i = 0; i < GATE_COOKIE_PAIRS_MAX - 1; i++)
		send_raw(i % 2 == 0 ? "junk" : "s%3Aolder.bad");
	add_cookie(&header, f.config.keys, "older");
	loads = calls();
	visit(look, NULL);
	ok(seen_n == 1 && calls() - loads == 1,
	    "a thousand worthless cookies in front hide nothing");
	gate_buffer_reset(&header);
	for (int i = 0; i < GATE_SESSION_IDS + 3; i++)
		add_cookie(&header, f.config.keys, "older");
	loads = calls();
	visit(look, NULL);
	ok(seen_n == 1 && calls() - loads == 1, "the same id again and again: one load");
	gate_buffer_reset(&header);
	gate_buffer_puts(&header, "other=1; Connect.sid=s%3Aolder; connect.sid");
	loads = calls();
	visit(look, NULL);
	ok(seen_state == GATE_SESSION_NEW && calls() == loads,
	    "other names and no value: none of ours");
}

/* ---- users, of a store that knows some ---- */

static int
load_with_user(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	int result = gate_store_file.load(store, id, record, error);

	if (result == 1 && strncmp(id, "zoe", 3) == 0)
		record->user = "zoe";
	if (result == 1 && strncmp(id, "max", 3) == 0)
		record->user = "max";
	return result;
}

static void
test_users(void)
{
	struct gate_store users = gate_store_file;
	struct gate_store_link link = {.table = &users, .store = f.link.store};
	char line[TEXT_MAX];

	defaults();
	users.load = load_with_user;
	used = &link;
	seed("zoe1", NOW, NOW - 3 * DAY, "\"n\":1");
	seed("zoe2", NOW, NOW - 2 * DAY, "\"n\":2");
	seed("nobody", NOW, NOW - DAY, "\"n\":3");
	seed("max1", NOW, NOW - HOUR, "\"n\":4");
	send_only("nobody");
	add_cookie(&header, f.config.keys, "zoe1");
	visit(look, NULL);
	ok(seen_n == 1, "logged in comes before anonymous, newer or not");
	add_cookie(&header, f.config.keys, "zoe2");
	visit(look, NULL);
	ok(seen_n == 2, "of one user's the newest");
	add_cookie(&header, f.config.keys, "max1");
	visit(look, line);
	ok(seen_state == GATE_SESSION_UNCLEAR && seen_n == 0, "of several users: none");
	ok(has(f.logged, "event=cookies-of-several-users"), "and the log says so");
	ok(line[0] == '\0' && count_records(&f, false) == 4,
	    "none is deleted, no cookie is touched");
}

/* ---- ids ---- */

static void
refused_unasked(const char *id, const char *what)
{
	unsigned long before = calls();

	send_only(id);
	visit(look, NULL);
	ok(seen_state == GATE_SESSION_NEW && calls() == before, "%s, well signed: no store call",
	    what);
}

static void
test_ids(void)
{
	char long_id[GATE_ID_MAX + 2], line[TEXT_MAX], id[GATE_ID_MAX + 1];
	unsigned long before;

	defaults();
	put_record(&f, "x", "{\"cookie\":{}}");
	memset(long_id, 'a', sizeof long_id);
	long_id[sizeof long_id - 1] = '\0';
	refused_unasked("../sessions/x", "../sessions/x");
	refused_unasked("../x", "../x");
	refused_unasked("", "an empty id");
	refused_unasked("a.b", "a dot");
	refused_unasked("x\xc3\xa9", "a byte that is not ASCII");
	refused_unasked(long_id, "129 characters");
	long_id[GATE_ID_MAX] = '\0';
	seed(long_id, NOW, NOW, "\"n\":128");
	send_only(long_id);
	visit(look, NULL);
	ok(seen_n == 128, "128 characters are fine");

	gate_buffer_reset(&header);
	send_raw("s%3Ax.0000000000000000000000000000000000000000000");
	before = calls();
	visit(look, NULL);
	ok(calls() == before, "a signature that is not ours: no store call");

	send_only("planted-by-somebody");
	visit(add_one, line);
	id_in(&f, line, id);
	ok(strlen(id) == 32 && strcmp(id, "planted-by-somebody") != 0 && record_has(id, "\"n\":1"),
	    "a signed id that the store doesn't know is never adopted");
	ok(!record_has("planted-by-somebody", "{"), "and makes no record");
	ok(has(f.logged, "level=info event=session-unknown session=") && !has(f.logged, "planted"),
	    "which is logged, without the id");
}

static void
test_rotation(void)
{
	char line[TEXT_MAX], id[GATE_ID_MAX + 1];

	defaults();
	seed(ID, NOW, NOW - DAY, "\"n\":1");
	add_cookie(&header, f.old_keys, ID);
	visit(look, line);
	ok(seen_n == 1, "a cookie signed with the old secret is known");
	is(id_in(&f, line, id), ID, "and signed anew, so that the first secret verifies it");
	ok(has(line, "; Expires=Sat, 21 Nov 2026 10:26:39 GMT;"), "with the session's expiry");
	ok(has(f.logged, "level=info event=cookie-signed-anew session=") && !has(f.logged, ID),
	    "and a line in the log");
	send_only(ID);
	visit(look, line);
	ok(line[0] == '\0' && f.logged[0] == '\0', "then it is left alone");
}

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
	struct gate_session s;

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
	gate_session_begin(&s);
	set_other(&s);
	ok(gate_session_save(&s) == 1, "example B: a new session");
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
	gate_session_set_cookie(&s, 0, &header);
	snprintf(line, sizeof line, "%s", gate_buffer_text(&header));
	is(line,
	    "__Host-sid=s%3A0123456789ABCDEFghijklmnop-_wxyz.a8Ho04ek2ri%2FyO78X5W%2BL0A%"
	    "2BmUujEJcfPLrbOe"
	    "mBcDo; Max-Age=60; Path=/; Expires=Tue, 01 Jan 2030 00:00:00 GMT; HttpOnly; Secure; "
	    "Partitioned; "
	    "Priority=High; SameSite=Lax",
	    "  its Set-Cookie is express-session's, and Max-Age");
	gate_session_end(&s);
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
disturbed_destroy(struct gate_session *s)
{
	look(s);
	meanwhile(first_meanwhile);
	gate_session_ask_destroy(s);
	look(s);
	json_object_set_new(gate_session_json(s), "cookie", json_string("what can't be stored"));
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
set_bad(struct gate_session *s)
{
	add_one(s);
	json_object_set(gate_session_json(s), bad_name, bad_value);
}

static void
refused(const char *name, json_t *value, const char *why)
{
	char before[TEXT_MAX], after[TEXT_MAX], wanted[100];
	struct gate_session s;

	bad_name = name;
	bad_value = value;
	get_record(&f, ID, before);
	ok(run(&s, set_bad) == -1 && s.error.code == GATE_ESESSION, "member %s is refused", name);
	snprintf(wanted, sizeof wanted, "session member %s %s", name, why);
	is(s.error.text, wanted, "  and named");
	gate_session_end(&s);
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
set_good(struct gate_session *s)
{
	json_t *session = gate_session_json(s);

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

/* ---- conflicts ---- */

static void
test_conflict(void)
{
	char line[TEXT_MAX];

	defaults();
	options->max_age = 0;
	seed(ID, NOW, NOW - HOUR, "\"n\":1");
	send_only(ID);
	first_meanwhile = add_one;
	ok(visit(disturbed_add_one, line) == 1 && runs == 2, "changed meanwhile: a second run");
	ok(seen_n == 3 && record_has(ID, "\"n\":3"), "that saw the new data and counted on");
	ok(line[0] != '\0', "and the cookie's date moved");
	first_meanwhile = set_other;
	visit(disturbed_add_one, NULL);
	ok(runs == 2 && record_has(ID, "\"n\":4") && record_has(ID, "\"other\":true"),
	    "two members, two writers: both stay");
	first_meanwhile = look;
	visit(disturbed_add_one, NULL);
	ok(runs == 1, "a reader disturbs nobody");
	first_meanwhile = add_one;
	visit(disturbed_look, line);
	ok(runs == 1 && line[0] == '\0', "and nobody disturbs a reader");
}

/* The record went meanwhile, by whatever `by` does. */
static void
gone(step *handler, step *by, const char *what)
{
	char line[TEXT_MAX];
	int left;

	defaults();
	seed(ID, NOW, NOW, "\"n\":5");
	send_only(ID);
	first_meanwhile = by;
	left = by == destroy ? 0 : 1;
	ok(visit(handler, line) == (handler == disturbed_add_one ? -1 : 1) && runs == 2 &&
		seen_state == GATE_SESSION_GONE && seen_n <= 1,
	    "%s: a second run, with an empty session; a change is refused", what);
	ok(count_records(&f, false) == left && !record_has(ID, "{"), "  that writes nothing");
	is(line, "", "  and sets no cookie");
}

static void
test_gone(void)
{
	char line[TEXT_MAX];

	gone(disturbed_add_one, destroy, "destroyed meanwhile");
	gone(disturbed_renew, destroy, "destroyed meanwhile, and to be renewed");
	gone(disturbed_renew, renew, "renewed meanwhile, and to be renewed");
	gone(disturbed_add_one, renew, "renewed meanwhile");
	ok(visit(add_one, line) == -1 && runs == 1 && seen_state == GATE_SESSION_GONE &&
		line[0] == '\0' && count_records(&f, false) == 1,
	    "the old cookie once more: the mark says that it was renewed");
	forget_end(&f, ID);
	ok(visit(add_one, line) == 1 && seen_state == GATE_SESSION_NEW && line[0] != '\0' &&
		count_records(&f, false) == 2,
	    "when the mark is over it is a cookie like any other");
}

/* Readers load, somebody renews or logs out, the readers' answers must not bring the old cookie
 * back: the browser may have a fresh one by then. */
static void
late_reader_while(step *change, bool long_ago, const struct gate_keys *keys, const char *what)
{
	const char *done = change == renew ? "renewed" : "destroyed";
	char line[TEXT_MAX];

	forget_end(&f, ID);
	seed(ID, NOW - (long_ago ? 10 * MINUTE : 0), NOW - HOUR, "\"n\":5");
	gate_buffer_reset(&header);
	add_cookie(&header, keys, ID);
	first_meanwhile = change;
	ok(visit(disturbed_look, line) == 1 && runs == 1 &&
		count_records(&f, true) == (change == renew ? 1 : 0),
	    "%s behind a reader's back, %s", done, what);
	is(line, "", "  its answer brings no dead cookie back");
}

static void
late_reader(bool long_ago, const struct gate_keys *keys, const char *what)
{
	late_reader_while(renew, long_ago, keys, what);
	late_reader_while(destroy, long_ago, keys, what);
}

static void
test_late_reader(void)
{
	defaults();
	late_reader(true, f.old_keys, "old secret, touch due");
	late_reader(false, f.old_keys, "old secret, touched just now");
	options->rolling = true;
	late_reader(true, f.config.keys, "rolling, touch due");
	late_reader(false, f.config.keys, "rolling, touched just now");
	options->resave = true;
	late_reader(false, f.config.keys, "rolling and resave");
}

static int64_t
mark_of(const char *id)
{
	char key[80];
	struct gate_bump bump = {0};

	snprintf(key, sizeof key, "renewed:%s", id);
	gate_store_bump(&f.link, key, 0, MINUTE, &bump, NULL);
	return bump.count;
}

static void
renew_at_first(struct gate_session *s)
{
	look(s);
	if (runs == 1) {
		meanwhile(first_meanwhile);
		renew(s);
	}
}

static void
test_renew(void)
{
	char line[TEXT_MAX], id[GATE_ID_MAX + 1];

	defaults();
	seed("calm", NOW, NOW - DAY, "\"n\":5");
	send_only("calm");
	ok(visit(renew, line) == 1 && runs == 1, "renew");
	id_in(&f, line, id);
	ok(strlen(id) == 32 && record_has(id, "\"n\":5") && count_records(&f, false) == 1,
	    "the data is under a new id, the old record is gone");
	ok(record_has(id, "\"gate\":{\"created\":1795166799612}"),
	    "and the session is as old as it was");
	ok(mark_of("calm") > 0, "the old id is marked");

	seed("busy", NOW, NOW - DAY, "\"n\":5");
	send_only("busy");
	first_meanwhile = add_one;
	ok(visit(renew_at_first, line) == 1 && runs == 2 && line[0] == '\0' && seen_n == 6,
	    "changed before a renewal: a second run, here without a renewal");
	ok(count_records(&f, true) == 2 && mark_of("busy") <= 0,
	    "of the first run neither a record nor a mark is left");

	seed("again", NOW, NOW - DAY, "\"n\":5");
	send_only("again");
	ok(visit(disturbed_renew, line) == 1 && runs == 2 &&
		record_has(id_in(&f, line, id), "\"n\":6"),
	    "a renewal that is tried again has the new data");
	ok(count_records(&f, false) == 1 && mark_of("again") > 0,
	    "one record is left, and the mark");
}

/* Two hosts, so no queue between them: the loser must leave the winner's mark. */
static void
test_renew_race(void)
{
	char line[TEXT_MAX];
	struct gate_queue mine = f.queue, other = f.other_queue;

	defaults();
	seed("twice", NOW, NOW - DAY, "\"n\":5");
	send_only("twice");
	f.queue = f.other_queue = (struct gate_queue){.fd = -1, .place = -1};
	first_meanwhile = renew;
	ok(visit(disturbed_renew, line) == 1 && runs == 2 && line[0] == '\0' &&
		count_records(&f, false) == 1,
	    "two renewals at once: one wins, no record is left over");
	ok(mark_of("twice") == 1, "and its mark stays");
	f.queue = mine;
	f.other_queue = other;
}

/* ---- login ---- */

static const struct gate_record_login annas = {"anna", "192.0.2.1", "curl", NOW, NOW};
static const struct gate_record_login bens = {"ben", "192.0.2.1", "curl", NOW, NOW};
static const char *seen_user;
static int login_result;

static void
log_in(struct gate_session *s)
{
	look(s);
	if (runs == 1 && first_meanwhile != NULL)
		meanwhile(first_meanwhile);
	login_result = gate_session_ask_login(s, &annas, 2 * HOUR);
	seen_user = gate_session_user(s);
	seen_n = number(s, "n");
	seen_end = gate_session_end_time(s);
}

static void
ben_logs_in(struct gate_session *s)
{
	gate_session_ask_login(s, &bens, 0);
}

static void
renew_and_log_in(struct gate_session *s)
{
	gate_session_ask_renew(s);
	log_in(s);
}

static void
log_in_and_out(struct gate_session *s)
{
	log_in(s);
	gate_session_ask_destroy(s);
	seen_user = gate_session_user(s);
}

static void
log_in_late(struct gate_session *s)
{
	add_one(s);
	gate_session_save(s);
	login_result = gate_session_ask_login(s, &annas, 2 * HOUR);
}

static void
test_login(void)
{
	char line[TEXT_MAX], id[GATE_ID_MAX + 1];

	defaults();
	first_meanwhile = NULL;
	ok(visit(log_in, line) == 1 && login_result == 0 && strcmp(seen_user, "anna") == 0,
	    "login without a session: somebody from here on");
	id_in(&f, line, id);
	ok(record_has(id,
	       "\"gate\":{\"created\":1795253199612,\"since\":1795253199612,\"user\":\"anna\",") &&
		record_has(id, "\"originalMaxAge\":7200000,"),
	    "  a new record, with the lifetime that was asked for");
	ok(seen_end == NOW + 2 * HOUR && has(line, "; Expires=Sat, 21 Nov 2026 11:26:39 GMT;"),
	    "  which the handler knew, and the cookie says");

	defaults();
	seed(ID, NOW, NOW - 29 * DAY, "\"n\":5");
	send_only(ID);
	ok(visit(renew_and_log_in, line) == 1 && seen_n == 5, "login with a session");
	id_in(&f, line, id);
	ok(strcmp(id, ID) != 0 && record_has(id, "\"n\":5") && !record_has(ID, "{") &&
		mark_of(ID) == 1,
	    "  the data moves to a new id, the old one is marked");
	ok(record_has(id, "\"created\":1795253199612") && seen_end == NOW + 2 * HOUR,
	    "  and its time begins anew");
	send_only(id);
	visit(ben_logs_in, line);
	ok(!record_has(id_in(&f, line, id), "\"n\"") && record_has(id, "\"user\":\"ben\""),
	    "another user's begins empty");
	ok(has(line, "connect.sid=s%3A") && !has(line, "Expires"), "  with the browser, as asked");
}

static void
test_login_and_logout(void)
{
	char line[TEXT_MAX];

	defaults();
	first_meanwhile = NULL;
	visit(log_in_and_out, line);
	ok(line[0] == '\0' && count_records(&f, false) == 0 && seen_user == NULL,
	    "login and logout at once, without a session: nothing");
	seed(ID, NOW, NOW - DAY, "\"n\":5");
	send_only(ID);
	visit(log_in_and_out, line);
	ok(has(line, "; Max-Age=0;") && count_records(&f, false) == 0 && seen_end == NOW + 2 * HOUR,
	    "with one: it goes");
	seed(ID, NOW, NOW - DAY, "\"n\":5");
	visit(log_in_late, NULL);
	ok(login_result == -1 && record_has(ID, "\"n\":6") && !record_has(ID, "anna"),
	    "behind the commit: -1, and nobody is logged in");
}

static void
test_login_conflict(void)
{
	char line[TEXT_MAX], id[GATE_ID_MAX + 1];

	defaults();
	seed(ID, NOW, NOW - DAY, "\"n\":5");
	send_only(ID);
	first_meanwhile = add_one;
	ok(visit(log_in, line) == 1 && runs == 2 && seen_n == 6, "changed before a login: again");
	ok(record_has(id_in(&f, line, id), "\"n\":6") && count_records(&f, false) == 1 &&
		mark_of(ID) == 1,
	    "  with the new data, and one record");

	defaults();
	seed(ID, NOW, NOW - DAY, "\"n\":5");
	send_only(ID);
	first_meanwhile = destroy;
	ok(visit(log_in, line) == 1 && runs == 2 && seen_state == GATE_SESSION_GONE,
	    "gone before a login: again");
	ok(record_has(id_in(&f, line, id), "\"user\":\"anna\"") && !record_has(id, "\"n\"") &&
		count_records(&f, false) == 1,
	    "  empty, but somebody's: the password gave the right");

	defaults();
	seed(ID, NOW, NOW - DAY, "\"n\":5");
	send_only(ID);
	first_meanwhile = ben_logs_in;
	ok(visit(log_in, line) == 1 && runs == 2 &&
		record_has(id_in(&f, line, id), "\"user\":\"anna\"") && !record_has(id, "\"n\""),
	    "two users log in at once: the slower one's begins empty");
	ok(count_records(&f, false) == 2, "  beside the faster one's");
	first_meanwhile = NULL;
	ok(visit(log_in, line) == 1 && runs == 1 && seen_state == GATE_SESSION_GONE &&
		line[0] != '\0' && count_records(&f, false) == 3,
	    "with the old cookie, while it is marked: a login makes its own");
}

/* Real users this time, and where user_member says. */
static void
test_candidates_of_users(void)
{
	char member[] = "username", *usual = options->user_member, line[TEXT_MAX];

	defaults();
	options->user_member = member;
	seed("anonymous", NOW, NOW - HOUR, "\"n\":1");
	seed("annas", NOW, NOW - DAY, "\"n\":2,\"username\":\"anna\"");
	seed("bens", NOW, NOW - DAY, "\"n\":3,\"username\":\"ben\"");
	send_only("anonymous");
	add_cookie(&header, f.config.keys, "annas");
	visit(look, NULL);
	ok(seen_n == 2, "who is logged in comes before anonymous: by user_member");
	add_cookie(&header, f.config.keys, "bens");
	visit(look, line);
	ok(seen_state == GATE_SESSION_UNCLEAR && line[0] == '\0', "of two users: none");
	visit(log_in, line);
	ok(line[0] != '\0' && count_records(&f, false) == 1 && has(f.logged, "cookies-of-several"),
	    "  a login then makes its own, and ends all that the request proves");
	options->user_member = usual;
}

/* ---- explicit commits ---- */

static int explicit_result, sticky_result, late_result;

static void
commit_then_change(struct gate_session *s)
{
	look(s);
	if (runs == 1 && first_meanwhile != NULL)
		meanwhile(first_meanwhile);
	add_one(s);
	if (runs > 1)
		return;
	explicit_result = gate_session_save(s);
	json_object_set_new(gate_session_json(s), "late", json_true());
	sticky_result = gate_session_save(s);
	late_result = gate_session_ask_renew(s) + gate_session_ask_destroy(s) +
	    gate_session_ask_max_age(s, 1000);
}

static void
commit_removal(struct gate_session *s)
{
	json_object_del(gate_session_json(s), "n");
	gate_session_save(s);
}

static void
test_explicit_commit(void)
{
	unsigned long updates;

	defaults();
	seed(ID, NOW, NOW, "\"n\":5");
	send_only(ID);
	first_meanwhile = NULL;
	updates = f.link.calls[GATE_STORE_UPDATE];
	ok(visit(commit_then_change, NULL) == 1 && explicit_result == 1 && sticky_result == 1,
	    "a commit in the handler, and another");
	ok(record_has(ID, "\"n\":6") && !record_has(ID, "late") &&
		f.link.calls[GATE_STORE_UPDATE] - updates == 1,
	    "one write: what is changed afterwards is dropped");
	ok(has(f.logged, "event=change-after-commit"), "and logged");
	ok(late_result == -3, "renew, destroy and max_age are refused then");
	first_meanwhile = add_one;
	ok(visit(commit_then_change, NULL) == 1 && explicit_result == GATE_CONFLICT &&
		sticky_result == GATE_CONFLICT && runs == 2,
	    "a conflict is told to the handler, and stays one until it returns");
	ok(record_has(ID, "\"n\":8") && !record_has(ID, "late"), "then it runs again");
	ok(visit(commit_removal, NULL) == 1 && !record_has(ID, "\"n\""),
	    "a commit that removes a member");
	ok(!has(f.logged, "change-after-commit"), "  changes nothing afterwards");
}

/* ---- the queue ---- */

static void
test_queue(void)
{
	struct gate_session s;
	unsigned long before;

	defaults();
	seed(ID, NOW, NOW, "\"n\":5");
	send_only(ID);
	gate_queue_try(&f.other_queue, ID);
	s = new_session();
	s.deadline = gate_clock_monotonic();
	gate_session_begin(&s);
	add_one(&s);
	before = calls();
	ok(gate_session_save(&s) == GATE_CONFLICT && calls() == before,
	    "somebody else's turn: a conflict without a store call");
	ok(gate_session_wait(&s) == 0, "over the deadline nobody waits");
	gate_queue_leave(&f.other_queue);
	ok(gate_session_wait(&s) == 1 && gate_queue_try(&f.other_queue, ID) == 0,
	    "its turn comes, and is held from load to commit");
	gate_session_begin(&s);
	add_one(&s);
	ok(gate_session_save(&s) == 1 && gate_queue_try(&f.other_queue, ID) == 1,
	    "then it is given back");
	gate_session_end(&s);
	gate_queue_leave(&f.other_queue);
}

/* ---- a store that fails ---- */

static bool fails[GATE_STORE_CALLS];

static int
failing(enum gate_store_call call, struct gate_error *error)
{
	return fails[call] ? gate_fail(error, GATE_ESTORE, "store: it fails on demand") : 0;
}

static int
f_load(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	return failing(GATE_STORE_LOAD, error) < 0 ? -1
						   : gate_store_file.load(store, id, record, error);
}

static int
f_create(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	return failing(GATE_STORE_CREATE, error) < 0
	    ? -1
	    : gate_store_file.create(store, id, record, error);
}

static int
f_update(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	return failing(GATE_STORE_UPDATE, error) < 0
	    ? -1
	    : gate_store_file.update(store, id, record, error);
}

static int
f_touch(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	return failing(GATE_STORE_TOUCH, error) < 0
	    ? -1
	    : gate_store_file.touch(store, id, record, error);
}

static bool answer_lost; /* the record that was read is removed, and -1 */

static int
f_remove(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	if (record != NULL && failing(GATE_STORE_REMOVE, error) < 0) /* a roll-back works */
		return -1;
	if (record == NULL && fails[GATE_STORE_REMOVE] && fails[GATE_STORE_LOAD])
		return gate_fail(error, GATE_ESTORE, "store: it fails on demand");
	if (answer_lost && record != NULL && gate_store_file.remove(store, id, record, error) == 1)
		return gate_fail(error, GATE_ESTORE, "store: the answer is lost");
	return gate_store_file.remove(store, id, record, error);
}

static int
f_bump(void *store, const char *key, int64_t add, int64_t lifetime, struct gate_bump *bump,
    struct gate_error *error)
{
	if (failing(GATE_STORE_BUMP, error) < 0)
		return -1;
	return gate_store_file.bump(store, key, add, lifetime, bump, error);
}

/* With this call failing, the handler changes nothing, and the cookie stays. */
static void
fails_cleanly(step *handler, enum gate_store_call call, const char *what)
{
	char before[TEXT_MAX], after[TEXT_MAX], line[TEXT_MAX];
	int count = count_records(&f, false);

	get_record(&f, ID, before);
	fails[call] = true;
	ok(visit(handler, line) == -1 && runs == 1, "%s: the commit fails", what);
	fails[call] = false;
	is(line, "", "  no cookie is set or cleared");
	ok(strcmp(get_record(&f, ID, after), before) == 0 && count_records(&f, false) == count,
	    "  the records are as they were");
}

static void
destroy_with_dead_store(struct gate_session *s)
{
	gate_session_ask_destroy(s);
	fails[GATE_STORE_LOAD] = fails[GATE_STORE_REMOVE] = true;
}

static void
test_failures(void)
{
	struct gate_store table = gate_store_file;
	struct gate_store_link link = {.table = &table, .store = f.link.store};
	char line[TEXT_MAX];

	defaults();
	table.load = f_load;
	table.create = f_create;
	table.update = f_update;
	table.touch = f_touch;
	table.remove = f_remove;
	table.bump = f_bump;
	used = &link;
	seed(ID, NOW - 10 * MINUTE, NOW - DAY, "\"n\":5");
	fails_cleanly(add_one, GATE_STORE_CREATE, "no cookie, create fails");
	send_only("unknown");
	fails_cleanly(add_one, GATE_STORE_BUMP, "unknown id, the mark can't be read");
	send_only(ID);
	fails_cleanly(look, GATE_STORE_LOAD, "load fails");
	ok(seen_state == GATE_SESSION_FAILED && seen_n == 0 && seen_end == 0,
	    "  the handler sees an empty session");
	fails_cleanly(add_one, GATE_STORE_LOAD, "load fails, whatever the handler does");
	fails_cleanly(add_one, GATE_STORE_UPDATE, "update fails");
	fails_cleanly(renew, GATE_STORE_CREATE, "renew, create fails");
	fails_cleanly(renew, GATE_STORE_BUMP, "renew, the mark fails");
	fails_cleanly(renew, GATE_STORE_REMOVE, "renew, the old record can't be removed");
	ok(mark_of(ID) <= 0, "  and is not marked");
	first_meanwhile = NULL;
	fails_cleanly(log_in, GATE_STORE_LOAD, "login, load fails");
	ok(login_result == -1, "  which it is told");
	fails_cleanly(log_in, GATE_STORE_CREATE, "login, create fails");
	fails_cleanly(log_in, GATE_STORE_BUMP, "login, the mark fails");
	fails_cleanly(log_in, GATE_STORE_REMOVE, "login, the old record can't be removed");
	ok(mark_of(ID) <= 0 && !record_has(ID, "anna"), "  and nobody is logged in");
	answer_lost = true;
	ok(visit(renew, line) == 1 && line[0] != '\0',
	    "renew, the old record goes, but the answer is lost: renewed");
	answer_lost = false;
	ok(count_records(&f, false) == 1 && get_record(&f, ID, line)[0] == '\0',
	    "  the new record is there, the old one isn't");
	count_records(&f, true);
	seed(ID, NOW - 10 * MINUTE, NOW - DAY, "\"n\":5");
	send_only(ID);
	fails_cleanly(destroy_with_dead_store, GATE_STORE_REMOVE, "destroy fails");
	fails[GATE_STORE_LOAD] = false;
	fails[GATE_STORE_TOUCH] = true;
	ok(visit(look, line) == 1 && has(f.logged, "event=touch-failed"),
	    "touch fails: only a log line");
	fails[GATE_STORE_TOUCH] = false;
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
	struct gate_session s;

	defaults();
	seed(ID, NOW - 10, NOW, "\"n\":5");
	send_only(ID);
	run(&s, add_one);
	listen_in(&f);
	gate_session_trace(&s, 1, "done");
	hear_out(&f);
	ok(has(f.logged, "state=loaded touched_ago=") && has(f.logged, "did=update why=changed") &&
		has(f.logged, "cookie=set why_cookie=\"its expiry moved\" result=done"),
	    "the trace says what was done, and why");
	ok(!has(f.logged, ID) && strchr(f.logged, '\n') == strrchr(f.logged, '\n'),
	    "in one line, without the id");
	gate_session_end(&s);
}

int
main(void)
{
	fixture_open(&f);
	options = &f.config.options;
	test_touch_window();
	test_ahead();
	test_touch_sizes();
	test_idle_limit();
	test_absolute_limit();
	test_clamp();
	test_created();
	test_candidates();
	test_candidate_limits();
	test_users();
	test_ids();
	test_rotation();
	test_example_a();
	test_example_b();
	test_cleared();
	test_destroy();
	test_foreign_bytes();
	test_refused();
	test_conflict();
	test_gone();
	test_late_reader();
	test_renew();
	test_renew_race();
	test_login();
	test_login_and_logout();
	test_login_conflict();
	test_candidates_of_users();
	test_explicit_commit();
	test_queue();
	test_failures();
	test_no_cookie_over_http();
	test_trace();
	gate_buffer_release(&header);
	fixture_close(&f);
	return done();
}
