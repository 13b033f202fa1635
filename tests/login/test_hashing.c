/* test_hashing.c: threads and processes share a fixed number of turns at hashing; a turn is free
 * again when its holder dies. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "login/hashing.h"
#include "scratch.h"
#include "tap.h"

#define SOON 20     /* ms */
#define LATER 60000 /* ms: as good as never */
#define PROCESSES 4
#define THREADS 6
#define ROUNDS 10

static char folder[sizeof SCRATCH];
static char run_dir[sizeof folder + 4]; /* made by hashing.c itself */
static int cores;                       /* of the host, as the test wants it; 0: the real ones */

int
sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	if (cores == 0)
		return syscall(SYS_sched_getaffinity, pid, size, set) < 0 ? -1 : 0;
	CPU_ZERO_S(size, set);
	for (int i = 0; i < cores; i++)
		CPU_SET_S((size_t)i, size, set);
	return 0;
}

static int64_t
now(void)
{
	return gate_clock_monotonic();
}

static struct gate_hashing *
open_hashing(int on_cores, int waiting)
{
	struct gate_error error = {0};
	struct gate_hashing *h;

	cores = on_cores;
	h = gate_hashing_open(run_dir, 64, waiting, &error);
	if (h == NULL) {
		printf("Bail out! %s\n", error.text);
		exit(1);
	}
	return h;
}

/* Takes all turns that are free, up to 64. Returns how many. Nobody may be waiting for h's
 * turns. */
static int
take_all_for(struct gate_hashing *h, int turns[64], int64_t deadline)
{
	int count = 0;

	while (count < 64 && (turns[count] = gate_hashing_enter(h, true, deadline)) >= 0)
		count++;
	return count;
}

static int
take_all(struct gate_hashing *h, int turns[64])
{
	return take_all_for(h, turns, 0);
}

static void
leave_all(struct gate_hashing *h, const int *turns, int count)
{
	for (int i = 0; i < count; i++)
		gate_hashing_leave(h, turns[i]);
}

static void
test_open(void)
{
	struct gate_hashing *h = open_hashing(3, 1);
	struct stat st;
	char path[sizeof run_dir + 32];
	int turn = gate_hashing_enter(h, true, 0);

	ok(stat(run_dir, &st) == 0 && (st.st_mode & 07777) == 0700,
	    "run_dir is made, for us alone");
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/hash.%d", run_dir, i);
		ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "a file for turn %d", i);
	}
	snprintf(path, sizeof path, "%s/hash.2", run_dir);
	ok(stat(path, &st) < 0, "and none for more");
	gate_hashing_leave(h, turn);
	gate_hashing_leave(h, -1);
	gate_hashing_close(h);
	gate_hashing_close(NULL);
}

static void
test_open_fails(void)
{
	struct gate_error error = {0};
	char path[sizeof run_dir + 32], longest[5000];
	int before = count_descriptors();

	cores = 3;
	snprintf(path, sizeof path, "%s/none/run", folder);
	ok(gate_hashing_open(path, 64, 1, &error) == NULL && error.code == GATE_ESYSTEM,
	    "a folder in a folder that is not there");
	ok(strstr(error.text, path) != NULL, "the error names it");
	error = (struct gate_error){0};
	snprintf(path, sizeof path, "%s/link", folder);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/link/hash.1", folder);
	if (symlink("/dev/null", path) < 0)
		perror(path);
	path[strlen(path) - strlen("/hash.1")] = '\0';
	ok(gate_hashing_open(path, 64, 1, &error) == NULL && error.code == GATE_ESYSTEM &&
		strstr(error.text, "/hash.1") != NULL,
	    "a symbolic link is not followed");
	error = (struct gate_error){0};
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	ok(gate_hashing_open(longest, 64, 1, &error) == NULL, "a name that is too long");
	ok(count_descriptors() == before, "no descriptor is left of that");
}

