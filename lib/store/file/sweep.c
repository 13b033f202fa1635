/* store/file/sweep.c: the file store's sweep, which removes what has expired. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/id.h"
#include "options/options.h"
#include "record/record.h"
#include "store/file/private.h"

#define SWEEP_GRACE 60000        /* ms after its end before a record is removed */
#define TMP_AGE (60 * 60 * 1000) /* ms after which nobody is still writing a file in tmp/ */

/* Returns true if the file, which is no readable record, was modified longer ago than a record
 * lives. */
static bool
is_stale(const struct stat *st, const struct gate_options *options, int64_t now)
{
	return gate_store_file_modified(st) <= now - SWEEP_GRACE - options->ttl;
}

static bool
has_expired(struct gate_store_file_was *was, const struct gate_record *record, int parsed,
    const struct gate_options *options)
{
	struct stat st;

	if (parsed == 1)
		return gate_record_end(record, options) <= record->now - SWEEP_GRACE;
	return parsed == 0 &&
	    gate_store_file_kind_of(was->bytes, was->length) != GATE_STORE_FILE_OTHER &&
	    fstat(was->fd, &st) == 0 && is_stale(&st, options, record->now);
}

/* Removes the record if it has expired. Corrects a record whose times lie ahead, since perhaps no
 * visit will. Returns 1 if it removed the record, else 0. */
static int
sweep_read(struct gate_store_file_dir *dir, const char *id, struct gate_store_file_was *was,
    const struct gate_options *options)
{
	struct gate_record record =
	    gate_record_blank(gate_clock_wall(), 0, options->ttl, options->user_member);
	int parsed, swept = 0;

	record.was = was;
	parsed = gate_store_file_parse(was, &record);
	if (has_expired(was, &record, parsed, options))
		swept = gate_store_file_unlink(dir, id, was, 0, NULL) == 1;
	else if (parsed == 1 && record.ahead)
		gate_store_file_touch(dir, id, &record, NULL);
	gate_record_release(&record);
	return swept;
}

/* Removes the file if it has expired. Returns 1 if it did, else 0. Never waits for a lock: a record
 * that is in use has not expired. */
static int
sweep_record(struct gate_store_file_dir *dir, const char *name, const char *id,
    const struct gate_options *options, int64_t now)
{
	struct gate_store_file_was *was;
	struct stat st;
	int swept = 0;

	if (fstatat(dir->records, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (st.st_size > GATE_RECORD_SIZE_MAX) /* no request can use it */
		return is_stale(&st, options, now) &&
		    gate_store_file_begins_as_session(dir, name) &&
		    unlinkat(dir->records, name, 0) == 0;
	if (gate_store_file_read(dir, id, 0, &was, NULL) < 1)
		return 0;
	swept = sweep_read(dir, id, was, options);
	gate_store_file_free_was(was);
	return swept;
}

static int
sweep_records(struct gate_store_file_dir *dir, const struct gate_options *options)
{
	int64_t now = gate_clock_wall();
	DIR *listing = gate_store_file_listing(dir->records);
	struct dirent *entry;
	int swept = 0;

	if (listing == NULL)
		return -1;
	while ((entry = readdir(listing)) != NULL) {
		char id[GATE_ID_MAX + 1];

		if (gate_store_file_id(entry->d_name, id))
			swept += sweep_record(dir, entry->d_name, id, options, now);
	}
	closedir(listing);
	if (swept > 0 && dir->sync)
		fsync(dir->records); /* a failure is harmless: the next sweep removes them again */
	return swept;
}

static void
sweep_tmp(struct gate_store_file_dir *dir)
{
	DIR *listing = gate_store_file_listing(dir->tmp);
	struct dirent *entry;
	struct stat st;

	while (listing != NULL && (entry = readdir(listing)) != NULL)
		if (fstatat(dir->tmp, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) &&
		    gate_store_file_modified(&st) < gate_clock_wall() - TMP_AGE)
			unlinkat(dir->tmp, entry->d_name, 0);
	if (listing != NULL)
		closedir(listing);
}

/* One process at a time sweeps: it holds the lock of .gate/sweep. The time of that file says when
 * the last sweep began. */
int
gate_store_file_sweep(void *store, const struct gate_options *options, struct gate_error *error)
{
	struct gate_store_file_dir *dir = store;
	struct stat st;
	int swept = 0, fd;
	int64_t age;
	bool due;

	do {
		errno = ENOENT; /* make missing folders again, though no call failed */
	} while (gate_store_file_remade(dir));
	if (gate_store_file_look_at_clock(dir, error) < 0)
		return -1;
	fd = openat(dir->side, "sweep", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return gate_store_file_fail(dir, "the sweep's lock can't be opened", error);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0)
		goto out;
	age = gate_clock_wall() - gate_store_file_modified(&st);
	due = st.st_size == 0 || age < 0 ||
	    age >= options->sweep_interval; /* age below 0: the clock was set back */
	if (!due)
		goto out;
	if (pwrite(fd, "swept\n", 6, 0) != 6) /* sets the file's time, even if the sweep fails */
		due = true;                   /* also on a full disk: the sweep makes room */
	if (options->auto_remove != GATE_REMOVE_DISABLED)
		swept = sweep_records(dir, options);
	if (swept < 0)
		gate_store_file_fail(dir, "the folder can't be listed", error);
	sweep_tmp(dir);
	gate_store_file_sweep_clocks(dir);
	gate_store_file_sweep_users(dir);
	gate_store_file_sweep_counters(dir);
out:
	close(fd);
	return swept;
}
