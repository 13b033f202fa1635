/* store/file/read.c: finds and reads records, which are JSON files as session-file-store writes
 * them. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "crypto/id.h"
#include "record/record.h"
#include "store/file/private.h"

#define ACCESS_MAX 9e15 /* ms since 1970: the largest __lastAccess; a larger one counts as this */

int
gate_store_file_lock(int fd, int operation, int64_t deadline)
{
	while (flock(fd, operation | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return -1;
		if (gate_clock_monotonic() >= deadline) {
			errno = ETIMEDOUT;
			return -1;
		}
		gate_clock_pause();
	}
	return 0;
}

void
gate_store_file_log(
    struct gate_store_file_dir *dir, const char *event, const char *id, const char *text)
{
	char name[16];

	snprintf(name, sizeof name, "%.8s...", id);
	gate_log(GATE_LOG_WARN, event, "store", dir->path, "file", name, "error", text, NULL);
}

void
gate_store_file_free_was(struct gate_store_file_was *was)
{
	if (was == NULL)
		return;
	close(was->fd);
	free(was);
}

void
gate_store_file_name(char name[GATE_STORE_FILE_NAME_MAX], const char *id)
{
	size_t length = strnlen(id, GATE_ID_MAX);

	memcpy(name, id, length);
	memcpy(name + length, ".json", sizeof ".json");
}

int
gate_store_file_fail(
    const struct gate_store_file_dir *dir, const char *what, struct gate_error *error)
{
	return gate_fail_errno(error, GATE_ESTORE, "store file:%s: %s", dir->path, what);
}

/* Reads the whole file under LOCK_SH. Returns its content, which then owns fd, or NULL with errno
 * set; ESTALE says that another file took its place: open that. */
static struct gate_store_file_was *
slurp(int fd, int64_t deadline)
{
	struct gate_store_file_was *was = NULL;
	struct stat st;
	ssize_t got;

	if (gate_store_file_lock(fd, LOCK_SH, deadline) < 0 || fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_size > GATE_RECORD_SIZE_MAX)
		errno = EFBIG;
	else if (st.st_nlink == 0)
		errno = ESTALE;
	else
		was = malloc(sizeof *was + (size_t)st.st_size);
	if (was == NULL)
		return NULL;
	got = pread(fd, was->bytes, (size_t)st.st_size, 0);
	if (got < 0) {
		free(was);
		return NULL;
	}
	was->fd = fd;
	was->device = st.st_dev;
	was->inode = st.st_ino;
	was->length = (size_t)got;
	flock(fd, LOCK_UN);
	return was;
}

/* Opens with O_NOATIME, if allowed: otherwise the first read after each write would write the
 * access time. Only the file's owner may use O_NOATIME. */
static int
open_record(const struct gate_store_file_dir *dir, const char *name)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = openat(dir->records, name, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(dir->records, name, flags) : fd;
}

/* Returns true if this errno is about the one file, and the store itself works. */
static bool
is_of_the_file(const struct gate_store_file_dir *dir, int reason)
{
	if (reason == EACCES || reason == EPERM)
		return faccessat(dir->records, ".", X_OK, AT_EACCESS) == 0;
	return reason == EFBIG || reason == ELOOP || reason == EISDIR || reason == ENXIO;
}

int
gate_store_file_read(struct gate_store_file_dir *dir, const char *id, int64_t deadline,
    struct gate_store_file_was **was, struct gate_error *error)
{
	char name[GATE_STORE_FILE_NAME_MAX];

	*was = NULL;
	gate_store_file_name(name, id);
	do {
		int fd = open_record(dir, name);

		if (fd < 0 && errno == ENOENT)
			return gate_store_file_check(dir, error) < 0 ? -1 : 0;
		if (fd >= 0)
			*was = slurp(fd, deadline);
		if (*was != NULL)
			return 1;
		if (fd >= 0)
			close(fd); /* close leaves errno as it is */
	} while (errno == ESTALE && gate_clock_monotonic() < deadline);
	if (is_of_the_file(dir, errno)) {
		gate_store_file_log(dir, "session-unreadable", id,
		    "no regular file, or larger than a record may be, or not ours to read and "
		    "write; left as it is");
		return GATE_UNREADABLE;
	}
	return gate_store_file_fail(dir, "a record can't be read", error);
}

/* Follows session-file-store: a record expires at __lastAccess plus originalMaxAge, or plus ttl if
 * it has none; without __lastAccess it never expires. */
int
gate_store_file_parse(const struct gate_store_file_was *was, struct gate_record *record)
{
	struct gate_member access;
	double touched = 0;
	int result = gate_record_parse(record, was->bytes, was->length);

	if (result <= 0)
		return result;
	if (gate_record_get(record, "__lastAccess", &access))
		touched = strtod(access.text, NULL);
	record->touched = touched > 0 ? (int64_t)fmin(touched, ACCESS_MAX) : 0;
	record->expires = INT64_MAX;
	if (record->touched > 0)
		record->expires = record->touched + gate_record_lifetime(record);
	gate_record_settle(record);
	return 1;
}

DIR *
gate_store_file_listing(int directory)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;

	if (listing == NULL && fd >= 0)
		close(fd);
	return listing;
}

int64_t
gate_store_file_modified(const struct stat *st)
{
	return gate_clock_ms(&st->st_mtim);
}

int
gate_store_file_id(const char *name, char id[GATE_ID_MAX + 1])
{
	size_t length = strlen(name);

	if (length < 6 || length - 5 > GATE_ID_MAX || strcmp(name + length - 5, ".json") != 0)
		return 0;
	memcpy(id, name, length - 5);
	id[length - 5] = '\0';
	return gate_id_valid(id);
}

bool
gate_store_file_begins_as_session(const struct gate_store_file_dir *dir, const char *name)
{
	int fd = openat(dir->records, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *text = fd >= 0 ? malloc(GATE_RECORD_SIZE_MAX) : NULL;
	ssize_t got = text != NULL ? pread(fd, text, GATE_RECORD_SIZE_MAX, 0) : -1;
	enum gate_store_file_kind kind =
	    got >= 0 ? gate_store_file_kind_of(text, (size_t)got) : GATE_STORE_FILE_OTHER;

	free(text);
	if (fd >= 0)
		close(fd);
	return kind == GATE_STORE_FILE_SESSION || kind == GATE_STORE_FILE_BLANK;
}
