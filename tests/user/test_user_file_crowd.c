/* test_user_file_crowd.c: threads, processes and those that are killed, all at one file. */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "user/htpasswd.h"

#define THREADS 8
#define PROCESSES 4

/* A tenth of n unless TEST_COUNTS=full. */
static int
counted(int n)
{
	const char *counts = getenv("TEST_COUNTS");

	return counts != NULL && strcmp(counts, "full") == 0 ? n : (n + 9) / 10;
}

/* Runs work in so many processes, each with its number; true: all of them answered 0. */
static bool
in_processes(int count, int (*work)(int number))
{
	bool good = true;
	int status;

	fflush(stdout);
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (pid == 0)
			_exit(work(i));
	}
	for (int i = 0; i < count; i++)
		good = wait(&status) > 0 && status == 0 && good;
	return good;
}

/* ---- many at once ---- */

static struct crowd {
	atomic_int stop, torn, backward, found, conflicts;
} * crowd;

/* A hash that says its number twice and so shows where it is torn. */
static void
make_hash(char hash[GATE_HASH_MAX], int number)
{
	snprintf(hash, GATE_HASH_MAX, "$%08d%0*d$%08d", number, 10 + number % 7 * 20, 0, number);
}

static int
number_in(const char *hash)
{
	char wanted[GATE_HASH_MAX];
	int number;

	if (strlen(hash) < 10 || sscanf(hash, "$%8d", &number) != 1)
		return -1;
	make_hash(wanted, number);
	return strcmp(wanted, hash) == 0 ? number : -1;
}

static void *
find_until_stopped(void *data)
{
	char hash[GATE_HASH_MAX];
	int last = 0;

	while (!crowd->stop) {
		int result = gate_users_find(data, "middle", hash, NULL);
		int number = result == 1 ? number_in(hash) : -1;

		crowd->torn += number < 0;
		crowd->backward += number < last;
		crowd->found++;
		last = number;
	}
	return NULL;
}

static int
change_often(void)
{
	struct gate_users *users = open_users();
	char hash[GATE_HASH_MAX];
	int good = 0;

	for (int i = 1; i <= 500; i++) {
		make_hash(hash, i);
		good +=
		    gate_users_change(users, GATE_USER_REPLACE, "middle", hash, NULL, NULL) == 1;
	}
	gate_users_close(users);
	return good == 500 ? 0 : 1;
}

/* Enough users around the one that is looked for to fill a few pages. */
static void
write_crowd(void)
{
	struct gate_buffer text = {0};
	char hash[GATE_HASH_MAX];

	for (int i = 0; i < 200; i++) {
		make_hash(hash, i);
		gate_buffer_printf(&text, "user%d:%s\n", i, hash);
		if (i == 100)
			make_hash(hash, 0);
		if (i == 100)
			gate_buffer_printf(&text, "middle:%s\n", hash);
	}
	write_bytes(FILE_NAME, text.data, text.length);
	gate_buffer_release(&text);
}

static void
test_crowd(void)
{
	pthread_t threads[THREADS];
	struct gate_users *users;
	int status = -1;
	pid_t pid;

	write_crowd();
	crowd->stop = crowd->torn = crowd->backward = crowd->found = 0;
	fflush(stdout);
	/* fork before there are threads: one might hold malloc's lock, for ever in the child */
	pid = fork();
	if (pid == 0) {
		while (crowd->found == 0)
			gate_clock_pause();
		_exit(change_often());
	}
	users = open_users();
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, find_until_stopped, users) == 0, "thread");
	must(pid > 0 && waitpid(pid, &status, 0) == pid, "fork");
	crowd->stop = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("# %d finds beside 500 changes\n", crowd->found);
	ok(status == 0 && crowd->found > THREADS && crowd->torn == 0,
	    "8 threads find beside 500 changes: none finds half a change");
	ok(crowd->backward == 0, "or an older one after a newer one");
	gate_users_close(users);
}

