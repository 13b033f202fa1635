/* store/mongodb/mongodb.c: opens and closes the MongoDB store, and has its table of functions. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/mongodb/mongodb.h"
#include "store/mongodb/private.h"

#define SPARE_CLIENTS 4 /* beyond one a thread: the sweeper, two probes, a walk's visits */

static void
close_store(void *data)
{
	struct gate_store_mongodb *store = data;

	gate_mongodb_close(&store->mongodb);
	pthread_mutex_destroy(&store->watching);
	free(store->user_member);
	free(store);
}

static int
name_collections(struct gate_store_mongodb *store, const char *name, struct gate_error *error)
{
	if (name[0] == '\0' || strlen(name) > GATE_STORE_MONGODB_NAME_MAX ||
	    strchr(name, '$') != NULL || strncmp(name, "system.", 7) == 0 || name[0] == '.')
		return gate_fail(error, GATE_EOPTION,
		    "collection \"%.40s\": MongoDB takes no such name; say sessions", name);
	snprintf(store->collection, sizeof store->collection, "%s", name);
	snprintf(store->counters, sizeof store->counters, "%s_counters", name);
	return 0;
}

static int
open_store(
    void **data, const char *url, const struct gate_options *options, struct gate_error *error)
{
	struct gate_store_mongodb *store = calloc(1, sizeof *store);
	const struct gate_mongodb_wish wish = {.option = "store",
	    .url = url,
	    .connect_timeout = options->connect_timeout,
	    .select_timeout = options->select_timeout,
	    .socket_timeout = options->socket_timeout,
	    .clients = options->threads + SPARE_CLIENTS,
	    .collection = store != NULL ? store->collection : NULL};

	if (store == NULL)
		return gate_fail(error, GATE_EMEMORY, "out of memory");
	store->ttl = options->ttl;
	store->deadline = options->deadline;
	store->document = options->payload == GATE_PAYLOAD_DOCUMENT;
	store->touches = options->touch_after > 0;
	store->user_member = strdup(options->user_member);
	if (store->user_member == NULL)
		gate_fail(error, GATE_EMEMORY, "out of memory");
	else if (name_collections(store, options->collection, error) == 0 &&
	    gate_mongodb_open(&store->mongodb, &wish, error) == 0) {
		pthread_mutex_init(&store->watching, NULL);
		*data = store;
		return 0;
	}
	free(store->user_member);
	free(store);
	return -1;
}

#define FUNCTIONS                                                                                  \
	.open = open_store, .load = gate_store_mongodb_load, .create = gate_store_mongodb_create,  \
	.update = gate_store_mongodb_update, .touch = gate_store_mongodb_touch,                    \
	.remove = gate_store_mongodb_remove, .release = gate_store_mongodb_release,                \
	.each = gate_store_mongodb_each, .newest = gate_store_mongodb_newest,                      \
	.bump = gate_store_mongodb_bump, .sweep = gate_store_mongodb_sweep, .close = close_store,  \
	.time = gate_store_mongodb_time

const struct gate_store gate_store_mongodb = {.scheme = "mongodb", FUNCTIONS};
const struct gate_store gate_store_mongodb_srv = {.scheme = "mongodb+srv", FUNCTIONS};
