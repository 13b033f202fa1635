/* test_store_crowd.c: what every store must do when many processes and threads ask at once. */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>

#include "records.h"
#include "record/members.h"
#include "store/stores.h"

#define PROCESSES 4
#define THREADS 8

static struct fixture f;

/* Rounds of a test with a crowd; a tenth where every write waits for the disk, or for a server. */
static int
rounds_for_store(int n)
{
	bool slow = strncmp(f.options.store, "mongodb", 7) == 0 ||
	    (f.options.file_sync && strncmp(f.options.store, "file:", 5) == 0);

	return counted(slow ? n / 10 : n);
}

struct crowd {
	atomic_int running, next, bad, seen[];
};

static struct crowd *crowd;
static int rounds;

struct thread {
	pthread_t thread;
	struct gate_store_link *link; /* one a process, as workers have it */
	int number;
};

static void
note_number(int number)
{
	if (number < 1 || number > PROCESSES * THREADS * rounds)
		crowd->bad++;
	else
		crowd->seen[number]++;
}

static void *
bump_in_thread(void *data)
{
	struct thread *t = data;

	for (int i = 0; i < rounds; i++) {
		struct gate_error error = {0};
		struct gate_bump b;

		if (gate_store_bump(t->link, "crowd", 1, HOUR, &b, &error) != 1)
			crowd->bad++;
		else
			note_number((int)b.count);
	}
	return NULL;
}

/* Adds one to the record, until nobody came between. */
static void *
increment_in_thread(void *data)
{
	struct thread *t = data;

	for (int i = 0; i < rounds;) {
		struct gate_record record;
		struct gate_error error = {0};
		char text[16];
		int number, result = get(t->link, "crowd", &record);

		number = result == 1 ? (int)strtol(member(&record, "n"), NULL, 10) + 1 : 0;
		snprintf(text, sizeof text, "%d", number);
		if (result == 1)
			result = change(t->link, "crowd", &record, text, &error);
		gate_store_release(t->link, &record);
		if (result == GATE_CONFLICT)
			continue;
		if (result != 1)
			crowd->bad++;
		else
			note_number(number);
		i++;
	}
	return NULL;
}

/* One id, wanted by all: who gets it counts. */
static void *
create_in_thread(void *data)
{
	struct thread *t = data;
	char id[32];

	for (int i = 1; i <= rounds; i++) {
		int result;

		snprintf(id, sizeof id, "wanted-%d", i);
		result = put(t->link, id, "1");
		if (result == 1)
			crowd->seen[i]++;
		else if (result != 0)
			crowd->bad++;
	}
	return NULL;
}

static int
work_in_process(int number, void *data)
{
	void *(*work)(void *) = *(void *(**)(void *))data;
	struct gate_store_link link = {0};
	struct gate_error error = {0};
	struct thread threads[THREADS];

	if (connect_store(&link, &f.options, &error) < 0)
		return 1;
	for (int i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){.link = &link, .number = number * THREADS + i};
		if (pthread_create(&threads[i].thread, NULL, work, &threads[i]) != 0)
			return 1;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i].thread, NULL);
	gate_store_close(&link);
	return 0;
}

/* Closes the fixture's store, and with it its threads, before it forks: a child waits for ever for
 * a lock that another thread held at the fork, even one of the address sanitizer's malloc. */
static bool
in_crowd(int (*work)(int number, void *data), void *data)
{
	bool good;

	gate_store_close(&f.link);
	good = in_processes(PROCESSES, work, data);
	if (connect_store(&f.link, &f.options, &f.error) < 0) {
		printf("Bail out! %s\n", f.error.text);
		exit(2);
	}
	return good;
}

/* True: every process came back well, and each number up to `most` was seen once. */
static bool
run_crowd(void *(*work)(void *), int most)
{
	bool good;

	memset(crowd, 0, sizeof *crowd + ((size_t)most + 1) * sizeof crowd->seen[0]);
	good = in_crowd(work_in_process, &work);
	for (int i = 1; i <= most; i++)
		if (crowd->seen[i] != 1) {
			printf("# %d was seen %d times\n", i, crowd->seen[i]);
			return false;
		}
	return good && crowd->bad == 0;
}

