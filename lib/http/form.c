/* http/form.c: parses query strings and bodies of forms: application/x-www-form-urlencoded. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "http/form.h"

/* Counts the segments between '&' that are not empty. */
static size_t
count_fields(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += text[i] != '&' && (i == 0 || text[i - 1] == '&');
	return count;
}

/* Decodes in place, and writes a NUL to text[length] or before. Returns false if text is
 * malformed. */
static bool
decode(char *text, size_t length)
{
	if (!gate_percent_decode(text, &length, true) || memchr(text, '\0', length) != NULL ||
	    !gate_utf8_valid(text, length))
		return false;
	text[length] = '\0';
	return true;
}

static bool
split_field(struct gate_field *field, char *text, size_t length)
{
	char *equals = memchr(text, '=', length);
	size_t name_length = equals != NULL ? (size_t)(equals - text) : length;

	field->name = text;
	field->value = equals != NULL ? equals + 1 : text + length;
	return decode(field->value, equals != NULL ? length - name_length - 1 : 0) &&
	    decode(field->name, name_length);
}

int
gate_form_parse(struct gate_form_fields *form, const char *text, size_t length)
{
	size_t count = count_fields(text, length);
	char *segment;

	*form = (struct gate_form_fields){0};
	if (count == 0)
		return 1;
	if (count > GATE_FORM_FIELDS_MAX || memchr(text, '\0', length) != NULL)
		return 0;
	form->text = strndup(text, length);
	form->length = length;
	form->fields = calloc(count, sizeof *form->fields);
	if (form->text == NULL || form->fields == NULL) {
		gate_form_release(form);
		return -1;
	}
	segment = form->text;
	while (form->count < count) {
		size_t size = strcspn(segment, "&");
		char *next = segment + size + (segment[size] == '&');

		if (size > 0 && !split_field(&form->fields[form->count++], segment, size)) {
			gate_form_release(form);
			return 0;
		}
		segment = next;
	}
	return 1;
}

const char *
gate_form_get(const struct gate_form_fields *form, const char *name, bool *twice)
{
	const char *value = NULL;
	size_t found = 0;

	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->fields[i].name, name) == 0) {
			value = form->fields[i].value;
			found++;
		}
	if (twice != NULL)
		*twice = found > 1;
	return found == 1 ? value : NULL;
}

const char *
gate_form_nth(const struct gate_form_fields *form, const char *name, size_t n)
{
	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->fields[i].name, name) == 0 && n-- == 0)
			return form->fields[i].value;
	return NULL;
}

void
gate_form_release(struct gate_form_fields *form)
{
	if (form == NULL)
		return;
	if (form->text != NULL)
		explicit_bzero(form->text, form->length);
	free(form->text);
	free(form->fields);
	*form = (struct gate_form_fields){0};
}
