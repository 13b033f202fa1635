/* test_gate_account.c: a user lists and ends sessions, and changes the password.
 * Tests login/sessions.c, login/end.c and login/change_password.c. */
#include "config.h"

#include "crypto/id.h"
#include "login.h"

#define NOT_RIGHT "The current password is not right, or there were too many tries."

/* ---- one's sessions ---- */

static json_t *sessions; /* as last listed */

static void
list(struct gate_request *r)
{
	json_t *found = gate_user_sessions(r);
	char *text = json_dumps(found, JSON_COMPACT);

	gate_printf(r, "%s", text);
	free(text);
	json_decref(found);
}

static size_t
list_sessions(void)
{
	json_decref(sessions);
	sessions = json_loads(ask(list), 0, NULL);
	return json_array_size(sessions);
}

static const char *
of_session(size_t i, const char *key)
{
	const char *text = json_string_value(json_object_get(json_array_get(sessions, i), key));

	return text != NULL ? text : "";
}

static bool
is_this(size_t i)
{
	return json_is_true(json_object_get(json_array_get(sessions, i), "this"));
}

static bool
has_kind(size_t i, const char *kind)
{
	return json_is_true(json_object_get(json_array_get(sessions, i), kind));
}

static void
test_list(void)
{
	begin();
	is(ask(list), "[]", "nobody has no sessions");
	ok(walks == 0, "  and the store is not asked");
	make_session("first", "anna", 3 * HOUR, "curl/8.1");
	make_session("second", "anna", HOUR, NULL);
	make_session("third", "anna", 2 * HOUR,
	    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1");
	make_session("bens", "ben", MINUTE, FIREFOX);
	make_session("dead", "anna", 15 * DAY, FIREFOX);
	ask(log_in);
	ok(list_sessions() == 4, "one's live sessions, and nobody else's");
	ok(is_this(0) && !is_this(1) && !is_this(2) && !is_this(3), "this one first");
	is(of_session(0, "device"), "Firefox on Linux", "  its device");
	is(of_session(1, "device"), "Unknown device", "then the others, the newest first");
	is(of_session(2, "device"), "Safari on iPhone", "  each with its own");
	is(of_session(3, "device"), "curl", "  in words");
	ok(has_kind(0, "computer") && has_kind(1, "program") && has_kind(2, "phone") &&
		has_kind(3, "program"),
	    "  and of which kind it is");
	is(of_session(0, "ago"), "just now", "  this one was seen just now");
	is(of_session(1, "ago"), "1 hour ago", "  another one a while ago");
	is(of_session(0, "address"), "192.0.2.1", "its address");
	is(of_session(1, "address"), "192.0.2.9", "another one");
	ok(strlen(of_session(1, "login")) == 20 && strlen(of_session(1, "seen")) == 20,
	    "when it logged in, and when it was seen");
	ok(json_object_get(json_array_get(sessions, 0), "order") == NULL, "and no more");
	ok(!has(body_of(&v), session_id()) && !has(body_of(&v), "second") &&
		strlen(of_session(0, "handle")) == GATE_SIGNATURE_LENGTH &&
		strcmp(of_session(0, "handle"), of_session(1, "handle")) != 0,
	    "each has a handle, which holds nothing of its id");
	no_each = true;
	ask(list);
	no_each = false;
	ok(status_of(&v) == 503 && has(v.f.logged, "event=store-failed"), "the store fails: 503");
	table.newest = NULL;
	ok(list_sessions() == 4 && walks == 1 && is_this(0) &&
		strcmp(of_session(3, "device"), "curl") == 0,
	    "a store that can't say which are the newest is asked for all");
	no_each = true;
	ask(list);
	no_each = false;
	table.newest = newest;
	ok(status_of(&v) == 503, "  it fails: 503");
	options->absolute_timeout = 90 * MINUTE;
	ok(list_sessions() == 2, "what is over the absolute limit is not shown");
	options->absolute_timeout = 30 * DAY;
}

static int
set_record_time(const char *id, int64_t ago)
{
	time_t then = (time_t)((gate_clock_wall() - ago) / 1000);
	const struct timespec both[2] = {{then, 0}, {then, 0}};
	char path[256];

	snprintf(path, sizeof path, "%s/%s.json", v.f.records, id);
	return utimensat(AT_FDCWD, path, both, 0);
}

/* Of more than a page shows. */
static void
test_many(void)
{
	char id[32];

	begin();
	options->max_sessions = 0;
	ask(log_in);
	must(set_record_time(session_id(), 20 * DAY) == 0, "this one's time");
	for (int i = 1; i <= 250; i++) {
		snprintf(id, sizeof id, "many%d", i);
		make_session(id, "anna", i * MINUTE, i == 100 ? "curl/8.1" : FIREFOX);
		must(set_record_time(id, i * MINUTE) == 0, id);
	}
	ok(list_sessions() == 100, "of many sessions a hundred");
	ok(walks == 0, "  and the others are not walked over");
	ok(is_this(0), "  this one first, though it was written long ago");
	ok(strcmp(of_session(99, "device"), "Firefox on Linux") == 0, "  and the newest others");
	make_session("many0", "anna", 0, "curl/8.1");
	ok(list_sessions() == 100 && strcmp(of_session(1, "device"), "curl") == 0,
	    "  the newest of them first");
	options->max_sessions = 100;
	ask(log_in);
	ok(count_records(&v.f, false) == 100 && !is_there("many99") && is_there("many98"),
	    "by default a login leaves a hundred");
	begin();
}

static void
test_stale_index(void)
{
	char id[GATE_ID_MAX + 1];

	begin();
	ask(log_in);
	snprintf(id, sizeof id, "%s", session_id());
	log_in_as("ben", BEN);
	make_session("left", "ben", HOUR, NULL);
	put_record(
	    &v.f, "left", "{\"cookie\":{\"originalMaxAge\":null},\"gate\":{\"user\":\"anna\"}}");
	ok(list_sessions() == 1, "an entry counts only if its record says the same");
}

/* ---- ending them ---- */

static const char *handle;

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
	char of_ben[GATE_SIGNATURE_LENGTH + 1], mine[GATE_SIGNATURE_LENGTH + 1];

	begin();
	make_session("bens-one", "ben", HOUR, NULL);
	make_session("one", "anna", HOUR, NULL);
	make_session("two", "anna", 2 * HOUR, NULL);
	send_id("bens-one");
	list_sessions();
	snprintf(of_ben, sizeof of_ben, "%s", of_session(0, "handle"));
	handle = of_ben;
	sid[0] = '\0';
	is(ask(end_session), "0 nobody", "nobody ends nothing");
	ok(walks == 0, "  and the store is not asked");
	ask(log_in);
	list_sessions();
	is(ask(end_session), "0 anna", "another user's handle ends nothing");
	handle = "";
	is(ask(end_session), "0 anna", "nor does an empty one");
	handle = "0123456789012345678901234567890123456789012";
	is(ask(end_session), "0 anna", "nor one that nobody has");
	handle = "01234567890123456789012345678901234567890123456789";
	is(ask(end_session), "0 anna", "nor one that is too long");
	handle = session_id();
	is(ask(end_session), "0 anna", "nor an id");
	ok(count_records(&v.f, false) == 4, "  all are still there");
	snprintf(mine, sizeof mine, "%s", of_session(0, "handle"));
	handle = of_session(1, "handle");
	is(ask(end_session), "1 anna", "one of one's own: 1");
	ok(!is_there("one") && is_there("two") && is_there("bens-one"), "  that one ends");
	ok(has(v.f.logged, "level=info event=session-ended user=anna session=") &&
		!has(v.f.logged, "session=one"),
	    "  logged, without its id");
	is(ask(end_session), "0 anna", "once more: 0");
	handle = mine;
	is(ask(end_session), "1 nobody", "this one: 1, and nobody is logged in");
	ok(sid[0] == '\0' && count_records(&v.f, false) == 2 && has(v.f.logged, "event=logout"),
	    "  that is a logout");
}

