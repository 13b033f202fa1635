/* gate_check/apache.c: what is gate's in Apache's configuration. Names of directives and
 * sections are in small letters here. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gate_check/apache.h"

/* ---- what a directive calls ---- */

/* Reads unix:PATH|fcgi://HOST/ or fcgi://HOST:PORT/. Returns false if it is neither. */
static bool
read_target(const char *url, struct gate_web_target *target)
{
	const char *bar = strchr(url, '|'), *scheme = bar != NULL ? bar + 1 : url;
	const char *host = strstr(scheme, "://");

	*target = (struct gate_web_target){.fastcgi = strncasecmp(scheme, "fcgi:", 5) == 0};
	if (host == NULL)
		return false;
	if (bar != NULL)
		snprintf(
		    target->socket, sizeof target->socket, "%.*s", (int)strcspn(url, "|"), url);
	host += strlen("://");
	snprintf(target->host, sizeof target->host, "%.*s", (int)strcspn(host, "/"), host);
	return true;
}

bool
gate_web_apache_target(const struct gate_web_node *node, struct gate_web_target *target)
{
	if (gate_web_is(node, "proxypass") || gate_web_is(node, "proxypassmatch"))
		return read_target(gate_web_word(node, 1), target) ||
		    read_target(gate_web_word(node, 2), target);
	return gate_web_is(node, "sethandler") &&
	    gate_web_starts_with(gate_web_word(node, 1), "proxy:") &&
	    read_target(gate_web_word(node, 1) + strlen("proxy:"), target);
}

/* ---- paths ---- */

static const char *
section_path(const struct gate_web_node *section, bool *exact)
{
	const char *first = gate_web_word(section, 1);
	bool match = gate_web_is(section, "locationmatch") || strcmp(first, "~") == 0;

	if (strcmp(first, "~") == 0)
		first = gate_web_word(section, 2);
	*exact = match && gate_web_is_exact(first);
	return first;
}

const char *
gate_web_apache_path(const struct gate_web_node *node, bool *exact)
{
	const struct gate_web_node *section = node;

	*exact = false;
	while (section != NULL && !gate_web_is(section, "location") &&
	    !gate_web_is(section, "locationmatch"))
		section = section->parent;
	if (section != NULL)
		return section_path(section, exact);
	if (gate_web_is(node, "proxypassmatch"))
		*exact = gate_web_is_exact(gate_web_word(node, 1));
	return gate_web_starts_with(gate_web_word(node, 0), "proxypass") ||
		gate_web_starts_with(gate_web_word(node, 0), "scriptalias")
	    ? gate_web_word(node, 1)
	    : "";
}

/* ---- environment variables ---- */

/* Returns what a directive of SetEnvIf's kind sets the variable to; NULL: nothing. */
static const char *
set_by(const struct gate_web_node *node, const char *name)
{
	size_t length = strlen(name);

	if (gate_web_is(node, "setenv") || gate_web_is(node, "proxyfcgisetenvif"))
		for (size_t i = 1; i < node->count; i++)
			if (strcmp(node->words[i], name) == 0)
				return gate_web_word(node, i + 1);
	for (size_t i = 2; i < node->count; i++)
		if (strncmp(node->words[i], name, length) == 0 &&
		    (node->words[i][length] == '=' || node->words[i][length] == '\0'))
			return node->words[i][length] == '=' ? node->words[i] + length + 1 : "";
	return NULL;
}

const char *
gate_web_apache_variable(const struct gate_web_node *place, const char *directive, const char *name)
{
	for (; place != NULL; place = place->parent)
		for (const struct gate_web_node *at = place->first; at != NULL; at = at->next) {
			bool kind = strcmp(directive, "setenvif") == 0
			    ? gate_web_starts_with(gate_web_word(at, 0), directive)
			    : gate_web_is(at, directive);
			const char *value = kind ? set_by(at, name) : NULL;

			if (value != NULL)
				return value;
		}
	return NULL;
}

