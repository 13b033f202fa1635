/* server/resolve.h: a host's addresses, by a time. */
#ifndef GATE_SERVER_RESOLVE_H
#define GATE_SERVER_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

/* As getaddrinfo for streams, at most until `end` (ms of CLOCK_MONOTONIC); family AF_UNSPEC: any. 0:
 * *found is yours, for freeaddrinfo; else getaddrinfo's error, EAI_AGAIN where the time is over. */
int gate_resolve(
    const char *host, const char *port, int family, int64_t end, struct addrinfo **found);

#endif
