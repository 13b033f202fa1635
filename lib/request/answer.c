/* request/answer.c: what a handler answers: status, header lines, body. They stay in memory until
 * the session is saved. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "http/cookie.h"
#include "http/field.h"
#include "request/request.h"

#define AGE_MOST (INT64_C(1000) * GATE_COOKIE_AGE_MAX) /* ms */

void
gate_answer_begin(struct gate_request *r)
{
	r->status = 200;
	r->headers.limit = GATE_HEADERS_MAX;
	r->out.limit = GATE_ANSWER_MAX;
	gate_buffer_reset(&r->headers);
	gate_buffer_reset(&r->out);
	r->template[0] = '\0';
	json_decref(r->json);
	r->json = NULL;
	r->nonce[0] = '\0';
	r->rendered = false;
	r->broken = false;
	r->bare = false;
	r->verdict = GATE_VERDICT_NONE;
	r->explanation = NULL;
}

void
gate_status(struct gate_request *r, int status)
{
	if (status >= 200 && status <= 599)
		r->status = status;
	else
		r->broken = true;
}

void
gate_refuse(struct gate_request *r, int status, const char *text)
{
	gate_status(r, status);
	r->explanation = gate_request_keep(r, text, strlen(text));
}

/* methods: a list as the header Allow has it, "GET, HEAD". */
bool
gate_allow(struct gate_request *r, const char *methods)
{
	size_t length = strlen(r->method);

	for (const char *at = methods; *at != '\0'; at += strspn(at, ", ")) {
		size_t size = strcspn(at, ", ");

		if (size == length && memcmp(at, r->method, size) == 0)
			return true;
		at += size;
	}
	gate_status(r, 405);
	gate_header(r, "Allow", methods);
	return false;
}

/* Returns whether only gate may set this header: it says where the answer ends, or it instructs the
 * web server. */
static bool
is_ours(const char *name)
{
	static const char *const names[] = {
	    "Status", "Content-Length", "Connection", "Transfer-Encoding", "Trailer", "Upgrade"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return strncasecmp(name, "Variable-", 9) == 0 || strncasecmp(name, "X-Accel-", 8) == 0 ||
	    strncasecmp(name, "X-Sendfile", 10) == 0;
}

char *
gate_answer_find(const struct gate_request *r, const char *name, size_t bytes)
{
	size_t length = strlen(name);
	char *line = r->headers.data, *end = line != NULL ? line + bytes : NULL;

	while (line != end && line != NULL) {
		if (strncasecmp(line, name, length) == 0 && line[length] == ':')
			return line;
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : end;
	}
	return NULL;
}

void
gate_answer_drop(struct gate_request *r, const char *name)
{
	char *line = gate_answer_find(r, name, r->headers.length), *next;

	if (line == NULL || r->headers.failed) /* the last line may be cut off */
		return;
	next = strchr(line, '\n') + 1;
	memmove(line, next, strlen(next) + 1);
	r->headers.length -= (size_t)(next - line);
}

void
gate_answer_put(struct gate_request *r, const char *name, const char *value)
{
	gate_buffer_puts(&r->headers, name);
	gate_buffer_puts(&r->headers, ": ");
	gate_buffer_puts(&r->headers, value);
	gate_buffer_puts(&r->headers, "\r\n");
}

int
gate_header(struct gate_request *r, const char *name, const char *value)
{
	if (!gate_field_is_token(name) || is_ours(name) || !gate_field_is_value(value)) {
		gate_log(GATE_LOG_WARN, "header-refused", "path", r->path, "name", name, NULL);
		return -1;
	}
	if (strcasecmp(name, "Set-Cookie") != 0)
		gate_answer_drop(r, name);
	gate_answer_put(r, name, value);
	return r->headers.failed ? -1 : 0;
}

/* Returns true if a handler may set this cookie. Gate sets its own cookies itself. */
static bool
may_set(const struct gate_request *r, const char *name)
{
	return strcmp(name, r->config->options.cookie_name) != 0 &&
	    strcmp(name, GATE_DEVICE_COOKIE) != 0 && strcmp(name, GATE_DEVICE_COOKIE_SECURE) != 0;
}

int
gate_set_cookie(struct gate_request *r, const char *name, const char *value, int64_t max_age)
{
	int64_t now = gate_clock_wall();
	const struct gate_cookie_attributes attributes = {.path = "/",
	    .expires = max_age > 0 ? now + (max_age < AGE_MOST ? max_age : AGE_MOST) : 0,
	    .now = now,
	    .http_only = true,
	    .secure = r->secure,
	    .clear = max_age < 0,
	    .same_site = GATE_SAME_SITE_LAX};
	struct gate_buffer text = {0};
	struct gate_error error = {0};

	if (!may_set(r, name))
		gate_fail(&error, GATE_EOPTION, "gate sets the cookie of that name itself");
	else if (gate_cookie_write(&text, name, value, &attributes, &error) == 0)
		gate_answer_put(r, "Set-Cookie", gate_buffer_text(&text));
	gate_buffer_release(&text);
	if (error.code == GATE_OK)
		return r->headers.failed ? -1 : 0;
	gate_log(GATE_LOG_WARN, "cookie-refused", "path", r->path, "cookie", name, "error",
	    error.text, NULL);
	return -1;
}

int
gate_write(struct gate_request *r, const void *bytes, size_t length)
{
	return gate_buffer_add(&r->out, bytes, length);
}

int
gate_printf(struct gate_request *r, const char *format, ...)
{
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = gate_buffer_vprintf(&r->out, format, arguments);
	va_end(arguments);
	return result;
}

int
gate_render(struct gate_request *r, const char *name, json_t *json)
{
	json_decref(r->json);
	r->json = json_incref(json);
	if (strlen(name) >= sizeof r->template) /* no file name is that long */
		return -1;
	memcpy(r->template, name, strlen(name) + 1);
	return 0;
}

/* As in jansson, the object may come straight from a call that failed: then the page fails. */
int
gate_render_new(struct gate_request *r, const char *name, json_t *json)
{
	int result = json != NULL ? gate_render(r, name, json) : -1;

	r->broken = r->broken || json == NULL;
	json_decref(json);
	return result;
}

void
gate_show_user(struct gate_request *r)
{
	gate_transaction_json(&r->transaction); /* a template knows who it is once it is loaded */
}
