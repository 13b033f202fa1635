/* request/template/parse.c: parses the text of a template into a flat list of nodes. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/unicode.h"
#include "request/template/private.h"

#define DELIMITER_MAX 16
#define SHOWN_MAX 40 /* bytes of a name in an error */
#define SPACES " \t\r\n\v\f"

struct parser {
	struct gate_template_page *page;
	struct gate_error *error;
	const char *at, *end;                       /* the text that is not parsed yet */
	struct gate_template_part open, close;      /* the delimiters */
	size_t sections[GATE_TEMPLATE_NESTING_MAX]; /* the open sections: indices of nodes */
	size_t depth;                               /* how many are open */
};

struct tag {
	char kind;               /* one of # ^ / > & { ! = or NUL: a variable */
	const char *begin, *end; /* of its whole line if the tag is alone on it */
	struct gate_template_part content, indentation;
	bool alone;
};

static bool
is_one_of(char c, const char *set)
{
	return memchr(set, c, strlen(set)) != NULL;
}

static unsigned
line_of(const struct parser *p, const char *where)
{
	unsigned line = 1;

	for (const char *c = p->page->text.data; c < where; c++)
		line += *c == '\n';
	return line;
}

__attribute__((format(printf, 3, 4))) static int
fail_at(const struct parser *p, const char *where, const char *format, ...)
{
	char text[160];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return gate_fail(
	    p->error, GATE_ETEMPLATE, "template %s:%u: %s", p->page->name, line_of(p, where), text);
}

static int
shown(const struct gate_template_part *name)
{
	return (int)gate_unicode_shown(name->text, name->length, SHOWN_MAX);
}

static struct gate_template_part
trim(const char *begin, const char *end)
{
	while (begin < end && is_one_of(*begin, SPACES))
		begin++;
	while (end > begin && is_one_of(end[-1], SPACES))
		end--;
	return (struct gate_template_part){begin, (size_t)(end - begin)};
}

static bool
begins_line(const struct parser *p, const char *at)
{
	return at == p->page->text.data || at[-1] == '\n';
}

/* Extends the tag to its whole line if it is alone on it. */
static void
widen(const struct parser *p, struct tag *tag)
{
	const char *begin = tag->begin, *end = tag->end;

	while (begin > p->page->text.data && is_one_of(begin[-1], " \t"))
		begin--;
	if (!begins_line(p, begin))
		return;
	while (end < p->end && is_one_of(*end, " \t"))
		end++;
	if (p->end - end >= 2 && end[0] == '\r' && end[1] == '\n')
		end++;
	if (end < p->end && *end++ != '\n')
		return;
	tag->alone = true;
	tag->indentation = (struct gate_template_part){begin, (size_t)(tag->begin - begin)};
	tag->begin = begin;
	tag->end = end;
}

static int
read_tag(const struct parser *p, const char *begin, struct tag *tag)
{
	char closing[1 + DELIMITER_MAX];
	const char *at = begin + p->open.length, *stop;
	size_t length = 0;

	*tag = (struct tag){.begin = begin};
	while (at < p->end && is_one_of(*at, SPACES))
		at++;
	if (at < p->end && is_one_of(*at, "#^/>&{!="))
		tag->kind = *at++;
	if (tag->kind == '{')
		closing[length++] = '}';
	if (tag->kind == '=')
		closing[length++] = '=';
	memcpy(closing + length, p->close.text, p->close.length);
	length += p->close.length;
	stop = memmem(at, (size_t)(p->end - at), closing, length);
	if (stop == NULL)
		return fail_at(p, begin, "tag is not closed: no %.*s follows",
		    shown(&(struct gate_template_part){closing, length}), closing);
	tag->content = trim(at, stop);
	tag->end = stop + length;
	if (tag->content.length == 0 && tag->kind != '!')
		return fail_at(p, begin, "tag is empty");
	if (tag->kind != '\0' && tag->kind != '&' && tag->kind != '{')
		widen(p, tag);
	return 0;
}

/* Adds the text up to `end`. If a line begins with a tag that prints something, adds an empty text
 * before the tag: it gets the indentation of the partial. */
static void
add_text(struct parser *p, const char *end, bool tag_stays)
{
	struct gate_template_node n = {
	    .kind = GATE_TEMPLATE_TEXT, .text = {p->at, (size_t)(end - p->at)}};

	n.line = begins_line(p, p->at);
	if (n.text.length > 0)
		gate_buffer_add(&p->page->nodes, &n, sizeof n);
	n = (struct gate_template_node){.kind = GATE_TEMPLATE_TEXT, .line = true, .text = {end, 0}};
	if (tag_stays && begins_line(p, end))
		gate_buffer_add(&p->page->nodes, &n, sizeof n);
}

static int
add_name(struct parser *p, const struct gate_template_part *name, struct gate_template_node *n)
{
	const char *at = name->text, *end = at + name->length, *dot;
	struct gate_template_part part;

	for (const char *c = at; c < end; c++)
		if (is_one_of(*c, SPACES))
			return fail_at(p, at, "name \"%.*s\" has a space in it", shown(name), at);
	n->text = *name;
	n->first = (unsigned)(p->page->parts.length / sizeof part);
	if (name->length == 1 && *at == '.')
		return 0;
	for (; at <= end; at = dot + 1) {
		dot = memchr(at, '.', (size_t)(end - at));
		if (dot == NULL)
			dot = end;
		if (dot == at)
			return fail_at(
			    p, at, "name \"%.*s\" has an empty part", shown(name), name->text);
		part = (struct gate_template_part){at, (size_t)(dot - at)};
		gate_buffer_add(&p->page->parts, &part, sizeof part);
		n->parts++;
	}
	return 0;
}

