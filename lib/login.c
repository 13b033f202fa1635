/* login.c: who a request's user is, how one becomes it, and how one changes one's password. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "device.h"
#include "encode.h"
#include "error.h"
#include "hashing.h"
#include "log.h"
#include "queue.h"
#include "request.h"
#include "throttle.h"

#define ONLY_HTTPS "Passwords are only taken over https."

/* ---- what is told ---- */

/* A name that exists as it was typed, another one as a tag: it may be somebody's password. */
static void
report(struct gate_request *r, enum gate_log_level level, const char *event, const char *name,
    bool exists, const char *why)
{
	char tag[GATE_TAG_LENGTH + 1];

	gate_sign_tag(r->config->keys, name, tag);
	gate_log(level, event, exists ? "user" : "user_tag", exists ? name : tag, "address",
	    gate_request_address(r), "why", why, NULL);
}

/* The status for who asks again later, or not at all. */
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

/* The store or the users can't be asked: 503, whatever the handler does. */
static int
give_up(struct gate_request *r)
{
	gate_session_json(&r->session);
	r->session.state = GATE_SESSION_FAILED;
	return -1;
}

/* ---- the known device ---- */

static const char *
device_cookie(const struct gate_request *r)
{
	return r->secure ? GATE_DEVICE_COOKIE_SECURE : GATE_DEVICE_COOKIE;
}

static const char *
find_device(struct gate_request *r, const char *name, char id[GATE_DEVICE_ID_LENGTH + 1])
{
	const char *value = gate_cookie(r, device_cookie(r));

	if (value == NULL ||
	    gate_device_check(r->config->keys, name, gate_clock_wall(), value, strlen(value), id) !=
		1)
		return NULL;
	return id;
}

static void
remember_device(struct gate_request *r, const char *name)
{
	struct gate_cookie_attributes attributes = {.path = "/",
	    .expires = gate_clock_wall() + GATE_DEVICE_AGE,
	    .http_only = true,
	    .secure = r->secure,
	    .same_site = GATE_SAME_SITE_LAX};
	struct gate_buffer value = {0};

	if (gate_device_make(r->config->keys, name, gate_clock_wall(), &value) == 0)
		gate_cookie_write(&r->login.device, device_cookie(r), gate_buffer_text(&value),
		    &attributes, NULL);
	gate_buffer_release(&value);
}

/* ---- one try ---- */

struct
try {
	struct gate_request *r;
	const char *name, *password;
	struct gate_throttle throttle;
	char device[GATE_DEVICE_ID_LENGTH + 1];
	const char *wrong, *why;  /* the event that it is if the password is wrong */
	char hash[GATE_HASH_MAX]; /* that the password is tried on: the user's own, if usable */
	bool exists, usable;
	struct gate_queue account; /* of tries of this account */
	char place[sizeof "login:" + GATE_USER_NAME_MAX];
};

/* A stranger's work is that of one of the users, so that the time it takes tells nothing, whatever
 * kinds of hashes there are; nobody else can say whose. Both are always looked for. */
static int
find_hash(struct try *t)
{
	const struct gate_config *config = t->r->config;
	bool weak = config->options.allow_weak_hashes;
	char other[GATE_HASH_MAX] = "", signature[GATE_SIGNATURE_LENGTH + 1];
	struct gate_error *error = &t->r->session.error;
	uint64_t number;
	int found, picked;

	gate_sign_for(config->keys, "gate stranger", t->name, strlen(t->name), signature);
	memcpy(&number, signature, sizeof number);
	found = gate_users_find(config->users, t->name, t->hash, error);
	picked = gate_users_pick(config->users, number, weak, other, error);
	t->exists = found == 1;
	t->usable = t->exists && gate_password_hash_refusal(t->hash, weak) == NULL;
	if (!t->usable)
		memcpy(t->hash, other, sizeof other);
	explicit_bzero(other, sizeof other);
	return found < 0 || picked < 0 ? -1 : 0;
}

