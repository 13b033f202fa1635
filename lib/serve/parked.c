/* serve/parked.c: parked connections, which hold no thread: idle ones, those with an
 * incomplete request, and those whose rest is only dropped. */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/parked.h"

#define DROP_SIZE (32u << 10) /* bytes that one read drops */
#define DROP_READS 32         /* reads per event; then it is another connection's turn */

/* Allows half of the descriptors at most: stores and new connections need some, too. */
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
	while (p->spare != NULL) {
		struct gate_connection *next = p->spare->next;

		free(p->spare);
		p->spare = next;
	}
	pthread_mutex_destroy(&p->lock);
}

/* ---- a connection ---- */

struct gate_connection *
gate_connection_new(struct gate_parked *p, int fd)
{
	struct gate_connection *c;

	pthread_mutex_lock(&p->lock);
	c = p->spare;
	if (c != NULL)
		p->spare = c->next;
	pthread_mutex_unlock(&p->lock);
	if (c == NULL)
		c = malloc(sizeof *c);
	if (c == NULL) {
		close(fd);
		return NULL;
	}
	*c = (struct gate_connection){.fd = fd, .waiting = GATE_WAITING_REST};
	return c;
}

void
gate_connection_close(struct gate_parked *p, struct gate_connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	gate_arrival_end(&c->arrival);
	pthread_mutex_lock(&p->lock);
	c->next = p->spare;
	p->spare = c;
	pthread_mutex_unlock(&p->lock);
}

static int
watch(struct gate_parked *p, struct gate_connection *c, uint32_t more)
{
	struct epoll_event event = {
	    .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT | more, .data.ptr = c};
	int operation = c->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	c->watched = true;
	return epoll_ctl(p->epoll, operation, c->fd, &event);
}

/* ---- the list; these functions need its lock ---- */

/* Ends a parked connection. Does not close it, as a thread may have its event: wakes a thread,
 * which reads what came already, and closes it. A peer that is sending a request gets an answer
 * first; it is shut down only if it does not take the answer. */
static void
dismiss(struct gate_parked *p, struct gate_connection *c)
{
	if (c->waiting != GATE_WAITING_REST || c->late) {
		c->dismissed = true;
		shutdown(c->fd, SHUT_RD);
	} else if (!atomic_load(&c->arming)) { /* if it is, the next tick does it */
		c->late = true;
		c->until = gate_clock_monotonic() + GATE_HEAD_TIME;
		watch(p, c, EPOLLOUT);
	}
}

static void
unlink_parked(struct gate_parked *p, struct gate_connection *c)
{
	c->previous->next = c->next;
	c->next->previous = c->previous;
	c->parked = false;
	p->count--;
	p->parts -= c->arrival.taken.size;
}

static void
link_parked(struct gate_parked *p, struct gate_connection *c)
{
	c->previous = p->head.previous;
	c->next = &p->head;
	c->previous->next = c->next->previous = c;
	c->parked = true;
	atomic_store(&c->arming, true);
	p->count++;
	p->parts += c->arrival.taken.size;
}

/* Returns the connection with the oldest incomplete request, or NULL. */
static struct gate_connection *
oldest_part(struct gate_parked *p)
{
	struct gate_connection *oldest = NULL;

	for (struct gate_connection *c = p->head.next; c != &p->head; c = c->next)
		if (c->waiting == GATE_WAITING_REST && c->arrival.refused == 0 &&
		    (oldest == NULL || c->since < oldest->since))
			oldest = c;
	return oldest;
}

/* Refuses the oldest incomplete request with 503: frees its memory at once, and wakes a thread to
 * answer. Returns false if there is none. */
static bool
drop_oldest_part(struct gate_parked *p)
{
	struct gate_connection *c = oldest_part(p);

	if (c == NULL)
		return false;
	p->parts -= c->arrival.taken.size;
	gate_arrival_refuse(&c->arrival, 503);
	p->parts += c->arrival.taken.size;
	c->until = 0;
	dismiss(p, c);
	return true;
}

/* Ends the oldest connection that sends no request; if there is none, drops the oldest incomplete
 * request. Returns whether a request was dropped. */
static bool
dismiss_oldest(struct gate_parked *p)
{
	struct gate_connection *c = p->head.next;

	while (c != &p->head && (c->dismissed || c->waiting == GATE_WAITING_REST))
		c = c->next;
	if (c == &p->head)
		return drop_oldest_part(p);
	dismiss(p, c);
	return false;
}

/* Keeps the limits of connections and memory. Returns how many requests were dropped for that. */
static int
make_room(struct gate_parked *p)
{
	int dropped = p->count > p->most ? dismiss_oldest(p) : 0;

	while (p->parts > GATE_PARTS_MAX && drop_oldest_part(p))
		dropped++;
	return dropped;
}

static void
report_drops(int dropped)
{
	if (dropped > 0)
		gate_log(GATE_LOG_WARN, "request-dropped", "why",
		    "too many requests, or over 64 MiB of them, were not there whole: the oldest "
		    "is answered with 503",
		    NULL);
}

