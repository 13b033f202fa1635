/* login/hashing.c: turns to hash a password; each turn is the lock of a file. */
#include "config.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/queue.h"
#include "login/hashing.h"

struct turn {
	struct gate_queue queue;
	atomic_bool taken; /* by a thread of this worker; only that thread uses the queue */
};

struct line {
	atomic_int waiting;       /* threads in gate_hashing_enter */
	atomic_int waiting_until; /* threads in gate_hashing_wait_until */
	int most;                 /* the limit of `waiting`; `waiting_until` has half of it */
};

struct gate_hashing {
	atomic_int holding, waiting; /* threads: with a turn; waiting for one, in both lines */
	atomic_bool last;            /* a known device had the last turn */
	int holding_max, waiting_max, count;
	struct line lines[2]; /* of unknown devices, and of known ones */
	struct turn turns[];
};

/* Leaves one core to everything else. */
static int
count_turns(void)
{
	cpu_set_t cores;
	long count;

	if (sched_getaffinity(0, sizeof cores, &cores) == 0)
		count = CPU_COUNT(&cores);
	else /* there are more cores than the set has room for */
		count = sysconf(_SC_NPROCESSORS_ONLN);
	return count > 2 ? (int)count - 1 : 1;
}

/* Known devices may take all places to wait; a quarter of them is closed to unknown devices. */
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

static bool
add_below(atomic_int *count, int most)
{
	int n = atomic_load(count);

	while (n < most)
		if (atomic_compare_exchange_weak(count, &n, n + 1))
			return true;
	return false;
}

static void
leave(struct gate_hashing *h, bool known)
{
	atomic_fetch_sub(&h->waiting, 1);
	atomic_fetch_sub(&h->lines[known].waiting, 1);
}

/* Takes a place in the line. Returns false if too many threads wait. */
static bool
join(struct gate_hashing *h, bool known)
{
	struct line *line = &h->lines[known];

	if (!add_below(&line->waiting, line->most))
		return false;
	if (add_below(&h->waiting, h->waiting_max))
		return true;
	atomic_fetch_sub(&line->waiting, 1);
	return false;
}

/* While threads wait in both lines, each line gets every other turn: neither holds up the other. */
static int
try_turn(struct gate_hashing *h, bool known, int64_t until)
{
	int turn = -1;

	if (atomic_load(&h->last) != known || atomic_load(&h->lines[!known].waiting) == 0)
		turn = take_any(h, until);
	if (turn >= 0)
		atomic_store(&h->last, known);
	return turn;
}

int
gate_hashing_enter(struct gate_hashing *h, bool known, int64_t deadline)
{
	int turn = -1;

	/* A new attempt does not overtake those that wait in the same line. */
	if (atomic_load(&h->lines[known].waiting) == 0 &&
	    (turn = try_turn(h, known, deadline)) >= 0)
		return turn;
	if (!join(h, known))
		return -1;
	while ((turn = try_turn(h, known, deadline)) < 0 && gate_clock_monotonic() < deadline)
		gate_clock_pause();
	leave(h, known);
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

/* Returns true if more threads wait than may, and this one has to leave: one leaves for each that
 * is too many. */
static bool
gives_way(struct gate_hashing *h, struct line *line)
{
	int ours = atomic_load(&line->waiting_until), all = atomic_load(&h->waiting);

	for (int i = 0; i < 2; i++)
		all += atomic_load(&h->lines[i].waiting_until);
	return all > h->waiting_max &&
	    atomic_compare_exchange_strong(&line->waiting_until, &ours, ours - 1);
}

int
gate_hashing_wait_until(
    struct gate_hashing *h, bool known, int (*ready)(void *data), void *data, int64_t deadline)
{
	struct line *line = &h->lines[known];
	int is_ready = 0;

	if (!add_below(&line->waiting_until, (line->most + 1) / 2))
		return 0;
	while (!is_ready && gate_clock_monotonic() < deadline) {
		if (gives_way(h, line))
			return 0;
		is_ready = ready(data);
		if (!is_ready)
			gate_clock_pause();
	}
	atomic_fetch_sub(&line->waiting_until, 1);
	return is_ready;
}
