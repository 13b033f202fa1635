/* user/file_read.c: reads an htpasswd file, and says why it can't. */
#include "config.h"

#include <errno.h>

#include "base/error.h"
#include "user/file_private.h"

int
gate_user_file_fail(const struct gate_user_file *file, const char *what, struct gate_error *error)
{
	if (errno == ENOENT)
		return gate_fail(error, GATE_ESYSTEM, "users %.100s: %s", file->url,
		    file->make ? "its folder is not there"
			       : "it is not there: gate user add makes it");
	return gate_fail_errno(error, GATE_ESYSTEM, "users %.100s%s", file->url, what);
}

int
gate_user_file_read(struct gate_user_file *file, struct gate_buffer *text)
{
	int result = gate_fresh_read(&file->fresh, GATE_USER_FILE_MAX, text);

	if (result >= 0 || errno != ENOENT || !file->make)
		return result;
	file->fresh.read = (struct stat){0};
	return gate_buffer_puts(text, "") < 0 ? -1 : 1;
}
