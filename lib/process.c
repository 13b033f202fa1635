/* process.c: a master that keeps its workers running, and what a worker does beside answering. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "fastcgi.h"
#include "log.h"
#include "process.h"

#define WORKERS_MAX 64
#define SWEEP_LOOK (10 * 1000) /* ms between two looks whether a sweep is due */
#define FAILURES_A_LINE                                                                            \
	60 /* of these looks: while a store is away, a line in ten minutes will do */

/* ---- signals ---- */

static void
block_signals(sigset_t *set)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaddset(set, signals[i]);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is the store's failure, not our end */
}

/* The signal that came within a second, or 0. */
static int
next_signal(const sigset_t *set)
{
	int number = sigtimedwait(set, NULL, &(struct timespec){.tv_sec = 1});

	return number > 0 ? number : 0;
}

/* 0, or -1: the old configuration stays. Both are logged. */
static int
reload(struct gate *gate, const char *who)
{
	struct gate_error error = {0};

	if (gate_config_reload(gate, &error) < 0) {
		gate_log(GATE_LOG_ERROR, "reload-failed", "process", who, "error", error.text,
		    "kept", "the old configuration", NULL);
		return -1;
	}
	gate_log(GATE_LOG_INFO, "reloaded", "process", who, NULL);
	return 0;
}

/* ---- the sweeper: a thread of each worker; the store lets one of them at a time do it ---- */

struct sweeper {
	struct gate *gate;
	const struct gate_store *table;
	void *store;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stop;
	unsigned failures;       /* of sweeps, in a row */
	struct gate_error error; /* what the log says of them */
	bool stopping;
	bool busy; /* in a sweep, where it touches only the store, and the configuration it holds */
	bool left; /* to itself: the store is its own now */
};

static void
sweep(struct sweeper *s, const struct gate_options *options)
{
	struct gate_error error = {0};
	int swept = 0;

	if (s->table->sweep != NULL)
		swept = s->table->sweep(s->store, options, &error);
	if (swept > 0) {
		char count[16];

		snprintf(count, sizeof count, "%d", swept);
		gate_log(GATE_LOG_INFO, "swept", "records", count, NULL);
	} else if (swept < 0 &&
	    (s->failures % FAILURES_A_LINE == 0 || strcmp(s->error.text, error.text) != 0)) {
		gate_log(GATE_LOG_ERROR, "sweep-failed", "error", error.text, NULL);
		s->error = error;
	}
	s->failures = swept < 0 ? s->failures + 1 : 0;
}

static void
free_sweeper(struct sweeper *s)
{
	pthread_cond_destroy(&s->stop);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void *
run_sweeper(void *argument)
{
	struct sweeper *s = argument;
	bool left;

	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19); /* this thread only */
	pthread_mutex_lock(&s->lock);
	while (!s->stopping) {
		struct gate_config *config = gate_config_take(s->gate);
		struct timespec until;

		s->busy = true;
		pthread_mutex_unlock(&s->lock);
		sweep(s, &config->options);
		if (config->users != NULL)
			gate_users_tend(
			    config->users, config->keys, config->options.allow_weak_hashes);
		gate_config_release(config);
		pthread_mutex_lock(&s->lock);
		s->busy = false;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += SWEEP_LOOK / 1000;
		if (!s->stopping)
			pthread_cond_timedwait(&s->stop, &s->lock, &until);
	}
	left = s->left;
	pthread_mutex_unlock(&s->lock);
	if (left) {
		s->table->close(s->store);
		free_sweeper(s);
	}
	return NULL;
}

/* NULL with the error set. */
static struct sweeper *
start_sweeper(struct gate *gate, struct gate_error *error)
{
	struct sweeper *s = calloc(1, sizeof *s);
	pthread_condattr_t clock;

	if (s != NULL) {
		s->gate = gate;
		s->table = gate->table;
		s->store = gate->store.store;
		pthread_mutex_init(&s->lock, NULL);
		pthread_condattr_init(&clock);
		pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
		pthread_cond_init(&s->stop, &clock);
		pthread_condattr_destroy(&clock);
		if (pthread_create(&s->thread, NULL, run_sweeper, s) == 0)
			return s;
		free_sweeper(s);
	}
	gate_fail(error, GATE_ESYSTEM, "no thread can be started to sweep the store");
	return NULL;
}

