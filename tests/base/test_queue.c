/* test_queue.c: one holder per id, among threads and processes; free again when the holder dies. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/queue.h"
#include "scratch.h"
#include "tap.h"

#define SOON 20     /* ms */
#define LATER 10000 /* ms: as good as never */

static char folder[sizeof SCRATCH];
static char run_dir[sizeof folder + 4]; /* made by the queue itself */

static void
open_queue(struct gate_queue *queue)
{
	struct gate_error error = {0};

	if (gate_queue_open(queue, run_dir, &error) < 0) {
		printf("Bail out! %s\n", error.text);
		exit(1);
	}
}

static void
test_open(void)
{
	struct gate_queue queue;
	struct stat st;
	char path[sizeof run_dir + 8];

	open_queue(&queue);
	ok(queue.fd >= 0 && queue.place == -1, "open, and holds nothing");
	ok(stat(run_dir, &st) == 0 && (st.st_mode & 07777) == 0700,
	    "run_dir is made, for us alone");
	snprintf(path, sizeof path, "%s/queue", run_dir);
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "so is the file");
	ok((fcntl(queue.fd, F_GETFD) & FD_CLOEXEC) != 0, "no program that we start inherits it");
	ok(gate_queue_try(&queue, "a") == 1, "a place is taken");
	ok(stat(path, &st) == 0 && st.st_size == 0, "nobody writes to the file");
	gate_queue_close(&queue);
	ok(queue.fd == -1 && queue.place == -1, "closed");
	gate_queue_close(&queue);
	ok(queue.fd == -1, "closed twice");
}

static void
test_open_fails(void)
{
	struct gate_queue queue;
	struct gate_error error = {0};
	char path[sizeof run_dir + 16], longest[5000];

	snprintf(path, sizeof path, "%s/none/run", folder);
	ok(gate_queue_open(&queue, path, &error) == -1 && error.code == GATE_ESYSTEM &&
		queue.fd == -1,
	    "a folder in a folder that is not there");
	ok(strstr(error.text, path) != NULL, "the error names it");
	error = (struct gate_error){0};
	snprintf(path, sizeof path, "%s/link", folder);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/link/queue", folder);
	if (symlink("/dev/null", path) < 0)
		perror(path);
	path[strlen(path) - strlen("/queue")] = '\0';
	ok(gate_queue_open(&queue, path, &error) == -1 && error.code == GATE_ESYSTEM &&
		queue.fd == -1,
	    "a symbolic link is not followed");
	error = (struct gate_error){0};
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	ok(gate_queue_open(&queue, longest, &error) == -1 && error.code == GATE_EOPTION,
	    "a name that is too long");
	ok(gate_queue_try(&queue, "a") == 1 && gate_queue_wait(&queue, "a", 0) == 1,
	    "without a queue every place is free");
	gate_queue_leave(&queue);
	gate_queue_close(&queue);
}

static void
test_exclusion(void)
{
	struct gate_queue one, two, three;

	open_queue(&one);
	open_queue(&two);
	open_queue(&three);
	ok(gate_queue_try(&one, "a") == 1, "the first one gets the place");
	ok(gate_queue_try(&one, "a") == 1, "who has it gets it again");
	ok(gate_queue_try(&two, "a") == 0, "the second one doesn't");
	ok(two.place == -1, "and holds nothing");
	ok(gate_queue_try(&two, "b") == 1, "but another id's place");
	ok(gate_queue_try(&three, "a") == 0 && gate_queue_try(&three, "b") == 0, "both are taken");
	gate_queue_leave(&one);
	ok(one.place == -1, "the first one left");
	gate_queue_leave(&one);
	ok(gate_queue_try(&three, "b") == 0, "leaving twice frees nobody else's place");
	ok(gate_queue_try(&two, "a") == 1, "a free place is taken");
	ok(gate_queue_try(&three, "b") == 1, "which gave up the place held before");
	ok(gate_queue_try(&one, "a") == 0 && gate_queue_try(&one, "b") == 0, "each has its own");
	gate_queue_close(&two);
	ok(gate_queue_try(&one, "a") == 1, "closing frees the place");
	ok(gate_queue_try(&one, "b") == 0 && one.place == -1,
	    "a try for another place gives up one's own");
	gate_queue_close(&one);
	gate_queue_close(&three);
}

