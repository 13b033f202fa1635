/* test_answer.c: status, header lines, pages and redirects; none is sent before the save.
 * Tests request/answer.c, request/page.c and request/finish.c. */
#include "config.h"

#include "base/encode.h"
#include "serve.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ID "yR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK"
#define DEFAULTS_AND_COOKIE 700 /* about how many bytes of header lines gate adds itself */

static struct server v;

/* ---- helpers ---- */

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void
put_template(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/templates/%s", v.f.folder, name);
	file = fopen(path, "w");
	must(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, path);
}

/* Reads them anew: with an error page of one's own, or without. */
static void
load_templates(bool error_page)
{
	struct gate_error error = {0};
	char path[80];

	snprintf(path, sizeof path, "%s/templates", v.f.folder);
	must(mkdir(path, 0700) == 0 || errno == EEXIST, path);
	put_template("page.html",
	    "<p>{{n}}{{name}} in {{gate.store}} at {{gate.path}} until {{gate.expires}}"
	    " <style nonce=\"{{gate.nonce}}\">");
	put_template("loop.html", "{{>loop}}x");
	put_template("mount.html", "<a href=\"{{gate.mount}}/login\">");
	put_template(
	    "who.html", "{{gate.user}} until {{gate.expires}}{{^gate.user}}nobody{{/gate.user}}");
	if (error_page)
		put_template("error.html", "<h1>{{status}} {{reason}}</h1>{{text}}{{gate.user}}");
	gate_templates_free(v.f.config.templates);
	v.f.config.templates = gate_templates_open(path, &error);
	must(v.f.config.templates != NULL, error.text);
}

static int
headers(const char *name)
{
	char line[64];
	int count = 0;

	snprintf(line, sizeof line, "\r\n%s: ", name);
	for (const char *at = v.answer; (at = strstr(at, line)) != NULL; at++)
		count++;
	return count;
}

static const char *set_name, *set_value, *target; /* what the handlers pass on */
static int set_status, result;

/* ---- status and body ---- */

static void
with_status(struct gate_request *r)
{
	gate_status(r, set_status);
	gate_printf(r, "%s", "body");
}

static int
status(int number)
{
	set_status = number;
	get(&v, with_status, "/", NULL);
	return status_of(&v);
}

static void
nothing(struct gate_request *r)
{
	(void)r;
}

static void
write_bytes(struct gate_request *r)
{
	gate_write(r, "a\0b", 3);
	gate_printf(r, "%d", 4);
}

static void
write_much(struct gate_request *r)
{
	static const char block[1 << 16];

	for (size_t i = 0; i <= GATE_ANSWER_MAX / sizeof block; i++)
		result = gate_write(r, block, sizeof block);
}

static void
allow_two(struct gate_request *r)
{
	result = gate_allow(r, "GET, HEAD");
	if (result)
		gate_printf(r, "body");
}

/* The first one of a name counts; an unknown method is unsafe. */
static void
serve_allow(const char *method)
{
	char text[64];

	snprintf(text, sizeof text, "REQUEST_METHOD=%s", method);
	get(&v, allow_two, "/",
	    (const char *const[]){text, "HTTP_SEC_FETCH_SITE=same-origin", NULL});
}

static void
test_allow(void)
{
	get(&v, allow_two, "/", NULL);
	ok(result == 1 && status_of(&v) == 200, "a method that is allowed");
	serve_allow("HEAD");
	ok(result == 1 && status_of(&v) == 200, "so is the second one");
	serve_allow("HEA");
	ok(result == 0 && status_of(&v) == 405, "a part of one is not");
	is(header_of(&v, "Allow"), "GET, HEAD", "  and Allow says which are");
	serve_allow("get");
	ok(result == 0 && status_of(&v) == 405 && !has(body_of(&v), "body"), "nor another case");
}

