/* proxy.c: stands between a client and a server on loopback, and spoils their conversation.
 * Each line to the control port is an order; the answer to it tells what the proxy did so far:
 *   pass          pass everything on
 *   delay MS      pass answers on MS later
 *   drip MS       pass answers on byte by byte, MS apart
 *   ahead MS      add MS to the date `localTime` of answers: as if the server's clock were ahead
 *   hold          accept connections and bytes, and pass nothing on until `pass`
 *   cut N         end each connection after N bytes of answers, from now or from its beginning
 *   reset N       the same, but with a reset
 *   refuse        end all connections, and don't listen until another order
 *   drop          reset all present connections, and go on as before
 *   (nothing)     only answer
 * Answer: "open N accepted N spoilt N" */
#include "config.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 512
#define CHUNK 65536
#define SERVER 0 /* where answers come from */
#define CLIENT 1

enum mode { PASS, DELAY, HOLD, CUT, RESET, REFUSE, DRIP, AHEAD };

struct way { /* of bytes in one direction: a chunk at a time */
	char *bytes;
	size_t length, sent;
	int64_t due; /* ms */
	bool ended;
};

struct connection {
	int fd[2];         /* the server's and the client's */
	struct way way[2]; /* from the server and from the client */
	long answered;     /* bytes, since the last order */
	bool dead;
};

struct proxy {
	struct sockaddr_in address, target;
	int listener, control;
	enum mode mode;
	long number; /* of the order */
	struct connection connections[CONNECTIONS_MAX];
	int open;
	long accepted, spoilt;
};

