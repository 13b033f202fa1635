/* gate_check/apache.h: what the files share that look for traps of Apache. */
#ifndef GATE_WEB_APACHE_H
#define GATE_WEB_APACHE_H

#include "gate_check/web.h"

struct gate_web_target {                   /* what ProxyPass, SetHandler and the like name */
	bool fastcgi;                      /* fcgi:// */
	char socket[GATE_WEB_ADDRESS_MAX]; /* unix:PATH; "": it is none */
	char host[GATE_WEB_ADDRESS_MAX];   /* and port: the name of Apache's worker */
};

/* Reads what a node calls. Returns false if it calls nothing: it is another directive. */
bool gate_web_apache_target(const struct gate_web_node *, struct gate_web_target *);
/* Returns the path of the section around the node, or of ProxyPass itself; "": can't tell. *exact
 * is set if no longer path belongs to it. */
const char *gate_web_apache_path(const struct gate_web_node *, bool *exact);
/* Is this the hook of apache_guard.lua? */
bool gate_web_apache_is_lua(const struct gate_web_node *);
/* Returns the value that a directive gives an environment variable ("setenvif", "setenv") in effect
 * at a place; NULL: none does. */
const char *gate_web_apache_variable(
    const struct gate_web_node *place, const char *directive, const char *name);

extern const struct gate_web_trap gate_web_apache_traps[], gate_web_apache_guard_traps[];

#endif
