/* store/file/index.c: the index by user. Each session of a user has an empty file, named by its id,
 * in .gate/user/<SHA-256 of the name>/. The file is made before the record names the user, and may
 * stay after the record has gone: only the record decides. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/id.h"
#include "record/counter.h"
#include "store/file/private.h"

#define YOUNG (60 * 60 * 1000) /* ms that the sweep keeps an entry without a record */

int
gate_store_file_open_user(struct gate_store_file_dir *dir, const char *user, bool make)
{
	char name[GATE_SHA256_HEX + 1];
	int fd = -1;

	gate_sha256_hex(name, user, strlen(user));
	do {
		if (!make || mkdirat(dir->users, name, 0700) == 0 || errno == EEXIST)
			fd = openat(
			    dir->users, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	} while (fd < 0 && gate_store_file_remade(dir));
	return fd;
}

/* Tries three times: the sweep may remove the empty folder before the file is in it. */
int
gate_store_file_index(struct gate_store_file_dir *dir, const char *user, const char *id)
{
	for (int i = 0; i < 3; i++) {
		int folder = gate_store_file_open_user(dir, user, true), file = -1, reason;

		if (folder < 0 && errno == ENOENT)
			continue;
		if (folder < 0)
			return -1;
		file = openat(folder, id, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (file >= 0 && dir->sync && (fsync(folder) < 0 || fsync(dir->users) < 0)) {
			close(file);
			file = -1;
		}
		reason = errno;
		close(folder);
		errno = reason;
		if (file >= 0) {
			close(file);
			return 0;
		}
		if (errno != ENOENT)
			return -1;
	}
	return -1;
}

void
gate_store_file_unindex(struct gate_store_file_dir *dir, const char *user, const char *id)
{
	int folder = gate_store_file_open_user(dir, user, false);

	if (folder < 0)
		return;
	unlinkat(folder, id, 0);
	close(folder);
}

static bool
is_listed(struct gate_store_file_dir *dir, const char *id, const char *user)
{
	char path[GATE_SHA256_HEX + 1 + GATE_ID_MAX + 1];

	gate_sha256_hex(path, user, strlen(user));
	path[GATE_SHA256_HEX] = '/';
	memcpy(path + GATE_SHA256_HEX + 1, id, strlen(id) + 1);
	return faccessat(dir->users, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool
gate_store_file_is_stray(
    struct gate_store_file_dir *dir, const char *id, const struct gate_record *record)
{
	char key[GATE_COUNTER_KEY_MAX], name[GATE_SHA256_HEX + 1];

	if (record->user == NULL)
		return false;
	if (!is_listed(dir, id, record->user))
		return true;
	gate_record_ended_key(key, id);
	gate_sha256_hex(name, key, strlen(key));
	return faccessat(dir->bumps, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool
gate_store_file_is_ending(
    struct gate_store_file_dir *dir, const char *id, const struct gate_record *record)
{
	char key[GATE_COUNTER_KEY_MAX];
	struct gate_bump ends;

	gate_record_ended_key(key, id);
	return is_listed(dir, id, record->user) &&
	    gate_store_file_bump(dir, key, 0, GATE_ENDED_TIME, &ends, NULL) == 1 &&
	    ends.count > 0 && ends.last > gate_clock_wall() - GATE_ENDING_TIME;
}

/* Removes the entries that have no record, and the folder if it is empty. Keeps young entries:
 * their record may be about to be written. */
static void
sweep_user(struct gate_store_file_dir *dir, const char *name)
{
	int folder = openat(dir->users, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *listing = folder >= 0 ? gate_store_file_listing(folder) : NULL;
	struct dirent *entry;
	struct stat st;

	while (listing != NULL && (entry = readdir(listing)) != NULL) {
		char record[GATE_STORE_FILE_NAME_MAX];

		if (!gate_id_valid(entry->d_name) ||
		    fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    gate_store_file_modified(&st) > gate_clock_wall() - YOUNG)
			continue;
		gate_store_file_name(record, entry->d_name);
		if (faccessat(dir->records, record, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno == ENOENT)
			unlinkat(folder, entry->d_name, 0);
	}
	if (listing != NULL)
		closedir(listing);
	if (folder >= 0)
		close(folder);
	unlinkat(dir->users, name, AT_REMOVEDIR); /* fails unless it is empty */
}

void
gate_store_file_sweep_users(struct gate_store_file_dir *dir)
{
	DIR *listing = gate_store_file_listing(dir->users);
	struct dirent *entry;

	while (listing != NULL && (entry = readdir(listing)) != NULL)
		if (entry->d_name[0] != '.')
			sweep_user(dir, entry->d_name);
	if (listing != NULL)
		closedir(listing);
}