static void
test_status(void)
{
	ok(status(201) == 201 && has(v.answer, "Status: 201 Created\r\n"),
	    "a status and its reason");
	ok(status(418) == 418 && has(body_of(&v), "body"), "one without a known reason");
	ok(status(199) == 500 && status(600) == 500 && status(-1) == 500, "others: 500");
	ok(has(v.f.logged, "event=answer-broken") && !has(body_of(&v), "body\n"),
	    "logged, nothing of it leaves");
	ok(status(204) == 204 && header_of(&v, "Content-Length")[0] == '\0' &&
		body_of(&v)[0] == '\0',
	    "204 has no body and no length");
	ok(status(304) == 304 && header_of(&v, "Content-Length")[0] == '\0' &&
		body_of(&v)[0] == '\0',
	    "nor has 304");
	get(&v, write_bytes, "/", NULL);
	is(header_of(&v, "Content-Length"), "4", "a body may hold any byte");
	get(&v, nothing, "/", NULL);
	is(header_of(&v, "Content-Length"), "0", "or none");
	get(&v, write_much, "/", NULL);
	ok(status_of(&v) == 500 && result == -1, "more than 16 MiB: 500");
	set_status = 200;
	get(&v, with_status, "/", NAMES("REQUEST_METHOD=HEAD"));
	ok(strcmp(header_of(&v, "Content-Length"), "4") == 0 && body_of(&v)[0] == '\0',
	    "HEAD: the length of the body that it leaves out");
}

/* ---- what a visitor is told ---- */

static void
refuse(struct gate_request *r)
{
	char text[32] = "Only on <Tuesdays>.";

	gate_refuse(r, 403, text);
	memset(text, 'x', sizeof text - 1); /* it was copied */
}

static void
refuse_with_body(struct gate_request *r)
{
	gate_refuse(r, 409, "Only on Tuesdays.");
	gate_printf(r, "my own words");
}

static void
test_refuse(void)
{
	get(&v, refuse, "/", NULL);
	ok(status_of(&v) == 403 && has(body_of(&v), "Only on <Tuesdays>."),
	    "the error says what the handler says");
	get(&v, refuse_with_body, "/", NULL);
	ok(status_of(&v) == 409 && strcmp(body_of(&v), "my own words") == 0,
	    "a body of the handler's own stands");
}

/* ---- cookies of one's own ---- */

static int64_t set_age;

static void
with_cookie(struct gate_request *r)
{
	result = gate_set_cookie(r, set_name, set_value, set_age);
}

static const char *
cookie(const char *name, const char *value, int64_t age)
{
	set_name = name;
	set_value = value;
	set_age = age;
	get(&v, with_cookie, "/", NULL);
	return header_of(&v, "Set-Cookie");
}

static void
test_set_cookie(void)
{
	static const char *const ours[] = {"connect.sid", "gate-device", "__Host-gate-device"};

	is(cookie("colour", "b l\xc3\xbc;e", 0),
	    "colour=b%20l%C3%BC%3Be; Path=/; HttpOnly; SameSite=Lax",
	    "a cookie of one's own: its value is encoded");
	ok(result == 0 && headers("Set-Cookie") == 1, "it is the only one");
	ok(has(cookie("colour", "blue", 90500), "; Max-Age=90; "), "with a lifetime");
	ok(has(cookie("colour", "blue", INT64_MAX), "; Max-Age=34560000; "), "of at most 400 days");
	ok(has(cookie("colour", "blue", -1), "; Max-Age=0; "), "or one that goes");
	is(cookie("col our", "blue", 0), "", "a name that is none");
	ok(result == -1 && has(v.f.logged, "event=cookie-refused"), "  is refused, and logged");
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		is(cookie(ours[i], "x", 0), "", "nor one of gate's own");
		ok(result == -1, "  is refused: %s", ours[i]);
	}
}

/* ---- header lines ---- */

static void
with_header(struct gate_request *r)
{
	result = gate_header(r, set_name, set_value);
	gate_printf(r, "%s", "body");
}

static void
refused(const char *name, const char *value, const char *what)
{
	set_name = name;
	set_value = value;
	get(&v, with_header, "/", NULL);
	ok(result == -1 && status_of(&v) == 200 && !has(v.answer, "evil"), "refused: %s", what);
	ok(has(v.f.logged, "event=header-refused") && !has(v.f.logged, "evil"),
	    "  and logged without it");
}

static void
taken(const char *name, const char *value)
{
	set_name = name;
	set_value = value;
	get(&v, with_header, "/", NULL);
	ok(result == 0 && strcmp(header_of(&v, name), value) == 0 && headers(name) == 1,
	    "taken: %s", name);
}

