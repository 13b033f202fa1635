/* request/configuration.h: what the options say, with the secrets, templates and users that they name. */
#ifndef GATE_REQUEST_CONFIGURATION_H
#define GATE_REQUEST_CONFIGURATION_H

#include <pthread.h>
#include <stdatomic.h>

#include "gate.h"
#include "crypto/sign.h"
#include "options/options.h"
#include "request/template/template.h"
#include "user/user.h"

struct gate_config { /* what SIGHUP swaps: read-only, counted */
	atomic_int references;
	struct gate_options options;
	struct gate_keys *keys;
	struct gate_templates *templates; /* NULL: no folder of that name */
	struct gate_users *users;         /* NULL: nobody can log in */
};

struct gate_config_source {                    /* any number of threads may take from it */
	pthread_mutex_t lock;                  /* of taking and of swapping `current` */
	_Atomic(struct gate_config *) current; /* what new requests get */
	struct gate_config *first;             /* what only a restart changes */
	char **arguments;                      /* to read them again */
};

/* Reads all for the first time. 0; -1 with the error set, and there is nothing to close. */
int gate_config_source_open(
    struct gate_config_source *, const char *const *arguments, struct gate_error *);
void gate_config_source_close(struct gate_config_source *);
/* Returns the one in force; counts a reference, which gate_config_release gives back. */
struct gate_config *gate_config_take(struct gate_config_source *);
/* As gate_config_take, and releases held (or NULL); takes no lock while held is in force. */
struct gate_config *gate_config_renew(struct gate_config_source *, struct gate_config *held);
void gate_config_release(struct gate_config *);
/* Reads options, secrets and templates anew and swaps them in. 0; -1: all stays as it was. */
int gate_config_reload(struct gate_config_source *, struct gate_error *);

#endif
