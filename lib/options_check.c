/* options_check.c: what single values must look like, clashes between options, and the secrets. */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "address.h"
#include "error.h"
#include "log.h"
#include "options_private.h"

#define MEMBER_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$-."
#define HOST_MAX 253
#define PORT_MAX 65535

const char *
gate_option_check_path(const char *path)
{
	return *path == '/' ? NULL : "does not begin with /";
}

/* One member of the session, or one of an object in it; of our own object only `user`. */
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

/* Digits to the end of text, without leading zeros, at most `most`. */
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

/* The length of the host at the start of text: name, IPv4 address or [IPv6 address]; 0: none. */
static size_t
host_length(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	unsigned char bytes[sizeof(struct in6_addr)];
	size_t length;

	if (*text != '[') {
		length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-._");
		return length <= HOST_MAX ? length : 0;
	}
	length = strcspn(++text, "]");
	if (text[length] == '\0' || length >= sizeof address)
		return 0;
	memcpy(address, text, length);
	address[length] = '\0';
	return inet_pton(AF_INET6, address, bytes) == 1 ? length + 2 : 0;
}

/* In the one form that browsers send, so that it can be compared byte for byte. */
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

static bool
is_loopback(const char *text, size_t length)
{
	char host[INET_ADDRSTRLEN];
	struct in_addr address;

	if (length >= sizeof host)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	    (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
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

/* The types of the header Clear-Site-Data that browsers know. */
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

/* Other hosts of the domain lose theirs, too, and the known device is none any more. */
static void
warn_of_cookies(const struct gate_options *options)
{
	for (char *const *type = options->clear_site_data; *type != NULL; type++)
		if (strcmp(*type, "cookies") == 0 || strcmp(*type, "*") == 0)
			gate_log(GATE_LOG_WARN, "clear-site-data-cookies", "origin",
			    gate_option_origin(options, "clear_site_data"), "value", *type, "why",
			    "at logout browsers drop the cookies of the whole registrable domain",
			    NULL);
}

/* Pages of one's own may all lie under it; but then nobody logs in by the page that comes with gate. */
static void
warn_of_path(const struct gate_options *options)
{
	static const char *const pages[] = {
	    "/counter", "/card", "/login", "/logout", "/user", "/account"};
	size_t length = strlen(options->cookie_path);

	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
		if (strncmp(pages[i], options->cookie_path, length) == 0)
			return;
	gate_log(GATE_LOG_WARN, "cookie-path-narrow", "origin",
	    gate_option_origin(options, "cookie_path"), "cookie_path", options->cookie_path, "why",
	    "none of /counter, /card, /login, /logout, /user, /account begins with it: pages "
	    "outside see no session, and their cookie never comes back",
	    NULL);
}

static int
clash(const struct gate_options *options, const char *name, const char *needs, const char *other,
    struct gate_error *error)
{
	return gate_fail(error, GATE_EOPTION, "%s: %s needs %s, and %s says otherwise: %s",
	    gate_option_origin(options, name), name, needs, gate_option_origin(options, other),
	    strcmp(name, "cookie_name") == 0 ? "say so, or take a name without the prefix"
					     : "say so, or leave it out");
}

/* What gate_cookie_check refuses, in the words of the options. */
static int
check_cookie(const struct gate_options *o, struct gate_error *error)
{
	const char *name = o->cookie_name;
	bool host = strncasecmp(name, "__Host-", 7) == 0;
	bool http =
	    strncasecmp(name, "__Http-", 7) == 0 || strncasecmp(name, "__Host-Http-", 12) == 0;
	bool prefix = host || http || strncasecmp(name, "__Secure-", 9) == 0;
	bool secure = o->cookie_secure == GATE_YES;

	if (prefix && !secure)
		return clash(o, "cookie_name", "cookie_secure = yes", "cookie_secure", error);
	if (http && !o->cookie_http_only)
		return clash(o, "cookie_name", "cookie_http_only = yes", "cookie_http_only", error);
	if (host && *o->cookie_domain != '\0')
		return clash(o, "cookie_name", "cookie_domain to be empty", "cookie_domain", error);
	if (host && strcmp(o->cookie_path, "/") != 0)
		return clash(o, "cookie_name", "cookie_path = /", "cookie_path", error);
	if (o->cookie_same_site == GATE_SAME_SITE_NONE && !secure)
		return clash(
		    o, "cookie_same_site", "cookie_secure = yes for none", "cookie_secure", error);
	if (o->cookie_partitioned && !secure)
		return clash(
		    o, "cookie_partitioned", "cookie_secure = yes", "cookie_secure", error);
	return 0;
}

/* Each for itself: is it something that browsers take? */
static int
check_cookie_texts(const struct gate_options *options, struct gate_error *error)
{
	static const char *const names[] = {"cookie_name", "cookie_domain", "cookie_path"};
	const struct gate_cookie_attributes cases[] = {
	    {.path = "/", .secure = true, .http_only = true},
	    {.path = "/", .domain = options->cookie_domain}, {.path = options->cookie_path}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (gate_cookie_check(i == 0 ? options->cookie_name : "n", &cases[i], error) < 0)
			return gate_options_blame(options, names[i], error);
	return 0;
}

int
gate_options_check(struct gate_options *options, struct gate_error *error)
{
	const int64_t oldest = INT64_C(1000) * GATE_COOKIE_AGE_MAX;

	if (check_cookie(options, error) < 0 || check_cookie_texts(options, error) < 0)
		return -1;
	if (options->secret[0] != NULL && *options->secret_file != '\0')
		return gate_fail(error, GATE_EOPTION,
		    "%s: secret_file and secret (%s) are both set: keep one",
		    gate_option_origin(options, "secret_file"),
		    gate_option_origin(options, "secret"));
	if (options->max_age > oldest) {
		gate_log(GATE_LOG_WARN, "max-age-clamped", "origin",
		    gate_option_origin(options, "max_age"), "to", "400d", NULL);
		options->max_age = oldest;
	}
	warn_of_cookies(options);
	warn_of_path(options);
	return 0;
}
