/* user/file_line.c: parses and prints a line of an htpasswd file. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "user/file_private.h"
#include "user/rules.h"

#define OURS "# gate: "
#define ENDED " ended "
#define DIGITS_MAX 15 /* of ms since 1970 */

static bool
is_blank(const char *text, size_t length)
{
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return length == 0;
}

/* Parses an "ended" line, from its end: the name may itself hold " ended 1". Leaves `end` as it is
 * if the line is another comment. */
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
	if (gate_user_name_refusal(text, (size_t)(behind - text)) != NULL)
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
	line->why = gate_user_name_refusal(user.name, user.name_length);
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
