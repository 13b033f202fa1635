/* store.c: the stores that there are, and the calls that everybody else makes. */
#include "config.h"

#include <string.h>

#include "error.h"
#include "record.h"
#include "store.h"

#ifdef HAVE_MONGODB
#define MONGODB_TOO ", and mongodb://HOST/DATABASE"
#else
#define MONGODB_TOO "; gate was built without MongoDB"
#endif

static const struct gate_store *const stores[] = {
    &gate_store_file,
    &gate_store_memory,
#ifdef HAVE_MONGODB
    &gate_store_mongodb,
    &gate_store_mongodb_srv,
#endif
};

static bool
serves(const struct gate_store *table, const char *url)
{
	size_t length = strlen(table->scheme);

	return strncmp(url, table->scheme, length) == 0 && url[length] == ':';
}

const struct gate_store *
gate_store_find(const char *url, const struct gate_store *const *own, struct gate_error *error)
{
	for (; own != NULL && *own != NULL; own++)
		if (serves(*own, url))
			return *own;
	for (size_t i = 0; i < sizeof stores / sizeof *stores; i++)
		if (serves(stores[i], url))
			return stores[i];
	gate_fail(error, GATE_EOPTION, "store %.*s: is unknown; file:PATH and memory: are there%s",
	    (int)strcspn(url, ":"), url, MONGODB_TOO);
	return NULL;
}

int
gate_store_open(struct gate_store_link *link, const struct gate_store *table,
    const struct gate_options *options, struct gate_error *error)
{
	*link = (struct gate_store_link){.table = table};
	pthread_mutex_init(&link->health.lock, NULL);
	return table->open(&link->store, options->store, options, error);
}

void
gate_store_close(struct gate_store_link *link)
{
	if (link->store != NULL)
		link->table->close(link->store);
	link->store = NULL;
}

static void
count(struct gate_store_link *link, enum gate_store_call call)
{
	atomic_fetch_add_explicit(&link->calls[call], 1, memory_order_relaxed);
}

void
gate_store_release(struct gate_store_link *link, struct gate_record *record)
{
	if (record->was != NULL)
		link->table->release(record);
	record->was = NULL;
	gate_record_clear(record);
}

int
gate_store_load(struct gate_store_link *link, const char *id, int64_t absolute,
    struct gate_record *record, struct gate_error *error)
{
	int result;

	if (!gate_id_valid(id))
		return 0;
	count(link, GATE_STORE_LOAD);
	result = link->table->load(link->store, id, record, error);
	if (result == 1 &&
	    (record->expires <= record->now ||
		(absolute > 0 && record->created > 0 && record->created <= record->now - absolute)))
		result = 0;
	if (result <= 0)
		gate_store_release(link, record);
	return result;
}

int
gate_store_create(struct gate_store_link *link, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	count(link, GATE_STORE_CREATE);
	return link->table->create(link->store, id, record, error);
}

int
gate_store_update(struct gate_store_link *link, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	count(link, GATE_STORE_UPDATE);
	return link->table->update(link->store, id, record, error);
}

int
gate_store_touch(struct gate_store_link *link, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	count(link, GATE_STORE_TOUCH);
	return link->table->touch(link->store, id, record, error);
}

int
gate_store_remove(struct gate_store_link *link, const char *id, struct gate_record *record,
    struct gate_error *error)
{
	if (!gate_id_valid(id))
		return 0;
	count(link, GATE_STORE_REMOVE);
	return link->table->remove(link->store, id, record, error);
}

int
gate_store_bump(struct gate_store_link *link, const char *key, int64_t add, int64_t lifetime,
    struct gate_bump *bump, struct gate_error *error)
{
	count(link, GATE_STORE_BUMP);
	return link->table->bump(link->store, key, add, lifetime, bump, error);
}
