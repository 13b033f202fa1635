/* serve/sweeper.h: a thread of each worker that removes expired records. */
#ifndef GATE_SERVE_SWEEPER_H
#define GATE_SERVE_SWEEPER_H

#include "serve/open.h"

struct gate_sweeper;

/* Starts the thread. Returns NULL with the error set if it failed. Yours: stop it. */
struct gate_sweeper *gate_sweeper_start(struct gate *, struct gate_error *);
/* Stops the sweeper without waiting for a sweep, which may take minutes. A running sweep goes on as
 * long as the process does, and takes the store over: the gate does not close it then. NULL: does
 * nothing. */
void gate_sweeper_stop(struct gate_sweeper *);

#endif
