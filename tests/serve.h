/* serve.h: whole requests through gate_request_serve, from parameters to the answer. */
#ifndef SERVE_H
#define SERVE_H

#include "fixture.h"
#include "serve/transact.h"

#define ANSWER_MAX (1u << 16)

struct server {
	struct fixture f;
	struct gate_request request;
	const char *body;        /* of the next request */
	int refused;             /* the request's member of that name */
	char answer[ANSWER_MAX]; /* of the last request */
	int runs;                /* how often its handler ran; the handler counts */
};

static inline void
server_open(struct server *v)
{
	fixture_open(&v->f);
	v->request = (struct gate_request){
	    .config = &v->f.config, .store = &v->f.link, .queue = &v->f.queue, .data = v};
	v->body = "";
	v->refused = 0;
}

static inline void
server_close(struct server *v)
{
	gate_request_release(&v->request);
	fixture_close(&v->f);
}

/* Serves a request with these parameters (NULL-ended). Returns the answer; log lines are in
 * v->f.logged. */
static inline const char *
serve_params(struct server *v, gate_handler *handler, const char *const *params)
{
	struct gate_request *r = &v->request;
	char *copies[32];
	size_t n = 0;

	for (; params[n] != NULL; n++) {
		must(n < 31 && (copies[n] = strdup(params[n])) != NULL, "parameters");
	}
	copies[n] = NULL;
	r->params = copies;
	r->body = v->body;
	r->body_length = strlen(v->body);
	r->refused = v->refused;
	v->runs = 0;
	listen_in(&v->f);
	gate_request_serve(r, handler);
	snprintf(v->answer, sizeof v->answer, "%s%s", gate_buffer_text(&r->head),
	    gate_buffer_text(&r->out));
	gate_request_end(r);
	hear_out(&v->f);
	while (n > 0)
		free(copies[--n]);
	return v->answer;
}

/* Serves GET uri, with up to five other parameters (NULL-ended, or NULL) in front. Returns the
 * answer. */
static inline const char *
get(struct server *v, gate_handler *handler, const char *uri, const char *const *more)
{
	const char *params[8] = {0};
	char text[GATE_URI_MAX + 64];
	size_t n = 0;

	for (; more != NULL && more[n] != NULL && n < 5; n++)
		params[n] = more[n];
	snprintf(text, sizeof text, "REQUEST_URI=%s", uri);
	params[n++] = text;
	params[n++] = "REQUEST_METHOD=GET";
	return serve_params(v, handler, params);
}

/* Returns the status of the last answer, 0 if it has none. */
static inline int
status_of(const struct server *v)
{
	return strncmp(v->answer, "Status: ", 8) == 0 ? (int)strtol(v->answer + 8, NULL, 10) : 0;
}

/* Returns the value of the first header line of that name in the last answer, "" if there is
 * none. */
static inline const char *
header_of(struct server *v, const char *name)
{
	static char value[ANSWER_MAX];
	size_t length = strlen(name);
	const char *line = v->answer, *end = strstr(v->answer, "\r\n\r\n");

	value[0] = '\0';
	while (line != NULL && end != NULL && line < end + 2) {
		if (strncmp(line, name, length) == 0 && strncmp(line + length, ": ", 2) == 0) {
			line += length + 2;
			snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\r\n"), line);
			return value;
		}
		line = strstr(line, "\r\n");
		line = line != NULL ? line + 2 : NULL;
	}
	return value;
}

static inline const char *
body_of(const struct server *v)
{
	const char *body = strstr(v->answer, "\r\n\r\n");

	return body != NULL ? body + 4 : "";
}

#endif
