/* gate_check/apache_guard.c: traps of Apache for the guard, and for what it guards. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gate_check/apache.h"
#include "gate_command.h"

#define FREE_PORTS "/proc/sys/net/ipv4/ip_unprivileged_port_start"
#define FREE_PORT 1024 /* what Linux says there, if nobody changes it */

/* ---- the provider ---- */

/* Returns the URL of AuthnzFcgiDefineProvider; "": the guard is called in another way. */
static const char *
provider(const struct gate_web_page *page)
{
	return gate_web_is(page->node, "authnzfcgidefineprovider") ? gate_web_word(page->node, 3)
								   : "";
}

/* Returns the digits of the port in fcgi://HOST:PORT/; NULL: it has another form. */
static const char *
port_of(const char *url)
{
	const char *host, *colon;

	if (!gate_web_starts_with(url, "fcgi://"))
		return NULL;
	host = url + strlen("fcgi://");
	colon = *host == '[' ? strstr(host, "]:") : strchr(host, ':');
	if (colon == NULL)
		return NULL;
	colon += *host == '[' ? 2 : 1;
	return *colon >= '0' && *colon <= '9' ? colon : NULL;
}

static void
at_host(struct gate_web_look *look, const struct gate_web_page *page)
{
	const char *url = provider(page);

	if (port_of(url) != NULL && !gate_web_starts_with(url, "fcgi://127.") &&
	    !gate_web_starts_with(url, "fcgi://localhost:") &&
	    !gate_web_starts_with(url, "fcgi://[::1]:"))
		gate_web_hit(look, page->node, "%s", url);
}

/* Returns the first port that every user may listen at. */
static long
free_port(void)
{
	char line[16] = "";
	FILE *file = fopen(FREE_PORTS, "re");
	bool known = file != NULL && fgets(line, sizeof line, file) != NULL;

	if (file != NULL)
		fclose(file);
	return known ? strtol(line, NULL, 10) : FREE_PORT;
}

static void
at_port(struct gate_web_look *look, const struct gate_web_page *page)
{
	const char *port = port_of(provider(page));
	long first = free_port();

	if (port != NULL && strtol(port, NULL, 10) >= first)
		gate_web_hit(
		    look, page->node, "%s, and %s is %ld", provider(page), FREE_PORTS, first);
}

static bool
is_defined(const struct gate_web_look *look, const char *name)
{
	for (size_t i = 0; i < look->page_count; i++)
		if (gate_web_is(look->pages[i].node, "authnzfcgidefineprovider") &&
		    strcmp(gate_web_word(look->pages[i].node, 2), name) == 0)
			return true;
	return false;
}

static bool
has_provider(const struct gate_web_guarded *guarded)
{
	return gate_web_is(guarded->node, "authnzfcgicheckauthnprovider");
}

static void
at_missing(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const char *name = gate_web_word(guarded->node, 1);

	if (has_provider(guarded) && strcasecmp(name, "none") != 0 && !is_defined(look, name))
		gate_web_hit(look, guarded->node, "%s", name);
}

/* ---- who passes ---- */

/* Does a directive or section decide who passes? "Require not" and <RequireNone> only refuse. */
static bool
is_rule(const struct gate_web_node *node)
{
	static const char *const sections[] = {"requireall", "requireany", "limit", "limitexcept"};

	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		if (gate_web_is(node, sections[i]))
			return gate_web_find(node, NULL, "require") != NULL;
	return gate_web_is(node, "require") && strcasecmp(gate_web_word(node, 1), "not") != 0;
}

/* Returns what in a section lets everybody in, whatever the guard says; NULL: nothing does. `all`:
 * each of its rules must be met, and not only one. <Limit> lets in all other methods. */
