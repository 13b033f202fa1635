/* gate_check/apache_page.c: traps of Apache that gate's pages fall into. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "gate_check/apache.h"
#include "gate_command.h"
#include "serve/parked.h"

#define FIELD_SIZE 8190 /* Apache's own LimitRequestFieldSize */

/* Returns the value of a worker's parameter, as enablereuse=on; NULL: it is not set. */
static const char *
parameter(const struct gate_web_node *node, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 1; node != NULL && i < node->count; i++)
		if (strncasecmp(node->words[i], name, length) == 0 && node->words[i][length] == '=')
			return node->words[i] + length + 1;
	return NULL;
}

/* Returns the <Proxy> of a worker; NULL: it has none. */
static const struct gate_web_node *
proxy_block(const struct gate_web_look *look, const char *host)
{
	const struct gate_web_node *at = NULL;
	size_t length = strlen(host);

	while ((at = gate_web_find(look->root, at, "proxy")) != NULL) {
		const char *url = strstr(gate_web_word(at, 1), "fcgi://");

		if (url != NULL && strncmp(url + strlen("fcgi://"), host, length) == 0 &&
		    strchr("/", url[strlen("fcgi://") + length]) != NULL)
			break;
	}
	return at;
}

/* Returns a parameter of the worker that a page is called by, of ProxyPass or ProxySet. */
static const char *
worker_parameter(
    const struct gate_web_look *look, const struct gate_web_page *page, const char *name)
{
	const char *value = parameter(page->node, name);
	struct gate_web_target target;
	const struct gate_web_node *block, *set;

	if (value != NULL || !gate_web_apache_target(page->node, &target))
		return value;
	block = proxy_block(look, target.host);
	set = block != NULL ? gate_web_child(block, "proxyset") : NULL;
	for (; set != NULL && value == NULL; set = gate_web_again(set))
		value = parameter(set, name);
	return value;
}

/* ---- workers ---- */

static void
at_worker(struct gate_web_look *look, const struct gate_web_page *page)
{
	struct gate_web_target one, other;

	if (!gate_web_apache_target(page->node, &one))
		return;
	for (size_t j = 0; &look->pages[j] != page; j++)
		if (gate_web_apache_target(look->pages[j].node, &other) &&
		    strcmp(one.host, other.host) == 0 && strcmp(one.socket, other.socket) != 0)
			gate_web_hit(look, page->node, "%s has the worker fcgi://%s/ of %s",
			    gate_web_page_label(page), one.host,
			    gate_web_page_label(&look->pages[j]));
}

static void
at_reuse(struct gate_web_look *look, const struct gate_web_page *page)
{
	const char *reuse = worker_parameter(look, page, "enablereuse");
	struct gate_web_target target;

	if (gate_web_apache_target(page->node, &target) &&
	    (reuse == NULL || strcasecmp(reuse, "on") != 0))
		gate_web_hit(look, page->node, "%s", gate_web_page_label(page));
}

static void
at_idle(struct gate_web_look *look, const struct gate_web_page *page)
{
	const char *ttl = worker_parameter(look, page, "ttl");

	if (ttl != NULL && gate_web_seconds(ttl) >= GATE_KEPT_TIME / 1000)
		gate_web_hit(look, page->node, "%s has ttl=%s", gate_web_page_label(page), ttl);
}

/* Inside of a section ProxyPass takes the section's regular expression for one only if it looks
 * like a pattern of file names. */
static void
at_location_match(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *section = gate_web_around(page->place, "locationmatch");
	size_t word = 1;

	if (section == NULL) {
		section = gate_web_around(page->place, "location");
		word = 2;
		if (section == NULL || strcmp(gate_web_word(section, 1), "~") != 0)
			return;
	}
	if (gate_web_is(page->node, "proxypass") &&
	    strpbrk(gate_web_word(section, word), "*?[\\") == NULL)
		gate_web_hit(look, page->node, "%s", gate_web_page_label(page));
}

/* ProxyPass takes the worker that a <Proxy> with ProxySet made, if there is one; ProxyPassMatch
 * makes its own. */
static void
at_proxy_block(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *node = page->node, *block = NULL;
	bool set = parameter(node, "enablereuse") != NULL || parameter(node, "max") != NULL ||
	    parameter(node, "ttl") != NULL || parameter(node, "retry") != NULL;
	struct gate_web_target target;

	if (set && gate_web_is(node, "proxypass") && gate_web_apache_target(node, &target))
		block = proxy_block(look, target.host);
	if (block != NULL && gate_web_child(block, "proxyset") != NULL)
		gate_web_hit(look, node, "%s, with <Proxy> in %s:%u", gate_web_page_label(page),
		    block->file, block->line);
}

