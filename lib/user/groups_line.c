/* user/groups_line.c: a line of the file of groups, and what a group's name may be. */
#include "config.h"

#include <string.h>

#include "user/groups.h"
#include "user/groups_private.h"
#include "user/rules.h"

const char *
gate_group_name_refusal(const char *name, size_t length)
{
	if (memchr(name, ',', length) != NULL)
		return "holds a comma";
	return gate_user_name_refusal(name, length);
}

const char *
gate_group_member_refusal(const char *name, size_t length)
{
	if (memchr(name, ' ', length) != NULL)
		return "holds a blank, which ends a name in the file of groups";
	return gate_user_name_refusal(name, length);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *
skip_blanks(const char *text, const char *end)
{
	while (text < end && is_blank(*text))
		text++;
	return text;
}

void
gate_groups_line_parse(struct gate_groups_line *line, const char *text, const char *end)
{
	const char *newline = memchr(text, '\n', (size_t)(end - text)), *colon, *group;
	size_t length;

	*line = (struct gate_groups_line){.end = newline != NULL ? newline : end};
	line->next = newline != NULL ? newline + 1 : end;
	if (line->end > text && line->end[-1] == '\r')
		line->end--;
	group = skip_blanks(text, line->end);
	if (group == line->end || *group == '#')
		return;
	colon = memchr(group, ':', (size_t)(line->end - group));
	if (colon == NULL) {
		line->why = "has no colon behind it";
		return;
	}
	length = (size_t)(colon - group);
	while (length > 0 && is_blank(group[length - 1]))
		length--;
	line->why = gate_group_name_refusal(group, length);
	if (line->why != NULL)
		return;
	line->group = group;
	line->group_length = length;
	line->users = colon + 1;
}

size_t
gate_groups_line_user(const struct gate_groups_line *line, const char **at)
{
	const char *stop = *at = skip_blanks(*at, line->end);

	while (stop < line->end && !is_blank(*stop))
		stop++;
	return (size_t)(stop - *at);
}
