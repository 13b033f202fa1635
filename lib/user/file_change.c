/* user/file_change.c: changes an htpasswd file, whole or not at all, one change at a time. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/replace.h"
#include "user/file_private.h"
#include "user/rules.h"

/* Must there be such a user already? If not, there must be none. */
static bool
wants_one(const struct gate_user_edit *edit)
{
	return edit->change != GATE_USER_ADD;
}

static bool
ends_sessions(const struct gate_user_edit *edit)
{
	return edit->change != GATE_USER_ADD && edit->change != GATE_USER_REHASH;
}

static bool
is_hash(const struct gate_user_entry *user, const char *hash)
{
	return strlen(hash) == user->hash_length &&
	    memcmp(hash, user->hash, user->hash_length) == 0;
}

/* Adds one line, with the edit made in it; a line that the edit removes is not added. */
static void
compose_line(struct gate_buffer *new, const struct gate_user_edit *edit,
    const struct gate_user_line *line, const char *text, bool first)
{
	size_t length = strlen(edit->name);

	if (edit->change == GATE_USER_REMOVE && gate_user_is_named(&line->user, edit->name, length))
		return;
	if (ends_sessions(edit) && gate_user_is_named(&line->end, edit->name, length))
		return;
	if (first && edit->hash != NULL) {
		gate_buffer_add(new, text, (size_t)(line->user.hash - text));
		gate_buffer_puts(new, edit->hash);
		text = line->user.hash + line->user.hash_length;
	}
	gate_buffer_add(new, text, (size_t)(line->next - text));
}

/* Returns the time before which the user's sessions are over: the edit's, or later than now and
 * `before`; never earlier than `before`, the time so far. */
static int64_t
end_of(const struct gate_user_edit *edit, int64_t before)
{
	int64_t now = gate_clock_wall();

	if (edit->change == GATE_USER_END)
		return edit->since > before ? edit->since : before;
	return (now > before ? now : before) + 1;
}

/* Composes the new text; other users' lines stay byte for byte. A removal drops all lines of the
 * name: without the first, the next would count. Returns 1, or 0 if the user is not as the edit
 * needs it. */
static int
compose(void *data, const struct gate_buffer *old, struct gate_buffer *new)
{
	const struct gate_user_edit *edit = data;
	const char *text = old->data, *end = text + old->length;
	const char *line_end = gate_file_line_end(text, old->length);
	size_t length = strlen(edit->name), begin = new->length;
	struct gate_user_line line = {.next = text};
	int64_t since = 0;
	bool found = false;

	while ((text = line.next) < end) {
		bool first;

		gate_user_line_parse(&line, text, end);
		first = !found && gate_user_is_named(&line.user, edit->name, length);
		found |= first;
		if (first && edit->was != NULL && !is_hash(&line.user, edit->was))
			return 0;
		if (gate_user_is_named(&line.end, edit->name, length) && line.end.since > since)
			since = line.end.since;
		compose_line(new, edit, &line, text, first);
	}
	if (found != wants_one(edit))
		return 0;
	if (old->length > 0 && (!found || ends_sessions(edit)))
		gate_file_begin_line(new, begin, line_end);
	if (!found)
		gate_buffer_printf(new, "%s:%s%s", edit->name, edit->hash, line_end);
	if (ends_sessions(edit))
		gate_user_line_print_end(new, edit->name, end_of(edit, since), line_end);
	return 1;
}

static int
check_change(const struct gate_user_edit *change, struct gate_error *error)
{
	const char *why = gate_user_name_refusal(change->name, strlen(change->name));

	if (why != NULL)
		return gate_fail(error, GATE_EOPTION, "the user's name %s", why);
	if (change->hash != NULL)
		why = gate_user_hash_refusal(change->hash, strlen(change->hash));
	return why == NULL ? 0 : gate_fail(error, GATE_EOPTION, "the new hash %s", why);
}

int
gate_user_file_change(void *users, const struct gate_user_edit *edit, struct gate_error *error)
{
	const struct gate_user_file *file = users;
	struct gate_replace place =
	    GATE_REPLACE(.path = file->path, .make = file->make, .never = 0007);
	struct gate_user_edit copy = *edit;
	char shown[112];
	const struct gate_replace_edit change = {
	    .most = GATE_USER_FILE_MAX, .shown = shown, .compose = compose, .data = &copy};
	int result;

	if (check_change(edit, error) < 0)
		return -1;
	snprintf(shown, sizeof shown, "users %.100s", file->url);
	if (gate_replace_open(&place) < 0)
		result = gate_user_file_fail(file, " can't be changed", error);
	else
		result = gate_replace_edit(&place, &change, error);
	gate_replace_close(&place);
	return result;
}
