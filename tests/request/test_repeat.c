/* test_repeat.c: submits that come twice: what is done only once, and which answer each gets. */
#include "config.h"

#include "crypto/digest.h"
#include "crypto/id.h"
#include "login.h"
#include "request/repeat.h"

static char wanted[512]; /* a cookie, kept */

/* The session that the browser had comes again, as if it had not seen the last answer. */
static void
keep(char *kept)
{
	snprintf(kept, sizeof sid, "%s", sid);
}

static void
send_again(const char *kept)
{
	snprintf(sid, sizeof sid, "%s", kept);
	again = true;
}

static int
count_sessions(void)
{
	return count_records(&v.f, false);
}

/* ---- gate_repeated ---- */

static void
add_one(struct gate_request *r)
{
	json_t *session = gate_session(r);
	int repeated;

	v.runs++;
	if (v.runs == 1 && other != NULL)
		meanwhile(r, other);
	repeated = gate_repeated(r);
	if (repeated != 1)
		json_object_set_new(session, "n",
		    json_integer(json_integer_value(json_object_get(session, "n")) + 1));
	gate_printf(r, "%d %d", repeated, (int)json_integer_value(json_object_get(session, "n")));
}

static void
nothing(struct gate_request *r)
{
	gate_printf(r, "%d", gate_repeated(r));
}

static void
late(struct gate_request *r)
{
	gate_session_commit(r);
	gate_printf(r, "%d", gate_repeated(r));
}

static void
test_repeated(void)
{
	char text[TEXT_MAX];

	begin();
	is(ask(add_one), "0 1", "the first submit is done");
	ok(has(record(), "\"submit\":\"") && !has(record(), "form="),
	    "  the record has a tag of it");
	ahead += 1000; /* a record's first return is told by its times */
	again = true;
	is(ask(add_one), "1 1", "an equal one is not");
	snprintf(text, sizeof text, "%s", record());
	is(ask(add_one), "1 1", "nor a third one");
	is(record(), text, "  which write nothing");
	ahead += GATE_SUBMIT_TIME;
	is(ask(add_one), "0 2", "after 10 s it is a new one");
	ahead -= GATE_SUBMIT_TIME / 2;
	is(ask(add_one), "1 2", "a host whose clock is behind takes it for the same one");
	ahead += GATE_SUBMIT_TIME / 2;
	again = false;
	is(ask(add_one), "0 3", "another form is another submit");
	is(ask(nothing), "0", "one that changes nothing else");
	again = true;
	is(ask(nothing), "1", "  is remembered, too");
	again = false;
	is(ask(late), "-1", "too late: -1");
	sid[0] = '\0';
	again = true;
	is(ask(add_one), "0 1", "without the session it is a stranger's");
	count_records(&v.f, true);
}

/* Both have loaded the session before one of them is committed. */
static void
submit_other(struct gate_transaction *s)
{
	json_object_set_new(gate_transaction_json(s), "n", json_integer(1));
	snprintf(s->submit, sizeof s->submit, "%s", v.request.transaction.submit);
}

static void
submit_late(struct gate_request *r)
{
	json_t *session = gate_session(r);
	int repeated = gate_repeated(r);

	if (repeated != 1)
		json_object_set_new(session, "n",
		    json_integer(json_integer_value(json_object_get(session, "n")) + 1));
	if (++v.runs == 1)
		meanwhile(r, submit_other);
	gate_printf(r, "%d", repeated);
}

static void
test_at_once(void)
{
	begin();
	put_session("one", "\"x\":1");
	is(ask(submit_late), "1", "of two at once the slower one is the second");
	ok(v.runs == 2 && has(record(), "\"n\":1"), "  and what they do is done once");
}

/* ---- a new password ---- */

static void
change_twice(const char *what)
{
	char first[512], id[GATE_ID_MAX + 1];

	is(change_to(ANNA, NEXT), "1 ", what);
	keep(first);
	snprintf(id, sizeof id, "%s", session_id());
	send_again(wanted);
	is(change_to(ANNA, NEXT), "1 ", "  the second one with the old id: 1");
	is(sid, first, "  the cookie is that of the first one's session");
	ok(count_sessions() == 1 && is_there(id) && has(record(), "\"x\":1"),
	    "  one session is left, with its data");
	ok(times(v.f.logged, "event=password-changed") == 0 && hashes == 1,
	    "  nothing is changed again; one hash proves the new password");
	is(ask(who), "anna", "  logged in");
	again = true;
	ask(change_password);
	ok(answered == 1 && hashes == 0 && strcmp(sid, first) == 0 && count_sessions() == 1,
	    "  the second one with the new id: 1, at once");
}

static void
put_x(struct gate_request *r)
{
	json_object_set_new(gate_session(r), "x", json_integer(1));
}

static void
test_change(void)
{
	begin();
	ask(log_in);
	ask(put_x);
	keep(wanted);
	make_session("thief", "anna", HOUR, NULL);
	change_twice("a new password");
	again = false;
	is(change_to(ANNA, NEXT),
	    "0 The current password is not right, or there were too many tries.",
	    "another form is another change");
	set_password(GATE_USER_REPLACE, "anna", ANNA);
}

/* Each of these has only a part of what it takes. */
static void
nobody(const char *what, int work)
{
	ask(change_password);
	ok(answered == -1 && !has(v.answer, "Set-Cookie") && hashes == work, "%s: nobody", what);
}

