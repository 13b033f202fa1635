/* store/file/counter.c: the file store's counters, each a file in .gate/bump/. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "record/counter.h"
#include "store/file/private.h"

#define BUMP_SIZE 96      /* bytes of a counter's file: "count expires last before" */
#define BUMPS_MAX 1000000 /* counters; beyond that the sweep removes those that expire next */

/* Opens the counter's file and locks it. If somebody removed the file meanwhile, opens it anew.
 * Returns the descriptor, or -1 with errno set. */
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

/* Reads the counter; an empty file was never written and reads as 0. Returns false if it can't be
 * read. */
static bool
read_counter(int fd, struct gate_counter *c)
{
	char text[BUMP_SIZE + 1] = "";
	const char *at = text;
	ssize_t n = pread(fd, text, BUMP_SIZE, 0);

	*c = (struct gate_counter){0};
	return n == 0 ||
	    (n > 0 && read_number(&at, GATE_COUNTER_MAX, &c->count) &&
		read_number(&at, GATE_CLOCK_MOST, &c->expires) &&
		read_number(&at, GATE_CLOCK_MOST, &c->last) &&
		read_number(&at, GATE_CLOCK_MOST, &c->before));
}

static int
write_counter(int fd, const struct gate_counter *c)
{
	char text[BUMP_SIZE + 1];

	snprintf(text, sizeof text,
	    "%-20" PRId64 " %-20" PRId64 " %-20" PRId64 " %-20" PRId64 "           \n", c->count,
	    c->expires, c->last, c->before);
	return pwrite(fd, text, BUMP_SIZE, 0) == BUMP_SIZE ? 0 : -1;
}

int
gate_store_file_bump(void *store, const char *key, int64_t add, int64_t lifetime,
    struct gate_bump *bump, struct gate_error *error)
{
	struct gate_store_file_dir *dir = store;
	char name[GATE_SHA256_HEX + 1]; /* a hash, since a key may be any text */
	struct gate_counter c, before;
	int flags = add > 0 && lifetime != 0 ? O_CREAT : 0, fd, result = 1;
	bool readable;

	*bump = (struct gate_bump){0};
	gate_sha256_hex(name, key, strlen(key));
	fd = open_bump(dir, name, flags, gate_clock_end(dir->deadline));
	if (fd < 0 && errno == ENOENT && flags == 0)
		return 1;
	if (fd < 0)
		return gate_store_file_fail(dir, "a counter can't be opened", error);
	readable = read_counter(fd, &c);
	before = c;
	if (lifetime != 0 && !readable) {
		bump->count = INT64_MAX;
	} else if (gate_counter_bump(&c, add, lifetime, bump)) {
		if (memcmp(&before, &c, sizeof c) != 0 && write_counter(fd, &c) < 0)
			result = gate_store_file_fail(dir, "a counter can't be written", error);
	} else if ((add != 0 || lifetime == 0) && unlinkat(dir->bumps, name, 0) < 0) {
		result = gate_store_file_fail(dir, "a counter can't be removed", error);
	}
	close(fd);
	return result;
}

/* Removes the counter if it has expired, or expires before `soonest`. Sets *end to its `expires`.
 * Returns 1 if the counter is still there, else 0. */
static int
sweep_bump(struct gate_store_file_dir *dir, const char *name, int64_t soonest, int64_t *end)
{
	int fd = open_bump(dir, name, 0, 0);
	struct gate_counter c;
	int kept = 1;

	if (fd < 0)
		return errno != ENOENT;
	if (!read_counter(fd, &c)) /* kept: it may close an account */
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

/* Sweeps all counters once. Returns the `expires` before which the surplus counters expire, or 0 if
 * there are no more than BUMPS_MAX. */
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

void
gate_store_file_sweep_counters(struct gate_store_file_dir *dir)
{
	int64_t cutoff = sweep_bumps(dir, 0);

	if (cutoff > 0)
		sweep_bumps(dir, cutoff);
}
