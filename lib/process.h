/* process.h: master and workers; gate_run of gate.h stands here. */
#ifndef GATE_PROCESS_H
#define GATE_PROCESS_H

#include "gate_private.h"

#define GATE_STOP_TIME (10 * 1000) /* ms that a worker has for what it accepted */
#define GATE_KILL_TIME (12 * 1000) /* ms after which the master kills it */
#define GATE_CRASH_TIME 1000       /* a worker that dies younger (ms) is started again after it */

/* listen.c: the sockets: LISTEN_FDS, else descriptor 0 if it listens, else the option listen. */
int gate_listen(struct gate *, struct gate_error *);
/* Unlinks the path of a socket that we made, unless somebody else's is there now. */
void gate_listen_forget(struct gate *);
/* No new connections to a Unix socket that we made, in whichever process: it is shared. */
void gate_listen_stop(struct gate *);

#endif
