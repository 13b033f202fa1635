/* clock.c: the two clocks, in milliseconds. */
#include "config.h"

#include <time.h>

#include "clock.h"

static int64_t
read_clock(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
gate_clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
gate_clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void
gate_clock_pause(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}
