/* login/change_password.c: how a user changes the password. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "login/hashing.h"
#include "login/private.h"
#include "request/repeat.h"

#define NEWEST 100 /* sessions to search for the one that was renewed within GATE_SUBMIT_TIME */

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

/* Finds out whether a change was made that got no answer. It may still be made later, and then
 * nobody ends the other sessions; so this ends them now. Returns 1 if the new hash is stored, else
 * -1 with r->error set. */
static int
is_stored(struct gate_login_try *t, const char *hash)
{
	struct gate_request *r = t->r;
	char there[GATE_HASH_MAX];
	int found = gate_users_find(r->config->users, t->name, there, &r->error);
	bool same = found == 1 && strcmp(there, hash) == 0;

	explicit_bzero(there, sizeof there);
	if (same)
		return 1;
	if (found >= 0)
		gate_login_end_others(r);
	return gate_fail(
	    &r->error, GATE_ESTORE, "users: a new password may have been stored, or not");
}

/* Stores the new hash. A login may renew the old password's hash meanwhile; the user did not change
 * the password then, so this tries again. Returns what gate_users_change does. */
static int
replace(struct gate_login_try *t, const char *hash, struct gate_error *error)
{
	struct gate_users *users = t->r->config->users;
	int result = gate_users_change(users, GATE_USER_REPLACE, t->name, hash, t->hash, error);

	if (result == 0 && gate_login_look_again(t))
		result = gate_users_change(users, GATE_USER_REPLACE, t->name, hash, t->hash, error);
	return result;
}

/* Returns 1 if the new password is stored, 0 with *why set, GATE_LATER, or -1 with r->error set. */
static int
store_password(struct gate_login_try *t, const char *new, const char **why)
{
	struct gate_request *r = t->r;
	struct gate_error error = {0};
	char hash[GATE_HASH_MAX];
	int turn = gate_hashing_enter(r->hashing, t->throttle.device != NULL, r->deadline), result;

	if (turn < 0) {
		r->login.wait = 1000;
		r->login.status = 503;
		return GATE_LATER;
	}
	result = gate_password_hash(new, hash, &error);
	gate_hashing_leave(r->hashing, turn);
	if (result == 0)
		result = replace(t, hash, &error);
	if (result < 0 && error.code == GATE_ESTORE)
		result = is_stored(t, hash);
	explicit_bzero(hash, sizeof hash);
	if (result == 0) {
		*why = "The password was changed from elsewhere just now.";
		gate_login_report(r, GATE_LOG_WARN, "password-refused", t->name, true, *why);
	}
	if (result >= 0 || error.code == GATE_ESTORE)
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
	struct gate_login_try t = {
	    .r = r, .name = name, .password = old, .wrong = "password-refused", .why = wrong};
	int result = 0;

	if (reason != NULL) {
		l->why = explain(r, reason);
		return 0;
	}
	l->why = wrong;
	t.exists = r->config->users != NULL;
	if (t.exists)
		result = gate_login_attempt(&t); /* asks the users only after the throttle */
	if (result == 0 && !t.exists) {          /* logged in by a Node program, or removed since */
		l->why = unchangeable;
		report_unchangeable(GATE_LOG_WARN, name, "option users names nobody of that name");
	}
	if (result == 1)
		result = store_password(&t, new, &l->why);
	if (result == 1) {
		gate_users_since(r->config->users, name, &l->since, NULL);
		l->since_told = true;
		gate_login_report(r, GATE_LOG_EACH, "password-changed", name, true, NULL);
	}
	gate_login_try_end(&t);
	return result;
}

/* Keeps only this session, under a new id: somebody who knew the old password may have the others.
 * They end after the commit of this one: the password is new by now, so a failure to end them must
 * not undo this session. */
