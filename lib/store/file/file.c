/* store/file/file.c: opens and closes the two file stores, file: and memory:. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "crypto/digest.h"
#include "options/options.h"
#include "store/file/file.h"
#include "store/file/private.h"

/* ---- open and close ---- */

static void
close_store(void *store)
{
	struct gate_store_file_dir *dir = store;
	const int fds[] = {dir->records, dir->side, dir->tmp, dir->bumps, dir->users};

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(dir->user_member);
	free(dir->path);
	free(dir);
}

/* Opens the folders, and makes those that are missing. Fills a new user/ from the records that are
 * there already. */
static int
open_all(struct gate_store_file_dir *dir)
{
	bool made;

	dir->records = gate_store_file_open_folder(AT_FDCWD, dir->path, &made);
	if (dir->records >= 0)
		dir->side = gate_store_file_open_folder(dir->records, ".gate", &made);
	if (dir->side >= 0)
		dir->tmp = gate_store_file_open_folder(dir->side, "tmp", &made);
	if (dir->tmp >= 0)
		dir->bumps = gate_store_file_open_folder(dir->side, "bump", &made);
	if (dir->bumps >= 0)
		dir->users = gate_store_file_open_folder(dir->side, "user", &made);
	if (dir->users >= 0 && made)
		gate_store_file_index_all(dir);
	return dir->users >= 0 ? 0 : -1;
}

static int
open_store(
    void **store, const char *path, const struct gate_options *options, struct gate_error *error)
{
	struct gate_store_file_dir *dir = calloc(1, sizeof *dir);

	if (dir == NULL)
		return gate_fail(error, GATE_EMEMORY, "out of memory");
	dir->records = dir->side = dir->tmp = dir->bumps = dir->users = -1;
	dir->path = strdup(path);
	dir->user_member = strdup(options->user_member);
	dir->sync = options->file_sync;
	dir->deadline = options->deadline;
	dir->index_all = gate_store_file_index_all;
	dir->ttl = options->ttl;
	if (dir->path == NULL || dir->user_member == NULL)
		gate_fail(error, GATE_EMEMORY, "out of memory");
	else if (open_all(dir) < 0)
		gate_fail_errno(
		    error, GATE_ESTORE, "store file:%s: the folder can't be opened or made", path);
	else {
		gate_store_file_look_at_clock(dir, NULL); /* the sweep reports what is wrong */
		*store = dir;
		return 0;
	}
	close_store(dir);
	return -1;
}

/* ---- the two ---- */

static int
open_file(
    void **store, const char *url, const struct gate_options *options, struct gate_error *error)
{
	const char *path = url + strlen("file:");

	if (path[0] == '\0')
		return gate_fail(
		    error, GATE_EOPTION, "store file: has no path, say file:/some/folder");
	return open_store(store, path, options, error);
}

/* Everybody can write to /dev/shm: so refuses a folder that another user owns or can open. */
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
	if (open_store(store, path, options, error) < 0)
		return -1;
	((struct gate_store_file_dir *)*store)->sync = false; /* memory has no disk to sync to */
	return 0;
}

#define FUNCTIONS                                                                                  \
	.load = gate_store_file_load, .create = gate_store_file_create,                            \
	.update = gate_store_file_update, .touch = gate_store_file_touch,                          \
	.remove = gate_store_file_remove, .release = gate_store_file_release,                      \
	.each = gate_store_file_each, .newest = gate_store_file_newest,                            \
	.bump = gate_store_file_bump, .sweep = gate_store_file_sweep, .close = close_store,        \
	.room = gate_store_file_room, .time = gate_store_file_time

const struct gate_store gate_store_file = {
    .scheme = "file", .open = open_file, .check = gate_store_file_report, FUNCTIONS};
const struct gate_store gate_store_memory = {.scheme = "memory", .open = open_memory, FUNCTIONS};
