/* fuzz_request.c: gives any parameters and any body to a handler that reads all of them and does
 * what the input says. The answer must always be one that a web server can't misread. */
#include "config.h"

#include <assert.h>

#include "serve.h"

#define PARAMS_MAX 40
#define CLEAR_AFTER 256 /* runs: the records that they made go */
#define ID "yR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK"
#define RECORD                                                                                     \
	"{\"cookie\":{\"originalMaxAge\":3600000,\"expires\":null,\"httpOnly\":true,\"path\":\"/"  \
	"\"},"                                                                                     \
	"\"views\":7,\"name\":\"<Ann>\",\"big\":123456789012345678901,\"__lastAccess\":%" PRId64   \
	"}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct server v;

/* ---- the handler: the input's first two bytes say what it does ---- */

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static void
read_all(struct gate_request *req)
{
	size_t length;

	gate_write(req, gate_path(req), strlen(gate_path(req)));
	gate_printf(req, "%s%s%s%s", or_empty(gate_param(req, "QUERY_STRING")),
	    or_empty(gate_query(req, "a")), or_empty(gate_form(req, "a")),
	    or_empty(gate_cookie(req, "a")));
	assert(gate_option(req, "cookie_name") != NULL && gate_option(req, "nosuch") == NULL);
	gate_write(req, gate_body(req, &length), 0);
	gate_write(req, gate_body(req, &length), length);
}

static void
answer(struct gate_request *req, unsigned int what)
{
	const char *text = gate_query(req, "a");

	if ((what & 1) != 0 && text != NULL)
		gate_header(req, "X-Echo", text);
	if ((what & 2) != 0 && text != NULL && strcasecmp(text, "Set-Cookie") != 0)
		gate_header(req, text, or_empty(gate_form(req, "a")));
	if ((what & 4) != 0)
		gate_redirect(req, or_empty(text));
	if ((what & 8) != 0)
		gate_redirect_next(req, "/");
	if ((what & 16) != 0)
		gate_status(req, (int)strtol(or_empty(gate_query(req, "status")), NULL, 10));
	if ((what & 32) != 0)
		gate_render(req, "page.html", gate_session(req));
	if ((what & 64) != 0)
		gate_header(req, "Set-Cookie", "theme=dark");
}

static void
use_session(struct gate_request *req, unsigned int what)
{
	json_t *session = gate_session(req);
	const char *text = gate_query(req, "a");

	if ((what & 1) != 0)
		json_object_set_new(session, "views", json_integer(8));
	if ((what & 2) != 0 && text != NULL)
		json_object_set_new(session, text, json_string(or_empty(gate_form(req, "a"))));
	if ((what & 4) != 0)
		gate_session_destroy(req);
	if ((what & 8) != 0)
		gate_session_renew(req);
	if ((what & 16) != 0)
		gate_session_set_max_age(req, strtol(or_empty(gate_query(req, "age")), NULL, 10));
	if ((what & 32) != 0)
		assert(gate_session_expires(req) >= 0);
	if ((what & 64) != 0 && gate_session_commit(req) == 0)
		json_object_set_new(session, "late", json_true());
}

static void
handle(struct gate_request *req)
{
	const unsigned char *what = gate_data(req);

	v.runs++;
	if ((what[0] & 128) != 0)
		read_all(req);
	if ((what[1] & 128) != 0)
		use_session(req, what[1]);
	answer(req, what[0]);
}

/* ---- what must hold ---- */

static bool
is_line(const char *line, size_t length)
{
	size_t name = 0;

	while (name < length && line[name] > ' ' && line[name] < 0x7f && line[name] != ':')
		name++;
	if (name == 0 || name + 1 >= length || line[name] != ':' || line[name + 1] != ' ')
		return false;
	for (size_t i = name; i < length; i++)
		if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
			return false;
	return true;
}

struct head {
	int status;
	int statuses, lengths, types, cookies, policies, caches; /* so many lines of each */
	size_t body;                                             /* as Content-Length says */
};

static bool
begins(const char *line, const char *with)
{
	return strncasecmp(line, with, strlen(with)) == 0;
}

