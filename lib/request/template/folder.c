/* request/template/folder.c: reads and parses the templates of a folder. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "request/template/private.h"

/* Reads the file into page->text. Returns 1; 0: no regular file; -1: the error is set. */
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
	page = gate_template_new_page(name, error);
	result = page != NULL ? read_file(page, fd, error) : -1;
	close(fd);
	if (result > 0)
		return gate_templates_add(set, page, error);
	gate_template_free_page(page);
	return result;
}

static bool
is_template_name(const char *name)
{
	size_t length = strspn(name, GATE_TEMPLATE_NAME_CHARACTERS);

	return length > 0 && strcmp(name + length, GATE_TEMPLATE_SUFFIX) == 0;
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
	gate_templates_resolve(set);
	return set;
fail:
	if (directory != NULL)
		closedir(directory);
	gate_templates_free(set);
	return NULL;
}
