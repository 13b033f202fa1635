/* serve/open.c: opens and closes a gate. */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "serve/open.h"

struct gate *
gate_open_program(
    const char *const *arguments, const struct gate_program *program, struct gate_error *error)
{
	struct gate *gate = calloc(1, sizeof *gate);
	const struct gate_options *started;

	json_object_seed(0); /* before there are threads */
	if (gate == NULL) {
		gate_fail(error, GATE_EMEMORY, "out of memory");
		return NULL;
	}
	if (gate_config_source_open(&gate->configs, arguments, program->options, error) < 0) {
		free(gate);
		return NULL;
	}
	gate->data = program->data;
	started = &gate->configs.first->options;
	gate->table = gate_store_find(started, program->stores, error);
	if (gate->table != NULL)
		return gate;
	gate_options_blame(started, "store", error);
	gate_close(gate);
	return NULL;
}

struct gate *
gate_open(const char *const *options, const struct gate_store *const *stores, void *data,
    struct gate_error *error)
{
	const struct gate_program program = {.stores = stores, .data = data};

	return gate_open_program(options, &program, error);
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
	gate_config_source_close(&gate->configs);
	free(gate);
}
