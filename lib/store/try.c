/* store/try.c: tries a store with a record of its own, by the calls that requests make. */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "crypto/id.h"
#include "crypto/sign.h"
#include "record/record.h"
#include "store/store.h"

#define TRY_TIME (60 * 1000)  /* ms that a record lives if its removal fails */
#define TRY_AGAIN 1000        /* ms that a result is valid */
#define TRY_USER "gate:probe" /* nobody's name: a user's has no colon */
#define UNREADABLE "the store can't be read"
#define UNWRITABLE "the store can't be written"
#define CROWDED "the store is almost full: new visitors are refused"

struct trial {
	struct gate_store_link *link; /* trials call its table: `calls` is for requests only */
	const struct gate_options *options;
	struct gate_error *error;
	char id[GATE_ID_MAX + 1];
	struct gate_record record;
};

/* Empties the record, for a load or a create. */
static void
begin(struct trial *t)
{
	gate_store_release(t->link, &t->record);
	t->record =
	    gate_record_blank(gate_clock_wall(), gate_clock_monotonic() + t->options->deadline,
		t->options->ttl, t->options->user_member);
}

static int
load(struct trial *t)
{
	begin(t);
	return t->link->table->load(t->link->store, t->id, &t->record, t->error);
}

/* Creates the record with a user, so that the store's index is tried, too. */
static bool
create(struct trial *t)
{
	const struct gate_cookie_attributes attributes = {.path = "/"};
	const struct gate_record_login login = {TRY_USER, "", NULL, gate_clock_wall(), 0};
	const struct gate_record_policy policy = {
	    .cookie = &attributes, .max_age = TRY_TIME, .login = &login};

	begin(t);
	t->record.expires = t->record.now + TRY_TIME;
	if (gate_record_stamp(&t->record, &policy, t->record.expires, t->record.now) < 0) {
		gate_fail(t->error, GATE_EMEMORY, "out of memory");
		return false;
	}
	return t->link->table->create(t->link->store, t->id, &t->record, t->error) == 1;
}

/* Makes the record longer, so that a file store has to replace the file. */
static bool
update(struct trial *t)
{
	char text[1024];

	memset(text, 'x', sizeof text - 1);
	text[0] = text[sizeof text - 2] = '"';
	text[sizeof text - 1] = '\0';
	t->record.now = gate_clock_wall();
	if (gate_record_set(&t->record, "probe", text) < 0) {
		gate_fail(t->error, GATE_EMEMORY, "out of memory");
		return false;
	}
	return t->link->table->update(t->link->store, t->id, &t->record, t->error) == 1;
}

static bool
count(struct trial *t)
{
	struct gate_bump bump;

	return t->link->table->bump(t->link->store, "probe", 1, TRY_TIME, &bump, t->error) == 1;
}

/* Makes the calls of a session's life in their order. Returns NULL, or what does not work. */
static const char *
live(struct trial *t)
{
	if (load(t) != 0) /* nobody has this id */
		return UNREADABLE;
	if (!create(t))
		return UNWRITABLE;
	if (load(t) != 1) {
		gate_fail(t->error, GATE_ESTORE, "store: a record that was just made is not there");
		return UNREADABLE;
	}
	if (!update(t) || load(t) != 1 ||
	    t->link->table->remove(t->link->store, t->id, &t->record, t->error) != 1 || !count(t)) {
		gate_fail(t->error, GATE_ESTORE,
		    "store: a record that was just made can't be changed and removed");
		return UNWRITABLE;
	}
	return NULL;
}

const char *
gate_store_try(
    struct gate_store_link *link, const struct gate_options *options, struct gate_error *error)
{
	struct trial t = {.link = link, .options = options, .error = error};
	const char *why;

	if (gate_id_new(GATE_GENID_RANDOM, t.id) < 0) {
		gate_fail(error, GATE_ESYSTEM, "getrandom gives nothing: no id");
		return UNWRITABLE;
	}
	why = live(&t);
	gate_store_release(link, &t.record);
	if (why != NULL)
		link->table->remove(link->store, t.id, NULL, NULL);
	else if (!gate_store_has_room(link, options, error))
		why = CROWDED;
	return why;
}

/* One thread at a time makes a trial; the others wait, and return its result. */
const char *
gate_store_health(struct gate_store_link *link, const struct gate_options *options)
{
	struct gate_error error = {0};
	const char *why;

	pthread_mutex_lock(&link->health.lock);
	if (link->health.at == 0 || gate_clock_monotonic() - link->health.at >= TRY_AGAIN) {
		link->health.why = gate_store_try(link, options, &error);
		link->health.at = gate_clock_monotonic();
		if (link->health.why != NULL)
			gate_log(GATE_LOG_ERROR, "store-down", "why", link->health.why, "error",
			    error.text, NULL);
	}
	why = link->health.why;
	pthread_mutex_unlock(&link->health.lock);
	return why;
}
