/* gate_check/caddy.c: what is gate's in a Caddyfile, and its traps. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gate_check/web.h"
#include "gate_command.h"

/* ---- matchers ---- */

static bool
is_matcher(const char *word)
{
	return *word == '/' || *word == '@' || strcmp(word, "*") == 0;
}

/* Returns the path that a matcher means, of `path` in a named one; "": can't tell. */
static const char *
matched(const struct gate_web_node *node, const char *matcher)
{
	const struct gate_web_node *named, *path;

	if (*matcher != '@')
		return matcher;
	named = gate_web_inherited(node, matcher);
	if (named == NULL)
		return "";
	path = gate_web_child(named, "path");
	if (path != NULL)
		return path->count == 2 ? path->words[1] : "";
	return named->count == 3 && gate_web_starts_with(named->words[1], "path") ? named->words[2]
										  : "";
}

/* Writes the path that a directive is for, by its own matcher or the nearest one around it. Returns
 * true if no longer path belongs to it. */
static bool
path_of(const struct gate_web_node *node, char path[GATE_WEB_ADDRESS_MAX])
{
	const char *found = "";

	while (node->parent != NULL && !is_matcher(gate_web_word(node, 1)))
		node = node->parent;
	if (node->parent != NULL)
		found = matched(node->parent, gate_web_word(node, 1));
	gate_web_plain_path(path, found);
	return gate_web_is_exact(found) || (*found == '/' && strchr(found, '*') == NULL);
}

/* Returns the first argument that is no matcher. */
static const char *
argument(const struct gate_web_node *node)
{
	return gate_web_word(node, is_matcher(gate_web_word(node, 1)) ? 2 : 1);
}

/* ---- pages ---- */

static bool
calls(const struct gate_web_node *node)
{
	return gate_web_is(node, "reverse_proxy") || gate_web_is(node, "php_fastcgi") ||
	    gate_web_is(node, "forward_auth");
}

/* Returns what the FastCGI transport of a directive sends, as env NAME VALUE; NULL: nothing. */
static const char *
environment(const struct gate_web_node *node, const char *name)
{
	for (const struct gate_web_node *at = node; at != NULL; at = gate_web_walk(node, at))
		if (gate_web_is(at, "env") && strcmp(gate_web_word(at, 1), name) == 0)
			return gate_web_word(at, 2);
	return NULL;
}

/* Does it ask the guard: by forward_auth, or by what that stands for? */
static bool
asks_guard(const struct gate_web_node *node)
{
	return gate_web_is(node, "forward_auth") ||
	    (gate_web_is(node, "reverse_proxy") && environment(node, "GATE_GUARD") != NULL);
}

static void
take_page(struct gate_web_look *look, const struct gate_web_node *node)
{
	const char *address = argument(node);
	struct gate_web_page *page;

	if (*address == '\0') {
		const struct gate_web_node *to = gate_web_child(node, "to");

		address = to != NULL ? gate_web_word(to, 1) : "";
	}
	if (!calls(node) || !gate_web_is_ours(look, address))
		return;
	page = gate_web_add_page(look, node, node->parent, address);
	if (page == NULL)
		return;
	page->exact = path_of(node, page->path);
	page->guard |= asks_guard(node);
}

static void
collect(struct gate_web_look *look)
{
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at))
		take_page(look, at);
	for (size_t i = 0; i < look->page_count; i++) {
		const struct gate_web_page *page = &look->pages[i];
		struct gate_web_guarded *guarded;

		if (!asks_guard(page->node))
			continue;
		guarded = gate_web_add_guarded(look, page->node, page->place);
		if (guarded == NULL)
			return;
		guarded->guard = page->node;
		guarded->mode = environment(page->node, "GATE_GUARD");
		guarded->require = environment(page->node, "GATE_REQUIRE");
		snprintf(guarded->path, sizeof guarded->path, "%s", page->path);
	}
}

/* ---- traps of pages ---- */

static void
at_transport(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *node = page->node;
	const struct gate_web_node *transport = gate_web_child(node, "transport");

	if (!gate_web_is(node, "php_fastcgi") &&
	    (transport == NULL || strcmp(gate_web_word(transport, 1), "fastcgi") != 0))
		gate_web_hit(look, node, "%s", gate_web_page_label(page));
}

