/* user/file_read.c: reads an htpasswd file, and tells whether it has changed. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "user/file_private.h"

int
gate_user_file_fail(const struct gate_user_file *file, const char *what, struct gate_error *error)
{
	if (errno == ENOENT)
		return gate_fail(error, GATE_ESYSTEM, "users %.100s: %s", file->url,
		    file->make ? "its folder is not there"
			       : "it is not there: gate user add makes it");
	return gate_fail_errno(error, GATE_ESYSTEM, "users %.100s%s", file->url, what);
}

int
gate_user_file_look_at(int fd, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return -1;
	if (S_ISREG(st->st_mode))
		return 0;
	errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
	return -1;
}

int
gate_user_file_read(const struct gate_user_file *file, struct gate_buffer *text, struct stat *st)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), result = -1, reason;

	*st = (struct stat){0};
	if (fd < 0)
		return errno == ENOENT && file->make ? gate_buffer_puts(text, "") : -1;
	if (gate_user_file_look_at(fd, st) == 0)
		result = gate_file_read(fd, GATE_USER_FILE_MAX, text) < 0 ? -1 : 0;
	reason = errno;
	close(fd);
	errno = reason;
	return result;
}

bool
gate_user_file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}
