/* request/request.c: reads one request as the web server describes it, and begins its session. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/field.h"
#include "request/request.h"

#define KEPT_MAX (256u << 10) /* bytes of the largest buffer that is kept for the next request */

/* ---- the session ---- */

json_t *
gate_session(struct gate_request *r)
{
	json_t *session = gate_transaction_json(&r->transaction);

	if (session != NULL)
		return session;
	json_object_clear(r->spare); /* out of memory: the answer will be a 503 */
	return r->spare;
}

int
gate_request_late(struct gate_request *r, const char *call, int result)
{
	if (result < 0 && r->transaction.outcome != 0)
		gate_log(GATE_LOG_WARN, "call-after-commit", "call", call, "path", r->path, NULL);
	return result;
}

int
gate_session_renew(struct gate_request *r)
{
	return gate_request_late(r, "gate_session_renew", gate_transaction_renew(&r->transaction));
}

int
gate_session_destroy(struct gate_request *r)
{
	return gate_request_late(
	    r, "gate_session_destroy", gate_transaction_destroy(&r->transaction));
}

int
gate_session_set_max_age(struct gate_request *r, int64_t ms)
{
	return gate_request_late(
	    r, "gate_session_set_max_age", gate_transaction_set_max_age(&r->transaction, ms));
}

int
gate_session_commit(struct gate_request *r)
{
	gate_transaction_json(&r->transaction);
	return gate_transaction_save(&r->transaction);
}

int64_t
gate_session_expires(struct gate_request *r)
{
	return gate_transaction_end_time(&r->transaction);
}

bool
gate_healthy(struct gate_request *r, const char **why)
{
	*why = gate_store_health(r->store, &r->config->options);
	return *why == NULL;
}

/* ---- what was asked ---- */

static void
read_origin(struct gate_request *r)
{
	struct gate_origin *o = &r->origin;

	gate_origin_read(o, r->params, &r->forwarded);
	r->method = o->method;
	r->secure = o->secure = gate_origin_secure(o, r->config->options.trusted_proxies);
	if (o->for_repeated)
		gate_log(GATE_LOG_WARN, "forwarded-for-refused", "peer", gate_origin_peer(o), "why",
		    "X-Forwarded-For came twice, so it is not believed: the web server must drop "
		    "names like X_Forwarded_For, and the proxy send one line",
		    NULL);
}

/* Returns a path that misses mount, as GATE_STRIPPED says, with it; NULL: out of memory. */
static const char *
put_mount(struct gate_request *r, const char *path)
{
	struct gate_buffer whole = {0};
	const char *kept = NULL;

	gate_buffer_puts(&whole, r->config->options.mount);
	gate_buffer_puts(&whole, path);
	if (!whole.failed)
		kept = gate_request_keep(r, whole.data, whole.length);
	gate_buffer_release(&whole);
	return kept;
}

/* Returns whether the web server says that mount was taken away from the path, and it is not there.
 * The path alone does not tell: it may be that of a page which lies outside of mount. */
static bool
misses_mount(struct gate_request *r, const char *path)
{
	const char *stripped = gate_param(r, "GATE_STRIPPED"), *mount = r->config->options.mount;
	size_t length = strlen(mount);

	return stripped != NULL && strcmp(stripped, "yes") == 0 &&
	    (strncmp(path, mount, length) != 0 || (path[length] != '/' && path[length] != '\0'));
}

/* Returns the raw path of REQUEST_URI, without the host of an absolute form; NULL: malformed. */
static const char *
read_uri(struct gate_request *r)
{
	const char *uri = gate_param(r, "REQUEST_URI");
	size_t length;

	if (uri == NULL)
		uri = gate_param(r, "SCRIPT_NAME");
	if (uri == NULL)
		return "/";
	if (strlen(uri) > GATE_URI_MAX)
		return NULL;
	if (strncmp(uri, "http://", 7) == 0 || strncmp(uri, "https://", 8) == 0) {
		uri = strstr(uri, "//") + 2;
		uri += strcspn(uri, "/?");
		if (uri[0] != '/')
			return "/";
	}
	length = strcspn(uri, "?");
	if (uri[0] != '/')
		return NULL;
	for (size_t i = 0; i < length; i++)
		if (!gate_field_is_visible(uri[i]))
			return NULL;
	return gate_request_keep(r, uri, length);
}

