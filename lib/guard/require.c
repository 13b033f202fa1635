/* guard/require.c: who may pass: what GATE_REQUIRE says, and whether a visitor meets it. */
#include "config.h"

#include <string.h>

#include "guard/require.h"
#include "http/field.h"
#include "user/groups.h"
#include "user/rules.h"

enum kind { NOTHING, SESSION, ANY_USER, USER, GROUP };

struct part { /* of the list */
	enum kind kind;
	const char *name; /* of a user or group; not NUL-terminated */
	size_t length;
};

static bool
is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool
begins(const char *text, size_t length, const char *word)
{
	return length >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

/* Returns the length of the part that text begins with: up to a comma, or to a blank before "user:"
 * or "group:" (no name holds a colon). */
static size_t
part_length(const char *text)
{
	size_t length = strcspn(text, ",");

	for (size_t i = 1; i < length; i++)
		if (text[i - 1] == ' ' &&
		    (begins(text + i, length - i, "user:") ||
			begins(text + i, length - i, "group:")))
			return i - 1;
	return length;
}

/* Moves *at to the next part of the list, and fills in `part`, which holds the part before it.
 * Returns false at the list's end. */
static bool
next(const char **at, struct part *part)
{
	enum kind before = part->kind;

	if (*at == NULL)
		return false;
	*part = (struct part){.name = *at, .length = part_length(*at)};
	*at = (*at)[part->length] != '\0' ? *at + part->length + 1 : NULL;
	gate_field_trim(&part->name, &part->length);
	if (begins(part->name, part->length, "user:"))
		part->kind = USER;
	else if (begins(part->name, part->length, "group:"))
		part->kind = GROUP;
	if (part->kind != NOTHING) {
		size_t prefix = part->kind == USER ? strlen("user:") : strlen("group:");

		part->name += prefix;
		part->length -= prefix;
		gate_field_trim(&part->name, &part->length);
	} else if (before == USER || before == GROUP) {
		part->kind = before;
	} else if (is_word(part->name, part->length, "session")) {
		part->kind = SESSION;
	} else if (is_word(part->name, part->length, "user")) {
		part->kind = ANY_USER;
	}
	return true;
}

const char *
gate_require_refusal(const char *text)
{
	struct part part = {0};

	if (*text == '\0')
		return "is empty";
	while (next(&text, &part)) {
		if (part.kind == NOTHING)
			return "has a word that is not session, user, user:NAME or group:NAME";
		if (part.kind == USER && gate_user_name_refusal(part.name, part.length) != NULL)
			return "names a user that can't be one";
		if (part.kind == GROUP && gate_group_name_refusal(part.name, part.length) != NULL)
			return "names a group that can't be one";
	}
	return NULL;
}

static bool
has(const char *text, enum kind kind)
{
	struct part part = {0};

	while (next(&text, &part))
		if (part.kind == kind)
			return true;
	return false;
}

bool
gate_require_takes_strangers(const char *text)
{
	return has(text, SESSION);
}

bool
gate_require_is_met(const char *text, const char *user, const char *groups)
{
	struct part part = {0};

	while (next(&text, &part))
		if (part.kind == SESSION || part.kind == ANY_USER ||
		    (part.kind == USER && is_word(part.name, part.length, user)) ||
		    (part.kind == GROUP && gate_groups_list_has(groups, part.name, part.length)))
			return true;
	return false;
}
