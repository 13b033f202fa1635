/* test_redirect.c: notes, which a page sends to itself by a redirect; redirects to gate's own
 * pages, wherever they are mounted. (test_answer.c tests where else a redirect and `next` lead.) */
#include "config.h"

#include "crypto/seal.h"
#include "serve.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define POST "REQUEST_METHOD=POST", "HTTP_SEC_FETCH_SITE=same-origin"
#define BROWSER "HTTP_ACCEPT=text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"

static struct server v;
static const char *name; /* what the next note holds */
static int answered;     /* by the last gate_redirect_note */

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void
page(struct gate_request *r)
{
	json_t *note = NULL;

	if (strcmp(gate_param(r, "REQUEST_METHOD"), "POST") == 0) {
		note = json_pack("{s:s}", "name", name);
		answered = gate_redirect_note(r, note);
		json_decref(note);
	}
	if (answered == 0 || note == NULL)
		gate_printf(r, "note %s",
		    gate_note(r) != NULL ? json_string_value(json_object_get(gate_note(r), "name"))
					 : "none");
}

/* Where a browser is sent by a POST; "": it is answered at once. */
static const char *
sent(const char *uri, const char *query)
{
	static char location[ANSWER_MAX];
	char line[GATE_URI_MAX];

	snprintf(line, sizeof line, "QUERY_STRING=%s", query);
	answered = -1;
	get(&v, page, uri, NAMES(POST, BROWSER, line));
	snprintf(location, sizeof location, "%s", header_of(&v, "Location"));
	return location;
}

/* What the page says at a relative address. */
static const char *
says(const char *location, const char *site)
{
	char line[ANSWER_MAX + 16];

	snprintf(line, sizeof line, "QUERY_STRING=%s", strchr(location, '?') + 1);
	get(&v, page, "/login?…", NAMES(line, BROWSER, site));
	return body_of(&v);
}

static void
test_there_and_back(void)
{
	const char *location;
	char first[ANSWER_MAX];

	name = "alice of the note";
	location = sent("/login", "");
	ok(status_of(&v) == 303 && answered == 1, "a browser that posts is sent by 303");
	ok(strncmp(location, "./login?note=", 13) == 0, "to the page itself");
	ok(!has(location, "alice") && !has(location, "name"), "which does not show what is noted");
	ok(body_of(&v)[0] == '\0' && !has(v.answer, "Set-Cookie"), "and holds nothing else");
	snprintf(first, sizeof first, "%s", location);
	is(says(first, "HTTP_SEC_FETCH_SITE=same-origin"), "note alice of the note",
	    "the page there gets it");
	is(says(first, "SERVER_PORT=80"), "note alice of the note", "also of an old browser");
	is(says(first, "HTTP_SEC_FETCH_SITE=cross-site"), "note none",
	    "not by another site's link");
	is(says(first, "HTTP_SEC_FETCH_SITE=none"), "note none", "nor by one in a mail");
	name = "bob of another tab";
	location = sent("/login", "");
	is(says(location, "SERVER_PORT=80"), "note bob of another tab", "another tab has its own");
	is(says(first, "SERVER_PORT=80"), "note alice of the note", "and each of them keeps it");
}

static void
test_query(void)
{
	static const char *const dropped[] = {"/\\evil.example", "/\tb", "/\x80", "/\x7f", "/ b"};
	char again[ANSWER_MAX];
	const char *location;

	name = "x";
	location = sent("/login", "next=/a%2Fb?c&d=%zz");
	ok(strncmp(location, "./login?next=/a%2Fb?c&d=%zz&note=", 33) == 0,
	    "the query goes along, whatever it is");
	is(says(location, "SERVER_PORT=80"), "note x", "and does not hide the note");
	snprintf(again, sizeof again, "%s", strchr(location, '?') + 1);
	location = sent("/login", again);
	ok(strncmp(location, "./login?next=/a%2Fb?c&d=%zz&note=", 33) == 0 &&
		strstr(strstr(location, "note=") + 1, "note=") == NULL,
	    "the note of the try before does not");
	for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++) {
		snprintf(again, sizeof again, "a=b&next=%s&c=d", dropped[i]);
		location = sent("/login", again);
		ok(strncmp(location, "./login?a=b&c=d&note=", 21) == 0,
		    "what no address may hold stays behind: encoded it would be another value");
	}
	location = sent("//evil.example/login", "");
	ok(strncmp(location, "./login?note=", 13) == 0, "a path like a host leads nowhere else");
	location = sent("/a/b/", "");
	ok(strncmp(location, "./?note=", 8) == 0, "nor a folder's");
}

