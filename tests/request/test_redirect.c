/* test_redirect.c: notes, which a page sends to itself by a redirect. (test_answer.c tests where
 * `next` leads.) */
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

int
main(void)
{
	server_open(&v);
	test_there_and_back();
	test_query();
	test_bounds();
	test_age();
	server_close(&v);
	return done();
}
