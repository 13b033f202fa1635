/* options/check.c: checks single values. */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/encode.h"
#include "base/error.h"
#include "base/log.h"
#include "http/address.h"
#include "options/private.h"

#define MEMBER_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$-."
#define SEGMENT_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
#define HOST_MAX 253
#define PORT_MAX 65535

const char *
gate_option_check_path(const char *path)
{
	return *path == '/' ? NULL : "does not begin with /";
}

/* Takes a member of the session, or of an object in it. Of gate's own object only `user` is
 * allowed. */
const char *
gate_option_check_member(const char *text)
{
	static const char *const kept[] = {"cookie", "lastModified", "__lastAccess", "gate"};
	size_t first = strcspn(text, ".");

	if (strcmp(text, "gate.user") == 0)
		return NULL;
	if (strlen(text) > GATE_MEMBER_MAX)
		return "is longer than 100 bytes";
	if (first == 0 || strchr(".", text[strlen(text) - 1]) != NULL ||
	    strspn(text, MEMBER_CHARACTERS) < strlen(text) ||
	    (text[first] == '.' && strchr(text + first + 1, '.') != NULL))
		return "is neither NAME nor NAME.NAME of letters, digits, _, $ and -";
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (strlen(kept[i]) == first && strncmp(kept[i], text, first) == 0)
			return "is a member that gate keeps for itself";
	return NULL;
}

/* Is text a decimal number of at most `most`, without leading zeros? */
static bool
is_number(const char *text, long most)
{
	size_t length = strspn(text, "0123456789");

	return length > 0 && length <= 5 && text[length] == '\0' && (*text != '0' || length == 1) &&
	    strtol(text, NULL, 10) <= most;
}

static bool
is_port(const char *text)
{
	return *text != '0' && is_number(text, PORT_MAX);
}

const char *
gate_option_check_address(const char *text)
{
	struct gate_address address;
	int most = strchr(text, ':') != NULL ? 128 : 32;
	const char *bits = strchr(text, '/');
	size_t length = bits != NULL ? (size_t)(bits++ - text) : strlen(text);

	if (strcmp(text, "unix") == 0)
		return NULL;
	if (gate_address_parse(&address, text, length) && address.family != AF_UNIX &&
	    (bits == NULL || is_number(bits, most)))
		return NULL;
	return "is neither an address nor address/bits, nor unix";
}

/* Returns the length of the host at the start of text: a name, an IPv4 address or [IPv6 address]. 0
 * if there is none. */
static size_t
host_length(const char *text)
{
	struct gate_address address;
	size_t length;

	if (*text != '[') {
		length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-._");
		return length <= HOST_MAX ? length : 0;
	}
	length = strcspn(++text, "]");
	if (text[length] == '\0' || memchr(text, ':', length) == NULL ||
	    memchr(text, '%', length) != NULL)
		return 0;
	return gate_address_parse(&address, text, length) && address.family != AF_UNIX ? length + 2
										       : 0;
}

/* Takes only the form that browsers send, so that origins can be compared byte for byte. */
const char *
gate_option_check_origin(const char *text)
{
	const char *host = strstr(text, "://");
	size_t length;

	if (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0)
		return "does not begin with https:// or http://";
	host += 3;
	length = host_length(host);
	if (length == 0)
		return "has no host, in lower case, behind its scheme";
	if (host[length] == '\0')
		return NULL;
	if (host[length] != ':' || !is_port(host + length + 1))
		return "is not of the form scheme://host or scheme://host:port";
	if (strcmp(host + length, text[4] == 's' ? ":443" : ":80") == 0)
		return "must not name the port that its scheme has anyway";
	return NULL;
}

/* Takes only what browsers and web servers neither encode, decode nor resolve, so that a path can
 * be compared with it byte for byte. */
const char *
gate_option_check_mount(const char *text)
{
	static const char form[] =
	    "is not of the form /NAME or /NAME/NAME of letters, digits, -, ., _ and ~";

	if (strlen(text) > GATE_MOUNT_MAX)
		return "is longer than 255 bytes";
	while (*text == '/') {
		size_t length = strspn(++text, SEGMENT_CHARACTERS);

		if (strspn(text, ".") >= length) /* empty, or nothing but dots */
			return form;
		text += length;
	}
	return *text == '\0' ? NULL : form;
}

/* Takes a path of the same host, with or without a query, as it can stand in a link. */
const char *
gate_option_check_place(const char *text)
{
	if (strlen(text) > GATE_PLACE_MAX)
		return "is longer than 255 bytes";
	if (*text != '/' || text[1] == '/')
		return "does not begin with exactly one /";
	if (strspn(text, SEGMENT_CHARACTERS "/?&=%+:@!$'()*,;") < strlen(text))
		return "holds a character that a link must encode, as %20";
	return NULL;
}

const char *
gate_option_check_site_name(const char *text)
{
	if (strlen(text) > GATE_SITE_NAME_MAX)
		return "is longer than 100 bytes";
	return gate_utf8_valid(text, strlen(text)) ? NULL : "is not UTF-8";
}

static bool
is_loopback(const char *text, size_t length)
{
	static const char *const names[] = {"localhost", "[::1]"};
	struct gate_address address;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0)
			return true;
	return memchr(text, ':', length) == NULL && gate_address_parse(&address, text, length) &&
	    address.family == AF_INET && address.bytes[0] == 127;
}

const char *
gate_option_check_listen(const char *text)
{
	const char *path = text + 5, *colon = strrchr(text, ':');

	if (strncmp(text, "unix:", 5) == 0) {
		if (*path == '\0')
			return "has no path behind unix:";
		if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
			return "has a path too long for a unix socket";
		return NULL;
	}
	if (colon == NULL || !is_port(colon + 1))
		return "is neither unix:PATH nor HOST:PORT";
	if (!is_loopback(text, (size_t)(colon - text)))
		return "is not on the loopback (127.0.0.1, [::1], localhost): FastCGI is "
		       "unprotected";
	return NULL;
}

/* Takes the types of the header Clear-Site-Data that browsers know. */
const char *
gate_option_check_site_data(const char *text)
{
	static const char *const types[] = {"cache", "clientHints", "cookies", "executionContexts",
	    "prefetchCache", "prerenderCache", "storage", "*"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i], text) == 0)
			return NULL;
	return "is not one of cache, clientHints, cookies, executionContexts, prefetchCache, "
	       "prerenderCache, storage, *";
}
