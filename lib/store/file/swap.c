/* store/file/swap.c: replaces a record's file, but only if it still is the one that was read. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/queue.h"
#include "crypto/id.h"
#include "store/file/private.h"

#define BLOCK_SIZE 4096 /* bytes to compare at once */

static int
write_all(int fd, const char *text, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t n = pwrite(fd, text + done, length - done, (off_t)done);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

/* Returns true if `name` is the file that was read. */
static bool
is_at(int directory, const char *name, const struct gate_store_file_was *was)
{
	struct stat st;

	return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == was->inode &&
	    st.st_dev == was->device;
}

/* Returns true if the file still holds what was read. Call it with the file locked. */
static bool
is_unchanged(const struct gate_store_file_was *was)
{
	char block[BLOCK_SIZE];
	size_t done = 0;
	ssize_t n;

	while ((n = pread(was->fd, block, sizeof block, (off_t)done)) > 0) {
		if ((size_t)n > was->length - done ||
		    memcmp(block, was->bytes + done, (size_t)n) != 0)
			return false;
		done += (size_t)n;
		if ((size_t)n < sizeof block)
			break;
	}
	return n >= 0 && done == was->length;
}

int
gate_store_file_claim(struct gate_store_file_dir *dir, const char *name,
    const struct gate_store_file_was *was, int64_t deadline)
{
	if (gate_store_file_lock(was->fd, LOCK_EX, deadline) < 0)
		return -1;
	return is_at(dir->records, name, was) && is_unchanged(was) ? 1 : GATE_CONFLICT;
}

/* Writes text to a new file in .gate/tmp, and its name there to `name`. Returns the descriptor, or
 * -1 with errno set. The file is locked, so that nobody reads it in its new place before it is
 * certain to stay there. */
static int
write_aside(
    struct gate_store_file_dir *dir, const char *text, size_t length, char name[GATE_ID_MAX + 1])
{
	int fd, reason;

	if (gate_id_new(GATE_GENID_RANDOM, name) < 0)
		return -1;
	do {
		fd = openat(dir->tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	} while (fd < 0 && gate_store_file_remade(dir));
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && write_all(fd, text, length) == 0 &&
	    (!dir->sync || fsync(fd) == 0))
		return fd;
	reason = errno;
	unlinkat(dir->tmp, name, 0);
	close(fd);
	errno = reason;
	return -1;
}

/* Renames over the record's file, where there is no RENAME_EXCHANGE. Between the check and the
 * rename only locks protect the file, and Node takes none. */
static int
rename_over(struct gate_store_file_dir *dir, const char *aside, const char *name,
    const struct gate_store_file_was *was)
{
	if (!atomic_exchange(&dir->plain_rename, true))
		gate_log(GATE_LOG_WARN, "store-rename", "store", dir->path, "error",
		    "the file system can't exchange two files: plain renames are used", NULL);
	if (!is_at(dir->records, name, was))
		return GATE_CONFLICT;
	return renameat(dir->tmp, aside, dir->records, name) == 0 ? 1 : -1;
}

/* Opens and locks a file that came out of the record's place; exchange puts it back. While it is
 * open, no other file gets its inode number. The lock matters if Node has replaced the file
 * already: it is then in the record's place for an instant, and no gate process must read it there.
 * Returns the descriptor, or -1. A file that can't be locked is put back without. */
static int
hold(struct gate_store_file_dir *dir, const char *aside, int64_t deadline)
{
	int fd = openat(dir->tmp, aside, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return openat(dir->tmp, aside, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	gate_store_file_lock(fd, LOCK_EX, deadline);
	return fd;
}

/* Exchanges the file `aside`, whose inode is `going`, with the record's file. Returns 1 if the file
 * that comes out is the one that was read, GATE_CONFLICT if not, or -1 with errno set. Node takes
 * no locks and may have renamed another file there meanwhile: then that one comes out, and is put
 * back. Now ours must come out; if not, Node was there again, and its newer file is put back, until
 * the file that comes out is the one that went in last. */
static int
exchange(struct gate_store_file_dir *dir, const char *aside, const char *name, ino_t going,
    const struct gate_record *record, int held[2])
{
	const struct gate_store_file_was *was = record->was;
	ino_t expected = was->inode;
	struct stat out;

	for (int round = 0;; round++) {
		if (renameat2(dir->tmp, aside, dir->records, name, RENAME_EXCHANGE) < 0) {
			if (round == 0 && (errno == EINVAL || errno == ENOSYS))
				return rename_over(dir, aside, name, was);
			return errno == ENOENT ? GATE_CONFLICT : -1;
		}
		if (fstatat(dir->tmp, aside, &out, AT_SYMLINK_NOFOLLOW) < 0)
			return -1;
		if (out.st_ino == expected)
			return round == 0 ? 1 : GATE_CONFLICT;
		if (held[round % 2] >= 0)
			close(held[round % 2]);
		held[round % 2] = hold(dir, aside, record->deadline);
		expected = going;
		going = out.st_ino;
	}
}

/* Replaces the file that was read, which the caller has locked, by a new one. Returns 1,
 * GATE_CONFLICT or -1, as gate_store_file_replace. */
static int
swap(struct gate_store_file_dir *dir, const char *name, const char *text, size_t length,
    const struct gate_record *record)
{
	char aside[GATE_ID_MAX + 1];
	int held[2] = {-1, -1}, result = -1, reason, fd = write_aside(dir, text, length, aside);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0) {
		/* writing took time: look again, so that an exchange seldom has to be undone */
		result = GATE_CONFLICT;
		if (is_at(dir->records, name, record->was))
			result = exchange(dir, aside, name, st.st_ino, record, held);
	}
	reason = errno;
	unlinkat(dir->tmp, aside, 0); /* the file that was read, or ours; while it is locked */
	for (int i = 0; i < 2; i++)
		if (held[i] >= 0)
			close(held[i]);
	close(fd);
	errno = reason;
	return result;
}

/* Lets one process at a time replace the file of a name. If Node renames a file there, two of ours
 * can hold locks of different files, and must not put back what the other one put in. A process
 * takes its turn before it takes a lock: so whoever has a lock never waits for a turn, and none
 * wait for ever. */
int
gate_store_file_replace(struct gate_store_file_dir *dir, const char *name, const char *text,
    size_t length, const struct gate_record *record)
{
	struct gate_queue turn = {.fd = -1, .place = -1};
	int result = -1, reason;

	do {
		turn.fd =
		    openat(dir->side, "queue", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	} while (turn.fd < 0 && gate_store_file_remade(dir));
	if (turn.fd < 0)
		return -1;
	errno = ETIMEDOUT;
	if (gate_queue_wait(&turn, name, record->deadline))
		result = gate_store_file_claim(dir, name, record->was, record->deadline);
	if (result == 1)
		result = swap(dir, name, text, length, record);
	reason = errno;
	gate_queue_close(&turn);
	errno = reason;
	if (result == 1 && dir->sync && fsync(dir->records) < 0)
		return -1;
	return result;
}

/* Writes at most a page, by one pwrite. Writes the old content back if that fails half-way, or if
 * the file is no longer at `name`: exchange in another process may have moved it and be about to
 * put it back. */
int
gate_store_file_overwrite(struct gate_store_file_dir *dir, const char *name, const char *text,
    const struct gate_record *record)
{
	const struct gate_store_file_was *was = record->was;
	int result = gate_store_file_claim(dir, name, was, record->deadline), reason = 0;

	if (result != 1)
		return result;
	result = GATE_CONFLICT;
	if (write_all(was->fd, text, was->length) < 0) {
		result = -1;
		reason = errno;
	} else if (is_at(dir->records, name, was)) {
		return 1;
	}
	if (write_all(was->fd, was->bytes, was->length) < 0)
		return -1;
	errno = reason;
	return result;
}

/* Moves the file to `name` by RENAME_NOREPLACE, or by a hard link where the file system has no such
 * rename. Returns 1, 0 if the name is taken, or -1 with errno set. */
static int
move_in(struct gate_store_file_dir *dir, const char *aside, const char *name)
{
	if (renameat2(dir->tmp, aside, dir->records, name, RENAME_NOREPLACE) == 0)
		return 1;
	if ((errno == EINVAL || errno == ENOSYS) &&
	    linkat(dir->tmp, aside, dir->records, name, 0) == 0) {
		unlinkat(dir->tmp, aside, 0);
		return 1;
	}
	return errno == EEXIST ? 0 : -1;
}

int
gate_store_file_put_new(
    struct gate_store_file_dir *dir, const char *name, const char *text, size_t length)
{
	char aside[GATE_ID_MAX + 1];
	int result, reason, fd = write_aside(dir, text, length, aside);

	if (fd < 0)
		return -1;
	close(fd);
	result = move_in(dir, aside, name);
	if (result == 1)
		return dir->sync && fsync(dir->records) < 0 ? -1 : 1;
	reason = errno;
	unlinkat(dir->tmp, aside, 0);
	errno = reason;
	return result;
}
