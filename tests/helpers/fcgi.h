/* fcgi.h: raw FastCGI records, right and wrong ones, and reading what comes back.
 *	struct fcgi_bytes out = {0};
 *	struct fcgi_answer answer = {0};
 *	int fd = fcgi_connect(path);
 *	fcgi_request(&out, &(struct fcgi_request){.params = params, .keep = true});
 *	ok(fcgi_send(fd, out.data, out.length, 0) == 0 && fcgi_read(fd, &answer, 1000) == 1 &&
 *	    answer.status == 200, "a page");
 * Without memory the test ends: these are tools for tests. */
#ifndef TESTS_FCGI_H
#define TESTS_FCGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fcgi_type { /* of a record */
	FCGI_TYPE_BEGIN = 1,
	FCGI_TYPE_ABORT,
	FCGI_TYPE_END,
	FCGI_TYPE_PARAMS,
	FCGI_TYPE_STDIN,
	FCGI_TYPE_STDOUT,
	FCGI_TYPE_STDERR,
	FCGI_TYPE_DATA,
	FCGI_TYPE_GET_VALUES,
	FCGI_TYPE_GET_VALUES_RESULT,
	FCGI_TYPE_UNKNOWN
};

enum fcgi_role { FCGI_ROLE_RESPONDER = 1, FCGI_ROLE_AUTHORIZER, FCGI_ROLE_FILTER };

enum { FCGI_HEADER_SIZE = 8, FCGI_CONTENT_MAX = 65535 };

struct fcgi_bytes { /* zeroed: none */
	char *data;
	size_t length, size;
};

void fcgi_add(struct fcgi_bytes *, const void *bytes, size_t length);
void fcgi_clear(struct fcgi_bytes *); /* none, the memory stays */
void fcgi_release(struct fcgi_bytes *);

/* ---- records, each added to the end of the bytes ---- */

/* Only the eight bytes, whatever they claim. */
void fcgi_header(struct fcgi_bytes *, int version, int type, int id, size_t length);
/* One record; at most FCGI_CONTENT_MAX, padded to a multiple of eight. */
void fcgi_record(struct fcgi_bytes *, int type, int id, const void *content, size_t length);
/* As many records as it takes, each of at most `piece` (0: FCGI_CONTENT_MAX) bytes, and the empty
 * one that ends the stream. */
void fcgi_stream(
    struct fcgi_bytes *, int type, int id, const struct fcgi_bytes *content, size_t piece);
void fcgi_begin(struct fcgi_bytes *, int id, int role, bool keep);
void fcgi_abort(struct fcgi_bytes *, int id);
void fcgi_get_values(struct fcgi_bytes *, const char *const *names); /* NULL-ended */

/* ---- name-value pairs, the content of PARAMS ---- */

void fcgi_pair(struct fcgi_bytes *, const char *name, const char *value); /* shortest lengths */
/* Four-byte lengths that claim what you say (top bit set for you), then the bytes there are. */
void fcgi_pair_claiming(struct fcgi_bytes *, const char *name, uint32_t name_length,
    const char *value, uint32_t value_length);

/* ---- whole requests ---- */

struct fcgi_request {
	const char *const *params; /* "REQUEST_METHOD=GET"…, NULL-ended */
	const char *body;          /* or NULL */
	size_t body_length;        /* 0: that of the text */
	size_t piece;              /* bytes a record of PARAMS and STDIN, 0: as many as fit */
	int id;                    /* 0: 1 */
	int role;                  /* 0: responder */
	bool keep;                 /* the connection */
};

/* BEGIN_REQUEST, PARAMS and STDIN to their ends. CONTENT_LENGTH is added unless params have one. */
void fcgi_request(struct fcgi_bytes *, const struct fcgi_request *);

/* ---- the connection; a blocking descriptor, close(2) ends it ---- */

int fcgi_connect(const char *path); /* a unix socket; -1 with errno */
/* All of it, in writes of `piece` bytes (0: one): 0; -1: the other side is gone, or took nothing
 * for ten seconds. */
int fcgi_send(int fd, const void *bytes, size_t length, size_t piece);

struct fcgi_answer {              /* zeroed to begin with; fcgi_read empties it first */
	struct fcgi_bytes out;    /* all STDOUT, NUL-terminated */
	struct fcgi_bytes err;    /* all STDERR */
	struct fcgi_bytes values; /* the pairs of GET_VALUES_RESULT */
	const char *body;         /* within out, behind the headers; NULL: there were none */
	int status;               /* what Status: says, else 200; 0: no headers */
	int id;                   /* of the last record */
	int unknown_type;         /* what an UNKNOWN_TYPE record names, 0: none came */
	uint32_t app_status;      /* END_REQUEST's */
	int protocol_status;
};

/* Reads records up to END_REQUEST, GET_VALUES_RESULT or UNKNOWN_TYPE and not a byte further: 1;
 * 0: the other side closed first; -1: nothing for timeout_ms, or no FastCGI. */
int fcgi_read(int fd, struct fcgi_answer *, int timeout_ms);
void fcgi_answer_release(struct fcgi_answer *);
/* The nth (0…) header of that name, a copy in `value`: 1, or 0. */
int fcgi_answer_header(
    const struct fcgi_answer *, const char *name, int nth, char *value, size_t size);
/* Does the other side close within timeout_ms, without another byte? 1, 0. */
int fcgi_closes(int fd, int timeout_ms);
/* Connects, asks, reads and closes: fcgi_read's result, -1 without a connection. */
int fcgi_ask(const char *path, const struct fcgi_request *, struct fcgi_answer *, int timeout_ms);

#endif