static void
test_injection(void)
{
	static const char *const ours[] = {"Status", "status", "Content-Length", "CONNECTION",
	    "Transfer-Encoding", "Trailer", "Upgrade", "X-Accel-Redirect", "x-accel-buffering",
	    "X-Sendfile", "X-Sendfile2", "Variable-X"};

	refused("X-A", "a\r\nX-B: evil", "a line break");
	refused("X-A", "a\nX-B: evil", "a newline");
	refused("X-A", "a\rX-B: evil", "a carriage return");
	refused("X-A", "evil\x01", "a control character");
	refused("X-A", "evil\x7f", "DEL");
	refused("X-A: a\r\nX-B", "evil", "a line break in the name");
	refused("X A", "evil", "a blank in the name");
	refused("X-A:", "evil", "a colon in the name");
	refused("X-\xc3\xa9", "evil", "a name that is not ASCII");
	refused("", "evil", "an empty name");
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		refused(ours[i], "evil", ours[i]);
	taken("X-A", "a\tb; c=\"\xc3\xa9\"");
	taken("X-Empty", "");
	taken("ETag", "\"1\"");
	set_name = "X-A";
	set_value = "a\0X-B: evil";
	get(&v, with_header, "/", NULL);
	ok(!has(v.answer, "evil"), "what stands behind a NUL is nobody's");
}

static void
replace(struct gate_request *r)
{
	gate_header(r, "X-First", "1");
	gate_header(r, "X-Long", "a");
	gate_header(r, "X-Second", "2");
	gate_header(r, "x-lONG", "b");
	gate_header(r, "X-Lon", "c");
	gate_header(r, "X-First", "3");
	gate_header(r, "Set-Cookie", "a=1");
	gate_header(r, "Set-Cookie", "b=2");
	gate_header(r, "Content-Type", "application/json");
}

static void
test_replace(void)
{
	get(&v, replace, "/", NULL);
	ok(headers("X-First") == 1 && strcmp(header_of(&v, "X-First"), "3") == 0 &&
		headers("X-Long") == 0 && strcmp(header_of(&v, "x-lONG"), "b") == 0,
	    "a header replaces the one of its name, in any case");
	ok(strcmp(header_of(&v, "X-Second"), "2") == 0 && strcmp(header_of(&v, "X-Lon"), "c") == 0,
	    "and no other");
	ok(headers("Set-Cookie") == 2, "but Set-Cookie, which may stand there twice");
	ok(headers("Content-Type") == 1 &&
		strcmp(header_of(&v, "Content-Type"), "application/json") == 0,
	    "a default gives way");
}

static size_t fill; /* bytes of header lines that the handler makes */

static void
many_headers(struct gate_request *r)
{
	static char value[GATE_HEADERS_MAX + 1];

	json_object_set_new(gate_session(r), "n", json_integer(1));
	memset(value, 'x', fill);
	value[fill] = '\0';
	result = gate_header(r, "X-Fill", value);
	if (result < 0)
		result = gate_header(r, "X-Fill", "again");
}

static void
test_overflow(void)
{
	fill = GATE_HEADERS_MAX;
	get(&v, many_headers, "/", NULL);
	ok(status_of(&v) == 500 && result == -1 && count_records(&v.f, false) == 0 &&
		header_of(&v, "Set-Cookie")[0] == '\0',
	    "more header lines than 8 KiB: 500, nothing saved");
	fill = GATE_HEADERS_MAX - 100;
	get(&v, many_headers, "/", NULL);
	ok(status_of(&v) == 500 && result == 0 && has(v.f.logged, "event=headers-too-large"),
	    "too many together with gate's own: 500");
	ok(count_records(&v.f, true) == 1 && headers("Set-Cookie") == 1 && headers("X-Fill") == 0 &&
		headers("Cache-Control") == 1,
	    "the session is saved by then, so its cookie leaves");
	fill = GATE_HEADERS_MAX - DEFAULTS_AND_COOKIE;
	get(&v, many_headers, "/", NULL);
	ok(status_of(&v) == 200 && headers("Set-Cookie") == 1, "a little less: fine");
	count_records(&v.f, true);
}

