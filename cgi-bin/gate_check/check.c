/* gate_check/check.c: gate check looks at a web server: --nginx FILE and the like. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "base/unicode.h"
#include "gate_check/web.h"
#include "gate_command.h"

static const struct gate_web_server *const servers[] = {
    &gate_web_nginx, &gate_web_apache, &gate_web_lighttpd, &gate_web_caddy};

#define SERVERS (sizeof servers / sizeof *servers)

/* ---- what is printed ---- */

/* Says a finding: nothing of a file acts on a terminal. */
static void
say(struct gate_check *check, enum gate_check_level level, const struct gate_buffer *text)
{
	const char *at = gate_buffer_text(text);
	size_t left = text->length;
	struct gate_buffer clean = {0};

	while (left > 0) {
		size_t length = gate_utf8_character(at, left);

		if (length == 0 || gate_unicode_is_hidden(gate_unicode_code(at, length)))
			gate_buffer_putc(&clean, '?');
		else
			gate_buffer_add(&clean, at, length);
		at += length > 0 ? length : 1;
		left -= length > 0 ? length : 1;
	}
	gate_check_say(check, level, "%s", gate_buffer_text(&clean));
	gate_buffer_release(&clean);
}

static void
report(
    void *data, enum gate_check_level level, const char *file, unsigned int line, const char *text)
{
	struct gate_buffer said = {0};

	if (line > 0)
		gate_buffer_printf(&said, "%s:%u: %s", file, line, text);
	else
		gate_buffer_printf(&said, "%s: %s", file, text);
	say(data, level, &said);
	gate_buffer_release(&said);
}

void
gate_web_hit(struct gate_web_look *look, const struct gate_web_node *node, const char *format, ...)
{
	struct gate_buffer said = {0};
	va_list arguments;

	for (size_t i = 0; i < look->hit_count; i++)
		if (look->hits[i] == node)
			return;
	if (look->hit_count == GATE_WEB_HITS_MAX)
		return;
	look->hits[look->hit_count++] = node;
	if (look->hit_count > GATE_WEB_NAMED_MAX)
		return; /* only counted */
	gate_buffer_printf(&said, "%s: ", look->trap->id);
	va_start(arguments, format);
	gate_buffer_vprintf(&said, format, arguments);
	va_end(arguments);
	gate_buffer_printf(&said, ": %s", look->trap->text);
	report(look->check, look->trap->level, node->file, node->line, gate_buffer_text(&said));
	gate_buffer_release(&said);
}

const char *
gate_web_names(
    struct gate_web_look *look, bool (*test)(const void *data, const char *name), const void *data)
{
	gate_buffer_reset(&look->names);
	for (size_t i = 0; i < GATE_WEB_IDENTITY; i++)
		if (test(data, gate_web_identity[i]))
			gate_buffer_printf(&look->names, " %s", gate_web_identity[i]);
	return gate_buffer_text(&look->names);
}

/* ---- one configuration ---- */

/* Shows what was seen, so that an administrator sees that it was the right file. */
static void
show_pages(const struct gate_web_look *look)
{
	struct gate_buffer said = {0};

	for (size_t i = 0; i < look->page_count; i++) {
		const struct gate_web_page *page = &look->pages[i];

		gate_buffer_reset(&said);
		gate_buffer_printf(&said, "%s is gate's %s, %s",
		    *page->path != '\0' ? page->path : "a path",
		    page->guard               ? "guard"
			: *page->name != '\0' ? page->name
					      : "page",
		    page->address);
		report(look->check, GATE_CHECK_NOTE, page->node->file, page->node->line,
		    gate_buffer_text(&said));
	}
	for (size_t i = 0; i < look->guarded_count; i++) {
		const struct gate_web_guarded *guarded = &look->guarded[i];

		gate_buffer_reset(&said);
		gate_buffer_printf(
		    &said, "%s is guarded", *guarded->path != '\0' ? guarded->path : "a place");
		report(look->check, GATE_CHECK_NOTE, guarded->node->file, guarded->node->line,
		    gate_buffer_text(&said));
	}
	if (look->page_count == 0 && look->guarded_count == 0) {
		gate_buffer_printf(&said,
		    "no page of gate's is in it, and nothing that gate guards: name the file that "
		    "has them, and by run_dir = FOLDER where their sockets are (now %s)",
		    look->check->options.run_dir);
		report(look->check, GATE_CHECK_WARNING, look->file, 0, gate_buffer_text(&said));
	}
	gate_buffer_release(&said);
}

/* Returns the value of a directive: its first argument, or what => gives it. */
static const char *
value_of(const struct gate_web_node *node)
{
	return node->first != NULL ? gate_web_word(node->first, 0) : gate_web_word(node, 1);
}

/* Looks for a trap that is a directive in effect at a node. `label`: whose node it is. */
static void
look_at_directive(struct gate_web_look *look, const struct gate_web_node *node, const char *label)
{
	const struct gate_web_trap *trap = look->trap;
	const struct gate_web_node *found = gate_web_inherited(node, trap->directive);
	const char *value = found != NULL ? value_of(found) : trap->absent;

	if (value == NULL || (trap->value != NULL && strcasecmp(value, trap->value) != 0) ||
	    (trap->unless != NULL && strcasecmp(value, trap->unless) == 0))
		return;
	if (found == NULL)
		gate_web_hit(look, node, "%s", label);
	else
		gate_web_hit(look, found, "%s %s", trap->directive, value);
}

