/* login/finish.c: what is left to do after the commit of a request. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "login/hashing.h"
#include "login/private.h"

/* Stores, with the users, the time before which all of the user's sessions are over. The commit has
 * to come first: it stores that this session is not one of them. */
static void
tell_users(struct gate_request *r)
{
	struct gate_login_memory *l = &r->login;
	struct gate_error error = {0};

	if (l->since == 0 || l->since_told || r->transaction.outcome != 1)
		return;
	l->since_told = true;
	if (gate_users_end(r->config->users, gate_user(r), l->since, &error) < 0)
		gate_log(GATE_LOG_WARN, "end-not-stored", "user", gate_user(r), "error", error.text,
		    "hint", "the sessions that were listed have ended all the same", NULL);
}

/* Breaks ties by id: several logins may sort at once, and must choose the same sessions. */
static int
oldest_first(const void *a, const void *b)
{
	const struct gate_login_found *one = a, *two = b;

	if (one->created != two->created)
		return one->created > two->created ? 1 : -1;
	return strcmp(one->id, two->id);
}

static int
collect(void *data, const char *id, struct gate_record *record)
{
	struct gate_login_search *search = data;
	struct gate_login_found found = {.created = record->created};

	if (!gate_login_is_live(search->r, id, record))
		return 1;
	memcpy(found.id, id, strlen(id) + 1);
	return gate_buffer_add(&search->found, &found, sizeof found) < 0 ? -1 : 1;
}

static void
end_oldest(struct gate_request *r, size_t most)
{
	struct gate_login_search search = {.r = r};
	const struct gate_login_found *found;
	size_t count, extra;

	/* one that is too old among some of them is too old among all */
	if (gate_login_each(r, collect, &search) < 0)
		gate_log(GATE_LOG_WARN, "sessions-not-listed", "user", gate_user(r), "error",
		    r->error.text, "next", "max_sessions ends the oldest of those that were found",
		    NULL);
	count = search.found.length / sizeof(struct gate_login_found);
	extra = count > most ? count - most : 0;
	extra = extra < GATE_LOGIN_END_MAX
	    ? extra
	    : GATE_LOGIN_END_MAX; /* the next login ends more of them */
	if (extra > 0) {
		qsort(search.found.data, count, sizeof(struct gate_login_found), oldest_first);
		search.found.length = extra * sizeof(struct gate_login_found);
		gate_login_end_found(&search, "max_sessions");
	}
	found = (const void *)gate_buffer_text(&search.found);
	for (size_t i = 0; i < extra; i++)
		if (strcmp(found[i].id, r->transaction.id) == 0)
			gate_transaction_withhold_cookie(
			    &r->transaction); /* that session has ended */
	gate_buffer_release(&search.found);
}

/* Returns whether the hash is of the password that logged in. It may differ from the hash of the
 * login: another login with the same password may have renewed it. Returns false,
 * too, if no turn to hash came in time. */
static bool
fits(struct gate_request *r, const char *hash)
{
	const struct gate_login_memory *l = &r->login;
	int turn, answer;

	if (strcmp(hash, l->hash) == 0)
		return true;
	turn = gate_hashing_enter(r->hashing, true, r->deadline);
	if (turn < 0)
		return false;
	answer = gate_password_verify(gate_buffer_text(&l->password), hash, false, NULL);
	gate_hashing_leave(r->hashing, turn);
	return answer == 1;
}

/* Returns whether the password was changed, or the user removed, during the login. A change ends
 * only the sessions that exist then, so a login that was under way has to find out itself. */
static bool
is_outdated(struct gate_request *r)
{
	char hash[GATE_HASH_MAX];
	int found = gate_users_find(r->config->users, r->login.name, hash, NULL);
	bool outdated = found == 0 || (found == 1 && !fits(r, hash));

	explicit_bzero(hash, sizeof hash);
	return outdated;
}

/* Ends the other sessions after a change of the password. A failure is only logged: the password
 * is changed, and the user's new time ends these sessions anyway, at their next touch at the
 * latest. */
static void
end_outdated(struct gate_request *r)
{
	if (r->login.change_answer != 1 || r->transaction.outcome != 1 ||
	    gate_login_end_all(r, NULL) >= 0)
		return;
	gate_log(GATE_LOG_WARN, "sessions-not-ended", "user", gate_user(r), "error", r->error.text,
	    "hint", "the new password ends them at their next touch", NULL);
}

void
gate_login_finish(struct gate_request *r)
{
	tell_users(r);
	end_outdated(r);
	if (r->transaction.login == NULL || r->transaction.outcome != 1)
		return;
	if (is_outdated(r)) {
		gate_login_end_session(r, r->transaction.id, "the password was changed meanwhile");
		gate_transaction_withhold_cookie(&r->transaction);
	} else if (r->config->options.max_sessions > 0) {
		end_oldest(r, (size_t)r->config->options.max_sessions);
	}
}
