/* server/mongoc.c: loads libmongoc at run time. */
#include "config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "server/mongoc.h"

struct gate_mongoc gate_mongoc;

static const char *const names[] = {
#define NAME(name) "mongoc_" #name,
    GATE_MONGOC_FUNCTIONS(NAME)};

#define COUNT (sizeof names / sizeof names[0])

_Static_assert(sizeof gate_mongoc == COUNT * sizeof(void *), "a pointer a function");

/* Fills in gate_mongoc by memcpy: ISO C can't convert dlsym's object pointer to a function
 * pointer. */
static int
find_all(struct gate_error *error)
{
	void *found[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		found[i] = dlsym(RTLD_DEFAULT, names[i]);
		if (found[i] == NULL)
			return gate_fail(error, GATE_EOPTION,
			    "MongoDB's driver " MONGOC_SONAME " has no %s: it is not the one that "
			    "gate was built with",
			    names[i]);
	}
	memcpy(&gate_mongoc, found, sizeof found);
	return 0;
}

/* Disables libmongoc's counters in /dev/shm: their file outlives a killed program, and nobody reads
 * it. */
int
gate_mongoc_load(struct gate_error *error)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int result = 0;

	pthread_mutex_lock(&lock);
	if (gate_mongoc.init == NULL) {
		setenv("MONGOC_DISABLE_SHM", "1", 0);
		if (dlopen(MONGOC_SONAME, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE) == NULL)
			result = gate_fail(error, GATE_EOPTION,
			    "MongoDB's driver can't be loaded: %s: install its package", dlerror());
		else
			result = find_all(error);
	}
	pthread_mutex_unlock(&lock);
	return result;
}
