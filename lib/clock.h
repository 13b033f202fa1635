/* clock.h: the two clocks, in milliseconds. */
#ifndef GATE_CLOCK_H
#define GATE_CLOCK_H

#include <stdint.h>

int64_t gate_clock_wall(void);      /* since 1970: what records and cookies say */
int64_t gate_clock_monotonic(void); /* what deadlines are measured by */
void gate_clock_pause(void);        /* one millisecond: between two tries of a lock */

/* When what this thread does must be done, in ms of CLOCK_MONOTONIC: a request's thread says it once, for
 * all calls that are made for it, however deep. 0: nobody waits. */
void gate_clock_set_deadline(int64_t deadline);
int64_t gate_clock_deadline(void);
/* When a call ends that this thread begins now: at its deadline, or where nobody waits after so many
 * ms. At the deadline's very end it still has a second: what nobody could do in less is no failure of
 * who was asked. */
int64_t gate_clock_end(int64_t most);

#endif