/* The verdict over a try that may not be made. */
static int
refuse_try(struct try *t, int verdict)
{
	static const char *const whys[] = {
	    [GATE_THROTTLE_ACCOUNT] = "the account has to wait",
	    [GATE_THROTTLE_CLOSED] = "the account is closed: gate user unlock",
	    [GATE_THROTTLE_ADDRESS] = "the address has to wait",
	};

	report(t->r, GATE_LOG_WARN, "login-throttled", t->name, t->exists, whys[verdict]);
	if (verdict != GATE_THROTTLE_ADDRESS)
		return 0;
	t->r->login.wait = t->throttle.wait;
	t->r->login.status = 429;
	return GATE_LATER;
}

/* What was counted as a failure turns out to be one or not. */
static int
decide(struct try *t)
{
	struct gate_error *error = &t->r->session.error;
	int result = gate_password_verify(
	    t->password, t->hash, t->r->config->options.allow_weak_hashes, error);

	if (result == 1 && !t->usable)
		result = 0;
	if (result == 1 && gate_throttle_success(&t->throttle, error) < 0)
		return -1;
	if (result < 0 && gate_throttle_undo(&t->throttle, NULL) < 0)
		return -1;
	if (result == 0)
		report(t->r, GATE_LOG_WARN, t->wrong, t->name, t->exists, t->why);
	return result;
}

static int
put_off(struct try *t)
{
	report(t->r, GATE_LOG_WARN, "login-busy", t->name, t->exists, "no turn to hash");
	t->r->login.wait = 1000;
	t->r->login.status = 503;
	return GATE_LATER;
}

/* Counted before it is made. */
static int
judge(struct try *t)
{
	struct gate_error *error = &t->r->session.error;
	int verdict = gate_throttle_try(&t->throttle, error), turn, result;

	if (verdict < 0)
		return -1;
	if (verdict != GATE_THROTTLE_PASS)
		return refuse_try(t, verdict);
	turn = gate_hashing_enter(t->r->hashing, t->r->deadline);
	if (turn < 0)
		return gate_throttle_undo(&t->throttle, error) < 0 ? -1 : put_off(t);
	result = decide(t);
	gate_hashing_leave(t->r->hashing, turn);
	return result;
}

static int
is_alone(void *data)
{
	struct try *t = data;

	return gate_queue_try(&t->account, t->place);
}

/* Too many came together; those that would be refused anyway are. */
static int
judge_crowd(struct try *t)
{
	int verdict = gate_throttle_look(&t->throttle, &t->r->session.error);

	if (verdict < 0)
		return -1;
	return verdict == GATE_THROTTLE_PASS ? put_off(t) : refuse_try(t, verdict);
}

/* Tries of one account go one after the other on this host, so that the second click of a double
 * one is no try behind a failure, as which the first one counts until it is known to be right. */
static int
judge_alone(struct try *t)
{
	struct gate_request *r = t->r;
	int result;

	snprintf(t->place, sizeof t->place, "login:%s", t->name);
	if (gate_queue_open(&t->account, r->config->options.run_dir, &r->session.error) < 0)
		return -1;
	if (is_alone(t) || gate_hashing_stand_by(r->hashing, is_alone, t, r->deadline))
		result = judge(t);
	else
		result = judge_crowd(t);
	gate_queue_close(&t->account);
	return result;
}

static int
attempt(struct try *t)
{
	struct gate_request *r = t->r;

	if (t->name == NULL || t->password == NULL || strlen(t->name) > GATE_USER_NAME_MAX ||
	    strlen(t->password) > GATE_PASSWORD_MAX || r->config->users == NULL)
		return 0;
	t->throttle = (struct gate_throttle){
	    .store = r->store,
	    .name = t->name,
	    .address = gate_request_address(r),
	    .device = find_device(r, t->name, t->device),
	};
	return find_hash(t) < 0 ? -1 : judge_alone(t);
}

/* ---- login ---- */

