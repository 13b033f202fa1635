/* user/rules.c: what a user's name and hash may be, and whose hash an unknown name gets. */
#include "config.h"

#include <string.h>

#include "base/encode.h"
#include "base/unicode.h"
#include "crypto/password.h"
#include "user/rules.h"

const char *
gate_user_name_refusal(const char *name, size_t length)
{
	size_t size;

	if (length == 0)
		return "is empty";
	if (length > GATE_USER_NAME_MAX)
		return "is longer than 255 bytes";
	for (size_t i = 0; i < length; i += size) {
		size = gate_utf8_character(name + i, length - i);
		if (size == 0)
			return "is not UTF-8";
		if (gate_unicode_is_control(name + i, size))
			return "holds a control character";
	}
	if (memchr(name, ':', length) != NULL)
		return "holds a colon";
	if (*name == '#')
		return "begins with #";
	if (*name == ' ' || name[length - 1] == ' ')
		return "begins or ends with a blank";
	return NULL;
}

const char *
gate_user_hash_refusal(const char *hash, size_t length)
{
	if (length == 0)
		return "is empty";
	if (length >= GATE_HASH_MAX)
		return "is longer than any hash";
	for (size_t i = 0; i < length; i++)
		if (hash[i] <= ' ' || hash[i] > '~' || hash[i] == ':')
			return "holds a character that no hash has";
	return NULL;
}

/* Jump consistent hashing, by Lamping and Veach: when n users become n + 1, one number in n + 1
 * moves, to the new user. */
size_t
gate_user_place(uint64_t number, size_t count)
{
	int64_t place = 0, next = 0;

	while (next < (int64_t)count) {
		place = next;
		number = number * 2862933555777941757u + 1;
		next = (int64_t)((double)(place + 1) *
		    ((double)(UINT64_C(1) << 31) / (double)((number >> 33) + 1)));
	}
	return (size_t)place;
}
