/* login/report.c: what the log and the visitor are told of an attempt. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "login/private.h"

void
gate_login_report(struct gate_request *r, enum gate_log_level level, const char *event,
    const char *name, bool exists, const char *why)
{
	char tag[GATE_TAG_LENGTH + 1];

	gate_sign_tag(r->config->keys, name, tag);
	gate_log(level, event, "user", exists ? name : NULL, "user_tag",
	    exists && level == GATE_LOG_EACH ? NULL : tag, "address", gate_request_address(r),
	    "why", why, NULL);
}

/* Sets the status, and Retry-After if there is a wait (ms). Returns -1 for 403, else GATE_LATER. */
static int
refuse(struct gate_request *r, int status, int64_t wait, const char *text)
{
	char seconds[24];

	gate_status(r, status);
	r->explanation = text;
	if (wait > 0) {
		snprintf(seconds, sizeof seconds, "%" PRId64, (wait + 999) / 1000);
		gate_header(r, "Retry-After", seconds);
	}
	return status == 403 ? -1 : GATE_LATER;
}

/* Fails the request, as the store or the users can't be asked: it gets a 503 whatever the handler
 * does, and is not run again. */
static int
give_up(struct gate_request *r)
{
	gate_transaction_fail(&r->transaction, &r->error);
	return -1;
}

int
gate_login_replay(struct gate_request *r, int answer)
{
	if (answer == GATE_LATER)
		return refuse(r, r->login.status, r->login.wait, NULL);
	return answer == -1 ? give_up(r) : answer;
}

int
gate_login_refuse_http(struct gate_request *r)
{
	const struct gate_origin *o = &r->origin;

	gate_log(GATE_LOG_WARN, "password-refused", "path", r->path, "address",
	    gate_request_address(r), "peer", gate_origin_peer(o), "https", o->https, "scheme",
	    o->request_scheme, "forwarded_proto", o->forwarded_proto, "why",
	    gate_origin_insecurity(o, r->config->options.trusted_proxies), NULL);
	return refuse(r, 403, 0, "Passwords are only taken over https.");
}
