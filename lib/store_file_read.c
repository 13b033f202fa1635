/* store_file.c: records as session-file-store keeps them, one JSON file each, with
 * compare-and-swap under flock. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "digest.h"
#include "encode.h"
#include "error.h"
#include "id.h"
#include "log.h"
#include "options.h"
#include "record.h"
#include "sign.h"
#include "store.h"
#include "store_file.h"

#define PAD 256           /* our records are padded to a multiple, so that they keep their size */
#define IN_PLACE_MAX 4096 /* one page: a pwrite of it is whole even if the writer is killed */
#define ACCESS_MAX 9e15   /* ms since 1970; a __lastAccess beyond that is taken for this one */

/* ---- reading ---- */

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
gate_store_file_close(struct gate_store_file_was *was)
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

static int
fail(const struct gate_store_file_dir *dir, const char *what, struct gate_error *error)
{
	return gate_fail_errno(error, GATE_ESTORE, "store file:%s: %s", dir->path, what);
}

/* The whole file under its lock. NULL with errno; ESTALE: it was replaced, look again. */
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

/* Without a write of the access time, which every read after a write would cost; only a file's
 * owner may ask for that. */
static int
open_record(const struct gate_store_file_dir *dir, const char *name)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = openat(dir->records, name, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(dir->records, name, flags) : fd;
}

/* Does the reason lie in this one file? Then the store is well. */
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
			close(fd); /* which leaves errno alone */
	} while (errno == ESTALE && gate_clock_monotonic() < deadline);
	if (is_of_the_file(dir, errno)) {
		gate_store_file_log(dir, "session-unreadable", id,
		    "no regular file, or larger than a record may be, or not ours to read and "
		    "write; left as it is");
		return GATE_UNREADABLE;
	}
	return fail(dir, "a record can't be read", error);
}

/* session-file-store's rule: __lastAccess and originalMaxAge or ttl; none: it never expires. */
int
gate_store_file_parse(const struct gate_store_file_was *was, struct gate_record *record)
{
	const struct gate_member *access;
	double touched;
	int result = gate_record_parse(record, was->bytes, was->length);

	if (result <= 0)
		return result;
	access = gate_record_get(record, "__lastAccess");
	touched = access != NULL ? strtod(access->text, NULL) : 0;
	record->touched = touched > 0 ? (int64_t)fmin(touched, ACCESS_MAX) : 0;
	record->expires = INT64_MAX;
	if (record->touched > 0)
		record->expires =
		    record->touched + (record->max_age != 0 ? record->max_age : record->ttl);
	gate_record_settle(record);
	return 1;
}

static int
load(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	struct gate_store_file_was *was;
	int result = gate_store_file_read(store, id, record->deadline, &was, error);

	record->was = was;
	if (result <= 0)
		return result;
	result = gate_store_file_parse(was, record);
	record->stray = result == 1 && gate_store_file_is_stray(store, id, record);
	if (result < 0)
		return gate_fail(error, GATE_EMEMORY, "out of memory");
	if (result == 1)
		return !(record->stray && gate_store_file_is_ending(store, id, record));
	gate_store_file_log(store, "session-malformed", id,
	    "not a JSON object with a cookie in it; left as it is, and if it is empty or torn, "
	    "until it is swept");
	return gate_store_file_kind(was->bytes, was->length) == GATE_STORE_FILE_BLANK
	    ? 0
	    : GATE_UNREADABLE;
}

static void
release(struct gate_record *record)
{
	gate_store_file_close(record->was);
}

/* ---- writing ---- */

/* What goes into the file: __lastAccess is now; our own records end in spaces. Yours. */
static char *
content(struct gate_record *record, bool padded, size_t *length)
{
	char number[24], *text, *wider;
	size_t size;

	snprintf(number, sizeof number, "%" PRId64, record->now);
	if (gate_record_set(record, "__lastAccess", number) < 0)
		return NULL;
	record->touched = record->now;
	text = gate_record_text(record, length);
	if (text == NULL || !padded)
		return text;
	size = (*length / PAD + 1) * PAD;
	wider = realloc(text, size);
	if (wider == NULL) {
		free(text);
		return NULL;
	}
	memset(wider + *length, ' ', size - *length);
	*length = size;
	return wider;
}