static void
own_policy(struct gate_request *r)
{
	gate_header(r, "Content-Security-Policy", "default-src 'self'");
	gate_header(r, "Cache-Control", "public, max-age=60");
	gate_header(r, "X-Frame-Options", "SAMEORIGIN");
	if (set_status != 0)
		json_object_set_new(gate_session(r), "n", json_integer(1));
}

static void
test_defaults(void)
{
	static const char *const lines[][2] = {{"Content-Type", "text/plain; charset=utf-8"},
	    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
	    {"X-Content-Type-Options", "nosniff"}, {"X-Frame-Options", "DENY"},
	    {"Referrer-Policy", "same-origin"}, {"Cross-Origin-Opener-Policy", "same-origin"},
	    {"Cross-Origin-Resource-Policy", "same-origin"}, {"Cache-Control", "no-store"}};

	get(&v, nothing, "/", NULL);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		is(header_of(&v, lines[i][0]), lines[i][1], lines[i][0]);
	set_status = 0;
	get(&v, own_policy, "/", NULL);
	ok(strcmp(header_of(&v, "Content-Security-Policy"), "default-src 'self'") == 0 &&
		strcmp(header_of(&v, "Cache-Control"), "public, max-age=60") == 0 &&
		strcmp(header_of(&v, "X-Frame-Options"), "SAMEORIGIN") == 0,
	    "a handler may say otherwise");
	set_status = 1;
	get(&v, own_policy, "/", NULL);
	is(header_of(&v, "Cache-Control"), "no-store",
	    "but what carries our cookie is never cached");
	ok(headers("Set-Cookie") == 1 && headers("Cache-Control") == 1, "one line each");
	count_records(&v.f, true);
}

/* ---- redirects ---- */

static void
redirect(struct gate_request *r)
{
	json_object_set_new(gate_session(r), "n", json_integer(1));
	result = gate_redirect(r, target);
}

static void
goes_to(const char *to, const char *location)
{
	target = to;
	get(&v, redirect, "/", NULL);
	is(header_of(&v, "Location"), location, location);
	ok(status_of(&v) == 302 && result == 0 && count_records(&v.f, true) == 1,
	    "  with the session saved");
}

static void
goes_nowhere(const char *to, const char *what)
{
	target = to;
	get(&v, redirect, "/", NULL);
	ok(status_of(&v) == 500 && result == -1 && headers("Location") == 0 &&
		count_records(&v.f, true) == 0,
	    "%s: 500, nothing saved", what);
}

static void
test_redirect(void)
{
	goes_to("/user?a=b&c#d", "/user?a=b&c#d");
	goes_to("https://example.org/", "https://example.org/");
	goes_to("/caf\xc3\xa9/%41", "/caf%C3%A9/%41");
	goes_nowhere("/a\r\nSet-Cookie: a=b", "a line break");
	goes_nowhere("/a\nb", "a newline");
	goes_nowhere("/a\rb", "a carriage return");
	goes_nowhere("/\\evil.example", "a backslash");
	goes_nowhere("/a b", "a blank");
	goes_nowhere("/a\x7f", "DEL");
	goes_nowhere("", "nothing");
	target = "/";
	get(&v, redirect, "/", NAMES("REQUEST_METHOD=HEAD"));
	ok(status_of(&v) == 302, "HEAD: 302");
	get(&v, redirect, "/", NAMES("REQUEST_METHOD=POST", "HTTP_SEC_FETCH_SITE=same-origin"));
	ok(status_of(&v) == 303 && has(v.answer, "Status: 303 See Other\r\n"), "POST: 303");
	count_records(&v.f, true);
}

static void
redirect_next(struct gate_request *r)
{
	gate_redirect_next(r, "/otherwise");
}

static const char *
next(const char *query)
{
	char line[GATE_NEXT_MAX + 64];

	snprintf(line, sizeof line, "QUERY_STRING=%s", query);
	get(&v, redirect_next, "/login?…", NAMES(line));
	return status_of(&v) == 302 ? header_of(&v, "Location") : "no redirect";
}

static const char *
next_in_form(const char *body)
{
	v.body = body;
	get(&v, redirect_next, "/login",
	    NAMES("REQUEST_METHOD=POST", "HTTP_SEC_FETCH_SITE=same-origin",
		"CONTENT_TYPE=application/x-www-form-urlencoded", "QUERY_STRING=next=/from-query"));
	v.body = "";
	return status_of(&v) == 303 ? header_of(&v, "Location") : "no redirect";
}