static int passes;

/* A session that is renewed while a walk passes it may be seen under neither id. */
static void
come_late(void)
{
	char id[32];

	if (passes-- <= 0)
		return;
	snprintf(id, sizeof id, "late-%d", passes);
	make_session(id, "anna", MINUTE, NULL);
}

static void
test_end_others(void)
{
	char id[32];

	begin();
	make_session("bens", "ben", HOUR, NULL);
	ask(log_in);
	handle = NULL;
	is(ask(end_session), "0 anna", "there are no others: 0");
	make_session("one", "anna", HOUR, NULL);
	make_session("two", "anna", 2 * HOUR, NULL);
	for (int i = 0; i < 10; i++) {
		snprintf(id, sizeof id, "one-of-%d", i);
		make_session(id, "anna", HOUR, NULL);
	}
	is(ask(end_session), "1 anna", "all others: 1");
	ok(count_records(&v.f, false) == 2 && is_there("bens") && is_there(session_id()),
	    "  they end, this one stays, and so do other users'");
	passes = 1;
	behind_walk = come_late;
	make_session("one", "anna", HOUR, NULL);
	is(ask(end_session), "1 anna", "one that comes behind the first walk");
	behind_walk = NULL;
	ok(count_records(&v.f, false) == 2 && walks == 3, "  ends with the second");
	no_each = true;
	ask(end_session);
	no_each = false;
	ok(status_of(&v) == 503 && answered == -1, "the store fails: 503");
	move_users(true);
	ask(end_session);
	move_users(false);
	ok(status_of(&v) == 503 && answered == -1,
	    "the users can't be asked: 503, as what is in no list would go on");
}