static void
test_ids(void)
{
	struct gate_queue one, two;
	size_t wrong = 0;

	open_queue(&one);
	open_queue(&two);
	gate_queue_try(&one, "0000000000000000000000000000000_");
	for (int i = 0; i < 1000; i++) {
		char id[40];

		snprintf(id, sizeof id, "%032d", i);
		wrong += gate_queue_try(&two, id) != 1;
	}
	ok(wrong == 0, "1000 ids that differ in a few digits don't block each other");
	ok(gate_queue_try(&two, "0000000000000000000000000000000_") == 0, "the same one does");
	ok(gate_queue_try(&two, "") == 1 && gate_queue_try(&one, "") == 0,
	    "an empty id has a place too");
	gate_queue_close(&one);
	gate_queue_close(&two);
}

static void
test_deadline(void)
{
	struct gate_queue one, two;
	int64_t start, end;
	int result;

	open_queue(&one);
	open_queue(&two);
	ok(gate_queue_wait(&one, "a", 0) == 1, "a free place is had even after the deadline");
	start = gate_clock_monotonic();
	ok(gate_queue_wait(&two, "a", start) == 0, "a taken one is not waited for then");
	result = gate_queue_wait(&two, "a", start + SOON);
	end = gate_clock_monotonic();
	ok(result == 0 && two.place == -1, "too late");
	ok(end - start >= SOON, "not before the deadline");
	ok(end - start < LATER, "nor long after it (%d ms)", (int)(end - start));
	gate_queue_leave(&one);
	start = gate_clock_monotonic();
	ok(gate_queue_wait(&two, "a", start + LATER) == 1, "left: ours");
	ok(gate_clock_monotonic() - start < LATER, "at once");
	gate_queue_close(&one);
	gate_queue_close(&two);
}

/* ---- other processes ---- */

