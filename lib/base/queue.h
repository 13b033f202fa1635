/* base/queue.h: one at a time per session id, among all gate programs of the host. It saves work and
 * keeps the order fair; what is right never depends on it (the stores compare and swap). */
#ifndef GATE_BASE_QUEUE_H
#define GATE_BASE_QUEUE_H

#include "gate.h"

#define GATE_QUEUE_LATE 3 /* holders of one place that are passed over at most */

struct gate_queue { /* one a thread; fd -1: there is none, every place is free */
	int fd;
	int64_t place; /* held; -1: none */
	struct gate_queue_late {
		int64_t until, since; /* its time, and when that was seen */
	} late[GATE_QUEUE_LATE];      /* holders of one place that are over their time */
};

/* Opens run_dir/queue, making both where they are missing. 0 or -1. */
int gate_queue_open(struct gate_queue *, const char *run_dir, struct gate_error *);
/* The same, with places of its own: run_dir/name. */
int gate_queue_open_file(
    struct gate_queue *, const char *run_dir, const char *name, struct gate_error *);
void gate_queue_close(struct gate_queue *);
int gate_queue_try(struct gate_queue *, const char *id); /* 1: the place is ours; 0: taken */
/* The same for who is done soon after that time (ms of CLOCK_MONOTONIC), and leaves word of it: whoever
 * holds the place for longer was stopped, and is passed over. */
int gate_queue_try_until(struct gate_queue *, const char *id, int64_t until);
/* Tries every millisecond until the deadline (ms of CLOCK_MONOTONIC). 1: ours; 0: too late. */
int gate_queue_wait(struct gate_queue *, const char *id, int64_t deadline);
void gate_queue_leave(struct gate_queue *); /* does nothing where no place is held */

#endif
