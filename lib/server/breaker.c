/* server/breaker.c: a circuit breaker: requests don't wait for a server that does not answer. */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "base/log.h"
#include "server/breaker.h"

#define FAILURES_MAX 2 /* in a row; a single one may be a connection that was cut while idle */

struct gate_breaker {
	struct gate_breaker_probe probe;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	atomic_uint turn;     /* odd: open; every opening and closing adds 1 */
	atomic_uint failures; /* in a row, since the turn began */
	bool stopping;
};

/* Waits for one interval, or until the breaker is freed. The caller holds the lock. */
static void
rest(struct gate_breaker *b)
{
	struct timespec until;
	int64_t nanoseconds;

	clock_gettime(CLOCK_MONOTONIC, &until);
	nanoseconds = until.tv_nsec + b->probe.interval % 1000 * 1000000;
	until.tv_sec += b->probe.interval / 1000 + nanoseconds / 1000000000;
	until.tv_nsec = nanoseconds % 1000000000;
	while (!b->stopping && pthread_cond_timedwait(&b->changed, &b->lock, &until) == 0)
		;
}

/* Opens or closes the breaker, if it still is in this turn. The caller holds the lock. */
static void
change(struct gate_breaker *b, unsigned turn, enum gate_log_level level, const char *event)
{
	if (atomic_load(&b->turn) != turn)
		return;
	atomic_store(&b->failures, 0);
	atomic_store(&b->turn, turn + 1);
	pthread_cond_broadcast(&b->changed);
	gate_log(level, event, "server", b->probe.name, "calls", b->probe.what, NULL);
}

static void *
run(void *data)
{
	struct gate_breaker *b = data;

	pthread_mutex_lock(&b->lock);
	while (!b->stopping) {
		unsigned turn = atomic_load(&b->turn);
		int answer;

		if (turn % 2 == 0) {
			pthread_cond_wait(&b->changed, &b->lock);
			continue;
		}
		rest(b);
		if (b->stopping)
			break;
		pthread_mutex_unlock(&b->lock);
		answer = b->probe.ask(b->probe.data);
		pthread_mutex_lock(&b->lock);
		if (answer == 1)
			change(b, turn, GATE_LOG_INFO, "server-back");
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

struct gate_breaker *
gate_breaker_new(const struct gate_breaker_probe *probe, struct gate_error *error)
{
	struct gate_breaker *b = calloc(1, sizeof *b);
	pthread_condattr_t clock;

	if (b == NULL) {
		gate_fail(error, GATE_EMEMORY, "out of memory");
		return NULL;
	}
	b->probe = *probe;
	pthread_mutex_init(&b->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&b->changed, &clock);
	pthread_condattr_destroy(&clock);
	if (pthread_create(&b->thread, NULL, run, b) == 0)
		return b;
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
	gate_fail(error, GATE_ESYSTEM, "no thread can be started");
	return NULL;
}

void
gate_breaker_free(struct gate_breaker *b)
{
	if (b == NULL)
		return;
	pthread_mutex_lock(&b->lock);
	b->stopping = true;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->thread, NULL);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

bool
gate_breaker_enter(struct gate_breaker *b, unsigned *turn)
{
	*turn = atomic_load(&b->turn);
	return *turn % 2 == 0;
}

void
gate_breaker_leave(struct gate_breaker *b, unsigned turn, bool reached)
{
	if (reached) {
		if (atomic_load(&b->failures) != 0)
			atomic_store(&b->failures, 0);
		return;
	}
	pthread_mutex_lock(&b->lock);
	if (atomic_load(&b->turn) == turn && atomic_fetch_add(&b->failures, 1) + 1 >= FAILURES_MAX)
		change(b, turn, GATE_LOG_ERROR, "server-away");
	pthread_mutex_unlock(&b->lock);
}
