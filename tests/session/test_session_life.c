/* test_session_life.c: touch_after, the idle and the absolute limit, and a clock that was ahead. */
#include "config.h"

#include "session/visits.h"

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
make_it_long(struct gate_transaction *s)
{
	add_one(s);
	gate_transaction_set_max_age(s, 20 * DAY);
	look(s);
}

static void
make_it_endless(struct gate_transaction *s)
{
	add_one(s);
	gate_transaction_set_max_age(s, INT64_MAX);
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

int
main(void)
{
	visits_open();
	test_touch_window();
	test_ahead();
	test_touch_sizes();
	test_idle_limit();
	test_absolute_limit();
	test_clamp();
	test_created();
	visits_close();
	return done();
}
