/* server/mongodb_stream.c: the driver's connections to a server, with a deadline for each call.
 * The driver's own timeouts don't bound a call, as they begin anew with every byte received. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/mongodb.h"
#include "server/resolve.h"

#define TYPE 100 /* type of our streams; the driver uses no such number */
#define POLLED_MAX 64
#define BUFFER 1024

/* No stream of this thread waits any longer than this. */
static _Thread_local int64_t end_of_call; /* ms of CLOCK_MONOTONIC, 0: no call */

struct stream {
	mongoc_stream_t base;
	int fd;
};

int64_t
gate_mongodb_set_end(int64_t end)
{
	int64_t before = end_of_call;

	end_of_call = end;
	return before;
}

bool
gate_mongodb_is_over(void)
{
	return end_of_call != 0 && gate_clock_monotonic() >= end_of_call;
}

int64_t
gate_mongodb_left(void)
{
	return end_of_call != 0 ? end_of_call - gate_clock_monotonic() : INT64_MAX;
}

/* ---- waiting ---- */

/* Returns when a wait of `timeout` ms (below 0: no limit) ends: at the call's end at the latest. */
static int64_t
end_of_wait(int32_t timeout)
{
	int64_t end = timeout < 0 ? INT64_MAX : gate_clock_monotonic() + timeout;

	return end_of_call != 0 && end_of_call < end ? end_of_call : end;
}

/* Polls until `end`. Returns what poll does; 0 sets errno to ETIMEDOUT. */
static int
poll_until(struct pollfd *files, nfds_t count, int64_t end)
{
	int ready;

	do {
		int64_t left = end == INT64_MAX ? -1 : end - gate_clock_monotonic();

		if (end != INT64_MAX && left < 0)
			left = 0;
		ready = poll(files, count, left > INT32_MAX ? INT32_MAX : (int)left);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0)
		errno = ETIMEDOUT;
	return ready;
}

static bool
wait_for(int fd, short events, int64_t end)
{
	struct pollfd file = {.fd = fd, .events = events};

	return poll_until(&file, 1, end) > 0;
}

/* ---- the stream ---- */

static void
skip(struct iovec **at, size_t *count, size_t length)
{
	for (; *count > 0 && length >= (*at)->iov_len; (*at)++, (*count)--)
		length -= (*at)->iov_len;
	if (*count > 0) {
		(*at)->iov_base = (char *)(*at)->iov_base + length;
		(*at)->iov_len -= length;
	}
}

/* After a failed send or receive: may it be tried again? Waits if errno is EAGAIN; but with a
 * timeout of 0 it never waits, and EAGAIN goes back to the driver, as from a socket. */
static bool
can_go_on(int fd, short events, int32_t timeout, int64_t end)
{
	return errno == EINTR || (errno == EAGAIN && timeout != 0 && wait_for(fd, events, end));
}

static ssize_t
write_all(mongoc_stream_t *stream, mongoc_iovec_t *iov, size_t count, int32_t timeout)
{
	int fd = ((struct stream *)stream)->fd;
	int64_t end = end_of_wait(timeout);
	ssize_t sum = 0, length;

	while (skip(&iov, &count, 0), count > 0) {
		struct msghdr message = {.msg_iov = iov, .msg_iovlen = count};

		if (sum > 0 && gate_clock_monotonic() > end) {
			errno = ETIMEDOUT;
			return -1;
		}
		length = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (length >= 0) {
			sum += length;
			skip(&iov, &count, (size_t)length);
		} else if (!can_go_on(fd, POLLOUT, timeout, end)) {
			return -1;
		}
	}
	return sum;
}

static ssize_t
read_some(mongoc_stream_t *stream, mongoc_iovec_t *iov, size_t count, size_t least, int32_t timeout)
{
	int fd = ((struct stream *)stream)->fd;
	int64_t end = end_of_wait(timeout);
	size_t sum = 0;

	while (skip(&iov, &count, 0), count > 0) {
		struct msghdr message = {.msg_iov = iov, .msg_iovlen = count};
		ssize_t length = -1;

		if (gate_mongodb_is_over())
			errno = ETIMEDOUT; /* even if bytes keep coming */
		else
			length = recvmsg(fd, &message, MSG_DONTWAIT);
		if (length > 0) {
			sum += (size_t)length;
			skip(&iov, &count, (size_t)length);
			if (sum >= least)
				break;
		} else if (length == 0) {
			errno = ECONNRESET;
			return sum >= least && sum > 0 ? (ssize_t)sum : -1;
		} else if (!can_go_on(fd, POLLIN, timeout, end)) {
			return -1;
		}
	}
	return (ssize_t)sum;
}

static int
close_stream(mongoc_stream_t *stream)
{
	struct stream *s = (struct stream *)stream;

	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	return 0;
}

static void
destroy(mongoc_stream_t *stream)
{
	close_stream(stream);
	bson_free(stream);
}

static int
flush(mongoc_stream_t *stream)
{
	(void)stream;
	return 0;
}

static int
set_option(mongoc_stream_t *stream, int level, int name, void *value, mongoc_socklen_t length)
{
	return setsockopt(((struct stream *)stream)->fd, level, name, value, length);
}

