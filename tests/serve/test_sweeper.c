/* test_sweeper.c: a program without workers ends while its store is in the middle of a sweep, or
 * could not start its sweeper at first. What a library prints meanwhile is a line of the log. */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate.h"
#include "tap.h"

#define PATIENCE 30000 /* ms, for what has to come */

static pthread_mutex_t sweeping = PTHREAD_MUTEX_INITIALIZER; /* held: a sweep does not end */
static atomic_int sweeps, swept, closed_too_early, closed;
static atomic_int no_threads; /* so many threads can't be started */

/* In the place of the C library's. */
int
pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (no_threads > 0) {
		no_threads--;
		return EAGAIN;
	}
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
	return real(thread, attributes, run, argument);
}

static int
open_slow(
    void **store, const char *url, const struct gate_options *options, struct gate_error *error)
{
	(void)url;
	(void)options;
	(void)error;
	*store = &sweeps;
	return 0;
}

static int
sweep(void *store, const struct gate_options *options, struct gate_error *error)
{
	(void)store;
	(void)error;
	sweeps++;
	fputs("bson(): a line of a library\n", stderr);
	pthread_mutex_lock(&sweeping);
	pthread_mutex_unlock(&sweeping);
	if (gate_options_get(options, "ttl") != NULL) /* they are still there */
		swept++;
	return 0;
}

static void
close_slow(void *store)
{
	(void)store;
	closed_too_early += swept == 0;
	closed++;
}

static const struct gate_store slow_store = {.scheme = "slow",
    .open = open_slow,
    .sweep = sweep,
    .close = close_slow}; /* no request comes that would need the rest */

static bool
comes(atomic_int *number, int wanted)
{
	for (int ms = 0; *number < wanted && ms < PATIENCE; ms += 5)
		poll(NULL, 0, 5);
	return *number == wanted;
}

/* Ends the program once it is sweeping; `data`: whether the sweep ends before that. */
static void *
end_program(void *data)
{
	comes(&sweeps, 1);
	if (data != NULL)
		comes(&swept, 1);
	kill(getpid(), SIGTERM);
	return NULL;
}

static void
test_end(const char *folder, bool in_sweep, bool late)
{
	static const struct gate_store *const stores[] = {&slow_store, NULL};
	char run_dir[64], listen[64], secret[] = "secret=bT3kQ9zLw7Rf2Hn5Yc8Vd1Xj6Mg4Ps0a";
	const char *const options[] = {
	    "config=", "store=slow:", "workers=0", run_dir, listen, secret, NULL};
	struct gate_error error = {0};
	struct gate *gate;
	pthread_t thread;

	snprintf(run_dir, sizeof run_dir, "run_dir=%s/run", folder);
	snprintf(listen, sizeof listen, "listen=unix:%s/socket", folder);
	sweeps = swept = closed = 0;
	if (in_sweep)
		pthread_mutex_lock(&sweeping);
	gate = gate_open(options, stores, NULL, &error);
	if (!ok(gate != NULL, "a program whose %s",
		in_sweep   ? "sweep never ends"
		    : late ? "sweeper can't be started at once"
			   : "sweep is done")) {
		printf("# %s\n", error.text);
		return;
	}
	pthread_create(&thread, NULL, end_program, in_sweep ? NULL : &swept);
	no_threads = late;
	ok(gate_run(gate, NULL) == 0 && swept == !in_sweep && no_threads == 0, "SIGTERM ends it");
	gate_close(gate);
	pthread_join(thread, NULL);
	ok(closed == !in_sweep,
	    in_sweep ? "the store is left to the sweep" : "and closes the store");
	if (in_sweep)
		pthread_mutex_unlock(&sweeping);
	ok(comes(&closed, 1) && closed_too_early == 0, "it is closed once, behind the sweep");
}

/* log: where standard error went. */
static void
test_stderr(int log)
{
	static char text[1 << 16];
	ssize_t length = pread(log, text, sizeof text - 1, 0);

	text[length > 0 ? length : 0] = '\0';
	ok(strstr(text, " level=warn event=stderr text=\"bson(): a line of a library\"\n") != NULL,
	    "what a library prints is a line of the log");
	ok(strncmp(text, "bson", 4) != 0 && strstr(text, "\nbson") == NULL,
	    "  and never one of its own");
}

static int
forget(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

int
main(void)
{
	char folder[] = "/tmp/gate.XXXXXX", path[64];
	int saved = dup(STDERR_FILENO), log;
	sigset_t set;

	sigemptyset(&set); /* in all threads, as gate_run does it too late for ours */
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/log", folder);
	log = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log < 0 || dup2(log, STDERR_FILENO) < 0)
		return 1;
	test_end(folder, false, false);
	test_end(folder, false, true);
	test_end(folder, true, false);
	dup2(saved, STDERR_FILENO);
	test_stderr(log);
	nftw(folder, forget, 16, FTW_DEPTH | FTW_PHYS);
	return done();
}
