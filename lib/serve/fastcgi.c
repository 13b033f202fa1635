/* serve/fastcgi.c: the connections and threads of one worker; libfcgi parses each request. Idle
 * connections, and those with an incomplete request, wait in epoll and hold no thread. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/queue.h"
#include "serve/fastcgi.h"
#include "serve/parked.h"
#include "serve/transact.h"

#define ROLE_RESPONDER 1 /* from FastCGI's specification; Debian ships no header with it */
#define ROLE_AUTHORIZER 2
#define IO_TIMEOUT 5 /* seconds that one read or write of the web server may take */

struct thread {
	struct gate_fastcgi *server;
	pthread_t id;
	FCGX_Request fcgi;
	struct gate_queue queue;
	struct gate_request request;
	struct gate_buffer body;
	struct gate_config *config; /* kept from request to request while in force */
	bool whole;                 /* the request was read to the end of stdin */
};

struct gate_fastcgi {
	struct gate *gate;
	int epoll, wake;
	atomic_bool stopping;
	struct gate_parked parked;
	int thread_count;
	struct thread *threads;
};

/* ---- one request ---- */

/* Reads stdin to its end, whatever CONTENT_LENGTH says. Returns 0, or the status to refuse the
 * request with. */
static int
read_body(struct thread *t)
{
	FCGX_Stream *in = t->fcgi.in;
	int c;

	while ((c = FCGX_GetChar(in)) != EOF) {
		size_t ready = (size_t)(in->stop - in->rdNext);

		gate_buffer_reserve(&t->body, ready + 2);
		gate_buffer_putc(&t->body, (char)c);
		gate_buffer_add(&t->body, in->rdNext, ready);
		explicit_bzero(in->rdNext - 1, ready + 1); /* it may hold a password */
		in->rdNext += ready;
	}
	if (FCGX_GetError(in) != 0)
		return 400;
	if (t->body.failed)
		return 503;
	t->whole = true;
	return 0;
}

