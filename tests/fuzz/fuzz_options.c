/* fuzz_options.c: any bytes as gate.conf, as a secret_file and as a duration. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was accepted must be accepted again in the form in which it is shown. */
static void
load_again(const struct gate_options *options)
{
	char *arguments[64] = {NULL};
	struct gate_options again;
	struct gate_error error = {0};
	size_t count = 0;

	for (size_t i = 0; i < gate_options_count(); i++) {
		struct gate_option_source source = gate_options_source(options, i);

		if (strstr(source.value, "(hidden)") != NULL ||
		    asprintf(&arguments[count], "%s=%s", gate_options_name(i),
			i == 0 ? "" : source.value) < 0)
			continue;
		count++;
	}
	if (gate_options_load(&again, (const char *const *)arguments, &error) < 0)
		abort();
	for (size_t i = 1; i < gate_options_count(); i++)
		if (strcmp(gate_options_source(&again, i).value,
			gate_options_source(options, i).value) != 0 &&
		    strstr(gate_options_source(options, i).value, "(hidden)") == NULL)
			abort();
	gate_options_release(&again);
	for (size_t i = 0; i < count; i++)
		free(arguments[i]);
}

static void
load(const char *argument, bool keys)
{
	struct gate_options options;
	static const struct gate_program_option own[] = {
	    {"a.b", "default", NULL}, {"a.c-d", NULL, NULL}, {NULL, NULL, NULL}};
	struct gate_error error = {0};
	int result = gate_options_load_with(
	    &options, own, (const char *const[]){argument, keys ? "config=" : NULL, NULL}, &error);

	if (result == 0 && keys)
		gate_keys_free(gate_options_keys(&options, &error));
	else if (result == 0)
		load_again(&options);
	if (result == 0 && gate_options_get(&options, "a.b") == NULL)
		abort();
	if (strpbrk(error.text, "\r\n") != NULL || (result < 0) != (error.code != GATE_OK && !keys))
		abort();
	gate_options_release(&options);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char argument[64], duration[32] = "";
	int file = memfd_create("options", MFD_CLOEXEC);
	int64_t ms;

	if (file < 0 || fchmod(file, 0600) < 0 || write(file, data, size) != (ssize_t)size)
		abort();
	snprintf(argument, sizeof argument, "config=/proc/self/fd/%d", file);
	load(argument, false);
	snprintf(argument, sizeof argument, "secret_file=/proc/self/fd/%d", file);
	load(argument, true);
	close(file);
	memcpy(duration, data, size < sizeof duration - 1 ? size : sizeof duration - 1);
	if (gate_duration_parse(duration, &ms) == 0 && ms < 0)
		abort();
	return 0;
}