/* Parks the connection; when this returns, another thread may have it. Holds no lock during
 * epoll_ctl: all threads would wait for it there. */
static void
park(struct gate_parked *p, struct gate_connection *c)
{
	bool failed;
	int dropped;

	pthread_mutex_lock(&p->lock);
	link_parked(p, c);
	if (p->closing && c->waiting == GATE_WAITING_REQUEST)
		dismiss(p, c);
	dropped = make_room(p);
	pthread_mutex_unlock(&p->lock);
	failed = watch(p, c, 0) < 0;
	if (failed) { /* no event will come, so it is still this thread's */
		pthread_mutex_lock(&p->lock);
		unlink_parked(p, c);
		pthread_mutex_unlock(&p->lock);
	}
	atomic_store(&c->arming, false);
	if (failed)
		gate_connection_close(p, c);
	report_drops(dropped);
}

/* ---- what a connection waits for ---- */

void
gate_parked_keep(struct gate_parked *p, struct gate_connection *c)
{
	gate_arrival_end(&c->arrival);
	c->waiting = GATE_WAITING_REQUEST;
	c->late = c->dismissed = false;
	c->until = gate_clock_monotonic() + GATE_KEPT_TIME;
	park(p, c);
}

/* Sets how long the connection may wait for the rest of its request. Returns false if that is over.
 * had_head: the parameters were there before the last read; deadline: ms for the body. */
static bool
may_wait(struct gate_connection *c, bool had_head, int64_t deadline)
{
	bool idle = c->waiting == GATE_WAITING_REQUEST;
	int64_t now = gate_clock_monotonic();

	if (idle && c->arrival.length == 0)
		return true;
	if (idle || c->since == 0) {
		c->waiting = GATE_WAITING_REST;
		c->since = now;
		c->until = now + GATE_HEAD_TIME;
	}
	if (c->arrival.head > 0 && !had_head)
		c->until = now + deadline;
	return !c->late && now <= c->until;
}

bool
gate_parked_receive(
    struct gate_parked *p, struct gate_connection *c, const struct gate_options *options)
{
	struct gate_arrival *a = &c->arrival;
	enum gate_arrival_state state = GATE_ARRIVAL_LOST;
	bool had_head = a->head > 0;

	if (a->refused == 0)
		state = gate_arrival_read(a, c->fd, (size_t)options->body_limit);
	else if (had_head)
		state = GATE_ARRIVAL_READY;
	if (state == GATE_ARRIVAL_PART && !may_wait(c, had_head, options->deadline))
		state = gate_arrival_refuse(a, 408) ? GATE_ARRIVAL_READY : GATE_ARRIVAL_LOST;
	if (state == GATE_ARRIVAL_PART)
		park(p, c);
	else if (state == GATE_ARRIVAL_LOST)
		gate_connection_close(p, c);
	return state == GATE_ARRIVAL_READY;
}

/* Drops what came. Returns true if nothing more will come, or more came than may be dropped. */
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
		explicit_bzero(bytes, got > 0 ? (size_t)got : 0); /* it may hold a password */
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
		gate_connection_close(p, c);
	else
		park(p, c);
}

void
gate_parked_linger(struct gate_parked *p, struct gate_connection *c, int64_t until)
{
	c->left = GATE_LINGER_MAX;
	c->left -= c->arrival.body < c->left ? c->arrival.body : c->left;
	gate_arrival_end(&c->arrival);
	c->waiting = GATE_WAITING_END;
	c->until = until;
	shutdown(c->fd, SHUT_WR);
	linger_on(p, c);
}

/* ---- events and time ---- */

/* Takes the connection out of the list. Returns false if another thread did so first. */
static bool
unpark(struct gate_parked *p, struct gate_connection *c)
{
	bool parked;

	pthread_mutex_lock(&p->lock);
	while (c->parked && atomic_load(&c->arming)) { /* epoll_ctl ends soon */
		pthread_mutex_unlock(&p->lock);
		sched_yield();
		pthread_mutex_lock(&p->lock);
	}
	parked = c->parked;
	if (parked)
		unlink_parked(p, c);
	pthread_mutex_unlock(&p->lock);
	return parked;
}

bool
gate_parked_claim(struct gate_parked *p, struct gate_connection *c)
{
	if (!unpark(p, c))
		return false;
	if (c->waiting != GATE_WAITING_END)
		return true;
	if (c->dismissed || gate_clock_monotonic() > c->until)
		gate_connection_close(p, c);
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
			dismiss(p, c);
	pthread_mutex_unlock(&p->lock);
}

void
gate_parked_shut(struct gate_parked *p)
{
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	for (struct gate_connection *c = p->head.next; c != &p->head; c = c->next)
		if (c->waiting == GATE_WAITING_REQUEST && !c->dismissed)
			dismiss(p, c);
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
