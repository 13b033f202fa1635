/* store/mongodb/clock.c: asks for the server's time, which decides what has expired. That clock may
 * be set as well, for instance with this host's if the server runs here: so it is compared with its
 * earlier readings, by CLOCK_BOOTTIME. */
#include "config.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "store/mongodb/private.h"

static bool
ask(const struct gate_store_mongodb *store, struct gate_mongodb_call *call, const char *name,
    int64_t *now)
{
	bson_t command = BSON_INITIALIZER, reply;
	bson_iter_t at;
	bool good;

	BSON_APPEND_INT32(&command, name, 1);
	good = gate_mongoc.client_command_simple(
	    call->client, store->mongodb.database, &command, NULL, &reply, &call->error);
	if (good && bson_iter_init_find(&at, &reply, "localTime") && BSON_ITER_HOLDS_DATE_TIME(&at))
		*now = gate_clock_bound(bson_iter_date_time(&at));
	bson_destroy(&reply);
	bson_destroy(&command);
	return good;
}

/* Compares a time that the server just told with what it told before. Keeps the time that is
 * believed relative to CLOCK_BOOTTIME, and returns it. */
static int64_t
believe(struct gate_store_mongodb *store, int64_t told)
{
	struct gate_clock_watch *watch = &store->watch;
	int64_t boot = gate_clock_boot(), now;

	pthread_mutex_lock(&store->watching);
	if (gate_clock_believe(watch, told, boot)) {
		if (store->off != 0)
			gate_log(GATE_LOG_WARN, "clock-believed", "store", store->collection, "why",
			    "the server's is right again, or has stood so for an hour", NULL);
		store->off = 0;
	} else
		store->off = watch->doubted - watch->offset;
	store->clock = watch->offset;
	now = watch->offset + boot;
	pthread_mutex_unlock(&store->watching);
	return now;
}

/* Asks the server for its time, so that it is known later without a call, also if this host's clock
 * is set. If the server answers without a time, takes this host's. Sets *now to the time that is
 * believed. */
static int
read_time(struct gate_store_mongodb *store, enum gate_mongodb_kind kind, int64_t *now,
    struct gate_error *error)
{
	struct gate_mongodb_call call;
	bool good;

	*now = gate_clock_wall();
	if (gate_mongodb_begin(&store->mongodb, &call, kind, NULL, error) < 0)
		return -1;
	good = ask(store, &call, "hello", now) ||
	    (call.error.domain == MONGOC_ERROR_SERVER && ask(store, &call, "isMaster", now));
	if (good)
		*now = believe(store, *now);
	return gate_mongodb_end(&call, good, "the server's time can't be read", error);
}

int
gate_store_mongodb_time(void *data, int64_t *now, struct gate_error *error)
{
	struct gate_store_mongodb *store = data;

	if (error != NULL || store->clock == 0)
		return read_time(store, GATE_MONGODB_READ, now, error);
	*now = store->clock + gate_clock_boot();
	return 1;
}

int
gate_store_mongodb_hear_clock(struct gate_store_mongodb *store, struct gate_error *error)
{
	int64_t now;

	return read_time(store, GATE_MONGODB_PATIENT, &now, error);
}

static int
doubt(const struct gate_store_mongodb *store, int64_t off, const char *whose, const char *other,
    struct gate_error *error)
{
	return gate_fail(error, GATE_ESTORE,
	    "%s: %s clock is %lld s %s %s: nothing is swept until it is right", store->mongodb.name,
	    whose, (long long)(off < 0 ? -off : off) / 1000, off < 0 ? "behind" : "ahead of",
	    other);
}

int
gate_store_mongodb_look_at_clock(struct gate_store_mongodb *store, struct gate_error *error)
{
	int64_t now, off;

	if (read_time(store, GATE_MONGODB_PATIENT, &now, error) < 0)
		return -1;
	off = store->off;
	if (off != 0)
		return doubt(store, off, "the server's", "its own time so far", error);
	off = gate_clock_wall() - now;
	if (off <= GATE_CLOCK_APART && off >= -GATE_CLOCK_APART)
		return 1;
	return doubt(store, off, "this host's", "the server's", error);
}
