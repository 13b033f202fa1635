/* origin.c: where a request comes from: whose address, over what, from which site. */
#include "config.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "encode.h"
#include "field.h"
#include "origin.h"

struct address {
	int family;
	unsigned char bytes[16];
	int bits;
};

static bool
parse_address(const char *text, size_t length, struct address *a)
{
	char copy[GATE_ADDRESS_MAX];

	if (length == 0 || length >= sizeof copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	*a = (struct address){.family = AF_INET, .bits = 32};
	if (inet_pton(AF_INET, copy, a->bytes) == 1)
		return true;
	*a = (struct address){.family = AF_INET6, .bits = 128};
	if (inet_pton(AF_INET6, copy, a->bytes) != 1)
		return false;
	if (memcmp(a->bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0) { /* ::ffff:192.0.2.1 */
		memmove(a->bytes, a->bytes + 12, 4);
		a->family = AF_INET;
		a->bits = 32;
	}
	return true;
}

static bool
within(const struct address *a, const char *net)
{
	const char *slash = strchr(net, '/');
	struct address n;
	int bits;

	if (!parse_address(net, slash != NULL ? (size_t)(slash - net) : strlen(net), &n) ||
	    n.family != a->family)
		return false;
	bits = slash != NULL ? (int)strtol(slash + 1, NULL, 10) : n.bits;
	if (slash != NULL && n.family == AF_INET && strchr(net, ':') != NULL)
		bits -= 96; /* ::ffff:192.0.2.0/120 */
	if (bits < 0 || bits > n.bits)
		return false;
	if (memcmp(a->bytes, n.bytes, (size_t)bits / 8) != 0)
		return false;
	return bits % 8 == 0 || ((a->bytes[bits / 8] ^ n.bytes[bits / 8]) >> (8 - bits % 8)) == 0;
}

static bool
listed(const struct address *a, char *const *proxies)
{
	for (; *proxies != NULL; proxies++)
		if (within(a, *proxies))
			return true;
	return false;
}

bool
gate_origin_trusted(const char *address, char *const *proxies)
{
	struct address a;

	return address != NULL && parse_address(address, strlen(address), &a) &&
	    listed(&a, proxies);
}

static void
write_address(const struct address *a, char out[GATE_ADDRESS_MAX])
{
	if (inet_ntop(a->family, a->bytes, out, GATE_ADDRESS_MAX) == NULL)
		out[0] = '\0';
}

/* The last entry of a comma-separated list that ends at *end; *end moves before it. */
static const char *
last_entry(const char *list, size_t *end, size_t *length)
{
	size_t start = *end;
	const char *entry;

	while (start > 0 && list[start - 1] != ',')
		start--;
	entry = list + start;
	*length = *end - start;
	*end = start > 0 ? start - 1 : 0;
	gate_field_trim(&entry, length);
	return entry;
}

static bool
is_port(const char *text, size_t length)
{
	return length >= 2 && text[0] == ':' && strspn(text + 1, "0123456789") >= length - 1;
}

/* Some proxies say the client's port, too: 192.0.2.1:4711, [2001:db8::1]:4711. */
static bool
parse_entry(const char *text, size_t length, struct address *a)
{
	char end = text[0] == '[' ? ']' : ':';
	size_t size = 0;

	while (size < length && text[size] != end)
		size++;
	if (size == length)
		return parse_address(text, length, a);
	if (end == ':')
		return parse_address(text, is_port(text + size, length - size) ? size : length, a);
	return (size + 1 == length || is_port(text + size + 1, length - size - 1)) &&
	    parse_address(text + 1, size - 1, a);
}

void
gate_origin_address(const struct gate_origin *o, char *const *proxies, char out[GATE_ADDRESS_MAX])
{
	const char *list = o->forwarded_for;
	struct address a;
	size_t end;

	out[0] = '\0';
	if (o->remote_address == NULL ||
	    !parse_address(o->remote_address, strlen(o->remote_address), &a))
		return;
	end = list != NULL ? strlen(list) : 0;
	if (end > GATE_ORIGIN_FORWARDED_MAX)
		end = 0;
	while (end > 0 && listed(&a, proxies)) {
		size_t length;
		const char *entry = last_entry(list, &end, &length);
		struct address next;

		if (!parse_entry(entry, length, &next))
			break;
		a = next;
	}
	write_address(&a, out);
}

bool
gate_origin_secure(const struct gate_origin *o, char *const *proxies)
{
	const char *first = o->forwarded_proto;
	size_t length;

	if (o->https != NULL && (strcasecmp(o->https, "on") == 0 || strcmp(o->https, "1") == 0))
		return true;
	if (o->request_scheme != NULL && strcmp(o->request_scheme, "https") == 0)
		return true;
	if (first == NULL || strlen(first) > GATE_ORIGIN_FORWARDED_MAX ||
	    !gate_origin_trusted(o->remote_address, proxies))
		return false;
	length = strcspn(first, ","); /* the first one, as express-session */
	gate_field_trim(&first, &length);
	return length == 5 && strncasecmp(first, "https", 5) == 0;
}

static bool
is_safe(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
	    strcmp(method, "OPTIONS") == 0;
}

/* Browsers leave a scheme's own port out of Origin and Host alike; some servers add it. */
static size_t
host_length(const char *host, bool https)
{
	size_t length = strlen(host);
	const char *port = https ? ":443" : ":80";
	size_t tail = strlen(port);

	if (length > tail && strcmp(host + length - tail, port) == 0)
		return length - tail;
	return length;
}

/* Debian's fastcgi_params send Host without its port: the server's own stands for it. */
static bool
is_host_at_port(const char *site, const char *host, const char *port)
{
	size_t name = strlen(host);

	if (port == NULL || (strchr(host, ':') != NULL && host[name - 1] != ']'))
		return false;
	return strncasecmp(site, host, name) == 0 && site[name] == ':' &&
	    strcmp(site + name + 1, port) == 0;
}

static bool
is_own(const struct gate_origin *o, const char *own)
{
	bool https = strncmp(o->origin, "https://", 8) == 0;
	const char *site;
	size_t length;

	if (own[0] != '\0')
		return strcasecmp(o->origin, own) == 0;
	if (o->host == NULL || (!https && strncmp(o->origin, "http://", 7) != 0))
		return false;
	site = o->origin + (https ? 8 : 7);
	length = host_length(site, https);
	if (length > 0 && length == host_length(o->host, https) &&
	    strncasecmp(site, o->host, length) == 0)
		return true;
	return is_host_at_port(site, o->host, o->server_port);
}

const char *
gate_origin_refusal(const struct gate_origin *o, const char *own)
{
	if (o->method != NULL && is_safe(o->method))
		return NULL;
	if (o->fetch_site != NULL) {
		if (strcmp(o->fetch_site, "same-origin") == 0 || strcmp(o->fetch_site, "none") == 0)
			return NULL;
		return "the browser says that another site sent it";
	}
	if (o->origin == NULL)
		return "neither Sec-Fetch-Site nor Origin says where it comes from";
	return is_own(o, own) ? NULL : "its Origin is not this site";
}

bool
gate_origin_local_path(const char *target, size_t length)
{
	if (length == 0 || length > GATE_NEXT_MAX || target[0] != '/')
		return false;
	if (length > 1 && (target[1] == '/' || target[1] == '\\'))
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)target[i];

		if (c < 0x21 || c == 0x7f || c == '\\')
			return false;
		if (c == 0xc2 && i + 1 < length && (unsigned char)target[i + 1] < 0xa0)
			return false; /* U+0080 to U+009F */
	}
	return gate_utf8_valid(target, length);
}
