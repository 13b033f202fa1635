/* serve/master.h: the master and its workers; master.c also has gate.h's gate_run. */
#ifndef GATE_SERVE_MASTER_H
#define GATE_SERVE_MASTER_H

#include "serve/open.h"

#define GATE_KILL_TIME (12 * 1000) /* ms that a worker has to stop before it is killed */
#define GATE_CRASH_TIME 1000       /* ms between two starts of a worker that dies at once */

#endif
