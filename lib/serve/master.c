/* serve/master.c: a master that keeps its workers running. */
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
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "serve/fastcgi.h"
#include "serve/listen.h"
#include "serve/master.h"
#include "serve/worker.h"

#define WORKERS_MAX 64

/* Forbids core dumps and ptrace, in the master, too: both would show secrets and sessions. */
static void
harden(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#ifndef GATE_SANITIZERS /* the leak checker traces its own process */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

struct worker {
	pid_t pid;                    /* 0: none */
	int64_t started, start_after; /* ms of CLOCK_MONOTONIC */
};

struct master {
	struct gate *gate;
	sigset_t set;
	int count;
	bool misconfigured; /* before any worker served, one found that an option is wrong */
	struct worker workers[WORKERS_MAX];
};

static void
run_worker(struct master *m, pid_t parent)
{
	struct gate_error error = {0};

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent) /* the master died before prctl */
		_exit(1);
	if (gate_worker_run(m->gate, &m->set, (int)m->gate->configs.first->options.threads, parent,
		&error) < 0) {
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
	gate_log_finish(); /* else the worker, too, would say what the log left out */
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

/* Handles the end of a worker. If it blames an option, the option is wrong, and the program ends;
 * but once a worker has served with it, the trouble may pass, and another worker is started. */
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

/* Collects workers that ended. Returns how many are left. */
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
	if (gate_worker_reload(m->gate, "master") == 0)
		tell_workers(m, SIGHUP);
}

static void
stop_all(struct master *m)
{
	int64_t limit = gate_clock_monotonic() + GATE_KILL_TIME;

	gate_listen_forget(m->gate); /* first: nobody must find a closing socket by its path */
	gate_listen_stop(m->gate);
	tell_workers(m, SIGTERM);
	while (reap(m, true) > 0) {
		if (gate_clock_monotonic() > limit)
			tell_workers(m, SIGKILL);
		gate_worker_next_signal(&m->set);
	}
}

static int
supervise(struct gate *gate, const sigset_t *set)
{
	struct master m = {
	    .gate = gate, .set = *set, .count = (int)gate->configs.current->options.workers};

	for (;;) {
		start_missing(&m);
		switch (gate_worker_next_signal(set)) {
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

/* Makes the flag that the master shares with its workers. Returns 0, or -1 with the error set. */
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
	gate_log_take_stderr();
	harden();
	gate_fastcgi_init(); /* it sets signal handlers: ours must come after it */
	gate_worker_block_signals(&set);
	if (gate_listen(gate, &error) < 0)
		goto fail;
	gate_log(GATE_LOG_INFO, "started", "listen",
	    gate->passed ? "a socket handed over" : gate->configs.current->options.listen, "store",
	    gate->table->scheme, NULL);
	if (gate->configs.current->options.workers > 0) {
		if (share_flag(gate, &error) < 0)
			goto fail;
		result = supervise(gate, &set);
		munmap(gate->served, sizeof *gate->served);
		gate->served = NULL;
	} else if (gate_worker_run(gate, &set, 1, 0, &error) < 0) {
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
