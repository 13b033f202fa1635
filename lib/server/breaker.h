/* server/breaker.h: a circuit breaker: requests don't wait for a server that does not answer. */
#ifndef GATE_SERVER_BREAKER_H
#define GATE_SERVER_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "gate.h"

struct gate_breaker; /* any number of threads may use one */

struct gate_breaker_probe {
	int (*ask)(
	    void *data); /* returns 1 if the server answers; the breaker's own thread calls it */
	void *data;
	const char *name, *what; /* for the log: the server, and the kind of call; borrowed */
	int64_t interval;        /* ms between two probes */
};

/* Makes a breaker, closed: calls go through. Two failures in a row open it: then calls fail at
 * once, and a thread of its own probes the server. The first answer to a probe closes it again.
 * Copies the probe's struct, not its strings. Returns NULL with the error set. Yours. */
struct gate_breaker *gate_breaker_new(const struct gate_breaker_probe *, struct gate_error *);
void gate_breaker_free(struct gate_breaker *); /* waits for a probe under way; NULL is fine */
/* Asks whether a call may be made. Returns false if the breaker is open: fail at once. After true,
 * make the call, and give *turn to gate_breaker_leave. */
bool gate_breaker_enter(struct gate_breaker *, unsigned *turn);
/* Reports whether the call reached the server. A failure counts only if the breaker neither opened
 * nor closed since `turn`: an older failure says nothing about the server now. */
void gate_breaker_leave(struct gate_breaker *, unsigned turn, bool reached);

#endif
