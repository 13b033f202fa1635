/* responders.h: runs tests/helpers/responder, and sends it FastCGI requests.
 * One file of a test includes it, once, after config.h. */
#ifndef RESPONDERS_H
#define RESPONDERS_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/fcgi.h"
#include "tap.h"

#define PATIENCE 30000               /* ms to wait for what must come */
#define GAP 4096                     /* bytes of empty records between two forged requests */
#define PIECE (FCGI_CONTENT_MAX - 7) /* a multiple of eight, as is all that is sent with it */
#define PARAMS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SAME_SITE "HTTP_SEC_FETCH_SITE=same-origin"
#define KEPT(...) (&(struct fcgi_request){.keep = true, __VA_ARGS__})
#define NOTHING PARAMS("REQUEST_METHOD=GET", "REQUEST_URI=/r/nothing")
#define ECHO PARAMS("REQUEST_METHOD=POST", "REQUEST_URI=/r/echo", SAME_SITE)

struct server {
	pid_t pid;
	int port;                    /* on 127.0.0.1; 0: a unix socket */
	char socket[128], mark[128]; /* mark: a file that some handlers make */
};

/* ---- responders ---- */

__attribute__((unused)) static int
count(int full)
{
	const char *counts = getenv("TEST_COUNTS");

	return counts != NULL && strcmp(counts, "full") == 0 ? full : (full + 9) / 10;
}

__attribute__((unused)) static const char *
folder(void)
{
	static char path[] = "/tmp/gate.XXXXXX";
	static bool made;

	if (!made && mkdtemp(path) == NULL) {
		printf("Bail out! no folder in /tmp\n");
		exit(1);
	}
	made = true;
	return path;
}

__attribute__((unused)) static void
write_conf(const char *path)
{
	unsigned char random[32];
	FILE *out = fopen(path, "we");

	if (out == NULL || getrandom(random, sizeof random, 0) != sizeof random) {
		printf("Bail out! %s can't be written\n", path);
		exit(1);
	}
	fprintf(out, "secret = ");
	for (size_t i = 0; i < sizeof random; i++)
		fprintf(out, "%02x", random[i]);
	fprintf(out, "\nstore = file:%s/sessions\nrun_dir = %s/run\n", folder(), folder());
	fclose(out);
	chmod(path, 0600);
}

/* Runs in the child process, and does not return. */
__attribute__((unused)) static void
become(const char *name, const struct server *s, const char *const *options, rlim_t files)
{
	const char *build = getenv("top_builddir");
	char program[4096], conf[128], log[128], listen[160];
	char *argv[16] = {program, conf, listen};
	int fd;

	snprintf(
	    program, sizeof program, "%s/tests/helpers/responder", build != NULL ? build : ".");
	snprintf(conf, sizeof conf, "--config=%s/gate.conf", folder());
	if (s->port > 0)
		snprintf(listen, sizeof listen, "--listen=127.0.0.1:%d", s->port);
	else
		snprintf(listen, sizeof listen, "--listen=unix:%s", s->socket);
	snprintf(log, sizeof log, "%s/%s.log", folder(), name);
	for (int i = 0; options[i] != NULL && i < 12; i++)
		argv[3 + i] = strdup(options[i]);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (files > 0)
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){files, files});
	execv(program, argv);
	_exit(127);
}

__attribute__((unused)) static int
reach(const struct server *s)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)s->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd;

	if (s->port == 0)
		return fcgi_connect(s->socket);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Returns a port that is free at the moment. */
__attribute__((unused)) static int
free_port(void)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (const struct sockaddr *)&address, length) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		exit(1);
	close(fd);
	return ntohs(address.sin_port);
}

__attribute__((unused)) static struct server
start_at(int port, const char *name, const char *const *options, rlim_t files)
{
	struct server s = {.port = port};
	int fd = -1;

	snprintf(s.socket, sizeof s.socket, "%s/%s.sock", folder(), name);
	snprintf(s.mark, sizeof s.mark, "%s/%s.mark", folder(), name);
	s.pid = fork();
	if (s.pid == 0)
		become(name, &s, options, files);
	for (int ms = 0; fd < 0 && ms < PATIENCE && waitpid(s.pid, NULL, WNOHANG) == 0; ms += 5) {
		fd = reach(&s);
		if (fd < 0)
			poll(NULL, 0, 5);
	}
	if (fd < 0) {
		printf("Bail out! the responder %s does not start\n", name);
		exit(1);
	}
	close(fd);
	return s;
}

