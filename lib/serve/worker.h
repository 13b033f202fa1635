/* serve/worker.h: one process that serves. */
#ifndef GATE_SERVE_WORKER_H
#define GATE_SERVE_WORKER_H

#include <signal.h>

#include "serve/open.h"

#define GATE_STOP_TIME (10 * 1000) /* ms that a worker has for what it accepted */

/* The signals that a master and its workers wait for are blocked from now on; set: which. */
void gate_worker_block_signals(sigset_t *set);
/* The signal that came within a second, or 0. */
int gate_worker_next_signal(const sigset_t *set);
/* Reads the configuration anew. 0; -1: the old one stays. Both are logged, with who. */
int gate_worker_reload(struct gate *, const char *who);
/* Serves until SIGTERM. parent: the master, 0: there is none. 0; -1 with the error. */
int gate_worker_run(
    struct gate *, const sigset_t *set, int threads, pid_t parent, struct gate_error *);

#endif