static void
die(const char *what)
{
	fprintf(stderr, "proxy: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static int
listen_on(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 || listen(fd, 512) < 0)
		die("listen");
	return fd;
}

/* ---- connections ---- */

/* Both ends; by a reset, or as if the other side had said its last. */
static void
end(struct connection *c, bool reset)
{
	const struct linger at_once = {.l_onoff = 1};

	for (int i = 0; i < 2; i++) {
		if (reset)
			setsockopt(c->fd[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
		close(c->fd[i]);
		free(c->way[i].bytes);
	}
	c->dead = true;
}

static void
spoil(struct proxy *p, struct connection *c, bool reset)
{
	end(c, reset);
	p->spoilt++;
}

static void
bury(struct proxy *p)
{
	int kept = 0;

	for (int i = 0; i < p->open; i++)
		if (!p->connections[i].dead)
			p->connections[kept++] = p->connections[i];
	p->open = kept;
}

static void
take(struct proxy *p)
{
	struct connection *c = &p->connections[p->open];
	int fd = accept(p->listener, NULL, NULL);

	if (fd < 0)
		return;
	*c = (struct connection){.fd = {-1, fd}};
	c->fd[SERVER] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	c->way[0].bytes = malloc(CHUNK);
	c->way[1].bytes = malloc(CHUNK);
	if (c->fd[SERVER] < 0 || c->way[0].bytes == NULL || c->way[1].bytes == NULL)
		die("a connection");
	p->accepted++;
	if (connect(c->fd[SERVER], (struct sockaddr *)&p->target, sizeof p->target) < 0) {
		end(c, true);
		return;
	}
	for (int i = 0; i < 2; i++)
		if (fcntl(c->fd[i], F_SETFL, O_NONBLOCK) < 0)
			die("fcntl");
	p->open++;
}

/* ---- bytes ---- */

/* Is this connection's end here? Then what comes before the cut goes out first. */
static bool
is_cut(const struct proxy *p, const struct connection *c, int from)
{
	return (p->mode == CUT || p->mode == RESET) && from == SERVER && c->answered > 0 &&
	    c->answered >= p->number;
}

/* A date in BSON: its type, 9, which is a tab, its name with the NUL, 64 bits. A short answer, such
 * as that to hello, comes in one piece. */
static void
set_ahead(char *bytes, size_t length, long ms)
{
	static const char name[] = "\tlocalTime";
	char *at = memmem(bytes, length, name, sizeof name);
	uint64_t date;

	if (at == NULL || length - (size_t)(at - bytes) < sizeof name + sizeof date)
		return;
	memcpy(&date, at + sizeof name, sizeof date);
	date = htole64(le64toh(date) + (uint64_t)ms);
	memcpy(at + sizeof name, &date, sizeof date);
}

static void
receive(struct proxy *p, struct connection *c, int from)
{
	struct way *way = &c->way[from];
	ssize_t length = recv(c->fd[from], way->bytes, CHUNK, 0);

	if (length < 0 && errno == EAGAIN)
		return;
	way->ended = length <= 0;
	way->length = length > 0 ? (size_t)length : 0;
	way->sent = 0;
	way->due = p->mode == DELAY && from == SERVER ? now() + p->number : 0;
	if (from != SERVER || length <= 0)
		return;
	if ((p->mode == CUT || p->mode == RESET) && c->answered + length > p->number)
		way->length = (size_t)(p->number > c->answered ? p->number - c->answered : 0);
	c->answered += length;
	if (p->mode == AHEAD)
		set_ahead(way->bytes, way->length, p->number);
}

static void
pass_on(struct proxy *p, struct connection *c, int from)
{
	struct way *way = &c->way[from];
	ssize_t length;

	while (way->sent < way->length) {
		bool drips = p->mode == DRIP && from == SERVER;

		if (drips && now() < way->due)
			return;
		length = send(c->fd[!from], way->bytes + way->sent,
		    drips ? 1 : way->length - way->sent, MSG_NOSIGNAL);
		if (length < 0 && errno == EAGAIN)
			return;
		if (length < 0) {
			end(c, false);
			return;
		}
		way->sent += (size_t)length;
		if (drips)
			way->due = now() + p->number;
	}
	way->length = 0;
	if (is_cut(p, c, from))
		spoil(p, c, p->mode == RESET);
	else if (way->ended)
		end(c, false);
}

static void
work(struct proxy *p, struct connection *c, const short events[2])
{
	for (int from = 0; from < 2 && !c->dead; from++) {
		struct way *way = &c->way[from];

		if (way->length == 0 && !way->ended && events[from] != 0)
			receive(p, c, from);
		if ((way->length > 0 || way->ended || is_cut(p, c, from)) && now() >= way->due)
			pass_on(p, c, from);
	}
}

/* ---- orders ---- */

static void
set_mode(struct proxy *p, enum mode mode, long number)
{
	p->mode = mode;
	p->number = number;
	for (int i = 0; i < p->open; i++)
		p->connections[i].answered = 0;
	if (mode != REFUSE && p->listener < 0)
		p->listener = listen_on(&p->address);
	if (mode == REFUSE && p->listener >= 0) {
		close(p->listener);
		p->listener = -1;
	}
}

static void
obey(struct proxy *p, const char *line)
{
	static const char *const modes[] = {
	    "pass", "delay", "hold", "cut", "reset", "refuse", "drip", "ahead"};
	char word[16] = "";
	long number = 0;

	if (sscanf(line, "%15s %ld", word, &number) < 1)
		return;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (strcmp(word, modes[i]) == 0)
			set_mode(p, (enum mode)i, number);
	if (strcmp(word, "drop") != 0 && strcmp(word, "refuse") != 0)
		return;
	for (int i = 0; i < p->open; i++)
		spoil(p, &p->connections[i], true);
	bury(p);
}

/* One order a connection. */
static void
hear(struct proxy *p)
{
	int fd = accept(p->control, NULL, NULL);
	char line[64] = "";
	size_t length = 0;

	if (fd < 0)
		return;
	while (length < sizeof line - 1 && strchr(line, '\n') == NULL) {
		ssize_t n = read(fd, line + length, sizeof line - 1 - length);

		if (n <= 0)
			break;
		length += (size_t)n;
	}
	obey(p, line);
	dprintf(fd, "open %d accepted %ld spoilt %ld\n", p->open, p->accepted, p->spoilt);
	close(fd);
}

/* ---- the loop ---- */

/* What is waited for: bytes where there is room for a chunk, room where there is a chunk. */
static void
look_for(const struct proxy *p, const struct connection *c, struct pollfd files[2], int *timeout)
{
	int64_t at = now();

	for (int i = 0; i < 2; i++) {
		const struct way *in = &c->way[i], *out = &c->way[!i];

		files[i] = (struct pollfd){.fd = -1};
		if (p->mode == HOLD)
			continue;
		if (in->length == 0 && !in->ended)
			files[i].events |= POLLIN;
		if (out->length > 0 && at >= out->due)
			files[i].events |= POLLOUT;
		if (files[i].events != 0)
			files[i].fd = c->fd[i];
		if ((out->length > 0 || out->ended) && at < out->due &&
		    (*timeout < 0 || out->due - at < *timeout))
			*timeout = (int)(out->due - at);
	}
}

static void
turn(struct proxy *p)
{
	static struct pollfd files[2 + 2 * CONNECTIONS_MAX];
	int timeout = -1, count = p->open;

	files[0] = (struct pollfd){.fd = p->control, .events = POLLIN};
	files[1] =
	    (struct pollfd){.fd = count < CONNECTIONS_MAX ? p->listener : -1, .events = POLLIN};
	for (int i = 0; i < count; i++)
		look_for(p, &p->connections[i], files + 2 + 2 * i, &timeout);
	if (poll(files, (nfds_t)(2 + 2 * count), timeout) < 0)
		die("poll");
	for (int i = 0; i < count && p->mode != HOLD; i++) {
		const struct pollfd *pair = files + 2 + 2 * i;

		work(p, &p->connections[i], (const short[]){pair[0].revents, pair[1].revents});
	}
	bury(p);
	if (files[1].revents != 0)
		take(p);
	if (files[0].revents != 0)
		hear(p);
}

static struct sockaddr_in
loopback(const char *port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons((uint16_t)strtol(port, NULL, 10))};
}

int
main(int argc, char **argv)
{
	static struct proxy p;
	struct sockaddr_in control;

	if (argc != 4) {
		fputs("usage: proxy PORT CONTROL-PORT SERVER'S-PORT\n", stderr);
		return 2;
	}
	p.address = loopback(argv[1]);
	control = loopback(argv[2]);
	p.target = loopback(argv[3]);
	p.listener = listen_on(&p.address);
	p.control = listen_on(&control);
	for (;;)
		turn(&p);
}
