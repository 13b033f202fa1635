/* serve/master.h: master and workers; gate_run of gate.h stands here. */
#ifndef GATE_SERVE_MASTER_H
#define GATE_SERVE_MASTER_H

#include "serve/open.h"

#define GATE_KILL_TIME (12 * 1000) /* ms after which the master kills it */
#define GATE_CRASH_TIME 1000       /* a worker that dies younger (ms) is started again after it */

#endif
