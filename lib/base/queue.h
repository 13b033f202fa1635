/* base/queue.h: one request at a time per session id, among all gate programs of the host.
 * It saves work and keeps the order fair; data stays right without it, as stores compare and
 * swap. */
#ifndef GATE_BASE_QUEUE_H
#define GATE_BASE_QUEUE_H

#include "gate.h"

#define GATE_QUEUE_LATE 3 /* most holders past their deadline that a waiter passes over */

struct gate_queue { /* one per thread. fd -1: no queue, every place is free */
	int fd;
	int64_t place; /* the place that it holds, -1: none */
	struct gate_queue_late {
		/* when the holder should have been done; when we first saw that */
		int64_t until, since;
	} late[GATE_QUEUE_LATE]; /* holders seen to be over their time */
};

/* Opens run_dir/queue, and makes folder and file if they are missing. Returns 0, or -1 with the
 * error set; then fd is -1. */
int gate_queue_open(struct gate_queue *, const char *run_dir, struct gate_error *);
/* Does the same with run_dir/name, which has places of its own. */
int gate_queue_open_file(
    struct gate_queue *, const char *run_dir, const char *name, struct gate_error *);
void gate_queue_close(struct gate_queue *);
/* Takes the place of an id, without waiting; leaves any other place first. Returns 1 if the place
 * is ours, 0 if another holds it. */
int gate_queue_try(struct gate_queue *, const char *id);
/* Does the same, and notes that we will be done at `until` (ms of CLOCK_MONOTONIC). A holder that
 * is over its time by a second has been stopped: this call passes it over. */
int gate_queue_try_until(struct gate_queue *, const char *id, int64_t until);
/* Tries every millisecond until the deadline (ms of CLOCK_MONOTONIC). Returns 1 if the place is
 * ours, 0 if the deadline passed. */
int gate_queue_wait(struct gate_queue *, const char *id, int64_t deadline);
void gate_queue_leave(struct gate_queue *); /* does nothing if no place is held */

#endif
