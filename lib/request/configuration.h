/* request/configuration.h: the options, with the secrets, templates and users that they name. */
#ifndef GATE_REQUEST_CONFIGURATION_H
#define GATE_REQUEST_CONFIGURATION_H

#include <pthread.h>
#include <stdatomic.h>

#include "gate.h"
#include "crypto/sign.h"
#include "options/options.h"
#include "request/template/template.h"
#include "user/groups.h"
#include "user/user.h"

struct gate_config { /* SIGHUP replaces it as a whole; read-only; freed with its last reference */
	atomic_int references;
	struct gate_options options;
	struct gate_keys *keys;
	struct gate_templates *templates; /* NULL: there is no folder of templates */
	struct gate_users *users;         /* NULL: nobody can log in */
	struct gate_groups *groups;       /* NULL: the option groups names no file */
};

struct gate_config_source {                    /* any number of threads may use it */
	pthread_mutex_t lock;                  /* held to take and to replace `current` */
	_Atomic(struct gate_config *) current; /* what new requests get */
	struct gate_config *first;             /* for options that need a restart */
	char **arguments;                      /* kept for the next reload */
	const struct gate_program_option *own; /* of the program; borrowed */
};

/* Reads the configuration for the first time. Returns 0; or -1 with the error set: then there is
 * nothing to close. */
int gate_config_source_open(struct gate_config_source *, const char *const *arguments,
    const struct gate_program_option *own, struct gate_error *);
void gate_config_source_close(struct gate_config_source *);
/* Returns the configuration in force. Release it with gate_config_release. */
struct gate_config *gate_config_take(struct gate_config_source *);
/* Returns `held` if it is still in force, without taking the lock; else releases it and returns the
 * configuration in force. held may be NULL. */
struct gate_config *gate_config_renew(struct gate_config_source *, struct gate_config *held);
void gate_config_release(struct gate_config *); /* NULL is fine */
/* Reads options, secrets, templates and users again, and puts them in force for new requests.
 * Returns 0; or -1 with the error set: then all stays as it was. */
int gate_config_reload(struct gate_config_source *, struct gate_error *);

#endif
