/* base/queue.c: one request at a time per session id, by locks on bytes of a file.
 * The locked bytes lie beyond the file's end: only the times of holders are ever written. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/queue.h"

#define TIMES 4096 /* places share this many times in the file */
#define GRACE 1000 /* ms that a holder may take beyond its time */
#define DOUBT 50   /* ms; a new holder may not have written its time yet */

int
gate_queue_open_file(
    struct gate_queue *queue, const char *run_dir, const char *name, struct gate_error *error)
{
	char path[4096];

	*queue = (struct gate_queue){.fd = -1, .place = -1};
	if (snprintf(path, sizeof path, "%s/%s", run_dir, name) >= (int)sizeof path)
		return gate_fail(error, GATE_EOPTION, "run_dir %.60s… is too long", run_dir);
	if (mkdir(run_dir, 0700) < 0 && errno != EEXIST)
		return gate_fail_errno(error, GATE_ESYSTEM, "run_dir %s can't be made", run_dir);
	queue->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (queue->fd < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "%s can't be opened", path);
	return 0;
}

int
gate_queue_open(struct gate_queue *queue, const char *run_dir, struct gate_error *error)
{
	return gate_queue_open_file(queue, run_dir, "queue", error);
}

void
gate_queue_close(struct gate_queue *queue)
{
	if (queue->fd >= 0)
		close(queue->fd);
	*queue = (struct gate_queue){.fd = -1, .place = -1};
}

/* Returns an id's place, by FNV-1a. Two ids with one place only wait for each other. */
static int64_t
place_of(const char *id)
{
	uint64_t hash = 14695981039346656037u;

	for (; *id != '\0'; id++)
		hash = (hash ^ (unsigned char)*id) * 1099511628211u;
	return (int64_t)(hash >> 2);
}

static int
lock(struct gate_queue *queue, int64_t place, short type)
{
	struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};

	return fcntl(queue->fd, F_OFD_SETLK, &range);
}

/* Takes a place. Returns 1 or 0. On a file system without locks, each place is free: returns 1. */
static int
take(struct gate_queue *queue, int64_t place)
{
	if (lock(queue, place, F_WRLCK) < 0)
		return errno == EAGAIN || errno == EACCES ? 0 : 1;
	queue->place = place;
	return 1;
}

int
gate_queue_try(struct gate_queue *queue, const char *id)
{
	int64_t place = place_of(id);

	if (queue->fd < 0 || queue->place == place)
		return 1;
	gate_queue_leave(queue);
	return take(queue, place);
}

/* ---- holders that were stopped ---- */

static off_t
offset_of_time(int64_t place)
{
	return (off_t)(place % TIMES * (int64_t)sizeof(int64_t));
}

/* Is a place's holder over its time? Only if the noted time stays the same for DOUBT ms: a new
 * holder soon replaces the time that an earlier one left. */
static bool
is_late(struct gate_queue *queue, int64_t place, struct gate_queue_late *late)
{
	int64_t now = gate_clock_monotonic(), until;

	if (pread(queue->fd, &until, sizeof until, offset_of_time(place)) != sizeof until ||
	    now <= until)
		return false;
	if (late->until != until)
		*late = (struct gate_queue_late){.until = until, .since = now};
	return now - late->since >= DOUBT;
}

int
gate_queue_try_until(struct gate_queue *queue, const char *id, int64_t until)
{
	int64_t now = gate_clock_monotonic(), place = place_of(id);
	int taken;

	if (queue->fd < 0)
		return 1;
	gate_queue_leave(queue);
	for (int i = 0; (taken = take(queue, place)) == 0 && i < GATE_QUEUE_LATE; i++, place++)
		if (!is_late(queue, place, &queue->late[i]))
			return 0;
	until = (until > now ? until : now) + GRACE;
	if (queue->place >= 0 && pwrite(queue->fd, &until, sizeof until, offset_of_time(place)) < 0)
		return 1; /* without a note, others may pass us over */
	return taken;
}

int
gate_queue_wait(struct gate_queue *queue, const char *id, int64_t deadline)
{
	while (!gate_queue_try(queue, id)) {
		if (gate_clock_monotonic() >= deadline)
			return 0;
		gate_clock_pause();
	}
	return 1;
}

void
gate_queue_leave(struct gate_queue *queue)
{
	if (queue->place >= 0)
		lock(queue, queue->place, F_UNLCK);
	queue->place = -1;
}
