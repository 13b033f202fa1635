/* options/file.c: reads gate.conf: name = value, # comments, "quoted values". */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "options/own.h"
#include "options/private.h"

#define LABEL_MAX 100 /* bytes of the file's path that an error shows */

struct place {
	char origin[LABEL_MAX + 16]; /* "gate.conf:12" */
	char label[LABEL_MAX];
	unsigned int line;
};

static char *
trim(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length > 0 && strchr(" \t", text[length - 1]) != NULL)
		text[--length] = '\0';
	return text;
}

/* Ends text at its comment: a # after a blank, but not inside quotes. */
static void
cut_comment(char *text)
{
	bool quotes = text[strspn(text, " \t")] == '"', inside = false;

	for (char *p = text; *p != '\0'; p++) {
		inside ^= quotes && *p == '"';
		if (*p == '#' && p > text && strchr(" \t", p[-1]) != NULL && !inside) {
			*p = '\0';
			return;
		}
	}
}

/* Sets the option of one line. Never shows the line: it may be a secret without its name. */
static int
apply_line(
    struct gate_options *options, const struct place *place, char *line, struct gate_error *error)
{
	struct gate_option_given given = {
	    .origin = place->origin, .level = GATE_FROM_FILE, .line = place->line};
	const struct gate_option_row *option;
	char *equals, *name;

	line = trim(line);
	if (*line == '\0' || *line == '#')
		return 0;
	equals = strchr(line, '=');
	if (equals == NULL)
		return gate_fail(
		    error, GATE_EOPTION, "%s: not of the form name = value", place->origin);
	cut_comment(equals + 1);
	given.text = trim(equals + 1);
	*equals = '\0';
	name = trim(line);
	if (gate_own_options_fits(name))
		return gate_own_options_give(options->own, name, &given, error) < 0 ? -1 : 0;
	option = gate_option_find(name);
	if (option == NULL)
		return gate_option_unknown(place->origin, name, error);
	if (strcmp(name, "config") == 0)
		return gate_fail(
		    error, GATE_EOPTION, "%s: config can't stand in a file", place->origin);
	return gate_option_give(options, option, &given, error);
}

static int
apply_text(struct gate_options *options, struct place *place, char *text, size_t length,
    struct gate_error *error)
{
	char *end = text + length;

	while (text < end) {
		char *newline = memchr(text, '\n', (size_t)(end - text));
		char *stop = newline != NULL ? newline : end;
		size_t size = (size_t)(stop - text);

		*stop = '\0';
		place->line++;
		snprintf(place->origin, sizeof place->origin, "%s:%u", place->label, place->line);
		if (size > GATE_OPTION_LINE_MAX)
			return gate_fail(error, GATE_EOPTION, "%s: longer than %d bytes",
			    place->origin, GATE_OPTION_LINE_MAX);
		if (strlen(text) != size)
			return gate_fail(
			    error, GATE_EOPTION, "%s: holds a NUL byte", place->origin);
		if (size > 0 && stop[-1] == '\r')
			stop[-1] = '\0';
		if (apply_line(options, place, text, error) < 0)
			return -1;
		text = stop + 1;
	}
	return 0;
}

static void
warn_if_readable(const struct gate_options *options, int fd)
{
	struct stat status;

	if (options->secret[0] != NULL && fstat(fd, &status) == 0 && (status.st_mode & 0027) != 0)
		gate_log(GATE_LOG_WARN, "secret-exposed", "file", options->config, "hint",
		    "chmod 0640, or name a secret_file", NULL);
}

int
gate_options_read(struct gate_options *options, struct gate_error *error)
{
	struct place place = {.line = 0};
	struct gate_buffer text = {0};
	size_t skipped = strlen(options->config);
	int fd = -1, result = -1;

	skipped = skipped < LABEL_MAX - 4 ? 0 : skipped - (LABEL_MAX - 4);
	snprintf(place.label, sizeof place.label, "%s%s", skipped > 0 ? "..." : "",
	    options->config + skipped);
	fd = open(options->config, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || gate_file_read(fd, GATE_OPTIONS_FILE_MAX, &text) < 0) {
		gate_fail_errno(error, GATE_EOPTION, "can't read %s", place.label);
		goto out;
	}
	result = apply_text(options, &place, text.data, text.length, error);
	if (result == 0)
		warn_if_readable(options, fd);
out:
	gate_file_wipe(&text);
	if (fd >= 0)
		close(fd);
	return result;
}
