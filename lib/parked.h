/* parked.h: connections that no thread holds: idle ones, and those whose rest is only dropped. */
#ifndef GATE_PARKED_H
#define GATE_PARKED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATE_KEPT_MAX 1024           /* connections that a worker parks */
#define GATE_KEPT_TIME (90 * 1000)   /* ms; above nginx's 60 s, so that it closes first */
#define GATE_LINGER_MAX (128u << 20) /* bytes that are dropped behind an early answer */

struct gate_connection {
	int fd;       /* -1: closed already */
	bool watched; /* epoll knows it */
	bool lingers; /* its answer is out: what still comes is dropped unread */
	bool dismissed;
	int64_t until;                           /* ms of CLOCK_MONOTONIC */
	size_t left;                             /* bytes that may still be dropped */
	struct gate_connection *previous, *next; /* while it is parked */
};

struct gate_parked {
	int epoll;                   /* says when one of them has something to read; the owner's */
	pthread_mutex_t lock;        /* of what follows */
	struct gate_connection head; /* of the list: next was parked before the others */
	int count, most;
	bool closing;
};

void gate_parked_init(struct gate_parked *, int epoll);
void gate_parked_release(struct gate_parked *);
struct gate_connection *gate_connection_new(int fd); /* NULL: no memory, and fd is closed */
void gate_connection_close(struct gate_connection *);
/* Until its next request comes. */
void gate_parked_keep(struct gate_parked *, struct gate_connection *);
/* Until the peer has sent all that it wants to, so that a close does not destroy the answer that it
 * has not read yet; at most until that time. */
void gate_parked_linger(struct gate_parked *, struct gate_connection *, int64_t until);
/* For who got its event: true: it is yours, to be served; false: it was taken care of. */
bool gate_parked_claim(struct gate_parked *, struct gate_connection *);
void gate_parked_tick(struct gate_parked *, int64_t now); /* dismisses what waits for too long */
void gate_parked_shut(struct gate_parked *);              /* no new request of any of them */
bool gate_parked_empty(struct gate_parked *);

#endif