static bool
is_padded(const struct gate_store_file_was *was)
{
	return was->length > 0 && was->length % PAD == 0 && was->bytes[was->length - 1] == ' ';
}

static bool
is_indexed(struct gate_store_file_dir *dir, const char *id, const struct gate_record *record)
{
	return record->user == NULL || gate_store_file_index(dir, record->user, id) == 0;
}

static int
update(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	struct gate_store_file_dir *dir = store;
	struct gate_store_file_was *was = record->was;
	char name[GATE_STORE_FILE_NAME_MAX], *text;
	size_t length;
	bool in_place = !dir->sync && is_padded(was);
	int result = -1;

	gate_store_file_name(name, id);
	text = content(record, in_place, &length);
	if (text == NULL)
		return gate_fail(error, GATE_EMEMORY, "out of memory");
	if (length > GATE_RECORD_SIZE_MAX)
		gate_fail(
		    error, GATE_ESESSION, "the session is larger than a record may be (1 MiB)");
	else if (record->user_changed && !is_indexed(dir, id, record))
		result = -1;
	else if (in_place && length == was->length && length <= IN_PLACE_MAX)
		result = gate_store_file_overwrite(dir, name, text, record);
	else
		result = gate_store_file_replace(dir, name, text, length, record);
	if (result == -1)
		fail(dir, "a record can't be written", error);
	flock(was->fd, LOCK_UN);
	free(text);
	return result;
}

/* The record's times stand in the file. A stray one is only put into the index. */
int
gate_store_file_touch(
    void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	if (!record->stray)
		return update(store, id, record, error);
	return is_indexed(store, id, record)
	    ? 1
	    : fail(store, "a record can't be put into its user's list", error);
}

static int
create(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	struct gate_store_file_dir *dir = store;
	char name[GATE_STORE_FILE_NAME_MAX], *text;
	size_t length;
	int result = -1;

	gate_store_file_name(name, id);
	text = content(record, !dir->sync, &length);
	if (text == NULL)
		return gate_fail(error, GATE_EMEMORY, "out of memory");
	if (length > GATE_RECORD_SIZE_MAX)
		gate_fail(
		    error, GATE_ESESSION, "the session is larger than a record may be (1 MiB)");
	else if (is_indexed(dir, id, record))
		result = gate_store_file_put_new(dir, name, text, length);
	if (result < 0)
		fail(dir, "a record can't be made", error);
	free(text);
	return result;
}

int
gate_store_file_unlink(struct gate_store_file_dir *dir, const char *id,
    struct gate_store_file_was *was, int64_t deadline, struct gate_error *error)
{
	char name[GATE_STORE_FILE_NAME_MAX];
	int result;

	gate_store_file_name(name, id);
	result = gate_store_file_claim(dir, name, was, deadline);
	if (result == 1 && unlinkat(dir->records, name, 0) < 0)
		result = errno == ENOENT ? GATE_CONFLICT : -1; /* Node removed it */
	if (result == -1)
		fail(dir, "a record can't be removed", error);
	flock(was->fd, LOCK_UN);
	return result;
}

/* Whose it was stands in what was read: the record may be about to become another one's. */
static void
unindex(struct gate_store_file_dir *dir, const char *id, const struct gate_store_file_was *was)
{
	struct gate_record record = {.user_member = dir->user_member};

	if (gate_store_file_parse(was, &record) == 1 && record.user != NULL)
		gate_store_file_unindex(dir, record.user, id);
	gate_record_clear(&record);
}

