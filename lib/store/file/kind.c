/* store/file/kind.c: tells sessions from files of other programs in the store's folder. */
#include "config.h"

#include <string.h>

#include "record/json.h"
#include "store/file/private.h"

static int
find_cookie(void *data, const struct gate_json_span *span)
{
	bool *found = data;

	*found = *found || (span->value[0] == '{' && gate_json_named(span, "cookie"));
	return 1;
}

/* Returns true if the file holds nothing: a crash can leave a file without its content. */
static bool
is_blank(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] != '\0' && strchr(" \t\r\n", text[i]) == NULL)
			return false;
	return true;
}

/* Returns the length of what was written: a crash can leave NULs behind it. */
static size_t
written(const char *text, size_t length)
{
	const char *nul = memchr(text, '\0', length);

	return nul != NULL ? (size_t)(nul - text) : length;
}

enum gate_store_file_kind
gate_store_file_kind_of(const char *text, size_t length)
{
	bool cookie = false;

	if (is_blank(text, length))
		return GATE_STORE_FILE_BLANK;
	if (gate_json_members(text, length, find_cookie, &cookie) < 0 || cookie)
		return GATE_STORE_FILE_SESSION;
	return gate_json_is_cut(text, written(text, length)) ? GATE_STORE_FILE_TORN
							     : GATE_STORE_FILE_OTHER;
}