static void
end_and_count(struct gate_request *r)
{
	end_session(r);
	json_object_set_new(gate_session(r), "answer", json_integer(answered));
}

static void
end_twice(struct gate_request *r)
{
	handle = "";
	end_session(r);
	handle = NULL;
	end_session(r);
}

static void
test_end_again(void)
{
	begin();
	ask(log_in);
	make_session("one", "anna", HOUR, NULL);
	handle = NULL;
	other = add_other;
	is(ask(end_and_count), "1 anna", "a second run");
	ok(v.runs == 2 && times(v.f.logged, "event=session-ended") == 1 &&
		has(record(), "\"answer\":1") && has(record(), "\"other\":"),
	    "  gets the first one's answer, and ends nothing again");
	ok(walks == 2, "  nor does it look again");
	other = NULL;
	make_session("one", "anna", HOUR, NULL);
	is(ask(end_twice), "0 anna1 anna", "an empty handle and all others are two questions");
	ok(!is_there("one"), "  and the others end");
}

/* ---- too many sessions ---- */

static void
in_and_out(struct gate_request *r)
{
	answered = gate_login(r, name, password, 0);
	gate_logout(r);
}

static void
in_without_page(struct gate_request *r)
{
	answered = gate_login(r, name, password, 0);
	gate_render(r, "no-such.html", NULL);
}

/* Somebody changes the password between the check of the old one and the commit. */
static void
in_too_late(struct gate_request *r)
{
	log_in(r);
	set_password(GATE_USER_REPLACE, "anna", BEN);
}

static void
test_outdated(void)
{
	begin();
	ask(in_too_late);
	ok(answered == 1 && count_records(&v.f, false) == 0,
	    "a login whose password is changed meanwhile ends itself");
	ok(times(v.answer, "Set-Cookie: connect.sid") == 0 &&
		has(v.f.logged, "why=\"the password was changed meanwhile\""),
	    "  without a cookie, and says so in the log");
	set_password(GATE_USER_REPLACE, "anna", ANNA);
}

/* Another login of the same password makes a better hash of it. */
static void
rehash(void)
{
	set_password(GATE_USER_REHASH, "anna", ANNA);
}

static void
in_beside_another(struct gate_request *r)
{
	log_in(r);
	rehash();
}

static void
test_rehashed(void)
{
	begin();
	ask(in_beside_another);
	ok(answered == 1 && count_records(&v.f, false) == 1 && set_cookie(SID)[0] != '\0',
	    "a login whose password gets a new hash meanwhile stays");
	is(ask(who), "anna", "  and the next request knows");
}

