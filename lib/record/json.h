/* record/json.h: JSON text as JavaScript reads and writes it, beside what jansson can hold. */
#ifndef GATE_RECORD_JSON_H
#define GATE_RECORD_JSON_H

#include "gate.h"
#include "base/buffer.h"

#define GATE_JSON_DEPTH_MAX 32 /* levels of a value that we write; jansson 2.14 dumps recursively */

struct gate_json_span { /* a member of an object: both point into the text */
	const char *name, *value;
	size_t name_length, value_length; /* the name with its quotes */
};

typedef int gate_json_visit(void *data, const struct gate_json_span *);

/* Calls visit for every member of the object that text is, in order. 1: it is one JSON object as
 * JSON.parse takes it (any depth); 0: it is not, some members may have been visited; -1: memory,
 * or visit answered below 0. */
int gate_json_members(const char *text, size_t length, gate_json_visit *, void *data);
/* Is it the beginning of an object, which ends too early? */
bool gate_json_is_cut(const char *text, size_t length);
bool gate_json_named(const struct gate_json_span *, const char *name); /* however it is escaped */
/* Adds the object text with some members replaced in place, or added at its end: name and value
 * pairs, NULL-ended. The rest stays byte for byte. 1, 0, -1 as above. */
int gate_json_replace(
    struct gate_buffer *, const char *object, size_t length, const char *const *pairs);

/* Adds the value as JSON.stringify prints it. *why: NULL, or why it can't be stored ("is nested
 * deeper than 32 levels"). 0 or -1: memory. */
int gate_json_print(struct gate_buffer *, json_t *, const char **why);
void gate_json_print_string(struct gate_buffer *, const char *text, size_t length);
/* The value; an integer beyond 63 bits is a real. NULL: jansson can't hold it (a lone surrogate,
 * 1e400…). Yours. */
json_t *gate_json_load(const char *text, size_t length);

#endif
