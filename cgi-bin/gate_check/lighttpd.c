/* gate_check/lighttpd.c: what is gate's in lighttpd's configuration, and its traps. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gate_check/web.h"
#include "gate_command.h"

#define SIGNS "-_.!#$%&'*+^`|~" /* in a header's name; lighttpd writes _ for each */

/* ---- values and conditions ---- */

/* Returns the scalar that a key has in a list; "": it has none. */
static const char *
value_in(const struct gate_web_node *list, const char *key)
{
	const struct gate_web_node *node = gate_web_child(list, key);

	return node != NULL && node->first != NULL ? gate_web_word(node->first, 0) : "";
}

/* Is it a condition: $HTTP["url"] =~ "…", perhaps behind else? Returns where its words begin. */
static size_t
condition_at(const struct gate_web_node *node)
{
	size_t begin =
	    gate_web_is(node, "else") || gate_web_is(node, "elseif") || gate_web_is(node, "elsif")
	    ? 1
	    : 0;

	return gate_web_starts_with(gate_web_word(node, begin), "$") ? begin + 1 : 0;
}

/* Returns the nearest condition on the URL around a node; NULL: there is none. */
static const struct gate_web_node *
url_condition(const struct gate_web_node *node)
{
	for (; node != NULL; node = node->parent) {
		size_t at = condition_at(node);

		if (at > 0 && strcmp(gate_web_word(node, at - 1), "$HTTP[url]") == 0)
			return node;
	}
	return NULL;
}

/* Writes the path that a node is for: the condition's, or else the key's of its list. */
static bool
path_of(const struct gate_web_node *node, const char *key, char path[GATE_WEB_ADDRESS_MAX])
{
	const struct gate_web_node *condition = url_condition(node);
	size_t at = condition != NULL ? condition_at(condition) : 0;
	const char *sign = condition != NULL ? gate_web_word(condition, at) : "";
	const char *value = condition != NULL ? gate_web_word(condition, at + 1) : key;

	*path = '\0';
	if (*sign == '!')
		return false;
	gate_web_plain_path(path, value);
	return strcmp(sign, "==") == 0 || (strcmp(sign, "=~") == 0 && gate_web_is_exact(value));
}

/* ---- pages ---- */

static void
take_host(struct gate_web_look *look, const struct gate_web_node *host, const char *key)
{
	char address[GATE_WEB_ADDRESS_MAX];
	bool authorizer = strcmp(value_in(host, "mode"), "authorizer") == 0;
	const char *socket = value_in(host, "socket");
	struct gate_web_guarded *guarded;
	struct gate_web_page *page;

	if (*socket == '\0')
		snprintf(address, sizeof address, "%s:%s", value_in(host, "host"),
		    value_in(host, "port"));
	else
		snprintf(address, sizeof address, "unix:%s", socket);
	if (!gate_web_is_ours(look, address))
		return;
	page = gate_web_add_page(look, host, host, address);
	if (page == NULL)
		return;
	page->exact = path_of(host, key, page->path);
	page->guard |= authorizer;
	guarded = authorizer ? gate_web_add_guarded(look, host, host) : NULL;
	if (guarded == NULL)
		return;
	guarded->guard = host;
	snprintf(guarded->path, sizeof guarded->path, "%s", page->path);
}

/* Returns what setenv gives the guard in the blocks around a node; NULL: nothing. */
static const char *
environment(const struct gate_web_node *node, const char *name)
{
	static const char *const directives[] = {
	    "setenv.add-environment", "setenv.set-environment"};

	for (; node != NULL; node = node->parent)
		for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
			const struct gate_web_node *list = gate_web_child(node, directives[i]);

			for (; list != NULL; list = gate_web_again(list))
				if (gate_web_child(list, name) != NULL)
					return value_in(list, name);
		}
	return NULL;
}

static void
collect(struct gate_web_look *look)
{
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at)) {
		const struct gate_web_node *key = at;

		if (gate_web_child(at, "socket") == NULL && gate_web_child(at, "port") == NULL)
			continue;
		while (key->parent != NULL && !gate_web_is(key->parent, "fastcgi.server"))
			key = key->parent;
		if (key->parent != NULL)
			take_host(look, at, gate_web_word(key, 0));
	}
	for (size_t i = 0; i < look->guarded_count; i++) {
		struct gate_web_guarded *guarded = &look->guarded[i];

		guarded->mode = environment(guarded->place, "GATE_GUARD");
		guarded->require = environment(guarded->place, "GATE_REQUIRE");
	}
}

/* ---- traps ---- */

static bool
has_module(const struct gate_web_look *look, const char *name)
{
	const struct gate_web_node *at = NULL;

	while ((at = gate_web_find(look->root, at, "server.modules")) != NULL)
		if (gate_web_child(at, name) != NULL)
			return true;
	return false;
}

