/* login/login.h: logging in, as a request's way asks for it. */
#ifndef GATE_LOGIN_LOGIN_H
#define GATE_LOGIN_LOGIN_H

#include "gate.h"

/* Ends all other sessions of who is logged in. 1: there was one; 0; -1. */
int gate_login_end_others(struct gate_request *);
/* After the commit: if it was a login's, ends the user's oldest sessions beyond max_sessions, and
 * its own if the password was changed meanwhile. */
void gate_login_finish(struct gate_request *);

#endif
