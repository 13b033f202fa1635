/* fuzz_template.c: any template with any JSON: two bytes say where the JSON begins. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "request/template/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
render(const struct gate_templates *set, json_t *data)
{
	json_t *const contexts[] = {NULL, data};
	struct gate_error error = {0};
	struct gate_buffer out = {0};

	gate_buffer_puts(&out, "before");
	if (gate_template_render(set, "t.html", contexts, 2, &out, &error) < 0) {
		if (error.code == GATE_OK || out.length != strlen("before") || out.failed)
			abort();
	} else if (out.length > strlen("before") + GATE_TEMPLATE_OUTPUT_MAX) {
		abort();
	}
	if (out.limit != 0 || memcmp(out.data, "before", strlen("before")) != 0 ||
	    out.data[out.length] != '\0')
		abort();
	gate_buffer_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct gate_error error = {0};
	struct gate_templates *set;
	const char *text;
	size_t length;
	json_t *data;

	if (size < 2)
		return 0;
	length = ((size_t)bytes[0] << 8 | bytes[1]) % (size - 1);
	text = (const char *)bytes + 2;
	set = gate_templates_parse("t.html", text, length, &error);
	if (set == NULL && (error.code == GATE_OK || strchr(error.text, '\n') != NULL))
		abort();
	data = json_loadb(text + length, size - 2 - length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (set != NULL)
		render(set, data);
	json_decref(data);
	gate_templates_free(set);
	return 0;
}