static void
test_nobody(void)
{
	char first[512];

	begin();
	ask(log_in);
	keep(wanted);
	change_to(ANNA, NEXT);
	keep(first);
	send_again(wanted);
	new_password = BEN;
	nobody("the old id and form, but not the new password", 1);
	new_password = NEXT;
	again = false;
	nobody("the old id and the new password in another form", 0);
	send_again(wanted);
	ahead += GATE_SUBMIT_TIME + 1000;
	nobody("the same, later", 0);
	set_password(GATE_USER_REPLACE, "anna", ANNA);

	begin();
	ask(log_in);
	keep(wanted);
	change_to(ANNA, NEXT);
	keep(first);
	ask(log_out);
	send_again(wanted);
	nobody("a session that was ended meanwhile", 0);
	set_password(GATE_USER_REPLACE, "anna", ANNA);

	begin();
	ask(log_in);
	keep(wanted);
	change_to(ANNA, NEXT);
	send_again("connect.sid=s%3Aforged.forged");
	nobody("an id that we did not sign", 0);
	for (int i = 0; i < GATE_THROTTLE_FREE; i++) {
		struct gate_throttle t = {
		    .store = &v.f.link, .name = "anna", .address = "192.0.2.3"};

		must(gate_throttle_try(&t, NULL) == GATE_THROTTLE_PASS, "a try that passes");
	}
	device[0] = '\0';
	send_again(wanted);
	nobody("an account that has to wait", 0);
	set_password(GATE_USER_REPLACE, "anna", ANNA);
}

/* ---- the end of a session ---- */

static const char *handle;
static char handles[2][GATE_SIGNATURE_LENGTH + 1];

static void
find_handles(struct gate_request *r)
{
	json_t *sessions = gate_user_sessions(r);

	for (size_t i = 0; i < 2; i++)
		snprintf(handles[i], sizeof handles[i], "%s",
		    or_nobody(
			json_string_value(json_object_get(json_array_get(sessions, i), "handle"))));
	json_decref(sessions);
}

static void
end_session(struct gate_request *r)
{
	begin_run(r);
	answered = gate_user_session_end(r, handle);
	gate_printf(r, "%d %s", answered, or_nobody(gate_user(r)));
}

static void
test_end(void)
{
	begin();
	ask(log_in);
	make_session("one", "anna", HOUR, NULL);
	ask(find_handles);
	handle = handles[1];
	is(ask(end_session), "1 anna", "the end of a session");
	ok(!is_there("one"), "  it ends");
	again = true;
	is(ask(end_session), "1 anna", "  and once more: 1");
	again = false;
	is(ask(end_session), "0 anna", "  by another form: 0");
	make_session("one", "anna", HOUR, NULL);
	handle = NULL;
	is(ask(end_session), "1 anna", "the end of all others");
	make_session("two", "anna", HOUR, NULL);
	again = true;
	is(ask(end_session), "1 anna", "  and once more: 1");
	ok(!is_there("two"), "  who came meanwhile goes, too");
	is(ask(end_session), "1 anna", "  and again");
	again = false;
	is(ask(end_session), "0 anna", "by another form: 0");
	handle = handles[0];
	keep(wanted);
	is(ask(end_session), "1 nobody", "the end of this one");
	send_again(wanted);
	is(ask(end_session), "1 nobody", "  and once more: 1");
	send_again(wanted);
	handle = handles[1];
	is(ask(end_session), "0 nobody", "another one of who is nobody any more: 0");
	send_again(wanted);
	handle = NULL;
	is(ask(end_session), "0 nobody", "  or all others");
}

/* ---- a wrong password ---- */

static int64_t
failures(void)
{
	char hash[GATE_SHA256_HEX + 1], key[128];
	struct gate_bump b;

	gate_sha256_hex(hash, name, strlen(name));
	snprintf(key, sizeof key, "login:account:%s", hash);
	must(gate_store_bump(&v.f.link, key, 0, DAY, &b, NULL) >= 0, key);
	return b.count;
}

static void
wrong_twice(const char *user)
{
	char first[TEXT_MAX];

	begin();
	is(log_in_as(user, WRONG), "0 nobody", "a wrong password");
	snprintf(first, sizeof first, "%.*s", TEXT_MAX - 1, v.answer);
	ok(hashes == 1 && failures() == 1, "  counts");
	is(log_in_as(user, WRONG), "0 nobody", "  and once more");
	is(v.answer, first, "  gets the same answer, byte for byte");
	ok(hashes == 0 && failures() == 1 && !has(v.f.logged, "event="),
	    "  counts no more, and is not worked on");
	log_in_as(user, NEXT);
	ok(hashes == 1 && failures() == 2, "  another one does");
	address = "192.0.2.7";
	log_in_as(user, WRONG);
	ok(hashes == 1 && failures() == 3, "  so does the same from another address");
	address = "192.0.2.1";
	ahead += GATE_SUBMIT_TIME;
	log_in_as(user, WRONG);
	ok(hashes == 1 && failures() == 4, "  or after 10 s");
}

static void
test_wrong(void)
{
	wrong_twice("anna");
	wrong_twice("nobody-of-that-name");
	set_password(GATE_USER_REPLACE, "anna", WRONG);
	name = "anna";
	is(log_in_as("anna", WRONG), "1 anna", "one that is right by now is tried");
	set_password(GATE_USER_REPLACE, "anna", ANNA);

	begin();
	ask(log_in);
	is(change_to(WRONG, NEXT),
	    "0 The current password is not right, or there were too many tries.",
	    "a wrong current password");
	ok(hashes == 1, "  is tried");
	is(change_to(WRONG, NEXT),
	    "0 The current password is not right, or there were too many tries.",
	    "  and once more");
	ok(hashes == 0, "  is not");
}

int
main(void)
{
	open_server();
	test_repeated();
	test_at_once();
	test_change();
	test_nobody();
	test_end();
	test_wrong();
	close_server();
	return done();
}
