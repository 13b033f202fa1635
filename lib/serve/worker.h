/* serve/worker.h: one process that serves requests. */
#ifndef GATE_SERVE_WORKER_H
#define GATE_SERVE_WORKER_H

#include <signal.h>

#include "serve/open.h"

#define GATE_STOP_TIME (10 * 1000) /* ms that a worker has to answer what it accepted */

/* Blocks the signals that master and workers wait for, and returns them in `set`. */
void gate_worker_block_signals(sigset_t *set);
/* Waits up to a second. Returns the signal that came, or 0. */
int gate_worker_next_signal(const sigset_t *set);
/* Reads the configuration again, and logs that with `who`. Returns 0; -1: the old one stays. */
int gate_worker_reload(struct gate *, const char *who);
/* Serves until SIGTERM or SIGINT; under a master, also until that dies or a reload fails. parent:
 * the master; 0: there is none. Returns 0, or -1 with the error set. Exits the process if requests
 * still run after GATE_STOP_TIME. */
int gate_worker_run(
    struct gate *, const sigset_t *set, int threads, pid_t parent, struct gate_error *);

#endif
