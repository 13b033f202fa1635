/* base/error.c: fills in a struct gate_error. */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define LONGEST (2 * 4096) /* bytes of a text before it is cut; an option's value and a path fit */
#define BEGINNING 150      /* bytes of the beginning that is kept; the end gets the rest */
#define CUT "\xe2\x80\xa6" /* … */

static bool
is_inside(char c) /* a continuation byte of UTF-8 */
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Copies text, and cuts out its middle if it is too long. The beginning says what failed, the end
 * why and what to do; the middle is mostly a path or another text from outside. */
static void
shorten(char *out, size_t size, const char *text)
{
	size_t length = strlen(text), head = BEGINNING, tail;

	if (length < size) {
		memcpy(out, text, length + 1);
		return;
	}
	tail = length - (size - 1 - BEGINNING - strlen(CUT));
	while (head > 0 && is_inside(text[head]))
		head--;
	while (is_inside(text[tail]))
		tail++;
	memcpy(out, text, head);
	memcpy(out + head, CUT, strlen(CUT));
	memcpy(out + head + strlen(CUT), text + tail, length - tail + 1);
}

__attribute__((format(printf, 4, 0))) static void
record(struct gate_error *error, enum gate_error_code code, int number, const char *format,
    va_list arguments)
{
	char text[LONGEST], reason[100];
	size_t used;

	if (error == NULL || error->code != GATE_OK)
		return;
	error->code = code;
	vsnprintf(text, sizeof text, format, arguments);
	used = strlen(text);
	if (number != 0)
		snprintf(text + used, sizeof text - used, ": %s",
		    strerror_r(number, reason, sizeof reason));
	shorten(error->text, sizeof error->text, text);
	explicit_bzero(text, sizeof text);
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
