/* gate_clock.c: shows on a terminal how long a command has been at work. */
#include "config.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "gate_command.h"

static void *
show_time(void *data)
{
	struct gate_command_clock *clock = data;
	struct timespec next;
	int seconds = 0;

	clock_gettime(CLOCK_REALTIME, &next); /* as sem_timedwait wants it */
	do {
		fprintf(stderr, "\r%s for %d s so far ", clock->what, seconds++);
		next.tv_sec++;
	} while (sem_timedwait(&clock->over, &next) < 0);
	fputs("\r\033[K", stderr);
	return NULL;
}

void
gate_command_clock_begin(struct gate_command_clock *clock, const char *what)
{
	clock->what = what;
	sem_init(&clock->over, 0, 0);
	clock->shown =
	    isatty(STDERR_FILENO) && pthread_create(&clock->thread, NULL, show_time, clock) == 0;
}

void
gate_command_clock_end(struct gate_command_clock *clock)
{
	sem_post(&clock->over);
	if (clock->shown)
		pthread_join(clock->thread, NULL);
	sem_destroy(&clock->over);
}
