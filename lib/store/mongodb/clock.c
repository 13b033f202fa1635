/* store/mongodb/clock.c: asks for the server's time, which decides what has expired. */
#include "config.h"

#include "base/clock.h"
#include "base/error.h"
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

/* Asks the server for its time, and keeps it relative to CLOCK_BOOTTIME: so it is known later
 * without a call, also if this host's clock is set. If the server answers without a time, takes
 * this host's. */
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
		store->clock = *now - gate_clock_boot();
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

int
gate_store_mongodb_look_at_clock(struct gate_store_mongodb *store, struct gate_error *error)
{
	int64_t now, off;

	if (read_time(store, GATE_MONGODB_PATIENT, &now, error) < 0)
		return -1;
	off = gate_clock_wall() - now;
	if (off <= GATE_CLOCK_APART && off >= -GATE_CLOCK_APART)
		return 1;
	return gate_fail(error, GATE_ESTORE,
	    "%s: this host's clock is %lld s %s the server's: nothing is swept until it is right",
	    store->mongodb.name, (long long)(off < 0 ? -off : off) / 1000,
	    off < 0 ? "behind" : "ahead of");
}
