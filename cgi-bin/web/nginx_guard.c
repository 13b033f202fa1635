/* web/nginx_guard.c: traps of nginx for the guard, and for what it guards. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "web/nginx.h"
#include "gate_command.h"

/* ---- where the guard is ---- */

static void
look_missing(struct gate_web_look *look)
{
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at))
		if (gate_web_is(at, "auth_request") && strcmp(gate_web_word(at, 1), "off") != 0 &&
		    gate_web_around(at, "server") != NULL && gate_web_word(at, 1)[0] == '/' &&
		    gate_web_nginx_location(at, gate_web_word(at, 1)) == NULL)
			gate_web_hit(look, at, "auth_request %s", gate_web_word(at, 1));
}

static void
look_page(struct gate_web_look *look)
{
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at)) {
		const struct gate_web_node *location =
		    gate_web_is(at, "auth_request") && gate_web_around(at, "server") != NULL
		    ? gate_web_nginx_location(at, gate_web_word(at, 1))
		    : NULL;
		const struct gate_web_page *page =
		    location != NULL ? gate_web_nginx_page_at(look, location) : NULL;

		if (page != NULL && !page->guard)
			gate_web_hit(
			    look, at, "auth_request %s asks %s", page->path, page->address);
	}
}

static void
at_internal(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *guard = guarded->guard;

	if (gate_web_child(guard, "internal") == NULL)
		gate_web_hit(look, guard, "location %s", gate_web_word(guard, guard->count - 1));
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

static void
at_body(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *guard = guarded->guard;

	if (strcmp(gate_web_nginx_value(guard, "fastcgi_pass_request_body"), "off") != 0)
		gate_web_hit(look, guard, "location %s", gate_web_word(guard, guard->count - 1));
}

static void
at_store(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *guard = guarded->guard;
	const char *path = gate_web_nginx_value(guard, "fastcgi_store");

	if (*path == '\0' || strcmp(path, "off") == 0)
		gate_web_hit(look, guard, "location %s", gate_web_word(guard, guard->count - 1));
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

static void
at_cookie(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const char *name = variable_of(guarded->place, "$upstream_http_set_cookie");
	const struct gate_web_node *node = header(guarded->place, "Set-Cookie");

	while (node != NULL && name != NULL &&
	    (strcasecmp(gate_web_word(node, 1), "Set-Cookie") != 0 ||
		strcmp(gate_web_word(node, 2), name) != 0))
		node = gate_web_again(node);
	if (name == NULL || node == NULL)
		gate_web_hit(look, guarded->node, "%s", gate_web_guarded_label(guarded));
	else if (strcmp(gate_web_word(node, 3), "always") != 0)
		gate_web_hit(look, node, "%s, without always", gate_web_guarded_label(guarded));
}

static void
at_cache_control(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	if (header(guarded->place, "Set-Cookie") != NULL &&
	    header(guarded->place, "Cache-Control") == NULL)
		gate_web_hit(look, guarded->node, "%s", gate_web_guarded_label(guarded));
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

/* Is there an error_page for this status, in effect at the place? */
static bool
has_error_page(const struct gate_web_node *place, const char *status)
{
	const struct gate_web_node *node = gate_web_inherited(place, "error_page");

	for (; node != NULL; node = gate_web_again(node))
		for (size_t i = 1; i + 1 < node->count; i++)
			if (strcmp(node->words[i], status) == 0)
				return true;
	return false;
}

static void
at_login(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	if (!has_error_page(guarded->place, "401"))
		gate_web_hit(look, guarded->node, "%s", gate_web_guarded_label(guarded));
}

static void
at_away(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	if (!has_error_page(guarded->place, "500"))
		gate_web_hit(look, guarded->node, "%s", gate_web_guarded_label(guarded));
}

static void
at_satisfy(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *node = gate_web_inherited(guarded->place, "satisfy");

	if (node != NULL && strcmp(gate_web_word(node, 1), "any") == 0)
		gate_web_hit(look, node, "satisfy any");
}

/* ---- what the back end gets ---- */

static const struct back {
	const char *pass, *set, *prefix; /* of a header's name */
} backs[] = {{"proxy_pass", "proxy_set_header", ""}, {"grpc_pass", "grpc_set_header", ""},
    {"fastcgi_pass", "fastcgi_param", "HTTP_"}, {"uwsgi_pass", "uwsgi_param", "HTTP_"},
    {"scgi_pass", "scgi_param", "HTTP_"}};

/* Is a place guarded by a guard of gate's? */
static bool
is_guarded(const struct gate_web_look *look, const struct gate_web_node *place)
{
	const struct gate_web_node *request = gate_web_inherited(place, "auth_request");

	for (size_t i = 0; i < look->guarded_count; i++)
		if (look->guarded[i].node == request)
			return true;
	return false;
}

/* Returns how a node calls a guarded back end, which is not gate's; NULL: it doesn't. */
static const struct back *
back_of(const struct gate_web_look *look, const struct gate_web_node *node)
{
	const struct back *back = NULL;

	for (size_t i = 0; i < sizeof backs / sizeof *backs; i++)
		if (gate_web_is(node, backs[i].pass))
			back = &backs[i];
	for (size_t i = 0; i < look->page_count; i++)
		if (look->pages[i].node == node)
			return NULL;
	return back != NULL && is_guarded(look, node->parent) ? back : NULL;
}

/* Returns what sets a header of the identity at a back end; NULL: nothing does. */
static const struct gate_web_node *
identity(const struct gate_web_node *place, const struct back *back, const char *name)
{
	char wanted[64];

	snprintf(wanted, sizeof wanted, "%s%s", back->prefix, name);
	for (char *c = wanted; *back->prefix != '\0' && *c != '\0'; c++)
		*c = *c == '-' ? '_' : *c;
	return gate_web_nginx_setting(place, back->set, wanted);
}

static void
look_identity(struct gate_web_look *look)
{
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at)) {
		const struct back *back = back_of(look, at);
		struct gate_buffer missing = {0};

		for (size_t i = 0; back != NULL && i < GATE_WEB_IDENTITY; i++)
			if (identity(at->parent, back, gate_web_identity[i]) == NULL)
				gate_buffer_printf(&missing, " %s", gate_web_identity[i]);
		if (missing.length > 0)
			gate_web_hit(look, at, "%s without%s", gate_web_word(at, 0),
			    gate_buffer_text(&missing));
		gate_buffer_release(&missing);
	}
}

/* Does a header of the identity get what the visitor sent? */
static void
look_identity_sent(struct gate_web_look *look)
{
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at)) {
		const struct back *back = back_of(look, at);

		for (size_t i = 0; back != NULL && i < GATE_WEB_IDENTITY; i++) {
			const struct gate_web_node *node =
			    identity(at->parent, back, gate_web_identity[i]);
			const char *value = node != NULL ? gate_web_word(node, 2) : "";

			if (gate_web_starts_with(value, "$http_") ||
			    gate_web_starts_with(value, "$remote_user"))
				gate_web_hit(look, node, "%s is %s", gate_web_word(node, 1), value);
		}
	}
}

