/* gate_check/nginx_guard.c: traps of nginx for the guard, and for what it guards. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "gate_check/nginx.h"
#include "gate_command.h"

/* ---- where the guard is ---- */

/* Looks for an auth_request whose path leads to no location, or to a page. */
static void
look_requests(struct gate_web_look *look, bool missing)
{
	const struct gate_web_node *at = NULL;

	while ((at = gate_web_find(look->root, at, "auth_request")) != NULL) {
		const char *path = gate_web_word(at, 1);
		const struct gate_web_node *location = gate_web_nginx_location(at, path);
		const struct gate_web_page *page =
		    location != NULL ? gate_web_nginx_page_at(look, location) : NULL;

		if (missing && *path == '/' && location == NULL &&
		    gate_web_around(at, "server") != NULL)
			gate_web_hit(look, at, "auth_request %s", path);
		else if (!missing && page != NULL && !page->guard)
			gate_web_hit(
			    look, at, "auth_request %s asks %s", page->path, page->address);
	}
}

static void
look_missing(struct gate_web_look *look)
{
	look_requests(look, true);
}

static void
look_page(struct gate_web_look *look)
{
	look_requests(look, false);
}

/* ---- what the guard gets ---- */

static void
at_params(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	static const char *const wanted[][2] = {
	    {"REQUEST_METHOD", "GET"}, {"CONTENT_LENGTH", ""}, {"GATE_METHOD", "$request_method"}};
	const struct gate_web_node *guard = guarded->guard;

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		const struct gate_web_node *node =
		    gate_web_nginx_setting(guard, "fastcgi_param", wanted[i][0]);

		if (node == NULL || strcmp(gate_web_word(node, 2), wanted[i][1]) != 0)
			gate_web_hit(look, guard, "%s is %s and not \"%s\"", wanted[i][0],
			    node != NULL ? gate_web_word(node, 2) : "not sent", wanted[i][1]);
	}
}

/* Could a file be stored there? nginx makes the folders that are missing, if it may. */
static bool
is_writable_place(const char *path)
{
	char *folder;
	bool result;

	if (*path != '/' || strchr(path, '$') != NULL)
		return true;
	folder = gate_command_folder_of(path);
	result = folder == NULL || access(folder, F_OK) == 0 || errno != ENOTDIR;
	free(folder);
	return result;
}

/* Who may pass must stand where it is inherited. */
static void
at_set(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *node =
	    gate_web_nginx_setting(guarded->guard, "fastcgi_param", "GATE_REQUIRE");

	if (node != NULL && *gate_web_word(node, 2) == '$' && *guarded->require == '\0')
		gate_web_hit(look, node, "GATE_REQUIRE is %s", gate_web_word(node, 2));
}

static void
at_store_path(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *guard = guarded->guard;
	const struct gate_web_node *node = gate_web_inherited(guard, "fastcgi_store");
	const char *path = node != NULL ? gate_web_word(node, 1) : "off";

	if (*path != '\0' && strcmp(path, "off") != 0 && is_writable_place(path))
		gate_web_hit(look, node, "fastcgi_store %s", path);
}

/* ---- what the visitor gets ---- */

static void
hit(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	gate_web_hit(look, guarded->node, "%s", gate_web_guarded_label(guarded));
}

/* Returns the variable that auth_request_set gives this value, in effect at a place; NULL: none. */
static const char *
variable_of(const struct gate_web_node *place, const char *value)
{
	for (; place != NULL; place = place->parent) {
		const struct gate_web_node *set = gate_web_child(place, "auth_request_set");

		for (; set != NULL; set = gate_web_again(set))
			if (strcasecmp(gate_web_word(set, 2), value) == 0)
				return gate_web_word(set, 1);
	}
	return NULL;
}

static const struct gate_web_node *
header(const struct gate_web_node *place, const char *name)
{
	return gate_web_nginx_setting(place, "add_header", name);
}

/* Returns what adds the guard's cookie at a place, which is guarded or stands in for a guarded one;
 * NULL: nothing does. */
