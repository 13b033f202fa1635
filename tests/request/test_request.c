/* test_request.c: what a request asks, and its transaction from parameters to answer.
 * Tests request/request.c, request/asked.c, request/memory.c and serve/transact.c. */
#include "config.h"

#include "base/error.h"
#include "base/log.h"
#include "serve.h"
#include "store/file/file.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ID "yR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK"
#define OTHER_ID "zR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK"

static struct server v;
static struct gate_options *options;
static char cookie[512]; /* "HTTP_COOKIE=…" */

/* ---- helpers ---- */

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void
seed(const char *id, const char *members)
{
	char text[1024];

	snprintf(text, sizeof text,
	    "{\"cookie\":{\"originalMaxAge\":3600000,\"expires\":null},%s,\"__lastAccess\":%" PRId64
	    "}",
	    members, gate_clock_wall());
	put_record(&v.f, id, text);
}

static bool
record_has(const char *id, const char *part)
{
	char text[TEXT_MAX];

	return has(get_record(&v.f, id, text), part);
}

static const char *
cookie_of(const char *id)
{
	struct gate_buffer text = {0};

	add_cookie(&text, v.f.config.keys, id);
	snprintf(cookie, sizeof cookie, "HTTP_COOKIE=%s", gate_buffer_text(&text));
	gate_buffer_release(&text);
	return cookie;
}

static const char *
or_null(const char *text)
{
	return text != NULL ? text : "NULL";
}

/* ---- handlers ---- */

static const char *asked; /* the name that a handler looks up */

static void
show_param(struct gate_request *r)
{
	v.runs++;
	gate_printf(r, "%s", or_null(gate_param(r, asked)));
}

static void
show_query(struct gate_request *r)
{
	gate_printf(r, "%s", or_null(gate_query(r, asked)));
}

static void
show_form(struct gate_request *r)
{
	gate_printf(r, "%s", or_null(gate_form(r, asked)));
}

/* All values of that name. */
static void
show_query_all(struct gate_request *r)
{
	const char *value;

	for (size_t i = 0; (value = gate_query_at(r, asked, i)) != NULL; i++)
		gate_printf(r, "%s|", value);
}

static void
show_form_all(struct gate_request *r)
{
	const char *value;

	for (size_t i = 0; (value = gate_form_at(r, asked, i)) != NULL; i++)
		gate_printf(r, "%s|", value);
}

static void
show_method(struct gate_request *r)
{
	gate_printf(r, "%s", gate_method(r));
}

static void
show_cookie(struct gate_request *r)
{
	gate_printf(r, "%s", or_null(gate_cookie(r, asked)));
}

static void
show_path(struct gate_request *r)
{
	v.runs++;
	gate_printf(r, "%s", gate_path(r));
}

static void
count(struct gate_request *r)
{
	json_t *session = gate_session(r);
	json_int_t n = json_integer_value(json_object_get(session, "n")) + 1;

	v.runs++;
	json_object_set_new(session, "n", json_integer(n));
	gate_printf(r, "n %" JSON_INTEGER_FORMAT, n);
}

static void
touch_nothing(struct gate_request *r)
{
	v.runs++;
	gate_printf(r, "nothing");
}

static void
only_read(struct gate_request *r)
{
	v.runs++;
	gate_printf(r, "n %" JSON_INTEGER_FORMAT,
	    json_integer_value(json_object_get(gate_session(r), "n")));
}

/* ---- parameters ---- */

static const char *
param(const char *name, const char *const *params)
{
	asked = name;
	get(&v, show_param, "/", params);
	return body_of(&v);
}

static void
test_params(void)
{
	is(param("A", NAMES("A=1", "A=2")), "1",
	    "of several parameters of a name the first counts");
	is(param("A", NAMES("A=", "A=2")), "NULL", "an empty one counts as absent, even so");
	is(param("A", NAMES("AB=1", "a=2")), "NULL", "names are compared whole, and by their case");
	is(param("A", NAMES("A=b=c")), "b=c", "the value may hold =");
	is(param("REQUEST_METHOD", NULL), "GET", "and CGI's own are there");
}

static const char *
query(const char *name, const char *text)
{
	char line[256];

	snprintf(line, sizeof line, "QUERY_STRING=%s", text);
	asked = name;
	get(&v, show_query, "/?whatever", NAMES(line));
	return body_of(&v);
}

