/* serve/listen.h: the sockets that gate answers on. */
#ifndef GATE_SERVE_LISTEN_H
#define GATE_SERVE_LISTEN_H

#include "serve/open.h"

/* Opens the listeners: those of LISTEN_FDS; else descriptor 0, if it listens; else the one that the
 * option `listen` names. Returns 0, or -1 with the error set. */
int gate_listen(struct gate *, struct gate_error *);
/* Unlinks the Unix socket that this program made, unless the path is another program's by now. */
void gate_listen_forget(struct gate *);
/* Stops new connections to the Unix socket that this program made, in all its processes. */
void gate_listen_stop(struct gate *);

#endif