static void
test_bounds(void)
{
	char *query = calloc(1, 4000), long_name[700];

	must(query != NULL, "memory");
	name = "x";
	get(&v, page, "/login", NAMES(POST, "HTTP_ACCEPT=*/*"));
	ok(status_of(&v) == 200 && answered == 0, "a program is answered at once");
	get(&v, page, "/login", NAMES(POST));
	ok(status_of(&v) == 200 && answered == 0, "also one that says nothing");
	get(&v, page, "/login",
	    NAMES(
		"HTTP_ACCEPT=text/html", "REQUEST_METHOD=PUT", "HTTP_SEC_FETCH_SITE=same-origin"));
	ok(status_of(&v) == 200, "and every method but POST");
	memset(query, 'q', 3999);
	is(sent("/login", query), "", "with too long a query: at once");
	memset(long_name, 'n', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	name = long_name;
	is(sent("/login", ""), "", "with too long a note: at once");
	free(query);
}

/* A note's age counts by the request's clock, which the test can't set: so it makes old notes. */
static void
test_age(void)
{
	static const int ages[] = {-61, -59, 0, 59, 61};
	struct gate_buffer b = {0};
	char text[128], query[ANSWER_MAX];

	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
		snprintf(text, sizeof text, "{\"at\":%" PRId64 ",\"note\":{\"name\":\"old\"}}",
		    gate_clock_wall() - ages[i] * 1000);
		gate_buffer_reset(&b);
		gate_seal(v.f.config.keys, "gate note", "/login", text, strlen(text), &b);
		snprintf(query, sizeof query, "?note=%s", b.data);
		is(says(query, "SERVER_PORT=80"), abs(ages[i]) < 60 ? "note old" : "note none",
		    "a note of so many seconds ago");
	}
	for (size_t i = 0; i < 3; i++) {
		snprintf(query, sizeof query, "?note=%s", (const char *[]){"", "x", b.data + 4}[i]);
		is(says(query, "SERVER_PORT=80"), "note none", "what is no note");
	}
	gate_buffer_release(&b);
}

/* ---- mount ---- */

static const char *target;

static void
redirect(struct gate_request *r)
{
	gate_redirect(r, target);
}

static void
redirect_next(struct gate_request *r)
{
	gate_redirect_next(r, target);
}

/* Where a handler leads with that option mount; "": nowhere. */
static const char *
led(const char *mount, gate_handler *handler, const char *to, const char *query)
{
	char copy[64], line[256], *usual = v.f.config.options.mount;

	snprintf(copy, sizeof copy, "%s", mount);
	snprintf(line, sizeof line, "QUERY_STRING=%s", query);
	target = to;
	v.f.config.options.mount = copy;
	get(&v, handler, "/login", NAMES(line));
	v.f.config.options.mount = usual;
	return header_of(&v, "Location");
}

static void
test_own_pages(void)
{
	static const char *const cases[][3] = {{"", "~/card", "/card"}, {"", "~/", "/"},
	    {"", "~/login?next=~/user", "/login?next=/user"}, {"/auth", "~/card", "/auth/card"},
	    {"/auth", "~/", "/auth/"}, {"/auth", "~/card?new=yes", "/auth/card?new=yes"},
	    {"/auth", "~/login?next=~/user", "/auth/login?next=/auth/user"},
	    {"/auth", "~/login?next=/shop?a=~/b", "/auth/login?next=/shop?a=~/b"},
	    {"/a/~b", "~/login?next=~/a?next=~/b", "/a/~b/login?next=/a/~b/a?next=~/b"},
	    {"/auth", "~/caf\xc3\xa9?next=~/\xc3\xa9", "/auth/caf%C3%A9?next=/auth/%C3%A9"}};
	static const char *const others[] = {"/shop", "/shop?next=~/x", "/~/x", "~", "~alice/",
	    "./login?next=~/x", "//host/", "https://example.org/?next=~/"};
	static const char *const broken[] = {
	    "~/a b", "~/\\x", "~/a\r\nb", "~/a?next=~/b c", "~/a b?next=~/c"};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is(led(cases[i][0], redirect, cases[i][1], ""), cases[i][2], cases[i][1]);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		is(led("/auth", redirect, others[i], ""), others[i],
		    "what does not begin with ~/ stays as it is");
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		is(led("/auth", redirect, broken[i], ""), "", "no header can hold it");
		ok(status_of(&v) == 500, "  so the answer is a 500");
	}
}