/* ---- pages ---- */

static void
take_proxied(struct gate_web_look *look, const struct gate_web_node *node)
{
	struct gate_web_target target;
	struct gate_web_page *page;
	const char *address;

	if (!gate_web_apache_target(node, &target) || !target.fastcgi)
		return;
	address = *target.socket != '\0' ? target.socket : target.host;
	if (!gate_web_is_ours(look, address) && !gate_web_starts_with(target.host, "gate"))
		return;
	page = gate_web_add_page(look, node, node->parent, address);
	if (page == NULL)
		return;
	gate_web_plain_path(page->path, gate_web_apache_path(node, &page->exact));
}

/* mod_fcgid starts the program itself. */
static void
take_started(struct gate_web_look *look, const struct gate_web_node *node)
{
	bool alias = gate_web_starts_with(gate_web_word(node, 0), "scriptalias");
	const char *program = gate_web_word(node, alias ? 2 : 1);
	struct gate_web_page *page;

	if (!gate_web_is_ours(look, program) ||
	    (!alias && !gate_web_is(node, "fcgidwrapper") &&
		!gate_web_is(node, "fcgidaccesschecker") &&
		!gate_web_is(node, "fcgidauthenticator")))
		return;
	page = gate_web_add_page(look, node, node->parent, program);
	if (page == NULL)
		return;
	gate_web_plain_path(page->path, gate_web_apache_path(node, &page->exact));
	if (gate_web_is(node, "scriptaliasmatch"))
		page->exact = gate_web_is_exact(gate_web_word(node, 1));
	page->guard |=
	    gate_web_is(node, "fcgidaccesschecker") || gate_web_is(node, "fcgidauthenticator");
}

static void
take_provider(struct gate_web_look *look, const struct gate_web_node *node)
{
	struct gate_web_target target = {.host = ""};
	struct gate_web_page *page;

	if (!gate_web_is(node, "authnzfcgidefineprovider"))
		return;
	read_target(gate_web_word(node, 3), &target);
	page = gate_web_add_page(
	    look, node, node->parent, *target.host != '\0' ? target.host : gate_web_word(node, 3));
	if (page != NULL)
		page->guard = true;
}

/* ---- guarded places ---- */

bool
gate_web_apache_is_lua(const struct gate_web_node *node)
{
	return gate_web_is(node, "luahookaccesschecker") &&
	    strcmp(gate_web_word(node, 2), "gate_guard") == 0;
}

static void
take_guarded(struct gate_web_look *look, const struct gate_web_node *node)
{
	struct gate_web_guarded *guarded;
	bool exact, lua = gate_web_apache_is_lua(node);

	if (!gate_web_is(node, "authnzfcgicheckauthnprovider") && !lua &&
	    !(gate_web_is(node, "fcgidaccesschecker") &&
		gate_web_is_ours(look, gate_web_word(node, 1))))
		return;
	guarded = gate_web_add_guarded(look, node, node->parent);
	if (guarded == NULL)
		return;
	gate_web_plain_path(guarded->path, gate_web_apache_path(node->parent, &exact));
	guarded->guard = node->parent;
	guarded->mode =
	    lua ? "apache" : gate_web_apache_variable(node->parent, "setenvif", "GATE_GUARD");
	guarded->require = gate_web_apache_variable(node->parent, "setenvif", "GATE_REQUIRE");
}

static void
collect(struct gate_web_look *look)
{
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at)) {
		take_proxied(look, at);
		take_started(look, at);
		take_provider(look, at);
	}
	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at))
		take_guarded(look, at);
}

const struct gate_web_server gate_web_apache = {
    .name = "apache",
    .mode = "apache",
    .read = gate_web_read_apache,
    .collect = collect,
    .traps = {gate_web_apache_traps, gate_web_apache_guard_traps, NULL},
};
