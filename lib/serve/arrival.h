/* serve/arrival.h: tells whether a whole request is there, so that no thread waits for its rest. */
#ifndef GATE_SERVE_ARRIVAL_H
#define GATE_SERVE_ARRIVAL_H

#include <stdbool.h>

#include "base/buffer.h"

#define GATE_ARRIVAL_PEEK (64u << 10)     /* bytes of a request that the first look peeks at */
#define GATE_ARRIVAL_DROP_MAX (96u << 20) /* bytes of a body over its limit that are dropped */

enum gate_arrival_state {
	GATE_ARRIVAL_PART,  /* more has to come */
	GATE_ARRIVAL_READY, /* whole, or refused: a thread can read it without waiting */
	GATE_ARRIVAL_LOST   /* broken off or malformed: it can't be answered */
};

struct gate_arrival {             /* of one FastCGI request; {0}: none of it is there */
	unsigned char header[16]; /* the current record's; of BEGIN also the content */
	size_t have;              /* bytes of `header` that are there */
	size_t left;              /* bytes of the record that are to come after its header */
	size_t length;            /* bytes of the request so far */
	size_t head;              /* bytes up to the end of the parameters; 0: not there yet */
	size_t body;              /* bytes of stdin, as the records' headers announce them */
	int id;                   /* the request's, in its records; 0: it has not begun */
	int role;                 /* responder, authorizer or filter */
	bool managed;             /* management records came before it */
	bool closed;              /* an authorizer's stdin came along; it is empty */
	bool too_long;            /* its body is over the limit: the body is dropped */
	bool ended, lost;         /* its last record has begun; it can't be answered */
	int refused;              /* status to answer without the body; 0: none */
	struct gate_buffer taken; /* what was read; empty: all is still in the socket */
};

/* Looks at what the socket has of the request. Leaves a request in the socket that is whole at the
 * first look; of any other request, reads all that came, but no byte after its end. body_limit:
 * bytes. Returns the state. Never waits. */
enum gate_arrival_state gate_arrival_read(struct gate_arrival *, int fd, size_t body_limit);
/* Refuses the request with this status (413 if its body is too long), and drops all after its
 * parameters. Returns 1; or 0 if there are no parameters yet, or no memory: then it can't be
 * answered. */
int gate_arrival_refuse(struct gate_arrival *, int status);
/* Returns a descriptor to read the request from: fd, or that of a copy, which is yours to close.
 * Returns -1 with errno if there can be no copy. */
int gate_arrival_open(struct gate_arrival *, int fd);
/* Returns whether the request has come to its end: then the next byte begins another one. */
bool gate_arrival_is_over(const struct gate_arrival *);
void gate_arrival_end(struct gate_arrival *); /* frees and wipes it: it may hold a password */

#endif
