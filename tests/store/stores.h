/* stores.h: the list of stores to test, and a function that runs tests on each of them. */
#ifndef STORES_H
#define STORES_H

#include "records.h"

/* A new store needs one line here. */
static const struct {
	const char *url, *sync;
} stores[] = {
    {"file:plain", "no"},
    {"file:synced", "yes"},
    {"memory:", "no"},
    {"table:", "no"}, /* of gate(3), from a shared object */
#ifdef HAVE_MONGODB
    {"mongodb:", "no"},
#endif
};

/* Returns true if only this process sees the store: not its children, nor a Node program. */
static inline bool
is_private(const struct fixture *f)
{
	return strcmp(f->options.store, "table:") == 0;
}

/* Runs the tests with f open on each store, in the scratch folder. option: one more option, or
 * NULL. */
static inline void
on_each_store(struct fixture *f, const char *option, void (*run_tests)(void))
{
	for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) {
		printf("# %s, file_sync %s %s\n", stores[i].url, stores[i].sync,
		    option != NULL ? option : "");
		if (ok(open_fixture_with(f, stores[i].url, stores[i].sync, option) == 0, "open %s",
			stores[i].url)) {
			run_tests();
			close_fixture(f);
		} else {
			printf("# %s\n", f->error.text);
		}
	}
}

#endif
