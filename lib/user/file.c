/* user/file.c: users in an htpasswd file, by a table that is made anew when the file changed. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "user/file_private.h"
#include "user/rules.h"

#define LOGGED_MAX 10    /* lines that are logged of one reading */
#define SETTLE_TIME 2000 /* ms: the coarsest clock that a file system has */

struct gate_user_table { /* never changed once it is made */
	struct gate_buffer text;
	struct gate_user_entry *users; /* in the order in which they stand; then those that were */
	uint32_t *slots; /* by the hash of the name: 1 + the place in users; 0: free */
	size_t count, mask, skipped;
	int holders; /* under the file's lock */
};

/* ---- the table ---- */

/* FNV-1a, its upper half worked into the lower one. */
static uint64_t
hash_of(const char *name, size_t length)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 1099511628211u;
	return hash ^ hash >> 32;
}

/* Where the user of that name is, or would be. */
static uint32_t *
find_slot(const struct gate_user_table *table, const char *name, size_t length)
{
	size_t i = hash_of(name, length) & table->mask;

	while (table->slots[i] != 0 &&
	    !gate_user_is_named(&table->users[table->slots[i] - 1], name, length))
		i = (i + 1) & table->mask;
	return &table->slots[i];
}

static void
free_table(struct gate_user_table *table)
{
	if (table == NULL)
		return;
	gate_buffer_release(&table->text);
	free(table->users);
	free(table->slots);
	free(table);
}

/* Counts the users first, so that the table is made once, and at most half full. */
static int
make_room(struct gate_user_table *table)
{
	const char *text = table->text.data, *end = text + table->text.length;
	struct gate_user_line line = {.next = text};
	size_t count = 0, slots = 2;

	while (line.next < end) {
		gate_user_line_parse(&line, line.next, end);
		count += line.user.name != NULL || line.end.name != NULL;
	}
	while (slots < 2 * count)
		slots *= 2;
	table->mask = slots - 1;
	table->users = calloc(count + 1, sizeof *table->users);
	table->slots = calloc(slots, sizeof *table->slots);
	return table->users != NULL && table->slots != NULL ? 0 : -1;
}

/* Says which line it is, and never what stands in it. */
static void
skip_line(struct gate_user_table *table, const struct gate_user_line *line, size_t number,
    const char *path)
{
	char text[24];

	if (++table->skipped > LOGGED_MAX)
		return;
	snprintf(text, sizeof text, "%zu", number);
	gate_log(GATE_LOG_WARN, "users-line-skipped", "file", path, "line", text, line->part,
	    line->why, NULL);
}

/* What ended counts for a user who is there, and for one who was. */
static void
fill_ends(struct gate_user_table *table)
{
	const char *text = table->text.data, *end = text + table->text.length;
	struct gate_user_line line = {.next = text};
	size_t all = table->count;

	while (line.next < end) {
		uint32_t *slot;

		gate_user_line_parse(&line, line.next, end);
		if (line.end.name == NULL)
			continue;
		slot = find_slot(table, line.end.name, line.end.name_length);
		if (*slot == 0) {
			table->users[all++] = line.end;
			*slot = (uint32_t)all;
		} else if (line.end.since > table->users[*slot - 1].since) {
			table->users[*slot - 1].since = line.end.since;
		}
	}
}

static void
fill(struct gate_user_table *table, const char *path)
{
	const char *text = table->text.data, *end = text + table->text.length;
	struct gate_user_line line = {.next = text};
	char skipped[24];

	for (size_t number = 1; line.next < end; number++) {
		uint32_t *slot;

		gate_user_line_parse(&line, line.next, end);
		if (line.user.name != NULL) {
			slot = find_slot(table, line.user.name, line.user.name_length);
			if (*slot == 0) {
				table->users[table->count++] = line.user;
				*slot = (uint32_t)table->count;
				continue;
			}
			line.part = "name";
			line.why = "stands in an earlier line already";
		}
		if (line.part != NULL)
			skip_line(table, &line, number, path);
	}
	fill_ends(table);
	if (table->skipped <= LOGGED_MAX)
		return;
	snprintf(skipped, sizeof skipped, "%zu", table->skipped);
	gate_log(GATE_LOG_WARN, "users-lines-skipped", "file", path, "count", skipped, NULL);
}