static void
remember_login(struct gate_request *r, const char *name, bool remember)
{
	struct gate_login_memory *l = &r->login;
	const char *agent = gate_param(r, "HTTP_USER_AGENT");
	size_t length = 0, size;

	snprintf(l->name, sizeof l->name, "%s", name);
	snprintf(l->address, sizeof l->address, "%s", gate_request_address(r));
	while (agent != NULL && agent[length] != '\0' &&
	    (size = gate_utf8_character(agent + length, strlen(agent + length))) > 0 &&
	    length + size <= GATE_AGENT_MAX)
		length += size;
	snprintf(l->agent, sizeof l->agent, "%.*s", (int)length, agent != NULL ? agent : "");
	l->login = (struct gate_record_login){
	    .name = l->name,
	    .address = l->address,
	    .agent = l->agent[0] != '\0' ? l->agent : NULL,
	    .at = gate_clock_wall(),
	};
	l->max_age = remember ? r->config->options.remember_age : r->config->options.max_age;
	remember_device(r, name);
}

static int
log_in(struct gate_request *r, const char *name, const char *password, bool remember)
{
	struct try t = {.r = r, .name = name, .password = password, .wrong = "login-failed"};
	int result = attempt(&t);

	if (r->config->users == NULL)
		gate_log(GATE_LOG_WARN, "login-impossible", "error",
		    "option users names no file with users", NULL);
	if (result == 1) {
		memcpy(r->login.hash, t.hash, sizeof r->login.hash);
		remember_login(r, name, remember);
		if (gate_password_hash_refusal(t.hash, false) != NULL)
			report(r, GATE_LOG_WARN, "hash-weak", name, true,
			    "gate user password makes a new one");
		report(r, GATE_LOG_INFO, "login", name, true, NULL);
	}
	explicit_bzero(t.hash, sizeof t.hash);
	return result;
}

/* Does in this run what was found out in the first one. */
static int
replay(struct gate_request *r)
{
	struct gate_login_memory *l = &r->login;

	if (l->answer == GATE_LATER)
		return refuse(r, l->status, l->wait, NULL);
	if (l->answer == -1)
		return give_up(r);
	if (l->answer == 0)
		return 0;
	if (l->device.length > 0)
		gate_header(r, "Set-Cookie", gate_buffer_text(&l->device));
	if (gate_session_ask_login(&r->session, &l->login, l->max_age) < 0)
		return -1;
	return 1;
}

int
gate_login(struct gate_request *r, const char *name, const char *password, int remember)
{
	struct gate_login_memory *l = &r->login;

	if (r->session.outcome != 0)
		return gate_request_late(r, "gate_login", -1);
	if (!gate_request_takes_passwords(r))
		return refuse(r, 403, 0, ONLY_HTTPS);
	if (!l->asked) {
		l->asked = true;
		l->answer = log_in(r, name, password, remember != 0);
	}
	return replay(r);
}

const char *
gate_user(struct gate_request *r)
{
	return gate_session_user(&r->session);
}

/* Chromium shows the page that the login led to again, no-store or not, when a logout only removes
 * cookies; one that is set makes it forget that page. */
static void
renew_device(struct gate_request *r, const char *user)
{
	if (r->login.device.length == 0)
		remember_device(r, user);
	if (r->login.device.length > 0)
		gate_header(r, "Set-Cookie", gate_buffer_text(&r->login.device));
}

int
gate_logout(struct gate_request *r)
{
	const char *user = gate_user(r);
	char device[GATE_DEVICE_ID_LENGTH + 1];

	if (user != NULL && r->runs == 1)
		report(r, GATE_LOG_INFO, "logout", user, true, NULL);
	if (user != NULL && !r->login.asked && find_device(r, user, device) != NULL)
		renew_device(r, user);
	gate_header(r, "Clear-Site-Data", "\"cache\", \"storage\"");
	return gate_session_destroy(r);
}

void
gate_login_forget(struct gate_login_memory *l)
{
	if (!l->asked && !l->changed && !l->ended && l->device.data == NULL)
		return; /* as most requests: it is large */
	gate_buffer_release(&l->device);
	explicit_bzero(l->hash, sizeof l->hash);
	*l = (struct gate_login_memory){.asked = false};
}

/* ---- a new password ---- */