static const struct gate_web_node *
cookie_header(const struct gate_web_node *place, const struct gate_web_guarded *guarded)
{
	const char *name = variable_of(guarded->place, "$upstream_http_set_cookie");
	const struct gate_web_node *node = header(place, "Set-Cookie");

	while (node != NULL && name != NULL &&
	    (strcasecmp(gate_web_word(node, 1), "Set-Cookie") != 0 ||
		strcmp(gate_web_word(node, 2), name) != 0))
		node = gate_web_again(node);
	return name != NULL ? node : NULL;
}

static void
at_cookie(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *node = cookie_header(guarded->place, guarded);

	if (node == NULL)
		hit(look, guarded);
	else if (strcmp(gate_web_word(node, 3), "always") != 0)
		gate_web_hit(look, node, "%s, without always", gate_web_guarded_label(guarded));
}

/* Could a value of Cache-Control keep a cache from an answer, as far as it shows: it is the
 * guard's, says no-store or private itself, or is a variable of the site's own? */
static bool
is_private(const struct gate_web_node *place, const char *value)
{
	const char *guards = variable_of(place, "$upstream_http_cache_control");
	const struct gate_web_node *root = place, *map = NULL;

	if (*value != '$')
		return strcasestr(value, "no-store") != NULL ||
		    strcasestr(value, "private") != NULL;
	if (guards != NULL && strcmp(value, guards) == 0)
		return true;
	while (root->parent != NULL)
		root = root->parent;
	while ((map = gate_web_find(root, map, "map")) != NULL &&
	    strcmp(gate_web_word(map, 2), value) != 0)
		;
	return map != NULL;
}

static void
at_cache_control(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *place = guarded->place;
	const struct gate_web_node *node = header(place, "Cache-Control");

	if (header(place, "Set-Cookie") == NULL)
		return;
	if (node == NULL)
		hit(look, guarded);
	else if (!is_private(place, gate_web_word(node, 2)))
		gate_web_hit(look, node, "Cache-Control %s", gate_web_word(node, 2));
}

/* Adds the headers that the place hides, as its own add_header lines replace all around it. */
static void
add_hidden(struct gate_buffer *hidden, const struct gate_web_node *place)
{
	const struct gate_web_node *own = gate_web_child(place, "add_header"), *node = NULL;

	if (own == NULL || strcmp(gate_web_nginx_value(place, "add_header_inherit"), "merge") == 0)
		return;
	if (place->parent != NULL)
		node = gate_web_inherited(place->parent, "add_header");
	for (; node != NULL; node = gate_web_again(node))
		if (header(place, gate_web_word(node, 1)) == NULL)
			gate_buffer_printf(hidden, "%s%s (%s:%u)", hidden->length > 0 ? ", " : "",
			    gate_web_word(node, 1), node->file, node->line);
}

/* Looks at the guarded blocks, and at those in them, which may be the site's own. */
static void
at_add_header(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *top = guarded->place;

	for (const struct gate_web_node *at = top; at != NULL; at = gate_web_walk(top, at)) {
		struct gate_buffer hidden = {0};

		if (at->block && gate_web_inherited(at, "auth_request") == guarded->node)
			add_hidden(&hidden, at);
		if (hidden.length > 0)
			gate_web_hit(look, gate_web_child(at, "add_header"), "%s hides %s",
			    gate_web_guarded_label(guarded), gate_buffer_text(&hidden));
		gate_buffer_release(&hidden);
	}
}

/* Returns where the error_page for this status leads, in effect at a place; NULL: there is none. */
static const char *
error_page(const struct gate_web_node *place, const char *status)
{
	const struct gate_web_node *node = gate_web_inherited(place, "error_page");

	for (; node != NULL; node = gate_web_again(node))
		for (size_t i = 1; i + 1 < node->count; i++)
			if (strcmp(node->words[i], status) == 0)
				return node->words[node->count - 1];
	return NULL;
}

static void
at_login(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	if (error_page(guarded->place, "401") == NULL)
		hit(look, guarded);
}

