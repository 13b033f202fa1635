/* request/configuration.c: loads options, and the secrets, templates and users that they name. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "request/configuration.h"

void
gate_config_release(struct gate_config *config)
{
	if (config == NULL || atomic_fetch_sub(&config->references, 1) > 1)
		return;
	gate_keys_free(config->keys);
	gate_templates_free(config->templates);
	gate_users_close(config->users);
	gate_groups_close(config->groups);
	gate_options_release(&config->options);
	free(config);
}

/* Lets the default folder be missing: a program that renders nothing needs none. A folder that an
 * option names must be there. */
static int
load_templates(struct gate_config *config, struct gate_error *error)
{
	const char *folder = config->options.templates;

	if (strcmp(folder, PKGDATADIR "/templates") == 0 && access(folder, F_OK) < 0)
		return 0;
	config->templates = gate_templates_open(folder, error);
	return config->templates != NULL ? 0
					 : gate_options_blame(&config->options, "templates", error);
}

static int
load_users(struct gate_config *config, struct gate_error *error)
{
	if (config->options.users[0] == '\0')
		return 0;
	config->users = gate_users_open(config->options.users, error);
	if (config->users == NULL)
		return gate_options_blame(&config->options, "users", error);
	gate_users_set_timeouts(config->users, &config->options);
	return 0;
}

static int
load_groups(struct gate_config *config, struct gate_error *error)
{
	if (config->options.groups[0] == '\0')
		return 0;
	config->groups = gate_groups_open(config->options.groups, error);
	return config->groups != NULL ? 0 : gate_options_blame(&config->options, "groups", error);
}

static struct gate_config *
load_config(const struct gate_config_source *source, struct gate_error *error)
{
	struct gate_config *config = calloc(1, sizeof *config);

	if (config == NULL) {
		gate_fail(error, GATE_EMEMORY, "out of memory");
		return NULL;
	}
	atomic_init(&config->references, 1);
	if (gate_options_load_with(&config->options, source->own,
		(const char *const *)source->arguments, error) == 0 &&
	    (config->keys = gate_options_keys(&config->options, error)) != NULL &&
	    load_templates(config, error) == 0 && load_users(config, error) == 0 &&
	    load_groups(config, error) == 0)
		return config;
	gate_config_release(config);
	return NULL;
}

/* ---- the source of configurations ---- */

static char **
copy_arguments(const char *const *arguments)
{
	size_t n = 0;
	char **copy;

	while (arguments != NULL && arguments[n] != NULL)
		n++;
	copy = calloc(n + 1, sizeof *copy);
	for (size_t i = 0; copy != NULL && i < n; i++) {
		copy[i] = strdup(arguments[i]);
		if (copy[i] == NULL) {
			gate_options_free_arguments(copy);
			copy = NULL;
		}
	}
	return copy;
}

int
gate_config_source_open(struct gate_config_source *source, const char *const *arguments,
    const struct gate_program_option *own, struct gate_error *error)
{
	*source = (struct gate_config_source){.arguments = copy_arguments(arguments), .own = own};
	if (source->arguments == NULL)
		return gate_fail(error, GATE_EMEMORY, "out of memory");
	source->current = load_config(source, error);
	if (source->current == NULL) {
		gate_options_free_arguments(source->arguments);
		return -1;
	}
	pthread_mutex_init(&source->lock, NULL);
	source->first = gate_config_take(source);
	return 0;
}

void
gate_config_source_close(struct gate_config_source *source)
{
	gate_config_release(source->current);
	gate_config_release(source->first);
	gate_options_free_arguments(source->arguments);
	pthread_mutex_destroy(&source->lock);
}

struct gate_config *
gate_config_take(struct gate_config_source *source)
{
	struct gate_config *config;

	pthread_mutex_lock(&source->lock);
	config = source->current;
	atomic_fetch_add(&config->references, 1);
	pthread_mutex_unlock(&source->lock);
	return config;
}

/* Comparing pointers is enough: while `held` is referenced, no new one gets its address. */
struct gate_config *
gate_config_renew(struct gate_config_source *source, struct gate_config *held)
{
	if (held != NULL && held == atomic_load(&source->current))
		return held;
	gate_config_release(held);
	return gate_config_take(source);
}

static void
warn_of_restart(const struct gate_options *started, const struct gate_options *new)
{
	static const char *const fixed[] = {"store", "store_module", "file_sync", "collection",
	    "payload", "listen", "workers", "threads", "run_dir", "socket_mode", "socket_group",
	    "user_member"};

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (strcmp(gate_options_get(started, fixed[i]), gate_options_get(new, fixed[i])) !=
		    0)
			gate_log(GATE_LOG_WARN, "reload-needs-restart", "option", fixed[i], NULL);
}

int
gate_config_reload(struct gate_config_source *source, struct gate_error *error)
{
	struct gate_config *new = load_config(source, error), *old;

	if (new == NULL)
		return -1;
	pthread_mutex_lock(&source->lock);
	old = source->current;
	source->current = new;
	pthread_mutex_unlock(&source->lock);
	warn_of_restart(&source->first->options, &new->options);
	gate_config_release(old);
	return 0;
}