/* Never waits for a sweep, which may take minutes: it goes on as long as the process does, and the
 * store is left to it. */
static void
stop_sweeper(struct sweeper *s)
{
	bool left;

	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	s->left = left = s->busy;
	if (left) {
		s->gate->store.store = NULL;
		pthread_detach(s->thread);
	}
	pthread_cond_signal(&s->stop);
	pthread_mutex_unlock(&s->lock);
	if (left)
		return;
	pthread_join(s->thread, NULL);
	free_sweeper(s);
}

/* ---- a worker ---- */

/* No core and no ptrace, of the master neither: both would show secrets and sessions. */
static void
harden(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#ifndef GATE_SANITIZERS /* the leak checker traces its own process */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* Of the threads, some may hash and up to a half may wait for it, and one is always left for who
 * only wants to see a page. */
static struct gate_hashing *
open_hashing(const char *run_dir, int threads, struct gate_error *error)
{
	int waiting = threads > 2 ? threads / 2 : 0, holding = threads - 1 - waiting;

	return gate_hashing_open(run_dir, holding > 0 ? holding : 1, waiting, error);
}

/* Serves until SIGTERM. `parent`: the master, 0: there is none. 0, or -1 with the error set. */
static int
work(struct gate *gate, const sigset_t *set, int threads, pid_t parent, struct gate_error *error)
{
	const struct gate_options *options = &gate->started->options;
	struct gate_fastcgi *server;
	struct sweeper *sweeper;
	bool stopping = false;

	if (gate_store_open(&gate->store, gate->table, options, error) < 0)
		return -1;
	gate->hashing = open_hashing(options->run_dir, threads, error);
	if (gate->hashing == NULL)
		return -1;
	sweeper = start_sweeper(gate, error);
	if (sweeper == NULL)
		return -1;
	server = gate_fastcgi_start(gate, threads, error);
	if (server == NULL) {
		stop_sweeper(sweeper);
		return -1;
	}
	if (gate->served != NULL)
		atomic_store(gate->served, true);
	while (!stopping) {
		int number = next_signal(set);

		stopping =
		    number == SIGTERM || number == SIGINT || (parent != 0 && getppid() != parent);
		if (number == SIGHUP && reload(gate, parent != 0 ? "worker" : "program") < 0)
			stopping |= parent != 0; /* the next one begins with what the master read */
		gate_fastcgi_tick(server);
	}
	if (parent == 0) /* before a successor can have its socket at that path */
		gate_listen_forget(gate);
	if (parent == 0 ||
	    getppid() != parent) /* a worker that ends alone leaves it to the others */
		gate_listen_stop(gate);
	if (!gate_fastcgi_stop(server, GATE_STOP_TIME)) {
		gate_log(GATE_LOG_ERROR, "stop-late", "error",
		    "requests were still running after ten seconds: they are cut off", NULL);
		_exit(1);
	}
	if (parent == 0) /* a worker just exits, sweep or not */
		stop_sweeper(sweeper);
	return 0;
}

/* ---- the master ---- */

struct worker {
	pid_t pid; /* 0: none */
	int64_t started, start_after;
};

struct master {
	struct gate *gate;
	sigset_t set;
	int count;
	bool misconfigured; /* by an option that only a worker can try, before any of them served */
	struct worker workers[WORKERS_MAX];
};

static void
run_worker(struct master *m, pid_t parent)
{
	struct gate_error error = {0};

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent) /* it died before that call */
		_exit(1);
	if (work(m->gate, &m->set, (int)m->gate->started->options.threads, parent, &error) < 0) {
		gate_log(GATE_LOG_ERROR, "worker-failed", "error", error.text, NULL);
		_exit(error.code == GATE_EOPTION ? EX_CONFIG : 1);
	}
	_exit(0);
}

static void
start_worker(struct master *m, struct worker *w)
{
	pid_t parent = getpid();

	w->started = gate_clock_monotonic();
	w->start_after = w->started + GATE_CRASH_TIME;
	w->pid = fork();
	if (w->pid == 0)
		run_worker(m, parent);
	if (w->pid < 0) {
		gate_log(GATE_LOG_ERROR, "fork-failed", "error", strerror(errno), NULL);
		w->pid = 0;
	}
}