/* ---- the user's time ---- */

static int64_t
time_of(const char *user)
{
	struct gate_error error = {0};
	int64_t since;

	return gate_users_since(v.f.config.users, user, &since, &error) >= 0 ? since : -1;
}

static const char *
end_others(void)
{
	handle = NULL;
	return ask(end_session);
}

/* What a backup of the store holds, put back. */
static void
put_back(const char *id, const char *text)
{
	put_record(&v.f, id, text);
	empty_folder(".gate/bump"); /* a day later */
}

/* A request may come between the two steps of an end. */
static void
test_mark(void)
{
	char kept[TEXT_MAX], id[GATE_ID_MAX + 1], key[GATE_COUNTER_KEY_MAX];
	struct gate_bump bump;

	begin();
	ask(log_in);
	snprintf(kept, sizeof kept, "%s", record());
	snprintf(id, sizeof id, "%s", session_id());
	gate_record_ended_key(key, id);
	gate_store_bump(&v.f.link, key, 1, GATE_ENDED_TIME, &bump, NULL);
	is(ask(who), "nobody", "a request between the mark of an end and the removal");
	gate_store_remove(&v.f.link, id, NULL, NULL);
	ahead += MINUTE;
	put_record(&v.f, id, kept);
	is(ask(who), "nobody", "  leaves the mark: what is written back a minute later is dead");
	ahead -= MINUTE;
	count_records(&v.f, true);
}

static void
test_time(void)
{
	char backup[TEXT_MAX], own[TEXT_MAX], cookie[512], own_cookie[512], id[GATE_ID_MAX + 1];
	int64_t before;

	begin();
	ask(log_in);
	snprintf(backup, sizeof backup, "%s", record());
	snprintf(cookie, sizeof cookie, "%s", sid);
	snprintf(id, sizeof id, "%s", session_id());
	sid[0] = '\0';
	ask(log_in);
	ok(time_of("anna") == 0 && has(record(), ",\"since\":"),
	    "a login ends nothing, and says when it began");
	is(end_others(), "1 anna", "all others end");
	before = time_of("anna");
	ok(before > 0 && before <= gate_clock_wall() + 1, "  the users say when");
	is(ask(who), "anna", "  who asked for it goes on");
	snprintf(own, sizeof own, "%s", record());
	snprintf(own_cookie, sizeof own_cookie, "%s", sid);
	put_back(id, backup);
	snprintf(sid, sizeof sid, "%s", cookie);
	is(ask(who), "nobody", "an old one that is put back opens nothing");
	ok(!has(v.answer, "Set-Cookie"), "  and for a minute no cookie takes its place");
	snprintf(sid, sizeof sid, "%s", own_cookie);
	ok(list_sessions() == 1, "  it is in no list");
	is(end_others(), "1 anna", "once more");
	ok(time_of("anna") > before, "  it is later");
	is(ask(who), "anna", "  and still not for who asked");
	ok(strcmp(own, record()) != 0, "  whose record says so");
	snprintf(id, sizeof id, "%s", session_id());
	change_to(ANNA, NEXT);
	is(ask(who), "anna", "a new password: this one goes on");
	put_back(id, own);
	snprintf(sid, sizeof sid, "%s", own_cookie);
	is(ask(who), "nobody", "  what it was before does not");
	set_password(GATE_USER_REMOVE, "anna", ANNA);
	sid[0] = '\0';
	set_password(GATE_USER_ADD, "anna", ANNA);
	ask(log_in);
	is(ask(who), "anna", "removed, and back: a new login counts");
	put_back(id, own);
	snprintf(sid, sizeof sid, "%s", own_cookie);
	is(ask(who), "nobody", "  an old one does not");
	begin();
}

/* A clock that is behind that of who ended all: a login after it counts all the same. */
static void
test_time_ahead(void)
{
	struct gate_error error = {0};

	begin();
	must(gate_users_end(v.f.config.users, "anna", gate_clock_wall() + HOUR, &error) == 1,
	    error.text);
	is(ask(log_in), "1 anna", "a login by a clock that is behind");
	is(ask(who), "anna", "  counts");
	is(end_others(), "0 anna", "  it can end all others");
	is(ask(who), "anna", "  and goes on");
	put_session("nodes", "\"gate\":{\"user\":\"anna\"}");
	is(ask(who), "anna", "a record that does not say when it began begins now");
	ok(has(record(), "\"since\":"), "  and says so from then on");
	begin();
}

