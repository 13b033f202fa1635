/* record/user.c: a record's member `gate`: when the session began, and who is logged in. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options/options.h"
#include "record/json.h"
#include "record/private.h"

#define OWN_USER "gate.user"
#define NUMBER_MAX 24

/* ---- names ---- */

/* Returns the user's name that a value says, or NULL if it says none. Only integers and strings
 * without NUL that are not empty are names. */
static const char *
name_of(const json_t *value, char number[NUMBER_MAX])
{
	const char *text = json_string_value(value);

	if (json_is_integer(value)) {
		snprintf(number, NUMBER_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return number;
	}
	return text != NULL && text[0] != '\0' && strlen(text) == json_string_length(value) ? text
											    : NULL;
}

static bool
are_same(const char *one, const char *two)
{
	return one == two || (one != NULL && two != NULL && strcmp(one, two) == 0);
}

/* ---- in a record ---- */

/* Reads the name at the beginning of text, which ends at `end`. Sets *name, which is yours, or NULL
 * if there is no name. Returns 0, or -1 if memory ran out. */
static int
read_name(const char *text, const char *end, char **name)
{
	char number[NUMBER_MAX];
	const char *found;
	json_t *value;
	int result = 0;

	*name = NULL;
	if (text == NULL || strchr("\"-0123456789", text[0]) == NULL)
		return 0;
	value = json_loadb(text, (size_t)(end - text),
	    JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
	found = name_of(value, number);
	if (found != NULL && (*name = strdup(found)) == NULL)
		result = -1;
	json_decref(value);
	return result;
}

/* Reads the name at path, which is MEMBER or MEMBER.MEMBER. Returns as read_name. */
static int
read_member(const struct gate_record *record, const char *path, char **name)
{
	const char *dot = strchr(path, '.');
	char first[GATE_MEMBER_MAX + 1];
	const struct gate_record_member *member;
	const char *name_in = dot != NULL ? dot + 1 : NULL, *texts[1] = {NULL};

	*name = NULL;
	snprintf(
	    first, sizeof first, "%.*s", (int)(dot != NULL ? dot - path : GATE_MEMBER_MAX), path);
	member = gate_record_named(record, first);
	if (member == NULL)
		return 0;
	if (dot == NULL)
		texts[0] = member->text;
	else if (gate_record_look_up(member, &name_in, texts, 1) < 0)
		return -1;
	return read_name(texts[0], member->text + member->length, name);
}

int
gate_record_read_user(struct gate_record *record)
{
	static const char *const names[4] = {"created", "user", "since", "login"};
	const struct gate_record_member *gate = gate_record_named(record, "gate");
	const char *path = record->user_member, *texts[4] = {NULL};
	char *own = NULL;
	int result = 0;

	if (gate != NULL && gate_record_look_up(gate, names, texts, 4) == 1) {
		record->created = gate_record_milliseconds(texts[0]);
		record->since = gate_record_milliseconds(texts[texts[2] != NULL ? 2 : 3]);
		result = read_name(texts[1], gate->text + gate->length, &own);
	}
	if (result < 0)
		return -1;
	if (path == NULL || strcmp(path, OWN_USER) == 0) {
		record->user = record->members->name_of_user = own;
		return 0;
	}
	result = read_member(record, path, &record->members->name_of_user);
	record->user = record->members->name_of_user;
	record->user_changed = !are_same(record->user, own);
	free(own);
	return result;
}

int
gate_record_submit(const struct gate_record *record, char submit[GATE_SUBMIT_MAX + 1])
{
	static const char *const names[1] = {"submit"};
	const struct gate_record_member *gate = gate_record_named(record, "gate");
	const char *texts[1] = {NULL};
	size_t length;

	if (gate == NULL || gate_record_look_up(gate, names, texts, 1) != 1 || texts[0] == NULL ||
	    texts[0][0] != '"')
		return 0;
	length = strcspn(texts[0] + 1, "\"\\");
	if (length > GATE_SUBMIT_MAX || texts[0][1 + length] != '"')
		return 0;
	memcpy(submit, texts[0] + 1, length);
	submit[length] = '\0';
	return 1;
}

/* ---- in a session ---- */

/* Returns the object that path's last member is in, or NULL, and sets *last to that member's
 * name. */
static json_t *
holder_of(json_t *session, const char *path, const char **last)
{
	const char *dot = strchr(path, '.');

	*last = dot != NULL ? dot + 1 : path;
	if (dot == NULL)
		return session;
	return json_object_getn(session, path, (size_t)(dot - path));
}

static json_t *
value_at(json_t *session, const char *path)
{
	const char *last;
	const json_t *holder = holder_of(session, path, &last);

	return json_object_get(holder, last);
}

/* Returns true if the session's value at path is what the record holds there. A member that jansson
 * can't hold is not in the session, and is unchanged while the session has none of its name. */
static bool
is_as_read(const struct gate_record *record, json_t *session, const char *path)
{
	char first[GATE_MEMBER_MAX + 1];
	const struct gate_record_member *member;
	json_t *before, *one, *other;
	bool same;

	snprintf(first, sizeof first, "%.*s", (int)strcspn(path, "."), path);
	member = gate_record_named(record, first);
	if (member != NULL && !member->visible)
		return json_object_get(session, first) == NULL;
	before = json_object();
	if (member != NULL)
		json_object_set_new(before, first, gate_json_load(member->text, member->length));
	one = value_at(before, path);
	other = value_at(session, path);
	same = one == other || json_equal(one, other);
	json_decref(before);
	return same;
}

bool
gate_record_is_user(
    const struct gate_record *record, json_t *session, const char *path, const char *name)
{
	json_t *value = value_at(session, path);
	char number[NUMBER_MAX];

	if (name != NULL ? are_same(name_of(value, number), name) : value == NULL)
		return true;
	return are_same(name, record->user) && is_as_read(record, session, path);
}

static int
put_in_session(json_t *session, const char *path, const char *name)
{
	const char *last;
	json_t *holder = holder_of(session, path, &last);

	if (!json_is_object(holder)) {
		holder = json_object();
		if (json_object_setn_new(session, path, strcspn(path, "."), holder) < 0)
			return -1;
	}
	return json_object_set_new(holder, last, json_string(name));
}

/* Also changes the text of the record's member, so that the other members of an object stay byte
 * for byte. */
int
gate_record_put_user(
    struct gate_record *record, json_t *session, const char *path, const char *name)
{
	const char *dot = strchr(path, '.'), *pairs[3] = {NULL};
	struct gate_buffer quoted = {0}, object = {0};
	const struct gate_record_member *member;
	char first[GATE_MEMBER_MAX + 1];
	int result = put_in_session(session, path, name);

	snprintf(first, sizeof first, "%.*s", (int)strcspn(path, "."), path);
	member = gate_record_named(record, first);
	if (result == 0 && dot != NULL && member != NULL && member->visible &&
	    member->text[0] == '{') {
		gate_json_print_string(&quoted, name, strlen(name));
		pairs[0] = dot + 1;
		pairs[1] = gate_buffer_text(&quoted);
		if (quoted.failed ||
		    gate_json_replace(&object, member->text, member->length, pairs) < 0 ||
		    gate_record_set(record, first, object.data) < 0)
			result = -1;
	}
	gate_buffer_release(&quoted);
	gate_buffer_release(&object);
	return result;
}

/* ---- the stamp ---- */

static void
quote(struct gate_buffer *out, const char *text)
{
	gate_buffer_reset(out);
	if (text != NULL)
		gate_json_print_string(out, text, strlen(text));
	else
		gate_buffer_puts(out, "null");
}

static int
put_members(struct gate_record *record, bool anew, const char *const *pairs)
{
	const struct gate_record_member *member = gate_record_named(record, "gate");
	bool there = !anew && member != NULL && member->text[0] == '{';
	struct gate_buffer out = {0};
	int result =
	    gate_json_replace(&out, there ? member->text : "{}", there ? member->length : 2, pairs);

	if (result == 1 && gate_record_set(record, "gate", out.data) < 0)
		result = -1;
	gate_buffer_release(&out);
	return result < 0 ? -1 : 0;
}

static int
take_user(struct gate_record *record, const char *name)
{
	char *copy = gate_record_make_members(record) != NULL ? strdup(name) : NULL;

	if (copy == NULL)
		return -1;
	free(record->members->name_of_user);
	record->user = record->members->name_of_user = copy;
	record->user_changed = true;
	return 0;
}

int
gate_record_stamp_user(
    struct gate_record *record, int64_t created, const struct gate_record_policy *policy)
{
	const struct gate_record_login *login = policy->login;
	struct gate_buffer user = {0}, address = {0}, agent = {0};
	char begun[NUMBER_MAX], since[NUMBER_MAX], at[NUMBER_MAX], done[GATE_SUBMIT_MAX + 3];
	const char *pairs[15] = {NULL};
	bool by_node = record->user_changed && login == NULL; /* `gate` then names an old login */
	int n = 0, result = 0;

	if (by_node && created == 0)
		created = record->created;
	if (login != NULL && take_user(record, login->name) < 0)
		return -1;
	if (created != 0) {
		snprintf(begun, sizeof begun, "%" PRId64, created);
		pairs[n++] = "created";
		pairs[n++] = begun;
		record->created = created;
	}
	if (policy->since != 0) {
		snprintf(since, sizeof since, "%" PRId64, policy->since);
		pairs[n++] = "since";
		pairs[n++] = since;
		record->since = policy->since;
	}
	if (record->user_changed) {
		quote(&user, record->user);
		pairs[n++] = "user";
		pairs[n++] = gate_buffer_text(&user);
	}
	if (login != NULL) {
		snprintf(at, sizeof at, "%" PRId64, login->at);
		quote(&address, login->address);
		quote(&agent, login->agent);
		pairs[n++] = "login";
		pairs[n++] = at;
		pairs[n++] = "address";
		pairs[n++] = gate_buffer_text(&address);
		pairs[n++] = "agent";
		pairs[n++] = gate_buffer_text(&agent);
	}
	if (policy->submit != NULL) {
		snprintf(done, sizeof done, "\"%s\"", policy->submit);
		pairs[n++] = "submit";
		pairs[n++] = done;
	}
	if (user.failed || address.failed || agent.failed)
		result = -1;
	else if (n > 0)
		result = put_members(record, by_node, pairs);
	gate_buffer_release(&user);
	gate_buffer_release(&address);
	gate_buffer_release(&agent);
	return result;
}
