/* hashing.c: turns at hashing a password, by locks on files that nobody writes. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "hashing.h"

struct turn {
	int fd;
	atomic_bool taken; /* by a thread of ours, whom the kernel's lock wouldn't keep out */
};

struct gate_hashing {
	atomic_int holding, waiting, standing_by; /* who stands by waits, too */
	int holding_max, waiting_max, count;
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

static int
open_turn(const char *run_dir, int number, struct gate_error *error)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof path, "%s/hash.%d", run_dir, number) >= (int)sizeof path)
		return gate_fail(error, GATE_EOPTION, "run_dir %.60s… is too long", run_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "%s can't be opened", path);
	return fd;
}

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
	if (mkdir(run_dir, 0700) < 0 && errno != EEXIST) {
		gate_fail_errno(error, GATE_ESYSTEM, "run_dir %s can't be made", run_dir);
		goto fail;
	}
	for (; h->count < count; h->count++) {
		int fd = open_turn(run_dir, h->count, error);

		if (fd < 0)
			goto fail;
		h->turns[h->count].fd = fd;
	}
	return h;
fail:
	gate_hashing_close(h);
	return NULL;
}

void
gate_hashing_close(struct gate_hashing *h)
{
	if (h == NULL)
		return;
	for (int i = 0; i < h->count; i++)
		close(h->turns[i].fd);
	free(h);
}

static int
lock(int fd, short type)
{
	struct flock whole = {.l_type = type, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &whole);
}

/* A file system without locks bounds each worker only. */
static bool
take(struct turn *turn)
{
	if (atomic_exchange(&turn->taken, true))
		return false;
	if (lock(turn->fd, F_WRLCK) == 0 || (errno != EAGAIN && errno != EACCES))
		return true;
	atomic_store(&turn->taken, false);
	return false;
}

static int
take_any(struct gate_hashing *h)
{
	if (atomic_fetch_add(&h->holding, 1) < h->holding_max)
		for (int i = 0; i < h->count; i++)
			if (take(&h->turns[i]))
				return i;
	atomic_fetch_sub(&h->holding, 1);
	return -1;
}

int
gate_hashing_enter(struct gate_hashing *h, int64_t deadline)
{
	int turn = -1;

	/* Nobody who has just come overtakes those who wait. */
	if (atomic_load(&h->waiting) == 0 && (turn = take_any(h)) >= 0)
		return turn;
	if (atomic_fetch_add(&h->waiting, 1) < h->waiting_max)
		while ((turn = take_any(h)) < 0 && gate_clock_monotonic() < deadline)
			gate_clock_pause();
	atomic_fetch_sub(&h->waiting, 1);
	return turn;
}

void
gate_hashing_leave(struct gate_hashing *h, int turn)
{
	if (turn < 0)
		return;
	lock(h->turns[turn].fd, F_UNLCK);
	atomic_store(&h->turns[turn].taken, false);
	atomic_fetch_sub(&h->holding, 1);
}

int
gate_hashing_stand_by(
    struct gate_hashing *h, int (*ready)(void *data), void *data, int64_t deadline)
{
	int is_ready = 0, waiting = atomic_fetch_add(&h->waiting, 1);

	if (atomic_fetch_add(&h->standing_by, 1) < h->waiting_max / 2 && waiting < h->waiting_max)
		while (!(is_ready = ready(data)) && gate_clock_monotonic() < deadline)
			gate_clock_pause();
	atomic_fetch_sub(&h->standing_by, 1);
	atomic_fetch_sub(&h->waiting, 1);
	return is_ready;
}