__attribute__((unused)) static struct server
start(const char *name, const char *const *options, rlim_t files)
{
	return start_at(0, name, options, files);
}

__attribute__((unused)) static void
stop(struct server *s, const char *name)
{
	int status = -1;

	kill(s->pid, SIGTERM);
	waitpid(s->pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: SIGTERM ends it with status 0",
	    name);
}

/* ---- asking ---- */

/* Sends a request and reads the answer. Returns what fcgi_read does. */
__attribute__((unused)) static int
ask(int fd, const struct fcgi_request *request, struct fcgi_answer *answer)
{
	struct fcgi_bytes out = {0};
	int result = -1;

	fcgi_request(&out, request);
	if (fcgi_send(fd, out.data, out.length, 0) == 0)
		result = fcgi_read(fd, answer, PATIENCE);
	fcgi_release(&out);
	return result;
}

__attribute__((unused)) static bool
says(const struct fcgi_answer *answer, const char *body)
{
	return answer->body != NULL && strcmp(answer->body, body) == 0;
}

/* Does the page "nothing" come over this connection? */
__attribute__((unused)) static bool
serves(int fd)
{
	struct fcgi_answer answer = {0};
	bool good = ask(fd, KEPT(.params = NOTHING), &answer) == 1 && answer.status == 200 &&
	    says(&answer, "nothing");

	fcgi_answer_release(&answer);
	return good;
}

/* Does a new connection get an answer? Tries again, as a dying worker may take a connection with
 * it. */
__attribute__((unused)) static bool
lives(const struct server *s)
{
	for (int i = 0; i < 10; i++) {
		int fd = reach(s);
		bool good = fd >= 0 && serves(fd);

		if (fd >= 0)
			close(fd);
		if (good)
			return true;
	}
	return false;
}

/* Reads to the end. Does the other side close? */
__attribute__((unused)) static bool
ends(int fd)
{
	struct pollfd event = {.fd = fd, .events = POLLIN};
	char bytes[4096];

	while (poll(&event, 1, PATIENCE) == 1)
		if (recv(fd, bytes, sizeof bytes, 0) <= 0)
			return true;
	return false;
}

/* Does the other side close without sending a byte, and without a reset? */
__attribute__((unused)) static bool
is_over(int fd)
{
	struct pollfd event = {.fd = fd, .events = POLLIN};
	char byte;

	return poll(&event, 1, PATIENCE) == 1 && recv(fd, &byte, 1, 0) == 0;
}

/* Sends bytes, shuts down the sending side, and waits for the other side to close. */
__attribute__((unused)) static bool
sends(const struct server *s, const void *bytes, size_t length)
{
	int fd = reach(s);
	bool ended;

	if (fd < 0)
		return false;
	fcgi_send(fd, bytes, length, 0); /* it may have closed before the last byte */
	shutdown(fd, SHUT_WR);
	ended = ends(fd);
	close(fd);
	return ended;
}

__attribute__((unused)) static bool
marked(const struct server *s)
{
	bool there = access(s->mark, F_OK) == 0;

	unlink(s->mark);
	return there;
}

/* Adds a request whose handler makes the mark. With `keep`, so that only the end closes. */
__attribute__((unused)) static void
add_marking(struct fcgi_bytes *out, const struct server *s, size_t piece)
{
	char query[400];

	snprintf(
	    query, sizeof query, "QUERY_STRING=ready=%s&go=%s&then=nothing", s->mark, s->socket);
	fcgi_request(out,
	    KEPT(.params = PARAMS("REQUEST_METHOD=POST", "REQUEST_URI=/r/slowfile", query,
		     SAME_SITE, "HTTP_X_TEST=x"),
		.body = "a=b", .piece = piece));
}

/* Adds forged requests that make the mark. Between them are empty records of another id, which a
 * reader skips: a server that takes any part of the bytes for requests runs one. */
__attribute__((unused)) static void
add_forged(struct fcgi_bytes *out, const struct server *s, size_t bytes)
{
	struct fcgi_bytes forged = {0};

	add_marking(&forged, s, 0);
	while (out->length < bytes) {
		fcgi_add(out, forged.data, forged.length);
		for (size_t i = 0; i < GAP && out->length < bytes; i += FCGI_HEADER_SIZE)
			fcgi_header(out, 1, FCGI_TYPE_STDIN, 9, 0);
	}
	fcgi_release(&forged);
}

__attribute__((unused)) static int
forget(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

#endif
