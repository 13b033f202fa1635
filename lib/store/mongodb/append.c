/* store/mongodb/append.c: writes JSON as the BSON that Node's driver makes of it, and keeps the old
 * BSON of values that did not change. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/encode.h"
#include "record/json.h"
#include "store/mongodb/private.h"

/* A new cookie has all of these: connect-mongo's driver writes undefined members as null. */
static const char *const cookie_members[] = {"originalMaxAge", "partitioned", "priority", "expires",
    "secure", "httpOnly", "domain", "path", "sameSite"};

#define COOKIE_MEMBERS (sizeof cookie_members / sizeof *cookie_members)

struct target { /* a place to append a value at */
	bson_t *bson;
	const char *key;
	int key_length;
};

static bool append(const struct target *, const json_t *, const bson_iter_t *was);

/* Finds a member of a document, and moves `at` to it. Searches from `at` to the end, then from
 * `start`: members asked for in the document's order are each found at the first comparison. */
static bool
find_from(bson_iter_t *at, const bson_iter_t *start, const char *name, size_t length)
{
	bson_iter_t from = *at;

	while (bson_iter_next(at))
		if (bson_iter_key_len(at) == length && memcmp(bson_iter_key(at), name, length) == 0)
			return true;
	*at = *start;
	while (bson_iter_offset(at) != bson_iter_offset(&from) && bson_iter_next(at))
		if (bson_iter_key_len(at) == length && memcmp(bson_iter_key(at), name, length) == 0)
			return true;
	return false;
}

static bool
looks_the_same(const bson_iter_t *was, const json_t *value)
{
	struct gate_buffer before = {0}, now = {0};
	const char *why;
	bool same;

	same = gate_json_print(&now, (json_t *)(uintptr_t)value, &why) == 0 &&
	    gate_store_mongodb_show_value(&before, was) && !before.failed &&
	    before.length == now.length && memcmp(before.data, now.data, now.length) == 0;
	gate_buffer_release(&before);
	gate_buffer_release(&now);
	return same;
}

/* Appends an int32 or a double, as Node's driver does: JavaScript has no type for integers. */
static bool
append_number(const struct target *t, double value)
{
	if (value >= INT32_MIN && value <= INT32_MAX && value == floor(value) &&
	    !(value == 0 && signbit(value)))
		return bson_append_int32(t->bson, t->key, t->key_length, (int32_t)value);
	return bson_append_double(t->bson, t->key, t->key_length, value);
}

static bool
append_scalar(const struct target *t, const json_t *value)
{
	if (json_is_string(value))
		return bson_append_utf8(t->bson, t->key, t->key_length, json_string_value(value),
		    (int)json_string_length(value));
	if (json_is_number(value))
		return append_number(t, json_number_value(value));
	if (json_is_boolean(value))
		return bson_append_bool(t->bson, t->key, t->key_length, json_is_true(value));
	return bson_append_null(t->bson, t->key, t->key_length);
}

/* Pairs each element of a new array with one of the old array, whose types it may keep. The
 * elements at the beginning and at the end that are the same in both arrays are pairs, so that an
 * insertion or a removal between them does not shift types. The elements between are paired by
 * index. */
struct pairs {
	const uint8_t *bytes; /* the old array */
	uint32_t size;
	struct element {
		uint32_t offset, key_length;
	} * old;
	size_t count, before, behind; /* of old; equal elements at its beginning, its end */
	size_t length;                /* of the new array */
};

static bool
take_elements(struct pairs *p, const bson_iter_t *was)
{
	bson_iter_t at;
	size_t room = 0;

	if (was == NULL || !BSON_ITER_HOLDS_ARRAY(was) || !bson_iter_recurse(was, &at))
		return true;
	bson_iter_array(was, &p->size, &p->bytes);
	while (bson_iter_next(&at)) {
		if (p->count == room) {
			struct element *wider =
			    realloc(p->old, (room = 2 * room + 8) * sizeof *p->old);

			if (wider == NULL)
				return false;
			p->old = wider;
		}
		p->old[p->count++] =
		    (struct element){bson_iter_offset(&at), bson_iter_key_len(&at)};
	}
	return true;
}

static bool
move_to(const struct pairs *p, size_t i, bson_iter_t *at)
{
	return bson_iter_init_from_data_at_offset(
	    at, p->bytes, p->size, p->old[i].offset, p->old[i].key_length);
}

static bool
is_same(const struct pairs *p, size_t i, const json_t *value)
{
	bson_iter_t at;

	return move_to(p, i, &at) && looks_the_same(&at, value);
}

static bool
pair_elements(struct pairs *p, const json_t *array, const bson_iter_t *was)
{
	size_t least;

	*p = (struct pairs){.length = json_array_size(array)};
	if (!take_elements(p, was))
		return false;
	least = p->count < p->length ? p->count : p->length;
	while (p->before < least && is_same(p, p->before, json_array_get(array, p->before)))
		p->before++;
	while (p->behind < least - p->before &&
	    is_same(p, p->count - 1 - p->behind, json_array_get(array, p->length - 1 - p->behind)))
		p->behind++;
	return true;
}

