/* user/groups.c: reads the file of groups, finds a user's, and prints all. */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fresh.h"
#include "base/log.h"
#include "user/groups.h"
#include "user/groups_private.h"
#include "user/rules.h"

#define LOGGED_MAX 10 /* lines that one read of the file logs */

struct entry { /* a user in a group; both point into the text */
	const char *user, *group;
	size_t user_length, group_length;
	size_t place; /* in the file's order */
};

struct gate_groups {
	pthread_mutex_t lock; /* guards all below */
	struct gate_fresh fresh;
	struct gate_buffer text;    /* of the last read */
	struct gate_buffer entries; /* of struct entry, sorted by user, then by place */
	char path[];
};

bool
gate_groups_list_has(const char *list, const char *name, size_t length)
{
	while (length > 0 && *list != '\0') {
		size_t size = strcspn(list, ",");

		if (size == length && memcmp(list, name, size) == 0)
			return true;
		list += size + (list[size] == ',');
	}
	return false;
}

/* ---- the file's lines ---- */

/* Logs the line's number and what is wrong with it. */
static void
report_line(const struct gate_groups *groups, size_t number, const char *part, const char *why)
{
	char text[24];

	snprintf(text, sizeof text, "%zu", number);
	gate_log(GATE_LOG_WARN, "groups-line-skipped", "file", groups->path, "line", text, part,
	    why, NULL);
}

/* Adds an entry for each user of the line. Returns what is wrong with a user's name, or NULL. */
static const char *
read_users(struct gate_groups *groups, const struct gate_groups_line *line)
{
	struct entry entry = {.group = line->group, .group_length = line->group_length};
	const char *at = line->users, *why = NULL;

	while (why == NULL && (entry.user_length = gate_groups_line_user(line, &at)) > 0) {
		entry.user = at;
		entry.place = groups->entries.length;
		why = gate_user_name_refusal(entry.user, entry.user_length);
		if (why == NULL)
			gate_buffer_add(&groups->entries, &entry, sizeof entry);
		at += entry.user_length;
	}
	return why;
}

static int
compare_users(const void *one, const void *two)
{
	const struct entry *a = one, *b = two;
	size_t length = a->user_length < b->user_length ? a->user_length : b->user_length;
	int order = memcmp(a->user, b->user, length);

	if (order != 0)
		return order;
	return (a->user_length > b->user_length) - (a->user_length < b->user_length);
}

