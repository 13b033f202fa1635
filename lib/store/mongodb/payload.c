/* store/mongodb/payload.c: reads and writes connect-mongo's field `session`, in both of its
 * forms. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "record/json.h"
#include "record/members.h"
#include "store/mongodb/private.h"

struct gate_store_mongodb_was *
gate_store_mongodb_keep(const bson_iter_t *session)
{
	struct gate_store_mongodb_was *was = malloc(sizeof *was);

	if (was == NULL)
		return NULL;
	was->document = BSON_ITER_HOLDS_DOCUMENT(session);
	was->payload = bson_new();
	bson_append_iter(was->payload, "session", -1, session);
	return was;
}

void
gate_store_mongodb_free_was(struct gate_store_mongodb_was *was)
{
	if (was == NULL)
		return;
	bson_destroy(was->payload);
	free(was);
}

static int
parse_document(const bson_iter_t *session, struct gate_record *record)
{
	struct gate_buffer text = {0};
	int result = gate_store_mongodb_show(&text, session);

	if (result == 1)
		result = text.length > GATE_RECORD_SIZE_MAX
		    ? 0
		    : gate_record_parse(record, text.data, text.length);
	gate_buffer_release(&text);
	return result;
}

int
gate_store_mongodb_parse(const struct gate_store_mongodb_was *was, struct gate_record *record)
{
	bson_iter_t session;
	uint32_t length;
	const char *text;

	if (!bson_iter_init_find(&session, was->payload, "session"))
		return -1;
	if (was->document)
		return parse_document(&session, record);
	text = bson_iter_utf8(&session, &length);
	return length > GATE_RECORD_SIZE_MAX ? 0 : gate_record_parse(record, text, length);
}

/* ---- one member ---- */

static int
too_large(struct gate_error *error)
{
	return gate_fail(
	    error, GATE_ESESSION, "the session is larger than a record may be (1 MiB)");
}

/* Returns true if the record as text is larger than a record may be: nobody could read it again. */
static bool
is_too_large(const struct gate_record *record)
{
	return gate_record_size(record) > GATE_RECORD_SIZE_MAX;
}

/* Appends the member under key, which may be a path, "session.name". */
static int
append_member(bson_t *bson, const char *key, const struct gate_record_member *member,
    const bson_iter_t *was, struct gate_error *error)
{
	json_t *value = gate_json_load(member->text, member->length);
	bool good;

	if (value == NULL)
		return gate_fail(error, GATE_ESESSION,
		    "a session member can't be stored as a document: its text is beyond jansson");
	good =
	    gate_store_mongodb_append(bson, key, value, was, strcmp(member->name, "cookie") == 0);
	json_decref(value);
	return good ? 0 : too_large(error);
}

/* ---- all of them, beside what was read ---- */

struct merge {
	const struct gate_record *record;
	bool *paired; /* for each member: it was in the old document */
	size_t at;    /* where the next search begins */
	struct gate_error *error;
};

/* Returns the record's member for an element of the old document, or NULL if it has none. Sets
 * *again if an earlier element had the same name. */
static const struct gate_record_member *
pair(struct merge *m, const char *name, bool *again)
{
	const struct gate_record *record = m->record;

	for (size_t n = 0; n < gate_record_count(record); n++) {
		size_t i = (m->at + n) % gate_record_count(record);
		const struct gate_record_member *member = gate_record_at(record, i);

		if (member->name == NULL || strcmp(member->name, name) != 0)
			continue;
		m->at = i + 1;
		*again = m->paired[i];
		m->paired[i] = true;
		return member;
	}
	*again = false;
	return NULL;
}

static int
start_merge(struct merge *m, const struct gate_record *record, struct gate_error *error)
{
	*m = (struct merge){.record = record, .error = error};
	m->paired = calloc(gate_record_count(record) + 1, sizeof *m->paired);
	return m->paired != NULL ? 0 : gate_fail(error, GATE_EMEMORY, "out of memory");
}

/* Copies the old document's elements; replaces those that changed, in place, and leaves out removed
 * ones. */
static int
copy_old(struct merge *m, bson_t *bson, bson_iter_t *old)
{
	while (bson_iter_next(old)) {
		bool again;
		const struct gate_record_member *member = pair(m, bson_iter_key(old), &again);

		if (member == NULL || (!member->changed && !member->removed)) {
			if (!bson_append_iter(bson, NULL, 0, old))
				return too_large(m->error);
		} else if (!member->removed && !again &&
		    append_member(bson, bson_iter_key(old), member, old, m->error) < 0) {
			return -1;
		}
	}
	return 0;
}

