/* serve/arrival.h: how much of a request is there, so that no thread waits for its rest. */
#ifndef GATE_SERVE_ARRIVAL_H
#define GATE_SERVE_ARRIVAL_H

#include <stdbool.h>

#include "base/buffer.h"

#define GATE_ARRIVAL_PEEK (64u << 10)     /* bytes of a request that are looked for in its socket */
#define GATE_ARRIVAL_DROP_MAX (96u << 20) /* bytes of a body that is too long that are dropped */

enum gate_arrival_state {
	GATE_ARRIVAL_PART,  /* more is to come */
	GATE_ARRIVAL_READY, /* it is whole, or to be refused: a thread may read it without waiting */
	GATE_ARRIVAL_LOST   /* no request that could be answered will come of it */
};

struct gate_arrival {             /* of one request; {0}: none of it is there */
	unsigned char header[16]; /* of the record that is being walked; BEGIN's content, too */
	size_t have;              /* bytes of it */
	size_t left;              /* bytes of the record behind it */
	size_t length;            /* bytes of the request so far */
	size_t head;              /* bytes up to the end of its parameters; 0: that is to come */
	size_t body;              /* bytes of stdin, as its records announce them */
	int id;                   /* 0: it has not begun */
	bool responds;            /* it is a responder's: its stdin counts */
	bool managed;             /* records that are no request's stand before it */
	bool too_long;            /* its body is over the limit: what comes of that is dropped */
	bool ended, lost;
	int refused;              /* the status to answer without its body; 0: none */
	struct gate_buffer taken; /* what was read of it; none: all is in its socket still */
};

/* Goes on with what its socket has. A request that is whole at the first look stays there; of any
 * other one all is taken out that came, and no byte behind its end. */
enum gate_arrival_state gate_arrival_read(struct gate_arrival *, int fd, size_t body_limit);
/* No more is waited for: what is behind the parameters goes. 1; 0: those are not there: nobody knows
 * what to answer. The status of a body that is too long stays 413. */
int gate_arrival_refuse(struct gate_arrival *, int status);
/* A descriptor that the request can be read from: its socket's, or one of a copy, to be closed. -1. */
int gate_arrival_open(struct gate_arrival *, int fd);
/* Was it read to its end? Then the next byte begins another request. */
bool gate_arrival_is_over(const struct gate_arrival *);
void gate_arrival_end(struct gate_arrival *); /* wipes it: there may be a password in it */

#endif
