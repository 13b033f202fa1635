/* server/resolve.c: looks up a host's addresses, with a deadline.
 * getaddrinfo knows no deadline: it waits up to half a minute for a name server that does not
 * answer. It runs in a thread of its own, and the caller leaves that thread behind at the
 * deadline. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/resolve.h"

#define HOST_MAX 256 /* bytes of a name and its NUL; DNS allows no longer name */
#define PORT_MAX 8

struct question {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	char host[HOST_MAX], port[PORT_MAX];
	struct addrinfo wanted, *found;
	int result;
	bool done;
	int holders; /* the asking thread and the resolving one: the last to let go frees it */
};

static void
let_go(struct question *q)
{
	bool last = --q->holders == 0;

	pthread_mutex_unlock(&q->lock);
	if (!last)
		return;
	if (q->found != NULL)
		freeaddrinfo(q->found);
	pthread_cond_destroy(&q->answered);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static void *
look(void *argument)
{
	struct question *q = argument;
	struct addrinfo *found = NULL;
	int result = getaddrinfo(q->host, q->port, &q->wanted, &found);

	pthread_mutex_lock(&q->lock);
	q->found = result == 0 ? found : NULL;
	q->result = result;
	q->done = true;
	pthread_cond_signal(&q->answered);
	let_go(q);
	return NULL;
}

/* Returns NULL if out of memory. Yours, until let_go. */
static struct question *
new_question(const char *host, const char *port, int family)
{
	struct question *q = calloc(1, sizeof *q);
	pthread_condattr_t clock;

	if (q == NULL)
		return NULL;
	snprintf(q->host, sizeof q->host, "%s", host);
	snprintf(q->port, sizeof q->port, "%s", port);
	q->wanted = (struct addrinfo){.ai_family = family, .ai_socktype = SOCK_STREAM};
	q->holders = 1;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&q->answered, &clock);
	pthread_condattr_destroy(&clock);
	return q;
}

/* Starts the thread, detached, as nobody joins it. Returns 0 or -1; either way the lock is held. */
static int
start(struct question *q)
{
	pthread_attr_t detached;
	pthread_t thread;
	int failed;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	pthread_mutex_lock(&q->lock);
	failed = pthread_create(&thread, &detached, look, q);
	if (failed == 0)
		q->holders++;
	pthread_attr_destroy(&detached);
	return failed == 0 ? 0 : -1;
}

int
gate_resolve(const char *host, const char *port, int family, int64_t end, struct addrinfo **found)
{
	struct addrinfo numeric = {
	    .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
	struct timespec until = {end / 1000, end % 1000 * 1000000};
	struct question *q;
	int result = EAI_AGAIN, wait = 0;

	*found = NULL;
	if (strlen(host) >= HOST_MAX || strlen(port) >= PORT_MAX)
		return EAI_NONAME;
	if (getaddrinfo(host, port, &numeric, found) == 0) /* asks nobody */
		return 0;
	q = new_question(host, port, family);
	if (q == NULL)
		return EAI_MEMORY;
	if (start(q) < 0)
		wait = EAGAIN;
	while (!q->done && wait == 0)
		wait = pthread_cond_timedwait(&q->answered, &q->lock, &until);
	if (q->done) {
		result = q->result;
		*found = q->found;
		q->found = NULL;
	}
	let_go(q);
	return result;
}
