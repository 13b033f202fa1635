/* serve/transact.h: a request's way to its handler, as often as it takes until the session is saved. */
#ifndef GATE_SERVE_TRANSACT_H
#define GATE_SERVE_TRANSACT_H

#include "gate.h"
#include "request/request.h"

/* Runs the handler as often as it takes; then r->head and r->out are the answer. */
void gate_request_serve(struct gate_request *, gate_handler *);

#endif
