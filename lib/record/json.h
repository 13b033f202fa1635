/* record/json.h: reads and writes JSON as JavaScript does, also values that jansson can't hold. */
#ifndef GATE_RECORD_JSON_H
#define GATE_RECORD_JSON_H

#include "gate.h"
#include "base/buffer.h"

#define GATE_JSON_DEPTH_MAX 32 /* of values that gate writes; jansson 2.14 dumps recursively */

struct gate_json_span { /* a member of an object; both pointers point into the object's text */
	const char *name, *value;
	size_t name_length, value_length; /* bytes; the name's include its quotes */
};

typedef int gate_json_visit(void *data, const struct gate_json_span *);

/* Calls visit for each member of the JSON object `text`, in order. Returns 1 if text is one object
 * that JSON.parse accepts, nested to any depth; 0 if it is not, and visit may have seen some
 * members by then; -1 if memory ran out or visit returned a value below 0. */
int gate_json_members(const char *text, size_t length, gate_json_visit *, void *data);
/* Returns true if text is the beginning of an object and ends before the object does. */
bool gate_json_is_cut(const char *text, size_t length);
/* Returns true if the member has this name, escaped or not. */
bool gate_json_named(const struct gate_json_span *, const char *name);
/* Adds the text of `object` to the buffer, with the members in `pairs` replaced in place, or added
 * at the end if the object has none of that name. pairs is name, JSON text, name, JSON text, …,
 * NULL; at most 64 pairs. Other members stay byte for byte. Returns 1, 0 or -1 as gate_json_members
 * does. */
int gate_json_replace(
    struct gate_buffer *, const char *object, size_t length, const char *const *pairs);

/* Adds the value to the buffer as JSON.stringify prints it. Sets *why to NULL, or to the reason why
 * gate can't store the value ("is nested deeper than 32 levels"). Returns 0, or -1 if memory ran
 * out. */
int gate_json_print(struct gate_buffer *, json_t *, const char **why);
void gate_json_print_string(struct gate_buffer *, const char *text, size_t length); /* quoted */
/* Parses a JSON value; an integer beyond 63 bits becomes a real. Returns the value, which is yours,
 * or NULL if the text is malformed, jansson can't hold it (a lone surrogate, 1e400) or memory ran
 * out. */
json_t *gate_json_load(const char *text, size_t length);

#endif
