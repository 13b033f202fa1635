/* http/address.h: a peer's address as web servers write it, and lists of addresses and networks. */
#ifndef GATE_HTTP_ADDRESS_H
#define GATE_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define GATE_ZONE_MAX 16    /* name of a network interface and its NUL */
#define GATE_ADDRESS_MAX 64 /* text of an address with a zone, and its NUL */

struct gate_address {
	int family;              /* AF_UNIX has no bytes: "unix:" */
	unsigned char bytes[16]; /* an IPv4 address written as IPv6 is one of IPv4 */
	int bits;
	char zone[GATE_ZONE_MAX]; /* where a link-local address is one: "eth0", or "" */
};

/* False: the text is none. */
bool gate_address_parse(struct gate_address *, const char *text, size_t length);
void gate_address_write(const struct gate_address *, char out[GATE_ADDRESS_MAX]);
bool gate_address_equal(const struct gate_address *, const struct gate_address *);
/* Is it in the list (NULL-ended: "127.0.0.1", "10.0.0.0/8", "::1", "fe80::1%eth0", "unix")? */
bool gate_address_listed(const struct gate_address *, char *const *list);

#endif
