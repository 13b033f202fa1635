/* test_store_file_race.c: writers of one record that know no locks (Node), or are killed. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include "records.h"
#include "record/members.h"

#define GATES 3
#define READERS 1
#define TOKENS 4000000 /* one a try of a gate, from a million up, so that all are of one length */
#define FIRST_TOKEN 1000001
#define NODE_SIZE 256

static struct fixture f;

struct race {
	atomic_int renamed; /* Node's last write that is surely there */
	atomic_int token, bad, lost, written, conflicts, running;
	atomic_uchar seen[TOKENS], refused[TOKENS];
};

static struct race *race;
static int rounds;

/* ---- Node: a file aside, renamed over; session-file-store's way ---- */

/* Every other one is padded as Node never does it, so that gate writes in place, too. */
static int
rename_over(int folder, int number)
{
	char text[NODE_SIZE + 1];
	int length,
	    fd = openat(folder, "race.json.1234", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	length = snprintf(text, sizeof text,
	    "{\"cookie\":{\"originalMaxAge\":3600000,\"httpOnly\":true,\"path\":\"/\"},"
	    "\"node\":%d,\"n\":1000000,\"__lastAccess\":%lld}",
	    number, (long long)gate_clock_wall());
	if (number % 2 == 0) {
		memset(text + length, ' ', sizeof text - (size_t)length);
		length = NODE_SIZE;
	}
	if (fd < 0 || write(fd, text, (size_t)length) != length || close(fd) < 0 ||
	    renameat(folder, "race.json.1234", folder, "race.json") < 0)
		return -1;
	race->renamed = number;
	return 0;
}

/* As often as `rounds` says, and then until a gate met it. */
static void
node(int folder)
{
	for (int i = 2; i <= rounds || (race->conflicts == 0 && i <= 100 * rounds); i++) {
		if (rename_over(folder, i) < 0)
			race->bad++;
		for (volatile int wait = (i * 7919) % 4000; wait > 0;) /* be in step with nobody */
			wait = wait - 1;
	}
	race->running = 0;
}

/* Loads the record and says which of Node's writes it holds: 0 fails. */
static int
load_race(struct gate_store_link *link, struct gate_record *record)
{
	int token, number = 0;

	if (get(link, "race", record) == 1) {
		token = (int)strtol(member(record, "n"), NULL, 10);
		number = (int)strtol(member(record, "node"), NULL, 10);
		if (token >= FIRST_TOKEN && token < TOKENS)
			race->seen[token] = 1;
	}
	race->bad += number == 0;
	return number;
}

/* A write must build upon what Node had written before the load, or on what came later. */
static void
gate(struct gate_store_link *link)
{
	while (race->running) {
		struct gate_record record;
		struct gate_error error = {0};
		int token = ++race->token, before = race->renamed, number, result;
		char text[16];

		snprintf(text, sizeof text, "%d", token % TOKENS);
		number = load_race(link, &record);
		if (number == 0 || token >= TOKENS) {
			race->bad++;
			return;
		}
		result = change(link, "race", &record, text, &error);
		gate_store_release(link, &record);
		race->refused[token] = result == GATE_CONFLICT;
		race->conflicts += result == GATE_CONFLICT;
		race->written += result == 1;
		race->lost += result == 1 && number < before;
		race->bad += result != 1 && result != GATE_CONFLICT;
	}
}

static void
reader(struct gate_store_link *link)
{
	while (race->running) {
		int before = race->renamed;
		struct gate_record record;

		race->lost += load_race(link, &record) < before;
		gate_store_release(link, &record);
	}
}

static int
run_race(int number, void *data)
{
	struct gate_store_link link = {0};
	struct gate_error error = {0};

	if (number == 0) {
		node(*(int *)data);
		return 0;
	}
	if (connect_store(&link, &f.options, &error) < 0)
		return 1;
	if (number <= READERS)
		reader(&link);
	else
		gate(&link);
	gate_store_close(&link);
	return 0;
}

static void
test_node(const char *url, const char *sync, const char *path, int gates)
{
	int folder, refused = 0, ghosts = 0;
	struct gate_record record;

	if (!ok(open_fixture(&f, url, sync) == 0, "open %s", url))
		return;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	race = shared_memory(sizeof *race);
	race->running = 1;
	race->token = FIRST_TOKEN - 1;
	ok(rename_over(folder, 1) == 0, "a record of Node's");
	ok(in_processes(1 + READERS + gates, run_race, &folder) && race->bad == 0,
	    "%d writes by Node beside %d of gate: no call fails", rounds, gates);
	ok(race->lost == 0, "none of Node's is lost unseen (%d)", race->lost);
	ok(load_race(&f.link, &record) == race->renamed, "the record holds what Node wrote last");
	gate_store_release(&f.link, &record);
	for (int i = 0; i < TOKENS; i++) {
		refused += race->refused[i];
		ghosts += race->refused[i] && race->seen[i];
	}
	printf("# %d written, %d conflicts\n", race->written, refused);
	ok(refused > 0, "gate met conflicts");
	ok(ghosts == 0, "what was refused was never seen by anybody (%d)", ghosts);
	munmap(race, sizeof *race);
	close(folder);
	close_fixture(&f);
}

/* ---- writers that are killed ---- */

struct kill {
	atomic_int written; /* what an update that answered 1 wrote last */
};

static struct kill *killed;

/* Makes a text that says its number. Every ninth has another size; the others are written in
 * place. */
static void
make_text(char *text, size_t size, int number)
{
	snprintf(text, size, "[%d,\"%0*d\"]", number, number % 9 == 0 ? 700 : 20, number);
}

static int
write_until_killed(void)
{
	struct gate_store_link link = {0};
	struct gate_error error = {0};
	char text[1024];

	if (connect_store(&link, &f.options, &error) < 0)
		return 1;
	for (int number = killed->written + 1;; number++) {
		make_text(text, sizeof text, number);
		if (set(&link, "killed", text) != 1)
			return 1;
		killed->written = number;
	}
}

/* The record is what was acknowledged last, or the one write behind it. */
static bool
is_last_or_next(void)
{
	struct gate_record record;
	const struct gate_record_member *m;
	char last[1024], next[1024];
	bool good = false;

	make_text(last, sizeof last, killed->written);
	make_text(next, sizeof next, killed->written + 1);
	if (get(&f.link, "killed", &record) != 1)
		return false;
	m = gate_record_named(&record, "n");
	if (m != NULL && m->length == strlen(next) && memcmp(m->text, next, m->length) == 0) {
		killed->written++;
		good = true;
	} else if (m != NULL && m->length == strlen(last)) {
		good = memcmp(m->text, last, m->length) == 0;
	}
	gate_store_release(&f.link, &record);
	return good;
}

static bool
kill_one(int number)
{
	int before = killed->written, status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(write_until_killed());
	while (killed->written < before + 3) /* it is in full swing */
		if (waitpid(pid, &status, WNOHANG) != 0)
			return false;
	for (volatile int wait = number * 7919 % 30000; wait > 0;)
		wait = wait - 1;
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && is_last_or_next();
}

static int
count_files(const char *path)
{
	DIR *listing = opendir(path);
	struct dirent *entry;
	int count = 0;

	while (listing != NULL && (entry = readdir(listing)) != NULL)
		count += entry->d_name[0] != '.';
	if (listing != NULL)
		closedir(listing);
	return count;
}

static void
make_old(const char *path)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = 0}};
	DIR *listing = opendir(path);
	struct dirent *entry;

	times[1].tv_sec = (time_t)(gate_clock_wall() / 1000 - 3660);
	while (listing != NULL && (entry = readdir(listing)) != NULL)
		if (entry->d_name[0] != '.')
			utimensat(dirfd(listing), entry->d_name, times, 0);
	if (listing != NULL)
		closedir(listing);
}

