/* user_file_line.c: a line of an htpasswd file, and what names and hashes can stand in one. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "encode.h"
#include "user_file.h"
#include "user_file_private.h"

#define OURS "# gate: "
#define ENDED " ended "
#define DIGITS_MAX 15 /* of ms since 1970 */

static bool
is_control(const char *text, size_t length)
{
	unsigned char first = (unsigned char)text[0];

	if (length == 1)
		return first < ' ' || first == 0x7f;
	return length == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0;
}

const char *
gate_user_file_name_refusal(const char *name, size_t length)
{
	size_t size;

	if (length == 0)
		return "is empty";
	if (length > GATE_USER_FILE_NAME_MAX)
		return "is longer than 255 bytes";
	for (size_t i = 0; i < length; i += size) {
		size = gate_utf8_character(name + i, length - i);
		if (size == 0)
			return "is not UTF-8";
		if (is_control(name + i, size))
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

static bool
is_blank(const char *text, size_t length)
{
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return length == 0;
}

/* The name may hold what stands behind it: the line is read from its end. */
static void
parse_end(struct gate_user_entry *end, const char *text, const char *stop)
{
	const char *number = stop, *behind;
	int64_t since = 0;

	while (number > text && number[-1] >= '0' && number[-1] <= '9')
		number--;
	if (number == stop || stop - number > DIGITS_MAX ||
	    (size_t)(number - text) <= strlen(OURS) + strlen(ENDED))
		return;
	behind = number - strlen(ENDED);
	if (memcmp(text, OURS, strlen(OURS)) != 0 || memcmp(behind, ENDED, strlen(ENDED)) != 0)
		return;
	text += strlen(OURS);
	if (gate_user_file_name_refusal(text, (size_t)(behind - text)) != NULL)
		return;
	for (; number < stop; number++)
		since = 10 * since + (*number - '0');
	*end = (struct gate_user_entry){
	    .name = text, .name_length = (size_t)(behind - text), .since = since};
}

void
gate_user_line_print_end(
    struct gate_buffer *out, const char *name, int64_t since, const char *line_end)
{
	gate_buffer_printf(out, OURS "%s" ENDED "%" PRId64 "%s", name, since, line_end);
}

void
gate_user_line_parse(struct gate_user_line *line, const char *text, const char *end)
{
	const char *newline = memchr(text, '\n', (size_t)(end - text));
	const char *stop = newline != NULL ? newline : end, *colon;
	struct gate_user_entry user = {.name = text};

	*line = (struct gate_user_line){.next = newline != NULL ? newline + 1 : end};
	if (stop > text && stop[-1] == '\r')
		stop--;
	if (text < stop && *text == '#')
		parse_end(&line->end, text, stop);
	if (is_blank(text, (size_t)(stop - text)) || *text == '#')
		return;
	colon = memchr(text, ':', (size_t)(stop - text));
	line->part = "error";
	line->why = "has no colon";
	if (colon == NULL)
		return;
	user.name_length = (size_t)(colon - text);
	user.hash = colon + 1;
	colon = memchr(user.hash, ':', (size_t)(stop - user.hash));
	user.hash_length = (size_t)((colon != NULL ? colon : stop) - user.hash);
	line->part = "name";
	line->why = gate_user_file_name_refusal(user.name, user.name_length);
	if (line->why != NULL)
		return;
	line->part = "hash";
	line->why = gate_user_hash_refusal(user.hash, user.hash_length);
	if (line->why != NULL)
		return;
	line->part = NULL;
	line->user = user;
}

bool
gate_user_is_named(const struct gate_user_entry *user, const char *name, size_t length)
{
	return user->name != NULL && user->name_length == length &&
	    memcmp(user->name, name, length) == 0;
}