static void
test_query(void)
{
	is(query("a", "a=1&b=2"), "1", "a query's field");
	is(query("b", "a=1&b=x%20y+z"), "x y z", "decoded");
	is(query("a", "a=&b=2"), "", "an empty one is there");
	is(query("a", "a"), "", "and one without =");
	is(query("c", "a=1&b=2"), "NULL", "another is not");
	is(query("a", "a=1&b=2&a=1"), "NULL", "two of a name: neither");
	is(query("a", "%61=1&a=2"), "NULL", "however they are spelled");
	is(query("a", "a=1&b=%zz"), "NULL", "a malformed query has no field");
	is(query("a", "a=%00"), "NULL", "nor one with a NUL in it");
	asked = "a";
	get(&v, show_query, "/", NULL);
	is(body_of(&v), "NULL", "no query, no field");
	get(&v, show_query_all, "/", NAMES("QUERY_STRING=a=1&b=2&%61=x+y&a=&a=1"));
	is(body_of(&v), "1|x y||1|", "all of a name, in their order");
	get(&v, show_query_all, "/", NAMES("QUERY_STRING=b=2"));
	is(body_of(&v), "", "none is told from two");
	get(&v, show_method, "/", NAMES("REQUEST_METHOD=HEAD"));
	ok(status_of(&v) == 200, "the method");
	get(&v, show_method, "/", NULL);
	is(body_of(&v), "GET", "  is what was sent");
}

static const char *
form(const char *type, const char *body, const char *name)
{
	v.body = body;
	asked = name;
	serve_params(&v, show_form,
	    type != NULL ? NAMES("REQUEST_METHOD=POST", "HTTP_SEC_FETCH_SITE=same-origin", type)
			 : NAMES("REQUEST_METHOD=POST", "HTTP_SEC_FETCH_SITE=same-origin"));
	v.body = "";
	return body_of(&v);
}

#define FORM "CONTENT_TYPE=application/x-www-form-urlencoded"

static void
test_form(void)
{
	is(form(FORM, "a=1&b=2+3", "b"), "2 3", "a form's field");
	is(form(FORM "; charset=UTF-8", "a=1", "a"), "1", "with a parameter behind its type");
	is(form("CONTENT_TYPE=Application/X-WWW-Form-Urlencoded", "a=1", "a"), "1", "in any case");
	is(form(FORM "2", "a=1", "a"), "NULL", "another type is no form");
	is(form("CONTENT_TYPE=text/plain", "a=1", "a"), "NULL", "nor text");
	is(form(NULL, "a=1", "a"), "NULL", "nor what has no type");
	is(form(FORM, "a=1&a=2", "a"), "NULL", "two of a name: neither");
	is(form(FORM, "", "a"), "NULL", "an empty body");
	is(form(FORM, "a=1&b=%", "a"), "NULL", "a malformed one has no field");
	ok(has(v.f.logged, "event=form-malformed"), "and is logged");
	v.body = "a=1&b=2&a=3";
	serve_params(&v, show_form_all,
	    NAMES("REQUEST_METHOD=POST", "HTTP_SEC_FETCH_SITE=same-origin", FORM));
	v.body = "";
	is(body_of(&v), "1|3|", "all of a name");
}

static void
test_cookies(void)
{
	asked = "b";
	get(&v, show_cookie, "/", NAMES("HTTP_COOKIE=a=1", "HTTP_COOKIE=b=%41\"; b=2"));
	is(body_of(&v), "%41\"",
	    "several Cookie parameters are joined; the first value, as it was sent");
	asked = "B";
	get(&v, show_cookie, "/", NAMES("HTTP_COOKIE=a=1; b=2"));
	is(body_of(&v), "NULL", "names are compared by their case");

	seed(ID, "\"n\":4");
	get(&v, count, "/", NAMES("HTTP_COOKIE=x=1; theme=dark", cookie_of(ID)));
	is(body_of(&v), "n 5", "the session's cookie in the second of them");
	get(&v, count, "/", NAMES("HTTP_COOKIE=", cookie_of(ID), "HTTP_COOKIE=y=2"));
	is(body_of(&v), "n 6", "behind an empty one and before a third");
	count_records(&v.f, true);
}

/* ---- the path ---- */

static const char *
path(const char *uri)
{
	get(&v, show_path, uri, NULL);
	return status_of(&v) == 200 ? body_of(&v) : "refused";
}

static void
refuses(const char *uri, const char *what)
{
	get(&v, show_path, uri, NULL);
	ok(status_of(&v) == 400 && v.runs == 0, "%s: 400, without the handler", what);
}

