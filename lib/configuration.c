/* configuration.c: opening a gate, its configuration, and the main of every page. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "open.h"
#include "log.h"

/* ---- the configuration ---- */

void
gate_config_release(struct gate_config *config)
{
	if (config == NULL || atomic_fetch_sub(&config->references, 1) > 1)
		return;
	gate_keys_free(config->keys);
	gate_templates_free(config->templates);
	gate_users_close(config->users);
	gate_options_release(&config->options);
	free(config);
}

/* A program that renders nothing needs no folder: only one that was asked for must be there. */
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

static struct gate_config *
load_config(char *const *arguments, struct gate_error *error)
{
	struct gate_config *config = calloc(1, sizeof *config);

	if (config == NULL) {
		gate_fail(error, GATE_EMEMORY, "out of memory");
		return NULL;
	}
	atomic_init(&config->references, 1);
	if (gate_options_load(&config->options, (const char *const *)arguments, error) == 0 &&
	    (config->keys = gate_options_keys(&config->options, error)) != NULL &&
	    load_templates(config, error) == 0 && load_users(config, error) == 0)
		return config;
	gate_config_release(config);
	return NULL;
}

struct gate_config *
gate_config_take(struct gate *gate)
{
	struct gate_config *config;

	pthread_mutex_lock(&gate->lock);
	config = gate->config;
	atomic_fetch_add(&config->references, 1);
	pthread_mutex_unlock(&gate->lock);
	return config;
}

/* Whoever holds a configuration keeps its address from being used again: comparing is enough. */
struct gate_config *
gate_config_renew(struct gate *gate, struct gate_config *held)
{
	if (held != NULL && held == atomic_load(&gate->config))
		return held;
	gate_config_release(held);
	return gate_config_take(gate);
}

static void
warn_of_restart(const struct gate_options *started, const struct gate_options *new)
{
	static const char *const fixed[] = {"store", "file_sync", "collection", "payload", "listen",
	    "workers", "threads", "run_dir", "socket_mode", "socket_group", "user_member"};

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (strcmp(gate_options_get(started, fixed[i]), gate_options_get(new, fixed[i])) !=
		    0)
			gate_log(GATE_LOG_WARN, "reload-needs-restart", "option", fixed[i], NULL);
}

int
gate_config_reload(struct gate *gate, struct gate_error *error)
{
	struct gate_config *new = load_config(gate->arguments, error), *old;

	if (new == NULL)
		return -1;
	pthread_mutex_lock(&gate->lock);
	old = gate->config;
	gate->config = new;
	pthread_mutex_unlock(&gate->lock);
	warn_of_restart(&gate->started->options, &new->options);
	gate_config_release(old);
	return 0;
}

/* ---- the gate ---- */

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

struct gate *
gate_open(const char *const *options, const struct gate_store *const *stores, void *data,
    struct gate_error *error)
{
	struct gate *gate = calloc(1, sizeof *gate);

	json_object_seed(0); /* before there are threads */
	if (gate == NULL || (gate->arguments = copy_arguments(options)) == NULL) {
		gate_fail(error, GATE_EMEMORY, "out of memory");
		free(gate);
		return NULL;
	}
	pthread_mutex_init(&gate->lock, NULL);
	gate->data = data;
	gate->config = load_config(gate->arguments, error);
	if (gate->config != NULL) {
		gate->started = gate_config_take(gate);
		gate->table = gate_store_find(gate->config->options.store, stores, error);
		if (gate->table == NULL)
			gate_options_blame(&gate->config->options, "store", error);
	}
	if (gate->table != NULL)
		return gate;
	gate_close(gate);
	return NULL;
}

void
gate_close(struct gate *gate)
{
	if (gate == NULL)
		return;
	gate_store_close(&gate->store);
	gate_hashing_close(gate->hashing);
	for (int i = 0; i < gate->listener_count; i++)
		close(gate->listeners[i]);
	free(gate->unix_path);
	gate_config_release(gate->config);
	gate_config_release(gate->started);
	gate_options_free_arguments(gate->arguments);
	pthread_mutex_destroy(&gate->lock);
	free(gate);
}

int
gate_main(int argc, char **argv, gate_handler *handler)
{
	struct gate_error error = {0};
	struct gate *gate = NULL;
	char **arguments = NULL;
	int result = gate_options_arguments(argc, argv, &arguments, &error);

	if (result == 0)
		return 0;
	if (result > 0)
		gate = gate_open((const char *const *)arguments, NULL, NULL, &error);
	gate_options_free_arguments(arguments);
	if (gate == NULL) {
		gate_log(
		    GATE_LOG_ERROR, "start-failed", "program", argv[0], "error", error.text, NULL);
		return 1;
	}
	result = gate_run(gate, handler);
	gate_close(gate);
	return result < 0 ? 1 : 0;
}