static void
look_modules(struct gate_web_look *look)
{
	if (look->page_count > 0 && !has_module(look, "mod_fastcgi"))
		gate_web_hit(look, look->pages[0].node, "mod_fastcgi is missing");
	else if (look->page_count > 0 && !has_module(look, "mod_setenv"))
		gate_web_hit(look, look->pages[0].node, "mod_setenv is missing");
}

/* Does a module answer as early as mod_fastcgi does, so that their order decides? */
static bool
answers(const char *module)
{
	static const char *const names[] = {"mod_proxy", "mod_scgi", "mod_ajp13", "mod_sockproxy",
	    "mod_uwsgi", "mod_wstunnel", "mod_status"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(module, names[i]) == 0)
			return true;
	return false;
}

struct order {                              /* of a list of modules */
	bool guards;                        /* mod_fastcgi is in it */
	const struct gate_web_node *before; /* that answers and stands in front of it; NULL: none */
};

/* Adds what one value of server.modules says; the list before may be a part of it. */
static struct order
order_of(const struct gate_web_node *list, struct order was)
{
	struct order now = {0};

	if (strcmp(gate_web_word(list, 1), "+=") == 0)
		now = was;
	for (const struct gate_web_node *at = list->first; at != NULL; at = at->next) {
		bool all = gate_web_is(at, "server.modules");

		if (!now.guards && now.before == NULL && (all || answers(gate_web_word(at, 0))))
			now.before = all ? was.before : at;
		now.guards |= all ? was.guards : gate_web_is(at, "mod_fastcgi");
	}
	return now;
}

static void
look_order(struct gate_web_look *look)
{
	const struct gate_web_node *at = NULL;
	struct order order = {0};

	while ((at = gate_web_find(look->root, at, "server.modules")) != NULL)
		if (at->count == 2)
			order = order_of(at, order);
	if (look->guarded_count > 0 && order.guards && order.before != NULL)
		gate_web_hit(look, order.before, "%s stands in front of mod_fastcgi",
		    gate_web_word(order.before, 0));
}

/* Is a header emptied, in the spelling of `name`, for what a node calls? A list in a block replaces
 * those around it, unless += adds it to them. */
static bool
is_emptied(const struct gate_web_node *node, const char *name)
{
	for (bool replaced = false; node != NULL && !replaced; node = node->parent) {
		const struct gate_web_node *list =
		    gate_web_child(node, "setenv.set-request-header");

		for (; list != NULL; list = gate_web_again(list)) {
			const struct gate_web_node *at = list->first;

			while (at != NULL && strcasecmp(gate_web_word(at, 0), name) != 0)
				at = at->next;
			if (at != NULL && at->first != NULL && *gate_web_word(at->first, 0) == '\0')
				return true;
			replaced |= strcmp(gate_web_word(list, 1), "+=") != 0;
		}
	}
	return false;
}

/* Adds the spellings of a header that lighttpd takes for the same, and that are not emptied: each
 * dash may be any of the signs. own: the header itself, too, which has the first of them. */
static void
add_passing(struct gate_buffer *passing, const struct gate_web_node *node, const char *name,
    const char *signs, bool own)
{
	size_t dashes = 0, count = 1, base = strlen(signs);

	for (const char *c = name; *c != '\0'; c++)
		dashes += *c == '-';
	for (size_t i = 0; i < dashes && i < 3; i++)
		count *= base;
	for (size_t i = own ? 0 : 1; i < count; i++) {
		char spelling[32] = "";
		size_t rest = i;

		for (size_t j = 0; j + 1 < sizeof spelling && name[j] != '\0'; j++) {
			spelling[j] = name[j] == '-' ? signs[rest % base] : name[j];
			rest /= name[j] == '-' ? base : 1;
		}
		if (!is_emptied(node, spelling))
			gate_buffer_printf(passing, " %s", spelling);
	}
}

static void
at_spellings(struct gate_web_look *look, const struct gate_web_page *page)
{
	gate_buffer_reset(&look->names);
	add_passing(&look->names, page->node, "X-Forwarded-For", "-_.", false);
	add_passing(&look->names, page->node, "X-Forwarded-Proto", "-_.", false);
	add_passing(&look->names, page->node, "Sec-Fetch-Site", "-_.", false);
	if (look->names.length > 0)
		gate_web_hit(look, page->node, "%s gets%s", gate_web_page_label(page),
		    gate_buffer_text(&look->names));
}

static void
at_identity(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	gate_buffer_reset(&look->names);
	for (size_t i = 0; i < GATE_WEB_IDENTITY; i++)
		add_passing(&look->names, guarded->node, gate_web_identity[i], SIGNS, true);
	if (look->names.length > 0)
		gate_web_hit(look, guarded->node, "%s passes%s", gate_web_guarded_label(guarded),
		    gate_buffer_text(&look->names));
}

