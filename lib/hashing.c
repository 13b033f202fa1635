/* hashing.c: turns at hashing a password, each a file's one place. */
#include "config.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "hashing.h"
#include "queue.h"

struct turn {
	struct gate_queue queue;
	atomic_bool taken; /* by a thread of ours, who alone uses the queue */
};

struct line {
	atomic_int waiting, standing_by; /* who stands by waits, too */
	atomic_int next;                 /* that wait for nothing but a turn */
	int most;                        /* may wait */
};

struct gate_hashing {
	atomic_int holding;
	atomic_bool last; /* was the last turn a known device's? */
	int holding_max, waiting_max, count;
	struct line lines[2]; /* of strangers, and of known devices */
	struct turn turns[];
};

/* A core is left to everybody else. */
static int
count_turns(void)
{
	cpu_set_t cores;
	long count;

	if (sched_getaffinity(0, sizeof cores, &cores) == 0)
		count = CPU_COUNT(&cores);
	else /* more than the set has room for */
		count = sysconf(_SC_NPROCESSORS_ONLN);
	return count > 2 ? (int)count - 1 : 1;
}

/* Known devices may wait wherever anybody may, and strangers leave a quarter of that to them. */
struct gate_hashing *
gate_hashing_open(const char *run_dir, int holding, int waiting, struct gate_error *error)
{
	int count = count_turns();
	struct gate_hashing *h = calloc(1, sizeof *h + (size_t)count * sizeof h->turns[0]);

	if (h == NULL) {
		gate_fail(error, GATE_EMEMORY, "out of memory");
		return NULL;
	}
	h->holding_max = holding;
	h->waiting_max = waiting;
	h->lines[true].most = waiting;
	h->lines[false].most = waiting - (waiting + 2) / 4;
	for (; h->count < count; h->count++) {
		char name[32];

		snprintf(name, sizeof name, "hash.%d", h->count);
		if (gate_queue_open_file(&h->turns[h->count].queue, run_dir, name, error) < 0) {
			gate_hashing_close(h);
			return NULL;
		}
	}
	return h;
}

void
gate_hashing_close(struct gate_hashing *h)
{
	if (h == NULL)
		return;
	for (int i = 0; i < h->count; i++)
		gate_queue_close(&h->turns[i].queue);
	free(h);
}

static int
take_any(struct gate_hashing *h, int64_t until)
{
	if (atomic_fetch_add(&h->holding, 1) < h->holding_max)
		for (int i = 0; i < h->count; i++) {
			struct turn *turn = &h->turns[i];

			if (atomic_exchange(&turn->taken, true))
				continue;
			if (gate_queue_try_until(&turn->queue, "turn", until))
				return i;
			atomic_store(&turn->taken, false);
		}
	atomic_fetch_sub(&h->holding, 1);
	return -1;
}

/* To be left again in either case. False: too many wait. */
static bool
join(struct gate_hashing *h, bool known)
{
	int ours = atomic_fetch_add(&h->lines[known].waiting, 1);

	return ours < h->lines[known].most &&
	    ours + atomic_load(&h->lines[!known].waiting) < h->waiting_max;
}

static void
leave(struct gate_hashing *h, bool known)
{
	atomic_fetch_sub(&h->lines[known].waiting, 1);
}

/* Where both lines wait, they take turns: neither holds up the other. */
static int
try_turn(struct gate_hashing *h, bool known, int64_t until)
{
	int turn;

	if (atomic_load(&h->last) == known && atomic_load(&h->lines[!known].next) > 0)
		return -1;
	turn = take_any(h, until);
	if (turn >= 0)
		atomic_store(&h->last, known);
	return turn;
}

int
gate_hashing_enter(struct gate_hashing *h, bool known, int64_t deadline)
{
	int turn = -1;

	/* A try that comes now does not overtake those that wait in the same line. */
	if (atomic_load(&h->lines[known].waiting) == 0 &&
	    (turn = try_turn(h, known, deadline)) >= 0)
		return turn;
	atomic_fetch_add(&h->lines[known].next, 1);
	if (join(h, known))
		while (
		    (turn = try_turn(h, known, deadline)) < 0 && gate_clock_monotonic() < deadline)
			gate_clock_pause();
	leave(h, known);
	atomic_fetch_sub(&h->lines[known].next, 1);
	return turn;
}

void
gate_hashing_leave(struct gate_hashing *h, int turn)
{
	if (turn < 0)
		return;
	gate_queue_leave(&h->turns[turn].queue);
	atomic_store(&h->turns[turn].taken, false);
	atomic_fetch_sub(&h->holding, 1);
}

int
gate_hashing_stand_by(
    struct gate_hashing *h, bool known, int (*ready)(void *data), void *data, int64_t deadline)
{
	struct line *line = &h->lines[known];
	bool has_room = join(h, known);
	int is_ready = 0;

	if (atomic_fetch_add(&line->standing_by, 1) < (line->most + 1) / 2 && has_room)
		while (!(is_ready = ready(data)) && gate_clock_monotonic() < deadline)
			gate_clock_pause();
	atomic_fetch_sub(&line->standing_by, 1);
	leave(h, known);
	return is_ready;
}
