/* serve/open.h: what struct gate is to the files that run it. */
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
	struct gate_hashing *hashing; /* too */
	void *data;
	gate_handler *handler;
	atomic_bool *served; /* shared: one of the workers has begun to; NULL: there is no master */
	int listeners[GATE_LISTENERS_MAX];
	int listener_count;
	bool passed;       /* they were handed to us: somebody else goes on listening */
	char *unix_path;   /* of a socket that we made, NULL: none */
	dev_t unix_device; /* which file it was there */
	ino_t unix_inode;
};

#endif
