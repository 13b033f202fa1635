/* template.c: the templates of a folder, read and parsed once. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "template_private.h"

#define SUFFIX ".html"

struct gate_templates {
	size_t count;
	struct gate_template_page *all[GATE_TEMPLATE_FILES_MAX]; /* sorted by name */
};

static void
free_page(struct gate_template_page *page)
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
		free_page(set->all[i]);
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

static void
resolve_partials(struct gate_templates *set)
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
			if (part->length > NAME_MAX - strlen(SUFFIX))
				continue;
			snprintf(name, sizeof name, "%.*s" SUFFIX, (int)part->length, part->text);
			nodes[k].partial = gate_template_find(set, name);
		}
	}
}

/* Takes the template over, whatever comes of it. */
static int
take_page(struct gate_templates *set, struct gate_template_page *page, struct gate_error *error)
{
	if (gate_template_parse_page(page, error) < 0) {
		free_page(page);
		return -1;
	}
	set->all[set->count++] = page;
	return 0;
}

static struct gate_template_page *
new_page(const char *name, struct gate_error *error)
{
	struct gate_template_page *page = calloc(1, sizeof *page);

	if (page == NULL)
		gate_fail(error, GATE_EMEMORY, "template %s: out of memory", name);
	else
		snprintf(page->name, sizeof page->name, "%s", name);
	return page;
}

/* 1; 0: not a regular file; -1 */
static int
read_file(struct gate_template_page *page, int fd, struct gate_error *error)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return gate_fail_errno(
		    error, GATE_ESYSTEM, "template %s: can't be read", page->name);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (gate_file_read(fd, GATE_TEMPLATE_SIZE_MAX, &page->text) >= 0)
		return 1;
	if (errno == EFBIG)
		return gate_fail(error, GATE_ETEMPLATE, "template %s: has over %u bytes",
		    page->name, GATE_TEMPLATE_SIZE_MAX);
	return gate_fail_errno(error, GATE_ESYSTEM, "template %s: can't be read", page->name);
}

static int
load(struct gate_templates *set, int folder, const char *name, struct gate_error *error)
{
	struct gate_template_page *page;
	int fd, result;

	if (set->count == GATE_TEMPLATE_FILES_MAX)
		return gate_fail(error, GATE_ETEMPLATE, "template %s: the folder has over %d", name,
		    GATE_TEMPLATE_FILES_MAX);
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENXIO) /* a socket */
		return 0;
	if (fd < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "template %s: can't be opened", name);
	page = new_page(name, error);
	result = page != NULL ? read_file(page, fd, error) : -1;
	close(fd);
	if (result > 0)
		return take_page(set, page, error);
	free_page(page);
	return result;
}

static bool
is_template_name(const char *name)
{
	size_t length = strspn(name, GATE_TEMPLATE_NAME_CHARACTERS);

	return length > 0 && strcmp(name + length, SUFFIX) == 0;
}

struct gate_templates *
gate_templates_open(const char *folder, struct gate_error *error)
{
	struct gate_templates *set = calloc(1, sizeof *set);
	DIR *directory = opendir(folder);
	struct dirent *entry;

	if (directory == NULL) {
		gate_fail_errno(error, GATE_ESYSTEM, "templates %s: can't be opened", folder);
		goto fail;
	}
	if (set == NULL) {
		gate_fail(error, GATE_EMEMORY, "templates %s: out of memory", folder);
		goto fail;
	}
	while (errno = 0, (entry = readdir(directory)) != NULL)
		if (is_template_name(entry->d_name) &&
		    load(set, dirfd(directory), entry->d_name, error) < 0)
			goto fail;
	if (errno != 0) {
		gate_fail_errno(error, GATE_ESYSTEM, "templates %s: can't be read", folder);
		goto fail;
	}
	closedir(directory);
	resolve_partials(set);
	return set;
fail:
	if (directory != NULL)
		closedir(directory);
	gate_templates_free(set);
	return NULL;
}

struct gate_templates *
gate_templates_parse(const char *name, const char *text, size_t length, struct gate_error *error)
{
	struct gate_templates *set = calloc(1, sizeof *set);
	struct gate_template_page *page = new_page(name, error);

	if (set == NULL || page == NULL || gate_buffer_add(&page->text, text, length) < 0) {
		gate_fail(error, GATE_EMEMORY, "template %s: out of memory", name);
		free_page(page);
	} else if (take_page(set, page, error) == 0) {
		resolve_partials(set);
		return set;
	}
	gate_templates_free(set);
	return NULL;
}
