/* guard/asked.h: what the visitor asked of the web server, as far as the guard may believe it. */
#ifndef GATE_GUARD_ASKED_H
#define GATE_GUARD_ASKED_H

#include "request/request.h"

/* How the web server asks, and what it makes of the answer: the parameter GATE_GUARD says it. */
enum gate_guard_mode {
	GATE_GUARD_UNKNOWN,  /* the parameter is missing, or says something else */
	GATE_GUARD_NGINX,    /* auth_request: 204, 401, 403, 503; no body is looked at */
	GATE_GUARD_APACHE,   /* authorizer: 200 with Variable-*, or an answer for the browser */
	GATE_GUARD_LIGHTTPD, /* authorizer, likewise */
	GATE_GUARD_FORWARD   /* forward_auth: 200 with headers, or an answer for the browser */
};

/* Returns a parameter's value if it comes once. Returns NULL if it is absent, or there twice, which
 * *doubt then says; an empty one is "". */
const char *gate_guard_once(struct gate_request *, const char *name, bool *doubt);
enum gate_guard_mode gate_guard_mode(struct gate_request *);
/* Returns the method that the visitor used; never NULL. */
const char *gate_guard_method(struct gate_request *, enum gate_guard_mode);
/* Returns path and query that the visitor asked for, raw; NULL if they are unknown, or can't be a
 * path on this site. Borrowed. */
const char *gate_guard_target(struct gate_request *, enum gate_guard_mode);
/* Returns true if a browser opens a page, which can be sent to the login; false for a fetch, a
 * WebSocket, a program. */
bool gate_guard_opens_page(struct gate_request *, enum gate_guard_mode);
/* Returns true if a browser asks, before a request of another site, whether it may send it. */
bool gate_guard_is_preflight(struct gate_request *, enum gate_guard_mode);

#endif