static void
test_inheritance(void)
{
	int before = count_descriptors(), marked = 0;
	struct gate_hashing *h = open_hashing(5, 1);

	ok(count_descriptors() == before + 4, "a descriptor a turn");
	for (int fd = 3; fd < before + 8; fd++)
		marked += fcntl(fd, F_GETFD) == FD_CLOEXEC;
	ok(marked >= 4, "no program that we start inherits it");
	gate_hashing_close(h);
	ok(count_descriptors() == before, "closed: all of them are");
}

static void
test_count(void)
{
	static const struct {
		int cores, turns;
	} cases[] = {{1, 1}, {2, 1}, {3, 2}, {4, 3}, {8, 7}, {32, 31}};
	int turns[64], count;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gate_hashing *h = open_hashing(cases[i].cores, 1);

		count = take_all(h, turns);
		ok(count == cases[i].turns, "%d cores: %d turns", cases[i].cores, count);
		leave_all(h, turns, count);
		ok(take_all(h, turns) == count, "given back, there are as many again");
		gate_hashing_close(h);
	}
}

/* Two workers of one host, or of two programs. */
static void
test_exclusion(void)
{
	struct gate_hashing *one = open_hashing(4, 1), *two = open_hashing(4, 1);
	int ours[64], theirs[64];

	ours[0] = gate_hashing_enter(one, true, 0);
	ours[1] = gate_hashing_enter(one, true, 0);
	ok(ours[0] >= 0 && ours[1] >= 0 && ours[0] != ours[1], "two turns for one worker");
	ok(take_all(two, theirs) == 1, "one is left for another");
	ok(gate_hashing_enter(one, true, 0) == -1, "then there is none");
	gate_hashing_leave(one, ours[0]);
	theirs[1] = gate_hashing_enter(two, true, 0);
	ok(theirs[1] == ours[0], "the one that was given back goes to the other");
	ok(gate_hashing_enter(one, true, 0) == -1, "and is taken");
	gate_hashing_close(two);
	ok(take_all(one, theirs) == 2, "closing gives back what was held");
	gate_hashing_close(one);
}

static void
test_deadline(void)
{
	struct gate_hashing *h = open_hashing(2, 1);
	int turn = gate_hashing_enter(h, true, 0);
	int64_t start = now(), end;

	ok(turn >= 0, "a free turn is had even after the deadline");
	ok(gate_hashing_enter(h, true, start + SOON) == -1, "a taken one is not");
	end = now();
	ok(end - start >= SOON, "not before the deadline");
	ok(end - start < LATER, "nor long after it (%d ms)", (int)(end - start));
	gate_hashing_leave(h, turn);
	ok(gate_hashing_enter(h, true, now() + LATER) == turn, "given back: ours");
	gate_hashing_close(h);
}

/* ---- too many ---- */

struct queue {
	struct gate_hashing *h;
	sem_t came_back;
	atomic_int refused, served;
};

static void *
enter_in_thread(void *data)
{
	struct queue *q = data;
	int turn = gate_hashing_enter(q->h, true, now() + LATER);

	q->refused += turn < 0;
	q->served += turn >= 0;
	sem_post(&q->came_back);
	gate_hashing_leave(q->h, turn);
	return NULL;
}

/* While every turn is taken, of waiting + 3 threads three come back at once, whichever they are. */
static void
test_waiting(int waiting)
{
	struct queue q = {.h = open_hashing(2, waiting)};
	pthread_t threads[8];
	int64_t start = now();
	int turn = gate_hashing_enter(q.h, true, 0);

	sem_init(&q.came_back, 0, 0);
	for (int i = 0; i < waiting + 3; i++)
		if (pthread_create(&threads[i], NULL, enter_in_thread, &q) != 0)
			exit(2);
	for (int i = 0; i < 3; i++)
		sem_wait(&q.came_back);
	ok(q.refused == 3 && q.served == 0, "%d may wait: three more are sent away", waiting);
	ok(now() - start < LATER, "long before their deadline");
	ok(gate_hashing_enter(q.h, true, now() + LATER) == -1, "so is the next one");
	gate_hashing_leave(q.h, turn);
	for (int i = 0; i < waiting + 3; i++)
		pthread_join(threads[i], NULL);
	ok(q.refused == 3 && q.served == waiting, "those who waited get their turn");
	turn = gate_hashing_enter(q.h, true, 0);
	ok(turn >= 0, "and then it is free");
	sem_destroy(&q.came_back);
	gate_hashing_close(q.h);
}

