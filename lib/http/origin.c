/* http/origin.c: where a request comes from: which address, by https or not, from which site. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "http/address.h"
#include "http/field.h"
#include "http/origin.h"

#define ORIGIN_MAX 300 /* bytes: a scheme, the longest name that DNS allows, a port */

/* ---- what the web server says ---- */

/* Returns the first parameter of that name, NULL if there is none or it is empty. *count: how many
 * there are. */
static const char *
param(char *const *params, const char *name, int *count)
{
	size_t length = strlen(name);
	const char *value = NULL;

	*count = 0;
	for (; *params != NULL; params++)
		if ((*params)[0] == name[0] && strncmp(*params, name, length) == 0 &&
		    (*params)[length] == '=' && ++*count == 1 && (*params)[length + 1] != '\0')
			value = *params + length + 1;
	return value;
}

/* Returns a header's value. Returns NULL if it is absent; if it came twice, too, as either may be
 * the visitor's: lighttpd passes on X_Forwarded_Proto under the same name. */
static const char *
only(char *const *params, const char *name, bool *repeated)
{
	int count;
	const char *value = param(params, name, &count);

	if (count < 2)
		return value;
	*repeated = true;
	return NULL;
}

/* Returns the value of a header that decides about unsafe requests. Returns "" if it is empty, and
 * sets *doubt if it came twice: neither may count as absent. */
static const char *
decisive(char *const *params, const char *name, const char *twice, const char **doubt)
{
	int count;
	const char *value = param(params, name, &count);

	if (count > 1 && *doubt == NULL)
		*doubt = twice;
	return count == 1 && value == NULL ? "" : value;
}

/* Joins the lines of X-Forwarded-For. nginx up to 1.22 sends each line as a parameter. They are one
 * list, as each proxy adds its line after the others. nginx drops other spellings of the name. */
static const char *
join(char *const *params, const char *name, struct gate_buffer *joined)
{
	size_t length = strlen(name);

	for (; *params != NULL; params++)
		if (strncmp(*params, name, length) == 0 && (*params)[length] == '=')
			gate_buffer_printf(
			    joined, "%s%s", joined->length > 0 ? "," : "", *params + length + 1);
	return joined->failed ? NULL : gate_buffer_text(joined);
}

void
gate_origin_read(struct gate_origin *o, char *const *params, struct gate_buffer *joined)
{
	static const char list[] = "HTTP_X_FORWARDED_FOR";
	int count;
	const char *server = param(params, "SERVER_SOFTWARE", &count);
	bool host = false;

	*o = (struct gate_origin){.method = param(params, "REQUEST_METHOD", &count),
	    .remote_address = param(params, "REMOTE_ADDR", &count),
	    .peer = param(params, "GATE_PEER", &count),
	    .https = param(params, "HTTPS", &count),
	    .request_scheme = param(params, "REQUEST_SCHEME", &count),
	    .server_port = param(params, "SERVER_PORT", &count),
	    .host = only(params, "HTTP_HOST", &host)};
	o->doubt = host ? "Host came twice" : NULL;
	o->fetch_site =
	    decisive(params, "HTTP_SEC_FETCH_SITE", "Sec-Fetch-Site came twice", &o->doubt);
	o->origin = decisive(params, "HTTP_ORIGIN", "Origin came twice", &o->doubt);
	o->referer = decisive(params, "HTTP_REFERER", "Referer came twice", &o->doubt);
	o->forwarded_proto = only(params, "HTTP_X_FORWARDED_PROTO", &o->proto_repeated);
	o->forwarded_for = only(params, list, &o->for_repeated);
	if (o->for_repeated && server != NULL && strncmp(server, "nginx", 5) == 0) {
		o->for_repeated = false;
		o->forwarded_for = join(params, list, joined);
	}
}

const char *
gate_origin_peer(const struct gate_origin *o)
{
	return o->peer != NULL ? o->peer : o->remote_address;
}

/* ---- whose address ---- */

bool
gate_origin_trusted(const char *address, char *const *proxies)
{
	struct gate_address a;

	return address != NULL && gate_address_parse(&a, address, strlen(address)) &&
	    gate_address_listed(&a, proxies);
}

/* Returns the last entries of a list that is too long: proxies wrote them. A visitor's long header
 * must not hide the address that the proxy added. Returns NULL if one entry fills all of it. */
static const char *
end_of(const char *list)
{
	size_t length = strlen(list);
	const char *comma;

	if (length <= GATE_ORIGIN_FORWARDED_MAX)
		return list;
	comma = strchr(list + length - GATE_ORIGIN_FORWARDED_MAX, ',');
	return comma != NULL ? comma + 1 : NULL;
}