static const char *
explain(struct gate_request *r, const char *reason)
{
	struct gate_buffer text = {0};
	const char *kept;

	gate_buffer_printf(&text, "The new password %s.", reason);
	kept = gate_request_keep(r, gate_buffer_text(&text), text.length);
	gate_buffer_release(&text);
	return kept;
}

static const char unchangeable[] = "Passwords can't be changed here: ask the administrator.";

static void
report_unchangeable(enum gate_log_level level, const char *name, const char *why)
{
	gate_log(level, "password-unchangeable", "user", name, "error", why, NULL);
}

/* A user whom a Node program logged in, or who was removed, has no password here. 1, 0, -1. */
static int
has_password(struct gate_request *r, const char *name)
{
	char hash[GATE_HASH_MAX];
	int found = 0;

	if (r->config->users != NULL)
		found = gate_users_find(r->config->users, name, hash, &r->session.error);
	explicit_bzero(hash, sizeof hash);
	if (found == 0)
		report_unchangeable(GATE_LOG_WARN, name, "option users names nobody of that name");
	return found;
}

/* 1, or 0 with *why, GATE_LATER, -1. */
static int
store_password(struct try *t, const char *new, const char **why)
{
	struct gate_request *r = t->r;
	struct gate_error error = {0};
	char hash[GATE_HASH_MAX];
	int turn = gate_hashing_enter(r->hashing, r->deadline), result;

	if (turn < 0) {
		r->login.wait = 1000;
		r->login.status = 503;
		return GATE_LATER;
	}
	result = gate_password_hash(new, hash, &error);
	gate_hashing_leave(r->hashing, turn);
	if (result == 0)
		result = gate_users_change(
		    r->config->users, GATE_USER_REPLACE, t->name, hash, t->hash, &error);
	explicit_bzero(hash, sizeof hash);
	if (result == 0) {
		*why = "The password was changed from elsewhere just now.";
		report(r, GATE_LOG_WARN, "password-refused", t->name, true, *why);
	}
	if (result >= 0)
		return result;
	report_unchangeable(GATE_LOG_ERROR, t->name, error.text);
	*why = unchangeable;
	return 0;
}

static int
change(struct gate_request *r, const char *name, const char *old, const char *new)
{
	static const char wrong[] =
	    "The current password is not right, or there were too many tries.";
	struct gate_login_memory *l = &r->login;
	const char *reason = new != NULL ? gate_password_refusal(new, name) : "is missing";
	struct try t = {
	    .r = r, .name = name, .password = old, .wrong = "password-refused", .why = wrong};
	int result;

	if (reason != NULL) {
		l->why = explain(r, reason);
		return 0;
	}
	l->why = unchangeable;
	result = has_password(r, name);
	if (result != 1)
		return result;
	l->why = wrong;
	result = attempt(&t);
	if (result == 1)
		result = store_password(&t, new, &l->why);
	if (result == 1)
		report(r, GATE_LOG_INFO, "password-changed", name, true, NULL);
	explicit_bzero(t.hash, sizeof t.hash);
	return result;
}

/* Whoever knew the old password may have sessions: only this one stays, under a new id. */
static int
finish_change(struct gate_request *r)
{
	if (gate_user_session_end(r, NULL) < 0)
		return -1;
	return gate_session_renew(r) < 0 ? -1 : 1;
}

int
gate_change_password(struct gate_request *r, const char *old, const char *new, const char **why)
{
	struct gate_login_memory *l = &r->login;
	const char *name = gate_user(r);

	*why = NULL;
	if (r->session.outcome != 0)
		return gate_request_late(r, "gate_change_password", -1);
	if (name == NULL)
		return -1;
	if (!gate_request_takes_passwords(r))
		return refuse(r, 403, 0, ONLY_HTTPS);
	if (!l->changed) {
		l->changed = true;
		l->change_answer = change(r, name, old, new);
	}
	if (l->change_answer == GATE_LATER)
		return refuse(r, l->status, l->wait, NULL);
	if (l->change_answer == -1)
		return give_up(r);
	if (l->change_answer == 0) {
		*why = l->why;
		return 0;
	}
	return finish_change(r);
}
