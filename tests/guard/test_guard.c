/* test_guard.c: what the guard answers to each kind of web server, for each kind of visitor.
 * Tests guard/guard.c and guard/asked.c. */
#include "config.h"

#include "guard/guard.h"
#include "serve.h"

#define ALICE "aR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK"
#define BOB "bR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK"
#define STRANGER "sR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK"
#define GONE "gR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK"
#define NAVIGATES "HTTP_SEC_FETCH_MODE=navigate"
#define TARGET "/private/report?a=1&b=%C3%A4"
#define BACK "/login?next=%2Fprivate%2Freport%3Fa%3D1%26b%3D%25C3%25A4"

static struct server v;
static struct gate_options *options;

/* ---- helpers ---- */

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* Makes a record; user NULL: nobody is logged in. touched: ms before now. */
static void
seed(const char *id, const char *user, int64_t touched)
{
	char text[512], gate[128] = "";
	int64_t now = gate_clock_wall();

	if (user != NULL)
		snprintf(gate, sizeof gate,
		    "\"gate\":{\"user\":\"%s\",\"since\":%" PRId64 ",\"created\":%" PRId64 "},",
		    user, now - touched, now - touched);
	snprintf(text, sizeof text,
	    "{\"cookie\":{\"originalMaxAge\":3600000,\"expires\":null,\"path\":\"/\"},%s"
	    "\"n\":1,\"__lastAccess\":%" PRId64 "}",
	    gate, now - touched);
	put_record(&v.f, id, text);
}

/* Returns "HTTP_COOKIE=…" with the session of that id. Valid until the next call. */
static const char *
cookie_of(const char *id)
{
	static char cookie[256];
	struct gate_buffer text = {0};

	add_cookie(&text, v.f.config.keys, id);
	snprintf(cookie, sizeof cookie, "HTTP_COOKIE=%s", gate_buffer_text(&text));
	gate_buffer_release(&text);
	return cookie;
}

/* Asks the guard for TARGET. mode: of GATE_GUARD, NULL: not set. id: NULL: no cookie. more: other
 * parameters, NULL-ended, or NULL. Returns the status. */
static int
ask(const char *mode, const char *id, const char *const *more)
{
	const char *params[24] = {"REQUEST_URI=" TARGET};
	char guard[32];
	size_t n = 1;
	bool has_method = false;

	if (mode != NULL) {
		snprintf(guard, sizeof guard, "GATE_GUARD=%s", mode);
		params[n++] = guard;
	}
	if (id != NULL)
		params[n++] = cookie_of(id);
	for (; more != NULL && *more != NULL && n < 22; more++) {
		has_method = has_method || strncmp(*more, "REQUEST_METHOD=", 15) == 0;
		params[n++] = *more;
	}
	if (!has_method)
		params[n++] = "REQUEST_METHOD=GET";
	serve_params(&v, gate_guard, params);
	return status_of(&v);
}

#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool
logged(const char *part)
{
	return has(v.f.logged, part);
}

/* ---- who passes ---- */

static void
test_pass(void)
{
	static const struct {
		const char *mode, *user;
		int status;
	} modes[] = {{"nginx", "Remote-User", 204}, {"forward", "Remote-User", 200},
	    {"apache", "Variable-GATE_USER", 200}, {"lighttpd", "Variable-GATE_USER", 200}};

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		ok(ask(modes[i].mode, ALICE, NULL) == modes[i].status, "%s: a user passes with %d",
		    modes[i].mode, modes[i].status);
		is(header_of(&v, modes[i].user), "alice", "  the back end gets the name");
		ok(has(v.answer, "-Groups: ") || has(v.answer, "GATE_GROUPS: "),
		    "  and a line of groups, though there are none");
		ok(has(v.answer, "-Email: \r\n") || has(v.answer, "GATE_EMAIL: \r\n"),
		    "  and an empty one of the email");
		if (strcmp(modes[i].mode, "lighttpd") == 0)
			is(header_of(&v, "Variable-REMOTE_USER"), "alice",
			    "  programs get REMOTE_USER, too");
		is(body_of(&v), "", "  there is no body");
		ok(!has(v.answer, "Content-Security-Policy") && !has(v.answer, "X-Frame-Options") &&
			!has(v.answer, "Content-Type") && !has(v.answer, "Vary"),
		    "  and no header line that a browser could get");
		ok(!has(v.answer, "Set-Cookie"), "  nor a cookie that is not due");
		is(v.f.logged, "", "  and nothing is logged");
	}
}

