/* fuzz_json.c: the scanner against jansson's parser, and the printer against both. */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "record/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	const char *end; /* of the member before */
	json_t *built;   /* what the members make, if jansson can hold each of them */
};

static int
visit(void *data, const struct gate_json_span *span)
{
	struct walk *w = data;
	json_t *name = gate_json_load(span->name, span->name_length);
	json_t *value = gate_json_load(span->value, span->value_length);

	assert(span->name >= w->end && span->name_length >= 2);
	assert(span->name[0] == '"' && span->name[span->name_length - 1] == '"');
	assert(span->value > span->name + span->name_length && span->value_length > 0);
	w->end = span->value + span->value_length;
	if (name != NULL && strlen(json_string_value(name)) == json_string_length(name))
		json_object_set(w->built, json_string_value(name), value);
	json_decref(name);
	json_decref(value);
	return 0;
}

static int
refuse(void *data, const struct gate_json_span *span)
{
	(void)data;
	(void)span;
	return -1;
}

/* Compares with jansson: what is an object for one is an object for the other, with the same
 * members. Texts with a NUL are left out: jansson 2.14 overlooks one after a number. */
static int
check_members(const char *text, size_t size)
{
	json_t *wanted = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
	struct walk w = {.end = text, .built = json_object()};
	int result = gate_json_members(text, size, visit, &w);

	assert(result == 0 || result == 1);
	assert(w.end <= text + size);
	if (json_is_object(wanted) && memchr(text, '\0', size) == NULL)
		assert(result == 1 && json_equal(wanted, w.built));
	else if (wanted != NULL && !json_is_object(wanted))
		assert(result == 0);
	if (result == 1 && w.end > text)
		assert(gate_json_members(text, size, refuse, NULL) == -1);
	json_decref(wanted);
	json_decref(w.built);
	return result;
}

static void
check_replace(const char *text, size_t size, int is_object)
{
	static const char *const pairs[] = {"a", "[1]", "b\"\n", "\"two\"", NULL};
	struct gate_buffer out = {0}, again = {0};
	struct walk w = {.built = json_object()};

	assert(gate_json_replace(&out, text, size, pairs) == is_object);
	if (is_object) {
		w.end = out.data;
		assert(gate_json_members(out.data, out.length, visit, &w) == 1);
		assert(json_integer_value(json_array_get(json_object_get(w.built, "a"), 0)) == 1);
		assert(strcmp(json_string_value(json_object_get(w.built, "b\"\n")), "two") == 0);
		assert(gate_json_replace(&again, out.data, out.length, pairs) == 1);
		assert(again.length == out.length && memcmp(again.data, out.data, out.length) == 0);
	}
	json_decref(w.built);
	gate_buffer_release(&out);
	gate_buffer_release(&again);
}

/* What is printed can be read, and prints the same again. */
static void
check_print(const char *text, size_t size)
{
	json_t *value = gate_json_load(text, size), *back;
	struct gate_buffer out = {0}, again = {0}, object = {0};
	struct walk w = {.built = json_object()};
	const char *why, *why_again;

	if (value != NULL) {
		assert(gate_json_print(&out, value, &why) == 0);
		back = gate_json_load(out.data, out.length);
		assert(back != NULL);
		assert(gate_json_print(&again, back, &why_again) == 0);
		assert(again.length == out.length && memcmp(again.data, out.data, out.length) == 0);
		gate_buffer_printf(&object, "{\"v\":%s}", out.data);
		w.end = object.data;
		assert(gate_json_members(object.data, object.length, visit, &w) == 1);
		json_decref(back);
	}
	json_decref(value);
	json_decref(w.built);
	gate_buffer_release(&out);
	gate_buffer_release(&again);
	gate_buffer_release(&object);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	check_replace(text, size, check_members(text, size));
	check_print(text, size);
	return 0;
}