/* ---- headers ---- */

static void
at_peer(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *remoteip = gate_web_find(look->root, NULL, "remoteipheader");
	const char *peer = gate_web_apache_variable(page->place, "proxyfcgisetenvif", "GATE_PEER");
	struct gate_web_target target;

	if (remoteip != NULL && gate_web_apache_target(page->node, &target) &&
	    (peer == NULL || strstr(peer, "CONN_REMOTE_ADDR") == NULL))
		gate_web_hit(look, page->node, "%s, with RemoteIPHeader in %s:%u",
		    gate_web_page_label(page), remoteip->file, remoteip->line);
}

static void
look_field_size(struct gate_web_look *look)
{
	const struct gate_web_node *at = NULL;

	while (look->page_count > 0 &&
	    (at = gate_web_find(look->root, at, "limitrequestfieldsize")) != NULL)
		if (gate_web_bytes(gate_web_word(at, 1)) > FIELD_SIZE)
			gate_web_hit(look, at, "LimitRequestFieldSize %s", gate_web_word(at, 1));
}

/* ---- mod_fcgid ---- */

static bool
is_started(const struct gate_web_page *page)
{
	return gate_web_starts_with(gate_web_word(page->node, 0), "scriptalias") ||
	    gate_web_starts_with(gate_web_word(page->node, 0), "fcgid");
}

/* Says the first page that mod_fcgid starts: it is true of all. */
static void
look_fcgid(struct gate_web_look *look)
{
	size_t i = 0;

	while (i < look->page_count && !is_started(&look->pages[i]))
		i++;
	if (i < look->page_count)
		gate_web_hit(look, look->pages[i].node, "%s", gate_web_page_label(&look->pages[i]));
}

static void
at_fcgid_length(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *node = gate_web_inherited(page->place, "fcgidmaxrequestlen");
	long length = node != NULL ? gate_web_bytes(gate_web_word(node, 1)) : -1;

	if (is_started(page) && length >= 0 && length < look->check->options.body_limit)
		gate_web_hit(look, node, "FcgidMaxRequestLen %s", gate_web_word(node, 1));
}

const struct gate_web_trap gate_web_apache_traps[] = {
    {"apache-prefix", GATE_CHECK_WARNING,
	"the page is also shown for longer paths: say ProxyPassMatch \"^PATH$\"",
	.page = gate_web_at_prefix},
    {"apache-location-match", GATE_CHECK_ERROR,
	"ProxyPass takes the section's regular expression for a plain path, and the page is shown "
	"nowhere: say ProxyPassMatch",
	.page = at_location_match},
    {"apache-worker", GATE_CHECK_ERROR,
	"Apache sends both to the first one's socket: give each page a host of its own, as "
	"fcgi://gate-login/",
	.page = at_worker},
    {"apache-reuse", GATE_CHECK_NOTE,
	"Apache opens a connection for each request: enablereuse=on keeps them", .page = at_reuse},
    {"apache-idle", GATE_CHECK_WARNING,
	"gate ends idle connections after 90 s, and a POST that Apache then sends fails: say "
	"ttl=60",
	.page = at_idle},
    {"apache-proxy-block", GATE_CHECK_WARNING,
	"Apache ignores what ProxyPass sets for a worker that has a <Proxy> block with ProxySet: "
	"set it there, too",
	.page = at_proxy_block},
    {"apache-peer", GATE_CHECK_WARNING,
	"gate can't see which proxy it was, and does not believe its https: say ProxyFCGISetEnvIf "
	"\"true\" GATE_PEER \"%{CONN_REMOTE_ADDR}\"",
	.page = at_peer},
    {"apache-pass-auth", GATE_CHECK_NOTE, "gate does not use Authorization: CGIPassAuth may be off",
	.directive = "cgipassauth", .value = "on"},
    {"apache-field-size", GATE_CHECK_WARNING,
	"Apache drops a Cookie header over 16 KiB before gate sees it, and its visitor looks like "
	"a "
	"stranger: leave it at 8190",
	.look = look_field_size},
    {"apache-fcgid", GATE_CHECK_NOTE,
	"mod_fcgid makes a visitor wait a second when no process is free, and its programs run as "
	"Apache's user, whom secret and store must belong to: mod_proxy_fcgi has neither",
	.look = look_fcgid},
    {"apache-fcgid-length", GATE_CHECK_WARNING,
	"Apache refuses bodies that gate takes: say at least body_limit", .page = at_fcgid_length},
    {.id = NULL},
};