static void
test_next(void)
{
	static const char *const hostile[] = {"//evil.example", "/\\evil.example",
	    "\\\\evil.example", "https://evil.example", "javascript:alert(1)", "evil", "/a\\b",
	    "/\t/evil.example", "/\n/evil.example", "/a\r\nSet-Cookie: x=y", "/ /evil", "/a\x7f",
	    "/a\x80", "/\xc2\x85/", " /a", "%2F%2Fevil", "?/a", "#/a", ""};
	char text[GATE_NEXT_MAX + 16];
	struct gate_buffer encoded = {0};

	static const char *const ways[] = {
	    "/login", "/logout", "/login?a=b", "/logout#x", "/login?next=/card", "/logout?c"};
	static const char *const others[] = {"/login/", "/login2", "/logins", "/alogin", "/Login",
	    "/login/x", "/card?x=/login", "/card#/logout", "/log", "/a/login", "/a/b/logout?c"};

	is(next("next=/card"), "/card", "next in the query");
	is(next("a=b&next=/card?x=1&y=2&next=/z#f"), "/card?x=1", "ends at the first '&'");
	is(next("next=%2Fcounter%3Fa%3D1%26b%3D2&y=2"), "/counter?a=1&b=2",
	    "what encodeURIComponent made is decoded");
	is(next("next=%2fa%2Fb%2Bc+d%25zz"), "/a/b+c+d%zz", "once, and '+' is no blank");
	is(next("next=%252Fcard"), "/otherwise", "encoded twice: the handler's own");
	is(next("next=%2F%0d%0aX:y"), "/otherwise", "line breaks that were encoded");
	is(next("next=%2F%00"), "/otherwise", "a NUL that was");
	is(next("next=%2F%zz"), "/otherwise", "what can't be decoded");
	is(next("next=%2Flogout"), "/otherwise", "an encoded way out");
	is(next("next=/a%2Fb%0d%0a+c"), "/a%2Fb%0d%0a+c", "and not decoded");
	is(next("next=/caf\xc3\xa9"), "/caf%C3%A9", "UTF-8 leaves percent-encoded");
	is(next("xnext=/card"), "/otherwise", "another name is not it");
	is(next("a=next=/card"), "/otherwise", "nor a value that looks like it");
	is(next("a=b"), "/otherwise", "without it: the handler's own");
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		snprintf(text, sizeof text, "next=%s", hostile[i]);
		ok(strcmp(next(text), "/otherwise") == 0, "hostile %zu: the handler's own", i + 1);
		for (int times = 1; times <= 2; times++) {
			gate_buffer_reset(&encoded);
			gate_percent_encode(&encoded, text + 5, strlen(text) - 5);
			snprintf(text, sizeof text, "next=%s", gate_buffer_text(&encoded));
			ok(strcmp(next(text), "/otherwise") == 0, "encoded %d times", times);
		}
	}
	gate_buffer_release(&encoded);
	snprintf(text, sizeof text, "next=/%0*d", GATE_NEXT_MAX, 0);
	is(next(text), "/otherwise", "longer than 2 KiB: the handler's own");
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		snprintf(text, sizeof text, "next=%s", ways[i]);
		ok(strcmp(next(text), "/otherwise") == 0, "%s: the handler's own", ways[i]);
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		snprintf(text, sizeof text, "next=%s", others[i]);
		is(next(text), others[i], others[i]);
	}
	is(next_in_form("next=%2Flogout"), "/otherwise", "nor does a form lead to the way out");
	is(next_in_form("next=%2Fcard%3Fa%3Db"), "/card?a=b",
	    "a form's field is decoded, and comes first");
	is(next_in_form("next=%2F%2Fevil"), "/otherwise", "and checked when it is");
	is(next_in_form("next=%252Fcard"), "/otherwise", "and not decoded once more");
	is(next_in_form("next=%2Fa%0D%0AX:y"), "/otherwise", "line breaks and all");
	is(next_in_form("a=b"), "/from-query", "a form without it: the query's");
}

/* ---- pages ---- */