static void
test_next_and_mount(void)
{
	static const char *const own[] = {"", "next=", "next=~/card", "next=%7E/card",
	    "next=/auth/login", "next=/auth/logout?a", "next=//evil.example", "next=card"};

	is(led("/auth", redirect_next, "~/user", "next=/shop?a"), "/shop?a",
	    "next leads to the whole site");
	is(led("/auth", redirect_next, "~/user", "next=/auth/card"), "/auth/card",
	    "also to a page of gate's");
	is(led("/auth", redirect_next, "~/user", "next=/a?next=~/b"), "/a?next=~/b",
	    "whatever it holds");
	is(led("/auth", redirect_next, "/home", ""), "/home", "without next: where a handler says");
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		is(led("/auth", redirect_next, "~/user", own[i]), "/auth/user",
		    own[i][0] != '\0' ? own[i] : "or the page under mount");
}

static void
show_next(struct gate_request *r)
{
	struct gate_buffer shown = {0};

	if (gate_next_shown(r, &shown))
		gate_printf(r, "to see %s", gate_buffer_text(&shown));
	gate_buffer_release(&shown);
}

static void
test_next_shown(void)
{
	static const char *const cases[][2] = {{"/a/b", "/a/b"}, {"/", "/"}, {"/a?b=c", "/a"},
	    {"/a#b", "/a"}, {"/caf%C3%A9", "/café"}, {"/caf\xc3\xa9", "/café"},
	    {"%2Fcaf%25C3%25A9", "/café"}, {"/%F0%9F%98%80%E6%97%A5", "/😀日"},
	    {"/a%20b%3Cc%3E%26%25%00", "/a%20b%3Cc%3E%26%25%00"},
	    {"/%E2%80%AEgpj", "/%E2%80%AEgpj"}, {"/\xe2\x80\xaegpj", "/%E2%80%AEgpj"},
	    {"/\xe2\x81\xa6x\xe3\x80\x80y", "/%E2%81%A6x%E3%80%80y"}, {"/%C3", "/%C3"},
	    {"/%C3%28%C3%A9", "/%C3%28é"}, {"/%c3%a9%zz%4", "/%c3%a9%zz%4"},
	    {"/%ED%A0%80%80%FF", "/%ED%A0%80%80%FF"}, {"/%C2%85%C2%A0", "/%C2%85%C2%A0"}};
	static const char *const none[] = {"", "//evil.example", "/login", "a", "%2F%00"};
	char query[2100] = "QUERY_STRING=next=", wanted[200] = "to see ";

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(query, sizeof query, "QUERY_STRING=next=%s", cases[i][0]);
		snprintf(wanted, sizeof wanted, "to see %s", cases[i][1]);
		get(&v, show_next, "/login", NAMES(query));
		is(body_of(&v), wanted, cases[i][0]);
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		snprintf(query, sizeof query, "QUERY_STRING=next=%s", none[i]);
		get(&v, show_next, "/login", NAMES(query));
		is(body_of(&v), "", "no way on");
	}
	snprintf(query, sizeof query, "QUERY_STRING=next=/%0*d", GATE_NEXT_MAX - 1, 0);
	snprintf(wanted, sizeof wanted, "to see /%0119d…", 0);
	get(&v, show_next, "/login", NAMES(query));
	is(body_of(&v), wanted, "a long one is shortened");
}

/* A note is for the path that the browser sees, whatever the server in between makes of it. */
static void
test_note_and_mount(void)
{
	char mount[] = "/auth", location[ANSWER_MAX], *usual = v.f.config.options.mount;
	char line[ANSWER_MAX + 16];

	v.f.config.options.mount = mount;
	name = "x";
	snprintf(location, sizeof location, "%s", sent("/auth/login", ""));
	ok(strncmp(location, "./login?note=", 13) == 0, "a note stays beside its page");
	snprintf(line, sizeof line, "QUERY_STRING=%s", strchr(location, '?') + 1);
	get(&v, page, "/auth/login", NAMES(line));
	is(body_of(&v), "note x", "and is read under mount");
	get(&v, page, "/login", NAMES(line, "GATE_STRIPPED=yes"));
	is(body_of(&v), "note x", "also through a server that takes mount away");
	get(&v, page, "/login", NAMES(line));
	is(body_of(&v), "note none", "but not by the page of that name outside");
	v.f.config.options.mount = usual;
}

int
main(void)
{
	server_open(&v);
	test_there_and_back();
	test_query();
	test_bounds();
	test_age();
	test_own_pages();
	test_next_and_mount();
	test_note_and_mount();
	test_next_shown();
	server_close(&v);
	return done();
}
