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
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "clock.h"
#include "error.h"
#include "fastcgi.h"
#include "log.h"
#include "parked.h"

#define ROLE_RESPONDER 1 /* the specification's numbers; Debian ships no header with them */
#define ROLE_AUTHORIZER 2
#define IO_TIMEOUT 5 /* seconds that one read or write of the web server may take */
#define HEAD_TIME (IO_TIMEOUT * 1000) /* ms that a request has until its last parameter is there */
#define CUT_OFF SIGRTMIN

struct thread {
	struct gate_fastcgi *server;
	pthread_t id;
	FCGX_Request fcgi;
	struct gate_queue queue;
	struct gate_request request;
	struct gate_buffer body;
	struct gate_config *config; /* held from request to request, while it is the one in force */
	bool whole;                 /* the request was read to the end of its stdin */
	int64_t began;              /* the request */
	_Atomic int64_t until;      /* while it is read: when that has to be over; 0: it is not */
};

struct gate_fastcgi {
	struct gate *gate;
	int epoll, wake;
	atomic_bool stopping;
	struct gate_parked parked;
	int thread_count;
	struct thread *threads;
};

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

	gate_parked_tick(&f->parked, now);
	for (int i = 0; i < f->thread_count; i++) {
		struct thread *t = &f->threads[i];

		if (is_late(t, now)) /* one that ended reads nothing */
			pthread_sigqueue(t->id, CUT_OFF, (union sigval){.sival_ptr = t});
	}
}

/* ---- one request ---- */

/* Reads stdin, whatever CONTENT_LENGTH says, until it is clear what to answer. The status to refuse
 * it with; 0: none, and all of it was read. */
static int
read_body(struct thread *t, const struct gate_options *options)
{
	FCGX_Stream *in = t->fcgi.in;
	int64_t now, deadline = INT64_MAX; /* from the first byte of a body on */
	size_t limit = (size_t)options->body_limit;
	int c;

	allow_reading(t, t->began + HEAD_TIME + options->deadline);
	while ((c = FCGX_GetChar(in)) != EOF) {
		size_t ready = (size_t)(in->stop - in->rdNext);
		bool fits = ready < limit && t->body.length < limit - ready;

		if (fits) {
			gate_buffer_reserve(&t->body, ready + 2);
			gate_buffer_putc(&t->body, (char)c);
			gate_buffer_add(&t->body, in->rdNext, ready);
		}
		explicit_bzero(in->rdNext - 1, ready + 1); /* there may be a password in it */
		in->rdNext += ready;
		if (!fits || t->body.failed)
			return 413;
		now = gate_clock_monotonic();
		if (deadline == INT64_MAX)
			deadline = now + options->deadline;
		if (now > deadline)
			return 408;
	}
	t->whole = FCGX_GetError(in) == 0;
	if (!t->whole)
		return FCGX_GetError(in) == EAGAIN ? 408 : 400;
	return 0;
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

static void
answer(struct thread *t)
{
	struct gate *gate = t->server->gate;
	struct gate_request *r = &t->request;
	FCGX_Request *q = &t->fcgi;
	const struct gate_config *config;

	config = t->config = gate_config_renew(gate, t->config);
	r->refused = 0;
	gate_buffer_reset(&t->body);
	if (q->role == ROLE_RESPONDER) /* an authorizer has no stdin: reading it would hang */
		r->refused = read_body(t, &config->options);
	allow_reading(t, 0);
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
}

/* What becomes of the connection. Only behind a request that was read to its end does another one
 * begin: any other byte is a visitor's, who could have written a request into his body. */
static void
leave(struct thread *t, struct gate_connection *c, bool sent)
{
	struct gate_fastcgi *f = t->server;

	if (!sent)
		gate_connection_close(c);
	else if (!t->whole)
		gate_parked_linger(
		    &f->parked, c, gate_clock_monotonic() + t->config->options.deadline);
	else if (t->fcgi.keepConnection && !atomic_load(&f->stopping))
		gate_parked_keep(&f->parked, c);
	else
		gate_connection_close(c);
}

/* libfcgi must not close the connection, or another thread's new one could get its number while
 * we still use it. libfcgi closes it only if no request comes, and sets ipcFd to -1 then. */
static void
serve(struct thread *t, struct gate_connection *c)
{
	FCGX_Request *q = &t->fcgi;
	bool sent = false;

	FCGX_InitRequest(q, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	q->ipcFd = c->fd;
	q->keepConnection = 1;
	q->detached = 1; /* closes at once */
	t->whole = false;
	t->began = gate_clock_monotonic();
	allow_reading(t, t->began + HEAD_TIME);
	if (FCGX_Accept_r(q) == 0) {
		if (FCGX_GetError(q->in) == 0) { /* else parameters may be missing */
			answer(t);
			sent = FCGX_FClose(q->err) == 0 && FCGX_FClose(q->out) == 0;
		}
		FCGX_Free(q, 0);
	}
	allow_reading(t, 0);
	c->fd = q->ipcFd;
	leave(t, c, sent);
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
	struct gate_connection *c;

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
		gate_log(GATE_LOG_ERROR, "accept-failed", "error", strerror(errno), NULL);
		gate_clock_pause();
	}
	if (fd < 0)
		return errno == ECONNABORTED || errno == EINTR;
	set_timeouts(fd);
	c = gate_connection_new(fd);
	if (c != NULL)
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

	for (int i = 0; i < f->gate->listener_count && !f->gate->passed; i++)
		while (accept_one(t, f->gate->listeners[i]))
			;
	if (gate_parked_empty(&f->parked))
		return true;
	gate_clock_pause(); /* the wake-up never ends: leave the others time */
	return false;
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
		} else if (gate_parked_claim(&f->parked, event.data.ptr)) {
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
	gate_parked_release(&f->parked);
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
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	gate_parked_init(&f->parked, f->epoll);
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

	atomic_store(&f->stopping, true);
	gate_parked_shut(&f->parked);
	if (write(f->wake, &one, sizeof one) < 0)
		ended = false;
	for (int i = 0; i < f->thread_count && ended; i++)
		ended = join(f, f->threads[i].id, limit);
	if (ended)
		free_server(f);
	return ended;
}
