/* records.h: for tests of stores: a scratch folder, a store, and records to write and read. */
#ifndef RECORDS_H
#define RECORDS_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "base/encode.h"
#include "base/error.h"
#include "mongodb_server.h"
#include "record/members.h"
#include "store/store.h"
#include "tap.h"

#define HOUR INT64_C(3600000)
#define PATIENCE 60000 /* ms until a call gives up; no test waits that long */

static char scratch[] = "/tmp/gate-store.XXXXXX"; /* the working directory while tests run */

struct fixture {
	struct gate_options options;
	struct gate_store_link link;
	struct gate_error error;
};

/* Returns a tenth of n, or n if TEST_COUNTS=full. */
static inline int
counted(int n)
{
	const char *counts = getenv("TEST_COUNTS");

	return counts != NULL && strcmp(counts, "full") == 0 ? n : (n + 9) / 10;
}

static inline void *
shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(2);
	return memory;
}

static inline void
remove_tree(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	while (listing != NULL && (entry = readdir(listing)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(fd, entry->d_name, 0) < 0)
			remove_tree(fd, entry->d_name);
	if (listing != NULL)
		closedir(listing);
	unlinkat(parent, name, AT_REMOVEDIR);
}

static inline void
enter_scratch(void)
{
	if (mkdtemp(scratch) == NULL || chdir(scratch) < 0)
		exit(2);
}

/* Returns the folder of the store memory:, which is not in the scratch folder. */
static inline void
memory_folder(char path[64])
{
	char hash[GATE_SHA256_HEX + 1];

	gate_sha256_hex(hash, scratch, strlen(scratch));
	snprintf(path, 64, "/dev/shm/gate-%u-%.16s", (unsigned)geteuid(), hash);
}

static inline void
leave_scratch(void)
{
	char memory[64];

	memory_folder(memory);
	if (chdir("/") < 0)
		exit(2);
	remove_tree(AT_FDCWD, memory);
	remove_tree(AT_FDCWD, scratch);
}

/* Opens a store, as each worker process does. Returns 0, or -1 with the error set. */
static inline int
connect_store(
    struct gate_store_link *link, const struct gate_options *options, struct gate_error *error)
{
	const struct gate_store *table = gate_store_find(options, NULL, error);

	return table != NULL ? gate_store_open(link, table, options, error) : -1;
}

static inline int
open_fixture_with(struct fixture *f, const char *url, const char *sync, const char *option)
{
	char store[MONGODB_URI_MAX + 8], file_sync[32], run_dir[64], server[MONGODB_URI_MAX];
	char module[512] = "store_module=";
	const char *build = getenv("top_builddir");
	const char *const arguments[] = {"config=", store, file_sync, run_dir, module,
	    "auto_remove=interval", "socket_timeout=30s", option,
	    NULL}; /* with sanitizers, a busy machine is slow */

	*f = (struct fixture){0};
	if (strncmp(url, "mongodb:", 8) == 0) { /* after the colon: the URL's options */
		if (mongodb_url(server, url + 8) == 0)
			return gate_fail(&f->error, GATE_ESTORE, "no server");
		url = server;
	}
	snprintf(store, sizeof store, "store=%s", url);
	snprintf(file_sync, sizeof file_sync, "file_sync=%s", sync);
	snprintf(run_dir, sizeof run_dir, "run_dir=%s", scratch);
	if (strcmp(url, "table:") == 0) /* the example of gate(3) */
		snprintf(module, sizeof module, "store_module=%s/tests/examples/.libs/table.so",
		    build != NULL ? build : "");
	if (gate_options_load(&f->options, arguments, &f->error) < 0)
		return -1;
	return connect_store(&f->link, &f->options, &f->error);
}

static inline int
open_fixture(struct fixture *f, const char *url, const char *sync)
{
	return open_fixture_with(f, url, sync, NULL);
}

static inline void
close_fixture(struct fixture *f)
{
	gate_store_close(&f->link);
	gate_options_release(&f->options);
}

static inline struct gate_record
blank(int64_t now)
{
	return (struct gate_record){
	    .now = now, .ttl = 14 * 24 * HOUR, .deadline = gate_clock_monotonic() + PATIENCE};
}

/* Sets the cookie and the record's expiry, as a session does before a write. */
static inline void
stamp(struct gate_record *record, int64_t max_age)
{
	struct gate_cookie_attributes cookie = {.path = "/", .http_only = true};
	struct gate_record_policy policy = {.cookie = &cookie, .max_age = max_age};

	record->expires = record->now + (max_age != 0 ? max_age : record->ttl);
	if (gate_record_stamp(record, &policy, max_age != 0 ? record->expires : 0, 0) < 0)
		exit(2);
}

/* Creates a record with a member n, written at `now`, that expires max_age ms later. Returns what
 * the store returns. */
static inline int
put_at(struct gate_store_link *link, const char *id, const char *n, int64_t now, int64_t max_age)
{
	struct gate_record record = blank(now);
	struct gate_error error = {0};
	int result;

	if (gate_record_set(&record, "n", n) < 0)
		exit(2);
	stamp(&record, max_age);
	result = gate_store_create(link, id, &record, &error);
	if (result < 0)
		printf("# create %s: %s\n", id, error.text);
	gate_store_release(link, &record);
	return result;
}

static inline int
put(struct gate_store_link *link, const char *id, const char *n)
{
	return put_at(link, id, n, gate_clock_wall(), HOUR);
}

static inline int
get(struct gate_store_link *link, const char *id, struct gate_record *record)
{
	struct gate_error error = {0};
	int result;

	*record = blank(gate_clock_wall());
	result = gate_store_load(link, id, NULL, record, &error);
	if (result < 0)
		printf("# load %.8s: %s\n", id, error.text);
	return result;
}

/* Removes a record, whatever it holds. Returns what the store returns. */
static inline int
take_away(struct gate_store_link *link, const char *id)
{
	struct gate_error error = {0};
	int result = gate_store_remove(link, id, NULL, &error);

	if (result < 0)
		printf("# remove %.8s: %s\n", id, error.text);
	return result;
}

/* Sweeps at once. Returns the number of records removed, or -1. */
static inline int
sweep_now(struct fixture *f)
{
	struct gate_options options = f->options;
	struct gate_error error = {0};

	options.sweep_interval = 0;
	return f->link.table->sweep(f->link.store, &options, &error);
}

/* Changes n in a loaded record, and updates it. Returns what the store returns. */
static inline int
change(struct gate_store_link *link, const char *id, struct gate_record *record, const char *n,
    struct gate_error *error)
{
	if (gate_record_set(record, "n", n) < 0)
		exit(2);
	record->now = gate_clock_wall();
	stamp(record, HOUR);
	return gate_store_update(link, id, record, error);
}

/* Loads a record, changes n, updates and releases it. Returns what the store returns. */
static inline int
set(struct gate_store_link *link, const char *id, const char *n)
{
	struct gate_record record;
	struct gate_error error = {0};
	int result = get(link, id, &record);

	if (result == 1)
		result = change(link, id, &record, n, &error);
	if (result == -1)
		printf("# update %.8s: %s\n", id, error.text);
	gate_store_release(link, &record);
	return result;
}

/* Returns a member's text in a loaded record, "none" if there is no such member. Valid until the
 * next call. */
static inline const char *
member(const struct gate_record *record, const char *name)
{
	static _Thread_local char text[256];
	const struct gate_record_member *m = gate_record_named(record, name);

	snprintf(text, sizeof text, "%.*s", m != NULL ? (int)m->length : 4,
	    m != NULL ? m->text : "none");
	return text;
}

/* Returns n as it is stored, "gone" if there is no such record, "failed" if the store fails. */
static inline const char *
stored(struct gate_store_link *link, const char *id)
{
	struct gate_record record;
	const char *text = "gone";
	int result = get(link, id, &record);

	if (result == 1)
		text = member(&record, "n");
	else if (result < 0)
		text = "failed";
	gate_store_release(link, &record);
	return text;
}

/* Runs work in `count` processes, with numbers from 0. Returns true if all of them returned 0. */
static inline bool
in_processes(int count, int (*work)(int number, void *data), void *data)
{
	bool good = true;
	int status;

	fflush(stdout);
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			exit(2);
		if (pid == 0) {
			int result = work(i, data);

			fflush(stdout);
			_exit(result);
		}
	}
	for (int i = 0; i < count; i++)
		good = wait(&status) > 0 && status == 0 && good;
	return good;
}

#endif
