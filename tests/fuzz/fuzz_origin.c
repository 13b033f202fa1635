/* fuzz_origin.c: compares addresses, proxies, X-Forwarded headers, Origin and local paths with slow
 * versions of the same rules. */
#include "config.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "options/private.h"
#include "http/origin.h"

#define FIELDS 13 /* lines of the input before those of the proxies */
#define PROXIES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- addresses ---- */

struct slow_address {
	bool old, local;         /* IPv4; "unix:" */
	unsigned char bytes[16]; /* IPv4 as ::ffff:… */
	char zone[16];
};

/* Cuts the zone off a link-local address. */
static bool
read_zone(char *text, char zone[16])
{
	char *percent = strchr(text, '%');
	unsigned char bytes[16];

	if (percent == NULL)
		return true;
	*percent++ = '\0';
	if (inet_pton(AF_INET6, text, bytes) != 1 || bytes[0] != 0xfe || bytes[1] >> 6 != 2 ||
	    *percent == '\0' || strlen(percent) > 15)
		return false;
	for (const char *c = percent; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("_.-", *c) == NULL)
			return false;
	snprintf(zone, 16, "%s", percent);
	return true;
}

static bool
read_address(const char *given, struct slow_address *a)
{
	char text[100];
	static const unsigned char mapped[12] = {[10] = 0xff, 0xff};

	memset(a, 0, sizeof *a);
	if (strlen(given) >= GATE_ADDRESS_MAX)
		return false;
	snprintf(text, sizeof text, "%s", given);
	a->local = strcmp(text, "unix:") == 0;
	if (a->local)
		return true;
	if (!read_zone(text, a->zone))
		return false;
	memcpy(a->bytes, mapped, sizeof mapped);
	a->old = inet_pton(AF_INET, text, a->bytes + 12) == 1;
	if (a->old)
		return true;
	if (inet_pton(AF_INET6, text, a->bytes) != 1)
		return false;
	a->old = memcmp(a->bytes, mapped, sizeof mapped) == 0;
	return true;
}

/* Bit by bit. */
static bool
is_in(const struct slow_address *a, const char *net)
{
	char *copy = strdup(net), *slash;
	struct slow_address n;
	int bits = 128;
	bool in = false;

	assert(copy != NULL);
	if (a->local) {
		in = strcmp(net, "unix") == 0;
		free(copy);
		return in;
	}
	slash = strchr(copy, '/');
	if (slash != NULL)
		*slash = '\0';
	if (read_address(copy, &n) && !n.local && n.old == a->old &&
	    (n.zone[0] == '\0' || strcmp(n.zone, a->zone) == 0)) {
		if (slash != NULL)
			bits =
			    (int)strtol(slash + 1, NULL, 10) + (strchr(copy, ':') == NULL ? 96 : 0);
		in = bits >= (n.old ? 96 : 0);
		for (int i = 0; i < bits && i < 128; i++)
			in = in && ((a->bytes[i / 8] ^ n.bytes[i / 8]) >> (7 - i % 8) & 1) == 0;
	}
	free(copy);
	return in;
}

static bool
is_trusted(const char *address, char *const *proxies)
{
	struct slow_address a;
	bool in = false;

	if (address == NULL || !read_address(address, &a))
		return false;
	for (; *proxies != NULL; proxies++)
		in = in || is_in(&a, *proxies);
	return in;
}

