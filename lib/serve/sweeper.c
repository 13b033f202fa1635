/* serve/sweeper.c: sweeps the store in a thread of each worker; the store lets one of them
 * sweep. */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "serve/sweeper.h"

#define SWEEP_LOOK (10 * 1000) /* ms between two calls of the store's sweep */
#define FAILURES_PER_LINE 60   /* logs one of so many: every ten minutes while a store is away */

struct gate_sweeper {
	struct gate *gate;
	const struct gate_store *table;
	void *store;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stop;
	unsigned failures;       /* sweeps that failed in a row */
	struct gate_error error; /* the last one that was logged */
	bool stopping;
	bool busy; /* in a sweep: it uses only the store, and the configuration it holds */
	bool left; /* stopped during a sweep: the thread closes the store and frees all */
};

static void
sweep(struct gate_sweeper *s, const struct gate_options *options)
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
	    (s->failures % FAILURES_PER_LINE == 0 || strcmp(s->error.text, error.text) != 0)) {
		gate_log(GATE_LOG_ERROR, "sweep-failed", "error", error.text, NULL);
		s->error = error;
	}
	s->failures = swept < 0 ? s->failures + 1 : 0;
}

static void
free_sweeper(struct gate_sweeper *s)
{
	pthread_cond_destroy(&s->stop);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void *
run_sweeper(void *argument)
{
	struct gate_sweeper *s = argument;
	bool left;

	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19); /* this thread only */
	pthread_mutex_lock(&s->lock);
	while (!s->stopping) {
		struct gate_config *config = gate_config_take(&s->gate->configs);
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

struct gate_sweeper *
gate_sweeper_start(struct gate *gate, struct gate_error *error)
{
	struct gate_sweeper *s = calloc(1, sizeof *s);
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

void
gate_sweeper_stop(struct gate_sweeper *s)
{
	bool left;

	if (s == NULL)
		return;
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
