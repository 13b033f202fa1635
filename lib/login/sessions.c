/* login/sessions.c: the sessions of a request's user, as /account shows them. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "login/private.h"
#include "record/json.h"

#define PURPOSE "gate session handle"
#define SHOWN_MAX 100   /* sessions that are shown, the newest */
#define TIME_MOST 9e15  /* ms since 1970; a larger number is no time */
#define ASKED_MAX 200   /* newest sessions to ask the store for: some may be over */
#define LOOKED_MAX 5000 /* sessions to look at if the store does not know the newest */

/* ---- one session, as its user sees it ---- */

void
gate_login_handle(struct gate_request *r, const char *id, char handle[GATE_SIGNATURE_LENGTH + 1])
{
	gate_sign_for(r->config->keys, PURPOSE, id, strlen(id), handle);
}

static bool
is_over(struct gate_request *r, const struct gate_record *record)
{
	return r->config->users != NULL && gate_users_are_near(r->config->users) &&
	    gate_transaction_is_over(&r->transaction, record, NULL) == 1;
}

bool
gate_login_is_live(struct gate_request *r, const char *id, const struct gate_record *record)
{
	return gate_store_is_live(r->store, id, record, &r->config->options) && !is_over(r, record);
}

struct word {
	const char *in, *name; /* a part of a User-Agent, and what it stands for */
};

/* Returns the name of the first word in the agent, or NULL. A browser that pretends to be another
 * one is listed before it. */
static const char *
find_word(const char *agent, const struct word *words)
{
	while (words->in != NULL && strstr(agent, words->in) == NULL)
		words++;
	return words->name;
}

/* Returns for example "Firefox on Linux". Yours. */
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

/* Returns what the device is: the name of a member that is true for the page. Tablets with Android
 * are the ones that do not say Mobile. */
static const char *
kind_of(const char *agent)
{
	static const struct word kinds[] = {{"iPad", "tablet"}, {"iPhone", "phone"},
	    {"Mobile", "phone"}, {"Android", "tablet"}, {"Windows", "computer"},
	    {"Mac OS X", "computer"}, {"CrOS", "computer"}, {"Linux", "computer"}, {NULL, NULL}};
	const char *kind = agent != NULL ? find_word(agent, kinds) : NULL;

	return kind != NULL ? kind : "program";
}

/* Returns the time in ms since 1970, or 0: a Node program may have written any number there. */
static int64_t
time_of(const json_t *number)
{
	double ms = json_number_value(number);

	return ms > 0 && ms < TIME_MOST ? (int64_t)ms : 0;
}

static void
put_time(json_t *session, const char *key, int64_t ms)
{
	char text[GATE_DATE_FOR_PEOPLE_MAX];

	if (ms <= 0)
		return;
	gate_date_for_people(text, ms);
	json_object_set_new(session, key, json_string(text));
}

/* Puts in when the session was last used, and how long ago that is. */
static void
put_seen(json_t *session, int64_t ms, int64_t now)
{
	char age[GATE_AGE_MAX];

	if (ms <= 0)
		return;
	put_time(session, "seen", ms);
	gate_age(age, now - ms);
	json_object_set_new(session, "ago", json_string(age));
}

static json_t *
show(struct gate_request *r, const char *id, const struct gate_record *record)
{
	struct gate_member member;
	json_t *gate = gate_record_get(record, "gate", &member)
	    ? gate_json_load(member.text, member.length)
	    : NULL;
	json_t *session = json_object(), *address = json_object_get(gate, "address");
	const char *agent = json_string_value(json_object_get(gate, "agent"));
	char handle[GATE_SIGNATURE_LENGTH + 1];
	bool ours = strcmp(id, r->transaction.id) == 0;

	gate_login_handle(r, id, handle);
	json_object_set_new(session, "handle", json_string(handle));
	json_object_set_new(session, "this", json_boolean(ours));
	json_object_set_new(session, "device", describe(agent));
	json_object_set_new(session, kind_of(agent), json_true());
	if (json_is_string(address))
		json_object_set(session, "address", address);
	put_time(session, "login", time_of(json_object_get(gate, "login")));
	put_seen(session, ours ? r->transaction.now : record->touched, r->transaction.now);
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

	if (strcmp(id, list->r->transaction.id) != 0 && gate_login_is_live(list->r, id, record))
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

/* Returns the newest SHOWN_MAX sessions of the list, and frees the list. Yours. */
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
	json_array_foreach(list, i, session)
		all[i] = session;
	qsort(all, count, sizeof(json_t *), newest_first);
	for (i = 0; i < count && i < SHOWN_MAX; i++) {
		json_object_del(all[i], "order");
		json_array_append(sorted, all[i]);
	}
	free(all);
	json_decref(list);
	return sorted;
}

int
gate_login_each(struct gate_request *r, gate_store_visit *visit, void *data)
{
	return gate_store_each(r->store, gate_user(r), visit, data, &r->error);
}

static int
walk_newest(struct list *list)
{
	struct gate_request *r = list->r;

	list->most = gate_store_knows_newest(r->store) ? SHOWN_MAX : LOOKED_MAX;
	return gate_store_newest(r->store, gate_user(r), ASKED_MAX, add, list, &r->error);
}

/* The request's own session comes first, however long ago it was written. */
json_t *
gate_user_sessions(struct gate_request *r)
{
	struct list list = {r, json_array(), 0};

	if (gate_user(r) == NULL)
		return list.sessions;
	if (r->transaction.state == GATE_SESSION_LOADED)
		json_array_append_new(
		    list.sessions, show(r, r->transaction.id, &r->transaction.record));
	if (walk_newest(&list) < 0) {
		gate_transaction_fail(&r->transaction, &r->error);
		json_decref(list.sessions);
		return json_array();
	}
	return sort(list.sessions);
}