static void
test_path(void)
{
	char long_uri[GATE_URI_MAX + 2];

	is(path("/a/b?c=/d"), "/a/b", "the path ends at the query");
	is(path("/a%20b/../%c3%a9"), "/a%20b/../%c3%a9", "and is neither decoded nor resolved");
	is(path("/\xc3\xa9"), "/\xc3\xa9", "bytes beyond ASCII stay");
	is(path("http://host/p?q"), "/p", "the absolute form loses its host");
	is(path("https://host:8443/"), "/", "with TLS as well");
	is(path("http://host"), "/", "and may have no path");
	is(path("http://host?next=/p"), "/", "nor does a query lend it one");
	refuses("a", "no slash");
	refuses("*", "an asterisk");
	refuses("ftp://host/p", "another scheme");
	refuses("/a\rb", "a carriage return");
	refuses("/a\nb", "a newline");
	refuses("/a b", "a blank");
	refuses("/a\tb", "a tab");
	refuses("/a\x01", "a control character");
	refuses("/a\x7f", "DEL");
	memset(long_uri, 'a', sizeof long_uri);
	long_uri[0] = '/';
	long_uri[GATE_URI_MAX] = '\0';
	ok(strlen(path(long_uri)) == GATE_URI_MAX, "8 KiB are fine");
	long_uri[GATE_URI_MAX] = 'a';
	long_uri[GATE_URI_MAX + 1] = '\0';
	refuses(long_uri, "a byte more");
	memcpy(long_uri, "/?", 2);
	refuses(long_uri, "or so long a query");
	memcpy(long_uri, "http://", 7);
	refuses(long_uri, "or so long a host");
	serve_params(&v, show_path, NAMES("REQUEST_METHOD=GET", "SCRIPT_NAME=/s"));
	is(body_of(&v), "/s", "without REQUEST_URI: SCRIPT_NAME");
	serve_params(&v, show_path, NAMES("REQUEST_URI=/p"));
	ok(status_of(&v) == 400 && v.runs == 0, "no method: 400");
	v.refused = 413;
	gate_log_forget(); /* what was logged before is forgotten */
	get(&v, show_path, "/p", NULL);
	ok(status_of(&v) == 413 && v.runs == 0, "refused before: answered so, without the handler");
	ok(has(body_of(&v), "Go back and send less") && has(v.f.logged, "event=request-refused") &&
		has(v.f.logged, "path=/p status=413") && has(v.f.logged, "body_limit"),
	    "  the page says what to do, the log says why");
	v.refused = 0;
	serve_params(&v, show_path, NAMES("REQUEST_METHOD=GET", "REQUEST_URI=/a b"));
	ok(has(v.f.logged, "event=request-refused status=400") && has(v.f.logged, "malformed"),
	    "a path that is malformed is not shown in the log");
}

/* ---- options and data ---- */

static void
show_rest(struct gate_request *r)
{
	size_t length;
	const char *body = gate_body(r, &length), *why;

	gate_printf(r, "%s %s %zu %s %d %d", gate_option(r, "cookie_name"),
	    or_null(gate_option(r, "no_such_option")), length, body, gate_data(r) == &v,
	    gate_healthy(r, &why));
}

static void
test_rest(void)
{
	serve_params(&v, show_rest, NAMES("REQUEST_METHOD=GET"));
	is(body_of(&v), "connect.sid NULL 0  1 1", "options, body, data, and the store is well");
	v.body = "{}";
	serve_params(&v, show_rest, NAMES("REQUEST_METHOD=GET"));
	is(body_of(&v), "connect.sid NULL 2 {} 1 1", "a body");
	v.body = "";
}

/* ---- mount ---- */

/* The path that a handler sees, with one more parameter. */
static const char *
seen(const char *uri, const char *more)
{
	get(&v, show_path, uri, NAMES(more));
	return status_of(&v) == 200 ? body_of(&v) : "refused";
}

