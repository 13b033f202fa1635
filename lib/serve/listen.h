/* serve/listen.h: the sockets that visitors come through. */
#ifndef GATE_SERVE_LISTEN_H
#define GATE_SERVE_LISTEN_H

#include "serve/open.h"

/* Opens them: LISTEN_FDS, else descriptor 0 if it listens, else the option listen. */
int gate_listen(struct gate *, struct gate_error *);
/* Unlinks the path of a socket that we made, unless somebody else's is there now. */
void gate_listen_forget(struct gate *);
/* No new connections to a Unix socket that we made, in whichever process: it is shared. */
void gate_listen_stop(struct gate *);

#endif
