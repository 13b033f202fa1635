/* login/end.c: how a user ends sessions. */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "login/private.h"
#include "request/repeat.h"

static int
match(void *data, const char *id, struct gate_record *record)
{
	struct gate_login_search *search = data;
	struct gate_login_found found = {.created = record->created};
	char handle[GATE_SIGNATURE_LENGTH + 1];

	gate_login_handle(search->r, id, handle);
	if (search->handle != NULL ? strcmp(handle, search->handle) != 0
				   : strcmp(id, search->r->transaction.id) == 0)
		return 1;
	memcpy(found.id, id, strlen(id) + 1);
	if (gate_buffer_add(&search->found, &found, sizeof found) < 0)
		return -1;
	return search->handle == NULL && search->found.length < GATE_LOGIN_END_MAX * sizeof found;
}

int
gate_login_end_session(struct gate_request *r, const char *id, const char *why)
{
	char tag[GATE_TAG_LENGTH + 1];
	int result = gate_store_end(r->store, id, NULL, &r->error);

	gate_sign_tag(r->config->keys, id, tag);
	if (result == 1)
		gate_log(GATE_LOG_EACH, "session-ended", "user", gate_user(r), "session", tag,
		    "address", gate_request_address(r), "why", why, NULL);
	return result;
}

static int
fail_late(struct gate_request *r)
{
	return gate_fail(&r->error, GATE_ESTORE,
	    "a user has more sessions than can be ended in a request's time");
}

int
gate_login_end_found(struct gate_login_search *search, const char *why)
{
	const struct gate_login_found *found = (const void *)gate_buffer_text(&search->found);
	size_t count = search->found.length / sizeof *found;
	int ended = 0, result = 0;

	for (size_t i = 0; i < count && result >= 0; i++) {
		result = gate_clock_is_late() ? fail_late(search->r)
					      : gate_login_end_session(search->r, found[i].id, why);
		ended += result == 1;
	}
	return result < 0 ? -1 : ended;
}

/* Looks again until it finds no other session: one may get a new id while the others are ended. If
 * the deadline comes first, the next request has fewer to end. */
int
gate_login_end_all(struct gate_request *r, const char *handle)
{
	const char *why = handle != NULL ? "by its user" : "all others, by its user";
	struct gate_login_search search = {.r = r, .handle = handle};
	int ended, any = 0;

	do {
		gate_buffer_reset(&search.found);
		ended = gate_login_each(r, match, &search) < 0 ? -1
							       : gate_login_end_found(&search, why);
		any |= ended > 0;
		if (handle == NULL && ended > 0 && gate_clock_monotonic() >= r->deadline)
			ended = fail_late(r);
	} while (handle == NULL && ended > 0);
	gate_buffer_release(&search.found);
	if (handle == NULL && ended >= 0)
		ended = gate_transaction_end_shown(&r->transaction, why);
	return ended < 0 ? -1 : any;
}

/* Returns the user's new time, in ms since 1970, which ends all other sessions: later than the
 * beginning of any of them. Returns 0 if the users don't know this name: then there is no such
 * time; -1 with r->error set if they can't be asked. */
static int64_t
next_time(struct gate_request *r)
{
	int64_t since, now = gate_clock_wall();
	char hash[GATE_HASH_MAX];
	int found;

	if (r->config->users == NULL)
		return 0;
	found = gate_users_find(r->config->users, gate_user(r), hash, &r->error);
	explicit_bzero(hash, sizeof hash);
	if (found == 1)
		found = gate_users_since(r->config->users, gate_user(r), &since, &r->error);
	if (found != 1)
		return found;
	return (now > since ? now : since) + 1;
}

/* Fails if the user's new time can't be found: sessions that the store does not list would go on,
 * and nobody would know. */
static int
end_others(struct gate_request *r)
{
	struct gate_login_memory *l = &r->login;
	int answer = gate_login_end_all(r, NULL);

	if (answer >= 0 && l->since == 0)
		l->since = next_time(r);
	if (l->since >= 0)
		return answer;
	l->since = 0;
	return -1;
}

static int
end_once(struct gate_request *r, const char *handle)
{
	struct gate_login_memory *l = &r->login;
	const char *asked = handle != NULL ? handle : "";

	if (!l->ended || l->others != (handle == NULL) || strcmp(l->handle, asked) != 0) {
		l->end_answer = handle != NULL ? gate_login_end_all(r, handle) : end_others(r);
		l->ended = true;
		l->others = handle == NULL;
		memcpy(l->handle, asked, strlen(asked) + 1);
	}
	if (l->end_answer < 0)
		gate_transaction_fail(&r->transaction, &r->error);
	else if (handle == NULL && l->since != 0)
		gate_transaction_set_since(&r->transaction, l->since);
	return l->end_answer;
}

int
gate_login_end_others(struct gate_request *r)
{
	return end_once(r, NULL);
}

/* Returns whether the handle is that of the request's own session, even if that is over: then the
 * first click of a double click ended it. */
static bool
is_own(struct gate_request *r, const char *handle)
{
	const struct gate_transaction *s = &r->transaction;
	char own[GATE_SIGNATURE_LENGTH + 1];

	if (handle == NULL)
		return false;
	if (gate_user(r) != NULL) {
		gate_login_handle(r, s->id, own);
		return strcmp(handle, own) == 0;
	}
	for (int i = 0; i < s->shown_count; i++) {
		gate_login_handle(r, s->shown[i].id, own);
		if (!s->shown[i].there && strcmp(handle, own) == 0)
			return true;
	}
	return false;
}

/* Returns 1, too, if an equal submit has just ended the session: the second click of a double click
 * gets the same answer. */
int
gate_user_session_end(struct gate_request *r, const char *handle)
{
	const char *user = gate_user(r);
	int answer;

	if (is_own(r, handle))
		return gate_logout(r) < 0 ? -1 : 1;
	if (user == NULL || (handle != NULL && strlen(handle) > GATE_SIGNATURE_LENGTH))
		return 0;
	if (!r->login.ended && !gate_transaction_has_turn(&r->transaction))
		return GATE_CONFLICT;
	answer = end_once(r, handle);
	if (answer == 1)
		gate_repeat_remember(r);
	return answer == 0 && gate_repeat_is_in(r, &r->transaction.record) ? 1 : answer;
}
