/* options/own.c: the options that a program brings itself, as "guestbook.title". */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "options/own.h"

#define CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

struct value {
	char *text;
	unsigned int line; /* of the file that sets it; 0: none does */
};

struct gate_own_options {
	const struct gate_program_option *list;
	size_t count;
	struct value values[];
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
		free(own->values[i].text);
	free(own);
}

/* Returns true if one GATE_NAME in the environment means both: a dot and a dash count as an
 * underscore. */
static bool
same_variable(const char *one, const char *two)
{
	while (*one != '\0' &&
	    (*one == *two ||
		(strchr("._-", *one) != NULL && *two != '\0' && strchr("._-", *two) != NULL))) {
		one++;
		two++;
	}
	return *one == '\0' && *two == '\0';
}

/* Refuses a name of another form, and one that the environment can't tell from an earlier one. */
static int
check_name(const struct gate_program_option *list, size_t n, struct gate_error *error)
{
	const char *name = list[n].name, *other = NULL;

	if (program_length(name) == 0)
		return gate_fail(error, GATE_EOPTION,
		    "program option %.80s: its name is not of the form PROGRAM.NAME", name);
	for (size_t i = 0; i < gate_options_count() && other == NULL; i++)
		if (same_variable(gate_options_name(i), name))
			other = gate_options_name(i);
	for (size_t i = 0; i < n && other == NULL; i++)
		if (same_variable(list[i].name, name))
			other = list[i].name;
	return other == NULL
	    ? 0
	    : gate_fail(error, GATE_EOPTION,
		  "program option %s: %s has the same name in the environment", name, other);
}

struct gate_own_options *
gate_own_options_new(const struct gate_program_option *list, struct gate_error *error)
{
	struct gate_own_options *own;
	size_t count = 0, copied = 0;

	for (; list != NULL && list[count].name != NULL; count++)
		if (check_name(list, count, error) < 0)
			return NULL;
	own = calloc(1, sizeof *own + count * sizeof own->values[0]);
	if (own != NULL) {
		own->list = list;
		own->count = count;
		while (copied < count &&
		    (own->values[copied].text =
			    strdup(list[copied].value != NULL ? list[copied].value : "")) != NULL)
			copied++;
	}
	if (own != NULL && copied == count)
		return own;
	gate_own_options_free(own);
	gate_fail(error, GATE_EMEMORY, "options: out of memory");
	return NULL;
}

/* Returns the option's index in the list; own->count if the list does not have it. */
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
gate_own_options_unknown(const char *origin, const char *name, struct gate_error *error)
{
	if (program_length(name) == 0)
		return gate_fail(
		    error, GATE_EOPTION, "%s: this is not the name of an option", origin);
	return gate_fail(
	    error, GATE_EOPTION, "%s: unknown option \"%s\", see --help", origin, name);
}

int
gate_own_options_give(struct gate_own_options *own, const char *name,
    const struct gate_option_given *given, struct gate_error *error)
{
	size_t i = find(own, name), length = program_length(name);
	char value[GATE_OPTION_VALUE_MAX + 1], *copy;

	if (i == own->count && length > 0 && given->level != GATE_FROM_ARGUMENTS &&
	    !is_ours(own, name, length))
		return 0;
	if (i == own->count)
		return gate_own_options_unknown(given->origin, name, error);
	if (given->level == GATE_FROM_FILE && own->values[i].line != 0)
		return gate_fail(error, GATE_EOPTION, "%s: %s is set in line %u already",
		    given->origin, name, own->values[i].line);
	if (gate_option_read_text(given, name, value, error) < 0)
		return -1;
	copy = strdup(value);
	if (copy == NULL)
		return gate_fail(error, GATE_EMEMORY, "options: out of memory");
	free(own->values[i].text);
	own->values[i].text = copy;
	if (given->level == GATE_FROM_FILE)
		own->values[i].line = given->line;
	return 1;
}

const char *
gate_own_options_get(const struct gate_own_options *own, const char *name)
{
	size_t i = own != NULL ? find(own, name) : 0;

	return own != NULL && i < own->count ? own->values[i].text : NULL;
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
