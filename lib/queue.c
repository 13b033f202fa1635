/* queue.c: one at a time per session id, by locks on bytes of a file that nobody writes. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "queue.h"

int
gate_queue_open(struct gate_queue *queue, const char *run_dir, struct gate_error *error)
{
	char path[4096];

	*queue = (struct gate_queue){-1, -1};
	if (snprintf(path, sizeof path, "%s/queue", run_dir) >= (int)sizeof path)
		return gate_fail(error, GATE_EOPTION, "run_dir %.60s… is too long", run_dir);
	if (mkdir(run_dir, 0700) < 0 && errno != EEXIST)
		return gate_fail_errno(error, GATE_ESYSTEM, "run_dir %s can't be made", run_dir);
	queue->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (queue->fd < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "%s can't be opened", path);
	return 0;
}

void
gate_queue_close(struct gate_queue *queue)
{
	if (queue->fd >= 0)
		close(queue->fd);
	*queue = (struct gate_queue){-1, -1};
}

/* FNV-1a; two ids that share a byte only wait for each other. */
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

int
gate_queue_try(struct gate_queue *queue, const char *id)
{
	int64_t place = place_of(id);

	if (queue->fd < 0 || queue->place == place)
		return 1;
	gate_queue_leave(queue);
	if (lock(queue, place, F_WRLCK) < 0)
		return errno == EAGAIN || errno == EACCES ? 0 : 1;
	queue->place = place;
	return 1;
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