static void
page(struct gate_request *r)
{
	char name[32];

	snprintf(name, sizeof name, "%s", target); /* gone when the page is made */
	json_object_set_new(gate_session(r), "n", json_integer(7));
	result = gate_render(r, name, gate_session(r));
	json_object_set_new(gate_session(r), "name", json_string("<&>"));
	memset(name, 'x', sizeof name - 1);
}

/* A reload may bring another mount; the request structure keeps what templates see. */
static void
test_mount(void)
{
	char mount[] = "/auth", other[] = "/a/b", *usual = v.f.config.options.mount;
	char *const mounts[] = {usual, mount, other, usual};
	static const char *const links[] = {"<a href=\"/login\">", "<a href=\"/auth/login\">",
	    "<a href=\"/a/b/login\">", "<a href=\"/login\">"};

	target = "mount.html";
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		v.f.config.options.mount = mounts[i];
		get(&v, page, "/p", NULL);
		is(body_of(&v), links[i], "a template knows where gate's pages are");
	}
	count_records(&v.f, true);
}

static void
fails_to_render(const char *name, const char *error)
{
	target = name;
	get(&v, page, "/p", NULL);
	ok(status_of(&v) == 500 && headers("Set-Cookie") == 0, "%s can't be rendered: 500", name);
	ok(count_records(&v.f, false) == 0, "  and the session is not saved");
	ok(has(v.f.logged, "event=render-failed path=/p") && has(v.f.logged, error),
	    "  the log says why");
}

static void
commit_and_fail(struct gate_request *r)
{
	json_object_set_new(gate_session(r), "n", json_integer(7));
	gate_session_commit(r);
	gate_render(r, "no-such.html", NULL);
}

static void
test_pages(void)
{
	const char *nonce, *policy;
	char found[64] = "";

	target = "page.html";
	get(&v, page, "/p?q", NULL);
	ok(result == 0 && has(body_of(&v), "<p>7&lt;&amp;&gt; in file at /p until 20"),
	    "a page, with what the session is when the handler has returned");
	is(header_of(&v, "Content-Type"), "text/html; charset=utf-8", "is HTML");
	nonce = strstr(body_of(&v), "nonce=\"");
	if (nonce != NULL)
		snprintf(found, sizeof found, "'nonce-%.22s'", nonce + 7);
	policy = header_of(&v, "Content-Security-Policy");
	ok(nonce != NULL && has(policy, found) && has(policy, "default-src 'none'"),
	    "its policy names its nonce");
	ok(headers("Set-Cookie") == 1 && count_records(&v.f, true) == 1,
	    "and its session is saved");
	get(&v, page, "/p", NULL);
	ok(!has(header_of(&v, "Content-Security-Policy"), found), "the next has another nonce");
	count_records(&v.f, true);
	fails_to_render("no-such.html", "no-such.html");
	fails_to_render("loop.html", "loop.html");
	get(&v, commit_and_fail, "/", NULL);
	ok(status_of(&v) == 500 && headers("Set-Cookie") == 1 && count_records(&v.f, true) == 1,
	    "saved by gate_session_commit before: 500, with the cookie");
}

/* ---- who is logged in ---- */

static bool asks; /* for the session: else the page can't know who it is */

static void
who_page(struct gate_request *r)
{
	if (asks)
		gate_show_user(r);
	gate_render_new(r, "who.html", json_object());
}

static void
page_of_nothing(struct gate_request *r)
{
	json_t *session = gate_session(r);

	json_object_set_new(session, "n", json_integer(1));
	if (gate_render_new(r, "who.html", NULL) == 0)
		gate_status(r, 200);
}

static void
fails_for_who(struct gate_request *r)
{
	gate_user(r);
	gate_status(r, 404);
}

static const char *
page_for(const char *user, bool ask)
{
	struct gate_buffer sent = {0};
	char record[256], cookie[512];

	snprintf(record, sizeof record,
	    "{\"cookie\":{\"originalMaxAge\":3600000},\"gate\":{\"user\":\"%s\"},"
	    "\"__lastAccess\":%" PRId64 "}",
	    user != NULL ? user : "", gate_clock_wall());
	put_record(&v.f, ID, record);
	add_cookie(&sent, v.f.config.keys, ID);
	snprintf(cookie, sizeof cookie, "HTTP_COOKIE=%s", gate_buffer_text(&sent));
	gate_buffer_release(&sent);
	asks = ask;
	get(&v, who_page, "/", user != NULL ? NAMES(cookie) : NULL);
	return body_of(&v);
}

