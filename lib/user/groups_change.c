/* user/groups_change.c: changes the file of groups, whole or not at all, one change at a time. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/replace.h"
#include "user/groups.h"
#include "user/groups_private.h"
#include "user/rules.h"

static bool
is_of(const struct gate_groups_line *line, const struct gate_groups_edit *edit)
{
	return line->group != NULL && strlen(edit->group) == line->group_length &&
	    memcmp(edit->group, line->group, line->group_length) == 0;
}

/* Marks the members of this name as those that are in the group. Returns whether there is one. */
static bool
mark(const struct gate_groups_edit *edit, const char *name, size_t length)
{
	bool found = false;

	for (size_t i = 0; i < edit->count; i++) {
		struct gate_groups_member *member = &edit->members[i];

		if (strlen(member->name) == length && memcmp(member->name, name, length) == 0)
			member->there = found = true;
	}
	return found;
}

/* ---- adding ---- */

/* Marks who is in a line of the group, which counts up to a name that is wrong. Returns where
 * another user can be added, NULL if he would not count there. */
static const char *
look_at(const struct gate_groups_line *line, const struct gate_groups_edit *edit)
{
	const char *at = line->users, *stop = at;
	size_t length;

	while ((length = gate_groups_line_user(line, &at)) > 0) {
		if (gate_user_name_refusal(at, length) != NULL)
			return NULL;
		mark(edit, at, length);
		stop = at += length;
	}
	return stop;
}

/* Adds who is not in the group yet, each once. Returns how many. */
static size_t
add_members(struct gate_buffer *new, const struct gate_groups_edit *edit)
{
	size_t added = 0;

	for (size_t i = 0; i < edit->count; i++) {
		struct gate_groups_member *member = &edit->members[i];
		bool twice = false;

		for (size_t earlier = 0; earlier < i; earlier++)
			twice |= strcmp(edit->members[earlier].name, member->name) == 0;
		if (member->there || twice)
			continue;
		gate_buffer_putc(new, ' ');
		gate_buffer_puts(new, member->name);
		added++;
	}
	return added;
}

/* Composes the text with the new users in the group's first line that has room for them, else in a
 * new line. Returns 1, or 0 if all are in the group already. */
static int
compose_more(
    struct gate_buffer *new, const struct gate_buffer *old, const struct gate_groups_edit *edit)
{
	const char *text = gate_buffer_text(old), *end = text + old->length, *place = NULL;
	const char *line_end = gate_file_line_end(text, old->length);
	size_t begin = new->length, added;
	struct gate_groups_line line = {.next = text};

	while (line.next < end) {
		const char *here;

		gate_groups_line_parse(&line, line.next, end);
		here = is_of(&line, edit) ? look_at(&line, edit) : NULL;
		place = place != NULL ? place : here;
	}
	gate_buffer_add(new, text, (size_t)((place != NULL ? place : end) - text));
	if (place == NULL) {
		gate_file_begin_line(new, begin, line_end);
		gate_buffer_printf(new, "%s:", edit->group);
	}
	added = add_members(new, edit);
	if (place != NULL)
		gate_buffer_add(new, place, (size_t)(end - place));
	else
		gate_buffer_puts(new, line_end);
	return added > 0;
}

/* ---- removing ---- */

/* Adds a line of the group without those who go; a line that they leave empty goes, too. */
static void
compose_line(struct gate_buffer *new, const struct gate_groups_edit *edit,
    const struct gate_groups_line *line, const char *text)
{
	size_t begin = new->length, stay = 0, go = 0, length;
	const char *at = line->users, *done = at;

	gate_buffer_add(new, text, (size_t)(at - text));
	while ((length = gate_groups_line_user(line, &at)) > 0) {
		if (mark(edit, at, length)) {
			go++;
		} else {
			gate_buffer_add(new, done, (size_t)(at + length - done));
			stay++;
		}
		done = at += length;
	}
	gate_buffer_add(new, done, (size_t)(line->next - done));
	if (go > 0 && stay == 0 && !new->failed) {
		new->length = begin;
		new->data[begin] = '\0';
	}
}

/* Composes the text without the users that go, in all lines of the group: a line that is left would
 * count. Returns 1, or 0 if one of them is not in the group. */
static int
compose_less(
    struct gate_buffer *new, const struct gate_buffer *old, const struct gate_groups_edit *edit)
{
	const char *text = gate_buffer_text(old), *end = text + old->length;
	struct gate_groups_line line = {.next = text};

	while ((text = line.next) < end) {
		gate_groups_line_parse(&line, text, end);
		if (is_of(&line, edit))
			compose_line(new, edit, &line, text);
		else
			gate_buffer_add(new, text, (size_t)(line.next - text));
	}
	for (size_t i = 0; i < edit->count; i++)
		if (!edit->members[i].there)
			return 0;
	return 1;
}

/* ---- the change ---- */

static int
check_change(const struct gate_groups_edit *edit, struct gate_error *error)
{
	const char *why = gate_group_name_refusal(edit->group, strlen(edit->group));

	if (why != NULL)
		return gate_fail(error, GATE_EOPTION, "the group's name %s", why);
	for (size_t i = 0; i < edit->count; i++) {
		const char *name = edit->members[i].name;

		why = gate_group_member_refusal(name, strlen(name));
		if (why != NULL)
			return gate_fail(error, GATE_EOPTION, "the user's name %s", why);
		edit->members[i].there = false;
	}
	return 0;
}

static int
fail_to_open(const struct gate_replace *place, struct gate_error *error)
{
	if (errno != ENOENT)
		return gate_fail_errno(
		    error, GATE_ESYSTEM, "groups %.100s can't be changed", place->path);
	return gate_fail(error, GATE_ESYSTEM, "groups %.100s: %s", place->path,
	    place->make ? "its folder is not there" : "it is not there: gate group add makes it");
}

static int
compose(void *data, const struct gate_buffer *old, struct gate_buffer *new)
{
	const struct gate_groups_edit *edit = data;

	return edit->remove ? compose_less(new, old, edit) : compose_more(new, old, edit);
}

/* Others keep what rights they have, but may not write: Apache reads the file, too. */
int
gate_groups_change(const char *path, struct gate_groups_edit *edit, struct gate_error *error)
{
	struct gate_replace place =
	    GATE_REPLACE(.path = path, .make = !edit->remove, .never = 0002);
	char shown[112];
	const struct gate_replace_edit change = {
	    .most = GATE_GROUPS_FILE_MAX, .shown = shown, .compose = compose, .data = edit};
	int result;

	if (check_change(edit, error) < 0)
		return -1;
	snprintf(shown, sizeof shown, "groups %.100s", path);
	result = gate_replace_open(&place) < 0 ? fail_to_open(&place, error)
					       : gate_replace_edit(&place, &change, error);
	gate_replace_close(&place);
	return result;
}