/* Makes libfcgi write to the connection: closes the copy that it read the request from, if any. */
static void
leave_source(struct thread *t, const struct gate_connection *c)
{
	if (t->fcgi.ipcFd >= 0 && t->fcgi.ipcFd != c->fd)
		close(t->fcgi.ipcFd);
	t->fcgi.ipcFd = c->fd;
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

/* Returns whether this is Apache's mod_authnz_fcgi, which sends no stdin and closes after the
 * answer: nothing of it can come that the connection would have to be drained of. */
static bool
is_apaches_authorizer(const FCGX_Request *q)
{
	return q->role == ROLE_AUTHORIZER && !q->keepConnection &&
	    FCGX_GetParam("FCGI_APACHE_ROLE", q->envp) != NULL;
}

/* Reads the body, unless the request is refused; then libfcgi is done with reading. */
static void
read_rest(struct thread *t, struct gate_connection *c)
{
	struct gate_request *r = &t->request;
	FCGX_Request *q = &t->fcgi;

	r->refused = c->arrival.refused;
	t->whole = r->refused == 413 && gate_arrival_is_over(&c->arrival);
	gate_buffer_reset(&t->body);
	/* an authorizer's stdin may never come */
	if (r->refused == 0 && (q->role == ROLE_RESPONDER || c->arrival.closed))
		r->refused = read_body(t);
	else if (is_apaches_authorizer(q))
		t->whole = true;
	if (!are_params_in_bounds(q->envp))
		r->refused = 431;
	leave_source(t, c);
}

static void
answer_request(struct thread *t)
{
	struct gate_request *r = &t->request;
	FCGX_Request *q = &t->fcgi;

	r->config = t->config;
	r->params = q->envp;
	r->body = gate_buffer_text(&t->body);
	r->body_length = t->body.length;
	gate_request_serve(r, t->server->gate->handler);
	FCGX_PutStr(gate_buffer_text(&r->head), (int)r->head.length, q->out);
	FCGX_PutStr(gate_buffer_text(&r->out), (int)r->out.length, q->out);
	gate_request_end(r);
	gate_buffer_reset(&t->body);
}

/* Keeps, drains or closes the connection. Keeps it only after a request that was read to its end:
 * any other byte belongs to a body, into which a visitor may have written a request. */
static void
leave(struct thread *t, struct gate_connection *c, bool sent)
{
	struct gate_fastcgi *f = t->server;

	if (!sent)
		gate_connection_close(&f->parked, c);
	else if (!t->whole)
		gate_parked_linger(
		    &f->parked, c, gate_clock_monotonic() + t->config->options.deadline);
	else if (t->fcgi.keepConnection && !atomic_load(&f->stopping))
		gate_parked_keep(&f->parked, c);
	else
		gate_connection_close(&f->parked, c);
}

/* Serves one request. libfcgi must not close the connection: another thread's new connection could
 * get its number while this one still uses it. libfcgi does so only if FCGX_Accept_r fails: then it
 * closes what it reads from, and sets ipcFd to -1. */
static void
serve(struct thread *t, struct gate_connection *c)
{
	FCGX_Request *q = &t->fcgi;
	bool sent = false, from_socket;

	FCGX_InitRequest(q, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	q->ipcFd = gate_arrival_open(&c->arrival, c->fd);
	q->keepConnection = 1;
	q->detached = 1; /* if libfcgi closes, then without waiting for the peer */
	t->whole = false;
	from_socket = q->ipcFd == c->fd;
	if (q->ipcFd < 0)
		gate_log(GATE_LOG_ERROR, "request-lost", "error", strerror(errno), NULL);
	if (q->ipcFd >= 0 && FCGX_Accept_r(q) == 0) {
		if (FCGX_GetError(q->in) == 0) { /* after an error, parameters may be missing */
			read_rest(t, c);
			answer_request(t);
			sent = FCGX_FClose(q->err) == 0 && FCGX_FClose(q->out) == 0;
		}
		leave_source(t, c);
		FCGX_Free(q, 0);
	} else if (from_socket) {
		c->fd = -1;
	}
	leave(t, c, sent);
}

/* Handles a connection after something came, or its time was over. Waits for nothing. */
static void
receive(struct thread *t, struct gate_connection *c)
{
	struct gate_fastcgi *f = t->server;

	t->config = gate_config_renew(&f->gate->configs, t->config);
	if (gate_parked_receive(&f->parked, c, &t->config->options))
		serve(t, c);
}

/* ---- threads ---- */

static void
set_timeouts(int fd)
{
	struct timeval timeout = {.tv_sec = IO_TIMEOUT};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

/* Accepts one connection, and serves its first request if that is there. Returns false if there was
 * no connection to accept. */
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
	c = gate_connection_new(&t->server->parked, fd);
	if (c != NULL)
		receive(t, c);
	return true;
}

/* Returns the listener of an event, or NULL: the event is that of a connection, or the wake-up. */
static const int *
listener_of(const struct gate *gate, const void *pointer)
{
	for (int i = 0; i < gate->listener_count; i++)
		if (pointer == &gate->listeners[i])
			return &gate->listeners[i];
	return NULL;
}

/* While the worker stops: serves connections that wait to be accepted. Returns true if nothing is
 * left for this thread to do. */
static bool
finish(struct thread *t)
{
	struct gate_fastcgi *f = t->server;

	for (int i = 0; i < f->gate->listener_count && !f->gate->passed; i++)
		while (accept_one(t, f->gate->listeners[i]))
			;
	if (gate_parked_empty(&f->parked))
		return true;
	gate_clock_pause(); /* the wake-up is never reset: this loop must not spin */
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
			receive(t, event.data.ptr);
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
	struct gate *gate = f->gate;
	const char *run_dir = gate->configs.first->options.run_dir;

	for (int i = 0; i < threads; i++) {
		struct thread *t = &f->threads[i];

		t->server = f;
		t->body.secret = true;
		t->request.store = &gate->store;
		t->request.queue = &t->queue;
		t->request.hashing = gate->hashing;
		t->request.data = gate->data;
		if (gate_queue_open(&t->queue, run_dir, error) < 0)
			return -1;
		t->request.spare = json_object();
		if (t->request.spare == NULL || pthread_create(&t->id, NULL, run_thread, t) != 0) {
			json_decref(t->request.spare);
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

void
gate_fastcgi_tick(struct gate_fastcgi *f)
{
	gate_parked_tick(&f->parked, gate_clock_monotonic());
}

/* Waits for a thread to end, and ticks meanwhile. Returns false if it did not end in time. */
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
		gate_parked_tick(&f->parked, now);
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
