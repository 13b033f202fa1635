/* store/file/record.c: loads, creates, updates, touches and removes a record of the file store. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "record/record.h"
#include "store/file/private.h"

#define IN_PLACE_MAX 4096 /* one page: pwrite writes all of it even if the process is killed */

int
gate_store_file_load(
    void *store, const char *id, struct gate_record *record, struct gate_error *error)
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
	return gate_store_file_kind_of(was->bytes, was->length) == GATE_STORE_FILE_BLANK
	    ? 0
	    : GATE_UNREADABLE;
}

void
gate_store_file_release(struct gate_record *record)
{
	gate_store_file_free_was(record->was);
}

/* Returns the text for the file, which is yours, with __lastAccess set to now and, if padded,
 * spaces at its end. Returns NULL if memory ran out. */
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
	size = (*length / GATE_STORE_FILE_PAD + 1) * GATE_STORE_FILE_PAD;
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
	return was->length > 0 && was->length % GATE_STORE_FILE_PAD == 0 &&
	    was->bytes[was->length - 1] == ' ';
}

static bool
is_indexed(struct gate_store_file_dir *dir, const char *id, const struct gate_record *record)
{
	return record->user == NULL || gate_store_file_index(dir, record->user, id) == 0;
}

int
gate_store_file_update(
    void *store, const char *id, struct gate_record *record, struct gate_error *error)
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
		gate_store_file_fail(dir, "a record can't be written", error);
	flock(was->fd, LOCK_UN);
	free(text);
	return result;
}

/* A record's times are in its file, so a touch is an update. Only puts a stray record into the
 * index. */
int
gate_store_file_touch(
    void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	if (!record->stray)
		return gate_store_file_update(store, id, record, error);
	return is_indexed(store, id, record)
	    ? 1
	    : gate_store_file_fail(store, "a record can't be put into its user's list", error);
}

int
gate_store_file_create(
    void *store, const char *id, struct gate_record *record, struct gate_error *error)
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
		gate_store_file_fail(dir, "a record can't be made", error);
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
		gate_store_file_fail(dir, "a record can't be removed", error);
	flock(was->fd, LOCK_UN);
	return result;
}

/* Takes the id out of the index of the user that the file named: record->user may be a new one. */
static void
unindex(struct gate_store_file_dir *dir, const char *id, const struct gate_store_file_was *was)
{
	struct gate_record record = {.user_member = dir->user_member};

	if (gate_store_file_parse(was, &record) == 1 && record.user != NULL)
		gate_store_file_unindex(dir, record.user, id);
	gate_record_release(&record);
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
		return gate_store_file_fail(dir, "a record can't be removed", error);
	return 1;
}

/* Removes a file that can't be read, and so can't be locked. Returns 0 for a folder: it is no
 * record. */
static int
unlink_unread(struct gate_store_file_dir *dir, const char *id, struct gate_error *error)
{
	char name[GATE_STORE_FILE_NAME_MAX];

	gate_store_file_name(name, id);
	if (unlinkat(dir->records, name, 0) < 0)
		return errno == ENOENT || errno == EISDIR
		    ? 0
		    : gate_store_file_fail(dir, "a record can't be removed", error);
	if (dir->sync && fsync(dir->records) < 0)
		return gate_store_file_fail(dir, "a record can't be removed", error);
	return 1;
}

/* Removes whatever is there, under its lock: so it waits for a process that is writing the file. */
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
		gate_store_file_free_was(was);
	} while (result == GATE_CONFLICT && gate_clock_monotonic() < deadline);
	if (result == GATE_CONFLICT)
		return gate_store_file_fail(dir, "a record is changed all the time", error);
	return result;
}

int
gate_store_file_remove(
    void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	if (record == NULL)
		return remove_any(store, id, error);
	return unlink_synced(store, id, record->was, record->deadline, error);
}
