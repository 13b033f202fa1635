/* serve/arrival.c: tells whether a whole request is there, by the headers of its FastCGI records.
 *
 * libfcgi waits in read(2) for each part of a request. So it gets a request only when all of it is
 * there. If all came at once, as from most web servers, that costs only one peek. A request that is
 * not whole must be read from its socket: the socket is soon full, with small pieces after a few
 * hundred bytes; then no more comes, and no event tells so. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/arrival.h"

#define HEADER_SIZE 8 /* from FastCGI's specification; Debian ships no header with it */
#define BEGIN_SIZE 8
#define VERSION_1 1
#define TYPE_BEGIN 1
#define TYPE_PARAMS 4
#define TYPE_STDIN 5
#define TYPE_GET_VALUES 9
#define ROLE_RESPONDER 1
#define ROLE_AUTHORIZER 2
#define ROLE_FILTER 3
#define VALUES_MAX 48 /* bytes of names in GET_VALUES; libfcgi crashes at more */
#define READS 32      /* reads per event; then it is another connection's turn */

/* ---- records ---- */

static size_t
content_of(const struct gate_arrival *a)
{
	return (size_t)a->header[4] << 8 | a->header[5];
}

static size_t
padding_of(const struct gate_arrival *a)
{
	return a->header[6];
}

/* Returns the bytes to read before a record is judged: of BEGIN also the content. */
static size_t
header_size(const struct gate_arrival *a)
{
	return a->have >= HEADER_SIZE && a->header[1] == TYPE_BEGIN ? HEADER_SIZE + BEGIN_SIZE
								    : HEADER_SIZE;
}

/* Refuses padding after BEGIN, and add_params does after the last parameters: libfcgi does not skip
 * it there, and would take it for the next record. */
static void
begin(struct gate_arrival *a, int id)
{
	int role = a->header[HEADER_SIZE] << 8 | a->header[HEADER_SIZE + 1];

	a->lost = id == 0 || a->id != 0 || content_of(a) != BEGIN_SIZE || padding_of(a) != 0 ||
	    role < ROLE_RESPONDER || role > ROLE_FILTER;
	a->id = id;
	a->role = role;
	a->left = 0;
}

static void
add_params(struct gate_arrival *a, int type)
{
	a->lost = type != TYPE_PARAMS || (content_of(a) == 0 && padding_of(a) != 0);
	if (content_of(a) == 0) {
		a->head = a->length;
		a->ended = a->role != ROLE_RESPONDER; /* an authorizer's stdin may never come */
	}
}

static void
add_body(struct gate_arrival *a, int type, size_t body_limit)
{
	a->body += content_of(a);
	if (type != TYPE_STDIN)
		a->refused = 400;
	a->too_long = a->body > body_limit;
	if (a->body > GATE_ARRIVAL_DROP_MAX)
		a->refused = 413;
	a->ended = content_of(a) == 0;
}

/* Takes in a record's header. Skips records of other requests. */
static void
take_header(struct gate_arrival *a, size_t body_limit)
{
	int type = a->header[1], id = a->header[2] << 8 | a->header[3];

	a->have = 0;
	a->left = content_of(a) + padding_of(a);
	if (a->header[0] != VERSION_1) {
		a->lost = true;
	} else if (type == TYPE_BEGIN) {
		begin(a, id);
	} else if (id == 0) {
		a->managed = true;
		a->lost = a->id != 0 || (type == TYPE_GET_VALUES && content_of(a) > VALUES_MAX);
	} else if (id == a->id) {
		if (a->head == 0)
			add_params(a, type);
		else
			add_body(a, type, body_limit);
	}
}

static enum gate_arrival_state
state_of(const struct gate_arrival *a)
{
	if (a->lost)
		return GATE_ARRIVAL_LOST;
	return a->refused != 0 || gate_arrival_is_over(a) ? GATE_ARRIVAL_READY : GATE_ARRIVAL_PART;
}

static enum gate_arrival_state
walk(struct gate_arrival *a, const unsigned char *bytes, size_t length, size_t body_limit)
{
	while (length > 0 && state_of(a) == GATE_ARRIVAL_PART) {
		bool inside = a->left > 0;
		size_t wanted = inside ? a->left : header_size(a) - a->have;
		size_t part = wanted < length ? wanted : length;

		if (inside) {
			a->left -= part;
		} else {
			memcpy(a->header + a->have, bytes, part);
			a->have += part;
		}
		a->length += part;
		bytes += part;
		length -= part;
		if (!inside && a->have == header_size(a))
			take_header(a, body_limit);
	}
	return state_of(a);
}

/* ---- the socket ---- */

/* Returns whether what follows the request in these bytes is the end of its stdin, and nothing
 * else. */
static bool
has_end_of_stdin(const struct gate_arrival *a, const unsigned char *bytes, size_t length)
{
	const unsigned char end[HEADER_SIZE] = {
	    VERSION_1, TYPE_STDIN, (unsigned char)(a->id >> 8), (unsigned char)a->id};

	return length == a->length + sizeof end && memcmp(bytes + a->length, end, sizeof end) == 0;
}

