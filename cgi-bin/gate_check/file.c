/* gate_check/file.c: reads the files of a web server's configuration, and what they include. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fresh.h"
#include "gate_check/web.h"

#define MARKER "# configuration file " /* of nginx -T, in front of each file; a colon ends it */

struct gate_web_file {
	struct gate_web_file *next;
	char *path;
	struct gate_buffer text; /* of one that was given */
};

static void
free_files(struct gate_web_file *file)
{
	while (file != NULL) {
		struct gate_web_file *next = file->next;

		gate_buffer_release(&file->text);
		free(file->path);
		free(file);
		file = next;
	}
}

void
gate_web_release(struct gate_web *web)
{
	gate_web_free_nodes(web);
	free_files(web->given);
	free_files(web->paths);
	free(web->folder);
	web->given = web->paths = NULL;
	web->folder = NULL;
}

/* Adds a file at that place of a list. Returns it; NULL if there is no memory. */
static struct gate_web_file *
add_file(struct gate_web_file **list, const char *path, size_t length)
{
	struct gate_web_file *file = calloc(1, sizeof *file);

	if (file == NULL)
		return NULL;
	file->path = strndup(path, length);
	if (file->path == NULL) {
		free(file);
		return NULL;
	}
	file->next = *list;
	*list = file;
	return file;
}

int
gate_web_give(struct gate_web *web, const char *path, const char *text, size_t length)
{
	struct gate_web_file **list = &web->given, *file;

	while (*list != NULL)
		list = &(*list)->next;
	file = add_file(list, path, strlen(path));
	return file != NULL ? gate_buffer_add(&file->text, text, length) : -1;
}

const char *
gate_web_keep_path(struct gate_web *web, const char *path)
{
	struct gate_web_file *file = web->paths;

	if (file == NULL || strcmp(file->path, path) != 0)
		file = add_file(&web->paths, path, strlen(path));
	return file != NULL ? file->path : "";
}

/* ---- one file ---- */

/* Reads a text: at most GATE_WEB_FILES_MAX, and GATE_WEB_SIZE_MAX bytes of all. */
static void
read_text(struct gate_web *web, const struct gate_web_text *from, struct gate_web_node *parent,
    const char *path, const struct gate_buffer *content)
{
	struct gate_web_text text = {.line = 1, .from = from};

	if (web->full)
		return;
	text.path = gate_web_keep_path(web, path);
	text.depth = from != NULL ? from->depth + 1 : 0;
	text.at = gate_buffer_text(content);
	text.end = text.at + content->length;
	if (web->files >= GATE_WEB_FILES_MAX || content->length > GATE_WEB_SIZE_MAX - web->size) {
		gate_web_refuse(web, &text, "there are too many files to check, or too long ones");
		web->full = true;
		return;
	}
	web->files++;
	web->size += content->length;
	if (memchr(text.at, '\0', content->length) != NULL)
		gate_web_refuse(web, &text, "this is no text: it holds a zero byte");
	else
		web->read(web, &text, parent);
}

/* Apache reads all files of a folder. */
static void
read_folder(struct gate_web *web, const struct gate_web_text *from, struct gate_web_node *parent,
    const char *path)
{
	const struct gate_web_include all = {.pattern = "*", .folder = path, .optional = true};
	struct gate_web_text deeper = *from;

	deeper.depth++;
	gate_web_read_included(web, &deeper, parent, &all);
}

static void
read_path(struct gate_web *web, const struct gate_web_text *from, struct gate_web_node *parent,
    const char *path)
{
	struct gate_buffer content = {0};
	int fd, reason = 0;
	struct stat st;

	for (const struct gate_web_text *at = from; at != NULL; at = at->from)
		if (strcmp(at->path, path) == 0) {
			gate_web_refuse(web, from, "%s includes itself", path);
			return;
		}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || gate_fresh_look_at(fd, &st) < 0 ||
	    gate_file_read(fd, GATE_WEB_SIZE_MAX, &content) < 0)
		reason = errno;
	if (fd >= 0)
		close(fd);
	if (reason == EISDIR && web->read == gate_web_read_apache)
		read_folder(web, from, parent, path);
	else if (reason != 0)
		gate_web_refuse(web, from, "%s can't be read: %s", path, strerror(reason));
	else
		read_text(web, from, parent, path, &content);
	gate_buffer_release(&content);
}

/* ---- the files that a pattern names ---- */

