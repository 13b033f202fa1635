/* store/walk.c: shows the records of a store, of all or of one user, and sweeps it. */
#include "config.h"

#include "base/clock.h"
#include "record/record.h"
#include "store/store.h"

struct walk {
	const struct gate_store_link *link;
	gate_store_visit *visit;
	void *data;
};

static int
show(void *data, const char *id, struct gate_record *record)
{
	const struct walk *w = data;

	record->ttl = w->link->ttl;
	record->deadline = gate_clock_end(w->link->deadline);
	gate_record_settle(record);
	return w->visit(w->data, id, record);
}

int
gate_store_each(struct gate_store_link *link, const char *user, gate_store_visit *visit, void *data,
    struct gate_error *error)
{
	struct walk w = {link, visit, data};

	return link->table->each(link->store, user, show, &w, error);
}

bool
gate_store_knows_newest(const struct gate_store_link *link)
{
	return link->table->newest != NULL;
}

int
gate_store_newest(struct gate_store_link *link, const char *user, int most, gate_store_visit *visit,
    void *data, struct gate_error *error)
{
	struct walk w = {link, visit, data};

	if (!gate_store_knows_newest(link))
		return gate_store_each(link, user, visit, data, error);
	return link->table->newest(link->store, user, most, show, &w, error);
}

int
gate_store_sweep(
    struct gate_store_link *link, const struct gate_options *options, struct gate_error *error)
{
	return link->table->sweep != NULL ? link->table->sweep(link->store, options, error) : 0;
}
