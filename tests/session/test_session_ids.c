/* test_session_ids.c: which of a browser's ids counts, and what a new id looks like. */
#include "config.h"

#include "session/visits.h"

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

int
main(void)
{
	visits_open();
	test_candidates();
	test_candidate_limits();
	test_users();
	test_ids();
	test_rotation();
	visits_close();
	return done();
}