static void
test_mount(void)
{
	char mount[] = "/auth", *usual = options->mount, *usual_path = options->cookie_path;

	is(seen("/login", "GATE_STRIPPED=yes"), "/login", "without mount nothing can be missing");
	options->mount = mount;
	is(seen("/auth/login", "SCRIPT_NAME=/auth/login"), "/auth/login",
	    "a server that passes mount on");
	is(seen("/auth/login", "SCRIPT_NAME=/login"), "/auth/login",
	    "one that rewrites: nginx, lighttpd and caddy");
	is(seen("/auth/login", "PATH_INFO=/login"), "/auth/login", "one that splits: mod_fcgid");
	is(seen("/login", "SCRIPT_NAME=/login"), "/login",
	    "behind a proxy that takes mount away; or the page of that name outside");
	is(seen("/login", "GATE_STRIPPED=yes"), "/auth/login", "the server says which");
	is(seen("/", "GATE_STRIPPED=yes"), "/auth/", "the start page");
	is(seen("/login/?a=/b", "GATE_STRIPPED=yes"), "/auth/login/", "ends at the query");
	is(seen("http://host/login?q", "GATE_STRIPPED=yes"), "/auth/login", "the absolute form");
	is(seen("/auth/login", "GATE_STRIPPED=yes"), "/auth/login",
	    "where it is still there, it does not come twice");
	is(seen("/auth", "GATE_STRIPPED=yes"), "/auth", "nor here");
	is(seen("/auth?a", "GATE_STRIPPED=yes"), "/auth", "nor before a query");
	is(seen("/author", "GATE_STRIPPED=yes"), "/auth/author", "another name is not it");
	is(seen("/Auth/x", "GATE_STRIPPED=yes"), "/auth/Auth/x", "by its case");
	is(seen("/a b", "GATE_STRIPPED=yes"), "refused", "what is malformed stays so");
	is(seen("login", "GATE_STRIPPED=yes"), "refused", "nor does mount lend it a slash");
	is(seen("/login", "GATE_STRIPPED=no"), "/login", "no");
	is(seen("/login", "GATE_STRIPPED="), "/login", "nothing");
	is(seen("/login", "HTTP_GATE_STRIPPED=yes"), "/login",
	    "and no header of a visitor says so");
	serve_params(
	    &v, show_path, NAMES("REQUEST_METHOD=GET", "SCRIPT_NAME=/login", "GATE_STRIPPED=yes"));
	is(body_of(&v), "/auth/login", "without REQUEST_URI: SCRIPT_NAME");
	options->cookie_path = mount;
	seed(ID, "\"n\":4");
	get(&v, count, "/counter", NAMES(cookie_of(ID)));
	is(body_of(&v), "n 1", "cookie_path is compared with what the server says");
	get(&v, count, "/counter", NAMES(cookie_of(ID), "GATE_STRIPPED=yes"));
	is(body_of(&v), "n 5", "so it has to say what the browser sees");
	options->cookie_path = usual_path;
	options->mount = usual;
	count_records(&v.f, true);
}

/* ---- cookie_secure, cookie_path ---- */

static const char *
secured(enum gate_tristate secure, const char *const *params)
{
	options->cookie_secure = secure;
	get(&v, count, "/", params);
	options->cookie_secure = GATE_AUTO;
	count_records(&v.f, true);
	if (header_of(&v, "Set-Cookie")[0] == '\0')
		return "none";
	return has(header_of(&v, "Set-Cookie"), "; Secure") ? "secure" : "plain";
}

static void
test_secure(void)
{
	char proxy[] = "10.0.0.0/8";

	is(secured(GATE_AUTO, NULL), "plain", "auto, http: no Secure");
	is(secured(GATE_AUTO, NAMES("HTTPS=on")), "secure", "auto, https: Secure");
	is(secured(GATE_AUTO, NAMES("REQUEST_SCHEME=https")), "secure", "or so");
	is(secured(GATE_YES, NULL), "none", "yes, http: withheld");
	ok(has(v.f.logged, "event=cookie-withheld path=/") && has(v.f.logged, "trusted_proxies"),
	    "  and the log says why");
	is(secured(GATE_YES, NAMES("HTTPS=on")), "secure", "yes, https");
	ok(!has(v.f.logged, "cookie-withheld"), "  nothing to log");
	is(secured(GATE_NO, NAMES("HTTPS=on")), "plain", "no, https");
	is(secured(GATE_AUTO, NAMES("HTTP_X_FORWARDED_PROTO=https", "REMOTE_ADDR=10.1.2.3")),
	    "plain", "X-Forwarded-Proto is nobody's business");
	options->trusted_proxies[0] = proxy;
	is(secured(GATE_AUTO, NAMES("HTTP_X_FORWARDED_PROTO=https", "REMOTE_ADDR=10.1.2.3")),
	    "secure", "but a trusted proxy's");
	is(secured(GATE_YES, NAMES("HTTP_X_FORWARDED_PROTO=HTTPS, https", "REMOTE_ADDR=10.1.2.3")),
	    "secure", "a list of https, in any case");
	is(secured(GATE_YES, NAMES("HTTP_X_FORWARDED_PROTO=https, http", "REMOTE_ADDR=10.1.2.3")),
	    "none", "not one of which only the first says it");
	is(secured(GATE_YES, NAMES("HTTP_X_FORWARDED_PROTO=http, https", "REMOTE_ADDR=10.1.2.3")),
	    "none", "nor only the last");
	is(secured(GATE_YES, NAMES("HTTP_X_FORWARDED_PROTO=https", "REMOTE_ADDR=11.1.2.3")), "none",
	    "another address is not trusted");
	options->trusted_proxies[0] = NULL;
}

