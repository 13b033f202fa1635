/* user/groups.c: reads the file of groups, and finds a user's. */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fresh.h"
#include "base/log.h"
#include "user/groups.h"
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

const char *
gate_group_name_refusal(const char *name, size_t length)
{
	if (memchr(name, ',', length) != NULL)
		return "holds a comma";
	return gate_user_name_refusal(name, length);
}

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

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Logs the line's number and what is wrong with it. */
static void
report_line(const struct gate_groups *groups, size_t number, const char *part, const char *why)
{
	char text[24];

	snprintf(text, sizeof text, "%zu", number);
	gate_log(GATE_LOG_WARN, "groups-line-skipped", "file", groups->path, "line", text, part,
	    why, NULL);
}

static const char *
skip_blanks(const char *text, const char *end)
{
	while (text < end && is_blank(*text))
		text++;
	return text;
}

/* Adds an entry for each user from `text` to `end`; the group is in `entry`. Returns what is wrong
 * with a user's name, or NULL. */
static const char *
read_users(struct gate_groups *groups, struct entry *entry, const char *text, const char *end)
{
	const char *why = NULL;

	while (why == NULL && (text = skip_blanks(text, end)) < end) {
		entry->user = text;
		while (text < end && !is_blank(*text))
			text++;
		entry->user_length = (size_t)(text - entry->user);
		entry->place = groups->entries.length;
		why = gate_user_name_refusal(entry->user, entry->user_length);
		if (why == NULL)
			gate_buffer_add(&groups->entries, entry, sizeof *entry);
	}
	return why;
}

/* Reads the line from `text` to `end`. Returns what is wrong with it, or NULL; *part then says of
 * what: "group" or "user". */
static const char *
read_line(struct gate_groups *groups, const char *text, const char *end, const char **part)
{
	struct entry entry = {.group = skip_blanks(text, end)};
	const char *colon, *why;

	*part = "group";
	if (entry.group == end || *entry.group == '#')
		return NULL;
	colon = memchr(entry.group, ':', (size_t)(end - entry.group));
	if (colon == NULL)
		return "has no colon behind it";
	entry.group_length = (size_t)(colon - entry.group);
	while (entry.group_length > 0 && is_blank(entry.group[entry.group_length - 1]))
		entry.group_length--;
	why = gate_group_name_refusal(entry.group, entry.group_length);
	if (why != NULL)
		return why;
	*part = "user";
	return read_users(groups, &entry, colon + 1, end);
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
	size_t skipped = 0, count;

	gate_buffer_reset(&groups->entries);
	for (size_t number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline != NULL ? newline : end, *part, *why;
		const char *last = stop > text && stop[-1] == '\r' ? stop - 1 : stop;

		why = read_line(groups, text, last, &part);
		if (why != NULL && skipped++ < LOGGED_MAX)
			report_line(groups, number, part, why);
		text = newline != NULL ? newline + 1 : end;
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