static const struct gate_web_node *
open_rule(const struct gate_web_node *section, bool all)
{
	const struct gate_web_node *found = NULL;

	for (const struct gate_web_node *at = section->first; at != NULL; at = at->next) {
		const struct gate_web_node *open = NULL;

		if (!is_rule(at))
			continue;
		if (gate_web_is(at, "requireall") || gate_web_is(at, "requireany"))
			open = open_rule(at, gate_web_is(at, "requireall"));
		else if (gate_web_starts_with(gate_web_word(at, 0), "limit") ||
		    (strcasecmp(gate_web_word(at, 1), "all") == 0 &&
			strcasecmp(gate_web_word(at, 2), "granted") == 0))
			open = at;
		if (all && open == NULL)
			return NULL;
		if (found == NULL)
			found = open;
	}
	return found;
}

static void
at_require(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	/* the hook of apache_guard.lua asks the guard in any case */
	const struct gate_web_node *open =
	    gate_web_apache_is_lua(guarded->node) ? NULL : open_rule(guarded->place, false);
	const char *label = gate_web_guarded_label(guarded);

	if (open != NULL)
		gate_web_hit(look, open, "%s has %s %s", label, gate_web_word(open, 0),
		    gate_web_word(open, 1));
	else if (has_provider(guarded) && gate_web_find(guarded->place, NULL, "require") == NULL)
		gate_web_hit(look, guarded->node, "%s has no Require", label);
}

/* Returns the first Satisfy with this word below a node; NULL: there is none. */
static const struct gate_web_node *
satisfy(const struct gate_web_node *below, const char *word)
{
	const struct gate_web_node *at = NULL;

	while ((at = gate_web_find(below, at, "satisfy")) != NULL)
		if (strcasecmp(gate_web_word(at, 1), word) == 0)
			break;
	return at;
}

static void
at_satisfy(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *any = satisfy(look->root, "any");

	if (any != NULL && satisfy(guarded->place, "all") == NULL)
		gate_web_hit(look, any, "%s has no Satisfy All", gate_web_guarded_label(guarded));
}

static void
at_basic(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *node = guarded->node;

	for (size_t j = 1; j + 1 < node->count; j++)
		if (strcasecmp(node->words[j], "RequireBasicAuth") == 0 &&
		    strcasecmp(node->words[j + 1], "on") == 0)
			gate_web_hit(look, node, "%s", gate_web_guarded_label(guarded));
}

/* SetEnv is done after the guard was asked. */
static void
at_setenv(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	static const char *const names[] = {
	    "GATE_GUARD", "GATE_REQUIRE", "GATE_TOUCH", "GATE_PREFLIGHT"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (gate_web_apache_variable(guarded->place, "setenv", names[i]) != NULL &&
		    gate_web_apache_variable(guarded->place, "setenvif", names[i]) == NULL)
			gate_web_hit(look, guarded->node, "%s has SetEnv %s",
			    gate_web_guarded_label(guarded), names[i]);
}

/* ---- what the back end gets ---- */

/* Is a header set, or removed, before the back end gets it? */
static bool
is_replaced(const struct gate_web_node *place, const char *name)
{
	for (; place != NULL; place = place->parent)
		for (const struct gate_web_node *at = place->first; at != NULL; at = at->next) {
			const char *action = gate_web_word(at, 1);

			if (gate_web_is(at, "requestheader") &&
			    (strcasecmp(action, "set") == 0 || strcasecmp(action, "unset") == 0) &&
			    strcasecmp(gate_web_word(at, 2), name) == 0)
				return true;
		}
	return false;
}

/* Returns the guarded place that a back end stands in, by section or by path; NULL: none. */
static const struct gate_web_guarded *
guarded_of(const struct gate_web_look *look, const struct gate_web_node *node)
{
	char path[GATE_WEB_ADDRESS_MAX];
	bool exact;

	gate_web_plain_path(path, gate_web_apache_path(node, &exact));
	for (size_t i = 0; i < look->guarded_count; i++) {
		const struct gate_web_guarded *guarded = &look->guarded[i];
		const struct gate_web_node *at = node->parent;

		while (at != NULL && at != guarded->place)
			at = at->parent;
		if (at != NULL ||
		    (*guarded->path != '\0' && *path != '\0' &&
			(gate_web_lies_under(path, guarded->path) ||
			    gate_web_lies_under(guarded->path, path))))
			return guarded;
	}
	return NULL;
}

struct called { /* a guarded back end */
	const struct gate_web_guarded *guarded;
	const struct gate_web_node *node;
};

static bool
is_sent(const void *data, const char *name)
{
	const struct called *called = (const struct called *)data;

	return !is_replaced(called->guarded->place, name) &&
	    !is_replaced(called->node->parent, name);
}

static bool
is_sent_underscored(const void *data, const char *name)
{
	char other[32];

	snprintf(other, sizeof other, "%s", name);
	*strchr(other, '-') = '_';
	return is_sent(data, other);
}

/* Looks at each back end that is guarded, and not gate's. `underscored`: at headers with an
 * underscore, which Apache drops for CGI and FastCGI, but not for HTTP. */
static void
look_at_backs(struct gate_web_look *look, bool underscored)
{
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at)) {
		struct called called = {NULL, at};
		struct gate_web_target target;
		size_t page = 0;
		const char *names;

		if (!gate_web_apache_target(at, &target) || (underscored && target.fastcgi))
			continue;
		while (page < look->page_count && look->pages[page].node != at)
			page++;
		called.guarded = guarded_of(look, at);
		if (page < look->page_count || called.guarded == NULL)
			continue;
		names = gate_web_names(look, underscored ? is_sent_underscored : is_sent, &called);
		if (*names != '\0')
			gate_web_hit(look, at, "%s, %s%s", gate_web_guarded_label(called.guarded),
			    underscored ? "with an underscore" : "without", names);
	}
}

