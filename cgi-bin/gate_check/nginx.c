/* gate_check/nginx.c: what is gate's in nginx's configuration. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gate_check/nginx.h"

/* ---- what is in effect ---- */

const struct gate_web_node *
gate_web_nginx_setting(const struct gate_web_node *place, const char *directive, const char *name)
{
	const struct gate_web_node *node = gate_web_inherited(place, directive);

	while (node != NULL && strcasecmp(gate_web_word(node, 1), name) != 0)
		node = gate_web_again(node);
	return node;
}

const char *
gate_web_nginx_value(const struct gate_web_node *place, const char *directive)
{
	const struct gate_web_node *node = gate_web_inherited(place, directive);

	return node != NULL ? gate_web_word(node, 1) : "";
}

const struct gate_web_node *
gate_web_nginx_location(const struct gate_web_node *node, const char *path)
{
	const struct gate_web_node *server = gate_web_around(node, "server"), *found = NULL;

	for (const struct gate_web_node *at = server; at != NULL && server != NULL;
	     at = gate_web_walk(server, at)) {
		const char *first = gate_web_word(at, 1);

		if (!gate_web_is(at, "location") || *first == '~')
			continue;
		if (strcmp(first, "=") == 0 && strcmp(gate_web_word(at, 2), path) == 0)
			return at;
		if (strcmp(gate_web_word(at, at->count - 1), path) == 0 ||
		    (strcmp(first, "^~") == 0 && gate_web_starts_with(path, gate_web_word(at, 2))))
			found = at;
	}
	return found;
}

const struct gate_web_page *
gate_web_nginx_page_at(const struct gate_web_look *look, const struct gate_web_node *location)
{
	for (size_t i = 0; i < look->page_count; i++)
		if (look->pages[i].place == location)
			return &look->pages[i];
	return NULL;
}

const struct gate_web_node *
gate_web_nginx_upstream(const struct gate_web_look *look, const char *name)
{
	const struct gate_web_node *at = NULL;

	while ((at = gate_web_find(look->root, at, "upstream")) != NULL)
		if (strcmp(gate_web_word(at, 1), name) == 0)
			break;
	return at;
}

/* ---- pages ---- */

/* Does this very place tell the program something that only gate understands? A guarded program
 * gets some of it, too, with the name of its file. */
static bool
is_told(const struct gate_web_node *place)
{
	const struct gate_web_node *node = gate_web_child(place, "fastcgi_param");

	while (node != NULL && !gate_web_starts_with(gate_web_word(node, 1), "GATE_"))
		node = gate_web_again(node);
	return node != NULL &&
	    gate_web_nginx_setting(place, "fastcgi_param", "SCRIPT_FILENAME") == NULL;
}

static void
set_path(struct gate_web_page *page)
{
	const char *first = gate_web_word(page->place, 1);
	const char *path = gate_web_word(page->place, 2);

	if (!gate_web_is(page->place, "location"))
		return;
	if (*first == '~') {
		page->exact = gate_web_is_exact(path);
		gate_web_plain_path(page->path, path);
		return;
	}
	page->exact = strcmp(first, "=") == 0;
	snprintf(page->path, sizeof page->path, "%s", *path != '\0' ? path : first);
}

static void
take_page(struct gate_web_look *look, const struct gate_web_node *node)
{
	const char *name = gate_web_word(node, 1), *address = name;
	const struct gate_web_node *upstream = gate_web_nginx_upstream(look, name), *server = NULL;
	const struct gate_web_node *place = gate_web_around(node, "location");
	bool ours = gate_web_starts_with(name, "gate") || is_told(node->parent);
	struct gate_web_page *page;

	if (upstream != NULL)
		server = gate_web_child(upstream, "server");
	if (server != NULL)
		address = gate_web_word(server, 1);
	for (; server != NULL; server = gate_web_again(server))
		ours |= gate_web_is_ours(look, gate_web_word(server, 1));
	if (!ours && !gate_web_is_ours(look, address))
		return;
	page = gate_web_add_page(look, node, place != NULL ? place : node->parent, address);
	if (page == NULL)
		return;
	page->guard |= gate_web_nginx_setting(node->parent, "fastcgi_param", "GATE_GUARD") != NULL;
	set_path(page);
}

/* ---- guarded places ---- */

/* Returns the value of a parameter that the guard gets for an auth_request; NULL: it is not set;
 * "": can't tell. What stands behind the guard's own path is $fastcgi_path_info. */
static const char *
value_of(const struct gate_web_node *guard, const struct gate_web_node *asks, const char *name)
{
	const struct gate_web_node *param = gate_web_nginx_setting(guard, "fastcgi_param", name);
	const char *value = param != NULL ? gate_web_word(param, 2) : NULL;
	const char *asked = gate_web_word(asks, 1), *own = gate_web_word(guard, guard->count - 1);

	if (value != NULL && strcmp(value, "$fastcgi_path_info") == 0)
		return gate_web_starts_with(asked, own) ? asked + strlen(own) : "";
	return value == NULL || *value != '$' ? value : "";
}

static void
take_guarded(struct gate_web_look *look, const struct gate_web_node *node)
{
	const struct gate_web_node *guard = gate_web_nginx_location(node, gate_web_word(node, 1));
	const struct gate_web_page *page =
	    guard != NULL ? gate_web_nginx_page_at(look, guard) : NULL;
	const struct gate_web_node *place = gate_web_around(node, "location");
	struct gate_web_guarded *guarded;

	if (page == NULL || !page->guard)
		return; /* it is none of gate's, or a trap */
	guarded = gate_web_add_guarded(look, node, node->parent);
	if (guarded == NULL)
		return;
	guarded->guard = guard;
	guarded->mode = value_of(guard, node, "GATE_GUARD");
	guarded->require = value_of(guard, node, "GATE_REQUIRE");
	if (place == NULL)
		snprintf(guarded->path, sizeof guarded->path, "/");
	else if (*gate_web_word(place, 1) == '~')
		gate_web_plain_path(guarded->path, gate_web_word(place, 2));
	else
		snprintf(guarded->path, sizeof guarded->path, "%s",
		    gate_web_word(place, place->count - 1));
}

static void
collect(struct gate_web_look *look)
{
	const struct gate_web_node *at = NULL;

	while ((at = gate_web_find(look->root, at, "fastcgi_pass")) != NULL)
		take_page(look, at);
	while ((at = gate_web_find(look->root, at, "auth_request")) != NULL)
		if (strcmp(gate_web_word(at, 1), "off") != 0)
			take_guarded(look, at);
}

const struct gate_web_server gate_web_nginx = {
    .name = "nginx",
    .mode = "nginx",
    .read = gate_web_read_nginx,
    .collect = collect,
    .traps = {gate_web_nginx_traps, gate_web_nginx_guard_traps, gate_web_nginx_around_traps,
	gate_web_nginx_back_traps, NULL},
};
