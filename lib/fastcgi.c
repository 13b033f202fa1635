/* fastcgi.c: connections and threads of one worker; libfcgi parses each request. An idle kept
 * connection waits in epoll and holds no thread. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "clock.h"
#include "error.h"
#include "fastcgi.h"
#include "log.h"

#define ROLE_RESPONDER 1 /* the specification's numbers; Debian ships no header with them */
#define ROLE_AUTHORIZER 2
#define IO_TIMEOUT 5 /* seconds that one read or write of the web server may take */
#define HEAD_TIME (IO_TIMEOUT * 1000) /* ms that a request has until its last parameter is there */
#define CUT_OFF SIGRTMIN

struct connection {
	int fd;
	bool kept; /* epoll knows it */
	int64_t idle_since;
	struct connection *previous, *next; /* while it is parked */
};

struct thread {
	struct gate_fastcgi *server;
	pthread_t id;
	FCGX_Request fcgi;
	struct gate_queue queue;
	struct gate_request request;
	struct gate_buffer body;
	struct gate_config *config; /* held from request to request, while it is the one in force */
	int64_t began;              /* the request */
	_Atomic int64_t until;      /* while it is read: when that has to be over; 0: it is not */
};

struct gate_fastcgi {
	struct gate *gate;
	int epoll, wake;
	atomic_bool stopping;
	pthread_mutex_t lock;     /* of the list of parked connections */
	struct connection parked; /* the list's head: next is the one idle for longest */
	int parked_count, parked_most;
	int thread_count;
	struct thread *threads;
};

/* ---- parked connections ---- */

static void
unlink_parked(struct gate_fastcgi *f, struct connection *c)
{
	c->previous->next = c->next;
	c->next->previous = c->previous;
	f->parked_count--;
}

/* Whoever gets a connection's event owns it. */
static void
claim(struct gate_fastcgi *f, struct connection *c)
{
	pthread_mutex_lock(&f->lock);
	unlink_parked(f, c);
	pthread_mutex_unlock(&f->lock);
}

/* A parked connection is never closed under its owner's feet: shut down, it wakes a thread that
 * reads what had come already, then the end, and closes it. */
static void
dismiss_oldest(struct gate_fastcgi *f)
{
	struct connection *c = f->parked.next;

	shutdown(c->fd, SHUT_RD);
	c->idle_since = INT64_MAX;
	unlink_parked(f, c);
	c->previous = f->parked.previous;
	c->next = &f->parked;
	c->previous->next = c->next->previous = c;
	f->parked_count++;
}

static void
drop(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static void
park(struct gate_fastcgi *f, struct connection *c)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c};
	int operation = c->kept ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	c->kept = true; /* from epoll_ctl on it may be another thread's */
	pthread_mutex_lock(&f->lock);
	c->idle_since = gate_clock_monotonic();
	c->previous = f->parked.previous;
	c->next = &f->parked;
	c->previous->next = c->next->previous = c;
	if (++f->parked_count > f->parked_most)
		dismiss_oldest(f);
	if (atomic_load(&f->stopping))
		shutdown(c->fd, SHUT_RD);
	pthread_mutex_unlock(&f->lock);
	if (epoll_ctl(f->epoll, operation, c->fd, &event) <
	    0) { /* then no event comes: still ours */
		claim(f, c);
		drop(c);
	}
}

/* ---- peers that drip ----
 *
 * libfcgi reads on as long as a byte comes now and then, and keeps every parameter that it got
 * until the last one is there. So a request has a time for coming, which also bounds the memory
 * that it takes: to what the web server, the only one who can connect, sends in that time. */

static void
allow_reading(struct thread *t, int64_t until)
{
	atomic_store_explicit(&t->until, until, memory_order_relaxed);
}

static bool
is_late(struct thread *t, int64_t now)
{
	int64_t until = atomic_load_explicit(&t->until, memory_order_relaxed);

	return until != 0 && until < now;
}

