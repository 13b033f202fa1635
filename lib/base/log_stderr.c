/* base/log_stderr.c: turns what libraries print on standard error into log lines.
 * libbson prints parts of what a server sent: without this, they could look like lines of ours. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define TEXT_MAX 400 /* bytes of a line */

static void
log_line(const char *text, size_t length)
{
	char line[TEXT_MAX + 1];

	snprintf(line, sizeof line, "%.*s", (int)(length < TEXT_MAX ? length : TEXT_MAX), text);
	if (line[0] != '\0')
		gate_log(GATE_LOG_WARN, "stderr", "text", line, NULL);
}

static ssize_t
take(void *cookie, const char *text, size_t length)
{
	const char *at = text, *end = text + length;

	(void)cookie;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *behind = newline != NULL ? newline : end;

		log_line(at, (size_t)(behind - at));
		at = behind + (newline != NULL);
	}
	return (ssize_t)length;
}

void
gate_log_take_stderr(void)
{
#ifdef __GLIBC__ /* there, stderr is a variable */
	FILE *file = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take});

	if (file == NULL)
		return;
	setvbuf(file, NULL, _IOLBF, BUFSIZ);
	stderr = file;
#endif
}