/* The location that answers in place of the guarded one has the headers that it adds itself. */
static void
at_login_cookie(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const char *target = error_page(guarded->place, "401");
	const struct gate_web_node *location =
	    target != NULL ? gate_web_nginx_location(guarded->node, target) : NULL;

	if (location != NULL && gate_web_nginx_page_at(look, location) == NULL &&
	    cookie_header(guarded->place, guarded) != NULL &&
	    cookie_header(location, guarded) == NULL)
		gate_web_hit(
		    look, location, "location %s, for %s", target, gate_web_guarded_label(guarded));
}

static void
at_away(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	if (error_page(guarded->place, "500") == NULL)
		hit(look, guarded);
}

const struct gate_web_trap gate_web_nginx_guard_traps[] = {
    {"nginx-guard-missing", GATE_CHECK_ERROR,
	"no location of this server has this path, so another one answers and lets in whom it "
	"likes: write location = PATH",
	.look = look_missing},
    {"nginx-guard-page", GATE_CHECK_ERROR,
	"this is not the guard, and its 200 lets everybody in: ask auth", .look = look_page},
    {"nginx-guard-internal", GATE_CHECK_WARNING,
	"visitors can call the guard themselves: say internal", .directive = "internal",
	.absent = "no", .value = "no", .at = GATE_WEB_GUARD},
    {"nginx-guard-params", GATE_CHECK_ERROR,
	"the guard would wait for a body that never comes: include gate_guard_params in place of "
	"gate_params",
	.guarded = at_params},
    {"nginx-guard-body", GATE_CHECK_WARNING,
	"the guard needs no body: say fastcgi_pass_request_body off",
	.directive = "fastcgi_pass_request_body", .absent = "on", .unless = "off",
	.at = GATE_WEB_GUARD},
    {"nginx-guard-store", GATE_CHECK_WARNING,
	"nginx closes its connection to the guard after each request: say fastcgi_store "
	"/dev/null/gate_guard",
	.directive = "fastcgi_store", .absent = "off", .value = "off", .at = GATE_WEB_GUARD},
    {"nginx-guard-store-path", GATE_CHECK_ERROR,
	"an answer could be stored there, as nginx makes missing folders: say fastcgi_store "
	"/dev/null/gate_guard",
	.guarded = at_store_path},
    {"nginx-guard-set", GATE_CHECK_ERROR,
	"what set says is lost in inner locations, and goes along with an internal redirect: say "
	"who may pass in the path of auth_request, as gate_guard_server does",
	.guarded = at_set},
    {"nginx-guard-cookie", GATE_CHECK_WARNING,
	"the cookie that the guard renews does not reach the browser: say auth_request_set "
	"$gate_cookie $upstream_http_set_cookie, and add_header Set-Cookie $gate_cookie always",
	.guarded = at_cookie},
    {"nginx-guard-cache-control", GATE_CHECK_WARNING,
	"a cache may keep an answer with a visitor's cookie: add Cache-Control \"private, "
	"no-store\" where there is a cookie",
	.guarded = at_cache_control},
    {"nginx-add-header", GATE_CHECK_WARNING,
	"an add_header replaces all those around its block: repeat them there",
	.guarded = at_add_header},
    {"nginx-guard-login", GATE_CHECK_WARNING,
	"visitors who are not logged in see a bare 401: say error_page 401 that leads to the login",
	.guarded = at_login},
    {"nginx-login-cookie", GATE_CHECK_WARNING,
	"the cookie of the guard's 401 does not reach the browser: say add_header Set-Cookie "
	"$gate_cookie always there, too",
	.guarded = at_login_cookie},
    {"nginx-guard-away", GATE_CHECK_WARNING,
	"if the guard is away nginx says 500: say error_page 500 =503, with Retry-After",
	.guarded = at_away},
    {"nginx-satisfy", GATE_CHECK_WARNING,
	"who may pass by another rule is not asked to log in: say satisfy all",
	.directive = "satisfy", .value = "any", .at = GATE_WEB_GUARDED},
    {.id = NULL},
};