static int
add_many(int number)
{
	struct gate_users *users = open_users();
	char name[32];
	int good = 0;

	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof name, "p%d-%d", number, i);
		good += gate_users_change(users, GATE_USER_ADD, name, "$1", NULL, NULL) == 1;
	}
	gate_users_close(users);
	return good == 50 ? 0 : 1;
}

/* Counts up in the user's hash: each step only from what it read. */
static int
count_up(int number)
{
	struct gate_users *users = open_users();
	char was[GATE_HASH_MAX], hash[GATE_HASH_MAX];
	int done = 0, result = 1;

	(void)number;
	while (done < 25 && result >= 0 && gate_users_find(users, "count", was, NULL) == 1) {
		snprintf(hash, sizeof hash, "$%ld", strtol(was + 1, NULL, 10) + 1);
		result = gate_users_change(users, GATE_USER_REPLACE, "count", hash, was, NULL);
		done += result == 1;
		crowd->conflicts += result == 0;
	}
	gate_users_close(users);
	return done == 25 ? 0 : 1;
}

static void
test_writers(void)
{
	struct gate_users *users = open_text("count:$0\n");
	char name[32];
	int found = 0;

	ok(in_processes(PROCESSES, add_many), "200 users by 4 processes: no call fails");
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "p%d-%d", i / 50, i % 50);
		found += strcmp(find(users, name), "$1") == 0;
	}
	ok(found == 200 && count_lines(file_text(FILE_NAME)) == 201, "all of them are there");
	crowd->conflicts = 0;
	ok(in_processes(PROCESSES, count_up), "4 processes change one user by what was there");
	is(find(users, "count"), "$100", "no change is lost");
	printf("# %d conflicts\n", crowd->conflicts);
	ok(count_files(".", true) == 1, "nothing is left beside the file");
	gate_users_close(users);
}

static void
change_until_killed(void)
{
	struct gate_users *users = open_users();
	char hash[GATE_HASH_MAX];

	for (int i = number_in(find(users, "middle")) + 1;; i++) {
		make_hash(hash, i);
		if (gate_users_change(users, GATE_USER_REPLACE, "middle", hash, NULL, NULL) != 1)
			_exit(1);
		crowd->found = i;
	}
}

/* Kills a writer at some point of its work. */
static bool
kill_one(int round)
{
	int before = crowd->found, number, status;
	pid_t pid = fork();
	struct gate_users *users;

	if (pid == 0)
		change_until_killed();
	while (crowd->found < before + 2) /* it is in full swing */
		if (waitpid(pid, &status, WNOHANG) != 0)
			return false;
	for (volatile int wait = round * 7919 % 60000 * 10; wait > 0;)
		wait = wait - 1;
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		return false;
	users = open_users();
	number = number_in(find(users, "middle"));
	gate_users_close(users);
	return number == crowd->found || number == crowd->found + 1;
}

static void
test_killed(void)
{
	struct gate_users *users;
	int good = 0, kills = counted(200), left = 0;

	write_crowd();
	crowd->found = 0;
	fflush(stdout);
	while (good < kills && kill_one(good)) {
		good++;
		left += count_files(".", false) > 1;
	}
	ok(good == kills, "%d writers killed: the file is as before or as after", good);
	printf("# %d left a file aside\n", left);
	users = open_users();
	ok(gate_users_change(users, GATE_USER_ADD, "more", "$1", NULL, NULL) == 1, "it goes on");
	ok(count_files(".", true) == 1, "and what they left aside goes");
	gate_users_close(users);
}

int
main(void)
{
	folder_open();
	crowd =
	    mmap(NULL, sizeof *crowd, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(crowd != MAP_FAILED, "mmap");
	test_crowd();
	test_writers();
	test_killed();
	munmap(crowd, sizeof *crowd);
	folder_close();
	return done();
}
