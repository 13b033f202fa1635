/* gate_check/page.c: finds out what in a web server's configuration is gate's, and looks for
 * the traps that all servers share. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate_check/web.h"
#include "gate_command.h"
#include "guard/require.h"

const char *const gate_web_identity[GATE_WEB_IDENTITY] = {
    "Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email"};

static const struct {
	const char *name;
	bool linked; /* pages link to it, or it links to pages */
} programs[] = {{"index", true}, {"counter", true}, {"card", true}, {"login", true},
    {"logout", true}, {"user", true}, {"account", true}, {"health", false}, {"metrics", false},
    {"auth", false}};

#define PROGRAMS (sizeof programs / sizeof *programs)
#define NUMBER_MAX (1 << 20) /* of a number in a configuration; a higher one counts as this */

/* ---- options and numbers ---- */

const char *
gate_web_option(const struct gate_web_look *look, const char *name)
{
	for (size_t i = 0; i < gate_options_count(); i++)
		if (strcmp(gate_options_name(i), name) == 0)
			return gate_options_source(&look->check->options, i).value;
	return "";
}

long
gate_web_bytes(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (end == text || number < 0)
		return -1;
	if (number > NUMBER_MAX || *end == 'm' || *end == 'M')
		return NUMBER_MAX; /* much, in any case */
	return *end == 'k' || *end == 'K' ? number << 10 : number;
}

long
gate_web_seconds(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (end == text || number < 0)
		return -1;
	if (strcmp(end, "ms") == 0)
		return number / 1000;
	if (number > NUMBER_MAX || *end == 'h' || *end == 'd')
		return NUMBER_MAX;
	return *end == 'm' ? number * 60 : number;
}

/* ---- paths ---- */

bool
gate_web_is_exact(const char *expression)
{
	return *expression == '^' && gate_web_ends_with(expression, "$") &&
	    strpbrk(expression, "*+?{") == NULL;
}

void
gate_web_plain_path(char path[GATE_WEB_ADDRESS_MAX], const char *expression)
{
	const char *at = expression + (*expression == '^');
	size_t length = 0;

	for (; *at != '\0' && length < GATE_WEB_ADDRESS_MAX - 1; at++) {
		if ((*at == '$' || *at == '*') && at[1] == '\0')
			break;
		if (*at == '\\' && at[1] != '\0')
			path[length++] = *++at;
		else if (strchr("$*+?()[]{}|", *at) == NULL)
			path[length++] = *at;
		else {
			*path = '\0';
			return;
		}
	}
	path[*path == '/' ? length : 0] = '\0';
}

bool
gate_web_lies_under(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 &&
	    (path[length] == '\0' || path[length] == '/' ||
		(length > 0 && folder[length - 1] == '/'));
}

/* ---- what is gate's ---- */

static const char *
without_scheme(const char *address)
{
	if (gate_web_starts_with(address, "unix:") || gate_web_starts_with(address, "unix/"))
		return address + strlen("unix:");
	return address;
}

bool
gate_web_is_ours(const struct gate_web_look *look, const char *address)
{
	const struct gate_options *options = &look->check->options;
	const char *path = without_scheme(address);

	if (*path == '\0')
		return false;
	if (strcmp(path, without_scheme(options->listen)) == 0)
		return true;
	return strchr(path, '/') != NULL &&
	    (strstr(path, "/gate/") != NULL || gate_web_lies_under(path, options->run_dir));
}

/* Finds the program by the name of its socket, or of its file. */
static void
name_page(struct gate_web_page *page)
{
	const char *slash = strrchr(page->address, '/');
	const char *name = slash != NULL ? slash + 1 : page->address;
	size_t length = strcspn(name, ".");

	for (size_t i = 0; slash != NULL && i < PROGRAMS; i++)
		if (strlen(programs[i].name) == length &&
		    strncmp(programs[i].name, name, length) == 0)
			snprintf(page->name, sizeof page->name, "%s", programs[i].name);
	page->guard = strcmp(page->name, "auth") == 0;
}

struct gate_web_page *
gate_web_add_page(struct gate_web_look *look, const struct gate_web_node *node,
    const struct gate_web_node *place, const char *address)
{
	struct gate_web_page *page = &look->pages[look->page_count];

	look->full |= look->page_count >= GATE_WEB_PAGES_MAX;
	if (look->full)
		return NULL;
	look->page_count++;
	page->node = node;
	page->place = place;
	snprintf(page->address, sizeof page->address, "%s", address);
	name_page(page);
	return page;
}

