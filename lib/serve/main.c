/* serve/main.c: gate_main, the main of a page: opens a gate by its command line and runs it. */
#include "config.h"

#include "base/log.h"
#include "options/options.h"
#include "serve/open.h"

int
gate_main_with(int argc, char **argv, const struct gate_program *program)
{
	struct gate_error error = {0};
	struct gate *gate = NULL;
	char **arguments = NULL;
	int result = gate_options_arguments(argc, argv, program->options, &arguments, &error);

	if (result == 0)
		return 0;
	if (result > 0)
		gate = gate_open_program((const char *const *)arguments, program, &error);
	gate_options_free_arguments(arguments);
	if (gate == NULL) {
		gate_log(
		    GATE_LOG_ERROR, "start-failed", "program", argv[0], "error", error.text, NULL);
		return 1;
	}
	result = gate_run(gate, program->handler);
	gate_close(gate);
	return result < 0 ? 1 : 0;
}

int
gate_main(int argc, char **argv, gate_handler *handler)
{
	const struct gate_program program = {.handler = handler};

	return gate_main_with(argc, argv, &program);
}
