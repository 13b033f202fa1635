/* serve/open.h: struct gate, for the files that run it. */
#ifndef GATE_SERVE_OPEN_H
#define GATE_SERVE_OPEN_H

#include <stdatomic.h>
#include <sys/types.h>

#include "gate.h"
#include "login/hashing.h"
#include "request/configuration.h"
#include "store/store.h"

#define GATE_LISTENERS_MAX 8

struct gate {
	struct gate_config_source configs;
	const struct gate_store *table;
	struct gate_store_link store; /* open in a worker only */
	struct gate_hashing *hashing; /* open in a worker only */
	void *data;                   /* the caller's, from gate_open */
	gate_handler *handler;
	atomic_bool *served; /* shared: a worker has begun to serve; NULL: there is no master */
	int listeners[GATE_LISTENERS_MAX];
	int listener_count;
	bool passed;       /* the listeners were handed over: their owner goes on listening */
	char *unix_path;   /* of a socket that this program made; NULL: none */
	dev_t unix_device; /* device and inode of that socket */
	ino_t unix_inode;
};

/* Does what gate_open does, with the options of the program's own. It borrows these and the
 * stores. */
struct gate *gate_open_program(
    const char *const *arguments, const struct gate_program *, struct gate_error *);

#endif