static void
test_cookie_path(void)
{
	char admin[] = "/admin", *usual = options->cookie_path;
	unsigned long loads = v.f.link.calls[GATE_STORE_LOAD];

	options->cookie_path = admin;
	seed(ID, "\"n\":4");
	get(&v, count, "/other", NAMES(cookie_of(ID)));
	is(body_of(&v), "n 1", "a path outside cookie_path sees no session");
	ok(header_of(&v, "Set-Cookie")[0] == '\0' && count_records(&v.f, false) == 1 &&
		v.f.link.calls[GATE_STORE_LOAD] == loads,
	    "and makes none");
	get(&v, count, "/administrator?x", NAMES(cookie_of(ID)));
	is(body_of(&v), "n 5", "it is a plain prefix, as in express-session");
	get(&v, count, "/Admin", NAMES(cookie_of(ID)));
	is(body_of(&v), "n 1", "by its case");
	get(&v, count, "/%61dmin", NAMES(cookie_of(ID)));
	is(body_of(&v), "n 1", "and not decoded");
	get(&v, count, "/admin/x", NULL);
	ok(has(header_of(&v, "Set-Cookie"), "; Path=/admin;"), "cookies carry it");
	options->cookie_path = usual;
	count_records(&v.f, true);
}

/* ---- a session that is refused ---- */

static void
let_pass(struct gate_request *r)
{
	gate_status(r, gate_user(r) != NULL ? 200 : 401);
}

static void
read_other_cookie(struct gate_request *r)
{
	gate_printf(r, "other %s", gate_cookie(r, "other"));
}

static void
test_withheld(void)
{
	const char *const *link =
	    NAMES("HTTP_SEC_FETCH_SITE=cross-site", "HTTP_SEC_FETCH_MODE=navigate");

	options->cookie_same_site = GATE_SAME_SITE_STRICT;
	get(&v, count, "//a/\xc3\xa9?b=c",
	    NAMES("HTTP_SEC_FETCH_SITE=cross-site", "HTTP_SEC_FETCH_MODE=navigate",
		"QUERY_STRING=b=c"));
	ok(status_of(&v) == 200 && strcmp(header_of(&v, "Refresh"), "0;url=./%C3%A9?b=c") == 0 &&
		header_of(&v, "Set-Cookie")[0] == '\0' && count_records(&v.f, false) == 0,
	    "a link of another site, Strict cookies: the page loads itself again, nothing else");
	get(&v, let_pass, "/", link);
	ok(status_of(&v) == 401 && header_of(&v, "Refresh")[0] != '\0',
	    "  with the handler's status, where that refuses");
	get(&v, touch_nothing, "/", link);
	ok(header_of(&v, "Refresh")[0] == '\0', "  a page that asks for no session does not");
	get(&v, count, "/", NAMES("HTTP_SEC_FETCH_SITE=cross-site", "HTTP_SEC_FETCH_MODE=no-cors"));
	ok(header_of(&v, "Refresh")[0] == '\0', "  nor what is no navigation");
	options->cookie_same_site = GATE_SAME_SITE_LAX;
	get(&v, count, "/", link);
	ok(header_of(&v, "Refresh")[0] == '\0', "Lax cookies come with a link");
	count_records(&v.f, true);
}

static void
test_large_header(void)
{
	static char large[GATE_COOKIE_HEADER_MAX + 32] = "HTTP_COOKIE=other=";

	memset(large + strlen(large), 'x', sizeof large - 1 - strlen(large));
	get(&v, count, "/", NAMES(large));
	ok(status_of(&v) == 431 && has(body_of(&v), "Delete this site") &&
		count_records(&v.f, false) == 0,
	    "more cookies than are read: 431, and what to do");
	get(&v, touch_nothing, "/", NAMES(large));
	ok(status_of(&v) == 200, "  a page that asks for no session works");
	get(&v, read_other_cookie, "/", NAMES(large));
	ok(status_of(&v) == 431, "  one that asks for a cookie does not take it for absent");
}

/* ---- cross-site requests ---- */

static int
posted(const char *const *params)
{
	get(&v, count, "/", params);
	count_records(&v.f, true);
	return status_of(&v);
}