static void
look_at_page(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_trap *trap = look->trap;

	if (trap->page != NULL)
		trap->page(look, page);
	if (trap->directive != NULL && trap->at == GATE_WEB_PAGE)
		look_at_directive(look, page->node, gate_web_page_label(page));
	if (trap->named != NULL && gate_web_is(page->node, trap->named))
		gate_web_hit(look, page->node, "%s", gate_web_page_label(page));
}

static void
look_at_guarded(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_trap *trap = look->trap;
	const struct gate_web_node *guard = guarded->guard;
	const char *label = gate_web_guarded_label(guarded);

	if (trap->guarded != NULL)
		trap->guarded(look, guarded);
	if (trap->directive != NULL && trap->at == GATE_WEB_GUARD)
		look_at_directive(look, guard, gate_web_word(guard, guard->count - 1));
	if (trap->directive != NULL && trap->at == GATE_WEB_GUARDED)
		look_at_directive(look, guarded->place, label);
	if (trap->named != NULL && gate_web_is(guarded->node, trap->named))
		gate_web_hit(look, guarded->node, "%s", label);
}

static void
look_for(struct gate_web_look *look, const struct gate_web_trap *traps)
{
	for (look->trap = traps; look->trap->id != NULL; look->trap++) {
		struct gate_buffer said = {0};

		look->hit_count = 0;
		if (look->trap->look != NULL)
			look->trap->look(look);
		for (size_t i = 0; i < look->page_count; i++)
			look_at_page(look, &look->pages[i]);
		for (size_t i = 0; i < look->guarded_count; i++)
			look_at_guarded(look, &look->guarded[i]);
		if (look->hit_count <= GATE_WEB_NAMED_MAX)
			continue;
		gate_buffer_printf(&said, "%s: the same is true of %zu more places", look->trap->id,
		    look->hit_count - GATE_WEB_NAMED_MAX);
		report(look->check, look->trap->level, look->file, 0, gate_buffer_text(&said));
		gate_buffer_release(&said);
	}
}

static void
check_tree(struct gate_check *check, const struct gate_web_server *server, struct gate_web *web)
{
	struct gate_web_look look = {
	    .check = check, .server = server, .root = web->root, .file = web->named};

	look.pages = calloc(GATE_WEB_PAGES_MAX, sizeof *look.pages);
	look.guarded = calloc(GATE_WEB_PAGES_MAX, sizeof *look.guarded);
	if (look.pages != NULL && look.guarded != NULL) {
		server->collect(&look);
		if (look.full)
			report(check, GATE_CHECK_ERROR, look.file, 0,
			    "there are too many pages to check");
		show_pages(&look);
		for (size_t i = 0; server->traps[i] != NULL; i++)
			look_for(&look, server->traps[i]);
		look_for(&look, gate_web_shared_traps);
	} else {
		report(check, GATE_CHECK_ERROR, look.file, 0, "out of memory");
	}
	gate_buffer_release(&look.names);
	free(look.pages);
	free(look.guarded);
}

static void
check_file(struct gate_check *check, const struct gate_web_server *server, const char *path)
{
	struct gate_web web;

	if (gate_web_init(&web, server->read, report, check) == 0) {
		size_t errors = check->found[GATE_CHECK_ERROR];

		gate_web_load(&web, path);
		/* what can't be read at all has no page that could be missed */
		if (web.root->first != NULL || check->found[GATE_CHECK_ERROR] == errors)
			check_tree(check, server, &web);
	}
	gate_web_release(&web);
}

void
gate_check_web(struct gate_check *check, const struct gate_web_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		check_file(check, files->server[i], files->path[i]);
}

/* ---- the command line ---- */

/* Returns the server that an argument names; NULL: it is another argument. *path is what stands
 * behind its =, or NULL. */
static const struct gate_web_server *
find_server(const char *argument, const char **path)
{
	if (!gate_web_starts_with(argument, "--"))
		return NULL;
	argument += 2;
	for (size_t i = 0; i < SERVERS; i++) {
		size_t length = strlen(servers[i]->name);

		if (strncmp(argument, servers[i]->name, length) != 0 ||
		    (argument[length] != '\0' && argument[length] != '='))
			continue;
		*path = argument[length] == '=' ? argument + length + 1 : NULL;
		return servers[i];
	}
	return NULL;
}

int
gate_web_take_files(struct gate_web_files *files, int argc, char **argv)
{
	int left = 1;

	for (int i = 1; i < argc; i++) {
		const char *path;
		const struct gate_web_server *server = find_server(argv[i], &path);

		if (server == NULL) {
			argv[left++] = argv[i];
			continue;
		}
		if (path == NULL && i + 1 < argc)
			path = argv[++i];
		if (path == NULL || *path == '\0' || files->count >= GATE_WEB_ARGUMENTS_MAX)
			return -1;
		files->server[files->count] = server;
		files->path[files->count++] = path;
	}
	return left;
}