/* Is a node for other paths than these? Only a condition on the URL says so. */
static bool
is_elsewhere(const struct gate_web_node *node, const char *path)
{
	const struct gate_web_node *condition = url_condition(node);
	size_t at = condition != NULL ? condition_at(condition) : 0;
	char other[GATE_WEB_ADDRESS_MAX];
	bool exact;

	if (condition == NULL ||
	    (*gate_web_word(condition, at + 1) != '^' &&
		strcmp(gate_web_word(condition, at), "==") != 0))
		return false;
	exact = path_of(node, "", other);
	return *other == '/' && *path == '/' && !gate_web_lies_under(other, path) &&
	    (exact || !gate_web_lies_under(path, other));
}

/* Is it a list of the guard's place, which a later block can replace? */
static bool
replaces(const struct gate_web_node *node)
{
	return (gate_web_is(node, "fastcgi.server") ||
		   gate_web_is(node, "setenv.set-request-header")) &&
	    node->parent->parent != NULL && !gate_web_is(node->parent, "global");
}

static const struct gate_web_node *
block_of(const struct gate_web_guarded *guarded)
{
	return gate_web_around(guarded->node, "fastcgi.server")->parent;
}

/* Does a block ask the guard itself? */
static bool
is_guarded(const struct gate_web_look *look, const struct gate_web_node *block)
{
	size_t i = 0;

	while (i < look->guarded_count && block_of(&look->guarded[i]) != block)
		i++;
	return i < look->guarded_count;
}

static void
at_later(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = gate_web_walk(root, guarded->node); at != NULL;
	     at = gate_web_walk(root, at))
		if (replaces(at) && !is_guarded(look, at->parent) &&
		    !is_elsewhere(at, guarded->path))
			gate_web_hit(look, at, "%s, and %s", gate_web_word(at, 0),
			    gate_web_guarded_label(guarded));
}

static void
at_responder(struct gate_web_look *look, const struct gate_web_page *page)
{
	if (strcmp(page->name, "auth") == 0 &&
	    strcmp(value_in(page->node, "mode"), "authorizer") != 0)
		gate_web_hit(look, page->node, "%s", gate_web_page_label(page));
}

static void
at_cookie(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	gate_web_hit(look, guarded->node, "%s", gate_web_guarded_label(guarded));
}

static const struct gate_web_trap traps[] = {
    {"lighttpd-prefix", GATE_CHECK_WARNING,
	"the page is also shown for longer paths: put it into $HTTP[\"url\"] =~ \"^PATH$\" { }",
	.page = gate_web_at_prefix},
    {"lighttpd-check-local", GATE_CHECK_ERROR,
	"lighttpd looks for a file first, and answers 404: say \"check-local\" => \"disable\"",
	.directive = "check-local", .absent = "enable", .unless = "disable"},
    {"lighttpd-disable-time", GATE_CHECK_NOTE,
	"after a refused connection, as when gate starts again, lighttpd answers 503 for two "
	"seconds: "
	"say \"disable-time\" => 0, for one",
	.directive = "disable-time", .absent = "1", .unless = "0"},
    {"lighttpd-modules", GATE_CHECK_ERROR,
	"lighttpd passes over what it does not know: add it to server.modules",
	.look = look_modules},
    {"lighttpd-spellings", GATE_CHECK_WARNING,
	"lighttpd writes these as the headers with dashes, and visitors can send them: empty them "
	"by setenv.set-request-header, as conf/lighttpd.conf does",
	.page = at_spellings},
    {"lighttpd-identity", GATE_CHECK_ERROR,
	"back ends believe what visitors send in these headers: empty them by "
	"setenv.set-request-header, as conf/lighttpd_guarded.conf does",
	.guarded = at_identity},
    {"lighttpd-order", GATE_CHECK_ERROR,
	"the first module that has an answer gives it, and nobody asks the guard: say "
	"server.modules := (\"mod_setenv\", \"mod_fastcgi\") + server.modules",
	.look = look_order},
    {"lighttpd-later", GATE_CHECK_ERROR,
	"where both match, lighttpd takes this list in place of the guard's, and asks nobody, or "
	"lets visitors say who they are: move it in front of what is guarded",
	.guarded = at_later},
    {"lighttpd-docroot", GATE_CHECK_WARNING,
	"with a docroot lighttpd looks for a file there, and passes over proxy.server and "
	"alias.url: leave it out",
	.directive = "docroot", .unless = "", .at = GATE_WEB_GUARDED},
    {"lighttpd-responder", GATE_CHECK_ERROR,
	"the guard answers in place of what it should guard: say \"mode\" => \"authorizer\"",
	.page = at_responder},
    {"lighttpd-guard-cookie", GATE_CHECK_NOTE,
	"lighttpd loses the cookie of an authorizer that lets a visitor in: it follows at the next "
	"page of gate's",
	.guarded = at_cookie},
    {.id = NULL},
};

const struct gate_web_server gate_web_lighttpd = {
    .name = "lighttpd",
    .mode = "lighttpd",
    .read = gate_web_read_lighttpd,
    .collect = collect,
    .traps = {traps, NULL},
};
