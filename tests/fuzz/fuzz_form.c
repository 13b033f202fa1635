/* fuzz_form.c: a form that parses, written anew, parses to the same fields. */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "base/encode.h"
#include "http/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_get(const struct gate_form_fields *form)
{
	for (size_t i = 0; i < form->count; i++) {
		const char *name = form->fields[i].name, *value;
		bool twice;
		int same = 0;

		for (size_t k = 0; k < form->count; k++)
			same += strcmp(form->fields[k].name, name) == 0;
		value = gate_form_get(form, name, &twice);
		assert(twice == (same > 1) && value == (twice ? NULL : form->fields[i].value));
		assert(gate_utf8_valid(name, strlen(name)));
		assert(gate_utf8_valid(form->fields[i].value, strlen(form->fields[i].value)));
	}
}

static void
check_again(const struct gate_form_fields *form)
{
	struct gate_form_fields again;
	struct gate_buffer text = {0};

	for (size_t i = 0; i < form->count; i++) {
		gate_percent_encode(&text, form->fields[i].name, strlen(form->fields[i].name));
		gate_buffer_putc(&text, '=');
		gate_percent_encode(&text, form->fields[i].value, strlen(form->fields[i].value));
		gate_buffer_putc(&text, '&');
	}
	assert(gate_form_parse(&again, gate_buffer_text(&text), text.length) == 1);
	assert(again.count == form->count);
	for (size_t i = 0; i < form->count; i++) {
		assert(strcmp(again.fields[i].name, form->fields[i].name) == 0);
		assert(strcmp(again.fields[i].value, form->fields[i].value) == 0);
	}
	gate_form_release(&again);
	gate_buffer_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gate_form_fields form;
	int result = gate_form_parse(&form, (const char *)data, size);

	assert(result == 0 || result == 1);
	if (result == 0)
		assert(form.count == 0 && form.text == NULL && form.fields == NULL);
	assert(form.count <= GATE_FORM_FIELDS_MAX);
	check_get(&form);
	check_again(&form);
	gate_form_release(&form);
	return 0;
}