static int
append_new(struct merge *m, bson_t *bson)
{
	for (size_t i = 0; i < gate_record_count(m->record); i++) {
		const struct gate_record_member *member = gate_record_at(m->record, i);

		if (m->paired[i] || member->removed)
			continue;
		if (member->name == NULL)
			return gate_fail(m->error, GATE_ESESSION,
			    "a member's name holds what no document of MongoDB can: payload = "
			    "string");
		if (append_member(bson, member->name, member, NULL, m->error) < 0)
			return -1;
	}
	return 0;
}

static int
put_document(bson_t *bson, const struct gate_record *record, struct gate_error *error)
{
	const struct gate_store_mongodb_was *was = record->was;
	bson_iter_t session, old;
	struct merge m;
	bson_t inner;
	int result = 0;

	if (is_too_large(record))
		return too_large(error);
	if (start_merge(&m, record, error) < 0)
		return -1;
	if (!bson_append_document_begin(bson, "session", -1, &inner)) {
		free(m.paired);
		return too_large(error);
	}
	if (was != NULL && was->document &&
	    bson_iter_init_find(&session, was->payload, "session") &&
	    bson_iter_recurse(&session, &old))
		result = copy_old(&m, &inner, &old);
	if (result == 0)
		result = append_new(&m, &inner);
	if (!bson_append_document_end(bson, &inner) && result == 0)
		result = too_large(error);
	free(m.paired);
	return result;
}

static int
put_text(bson_t *bson, const struct gate_record *record, struct gate_error *error)
{
	size_t length;
	char *text = gate_record_text(record, &length);
	bool good;

	if (text == NULL)
		return gate_fail(error, GATE_EMEMORY, "out of memory");
	good = length <= GATE_RECORD_SIZE_MAX &&
	    bson_append_utf8(bson, "session", -1, text, (int)length);
	free(text);
	return good ? 0 : too_large(error);
}

static bool
is_document(const struct gate_record *record, bool otherwise)
{
	const struct gate_store_mongodb_was *was = record->was;

	return was != NULL ? was->document : otherwise;
}

int
gate_store_mongodb_put_payload(
    bson_t *bson, const struct gate_record *record, bool document, struct gate_error *error)
{
	return is_document(record, document) ? put_document(bson, record, error)
					     : put_text(bson, record, error);
}

/* ---- only what changed ---- */

/* Returns true if the name can't be part of a path in $set. */
static bool
is_odd(const char *name)
{
	return name[0] == '\0' || name[0] == '$' || strchr(name, '.') != NULL;
}

/* Appends one change under its path. Returns 1, 0 if the whole payload must be written instead, or
 * -1 with the error set. */
static int
put_change(bson_t *set, bson_t *unset, const struct gate_record_member *member,
    const bson_iter_t *was, struct gate_error *error)
{
	struct gate_buffer path = {0};
	int result = 1;

	if (is_odd(member->name))
		return 0;
	gate_buffer_printf(&path, "session.%s", member->name);
	if (path.failed)
		result = gate_fail(error, GATE_EMEMORY, "out of memory");
	else if (member->removed)
		result = bson_append_utf8(unset, path.data, -1, "", 0) ? 1 : too_large(error);
	else if (append_member(set, path.data, member, was, error) < 0)
		result = -1;
	gate_buffer_release(&path);
	return result;
}

static int
put_paths(struct merge *m, bson_t *set, bson_t *unset, bson_iter_t *old)
{
	int result = 1;

	while (result == 1 && bson_iter_next(old)) {
		bool again;
		const struct gate_record_member *member = pair(m, bson_iter_key(old), &again);

		if (member == NULL || (!member->changed && !member->removed))
			continue;
		result = again ? 0 : put_change(set, unset, member, old, m->error);
	}
	for (size_t i = 0; result == 1 && i < gate_record_count(m->record); i++) {
		const struct gate_record_member *member = gate_record_at(m->record, i);

		if (!m->paired[i] && member->changed && !member->removed)
			result = put_change(set, unset, member, NULL, m->error);
	}
	return result;
}

int
gate_store_mongodb_put_changes(
    bson_t *set, bson_t *unset, const struct gate_record *record, struct gate_error *error)
{
	const struct gate_store_mongodb_was *was = record->was;
	bson_iter_t session, old;
	struct merge m;
	int result;

	if (!was->document)
		return put_text(set, record, error);
	if (is_too_large(record))
		return too_large(error);
	if (start_merge(&m, record, error) < 0)
		return -1;
	if (bson_iter_init_find(&session, was->payload, "session") &&
	    bson_iter_recurse(&session, &old))
		result = put_paths(&m, set, unset, &old);
	else
		result = 0;
	free(m.paired);
	if (result != 0)
		return result < 0 ? -1 : 0;
	bson_reinit(set);
	bson_reinit(unset);
	return put_document(set, record, error);
}