static bool
is_claimed(const struct gate_web_node *param)
{
	return strcmp(gate_web_word(param, 2), "$remote_user") == 0;
}

/* Programs take the first of equal parameters, or the last. */
static void
look_basic(struct gate_web_look *look)
{
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at)) {
		const struct back *back = back_of(look, at);
		const struct gate_web_node *node = back != NULL && *back->prefix != '\0'
		    ? gate_web_inherited(at->parent, back->set)
		    : NULL,
					   *first = NULL, *last = NULL, *bad;

		for (; node != NULL; node = gate_web_again(node))
			if (strcmp(gate_web_word(node, 1), "REMOTE_USER") == 0) {
				first = first != NULL ? first : node;
				last = node;
			}
		bad = first != NULL && is_claimed(first) ? first : last;
		if (bad != NULL && is_claimed(bad))
			gate_web_hit(look, bad, "REMOTE_USER is $remote_user, for the %s in %s:%u",
			    gate_web_word(at, 0), at->file, at->line);
	}
}

const struct gate_web_trap gate_web_nginx_guard_traps[] = {
    {"nginx-guard-missing", GATE_CHECK_ERROR,
	"no location of this server has this path, so another one answers and lets in whom it "
	"likes: write location = PATH",
	.look = look_missing},
    {"nginx-guard-page", GATE_CHECK_ERROR,
	"this is not the guard, and its 200 lets everybody in: ask auth", .look = look_page},
    {"nginx-guard-internal", GATE_CHECK_WARNING,
	"visitors can call the guard themselves: say internal", .guarded = at_internal},
    {"nginx-guard-params", GATE_CHECK_ERROR,
	"the guard would wait for a body that never comes: include gate_guard_params in place of "
	"gate_params",
	.guarded = at_params},
    {"nginx-guard-body", GATE_CHECK_WARNING,
	"the guard needs no body: say fastcgi_pass_request_body off", .guarded = at_body},
    {"nginx-guard-store", GATE_CHECK_WARNING,
	"nginx closes its connection to the guard after each request: say fastcgi_store "
	"/dev/null/gate_guard",
	.guarded = at_store},
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
    {"nginx-guard-away", GATE_CHECK_WARNING,
	"if the guard is away nginx says 500: say error_page 500 =503, with Retry-After",
	.guarded = at_away},
    {"nginx-satisfy", GATE_CHECK_WARNING,
	"who may pass by another rule is not asked to log in: say satisfy all",
	.guarded = at_satisfy},
    {"nginx-identity", GATE_CHECK_ERROR,
	"the back end believes what visitors send in these headers: set all four, from the guard's "
	"answer or to \"\"",
	.look = look_identity},
    {"nginx-identity-sent", GATE_CHECK_ERROR,
	"this is what the visitor sent: set it from the guard's answer, by auth_request_set",
	.look = look_identity_sent},
    {"nginx-guard-remote-user", GATE_CHECK_ERROR,
	"the back end believes a name that nobody has checked: set it from the guard's answer, by "
	"auth_request_set, or to \"\"",
	.look = look_basic},
    {.id = NULL},
};
