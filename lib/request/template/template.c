/* request/template/template.c: a set of templates, which may be each other's partials. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "request/template/private.h"

void
gate_template_free_page(struct gate_template_page *page)
{
	if (page == NULL)
		return;
	gate_buffer_release(&page->text);
	gate_buffer_release(&page->nodes);
	gate_buffer_release(&page->parts);
	free(page);
}

void
gate_templates_free(struct gate_templates *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		gate_template_free_page(set->all[i]);
	free(set);
}

static int
compare(const void *a, const void *b)
{
	const struct gate_template_page *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int
compare_name(const void *name, const void *page)
{
	return strcmp(name, (*(const struct gate_template_page *const *)page)->name);
}

const struct gate_template_page *
gate_template_find(const struct gate_templates *set, const char *name)
{
	struct gate_template_page *const *found =
	    bsearch(name, set->all, set->count, sizeof set->all[0], compare_name);

	return found != NULL ? *found : NULL;
}

bool
gate_templates_has(const struct gate_templates *set, const char *name)
{
	return gate_template_find(set, name) != NULL;
}

void
gate_templates_resolve(struct gate_templates *set)
{
	char name[NAME_MAX + 1];

	qsort(set->all, set->count, sizeof set->all[0], compare);
	for (size_t i = 0; i < set->count; i++) {
		struct gate_template_node *nodes = gate_template_nodes(set->all[i]);

		for (size_t k = 0; k < gate_template_node_count(set->all[i]); k++) {
			const struct gate_template_part *part;

			if (nodes[k].kind != GATE_TEMPLATE_PARTIAL)
				continue;
			part = gate_template_name(set->all[i], &nodes[k]);
			if (part->length > NAME_MAX - strlen(GATE_TEMPLATE_SUFFIX))
				continue;
			snprintf(name, sizeof name, "%.*s" GATE_TEMPLATE_SUFFIX, (int)part->length,
			    part->text);
			nodes[k].partial = gate_template_find(set, name);
		}
	}
}

int
gate_templates_add(
    struct gate_templates *set, struct gate_template_page *page, struct gate_error *error)
{
	if (gate_template_parse_page(page, error) < 0) {
		gate_template_free_page(page);
		return -1;
	}
	set->all[set->count++] = page;
	return 0;
}

struct gate_template_page *
gate_template_new_page(const char *name, struct gate_error *error)
{
	struct gate_template_page *page = calloc(1, sizeof *page);

	if (page == NULL)
		gate_fail(error, GATE_EMEMORY, "template %s: out of memory", name);
	else
		snprintf(page->name, sizeof page->name, "%s", name);
	return page;
}

struct gate_templates *
gate_templates_parse(const char *name, const char *text, size_t length, struct gate_error *error)
{
	struct gate_templates *set = calloc(1, sizeof *set);
	struct gate_template_page *page = gate_template_new_page(name, error);

	if (set == NULL || page == NULL || gate_buffer_add(&page->text, text, length) < 0) {
		gate_fail(error, GATE_EMEMORY, "template %s: out of memory", name);
		gate_template_free_page(page);
	} else if (gate_templates_add(set, page, error) == 0) {
		gate_templates_resolve(set);
		return set;
	}
	gate_templates_free(set);
	return NULL;
}
