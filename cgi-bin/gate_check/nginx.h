/* gate_check/nginx.h: what the files share that look for traps of nginx. */
#ifndef GATE_WEB_NGINX_H
#define GATE_WEB_NGINX_H

#include "gate_check/web.h"

/* Returns the directive that sets a parameter or header in effect at a place, as fastcgi_param
 * NAME; NULL: there is none. */
const struct gate_web_node *gate_web_nginx_setting(
    const struct gate_web_node *place, const char *directive, const char *name);
/* Returns the first argument of the directive that is in effect; "": there is none. */
const char *gate_web_nginx_value(const struct gate_web_node *place, const char *directive);
/* Returns the location of exactly this path, in the server that the node is in; NULL: none. */
const struct gate_web_node *gate_web_nginx_location(
    const struct gate_web_node *node, const char *path);
/* Returns the upstream of that name; NULL: there is none. */
const struct gate_web_node *gate_web_nginx_upstream(const struct gate_web_look *, const char *name);
/* Returns the page that a location calls; NULL: it is none of gate's. */
const struct gate_web_page *gate_web_nginx_page_at(
    const struct gate_web_look *, const struct gate_web_node *location);

extern const struct gate_web_trap gate_web_nginx_traps[], gate_web_nginx_guard_traps[],
    gate_web_nginx_around_traps[], gate_web_nginx_back_traps[];

#endif
