/* server/resolve.h: looks up a host's addresses, with a deadline. */
#ifndef GATE_SERVER_RESOLVE_H
#define GATE_SERVER_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

/* Calls getaddrinfo for stream sockets, but returns at `end` (ms of CLOCK_MONOTONIC) at the latest.
 * family: AF_UNSPEC for any. Returns 0 with *found set: yours, for freeaddrinfo. Else returns
 * getaddrinfo's error: EAI_AGAIN if `end` passed or no thread could start, EAI_NONAME if host or
 * port is too long. */
int gate_resolve(
    const char *host, const char *port, int family, int64_t end, struct addrinfo **found);

#endif