static void
look_identity(struct gate_web_look *look)
{
	look_at_backs(look, false);
}

static void
look_underscore(struct gate_web_look *look)
{
	look_at_backs(look, true);
}

const struct gate_web_trap gate_web_apache_guard_traps[] = {
    {"apache-provider-host", GATE_CHECK_ERROR,
	"who stands on the way can let anybody in: let the guard listen on the loopback",
	.page = at_host},
    {"apache-provider-port", GATE_CHECK_WARNING,
	"while gate is down every user of this host can listen there and let anybody in: take a "
	"port below that",
	.page = at_port},
    {"apache-provider-missing", GATE_CHECK_ERROR,
	"there is no such provider: define it by AuthnzFcgiDefineProvider authnz NAME",
	.guarded = at_missing},
    {"apache-require", GATE_CHECK_ERROR,
	"Apache lets visitors in without asking the guard: say Require and the provider's name, "
	"outside of <Limit>, and no Require all granted",
	.guarded = at_require},
    {"apache-satisfy", GATE_CHECK_ERROR,
	"with Satisfy Any, Apache lets in whom no guard was asked for: say Satisfy All in each "
	"guarded place",
	.guarded = at_satisfy},
    {"apache-basic", GATE_CHECK_WARNING,
	"browsers ask for a password of their own: say RequireBasicAuth Off", .guarded = at_basic},
    {"apache-access-checker", GATE_CHECK_WARNING,
	"FcgidAccessChecker makes a 401 of the way to the login, shows Variable-* to the visitor, "
	"and takes up to a second: say AuthnzFcgiCheckAuthnProvider",
	.named = "fcgidaccesschecker"},
    {"apache-authenticator", GATE_CHECK_ERROR,
	"FcgidAuthenticator knows Basic alone, and no login by a form: say "
	"AuthnzFcgiCheckAuthnProvider",
	.named = "fcgidauthenticator"},
    {"apache-setenv", GATE_CHECK_ERROR,
	"SetEnv is done after the guard was asked, which does not see it: say SetEnvIf Request_URI "
	"\"^\" NAME=VALUE",
	.guarded = at_setenv},
    {"apache-identity", GATE_CHECK_ERROR,
	"the back end believes what visitors send in these headers: set all four by RequestHeader "
	"set",
	.look = look_identity},
    {"apache-underscore", GATE_CHECK_WARNING,
	"many back ends take them for the headers with a dash, and visitors can send them: "
	"RequestHeader unset them",
	.look = look_underscore},
    {.id = NULL},
};
