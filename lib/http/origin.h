/* http/origin.h: where a request comes from: which address, by https or not, from which site. */
#ifndef GATE_HTTP_ORIGIN_H
#define GATE_HTTP_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "http/address.h"

#define GATE_ORIGIN_FORWARDED_MAX                                                                  \
	4096               /* bytes that are read of an X-Forwarded-* header: its last */
#define GATE_NEXT_MAX 2048 /* most bytes of a local path in `next` */

struct gate_origin { /* what the web server says; NULL: nothing. Borrowed */
	const char *remote_address, *https, *request_scheme, *host, *server_port;
	const char *peer; /* who connected to the web server, if not remote_address */
	bool secure;      /* did the request come by https? The caller sets it */
	const char *forwarded_for, *forwarded_proto; /* only a trusted proxy is believed */
	const char *method;
	const char *fetch_site, *origin, *referer; /* "": the header is there, but empty */
	bool for_repeated, proto_repeated;         /* the header came twice, and counts as absent */
	const char *doubt; /* why one of the headers that must come once can't be judged, or NULL */
};

/* Fills in an origin from a request's parameters ("NAME=value", NULL-ended). Lines of
 * X-Forwarded-For are joined in `joined`. Both must live as long as the origin. */
void gate_origin_read(struct gate_origin *, char *const *params, struct gate_buffer *joined);
/* Returns the address that connected to the web server, NULL if it is unknown. */
const char *gate_origin_peer(const struct gate_origin *);
/* Is an address in the NULL-ended list? One that is NULL or can't be parsed is not. */
bool gate_origin_trusted(const char *address, char *const *proxies);
/* Writes the client's address, "" if it is unknown. If remote_address is the one that connected,
 * and a trusted proxy, walks back through X-Forwarded-For to the first address that is no trusted
 * proxy. An entry that can't be parsed ends the walk: the address before it counts. */
void gate_origin_address(
    const struct gate_origin *, char *const *proxies, char out[GATE_ADDRESS_MAX]);
/* Did the request come by https? Asks HTTPS, REQUEST_SCHEME, and X-Forwarded-Proto of a trusted
 * proxy. */
bool gate_origin_secure(const struct gate_origin *, char *const *proxies);
/* Returns why a request does not count as https, and what to do. */
const char *gate_origin_insecurity(const struct gate_origin *, char *const *proxies);
/* Checks that an unsafe request comes from this site. own: the option origin, or "". Returns NULL
 * if it does or the method is safe, else why it is refused. */
const char *gate_origin_refusal(const struct gate_origin *, const char *own);
/* Does Referer name another host than this site's? For browsers that send no Sec-Fetch-Site.
 * Returns false if Referer is missing or can't be judged. Leaves ports aside, as SameSite does. */
bool gate_origin_is_foreign(const struct gate_origin *, const char *own);
/* Is target a path that every browser takes for one on this site? */
bool gate_origin_local_path(const char *target, size_t length);

#endif