struct gate_web_guarded *
gate_web_add_guarded(
    struct gate_web_look *look, const struct gate_web_node *node, const struct gate_web_node *place)
{
	struct gate_web_guarded *guarded = &look->guarded[look->guarded_count];

	look->full |= look->guarded_count >= GATE_WEB_PAGES_MAX;
	if (look->full)
		return NULL;
	look->guarded_count++;
	guarded->node = node;
	guarded->place = place;
	return guarded;
}

const char *
gate_web_page_label(const struct gate_web_page *page)
{
	return *page->path != '\0' ? page->path : page->address;
}

const char *
gate_web_guarded_label(const struct gate_web_guarded *guarded)
{
	return *guarded->path != '\0' ? guarded->path : "a place";
}

/* ---- traps of pages ---- */

void
gate_web_at_prefix(struct gate_web_look *look, const struct gate_web_page *page)
{
	if (*page->name != '\0' && !page->guard && !page->exact)
		gate_web_hit(look, page->node, "%s", gate_web_page_label(page));
}

/* Is it a page that others link to, at another path than they do? */
static void
at_mount(struct gate_web_look *look, const struct gate_web_page *page)
{
	bool index = strcmp(page->name, "index") == 0, linked = false;
	const char *mount = gate_web_option(look, "mount");
	char wanted[GATE_WEB_ADDRESS_MAX];

	for (size_t i = 0; i < PROGRAMS; i++)
		linked |= programs[i].linked && strcmp(programs[i].name, page->name) == 0;
	snprintf(wanted, sizeof wanted, "%s/%s", strcmp(mount, "/") == 0 ? "" : mount,
	    index ? "" : page->name);
	if (linked && *page->path != '\0' && strcmp(page->path, wanted) != 0)
		gate_web_hit(look, page->node, "%s stands at %s and not at %s", page->name,
		    page->path, wanted);
}

/* ---- traps of the guard ---- */

static void
at_mode(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const char *mode = guarded->mode;

	if (mode == NULL)
		gate_web_hit(
		    look, guarded->node, "GATE_GUARD is not set, say %s", look->server->mode);
	else if (*mode != '\0' && strcmp(mode, look->server->mode) != 0)
		gate_web_hit(
		    look, guarded->node, "GATE_GUARD is %s and not %s", mode, look->server->mode);
}

static void
at_require(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const char *require = guarded->require, *why;

	if (require == NULL || *require == '\0' || *require == '$')
		return; /* a variable, or the argument of a macro */
	why = gate_require_refusal(require);
	if (why != NULL)
		gate_web_hit(look, guarded->node, "GATE_REQUIRE is %s and %s", require, why);
}

static void
at_session(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const char *require = guarded->require;

	if (require != NULL && gate_require_refusal(require) == NULL &&
	    gate_require_takes_strangers(require))
		gate_web_hit(look, guarded->node, "GATE_REQUIRE is %s", require);
}

static void
at_cookie_path(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const char *cookie_path = look->check->options.cookie_path;

	if (*guarded->path != '\0' && !gate_web_lies_under(guarded->path, cookie_path))
		gate_web_hit(look, guarded->node, "%s is guarded, and cookie_path is %s",
		    guarded->path, cookie_path);
}

const struct gate_web_trap gate_web_shared_traps[] = {
    {"mount", GATE_CHECK_WARNING,
	"the links and redirects of gate's pages lead to the latter: serve it there",
	.page = at_mount},
    {"guard-mode", GATE_CHECK_ERROR,
	"the guard refuses everybody: set it in the web server's configuration",
	.guarded = at_mode},
    {"guard-require", GATE_CHECK_ERROR,
	"the guard does not know this and refuses everybody: say user, session, user:NAME,NAME "
	"or group:NAME,NAME",
	.guarded = at_require},
    {"guard-session", GATE_CHECK_NOTE,
	"strangers with a live session pass, too: say user to let only those pass who are logged "
	"in",
	.guarded = at_session},
    {"guard-cookie-path", GATE_CHECK_ERROR,
	"browsers don't send the cookie there, so nobody can pass: say cookie_path = /",
	.guarded = at_cookie_path},
    {.id = NULL},
};
