/* open.h: what struct gate is to the files that run it. */
#ifndef GATE_OPEN_H
#define GATE_OPEN_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "gate.h"
#include "request.h"
#include "store.h"

#define GATE_LISTENERS_MAX 8

struct gate {
	pthread_mutex_t lock;                 /* of taking and of swapping `config` */
	_Atomic(struct gate_config *) config; /* what new requests get */
	struct gate_config *started;          /* the first: what only a restart changes */
	char **arguments;                     /* as gate_open got them, to read them again */
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

struct gate_config *gate_config_take(struct gate *); /* the one in force, counted */
/* The same for who holds one already (or NULL): without a lock while it is still in force. */
struct gate_config *gate_config_renew(struct gate *, struct gate_config *held);
void gate_config_release(struct gate_config *);
/* Reads options, secrets and templates anew and swaps them in; bad ones leave all as it was. */
int gate_config_reload(struct gate *, struct gate_error *);

#endif
