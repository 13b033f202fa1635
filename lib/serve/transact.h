/* serve/transact.h: runs a request's handler until its session is saved. */
#ifndef GATE_SERVE_TRANSACT_H
#define GATE_SERVE_TRANSACT_H

#include "gate.h"
#include "request/request.h"

/* Runs the handler, again after each conflict, until the session is saved or the deadline is over.
 * Then r->head and r->out are the answer. */
void gate_request_serve(struct gate_request *, gate_handler *);

#endif
