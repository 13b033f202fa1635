/* http.c: reads one HTTP/1.1 answer at a time. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helpers/http.h"

void
http_reset(struct http_answer *a)
{
	a->length = a->head = a->body_length = a->chunk = 0;
	a->status = 0;
	a->close = false;
	a->framing = HTTP_UNTIL_CLOSE;
}

void
http_release(struct http_answer *a)
{
	free(a->in);
	*a = (struct http_answer){0};
}

const char *
http_header(const struct http_answer *a, const char *name, size_t *position, size_t *length)
{
	size_t wanted = strlen(name);

	while (*position < a->head) {
		const char *line = a->in + *position;
		size_t rest = a->head - *position;
		const char *end = memmem(line, rest, "\r\n", 2);
		size_t size = end != NULL ? (size_t)(end - line) : rest;

		*position += size + 2;
		if (size <= wanted || line[wanted] != ':' || strncasecmp(line, name, wanted) != 0)
			continue;
		for (wanted++; wanted < size && line[wanted] == ' ';)
			wanted++;
		*length = size - wanted;
		return line + wanted;
	}
	return NULL;
}

static bool
header_says(const struct http_answer *a, const char *name, const char *word)
{
	size_t position = 0, length = 0, wanted = strlen(word);
	const char *value = http_header(a, name, &position, &length);

	for (; value != NULL && length >= wanted; value++, length--)
		if (strncasecmp(value, word, wanted) == 0)
			return true;
	return false;
}

static int
read_head(struct http_answer *a)
{
	const char *end = memmem(a->in, a->length, "\r\n\r\n", 4), *value;
	size_t position = 0, length;

	if (end == NULL)
		return HTTP_MORE;
	if (strncmp(a->in, "HTTP/1.", 7) != 0 || sscanf(a->in + 8, " %3d", &a->status) != 1 ||
	    a->status < 200 || a->status > 999)
		return HTTP_WRONG;
	a->head = a->chunk = (size_t)(end - a->in) + 4;
	value = http_header(a, "Content-Length", &position, &length);
	a->close = header_says(a, "Connection", "close");
	if (a->no_body || a->status == 204 || a->status == 304) {
		a->framing = HTTP_BY_LENGTH;
	} else if (header_says(a, "Transfer-Encoding", "chunked")) {
		a->framing = HTTP_CHUNKED;
	} else if (value != NULL) {
		a->framing = HTTP_BY_LENGTH;
		a->body_length = strtoull(value, NULL, 10);
	} else {
		a->close = true;
	}
	return HTTP_COMPLETE;
}

/* Moves the chunks that are here to where the body begins. */
static int
read_chunks(struct http_answer *a)
{
	for (;;) {
		const char *end = memmem(a->in + a->chunk, a->length - a->chunk, "\r\n", 2);
		char *after;
		size_t size, data;

		if (end == NULL)
			return HTTP_MORE;
		size = strtoull(a->in + a->chunk, &after, 16);
		data = (size_t)(end - a->in) + 2;
		if (after != end || after == a->in + a->chunk || size > HTTP_ANSWER_MAX)
			return HTTP_WRONG;
		if (a->length < data + size + 2)
			return HTTP_MORE;
		if (memcmp(a->in + data + size, "\r\n", 2) != 0)
			return HTTP_WRONG;
		memmove(a->in + a->head + a->body_length, a->in + data, size);
		a->body_length += size;
		a->chunk = data + size + 2;
		if (size > 0)
			continue;
		a->in[a->head + a->body_length] = '\0';
		return a->chunk == a->length ? HTTP_COMPLETE : HTTP_WRONG;
	}
}

static int
parse(struct http_answer *a, bool ended)
{
	if (a->head == 0) {
		int found = read_head(a);

		if (found != HTTP_COMPLETE)
			return found;
	}
	switch (a->framing) {
	case HTTP_CHUNKED:
		return read_chunks(a);
	case HTTP_BY_LENGTH:
		if (a->length - a->head > a->body_length)
			return HTTP_WRONG;
		return a->length - a->head == a->body_length ? HTTP_COMPLETE : HTTP_MORE;
	case HTTP_UNTIL_CLOSE:
		a->body_length = a->length - a->head;
		return ended ? HTTP_COMPLETE : HTTP_MORE;
	}
	return HTTP_WRONG;
}

int
http_receive(struct http_answer *a, int fd)
{
	ssize_t n;
	int result;

	if (a->size - a->length < 2) {
		size_t size = a->size != 0 ? 2 * a->size : 16384;
		char *in = realloc(a->in, size);

		if (in == NULL)
			return HTTP_FAILED;
		a->in = in;
		a->size = size;
	}
	n = recv(fd, a->in + a->length, a->size - a->length - 1, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? HTTP_MORE : HTTP_FAILED;
	a->length += (size_t)n;
	a->in[a->length] = '\0';
	result = a->length > HTTP_ANSWER_MAX ? HTTP_WRONG : parse(a, n == 0);
	return result == HTTP_MORE && n == 0 ? HTTP_CLOSED : result;
}

int
http_connect(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* An answer may come before the request is read to its end, and the rest then be refused. */
int
http_exchange(int fd, const void *request, size_t length, struct http_answer *a, int timeout_ms)
{
	struct pollfd event = {.fd = fd};
	size_t sent = 0;
	int result = HTTP_MORE;

	http_reset(a);
	while (result == HTTP_MORE) {
		event.events = sent < length ? POLLIN | POLLOUT : POLLIN;
		if (poll(&event, 1, timeout_ms) <= 0) {
			errno = ETIMEDOUT;
			return HTTP_FAILED;
		}
		if (event.revents & (POLLIN | POLLHUP | POLLERR)) {
			result = http_receive(a, fd);
		} else {
			ssize_t n = send(fd, (const char *)request + sent, length - sent,
			    MSG_NOSIGNAL | MSG_DONTWAIT);

			sent += n > 0 ? (size_t)n : 0;
		}
	}
	return result;
}