/* ---- reading ---- */

static struct gate_user_table *
make_table(struct gate_buffer *text, const struct gate_user_file *file, const struct stat *st)
{
	struct gate_user_table *table = calloc(1, sizeof *table);

	if (table == NULL)
		return NULL;
	table->text = *text;
	*text = (struct gate_buffer){0};
	if (make_room(table) < 0) {
		free_table(table);
		return NULL;
	}
	fill(table, file->path);
	if ((st->st_mode & 0007) != 0)
		gate_log(GATE_LOG_WARN, "users-exposed", "file", file->path, "hint", "chmod o= it",
		    NULL);
	return table;
}

static bool
is_current(const struct gate_user_file *file)
{
	struct stat st;

	return file->settled && stat(file->path, &st) == 0 &&
	    gate_user_file_is_same(&st, &file->read);
}

static int64_t
changed_at(const struct stat *st)
{
	return gate_clock_ms(&st->st_ctim);
}

/* Under the lock, as all that counts holders. */
static void
drop_table(struct gate_user_table *table)
{
	if (table != NULL && --table->holders == 0)
		free_table(table);
}

static void
replace_table(struct gate_user_file *file, struct gate_user_table *table)
{
	table->holders = 1;
	drop_table(file->table);
	file->table = table;
}

/* Under the lock. Two changes within a tick of the file system's clock leave the same times, so a
 * file that had just been changed when it was read is read again. 0 or -1. */
static int
refresh(struct gate_user_file *file, struct gate_error *error)
{
	struct gate_buffer text = {0};
	int64_t now = gate_clock_wall();
	struct gate_user_table *table = file->table;
	struct stat st;
	int result = 0;

	if (is_current(file))
		return 0;
	if (gate_user_file_read(file, &text, &st) < 0) {
		gate_buffer_release(&text);
		return gate_user_file_fail(file, "", error);
	}
	if (table == NULL || table->text.length != text.length ||
	    memcmp(table->text.data, text.data, text.length) != 0) {
		table = make_table(&text, file, &st);
		if (table != NULL)
			replace_table(file, table);
		else
			result = gate_fail(error, GATE_EMEMORY, "users: out of memory");
	}
	gate_buffer_release(&text);
	file->read = st;
	file->settled = result == 0 && now - changed_at(&st) >= SETTLE_TIME;
	return result;
}

/* The table as the file is now, to be given back; nobody waits for what is done with it. */
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
	uint32_t place;

	if (table == NULL)
		return -1;
	*hash = '\0';
	place = *find_slot(table, name, strlen(name));
	if (place > table->count)
		place = 0;
	if (place != 0) {
		user = &table->users[place - 1];
		copy(hash, user->hash, user->hash_length);
	}
	give_back(users, table);
	return place != 0;
}

/* Each request of somebody who is logged in asks this: a file that looks as it did is not read again,
 * and what was read last counts while it can't be read. */
static int
file_since(void *users, const char *name, int64_t *since, struct gate_error *error)
{
	struct gate_user_file *file = users;
	struct gate_error why = {0};
	struct stat st;
	uint32_t place;

	(void)error;
	pthread_mutex_lock(&file->lock);
	if ((stat(file->path, &st) < 0 || !gate_user_file_is_same(&st, &file->read)) &&
	    refresh(file, &why) < 0)
		gate_log(GATE_LOG_ERROR, "users-unreadable", "error", why.text, NULL);
	place = *find_slot(file->table, name, strlen(name));
	if (place != 0)
		*since = file->table->users[place - 1].since;
	pthread_mutex_unlock(&file->lock);
	return place != 0;
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
		copy(hash, table->users[i].hash, table->users[i].hash_length);
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
		copy(name, table->users[i].name, table->users[i].name_length);
		copy(hash, table->users[i].hash, table->users[i].hash_length);
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
