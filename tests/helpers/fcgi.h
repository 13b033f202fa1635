/* fcgi.h: writes raw FastCGI records, valid and invalid ones, and reads the answers.
 *	struct fcgi_bytes out = {0};
 *	struct fcgi_answer answer = {0};
 *	int fd = fcgi_connect(path);
 *	fcgi_request(&out, &(struct fcgi_request){.params = params, .keep = true});
 *	ok(fcgi_send(fd, out.data, out.length, 0) == 0 && fcgi_read(fd, &answer, 1000) == 1 &&
 *	    answer.status == 200, "a page");
 * If memory is out, the test ends. */
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

struct fcgi_bytes { /* {0} is empty */
	char *data;
	size_t length, size;
};

void fcgi_add(struct fcgi_bytes *, const void *bytes, size_t length);
void fcgi_clear(struct fcgi_bytes *); /* empties it, and keeps the memory */
void fcgi_release(struct fcgi_bytes *);

/* ---- records; each function adds to the end of the bytes ---- */

/* Adds only a header of eight bytes, with any claim. */
void fcgi_header(struct fcgi_bytes *, int version, int type, int id, size_t length);
/* Adds one record with at most FCGI_CONTENT_MAX bytes of content, padded to a multiple of eight. */
void fcgi_record(struct fcgi_bytes *, int type, int id, const void *content, size_t length);
/* Adds a whole stream: records of at most `piece` (0: FCGI_CONTENT_MAX) bytes, then the empty
 * record that ends it. */
void fcgi_stream(
    struct fcgi_bytes *, int type, int id, const struct fcgi_bytes *content, size_t piece);
void fcgi_begin(struct fcgi_bytes *, int id, int role, bool keep);
void fcgi_abort(struct fcgi_bytes *, int id);
void fcgi_get_values(struct fcgi_bytes *, const char *const *names); /* NULL-ended */

/* ---- name-value pairs, the content of PARAMS ---- */

void fcgi_pair(struct fcgi_bytes *, const char *name, const char *value); /* in the shortest form */
/* Adds a pair with lengths of four bytes that may be false. Sets their top bit. */
void fcgi_pair_claiming(struct fcgi_bytes *, const char *name, uint32_t name_length,
    const char *value, uint32_t value_length);

/* ---- whole requests ---- */

struct fcgi_request {
	const char *const *params; /* "REQUEST_METHOD=GET"…, NULL-ended */
	const char *body;          /* may be NULL */
	size_t body_length;        /* 0: strlen(body) */
	size_t piece;              /* most bytes per record of PARAMS and STDIN, 0: all */
	int id;                    /* 0: 1 */
	int role;                  /* 0: responder */
	bool keep;                 /* keep the connection open */
};

/* Adds BEGIN_REQUEST, PARAMS and STDIN to their ends. Adds CONTENT_LENGTH, unless params hold
 * one. */
void fcgi_request(struct fcgi_bytes *, const struct fcgi_request *);

/* ---- connections: blocking descriptors; close(2) ends them ---- */

int fcgi_connect(const char *path); /* to a unix socket; -1 with errno */
/* Sends all bytes, in writes of at most `piece` bytes (0: no limit). Returns 0, or -1 if the other
 * side is gone or takes nothing for ten seconds. */
int fcgi_send(int fd, const void *bytes, size_t length, size_t piece);

struct fcgi_answer {              /* {0} at first; fcgi_read empties it */
	struct fcgi_bytes out;    /* all STDOUT, NUL-terminated */
	struct fcgi_bytes err;    /* all STDERR */
	struct fcgi_bytes values; /* the pairs of GET_VALUES_RESULT */
	const char *body;         /* in out, after the headers; NULL: no headers */
	int status;               /* of the header Status, else 200; 0: no headers */
	int id;                   /* of the last record */
	int unknown_type;         /* the type in UNKNOWN_TYPE, 0: none came */
	uint32_t app_status;      /* END_REQUEST's */
	int protocol_status;
};

/* Reads records up to END_REQUEST, GET_VALUES_RESULT or UNKNOWN_TYPE, and no byte more. Returns 1,
 * 0 if the other side closed before that, -1 if nothing came for timeout_ms or it is not
 * FastCGI. */
int fcgi_read(int fd, struct fcgi_answer *, int timeout_ms);
void fcgi_answer_release(struct fcgi_answer *);
/* Copies the nth (from 0) header of that name to `value`. Returns 1, or 0 if there is none. */
int fcgi_answer_header(
    const struct fcgi_answer *, const char *name, int nth, char *value, size_t size);
/* Does the other side close within timeout_ms, without sending a byte? Returns 1 or 0. */
int fcgi_closes(int fd, int timeout_ms);
/* Connects, sends the request, reads the answer and closes. Returns what fcgi_read does, or -1 if
 * it can't connect. */
int fcgi_ask(const char *path, const struct fcgi_request *, struct fcgi_answer *, int timeout_ms);

#endif
