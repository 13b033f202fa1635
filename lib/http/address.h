/* http/address.h: addresses as web servers write them, and lists of addresses and networks. */
#ifndef GATE_HTTP_ADDRESS_H
#define GATE_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define GATE_HOST_MAX 256   /* bytes of a host's name and its NUL */
#define GATE_ZONE_MAX 16    /* bytes of an interface's name and its NUL */
#define GATE_ADDRESS_MAX 64 /* bytes of an address with a zone, as text, and its NUL */

struct gate_address {
	int family;               /* AF_INET, AF_INET6, or AF_UNIX ("unix:") without bytes */
	unsigned char bytes[16];  /* IPv4-mapped IPv6 is stored as IPv4 */
	int bits;                 /* 32, 128, or 0 for AF_UNIX */
	char zone[GATE_ZONE_MAX]; /* the interface of a link-local address: "eth0", or "" */
};

/* Splits "HOST:PORT" or "[HOST]:PORT". Copies the host without its brackets; *port points into the
 * text. Returns false if there is no port, or no host that fits. */
bool gate_address_split(const char *text, char host[GATE_HOST_MAX], const char **port);
/* Parses an address, with its zone ("fe80::1%eth0"). Returns false if the text is none. */
bool gate_address_parse(struct gate_address *, const char *text, size_t length);
void gate_address_write(const struct gate_address *, char out[GATE_ADDRESS_MAX]);
bool gate_address_equal(const struct gate_address *, const struct gate_address *);
/* Is the address in a NULL-ended list ("127.0.0.1", "10.0.0.0/8", "::1", "fe80::1%eth0",
 * "unix")? */
bool gate_address_listed(const struct gate_address *, char *const *list);

#endif
