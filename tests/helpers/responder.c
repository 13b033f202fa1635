/* responder.c: a page for the tests: the last part of the path says what to do, as in /r/count. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gate.h>

#define WAIT_MOST 4000 /* ms that slowfile waits for its file */
#define BIG_MOST (16 << 20)

/* ---- what was asked ---- */

static const char *
value_of(struct gate_request *req, const char *name)
{
	const char *value = gate_query(req, name);

	return value != NULL ? value : gate_form(req, name);
}

static const char *
text_of(struct gate_request *req, const char *name)
{
	const char *value = value_of(req, name);

	return value != NULL ? value : "";
}

static long long
number_of(struct gate_request *req, const char *name, long long otherwise)
{
	const char *value = value_of(req, name);

	return value != NULL ? strtoll(value, NULL, 10) : otherwise;
}

static void
write_json(struct gate_request *req, const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	if (text != NULL)
		gate_write(req, text, strlen(text));
	else
		gate_status(req, 500);
	free(text);
}

static void
pause_ms(long long ms)
{
	struct timespec rest = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		continue;
}

/* ---- counting ---- */

static json_int_t
visit(struct gate_request *req)
{
	json_t *session = gate_session(req);
	json_int_t views = json_integer_value(json_object_get(session, "views")) + 1;

	json_object_set_new(session, "views", json_integer(views));
	return views;
}

static void
count(struct gate_request *req)
{
	json_int_t views = visit(req);

	gate_printf(req, "visit %" JSON_INTEGER_FORMAT, views);
}

static void
read_views(struct gate_request *req)
{
	json_t *session = gate_session(req);

	gate_printf(req, "views %" JSON_INTEGER_FORMAT,
	    json_integer_value(json_object_get(session, "views")));
}

/* ?ms=N: loads, works that long, and then counts. */
static void
slow(struct gate_request *req)
{
	gate_session(req);
	pause_ms(number_of(req, "ms", 0));
	count(req);
}

static int
act(struct gate_request *req, const char *what)
{
	if (strcmp(what, "destroy") == 0)
		return gate_session_destroy(req);
	if (strcmp(what, "renew") == 0)
		return gate_session_renew(req);
	if (strcmp(what, "nothing") == 0)
		return 0;
	visit(req);
	return strcmp(what, "commit") == 0 ? gate_session_commit(req) : 0;
}

/* ?ready=FILE&go=FILE&then=count|commit|destroy|renew|nothing: loads the session, makes the file
 * `ready`, waits for the file `go`, and then does what `then` says. A second run finds both
 * files. */
