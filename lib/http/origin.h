/* http/origin.h: where a request comes from: whose address, over what, from which site. */
#ifndef GATE_HTTP_ORIGIN_H
#define GATE_HTTP_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "http/address.h"

#define GATE_ORIGIN_FORWARDED_MAX                                                                  \
	4096               /* bytes that are read of an X-Forwarded-* header, its last */
#define GATE_NEXT_MAX 2048 /* bytes of a local path in `next` */

struct gate_origin { /* what the web server said; NULL: nothing */
	const char *remote_address, *https, *request_scheme, *host, *server_port;
	const char *peer; /* who connected, where that is not remote_address */
	bool secure;      /* the request is known to have come by https; the caller's to say */
	const char *forwarded_for, *forwarded_proto; /* believed from trusted proxies only */
	const char *method;
	const char *fetch_site, *origin, *referer; /* "": it is there, and empty */
	bool for_repeated, proto_repeated;         /* they came twice, and are NULL */
	const char *doubt; /* why what must come once can't be judged; NULL: it came once */
};

/* Reads them from the parameters ("NAME=value", NULL-ended); joins lines of a list in `joined`. */
void gate_origin_read(struct gate_origin *, char *const *params, struct gate_buffer *joined);
const char *gate_origin_peer(const struct gate_origin *); /* who connected; NULL: unknown */
/* Is address one of the list (NULL-ended)? What can't be read never is. */
bool gate_origin_trusted(const char *address, char *const *proxies);
/* The client's address: the last one of X-Forwarded-For that no trusted proxy has, if
 * remote_address is the peer's and trusted; one that can't be parsed stops the walk. */
void gate_origin_address(
    const struct gate_origin *, char *const *proxies, char out[GATE_ADDRESS_MAX]);
bool gate_origin_secure(const struct gate_origin *, char *const *proxies);
/* For one that is not secure: why, and what to do. */
const char *gate_origin_insecurity(const struct gate_origin *, char *const *proxies);
/* NULL: go on; else why an unsafe request is refused. `own`: the option origin or "". */
const char *gate_origin_refusal(const struct gate_origin *, const char *own);
/* Is target a path on this site that any browser takes for one (security.md R1)? */
bool gate_origin_local_path(const char *target, size_t length);

#endif
