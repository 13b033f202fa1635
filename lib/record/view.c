/* record/view.c: the session that a handler gets of a record. */
#include "config.h"

#include <string.h>

#include "base/encode.h"
#include "base/unicode.h"
#include "base/error.h"
#include "record/json.h"
#include "record/private.h"

#define SHOWN_NAME_MAX 60 /* bytes of a member's name in an error */

/* Members of gate and the stores, which handlers neither see nor set. */
static const char *const reserved[] = {"cookie", "lastModified", "__lastAccess", "gate"};

/* Names that Node drops when it loads a record (express-session's session.js). */
static const char *const dropped[] = {"req", "id", "touch", "resetMaxAge", "save", "reload",
    "destroy", "regenerate", "constructor", "toString", "valueOf", "hasOwnProperty",
    "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "__proto__", "__defineGetter__",
    "__defineSetter__", "__lookupGetter__", "__lookupSetter__"};

static bool
is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

#define IS_RESERVED(name) is_one_of(name, reserved, sizeof reserved / sizeof *reserved)
#define IS_DROPPED(name) is_one_of(name, dropped, sizeof dropped / sizeof *dropped)

json_t *
gate_record_session(struct gate_record *record)
{
	json_t *session = json_object();

	for (size_t i = 0; session != NULL && i < gate_record_count(record); i++) {
		struct gate_record_member *member = gate_record_at(record, i);
		json_t *value;

		if (member->name == NULL || member->removed || IS_RESERVED(member->name))
			continue;
		value = gate_json_load(member->text, member->length);
		member->visible =
		    value != NULL && json_object_set_new(session, member->name, value) == 0;
	}
	return session;
}

/* Returns true if value, which printed is the text of, equals the member. Both are compared as
 * JavaScript prints them: the order of keys counts, 1.0 equals 1, and "0.10" equals "0.1". */
static bool
same(const struct gate_record_member *member, json_t *value, const struct gate_buffer *printed)
{
	struct gate_buffer again = {0};
	const char *why;
	json_t *original;
	bool equal;

	if (printed->length == member->length &&
	    memcmp(printed->data, member->text, member->length) == 0)
		return true;
	if (value == NULL)
		return false;
	original = gate_json_load(member->text, member->length);
	equal = original != NULL && gate_json_print(&again, original, &why) == 0 &&
	    again.length == printed->length && memcmp(again.data, printed->data, again.length) == 0;
	json_decref(original);
	gate_buffer_release(&again);
	return equal;
}

/* Sets the error, with as much of the name as an error may show, and returns -1. */
static int
refuse(struct gate_error *error, const char *name, const char *why)
{
	size_t shown = gate_unicode_shown(name, strlen(name), SHOWN_NAME_MAX);

	return gate_fail(error, GATE_ESESSION, "session member %.*s %s", (int)shown, name, why);
}

/* Copies one member of the session into the record. Returns 1 if the record changed, 0 if not, or
 * -1 with the error set. */
static int
merge_member(struct gate_record *record, const char *name, json_t *value, size_t *at,
    struct gate_error *error)
{
	struct gate_record_member *member = gate_record_find(record, name, at);
	struct gate_buffer printed = {0};
	const char *why;
	int result = -1;

	if (gate_json_print(&printed, value, &why) < 0) {
		gate_fail(error, GATE_EMEMORY, "out of memory");
	} else if (member != NULL && member->visible && same(member, value, &printed)) {
		result = 0;
	} else if (IS_RESERVED(name)) {
		refuse(error, name, "has a name that gate keeps for itself");
	} else if (IS_DROPPED(name)) {
		refuse(error, name, "has a name that Node drops");
	} else if (!gate_utf8_valid(name, strlen(name))) {
		refuse(error, name, "has a name that is not UTF-8");
	} else if (why != NULL) {
		refuse(error, name, why);
	} else if ((member = gate_record_put(record, name, printed.data, printed.length)) == NULL) {
		gate_fail(error, GATE_EMEMORY, "out of memory");
	} else {
		member->visible = true;
		result = 1;
	}
	gate_buffer_release(&printed);
	return result;
}

void
gate_record_empty(struct gate_record *record)
{
	for (size_t i = 0; i < gate_record_count(record); i++) {
		struct gate_record_member *member = gate_record_at(record, i);

		if (member->name != NULL && IS_RESERVED(member->name))
			continue;
		member->removed = true;
		member->visible = false;
	}
}

int
gate_record_merge(struct gate_record *record, json_t *session, struct gate_error *error)
{
	int changed = 0;
	size_t place = 0;

	for (size_t i = 0; i < gate_record_count(record); i++) {
		struct gate_record_member *member = gate_record_at(record, i);

		if (!member->visible || json_object_get(session, member->name) != NULL)
			continue;
		member->removed = true;
		member->visible = false;
		changed = 1;
	}
	for (void *at = json_object_iter(session); at != NULL;
	     at = json_object_iter_next(session, at)) {
		const char *name = json_object_iter_key(at);
		int result;

		if (strlen(name) != json_object_iter_key_len(at))
			return refuse(error, name, "has a NUL in its name");
		result = merge_member(record, name, json_object_iter_value(at), &place, error);
		if (result < 0)
			return -1;
		changed |= result;
	}
	return changed;
}

int
gate_record_differs(struct gate_record *record, json_t *session)
{
	size_t visible = 0;
	int differs = 0;

	for (size_t i = 0; i < gate_record_count(record) && !differs; i++) {
		const struct gate_record_member *member = gate_record_at(record, i);
		struct gate_buffer printed = {0};
		const char *why;
		json_t *value;

		if (!member->visible)
			continue;
		visible++;
		value = json_object_get(session, member->name);
		differs = value == NULL || gate_json_print(&printed, value, &why) < 0 ||
		    !same(member, value, &printed);
		gate_buffer_release(&printed);
	}
	return differs || visible != json_object_size(session);
}