/* The clock that made the session was ahead. */
static void
test_session_ahead(void)
{
	struct gate_error error = {0};
	char members[160];
	int64_t year = gate_clock_wall() + 365 * 24 * HOUR;

	begin();
	snprintf(members, sizeof members,
	    "\"gate\":{\"created\":%" PRId64 ",\"since\":%" PRId64 ",\"user\":\"anna\"}", year,
	    year);
	put_session("ahead", members);
	ask(who);
	is(ask(who), time_of("anna") == 0 ? "anna" : "nobody", "a login by a clock that was ahead");
	ok(!has(record(), members), "  its record says that it began now");
	is(end_others(), "0 anna", "  it ends all others");
	is(ask(who), "anna", "  and goes on");
	must(gate_users_end(v.f.config.users, "anna", gate_clock_wall() + 1000, &error) == 1,
	    error.text);
	is(ask(who), "nobody", "  until all of them end");
	put_session("ahead", members);
	is(ask(who), "nobody", "one that was not put right ends with them, too");
	begin();
}

static void
test_max_sessions(void)
{
	begin();
	options->max_sessions = 2;
	is(ask(log_in), "1 anna", "a first login");
	ok(walks == 1 && !has(v.f.logged, "session-ended"), "  looks, and ends nothing");
	begin();
	make_session("bens", "ben", 5 * HOUR, NULL);
	make_session("oldest", "anna", 3 * HOUR, NULL);
	make_session("older", "anna", 2 * HOUR, NULL);
	make_session("old", "anna", HOUR, NULL);
	ask(log_in);
	ok(count_records(&v.f, false) == 3 && is_there("bens") && is_there("old") &&
		is_there(session_id()),
	    "max_sessions = 2: a login ends the oldest beyond that");
	ok(times(v.f.logged, "event=session-ended") == 2 && has(v.f.logged, "why=max_sessions"),
	    "  which the log tells");
	options->max_sessions = 1;
	ask(log_in);
	ok(count_records(&v.f, false) == 2 && is_there(session_id()), "1: this one alone");
	ask(who);
	ok(walks == 0, "only a login looks");

	begin();
	options->max_sessions = 2;
	make_session("live", "anna", 10 * DAY, NULL);
	make_session("dead", "anna", DAY, NULL);
	put_session("dead", "\"gate\":{\"created\":9999999999999,\"user\":\"anna\"}");
	sid[0] = '\0';
	ahead += 14 * DAY - 2 * HOUR;
	put_session("live", "\"gate\":{\"created\":1,\"user\":\"anna\"}");
	sid[0] = '\0';
	ahead += 3 * HOUR;
	options->absolute_timeout = 0;
	ask(log_in);
	ok(answered == 1 && is_there("live"), "sessions that have expired don't count");
	options->absolute_timeout = 30 * DAY;

	begin();
	options->max_sessions = 1;
	make_session("one", "anna", HOUR, NULL);
	make_session("two", "anna", 2 * HOUR, NULL);
	make_session("three", "anna", 3 * HOUR, NULL);
	make_session("four", "anna", 4 * HOUR, NULL);
	each_breaks = 3;
	ask(log_in);
	each_breaks = 0;
	ok(answered == 1 && is_there(session_id()) && count_records(&v.f, false) == 3,
	    "a walk that breaks: of those that it showed the oldest end");
	ok(has(v.f.logged, "event=sessions-not-listed user=anna") &&
		times(v.f.logged, "why=max_sessions") == 2,
	    "  which the log tells");

	begin();
	options->max_sessions = 1;
	make_session("bens", "ben", HOUR, NULL);
	make_session("annas", "anna", HOUR, NULL);
	ask(in_and_out);
	ok(answered == 1 && is_there("bens") && is_there("annas"),
	    "a login that is taken back ends nobody's session");
	ask(in_without_page);
	ok(answered == 1 && status_of(&v) == 500 && is_there("bens") && is_there("annas"),
	    "nor does one that is not stored");
	options->max_sessions = 0;
}

