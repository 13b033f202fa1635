/* stores.h: the stores that are tested. */
#ifndef STORES_H
#define STORES_H

/* A new store is a line here. */
static const struct {
	const char *url, *sync;
} stores[] = {
    {"file:plain", "no"},
    {"file:synced", "yes"},
    {"memory:", "no"},
#ifdef HAVE_MONGODB
    {"mongodb:", "no"},
#endif
};

#endif
