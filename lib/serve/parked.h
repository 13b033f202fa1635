/* serve/parked.h: connections that no thread holds: idle ones, those whose request is not there whole, and
 * those whose rest is only dropped. */
#ifndef GATE_SERVE_PARKED_H
#define GATE_SERVE_PARKED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options/options.h"
#include "serve/arrival.h"

#define GATE_KEPT_MAX 1024         /* connections that a worker parks */
#define GATE_KEPT_TIME (90 * 1000) /* ms; above nginx's 60 s, so that it closes first */
#define GATE_HEAD_TIME (5 * 1000)  /* ms that a request has until its last parameter is there */
#define GATE_PARTS_MAX (64u << 20) /* memory that a worker keeps for requests that are not whole */
#define GATE_LINGER_MAX (128u << 20) /* bytes of a body that are dropped in all */

enum gate_waiting {
	GATE_WAITING_REQUEST, /* kept behind an answer: the next one may come, or not */
	GATE_WAITING_REST,    /* of a request, all of it at first */
	GATE_WAITING_END      /* its answer is out: what still comes is dropped unread */
};

struct gate_connection {
	int fd; /* -1: closed already */
	enum gate_waiting waiting;
	bool watched;                /* epoll knows it */
	bool parked;                 /* it is in the list */
	atomic_bool arming;          /* and epoll is just being told: its descriptor must stay */
	bool late, dismissed;        /* it was told so */
	int64_t since, until;        /* ms of CLOCK_MONOTONIC; since: its request */
	struct gate_arrival arrival; /* of its request */
	size_t left;                 /* bytes that may still be dropped */
	struct gate_connection *previous, *next; /* while it is parked; next: while it is spare */
};

struct gate_parked {
	int epoll;                   /* says when one of them has something to read; the owner's */
	pthread_mutex_t lock;        /* of what follows */
	struct gate_connection head; /* of the list: next was parked before the others */
	struct gate_connection *spare; /* never freed: epoll may still name one to a thread */
	int count, most;
	size_t parts; /* bytes that were taken of requests */
	bool closing;
};

void gate_parked_init(struct gate_parked *, int epoll);
void gate_parked_release(struct gate_parked *);
/* Waits for a request. NULL: no memory, and fd is closed. */
struct gate_connection *gate_connection_new(struct gate_parked *, int fd);
void gate_connection_close(struct gate_parked *, struct gate_connection *);
/* True: its request is there, and the thread's to serve; false: it was parked, or closed. */
bool gate_parked_receive(
    struct gate_parked *, struct gate_connection *, const struct gate_options *);
/* Until its next request comes. */
void gate_parked_keep(struct gate_parked *, struct gate_connection *);
/* Until the peer has sent all that it wants to, so that a close does not destroy the answer that it
 * has not read yet; at most until that time. */
void gate_parked_linger(struct gate_parked *, struct gate_connection *, int64_t until);
/* For who got its event: true: it is yours, to receive; false: it was taken care of. */
bool gate_parked_claim(struct gate_parked *, struct gate_connection *);
void gate_parked_tick(struct gate_parked *, int64_t now); /* ends what waits for too long */
void gate_parked_shut(struct gate_parked *);              /* no new request of any of them */
bool gate_parked_empty(struct gate_parked *);

#endif
