/* error.c: filling in a struct gate_error. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

__attribute__((format(printf, 4, 0))) static void
record(struct gate_error *error, enum gate_error_code code, int number, const char *format,
    va_list arguments)
{
	size_t used;
	char reason[100];

	if (error == NULL || error->code != GATE_OK)
		return;
	error->code = code;
	vsnprintf(error->text, sizeof error->text, format, arguments);
	if (number == 0)
		return;
	used = strlen(error->text);
	snprintf(error->text + used, sizeof error->text - used, ": %s",
	    strerror_r(number, reason, sizeof reason));
}

int
gate_fail(struct gate_error *error, enum gate_error_code code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	record(error, code, 0, format, arguments);
	va_end(arguments);
	return -1;
}

int
gate_fail_errno(struct gate_error *error, enum gate_error_code code, const char *format, ...)
{
	int number = errno;
	va_list arguments;

	va_start(arguments, format);
	record(error, code, number, format, arguments);
	va_end(arguments);
	return -1;
}