static void
test_crowd(void)
{
	struct gate_bump bump;
	struct gate_error error = {0};
	int most;
	char text[32];

	rounds = rounds_for_store(1000);
	most = PROCESSES * THREADS * rounds;
	crowd = shared_memory(sizeof *crowd + ((size_t)most + 1) * sizeof crowd->seen[0]);
	ok(run_crowd(bump_in_thread, most), "bump by 4 processes with 8 threads each: 1 to %d",
	    most);
	ok(gate_store_bump(&f.link, "crowd", 0, HOUR, &bump, &error) == 1 && bump.count == most,
	    "and that is the count");
	gate_store_bump(&f.link, "crowd", 0, 0, &bump, &error);
	put(&f.link, "crowd", "0");
	ok(run_crowd(increment_in_thread, most), "load and update by all: 1 to %d, each once",
	    most);
	snprintf(text, sizeof text, "%d", most);
	is(stored(&f.link, "crowd"), text, "and that is in the record");
	take_away(&f.link, "crowd");
	rounds = rounds_for_store(500);
	ok(run_crowd(create_in_thread, rounds), "of all that create one id one succeeds");
	for (int i = 1; i <= rounds; i++) {
		snprintf(text, sizeof text, "wanted-%d", i);
		take_away(&f.link, text);
	}
	munmap(crowd, sizeof *crowd + ((size_t)most + 1) * sizeof crowd->seen[0]);
}

/* ---- readers beside writers ---- */

#define FULL_WIDTH 5000

/* Makes a value of a number and letters that depend on it, so that a mixture of two writes shows.
 * Most values have nearly the same size: a store may write those in place. */
static void
make_checked(char *text, unsigned number)
{
	size_t width = number % 7 == 0 ? number * 37 % FULL_WIDTH : 3600 + number % 3;

	text += snprintf(text, 16, "[%u,\"", number);
	memset(text, 'a' + (int)(number % 26), width);
	memcpy(text + width, "\"]", 3);
}

static bool
is_whole(const struct gate_record *record)
{
	const struct gate_record_member *m = gate_record_named(record, "n");
	char wanted[FULL_WIDTH + 64];
	unsigned number;

	if (m == NULL || sscanf(m->text, "[%u,", &number) != 1)
		return false;
	make_checked(wanted, number);
	return m->length == strlen(wanted) && memcmp(m->text, wanted, m->length) == 0;
}

static void
write_checked(struct gate_store_link *link, int number)
{
	char text[FULL_WIDTH + 64];

	for (int i = 0; i < rounds; i++) {
		make_checked(text, (unsigned)(number * rounds + i));
		if (set(link, "torn", text) < GATE_CONFLICT)
			crowd->bad++;
	}
}

static void
read_checked(struct gate_store_link *link)
{
	while (crowd->running > 0) {
		struct gate_record record;

		if (get(link, "torn", &record) != 1 || !is_whole(&record))
			crowd->bad++;
		gate_store_release(link, &record);
		crowd->next++;
	}
}

static int
read_or_write(int number, void *data)
{
	struct gate_store_link link = {0};
	struct gate_error error = {0};

	(void)data;
	if (connect_store(&link, &f.options, &error) < 0) {
		crowd->running = 0; /* nobody waits for who never came */
		return 1;
	}
	if (number % 2 == 0) {
		write_checked(&link, number);
		crowd->running--;
	} else {
		read_checked(&link);
	}
	gate_store_close(&link);
	return 0;
}

static void
test_torn(void)
{
	char text[FULL_WIDTH + 64];
	bool good;

	rounds = rounds_for_store(20000);
	crowd = shared_memory(sizeof *crowd);
	crowd->running = PROCESSES / 2;
	make_checked(text, 1);
	put(&f.link, "torn", text);
	good = in_crowd(read_or_write, NULL) && crowd->bad == 0;
	ok(good && crowd->next > 0, "two readers beside two writers never saw half a record");
	printf("# %d reads\n", crowd->next);
	take_away(&f.link, "torn");
	munmap(crowd, sizeof *crowd);
}

static void
test_all(void)
{
	if (is_private(&f))
		return;
	test_crowd();
	test_torn();
}

int
main(void)
{
	enter_scratch();
	on_each_store(&f, NULL, test_all);
	leave_scratch();
	return done();
}
