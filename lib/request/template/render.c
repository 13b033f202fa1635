/* request/template/render.c: renders the nodes of a template, with values, into a page. */
#include "config.h"

#include <string.h>

#include "base/encode.h"
#include "base/error.h"
#include "base/number.h"
#include "record/json.h"
#include "request/template/private.h"

struct margin { /* the indentation of a partial's lines, printed from the outermost on */
	const struct margin *up;
	const struct gate_template_part *text;
};

struct scope { /* one section or partial */
	const struct scope *up;
	const json_t *value; /* what names are looked up in; NULL: nothing of its own */
	const struct gate_template_page *page;
	const struct margin *margin; /* NULL: none */
	unsigned depth;
};

struct render {
	json_t *const *contexts;
	size_t count;
	struct gate_buffer *out;
	struct gate_error *error;
	unsigned steps;
};

static const json_t *
find_value(const struct render *r, const struct scope *s, const struct gate_template_node *n)
{
	const struct gate_template_part *part;
	const json_t *value = NULL;

	if (n->parts == 0) {
		if (s->value != NULL)
			return s->value;
		return r->count > 0 ? r->contexts[r->count - 1] : NULL;
	}
	part = gate_template_name(s->page, n);
	for (; s != NULL && value == NULL; s = s->up)
		value = json_object_getn(s->value, part->text, part->length);
	for (size_t i = r->count; i > 0 && value == NULL; i--)
		value = json_object_getn(r->contexts[i - 1], part->text, part->length);
	for (unsigned i = 1; i < n->parts && value != NULL; i++)
		value = json_object_getn(value, part[i].text, part[i].length);
	return value;
}

/* Follows JavaScript, except that an empty list is false. */
static bool
is_true(const json_t *value)
{
	if (value == NULL)
		return false;
	switch (json_typeof(value)) {
	case JSON_NULL:
	case JSON_FALSE:
		return false;
	case JSON_STRING:
		return json_string_length(value) > 0;
	case JSON_INTEGER:
	case JSON_REAL:
		return json_number_value(value) != 0;
	case JSON_ARRAY:
		return json_array_size(value) > 0;
	default:
		return true;
	}
}

static void
add_value(struct gate_buffer *out, const json_t *value, bool escape)
{
	if (value == NULL)
		return;
	switch (json_typeof(value)) {
	case JSON_STRING:
		if (escape)
			gate_html_escape(out, json_string_value(value), json_string_length(value));
		else
			gate_buffer_add(out, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		gate_buffer_integer(out, json_integer_value(value));
		break;
	case JSON_REAL:
		gate_json_print_real(out, json_real_value(value));
		break;
	case JSON_TRUE:
		gate_buffer_puts(out, "true");
		break;
	case JSON_FALSE:
		gate_buffer_puts(out, "false");
		break;
	default: /* null, objects and lists have no text */
		break;
	}
}

static void
add_margin(struct gate_buffer *out, const struct margin *margin)
{
	if (margin->up != NULL)
		add_margin(out, margin->up);
	gate_buffer_add(out, margin->text->text, margin->text->length);
}

static void
add_lines(struct gate_buffer *out, const struct gate_template_node *n, const struct margin *margin)
{
	const char *at = n->text.text, *end = at + n->text.length, *newline;

	if (n->line)
		add_margin(out, margin);
	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL && newline + 1 < end) {
		gate_buffer_add(out, at, (size_t)(newline + 1 - at));
		add_margin(out, margin);
		at = newline + 1;
	}
	gate_buffer_add(out, at, (size_t)(end - at));
}

/* Counts a step, which bounds the work of nested lists and partials. Returns -1 if there were too
 * many, or the page is full. */
static int
take_step(struct render *r, const struct scope *s)
{
	if (r->out->failed)
		return -1;
	if (++r->steps > GATE_TEMPLATE_STEPS_MAX)
		return gate_fail(r->error, GATE_ETEMPLATE, "template %s: takes over %u steps",
		    s->page->name, GATE_TEMPLATE_STEPS_MAX);
	return 0;
}

static int render_nodes(struct render *, const struct scope *, size_t from, size_t to);

