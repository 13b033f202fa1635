/* gate_check/nginx_around.c: traps of nginx by which a visitor gets around the guard. */
#include "config.h"

#include <string.h>

#include "gate_check/nginx.h"

/* ---- another location answers ---- */

/* Is the guarded place a location that a regular expression of the server comes before? */
static bool
gives_way(const struct gate_web_guarded *guarded)
{
	return gate_web_is(guarded->place, "location") && guarded->place->count == 2 &&
	    *gate_web_word(guarded->place, 1) == '/' &&
	    gate_web_is(guarded->place->parent, "server");
}

/* Does an expression match no path that begins like this one? */
static bool
leads_elsewhere(const char *expression, const char *path)
{
	const char *at = expression + 1;

	if (*expression != '^')
		return false;
	while (*at == *path && *at != '\0') {
		at++;
		path++;
	}
	return *path != '\0' && *at != '\0' && strchr("\\$*+?()[]{}|.", *at) == NULL &&
	    strchr("*+?{", at[1]) == NULL;
}

/* Is nobody asked in a location, or server? */
static bool
is_open(const struct gate_web_node *place)
{
	const struct gate_web_node *request = gate_web_inherited(place, "auth_request");

	return request == NULL || strcmp(gate_web_word(request, 1), "off") == 0;
}

/* Looks for a guarded location whose paths this one takes. */
static void
look_at_regex(struct gate_web_look *look, const struct gate_web_node *location)
{
	const char *expression = gate_web_word(location, 2);

	for (size_t i = 0; i < look->guarded_count; i++) {
		const struct gate_web_guarded *guarded = &look->guarded[i];

		if (guarded->place->parent == location->parent && gives_way(guarded) &&
		    !leads_elsewhere(expression, guarded->path)) {
			gate_web_hit(look, location, "location ~ %s, and %s is guarded", expression,
			    gate_web_guarded_label(guarded));
			return;
		}
	}
}

static void
look_regex(struct gate_web_look *look)
{
	const struct gate_web_node *at = NULL;

	while ((at = gate_web_find(look->root, at, "location")) != NULL)
		if (*gate_web_word(at, 1) == '~' && !gate_web_is_exact(gate_web_word(at, 2)) &&
		    is_open(at))
			look_at_regex(look, at);
}

/* Does try_files look for a file in the folder that the path names? The last word leads on. */
static bool
tries_folder(const struct gate_web_node *node)
{
	for (size_t i = 1; i + 1 < node->count; i++)
		if (gate_web_starts_with(node->words[i], "$uri/") && node->words[i][5] != '\0')
			return true;
	return false;
}

/* Looks for a guarded folder in the same server. */
static void
look_at_try_files(struct gate_web_look *look, const struct gate_web_node *node)
{
	const struct gate_web_node *server = gate_web_around(node, "server");

	for (size_t i = 0; i < look->guarded_count; i++) {
		const struct gate_web_guarded *guarded = &look->guarded[i];

		if (gate_web_ends_with(guarded->path, "/") &&
		    gate_web_around(guarded->place, "server") == server) {
			gate_web_hit(look, node, "and %s is guarded", guarded->path);
			return;
		}
	}
}

static void
look_try_files(struct gate_web_look *look)
{
	const struct gate_web_node *at = NULL;

	while ((at = gate_web_find(look->root, at, "try_files")) != NULL)
		if (tries_folder(at) && is_open(at->parent))
			look_at_try_files(look, at);
}

/* ---- nginx answers before it asks ---- */

static void
at_return(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *node = gate_web_child(guarded->place, "return");

	if (node != NULL && gate_web_is(guarded->place, "location"))
		gate_web_hit(look, node, "%s", gate_web_guarded_label(guarded));
}

/* A request that nginx makes within another one passes by all who guard. */
static void
look_includes(struct gate_web_look *look)
{
	static const char *const names[] = {"ssi", "add_before_body", "add_after_body"};
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at))
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (look->guarded_count > 0 && gate_web_is(at, names[i]) &&
			    strcmp(gate_web_word(at, 1), "off") != 0)
				gate_web_hit(look, at, "%s %s", names[i], gate_web_word(at, 1));
}

const struct gate_web_trap gate_web_nginx_around_traps[] = {
    {"nginx-guard-regex", GATE_CHECK_WARNING,
	"it takes paths from there that it matches, and asks nobody: say location ^~ for what is "
	"guarded",
	.look = look_regex},
    {"nginx-guard-try-files", GATE_CHECK_WARNING,
	"without the slash at its end it is answered by the file in it, and nobody is asked: say "
	"$uri/ in place of the file",
	.look = look_try_files},
    {"nginx-guard-return", GATE_CHECK_WARNING,
	"nginx returns this before it asks the guard: let another location say it",
	.guarded = at_return},
    {"nginx-guard-include", GATE_CHECK_WARNING,
	"for what a page includes nginx asks nobody: whoever writes a page can show what is "
	"guarded",
	.look = look_includes},
    {.id = NULL},
};