/* What writers that were killed left aside; one more, so that there is one in any case. */
static void
test_left_over(const char *path)
{
	char tmp[128];
	int fd, folder, count;

	snprintf(tmp, sizeof tmp, "%s/.gate/tmp", path);
	folder = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(folder, "left-over", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	count = count_files(tmp);
	printf("# %d files were left aside\n", count);
	ok(sweep_now(&f) == 0 && count_files(tmp) == count, "what is younger than an hour is left");
	make_old(tmp);
	ok(sweep_now(&f) == 0 && count_files(tmp) == 0, "what is older is swept");
	close(folder);
}

static void
test_killed(const char *url, const char *sync, const char *path, int kills)
{
	char text[1024];
	int good = 0;

	if (!ok(open_fixture(&f, url, sync) == 0, "open %s", url))
		return;
	killed = shared_memory(sizeof *killed);
	make_text(text, sizeof text, 0);
	put(&f.link, "killed", text);
	fflush(stdout);
	while (good < kills && kill_one(good))
		good++;
	ok(good == kills, "%d writers killed: the record is what the last write was", good);
	is(set(&f.link, "killed", "1") == 1 ? stored(&f.link, "killed") : "", "1",
	    "and can be written");
	test_left_over(path);
	munmap(killed, sizeof *killed);
	close_fixture(&f);
}

int
main(void)
{
	char memory[64];

	enter_scratch();
	memory_folder(memory);
	rounds = counted(100000);
	test_node("memory:", "no", memory, 1);
	test_node("memory:", "no", memory, GATES);
	rounds = counted(4000);
	test_node("file:synced", "yes", "synced", 1);
	test_node("file:synced", "yes", "synced", GATES);
	test_killed("memory:", "no", memory, counted(2000));
	test_killed("file:synced", "yes", "synced", counted(200));
	leave_scratch();
	return done();
}