static int
finish_change(struct gate_request *r)
{
	char mark[GATE_MARK_MAX];

	gate_transaction_set_since(&r->transaction, r->login.since);
	gate_repeat_remember(r);
	gate_repeat_mark(r, r->transaction.id, gate_user(r), mark);
	gate_transaction_set_mark(&r->transaction, mark);
	return gate_session_renew(r) < 0 ? -1 : 1;
}

/* ---- the second click of a double click: the first one renewed its session ---- */

static int
find_renewed(void *data, const char *id, struct gate_record *record)
{
	struct gate_request *r = data;

	if (gate_repeat_is_in(r, record))
		snprintf(r->login.resume_id, sizeof r->login.resume_id, "%s", id);
	return 1;
}

/* Looks only at the newest sessions if the store knows them: the renewed one is among them. */
static int
find_newest(struct gate_request *r, const char *name)
{
	return gate_store_newest(r->store, name, NEWEST, find_renewed, r, &r->error);
}

/* Returns 1 if an equal submit just renewed one of the ids that the request proves, 0 if not, or -1
 * with r->error set. */
static int
is_second(struct gate_request *r, const char *name)
{
	struct gate_transaction *s = &r->transaction;
	struct gate_bump bump = {0};
	char mark[GATE_MARK_MAX];

	for (int i = 0; i < s->shown_count && bump.count == 0; i++) {
		gate_repeat_mark(r, s->shown[i].id, name, mark);
		if (gate_store_bump(r->store, mark, 0, GATE_SUBMIT_TIME, &bump, &r->error) < 0)
			return -1;
	}
	return bump.count > 0;
}

/* Proves that the form belongs to the user: the old id alone must not give anybody a session, so
 * the form's new password has to be the user's by now. Returns 1 with l->resume_id set, 0 if not
 * proven or no session was found, GATE_LATER, or -1 with r->error set. */
static int
prove_change(struct gate_request *r, const char *name, const char *new)
{
	struct gate_transaction *s = &r->transaction;
	struct gate_login_memory *l = &r->login;
	struct gate_login_try t = {.r = r, .name = name, .password = new, .wrong = "login-failed"};
	int result;

	if (s->state != GATE_SESSION_GONE || name == NULL || new == NULL ||
	    strlen(name) > GATE_USER_NAME_MAX)
		return 0;
	result = is_second(r, name);
	if (result == 1 && (!l->changed || l->change_answer != 1)) {
		result = gate_login_attempt(&t);
		gate_login_try_end(&t);
	}
	if (result != 1)
		return result;
	if (find_newest(r, name) < 0)
		return -1;
	return l->resume_id[0] != '\0';
}

/* Goes on with the session that the first click has now: one change leaves one session. */
static int
resume(struct gate_request *r, const char *new)
{
	struct gate_login_memory *l = &r->login;
	int answer;

	if (!l->resumed) {
		l->resume_answer = prove_change(r, gate_form(r, "user"), new);
		l->resumed = true;
	}
	answer = gate_login_replay(r, l->resume_answer);
	if (answer == 1)
		answer = gate_transaction_resume(&r->transaction, l->resume_id);
	return answer == 0 ? -1 : answer;
}

/* ---- either click ---- */

int
gate_change_password(struct gate_request *r, const char *old, const char *new, const char **why)
{
	struct gate_login_memory *l = &r->login;
	const char *name = gate_user(r);
	int answer;

	*why = NULL;
	if (r->transaction.outcome != 0)
		return gate_request_late(r, "gate_change_password", -1);
	if (!gate_request_takes_passwords(r))
		return gate_login_refuse_http(r);
	if (name == NULL)
		return resume(r, new);
	if (!l->changed && !gate_transaction_has_turn(&r->transaction))
		return GATE_CONFLICT;
	if (!l->changed && gate_repeat_is_in(r, &r->transaction.record))
		return 1;
	if (!l->changed) {
		l->changed = true;
		l->change_answer = change(r, name, old, new);
	}
	answer = gate_login_replay(r, l->change_answer);
	if (answer == 0)
		*why = l->why;
	return answer == 1 ? finish_change(r) : answer;
}