static void
start_missing(struct master *m)
{
	int64_t now = gate_clock_monotonic();

	for (int i = 0; i < m->count; i++)
		if (m->workers[i].pid == 0 && now >= m->workers[i].start_after)
			start_worker(m, &m->workers[i]);
}

/* A worker ended. What an option says may be wrong when the program starts; once a worker has
 * served by it, whatever is wrong now may pass. */
static void
bury(struct master *m, struct worker *w, int status, bool stopping)
{
	bool option = WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG;
	bool served = atomic_load(m->gate->served);
	char number[16];

	w->pid = 0;
	m->misconfigured |= option && !served;
	if (gate_clock_monotonic() - w->started >= GATE_CRASH_TIME)
		w->start_after = 0;
	snprintf(number, sizeof number, "%d",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (!stopping)
		gate_log(GATE_LOG_ERROR, "worker-died", WIFSIGNALED(status) ? "signal" : "status",
		    number, "next",
		    option && !served ? "the program ends" : "another one is started", NULL);
}

/* How many workers are left. */
static int
reap(struct master *m, bool stopping)
{
	int status, left = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < m->count; i++)
			if (m->workers[i].pid == pid)
				bury(m, &m->workers[i], status, stopping);
	for (int i = 0; i < m->count; i++)
		left += m->workers[i].pid != 0;
	return left;
}

static void
tell_workers(const struct master *m, int number)
{
	for (int i = 0; i < m->count; i++)
		if (m->workers[i].pid != 0)
			kill(m->workers[i].pid, number);
}

static void
reload_all(struct master *m)
{
	if (reload(m->gate, "master") == 0)
		tell_workers(m, SIGHUP);
}

static void
stop_all(struct master *m)
{
	int64_t limit = gate_clock_monotonic() + GATE_KILL_TIME;

	gate_listen_forget(m->gate); /* first, so that nobody finds the way to a closing socket */
	gate_listen_stop(m->gate);
	tell_workers(m, SIGTERM);
	while (reap(m, true) > 0) {
		if (gate_clock_monotonic() > limit)
			tell_workers(m, SIGKILL);
		next_signal(&m->set);
	}
}

static int
supervise(struct gate *gate, const sigset_t *set)
{
	struct master m = {.gate = gate, .set = *set, .count = (int)gate->config->options.workers};

	for (;;) {
		start_missing(&m);
		switch (next_signal(set)) {
		case SIGHUP:
			reload_all(&m);
			break;
		case SIGTERM:
		case SIGINT:
			stop_all(&m);
			return 0;
		}
		reap(&m, false);
		if (m.misconfigured) {
			stop_all(&m);
			return -1;
		}
	}
}

/* The flag that workers and master see. 0, or -1 with the error set. */
static int
share_flag(struct gate *gate, struct gate_error *error)
{
	void *page = mmap(
	    NULL, sizeof *gate->served, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return gate_fail_errno(error, GATE_ESYSTEM, "memory can't be mapped");
	gate->served = page;
	return 0;
}

int
gate_run(struct gate *gate, gate_handler *handler)
{
	struct gate_error error = {0};
	sigset_t set;
	int result = 0;

	gate->handler = handler;
	harden();
	gate_fastcgi_init(); /* sets handlers of its own: ours come after it */
	block_signals(&set);
	if (gate_listen(gate, &error) < 0)
		goto fail;
	gate_log(GATE_LOG_INFO, "started", "listen",
	    gate->passed ? "a socket handed over" : gate->config->options.listen, "store",
	    gate->table->scheme, NULL);
	if (gate->config->options.workers > 0) {
		if (share_flag(gate, &error) < 0)
			goto fail;
		result = supervise(gate, &set);
		munmap(gate->served, sizeof *gate->served);
		gate->served = NULL;
	} else if (work(gate, &set, 1, 0, &error) < 0) {
		goto fail;
	}
	gate_log(GATE_LOG_INFO, "stopped", NULL);
	return result;
fail:
	gate_log(GATE_LOG_ERROR, "start-failed", "error", error.text, NULL);
	gate_listen_forget(gate);
	return -1;
}
