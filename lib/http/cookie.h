/* http/cookie.h: reading the Cookie header, writing Set-Cookie (RFC 6265bis, node's cookie 0.7.2). */
#ifndef GATE_HTTP_COOKIE_H
#define GATE_HTTP_COOKIE_H

#include "gate.h"
#include "base/buffer.h"

#define GATE_COOKIE_HEADER_MAX (64u << 10) /* bytes of all Cookie headers; more: none is read */
#define GATE_COOKIE_PAIRS_MAX 1024         /* more: none is read */
#define GATE_COOKIE_SIZE_MAX 4096          /* name and value of one we send */
#define GATE_COOKIE_ATTRIBUTE_MAX 1024
#define GATE_COOKIE_AGE_MAX 34560000 /* seconds: 400 days */

struct gate_cookie_pair { /* points into the header */
	const char *name, *value;
	size_t name_length, value_length;
};

/* Is the header within both limits? If not, nobody knows what it holds: a cookie may be there. */
bool gate_cookie_in_bounds(const char *header, size_t length);
/* Walks the header: `*position` starts at 0. 1: *pair is the next one, in order; 0: no more, or
 * over a limit. Splits at ';', trims space and tab, the first '=' divides; no '=' or no name:
 * skipped. Nothing is decoded or unquoted, and a comma is not a separator. */
int gate_cookie_next(
    const char *header, size_t length, size_t *position, struct gate_cookie_pair *);
/* Joins repeated Cookie headers into one: adds "; " between. */
int gate_cookie_join(struct gate_buffer *, const char *header);
/* The values of our cookie: the up to `most` first pairs called name (compared byte for byte), also
 * those that stand behind a comma in another one's value,
 * one pair of quotes removed, percent-decoded once as node does (a bad escape or a result that is
 * not UTF-8 leaves the value raw), and only those that begin with "s:"; each is added to *out
 * NUL-terminated without "s:", offsets[i] says where. Values with a NUL inside are left out.
 * How many; -1: memory. */
int gate_cookie_values(const char *header, size_t length, const char *name, struct gate_buffer *out,
    size_t *offsets, int most);

/* The cookie of a known device (login/device.h), over http and over https. */
#define GATE_DEVICE_COOKIE "gate-device"
#define GATE_DEVICE_COOKIE_SECURE "__Host-gate-device"

enum gate_same_site {
	GATE_SAME_SITE_UNSET,
	GATE_SAME_SITE_LAX,
	GATE_SAME_SITE_STRICT,
	GATE_SAME_SITE_NONE
};
enum gate_priority {
	GATE_PRIORITY_UNSET,
	GATE_PRIORITY_LOW,
	GATE_PRIORITY_MEDIUM,
	GATE_PRIORITY_HIGH
};

/* What they are called in options and in records, by the enums' numbers; NULL-ended. The first word of
 * each is for options only: a record and a header leave it out. */
extern const char *const gate_cookie_same_sites[], *const gate_cookie_priorities[];

struct gate_cookie_attributes {
	const char *domain; /* NULL or "": none */
	const char *path;   /* NULL or "": none */
	int64_t expires;    /* ms since 1970; 0: with the browser */
	int64_t now; /* when it is sent: until `expires` lies Max-Age; 0: only Expires is said */
	bool http_only, secure, partitioned;
	bool clear; /* delete it: Max-Age=0, an Expires in 1970, the value left empty */
	enum gate_priority priority;
	enum gate_same_site same_site;
};

/* Adds "name=value; Max-Age=…; Domain=…; Path=…; Expires=…; HttpOnly; Secure; Partitioned;
 * Priority=…; SameSite=…" in that order. The value is percent-encoded. 0; -1 with the error set, nothing added: a byte or a length is not allowed. */
int gate_cookie_write(struct gate_buffer *, const char *name, const char *value,
    const struct gate_cookie_attributes *, struct gate_error *);
/* 0, or -1: name is not a token, domain or path is malformed, a __Host-, __Secure-, __Http- or
 * __Host-Http- name (any case) asks for attributes that these are not, or SameSite=None or
 * Partitioned without Secure. */
int gate_cookie_check(const char *name, const struct gate_cookie_attributes *, struct gate_error *);

#endif
