/* guard/asked.c: what the visitor asked of the web server, as far as the guard may believe it.
 * Headers of the request say nothing about the guard itself: only the parameters that the web
 * server's configuration sets do, whose names do not begin with HTTP_. */
#include "config.h"

#include <string.h>

#include "guard/asked.h"
#include "http/origin.h"

const char *
gate_guard_once(struct gate_request *r, const char *name, bool *doubt)
{
	size_t length = strlen(name);
	const char *value = NULL;

	*doubt = false;
	for (char *const *p = r->params; *p != NULL; p++)
		if ((*p)[0] == name[0] && strncmp(*p, name, length) == 0 && (*p)[length] == '=') {
			*doubt = value != NULL;
			if (*doubt)
				return NULL;
			value = *p + length + 1;
		}
	return value;
}

enum gate_guard_mode
gate_guard_mode(struct gate_request *r)
{
	static const char *const names[] = {[GATE_GUARD_NGINX] = "nginx",
	    [GATE_GUARD_APACHE] = "apache",
	    [GATE_GUARD_LIGHTTPD] = "lighttpd",
	    [GATE_GUARD_FORWARD] = "forward"};
	bool doubt;
	const char *name = gate_guard_once(r, "GATE_GUARD", &doubt);

	for (int i = GATE_GUARD_NGINX; name != NULL && i <= GATE_GUARD_FORWARD; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum gate_guard_mode)i;
	return GATE_GUARD_UNKNOWN;
}

const char *
gate_guard_method(struct gate_request *r, enum gate_guard_mode mode)
{
	bool doubt;
	const char *method = gate_guard_once(r, "GATE_METHOD", &doubt);

	if (method == NULL && mode == GATE_GUARD_FORWARD)
		method = gate_guard_once(r, "HTTP_X_FORWARDED_METHOD", &doubt);
	if (method == NULL || *method == '\0')
		method = gate_method(r);
	return method;
}

/* Returns what follows scheme and host of an address, or the text itself if it has none. */
static const char *
without_host(const char *uri)
{
	const char *host = strncmp(uri, "http://", 7) == 0 ? uri + 7
	    : strncmp(uri, "https://", 8) == 0             ? uri + 8
							   : NULL;

	if (host == NULL)
		return uri;
	host += strcspn(host, "/?");
	return *host == '/' ? host : "/";
}

const char *
gate_guard_target(struct gate_request *r, enum gate_guard_mode mode)
{
	static const char *const names[] = {
	    "HTTP_X_FORWARDED_URI", "HTTP_X_ORIGINAL_URL", "REQUEST_URI"};
	bool doubt = false;
	const char *uri = NULL;

	/* the first two are headers: where the mode is `forward`, the web server overwrites them */
	for (size_t i = mode == GATE_GUARD_FORWARD ? 0 : 2; uri == NULL && !doubt && i < 3; i++)
		uri = gate_guard_once(r, names[i], &doubt);
	if (uri == NULL)
		return NULL;
	uri = without_host(uri);
	return gate_origin_local_path(uri, strlen(uri)) ? uri : NULL;
}

bool
gate_guard_opens_page(struct gate_request *r, enum gate_guard_mode mode)
{
	const char *method = gate_guard_method(r, mode), *accept = gate_param(r, "HTTP_ACCEPT");
	bool doubt;
	const char *fetch_mode = gate_guard_once(r, "HTTP_SEC_FETCH_MODE", &doubt);

	if (doubt)
		return false;
	if (fetch_mode != NULL)
		return strcmp(fetch_mode, "navigate") == 0;
	return (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) && accept != NULL &&
	    strstr(accept, "text/html") != NULL;
}

bool
gate_guard_is_preflight(struct gate_request *r, enum gate_guard_mode mode)
{
	return strcmp(gate_guard_method(r, mode), "OPTIONS") == 0 &&
	    gate_param(r, "HTTP_ORIGIN") != NULL &&
	    gate_param(r, "HTTP_ACCESS_CONTROL_REQUEST_METHOD") != NULL;
}
