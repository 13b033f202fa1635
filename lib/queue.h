/* queue.h: one at a time per session id, among all gate programs of the host. It saves work and
 * keeps the order fair; what is right never depends on it (the stores compare and swap). */
#ifndef GATE_QUEUE_H
#define GATE_QUEUE_H

#include "gate.h"

struct gate_queue { /* one a thread; fd -1: there is none, every place is free */
	int fd;
	int64_t place; /* held; -1: none */
};

/* Opens run_dir/queue, making both where they are missing. 0 or -1. */
int gate_queue_open(struct gate_queue *, const char *run_dir, struct gate_error *);
void gate_queue_close(struct gate_queue *);
int gate_queue_try(struct gate_queue *, const char *id); /* 1: the place is ours; 0: taken */
/* Tries every millisecond until the deadline (ms of CLOCK_MONOTONIC). 1: ours; 0: too late. */
int gate_queue_wait(struct gate_queue *, const char *id, int64_t deadline);
void gate_queue_leave(struct gate_queue *); /* does nothing where no place is held */

#endif
