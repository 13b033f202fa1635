/* web/apache_guard.c: traps of Apache for the guard, and for what it guards. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "web/apache.h"
#include "gate_command.h"

#define PORT_FREE 1024 /* every user may listen at this port and above */

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
at_address(struct gate_web_look *look, const struct gate_web_page *page)
{
	if (gate_web_is(page->node, "authnzfcgidefineprovider") && port_of(provider(page)) == NULL)
		gate_web_hit(look, page->node, "%s", provider(page));
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

static void
at_port(struct gate_web_look *look, const struct gate_web_page *page)
{
	const char *port = port_of(provider(page));

	if (port != NULL && strtol(port, NULL, 10) >= PORT_FREE)
		gate_web_hit(look, page->node, "%s", provider(page));
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

static bool
has_require(const struct gate_web_node *place)
{
	const struct gate_web_node *all = gate_web_child(place, "requireall");

	return gate_web_child(place, "require") != NULL ||
	    (all != NULL && gate_web_child(all, "require") != NULL);
}

static void
at_all(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	const struct gate_web_node *node = gate_web_child(guarded->place, "require");

	if (!has_require(guarded->place) && has_provider(guarded))
		gate_web_hit(
		    look, guarded->node, "%s has no Require", gate_web_guarded_label(guarded));
	if (gate_web_apache_is_lua(guarded->node)) /* which asks the guard in any case */
		return;
	for (; node != NULL; node = gate_web_again(node))
		if (strcasecmp(gate_web_word(node, 1), "all") == 0 &&
		    strcasecmp(gate_web_word(node, 2), "granted") == 0)
			gate_web_hit(look, node, "%s has Require all granted",
			    gate_web_guarded_label(guarded));
}

/* Returns the first Satisfy with this word below a node; NULL: there is none. */
static const struct gate_web_node *
satisfy(const struct gate_web_node *below, const char *word)
{
	for (const struct gate_web_node *at = below; at != NULL; at = gate_web_walk(below, at))
		if (gate_web_is(at, "satisfy") && strcasecmp(gate_web_word(at, 1), word) == 0)
			return at;
	return NULL;
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

static void
at_checker(struct gate_web_look *look, const struct gate_web_guarded *guarded)
{
	if (gate_web_is(guarded->node, "fcgidaccesschecker"))
		gate_web_hit(look, guarded->node, "%s", gate_web_guarded_label(guarded));
}

static void
at_authenticator(struct gate_web_look *look, const struct gate_web_page *page)
{
	if (gate_web_is(page->node, "fcgidauthenticator"))
		gate_web_hit(look, page->node, "%s", page->address);
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

/* Looks at each back end that is guarded, and not gate's. */
static void
each_back(struct gate_web_look *look,
    void (*look_at)(struct gate_web_look *, const struct gate_web_guarded *,
	const struct gate_web_node *, bool fastcgi))
{
	const struct gate_web_node *root = look->root;

	for (const struct gate_web_node *at = root; at != NULL; at = gate_web_walk(root, at)) {
		const struct gate_web_guarded *guarded;
		struct gate_web_target target;
		size_t page = 0;

		if (!gate_web_apache_target(at, &target))
			continue;
		while (page < look->page_count && look->pages[page].node != at)
			page++;
		guarded = guarded_of(look, at);
		if (page == look->page_count && guarded != NULL)
			look_at(look, guarded, at, target.fastcgi);
	}
}

static void
at_identity(struct gate_web_look *look, const struct gate_web_guarded *guarded,
    const struct gate_web_node *back, bool fastcgi)
{
	struct gate_buffer missing = {0};

	(void)fastcgi;
	for (size_t i = 0; i < GATE_WEB_IDENTITY; i++)
		if (!is_replaced(guarded->place, gate_web_identity[i]) &&
		    !is_replaced(back->parent, gate_web_identity[i]))
			gate_buffer_printf(&missing, " %s", gate_web_identity[i]);
	if (missing.length > 0)
		gate_web_hit(look, back, "%s, without%s", gate_web_guarded_label(guarded),
		    gate_buffer_text(&missing));
	gate_buffer_release(&missing);
}

static void
look_identity(struct gate_web_look *look)
{
	each_back(look, at_identity);
}

/* Apache drops a header with an underscore for CGI and FastCGI, but not for HTTP. */
static void
at_underscore(struct gate_web_look *look, const struct gate_web_guarded *guarded,
    const struct gate_web_node *back, bool fastcgi)
{
	struct gate_buffer missing = {0};

	for (size_t i = 0; i < GATE_WEB_IDENTITY && !fastcgi; i++) {
		char name[32] = "";

		for (size_t j = 0; j + 1 < sizeof name && gate_web_identity[i][j] != '\0'; j++)
			name[j] = gate_web_identity[i][j] == '-' ? '_' : gate_web_identity[i][j];
		if (!is_replaced(guarded->place, name) && !is_replaced(back->parent, name))
			gate_buffer_printf(&missing, " %s", name);
	}
	if (missing.length > 0)
		gate_web_hit(look, back, "%s passes%s", gate_web_guarded_label(guarded),
		    gate_buffer_text(&missing));
	gate_buffer_release(&missing);
}

static void
look_underscore(struct gate_web_look *look)
{
	each_back(look, at_underscore);
}

const struct gate_web_trap gate_web_apache_guard_traps[] = {
    {"apache-provider", GATE_CHECK_ERROR,
	"mod_authnz_fcgi takes TCP alone, and no unix socket: say fcgi://127.0.0.1:PORT/",
	.page = at_address},
    {"apache-provider-host", GATE_CHECK_ERROR,
	"who stands on the way can let anybody in: let the guard listen on the loopback",
	.page = at_host},
    {"apache-provider-port", GATE_CHECK_WARNING,
	"while gate is down every user of this host can listen there and let anybody in: take a "
	"port below 1024",
	.page = at_port},
    {"apache-provider-missing", GATE_CHECK_ERROR,
	"there is no such provider: define it by AuthnzFcgiDefineProvider authnz NAME",
	.guarded = at_missing},
    {"apache-require", GATE_CHECK_ERROR,
	"Apache lets everybody in without asking the guard: say Require and the provider's name, "
	"and no other Require",
	.guarded = at_all},
    {"apache-satisfy", GATE_CHECK_ERROR,
	"with Satisfy Any, Apache lets in whom no guard was asked for: say Satisfy All in each "
	"guarded place",
	.guarded = at_satisfy},
    {"apache-basic", GATE_CHECK_WARNING,
	"browsers ask for a password of their own: say RequireBasicAuth Off", .guarded = at_basic},
    {"apache-access-checker", GATE_CHECK_WARNING,
	"FcgidAccessChecker makes a 401 of the way to the login, shows Variable-* to the visitor, "
	"and takes up to a second: say AuthnzFcgiCheckAuthnProvider",
	.guarded = at_checker},
    {"apache-authenticator", GATE_CHECK_ERROR,
	"FcgidAuthenticator knows Basic alone, and no login by a form: say "
	"AuthnzFcgiCheckAuthnProvider",
	.page = at_authenticator},
    {"apache-setenv", GATE_CHECK_ERROR,
	"SetEnv is done after the guard was asked, which does not see it: say SetEnvIf Request_URI "
	"\"\" NAME=VALUE",
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
