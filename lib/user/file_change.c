/* user/file_change.c: changes an htpasswd file, whole or not at all, one change at a time. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "user/file_private.h"
#include "user/rules.h"

#define LOCK_TIME 5000 /* ms */
#define ACL "system.posix_acl_access"
#define ACL_SIZE_MAX 4096

struct place { /* the users' file: links resolved, its folder open, the file locked */
	int folder, fd;
	char *path, *name; /* path: the folder's; name: the file's, in path's memory */
	struct stat st;    /* the file's status when it was locked */
	char aside[40];    /* the new file's name; only the holder of this inode's lock writes it */
};

static void
close_place(struct place *place)
{
	int reason = errno;

	if (place->fd >= 0)
		close(place->fd);
	if (place->folder >= 0)
		close(place->folder);
	free(place->path);
	*place = (struct place){.folder = -1, .fd = -1};
	errno = reason;
}

/* Is the locked file still the one of that name, and unchanged? */
static bool
is_in_place(const struct place *place)
{
	struct stat there;

	return fstatat(place->folder, place->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    gate_user_file_is_same(&there, &place->st);
}

static int
open_folder(struct place *place, const struct gate_user_file *file)
{
	int fd;

	if (file->make) {
		fd = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
		if (fd < 0)
			return -1;
		close(fd);
	}
	place->path = realpath(file->path, NULL);
	if (place->path == NULL)
		return -1;
	place->name = strrchr(place->path, '/');
	*place->name++ = '\0';
	place->folder =
	    open(*place->path != '\0' ? place->path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place->folder;
}

/* Opens and locks the file. The lock is on the file itself: only users who may read it can hold us
 * up, and no lock file is left beside it. Returns 1, 0 if another process has the lock or put
 * another file there, or -1 with errno. */
static int
try_place(struct place *place, const struct gate_user_file *file)
{
	*place = (struct place){.folder = -1, .fd = -1};
	if (open_folder(place, file) < 0)
		return -1;
	place->fd =
	    openat(place->folder, place->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (place->fd < 0)
		return -1;
	if (flock(place->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
	if (gate_user_file_look_at(place->fd, &place->st) < 0)
		return -1;
	snprintf(place->aside, sizeof place->aside, ".gate-users-%ju", (uintmax_t)place->st.st_ino);
	return is_in_place(place);
}

static int
open_place(struct place *place, const struct gate_user_file *file, struct gate_error *error)
{
	int64_t deadline = gate_clock_monotonic() + LOCK_TIME;
	int result;

	while ((result = try_place(place, file)) == 0 && gate_clock_monotonic() < deadline) {
		close_place(place);
		gate_clock_pause();
	}
	if (result == 0)
		errno = ETIMEDOUT;
	return result == 1 ? 0 : gate_user_file_fail(file, " can't be changed", error);
}

/* Gives the new file the owner and the rights of the old one, and its access list: the mode of a
 * file with a list shows the most that anybody on it may do, and without the list the group might
 * get more. */
static int
copy_access(void *data, int fd)
{
	const struct place *place = data;
	char list[ACL_SIZE_MAX];
	ssize_t size = fgetxattr(place->fd, ACL, list, sizeof list);

	if (fchown(fd, place->st.st_uid, place->st.st_gid) < 0)
		return -1;
	if (size > 0)
		return fsetxattr(fd, ACL, list, (size_t)size, 0);
	if (size < 0 && errno != ENODATA && errno != ENOTSUP)
		return -1;
	if (fremovexattr(fd, ACL) < 0 && errno != ENODATA && errno != ENOTSUP)
		return -1;
	return fchmod(fd, place->st.st_mode & 0770); /* no rights for others, ever */
}

/* Puts text in the place of the file, whole or not at all. Returns 1, or -1 with the error set. */
static int
put(struct place *place, const struct gate_buffer *text, const struct gate_user_file *file,
    struct gate_error *error)
{
	int result = 1;

	if (gate_file_write(place->folder, place->aside, text, copy_access, place) < 0)
		result = gate_user_file_fail(file, " can't be changed", error);
	else if (!is_in_place(place))
		result = gate_fail(error, GATE_ESYSTEM,
		    "users %.100s was changed by somebody else meanwhile: try again", file->url);
	else if (renameat(place->folder, place->aside, place->folder, place->name) < 0)
		result = gate_user_file_fail(file, " can't be changed", error);
	else if (fsync(place->folder) < 0)
		return gate_user_file_fail(
		    file, " is changed, but may not be after a power cut", error);
	if (result < 0)
		unlinkat(place->folder, place->aside, 0);
	return result;
}

/* Must there be such a user already? If not, there must be none. */
static bool
wants_one(const struct gate_user_edit *edit)
{
	return edit->change != GATE_USER_ADD;
}

static bool
ends_sessions(const struct gate_user_edit *edit)
{
	return edit->change != GATE_USER_ADD && edit->change != GATE_USER_REHASH;
}

static bool
is_hash(const struct gate_user_entry *user, const char *hash)
{
	return strlen(hash) == user->hash_length &&
	    memcmp(hash, user->hash, user->hash_length) == 0;
}

/* Adds one line, with the edit made in it; a line that the edit removes is not added. */
static void
compose_line(struct gate_buffer *new, const struct gate_user_edit *edit,
    const struct gate_user_line *line, const char *text, bool first)
{
	size_t length = strlen(edit->name);

	if (edit->change == GATE_USER_REMOVE && gate_user_is_named(&line->user, edit->name, length))
		return;
	if (ends_sessions(edit) && gate_user_is_named(&line->end, edit->name, length))
		return;
	if (first && edit->hash != NULL) {
		gate_buffer_add(new, text, (size_t)(line->user.hash - text));
		gate_buffer_puts(new, edit->hash);
		text = line->user.hash + line->user.hash_length;
	}
	gate_buffer_add(new, text, (size_t)(line->next - text));
}

/* Ends the last line if it has no line end, so that another line can follow. begin: where the first
 * line begins in `new`. */
static void
begin_line(struct gate_buffer *new, size_t begin, const char *line_end)
{
	char last = new->length > begin ? new->data[new->length - 1] : '\n';

	if (last != '\n') /* "\r\r\n" would make the first \r a part of the hash */
		gate_buffer_puts(new, last == '\r' ? "\n" : line_end);
}

/* Returns the time before which the user's sessions are over: the edit's, or later than now and
 * `before`; never earlier than `before`, the time so far. */
static int64_t
end_of(const struct gate_user_edit *edit, int64_t before)
{
	int64_t now = gate_clock_wall();

	if (edit->change == GATE_USER_END)
		return edit->since > before ? edit->since : before;
	return (now > before ? now : before) + 1;
}

/* Composes the new text; other users' lines stay byte for byte. A removal drops all lines of the
 * name: without the first, the next would count. Returns 1, or 0 if the user is not as the edit
 * needs it. */
static int
compose(struct gate_buffer *new, const struct gate_buffer *old, const struct gate_user_edit *edit)
{
	const char *text = old->data, *end = text + old->length;
	const char *line_end = gate_file_line_end(text, old->length);
	size_t length = strlen(edit->name), begin = new->length;
	struct gate_user_line line = {.next = text};
	int64_t since = 0;
	bool found = false;

	while ((text = line.next) < end) {
		bool first;

		gate_user_line_parse(&line, text, end);
		first = !found && gate_user_is_named(&line.user, edit->name, length);
		found |= first;
		if (first && edit->was != NULL && !is_hash(&line.user, edit->was))
			return 0;
		if (gate_user_is_named(&line.end, edit->name, length) && line.end.since > since)
			since = line.end.since;
		compose_line(new, edit, &line, text, first);
	}
	if (found != wants_one(edit))
		return 0;
	if (old->length > 0 && (!found || ends_sessions(edit)))
		begin_line(new, begin, line_end);
	if (!found)
		gate_buffer_printf(new, "%s:%s%s", edit->name, edit->hash, line_end);
	if (ends_sessions(edit))
		gate_user_line_print_end(new, edit->name, end_of(edit, since), line_end);
	return 1;
}

static int
check_change(const struct gate_user_edit *change, struct gate_error *error)
{
	const char *why = gate_user_name_refusal(change->name, strlen(change->name));

	if (why != NULL)
		return gate_fail(error, GATE_EOPTION, "the user's name %s", why);
	if (change->hash != NULL)
		why = gate_user_hash_refusal(change->hash, strlen(change->hash));
	return why == NULL ? 0 : gate_fail(error, GATE_EOPTION, "the new hash %s", why);
}

int
gate_user_file_change(void *users, const struct gate_user_edit *edit, struct gate_error *error)
{
	struct gate_buffer old = {0}, new = {.limit = GATE_USER_FILE_MAX};
	struct place place = {.folder = -1, .fd = -1};
	int result = -1, mark;

	if (check_change(edit, error) < 0 || open_place(&place, users, error) < 0)
		goto out;
	mark = gate_file_read(place.fd, GATE_USER_FILE_MAX, &old);
	gate_buffer_puts(&new, mark > 0 ? GATE_FILE_MARK : "");
	if (mark < 0)
		gate_user_file_fail(users, "", error);
	else if ((result = compose(&new, &old, edit)) == 0)
		goto out;
	else if (new.failed)
		result = gate_fail(error, GATE_ESYSTEM, "users: there is no room for more");
	else
		result = put(&place, &new, users, error);
out:
	gate_buffer_release(&old);
	gate_buffer_release(&new);
	close_place(&place);
	return result;
}
