/* serve/sweeper.h: what removes expired records while a worker serves. */
#ifndef GATE_SERVE_SWEEPER_H
#define GATE_SERVE_SWEEPER_H

#include "serve/open.h"

struct gate_sweeper;

struct gate_sweeper *gate_sweeper_start(struct gate *, struct gate_error *); /* NULL: it failed */
/* Never waits for a sweep, which may take minutes: it goes on as long as the process does, and the
 * store is left to it. */
void gate_sweeper_stop(struct gate_sweeper *);

#endif
