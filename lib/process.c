/* process.c: a master that keeps its workers running, and what a worker does beside answering. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "fastcgi.h"
#include "log.h"
#include "process.h"
#include "sweeper.h"

#define WORKERS_MAX 64

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
	gate_log(GATE_LOG_EACH, "reloaded", "process", who, NULL);
	return 0;
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
	struct gate_sweeper *sweeper;
	bool stopping = false;

	gate_log_take_stderr();
	if (gate_store_open(&gate->store, gate->table, options, error) < 0)
		return gate_options_blame(options, "store", error);
	gate->hashing = open_hashing(options->run_dir, threads, error);
	if (gate->hashing == NULL)
		return -1;
	sweeper = gate_sweeper_start(gate, error);
	if (sweeper == NULL)
		return -1;
	server = gate_fastcgi_start(gate, threads, error);
	if (server == NULL) {
		gate_sweeper_stop(sweeper);
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
		gate_log_flush();
	}
	if (parent == 0) /* before a successor can have its socket at that path */
		gate_listen_forget(gate);
	if (parent == 0 ||
	    getppid() != parent) /* a worker that ends alone leaves it to the others */
		gate_listen_stop(gate);
	if (!gate_fastcgi_stop(server, GATE_STOP_TIME)) {
		gate_log(GATE_LOG_ERROR, "stop-late", "error",
		    "requests were still running after ten seconds: they are cut off", NULL);
		gate_log_finish();
		_exit(1);
	}
	if (parent == 0) /* a worker just exits, sweep or not */
		gate_sweeper_stop(sweeper);
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
		gate_log_finish();
		_exit(error.code == GATE_EOPTION ? EX_CONFIG : 1);
	}
	gate_log_finish();
	_exit(0);
}

static void
start_worker(struct master *m, struct worker *w)
{
	pid_t parent = getpid();

	w->started = gate_clock_monotonic();
	w->start_after = w->started + GATE_CRASH_TIME;
	gate_log_finish(); /* what it left out is not for the worker to say */
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
		gate_log_flush();
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
	gate_log_finish();
	gate_log(GATE_LOG_INFO, "stopped", NULL);
	return result;
fail:
	gate_log_finish();
	gate_log(GATE_LOG_ERROR, "start-failed", "error", error.text, NULL);
	gate_listen_forget(gate);
	return -1;
}