static void
test_cross_site(void)
{
	ok(posted(NAMES("REQUEST_METHOD=POST", "HTTP_SEC_FETCH_SITE=cross-site")) == 403 &&
		v.runs == 0,
	    "a cross-site POST: 403 before the handler runs");
	ok(header_of(&v, "Set-Cookie")[0] == '\0' && has(v.f.logged, "event=cross-site-refused"),
	    "without a session, and logged");
	ok(posted(NAMES("REQUEST_METHOD=POST", "HTTP_SEC_FETCH_SITE=same-site")) == 403 &&
		v.runs == 0,
	    "a sibling's too");
	ok(posted(NAMES("REQUEST_METHOD=POST")) == 403 && v.runs == 0,
	    "and one without any header");
	ok(posted(NAMES("REQUEST_METHOD=DELETE", "HTTP_ORIGIN=null", "HTTP_HOST=a.b")) == 403,
	    "Origin: null");
	ok(posted(NAMES("REQUEST_METHOD=POST", "HTTP_ORIGIN=http://evil", "HTTP_HOST=a.b")) == 403,
	    "another Origin");
	ok(posted(NAMES("REQUEST_METHOD=POST", "HTTP_ORIGIN=http://a.b", "HTTP_HOST=a.b")) == 200 &&
		v.runs == 1,
	    "our own Origin: the handler runs");
	ok(posted(NAMES("REQUEST_METHOD=POST", "HTTP_SEC_FETCH_SITE=same-origin")) == 200,
	    "same-origin");
	ok(posted(NAMES("REQUEST_METHOD=POST", "HTTP_SEC_FETCH_SITE=none")) == 200, "none");
	ok(posted(NAMES("HTTP_SEC_FETCH_SITE=cross-site")) == 200, "a cross-site GET is a link");
}

/* ---- the transaction ---- */

static bool destroys; /* what the other request does */
static int others;

/* Another request of the same browser, between this one's load and its commit. */
static void
meanwhile(struct gate_request *r)
{
	struct gate_transaction s = r->transaction;

	s.queue = &v.f.other_queue;
	s.had_record = false;
	s.json = NULL;
	s.record = (struct gate_record){0};
	gate_transaction_begin(&s);
	if (destroys)
		gate_transaction_destroy(&s);
	else
		json_object_set_new(gate_transaction_json(&s), "other", json_integer(++others));
	must(gate_transaction_save(&s) == 1, "the other request");
	gate_transaction_release(&s);
}

static void
disturbed_count(struct gate_request *r)
{
	gate_session(r);
	if (v.runs == 0) {
		meanwhile(r);
		gate_header(r, "X-First", "1");
		gate_status(r, 201);
		gate_printf(r, "thrown away ");
	}
	count(r);
}

static void
always_disturbed(struct gate_request *r)
{
	gate_session(r);
	meanwhile(r);
	count(r);
}

static void
test_conflict(void)
{
	seed(ID, "\"n\":1");
	get(&v, disturbed_count, "/", NAMES(cookie_of(ID)));
	ok(status_of(&v) == 200 && v.runs == 2, "a conflict: the handler runs again");
	is(body_of(&v), "n 2", "only its last answer leaves");
	is(header_of(&v, "X-First"), "", "with its own header lines");
	ok(record_has(ID, "\"n\":2") && record_has(ID, "\"other\":1"),
	    "the record has both changes");

	destroys = true;
	get(&v, disturbed_count, "/", NAMES(cookie_of(ID)));
	ok(status_of(&v) == 409 && v.runs == 2,
	    "destroyed meanwhile: again, with an empty session; a change is refused");
	ok(has(v.f.logged, "event=change-refused path=/") &&
		has(v.f.logged, "renewed by another request"),
	    "  with a log line");
	ok(header_of(&v, "Set-Cookie")[0] == '\0' && count_records(&v.f, false) == 0,
	    "that is not saved, and sets no cookie");

	destroys = false;
	seed(ID, "\"n\":1");
	options->deadline = 0;
	get(&v, always_disturbed, "/", NAMES(cookie_of(ID)));
	ok(status_of(&v) == 503 && v.runs == 1 && header_of(&v, "Retry-After")[0] != '\0',
	    "over the deadline: 503, to be tried again");
	ok(header_of(&v, "Set-Cookie")[0] == '\0' && record_has(ID, "\"n\":1") &&
		has(v.f.logged, "event=session-busy"),
	    "nothing written, the cookie untouched, a log line");
	options->deadline = 5000;
	count_records(&v.f, true);
}

static void
ask_nothing(struct gate_request *r)
{
	gate_session_expires(r);
	v.runs++;
}

