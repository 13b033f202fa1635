/* test_session_login.c: a login moves the session to a new id, whatever happens meanwhile. */
#include "config.h"

#include "session/visits.h"

/* ---- login ---- */

static const struct gate_record_login bens = {"ben", "192.0.2.1", "curl", NOW, NOW};

static void
ben_logs_in(struct gate_transaction *s)
{
	gate_transaction_log_in(s, &bens, 0);
}

static void
renew_and_log_in(struct gate_transaction *s)
{
	gate_transaction_renew(s);
	log_in(s);
}

static void
log_in_and_out(struct gate_transaction *s)
{
	log_in(s);
	gate_transaction_destroy(s);
	seen_user = gate_transaction_user(s);
}

static void
log_in_late(struct gate_transaction *s)
{
	add_one(s);
	gate_transaction_save(s);
	login_result = gate_transaction_log_in(s, &annas, 2 * HOUR);
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

int
main(void)
{
	visits_open();
	test_login();
	test_login_and_logout();
	test_login_conflict();
	test_candidates_of_users();
	visits_close();
	return done();
}