/* Returns the last entry of a comma-separated list that ends at *end, and moves *end before it. */
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

/* Parses an entry. Some proxies add the client's port: 192.0.2.1:4711, [2001:db8::1]:4711. */
static bool
parse_entry(const char *text, size_t length, struct gate_address *a)
{
	char end = text[0] == '[' ? ']' : ':';
	size_t size = 0;

	while (size < length && text[size] != end)
		size++;
	if (size == length)
		return gate_address_parse(a, text, length);
	if (end == ':')
		return gate_address_parse(
		    a, text, is_port(text + size, length - size) ? size : length);
	return (size + 1 == length || is_port(text + size + 1, length - size - 1)) &&
	    gate_address_parse(a, text + 1, size - 1);
}

/* Did the web server put the visitor's address in place of the peer's, as nginx's realip and
 * Apache's mod_remoteip do? Then X-Forwarded-For is evaluated already. */
static bool
is_chosen(const struct gate_origin *o, const struct gate_address *remote)
{
	const char *peer = gate_origin_peer(o);
	struct gate_address p;

	return !gate_address_parse(&p, peer, strlen(peer)) || !gate_address_equal(&p, remote);
}

void
gate_origin_address(const struct gate_origin *o, char *const *proxies, char out[GATE_ADDRESS_MAX])
{
	const char *list = o->forwarded_for;
	struct gate_address a;
	size_t end;

	out[0] = '\0';
	if (o->remote_address == NULL ||
	    !gate_address_parse(&a, o->remote_address, strlen(o->remote_address)))
		return;
	list = list != NULL && !is_chosen(o, &a) ? end_of(list) : NULL;
	end = list != NULL ? strlen(list) : 0;
	while (end > 0 && gate_address_listed(&a, proxies)) {
		size_t length;
		const char *entry = last_entry(list, &end, &length);
		struct gate_address next;

		if (!parse_entry(entry, length, &next))
			break;
		a = next;
	}
	gate_address_write(&a, out);
}

/* ---- over https? ---- */

/* Do all values of X-Forwarded-Proto say https? express-session asks only the first; but nginx from
 * 1.23 on joins a header that came twice, and the visitor's comes before the proxy's. */
static bool
says_https(const char *proto)
{
	if (proto == NULL || strlen(proto) > GATE_ORIGIN_FORWARDED_MAX)
		return false;
	for (const char *end;; proto = end + 1) {
		const char *value = proto;
		size_t length;

		end = proto + strcspn(proto, ",");
		length = (size_t)(end - proto);
		gate_field_trim(&value, &length);
		if (length != 5 || strncasecmp(value, "https", 5) != 0)
			return false;
		if (*end == '\0')
			return true;
	}
}

bool
gate_origin_secure(const struct gate_origin *o, char *const *proxies)
{
	if (o->https != NULL && (strcasecmp(o->https, "on") == 0 || strcmp(o->https, "1") == 0))
		return true;
	if (o->request_scheme != NULL && strcmp(o->request_scheme, "https") == 0)
		return true;
	return says_https(o->forwarded_proto) && gate_origin_trusted(gate_origin_peer(o), proxies);
}

const char *
gate_origin_insecurity(const struct gate_origin *o, char *const *proxies)
{
	const char *peer = gate_origin_peer(o);
	struct gate_address a;

	if (o->proto_repeated)
		return "X-Forwarded-Proto came twice, so it is not believed: the proxy must "
		       "replace it, not add one";
	if (o->forwarded_proto == NULL)
		return "nothing says https: serve the page by https; or let the web server say "
		       "HTTPS=on, or the proxy X-Forwarded-Proto: https";
	if (strchr(o->forwarded_proto, ',') != NULL && !says_https(o->forwarded_proto))
		return "X-Forwarded-Proto holds several values, not all of them https: the proxy "
		       "must replace it, not add one";
	if (!says_https(o->forwarded_proto))
		return "X-Forwarded-Proto does not say https: serve the page by https";
	if (peer == NULL || !gate_address_parse(&a, peer, strlen(peer)))
		return "X-Forwarded-Proto says https, but nothing that can be read says who sent "
		       "it: let the web server send GATE_PEER, as gate_params does, or REMOTE_ADDR";
	if (gate_address_listed(&a, proxies))
		return "X-Forwarded-Proto is too long";
	if (o->peer == NULL)
		return "X-Forwarded-Proto says https, but trusted_proxies does not name this peer: "
		       "name it, or, if it is a visitor, let the web server send GATE_PEER, as "
		       "gate_params does";
	return "X-Forwarded-Proto says https, but trusted_proxies does not name this peer: if it "
	       "is "
	       "your proxy, name it";
}

