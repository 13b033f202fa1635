/* request/template/private.h: a parsed template, and what the files of template/ share. */
#ifndef GATE_REQUEST_TEMPLATE_PRIVATE_H
#define GATE_REQUEST_TEMPLATE_PRIVATE_H

#include <limits.h>

#include "request/template/template.h"

#define GATE_TEMPLATE_NAME_CHARACTERS                                                              \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

#define GATE_TEMPLATE_SUFFIX ".html"

enum gate_template_kind {
	GATE_TEMPLATE_TEXT,
	GATE_TEMPLATE_ESCAPED,
	GATE_TEMPLATE_RAW,
	GATE_TEMPLATE_SECTION,
	GATE_TEMPLATE_INVERTED,
	GATE_TEMPLATE_PARTIAL
};

struct gate_template_part { /* a piece of a template's text; borrowed */
	const char *text;
	size_t length;
};

struct gate_template_node {
	enum gate_template_kind kind;
	bool line;                      /* text: begins a line; partial: alone on its line */
	unsigned first, parts;          /* the name, split at dots: index and count; 0 for "." */
	size_t end;                     /* of a section, inverted or not: the node after it */
	struct gate_template_part text; /* the text, a partial's indentation, or the whole name */
	const struct gate_template_page *partial; /* NULL: there is no such template */
};

struct gate_template_page {
	char name[NAME_MAX + 1];
	struct gate_buffer text;
	struct gate_buffer nodes; /* of struct gate_template_node */
	struct gate_buffer parts; /* of struct gate_template_part */
};

static inline struct gate_template_node *
gate_template_nodes(const struct gate_template_page *page)
{
	return (struct gate_template_node *)(void *)page->nodes.data;
}

static inline size_t
gate_template_node_count(const struct gate_template_page *page)
{
	return page->nodes.length / sizeof(struct gate_template_node);
}

/* Returns the first part of the node's name; the others follow it. */
static inline const struct gate_template_part *
gate_template_name(const struct gate_template_page *page, const struct gate_template_node *n)
{
	return (const struct gate_template_part *)(const void *)page->parts.data + n->first;
}

struct gate_templates {
	size_t count;
	struct gate_template_page *all[GATE_TEMPLATE_FILES_MAX]; /* sorted by name */
};

/* ---- request/template/template.c ---- */

struct gate_template_page *gate_template_new_page(
    const char *name, struct gate_error *);                /* yours */
void gate_template_free_page(struct gate_template_page *); /* NULL is fine */
/* Parses the page's text and adds the page to the set. Takes the page over; frees it on failure.
 * Returns 0, or -1 with the error set. */
int gate_templates_add(struct gate_templates *, struct gate_template_page *, struct gate_error *);
void gate_templates_resolve(
    struct gate_templates *); /* call it after the last: sorts, and links partials */
const struct gate_template_page *gate_template_find(
    const struct gate_templates *, const char *name); /* NULL: there is none */

/* ---- request/template/parse.c ---- */

/* Parses the page's text into nodes and parts, which point into the text. Returns 0, or -1 with the
 * error set, which names file and line. */
int gate_template_parse_page(struct gate_template_page *, struct gate_error *);

#endif
