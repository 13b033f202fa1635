/* spy_mongodb.c: preloaded into a program under test: writes down the commands that it sends to
 * MongoDB servers, by libmongoc's own command monitoring. In the folder SPY_FOLDER the file
 * `commands` gets a line for each: its name, the collection, the process that made the pool, this
 * process, what it skips, its limit (0: none), whether it has a projection. Commands that don't use
 * the pool, as those of sweeps, go to `sweeps`. */
#include "config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <mongoc/mongoc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#pragma GCC visibility push(default)

/* dlsym returns an object, which ISO C does not turn into a function. */
union symbol {
	void *object;
	mongoc_client_pool_t *(*pool)(const mongoc_uri_t *, bson_error_t *);
	mongoc_client_t *(*client)(const mongoc_uri_t *, bson_error_t *);
};

static long long
number_in(const bson_t *command, const char *name)
{
	bson_iter_t at;

	return bson_iter_init_find(&at, command, name) ? (long long)bson_iter_as_int64(&at) : 0;
}

static void
note(const mongoc_apm_command_started_t *event, const char *file)
{
	const bson_t *command = mongoc_apm_command_started_get_command(event);
	const char *folder = getenv("SPY_FOLDER");
	const char *name = mongoc_apm_command_started_get_command_name(event);
	const long *maker = mongoc_apm_command_started_get_context(event);
	char path[4096], line[200];
	bson_iter_t at;
	int fd, length;

	if (strcmp(name, "endSessions") == 0)
		return;
	snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "/nonexistent", file);
	length =
	    snprintf(line, sizeof line, "%s %s %ld %ld skip=%lld limit=%lld projection=%s\n", name,
		bson_iter_init_find(&at, command, name) && BSON_ITER_HOLDS_UTF8(&at)
		    ? bson_iter_utf8(&at, NULL)
		    : "-",
		*maker, (long)getpid(), number_in(command, "skip"), number_in(command, "limit"),
		bson_has_field(command, "projection") ? "yes" : "no");
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		abort();
	close(fd);
}

static void
note_command(const mongoc_apm_command_started_t *event)
{
	note(event, "commands");
}

static void
note_sweep(const mongoc_apm_command_started_t *event)
{
	note(event, "sweeps");
}

static mongoc_apm_callbacks_t *
watching(mongoc_apm_command_started_cb_t started)
{
	mongoc_apm_callbacks_t *callbacks = mongoc_apm_callbacks_new();

	mongoc_apm_set_command_started_cb(callbacks, started);
	return callbacks;
}

static long *
me(void)
{
	long *maker = malloc(sizeof *maker); /* as long as the process lives */

	if (maker == NULL)
		abort();
	*maker = (long)getpid();
	return maker;
}

mongoc_client_pool_t *
mongoc_client_pool_new_with_error(const mongoc_uri_t *uri, bson_error_t *error)
{
	union symbol real = {.object = dlsym(RTLD_NEXT, "mongoc_client_pool_new_with_error")};
	mongoc_client_pool_t *pool = real.pool(uri, error);
	mongoc_apm_callbacks_t *callbacks = watching(note_command);

	if (pool != NULL)
		mongoc_client_pool_set_apm_callbacks(pool, callbacks, me());
	mongoc_apm_callbacks_destroy(callbacks);
	return pool;
}

mongoc_client_t *
mongoc_client_new_from_uri_with_error(const mongoc_uri_t *uri, bson_error_t *error)
{
	union symbol real = {.object = dlsym(RTLD_NEXT, "mongoc_client_new_from_uri_with_error")};
	mongoc_client_t *client = real.client(uri, error);
	mongoc_apm_callbacks_t *callbacks = watching(note_sweep);

	if (client != NULL)
		mongoc_client_set_apm_callbacks(client, callbacks, me());
	mongoc_apm_callbacks_destroy(callbacks);
	return client;
}
