/* fcgi.c: raw FastCGI records, right and wrong ones, and reading what comes back. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "helpers/fcgi.h"

#define SEND_TIMEOUT 10000 /* ms */
#define ANSWER_MAX (64u << 20)
#define CLOSED (-2)
#define LONG_LENGTH 0x80000000u /* the top bit: this length has four bytes */

/* ---- bytes ---- */

void
fcgi_add(struct fcgi_bytes *b, const void *bytes, size_t length)
{
	size_t size = b->size != 0 ? b->size : 1024;

	while (size < b->length + length + 1)
		size *= 2;
	if (size != b->size) {
		char *data = realloc(b->data, size);

		if (data == NULL) {
			fputs("Bail out! no memory\n", stdout);
			exit(1);
		}
		b->data = data;
		b->size = size;
	}
	if (length > 0)
		memcpy(b->data + b->length, bytes, length);
	b->length += length;
	b->data[b->length] = '\0';
}

void
fcgi_clear(struct fcgi_bytes *b)
{
	b->length = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
fcgi_release(struct fcgi_bytes *b)
{
	free(b->data);
	*b = (struct fcgi_bytes){0};
}

/* ---- records ---- */

static void
add_header(struct fcgi_bytes *b, const unsigned char *header)
{
	fcgi_add(b, header, FCGI_HEADER_SIZE);
}

void
fcgi_header(struct fcgi_bytes *b, int version, int type, int id, size_t length)
{
	add_header(b,
	    (unsigned char[FCGI_HEADER_SIZE]){(unsigned char)version, (unsigned char)type,
		(unsigned char)(id >> 8), (unsigned char)id, (unsigned char)(length >> 8),
		(unsigned char)length, 0, 0});
}

void
fcgi_record(struct fcgi_bytes *b, int type, int id, const void *content, size_t length)
{
	size_t start = b->length, padding = -length & 7;

	fcgi_header(b, 1, type, id, length);
	b->data[start + 6] = (char)padding;
	fcgi_add(b, content, length);
	fcgi_add(b, "\0\0\0\0\0\0\0", padding);
}

void
fcgi_stream(struct fcgi_bytes *b, int type, int id, const struct fcgi_bytes *content, size_t piece)
{
	size_t at = 0;

	if (piece == 0 || piece > FCGI_CONTENT_MAX)
		piece = FCGI_CONTENT_MAX;
	while (at < content->length) {
		size_t length = content->length - at < piece ? content->length - at : piece;

		fcgi_record(b, type, id, content->data + at, length);
		at += length;
	}
	fcgi_record(b, type, id, NULL, 0);
}

void
fcgi_begin(struct fcgi_bytes *b, int id, int role, bool keep)
{
	unsigned char content[8] = {(unsigned char)(role >> 8), (unsigned char)role, keep};

	fcgi_record(b, FCGI_TYPE_BEGIN, id, content, sizeof content);
}

void
fcgi_abort(struct fcgi_bytes *b, int id)
{
	fcgi_record(b, FCGI_TYPE_ABORT, id, NULL, 0);
}

void
fcgi_get_values(struct fcgi_bytes *b, const char *const *names)
{
	struct fcgi_bytes pairs = {0};

	for (; *names != NULL; names++)
		fcgi_pair(&pairs, *names, "");
	fcgi_record(b, FCGI_TYPE_GET_VALUES, 0, pairs.data, pairs.length);
	fcgi_release(&pairs);
}

/* ---- name-value pairs ---- */

static void
add_length(struct fcgi_bytes *b, uint32_t length)
{
	unsigned char bytes[4] = {(unsigned char)(length >> 24), (unsigned char)(length >> 16),
	    (unsigned char)(length >> 8), (unsigned char)length};

	if (length < 128)
		fcgi_add(b, bytes + 3, 1);
	else
		fcgi_add(b, bytes, 4);
}

static void
add_pair(struct fcgi_bytes *b, const char *name, size_t name_length, const char *value)
{
	size_t value_length = strlen(value);

	add_length(b, (uint32_t)name_length | (name_length > 127 ? LONG_LENGTH : 0));
	add_length(b, (uint32_t)value_length | (value_length > 127 ? LONG_LENGTH : 0));
	fcgi_add(b, name, name_length);
	fcgi_add(b, value, value_length);
}

void
fcgi_pair(struct fcgi_bytes *b, const char *name, const char *value)
{
	add_pair(b, name, strlen(name), value);
}

void
fcgi_pair_claiming(struct fcgi_bytes *b, const char *name, uint32_t name_length, const char *value,
    uint32_t value_length)
{
	add_length(b, name_length | LONG_LENGTH);
	add_length(b, value_length | LONG_LENGTH);
	fcgi_add(b, name, strlen(name));
	fcgi_add(b, value, strlen(value));
}

/* ---- whole requests ---- */

void
fcgi_request(struct fcgi_bytes *b, const struct fcgi_request *r)
{
	struct fcgi_bytes params = {0}, body = {0};
	int id = r->id != 0 ? r->id : 1;
	bool has_length = r->body == NULL;
	char length[24];

	if (r->body != NULL)
		fcgi_add(&body, r->body, r->body_length != 0 ? r->body_length : strlen(r->body));
	for (const char *const *p = r->params; p != NULL && *p != NULL; p++) {
		size_t name = strcspn(*p, "=");

		add_pair(&params, *p, name, (*p)[name] != '\0' ? *p + name + 1 : "");
		has_length |= strncmp(*p, "CONTENT_LENGTH=", 15) == 0;
	}
	snprintf(length, sizeof length, "%zu", body.length);
	if (!has_length)
		fcgi_pair(&params, "CONTENT_LENGTH", length);
	fcgi_begin(b, id, r->role != 0 ? r->role : FCGI_ROLE_RESPONDER, r->keep);
	fcgi_stream(b, FCGI_TYPE_PARAMS, id, &params, r->piece);
	fcgi_stream(b, FCGI_TYPE_STDIN, id, &body, r->piece);
	fcgi_release(&params);
	fcgi_release(&body);
}

/* ---- the connection ---- */

int
fcgi_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		int cause = errno;

		close(fd);
		errno = cause;
		fd = -1;
	}
	return fd;
}

