/* options.c: where the options' values come from, and which goes before which. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "log.h"
#include "options_private.h"

static int
give_defaults(struct gate_options *options, struct gate_error *error)
{
	struct gate_option_given given = {.origin = "default", .level = GATE_FROM_DEFAULT};
	const struct gate_option *option;

	for (size_t i = 0; (option = gate_option_at(i)) != NULL; i++) {
		given.text = option->fallback;
		if (gate_option_give(options, option, &given, error) < 0)
			return -1;
	}
	return 0;
}

/* The option that GATE_NAME=value means; name begins behind "GATE_". */
static const struct gate_option *
find_variable(const char *name, size_t length)
{
	const struct gate_option *option;

	for (size_t i = 0; (option = gate_option_at(i)) != NULL; i++) {
		size_t same = 0;

		while (same < length && toupper((unsigned char)option->name[same]) == name[same])
			same++;
		if (same == length && option->name[same] == '\0')
			break;
	}
	return option;
}

static bool
is_config(const struct gate_option *option)
{
	return option == gate_option_at(0);
}

/* With only_config just that option, without it all others. */
static int
give_environment(struct gate_options *options, bool only_config, struct gate_error *error)
{
	char name[sizeof "GATE_" + GATE_OPTION_NAME_MAX];
	struct gate_option_given given = {.origin = name, .level = GATE_FROM_ENVIRONMENT};
	const struct gate_option *option;

	for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
		const char *equals = strchr(*variable, '=');
		size_t length = equals != NULL ? (size_t)(equals - *variable) : 0;

		if (strncmp(*variable, "GATE_", 5) != 0 || length < 5)
			continue;
		option = find_variable(*variable + 5, length - 5);
		memset(name, 0, sizeof name);
		memcpy(name, *variable, length < sizeof name - 1 ? length : sizeof name - 1);
		if (option == NULL && !only_config)
			gate_log(GATE_LOG_WARN, "environment-unknown", "name", name, NULL);
		if (option == NULL || is_config(option) != only_config)
			continue;
		given.text = equals + 1;
		if (gate_option_give(options, option, &given, error) < 0)
			return -1;
	}
	return 0;
}

static int
give_arguments(struct gate_options *options, const char *const *arguments, bool only_config,
    struct gate_error *error)
{
	struct gate_option_given given = {.origin = "argv", .level = GATE_FROM_ARGUMENTS};
	char name[GATE_OPTION_NAME_MAX + 2];
	const struct gate_option *option;

	for (; arguments != NULL && *arguments != NULL; arguments++) {
		size_t length = strcspn(*arguments, "=");

		if ((*arguments)[length] == '\0')
			return gate_fail(error, GATE_EOPTION, "argv: not of the form name=value");
		memset(name, 0, sizeof name);
		memcpy(name, *arguments, length < sizeof name - 1 ? length : sizeof name - 1);
		option = gate_option_find(name);
		if (option == NULL)
			return gate_option_unknown("argv", name, error);
		given.text = *arguments + length + 1;
		if (is_config(option) == only_config &&
		    gate_option_give(options, option, &given, error) < 0)
			return -1;
	}
	return 0;
}

static int
give_file(struct gate_options *options, struct gate_error *error)
{
	if (*options->config == '\0')
		return 0;
	if (gate_option_entry(options, gate_option_at(0))->level == GATE_FROM_DEFAULT &&
	    access(options->config, F_OK) < 0 && errno == ENOENT) {
		*options->config = '\0'; /* says that no file was read */
		return 0;
	}
	return gate_options_read(options, error);
}

static int
write_values(struct gate_options *options, struct gate_error *error)
{
	const struct gate_option *option;

	for (size_t i = 0; (option = gate_option_at(i)) != NULL; i++) {
		struct gate_option_entry *entry = gate_option_entry(options, option);

		entry->value = gate_option_text(options, option);
		if (entry->value == NULL)
			return gate_fail(error, GATE_EMEMORY, "options: out of memory");
	}
	return 0;
}

int
gate_options_load(
    struct gate_options *options, const char *const *arguments, struct gate_error *error)
{
	*options = (struct gate_options){.state = gate_option_state_new()};
	if (options->state == NULL)
		return gate_fail(error, GATE_EMEMORY, "options: out of memory");
	if (give_defaults(options, error) < 0 || give_environment(options, true, error) < 0 ||
	    give_arguments(options, arguments, true, error) < 0 || give_file(options, error) < 0 ||
	    give_environment(options, false, error) < 0 ||
	    give_arguments(options, arguments, false, error) < 0 ||
	    gate_options_check(options, error) < 0)
		return -1;
	return write_values(options, error);
}

void
gate_options_release(struct gate_options *options)
{
	const struct gate_option *option;

	for (size_t i = 0; options->state != NULL && (option = gate_option_at(i)) != NULL; i++) {
		gate_option_clear(options, option);
		free(gate_option_entry(options, option)->value);
		free(gate_option_entry(options, option)->origin);
	}
	free(options->state);
	*options = (struct gate_options){0};
}