static int
compare_entries(const void *one, const void *two)
{
	const struct entry *a = one, *b = two;
	int order = compare_users(a, b);

	return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

static void
read_lines(struct gate_groups *groups)
{
	const char *text = groups->text.data, *end = text + groups->text.length;
	struct gate_groups_line line;
	size_t skipped = 0, count;

	gate_buffer_reset(&groups->entries);
	for (size_t number = 1; text < end; number++) {
		const char *why, *part = "group";

		gate_groups_line_parse(&line, text, end);
		why = line.why;
		if (line.group != NULL) {
			why = read_users(groups, &line);
			part = "user";
		}
		if (why != NULL && skipped++ < LOGGED_MAX)
			report_line(groups, number, part, why);
		text = line.next;
	}
	count = groups->entries.length / sizeof(struct entry);
	if (count > 1)
		qsort(groups->entries.data, count, sizeof(struct entry), compare_entries);
}

/* Reads the file again if it may have changed. Needs the lock. Returns 0, or -1 with the error
 * set: a file that can't be read says nothing about who is in a group. */
static int
refresh(struct gate_groups *groups, struct gate_error *error)
{
	struct gate_buffer text = {.limit = GATE_GROUPS_FILE_MAX};
	int result = gate_fresh_read(&groups->fresh, GATE_GROUPS_FILE_MAX, &text);

	if (result < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "groups %.100s", groups->path);
	if (result == 0)
		return 0;
	gate_buffer_release(&groups->text);
	groups->text = text;
	gate_buffer_puts(&groups->text, ""); /* an empty file has a text, too */
	read_lines(groups);
	if (!groups->entries.failed && !groups->text.failed)
		return 0;
	gate_fresh_forget(&groups->fresh);
	return gate_fail(error, GATE_EMEMORY, "groups: out of memory");
}

/* ---- the questions ---- */

struct gate_groups *
gate_groups_open(const char *path, struct gate_error *error)
{
	size_t size = strlen(path) + 1;
	struct gate_groups *groups = calloc(1, sizeof *groups + size);

	if (groups == NULL) {
		gate_fail(error, GATE_EMEMORY, "groups: out of memory");
		return NULL;
	}
	memcpy(groups->path, path, size);
	groups->fresh.path = groups->path;
	groups->entries.limit = SIZE_MAX;
	pthread_mutex_init(&groups->lock, NULL);
	if (refresh(groups, error) == 0)
		return groups;
	gate_groups_close(groups);
	return NULL;
}

void
gate_groups_close(struct gate_groups *groups)
{
	if (groups == NULL)
		return;
	gate_buffer_release(&groups->text);
	gate_buffer_release(&groups->entries);
	pthread_mutex_destroy(&groups->lock);
	free(groups);
}

/* Returns the index of the first of the user's entries, or `count` if there is none. Needs the
 * lock. */
static size_t
first_of(const struct entry *all, size_t count, const struct entry *wanted)
{
	const struct entry *found =
	    count > 0 ? bsearch(wanted, all, count, sizeof *all, compare_users) : NULL;

	while (found != NULL && found > all && compare_users(found - 1, wanted) == 0)
		found--;
	return found != NULL ? (size_t)(found - all) : count;
}

static void
add_groups(const struct gate_groups *groups, const char *user, struct gate_buffer *out)
{
	const struct entry wanted = {.user = user, .user_length = strlen(user)};
	const struct entry *all = (const struct entry *)(const void *)groups->entries.data;
	size_t count = groups->entries.length / sizeof *all;

	for (size_t i = first_of(all, count, &wanted);
	     i < count && compare_users(&all[i], &wanted) == 0; i++) {
		if (gate_groups_list_has(gate_buffer_text(out), all[i].group, all[i].group_length))
			continue; /* an earlier line of the group has the user, too */
		if (out->length > 0)
			gate_buffer_putc(out, ',');
		gate_buffer_add(out, all[i].group, all[i].group_length);
	}
}

int
gate_groups_of(
    struct gate_groups *groups, const char *user, struct gate_buffer *out, struct gate_error *error)
{
	int result;

	pthread_mutex_lock(&groups->lock);
	result = refresh(groups, error);
	if (result == 0)
		add_groups(groups, user, out);
	pthread_mutex_unlock(&groups->lock);
	return result == 0 && out->failed
	    ? gate_fail(error, GATE_EMEMORY, "groups: %s is in too many", user)
	    : result;
}

/* Compares groups; of one group, users. */
static int
compare_groups(const void *one, const void *two)
{
	const struct entry *a = one, *b = two;
	size_t length = a->group_length < b->group_length ? a->group_length : b->group_length;
	int order = memcmp(a->group, b->group, length);

	if (order == 0)
		order = (a->group_length > b->group_length) - (a->group_length < b->group_length);
	return order != 0 ? order : compare_users(a, b);
}

static void
print_groups(const struct entry *all, size_t count, struct gate_buffer *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct entry *last = i > 0 ? &all[i - 1] : NULL;
		bool same = last != NULL && last->group_length == all[i].group_length &&
		    memcmp(last->group, all[i].group, all[i].group_length) == 0;

		if (same && compare_users(last, &all[i]) == 0)
			continue; /* named twice */
		if (!same) {
			gate_buffer_puts(out, last != NULL ? "\n" : "");
			gate_buffer_add(out, all[i].group, all[i].group_length);
			gate_buffer_putc(out, ':');
		}
		gate_buffer_putc(out, ' ');
		gate_buffer_add(out, all[i].user, all[i].user_length);
	}
	gate_buffer_puts(out, count > 0 ? "\n" : "");
}

int
gate_groups_print(struct gate_groups *groups, struct gate_buffer *out, struct gate_error *error)
{
	struct gate_buffer sorted = {.limit = SIZE_MAX};
	int result;

	pthread_mutex_lock(&groups->lock);
	result = refresh(groups, error);
	if (result == 0 && groups->entries.length > 0)
		gate_buffer_add(&sorted, groups->entries.data, groups->entries.length);
	if (sorted.length > 0) {
		size_t count = sorted.length / sizeof(struct entry);

		qsort(sorted.data, count, sizeof(struct entry), compare_groups);
		print_groups((const struct entry *)(const void *)sorted.data, count, out);
	}
	pthread_mutex_unlock(&groups->lock);
	if (result == 0 && (sorted.failed || out->failed))
		result = gate_fail(error, GATE_EMEMORY, "groups: out of memory");
	gate_buffer_release(&sorted);
	return result;
}