static void
test_nobody(void)
{
	ok(ask("nginx", NULL, NULL) == 401, "nginx: a stranger gets 401");
	is(header_of(&v, "Location"), BACK, "  with the way to the login and back");
	is(body_of(&v), "", "  and no body");
	ok(ask("apache", NULL, WITH(NAVIGATES)) == 302 &&
		strcmp(header_of(&v, "Location"), BACK) == 0,
	    "apache: a browser is sent to the login");
	ok(ask("lighttpd", NULL, WITH(NAVIGATES)) == 302, "lighttpd: the same");
	ok(ask("forward", NULL, WITH(NAVIGATES)) == 302, "forward: the same");
	ok(ask("apache", NULL, WITH(NAVIGATES, "REQUEST_METHOD=POST")) == 303,
	    "a form that is sent: 303");
	ok(ask("nginx", STRANGER, NULL) == 401, "a live session without a user does not pass");
	ok(ask("nginx", GONE, NULL) == 401, "nor one that is over");
	ok(!has(v.answer, "Set-Cookie"), "  its cookie stays");
	ok(count_records(&v.f, false) == 3, "no record was made");
}

static void
test_fetch(void)
{
	static const char *const fetches[][3] = {
	    {"HTTP_SEC_FETCH_MODE=cors", "HTTP_ACCEPT=text/html"}, {"HTTP_ACCEPT=*/*"}, {NULL},
	    {"HTTP_SEC_FETCH_MODE=websocket", "HTTP_UPGRADE=websocket"},
	    {"HTTP_SEC_FETCH_MODE=cors", NAVIGATES},
	    {"REQUEST_METHOD=POST", "HTTP_ACCEPT=text/html"}};

	for (size_t i = 0; i < sizeof fetches / sizeof *fetches; i++) {
		ok(ask("forward", NULL, fetches[i]) == 401, "a fetch (%zu) gets 401", i);
		is(header_of(&v, "Cache-Control"), "no-store", "  which nobody keeps");
		ok(!has(v.answer, "WWW-Authenticate") && !has(v.answer, "Location"),
		    "  without a question for a password, or a redirect");
	}
	ok(ask("forward", NULL, WITH("HTTP_ACCEPT=text/html,*/*;q=0.8")) == 302,
	    "an old browser, which says text/html, is sent to the login");
	ok(ask("forward", NULL, WITH("HTTP_ACCEPT=text/html", "REQUEST_METHOD=HEAD")) == 302,
	    "for a HEAD, too");
}

static void
test_require(void)
{
	ok(ask("nginx", ALICE, WITH("GATE_REQUIRE=user:alice,bob")) == 204, "one of two users");
	ok(ask("nginx", ALICE, WITH("GATE_REQUIRE=user:bob")) == 403, "another user gets 403");
	ok(logged("event=guard-refused user=alice require=user:bob") &&
		logged("url=\"" TARGET "\""),
	    "  the log says who, what for, and what was required");
	is(body_of(&v), "", "  nginx gets no body");
	ok(ask("apache", ALICE, WITH("GATE_REQUIRE=user:bob")) == 403 &&
		has(body_of(&v), "this page is not for you"),
	    "  Apache gets a page");
	ok(strlen(body_of(&v)) <= 8192, "  that it takes whole");
	ok(ask("nginx", STRANGER, WITH("GATE_REQUIRE=session")) == 204,
	    "session: a stranger with a session passes");
	is(header_of(&v, "Remote-User"), "", "  as nobody");
	ok(ask("nginx", NULL, WITH("GATE_REQUIRE=session")) == 401, "one without does not");
	ok(ask("nginx", ALICE, WITH("GATE_REQUIRE=session")) == 204 &&
		strcmp(header_of(&v, "Remote-User"), "alice") == 0,
	    "and a user passes as that user");
}

