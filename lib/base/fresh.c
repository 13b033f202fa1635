/* base/fresh.c: reads a file that people edit, and reads it again when it may have changed. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/fresh.h"

#define SETTLE_TIME 2000 /* ms: the coarsest step of any file system's times */

int
gate_fresh_look_at(int fd, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return -1;
	if (S_ISREG(st->st_mode))
		return 0;
	errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
	return -1;
}

bool
gate_fresh_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool
is_current(const struct gate_fresh *fresh)
{
	struct stat st;

	return fresh->settled && stat(fresh->path, &st) == 0 &&
	    gate_fresh_is_same(&st, &fresh->read);
}

/* Two changes within a tick of the file system's clock leave the same times: so a file that had
 * just been changed when it was read is read again. */
int
gate_fresh_read(struct gate_fresh *fresh, size_t most, struct gate_buffer *text)
{
	int64_t now = gate_clock_wall();
	int fd, result = -1, reason;
	struct stat st;

	if (is_current(fresh))
		return 0;
	gate_fresh_forget(fresh);
	fd = open(fresh->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (gate_fresh_look_at(fd, &st) == 0 && gate_file_read(fd, most, text) >= 0)
		result = 1;
	reason = errno;
	close(fd);
	errno = reason;
	if (result < 0)
		return -1;
	fresh->read = st;
	fresh->settled = now - gate_clock_ms(&st.st_ctim) >= SETTLE_TIME;
	return 1;
}

void
gate_fresh_forget(struct gate_fresh *fresh)
{
	fresh->settled = false;
}
