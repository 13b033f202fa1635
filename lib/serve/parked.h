/* serve/parked.h: parked connections, which hold no thread: idle ones, those with an
 * incomplete request, and those whose rest is only dropped. */
#ifndef GATE_SERVE_PARKED_H
#define GATE_SERVE_PARKED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options/options.h"
#include "serve/arrival.h"

#define GATE_KEPT_MAX 1024           /* parked connections of a worker, at most */
#define GATE_KEPT_TIME (90 * 1000)   /* ms; more than nginx's 60 s, so that nginx closes first */
#define GATE_HEAD_TIME (5 * 1000)    /* ms that a request has to send all parameters */
#define GATE_PARTS_MAX (64u << 20)   /* bytes of incomplete requests that a worker keeps */
#define GATE_LINGER_MAX (128u << 20) /* bytes of one body that are dropped */

enum gate_waiting {
	GATE_WAITING_REQUEST, /* for another request, after an answer; it may never come */
	GATE_WAITING_REST,    /* for the rest of a request; for all of it at first */
	GATE_WAITING_END      /* for the peer's end, after an answer: what still comes is dropped */
};

struct gate_connection {
	int fd; /* -1: closed */
	enum gate_waiting waiting;
	bool watched;         /* it was added to epoll */
	bool parked;          /* it is in the list */
	atomic_bool arming;   /* parked, but epoll_ctl still runs: keep the descriptor open */
	bool late, dismissed; /* a woken thread has to answer 408 or 503; has to close it */
	int64_t since, until; /* ms of CLOCK_MONOTONIC: its request began; its time is over */
	struct gate_arrival arrival;             /* of its request */
	size_t left;                             /* bytes that may still be dropped */
	struct gate_connection *previous, *next; /* in the list; next: also among the spare ones */
};

struct gate_parked {
	int epoll;                     /* tells when a connection has something to read; borrowed */
	pthread_mutex_t lock;          /* protects what follows */
	struct gate_connection head;   /* of the list; head.next was parked first */
	struct gate_connection *spare; /* closed; not freed: epoll may still give one to a thread */
	int count, most;               /* parked connections, and their limit */
	size_t parts;                  /* bytes of memory for incomplete requests */
	bool closing;                  /* no connection may wait for another request */
};

void gate_parked_init(struct gate_parked *, int epoll);
void gate_parked_release(struct gate_parked *);
/* Makes a connection that waits for a request. Takes fd over. Returns NULL if out of memory; then
 * fd is closed. */
struct gate_connection *gate_connection_new(struct gate_parked *, int fd);
void gate_connection_close(struct gate_parked *, struct gate_connection *); /* not a parked one */
/* Reads what came of the request. Returns true if the calling thread is to serve it now; false if
 * the connection was parked or closed: then don't touch it any more. */
bool gate_parked_receive(
    struct gate_parked *, struct gate_connection *, const struct gate_options *);
/* Parks the connection until its next request comes. */
void gate_parked_keep(struct gate_parked *, struct gate_connection *);
/* Parks the connection until the peer has sent all it wants to, at most until `until` (ms of
 * CLOCK_MONOTONIC). A close before that could destroy the answer before the peer has read it. */
void gate_parked_linger(struct gate_parked *, struct gate_connection *, int64_t until);
/* Takes the connection of an event out of the list. Returns true if the calling thread must call
 * gate_parked_receive; false if nothing is left to do. */
bool gate_parked_claim(struct gate_parked *, struct gate_connection *);
void gate_parked_tick(struct gate_parked *, int64_t now); /* ends overdue ones */
void gate_parked_shut(struct gate_parked *);              /* lets none wait for another request */
bool gate_parked_empty(struct gate_parked *);

#endif
