/* store_file.c: the two stores of files: file: and memory:. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "error.h"
#include "options.h"
#include "store.h"
#include "store_file.h"

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
	.load = gate_store_file_load, .create = gate_store_file_create,                            \
	.update = gate_store_file_update, .touch = gate_store_file_touch,                          \
	.remove = gate_store_file_remove, .release = gate_store_file_release,                      \
	.each = gate_store_file_each, .newest = gate_store_file_newest,                            \
	.bump = gate_store_file_bump, .sweep = gate_store_file_sweep,                              \
	.close = gate_store_file_close_store, .room = gate_store_file_room,                        \
	.time = gate_store_file_time

const struct gate_store gate_store_file = {.scheme = "file", .open = open_file, FUNCTIONS};
const struct gate_store gate_store_memory = {.scheme = "memory", .open = open_memory, FUNCTIONS};
