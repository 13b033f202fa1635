/* parked.c: connections that no thread holds: idle ones, and those whose rest is only dropped. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "parked.h"

#define DROP_SIZE (32u << 10) /* bytes that one read drops */
#define DROP_READS 32         /* at one event: then it is another connection's turn */

/* They take at most half of the descriptors: stores and new connections need some too. */
static int
most_parked(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur / 2 > GATE_KEPT_MAX)
		return GATE_KEPT_MAX;
	return (int)(files.rlim_cur / 2);
}

void
gate_parked_init(struct gate_parked *p, int epoll)
{
	*p = (struct gate_parked){.epoll = epoll, .most = most_parked()};
	p->head.next = p->head.previous = &p->head;
	pthread_mutex_init(&p->lock, NULL);
}

void
gate_parked_release(struct gate_parked *p)
{
	pthread_mutex_destroy(&p->lock);
}

struct gate_connection *
gate_connection_new(int fd)
{
	struct gate_connection *c = calloc(1, sizeof *c);

	if (c == NULL)
		close(fd);
	else
		c->fd = fd;
	return c;
}

void
gate_connection_close(struct gate_connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

/* A parked connection is never closed under its owner's feet: shut down, it wakes a thread, which
 * reads what had come already, then the end, and closes it. */
static void
dismiss(struct gate_connection *c)
{
	c->dismissed = true;
	shutdown(c->fd, SHUT_RD);
}

static void
dismiss_oldest(struct gate_parked *p)
{
	struct gate_connection *c = p->head.next;

	while (c != &p->head && c->dismissed)
		c = c->next;
	if (c != &p->head)
		dismiss(c);
}

static void
unlink_parked(struct gate_parked *p, struct gate_connection *c)
{
	pthread_mutex_lock(&p->lock);
	c->previous->next = c->next;
	c->next->previous = c->previous;
	p->count--;
	pthread_mutex_unlock(&p->lock);
}

/* From epoll_ctl on it may be another thread's. */
static void
park(struct gate_parked *p, struct gate_connection *c)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c};
	int operation = c->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	c->watched = true;
	c->dismissed = false;
	pthread_mutex_lock(&p->lock);
	c->previous = p->head.previous;
	c->next = &p->head;
	c->previous->next = c->next->previous = c;
	if (++p->count > p->most)
		dismiss_oldest(p);
	if (p->closing && !c->lingers)
		dismiss(c);
	pthread_mutex_unlock(&p->lock);
	if (epoll_ctl(p->epoll, operation, c->fd, &event) < 0) { /* no event comes: still ours */
		unlink_parked(p, c);
		gate_connection_close(c);
	}
}

void
gate_parked_keep(struct gate_parked *p, struct gate_connection *c)
{
	c->until = gate_clock_monotonic() + GATE_KEPT_TIME;
	park(p, c);
}

/* Drops what is there. True: nothing more is to be expected, or to be waited for. */
static bool
drop_input(struct gate_connection *c)
{
	char bytes[DROP_SIZE];
	ssize_t got;

	for (int i = 0; i < DROP_READS; i++) {
		got = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return false;
		explicit_bzero(bytes, sizeof bytes); /* there may be a password in it */
		if (got <= 0 || (size_t)got > c->left)
			return true;
		c->left -= (size_t)got;
	}
	return false;
}

static void
linger_on(struct gate_parked *p, struct gate_connection *c)
{
	if (drop_input(c))
		gate_connection_close(c);
	else
		park(p, c);
}

void
gate_parked_linger(struct gate_parked *p, struct gate_connection *c, int64_t until)
{
	c->lingers = true;
	c->until = until;
	c->left = GATE_LINGER_MAX;
	shutdown(c->fd, SHUT_WR);
	linger_on(p, c);
}

bool
gate_parked_claim(struct gate_parked *p, struct gate_connection *c)
{
	unlink_parked(p, c);
	if (!c->lingers)
		return true;
	if (c->dismissed || gate_clock_monotonic() > c->until)
		gate_connection_close(c);
	else
		linger_on(p, c);
	return false;
}

void
gate_parked_tick(struct gate_parked *p, int64_t now)
{
	pthread_mutex_lock(&p->lock);
	for (struct gate_connection *c = p->head.next; c != &p->head; c = c->next)
		if (c->until < now && !c->dismissed)
			dismiss(c);
	pthread_mutex_unlock(&p->lock);
}

void
gate_parked_shut(struct gate_parked *p)
{
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	for (struct gate_connection *c = p->head.next; c != &p->head; c = c->next)
		if (!c->lingers)
			dismiss(c);
	pthread_mutex_unlock(&p->lock);
}

bool
gate_parked_empty(struct gate_parked *p)
{
	bool empty;

	pthread_mutex_lock(&p->lock);
	empty = p->count == 0;
	pthread_mutex_unlock(&p->lock);
	return empty;
}
