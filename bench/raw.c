/* raw.c: runs a store's operations in a loop, in as many threads as gate has, to show what the
 * store alone can do. Prints operations a second.
 * raw read|write SECONDS WORKERS THREADS RECORDS name=value... (options, as in gate.conf)
 * raw fill 0 WORKERS THREADS RECORDS name=value...: makes the records, and leaves them there */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/id.h"
#include "loop.h"
#include "record/record.h"
#include "store/store.h"

#define RECORDS_MAX 256 /* that a worker works on */

static struct {
	struct gate_store_link link;
	struct gate_options options;
	char ids[RECORDS_MAX][GATE_ID_MAX + 1];
	int records, threads;
	int64_t until;
	bool write;
} raw;

static struct gate_record
blank(void)
{
	int64_t now = gate_clock_wall();

	return (struct gate_record){.now = now,
	    .expires = now + raw.options.ttl,
	    .ttl = raw.options.ttl,
	    .deadline = gate_clock_monotonic() + 5000};
}

static void
make_records(int count)
{
	for (int i = 0; i < count; i++) {
		struct gate_record record = blank();
		char *id = raw.ids[i % RECORDS_MAX];

		gate_id_new(GATE_GENID_RANDOM, id);
		gate_record_set(&record, "cookie",
		    "{\"originalMaxAge\":null,\"expires\":null,\"httpOnly\":true,\"path\":\"/\"}");
		gate_record_set(&record, "views", "1");
		if (gate_store_create(&raw.link, id, &record, NULL) != 1)
			exit(1);
		gate_record_release(&record);
	}
}

/* Each thread has its own records, as each connection has in the other runs. */
static void *
loop(void *argument)
{
	size_t first = (size_t)(uintptr_t)argument, i = first;
	uintptr_t done = 0;

	while ((done & 63) != 0 || gate_clock_monotonic() < raw.until) {
		struct gate_record record = blank();
		char views[24];

		if (gate_store_load(&raw.link, raw.ids[i], NULL, &record, NULL) != 1)
			exit(1);
		record.expires = record.now + raw.options.ttl;
		snprintf(views, sizeof views, "%zu", (size_t)done);
		if (raw.write &&
		    (gate_record_set(&record, "views", views) < 0 ||
			gate_store_update(&raw.link, raw.ids[i], &record, NULL) != 1))
			exit(1);
		gate_store_release(&raw.link, &record);
		done++;
		i += (size_t)raw.threads;
		if (i >= (size_t)raw.records)
			i = first;
	}
	return (void *)done;
}

static void
remove_records(void)
{
	for (int i = 0; i < raw.records; i++)
		gate_store_remove(&raw.link, raw.ids[i], NULL, NULL);
}

/* Does one worker's share. Returns how many operations that was. */
static size_t
work(void *data)
{
	const int64_t *time = data; /* ms; 0: only make the records */
	size_t total;

	if (gate_store_open(
		&raw.link, gate_store_find(&raw.options, NULL, NULL), &raw.options, NULL) < 0)
		_exit(1);
	make_records(raw.records);
	if (*time == 0)
		return 0;
	raw.until = gate_clock_monotonic() + *time;
	total = loop_in_threads(raw.threads, loop);
	remove_records();
	return total;
}

int
main(int argc, char **argv)
{
	struct gate_error error = {0};
	int64_t time = 0;
	int workers;
	size_t total;
	double seconds;

	if (argc < 6)
		return 2;
	seconds = strtod(argv[2], NULL);
	workers = (int)strtol(argv[3], NULL, 10);
	raw.threads = (int)strtol(argv[4], NULL, 10);
	raw.records = (int)strtol(argv[5], NULL, 10) / workers;
	raw.write = strcmp(argv[1], "write") == 0;
	if (strcmp(argv[1], "fill") != 0)
		time = (int64_t)(seconds * 1000);
	if (raw.threads > LOOP_THREADS_MAX || raw.records < raw.threads ||
	    (time > 0 && raw.records > RECORDS_MAX) ||
	    gate_options_load(&raw.options, (const char *const *)argv + 6, &error) < 0) {
		fprintf(stderr, "raw: %s\n", error.text[0] ? error.text : "bad numbers");
		return 1;
	}
	total = loop_in_processes(workers, work, &time);
	if (time > 0)
		printf("%.0f\n", (double)total / seconds);
	return 0;
}