/* Returns the old element of the new array's element i, by moving `at` to it, or NULL if it has
 * none. */
static const bson_iter_t *
partner(const struct pairs *p, size_t i, bson_iter_t *at)
{
	if (i >= p->length - p->behind)
		i = p->count - (p->length - i);
	else if (i >= p->count - p->behind)
		return NULL;
	return move_to(p, i, at) ? at : NULL;
}

static bool
append_array(const struct target *t, const json_t *array, const bson_iter_t *was)
{
	bson_t inner;
	bson_iter_t old;
	struct pairs pairs;
	char text[16];
	bool good = pair_elements(&pairs, array, was) &&
	    GATE_BSON_ARRAY_BEGIN(t->bson, t->key, t->key_length, &inner);

	if (!good) {
		free(pairs.old);
		return false;
	}
	for (size_t i = 0; good && i < pairs.length; i++) {
		struct target place = {&inner, NULL, 0};

		place.key_length =
		    (int)bson_uint32_to_string((uint32_t)i, &place.key, text, sizeof text);
		good = append(&place, json_array_get(array, i), partner(&pairs, i, &old));
	}
	free(pairs.old);
	return bson_append_array_end(t->bson, &inner) && good;
}

static bool
append_object(const struct target *t, const json_t *object, const bson_iter_t *was)
{
	bson_t inner;
	bson_iter_t start, old;
	bool there = was != NULL && BSON_ITER_HOLDS_DOCUMENT(was) && bson_iter_recurse(was, &start);
	bool good = bson_append_document_begin(t->bson, t->key, t->key_length, &inner);

	if (!good)
		return false;
	if (there)
		old = start;
	for (void *at = json_object_iter((json_t *)(uintptr_t)object); good && at != NULL;
	     at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
		struct target place = {
		    &inner, json_object_iter_key(at), (int)json_object_iter_key_len(at)};
		bool found =
		    there && find_from(&old, &start, place.key, json_object_iter_key_len(at));

		good = append(&place, json_object_iter_value(at), found ? &old : NULL);
	}
	return bson_append_document_end(t->bson, &inner) && good;
}

static bool
append(const struct target *t, const json_t *value, const bson_iter_t *was)
{
	if (was != NULL && !BSON_ITER_HOLDS_DOCUMENT(was) && !BSON_ITER_HOLDS_ARRAY(was) &&
	    looks_the_same(was, value))
		return bson_append_iter(t->bson, t->key, t->key_length, was);
	if (json_is_object(value))
		return append_object(t, value, was);
	if (json_is_array(value))
		return append_array(t, value, was);
	return append_scalar(t, value);
}

/* ---- the cookie ---- */

static bool
append_end(bson_t *cookie, const json_t *expires)
{
	const char *text = json_string_value(expires);
	int64_t ms;

	if (text != NULL && gate_iso_parse(text, json_string_length(expires), &ms) == 1)
		return bson_append_date_time(cookie, "expires", -1, ms);
	return append(&(struct target){cookie, "expires", -1}, expires, NULL);
}

static bool
append_cookie_member(bson_t *cookie, const char *name, const json_t *value, const bson_iter_t *was)
{
	bson_iter_t start, old;

	if (was != NULL && bson_iter_recurse(was, &start)) {
		old = start;
		if (find_from(&old, &start, name, strlen(name)) && looks_the_same(&old, value))
			return bson_append_iter(cookie, name, -1, &old);
	}
	if (strcmp(name, "expires") == 0)
		return append_end(cookie, value);
	return append(&(struct target){cookie, name, -1}, value, NULL);
}

static bool
append_new_cookie(bson_t *cookie, const json_t *value)
{
	bool good = true;

	for (size_t i = 0; good && i < COOKIE_MEMBERS; i++) {
		const json_t *member = json_object_get(value, cookie_members[i]);

		good = member != NULL
		    ? append_cookie_member(cookie, cookie_members[i], member, NULL)
		    : bson_append_null(cookie, cookie_members[i], -1);
	}
	return good;
}

/* `expires` is a Date, as connect-mongo writes it. */
static bool
append_cookie(const struct target *t, const json_t *value, const bson_iter_t *was)
{
	bson_t cookie;
	bool good = bson_append_document_begin(t->bson, t->key, t->key_length, &cookie);

	if (!good)
		return false;
	if (was == NULL)
		good = append_new_cookie(&cookie, value);
	for (void *at = json_object_iter((json_t *)(uintptr_t)value);
	     was != NULL && good && at != NULL;
	     at = json_object_iter_next((json_t *)(uintptr_t)value, at))
		good = append_cookie_member(
		    &cookie, json_object_iter_key(at), json_object_iter_value(at), was);
	return bson_append_document_end(t->bson, &cookie) && good;
}

bool
gate_store_mongodb_append(
    bson_t *bson, const char *key, const json_t *value, const bson_iter_t *was, bool cookie)
{
	const struct target t = {bson, key, -1};

	if (cookie && json_is_object(value))
		return append_cookie(&t, value, was);
	return append(&t, value, was);
}
