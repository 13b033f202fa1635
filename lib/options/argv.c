/* options/argv.c: turns argv into "name=value" arguments; prints --help and --version. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "options/own.h"
#include "options/private.h"

static int
print_usage(const char *program, const struct gate_program_option *own)
{
	const char *slash = strrchr(program, '/');

	printf("usage: %s [-c FILE] [--name=value] ...\n", slash != NULL ? slash + 1 : program);
	printf("The same names stand in gate.conf(5), and as GATE_NAME in the environment.\n\n");
	for (size_t i = 0; i < gate_options_count(); i++)
		printf("  --%-20s %s [%s]\n", gate_options_name(i), gate_options_help(i),
		    *gate_options_default(i) != '\0' ? gate_options_default(i) : "none");
	for (; own != NULL && own->name != NULL; own++)
		printf("  --%-20s %s [%s]\n", own->name, own->help != NULL ? own->help : "",
		    own->value != NULL && *own->value != '\0' ? own->value : "none");
	return 0;
}

static int
print_version(void)
{
	printf("gate %s\n", GATE_VERSION);
	return 0;
}

/* Returns "name=value", NULL if out of memory. Yours. */
static char *
join(const char *name, size_t length, const char *value)
{
	size_t size = length + 1 + strlen(value) + 1;
	char *argument = malloc(size);

	if (argument != NULL)
		snprintf(argument, size, "%.*s=%s", (int)length, name, value);
	return argument;
}

/* Returns true if gate or this program has an option of that name. */
static bool
is_known(const char *name, const struct gate_program_option *own)
{
	for (; own != NULL && own->name != NULL; own++)
		if (strcmp(own->name, name) == 0)
			return true;
	return gate_option_find(name) != NULL;
}

/* Reads the option at argv[*i], and moves *i to its last word. */
static int
read_option(char **argv, const struct gate_program_option *own, int *i, char **argument,
    struct gate_error *error)
{
	const char *word = argv[*i], *equals, *value;
	char name[GATE_OWN_NAME_MAX + 2] = "";
	size_t length;

	if (strcmp(word, "-c") == 0)
		word = "--config";
	if (strncmp(word, "--", 2) != 0 ||
	    word[2] == '\0') /* not shown, as it may be half of a secret */
		return gate_fail(error, GATE_EOPTION,
		    "argument %d is not an option: they are of the form --name=value, see --help",
		    *i);
	word += 2;
	equals = strchr(word, '=');
	length = equals != NULL ? (size_t)(equals - word) : strlen(word);
	memcpy(name, word, length < sizeof name - 1 ? length : sizeof name - 1);
	if (!is_known(name, own))
		return gate_own_options_fits(name) ? gate_own_options_unknown("argv", name, error)
						   : gate_option_unknown("argv", name, error);
	value = equals != NULL ? equals + 1 : argv[*i + 1];
	if (value == NULL)
		return gate_fail(error, GATE_EOPTION, "argv: --%s needs a value", name);
	*i += equals == NULL;
	*argument = join(word, length, value);
	return *argument != NULL ? 0 : gate_fail(error, GATE_EMEMORY, "argv: out of memory");
}

int
gate_options_arguments(int argc, char **argv, const struct gate_program_option *own,
    char ***arguments, struct gate_error *error)
{
	size_t count = 0;
	int result = 1;

	*arguments = calloc((size_t)argc + 1, sizeof **arguments);
	if (*arguments == NULL)
		return gate_fail(error, GATE_EMEMORY, "argv: out of memory");
	for (int i = 1; i < argc && result == 1; i++) {
		if (strcmp(argv[i], "--help") == 0)
			result = print_usage(argv[0], own);
		else if (strcmp(argv[i], "--version") == 0)
			result = print_version();
		else if (read_option(argv, own, &i, &(*arguments)[count++], error) < 0)
			result = -1;
	}
	if (result != 1) {
		gate_options_free_arguments(*arguments);
		*arguments = NULL;
	}
	return result;
}

void
gate_options_free_arguments(char **arguments)
{
	for (char **argument = arguments; argument != NULL && *argument != NULL; argument++) {
		explicit_bzero(*argument, strlen(*argument));
		free(*argument);
	}
	free(arguments);
}
