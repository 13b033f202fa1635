/* user/file_table.c: the users of an htpasswd file's text: an index by name, and their order. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "user/file_private.h"

#define LOGGED_MAX 10 /* lines that one read of the file logs */

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

/* Compares names; of one name, users come before "ended" lines, both in the file's order. */
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

const struct gate_user_entry *
gate_user_table_find(const struct gate_user_table *table, const char *name, size_t length)
{
	const struct gate_user_entry wanted = {.name = name, .name_length = length};

	return bsearch(&wanted, table->names, table->named, sizeof wanted, compare_names);
}

void
gate_user_table_free(struct gate_user_table *table)
{
	if (table == NULL)
		return;
	gate_buffer_release(&table->text);
	free(table->users);
	free(table->names);
	free(table);
}

/* Collects the lines that have a name, in the file's order. Returns 0, or -1 if memory is out. */
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

/* Keeps one entry of each name: the first user's, with the latest end. */
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

/* Makes the index by name, and from it the list of users in the file's order. Returns 0, or -1 if
 * memory is out. */
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

/* Logs the line's number and what is wrong, never its text: that may be a hash. */
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
		    gate_user_table_find(table, line.user.name, line.user.name_length)->name !=
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

struct gate_user_table *
gate_user_table_new(struct gate_buffer *text, const char *path)
{
	struct gate_user_table *table = calloc(1, sizeof *table);

	if (table == NULL)
		return NULL;
	table->text = *text;
	*text = (struct gate_buffer){0};
	if (fill(table) < 0) {
		gate_user_table_free(table);
		return NULL;
	}
	log_skipped(table, path);
	return table;
}
