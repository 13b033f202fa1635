/* serve/worker.c: what a worker does besides answering: signals, reloads, its end. */
#include "config.h"

#include "base/error.h"
#include "base/log.h"
#include "login/hashing.h"
#include "serve/fastcgi.h"
#include "serve/listen.h"
#include "serve/sweeper.h"
#include "serve/worker.h"

void
gate_worker_block_signals(sigset_t *set)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaddset(set, signals[i]);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file over its size limit must only fail the store */
}

int
gate_worker_next_signal(const sigset_t *set)
{
	int number = sigtimedwait(set, NULL, &(struct timespec){.tv_sec = 1});

	return number > 0 ? number : 0;
}

int
gate_worker_reload(struct gate *gate, const char *who)
{
	struct gate_error error = {0};

	if (gate_config_reload(&gate->configs, &error) < 0) {
		gate_log(GATE_LOG_ERROR, "reload-failed", "process", who, "error", error.text,
		    "kept", "the old configuration", NULL);
		return -1;
	}
	gate_log(GATE_LOG_EACH, "reloaded", "process", who, NULL);
	return 0;
}

/* Divides the threads, if they are more than two: half may wait for a turn to hash, the others but
 * one may hash. That one is always left for requests that only want a page. */
static struct gate_hashing *
open_hashing(const char *run_dir, int threads, struct gate_error *error)
{
	int waiting = threads > 2 ? threads / 2 : 0, holding = threads - 1 - waiting;

	return gate_hashing_open(run_dir, holding > 0 ? holding : 1, waiting, error);
}

/* Starts the sweeper. A failure only is logged: requests can be served without it. */
static struct gate_sweeper *
start_sweeper(struct gate *gate)
{
	struct gate_error error = {0};
	struct gate_sweeper *sweeper = gate_sweeper_start(gate, &error);

	if (sweeper == NULL)
		gate_log(GATE_LOG_ERROR, "sweeper-not-started", "error", error.text, "next",
		    "it is tried again each second", NULL);
	return sweeper;
}

int
gate_worker_run(
    struct gate *gate, const sigset_t *set, int threads, pid_t parent, struct gate_error *error)
{
	const struct gate_options *options = &gate->configs.first->options;
	struct gate_fastcgi *server;
	struct gate_sweeper *sweeper;
	bool stopping = false;

	if (gate_store_open(&gate->store, gate->table, options, error) < 0)
		return gate_options_blame(options, "store", error);
	gate->hashing = open_hashing(options->run_dir, threads, error);
	if (gate->hashing == NULL)
		return -1;
	sweeper = start_sweeper(gate);
	server = gate_fastcgi_start(gate, threads, error);
	if (server == NULL) {
		gate_sweeper_stop(sweeper);
		return -1;
	}
	if (gate->served != NULL)
		atomic_store(gate->served, true);
	while (!stopping) {
		int number = gate_worker_next_signal(set);

		stopping =
		    number == SIGTERM || number == SIGINT || (parent != 0 && getppid() != parent);
		if (number == SIGHUP &&
		    gate_worker_reload(gate, parent != 0 ? "worker" : "program") < 0)
			stopping |= parent != 0; /* the next worker has what the master read */
		if (sweeper == NULL && !stopping)
			sweeper = gate_sweeper_start(gate, NULL);
		gate_fastcgi_tick(server);
		gate_log_flush();
	}
	if (parent == 0) /* now, before a successor makes its socket at that path */
		gate_listen_forget(gate);
	if (parent == 0 ||
	    getppid() != parent) /* a worker that ends alone leaves the socket to the others */
		gate_listen_stop(gate);
	if (!gate_fastcgi_stop(server, GATE_STOP_TIME)) {
		gate_log(GATE_LOG_ERROR, "stop-late", "error",
		    "requests were still running after ten seconds: they are cut off", NULL);
		gate_log_finish();
		_exit(1);
	}
	if (parent == 0) /* a worker of a master exits anyway */
		gate_sweeper_stop(sweeper);
	return 0;
}
