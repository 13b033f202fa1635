/* user/file.c: users in an htpasswd file; reads it again when it has changed. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"
#include "user/file_private.h"
#include "user/rules.h"

/* ---- reading ---- */

/* Gives up one hold on a table. Needs the lock, which guards `holders`. */
static void
drop_table(struct gate_user_table *table)
{
	if (table != NULL && --table->holders == 0)
		gate_user_table_free(table);
}

static void
replace_table(struct gate_user_file *file, struct gate_user_table *table)
{
	if ((file->fresh.read.st_mode & 0007) != 0)
		gate_log(GATE_LOG_WARN, "users-exposed", "file", file->path, "hint", "chmod o= it",
		    NULL);
	table->holders = 1;
	drop_table(file->table);
	file->table = table;
}

/* Reads the file if it may have changed. Needs the lock. Returns 0, or -1 with the error set. */
static int
refresh(struct gate_user_file *file, struct gate_error *error)
{
	struct gate_buffer text = {0};
	struct gate_user_table *table = file->table;
	int result = gate_user_file_read(file, &text);

	if (result < 0)
		return gate_user_file_fail(file, "", error);
	if (result == 0)
		return 0;
	result = 0;
	if (table == NULL || table->text.length != text.length ||
	    memcmp(table->text.data, text.data, text.length) != 0) {
		table = gate_user_table_new(&text, file->path);
		if (table != NULL)
			replace_table(file, table);
		else
			result = gate_fail(error, GATE_EMEMORY, "users: out of memory");
	}
	gate_buffer_release(&text);
	if (result < 0)
		gate_fresh_forget(&file->fresh);
	return result;
}

/* Returns the table of the file as it is now, or NULL with the error set. The caller uses it
 * without the lock, so that nobody waits, and then gives it back. */
static struct gate_user_table *
take_table(struct gate_user_file *file, struct gate_error *error)
{
	struct gate_user_table *table = NULL;

	pthread_mutex_lock(&file->lock);
	if (refresh(file, error) == 0) {
		table = file->table;
		table->holders++;
	}
	pthread_mutex_unlock(&file->lock);
	return table;
}

static void
give_back(struct gate_user_file *file, struct gate_user_table *table)
{
	pthread_mutex_lock(&file->lock);
	drop_table(table);
	pthread_mutex_unlock(&file->lock);
}

static void
file_close(void *users)
{
	struct gate_user_file *file = users;

	drop_table(file->table);
	pthread_mutex_destroy(&file->lock);
	free(file);
}

static void *
file_open(const char *url, bool make, struct gate_error *error)
{
	size_t size = strlen(url) + 1;
	struct gate_user_file *file = malloc(sizeof *file + size);
	int result;

	if (file == NULL) {
		gate_fail(error, GATE_EMEMORY, "users: out of memory");
		return NULL;
	}
	*file = (struct gate_user_file){.make = make, .path = file->url + strcspn(url, ":") + 1};
	memcpy(file->url, url, size);
	file->fresh.path = file->path;
	pthread_mutex_init(&file->lock, NULL);
	pthread_mutex_lock(&file->lock);
	result = refresh(file, error);
	pthread_mutex_unlock(&file->lock);
	if (result == 0)
		return file;
	file_close(file);
	return NULL;
}

/* ---- the questions ---- */

static void
copy(char *out, const char *text, size_t length)
{
	memcpy(out, text, length);
	out[length] = '\0';
}

static int
file_find(void *users, const char *name, char hash[GATE_HASH_MAX], struct gate_error *error)
{
	struct gate_user_table *table = take_table(users, error);
	const struct gate_user_entry *user;
	bool found;

	if (table == NULL)
		return -1;
	*hash = '\0';
	user = gate_user_table_find(table, name, strlen(name));
	found = user != NULL && user->hash != NULL;
	if (found)
		copy(hash, user->hash, user->hash_length);
	give_back(users, table);
	return found;
}

/* Each request of a logged-in user asks this: it must be cheap and must not fail. A file that looks
 * unchanged is not read again, even if it is not settled. While the file can't be read, the last
 * read counts. */
static int
file_since(void *users, const char *name, int64_t *since, struct gate_error *error)
{
	struct gate_user_file *file = users;
	struct gate_error why = {0};
	const struct gate_user_entry *user;
	struct stat st;

	(void)error;
	pthread_mutex_lock(&file->lock);
	if ((stat(file->path, &st) < 0 || !gate_fresh_is_same(&st, &file->fresh.read)) &&
	    refresh(file, &why) < 0)
		gate_log(GATE_LOG_ERROR, "users-unreadable", "error", why.text, NULL);
	user = gate_user_table_find(file->table, name, strlen(name));
	if (user != NULL)
		*since = user->since;
	pthread_mutex_unlock(&file->lock);
	return user != NULL;
}

static int
file_pick(
    void *users, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *error)
{
	struct gate_user_table *table = take_table(users, error);
	int result = 0;

	if (table == NULL)
		return -1;
	for (size_t i = gate_user_place(number, table->count), left = table->count;
	     left > 0 && !result; i = (i + 1) % table->count, left--) {
		copy(hash, table->users[i]->hash, table->users[i]->hash_length);
		result = gate_password_hash_refusal(hash, weak) == NULL;
	}
	if (!result)
		*hash = '\0';
	give_back(users, table);
	return result;
}

static int
file_each(void *users, gate_user_visit *visit, void *data, struct gate_error *error)
{
	struct gate_user_table *table = take_table(users, error);
	char name[GATE_USER_NAME_MAX + 1], hash[GATE_HASH_MAX];
	int result = 1;

	if (table == NULL)
		return -1;
	for (size_t i = 0; i < table->count && result > 0; i++) {
		copy(name, table->users[i]->name, table->users[i]->name_length);
		copy(hash, table->users[i]->hash, table->users[i]->hash_length);
		if (visit(data, name, hash) < 0)
			result = -1;
	}
	give_back(users, table);
	return result;
}

static size_t
file_skipped(void *users)
{
	struct gate_user_file *file = users;
	size_t skipped;

	pthread_mutex_lock(&file->lock);
	skipped = file->table->skipped;
	pthread_mutex_unlock(&file->lock);
	return skipped;
}

const struct gate_user_kind gate_users_file = {
    .scheme = "file",
    .open = file_open,
    .close = file_close,
    .find = file_find,
    .pick = file_pick,
    .change = gate_user_file_change,
    .since = file_since,
    .each = file_each,
    .skipped = file_skipped,
};
