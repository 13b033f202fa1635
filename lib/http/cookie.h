/* http/cookie.h: reads the Cookie header, and writes Set-Cookie.
 * As RFC 6265bis has it, and version 0.7.2 of node's package cookie. */
#ifndef GATE_HTTP_COOKIE_H
#define GATE_HTTP_COOKIE_H

#include "gate.h"
#include "base/buffer.h"

#define GATE_COOKIE_HEADER_MAX (64u << 10) /* bytes of all Cookie headers; over it, none is read */
#define GATE_COOKIE_PAIRS_MAX 1024         /* if there are more, none is read */
#define GATE_COOKIE_SIZE_MAX 4096          /* bytes of name and value of a cookie that we send */
#define GATE_COOKIE_ATTRIBUTE_MAX 1024     /* bytes */
#define GATE_COOKIE_AGE_MAX 34560000       /* seconds: 400 days */

struct gate_cookie_pair { /* borrowed from the header */
	const char *name, *value;
	size_t name_length, value_length;
};

/* Is the header within both limits? If not, it is not read: our cookie may or may not be in it. */
bool gate_cookie_in_bounds(const char *header, size_t length);
/* Gets the next pair of the header; *position begins as 0. Returns 1 with *pair set, 0 if there is
 * no other or the header is over a limit. Pairs end at ';', and the first '=' ends the name; spaces
 * and tabs around both are cut off. A pair without '=' or name is skipped. Nothing is decoded or
 * unquoted, and a comma separates nothing. */
int gate_cookie_next(
    const char *header, size_t length, size_t *position, struct gate_cookie_pair *);
/* Appends one more Cookie header, after "; ". Returns 0, or -1 with the buffer's `failed` set. */
int gate_cookie_join(struct gate_buffer *, const char *header);
/* Adds the values of our cookie to *out, without the "s:" that each must begin with, each with a
 * NUL; offsets[i] is where value i begins. Takes at most the first `most` pairs with this name
 * (compared byte for byte), also those after a ", " in another cookie's value. Removes one pair of
 * quotes, and decodes %XX once as node does: a value stays raw if an escape is bad or the result is
 * not UTF-8. Leaves out values that hold a NUL. Returns the number of values, or -1 if out of
 * memory. */
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

/* The enums' names in options and records, in order, NULL-ended. The first of each is for options
 * only: a record and a header have no such member. */
extern const char *const gate_cookie_same_sites[], *const gate_cookie_priorities[];

struct gate_cookie_attributes {
	const char *domain; /* NULL or "": none */
	const char *path;   /* NULL or "": none */
	int64_t expires;    /* ms since 1970; 0: the cookie ends with the browser */
	int64_t now;        /* the time, for Max-Age = expires - now; 0: no Max-Age */
	bool http_only, secure, partitioned;
	bool clear; /* delete the cookie: Max-Age=0, Expires in 1970, no value */
	enum gate_priority priority;
	enum gate_same_site same_site;
};

/* Adds "name=value; Max-Age=…; Domain=…; Path=…; Expires=…; HttpOnly; Secure; Partitioned;
 * Priority=…; SameSite=…" in that order, with the value percent-encoded. Returns 0, or -1 with the
 * error set if a byte or a length is not allowed or memory is out; then it adds nothing. */
int gate_cookie_write(struct gate_buffer *, const char *name, const char *value,
    const struct gate_cookie_attributes *, struct gate_error *);
/* Checks that browsers will take the cookie. Returns 0, or -1 with the error set if the name is not
 * a token, domain or path is malformed, the name's prefix (__Host-, __Secure-, __Http-,
 * __Host-Http-, in any case) forbids these attributes, or SameSite=None or Partitioned comes
 * without Secure. */
int gate_cookie_check(const char *name, const struct gate_cookie_attributes *, struct gate_error *);

#endif
