/* test_gate_login.c: login, logout, and who is logged in: what gate stores and answers, and what a
 * second run does not repeat.
 * Tests login/login.c, login/try.c, login/report.c and login/finish.c. */
#include "config.h"

#include "base/date.h"
#include "login/device.h"
#include "crypto/id.h"
#include "base/log.h"
#include "login.h"

/* ---- login ---- */

static void
test_login(void)
{
	const char *cookie;
	char kept[TEXT_MAX];

	begin();
	is(log_in_as("anna", ANNA), "1 anna", "the right password: 1, and gate_user says so");
	ok(status_of(&v) == 200 && hashes == 1, "  by one hash");
	ok(times(v.answer, "Set-Cookie: ") == 2 && set_cookie(SID)[0] != '\0',
	    "  with the session's cookie and the device's");
	cookie = set_cookie(DEVICE);
	ok(has(cookie, "; Path=/; Expires=") && has(cookie, "; HttpOnly; Secure; SameSite=Lax") &&
		!has(cookie, "anna"),
	    "  which is a __Host- one without the name in it");
	ok(has(record(), ",\"gate\":{\"created\":") &&
		has(record(), ",\"user\":\"anna\",\"login\":") &&
		has(record(), ",\"address\":\"192.0.2.1\",\"agent\":\"" FIREFOX "\"}"),
	    "  the record says who, since when, and from where");
	ok(is_indexed("anna", session_id()), "  the index has its id");
	ok(times(v.f.logged, "\n") == 1 &&
		has(v.f.logged, "level=info event=login user=anna address=192.0.2.1"),
	    "  and the log a line");
	snprintf(kept, sizeof kept, "%s", record());
	is(ask(who), "anna", "the next request knows");
	ok(strcmp(record(), kept) == 0 && !has(v.answer, "Set-Cookie"),
	    "  and leaves all as it is");
	is(ask(dump), "{}", "a handler sees nothing of it in the session");
	count_records(&v.f, true);
}

static void
refused(const char *who_it_is, const char *with, int work, const char *what)
{
	int before = count_records(&v.f, false);

	is(log_in_as(who_it_is, with), "0 nobody", what);
	ok(hashes == work && (bumps > 0) == (work > 0), "  by %d hashes", work);
	ok(!has(v.answer, "Set-Cookie") && count_records(&v.f, false) == before,
	    "  no cookie, no record");
	ok(with == NULL || !has(v.f.logged, with), "  and no password in the log");
}

