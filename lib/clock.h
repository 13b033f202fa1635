/* clock.h: the two clocks, in milliseconds. */
#ifndef GATE_CLOCK_H
#define GATE_CLOCK_H

#include <stdint.h>

int64_t gate_clock_wall(void);      /* since 1970: what records and cookies say */
int64_t gate_clock_monotonic(void); /* what deadlines are measured by */
void gate_clock_pause(void);        /* one millisecond: between two tries of a lock */

#endif
