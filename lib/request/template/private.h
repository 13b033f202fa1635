/* request/template/private.h: a parsed template, and what the template*.c files share. */
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

struct gate_template_part { /* of a template's text */
	const char *text;
	size_t length;
};

struct gate_template_node {
	enum gate_template_kind kind;
	bool line;                      /* a text begins a line, a partial has its line to itself */
	unsigned first, parts;          /* the name, split at its dots; "." has no parts */
	size_t end;                     /* of a section, inverted or not: the node behind it */
	struct gate_template_part text; /* itself, a partial's indentation, else the whole name */
	const struct gate_template_page *partial; /* NULL: there is none of that name */
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

/* The first part of the node's name. */
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
/* Parses the page's text and adds it; the page belongs to the set, or is freed. 0 or -1. */
int gate_templates_add(struct gate_templates *, struct gate_template_page *, struct gate_error *);
void gate_templates_resolve(
    struct gate_templates *); /* behind the last: partials find their pages */
const struct gate_template_page *gate_template_find(
    const struct gate_templates *, const char *name); /* NULL: there is none */

/* ---- request/template/parse.c ---- */

/* Fills nodes and parts from text; they point into it. 0; -1: the error names file and line. */
int gate_template_parse_page(struct gate_template_page *, struct gate_error *);

#endif