static void
test_refused(void)
{
	char long_name[GATE_USER_NAME_MAX + 2], long_password[GATE_PASSWORD_MAX + 2],
	    known[TEXT_MAX];

	begin();
	memset(long_name, 'a', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	memset(long_password, 'a', sizeof long_password);
	long_password[sizeof long_password - 1] = '\0';
	refused("anna", WRONG, 1, "a wrong password: 0");
	ok(has(v.f.logged, "level=warn event=login-failed user=anna user_tag="),
	    "  which the log tells");
	snprintf(known, sizeof known, "%.*s", TEXT_MAX - 1, v.answer);
	refused("nobody-of-that-name", WRONG, 1, "a name that nobody has: 0");
	is(v.answer, known, "  byte for byte the same answer");
	ok(has(v.f.logged, "event=login-failed user_tag=") && !has(v.f.logged, "nobody-of-that"),
	    "  the log shows a tag instead: it may be a password");
	refused("Anna", ANNA, 1, "names are compared byte for byte");
	refused("anna", ANNA " ", 1, "so are passwords");
	refused("an na", ANNA, 1, "a blank inside makes another name");
	refused(" \t ", ANNA, 1, "and blanks alone none");
	refused(NULL, ANNA, 0, "no name");
	refused("anna", NULL, 0, "no password");
	refused(long_name, ANNA, 0, "a name of 256 bytes");
	refused("anna", long_password, 0, "a password of 512 bytes");
	long_name[GATE_USER_NAME_MAX] = '\0';
	refused(long_name, ANNA, 1, "a name of 255 bytes is tried");
}

static void
test_without_users(void)
{
	struct gate_users *users = v.f.config.users;

	begin();
	v.f.config.users = NULL;
	refused("anna", ANNA, 0, "without the option users nobody can log in");
	ok(has(v.f.logged, "level=warn event=login-impossible"), "  which the log explains");
	v.f.config.users = users;
}

/* Apache's htpasswd -m made it. */
static void
test_weak_hash(void)
{
	char hash[GATE_HASH_MAX], usual[GATE_HASH_MAX];

	begin();
	must(gate_users_find(v.f.config.users, "anna", usual, NULL) == 1, "anna's hash");
	must(gate_password_apr1(ANNA, "$apr1$saltsalt", hash) == 0 &&
		gate_users_change(v.f.config.users, GATE_USER_REPLACE, "anna", hash, usual, NULL) ==
		    1,
	    "a weak hash");
	is(ask(log_in), "0 nobody", "a weak hash is none");
	ok(hashes == 1, "  and another one is tried, as for a stranger");
	options->allow_weak_hashes = true;
	is(ask(log_in), "1 anna", "but with allow_weak_hashes");
	ok(has(v.f.logged, "level=warn event=hash-weak user=anna"), "  with a warning");
	options->allow_weak_hashes = false;
	must(gate_users_change(v.f.config.users, GATE_USER_REPLACE, "anna", usual, hash, NULL) == 1,
	    "anna's hash");
	is(ask(log_in), "1 anna", "as before");
	ok(!has(v.f.logged, "hash-weak"), "  without one");
}

static void
test_plain_http(void)
{
	begin();
	https = false;
	ok(strncmp(ask(log_in), "-1 nobody", 9) == 0 && status_of(&v) == 403, "over http: -1, 403");
	ok(hashes == 0 && bumps == 0 && !has(v.answer, "Set-Cookie"), "  nothing is tried");
	options->insecure_http = true;
	is(ask(log_in), "1 anna", "with insecure_http: 1");
	ok(has(set_cookie("gate-device"), "; HttpOnly; SameSite=Lax") && !has(v.answer, "Secure") &&
		!has(v.answer, "__Host-"),
	    "  its cookies are for http");
	options->insecure_http = false;
}

/* A new cookie might be one of too many: the next request would be nobody's again. */
static void
test_too_many(void)
{
	struct gate_buffer cookies = {0};
	char id[16];

	begin();
	gate_buffer_puts(&cookies, "HTTP_COOKIE=a=b");
	for (int i = 0; i < GATE_SESSION_IDS; i++) {
		snprintf(id, sizeof id, "id%d", i);
		add_cookie(&cookies, v.f.config.keys, id);
	}
	hashes = bumps = 0;
	serve_params(&v, log_in,
	    (const char *const[]){"REQUEST_METHOD=POST", "REQUEST_URI=/login", "HTTPS=on",
		"HTTP_SEC_FETCH_SITE=same-origin", gate_buffer_text(&cookies), NULL});
	ok(answered == -1 && status_of(&v) == 409 && has(v.answer, "Log out to end them"),
	    "cookies of sixteen sessions: -1, and a 409 that says what to do");
	ok(hashes == 0 && bumps == 0 && !has(v.answer, "Set-Cookie") &&
		count_records(&v.f, false) == 0,
	    "  nothing is tried or stored");
	gate_buffer_release(&cookies);
}

static void
test_remember(void)
{
	int64_t usual = options->remember_age, limit = options->absolute_timeout;
	char wanted[64], date[GATE_HTTP_DATE_LENGTH + 1];

	begin();
	ask(log_in);
	ok(!has(set_cookie(SID), "Expires"), "not to be remembered: with the browser");
	remember = 1;
	options->remember_age = 10 * DAY;
	ask(log_in);
	ok(has(record(), "\"originalMaxAge\":864000000,"), "to be remembered: for remember_age");
	options->absolute_timeout = DAY;
	ask(log_in);
	gate_http_date(date, (gate_clock_wall() + DAY) / 1000 * 1000);
	snprintf(wanted, sizeof wanted, "; Expires=%.16s", date); /* to the day */
	ok(has(set_cookie(SID), wanted), "  but not past absolute_timeout");
	options->remember_age = usual;
	options->absolute_timeout = limit;
}

static void
agent_is(const char *sent, const char *kept, const char *what)
{
	char wanted[300];

	agent = sent;
	ask(log_in);
	snprintf(wanted, sizeof wanted, "\"agent\":%s}", kept);
	ok(answered == 1 && has(record(), wanted), "%s", what);
}

static void
test_agent(void)
{
	char text[260], kept[260];

	begin();
	agent_is("", "null", "no User-Agent");
	agent_is("a\"b\\c\x01", "\"a\\\"b\\\\c\\u0001\"", "one with what JSON escapes");
	agent_is("curl/8\xff"
		 "evil",
	    "\"curl/8\"", "what is no UTF-8 is cut off");
	memset(text, 'a', sizeof text);
	memcpy(text + 199, "\xc3\xa9", 2);
	text[250] = '\0';
	snprintf(kept, sizeof kept, "\"%.199s\"", text);
	agent_is(text, kept, "200 bytes at most, and whole characters");
}

static void
commit_and_log_in(struct gate_request *r)
{
	json_object_set_new(gate_session(r), "n", json_integer(1));
	gate_session_commit(r);
	answered = gate_login(r, name, password, remember);
	answered += gate_logout(r);
}

static void
test_late(void)
{
	begin();
	put_session("late", "\"x\":1");
	ask(commit_and_log_in);
	ok(answered == -2 && hashes == 0 && times(v.f.logged, "event=call-after-commit") == 2,
	    "after the commit: -1, and a log line");
	ok(record_of_has("late", "\"n\":1") && !record_of_has("late", "user"),
	    "  what was committed stands");
}

/* ---- what becomes of the session ---- */

static void
test_new_id(void)
{
	char old[GATE_ID_MAX + 1];

	begin();
	put_session("planted", "\"basket\":[1, 2.50],\"gate\":{\"created\":1795253199612}");
	ask(log_in);
	ok(strlen(session_id()) == 32 && count_records(&v.f, false) == 1 && !is_there("planted"),
	    "login gives a new id, the old record is gone");
	ok(has(record(), "\"basket\":[1, 2.50],"), "what an anonymous session held stays");
	ok(!has(record(), "\"created\":1795253199612"), "its time begins anew");
	send_id("planted");
	ask(put_n);
	ok(status_of(&v) == 409 && !has(v.answer, "anna"),
	    "who planted the old id has nobody's session, and can't change it");
	ok(!has(v.answer, "Set-Cookie") && count_records(&v.f, false) == 1,
	    "  while it is marked: nothing is stored or set");
	forget_end(&v.f, "planted");
	is(ask(put_n), "nobody", "  and later too");
	ok(strcmp(session_id(), "planted") != 0 && !is_there("planted"),
	    "  under an id of its own");

	begin();
	send_id("unknown-and-signed");
	ask(log_in);
	ok(strlen(session_id()) == 32 && !is_there("unknown-and-signed"),
	    "an id without a record is not adopted");

	begin();
	ask(log_in);
	snprintf(old, sizeof old, "%s", session_id());
	ask(put_n);
	ahead += MINUTE;
	ask(log_in);
	ok(strcmp(session_id(), old) != 0 && !is_there(old) && has(record(), "\"n\":1"),
	    "the same user once more: a new id, the data stays");
	ok(is_indexed("anna", session_id()) && !is_indexed("anna", old), "  and the index follows");
}

static void
log_out_and_in(struct gate_request *r)
{
	gate_logout(r);
	answered = gate_login(r, name, password, remember);
}

static void
test_another_user(void)
{
	begin();
	log_in_as("anna", ANNA);
	ask(put_n);
	log_in_as("ben", BEN);
	ok(answered == 1 && !has(record(), "\"n\":1") && has(record(), "\"user\":\"ben\""),
	    "another user logs in: the session starts empty");
	ok(count_records(&v.f, false) == 1 && is_indexed("ben", session_id()), "  under a new id");
	ask(put_n);
	name = "ben";
	ask(log_out_and_in);
	ok(answered == 1 && !has(record(), "\"n\":1") && count_records(&v.f, false) == 1,
	    "logout and login in one request: empty, too");

	begin();
	put_session("hidden",
	    "\"n\":1,\"big\":12345678901234567890,\"lone\":\"\\ud800\",\"gate\":{\"created\":1,"
	    "\"user\":\"anna\"}");
	options->absolute_timeout = 0;
	log_in_as("ben", BEN);
	ok(answered == 1 && !has(record(), "\"big\"") && !has(record(), "\"lone\""),
	    "nor does another user inherit what jansson can't read");
	put_session("hidden", "\"n\":1,\"big\":12345678901234567890");
	log_in_as("ben", BEN);
	ok(answered == 1 && has(record(), "\"big\":12345678901234567890"),
	    "  which stays where nobody was logged in");
	options->absolute_timeout = 30 * DAY;
}

/* ---- a second run ---- */

static void
test_conflict(void)
{
	int usual;

	begin();
	put_session("calm", "\"x\":1");
	ask(log_in);
	usual = bumps;
	ok(v.runs == 1 && usual > 0, "a login that nobody disturbs takes one run");

	begin();
	put_session("busy", "\"x\":1");
	other = add_other;
	is(ask(log_in), "1 anna", "a conflict at the commit of a login: 1 all the same");
	ok(v.runs == 2 && hashes == 1 && bumps == usual,
	    "  by a second run, that neither hashes nor counts again");
	ok(times(v.answer, "Set-Cookie: " DEVICE "=") == 1 &&
		times(v.answer, "Set-Cookie: " SID "=") == 1,
	    "  each cookie is set once");
	ok(has(record(), "\"x\":1,") && has(record(), "\"other\":"), "  the other's change stays");
	ok(count_records(&v.f, false) == 1 && times(v.f.logged, "event=login") == 1,
	    "  one record is left, one login is logged");
	is(ask(who), "anna", "  and the cookie is good");
}

static void
count_failures(struct gate_request *r)
{
	log_in(r);
	if (answered != 1)
		json_object_set_new(gate_session(r), "failed", json_true());
}

static void
test_conflict_refused(void)
{
	begin();
	put_session("busy", "\"x\":1");
	other = add_other;
	password = WRONG;
	is(ask(count_failures), "0 nobody", "a conflict behind a refused login: refused again");
	ok(v.runs == 2 && hashes == 1 && times(v.f.logged, "event=login-failed") == 1,
	    "  without another try");
	ok(record_of_has("busy", "\"failed\":true") && record_of_has("busy", "\"other\":"),
	    "  and the session is stored");
}

static void
test_gone(void)
{
	begin();
	put_session("gone", "\"x\":1");
	other = destroy;
	is(ask(log_in), "1 anna",
	    "destroyed during a login: 1, it has its right from the password");
	ok(v.runs == 2 && hashes == 1 && set_cookie(SID)[0] != '\0' &&
		times(v.answer, "Set-Cookie: " DEVICE "=") == 1,
	    "  it sets its cookies");
	ok(count_records(&v.f, false) == 1 && !has(record(), "\"x\"") &&
		has(record(), "\"user\":\"anna\""),
	    "  its new session is empty");
	is(ask(who), "anna", "  and good");

	begin();
	put_session("gone", "\"x\":1");
	other = renew;
	is(ask(log_in), "1 anna", "renewed during a login: the same");
	ok(v.runs == 2 && set_cookie(SID)[0] != '\0' && !has(record(), "\"x\""),
	    "  empty, with its cookie");
	ok(count_records(&v.f, false) == 2, "  beside the renewed one");

	begin();
	put_session("gone", "\"x\":1");
	other = destroy;
	ask(put_n);
	ok(v.runs == 2 && !has(v.answer, "Set-Cookie") && count_records(&v.f, false) == 0,
	    "a handler without a login: nothing is stored, no cookie is set");
	put_session("gone", "\"x\":1");
	password = WRONG;
	ask(count_failures);
	ok(v.runs == 2 && answered == 0 && !has(v.answer, "Set-Cookie") &&
		count_records(&v.f, false) == 0,
	    "nor is it with a login that was refused");
}

/* ---- who is logged in stands where user_member says ---- */

/* Stores read the option when they are opened. */
static void
use_member(const char *member)
{
	static char text[GATE_MEMBER_MAX + 1], *usual;
	struct gate_error error = {0};

	if (usual == NULL)
		usual = options->user_member;
	snprintf(text, sizeof text, "%s", member != NULL ? member : "");
	options->user_member = member != NULL ? text : usual;
	gate_store_close(&v.f.link);
	must(gate_store_open(&v.f.link, &table, options, &error) == 0, error.text);
}

static void
test_member_login(void)
{
	begin();
	use_member("username");
	put_session("node", "\"x\":0.10");
	is(ask(log_in), "1 anna", "user_member = username: login");
	ok(has(record(), "\"x\":0.10,") && has(record(), ",\"username\":\"anna\",") &&
		has(record(), "\"user\":\"anna\""),
	    "  writes it, and gate.user too");
	is(ask(dump), "{\"x\":0.10000000000000001,\"username\":\"anna\"}", "  a handler sees it");
	log_in_as("ben", BEN);
	ok(has(record(), "\"username\":\"ben\"") && !has(record(), "\"x\""),
	    "another user: the session starts empty but for that");
	ask(log_out);
	ok(count_records(&v.f, false) == 0 && sid[0] == '\0', "logout removes all of it");

	use_member("passport.user");
	put_session("node", "\"passport\":{\"a\":0.10,\"user\":null,\"b\":[ 1, 1.0 ]},\"x\":0.10");
	name = "anna";
	password = ANNA;
	is(ask(log_in), "1 anna", "user_member = passport.user: login");
	ok(has(record(), "{\"a\":0.10,\"user\":\"anna\",\"b\":[ 1, 1.0 ]},\"x\":0.10,"),
	    "  the other members there stay byte for byte");
	is(ask(who), "anna", "  and it is known");
	put_session("node", "\"passport\":\"text\"");
	ask(log_in);
	ok(has(record(), "\"passport\":{\"user\":\"anna\"}"), "what is no object becomes one");
	use_member(NULL);
}

/* A record of Node's with this member, and who gate says that is; NULL: nobody. */
static void
node_user(const char *member, const char *text, const char *user)
{
	char wanted[128], members[256];

	begin();
	snprintf(members, sizeof members, "\"x\":1,%s", text);
	use_member(member);
	put_session("node", members);
	is(ask(who), or_nobody(user), text);
	snprintf(wanted, sizeof wanted, "\"user\":\"%s\"}", or_nobody(user));
	ok(status_of(&v) == 200 && has(record(), wanted) == (user != NULL) &&
		(user == NULL || is_indexed(user, "node")),
	    "  the copy at gate.user and the index follow");
	is(ask(who), or_nobody(user), "  the next request finds the same");
	ok(ask(put_n) != NULL && status_of(&v) == 200 && has(record(), "\"n\":1"),
	    "  a handler can change the rest");
}

static void
test_member_of_node(void)
{
	char kept[TEXT_MAX];

	node_user("username", "\"username\":\"anna\"", "anna");
	node_user("username", "\"username\":5", "5");
	node_user("username", "\"username\":-7", "-7");
	node_user("username", "\"username\":true", NULL);
	node_user("username", "\"username\":null", NULL);
	node_user("username", "\"username\":{\"id\":1}", NULL);
	node_user("username", "\"username\":[\"anna\"]", NULL);
	node_user("username", "\"username\":\"\"", NULL);
	node_user("username", "\"username\":\"an\\u0000na\"", NULL);
	node_user("username", "\"username\":1.5", NULL);
	node_user("username", "\"username\":12345678901234567890", NULL);
	node_user("username", "\"username\":\"\\ud800\"", NULL);
	node_user("username", "\"y\":1", NULL);
	node_user("passport.user", "\"passport\":{\"user\":\"anna\"}", "anna");
	node_user("passport.user", "\"passport\":{\"a\":{\"user\":\"x\"},\"user\":42}", "42");
	node_user("passport.user", "\"passport\":{\"user\":{\"id\":1}}", NULL);
	node_user("passport.user", "\"passport\":{}", NULL);
	node_user("passport.user", "\"passport\":\"user\"", NULL);
	node_user("passport.user", "\"passport\":[{\"user\":\"x\"}]", NULL);
	node_user("passport.user", "\"user\":\"x\"", NULL);
	node_user("passport.user", "\"passport\":{\"user\":\"anna\",\"big\":12345678901234567890}",
	    "anna");

	begin();
	use_member("username");
	put_session("node", "\"username\":\"anna\"");
	ask(who);
	snprintf(kept, sizeof kept, "%s", record());
	ask(who);
	is(record(), kept, "what has been noticed is not written again");
	put_session(
	    "node", "\"username\":\"ben\",\"gate\":{\"created\":1795253199612,\"user\":\"anna\"}");
	is(ask(who), "ben", "Node changed who it is");
	ok(has(record(), "\"user\":\"ben\"") && is_indexed("ben", "node"), "  all follows");
	put_session("node", "\"x\":1,\"gate\":{\"created\":1795253199612,\"user\":\"anna\"}");
	is(ask(who), "nobody", "Node logged out: nobody");
	ok(has(record(), "\"user\":null"), "  the copy follows");
	use_member(NULL);
}

static json_t *(*made)(void); /* the value that a handler puts there; NULL: it removes the member */
static const char *where;

static json_t *
a_name(void)
{
	return json_string("anna");
}

static json_t *
a_number(void)
{
	return json_integer(5);
}

static json_t *
a_passport(void)
{
	return json_pack("{s:s}", "user", "anna");
}

static json_t *
an_empty_object(void)
{
	return json_object();
}

static json_t *
a_null(void)
{
	return json_null();
}

static void
forge(struct gate_request *r)
{
	json_object_set_new(gate_session(r), "n", json_integer(1));
	if (made != NULL)
		json_object_set_new(gate_session(r), where, made());
	else
		json_object_del(gate_session(r), where);
	gate_printf(r, "it worked");
}

static void
forged(const char *members, const char *member, json_t *(*value)(void), const char *what)
{
	char wanted[200], kept[TEXT_MAX];

	begin();
	if (members != NULL)
		put_session("node", members);
	snprintf(kept, sizeof kept, "%s", record());
	where = member;
	made = value;
	gate_log_forget();
	ask(forge);
	ok(status_of(&v) == 500 && !has(v.answer, "it worked") && !has(v.answer, "Set-Cookie"),
	    "%s: 500", what);
	snprintf(wanted, sizeof wanted,
	    "event=session-refused path=/login error=\"session member %s",
	    strcmp(member, "gate") == 0 ? member : options->user_member);
	ok(has(v.f.logged, wanted), "  the log names the member");
	ok(strcmp(record(), kept) == 0 && count_records(&v.f, false) == (members != NULL),
	    "  nothing is stored");
}

static void
test_forged(void)
{
	static const char anna[] = "\"username\":\"anna\",\"gate\":{\"created\":1795253199612,"
				   "\"user\":\"anna\"}";
	static const char pass[] = "\"passport\":{\"user\":\"ben\"},\"gate\":{\"created\":"
				   "1795253199612,\"user\":\"ben\"}";

	forged(NULL, "gate", a_passport, "a handler sets gate in a new session");
	forged("\"gate\":{\"created\":1795253199612}", "gate", a_passport, "in one that is there");
	use_member("username");
	forged(NULL, "username", a_name, "a handler writes user_member in a new session");
	forged("\"x\":1", "username", a_number, "in one that is there");
	forged("\"x\":1", "username", a_null, "what may be a name to Node, too");
	forged(anna, "username", a_number, "a handler replaces it");
	forged(anna, "username", a_null, "by null");
	forged(anna, "username", NULL, "a handler removes it");
	use_member("passport.user");
	forged(NULL, "passport", a_passport, "a handler writes the object around it");
	forged(pass, "passport", a_passport, "replaces it");
	forged(pass, "passport", an_empty_object, "empties it");
	forged(pass, "passport", a_name, "makes a text of it");
	forged(pass, "passport", NULL, "removes it");
	use_member(NULL);

	begin();
	put_session(
	    "node", "\"username\":\"anna\",\"gate\":{\"user\":5,\"created\":1795253199612}");
	is(ask(who), "5", "without user_member username is a member like others");
	where = "username";
	made = a_number;
	is(ask(forge), "it worked", "  which a handler may set");
}

/* ---- logout ---- */

/* Unless the answer sets a cookie, Chromium's Back shows the session's last page again: see
 * tests/pages/browser/back.js. */
static void
test_logout_cookie(const char *old)
{
	char kept[sizeof device], wanted[sizeof device + 64];

	snprintf(kept, sizeof kept, "%s", device);
	snprintf(wanted, sizeof wanted, "%s; Max-Age=", kept);
	send_id(old);
	ask(log_out);
	ok(has(set_cookie(DEVICE), wanted) && has(set_cookie(DEVICE), "; Path=/; Expires="),
	    "a session that is over: the device's as it came");
	snprintf(device, sizeof device, "%s", DEVICE "=x\" y");
	send_id(old);
	ask(log_out);
	ok(has(set_cookie(DEVICE), DEVICE "=none; Max-Age="),
	    "  one that is none: a worthless one");
	device[0] = '\0';
	send_id(old);
	ask(log_out);
	ok(has(set_cookie(DEVICE), DEVICE "=none; Max-Age=60; Path=/; Expires="),
	    "  without one, too");
	sid[0] = device[0] = '\0';
	ask(log_out);
	ok(!has(v.answer, "Set-Cookie"), "who sent no session gets no cookie");
	snprintf(device, sizeof device, "%s", kept);
}

static void
test_site_data(void)
{
	char cache[] = "cache", storage[] = "storage";

	begin();
	options->clear_site_data[0] = cache;
	options->clear_site_data[1] = storage;
	ask(log_in);
	ok(!has(v.answer, "Clear-Site-Data"), "clear_site_data: not at login");
	is(ask(log_out), "0 nobody", "at logout");
	is(header_of(&v, "Clear-Site-Data"), "\"cache\", \"storage\"", "  as asked for, in quotes");
	options->clear_site_data[0] = options->clear_site_data[1] = NULL;
}

static void
test_logout(void)
{
	char old[GATE_ID_MAX + 1], known[sizeof device];

	begin();
	ask(log_in);
	snprintf(old, sizeof old, "%s", session_id());
	snprintf(known, sizeof known, "%s", device);
	is(ask(log_out), "0 nobody", "logout: 0, and nobody is logged in");
	ok(sid[0] == '\0' && count_records(&v.f, false) == 0, "  record and cookie go");
	is(header_of(&v, "Clear-Site-Data"), "", "  nothing else is asked of the browser");
	ok(has(v.f.logged, "level=info event=logout user=anna address=192.0.2.1"), "  logged");
	ok(device[0] != '\0' && times(v.answer, "Set-Cookie: __Host-gate-device=") == 1 &&
		times(v.answer, "Set-Cookie: ") == 2,
	    "  the device stays known, by a cookie of its own");
	ok(strlen(DEVICE "=") + GATE_DEVICE_ID_LENGTH < strlen(known) &&
		strncmp(device, known, strlen(DEVICE "=") + GATE_DEVICE_ID_LENGTH) == 0,
	    "  as the same one, with the same tries");
	send_id(old);
	is(ask(who), "nobody", "the old cookie is worth nothing");
	is(ask(log_out), "0 nobody", "who is not logged in may log out");
	ok(!has(v.f.logged, "event=logout"), "  without a line in the log");
	test_logout_cookie(old);

	begin();
	ask(log_in);
	other = add_other;
	is(ask(log_out), "0 nobody", "changed meanwhile: logout is unconditional");
	ok(v.runs == 1 && count_records(&v.f, false) == 0, "  and needs one run");
}

/* ---- tries, turns and failures ---- */

static void
fail(const char *user, int count)
{
	for (int i = 0; i < count; i++) {
		struct gate_throttle t = {.store = &v.f.link, .name = user, .address = address};

		must(gate_throttle_try(&t, NULL) == GATE_THROTTLE_PASS, "a try that passes");
	}
}

static void
test_account_throttled(void)
{
	char known[512];

	begin();
	ask(log_in);
	snprintf(known, sizeof known, "%s", device);
	begin();
	fail("anna", GATE_THROTTLE_FREE);
	is(ask(log_in), "0 nobody", "an account that has to wait: 0 for the right password, too");
	ok(status_of(&v) == 200 && hashes == 0 && header_of(&v, "Retry-After")[0] == '\0',
	    "  without a hash, and nothing says so");
	ok(has(v.f.logged, "level=warn event=login-throttled user_tag=") &&
		has(v.f.logged, "why=\"the account has to wait\""),
	    "  but the log, by a tag: who is refused is not looked for");
	move_users(true);
	is(ask(log_in), "0 nobody", "  the users need not even be there");
	move_users(false);
	ok(strcmp(log_in_as("nobody-of-that-name", WRONG), "0 nobody") == 0, "as any other name");
	snprintf(device, sizeof device, "%s", known);
	is(log_in_as("anna", ANNA), "1 anna",
	    "a device that was logged in before has its own tries");
	fail("nobody-of-that-name", GATE_THROTTLE_FREE - 1);
	sid[0] = device[0] = '\0';
	is(log_in_as("nobody-of-that-name", ANNA), "0 nobody",
	    "a name that nobody has waits alike");
	ok(hashes == 0 && has(v.f.logged, "event=login-throttled user_tag="), "  without a hash");
	snprintf(device, sizeof device, "%s", known);
	begin();
	address = "192.0.2.77";
	for (int i = 0; i < GATE_THROTTLE_TRIES_MAX; i++) {
		fail("anna", 1);
		ahead += GATE_THROTTLE_DELAY_MAX;
	}
	is(ask(log_in), "0 nobody", "an account that is closed: 0");
	ok(hashes == 0 && has(v.f.logged, "why=\"the account is closed: gate user unlock\""),
	    "  without a hash, and the log says what to do");
	snprintf(device, sizeof device, "%s", known);
	is(ask(log_in), "1 anna", "  not to a known device");
	gate_throttle_reset(&v.f.link, "anna", NULL);
	sid[0] = device[0] = '\0';
	is(ask(log_in), "1 anna", "  nor when an admin has opened it");
}

static void
test_address_throttled(void)
{
	long seconds;
	int usual;

	begin();
	put_session("busy", "\"x\":1");
	ahead += GATE_THROTTLE_ADDRESS_TIME - gate_clock_wall() % GATE_THROTTLE_ADDRESS_TIME;
	for (int i = 0; i < GATE_THROTTLE_ADDRESS_MAX; i++) {
		char who_it_is[] = {(char)('a' + i), '\0'};

		fail(who_it_is, 1);
	}
	other = add_other;
	ask(count_failures);
	usual = bumps;
	ok(answered == GATE_LATER && status_of(&v) == 429 && hashes == 0,
	    "an address that has to wait: GATE_LATER, 429, no hash");
	seconds = strtol(header_of(&v, "Retry-After"), NULL, 10);
	ok(seconds > 0 && seconds <= GATE_THROTTLE_ADDRESS_TIME * 3 / 2000, "  Retry-After %ld",
	    seconds);
	ok(v.runs == 2 && times(v.f.logged, "event=login-throttled") == 1 &&
		has(v.f.logged, "why=\"the address has to wait\""),
	    "  in both runs, by one try");
	ok(record_of_has("busy", "\"failed\":true"), "  and the session is stored");
	other = NULL;
	ask(log_in);
	ok(bumps == usual, "  one run counts as much");
	address = "192.0.2.2";
	is(ask(log_in), "1 anna", "another address doesn't wait");
	address = "192.0.2.1";
	begin();
	ask(log_in);
	fail("a", 1);
	for (int i = 1; i < GATE_THROTTLE_ADDRESS_MAX; i++)
		fail((const char[]){(char)('a' + i), '\0'}, 1);
	ask(change_password);
	ok(answered == 1, "a known device doesn't either: gate_change_password");
	set_password(GATE_USER_REHASH, "anna", ANNA);
	device[0] = '\0';
	ask(change_password);
	ok(answered == GATE_LATER && status_of(&v) == 429 &&
		header_of(&v, "Retry-After")[0] != '\0' && hashes == 0,
	    "but without its cookie it does");
}

/* Somebody else hashes, on every core that may. */
static void
test_no_turn(void)
{
	struct gate_error error = {0};
	struct gate_hashing *others = gate_hashing_open(options->run_dir, 64, 0, &error);
	int64_t usual = options->deadline;
	int turns[64], count = 0;

	must(others != NULL, error.text);
	begin();
	ask(log_in);
	put_session("busy", "\"x\":1,\"gate\":{\"created\":1795253199612,\"user\":\"anna\"}");
	device[0] = '\0';
	options->deadline = 100;
	while (count < 64 &&
	    (turns[count] = gate_hashing_enter(others, false, gate_clock_monotonic() + 60000)) >= 0)
		count++;
	for (int i = 0; i < GATE_THROTTLE_FREE + 1; i++)
		ask(log_in);
	ok(answered == GATE_LATER && status_of(&v) == 503 && hashes == 0,
	    "no turn to hash: GATE_LATER, 503");
	is(header_of(&v, "Retry-After"), "1", "  Retry-After");
	ok(has(v.f.logged, "level=warn event=login-busy user=anna") && !has(v.answer, "Set-Cookie"),
	    "  logged; no cookie is touched");
	change_to(ANNA, NEXT);
	ok(answered == GATE_LATER && status_of(&v) == 503 && hashes == 0,
	    "gate_change_password: the same");
	while (count > 0)
		gate_hashing_leave(others, turns[--count]);
	options->deadline = usual;
	is(log_in_as("anna", ANNA), "1 anna", "none of these tries counted");
	gate_hashing_close(others);
}

static void
is_unavailable(gate_handler *handler, int work, const char *what)
{
	char kept[512];

	snprintf(kept, sizeof kept, "%s", sid);
	gate_log_forget(); /* all of these are logged */
	ask(handler);
	ok(answered == -1 && status_of(&v) == 503 && hashes == work, "%s: -1, 503, %d hashes", what,
	    work);
	ok(!has(v.answer, "Set-Cookie") && strcmp(sid, kept) == 0 &&
		header_of(&v, "Retry-After")[0] != '\0' && has(v.f.logged, "event=store-failed"),
	    "  the cookie stays as it is");
}

static void
test_store_failure(void)
{
	begin();
	ask(log_in);
	new_password = NEXT;
	no_bump = true;
	is_unavailable(log_in, 0, "the store can't count a login");
	is_unavailable(change_password, 0, "or the try at a new password");
	sid[0] = '\0';
	is_unavailable(log_in, 0, "without a session, too");
	no_bump = false;
	ask(log_in);
	no_load = true;
	answered = -1;
	is_unavailable(log_in, 1, "it can't load the session");
	no_load = false;
	no_each = true;
	ask(change_password);
	no_each = false;
	ok(answered == 1 && hashes == 2 && has(v.answer, "Set-Cookie") &&
		has(v.f.logged, "level=warn event=sessions-not-ended user=anna"),
	    "it can't list the sessions to end: the new password stands, and so does its owner");
	is(ask(who), "anna", "  who goes on");
	no_create = true;
	change_to(NEXT, ANNA);
	no_create = false;
	ok(status_of(&v) == 503 && has(v.answer, "Your new password is stored"),
	    "nor make the session anew: the page says that the password is new all the same");
	is(log_in_as("anna", ANNA), "1 anna", "  it is");
	set_password(GATE_USER_REPLACE, "anna", ANNA);

	begin();
	move_users(true);
	for (int i = 0; i < GATE_THROTTLE_FREE; i++)
		ask(log_in);
	is_unavailable(log_in, 0, "the users can't be read");
	move_users(false);
	is(ask(log_in), "1 anna", "  which counts as no try");
}

int
main(void)
{
	open_server();
	test_login();
	test_refused();
	test_without_users();
	test_weak_hash();
	test_plain_http();
	test_too_many();
	test_remember();
	test_agent();
	test_late();
	test_new_id();
	test_another_user();
	test_conflict();
	test_conflict_refused();
	test_gone();
	test_member_login();
	test_member_of_node();
	test_forged();
	test_logout();
	test_site_data();
	test_account_throttled();
	test_address_throttled();
	test_no_turn();
	test_store_failure();
	close_server();
	return done();
}
