/* store/file/walk.c: walks over all records of the file store, or over those of one user. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "crypto/id.h"
#include "record/record.h"
#include "store/file/private.h"

struct walk {
	struct gate_store_file_dir *dir;
	const char *user; /* NULL: all */
	gate_store_visit *visit;
	void *data;
	struct gate_error *error;
	int unread; /* number of records that could not be read now */
};

/* Returns true if the walk is over all records and this is a session that can't be read: such a
 * walk shows it all the same. */
static bool
is_unreadable_session(
    const struct walk *w, const char *id, int found, const struct gate_store_file_was *was)
{
	char name[GATE_STORE_FILE_NAME_MAX];

	gate_store_file_name(name, id);
	if (w->user != NULL || (found != 0 && found != GATE_UNREADABLE))
		return false;
	if (was != NULL)
		return gate_store_file_kind_of(was->bytes, was->length) == GATE_STORE_FILE_SESSION;
	return found == GATE_UNREADABLE && gate_store_file_begins_as_session(w->dir, name);
}

/* Returns what visit returns, or 1 if it was not called. */
static int
visit_record(struct walk *w, const char *id)
{
	struct gate_record record = gate_record_blank(
	    gate_clock_wall(), gate_clock_end(w->dir->deadline), w->dir->ttl, w->dir->user_member);
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
		gate_record_release(&record);
		result = w->visit(w->data, id, &record);
	}
	gate_store_file_free_was(was);
	record.was = NULL;
	gate_record_release(&record);
	return result;
}

/* Visits the records that the names in `folder` stand for: records' files, or a user's ids. Returns
 * 1, or -1 with the error set. */
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
	folder = gate_store_file_open_user(dir, user, false);
	if (folder < 0 && errno == ENOENT)
		return 1;
	result = walk(&w, folder);
	if (folder >= 0)
		close(folder);
	return result;
}

/* ---- the newest of one user ---- */

struct entry {
	int64_t written; /* when the record's file was, ms since 1970 */
	size_t at;       /* offset of the id in `ids` */
};

struct entries {
	struct gate_buffer ids; /* each ends with a NUL */
	struct gate_buffer all; /* of struct entry */
};

/* Lists the ids in the folder with the times of their records' files; opens no file. */
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
	int folder = gate_store_file_open_user(w.dir, user, false), result;
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