/* Does a directive below a node remove Status from answers: header_down -Status, header -Status? */
static bool
removes_status(const struct gate_web_node *node, const char *directive)
{
	for (const struct gate_web_node *at = gate_web_child(node, directive); at != NULL;
	     at = gate_web_again(at))
		for (size_t i = 1; i < at->count; i++)
			if (strcasecmp(at->words[i], "-Status") == 0)
				return true;
	return false;
}

static void
at_status(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *node = page->node, *around = node->parent;
	bool removed = removes_status(node, "header_down");

	for (; around != NULL && !removed; around = around->parent)
		removed = removes_status(around, "header");
	if (!removed)
		gate_web_hit(look, node, "%s", gate_web_page_label(page));
}

/* Does a page get no header with an underscore: by its own header_up, or by a request_header around
 * it? */
static bool
drops_underscores(const struct gate_web_node *node)
{
	const struct gate_web_node *at = gate_web_child(node, "header_up"), *block = node->parent;

	for (; at != NULL; at = gate_web_again(at))
		if (strcmp(gate_web_word(at, 1), "-*_*") == 0)
			return true;
	for (; block != NULL; block = block->parent)
		for (at = gate_web_child(block, "request_header"); at != NULL;
		     at = gate_web_again(at))
			if (strcmp(argument(at), "-*_*") == 0)
				return true;
	return false;
}

static void
at_spellings(struct gate_web_look *look, const struct gate_web_page *page)
{
	if (!drops_underscores(page->node))
		gate_web_hit(look, page->node, "%s", gate_web_page_label(page));
}

/* ---- traps of the guard ---- */

/* Does the back end get this header from the guard: by copy_headers, or by a request_header behind
 * the guard's answer? */
static bool
copies(const struct gate_web_node *guard, const char *name)
{
	for (const struct gate_web_node *at = guard; at != NULL; at = gate_web_walk(guard, at)) {
		bool inner = at->parent != NULL && gate_web_is(at->parent, "copy_headers");

		if (gate_web_is(at, "request_header") && strcasecmp(argument(at), name) == 0)
			return true;
		if (!inner && !gate_web_is(at, "copy_headers"))
			continue;
		for (size_t i = inner ? 0 : 1; i < at->count; i++)
			if (strcasecmp(at->words[i], name) == 0)
				return true;
	}
	return false;
}

/* Returns the request_header -NAME of a block around the guard; NULL: there is none. */
static const struct gate_web_node *
find_removal(const struct gate_web_node *guard, const char *name)
{
	for (const struct gate_web_node *block = guard->parent; block != NULL;
	     block = block->parent)
		for (const struct gate_web_node *at = gate_web_child(block, "request_header");
		     at != NULL; at = gate_web_again(at)) {
			const char *word = argument(at);
			size_t length = strlen(word);

			if (*word != '-')
				continue;
			if (strcasecmp(word + 1, name) == 0 ||
			    (length > 1 && word[length - 1] == '*' &&
				strncasecmp(word + 1, name, length - 2) == 0))
				return at;
		}
	return NULL;
}

/* Does caddy remove a header only after it asked the guard? In a route it goes on as it stands;
 * elsewhere it sorts the directives of a block, and asks the guard first. */
static bool
is_late(const struct gate_web_node *removal, const struct gate_web_node *guard)
{
	if (removal->parent != guard->parent)
		return false;
	while (removal != NULL && removal != guard)
		removal = removal->next;
	return removal == NULL || !gate_web_is(guard->parent, "route");
}

static bool
is_sent(const void *data, const char *name)
{
	const struct gate_web_node *guard = (const struct gate_web_node *)data;
	const struct gate_web_node *removal = find_removal(guard, name);

	return !copies(guard, name) && (removal == NULL || is_late(removal, guard));
}

static void
at_identity(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const char *names = gate_web_names(look, is_sent, guarded->guard);

	if (*names != '\0')
		gate_web_hit(
		    look, guarded->guard, "%s copies no%s", gate_web_guarded_label(guarded), names);
}