/* A child that takes the place, says so, and keeps it until told or killed. */
static pid_t
hold(const char *id, int go[2])
{
	struct gate_queue queue;
	int taken[2];
	char byte = 0;
	pid_t child;

	if (pipe2(taken, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0 || (child = fork()) < 0) {
		perror("fork");
		exit(1);
	}
	if (child == 0) {
		close(go[1]);
		open_queue(&queue);
		byte = (char)gate_queue_try(&queue, id);
		if (write(taken[1], &byte, 1) != 1 || read(go[0], &byte, 1) < 0)
			_exit(1);
		gate_queue_leave(&queue);
		_exit(0);
	}
	close(taken[1]);
	close(go[0]);
	if (read(taken[0], &byte, 1) != 1)
		byte = 0;
	close(taken[0]);
	ok(byte == 1, "another process has the place");
	return child;
}

static void
test_killed(void)
{
	struct gate_queue queue;
	int go[2], status = 0;
	pid_t child;

	child = hold("a", go);
	open_queue(&queue);
	ok(gate_queue_try(&queue, "a") == 0, "it is taken for us");
	ok(gate_queue_wait(&queue, "a", gate_clock_monotonic() + SOON) == 0,
	    "however long we wait");
	ok(gate_queue_try(&queue, "b") == 1, "another id's is not");
	kill(child, SIGKILL);
	ok(gate_queue_wait(&queue, "a", gate_clock_monotonic() + LATER) == 1, "killed: it is ours");
	waitpid(child, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the holder had no time to leave");
	close(go[1]);
	gate_queue_close(&queue);
}

static void
test_left(void)
{
	struct gate_queue queue;
	int go[2], status = -1;
	pid_t child;

	child = hold("a", go);
	open_queue(&queue);
	ok(gate_queue_try(&queue, "a") == 0, "it is taken for us");
	close(go[1]);
	ok(gate_queue_wait(&queue, "a", gate_clock_monotonic() + LATER) == 1, "left: it is ours");
	waitpid(child, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the holder went its way");
	gate_queue_close(&queue);
}

/* Children add to a number in a file, each step under the place: none is lost. */
static void
test_turns(void)
{
	enum { CHILDREN = 4, STEPS = 50 };
	int fd, failed = 0, status;
	long number = 0;
	char path[sizeof run_dir + 16];

	snprintf(path, sizeof path, "%s/number", folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || pwrite(fd, &number, sizeof number, 0) < 0)
		perror(path);
	for (int i = 0; i < CHILDREN; i++) {
		struct gate_queue queue;

		if (fork() != 0)
			continue;
		open_queue(&queue);
		for (int k = 0; k < STEPS; k++) {
			if (gate_queue_wait(&queue, "a", gate_clock_monotonic() + LATER) != 1 ||
			    pread(fd, &number, sizeof number, 0) < 0)
				_exit(1);
			number++;
			gate_clock_pause();
			if (pwrite(fd, &number, sizeof number, 0) < 0)
				_exit(1);
			gate_queue_leave(&queue);
		}
		_exit(0);
	}
	while (wait(&status) > 0 || errno == EINTR)
		failed += status != 0;
	if (pread(fd, &number, sizeof number, 0) < 0)
		number = -1;
	close(fd);
	ok(failed == 0, "%d processes took %d turns each", CHILDREN, STEPS);
	ok(number == CHILDREN * STEPS, "and no step is lost (%ld)", number);
}

/* A child that has that place until then, and is stopped. */
static pid_t
stop_holder(const char *id, int64_t until)
{
	struct gate_queue queue;
	int status;
	pid_t child = fork();

	if (child == 0) {
		open_queue(&queue);
		while (gate_queue_try_until(&queue, id, until) != 1)
			gate_clock_pause();
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(child, &status, WUNTRACED);
	return child;
}

static int
try_until_later(struct gate_queue *queue, const char *id)
{
	int64_t limit = gate_clock_monotonic() + LATER;

	while (gate_queue_try_until(queue, id, limit) != 1) {
		if (gate_clock_monotonic() > limit)
			return 0;
		gate_clock_pause();
	}
	return 1;
}

static void
test_stopped(void)
{
	struct gate_queue queue, other;
	int64_t start = gate_clock_monotonic();
	pid_t children[2] = {stop_holder("stopped", start + SOON), 0};

	open_queue(&queue);
	open_queue(&other);
	ok(gate_queue_try_until(&queue, "stopped", 0) == 0 &&
		gate_queue_try(&other, "stopped") == 0,
	    "a holder is stopped: its place is taken");
	ok(try_until_later(&queue, "stopped") == 1 && gate_clock_monotonic() > start + SOON,
	    "until after its time");
	ok(gate_queue_try_until(&other, "stopped", 0) == 0, "then it is ours alone");
	gate_queue_leave(&queue);
	ok(try_until_later(&other, "stopped") == 1, "left: another one's");
	gate_queue_leave(&other);
	children[1] = stop_holder("stopped", start);
	ok(try_until_later(&queue, "stopped") == 1, "a second stopped one is passed over, too");
	for (int i = 0; i < 2; i++) {
		kill(children[i], SIGCONT);
		waitpid(children[i], NULL, 0);
	}
	gate_queue_leave(&queue);
	ok(gate_queue_try_until(&queue, "stopped", 0) == 1 &&
		gate_queue_try_until(&other, "stopped", 0) == 0,
	    "when they go on and end there is one place, as ever");
	gate_queue_close(&queue);
	gate_queue_close(&other);
}

int
main(void)
{
	make_scratch(folder);
	snprintf(run_dir, sizeof run_dir, "%s/run", folder);
	test_open();
	test_open_fails();
	test_exclusion();
	test_ids();
	test_deadline();
	test_killed();
	test_left();
	test_stopped();
	test_turns();
	drop_scratch(folder);
	return done();
}
