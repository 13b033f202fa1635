/* base/clock.h: the clocks, in milliseconds. */
#ifndef GATE_BASE_CLOCK_H
#define GATE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define GATE_CLOCK_MOST                                                                            \
	INT64_C(8640000000000000) /* ms from 1970: as far as JavaScript's dates go */

int64_t gate_clock_wall(void);      /* since 1970: what records and cookies say */
int64_t gate_clock_monotonic(void); /* what deadlines are measured by */
int64_t gate_clock_boot(void);      /* since the boot, also while the machine slept */
/* Times that others wrote, kept within GATE_CLOCK_MOST, so that sums of them stay within an int64. */
int64_t gate_clock_bound(int64_t ms);
int64_t gate_clock_ms(const struct timespec *);
void gate_clock_pause(void); /* one millisecond: between two tries of a lock */

/* When what this thread does must be done, in ms of CLOCK_MONOTONIC: a request's thread says it once, for
 * all calls that are made for it, however deep. 0: nobody waits. */
void gate_clock_set_deadline(int64_t deadline);
int64_t gate_clock_deadline(void);
/* The end of a call that this thread begins now: after `most` ms, and at the request's deadline at the
 * latest. A call that begins close to the deadline, or up to a second behind it, gets a second all the
 * same: an answer that can't come in less says nothing against the server. A later call ends at once. */
int64_t gate_clock_end(int64_t most);
/* Is the request's deadline over by more than that second? Then no other call is to begin for it: many
 * calls, each of them quick enough, would hold its thread without end. */
bool gate_clock_is_late(void);
#define GATE_CLOCK_LATE "the request took longer than the option deadline allows"

#define GATE_CLOCK_APART INT64_C(60000)   /* ms that two clocks may differ */
#define GATE_CLOCK_STOOD INT64_C(3600000) /* ms after which one that was set is believed */

struct gate_clock_watch { /* ms of wall clock less CLOCK_BOOTTIME; begins as 0 */
	int64_t offset;   /* that is believed */
	int64_t doubted;  /* another one that was seen, 0: none */
	int64_t since;    /* when first, by CLOCK_BOOTTIME */
};

/* base/clock_watch.c. Takes one more reading of both clocks in. false: the wall clock was set, forth or
 * back, by over a minute, and that less than an hour ago. */
bool gate_clock_believe(struct gate_clock_watch *, int64_t wall, int64_t boot);

#endif
