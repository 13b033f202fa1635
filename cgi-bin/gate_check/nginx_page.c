/* gate_check/nginx_page.c: traps of nginx that gate's pages fall into. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "gate_check/nginx.h"
#include "gate_command.h"
#include "http/cookie.h"
#include "request/request.h"
#include "serve/parked.h"

#define STATUS_ROOM 256 /* bytes of an answer's first line, and what frames it */

static const struct gate_web_node *
param(const struct gate_web_page *page, const char *name)
{
	return gate_web_nginx_setting(page->node->parent, "fastcgi_param", name);
}

/* ---- parameters ---- */

static void
at_params_none(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *own = gate_web_child(page->node->parent, "fastcgi_param");

	if (param(page, "REQUEST_METHOD") == NULL)
		gate_web_hit(look, own != NULL ? own : page->node, "%s gets no REQUEST_METHOD",
		    gate_web_page_label(page));
}

static void
at_params_twice(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *node = gate_web_inherited(page->node->parent, "fastcgi_param");

	for (; node != NULL; node = gate_web_again(node)) {
		const struct gate_web_node *first = param(page, gate_web_word(node, 1));

		if (first != node)
			gate_web_hit(look, node, "%s stands in %s:%u, too", gate_web_word(node, 1),
			    first->file, first->line);
	}
}

static void
at_host(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *node = param(page, "HTTP_HOST");

	if (node != NULL && *look->check->options.origin == '\0' &&
	    strcmp(gate_web_word(node, 2), "$http_host") != 0 &&
	    strchr(gate_web_word(node, 2), ':') == NULL)
		gate_web_hit(look, node, "HTTP_HOST is %s", gate_web_word(node, 2));
}

static void
at_remote_user(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *node = param(page, "REMOTE_USER");

	if (node != NULL)
		gate_web_hit(look, node, "REMOTE_USER is %s", gate_web_word(node, 2));
}

static void
at_proxy_header(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *node = param(page, "HTTP_PROXY");

	if (node == NULL || *gate_web_word(node, 2) != '\0')
		gate_web_hit(
		    look, node != NULL ? node : page->node, "%s", gate_web_page_label(page));
}

/* ---- addresses and headers ---- */

static void
at_peer(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *realip =
	    gate_web_inherited(page->node->parent, "set_real_ip_from");
	const struct gate_web_node *peer = param(page, "GATE_PEER");

	if (realip != NULL &&
	    (peer == NULL || strcmp(gate_web_word(peer, 2), "$realip_remote_addr") != 0))
		gate_web_hit(look, page->node, "%s, with set_real_ip_from in %s:%u",
		    gate_web_page_label(page), realip->file, realip->line);
}

static void
at_real_ip(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *node =
	    gate_web_inherited(page->node->parent, "set_real_ip_from");

	for (; node != NULL; node = gate_web_again(node))
		if (gate_web_ends_with(gate_web_word(node, 1), "/0"))
			gate_web_hit(look, node, "set_real_ip_from %s", gate_web_word(node, 1));
}

/* Returns the listen of a page's server that has this word or begins with it; NULL: none has. */
static const struct gate_web_node *
find_listen(const struct gate_web_page *page, const char *word)
{
	const struct gate_web_node *server = gate_web_around(page->place, "server"), *node;

	for (node = server != NULL ? gate_web_child(server, "listen") : NULL; node != NULL;
	     node = gate_web_again(node))
		for (size_t i = 1; i < node->count; i++)
			if (gate_web_starts_with(node->words[i], word))
				return node;
	return NULL;
}

static void
at_unix(struct gate_web_look *look, const struct gate_web_page *page)
{
	char *const *proxy = look->check->options.trusted_proxies;
	const struct gate_web_node *listen = find_listen(page, "unix:");

	while (*proxy != NULL && strcmp(*proxy, "unix") != 0)
		proxy++;
	if (listen != NULL && *proxy == NULL)
		gate_web_hit(look, listen, "listen %s", gate_web_word(listen, 1));
}