static void
test_misconfigured(void)
{
	static const char *const bad[] = {
	    "GATE_REQUIRE=", "GATE_REQUIRE=staff", "GATE_REQUIRE=users", "GATE_REQUIRE=group:a,,b"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ok(ask("nginx", ALICE, WITH(bad[i])) == 403, "%s refuses everybody", bad[i]);
		ok(logged("level=error event=guard-misconfigured"), "  and the log says so");
	}
	ok(ask("nginx", ALICE, WITH("GATE_REQUIRE=user", "GATE_REQUIRE=user:bob")) == 403,
	    "a requirement that comes twice refuses everybody");
	ok(ask(NULL, ALICE, NULL) == 403 && logged("event=guard-misconfigured"),
	    "so does a missing GATE_GUARD");
	ok(ask("", ALICE, NULL) == 403 && ask("NGINX", ALICE, NULL) == 403 &&
		ask("caddy", ALICE, NULL) == 403,
	    "and an unknown one");
	ok(ask("nginx", ALICE, WITH("GATE_GUARD=forward")) == 403, "and one that comes twice");
	ok(ask(NULL, ALICE, WITH("HTTP_GATE_GUARD=nginx")) == 403,
	    "a client's header is no configuration");
	ok(ask("nginx", BOB, WITH("HTTP_GATE_REQUIRE=session", "GATE_REQUIRE=user:alice")) == 403,
	    "nor does it weaken one");
}

/* ---- what was asked ---- */

static const char *
way_of(const char *mode, const char *const *params)
{
	const char *all[8] = {NULL};
	char guard[32];
	size_t n = 0;

	snprintf(guard, sizeof guard, "GATE_GUARD=%s", mode);
	all[n++] = guard;
	all[n++] = "REQUEST_METHOD=GET";
	all[n++] = NAVIGATES;
	for (; *params != NULL && n < 7; params++)
		all[n++] = *params;
	serve_params(&v, gate_guard, all);
	return header_of(&v, "Location");
}

static void
test_way_back(void)
{
	static const char *const hostile[] = {"REQUEST_URI=//evil.example/", "REQUEST_URI=/\\evil",
	    "REQUEST_URI=/a\tb", "REQUEST_URI=javascript:1", "REQUEST_URI=http:evil"};

	is(way_of("nginx", WITH("REQUEST_URI=/a?next=/b&c")), "/login?next=%2Fa%3Fnext%3D%2Fb%26c",
	    "the path with its query, encoded once");
	is(way_of("nginx", WITH("REQUEST_URI=http://host/x")), "/login?next=%2Fx",
	    "an absolute address counts without its host");
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
		ok(strcmp(way_of("nginx", WITH(hostile[i])), "/login") == 0,
		    "a hostile one (%zu) leads to the start", i);
	is(way_of("nginx",
	       WITH("REQUEST_URI=/real", "HTTP_X_FORWARDED_URI=/forged",
		   "HTTP_X_ORIGINAL_URL=/forged")),
	    "/login?next=%2Freal", "headers say nothing outside of the mode forward");
	is(way_of("forward", WITH("REQUEST_URI=/guard", "HTTP_X_FORWARDED_URI=/page")),
	    "/login?next=%2Fpage", "forward: X-Forwarded-Uri");
	is(way_of(
	       "forward", WITH("REQUEST_URI=/guard", "HTTP_X_ORIGINAL_URL=https://host/page?q=1")),
	    "/login?next=%2Fpage%3Fq%3D1", "or X-Original-URL");
	is(way_of("forward", WITH("HTTP_X_FORWARDED_URI=/a", "HTTP_X_FORWARDED_URI=/b")), "/login",
	    "one that comes twice is not believed");
}

