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
	struct gate_user_entry *names;  /* who is there, and who was, by name */
	struct gate_user_entry **users; /* who is there, in the order in which they stand */
	size_t named, count, skipped;   /* names, users, lines that are worth nothing */
	int holders;                    /* under the file's lock */
};

/* ---- the table ---- */

static int
compare_names(const void *one, const void *two)
{
	const struct gate_user_entry *a = one, *b = two;
	size_t length = a->name_length < b->name_length ? a->name_length : b->name_length;
	int order = memcmp(a->name, b->name, length);

	if (order != 0)
		return order;
	return (a->name_length > b->name_length) - (a->name_length < b->name_length);
}

/* Lines of one name: the users come first, then the ends, both in the order in which they stand. */
static int
compare_lines(const void *one, const void *two)
{
	const struct gate_user_entry *a = one, *b = two;
	int order = compare_names(a, b);

	if (order != 0)
		return order;
	if ((a->hash == NULL) != (b->hash == NULL))
		return a->hash == NULL ? 1 : -1;
	return (a->place > b->place) - (a->place < b->place);
}

/* Returns who has that name, or had it before the user was removed; NULL if nobody did. */
static const struct gate_user_entry *
find_name(const struct gate_user_table *table, const char *name, size_t length)
{
	const struct gate_user_entry wanted = {.name = name, .name_length = length};

	return bsearch(&wanted, table->names, table->named, sizeof wanted, compare_names);
}

static void
free_table(struct gate_user_table *table)
{
	if (table == NULL)
		return;
	gate_buffer_release(&table->text);
	free(table->users);
	free(table->names);
	free(table);
}

/* Collects the lines that name somebody, in the order in which they stand. Returns -1 if memory is out. */
static int
read_lines(struct gate_user_table *table)
{
	const char *text = table->text.data, *end = text + table->text.length;
	struct gate_user_line line = {.next = text};
	struct gate_buffer lines = {.limit = SIZE_MAX};

	gate_buffer_reserve(&lines, sizeof *table->names); /* for an empty file, too */
	while (line.next < end) {
		struct gate_user_entry *entry = &line.user;

		gate_user_line_parse(&line, line.next, end);
		table->skipped += line.part != NULL;
		if (line.end.name != NULL)
			entry = &line.end;
		if (entry->name == NULL)
			continue;
		entry->place = table->named++;
		gate_buffer_add(&lines, entry, sizeof *entry);
	}
	table->names = (struct gate_user_entry *)(void *)lines.data;
	return lines.failed ? -1 : 0;
}

/* Keeps one of the lines of each name: that of the first user, with the latest end. */
static void
join_lines(struct gate_user_table *table)
{
	struct gate_user_entry *names = table->names, *last = NULL;
	size_t lines = table->named;

	table->named = 0;
	for (size_t i = 0; i < lines; i++) {
		if (last == NULL || compare_names(last, &names[i]) != 0) {
			last = &names[table->named++];
			*last = names[i];
			continue;
		}
		if (names[i].since > last->since)
			last->since = names[i].since;
		table->skipped += names[i].hash != NULL;
	}
}

/* Makes the index by name, and from it the list of users in the order in which they stand. */
static int
fill(struct gate_user_table *table)
{
	size_t lines;

	if (read_lines(table) < 0)
		return -1;
	lines = table->named;
	table->users = calloc(lines + 1, sizeof *table->users);
	if (table->users == NULL)
		return -1;
	qsort(table->names, lines, sizeof *table->names, compare_lines);
	join_lines(table);
	for (size_t i = 0; i < table->named; i++)
		if (table->names[i].hash != NULL)
			table->users[table->names[i].place] = &table->names[i];
	for (size_t i = 0; i < lines; i++)
		if (table->users[i] != NULL)
			table->users[table->count++] = table->users[i];
	return 0;
}

/* Says which line it is, and never what stands in it. */
static void
log_line(const struct gate_user_line *line, size_t number, const char *path)
{
	char text[24];

	snprintf(text, sizeof text, "%zu", number);
	gate_log(GATE_LOG_WARN, "users-line-skipped", "file", path, "line", text, line->part,
	    line->why, NULL);
}

static void
log_skipped(const struct gate_user_table *table, const char *path)
{
	const char *text = table->text.data, *end = text + table->text.length;
	struct gate_user_line line = {.next = text};
	size_t left = table->skipped < LOGGED_MAX ? table->skipped : LOGGED_MAX;
	char skipped[24];

	for (size_t number = 1; left > 0 && line.next < end; number++) {
		gate_user_line_parse(&line, line.next, end);
		if (line.user.name != NULL &&
		    find_name(table, line.user.name, line.user.name_length)->name !=
			line.user.name) {
			line.part = "name";
			line.why = "stands in an earlier line already";
		}
		if (line.part == NULL)
			continue;
		log_line(&line, number, path);
		left--;
	}
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
	if (fill(table) < 0) {
		free_table(table);
		return NULL;
	}
	log_skipped(table, file->path);
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
	bool found;

	if (table == NULL)
		return -1;
	*hash = '\0';
	user = find_name(table, name, strlen(name));
	found = user != NULL && user->hash != NULL;
	if (found)
		copy(hash, user->hash, user->hash_length);
	give_back(users, table);
	return found;
}

/* Each request of somebody who is logged in asks this: a file that looks as it did is not read again,
 * and what was read last counts while it can't be read. */
static int
file_since(void *users, const char *name, int64_t *since, struct gate_error *error)
{
	struct gate_user_file *file = users;
	struct gate_error why = {0};
	const struct gate_user_entry *user;
	struct stat st;

	(void)error;
	pthread_mutex_lock(&file->lock);
	if ((stat(file->path, &st) < 0 || !gate_user_file_is_same(&st, &file->read)) &&
	    refresh(file, &why) < 0)
		gate_log(GATE_LOG_ERROR, "users-unreadable", "error", why.text, NULL);
	user = find_name(file->table, name, strlen(name));
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
