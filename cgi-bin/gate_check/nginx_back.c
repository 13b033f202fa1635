/* gate_check/nginx_back.c: traps of nginx for the back ends that the guard guards. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gate_check/nginx.h"

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

struct called { /* a guarded back end, which is not gate's */
	const struct gate_web_node *node;
	const struct back *back;
};

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

/* Goes on to the next one; called->node begins as NULL. Returns false if there is none. */
static bool
next_called(const struct gate_web_look *look, struct called *called)
{
	const struct gate_web_node *root = look->root, *at = called->node;

	for (at = at != NULL ? gate_web_walk(root, at) : root; at != NULL;
	     at = gate_web_walk(root, at)) {
		*called = (struct called){at, back_of(look, at)};
		if (called->back != NULL)
			return true;
	}
	return false;
}

/* Returns what sets a header of the identity there; NULL: nothing does. */
static const struct gate_web_node *
identity(const struct called *called, const char *name)
{
	const char *prefix = called->back->prefix;
	char wanted[64];

	snprintf(wanted, sizeof wanted, "%s%s", prefix, name);
	for (char *c = wanted; *prefix != '\0' && *c != '\0'; c++)
		*c = *c == '-' ? '_' : *c;
	return gate_web_nginx_setting(called->node->parent, called->back->set, wanted);
}

static bool
is_sent(const void *data, const char *name)
{
	return identity((const struct called *)data, name) == NULL;
}

static void
look_identity(struct gate_web_look *look)
{
	struct called called = {NULL, NULL};

	while (next_called(look, &called)) {
		const char *names = gate_web_names(look, is_sent, &called);

		if (*names != '\0')
			gate_web_hit(look, called.node, "%s without%s",
			    gate_web_word(called.node, 0), names);
	}
}

/* Does a header of the identity get what the visitor sent? */
static void
look_identity_sent(struct gate_web_look *look)
{
	struct called called = {NULL, NULL};

	while (next_called(look, &called))
		for (size_t i = 0; i < GATE_WEB_IDENTITY; i++) {
			const struct gate_web_node *node = identity(&called, gate_web_identity[i]);
			const char *value = node != NULL ? gate_web_word(node, 2) : "";

			if (gate_web_starts_with(value, "$http_") ||
			    gate_web_starts_with(value, "$remote_user"))
				gate_web_hit(look, node, "%s is %s", gate_web_word(node, 1), value);
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
	struct called called = {NULL, NULL};

	while (next_called(look, &called)) {
		const struct gate_web_node *at = called.node, *first = NULL, *last = NULL, *node;

		node = *called.back->prefix != '\0'
		    ? gate_web_nginx_setting(at->parent, called.back->set, "REMOTE_USER")
		    : NULL;
		for (first = node; node != NULL; node = gate_web_again(node))
			last = strcmp(gate_web_word(node, 1), "REMOTE_USER") == 0 ? node : last;
		node = first != NULL && is_claimed(first) ? first : last;
		if (node != NULL && is_claimed(node))
			gate_web_hit(look, node, "REMOTE_USER is $remote_user, for the %s in %s:%u",
			    gate_web_word(at, 0), at->file, at->line);
	}
}

const struct gate_web_trap gate_web_nginx_back_traps[] = {
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
