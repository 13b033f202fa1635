/* account.c: the sessions of a request's user. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "date.h"
#include "error.h"
#include "hashing.h"
#include "id.h"
#include "json.h"
#include "log.h"
#include "repeat.h"
#include "request.h"

#define PURPOSE "gate session handle"
#define SHOWN_MAX 100   /* sessions, the newest */
#define TIME_MOST 9e15  /* ms */
#define ASKED_MAX 200   /* newest sessions, of which some may be over */
#define LOOKED_MAX 5000 /* sessions of a store that can't say which are the newest */
#define AT_ONCE 1000    /* sessions are ended, then there is another look for more */

/* ---- one session, as its user sees it ---- */

/* Shows who may end it, and nothing of its id. */
static void
handle_of(struct gate_request *r, const char *id, char handle[GATE_SIGNATURE_LENGTH + 1])
{
	gate_sign_for(r->config->keys, PURPOSE, id, strlen(id), handle);
}

static bool
is_over(struct gate_request *r, const struct gate_record *record)
{
	return r->config->users != NULL && gate_users_are_near(r->config->users) &&
	    gate_session_is_over(&r->session, record, NULL) == 1;
}

static bool
is_live(struct gate_request *r, const char *id, const struct gate_record *record)
{
	return gate_store_is_live(r->store, id, record, &r->config->options) && !is_over(r, record);
}

struct word {
	const char *in, *name; /* what a User-Agent has in it, and what it then is */
};

/* The first that fits; what pretends to be others comes before them. */
static const char *
find_word(const char *agent, const struct word *words)
{
	while (words->in != NULL && strstr(agent, words->in) == NULL)
		words++;
	return words->name;
}