static void
at_http3(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *listen = find_listen(page, "quic");

	if (listen != NULL && *look->check->options.origin == '\0')
		gate_web_hit(look, listen, "listen %s quic", gate_web_word(listen, 1));
}

/* ---- connections and answers ---- */

static void
at_keep(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *upstream =
	    gate_web_nginx_upstream(look, gate_web_word(page->node, 1));
	const struct gate_web_node *keepalive =
	    upstream != NULL ? gate_web_child(upstream, "keepalive") : NULL;
	bool kept =
	    strcmp(gate_web_nginx_value(page->node->parent, "fastcgi_keep_conn"), "on") == 0;

	if (keepalive != NULL && !kept)
		gate_web_hit(look, page->node, "%s has keepalive, and no fastcgi_keep_conn on",
		    gate_web_page_label(page));
	else if (keepalive == NULL && kept)
		gate_web_hit(look, page->node,
		    "%s has fastcgi_keep_conn on, and no upstream with keepalive",
		    gate_web_page_label(page));
}

static void
at_idle(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *upstream =
	    gate_web_nginx_upstream(look, gate_web_word(page->node, 1));
	const struct gate_web_node *node =
	    upstream != NULL ? gate_web_child(upstream, "keepalive_timeout") : NULL;

	if (node != NULL && gate_web_seconds(gate_web_word(node, 1)) >= GATE_KEPT_TIME / 1000)
		gate_web_hit(look, node, "keepalive_timeout %s", gate_web_word(node, 1));
}

static void
at_buffer(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *node =
	    gate_web_inherited(page->node->parent, "fastcgi_buffer_size");
	long size = node != NULL ? gate_web_bytes(gate_web_word(node, 1)) : 0;

	if (size < (long)GATE_HEADERS_MAX + STATUS_ROOM)
		gate_web_hit(look, node != NULL ? node : page->node,
		    "%s has fastcgi_buffer_size %s", gate_web_page_label(page),
		    node != NULL ? gate_web_word(node, 1) : "4k or 8k, the default");
}

static void
at_store(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *store = gate_web_inherited(page->node->parent, "fastcgi_store");

	if (store != NULL && !page->guard && strcmp(gate_web_word(store, 1), "off") != 0)
		gate_web_hit(look, store, "fastcgi_store %s", gate_web_word(store, 1));
}

/* Could nginx take more cookies than gate reads? */
static void
at_header_buffers(struct gate_web_look *look, const struct gate_web_page *page)
{
	const struct gate_web_node *node =
	    gate_web_inherited(page->place, "large_client_header_buffers");
	long count = node != NULL ? gate_web_bytes(gate_web_word(node, 1)) : 0;
	long size = node != NULL ? gate_web_bytes(gate_web_word(node, 2)) : 0;

	if (count > 0 && size > (long)GATE_COOKIE_HEADER_MAX / count)
		gate_web_hit(look, node, "large_client_header_buffers %s %s",
		    gate_web_word(node, 1), gate_web_word(node, 2));
}

/* ---- the way back after a login ---- */

/* Looks in all redirects for a `next` that is one of two variables. */
static void
look_next_of(struct gate_web_look *look, const char *one, const char *other)
{
	static const char *const redirects[] = {"return", "rewrite", "error_page"};

	for (size_t j = 0; j < sizeof redirects / sizeof *redirects && look->page_count > 0; j++) {
		const struct gate_web_node *at = NULL;

		while ((at = gate_web_find(look->root, at, redirects[j])) != NULL)
			for (size_t i = 1; i < at->count; i++)
				if (strstr(at->words[i], one) != NULL ||
				    strstr(at->words[i], other) != NULL)
					gate_web_hit(look, at, "%s", at->words[i]);
	}
}

static void
look_next(struct gate_web_look *look)
{
	look_next_of(look, "next=$request_uri", "next=${request_uri}");
}

static void
look_next_decoded(struct gate_web_look *look)
{
	look_next_of(look, "next=$uri", "next=$document_uri");
}

#define AS_ANOTHER_HEADER                                                                          \
	"a visitor's X_Forwarded_For or Remote_User passes as the server's own header: remove it"
#define FOR_OTHERS "visitors get pages that were made for others: keep it out of gate's places"