static void
slow_file(struct gate_request *req)
{
	const char *go = text_of(req, "go");
	int fd;

	gate_session(req);
	fd = open(text_of(req, "ready"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	for (int ms = 0; ms < WAIT_MOST && access(go, F_OK) != 0; ms++)
		pause_ms(1);
	if (act(req, text_of(req, "then")) == 0)
		read_views(req);
}

/* ---- the session's content ---- */

static void
show(struct gate_request *req)
{
	write_json(req, gate_session(req));
}

/* name and value, which is JSON; anything else is refused with 400. */
static void
set(struct gate_request *req)
{
	const char *name = value_of(req, "name"), *text = text_of(req, "value");
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	if (name == NULL || value == NULL) {
		json_decref(value);
		gate_status(req, 400);
		return;
	}
	json_object_set_new(gate_session(req), name, value);
	show(req);
}

static void
unset(struct gate_request *req)
{
	json_object_del(gate_session(req), text_of(req, "name"));
	show(req);
}

/* ?name=A&member=B&value=JSON: sets B of A, where that is an object. */
static void
inside(struct gate_request *req)
{
	json_t *object = json_object_get(gate_session(req), text_of(req, "name"));
	json_t *value = json_loads(text_of(req, "value"), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	json_object_set_new(object, text_of(req, "member"), value);
	show(req);
}

/* ?members=OBJECT: sets all of them. */
static void
put(struct gate_request *req)
{
	json_t *members = json_loads(text_of(req, "members"), JSON_ALLOW_NUL, NULL);

	if (json_object_update(gate_session(req), members) == 0)
		show(req);
	else
		gate_status(req, 400);
	json_decref(members);
}

static void
clear(struct gate_request *req)
{
	json_object_clear(gate_session(req));
	show(req);
}

/* Changes the session and takes it back. */
static void
undo(struct gate_request *req)
{
	json_t *session = gate_session(req);
	json_t *before = json_deep_copy(session);

	visit(req);
	json_object_clear(session);
	json_object_update(session, before);
	json_decref(before);
	show(req);
}

/* ?bytes=N: makes the session's member `fill` that long. */
static void
fill(struct gate_request *req)
{
	long long bytes = number_of(req, "bytes", 0);
	char *text = bytes >= 0 && bytes <= BIG_MOST ? malloc((size_t)bytes + 1) : NULL;

	if (text == NULL) {
		gate_status(req, 400);
		return;
	}
	memset(text, 'x', (size_t)bytes);
	json_object_set_new(gate_session(req), "fill", json_stringn(text, (size_t)bytes));
	free(text);
	gate_printf(req, "bytes %lld", bytes);
}

/* ---- the session's life ---- */

static void
say(struct gate_request *req, const char *what, int result)
{
	gate_printf(req, "%s %d\n", what, result);
}

static void
destroy(struct gate_request *req)
{
	say(req, "destroy", gate_session_destroy(req));
}

/* Destroys, and then writes to what is left. */
static void
destroy_count(struct gate_request *req)
{
	say(req, "destroy", gate_session_destroy(req));
	count(req);
}

static void
renew(struct gate_request *req)
{
	say(req, "renew", gate_session_renew(req));
	read_views(req);
}

static void
renew_count(struct gate_request *req)
{
	say(req, "renew", gate_session_renew(req));
	count(req);
}

/* What Node's programs call so: another id, and no data. */
static void
regenerate(struct gate_request *req)
{
	json_object_clear(gate_session(req));
	if (gate_session_renew(req) == 0)
		count(req);
}

static void
count_renew(struct gate_request *req)
{
	count(req);
	say(req, "\nrenew", gate_session_renew(req));
}

/* Saves before it answers; ?ms=N: and then takes its time. */
static void
commit(struct gate_request *req)
{
	json_int_t views = visit(req);

	if (gate_session_commit(req) < 0)
		return;
	pause_ms(number_of(req, "ms", 0));
	gate_printf(req, "visit %" JSON_INTEGER_FORMAT, views);
}

/* Saves a session that it did not change. */
static void
save(struct gate_request *req)
{
	gate_session(req);
	say(req, "commit", gate_session_commit(req));
}

/* Saves, and changes the session when that is too late. */
static void
late(struct gate_request *req)
{
	visit(req);
	if (gate_session_commit(req) < 0)
		return;
	visit(req);
	say(req, "second commit", gate_session_commit(req));
}

static void
expires(struct gate_request *req)
{
	gate_session(req);
	gate_printf(req, "expires %" PRId64, gate_session_expires(req));
}

/* ?ms=N, and ?mark=TEXT to change the session too. */
static void
max_age(struct gate_request *req)
{
	json_t *session = gate_session(req);

	if (value_of(req, "mark") != NULL)
		json_object_set_new(session, "mark", json_string(value_of(req, "mark")));
	say(req, "maxage", gate_session_set_max_age(req, number_of(req, "ms", 0)));
	gate_printf(req, "expires %" PRId64, gate_session_expires(req));
}

/* ---- requests and answers without a session ---- */

static void
nothing(struct gate_request *req)
{
	gate_printf(req, "nothing");
}

/* Writes not a byte. */
static void
empty(struct gate_request *req)
{
	(void)req;
}

static void
wait(struct gate_request *req)
{
	pause_ms(number_of(req, "ms", 0));
	nothing(req);
}

static void
env(struct gate_request *req)
{
	static const char *const names[] = {"REQUEST_METHOD", "REQUEST_URI", "QUERY_STRING",
	    "CONTENT_TYPE", "CONTENT_LENGTH", "SCRIPT_NAME", "PATH_INFO", "SERVER_NAME",
	    "SERVER_PORT", "SERVER_PROTOCOL", "REQUEST_SCHEME", "HTTPS", "REMOTE_ADDR",
	    "REMOTE_USER", "HTTP_REMOTE_USER", "HTTP_REMOTE_GROUPS", "HTTP_REMOTE_NAME",
	    "HTTP_REMOTE_EMAIL", "HTTP_AUTHORIZATION", "HTTP_HOST", "HTTP_COOKIE", "HTTP_ORIGIN",
	    "HTTP_SEC_FETCH_SITE", "HTTP_X_FORWARDED_PROTO", "HTTP_X_TEST", NULL};
	json_t *all = json_object();

	for (size_t i = 0; names[i] != NULL; i++)
		if (gate_param(req, names[i]) != NULL)
			json_object_set_new(all, names[i], json_string(gate_param(req, names[i])));
	json_object_set_new(all, "path", json_string(gate_path(req)));
	write_json(req, all);
	json_decref(all);
}

/* ?names=a,b: those fields of the body; without: "name" and "value"; and how long the body is. */
static void
form(struct gate_request *req)
{
	const char *at = gate_query(req, "names") != NULL ? gate_query(req, "names") : "name,value";
	json_t *all = json_object(), *fields = json_object();
	size_t length;

	while (*at != '\0') {
		char name[64];
		size_t size = strcspn(at, ",");

		snprintf(name, sizeof name, "%.*s", (int)size, at);
		if (gate_form(req, name) != NULL)
			json_object_set_new(fields, name, json_string(gate_form(req, name)));
		at += size + (at[size] == ',');
	}
	gate_body(req, &length);
	json_object_set_new(all, "fields", fields);
	json_object_set_new(all, "length", json_integer((json_int_t)length));
	write_json(req, all);
	json_decref(all);
}

static void
query(struct gate_request *req)
{
	gate_printf(req, "%s",
	    gate_query(req, "name") != NULL ? gate_query(req, "name") : "(there is none)");
}

static void
cookie(struct gate_request *req)
{
	const char *value = gate_cookie(req, text_of(req, "name"));

	gate_printf(req, "%s", value != NULL ? value : "(there is none)");
}

static void
option(struct gate_request *req)
{
	const char *value = gate_option(req, text_of(req, "name"));

	gate_printf(req, "%s", value != NULL ? value : "(there is none)");
}

/* The body as it came. */
static void
echo(struct gate_request *req)
{
	size_t length;
	const char *body = gate_body(req, &length);

	gate_write(req, body, length);
}

/* ?bytes=N */
static void
big(struct gate_request *req)
{
	char piece[4096];
	long long left = number_of(req, "bytes", 0);

	memset(piece, 'x', sizeof piece);
	for (; left > 0 && left <= BIG_MOST; left -= (long long)sizeof piece)
		gate_write(
		    req, piece, left < (long long)sizeof piece ? (size_t)left : sizeof piece);
}

/* Which of these the library takes: only good ones may reach the client. */
static void
headers(struct gate_request *req)
{
	static const struct {
		const char *name, *value;
	} tries[] = {{"X-Good", "yes"}, {"X-Good", "twice"}, {"X-Empty", ""}, {"X Space", "no"},
	    {"X-Line", "a\r\nX-Smuggled: yes"}, {"X-Feed", "a\nX-Smuggled: yes"},
	    {"X-Colon:", "no"}, {"", "no"}, {"X-High", "caf\xc3\xa9"}, {"X-Control", "a\001b"},
	    {"Set-Cookie", "theme=dark; Path=/"}, {"Content-Length", "1"}, {"Status", "500 no"}};

	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
		gate_printf(req, "%zu %d\n", i, gate_header(req, tries[i].name, tries[i].value));
}

/* ?name=X-Long&bytes=N: one header of that length. */
static void
long_header(struct gate_request *req)
{
	long long bytes = number_of(req, "bytes", 0);
	char *text = bytes >= 0 && bytes <= BIG_MOST ? malloc((size_t)bytes + 1) : NULL;

	if (text == NULL) {
		gate_status(req, 400);
		return;
	}
	memset(text, 'x', (size_t)bytes);
	text[bytes] = '\0';
	say(req, "header", gate_header(req, "X-Long", text));
	free(text);
}

static void
redirect(struct gate_request *req)
{
	if (gate_redirect(req, text_of(req, "to")) < 0)
		say(req, "refused", -1);
}

static void
redirect_next(struct gate_request *req)
{
	if (gate_redirect_next(req, "/r/nothing") < 0)
		say(req, "refused", -1);
}

static void
status(struct gate_request *req)
{
	gate_status(req, (int)number_of(req, "code", 200));
	gate_printf(req, "status");
}

/* ?template=NAME.html: from the templates folder, with the session. */
static void
render(struct gate_request *req)
{
	if (gate_render(req, text_of(req, "template"), gate_session(req)) < 0)
		say(req, "render", -1);
}

/* Counts after gate_render: the page shows the session as it will be. */
static void
render_count(struct gate_request *req)
{
	render(req);
	visit(req);
}

static void
healthy(struct gate_request *req)
{
	const char *why;

	say(req, "healthy", gate_healthy(req, &why));
}

/* Which worker is this? */
static void
pid(struct gate_request *req)
{
	gate_printf(req, "pid %d", (int)getpid());
}

static void
crash(struct gate_request *req)
{
	(void)req;
	raise(SIGKILL);
}

/* Counts, saves, and dies before it can answer. */
static void
commit_crash(struct gate_request *req)
{
	visit(req);
	if (gate_session_commit(req) == 0)
		raise(SIGKILL);
}

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"

static const struct {
	const char *name;
	gate_handler *handler;
	const char *type; /* NULL: the handler or the library says */
} pages[] = {{"clear", clear, JSON}, {"commit", commit, TEXT}, {"commit-crash", commit_crash, TEXT},
    {"cookie", cookie, TEXT}, {"count", count, TEXT}, {"count-renew", count_renew, TEXT},
    {"crash", crash, TEXT}, {"destroy", destroy, TEXT}, {"destroy-count", destroy_count, TEXT},
    {"echo", echo, TEXT}, {"empty", empty, NULL}, {"env", env, JSON}, {"expires", expires, TEXT},
    {"fill", fill, TEXT}, {"form", form, JSON}, {"headers", headers, TEXT},
    {"healthy", healthy, TEXT}, {"inside", inside, JSON}, {"late", late, TEXT},
    {"long-header", long_header, TEXT}, {"maxage", max_age, TEXT}, {"next", redirect_next, NULL},
    {"nothing", nothing, TEXT}, {"option", option, TEXT}, {"pid", pid, TEXT}, {"put", put, JSON},
    {"query", query, TEXT}, {"read", read_views, TEXT}, {"redirect", redirect, NULL},
    {"regenerate", regenerate, TEXT}, {"render", render, NULL},
    {"render-count", render_count, NULL}, {"renew", renew, TEXT},
    {"renew-count", renew_count, TEXT}, {"save", save, TEXT}, {"set", set, JSON},
    {"show", show, JSON}, {"slow", slow, TEXT}, {"slowfile", slow_file, TEXT},
    {"status", status, TEXT}, {"undo", undo, JSON}, {"unset", unset, JSON}, {"wait", wait, TEXT},
    {"big", big, TEXT}};

static void
respond(struct gate_request *req)
{
	const char *path = gate_path(req);
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		if (strcmp(name, pages[i].name) != 0)
			continue;
		if (pages[i].type != NULL)
			gate_header(req, "Content-Type", pages[i].type);
		pages[i].handler(req);
		return;
	}
	gate_status(req, 404);
	gate_header(req, "Content-Type", TEXT);
	gate_printf(req, "no such page");
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, respond);
}
