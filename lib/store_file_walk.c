/* store_file_user.c: the file store's walks: over all records, and over those of one user, whose ids
 * stand as empty files in .gate/user/<SHA-256 of the name>/. Such a file is made before its record
 * says so, and may be left behind: what counts is what the record says. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "clock.h"
#include "digest.h"
#include "encode.h"
#include "error.h"
#include "id.h"
#include "log.h"
#include "record.h"
#include "sign.h"
#include "store.h"
#include "store_file.h"

#define YOUNG (60 * 60 * 1000) /* ms that an entry may be ahead of its record */

/* ---- the index ---- */

static int
open_user(struct gate_store_file_dir *dir, const char *user, bool make)
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

/* The sweep may take the folder away between its making and its use: once more then. */
int
gate_store_file_index(struct gate_store_file_dir *dir, const char *user, const char *id)
{
	for (int i = 0; i < 3; i++) {
		int folder = open_user(dir, user, true), file = -1, reason;

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
	int folder = open_user(dir, user, false);

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
	char key[GATE_STORE_KEY_MAX], name[GATE_SHA256_HEX + 1];

	if (record->user == NULL)
		return false;
	if (!is_listed(dir, id, record->user))
		return true;
	gate_store_ended_key(key, id);
	gate_sha256_hex(name, key, strlen(key));
	return faccessat(dir->bumps, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool
gate_store_file_is_ending(
    struct gate_store_file_dir *dir, const char *id, const struct gate_record *record)
{
	char key[GATE_STORE_KEY_MAX];
	struct gate_bump ends;

	gate_store_ended_key(key, id);
	return is_listed(dir, id, record->user) &&
	    gate_store_file_bump(dir, key, 0, GATE_STORE_ENDED_TIME, &ends, NULL) == 1 &&
	    ends.count > 0 && ends.last > gate_clock_wall() - GATE_STORE_ENDING_TIME;
}

/* ---- walks ---- */

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

struct walk {
	struct gate_store_file_dir *dir;
	const char *user; /* NULL: all */
	gate_store_visit *visit;
	void *data;
	struct gate_error *error;
	int unread; /* records that can't be read now */
};

/* A walk over all shows that there is a session, though nobody can read it. */
static bool
is_unreadable_session(
    const struct walk *w, const char *id, int found, const struct gate_store_file_was *was)
{
	char name[GATE_STORE_FILE_NAME_MAX];

	gate_store_file_name(name, id);
	if (w->user != NULL || (found != 0 && found != GATE_UNREADABLE))
		return false;
	if (was != NULL)
		return gate_store_file_kind(was->bytes, was->length) == GATE_STORE_FILE_SESSION;
	return found == GATE_UNREADABLE && gate_store_file_begins_as_session(w->dir, name);
}

/* What the visit answers; 1 where there was none. */
static int
visit_record(struct walk *w, const char *id)
{
	struct gate_record record = {.now = gate_clock_wall(),
	    .ttl = w->dir->ttl,
	    .user_member = w->dir->user_member,
	    .deadline = gate_clock_end(w->dir->deadline)};
	struct gate_store_file_was *was;
	int found, result = 1;

	found = gate_store_file_read(w->dir, id, record.deadline, &was, w->error);
	record.was = was;
	if (found == 1 && (found = gate_store_file_parse(was, &record)) < 0)
		gate_fail(w->error, GATE_EMEMORY, "out of memory");
	w->unread += found == -1;
	record.stray = found == 1 && gate_store_file_is_stray(w->dir, id, &record);
	if (found == 1 &&
	    (w->user == NULL || (record.user != NULL && strcmp(w->user, record.user) == 0)))
		result = w->visit(w->data, id, &record);
	if (is_unreadable_session(w, id, found, was)) {
		gate_record_clear(&record);
		result = w->visit(w->data, id, &record);
	}
	gate_store_file_close(was);
	record.was = NULL;
	gate_record_clear(&record);
	return result;
}

/* The names in the folder that this opens: records' files, or a user's ids. Closes it. */
static int
walk(struct walk *w, int folder)
{
	DIR *listing = folder >= 0 ? gate_store_file_listing(folder) : NULL;
	struct dirent *entry;
	int result = 1;

	if (listing == NULL)
		return gate_fail_errno(
		    w->error, GATE_ESTORE, "store file:%s: a folder can't be listed", w->dir->path);
	while (result > 0 && (entry = readdir(listing)) != NULL) {
		char id[GATE_ID_MAX + 1];

		if (w->user != NULL && gate_id_valid(entry->d_name))
			result = visit_record(w, entry->d_name);
		else if (w->user == NULL && gate_store_file_id(entry->d_name, id))
			result = visit_record(w, id);
	}
	closedir(listing);
	return result < 0 || w->unread > 0 ? -1 : 1;
}

int
gate_store_file_each(
    void *store, const char *user, gate_store_visit *visit, void *data, struct gate_error *error)
{
	struct gate_store_file_dir *dir = store;
	struct walk w = {dir, user, visit, data, error, 0};
	int folder, result;

	if (user == NULL)
		return walk(&w, dir->records);
	folder = open_user(dir, user, false);
	if (folder < 0 && errno == ENOENT)
		return 1;
	result = walk(&w, folder);
	if (folder >= 0)
		close(folder);
	return result;
}

/* ---- the newest of one user ---- */

struct entry {
	int64_t written; /* of the record's file, ms since 1970 */
	size_t at;       /* of the id, in `ids` */
};

struct entries {
	struct gate_buffer ids; /* each with its NUL */
	struct gate_buffer all; /* of struct entry */
};

/* Looks at the records' files, and into none. */
static void
list_entries(struct gate_store_file_dir *dir, DIR *listing, struct entries *e)
{
	struct dirent *found;
	struct stat st;

	while ((found = readdir(listing)) != NULL) {
		struct entry entry = {.at = e->ids.length};
		char name[GATE_STORE_FILE_NAME_MAX];

		if (!gate_id_valid(found->d_name))
			continue;
		gate_store_file_name(name, found->d_name);
		if (fstatat(dir->records, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		entry.written = gate_store_file_modified(&st);
		gate_buffer_add(&e->ids, found->d_name, strlen(found->d_name) + 1);
		gate_buffer_add(&e->all, &entry, sizeof entry);
	}
}

static int
newest_first(const void *a, const void *b)
{
	const struct entry *one = a, *two = b;

	return (one->written < two->written) - (one->written > two->written);
}

static int
visit_newest(struct walk *w, struct entries *e, int most)
{
	size_t count = e->all.length / sizeof(struct entry);
	struct entry *all = (void *)e->all.data;
	int result = 1;

	if (e->ids.failed || e->all.failed)
		return gate_fail(w->error, GATE_EMEMORY, "out of memory");
	if (count > 0)
		qsort(all, count, sizeof *all, newest_first);
	for (size_t i = 0; i < count && i < (size_t)most && result > 0; i++)
		result = visit_record(w, e->ids.data + all[i].at);
	return result < 0 || w->unread > 0 ? -1 : 1;
}

int
gate_store_file_newest(void *store, const char *user, int most, gate_store_visit *visit, void *data,
    struct gate_error *error)
{
	struct walk w = {store, user, visit, data, error, 0};
	struct entries e = {.ids = {0}};
	int folder = open_user(w.dir, user, false), result;
	DIR *listing;

	if (folder < 0 && errno == ENOENT)
		return 1;
	listing = folder >= 0 ? gate_store_file_listing(folder) : NULL;
	if (listing != NULL) {
		list_entries(w.dir, listing, &e);
		result = visit_newest(&w, &e, most);
		closedir(listing);
	} else {
		result = gate_fail_errno(
		    error, GATE_ESTORE, "store file:%s: a folder can't be listed", w.dir->path);
	}
	gate_buffer_release(&e.ids);
	gate_buffer_release(&e.all);
	if (folder >= 0)
		close(folder);
	return result;
}

static int
index_one(void *dir, const char *id, struct gate_record *record)
{
	if (record->user != NULL && gate_store_file_index(dir, record->user, id) < 0)
		gate_store_file_log(dir, "index-failed", id, "its user can't find it");
	return 1;
}

void
gate_store_file_index_all(struct gate_store_file_dir *dir)
{
	struct gate_error error = {0};

	if (gate_store_file_each(dir, NULL, index_one, dir, &error) < 0)
		gate_log(
		    GATE_LOG_ERROR, "index-failed", "store", dir->path, "error", error.text, NULL);
}

/* ---- the sweep ---- */

/* An entry goes when its record has gone; a young one may be about to get it. */
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
	unlinkat(dir->users, name, AT_REMOVEDIR); /* only if it is empty */
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