/* ---- a new password ---- */

static void
test_change(void)
{
	char id[GATE_ID_MAX + 1];

	begin();
	is(change_to(ANNA, NEXT), "-1 ", "nobody has no password to change");
	ok(hashes == 0 && bumps == 0, "  nothing is tried");
	ask(log_in);
	ask(put_n);
	snprintf(id, sizeof id, "%s", session_id());
	make_session("bens", "ben", HOUR, NULL);
	make_session("thief", "anna", HOUR, NULL);
	is(change_to(ANNA, NEXT), "1 ", "a new password: 1");
	ok(hashes == 2 && has(v.f.logged, "level=info event=password-changed user=anna"),
	    "  by two hashes and a line in the log");
	ok(!is_there("thief") && is_there("bens"), "  one's other sessions end");
	ok(strcmp(session_id(), id) != 0 && !is_there(id) && has(record(), "\"n\":1"),
	    "  this one stays, under a new id");
	is(ask(who), "anna", "  logged in");
	is(log_in_as("anna", ANNA), "0 anna", "  the old password is none any more");
	sid[0] = '\0';
	is(log_in_as("anna", NEXT), "1 anna", "  the new one is");
	set_password(GATE_USER_REPLACE, "anna", ANNA);
}

static void
test_change_refused(void)
{
	begin();
	ask(log_in);
	make_session("second", "anna", HOUR, NULL);
	is(change_to(WRONG, NEXT), "0 " NOT_RIGHT, "a wrong old one: 0");
	ok(hashes == 1 && bumps > 0 && has(v.f.logged, "event=password-refused user=anna"),
	    "  it counts as a try");
	is(change_to(NULL, NEXT), "0 " NOT_RIGHT, "or none");
	is(change_to(ANNA, "too short"), "0 The new password is shorter than 15 characters.",
	    "a weak new one: 0");
	ok(hashes == 0 && bumps == 0, "  nothing is tried");
	ok(strncmp(change_to(ANNA, "aaaaaaaaaaaaaaaaaaaa"), "0 The new password is ", 21) == 0,
	    "  and why");
	ok(is_there("second") && status_of(&v) == 200, "  no session ends");
	https = false;
	ok(strncmp(change_to(ANNA, NEXT), "-1 ", 3) == 0 && status_of(&v) == 403 && hashes == 0,
	    "over http: -1, 403");
	https = true;
	for (int i = 0; i < GATE_THROTTLE_FREE; i++)
		change_to((const char[]){(char)('a' + i), '\0'}, NEXT);
	is(change_to(ANNA, NEXT), "0 " NOT_RIGHT,
	    "after five failures even the right one has to wait");
	ok(hashes == 0, "  and is not tried");
	sid[0] = device[0] = '\0';
	is(log_in_as("anna", ANNA), "1 anna", "  at this device: its tries are its own");
}

/* Not even root writes where a folder stands: where the new file is put together. */
static void
test_change_impossible(void)
{
	char aside[160];
	struct stat st;

	begin();
	ask(log_in);
	make_session("second", "anna", HOUR, NULL);
	must(stat(users_file, &st) == 0, users_file);
	snprintf(aside, sizeof aside, "%s/.gate-new-%ju", v.f.folder, (uintmax_t)st.st_ino);
	must(mkdir(aside, 0700) == 0, aside);
	is(change_to(ANNA, NEXT), "0 Passwords can't be changed here: ask the administrator.",
	    "users that can't be written: 0, and whom to ask");
	must(rmdir(aside) == 0, aside);
	ok(has(v.f.logged, "level=error event=password-unchangeable user=anna error=\"users file:"),
	    "  the log says what is wrong");
	ok(is_there("second") && !has(v.answer, "Set-Cookie"), "  no session ends");
	is(log_in_as("anna", ANNA), "1 anna", "  the old password stays");
}

