/* fuzz_record.c: takes a record through a request: parses, views, changes, stamps and writes it. */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "record/members.h"

#define NOW INT64_C(1795253194612)
#define HOUR INT64_C(3600000)
#define MEMBER "passport" /* and what Passport keeps in it: `user` */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_called(const struct gate_record_member *member, const char *name)
{
	return member->name != NULL && strcmp(member->name, name) == 0;
}

/* The member of the same name; where jansson can't hold the name, of the same quoted bytes. */
static const struct gate_record_member *
counterpart(const struct gate_record *record, const struct gate_record_member *member)
{
	if (member->name != NULL)
		return gate_record_named(record, member->name);
	for (size_t i = 0; i < gate_record_count(record); i++) {
		const struct gate_record_member *m = gate_record_at(record, i);

		if (m->name == NULL && m->quoted_length == member->quoted_length &&
		    memcmp(m->quoted, member->quoted, m->quoted_length) == 0 &&
		    m->length == member->length && memcmp(m->text, member->text, m->length) == 0)
			return m;
	}
	return NULL;
}

/* A change of a session, picked by one byte: the name of the member that it touches. */
static const char *
change(json_t *session, uint8_t how)
{
	void *at = json_object_iter(session);
	const char *name = "added";

	for (int i = how % 4; i > 0 && at != NULL; i--) {
		name = json_object_iter_key(at);
		at = json_object_iter_next(session, at);
	}
	return name;
}

static void
check_unchanged(
    const struct gate_record *before, const struct gate_record *after, const char *changed)
{
	for (size_t i = 0; i < gate_record_count(before); i++) {
		const struct gate_record_member *old = gate_record_at(before, i), *new;

		if (is_called(old, changed) || is_called(old, "cookie") || is_called(old, "gate"))
			continue;
		new = counterpart(after, old);
		assert(new != NULL &&new->length ==
		    old->length &&memcmp(new->text, old->text, old->length) == 0);
	}
}

static bool
is_json(const char *text, size_t length)
{
	json_t *json = json_loadb(text, length, JSON_ALLOW_NUL, NULL);

	json_decref(json);
	return json != NULL;
}

static bool
are_same(const char *one, const char *two)
{
	return one == two || (one != NULL && two != NULL && strcmp(one, two) == 0);
}

/* The copy at gate.user says what the member says, or else the next request would write again. */
static void
check_user(const struct gate_record *record, const char *text, size_t length)
{
	struct gate_record copy = {0}, again = {.user_member = record->user_member};

	assert(gate_record_parse(&copy, text, length) == 1);
	assert(gate_record_parse(&again, text, length) == 1);
	assert(are_same(copy.user, record->user) && !copy.user_changed);
	assert(are_same(again.user, record->user) && !again.user_changed);
	gate_record_release(&copy);
	gate_record_release(&again);
}

/* What leaves must be a record again, with the lifetime it was given and what did not change. */
static void
check_written(struct gate_record *record, const struct gate_record *before, const char *changed,
    bool readable)
{
	struct gate_cookie_attributes cookie = {.path = "/"};
	struct gate_record_policy policy = {.cookie = &cookie, .max_age = HOUR};
	struct gate_record after = {0};
	const struct gate_record_member *again;
	size_t length;
	char *text;

	policy.keep_age = strlen(changed) % 2 == 0;
	assert(gate_record_stamp(record, &policy, NOW + HOUR, NOW) == 0);
	text = gate_record_text(record, &length);
	assert(text != NULL && strlen(text) >= length);
	assert(gate_record_parse(&after, text, length) == 1);
	assert(policy.keep_age ? gate_record_max_age(&after) == gate_record_max_age(before)
			       : gate_record_max_age(&after) == HOUR);
	assert(after.created == NOW);
	again = gate_record_named(&after, "cookie");
	assert(memmem(again->text, again->length, "\"2026-11-21T10:26:34.612Z\"", 26) != NULL);
	check_unchanged(before, &after, changed);
	if (strcmp(changed, MEMBER) != 0)
		check_user(record, text, length);
	assert(!readable || is_json(text, length));
	gate_record_release(&after);
	free(text);
}

static void
check(struct gate_record *record, const struct gate_record *before, uint8_t how, bool readable)
{
	const char *member = record->user_member;
	json_t *session = gate_record_session(record);
	struct gate_error error = {0};
	char *changed;
	int result;

	assert(session != NULL);
	assert(gate_record_differs(record, session) == 0);
	assert(gate_record_merge(record, session, &error) == 0);
	if (member != NULL)
		assert(gate_record_is_user(record, session, member, record->user));
	changed = strdup(change(session, how));
	if (how & 4 && json_object_get(session, changed) != NULL)
		json_object_del(session, changed);
	else
		json_object_set_new(
		    session, changed, json_pack("{s:i, s:f}", "n", how, "r", how / 7.0));
	assert(gate_record_differs(record, session) == 1);
	result = gate_record_merge(record, session, &error);
	if (result < 0)
		assert(error.code == GATE_ESESSION); /* a name that Node drops */
	else
		check_written(record, before, changed, readable);
	free(changed);
	json_decref(session);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gate_record record = {0}, before = {0};
	const char *text = (const char *)data + 1;
	int result;

	if (size == 0)
		return 0;
	if (data[0] & 8)
		record.user_member = MEMBER ".user";
	result = gate_record_parse(&record, text, size - 1);
	if (result == 1) {
		assert(gate_record_parse(&before, text, size - 1) == 1);
		check(&record, &before, data[0], is_json(text, size - 1));
	}
	gate_record_release(&record);
	gate_record_release(&before);
	return 0;
}
