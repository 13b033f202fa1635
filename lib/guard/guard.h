/* guard/guard.h: answers a web server that asks whether a visitor may have what was asked for. */
#ifndef GATE_GUARD_GUARD_H
#define GATE_GUARD_GUARD_H

#include "request/request.h"

#define GATE_GUARD_REFUSED "You are logged in, but this page is not for you."

/* Makes the answer one that the web server understands, after gate_guard ran, or in its place: a
 * refusal of the session sends the visitor to the login, a failure is a 503. */
void gate_guard_finish(struct gate_request *);

#endif