static void
test_methods(void)
{
	ok(ask("nginx", ALICE, WITH("GATE_METHOD=POST", "HTTP_SEC_FETCH_SITE=cross-site")) == 204,
	    "a POST of another site is the guarded site's affair");
	ok(ask("apache", ALICE,
	       WITH("REQUEST_METHOD=POST", "HTTP_SEC_FETCH_SITE=cross-site",
		   "HTTP_ORIGIN=https://evil.example")) == 200,
	    "also where the method is the visitor's");
	ok(ask("nginx", NULL,
	       WITH("GATE_METHOD=OPTIONS", "GATE_PREFLIGHT=pass", "HTTP_ORIGIN=https://a.example",
		   "HTTP_ACCESS_CONTROL_REQUEST_METHOD=PUT")) == 204,
	    "GATE_PREFLIGHT pass: a preflight passes");
	is(header_of(&v, "Remote-User"), "", "  as nobody");
	ok(ask("nginx", NULL,
	       WITH("GATE_METHOD=OPTIONS", "HTTP_ORIGIN=https://a.example",
		   "HTTP_ACCESS_CONTROL_REQUEST_METHOD=PUT")) == 401,
	    "but not without it");
	ok(ask("nginx", NULL,
	       WITH("GATE_METHOD=OPTIONS", "GATE_PREFLIGHT=pass",
		   "HTTP_ORIGIN=https://a.example")) == 401,
	    "nor does an OPTIONS that is none");
	ok(ask("nginx", NULL,
	       WITH("GATE_METHOD=GET", "HTTP_X_FORWARDED_METHOD=OPTIONS", "GATE_PREFLIGHT=pass",
		   "HTTP_ORIGIN=https://a.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD=PUT")) ==
		401,
	    "nor one that only a header says");
}

/* ---- the session ---- */

static void
test_touch(void)
{
	seed(BOB, "bob", 600000);
	ok(ask("nginx", BOB, WITH("GATE_TOUCH=no")) == 204 && !has(v.answer, "Set-Cookie"),
	    "GATE_TOUCH no: a visit prolongs nothing");
	ok(ask("apache", BOB, WITH("SERVER_PROTOCOL=INCLUDED")) == 200 &&
		!has(v.answer, "Set-Cookie"),
	    "nor does Apache's second question for one page");
	options->rolling = true;
	ok(ask("apache", BOB, WITH("SERVER_PROTOCOL=INCLUDED")) == 200 &&
		!has(v.answer, "Set-Cookie"),
	    "  whose answer never has a cookie: the first one had it");
	options->rolling = false;
	ok(ask("nginx", BOB, NULL) == 204, "a visit is a visit");
	ok(has(v.answer, "Set-Cookie: connect.sid="), "  its cookie, which has an age, goes along");
	is(header_of(&v, "Cache-Control"), "private, no-store", "  and no cache keeps the answer");
	ok(ask("nginx", BOB, NULL) == 204 && !has(v.answer, "Set-Cookie"),
	    "the next one touches nothing within touch_after");
	options->save_uninitialized = true;
	ok(ask("nginx", NULL, NULL) == 401 && !has(v.answer, "Set-Cookie") &&
		count_records(&v.f, false) == 3,
	    "a stranger gets no record, with save_uninitialized neither");
	options->save_uninitialized = false;
}