static bool
is_closed(mongoc_stream_t *stream)
{
	int fd = ((struct stream *)stream)->fd;
	char byte;
	ssize_t got = fd < 0 ? 0 : recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

static ssize_t
poll_streams(mongoc_stream_poll_t *streams, size_t count, int32_t timeout)
{
	struct pollfd files[POLLED_MAX];
	int ready;

	if (count > POLLED_MAX) {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		files[i] = (struct pollfd){.fd = ((struct stream *)streams[i].stream)->fd,
		    .events = (short)streams[i].events};
	ready = poll_until(files, (nfds_t)count, end_of_wait(timeout));
	for (size_t i = 0; ready > 0 && i < count; i++)
		streams[i].revents = files[i].revents;
	return ready;
}

static bool
is_timed_out(mongoc_stream_t *stream)
{
	(void)stream;
	return errno == ETIMEDOUT;
}

static bool
should_retry(mongoc_stream_t *stream)
{
	(void)stream;
	return errno == EAGAIN || errno == EINTR;
}

static mongoc_stream_t *
stream_of(int fd)
{
	struct stream *s = bson_malloc0(sizeof *s);

	s->base = (mongoc_stream_t){.type = TYPE,
	    .destroy = destroy,
	    .close = close_stream,
	    .flush = flush,
	    .writev = write_all,
	    .readv = read_some,
	    .setsockopt = set_option,
	    .check_closed = is_closed,
	    .poll = poll_streams,
	    .failed = destroy,
	    .timed_out = is_timed_out,
	    .should_retry = should_retry};
	s->fd = fd;
	return &s->base;
}

/* ---- connecting ---- */

/* Returns a connected descriptor, or -1. */
static int
connect_to(int family, const struct sockaddr *address, socklen_t length, int64_t end)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, failed = 0;
	socklen_t size = sizeof failed;

	if (fd < 0)
		return -1;
	if (family != AF_UNIX) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	}
	if (connect(fd, address, length) == 0 ||
	    (errno == EINPROGRESS && wait_for(fd, POLLOUT, end) &&
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0))
		return fd;
	close(fd);
	return -1;
}

static int
connect_host(const mongoc_host_list_t *host, int64_t end)
{
	struct addrinfo *all;
	char port[8];
	int fd = -1;

	if (host->family == AF_UNIX) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};

		if (strlen(host->host) >= sizeof address.sun_path)
			return -1;
		memcpy(address.sun_path, host->host, strlen(host->host) + 1);
		return connect_to(AF_UNIX, (const struct sockaddr *)&address, sizeof address, end);
	}
	snprintf(port, sizeof port, "%hu", host->port);
	if (gate_resolve(host->host, port, host->family, end, &all) != 0)
		return -1;
	for (const struct addrinfo *at = all; fd < 0 && at != NULL; at = at->ai_next)
		fd = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen, end);
	freeaddrinfo(all);
	return fd;
}

/* Puts TLS on a stream, and takes the stream over. Returns NULL with the error set. */
static mongoc_stream_t *
add_tls(mongoc_stream_t *stream, const mongoc_uri_t *uri, const char *host, int32_t timeout,
    bson_error_t *error)
{
	bool insecure = gate_mongoc.uri_get_option_as_bool(uri, MONGOC_URI_TLSINSECURE, false);
	mongoc_ssl_opt_t options = {.pem_file = gate_mongoc.uri_get_option_as_utf8(
					uri, MONGOC_URI_TLSCERTIFICATEKEYFILE, NULL),
	    .pem_pwd = gate_mongoc.uri_get_option_as_utf8(
		uri, MONGOC_URI_TLSCERTIFICATEKEYFILEPASSWORD, NULL),
	    .ca_file = gate_mongoc.uri_get_option_as_utf8(uri, MONGOC_URI_TLSCAFILE, NULL),
	    .weak_cert_validation = insecure ||
		gate_mongoc.uri_get_option_as_bool(
		    uri, MONGOC_URI_TLSALLOWINVALIDCERTIFICATES, false),
	    .allow_invalid_hostname = insecure ||
		gate_mongoc.uri_get_option_as_bool(
		    uri, MONGOC_URI_TLSALLOWINVALIDHOSTNAMES, false)};
	mongoc_stream_t *tls = gate_mongoc.stream_tls_new_with_hostname(stream, host, &options, 1);

	if (tls == NULL) {
		gate_mongoc.stream_destroy(stream);
		bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET,
		    "Failed initialize TLS state.");
		return NULL;
	}
	if (gate_mongoc.stream_tls_handshake_block(tls, host, timeout, error))
		return tls;
	gate_mongoc.stream_destroy(tls);
	return NULL;
}

static mongoc_stream_t *
initiate(const mongoc_uri_t *uri, const mongoc_host_list_t *host, void *data, bson_error_t *error)
{
	int32_t timeout =
	    gate_mongoc.uri_get_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, 10000);
	int64_t kept = end_of_call, end = end_of_wait(timeout);
	mongoc_stream_t *stream = NULL;
	int fd;

	(void)data;
	end_of_call = end;
	fd = connect_host(host, end);
	if (fd >= 0)
		stream = stream_of(fd);
	else
		bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT,
		    "Failed to connect to target host: %s", host->host_and_port);
	if (stream != NULL && gate_mongoc.uri_get_tls(uri))
		stream = add_tls(stream, uri, host->host, timeout, error);
	end_of_call = kept;
	return stream != NULL ? gate_mongoc.stream_buffered_new(stream, BUFFER) : NULL;
}

/* libmongoc 2 accepts no stream initiator for a pooled client: there, only the driver's timeouts
 * limit one answer, and a call of several answers ends between two of them. */
void
gate_mongodb_use_stream(mongoc_client_t *client, bool pooled)
{
	if (!pooled || !MONGOC_CHECK_VERSION(2, 0, 0))
		gate_mongoc.client_set_stream_initiator(client, initiate, NULL);
}