static void
test_lazy(void)
{
	unsigned long loads = v.f.link.calls[GATE_STORE_LOAD];

	seed(ID, "\"n\":1");
	get(&v, touch_nothing, "/", NAMES(cookie_of(ID)));
	ok(v.f.link.calls[GATE_STORE_LOAD] == loads,
	    "who never asks for the session costs no load");
	is(header_of(&v, "Vary"), "", "and doesn't vary by the cookie");
	get(&v, ask_nothing, "/", NAMES(cookie_of(ID)));
	ok(v.f.link.calls[GATE_STORE_LOAD] == loads + 1, "asking when it expires loads it");
	is(header_of(&v, "Vary"), "Cookie", "which the answer says");
	count_records(&v.f, true);
}

/* ---- failures ---- */

static struct gate_store broken;
static enum gate_store_call breaks;

static int
no_load(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	return breaks == GATE_STORE_LOAD ? gate_fail(error, GATE_ESTORE, "store: broken on demand")
					 : gate_store_file.load(store, id, record, error);
}

static int
no_write(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	(void)store;
	(void)id;
	(void)record;
	return gate_fail(error, GATE_ESTORE, "store: broken on demand");
}

static void
commit_and_render(struct gate_request *r)
{
	count(r);
	if (gate_session_commit(r) < 0)
		gate_render(r, "no-such.html", NULL);
}

static void
broken_store(gate_handler *handler, enum gate_store_call call, const char *param, const char *what)
{
	breaks = call;
	gate_log_forget(); /* all of these are logged */
	get(&v, handler, "/", param != NULL ? NAMES(param) : NULL);
	ok(status_of(&v) == 503 && v.runs == 1, "%s: 503", what);
	ok(header_of(&v, "Retry-After")[0] != '\0' && header_of(&v, "Set-Cookie")[0] == '\0',
	    "  to be tried again, the cookie untouched");
	ok(count_records(&v.f, false) == 1 && record_has(ID, "\"n\":1"),
	    "  no record made or changed");
	ok(has(v.f.logged, "event=store-failed") && has(v.f.logged, "broken on demand"),
	    "  logged");
	ok(!has(v.answer, "broken"), "  and the page doesn't say why");
}

/* It is as in an outage under load: what is wrong shows in a few lines. */
static void
test_many_failures(void)
{
	int logged = 0;

	breaks = GATE_STORE_LOAD;
	gate_log_forget(); /* what was logged before is forgotten */
	for (int i = 0; i < 200; i++) {
		get(&v, count, "/", NAMES(cookie_of(ID)));
		logged += has(v.f.logged, "event=store-failed");
	}
	ok(logged >= 10 && logged < 200, "of 200 failures in a row some are logged (%d)", logged);
}

static void
destroy(struct gate_request *r)
{
	v.runs++;
	gate_session_destroy(r);
	gate_redirect(r, "/");
}

static void
test_broken_store(void)
{
	broken = gate_store_file;
	broken.load = no_load;
	broken.create = broken.update = broken.remove = no_write;
	v.f.link.table = &broken;
	seed(ID, "\"n\":1");
	broken_store(count, GATE_STORE_LOAD, cookie_of(ID), "load fails");
	broken_store(only_read, GATE_STORE_LOAD, cookie_of(ID), "load fails, a reader");
	broken_store(count, GATE_STORE_CREATE, NULL, "create fails");
	broken_store(count, GATE_STORE_UPDATE, cookie_of(ID), "update fails");
	broken_store(destroy, GATE_STORE_REMOVE, cookie_of(ID), "destroy fails");
	broken_store(
	    commit_and_render, GATE_STORE_UPDATE, cookie_of(ID), "gate_session_commit fails");
	test_many_failures();
	get(&v, touch_nothing, "/", NULL);
	ok(status_of(&v) == 200, "a page without a session doesn't notice");
	v.f.link.health.at = 0; /* the last answer holds for a second */
	get(&v, show_rest, "/", NULL);
	ok(has(body_of(&v), " 1 0") && has(v.f.logged, "event=store-down"), "gate_healthy does");
	v.f.link.table = &gate_store_file;
	count_records(&v.f, true);
}

static json_t *bad;

static void
set_bad(struct gate_request *r)
{
	count(r);
	json_object_set(gate_session(r), asked, bad);
}

static void
cannot_store(const char *name, json_t *value)
{
	char wanted[64];

	asked = name;
	bad = value;
	get(&v, set_bad, "/", NAMES(cookie_of(ID)));
	snprintf(wanted, sizeof wanted, "session member %s ", name);
	ok(status_of(&v) == 500 && header_of(&v, "Set-Cookie")[0] == '\0' &&
		record_has(ID, "\"n\":1,"),
	    "%s can't be stored: 500, nothing written", name);
	ok(has(v.f.logged, "event=session-refused") && has(v.f.logged, wanted),
	    "  the log names it");
	json_decref(value);
}