/* ---- a crowd ---- */

struct crowd {
	atomic_int inside, most, turns, failed;
};

static struct crowd *crowd;

static void *
hash_in_thread(void *data)
{
	struct gate_hashing *h = data;

	for (int i = 0; i < ROUNDS; i++) {
		int turn = gate_hashing_enter(h, true, now() + LATER), inside, most;

		if (turn < 0) {
			crowd->failed++;
			continue;
		}
		inside = ++crowd->inside;
		most = crowd->most;
		while (most < inside && !atomic_compare_exchange_weak(&crowd->most, &most, inside))
			;
		gate_clock_pause();
		crowd->inside--;
		crowd->turns++;
		gate_hashing_leave(h, turn);
	}
	return NULL;
}

static int
hash_in_process(void)
{
	struct gate_hashing *h = open_hashing(4, THREADS);
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, hash_in_thread, h) != 0)
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	gate_hashing_close(h);
	return 0;
}

static void
test_crowd(void)
{
	int failed = 0, status;

	fflush(stdout);
	for (int i = 0; i < PROCESSES; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(hash_in_process());
		failed += child < 0;
	}
	while (wait(&status) > 0)
		failed += status != 0;
	ok(failed == 0 && crowd->failed == 0 && crowd->turns == PROCESSES * THREADS * ROUNDS,
	    "4 processes with 6 threads each took %d turns", crowd->turns);
	ok(crowd->most <= 3, "never more than three at once (%d)", crowd->most);
	ok(crowd->inside == 0, "and none is inside");
}

/* ---- killed ---- */

/* A child that takes as many turns as it may and keeps them. */
static pid_t
hold_all(int on_cores, int *count, int64_t deadline)
{
	int told[2], turns[64];
	struct gate_hashing *h;
	pid_t child;

	if (pipe2(told, O_CLOEXEC) < 0 || (child = fork()) < 0) {
		perror("fork");
		exit(1);
	}
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		h = open_hashing(on_cores, 0);
		while ((*count = take_all_for(h, turns, deadline)) == 0)
			gate_clock_pause(); /* a stopped one is not passed over at first sight */
		if (write(told[1], count, sizeof *count) == (ssize_t)sizeof *count)
			pause();
		_exit(1);
	}
	close(told[1]);
	if (read(told[0], count, sizeof *count) != (ssize_t)sizeof *count)
		*count = -1;
	close(told[0]);
	return child;
}

static void
test_killed(void)
{
	struct gate_hashing *h = open_hashing(4, 1);
	int turns[64], count, status = 0;

	for (int i = 0; i < 5; i++) {
		pid_t child = hold_all(4, &count, now() + LATER);

		ok(count == 3 && gate_hashing_enter(h, true, 0) == -1,
		    "another process has all three");
		ok(gate_hashing_enter(h, true, now() + SOON) == -1, "however long we wait");
		kill(child, SIGKILL);
		turns[0] = gate_hashing_enter(h, true, now() + LATER);
		ok(turns[0] >= 0, "killed: one is ours");
		waitpid(child, &status, 0);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		    "the holder had no time to leave");
		gate_hashing_leave(h, turns[0]);
		count = take_all(h, turns);
		ok(count == 3, "and all three are free");
		leave_all(h, turns, count);
	}
	gate_hashing_close(h);
}

/* ---- stopped ---- */

