/* base/clock.c: clocks in milliseconds, and the deadline of a thread's request. */
#include "config.h"

#include <time.h>

#include "base/clock.h"

#define CALL_LEAST 1000 /* ms that a call gets, even at the deadline */

static _Thread_local int64_t deadline_of_thread;

int64_t
gate_clock_bound(int64_t ms)
{
	if (ms > GATE_CLOCK_MOST)
		return GATE_CLOCK_MOST;
	return ms < -GATE_CLOCK_MOST ? -GATE_CLOCK_MOST : ms;
}

int64_t
gate_clock_ms(const struct timespec *t)
{
	if (t->tv_sec > GATE_CLOCK_MOST / 1000 || t->tv_sec < -GATE_CLOCK_MOST / 1000)
		return t->tv_sec > 0 ? GATE_CLOCK_MOST : -GATE_CLOCK_MOST;
	return (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

static int64_t
read_clock(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return gate_clock_ms(&t);
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

int64_t
gate_clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

void
gate_clock_pause(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

void
gate_clock_set_deadline(int64_t deadline)
{
	deadline_of_thread = deadline;
}

int64_t
gate_clock_deadline(void)
{
	return deadline_of_thread;
}

bool
gate_clock_is_late(void)
{
	return deadline_of_thread != 0 && gate_clock_monotonic() > deadline_of_thread + CALL_LEAST;
}

int64_t
gate_clock_end(int64_t most)
{
	int64_t now = gate_clock_monotonic(), end = deadline_of_thread;

	if (end == 0)
		return now + most;
	if (gate_clock_is_late())
		return now;
	return end > now + CALL_LEAST ? end : now + CALL_LEAST;
}