static void
test_refused_members(void)
{
	json_t *deep = json_array();

	for (int i = 1; i < 33; i++)
		deep = json_pack("[o]", deep);
	seed(ID, "\"n\":1");
	cannot_store("cookie", json_true());
	cannot_store("gate", json_object());
	cannot_store("__lastAccess", json_integer(1));
	cannot_store("regenerate", json_true());
	cannot_store("big", json_integer(INT64_C(9007199254740993)));
	cannot_store("deep", deep);
	get(&v, count, "/", NAMES(cookie_of(ID)));
	is(body_of(&v), "n 2", "the next request goes on as if nothing had been");
	count_records(&v.f, true);
}

/* ---- calls too late, and bad ones ---- */

static int too_late, too_small;

static void
late(struct gate_request *r)
{
	too_small = gate_session_set_max_age(r, -1);
	count(r);
	gate_session_commit(r);
	too_late = gate_session_renew(r) + gate_session_destroy(r) + gate_session_set_max_age(r, 1);
}

static void
below_zero(struct gate_request *r)
{
	too_small = gate_session_set_max_age(r, -1);
}

static void
test_calls(void)
{
	get(&v, late, "/", NULL);
	ok(too_late == -3 && has(v.f.logged, "event=call-after-commit call=gate_session_renew"),
	    "after a commit renew, destroy and max_age answer -1, and are logged");
	ok(status_of(&v) == 200 && header_of(&v, "Set-Cookie")[0] != '\0', "the answer stands");
	get(&v, below_zero, "/", NULL);
	ok(too_small == -1 && !has(v.f.logged, "call-after-commit"),
	    "a max_age below 0 is refused");
	count_records(&v.f, true);
}

static void
test_trace(void)
{
	get(&v, count, "/traced?secret", NULL);
	is(v.f.logged, "", "without trace nothing is logged");
	options->trace = true;
	get(&v, count, "/traced?secret", NULL);
	ok(has(v.f.logged, "event=session path=/traced session=") &&
		has(v.f.logged,
		    "state=new did=create why=\"new and changed\" cookie=set why_cookie=new "
		    "result=done\n"),
	    "with it: one line that says what was done and why");
	ok(strchr(v.f.logged, '\n') == strrchr(v.f.logged, '\n'), "one line");
	options->trace = false;
	count_records(&v.f, true);
}

/* ---- Strict cookies, which links from other sites come without ---- */

static const char *
linked(const char *const *params)
{
	get(&v, count, "/page", params);
	return header_of(&v, "Refresh")[0] == '\0' ? body_of(&v) : header_of(&v, "Refresh");
}

static void
test_strict(void)
{
	static const char host[] = "HTTP_HOST=a.example",
			  foreign[] = "HTTP_REFERER=http://b.example/";

	options->cookie_same_site = GATE_SAME_SITE_STRICT;
	is(linked(NAMES(host, foreign)), "0;url=./page",
	    "no Sec-Fetch-Site, a Referer of another site: the page loads itself again");
	ok(status_of(&v) == 200 && header_of(&v, "Set-Cookie")[0] == '\0' &&
		count_records(&v.f, false) == 0,
	    "  nothing is stored or sent");
	is(linked(NAMES(host, "HTTP_REFERER=http://a.example/page")), "n 1",
	    "  and its own Referer ends that");
	is(linked(NAMES(host)), "n 1", "no Referer: nothing is known");
	is(linked(NAMES(host, foreign, "HTTP_SEC_FETCH_SITE=none")), "n 1",
	    "Sec-Fetch-Site comes first");
	seed(ID, "\"n\":4");
	is(linked(NAMES(host, foreign, cookie_of(ID))), "n 5", "with its cookie: the session");
	options->cookie_same_site = GATE_SAME_SITE_LAX;
	is(linked(NAMES(host, foreign)), "n 1", "Lax cookies come along: a stranger");
	count_records(&v.f, true);
}

int
main(void)
{
	server_open(&v);
	options = &v.f.config.options;
	options->max_age = 3600 * 1000;
	options->touch_after = 60 * 1000;
	test_params();
	test_query();
	test_form();
	test_cookies();
	test_path();
	test_mount();
	test_rest();
	test_secure();
	test_cookie_path();
	test_withheld();
	test_large_header();
	test_cross_site();
	test_conflict();
	test_lazy();
	test_broken_store();
	test_refused_members();
	test_calls();
	test_trace();
	test_strict();
	server_close(&v);
	return done();
}