/* Runs in the late thread, which can't close the connection meanwhile; libfcgi, which does when it
 * fails, frees the stream first: while that is there, the descriptor is still the connection's. */
static void
cut_off(int number, siginfo_t *info, void *context)
{
	struct thread *t = info->si_value.sival_ptr;
	int reason = errno;

	(void)number;
	(void)context;
	if (info->si_code != SI_QUEUE || info->si_pid != getpid())
		return;
	if (is_late(t, gate_clock_monotonic()) && t->fcgi.in != NULL)
		shutdown(t->fcgi.ipcFd, SHUT_RDWR);
	errno = reason;
}

static void
prepare_cutting_off(void)
{
	struct sigaction action = {.sa_sigaction = cut_off, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigset_t set;

	sigemptyset(&action.sa_mask);
	sigaction(CUT_OFF, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, CUT_OFF);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void
gate_fastcgi_tick(struct gate_fastcgi *f)
{
	int64_t now = gate_clock_monotonic();

	pthread_mutex_lock(&f->lock);
	while (f->parked.next != &f->parked && f->parked.next->idle_since < now - GATE_KEPT_TIME)
		dismiss_oldest(f);
	pthread_mutex_unlock(&f->lock);
	for (int i = 0; i < f->thread_count; i++) {
		struct thread *t = &f->threads[i];

		if (is_late(t, now)) /* one that ended reads nothing */
			pthread_sigqueue(t->id, CUT_OFF, (union sigval){.sival_ptr = t});
	}
}

/* ---- one request ---- */

/* Reads to the end of stdin, whatever CONTENT_LENGTH says, so that no byte of a body is left to
 * be taken for the next request. The status to refuse it with, 0: none. */
static int
read_body(struct thread *t, const struct gate_options *options)
{
	FCGX_Stream *in = t->fcgi.in;
	int64_t now, deadline = INT64_MAX; /* from the first byte of a body on */
	size_t total = 0, limit = (size_t)options->body_limit;
	int c;

	allow_reading(t, t->began + HEAD_TIME + options->deadline);
	gate_buffer_reset(&t->body);
	while ((c = FCGX_GetChar(in)) != EOF) {
		size_t ready = (size_t)(in->stop - in->rdNext);

		total += ready + 1;
		if (total <= limit) {
			gate_buffer_reserve(&t->body, ready + 2);
			gate_buffer_putc(&t->body, (char)c);
			gate_buffer_add(&t->body, in->rdNext, ready);
		}
		explicit_bzero(in->rdNext - 1, ready + 1); /* there may be a password in it */
		in->rdNext += ready;
		now = gate_clock_monotonic();
		if (deadline == INT64_MAX)
			deadline = now + options->deadline;
		if (total > GATE_DRAIN_MAX || now > deadline)
			return total > GATE_DRAIN_MAX ? 413 : 408;
	}
	if (FCGX_GetError(in) != 0)
		return 400;
	return total > limit || t->body.failed ? 413 : 0;
}

static bool
are_params_in_bounds(char *const *params)
{
	size_t count = 0, size = 0;

	for (; *params != NULL; params++) {
		count++;
		size += strlen(*params);
	}
	return count <= GATE_PARAMS_MAX && size <= GATE_PARAMS_SIZE_MAX;
}

/* One request of a connection. True: the connection can be kept. */
static bool
answer(struct thread *t)
{
	struct gate *gate = t->server->gate;
	struct gate_request *r = &t->request;
	FCGX_Request *q = &t->fcgi;
	const struct gate_config *config;
	bool keep = q->keepConnection && q->role == ROLE_RESPONDER;

	if (FCGX_GetError(q->in) != 0) /* the parameters were cut short: some may be missing */
		return false;
	config = t->config = gate_config_renew(gate, t->config);
	r->refused = 0;
	gate_buffer_reset(&t->body);
	if (q->role != ROLE_AUTHORIZER) /* an authorizer has no stdin: reading it would hang */
		r->refused = read_body(t, &config->options);
	allow_reading(t, 0);
	if (r->refused == 400 || r->refused == 408)
		keep = false;
	if (!are_params_in_bounds(q->envp))
		r->refused = 431;
	r->config = config;
	r->store = &gate->store;
	r->queue = &t->queue;
	r->hashing = gate->hashing;
	r->data = gate->data;
	r->params = q->envp;
	r->body = gate_buffer_text(&t->body);
	r->body_length = t->body.length;
	gate_request_serve(r, gate->handler);
	FCGX_PutStr(gate_buffer_text(&r->head), (int)r->head.length, q->out);
	FCGX_PutStr(gate_buffer_text(&r->out), (int)r->out.length, q->out);
	gate_request_end(r);
	if (t->body.length > 0)
		explicit_bzero(t->body.data, t->body.length);
	return keep && !atomic_load(&t->server->stopping);
}

/* libfcgi must not close the connection, or another thread's new one could get its number while
 * we still use it; but it does when a stream fails, and sets ipcFd to -1 then. */
static void
serve(struct thread *t, struct connection *c)
{
	FCGX_Request *q = &t->fcgi;
	bool keep = false;

	FCGX_InitRequest(q, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	q->ipcFd = c->fd;
	q->keepConnection = 1;
	q->detached = 1; /* close without lingering: stdin was drained */
	t->began = gate_clock_monotonic();
	allow_reading(t, t->began + HEAD_TIME);
	if (FCGX_Accept_r(q) == 0) {
		keep = answer(t);
		q->keepConnection = 1;
		FCGX_Finish_r(q);
	}
	allow_reading(t, 0);
	c->fd = q->ipcFd;
	if (keep && c->fd >= 0)
		park(t->server, c);
	else
		drop(c);
}

/* ---- threads ---- */

static void
set_timeouts(int fd)
{
	struct timeval timeout = {.tv_sec = IO_TIMEOUT};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

/* Accepts one connection and serves its first request at once. False: none was waiting. */
static bool
accept_one(struct thread *t, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct connection *c;

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
		gate_log(GATE_LOG_ERROR, "accept-failed", "error", strerror(errno), NULL);
		gate_clock_pause();
	}
	if (fd < 0)
		return errno == ECONNABORTED || errno == EINTR;
	set_timeouts(fd);
	c = calloc(1, sizeof *c);
	if (c == NULL) {
		close(fd);
		return true;
	}
	c->fd = fd;
	serve(t, c);
	return true;
}

/* The listener that epoll speaks of; NULL: the event is a connection's, or the wake-up's. */
static const int *
listener_of(const struct gate *gate, const void *pointer)
{
	for (int i = 0; i < gate->listener_count; i++)
		if (pointer == &gate->listeners[i])
			return &gate->listeners[i];
	return NULL;
}

/* While stopping: serves what waits to be accepted. True: nothing is left for this thread. */
static bool
finish(struct thread *t)
{
	struct gate_fastcgi *f = t->server;
	bool empty;

	for (int i = 0; i < f->gate->listener_count && !f->gate->passed; i++)
		while (accept_one(t, f->gate->listeners[i]))
			;
	pthread_mutex_lock(&f->lock);
	empty = f->parked.next == &f->parked;
	pthread_mutex_unlock(&f->lock);
	return empty;
}

static void *
run_thread(void *argument)
{
	struct thread *t = argument;
	struct gate_fastcgi *f = t->server;

	for (;;) {
		struct epoll_event event;
		const int *listener;

		if (epoll_wait(f->epoll, &event, 1, -1) < 1)
			continue;
		listener = listener_of(f->gate, event.data.ptr);
		if (event.data.ptr == &f->wake) {
			if (finish(t))
				break;
		} else if (listener != NULL) {
			if (!atomic_load(&f->stopping))
				accept_one(t, *listener);
		} else {
			claim(f, event.data.ptr);
			serve(t, event.data.ptr);
		}
	}
	return NULL;
}

static int
watch(struct gate_fastcgi *f, int *fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = fd};

	return epoll_ctl(f->epoll, EPOLL_CTL_ADD, *fd, &event);
}

static void
free_server(struct gate_fastcgi *f)
{
	for (int i = 0; i < f->thread_count; i++) {
		gate_queue_close(&f->threads[i].queue);
		gate_request_release(&f->threads[i].request);
		gate_config_release(f->threads[i].config);
		gate_buffer_release(&f->threads[i].body);
	}
	if (f->epoll >= 0)
		close(f->epoll);
	if (f->wake >= 0)
		close(f->wake);
	pthread_mutex_destroy(&f->lock);
	free(f->threads);
	free(f);
}

static int
start_threads(struct gate_fastcgi *f, int threads, struct gate_error *error)
{
	const char *run_dir = f->gate->started->options.run_dir;

	for (int i = 0; i < threads; i++) {
		struct thread *t = &f->threads[i];

		t->server = f;
		if (gate_queue_open(&t->queue, run_dir, error) < 0)
			return -1;
		if (pthread_create(&t->id, NULL, run_thread, t) != 0) {
			gate_queue_close(&t->queue);
			return gate_fail(error, GATE_ESYSTEM,
			    "only %d of %d threads can be started", i, threads);
		}
		f->thread_count++;
	}
	return 0;
}

/* Idle connections take at most half of the descriptors: stores and new ones need some too. */
static int
most_parked(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur / 2 > GATE_KEPT_MAX)
		return GATE_KEPT_MAX;
	return (int)(files.rlim_cur / 2);
}

void
gate_fastcgi_init(void)
{
	FCGX_Init();
	prepare_cutting_off();
}

struct gate_fastcgi *
gate_fastcgi_start(struct gate *gate, int threads, struct gate_error *error)
{
	struct gate_fastcgi *f = calloc(1, sizeof *f);
	int failed = 0;

	if (f == NULL || (f->threads = calloc((size_t)threads, sizeof *f->threads)) == NULL) {
		gate_fail(error, GATE_EMEMORY, "out of memory");
		free(f);
		return NULL;
	}
	f->gate = gate;
	f->parked_most = most_parked();
	f->parked.next = f->parked.previous = &f->parked;
	pthread_mutex_init(&f->lock, NULL);
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (int i = 0; i < gate->listener_count; i++)
		failed |= watch(f, &gate->listeners[i], EPOLLIN | EPOLLEXCLUSIVE);
	if (failed < 0 || watch(f, &f->wake, EPOLLIN) < 0)
		gate_fail_errno(error, GATE_ESYSTEM, "epoll fails");
	else if (start_threads(f, threads, error) == 0)
		return f;
	gate_fastcgi_stop(f, 1000);
	return NULL;
}

/* Ticks while it waits. False: the thread did not end in time. */
static bool
join(struct gate_fastcgi *f, pthread_t id, int64_t limit)
{
	for (;;) {
		int64_t now = gate_clock_monotonic();
		int64_t next = now + 1000 < limit ? now + 1000 : limit;
		struct timespec until = {next / 1000, next % 1000 * 1000000};

		if (pthread_clockjoin_np(id, NULL, CLOCK_MONOTONIC, &until) == 0)
			return true;
		if (now >= limit)
			return false;
		gate_fastcgi_tick(f);
	}
}

int
gate_fastcgi_stop(struct gate_fastcgi *f, int64_t patience)
{
	int64_t limit = gate_clock_monotonic() + patience;
	uint64_t one = 1;
	bool ended = true;

	pthread_mutex_lock(&f->lock);
	atomic_store(&f->stopping, true);
	for (struct connection *c = f->parked.next; c != &f->parked; c = c->next)
		shutdown(c->fd, SHUT_RD);
	pthread_mutex_unlock(&f->lock);
	if (write(f->wake, &one, sizeof one) < 0)
		ended = false;
	for (int i = 0; i < f->thread_count && ended; i++)
		ended = join(f, f->threads[i].id, limit);
	if (ended)
		free_server(f);
	return ended;
}