/* Its locks stay, and it does not come back to give them up. */
static void
test_stopped(void)
{
	struct gate_hashing *h = open_hashing(2, 1);
	int turns[64], count, status = 0;
	int64_t start = now();
	pid_t children[2] = {hold_all(2, &count, start + SOON), 0};

	kill(children[0], SIGSTOP);
	ok(count == 1 && gate_hashing_enter(h, true, 0) == -1,
	    "a process that has the only turn is stopped: it is taken");
	turns[0] = gate_hashing_enter(h, true, start + LATER);
	ok(turns[0] >= 0 && now() > start + SOON, "until after its deadline");
	ok(gate_hashing_enter(h, true, 0) == -1, "then it is one for everybody else");
	gate_hashing_leave(h, turns[0]);
	children[1] = hold_all(2, &count, 0);
	ok(count == 1, "who comes next has it, as soon as it was seen that the first one is late");
	kill(children[1], SIGSTOP);
	turns[0] = gate_hashing_enter(h, true, start + LATER);
	ok(turns[0] >= 0, "a second one that is stopped is passed over, too");
	gate_hashing_leave(h, turns[0]);
	for (int i = 0; i < 2; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], &status, 0);
	}
	ok(take_all(h, turns) == 1, "when they are gone there is one turn, as ever");
	gate_hashing_close(h);
}

/* ---- two lines ---- */

struct waiter {
	struct gate_hashing *h;
	bool known, stays;
	pthread_t thread;
	atomic_int *order;
	int place; /* in which it was served; -1: sent away */
};

static void *
wait_in_line(void *data)
{
	struct waiter *w = data;
	int turn;

	do
		turn = gate_hashing_enter(w->h, w->known, now() + LATER);
	while (turn < 0 && w->stays); /* main looks whether there is room */
	w->place = turn >= 0 ? (*w->order)++ : -1;
	gate_hashing_leave(w->h, turn);
	return NULL;
}

static int
is_ready(void *data)
{
	(void)data;
	return 1;
}

static void
test_lines(void)
{
	struct gate_hashing *h = open_hashing(2, 4);
	atomic_int order = 0;
	struct waiter known = {h, true, true, 0, &order, -2}, waiters[6];
	int turn = gate_hashing_enter(h, false, 0), away = 0, first = 0;

	for (int i = 0; i < 6; i++) {
		waiters[i] = (struct waiter){h, false, false, 0, &order, -2};
		if (pthread_create(&waiters[i].thread, NULL, wait_in_line, &waiters[i]) != 0)
			exit(2);
	}
	for (away = 0; away < 3; gate_clock_pause()) {
		away = 0;
		for (int i = 0; i < 6; i++)
			away += __atomic_load_n(&waiters[i].place, __ATOMIC_SEQ_CST) == -1;
	}
	ok(away == 3, "four may wait: of six strangers three are sent away");
	if (pthread_create(&known.thread, NULL, wait_in_line, &known) != 0)
		exit(2);
	for (int full = 0; full < 5; gate_clock_pause())
		full =
		    gate_hashing_wait_until(h, true, is_ready, NULL, now() + LATER) ? 0 : full + 1;
	gate_hashing_leave(h, turn);
	pthread_join(known.thread, NULL);
	for (int i = 0; i < 6; i++) {
		pthread_join(waiters[i].thread, NULL);
		first += waiters[i].place == 0;
	}
	ok(known.place == 0 && first == 0, "a known device waits beside them, and is next");
	ok(order == 4, "the three that wait are served, too");
	gate_hashing_close(h);
}

