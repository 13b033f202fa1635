/* gate_error_pages.c: gate error-pages: makes a web server's pages for errors of its own. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "gate_command.h"
#include "guard/guard.h"

#define ASIDE ".gate-new" /* a page's name while it is written */

/* text: NULL: the usual one. Makefile.am and conf/ name these files, too. */
static const struct {
	const char *name;
	int status;
	const char *text;
} pages[] = {
    {"403.html", 403, NULL},
    {"404.html", 404, NULL},
    {"413.html", 413, NULL},
    {"429.html", 429, NULL},
    {"500.html", 500, NULL},
    {"502.html", 502, NULL},
    {"503.html", 503, NULL},
    {"504.html", 504, NULL},
    {"refused.html", 403, GATE_GUARD_REFUSED},
};

#define PAGES (sizeof pages / sizeof *pages)

/* Lets the web server's user read a page. */
static int
open_to_all(void *data, int fd)
{
	(void)data;
	return fchmod(fd, 0644);
}

/* Makes the folder if it is not there, and lets the web server's user into it. Returns the open
 * folder, yours, or -1 with the error set. */
static int
open_folder(const char *path, struct gate_error *error)
{
	char *parent = gate_command_folder_of(path);
	bool there = access(path, F_OK) == 0;
	int folder = -1;

	if (parent == NULL)
		gate_fail(error, GATE_EMEMORY, "out of memory");
	else if (gate_command_become_owner_of(there ? path : parent, error) == 0) {
		if ((!there && (mkdir(path, 0755) < 0 || chmod(path, 0755) < 0)) ||
		    (folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
			gate_fail_errno(error, GATE_ESYSTEM, "folder %.100s", path);
	}
	free(parent);
	return folder;
}

/* Makes each page, and puts it in the place of the old one. Returns 0, or -1 with the error set. */
static int
write_pages(const struct gate_config *config, const char *path, struct gate_error *error)
{
	struct gate_buffer text = {0};
	int folder = open_folder(path, error), result = folder < 0 ? -1 : 0;

	for (size_t i = 0; i < PAGES && result == 0; i++) {
		gate_buffer_reset(&text);
		result = gate_page_for_server(config, pages[i].status, pages[i].text, &text, error);
		if (result == 0 &&
		    (gate_file_write(folder, ASIDE, &text, open_to_all, NULL) < 0 ||
			renameat(folder, ASIDE, folder, pages[i].name) < 0)) {
			result =
			    gate_fail_errno(error, GATE_ESYSTEM, "%.100s/%s", path, pages[i].name);
			unlinkat(folder, ASIDE, 0);
		}
	}
	gate_buffer_release(&text);
	if (folder >= 0)
		close(folder);
	return result;
}

int
gate_command_error_pages(int argc, char **argv)
{
	struct gate_config config = {.templates = NULL};
	struct gate_error error = {0};
	int result = -1;

	if (argc < 2 || strncmp(argv[1], "--", 2) == 0)
		return gate_command_usage("gate error-pages needs a folder, before all options");
	if (gate_command_options(&config.options, argc - 1, argv + 1, &error) == 0) {
		config.templates = gate_templates_open(config.options.templates, &error);
		if (config.templates == NULL)
			gate_options_blame(&config.options, "templates", &error);
		else
			result = write_pages(&config, argv[1], &error);
	}
	gate_templates_free(config.templates);
	gate_options_release(&config.options);
	if (result < 0)
		return gate_command_fail(&error);
	printf("%zu pages are in %s\n", PAGES, argv[1]);
	return GATE_COMMAND_DONE;
}