bool
gate_web_is_pattern(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

/* Reads those that were given. Returns how many there are. */
static size_t
read_given(struct gate_web *web, const struct gate_web_text *from, struct gate_web_node *parent,
    const char *pattern)
{
	size_t count = 0;

	for (const struct gate_web_file *file = web->given; file != NULL; file = file->next) {
		const struct gate_web_text *at = from;

		if (fnmatch(pattern, file->path, FNM_PATHNAME | FNM_PERIOD) != 0)
			continue;
		count++;
		while (at != NULL && strcmp(at->path, file->path) != 0)
			at = at->from;
		if (at != NULL)
			gate_web_refuse(web, from, "%s includes itself", file->path);
		else
			read_text(web, from, parent, file->path, &file->text);
	}
	return count;
}

/* A folder that is not there holds nothing; another that can't be read is an error. */
static int
is_serious(const char *path, int reason)
{
	return path == NULL || (reason != ENOENT && reason != ENOTDIR);
}

/* Reads those on the disk. Returns how many there are. */
static size_t
read_matching(struct gate_web *web, const struct gate_web_text *from, struct gate_web_node *parent,
    const char *pattern)
{
	glob_t found = {0};
	int result;
	size_t count;

	if (!gate_web_is_pattern(pattern)) {
		read_path(web, from, parent, pattern);
		return 1;
	}
	result = glob(pattern, 0, is_serious, &found);
	count = result == 0 ? found.gl_pathc : 0;
	for (size_t i = 0; i < count && !web->full; i++)
		read_path(web, from, parent, found.gl_pathv[i]);
	globfree(&found);
	if (result == 0 || result == GLOB_NOMATCH)
		return count;
	gate_web_refuse(web, from, "%s: a folder can't be read", pattern);
	return 1;
}

void
gate_web_read_included(struct gate_web *web, const struct gate_web_text *from,
    struct gate_web_node *parent, const struct gate_web_include *include)
{
	const char *folder = include->folder != NULL ? include->folder : "";
	bool relative = *include->pattern != '/' && *folder != '\0';
	struct gate_buffer path = {0};
	size_t count;

	if (web->full)
		return;
	if (from->depth >= GATE_WEB_DEPTH_MAX) {
		gate_web_refuse(web, from, "files include files too deeply to check");
		return;
	}
	gate_buffer_printf(
	    &path, "%s%s%s", relative ? folder : "", relative ? "/" : "", include->pattern);
	count = web->sealed ? read_given(web, from, parent, gate_buffer_text(&path))
			    : read_matching(web, from, parent, gate_buffer_text(&path));
	if (count == 0 && !(include->optional && gate_web_is_pattern(include->pattern)))
		gate_web_refuse(web, from, "%s is not there to be read", gate_buffer_text(&path));
	gate_buffer_release(&path);
}

void
gate_web_include_word(struct gate_web *web, const struct gate_web_text *from,
    struct gate_web_node *parent, struct gate_web_words *words, bool optional)
{
	const char *name = gate_buffer_text(&words->text);
	char *pattern = strdup(name + strlen(name) + 1);
	struct gate_web_text text = *from;

	text.line = words->line;
	gate_buffer_reset(&words->text);
	words->count = 0;
	if (pattern == NULL)
		return;
	gate_web_read_included(web, &text, parent,
	    &(const struct gate_web_include){
		.pattern = pattern, .folder = web->folder, .optional = optional});
	free(pattern);
}

/* ---- the main file ---- */

/* Returns where the next line that begins as nginx -T begins a file is; NULL: there is none. */
static const char *
find_marker(const char *text)
{
	size_t length = strlen(MARKER);

	while (text != NULL && strncmp(text, MARKER, length) != 0) {
		const char *newline = strchr(text, '\n');

		text = newline != NULL ? newline + 1 : NULL;
	}
	return text;
}

/* Gives the files that nginx -T printed, and seals the rest. */
static void
split(struct gate_web *web, const char *at)
{
	struct gate_web_file **last = &web->given;

	web->sealed = true;
	while (at != NULL && !web->full) {
		const char *path = at + strlen(MARKER);
		size_t length = strcspn(path, "\n");
		const char *text = path + length + (path[length] == '\n');
		const char *next = find_marker(text);

		length -= length > 0 && path[length - 1] == ':';
		if (add_file(last, path, length) == NULL ||
		    gate_buffer_add(&(*last)->text, text,
			next != NULL ? (size_t)(next - text) : strlen(text)) < 0) {
			gate_web_say(web, GATE_CHECK_ERROR, web->named, 0, "out of memory");
			web->full = true;
			return;
		}
		last = &(*last)->next;
		at = next;
	}
}

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup("");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

void
gate_web_load_text(struct gate_web *web, const char *path, const char *text, size_t length)
{
	struct gate_buffer content = {0};
	const char *marker;

	gate_buffer_add(&content, text, length);
	marker = web->read == gate_web_read_nginx && memchr(text, '\0', length) == NULL
	    ? find_marker(gate_buffer_text(&content))
	    : NULL;
	if (marker != NULL)
		split(web, marker);
	if (marker != NULL && web->given != NULL)
		path = web->given->path;
	web->folder = folder_of(path);
	if (marker != NULL && web->given != NULL)
		read_text(web, NULL, web->root, path, &web->given->text);
	else
		read_text(web, NULL, web->root, path, &content);
	gate_buffer_release(&content);
}

void
gate_web_load(struct gate_web *web, const char *path)
{
	bool piped = strcmp(path, "-") == 0;
	int fd = piped ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct gate_buffer content = {0};

	web->named = path;
	if (fd < 0 || gate_file_read(fd, GATE_WEB_SIZE_MAX, &content) < 0)
		gate_web_say(web, GATE_CHECK_ERROR, path, 0, "can't be read: %s", strerror(errno));
	else
		gate_web_load_text(web, path, gate_buffer_text(&content), content.length);
	gate_buffer_release(&content);
	if (fd >= 0 && !piped)
		close(fd);
}
