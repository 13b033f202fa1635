/* guard/guard.c: the guard's handler: who is it, may they pass, and how is the web server told. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "guard/asked.h"
#include "guard/guard.h"
#include "guard/require.h"
#include "http/field.h"
#include "session/session.h"
#include "user/groups.h"
#include "user/rules.h"

#define BODY_MAX 8192        /* bytes of a page that Apache takes from an authorizer */
#define GROUPS_LINE_MAX 2048 /* bytes of a user's groups in a header line; the rest is left out */

#define TEXT_LOGIN "Log in first."
#define TEXT_BROKEN                                                                                \
	"This page is closed until its guard is set up. The administrator's log says why."

/* ---- the answer ---- */

/* Sets a line of the user's; empty if the value can't stand in a header. */
static void
put_line(struct gate_request *r, const char *name, const char *value)
{
	gate_answer_put(r, name, gate_field_is_value(value) ? value : "");
}

static void
put_groups(
    struct gate_request *r, const char *name, const char *user, const struct gate_buffer *groups)
{
	char line[GROUPS_LINE_MAX + 1];
	size_t length = groups->length;

	if (length > GROUPS_LINE_MAX) {
		gate_log(GATE_LOG_WARN, "groups-left-out", "user", user, "why",
		    "the back end is told of some of the user's groups only: more do not fit into "
		    "a header line",
		    NULL);
		length = GROUPS_LINE_MAX;
		while (length > 0 && groups->data[length] != ',')
			length--;
	}
	snprintf(line, sizeof line, "%.*s", (int)length, gate_buffer_text(groups));
	put_line(r, name, line);
}

/* Sets the four lines with the user that the back end gets; all of them always, so that none can
 * come from the client. Authorizers hand them on as variables, which no browser sees. */
static void
put_identity(struct gate_request *r, enum gate_guard_mode mode, const char *user,
    const struct gate_user_about *about)
{
	static const char *const lines[2][4] = {
	    {"Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email"},
	    {"Variable-GATE_USER", "Variable-GATE_GROUPS", "Variable-GATE_NAME",
		"Variable-GATE_EMAIL"}};
	const char *const *names =
	    lines[mode == GATE_GUARD_APACHE || mode == GATE_GUARD_LIGHTTPD ? 1 : 0];

	put_line(r, names[0], user);
	put_groups(r, names[1], user, &about->groups);
	put_line(r, names[2], gate_buffer_text(&about->name));
	put_line(r, names[3], gate_buffer_text(&about->email));
	if (mode == GATE_GUARD_LIGHTTPD) /* as Apache makes it of UserExpr, for programs */
		put_line(r, "Variable-REMOTE_USER", user);
}

/* user: "" for a stranger. */
static void
pass(struct gate_request *r, enum gate_guard_mode mode, const char *user,
    const struct gate_user_about *about)
{
	r->verdict = GATE_VERDICT_PASS;
	r->bare = true;
	r->status = mode == GATE_GUARD_NGINX ? 204 : 200;
	put_identity(r, mode, user, about);
}

/* Sets the way to the login, and from there back to what was asked for. */
static void
put_way(struct gate_request *r, enum gate_guard_mode mode)
{
	const char *target = gate_guard_target(r, mode);
	struct gate_buffer location = {0};

	gate_buffer_puts(&location, r->config->options.mount);
	gate_buffer_puts(&location, "/login");
	if (target != NULL) {
		gate_buffer_puts(&location, "?next=");
		gate_percent_encode(&location, target, strlen(target));
	}
	if (!location.failed)
		gate_answer_put(r, "Location", location.data);
	gate_buffer_release(&location);
}

static void
send_to_login(struct gate_request *r, enum gate_guard_mode mode)
{
	const char *method = gate_guard_method(r, mode);
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	gate_answer_begin(r);
	r->verdict = GATE_VERDICT_UNKNOWN;
	r->status = 401;
	r->explanation = TEXT_LOGIN;
	if (mode == GATE_GUARD_NGINX) {
		put_way(r, mode);
	} else if (gate_guard_opens_page(r, mode)) {
		r->status = reads ? 302 : 303;
		put_way(r, mode);
	} else {
		gate_answer_put(r, "Content-Type", "text/plain; charset=utf-8");
		gate_buffer_puts(&r->out, TEXT_LOGIN "\n");
	}
}

static void
refuse(struct gate_request *r, const char *text)
{
	gate_answer_begin(r);
	r->verdict = GATE_VERDICT_REFUSED;
	r->status = 403;
	r->explanation = text;
}

static bool
says(struct gate_request *r, const char *name, const char *value)
{
	bool doubt;
	const char *text = gate_guard_once(r, name, &doubt);

	return text != NULL && strcmp(text, value) == 0;
}

/* Does Apache ask a second time, for the file of a directory's index? The first answer had what the
 * browser gets. */
static bool
is_asked_again(struct gate_request *r)
{
	return says(r, "SERVER_PROTOCOL", "INCLUDED");
}