static bool
is_same_address(const char *one, const char *other)
{
	struct slow_address a, b;

	return read_address(one, &a) && read_address(other, &b) && a.old == b.old &&
	    a.local == b.local && strcmp(a.zone, b.zone) == 0 &&
	    memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static void
check_address(const struct gate_origin *o, char *const *proxies)
{
	bool trusted = is_trusted(o->remote_address, proxies);
	char address[GATE_ADDRESS_MAX];
	struct slow_address a;

	assert(gate_origin_trusted(o->remote_address, proxies) == trusted);
	gate_origin_address(o, proxies, address);
	assert(memchr(address, '\0', sizeof address) != NULL);
	if (o->remote_address == NULL || !read_address(o->remote_address, &a)) {
		assert(address[0] == '\0');
		return;
	}
	assert(read_address(address, &a));
	if (!trusted || (o->peer != NULL && !is_same_address(o->peer, o->remote_address)))
		assert(is_same_address(address, o->remote_address));
}

static void
check_secure(const struct gate_origin *o, char *const *proxies)
{
	bool said =
	    (o->https != NULL && (strcasecmp(o->https, "on") == 0 || strcmp(o->https, "1") == 0)) ||
	    (o->request_scheme != NULL && strcmp(o->request_scheme, "https") == 0);
	bool secure = gate_origin_secure(o, proxies);
	const char *peer = o->peer != NULL ? o->peer : o->remote_address;

	assert(!said || secure);
	assert(gate_origin_insecurity(o, proxies) != NULL);
	if (secure && !said)
		assert(is_trusted(peer, proxies) &&
		    strncasecmp(
			o->forwarded_proto + strspn(o->forwarded_proto, " \t"), "https", 5) == 0);
}

/* ---- cross-site requests ---- */

static bool
is_site(const char *origin, const char *scheme, const char *host, const char *port)
{
	size_t length = strlen(scheme), name = strlen(host);

	return strncmp(origin, scheme, length) == 0 &&
	    strncasecmp(origin + length, host, name) == 0 && name > 0 &&
	    strcmp(origin + length + name, port) == 0;
}

/* Is the origin this host's, in one of the ways in which a browser may write it? */
static bool
is_own(const struct gate_origin *o, const char *scheme, const char *port)
{
	size_t length = strlen(o->host), tail = strlen(port);
	bool own =
	    is_site(o->origin, scheme, o->host, "") || is_site(o->origin, scheme, o->host, port);

	if (length > tail && strcmp(o->host + length - tail, port) == 0) {
		char *bare = strndup(o->host, length - tail);

		assert(bare != NULL);
		own = own || is_site(o->origin, scheme, bare, "");
		free(bare);
	}
	if (!own && o->server_port != NULL) {
		char *written = malloc(strlen(o->server_port) + 2);

		assert(written != NULL);
		written[0] = ':';
		memcpy(written + 1, o->server_port, strlen(o->server_port) + 1);
		own = is_site(o->origin, scheme, o->host, written);
		free(written);
	}
	return own;
}

static void
check_refusal(const struct gate_origin *o, const char *own)
{
	bool accepted = gate_origin_refusal(o, own) == NULL;

	if (o->method != NULL &&
	    (strcmp(o->method, "GET") == 0 || strcmp(o->method, "HEAD") == 0 ||
		strcmp(o->method, "OPTIONS") == 0)) {
		assert(accepted);
	} else if (o->fetch_site != NULL) {
		assert(accepted ==
		    (strcmp(o->fetch_site, "same-origin") == 0 ||
			strcmp(o->fetch_site, "none") == 0));
	} else if (accepted) {
		assert(o->origin != NULL);
		assert(own[0] != '\0' ? strcasecmp(o->origin, own) == 0
				      : o->host != NULL &&
			    (is_own(o, "http://", ":80") || is_own(o, "https://", ":443")));
	}
}

static void
check_local_path(const char *path)
{
	size_t length = strlen(path);

	if (!gate_origin_local_path(path, length))
		return;
	assert(length <= GATE_NEXT_MAX && path[0] == '/' && path[1] != '/');
	for (size_t i = 0; i < length; i++)
		assert((unsigned char)path[i] > ' ' && path[i] != '\\' && path[i] != 0x7f);
	assert(strstr(path, "\xc2\x85") == NULL);
}

/* ---- one line of the input for each text; an empty one is not there, as with gate_param ---- */

static char *
cut_line(char **rest)
{
	char *line = *rest, *end;

	if (line == NULL)
		return NULL;
	end = strchr(line, '\n');
	*rest = end != NULL ? end + 1 : NULL;
	if (end != NULL)
		*end = '\0';
	return line[0] != '\0' ? line : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text;
	char *field[FIELDS], *proxies[PROXIES_MAX + 1] = {NULL};
	struct gate_origin o;

	assert(text != NULL);
	for (size_t i = 0; i < FIELDS; i++)
		field[i] = cut_line(&rest);
	for (size_t n = 0; n < PROXIES_MAX && rest != NULL;) {
		char *proxy = cut_line(&rest);

		if (proxy != NULL && gate_option_check_address(proxy) == NULL)
			proxies[n++] = proxy;
	}
	o = (struct gate_origin){.method = field[0],
	    .fetch_site = field[1],
	    .origin = field[2],
	    .host = field[3],
	    .server_port = field[4],
	    .remote_address = field[5],
	    .forwarded_for = field[6],
	    .forwarded_proto = field[7],
	    .https = field[8],
	    .request_scheme = field[9],
	    .peer = field[12]};
	check_address(&o, proxies);
	check_secure(&o, proxies);
	check_refusal(&o, field[10] != NULL ? field[10] : "");
	check_local_path(field[11] != NULL ? field[11] : "");
	free(text);
	return 0;
}
