/* base/replace.c: replaces a file that people edit, whole or not at all, one change at a time. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/fresh.h"
#include "base/replace.h"

#define LOCK_TIME 5000 /* ms */
#define ACL "system.posix_acl_access"
#define ACL_SIZE_MAX 4096

void
gate_replace_close(struct gate_replace *place)
{
	int reason = errno;

	if (place->fd >= 0)
		close(place->fd);
	if (place->folder >= 0)
		close(place->folder);
	free(place->real);
	place->folder = place->fd = -1;
	place->real = place->name = NULL;
	errno = reason;
}

/* Is the locked file still the one of that name, and unchanged? */
static bool
is_in_place(const struct gate_replace *place)
{
	struct stat there;

	return fstatat(place->folder, place->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    gate_fresh_is_same(&there, &place->st);
}

static int
open_folder(struct gate_replace *place)
{
	int fd;

	if (place->make) {
		fd = open(place->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
		if (fd < 0)
			return -1;
		close(fd);
	}
	place->real = realpath(place->path, NULL);
	if (place->real == NULL)
		return -1;
	place->name = strrchr(place->real, '/');
	*place->name++ = '\0';
	place->folder =
	    open(*place->real != '\0' ? place->real : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place->folder;
}

/* Opens and locks the file. The lock is on the file itself: only users who may read it can hold us
 * up, and no lock file is left beside it. Returns 1, 0 if another process has the lock or put
 * another file there, or -1 with errno. */
static int
try_place(struct gate_replace *place)
{
	if (open_folder(place) < 0)
		return -1;
	place->fd =
	    openat(place->folder, place->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (place->fd < 0)
		return -1;
	if (flock(place->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
	if (gate_fresh_look_at(place->fd, &place->st) < 0)
		return -1;
	snprintf(place->aside, sizeof place->aside, ".gate-new-%ju", (uintmax_t)place->st.st_ino);
	return is_in_place(place);
}

int
gate_replace_open(struct gate_replace *place)
{
	int64_t deadline = gate_clock_monotonic() + LOCK_TIME;
	int result;

	while ((result = try_place(place)) == 0 && gate_clock_monotonic() < deadline) {
		gate_replace_close(place);
		gate_clock_pause();
	}
	if (result == 0)
		errno = ETIMEDOUT;
	return result == 1 ? 0 : -1;
}

/* Gives the new file the owner and the rights of the old one, and its access list: the mode of a
 * file with a list shows the most that anybody on it may do, and without the list the group might
 * get more. */
static int
copy_access(void *data, int fd)
{
	const struct gate_replace *place = data;
	char list[ACL_SIZE_MAX];
	ssize_t size = fgetxattr(place->fd, ACL, list, sizeof list);

	if (fchown(fd, place->st.st_uid, place->st.st_gid) < 0)
		return -1;
	if (size < 0 && errno != ENODATA && errno != ENOTSUP)
		return -1;
	if (size > 0 ? fsetxattr(fd, ACL, list, (size_t)size, 0) < 0
		     : fremovexattr(fd, ACL) < 0 && errno != ENODATA && errno != ENOTSUP)
		return -1;
	return fchmod(fd, place->st.st_mode & 0777 & ~place->never);
}

/* Puts text in the place of the locked file. Returns 1, or -1 with the error set. */
static int
put(struct gate_replace *place, const struct gate_buffer *text, const char *shown,
    struct gate_error *error)
{
	int result = 1;

	if (gate_file_write(place->folder, place->aside, text, copy_access, place) < 0)
		result = gate_fail_errno(error, GATE_ESYSTEM, "%.110s can't be changed", shown);
	else if (!is_in_place(place))
		result = gate_fail(error, GATE_ESYSTEM,
		    "%.110s was changed by somebody else meanwhile: try again", shown);
	else if (renameat(place->folder, place->aside, place->folder, place->name) < 0)
		result = gate_fail_errno(error, GATE_ESYSTEM, "%.110s can't be changed", shown);
	else if (fsync(place->folder) < 0)
		return gate_fail_errno(error, GATE_ESYSTEM,
		    "%.110s is changed, but may not be after a power cut", shown);
	if (result < 0)
		unlinkat(place->folder, place->aside, 0);
	return result;
}

int
gate_replace_edit(
    struct gate_replace *place, const struct gate_replace_edit *edit, struct gate_error *error)
{
	struct gate_buffer old = {0}, new = {.limit = edit->most};
	int result, mark = gate_file_read(place->fd, edit->most, &old);

	if (mark < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "%.110s", edit->shown);
	gate_buffer_puts(&new, mark > 0 ? GATE_FILE_MARK : "");
	result = edit->compose(edit->data, &old, &new);
	if (result > 0 && new.failed)
		result = gate_fail(
		    error, GATE_ESYSTEM, "%.110s: there is no room for more", edit->shown);
	else if (result > 0)
		result = put(place, &new, edit->shown, error);
	gate_buffer_release(&old);
	gate_buffer_release(&new);
	return result;
}