/* ---- from which site ---- */

static bool
is_safe(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
	    strcmp(method, "OPTIONS") == 0;
}

/* Returns a host's length without the port that its scheme implies. Browsers leave it out of Origin
 * and Host; some servers add it. */
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

/* Is site this host at this port? Debian's fastcgi_params send Host without its port: the server's
 * port takes its place. */
static bool
is_host_at_port(const char *site, const char *host, const char *port)
{
	size_t name = strlen(host);

	if (port == NULL || (strchr(host, ':') != NULL && host[name - 1] != ']'))
		return false;
	return strncasecmp(site, host, name) == 0 && site[name] == ':' &&
	    strcmp(site + name + 1, port) == 0;
}

/* Is an origin, as browsers write it, this site's own? */
static bool
is_own(const struct gate_origin *o, const char *origin, const char *own)
{
	bool https = strncmp(origin, "https://", 8) == 0;
	const char *site;
	size_t length;

	if (own[0] != '\0')
		return strcasecmp(origin, own) == 0;
	if (o->secure && !https) /* anybody on the way can forge what comes by http */
		return false;
	if (o->host == NULL || (!https && strncmp(origin, "http://", 7) != 0))
		return false;
	site = origin + (https ? 8 : 7);
	length = host_length(site, https);
	if (length > 0 && length == host_length(o->host, https) &&
	    strncasecmp(site, o->host, length) == 0)
		return true;
	return is_host_at_port(site, o->host, o->server_port);
}

/* Writes the origin of a URL: scheme, host and port, or "" if it has none. A URL holds no blank;
 * but nginx from 1.23 on joins a Referer that came twice to "URL, URL". */
static void
origin_of(const char *address, char out[ORIGIN_MAX + 1])
{
	const char *host = strstr(address, "://");
	size_t length;

	out[0] = '\0';
	if (host == NULL || strchr(address, ' ') != NULL)
		return;
	host += 3;
	length = (size_t)(host - address) + strcspn(host, "/?#\\");
	if (length > ORIGIN_MAX)
		return;
	memcpy(out, address, length);
	out[length] = '\0';
}

/* Judges by Referer: old browsers and those for terminals send nothing else. */
static const char *
refusal_by_referer(const struct gate_origin *o, const char *own)
{
	char origin[ORIGIN_MAX + 1];

	origin_of(o->referer, origin);
	if (is_own(o, origin, own))
		return NULL;
	return "its Referer is not this site: if its scheme and host are what browsers see, say "
	       "so by the option origin";
}

const char *
gate_origin_refusal(const struct gate_origin *o, const char *own)
{
	if (o->method != NULL && is_safe(o->method))
		return NULL;
	if (o->doubt != NULL)
		return o->doubt;
	if (o->fetch_site != NULL) {
		if (strcmp(o->fetch_site, "same-origin") == 0 || strcmp(o->fetch_site, "none") == 0)
			return NULL;
		return "the browser says that another site sent it";
	}
	if (o->origin == NULL && o->referer == NULL)
		return "neither Sec-Fetch-Site, Origin nor Referer says where it comes from";
	if (o->origin == NULL)
		return refusal_by_referer(o, own);
	if (is_own(o, o->origin, own))
		return NULL;
	return "its Origin is not this site: if its scheme and host are what browsers see, say so "
	       "by the option origin";
}

/* Returns the host of a URL or of a Host header, without its port. */
static const char *
name_of_host(const char *url, size_t *length)
{
	const char *host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	*length = strcspn(host, host[0] == '[' ? "]" : ":/?#\\");
	return host;
}

bool
gate_origin_is_foreign(const struct gate_origin *o, const char *own)
{
	const char *here = own[0] != '\0' ? own : o->host, *there = o->referer;
	size_t length, other;

	if (o->doubt != NULL || here == NULL || there == NULL || strstr(there, "://") == NULL ||
	    strchr(there, ' ') != NULL)
		return false;
	here = name_of_host(here, &length);
	there = name_of_host(there, &other);
	return length != other || strncasecmp(here, there, length) != 0;
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

		if (!gate_field_is_visible((char)c) || c == '\\')
			return false;
		if (c == 0xc2 && i + 1 < length && (unsigned char)target[i + 1] < 0xa0)
			return false; /* U+0080 to U+009F */
	}
	return gate_utf8_valid(target, length);
}
