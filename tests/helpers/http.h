/* http.h: reads HTTP/1.1 answers, for load.c and tests that speak raw HTTP. */
#ifndef TESTS_HTTP_H
#define TESTS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_ANSWER_MAX (64u << 20)

enum http_framing { HTTP_UNTIL_CLOSE, HTTP_BY_LENGTH, HTTP_CHUNKED };

/* {0} at first; http_reset before another answer, http_release at the end */
struct http_answer {
	char *in; /* the bytes so far, NUL-terminated; a complete answer has its chunks joined */
	size_t length, size;
	size_t head; /* bytes of status line and headers, 0: incomplete; the body is at in + head */
	size_t body_length;
	int status;
	bool close;   /* the connection can't be used again */
	bool no_body; /* the caller sets it for HEAD */
	enum http_framing framing;
	size_t chunk; /* offset of the next chunk's size */
};

enum { HTTP_MORE, HTTP_COMPLETE, HTTP_CLOSED = -1, HTTP_WRONG = -2, HTTP_FAILED = -3 };

void http_reset(struct http_answer *);
void http_release(struct http_answer *);
/* Calls recv(2) once. Returns HTTP_COMPLETE; HTTP_MORE if more must come; HTTP_CLOSED if the
 * connection ended too early; HTTP_WRONG if it is not HTTP, too long, or goes on after the answer;
 * HTTP_FAILED with errno. */
int http_receive(struct http_answer *, int fd);
/* Returns the next value of the headers of that name, NULL if there is none; *position begins as 0.
 * It is not NUL-terminated. */
const char *http_header(
    const struct http_answer *, const char *name, size_t *position, size_t *length);
/* Connects to 127.0.0.1. Returns a descriptor, or -1. */
int http_connect(uint16_t port);
/* Sends a request and reads the answer. Returns what http_receive does, but never HTTP_MORE: after
 * timeout_ms without progress, HTTP_FAILED with ETIMEDOUT. */
int http_exchange(int fd, const void *request, size_t length, struct http_answer *, int timeout_ms);

#endif
