/* http/form.h: application/x-www-form-urlencoded text (query strings and bodies) as names and values. */
#ifndef GATE_HTTP_FORM_H
#define GATE_HTTP_FORM_H

#include "gate.h"

#define GATE_FORM_FIELDS_MAX 64

struct gate_field {
	char *name, *value; /* NUL-terminated, decoded */
};

struct gate_form_fields { /* {0} is empty */
	char *text;
	struct gate_field *fields;
	size_t count, length; /* of fields; of text, to be wiped: there may be a password in it */
};

/* 1; 0: malformed (too many fields, a bad escape, a NUL, not UTF-8), the form is then empty;
 * -1: memory. '+' is a space; "a" is a with an empty value; empty segments are skipped. */
int gate_form_parse(struct gate_form_fields *, const char *text, size_t length);
/* The value of the only field of that name; NULL: none, or more than one (*twice then says so;
 * twice may be NULL). */
const char *gate_form_get(const struct gate_form_fields *, const char *name, bool *twice);
/* The value of the n-th field of that name, from 0; NULL: there are not so many. */
const char *gate_form_nth(const struct gate_form_fields *, const char *name, size_t n);
void gate_form_release(struct gate_form_fields *);

#endif
