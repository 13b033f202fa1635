/* login/login.h: what the rest of gate calls of login/, besides the functions in gate.h. */
#ifndef GATE_LOGIN_LOGIN_H
#define GATE_LOGIN_LOGIN_H

#include "gate.h"

/* Ends all sessions of the request's user but this one. Returns 1 if it ended any, 0 if there was
 * none, or -1 with the request failed. */
int gate_login_end_others(struct gate_request *);
/* Call it after the commit. Tells the users about ended sessions. Ends the user's other sessions
 * after a change of the password. After a login, ends the user's oldest sessions beyond
 * max_sessions; if the password was changed during the login, ends the new session, too. */
void gate_login_finish(struct gate_request *);

#endif