/* Returns the path that the browser asked for; NULL: malformed. */
static const char *
read_path(struct gate_request *r)
{
	const char *path = read_uri(r);

	return path != NULL && misses_mount(r, path) ? put_mount(r, path) : path;
}

bool
gate_request_takes_passwords(const struct gate_request *r)
{
	return r->secure || r->config->options.insecure_http;
}

const char *
gate_request_address(struct gate_request *r)
{
	if (r->address[0] == '\0')
		gate_origin_address(&r->origin, r->config->options.trusted_proxies, r->address);
	return r->address;
}

static void
join_cookies(struct gate_request *r)
{
	static const char name[] = "HTTP_COOKIE=";

	for (char *const *p = r->params; *p != NULL; p++)
		if (strncmp(*p, name, sizeof name - 1) == 0)
			gate_cookie_join(&r->cookies, *p + sizeof name - 1);
}

/* Returns whether somebody followed a link from a page of another site. Browsers send no
 * Sec-Fetch-Site over plain http, and old ones never do: then asks Referer. The page that loads
 * itself again is ours, so its second request does not count as such a link. */
static bool
is_from_elsewhere(struct gate_request *r)
{
	const char *site = r->origin.fetch_site, *mode = gate_param(r, "HTTP_SEC_FETCH_MODE");

	if (r->method == NULL || strcmp(r->method, "GET") != 0)
		return false;
	if (site == NULL)
		return gate_origin_is_foreign(&r->origin, r->config->options.origin);
	return strcmp(site, "cross-site") == 0 && mode != NULL && strcmp(mode, "navigate") == 0;
}

static void
open_session(struct gate_request *r)
{
	struct gate_transaction *s = &r->transaction;

	*s = (struct gate_transaction){
	    .options = &r->config->options,
	    .keys = r->config->keys,
	    .store = r->store,
	    .queue = r->queue,
	    .users = r->config->users,
	    .cookies = gate_buffer_text(&r->cookies),
	    .path = r->path != NULL ? r->path : "/",
	    .secure = r->secure,
	    .from_elsewhere = is_from_elsewhere(r),
	    .deadline = r->deadline,
	};
}

void
gate_request_read(struct gate_request *r)
{
	read_origin(r);
	r->path = read_path(r);
	join_cookies(r);
	r->deadline = gate_clock_monotonic() + r->config->options.deadline;
	open_session(r);
}

/* Keeps the memory for the next request, unless it is large. */
static void
reuse(struct gate_buffer *buffer)
{
	if (buffer->size > KEPT_MAX)
		gate_buffer_release(buffer);
	else
		gate_buffer_reset(buffer);
}

void
gate_request_end(struct gate_request *r)
{
	gate_transaction_release(&r->transaction);
	gate_login_memory_release(&r->login);
	r->error = (struct gate_error){0};
	r->address[0] = '\0';
	gate_form_release(&r->query);
	gate_form_release(&r->form);
	r->query_parsed = r->form_parsed = false;
	json_decref(r->json);
	json_decref(r->note);
	r->json = r->note = NULL;
	r->refused = 0;
	r->foreign = false;
	while (r->blocks != NULL) {
		struct gate_block *next = r->blocks->next;

		free(r->blocks);
		r->blocks = next;
	}
	reuse(&r->cookies);
	reuse(&r->forwarded);
	reuse(&r->headers);
	reuse(&r->out);
	reuse(&r->head);
}

void
gate_request_release(struct gate_request *r)
{
	gate_buffer_release(&r->cookies);
	gate_buffer_release(&r->forwarded);
	gate_buffer_release(&r->headers);
	gate_buffer_release(&r->out);
	gate_buffer_release(&r->head);
	json_decref(r->context);
	json_decref(r->spare);
}