static enum gate_arrival_state
look(struct gate_arrival *a, int fd, size_t body_limit)
{
	unsigned char bytes[GATE_ARRIVAL_PEEK];
	ssize_t got = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return GATE_ARRIVAL_PART;
	if (got <= 0)
		return GATE_ARRIVAL_LOST;
	walk(a, bytes, (size_t)got, body_limit);
	a->closed = gate_arrival_is_over(a) && a->role == ROLE_AUTHORIZER &&
	    has_end_of_stdin(a, bytes, (size_t)got);
	explicit_bzero(bytes, (size_t)got);
	/* libfcgi would answer management records, and then wait for the request after them */
	a->lost |= a->managed && state_of(a) == GATE_ARRIVAL_PART;
	return state_of(a);
}

/* Reads at most `most` bytes. Returns how many, 0 if the peer sends no more, or -1 with errno. */
static ssize_t
take(struct gate_arrival *a, int fd, size_t most)
{
	struct gate_buffer *taken = &a->taken;
	ssize_t got;

	taken->secret = true;
	if (gate_buffer_reserve(taken, most) < 0) {
		errno = ENOMEM;
		return -1;
	}
	do
		got = recv(fd, taken->data + taken->length, most, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		taken->length += (size_t)got;
	return got;
}

/* Drops all but what is needed to answer: the parameters. Returns false if out of memory. */
static bool
keep_head(struct gate_arrival *a)
{
	struct gate_buffer head = {.secret = true};

	gate_buffer_add(&head, gate_buffer_text(&a->taken), a->head);
	gate_buffer_release(&a->taken);
	a->taken = head;
	return !head.failed;
}

/* Reads from the socket what `look` has peeked at. */
static enum gate_arrival_state
take_seen(struct gate_arrival *a, int fd)
{
	while (a->taken.length < a->length)
		if (take(a, fd, a->length - a->taken.length) <= 0)
			return GATE_ARRIVAL_LOST;
	return GATE_ARRIVAL_PART;
}

static enum gate_arrival_state
break_off(struct gate_arrival *a, int status)
{
	return gate_arrival_refuse(a, status) ? GATE_ARRIVAL_READY : GATE_ARRIVAL_LOST;
}

/* Reads what came, record by record: each read ends with the next record's header at most, so that
 * none goes beyond the request's end. */
static enum gate_arrival_state
take_more(struct gate_arrival *a, int fd, size_t body_limit)
{
	enum gate_arrival_state state = GATE_ARRIVAL_PART;

	for (int i = 0; i < READS && state == GATE_ARRIVAL_PART; i++) {
		size_t most = a->left + (a->ended ? 0 : HEADER_SIZE);
		ssize_t got;

		if (a->left == 0)
			most = header_size(a) - a->have;
		got = take(a, fd, most);
		if (got < 0 && errno == EAGAIN)
			return GATE_ARRIVAL_PART;
		if (got <= 0)
			return break_off(a, got < 0 && errno == ENOMEM ? 503 : 400);
		state = walk(a, (unsigned char *)a->taken.data + a->taken.length - (size_t)got,
		    (size_t)got, body_limit);
		if (a->too_long && !keep_head(a))
			return GATE_ARRIVAL_LOST;
	}
	return state;
}

/* Refuses a body over its limit only when all of it was read and dropped: a web server that got the
 * answer earlier would send its next request on a connection that is about to be closed. */
static enum gate_arrival_state
settle(struct gate_arrival *a, enum gate_arrival_state state)
{
	if (state == GATE_ARRIVAL_READY && a->too_long && a->refused == 0)
		return break_off(a, 413);
	return state;
}

enum gate_arrival_state
gate_arrival_read(struct gate_arrival *a, int fd, size_t body_limit)
{
	if (a->length == 0) {
		enum gate_arrival_state state = look(a, fd, body_limit);

		if (a->length == 0 || state == GATE_ARRIVAL_LOST ||
		    (state == GATE_ARRIVAL_READY && !a->too_long))
			return state;
		if (take_seen(a, fd) == GATE_ARRIVAL_LOST)
			return GATE_ARRIVAL_LOST;
		if (state == GATE_ARRIVAL_READY)
			return settle(a, state);
	}
	return settle(a, take_more(a, fd, body_limit));
}

int
gate_arrival_refuse(struct gate_arrival *a, int status)
{
	a->refused = a->too_long ? 413 : status;
	return keep_head(a) && a->head > 0;
}

bool
gate_arrival_is_over(const struct gate_arrival *a)
{
	return a->ended && a->left == 0;
}

/* The copy is a file in memory, because libfcgi reads from a descriptor, and writes to it if it
 * gets an unexpected record. */
int
gate_arrival_open(struct gate_arrival *a, int fd)
{
	int copy;

	if (a->taken.length == 0)
		return fd;
	copy = memfd_create("gate-request", MFD_CLOEXEC);
	if (copy >= 0 &&
	    (gate_buffer_write(&a->taken, copy) < 0 || lseek(copy, 0, SEEK_SET) != 0)) {
		close(copy);
		copy = -1;
	}
	gate_buffer_release(&a->taken);
	return copy;
}

void
gate_arrival_end(struct gate_arrival *a)
{
	gate_buffer_release(&a->taken);
	*a = (struct gate_arrival){.length = 0};
}