int
fcgi_send(int fd, const void *bytes, size_t length, size_t piece)
{
	struct pollfd event = {.fd = fd, .events = POLLOUT};
	const char *at = bytes;

	while (length > 0) {
		size_t now = piece != 0 && piece < length ? piece : length;
		ssize_t n;

		if (poll(&event, 1, SEND_TIMEOUT) <= 0)
			return -1;
		n = send(fd, at, now, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		at += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Exactly that many bytes: 1; 0: the end before the first; -1: timeout, or the end amid them. */
static int
read_exactly(int fd, char *into, size_t length, int timeout_ms)
{
	struct pollfd event = {.fd = fd, .events = POLLIN};
	size_t got = 0;

	while (got < length) {
		ssize_t n;

		if (poll(&event, 1, timeout_ms) <= 0)
			return -1;
		n = recv(fd, into + got, length - got, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return got == 0 && (n == 0 || errno == ECONNRESET) ? 0 : -1;
		got += (size_t)n;
	}
	return 1;
}

/* Takes one record: 1: it ends the answer; 0: more to come; -1: it is none. */
static int
take_record(struct fcgi_answer *a, int type, const unsigned char *content, size_t length)
{
	switch (type) {
	case FCGI_TYPE_STDOUT:
		fcgi_add(&a->out, content, length);
		return a->out.length > ANSWER_MAX ? -1 : 0;
	case FCGI_TYPE_STDERR:
		fcgi_add(&a->err, content, length);
		return a->err.length > ANSWER_MAX ? -1 : 0;
	case FCGI_TYPE_GET_VALUES_RESULT:
		fcgi_add(&a->values, content, length);
		return 1;
	case FCGI_TYPE_UNKNOWN:
		a->unknown_type = length > 0 ? content[0] : -1;
		return 1;
	case FCGI_TYPE_END:
		if (length != 8)
			return -1;
		a->app_status = (uint32_t)content[0] << 24 | (uint32_t)content[1] << 16 |
		    (uint32_t)content[2] << 8 | content[3];
		a->protocol_status = content[4];
		return 1;
	default:
		return -1;
	}
}

/* As take_record; CLOSED: the other side had no more to say. */
static int
read_record(int fd, struct fcgi_answer *a, int timeout_ms)
{
	unsigned char header[FCGI_HEADER_SIZE];
	unsigned char content[FCGI_CONTENT_MAX + 255];
	int result = read_exactly(fd, (char *)header, sizeof header, timeout_ms);
	size_t length, padding;

	if (result <= 0)
		return result < 0 ? -1 : CLOSED;
	length = (size_t)header[4] << 8 | header[5];
	padding = header[6];
	a->id = header[2] << 8 | header[3];
	if (header[0] != 1)
		return -1;
	if (length + padding > 0 &&
	    read_exactly(fd, (char *)content, length + padding, timeout_ms) != 1)
		return -1;
	return take_record(a, header[1], content, length);
}

int
fcgi_read(int fd, struct fcgi_answer *a, int timeout_ms)
{
	const char *end;
	char status[8];
	int result;

	fcgi_clear(&a->out);
	fcgi_clear(&a->err);
	fcgi_clear(&a->values);
	a->body = NULL;
	a->status = a->id = a->unknown_type = a->protocol_status = 0;
	a->app_status = 0;
	do {
		result = read_record(fd, a, timeout_ms);
	} while (result == 0);
	fcgi_add(&a->out, NULL, 0);
	fcgi_add(&a->err, NULL, 0);
	end = memmem(a->out.data, a->out.length, "\r\n\r\n", 4);
	if (end != NULL) {
		a->body = end + 4;
		a->status = 200;
		if (fcgi_answer_header(a, "Status", 0, status, sizeof status))
			a->status = (int)strtol(status, NULL, 10);
	}
	return result == CLOSED ? 0 : result;
}

void
fcgi_answer_release(struct fcgi_answer *a)
{
	fcgi_release(&a->out);
	fcgi_release(&a->err);
	fcgi_release(&a->values);
	*a = (struct fcgi_answer){0};
}

int
fcgi_answer_header(const struct fcgi_answer *a, const char *name, int nth, char *value, size_t size)
{
	size_t wanted = strlen(name);

	if (a->body == NULL)
		return 0;
	for (const char *line = a->out.data; line < a->body - 2;) {
		const char *end = memmem(line, (size_t)(a->body - line), "\r\n", 2);
		size_t length = (size_t)(end - line);

		if (length > wanted && line[wanted] == ':' &&
		    strncasecmp(line, name, wanted) == 0 && nth-- == 0) {
			const char *text = line + wanted + 1 + strspn(line + wanted + 1, " ");

			snprintf(value, size, "%.*s", (int)(end - text), text);
			return 1;
		}
		line = end + 2;
	}
	return 0;
}

int
fcgi_closes(int fd, int timeout_ms)
{
	struct pollfd event = {.fd = fd, .events = POLLIN};
	char byte;

	if (poll(&event, 1, timeout_ms) <= 0)
		return 0;
	return recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

int
fcgi_ask(const char *path, const struct fcgi_request *r, struct fcgi_answer *a, int timeout_ms)
{
	struct fcgi_bytes out = {0};
	int fd = fcgi_connect(path);
	int result;

	if (fd < 0)
		return -1;
	fcgi_request(&out, r);
	fcgi_send(fd, out.data, out.length, 0); /* cut short, there may be an answer all the same */
	result = fcgi_read(fd, a, timeout_ms);
	close(fd);
	fcgi_release(&out);
	return result;
}