/* Is it one of the four, perhaps with a new name behind it: Remote-User>X-User? */
static bool
is_identity(const char *word)
{
	for (size_t i = 0; i < GATE_WEB_IDENTITY; i++) {
		size_t length = strlen(gate_web_identity[i]);

		if (strncasecmp(word, gate_web_identity[i], length) == 0 &&
		    (word[length] == '\0' || word[length] == '>'))
			return true;
	}
	return false;
}

static void
at_copied(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *guard = guarded->guard;

	for (const struct gate_web_node *at = guard; at != NULL; at = gate_web_walk(guard, at)) {
		bool inner = at->parent != NULL && gate_web_is(at->parent, "copy_headers");

		for (size_t j = inner ? 0 : 1; j < at->count; j++)
			if ((inner || gate_web_is(at, "copy_headers")) &&
			    !is_identity(at->words[j]))
				gate_web_hit(look, at, "copy_headers %s", at->words[j]);
	}
}

static void
at_order(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	for (size_t i = 0; i < GATE_WEB_IDENTITY; i++) {
		const struct gate_web_node *removal =
		    find_removal(guarded->guard, gate_web_identity[i]);

		if (removal != NULL && is_late(removal, guarded->guard))
			gate_web_hit(look, removal, "request_header %s", argument(removal));
	}
}

static bool
is_sent_underscored(const void *data, const char *name)
{
	char other[32];

	snprintf(other, sizeof other, "%s", name);
	*strchr(other, '-') = '_';
	return find_removal((const struct gate_web_node *)data, other) == NULL;
}

static void
at_underscore(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const char *names = gate_web_names(look, is_sent_underscored, guarded->guard);

	if (*names != '\0')
		gate_web_hit(look, guarded->guard, "%s passes, with an underscore,%s",
		    gate_web_guarded_label(guarded), names);
}

static void
at_cookie(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	if (gate_web_is(guarded->guard, "forward_auth"))
		gate_web_hit(look, guarded->guard, "%s", gate_web_guarded_label(guarded));
}

static const struct gate_web_trap traps[] = {
    {"caddy-prefix", GATE_CHECK_WARNING,
	"the page is also shown for longer paths: write its path without *",
	.page = gate_web_at_prefix},
    {"caddy-transport", GATE_CHECK_ERROR,
	"caddy speaks HTTP there, and gate FastCGI: say transport fastcgi", .page = at_transport},
    {"caddy-php", GATE_CHECK_ERROR,
	"php_fastcgi looks for index.php: say reverse_proxy, with transport fastcgi",
	.named = "php_fastcgi"},
    {"caddy-spellings", GATE_CHECK_WARNING,
	"caddy sends a visitor's X_Forwarded_For or X_Forwarded_Method in the place of its own "
	"with "
	"dashes: say header_up -*_*",
	.page = at_spellings},
    {"caddy-status", GATE_CHECK_NOTE, "visitors see the header Status: header -Status removes it",
	.page = at_status},
    {"caddy-identity", GATE_CHECK_ERROR,
	"the back end believes what visitors send in these headers: name all four in copy_headers",
	.guarded = at_identity},
    {"caddy-copied", GATE_CHECK_WARNING,
	"the guard does not send it, and the back end gets {http.reverse_proxy.header...} in its "
	"place: copy only Remote-User, Remote-Groups, Remote-Name and Remote-Email",
	.guarded = at_copied},
    {"caddy-order", GATE_CHECK_ERROR,
	"caddy removes it after the guard was asked, with the guard's own: put it into a route, in "
	"front of forward_auth",
	.guarded = at_order},
    {"caddy-underscore", GATE_CHECK_WARNING,
	"many back ends take them for the headers with a dash, and visitors can send them: say "
	"request_header -Remote_*",
	.guarded = at_underscore},
    {"caddy-guard-cookie", GATE_CHECK_NOTE,
	"forward_auth loses the cookie that is due: it follows at the next page of gate's; "
	"conf/Caddyfile.guard hands it on",
	.guarded = at_cookie},
    {.id = NULL},
};

const struct gate_web_server gate_web_caddy = {
    .name = "caddy",
    .mode = "forward",
    .read = gate_web_read_caddy,
    .collect = collect,
    .traps = {traps, NULL},
};
