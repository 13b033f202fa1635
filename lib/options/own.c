/* options/own.c: the options that a program brings itself, as "guestbook.title". */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "options/own.h"

#define CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

struct gate_own_options {
	const struct gate_program_option *list;
	size_t count;
	char *values[];
};

bool
gate_own_options_fits(const char *name)
{
	return strchr(name, '.') != NULL;
}

/* Returns the length of PROGRAM in PROGRAM.NAME, or 0 if the name has another form. */
static size_t
program_length(const char *name)
{
	size_t program = strspn(name, CHARACTERS), length;

	if (program == 0 || name[program] != '.')
		return 0;
	length = strspn(name + program + 1, CHARACTERS);
	return length > 0 && name[program + 1 + length] == '\0' &&
		program + 1 + length <= GATE_OWN_NAME_MAX
	    ? program
	    : 0;
}

void
gate_own_options_free(struct gate_own_options *own)
{
	if (own == NULL)
		return;
	for (size_t i = 0; i < own->count; i++)
		free(own->values[i]);
	free(own);
}

struct gate_own_options *
gate_own_options_new(const struct gate_program_option *list, struct gate_error *error)
{
	struct gate_own_options *own;
	size_t count = 0;

	while (list != NULL && list[count].name != NULL)
		if (program_length(list[count++].name) == 0) {
			gate_fail(error, GATE_EOPTION,
			    "program option %.80s: its name is not of the form PROGRAM.NAME",
			    list[count - 1].name);
			return NULL;
		}
	own = calloc(1, sizeof *own + count * sizeof own->values[0]);
	if (own != NULL) {
		own->list = list;
		own->count = count;
		for (size_t i = 0; i < count; i++) {
			own->values[i] = strdup(list[i].value != NULL ? list[i].value : "");
			if (own->values[i] == NULL) {
				gate_own_options_free(own);
				own = NULL;
				break;
			}
		}
	}
	if (own == NULL)
		gate_fail(error, GATE_EMEMORY, "options: out of memory");
	return own;
}

/* Returns the place of the option, or own->count if there is none of that name. */
static size_t
find(const struct gate_own_options *own, const char *name)
{
	size_t i = 0;

	while (i < own->count && strcmp(own->list[i].name, name) != 0)
		i++;
	return i;
}

/* Returns true if an option of this program begins as the name does. */
static bool
is_ours(const struct gate_own_options *own, const char *name, size_t length)
{
	for (size_t i = 0; i < own->count; i++)
		if (strncmp(own->list[i].name, name, length) == 0 &&
		    own->list[i].name[length] == '.')
			return true;
	return false;
}

int
gate_own_options_give(struct gate_own_options *own, const char *name,
    const struct gate_option_given *given, struct gate_error *error)
{
	size_t i = find(own, name), length = program_length(name);
	char value[GATE_OPTION_VALUE_MAX + 1], *copy;

	if (length == 0)
		return gate_fail(
		    error, GATE_EOPTION, "%s: this is not the name of an option", given->origin);
	if (i == own->count && !is_ours(own, name, length))
		return 0;
	if (i == own->count)
		return gate_fail(error, GATE_EOPTION, "%s: unknown option \"%s\", see --help",
		    given->origin, name);
	if (gate_option_read_text(given, name, value, error) < 0)
		return -1;
	copy = strdup(value);
	if (copy == NULL)
		return gate_fail(error, GATE_EMEMORY, "options: out of memory");
	free(own->values[i]);
	own->values[i] = copy;
	return 1;
}

const char *
gate_own_options_get(const struct gate_own_options *own, const char *name)
{
	size_t i = own != NULL ? find(own, name) : 0;

	return own != NULL && i < own->count ? own->values[i] : NULL;
}

const char *
gate_own_options_variable(const struct gate_own_options *own, const char *name, size_t length)
{
	for (size_t i = 0; i < own->count; i++) {
		const char *known = own->list[i].name;
		size_t same = 0;

		while (same < length &&
		    (known[same] == '.' || known[same] == '-'
			    ? name[same] == '_'
			    : toupper((unsigned char)known[same]) == name[same]))
			same++;
		if (same == length && known[same] == '\0')
			return known;
	}
	return NULL;
}