/* One known device behind the other, as of an account whose owner floods, or of several. */
static void
test_strangers_turn(void)
{
	struct gate_hashing *h = open_hashing(2, 2);
	atomic_int order = 0;
	struct waiter known = {h, true, true, 0, &order, -2},
		      stranger = {h, false, true, 0, &order, -2};
	int turn = gate_hashing_enter(h, true, 0);

	if (pthread_create(&known.thread, NULL, wait_in_line, &known) != 0 ||
	    pthread_create(&stranger.thread, NULL, wait_in_line, &stranger) != 0)
		exit(2);
	for (int full = 0; full < 5; gate_clock_pause())
		full =
		    gate_hashing_wait_until(h, true, is_ready, NULL, now() + LATER) ? 0 : full + 1;
	gate_hashing_leave(h, turn);
	pthread_join(known.thread, NULL);
	pthread_join(stranger.thread, NULL);
	ok(stranger.place == 0 && known.place == 1,
	    "behind a known device's turn comes a stranger's, before another known one's");
	gate_hashing_close(h);
}

/* ---- who stands by ---- */

struct bystander {
	struct gate_hashing *h;
	pthread_t thread;
	atomic_int asked; /* how often it asked */
	atomic_int *gone;
};

static int
is_never_ready(void *data)
{
	struct bystander *b = data;

	b->asked++;
	return 0;
}

static void *
stand_by_in_thread(void *data)
{
	struct bystander *b = data;

	if (gate_hashing_wait_until(b->h, true, is_never_ready, b, now() + LATER) == 0)
		(*b->gone)++;
	return NULL;
}

static void
start_waiter(struct waiter *w, struct gate_hashing *h, bool known, atomic_int *order)
{
	*w = (struct waiter){h, known, true, 0, order, -2};
	if (pthread_create(&w->thread, NULL, wait_in_line, w) != 0)
		exit(2);
}

static void
test_standing_by(void)
{
	struct gate_hashing *h = open_hashing(2, 4);
	atomic_int order = 0, gone = 0;
	struct bystander bystanders[2];
	struct waiter waiters[4];
	int turn = gate_hashing_enter(h, true, 0), served = 0;

	for (int i = 0; i < 2; i++) {
		bystanders[i] = (struct bystander){.h = h, .gone = &gone};
		if (pthread_create(
			&bystanders[i].thread, NULL, stand_by_in_thread, &bystanders[i]) != 0)
			exit(2);
		while (bystanders[i].asked == 0)
			gate_clock_pause();
	}
	ok(gate_hashing_wait_until(h, true, is_ready, NULL, now() + LATER) == 0 && gone == 0,
	    "four may wait: two stand by, a third one may not");
	for (int i = 0; i < 3; i++)
		start_waiter(&waiters[i], h, i == 0, &order);
	while (gone == 0)
		gate_clock_pause();
	for (int i = 0, asked = bystanders[0].asked + bystanders[1].asked; i < 5; i++) {
		while (bystanders[0].asked + bystanders[1].asked == asked)
			gate_clock_pause();
		asked = bystanders[0].asked + bystanders[1].asked;
	}
	ok(gone == 1, "three come to wait for a turn: one who stands by makes room, not both");
	start_waiter(&waiters[3], h, true, &order);
	for (int i = 0; i < 2; i++)
		pthread_join(bystanders[i].thread, NULL);
	ok(gone == 2, "a fourth one: so does the other");
	gate_hashing_leave(h, turn);
	for (int i = 0; i < 4; i++) {
		pthread_join(waiters[i].thread, NULL);
		served += waiters[i].place >= 0;
	}
	ok(served == 4, "all four are served");
	gate_hashing_close(h);
}

int
main(void)
{
	make_scratch(folder);
	snprintf(run_dir, sizeof run_dir, "%s/run", folder);
	crowd =
	    mmap(NULL, sizeof *crowd, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crowd == MAP_FAILED)
		return 1;
	test_open();
	test_open_fails();
	test_inheritance();
	test_count();
	test_exclusion();
	test_deadline();
	test_waiting(0);
	test_waiting(1);
	test_waiting(4);
	test_crowd();
	test_killed();
	test_stopped();
	test_lines();
	test_strangers_turn();
	test_standing_by();
	drop_scratch(folder);
	return done();
}