/* The header lines; the body begins behind what it answers. */
static size_t
read_head(const char *text, size_t length, struct head *head)
{
	size_t at = 0;

	*head = (struct head){0};
	assert(begins(text, "Status: "));
	head->status = (int)strtol(text + 8, NULL, 10);
	for (;;) {
		const char *line = text + at, *end = memmem(line, length - at, "\r\n", 2);

		assert(end != NULL);
		at += (size_t)(end - line) + 2;
		if (end == line)
			return at;
		assert(is_line(line, (size_t)(end - line)));
		head->statuses += begins(line, "Status:");
		head->types += begins(line, "Content-Type:");
		head->policies += begins(line, "Content-Security-Policy:");
		head->caches += begins(line, "Cache-Control:");
		head->cookies += begins(line, "Set-Cookie: connect.sid=");
		assert(!begins(line, "Transfer-Encoding:") && !begins(line, "X-Accel-"));
		if (begins(line, "Content-Length: ")) {
			head->lengths++;
			head->body = strtoul(line + strlen("Content-Length: "), NULL, 10);
		}
	}
}

static void
check(const struct gate_request *r)
{
	const char *method = gate_param((struct gate_request *)(uintptr_t)r, "REQUEST_METHOD");
	bool bare = method != NULL && strcmp(method, "HEAD") == 0;
	struct head head;
	size_t end = read_head(gate_buffer_text(&r->head), r->head.length, &head);

	assert(head.status >= 200 && head.status <= 599);
	assert(head.statuses == 1 && head.types == 1 && head.policies == 1 && head.caches == 1);
	assert(head.cookies <=
	    (r->transaction.decision.cookie != GATE_SESSION_KEEP)); /* nor one from a header */
	assert(end == r->head.length);
	if (head.status == 204 || head.status == 304)
		assert(head.lengths == 0 && r->out.length == 0);
	else
		assert(head.lengths == 1 && r->out.length == (bare ? 0 : head.body));
	if (v.runs > 0)
		assert(r->refused == 0 && gate_origin_refusal(&r->origin, "") == NULL);
	else
		assert(head.cookies == 0 && head.status >= 400);
}

/* ---- a run ---- */

static void
close_server(void)
{
	v.f.config.options.trusted_proxies[0] = NULL;
	server_close(&v);
}

static void
open_server_once(void)
{
	static const char page[] =
	    "<p title=\"{{name}}\">{{views}} {{gate.path}} {{gate.expires}}</p>";

	if (v.f.folder[0] != '\0')
		return;
	server_open(&v);
	v.f.config.templates = gate_templates_parse("page.html", page, strlen(page), NULL);
	assert(v.f.config.templates != NULL);
	atexit(close_server);
}

static void
set_options(unsigned int what)
{
	static char proxy[] = "10.0.0.0/8";
	struct gate_options *o = &v.f.config.options;

	o->rolling = (what & 1) != 0;
	o->resave = (what & 2) != 0;
	o->save_uninitialized = (what & 4) != 0;
	o->cookie_secure = (what & 8) != 0 ? GATE_YES : GATE_AUTO;
	o->trusted_proxies[0] = (what & 16) != 0 ? proxy : NULL;
	o->max_age = (what & 32) != 0 ? 60000 : 0;
	o->touch_after = (what & 64) != 0 ? 0 : 60000;
	o->trace = (what & 128) != 0;
}

/* The session that the corpus has a cookie of. */
static void
seed(void)
{
	static int runs;
	char text[512], path[256];

	if (++runs % CLEAR_AFTER == 0)
		count_records(&v.f, true);
	snprintf(text, sizeof text, RECORD, gate_clock_wall());
	path_of(&v.f, ID, path);
	unlink(path); /* ext4 flushes a file that was truncated */
	put_record(&v.f, ID, text);
	forget_end(&v.f, ID);
}

/* The input: three bytes of switches and a newline; lines "NAME=value" up to an empty one; the
 * body. gate logs to standard error: -close_fd_mask=2 hides that. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gate_request *r = &v.request;
	char *text = malloc(size + 1), *line, *end, *params[PARAMS_MAX + 1];
	size_t n = 0;

	assert(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (size < 4)
		goto out;
	open_server_once();
	set_options(data[2]);
	seed();
	for (line = text + 4; (end = strchr(line, '\n')) != NULL && end > line; line = end + 1) {
		*end = '\0';
		if (n < PARAMS_MAX && strchr(line, '=') != NULL)
			params[n++] = line;
	}
	params[n] = NULL;
	r->params = params;
	r->body = end != NULL ? end + 1 : line;
	r->body_length = (size_t)(text + size - r->body);
	r->data = text;
	v.runs = 0;
	gate_request_serve(r, handle);
	check(r);
	gate_request_end(r);
out:
	free(text);
	return 0;
}