static void
test_several(void)
{
	struct gate_buffer cookies = {0};
	char param[1024];

	add_cookie(&cookies, v.f.config.keys, ALICE);
	add_cookie(&cookies, v.f.config.keys, BOB);
	snprintf(param, sizeof param, "HTTP_COOKIE=%s", gate_buffer_text(&cookies));
	gate_buffer_release(&cookies);
	ok(ask("nginx", NULL, WITH(param)) == 401 && !has(v.answer, "Set-Cookie"),
	    "cookies of two users: 401, the login page says why");
}

static int
no_load(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	(void)store;
	(void)id;
	(void)record;
	snprintf(error->text, sizeof error->text, "away");
	error->code = GATE_ESTORE;
	return -1;
}

static void
test_store_away(void)
{
	const struct gate_store *table = v.f.link.table;
	struct gate_store away = *table;
	static const char *const modes[] = {"nginx", "apache", "lighttpd", "forward"};

	away.load = no_load;
	v.f.link.table = &away;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		ok(ask(modes[i], ALICE, NULL) == 503, "%s: the store is away: 503", modes[i]);
		ok(!has(v.answer, "Remote-User") && !has(v.answer, "GATE_USER") &&
			!has(v.answer, "Set-Cookie"),
		    "  nobody passes, and the cookie stays");
		ok((body_of(&v)[0] == '\0') == (i == 0), "  with a page, but for nginx");
	}
	v.f.link.table = table;
}

static void
test_refused_requests(void)
{
	v.refused = 431;
	ok(ask("nginx", ALICE, NULL) == 401, "too large a request: 401, the login page says why");
	v.refused = 0;
	serve_params(&v, gate_guard, WITH("GATE_CHECK=1"));
	ok(status_of(&v) == 204 && !has(v.answer, "Remote-User"),
	    "gate check gets its answer, and no guard's");
}

/* ---- users and groups ---- */

static void
write_file(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/%s", v.f.folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

static void
test_users(void)
{
	struct gate_error error = {0};
	char path[256], url[300];

	write_file("users", "alice:$5$x$y\n");
	snprintf(url, sizeof url, "file:%s/users", v.f.folder);
	v.f.config.users = gate_users_open(url, &error);
	must(v.f.config.users != NULL, error.text);
	ok(ask("nginx", ALICE, NULL) == 204, "a user of the file passes");
	ok(ask("nginx", BOB, NULL) == 403 && logged("the users have nobody of that name"),
	    "one that the file no longer has gets 403");
	write_file("groups", "staff: alice bob\nteam: alice\n");
	snprintf(path, sizeof path, "%s/groups", v.f.folder);
	v.f.config.groups = gate_groups_open(path, &error);
	must(v.f.config.groups != NULL, error.text);
	ok(ask("nginx", ALICE, WITH("GATE_REQUIRE=group:team")) == 204, "a member of the group");
	is(header_of(&v, "Remote-Groups"), "staff,team", "  the back end gets the groups");
	ok(ask("nginx", ALICE, WITH("GATE_REQUIRE=group:others")) == 403, "no member: 403");
	write_file("groups", "others: alice\n");
	ok(ask("nginx", ALICE, WITH("GATE_REQUIRE=group:others")) == 204,
	    "a change of the file counts at once");
	unlink(path);
	ok(ask("nginx", ALICE, NULL) == 503, "a file of groups that can't be read: 503");
	gate_groups_close(v.f.config.groups);
	gate_users_close(v.f.config.users);
	v.f.config.groups = NULL;
	v.f.config.users = NULL;
}

int
main(void)
{
	server_open(&v);
	options = &v.f.config.options;
	seed(ALICE, "alice", 1000);
	seed(BOB, "bob", 1000);
	seed(STRANGER, NULL, 1000);
	test_pass();
	test_nobody();
	test_fetch();
	test_require();
	test_misconfigured();
	test_way_back();
	test_methods();
	test_touch();
	test_several();
	test_store_away();
	test_refused_requests();
	test_users();
	server_close(&v);
	return done();
}
