/* store_file_side.c: what lies beside the file store's records: counters, and the sweep. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include "options.h"
#include "record.h"
#include "store.h"
#include "store_file.h"

#define BUMP_SIZE 96             /* bytes of a counter's file: "count expires last before" */
#define BUMPS_MAX 1000000        /* counters; beyond that those go whose end is next */
#define SWEEP_GRACE 60000        /* ms that an expired record is left alone */
#define TMP_AGE (60 * 60 * 1000) /* ms after which a file in tmp/ belongs to nobody */

static int
fail(const struct gate_store_file_dir *dir, const char *what, struct gate_error *error)
{
	return gate_fail_errno(error, GATE_ESTORE, "store file:%s: %s", dir->path, what);
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

/* ---- counters ---- */

/* The counter's file, locked; one that was removed meanwhile is opened anew. -1: errno. */
static int
open_bump(struct gate_store_file_dir *dir, const char *name, int flags, int64_t deadline)
{
	for (;;) {
		int fd = openat(dir->bumps, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
		struct stat st;

		if (fd < 0 && gate_store_file_remade(dir))
			continue;
		if (fd < 0)
			return -1;
		if (gate_store_file_lock(fd, LOCK_EX, deadline) < 0 || fstat(fd, &st) < 0) {
			close(fd);
			return -1;
		}
		if (st.st_nlink > 0)
			return fd;
		close(fd);
	}
}

struct counter {
	int64_t count, expires, last, before; /* the time before the last one */
};

static bool
read_number(const char **at, int64_t max, int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(*at, &end, 10);
	if (end == *at || errno != 0 || *number < 0 || *number > max)
		return false;
	*at = end;
	return true;
}

/* An empty one was never written: all is 0. False: it can't be read. */
static bool
read_counter(int fd, struct counter *c)
{
	char text[BUMP_SIZE + 1] = "";
	const char *at = text;
	ssize_t n = pread(fd, text, BUMP_SIZE, 0);

	*c = (struct counter){0};
	return n == 0 ||
	    (n > 0 && read_number(&at, GATE_STORE_COUNT_MAX, &c->count) &&
		read_number(&at, GATE_CLOCK_MOST, &c->expires) &&
		read_number(&at, GATE_CLOCK_MOST, &c->last) &&
		read_number(&at, GATE_CLOCK_MOST, &c->before));
}

static int
write_counter(int fd, const struct counter *c)
{
	char text[BUMP_SIZE + 1];

	snprintf(text, sizeof text,
	    "%-20" PRId64 " %-20" PRId64 " %-20" PRId64 " %-20" PRId64 "           \n", c->count,
	    c->expires, c->last, c->before);
	return pwrite(fd, text, BUMP_SIZE, 0) == BUMP_SIZE ? 0 : -1;
}

/* What add makes of the counter. Taking back gives the time back, too: a try that was refused must
 * not make the next one wait for longer. */
static void
add_to(struct counter *c, int64_t add, int64_t now, int64_t lifetime)
{
	c->count = c->count > -add ? c->count + add : 0;
	if (add > 0) {
		c->expires = now + lifetime;
		c->before = c->last;
		c->last = now;
	} else if (add < 0) {
		c->last = c->before;
	}
}

int
gate_store_file_bump(void *store, const char *key, int64_t add, int64_t lifetime,
    struct gate_bump *bump, struct gate_error *error)
{
	struct gate_store_file_dir *dir = store;
	char name[GATE_SHA256_HEX + 1]; /* hashed: a key may be any text */
	struct counter c;
	int64_t now = gate_clock_wall();
	int flags = add > 0 && lifetime != 0 ? O_CREAT : 0, fd, result = 1;
	bool readable, ahead;

	*bump = (struct gate_bump){0};
	gate_sha256_hex(name, key, strlen(key));
	fd = open_bump(dir, name, flags, gate_clock_end(dir->deadline));
	if (fd < 0 && errno == ENOENT && flags == 0)
		return 1;
	if (fd < 0)
		return fail(dir, "a counter can't be opened", error);
	readable = read_counter(fd, &c);
	if (c.expires <= now)
		c = (struct counter){0};
	ahead = lifetime != 0 && c.expires > now + lifetime + GATE_CLOCK_APART;
	if (ahead) /* the clock was: it lives no longer than one that is counted now */
		c.expires = now + lifetime;
	if (lifetime != 0 && !readable) {
		bump->count = INT64_MAX;
	} else if (lifetime == 0 || (add < 0 && c.count <= -add)) {
		/* who is refused takes back, and must not leave any number of them */
		if (unlinkat(dir->bumps, name, 0) < 0)
			result = fail(dir, "a counter can't be removed", error);
	} else {
		bump->last = c.last;
		add_to(&c, add, now, lifetime);
		bump->count = c.count;
		if ((add != 0 || ahead) && write_counter(fd, &c) < 0)
			result = fail(dir, "a counter can't be written", error);
	}
	close(fd);
	return result;
}

/* ---- the sweep ---- */

/* Is no record that can be read: as if it had last been written by somebody who could. */
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
	    gate_store_file_kind(was->bytes, was->length) != GATE_STORE_FILE_OTHER &&
	    fstat(was->fd, &st) == 0 && is_stale(&st, options, record->now);
}

/* How many went: 1 or 0. One whose times lie ahead, and that nobody comes back to, lives its lifetime
 * from now. */
static int
sweep_read(struct gate_store_file_dir *dir, const char *id, struct gate_store_file_was *was,
    const struct gate_options *options)
{
	struct gate_record record = {.now = gate_clock_wall(),
	    .ttl = options->ttl,
	    .user_member = options->user_member,
	    .was = was};
	int parsed = gate_store_file_parse(was, &record), swept = 0;

	if (has_expired(was, &record, parsed, options))
		swept = gate_store_file_unlink(dir, id, was, 0, NULL) == 1;
	else if (parsed == 1 && record.ahead)
		gate_store_file_touch(dir, id, &record, NULL);
	gate_record_clear(&record);
	return swept;
}

/* Of a file that is larger than a record may be. */
bool
gate_store_file_begins_as_session(const struct gate_store_file_dir *dir, const char *name)
{
	int fd = openat(dir->records, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *text = fd >= 0 ? malloc(GATE_RECORD_SIZE_MAX) : NULL;
	ssize_t got = text != NULL ? pread(fd, text, GATE_RECORD_SIZE_MAX, 0) : -1;
	enum gate_store_file_kind kind =
	    got >= 0 ? gate_store_file_kind(text, (size_t)got) : GATE_STORE_FILE_OTHER;

	free(text);
	if (fd >= 0)
		close(fd);
	return kind == GATE_STORE_FILE_SESSION || kind == GATE_STORE_FILE_BLANK;
}

/* How many went: 1 or 0. Never waits for a lock: a record that is in use has not expired. */
static int
sweep_record(struct gate_store_file_dir *dir, const char *name, const char *id,
    const struct gate_options *options, int64_t now)
{
	struct gate_store_file_was *was;
	struct stat st;
	int swept = 0;

	if (fstatat(dir->records, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (st.st_size > GATE_RECORD_SIZE_MAX) /* nobody has it in use */
		return is_stale(&st, options, now) &&
		    gate_store_file_begins_as_session(dir, name) &&
		    unlinkat(dir->records, name, 0) == 0;
	if (gate_store_file_read(dir, id, 0, &was, NULL) < 1)
		return 0;
	swept = sweep_read(dir, id, was, options);
	gate_store_file_close(was);
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
		fsync(dir->records); /* one that came back would be swept again */
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

/* Removes the counter if it expired, or ends before `soonest`. 1: it is still there. */
static int
sweep_bump(struct gate_store_file_dir *dir, const char *name, int64_t soonest, int64_t *end)
{
	int fd = open_bump(dir, name, 0, 0);
	struct counter c;
	int kept = 1;

	if (fd < 0)
		return errno != ENOENT;
	if (!read_counter(fd, &c)) /* of a closed account, perhaps */
		c.expires = INT64_MAX;
	*end = c.expires;
	if (c.expires <= gate_clock_wall() || c.expires < soonest)
		kept = unlinkat(dir->bumps, name, 0) < 0;
	close(fd);
	return kept;
}

static int
by_time(const void *a, const void *b)
{
	const int64_t *one = a, *two = b;

	return (*one > *two) - (*one < *two);
}

/* One pass over the counters. The end before which those too many end, 0: none is. */
static int64_t
sweep_bumps(struct gate_store_file_dir *dir, int64_t soonest)
{
	DIR *listing = gate_store_file_listing(dir->bumps);
	struct gate_buffer ends = {0};
	int64_t *sorted, cutoff = 0;
	struct dirent *entry;
	size_t count;

	while (listing != NULL && (entry = readdir(listing)) != NULL) {
		int64_t end = 0;

		if (entry->d_name[0] != '.' && sweep_bump(dir, entry->d_name, soonest, &end))
			gate_buffer_add(&ends, &end, sizeof end);
	}
	if (listing != NULL)
		closedir(listing);
	count = ends.length / sizeof *sorted;
	if (count > BUMPS_MAX && (sorted = malloc(count * sizeof *sorted)) != NULL) {
		memcpy(sorted, ends.data, count * sizeof *sorted);
		qsort(sorted, count, sizeof *sorted, by_time);
		cutoff = sorted[count - BUMPS_MAX];
		free(sorted);
	}
	gate_buffer_release(&ends);
	return cutoff;
}

/* One sweeper on the host: the file's lock says who, its time when it was last done. */
int
gate_store_file_sweep(void *store, const struct gate_options *options, struct gate_error *error)
{
	struct gate_store_file_dir *dir = store;
	struct stat st;
	int swept = 0, fd;
	int64_t cutoff, age;
	bool due;

	do {
		errno = ENOENT; /* a missing folder is made again even if nobody needs it now */
	} while (gate_store_file_remade(dir));
	if (gate_store_file_look_at_clock(dir, error) < 0)
		return -1;
	fd = openat(dir->side, "sweep", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(dir, "the sweep's lock can't be opened", error);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0)
		goto out;
	age = gate_clock_wall() - gate_store_file_modified(&st);
	due = st.st_size == 0 || age < 0 ||
	    age >= options->sweep_interval; /* below 0: clock set back */
	if (!due)
		goto out;
	if (pwrite(fd, "swept\n", 6, 0) != 6) /* its time is now, whatever becomes of the sweep */
		due = true;                   /* a full disk: all the more reason to sweep */
	if (options->auto_remove != GATE_REMOVE_DISABLED)
		swept = sweep_records(dir, options);
	if (swept < 0)
		fail(dir, "the folder can't be listed", error);
	sweep_tmp(dir);
	gate_store_file_sweep_clocks(dir);
	gate_store_file_sweep_users(dir);
	cutoff = sweep_bumps(dir, 0);
	if (cutoff > 0)
		sweep_bumps(dir, cutoff);
out:
	close(fd);
	return swept;
}