static int
unlink_synced(struct gate_store_file_dir *dir, const char *id, struct gate_store_file_was *was,
    int64_t deadline, struct gate_error *error)
{
	int result = gate_store_file_unlink(dir, id, was, deadline, error);

	if (result != 1)
		return result;
	unindex(dir, id, was);
	if (dir->sync && fsync(dir->records) < 0)
		return fail(dir, "a record can't be removed", error);
	return 1;
}

/* What can't be read can't be locked either; a folder is no record. */
static int
unlink_unread(struct gate_store_file_dir *dir, const char *id, struct gate_error *error)
{
	char name[GATE_STORE_FILE_NAME_MAX];

	gate_store_file_name(name, id);
	if (unlinkat(dir->records, name, 0) < 0)
		return errno == ENOENT || errno == EISDIR
		    ? 0
		    : fail(dir, "a record can't be removed", error);
	if (dir->sync && fsync(dir->records) < 0)
		return fail(dir, "a record can't be removed", error);
	return 1;
}

/* Whatever is there: under the lock, so that a writer in the middle of it is waited for. */
static int
remove_any(struct gate_store_file_dir *dir, const char *id, struct gate_error *error)
{
	int64_t deadline = gate_clock_end(dir->deadline);
	struct gate_store_file_was *was;
	int result;

	do {
		result = gate_store_file_read(dir, id, deadline, &was, error);
		if (result == GATE_UNREADABLE)
			return unlink_unread(dir, id, error);
		if (result <= 0)
			return result;
		result = unlink_synced(dir, id, was, deadline, error);
		gate_store_file_close(was);
	} while (result == GATE_CONFLICT && gate_clock_monotonic() < deadline);
	if (result == GATE_CONFLICT)
		return fail(dir, "a record is changed all the time", error);
	return result;
}

static int
remove_record(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	if (record == NULL)
		return remove_any(store, id, error);
	return unlink_synced(store, id, record->was, record->deadline, error);
}

/* ---- opening ---- */

static int
open_file(
    void **store, const char *url, const struct gate_options *options, struct gate_error *error)
{
	const char *path = url + strlen("file:");

	if (path[0] == '\0')
		return gate_fail(
		    error, GATE_EOPTION, "store file: has no path, say file:/some/folder");
	return gate_store_file_open(store, path, options, error);
}

/* /dev/shm is everybody's: the folder must be ours, and nobody else's to write to. */
static int
open_memory(
    void **store, const char *url, const struct gate_options *options, struct gate_error *error)
{
	char hash[GATE_SHA256_HEX + 1], path[64];
	struct stat st;

	if (strcmp(url, "memory:") != 0)
		return gate_fail(
		    error, GATE_EOPTION, "store memory: takes nothing behind the colon");
	gate_sha256_hex(hash, options->run_dir, strlen(options->run_dir));
	snprintf(path, sizeof path, "/dev/shm/gate-%u-%.16s", (unsigned)geteuid(), hash);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return gate_fail_errno(error, GATE_ESTORE, "store memory: %s can't be made", path);
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0)
		return gate_fail(error, GATE_ESTORE,
		    "store memory: %s is not a folder that only this user can open: remove it",
		    path);
	if (gate_store_file_open(store, path, options, error) < 0)
		return -1;
	((struct gate_store_file_dir *)*store)->sync = false; /* there is nothing to sync to */
	return 0;
}

#define FUNCTIONS                                                                                  \
	.load = load, .create = create, .update = update, .touch = gate_store_file_touch,          \
	.remove = remove_record, .release = release, .each = gate_store_file_each,                 \
	.newest = gate_store_file_newest, .bump = gate_store_file_bump,                            \
	.sweep = gate_store_file_sweep, .close = gate_store_file_close_store,                      \
	.room = gate_store_file_room, .time = gate_store_file_time

const struct gate_store gate_store_file = {.scheme = "file", .open = open_file, FUNCTIONS};
const struct gate_store gate_store_memory = {.scheme = "memory", .open = open_memory, FUNCTIONS};
