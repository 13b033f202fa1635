/* http/address.c: addresses as web servers write them, and lists of addresses and networks. */
#include "config.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "http/address.h"

#define ZONE_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

static bool
is_link_local(const struct gate_address *a)
{
	return a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

/* Takes the zone of fe80::1%eth0: on each interface, a link-local address may be another host. */
static bool
take_zone(struct gate_address *a, const char *zone)
{
	size_t length = strlen(zone);

	if (!is_link_local(a) || length == 0 || length >= sizeof a->zone ||
	    strspn(zone, ZONE_CHARACTERS) != length)
		return false;
	memcpy(a->zone, zone, length + 1);
	return true;
}

static bool
parse_six(struct gate_address *a, char *text)
{
	char *percent = strchr(text, '%');

	if (percent != NULL)
		*percent = '\0';
	*a = (struct gate_address){.family = AF_INET6, .bits = 128};
	if (inet_pton(AF_INET6, text, a->bytes) != 1)
		return false;
	if (memcmp(a->bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0) { /* ::ffff:192.0.2.1 */
		memmove(a->bytes, a->bytes + 12, 4);
		memset(a->bytes + 4, 0, 12);
		a->family = AF_INET;
		a->bits = 32;
	}
	return percent == NULL || take_zone(a, percent + 1);
}

bool
gate_address_split(const char *text, char host[GATE_HOST_MAX], const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon != NULL ? (size_t)(colon - text) : 0;

	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length == 0 || length >= GATE_HOST_MAX)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	*port = colon + 1;
	return true;
}

bool
gate_address_parse(struct gate_address *a, const char *text, size_t length)
{
	char copy[GATE_ADDRESS_MAX];

	if (length == 0 || length >= sizeof copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	*a = (struct gate_address){.family = AF_UNIX};
	if (strcmp(copy, "unix:") == 0)
		return true;
	*a = (struct gate_address){.family = AF_INET, .bits = 32};
	return inet_pton(AF_INET, copy, a->bytes) == 1 || parse_six(a, copy);
}

void
gate_address_write(const struct gate_address *a, char out[GATE_ADDRESS_MAX])
{
	size_t length;

	if (a->family == AF_UNIX) {
		memcpy(out, "unix:", sizeof "unix:");
		return;
	}
	if (inet_ntop(a->family, a->bytes, out, GATE_ADDRESS_MAX - GATE_ZONE_MAX) == NULL)
		out[0] = '\0';
	if (a->zone[0] == '\0')
		return;
	length = strlen(out);
	out[length++] = '%';
	memcpy(out + length, a->zone, strlen(a->zone) + 1);
}

bool
gate_address_equal(const struct gate_address *a, const struct gate_address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0 &&
	    strcmp(a->zone, b->zone) == 0;
}

/* Is an address in a network? A network without a zone matches on every interface. */
static bool
within(const struct gate_address *a, const char *net)
{
	const char *slash = strchr(net, '/');
	struct gate_address n;
	int bits;

	if (a->family == AF_UNIX)
		return strcmp(net, "unix") == 0;
	if (!gate_address_parse(&n, net, slash != NULL ? (size_t)(slash - net) : strlen(net)) ||
	    n.family != a->family || (n.zone[0] != '\0' && strcmp(n.zone, a->zone) != 0))
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

bool
gate_address_listed(const struct gate_address *a, char *const *list)
{
	for (; *list != NULL; list++)
		if (within(a, *list))
			return true;
	return false;
}
