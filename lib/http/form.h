/* http/form.h: parses query strings and bodies of forms: application/x-www-form-urlencoded. */
#ifndef GATE_HTTP_FORM_H
#define GATE_HTTP_FORM_H

#include "gate.h"

#define GATE_FORM_FIELDS_MAX 64

struct gate_field {
	char *name, *value; /* decoded, without NUL inside; they point into the form's text */
};

struct gate_form_fields { /* {0} is an empty form */
	char *text;
	struct gate_field *fields;
	size_t count, length; /* of fields; of text, to wipe: it may hold a password */
};

/* Parses text. '+' is a space; "a" is a field a with an empty value; empty segments are skipped.
 * Returns 1, or 0 if text is malformed (too many fields, a bad escape, a NUL, not UTF-8), or -1 if
 * out of memory; after 0 and -1 the form is empty. */
int gate_form_parse(struct gate_form_fields *, const char *text, size_t length);
/* Returns the value of the only field with this name, borrowed. Returns NULL if there is none or
 * more than one; *twice tells which (twice may be NULL). */
const char *gate_form_get(const struct gate_form_fields *, const char *name, bool *twice);
/* Returns the value of the n-th field of that name, from 0, or NULL if there are fewer. */
const char *gate_form_nth(const struct gate_form_fields *, const char *name, size_t n);
void gate_form_release(struct gate_form_fields *);

#endif