void
gate_guard_finish(struct gate_request *r)
{
	enum gate_guard_mode mode = gate_guard_mode(r);

	if (is_asked_again(r))
		gate_transaction_withhold_cookie(&r->transaction);
	if (mode == GATE_GUARD_UNKNOWN && r->verdict != GATE_VERDICT_REFUSED)
		refuse(r, TEXT_BROKEN);
	else if (r->verdict == GATE_VERDICT_NONE && r->status >= 500)
		r->status = 503; /* never 500: the visitor can come again */
	else if (r->verdict == GATE_VERDICT_NONE)
		send_to_login(r, mode);
	if (mode == GATE_GUARD_NGINX) { /* it looks at no body, and would store a long one */
		gate_buffer_reset(&r->out);
		r->bare = true;
	}
	if (r->bare || r->status < 400)
		return;
	if (r->out.length == 0)
		gate_page_error(r, r->explanation);
	if (r->out.length <= BODY_MAX)
		return;
	gate_buffer_reset(&r->out);
	r->rendered = false;
	gate_printf(r, "%d %s\n%s\n", r->status, gate_page_reason(r->status),
	    r->explanation != NULL ? r->explanation : "");
}

/* ---- the judgement ---- */

static void
report(struct gate_request *r, enum gate_guard_mode mode, const char *user, const char *why)
{
	bool doubt;
	const char *require = gate_guard_once(r, "GATE_REQUIRE", &doubt);

	gate_log(GATE_LOG_WARN, "guard-refused", "user", user, "require",
	    require != NULL ? require : "user", "url", gate_guard_target(r, mode), "method",
	    gate_guard_method(r, mode), "address", gate_request_address(r), "why", why, NULL);
}

/* Returns what GATE_REQUIRE says, "user" if it is absent; NULL if it can't be understood: then
 * nobody may pass, and the log says why. */
static const char *
requirement(struct gate_request *r, enum gate_guard_mode mode)
{
	bool doubt;
	const char *text = gate_guard_once(r, "GATE_REQUIRE", &doubt);
	const char *why = doubt ? "comes twice" : text != NULL ? gate_require_refusal(text) : NULL;

	if (why == NULL)
		return text != NULL ? text : "user";
	gate_log(GATE_LOG_ERROR, "guard-misconfigured", "GATE_REQUIRE", text, "why", why, "url",
	    gate_guard_target(r, mode), NULL);
	return NULL;
}

/* Finds out what the users and the file of groups hold of this one. Returns 1, also if there are no
 * users to ask (a Node program logged them in); 0 if the users have nobody of that name; -1 with
 * the request's error set. */
static int
look_up(struct gate_request *r, const char *user, struct gate_user_about *about)
{
	const struct gate_config *config = r->config;
	int found =
	    config->users != NULL ? gate_users_about(config->users, user, about, &r->error) : 1;

	if (found != 1 || config->groups == NULL)
		return found;
	gate_buffer_reset(&about->groups);
	return gate_groups_of(config->groups, user, &about->groups, &r->error) < 0 ? -1 : 1;
}

/* Judges a user who is logged in. Returns why they may not pass, or NULL if they may, or if the
 * users or groups can't be asked: then the transaction has failed. */
static const char *
judge(struct gate_request *r, const char *require, const char *user, struct gate_user_about *about)
{
	int found;

	if (gate_user_name_refusal(user, strlen(user)) != NULL)
		return "the user's name can't be one";
	found = look_up(r, user, about);
	if (found == 0)
		return "the users have nobody of that name";
	if (found < 0)
		gate_transaction_fail(&r->transaction, &r->error);
	if (found < 0 || gate_require_is_met(require, user, gate_buffer_text(&about->groups)))
		return NULL;
	return "the user does not meet the requirement";
}

static void
answer_user(
    struct gate_request *r, enum gate_guard_mode mode, const char *require, const char *user)
{
	struct gate_user_about about = {.groups.limit = GATE_GROUPS_LIST_MAX};
	const char *why = judge(r, require, user, &about);

	if (why != NULL) {
		report(r, mode, user, why);
		refuse(r, GATE_GUARD_REFUSED);
	} else {
		pass(r, mode, user, &about);
	}
	gate_user_about_release(&about);
}

void
gate_guard(struct gate_request *r)
{
	enum gate_guard_mode mode = gate_guard_mode(r);
	static const struct gate_user_about nobody;
	const char *require, *user;

	if (mode == GATE_GUARD_UNKNOWN) {
		gate_log(GATE_LOG_ERROR, "guard-misconfigured", "why",
		    "the web server must set GATE_GUARD, once, to nginx, apache, lighttpd or "
		    "forward",
		    "url", gate_guard_target(r, mode), NULL);
		refuse(r, TEXT_BROKEN);
		return;
	}
	require = requirement(r, mode);
	if (require == NULL) {
		refuse(r, TEXT_BROKEN);
		return;
	}
	if (says(r, "GATE_PREFLIGHT", "pass") && gate_guard_is_preflight(r, mode)) {
		pass(r, mode, "", &nobody);
		return;
	}
	gate_transaction_only_look(
	    &r->transaction, !says(r, "GATE_TOUCH", "no") && !is_asked_again(r));
	user = gate_transaction_user(&r->transaction);
	if (user != NULL)
		answer_user(r, mode, require, user);
	else if (r->transaction.state == GATE_SESSION_LOADED &&
	    gate_require_takes_strangers(require))
		pass(r, mode, "", &nobody);
	else
		send_to_login(r, mode);
}