/* One request structure serves them all, and keeps what templates see from page to page. */
static void
test_who(void)
{
	ok(has(page_for("anna", true), "anna until 20"), "a page knows who is logged in");
	count_records(&v.f, true);
	get(&v, page_of_nothing, "/", NULL);
	ok(status_of(&v) == 500 && count_records(&v.f, false) == 0,
	    "gate_render_new of an object that could not be made: 500, nothing saved");
	is(page_for(NULL, true), " until nobody", "the next one nobody, and of no end");
	ok(has(page_for("<b>&", true), "&lt;b&gt;&amp; until 20"), "a name is escaped");
	ok(has(page_for("ben", true), "ben until 20") && !has(body_of(&v), "&lt;"),
	    "another user leaves nothing of the former one");
	is(page_for("anna", false), " until nobody",
	    "who does not ask for the session sees nobody");
	page_for("anna", true);
	get(&v, fails_for_who, "/", NULL);
	ok(status_of(&v) == 404 && !has(v.answer, "anna"), "nor does an error page behind it");
	page_for("anna", true);
	get(&v, nothing, "/", NAMES("REQUEST_METHOD=POST"));
	ok(status_of(&v) == 403 && !has(v.answer, "anna"), "nor a refusal");
	count_records(&v.f, true);
}

/* ---- error pages ---- */

static void
not_found(struct gate_request *r)
{
	gate_status(r, 404);
}

static void
own_error(struct gate_request *r)
{
	gate_status(r, 404);
	gate_printf(r, "own words");
}

static void
test_error_pages(bool html)
{
	const char *with = html ? "with error.html" : "without error.html";

	get(&v, not_found, "/", NULL);
	ok(has(body_of(&v), html ? "<h1>404 Not Found</h1>There" : "404 Not Found\nThere") &&
		has(header_of(&v, "Content-Type"), html ? "text/html" : "text/plain"),
	    "404 and no body, %s: a page", with);
	get(&v, own_error, "/", NULL);
	is(body_of(&v), "own words", "  a body of the handler's own stays");
	get(&v, nothing, "/", NAMES("REQUEST_METHOD=POST"));
	ok(status_of(&v) == 403 &&
		strncmp(body_of(&v), html ? "<h1>403 Forbidden</h1>This" : "403 Forbidden\nThis",
		    18) == 0 &&
		has(body_of(&v), "another site"),
	    "  403 says why");
	get(&v, nothing, "no-slash", NULL);
	ok(status_of(&v) == 400 && has(body_of(&v), "400 Bad Request") &&
		strcmp(header_of(&v, "X-Content-Type-Options"), "nosniff") == 0,
	    "  400, with the default header lines");
	get(&v, not_found, "/", NAMES("REQUEST_METHOD=HEAD"));
	ok(body_of(&v)[0] == '\0' && header_of(&v, "Content-Length")[0] > '0',
	    "  HEAD: its length only");
}

static void
test_without_templates(void)
{
	put_template("error.html", "{{>loop}}");
	load_templates(false);
	get(&v, not_found, "/", NULL);
	ok(has(body_of(&v), "404 Not Found\nThere is no page at this address.") &&
		has(header_of(&v, "Content-Type"), "text/plain"),
	    "an error page that can't be rendered: plain text instead");
	gate_templates_free(v.f.config.templates);
	v.f.config.templates = NULL;
	fails_to_render("page.html", "option templates");
	ok(has(body_of(&v), "500 Internal Server Error\n") && has(body_of(&v), "try again later"),
	    "  in plain text");
}

int
main(void)
{
	server_open(&v);
	load_templates(false);
	v.f.config.options.max_age = 3600 * 1000;
	test_status();
	test_allow();
	test_refuse();
	test_set_cookie();
	test_injection();
	test_replace();
	test_overflow();
	test_defaults();
	test_redirect();
	test_next();
	test_pages();
	test_mount();
	test_error_pages(false);
	load_templates(true);
	test_error_pages(true);
	test_who();
	test_without_templates();
	server_close(&v);
	return done();
}
