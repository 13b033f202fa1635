/* smuggle.c: posts bodies that hold a whole forged FastCGI request, at every offset of a range, and
 * checks that the request after each post still gets its own answer. With BYTES, the body is that
 * long: forged requests, with empty records between them, which a reader skips. A reader that
 * begins at any multiple of eight bytes in the body finds the next forged request.
 * The report's lines: status CODE N (of the posts, for each code seen) · failed N (posts without
 * an answer) · wrong N (follow-ups that got another answer than their own). */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helpers/fcgi.h"
#include "helpers/http.h"

#define BODY 12000
#define PATIENCE 30000 /* ms */

#define GAP 4096 /* bytes of empty records between two forged requests */

static const char usage[] =
    "usage: smuggle PORT FIRST LAST PATH FOLLOW-UP ['Name: value' [BYTES]]\n"
    "FOLLOW-UP: a path that answers what is put behind it; the forged request asks for\n"
    "/r/forged as the user root, by https, from 203.0.113.66, with a cookie\n";

struct smuggle {
	uint16_t port;
	const char *path, *next, *header;
	size_t bytes; /* of the body; 0: BODY of them, and one forged request */
	int fd;
	struct http_answer answer;
	long statuses[600], failed, wrong;
};

/* BEGIN_REQUEST asking to keep the connection, PARAMS, both streams' ends. */
static void
forge(struct fcgi_bytes *out)
{
	static const char *const params[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/r/forged",
	    "SCRIPT_NAME=/r/forged", "REMOTE_USER=root", "HTTPS=on", "REMOTE_ADDR=203.0.113.66",
	    "HTTP_COOKIE=connect.sid=forged", NULL};

	fcgi_request(out, &(struct fcgi_request){.params = params, .keep = true});
}

/* Over the connection that there is, or a new one. */
static bool
exchange(struct smuggle *s, const struct fcgi_bytes *request)
{
	int result;

	if (s->fd < 0)
		s->fd = http_connect(s->port);
	http_reset(&s->answer);
	result = s->fd < 0
	    ? HTTP_CLOSED
	    : http_exchange(s->fd, request->data, request->length, &s->answer, PATIENCE);
	if (s->fd >= 0 && (result != HTTP_COMPLETE || s->answer.close)) {
		close(s->fd);
		s->fd = -1;
	}
	return result == HTTP_COMPLETE;
}

/* Full of forged requests, all of them shifted by so many bytes. */
static void
add_crowd(struct fcgi_bytes *out, const struct fcgi_bytes *forged, size_t bytes, size_t shift)
{
	size_t end = out->length + bytes;

	fcgi_add(out, "bbbbbbbb", shift % 8);
	while (out->length < end) {
		for (size_t i = 0; i < GAP && out->length < end; i += FCGI_HEADER_SIZE)
			fcgi_header(out, 1, FCGI_TYPE_STDIN, 9, 0);
		fcgi_add(out, forged->data, forged->length);
	}
	out->length = end;
}

static void
add_single(struct fcgi_bytes *out, const struct fcgi_bytes *forged, size_t offset)
{
	char body[BODY];

	memset(body, 'b', sizeof body);
	memcpy(body + offset, forged->data, forged->length);
	fcgi_add(out, body, sizeof body);
}

static void
post(struct smuggle *s, const struct fcgi_bytes *forged, size_t offset)
{
	struct fcgi_bytes request = {0};
	char head[1024];
	int length = snprintf(head, sizeof head,
	    "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n%s%s\r\n", s->path,
	    s->bytes > 0 ? s->bytes : BODY, s->header, s->header[0] != '\0' ? "\r\n" : "");

	fcgi_add(&request, head, (size_t)length);
	if (s->bytes > 0)
		add_crowd(&request, forged, s->bytes, offset);
	else
		add_single(&request, forged, offset);
	if (exchange(s, &request) && s->answer.status < 600)
		s->statuses[s->answer.status]++;
	else
		s->failed++;
	fcgi_release(&request);
}

static void
follow(struct smuggle *s, size_t offset)
{
	struct fcgi_bytes request = {0};
	char head[1024], wanted[32];
	bool done;
	int length = snprintf(
	    head, sizeof head, "GET %s%zu HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", s->next, offset);

	snprintf(wanted, sizeof wanted, "%zu", offset);
	fcgi_add(&request, head, (size_t)length);
	done = exchange(s, &request);
	if (!done || s->answer.status != 200 ||
	    strcmp(s->answer.in + s->answer.head, wanted) != 0) {
		s->wrong++;
		fprintf(stderr, "smuggle: GET %s%zu: %d %s\n", s->next, offset,
		    done ? s->answer.status : 0,
		    done ? s->answer.in + s->answer.head : "no answer");
	}
	fcgi_release(&request);
}

int
main(int argc, char **argv)
{
	struct smuggle s = {.fd = -1, .header = argc > 6 ? argv[6] : ""};
	struct fcgi_bytes forged = {0};
	size_t first, last;

	if (argc < 6 || argc > 8) {
		fputs(usage, stderr);
		return 2;
	}
	s.port = (uint16_t)strtoul(argv[1], NULL, 10);
	first = strtoul(argv[2], NULL, 10);
	last = strtoul(argv[3], NULL, 10);
	s.path = argv[4];
	s.next = argv[5];
	s.bytes = argc > 7 ? strtoul(argv[7], NULL, 10) : 0;
	forge(&forged);
	for (size_t offset = first; offset <= last && offset + forged.length <= BODY; offset++) {
		post(&s, &forged, offset);
		follow(&s, offset);
	}
	for (int i = 0; i < 600; i++)
		if (s.statuses[i] > 0)
			printf("status %d %ld\n", i, s.statuses[i]);
	printf("failed %ld\nwrong %ld\n", s.failed, s.wrong);
	fcgi_release(&forged);
	http_release(&s.answer);
	if (s.fd >= 0)
		close(s.fd);
	return 0;
}