/* "Firefox on Linux" */
static json_t *
describe(const char *agent)
{
	static const struct word browsers[] = {{"Edg", "Edge"}, {"OPR/", "Opera"},
	    {"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"},
	    {"CriOS", "Chrome"}, {"Chrome", "Chrome"}, {"Safari", "Safari"}, {"curl", "curl"},
	    {NULL, NULL}};
	static const struct word systems[] = {{"Android", "Android"}, {"iPhone", "iPhone"},
	    {"iPad", "iPad"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"},
	    {"Linux", "Linux"}, {NULL, NULL}};
	const char *browser, *system;

	if (agent == NULL)
		return json_string("Unknown device");
	browser = find_word(agent, browsers);
	system = find_word(agent, systems);
	if (browser == NULL)
		return json_string(agent);
	return system != NULL ? json_sprintf("%s on %s", browser, system) : json_string(browser);
}

/* A number that anybody may have put there. */
static int64_t
time_of(const json_t *number)
{
	double ms = json_number_value(number);

	return ms > 0 && ms < TIME_MOST ? (int64_t)ms : 0;
}

static void
put_time(json_t *session, const char *key, int64_t ms)
{
	char text[GATE_DISPLAY_TIME_MAX];

	if (ms <= 0)
		return;
	gate_display_time(text, ms);
	json_object_set_new(session, key, json_string(text));
}

static json_t *
show(struct gate_request *r, const char *id, const struct gate_record *record)
{
	const struct gate_member *member = gate_record_get(record, "gate");
	json_t *gate = member != NULL ? gate_json_load(member->text, member->length) : NULL;
	json_t *session = json_object(), *address = json_object_get(gate, "address");
	char handle[GATE_SIGNATURE_LENGTH + 1];
	bool ours = strcmp(id, r->session.id) == 0;

	handle_of(r, id, handle);
	json_object_set_new(session, "handle", json_string(handle));
	json_object_set_new(session, "this", json_boolean(ours));
	json_object_set_new(
	    session, "device", describe(json_string_value(json_object_get(gate, "agent"))));
	if (json_is_string(address))
		json_object_set(session, "address", address);
	put_time(session, "login", time_of(json_object_get(gate, "login")));
	put_time(session, "seen", ours ? r->session.now : record->touched);
	json_object_set_new(session, "order", json_integer(ours ? INT64_MAX : record->touched));
	json_decref(gate);
	return session;
}

struct list {
	struct gate_request *r;
	json_t *sessions;
	size_t most;
};

static int
add(void *data, const char *id, struct gate_record *record)
{
	struct list *list = data;

	if (strcmp(id, list->r->session.id) != 0 && is_live(list->r, id, record))
		json_array_append_new(list->sessions, show(list->r, id, record));
	return json_array_size(list->sessions) < list->most;
}

static int
newest_first(const void *a, const void *b)
{
	json_int_t one = json_integer_value(json_object_get(*(json_t *const *)a, "order"));
	json_int_t two = json_integer_value(json_object_get(*(json_t *const *)b, "order"));

	return (one < two) - (one > two);
}

/* Takes the list over. */
static json_t *
sort(json_t *list)
{
	size_t count = json_array_size(list), i;
	json_t **all = malloc((count + 1) * sizeof(json_t *)), *sorted = json_array(), *session;

	if (all == NULL || sorted == NULL) {
		free(all);
		json_decref(sorted);
		return list;
	}
	json_array_foreach(list, i, session) all[i] = session;
	qsort(all, count, sizeof(json_t *), newest_first);
	for (i = 0; i < count && i < SHOWN_MAX; i++) {
		json_object_del(all[i], "order");
		json_array_append(sorted, all[i]);
	}
	free(all);
	json_decref(list);
	return sorted;
}

static int
walk(struct gate_request *r, gate_store_visit *visit, void *data)
{
	return r->store->table->each(r->store->store, gate_user(r), visit, data, &r->session.error);
}

static int
walk_newest(struct list *list)
{
	struct gate_request *r = list->r;

	list->most = SHOWN_MAX;
	if (r->store->table->newest != NULL)
		return r->store->table->newest(
		    r->store->store, gate_user(r), ASKED_MAX, add, list, &r->session.error);
	list->most = LOOKED_MAX;
	return walk(r, add, list);
}

/* This one comes first, however long ago it was written. */
json_t *
gate_user_sessions(struct gate_request *r)
{
	struct list list = {r, json_array(), 0};

	if (gate_user(r) == NULL)
		return list.sessions;
	if (r->session.state == GATE_SESSION_LOADED)
		json_array_append_new(list.sessions, show(r, r->session.id, &r->session.record));
	if (walk_newest(&list) < 0) {
		r->session.state = GATE_SESSION_FAILED;
		json_decref(list.sessions);
		return json_array();
	}
	return sort(list.sessions);
}

/* ---- ending them ---- */

struct found {
	char id[GATE_ID_MAX + 1];
	int64_t created;
};

struct search {
	struct gate_request *r;
	const char *handle;       /* NULL: all others */
	struct gate_buffer found; /* of struct found */
};

static int
match(void *data, const char *id, struct gate_record *record)
{
	struct search *search = data;
	struct found found = {.created = record->created};
	char handle[GATE_SIGNATURE_LENGTH + 1];

	handle_of(search->r, id, handle);
	if (search->handle != NULL ? strcmp(handle, search->handle) != 0
				   : strcmp(id, search->r->session.id) == 0)
		return 1;
	memcpy(found.id, id, strlen(id) + 1);
	if (gate_buffer_add(&search->found, &found, sizeof found) < 0)
		return -1;
	return search->handle == NULL && search->found.length < AT_ONCE * sizeof found;
}

static int
end(struct gate_request *r, const char *id, const char *why)
{
	char tag[GATE_TAG_LENGTH + 1];
	int result = gate_store_end(r->store, id, NULL, &r->session.error);

	gate_sign_tag(r->config->keys, id, tag);
	if (result == 1)
		gate_log(GATE_LOG_EACH, "session-ended", "user", gate_user(r), "session", tag,
		    "address", gate_request_address(r), "why", why, NULL);
	return result;
}

static int
fail_late(struct gate_request *r)
{
	return gate_fail(&r->session.error, GATE_ESTORE,
	    "a user has more sessions than can be ended in a request's time");
}

/* How many went, or -1. */
static int
end_found(struct search *search, const char *why)
{
	const struct found *found = (const void *)gate_buffer_text(&search->found);
	size_t count = search->found.length / sizeof *found;
	int ended = 0, result = 0;

	for (size_t i = 0; i < count && result >= 0; i++) {
		result =
		    gate_clock_is_late() ? fail_late(search->r) : end(search->r, found[i].id, why);
		ended += result == 1;
	}
	return result < 0 ? -1 : ended;
}

/* 1: there was one; 0; -1. All others: until a look finds none, as one may be renewed while they are
 * ended, and so many that not all end in time are fewer the next time. */
static int
end_all(struct gate_request *r, const char *handle)
{
	const char *why = handle != NULL ? "by its user" : "all others, by its user";
	struct search search = {.r = r, .handle = handle};
	int ended, any = 0;

	do {
		gate_buffer_reset(&search.found);
		ended = walk(r, match, &search) < 0 ? -1 : end_found(&search, why);
		any |= ended > 0;
		if (handle == NULL && ended > 0 && gate_clock_monotonic() >= r->deadline)
			ended = fail_late(r);
	} while (handle == NULL && ended > 0);
	gate_buffer_release(&search.found);
	if (handle == NULL && ended >= 0)
		ended = gate_session_end_shown(&r->session, why);
	return ended < 0 ? -1 : any;
}

/* What the user's time becomes when all others end: later than when any of them began. 0: whom the
 * users don't know has none; -1: they can't be asked. */
static int64_t
next_time(struct gate_request *r)
{
	int64_t since, now = gate_clock_wall();
	char hash[GATE_HASH_MAX];
	int found;

	if (r->config->users == NULL)
		return 0;
	found = gate_users_find(r->config->users, gate_user(r), hash, &r->session.error);
	explicit_bzero(hash, sizeof hash);
	if (found == 1)
		found = gate_users_since(r->config->users, gate_user(r), &since, &r->session.error);
	if (found != 1)
		return found;
	return (now > since ? now : since) + 1;
}

/* Without the time, what is not listed would go on, and nobody would know. */
static int
end_others(struct gate_request *r)
{
	struct gate_login_memory *l = &r->login;
	int answer = end_all(r, NULL);

	if (answer >= 0 && l->since == 0)
		l->since = next_time(r);
	if (l->since >= 0)
		return answer;
	l->since = 0;
	return -1;
}

/* When this session is stored as one that goes on, so that its other requests go on too. */
static void
tell_users(struct gate_request *r)
{
	struct gate_login_memory *l = &r->login;
	struct gate_error error = {0};

	if (l->since == 0 || l->since_told || r->session.outcome != 1)
		return;
	l->since_told = true;
	if (gate_users_end(r->config->users, gate_user(r), l->since, &error) < 0)
		gate_log(GATE_LOG_WARN, "end-not-stored", "user", gate_user(r), "error", error.text,
		    "hint", "the sessions that were listed have ended all the same", NULL);
}

static int
end_once(struct gate_request *r, const char *handle)
{
	struct gate_login_memory *l = &r->login;
	const char *asked = handle != NULL ? handle : "";

	if (!l->ended || l->others != (handle == NULL) || strcmp(l->handle, asked) != 0) {
		l->end_answer = handle != NULL ? end_all(r, handle) : end_others(r);
		l->ended = true;
		l->others = handle == NULL;
		memcpy(l->handle, asked, strlen(asked) + 1);
	}
	if (l->end_answer < 0)
		r->session.state = GATE_SESSION_FAILED;
	else if (handle == NULL && l->since != 0)
		gate_session_ask_since(&r->session, l->since);
	return l->end_answer;
}

int
gate_login_end_others(struct gate_request *r)
{
	return end_once(r, NULL);
}

/* The request's own session, also if it is over: the first click of a double one ended it. */
static bool
is_own(struct gate_request *r, const char *handle)
{
	const struct gate_session *s = &r->session;
	char own[GATE_SIGNATURE_LENGTH + 1];

	if (handle == NULL)
		return false;
	if (gate_user(r) != NULL) {
		handle_of(r, s->id, own);
		return strcmp(handle, own) == 0;
	}
	for (int i = 0; i < s->shown_count; i++) {
		handle_of(r, s->shown[i].id, own);
		if (!s->shown[i].there && strcmp(handle, own) == 0)
			return true;
	}
	return false;
}

/* What an equal submit ended is there no more: that is as if it were ended now. */
int
gate_user_session_end(struct gate_request *r, const char *handle)
{
	const char *user = gate_user(r);
	int answer;

	if (is_own(r, handle))
		return gate_logout(r) < 0 ? -1 : 1;
	if (user == NULL || (handle != NULL && strlen(handle) > GATE_SIGNATURE_LENGTH))
		return 0;
	if (!r->login.ended && !gate_session_has_turn(&r->session))
		return GATE_CONFLICT;
	answer = end_once(r, handle);
	if (answer == 1)
		gate_repeat_remember(r);
	return answer == 0 && gate_repeat_is_in(r, &r->session.record) ? 1 : answer;
}

/* ---- too many of them ---- */

/* In an order that is the same to everybody: several logins may end at once. */
static int
oldest_first(const void *a, const void *b)
{
	const struct found *one = a, *two = b;

	if (one->created != two->created)
		return one->created > two->created ? 1 : -1;
	return strcmp(one->id, two->id);
}

static int
collect(void *data, const char *id, struct gate_record *record)
{
	struct search *search = data;
	struct found found = {.created = record->created};

	if (!is_live(search->r, id, record))
		return 1;
	memcpy(found.id, id, strlen(id) + 1);
	return gate_buffer_add(&search->found, &found, sizeof found) < 0 ? -1 : 1;
}

static void
end_oldest(struct gate_request *r, size_t most)
{
	struct search search = {.r = r};
	const struct found *found;
	size_t count, extra;

	if (walk(r, collect, &search) < 0) {
		gate_buffer_release(&search.found);
		return;
	}
	count = search.found.length / sizeof(struct found);
	extra = count > most ? count - most : 0;
	extra = extra < AT_ONCE ? extra : AT_ONCE; /* the next login ends more of them */
	if (extra > 0) {
		qsort(search.found.data, count, sizeof(struct found), oldest_first);
		search.found.length = extra * sizeof(struct found);
		end_found(&search, "max_sessions");
	}
	found = (const void *)gate_buffer_text(&search.found);
	for (size_t i = 0; i < extra; i++)
		if (strcmp(found[i].id, r->session.id) == 0)
			r->session.cookie = GATE_SESSION_KEEP; /* what it names is dead */
	gate_buffer_release(&search.found);
}

/* Another login of the same password may have renewed its hash: that is no change. */
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

/* Whoever changes the password ends the sessions that are there then; a login by the old one that
 * was under way must see to itself. */
static bool
is_outdated(struct gate_request *r)
{
	char hash[GATE_HASH_MAX];
	int found = gate_users_find(r->config->users, r->login.name, hash, NULL);
	bool outdated = found == 0 || (found == 1 && !fits(r, hash));

	explicit_bzero(hash, sizeof hash);
	return outdated;
}

/* Behind a change of the password, which stands whatever becomes of this: the user's time ends the
 * others anyway, where the users are not near with their next touch. */
static void
end_outdated(struct gate_request *r)
{
	if (r->login.change_answer != 1 || r->session.outcome != 1 || end_all(r, NULL) >= 0)
		return;
	gate_log(GATE_LOG_WARN, "sessions-not-ended", "user", gate_user(r), "error",
	    r->session.error.text, "hint", "the new password ends them at their next touch", NULL);
}

void
gate_login_finish(struct gate_request *r)
{
	tell_users(r);
	end_outdated(r);
	if (r->session.login == NULL || r->session.outcome != 1)
		return;
	if (is_outdated(r)) {
		end(r, r->session.id, "the password was changed meanwhile");
		r->session.cookie = GATE_SESSION_KEEP;
	} else if (r->config->options.max_sessions > 0) {
		end_oldest(r, (size_t)r->config->options.max_sessions);
	}
}
