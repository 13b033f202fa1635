/* base/clock.h: clocks in milliseconds, and the deadline of a thread's request. */
#ifndef GATE_BASE_CLOCK_H
#define GATE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define GATE_CLOCK_MOST                                                                            \
	INT64_C(8640000000000000) /* ms before or after 1970: the range of JavaScript's Date */

int64_t gate_clock_wall(void);      /* since 1970; records and cookies have these times */
int64_t gate_clock_monotonic(void); /* CLOCK_MONOTONIC; deadlines are measured by it */
int64_t gate_clock_boot(void);      /* since boot, sleep of the machine included */
/* Clamps a time that somebody else wrote to ±GATE_CLOCK_MOST, so that sums can't overflow. */
int64_t gate_clock_bound(int64_t ms);
int64_t gate_clock_ms(const struct timespec *); /* clamped as well */
void gate_clock_pause(void);                    /* sleeps 1 ms, between two tries of a lock */

/* The deadline of the request that this thread serves, in ms of CLOCK_MONOTONIC; 0: no request
 * waits. It is set once per request, and holds for all calls made for it, however deep. */
void gate_clock_set_deadline(int64_t deadline);
int64_t gate_clock_deadline(void);
/* Returns when a call that this thread begins now must end. Without a deadline that is after `most`
 * ms, else at the deadline, but at least a second from now: a server is not at fault if it doesn't
 * answer in less. If gate_clock_is_late, returns now: the call ends at once. */
int64_t gate_clock_end(int64_t most);
/* Did the request's deadline pass more than a second ago? Then no other call may begin for it: many
 * calls, each of them quick, would hold its thread without end. */
bool gate_clock_is_late(void);
#define GATE_CLOCK_LATE "the request took longer than the option deadline allows"

#define GATE_CLOCK_APART INT64_C(60000)   /* ms that two clocks may differ */
#define GATE_CLOCK_STOOD INT64_C(3600000) /* ms after which a clock that was set is believed */

struct gate_clock_watch { /* offsets are ms of wall clock minus boot clock; {0} is a new watch */
	int64_t offset;   /* the one that is believed, 0: none yet */
	int64_t doubted;  /* another one, seen since; 0: none */
	int64_t since;    /* when that was first seen, by CLOCK_BOOTTIME */
};

/* base/clock_watch.c. Compares a reading of the wall clock with one of CLOCK_BOOTTIME, taken at the
 * same time. Returns false if somebody set the wall clock, forward or back, by over a minute and
 * less than an hour ago. */
bool gate_clock_believe(struct gate_clock_watch *, int64_t wall, int64_t boot);

#endif
