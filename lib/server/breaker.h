/* server/breaker.h: spares requests the wait for a server that does not answer. */
#ifndef GATE_SERVER_BREAKER_H
#define GATE_SERVER_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "gate.h"

struct gate_breaker; /* any number of threads may use it */

struct gate_breaker_probe {
	int (*ask)(
	    void *data); /* does the server answer? 1, or not; called by a thread of its own */
	void *data;
	const char *name, *what; /* for the log: the server, and the calls to it; borrowed */
	int64_t interval;        /* ms between two probes */
};

/* After two failures in a row it is open: nobody asks, but for the probe. When that gets an answer
 * all is as before. NULL with the error set. Yours. */
struct gate_breaker *gate_breaker_new(const struct gate_breaker_probe *, struct gate_error *);
void gate_breaker_free(struct gate_breaker *); /* waits for a probe; NULL is fine */
/* Before asking. false: it is open, fail at once. *turn is for the call behind: what was asked
 * before the last change says nothing of what is now. */
bool gate_breaker_enter(struct gate_breaker *, unsigned *turn);
void gate_breaker_leave(struct gate_breaker *, unsigned turn, bool reached);

#endif