static void
change_elsewhere(void)
{
	set_password(GATE_USER_REPLACE, "anna", BEN);
}

static void
test_change_meanwhile(void)
{
	begin();
	ask(log_in);
	make_session("second", "anna", HOUR, NULL);
	at_second_hash = change_elsewhere;
	is(change_to(ANNA, NEXT), "0 The password was changed from elsewhere just now.",
	    "changed by somebody else between check and change: 0");
	ok(at_second_hash == NULL && is_there("second"), "  no session ends");
	sid[0] = '\0';
	is(log_in_as("anna", NEXT), "0 nobody", "  it is not overwritten");
	is(log_in_as("anna", BEN), "1 anna", "  what the other one set counts");
	set_password(GATE_USER_REPLACE, "anna", ANNA);
}

static void
test_rehashed_meanwhile(void)
{
	begin();
	ask(log_in);
	at_second_hash = rehash;
	is(change_to(ANNA, NEXT), "1 ", "a login renews the hash between check and change: 1");
	sid[0] = '\0';
	is(log_in_as("anna", NEXT), "1 anna", "  the new password counts");
	set_password(GATE_USER_REPLACE, "anna", ANNA);
}

static void
change_and_tell(struct gate_request *r)
{
	change_password(r);
	json_object_set_new(gate_session(r), "answer", json_integer(answered));
}

static void
log_out_elsewhere(void)
{
	must(gate_store_remove(&v.f.link, session_id(), NULL, NULL) == 1, "a logout");
}

static void
test_change_again(void)
{
	int usual;

	begin();
	ask(log_in);
	change_to(ANNA, NEXT);
	usual = bumps;
	make_session("thief", "anna", HOUR, NULL);
	other = add_other;
	password = NEXT;
	new_password = ANNA;
	is(ask(change_and_tell), "1 ", "a conflict behind a new password: 1");
	ok(v.runs == 2 && hashes == 2 && bumps == usual &&
		times(v.f.logged, "event=password-changed") == 1,
	    "  by a second run that changes nothing again");
	ok(!is_there("thief") && count_records(&v.f, false) == 1 && has(record(), "\"answer\":1") &&
		has(record(), "\"other\":"),
	    "  the sessions are as they should be");
	is(ask(who), "anna", "  and this one is good");
	password = WRONG;
	new_password = NEXT;
	is(ask(change_and_tell), "0 " NOT_RIGHT, "the same, refused");
	ok(v.runs == 2 && hashes == 1 && has(record(), "\"answer\":0"), "  in both runs");
	other = destroy;
	password = ANNA;
	ask(change_password);
	ok(answered == -1 && hashes == 0 && !has(v.answer, "Set-Cookie") &&
		count_records(&v.f, false) == 0,
	    "logged out before it is tried: nothing is changed");
	other = NULL;
	is(log_in_as("anna", ANNA), "1 anna", "  the password neither");
	at_second_hash = log_out_elsewhere;
	password = ANNA;
	ask(change_password);
	ok(at_second_hash == NULL && answered == -1 && hashes == 2 &&
		!has(v.answer, "Set-Cookie") && count_records(&v.f, false) == 0,
	    "logged out meanwhile: nothing is set or stored");
	other = NULL;
	is(log_in_as("anna", NEXT), "1 anna", "  but the password is the new one");
	set_password(GATE_USER_REPLACE, "anna", ANNA);
}

static void
test_change_missing(void)
{
	begin();
	ask(log_in);
	is(change_to(ANNA, NULL), "0 The new password is missing.", "no new password: 0");
	ok(hashes == 0 && bumps == 0, "  nothing is tried");
}

int
main(void)
{
	open_server();
	test_list();
	test_many();
	test_stale_index();
	test_end();
	test_end_others();
	test_end_again();
	test_outdated();
	test_rehashed();
	test_mark();
	test_time();
	test_time_ahead();
	test_session_ahead();
	test_max_sessions();
	test_change();
	test_change_refused();
	test_change_impossible();
	test_change_meanwhile();
	test_rehashed_meanwhile();
	test_change_again();
	test_change_missing();
	json_decref(sessions);
	close_server();
	return done();
}