static int
add_partial(struct parser *p, const struct tag *tag, struct gate_template_node *n)
{
	const struct gate_template_part *name = &tag->content;

	for (size_t i = 0; i < name->length; i++)
		if (!is_one_of(name->text[i], GATE_TEMPLATE_NAME_CHARACTERS))
			return fail_at(p, name->text,
			    "partial \"%.*s\" is not a name of A-Z a-z 0-9 _ - only", shown(name),
			    name->text);
	n->kind = GATE_TEMPLATE_PARTIAL;
	n->line = tag->alone;
	if (add_name(p, name, n) < 0)
		return -1;
	n->text = tag->indentation;
	gate_buffer_add(&p->page->nodes, n, sizeof *n);
	return 0;
}

static int
open_section(struct parser *p, const struct tag *tag, struct gate_template_node *n)
{
	n->kind = tag->kind == '#' ? GATE_TEMPLATE_SECTION : GATE_TEMPLATE_INVERTED;
	if (p->depth == GATE_TEMPLATE_NESTING_MAX)
		return fail_at(p, tag->content.text,
		    "section %.*s is nested deeper than %d sections", shown(&tag->content),
		    tag->content.text, GATE_TEMPLATE_NESTING_MAX);
	if (add_name(p, &tag->content, n) < 0)
		return -1;
	p->sections[p->depth++] = gate_template_node_count(p->page);
	gate_buffer_add(&p->page->nodes, n, sizeof *n);
	return 0;
}

static int
close_section(struct parser *p, const struct gate_template_part *name)
{
	struct gate_template_node *n;

	if (p->depth == 0)
		return fail_at(
		    p, name->text, "section %.*s is closed but not open", shown(name), name->text);
	n = gate_template_nodes(p->page) + p->sections[--p->depth];
	if (n->text.length != name->length || memcmp(n->text.text, name->text, name->length) != 0)
		return fail_at(p, name->text, "section %.*s of line %u is closed as %.*s",
		    shown(&n->text), n->text.text, line_of(p, n->text.text), shown(name),
		    name->text);
	n->end = gate_template_node_count(p->page);
	return 0;
}

static int
set_delimiters(struct parser *p, const struct gate_template_part *content)
{
	const char *end = content->text + content->length, *space = content->text;

	while (space < end && !is_one_of(*space, SPACES))
		space++;
	p->open = (struct gate_template_part){content->text, (size_t)(space - content->text)};
	p->close = trim(space, end);
	for (const char *c = p->close.text; c < end; c++)
		if (is_one_of(*c, SPACES))
			p->close.length = 0;
	if (p->close.length > 0 && p->close.length <= DELIMITER_MAX &&
	    p->open.length <= DELIMITER_MAX && memchr(content->text, '=', content->length) == NULL)
		return 0;
	return fail_at(
	    p, content->text, "delimiters are two words of 1 to %d bytes without =", DELIMITER_MAX);
}

static int
add_tag(struct parser *p, const struct tag *tag)
{
	struct gate_template_node n = {
	    .kind = tag->kind == '\0' ? GATE_TEMPLATE_ESCAPED : GATE_TEMPLATE_RAW};

	switch (tag->kind) {
	case '!':
		return 0;
	case '=':
		return set_delimiters(p, &tag->content);
	case '/':
		return close_section(p, &tag->content);
	case '>':
		return add_partial(p, tag, &n);
	case '#':
	case '^':
		return open_section(p, tag, &n);
	default:
		if (add_name(p, &tag->content, &n) < 0)
			return -1;
		gate_buffer_add(&p->page->nodes, &n, sizeof n);
		return 0;
	}
}

int
gate_template_parse_page(struct gate_template_page *page, struct gate_error *error)
{
	struct parser p = {.page = page, .error = error, .open = {"{{", 2}, .close = {"}}", 2}};
	const char *begin;
	struct tag tag;

	if (page->text.length > GATE_TEMPLATE_SIZE_MAX)
		return gate_fail(error, GATE_ETEMPLATE, "template %s: has over %u bytes",
		    page->name, GATE_TEMPLATE_SIZE_MAX);
	p.at = page->text.data;
	p.end = p.at + page->text.length;
	while ((begin = memmem(p.at, (size_t)(p.end - p.at), p.open.text, p.open.length)) != NULL) {
		if (read_tag(&p, begin, &tag) < 0)
			return -1;
		add_text(&p, tag.begin, !tag.alone);
		if (add_tag(&p, &tag) < 0)
			return -1;
		if (page->nodes.failed || page->parts.failed)
			break;
		p.at = tag.end;
	}
	add_text(&p, p.end, false);
	if (page->nodes.failed || page->parts.failed)
		return gate_fail(error, GATE_EMEMORY, "template %s: out of memory", page->name);
	if (p.depth > 0) {
		const struct gate_template_part *name =
		    &gate_template_nodes(page)[p.sections[p.depth - 1]].text;

		return fail_at(
		    &p, name->text, "section %.*s is not closed", shown(name), name->text);
	}
	return 0;
}