const struct gate_web_trap gate_web_nginx_traps[] = {
    {"nginx-prefix", GATE_CHECK_WARNING,
	"the page is also shown for longer paths: write location = PATH",
	.page = gate_web_at_prefix},
    {"nginx-params-none", GATE_CHECK_ERROR,
	"a fastcgi_param of a place replaces all that it would inherit: include gate_params there",
	.page = at_params_none},
    {"nginx-params-twice", GATE_CHECK_ERROR,
	"nginx sends both, and the first one counts: include gate_params alone, without "
	"fastcgi_params",
	.page = at_params_twice},
    {"nginx-host", GATE_CHECK_WARNING,
	"it lacks the port that the check against cross-site requests needs: include gate_params "
	"in place of fastcgi_params, or set the option origin",
	.page = at_host},
    {"nginx-remote-user", GATE_CHECK_WARNING,
	"nobody has checked this name, and gate does not use it: include gate_params in place of "
	"fastcgi_params",
	.page = at_remote_user},
    {"nginx-proxy-header", GATE_CHECK_WARNING,
	"a visitor can set HTTP_PROXY for the program (httpoxy): include gate_params, or say "
	"fastcgi_param HTTP_PROXY \"\"",
	.page = at_proxy_header},
    {"nginx-peer", GATE_CHECK_WARNING,
	"gate can't see which proxy it was, and does not believe its https: include gate_params, "
	"or say fastcgi_param GATE_PEER $realip_remote_addr",
	.page = at_peer},
    {"nginx-real-ip", GATE_CHECK_ERROR,
	"every visitor can choose the address that gate counts and logs: name the proxies",
	.page = at_real_ip},
    {"nginx-unix", GATE_CHECK_WARNING,
	"who comes this way has the address unix: and all wait for each other's wrong "
	"passwords: let trusted_proxies name unix",
	.page = at_unix},
    {"nginx-http3", GATE_CHECK_WARNING,
	"HTTP/3 may come without Host, and then posts get 403: set the option origin",
	.page = at_http3},
    {"nginx-underscores", GATE_CHECK_ERROR, AS_ANOTHER_HEADER,
	.directive = "underscores_in_headers", .value = "on"},
    {"nginx-underscores", GATE_CHECK_ERROR, AS_ANOTHER_HEADER,
	.directive = "ignore_invalid_headers", .value = "off"},
    {"nginx-keep", GATE_CHECK_WARNING,
	"nginx opens a connection for each request: set both, or neither", .page = at_keep},
    {"nginx-idle", GATE_CHECK_WARNING,
	"gate ends idle connections after 90 s, and a POST that nginx then sends is a 502: say 60s",
	.page = at_idle},
    {"nginx-buffer", GATE_CHECK_WARNING,
	"an answer with longer headers becomes a 502, and gate's may have 8k: say "
	"fastcgi_buffer_size 16k",
	.page = at_buffer},
    {"nginx-request-buffering", GATE_CHECK_WARNING,
	"slow bodies come to gate in pieces, chunked ones without CONTENT_LENGTH: remove it",
	.directive = "fastcgi_request_buffering", .value = "off"},
    {"nginx-header-buffers", GATE_CHECK_WARNING,
	"gate reads no cookie of a visitor who sends more than 64 KiB of them: say 4 8k, which is "
	"also 32 KiB over HTTP/2",
	.page = at_header_buffers},
    {"nginx-cache", GATE_CHECK_ERROR, FOR_OTHERS, .directive = "fastcgi_cache", .unless = "off"},
    {"nginx-cache", GATE_CHECK_ERROR, FOR_OTHERS, .page = at_store},
    {"nginx-next-decoded", GATE_CHECK_ERROR,
	"nginx has decoded this path, so a link can put a header into the answer: say "
	"$request_uri, "
	"or the Location of the guard's answer",
	.look = look_next_decoded},
    {"nginx-next", GATE_CHECK_NOTE,
	"what follows an & in the visitor's query is lost at login: take the Location of the "
	"guard's answer, by auth_request_set",
	.look = look_next},
    {.id = NULL},
};
