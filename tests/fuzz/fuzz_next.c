/* fuzz_next.c: what passes for a local path must stay on the host, whoever resolves it. */
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As a browser does first (WHATWG URL): trims controls and spaces, drops tabs and line ends. */
static size_t
strip(char *out, const char *text, size_t length)
{
	size_t count = 0;

	while (length > 0 && (unsigned char)text[length - 1] <= ' ')
		length--;
	while (length > 0 && (unsigned char)text[0] <= ' ') {
		text++;
		length--;
	}
	for (size_t i = 0; i < length; i++)
		if (strchr("\t\r\n", text[i]) == NULL || text[i] == '\0')
			out[count++] = text[i];
	return count;
}

static bool
has_scheme(const char *url, size_t length)
{
	size_t i = 0;

	if (length == 0 || !isalpha((unsigned char)url[0]))
		return false;
	while (i < length &&
	    (isalnum((unsigned char)url[i]) || (url[i] != '\0' && strchr("+-.", url[i]) != NULL)))
		i++;
	return i < length && url[i] == ':';
}

static bool
is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* Does the target, resolved against http://h/, stay on h? */
static bool
stays(const char *target, size_t length)
{
	char *url = malloc(length + 1);
	size_t n;
	bool result;

	assert(url != NULL);
	n = strip(url, target, length);
	result = !has_scheme(url, n) && !(n > 1 && is_slash(url[0]) && is_slash(url[1]));
	free(url);
	return result;
}

/* What nobody could take for anything else. */
static bool
is_plain(const char *target, size_t length)
{
	if (length == 0 || length > GATE_NEXT_MAX || target[0] != '/')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)target[i]) &&
		    (target[i] == '\0' || strchr("/?&=%.-_#~", target[i]) == NULL))
			return false;
	return length == 1 || target[1] != '/';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *target = (const char *)data;
	bool local = gate_origin_local_path(target, size);

	if (local) {
		assert(stays(target, size));
		assert(size <= GATE_NEXT_MAX && target[0] == '/');
		for (size_t i = 0; i < size; i++) /* so that it fits into a header as it is */
			assert(data[i] > ' ' && data[i] != 0x7f);
	}
	assert(local || !is_plain(target, size));
	return 0;
}
