/* login/login.c: login and logout, and the request's user. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/unicode.h"
#include "http/field.h"
#include "login/private.h"

/* ---- login ---- */

/* Sets the cookie of the known device. id: the device's; NULL: it gets a new id, and so a fresh
 * counter of attempts: only after a right password. */
static void
remember_device(struct gate_request *r, const char *name, const char *id)
{
	int64_t now = gate_clock_wall();
	struct gate_cookie_attributes attributes = {.path = "/",
	    .expires = now + GATE_DEVICE_AGE,
	    .now = now,
	    .http_only = true,
	    .secure = r->secure,
	    .same_site = GATE_SAME_SITE_LAX};
	struct gate_buffer value = {0};

	if (gate_device_make(r->config->keys, name, id, now, &value) == 0)
		gate_cookie_write(&r->login.device, gate_login_device_cookie(r),
		    gate_buffer_text(&value), &attributes, NULL);
	gate_buffer_release(&value);
}

static void
remember_login(struct gate_request *r, const char *name, bool remember)
{
	struct gate_login_memory *l = &r->login;
	const char *agent = gate_param(r, "HTTP_USER_AGENT");
	size_t length = agent != NULL ? gate_unicode_cut(agent, GATE_AGENT_MAX) : 0;

	snprintf(l->name, sizeof l->name, "%s", name);
	snprintf(l->address, sizeof l->address, "%s", gate_request_address(r));
	snprintf(l->agent, sizeof l->agent, "%.*s", (int)length, agent != NULL ? agent : "");
	l->login = (struct gate_record_login){
	    .name = l->name,
	    .address = l->address,
	    .agent = l->agent[0] != '\0' ? l->agent : NULL,
	    .at = gate_clock_wall(),
	};
	if (gate_users_since(r->config->users, name, &l->login.since, NULL) < 0 ||
	    l->login.since < l->login.at)
		l->login.since = l->login.at;
	l->max_age = remember ? r->config->options.remember_age : r->config->options.max_age;
	remember_device(r, name, NULL);
}

/* Removes blanks around a name, which keyboards and clipboards add. No user's name has any. */
static const char *
trim(struct gate_request *r, const char *name)
{
	size_t length = name != NULL ? strlen(name) : 0;

	if (length == 0)
		return name;
	gate_field_trim(&name, &length);
	return gate_request_keep(r, name, length);
}

static int
log_in(struct gate_request *r, const char *name, const char *password, bool remember)
{
	struct gate_login_try t = {
	    .r = r, .name = name, .password = password, .wrong = "login-failed"};
	int result = gate_login_attempt(&t);

	if (r->config->users == NULL)
		gate_log(GATE_LOG_WARN, "login-impossible", "error",
		    "option users names no file with users", NULL);
	if (result == 1) {
		gate_login_renew_hash(&t);
		memcpy(r->login.hash, t.hash, sizeof r->login.hash);
		r->login.password.secret = true;
		gate_buffer_puts(&r->login.password, password);
		remember_login(r, name, remember);
		if (gate_password_hash_refusal(t.hash, false) != NULL)
			gate_login_report(r, GATE_LOG_WARN, "hash-weak", name, true,
			    "gate user password makes a new one");
		gate_login_report(r, GATE_LOG_EACH, "login", name, true, NULL);
	}
	gate_login_try_end(&t);
	return result;
}

/* Repeats in this run what the first run found out. */
static int
replay(struct gate_request *r)
{
	struct gate_login_memory *l = &r->login;
	int answer = gate_login_replay(r, l->answer);

	if (answer != 1)
		return answer;
	if (l->device.length > 0)
		gate_header(r, "Set-Cookie", gate_buffer_text(&l->device));
	return gate_transaction_log_in(&r->transaction, &l->login, l->max_age) < 0 ? -1 : 1;
}

int
gate_login(struct gate_request *r, const char *name, const char *password, bool remember)
{
	struct gate_login_memory *l = &r->login;

	if (r->transaction.outcome != 0)
		return gate_request_late(r, "gate_login", -1);
	if (!gate_request_takes_passwords(r))
		return gate_login_refuse_http(r);
	if (gate_transaction_is_overfull(&r->transaction))
		return -1;
	if (!l->asked) {
		l->asked = true;
		l->answer = log_in(r, trim(r, name), password, remember);
	}
	return replay(r);
}

const char *
gate_user(struct gate_request *r)
{
	return gate_transaction_user(&r->transaction);
}

/* Sets a device cookie at a logout. Chromium keeps showing the page behind the login, in spite of
 * no-store, if a logout only removes cookies; it forgets the page if the logout sets one. The
 * cookie is a fresh one of the same device if it is this user's device; else the cookie that the
 * browser sent; else a worthless one for a minute. */
static void
set_device(struct gate_request *r, const char *user)
{
	const char *name = gate_login_device_cookie(r), *value = gate_cookie(r, name);
	int64_t now = gate_clock_wall();
	struct gate_cookie_attributes attributes = {.path = "/",
	    .expires = now + (value != NULL ? GATE_DEVICE_AGE : 60 * 1000),
	    .now = now,
	    .http_only = true,
	    .secure = r->secure,
	    .same_site = GATE_SAME_SITE_LAX};
	char device[GATE_DEVICE_ID_LENGTH + 1];

	if (r->login.device.length == 0 && user != NULL &&
	    gate_login_find_device(r, user, device) != NULL)
		remember_device(r, user, device);
	else if (r->login.device.length == 0)
		gate_cookie_write(&r->login.device, name,
		    value != NULL && gate_device_is_shaped(value) ? value : "none", &attributes,
		    NULL);
	if (r->login.device.length > 0)
		gate_header(r, "Set-Cookie", gate_buffer_text(&r->login.device));
}

static void
clear_site_data(struct gate_request *r)
{
	char *const *types = r->config->options.clear_site_data;
	struct gate_buffer value = {0};

	for (; *types != NULL; types++)
		gate_buffer_printf(&value, "%s\"%s\"", value.length > 0 ? ", " : "", *types);
	if (value.length > 0)
		gate_header(r, "Clear-Site-Data", gate_buffer_text(&value));
	gate_buffer_release(&value);
}

int
gate_logout(struct gate_request *r)
{
	const char *user = gate_user(r);

	if (user != NULL && r->runs == 1)
		gate_login_report(r, GATE_LOG_EACH, "logout", user, true, NULL);
	if (r->transaction.sent && !r->login.asked)
		set_device(r, user);
	clear_site_data(r);
	return gate_session_destroy(r);
}