static int
render_inner(struct render *r, const struct scope *s, size_t from, size_t to)
{
	if (s->depth > GATE_TEMPLATE_DEPTH_MAX)
		return gate_fail(r->error, GATE_ETEMPLATE,
		    "template %s: is nested deeper than %d sections and partials", s->page->name,
		    GATE_TEMPLATE_DEPTH_MAX);
	if (take_step(r, s) < 0)
		return -1;
	return render_nodes(r, s, from, to);
}

static int
render_section(struct render *r, const struct scope *s, size_t at)
{
	const struct gate_template_node *n = gate_template_nodes(s->page) + at;
	struct scope inner = *s;
	const json_t *value = find_value(r, s, n);

	if (!is_true(value))
		return 0;
	inner.up = s;
	inner.value = value;
	inner.depth++;
	if (!json_is_array(value))
		return render_inner(r, &inner, at + 1, n->end);
	for (size_t i = 0; i < json_array_size(value); i++) {
		inner.value = json_array_get(value, i);
		if (render_inner(r, &inner, at + 1, n->end) < 0)
			return -1;
	}
	return 0;
}

static int
render_partial(struct render *r, const struct scope *s, const struct gate_template_node *n)
{
	struct margin margin = {s->margin, &n->text};
	struct scope inner = *s;

	if (n->partial == NULL)
		return 0;
	inner.page = n->partial;
	inner.depth++;
	if (!n->line)
		inner.margin = NULL;
	else if (n->text.length > 0)
		inner.margin = &margin;
	return render_inner(r, &inner, 0, gate_template_node_count(n->partial));
}

static int
render_nodes(struct render *r, const struct scope *s, size_t from, size_t to)
{
	const struct gate_template_node *nodes = gate_template_nodes(s->page);
	int result = 0;

	for (size_t i = from; i < to && result == 0; i++) {
		const struct gate_template_node *n = &nodes[i];

		if (take_step(r, s) < 0)
			return -1;
		switch (n->kind) {
		case GATE_TEMPLATE_TEXT:
			if (s->margin != NULL)
				add_lines(r->out, n, s->margin);
			else
				gate_buffer_add(r->out, n->text.text, n->text.length);
			break;
		case GATE_TEMPLATE_ESCAPED:
		case GATE_TEMPLATE_RAW:
			add_value(r->out, find_value(r, s, n), n->kind == GATE_TEMPLATE_ESCAPED);
			break;
		case GATE_TEMPLATE_SECTION:
			result = render_section(r, s, i);
			i = n->end - 1;
			break;
		case GATE_TEMPLATE_INVERTED:
			if (is_true(find_value(r, s, n)))
				i = n->end - 1;
			break;
		case GATE_TEMPLATE_PARTIAL:
			result = render_partial(r, s, n);
			break;
		}
	}
	return result;
}

int
gate_template_render(const struct gate_templates *set, const char *name, json_t *const *contexts,
    size_t count, struct gate_buffer *out, struct gate_error *error)
{
	const struct gate_template_page *page = gate_template_find(set, name);
	const struct scope scope = {.page = page};
	struct render r = {.contexts = contexts, .count = count, .out = out, .error = error};
	size_t start = out->length, limit = out->limit;
	int result;

	if (page == NULL)
		return gate_fail(error, GATE_ETEMPLATE, "template %s: not found", name);
	if (out->failed)
		return gate_fail(error, GATE_EMEMORY, "template %s: the answer is full", name);
	out->limit = limit != 0 ? limit : GATE_BUFFER_MAX;
	if (out->limit - start > GATE_TEMPLATE_OUTPUT_MAX)
		out->limit = start + GATE_TEMPLATE_OUTPUT_MAX;
	result = render_nodes(&r, &scope, 0, gate_template_node_count(page));
	if (out->failed)
		result = gate_fail(error, GATE_ETEMPLATE,
		    "template %s: page over %zu bytes, or out of memory", name, out->limit - start);
	out->limit = limit;
	if (result == 0)
		return 0;
	out->failed = false;
	out->length = start;
	if (out->data != NULL)
		out->data[start] = '\0';
	return -1;
}
