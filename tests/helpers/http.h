/* http.h: reads one HTTP/1.1 answer at a time; for load.c and the tests that speak raw HTTP. */
#ifndef TESTS_HTTP_H
#define TESTS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_ANSWER_MAX (64u << 20)

enum http_framing { HTTP_UNTIL_CLOSE, HTTP_BY_LENGTH, HTTP_CHUNKED };

struct http_answer { /* zeroed to begin with; http_reset between answers, http_release at the end */
	char *in;    /* what came, NUL-terminated; chunks are joined once the answer is complete */
	size_t length, size;
	size_t head; /* length of status line and headers, 0: not all here; the body is in + head */
	size_t body_length;
	int status;
	bool close;   /* the connection is of no more use */
	bool no_body; /* set it for HEAD */
	enum http_framing framing;
	size_t chunk; /* where the next chunk's size stands */
};

enum { HTTP_MORE, HTTP_COMPLETE, HTTP_CLOSED = -1, HTTP_WRONG = -2, HTTP_FAILED = -3 };

void http_reset(struct http_answer *);
void http_release(struct http_answer *);
/* One recv(2). COMPLETE; MORE is to come; CLOSED before the end; WRONG: it is not HTTP, too long,
 * or bytes follow that nobody asked for; FAILED: errno says why. */
int http_receive(struct http_answer *, int fd);
/* Walks the headers called name, *position starts at 0: a value, not NUL-terminated, or NULL. */
const char *http_header(
    const struct http_answer *, const char *name, size_t *position, size_t *length);
/* A connection to 127.0.0.1, -1 without. */
int http_connect(uint16_t port);
/* Sends all of it and reads the answer; as http_receive, but never MORE: FAILED, ETIMEDOUT. */
int http_exchange(int fd, const void *request, size_t length, struct http_answer *, int timeout_ms);

#endif
