/* bare.c: does the least that a libfcgi program with gate's processes and threads can do: each
 * process has one epoll, libfcgi parses, and the answer is fixed bytes. The benchmark's ceiling.
 * bare PATH|PORT WORKERS THREADS FILE: listens on a unix socket, or on 127.0.0.1:PORT; FILE holds
 * the whole answer, with header lines */
#include "config.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcgiapp.h>

#define PAGE_MAX (64 << 10)
#define ROLE_RESPONDER 1 /* from FastCGI's specification; Debian ships no header with it */

static struct {
	int listener, epoll;
	char *page;
	size_t length;
} bare;

static int
answer(int fd)
{
	FCGX_Request q;
	char body[4096];
	int keep;

	FCGX_InitRequest(&q, -1, 0);
	q.ipcFd = fd;
	q.keepConnection = 1;
	q.detached = 1;
	if (FCGX_Accept_r(&q) < 0)
		return 0;
	while (q.role == ROLE_RESPONDER && FCGX_GetStr(body, sizeof body, q.in) > 0)
		;
	FCGX_PutStr(bare.page, (int)bare.length, q.out);
	keep = q.keepConnection;
	q.keepConnection = 1;
	FCGX_Finish_r(&q);
	if (!keep && q.ipcFd >= 0)
		close(q.ipcFd);
	return keep && q.ipcFd >= 0;
}

static void *
serve(void *unused)
{
	for (;;) {
		struct epoll_event event;
		int fd, operation = EPOLL_CTL_MOD;

		if (epoll_wait(bare.epoll, &event, 1, -1) < 1)
			continue;
		fd = event.data.fd;
		if (fd == bare.listener) {
			fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
			operation = EPOLL_CTL_ADD;
		}
		if (fd < 0 || !answer(fd))
			continue;
		event = (struct epoll_event){.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};
		epoll_ctl(bare.epoll, operation, fd, &event);
	}
	return unused;
}

static void
work(int threads)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = bare.listener};
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	FCGX_Init();
	signal(SIGTERM, SIG_DFL);
	bare.epoll = epoll_create1(0);
	epoll_ctl(bare.epoll, EPOLL_CTL_ADD, bare.listener, &event);
	for (int i = 1; i < threads; i++)
		pthread_create(&thread, NULL, serve, NULL);
	serve(NULL);
}

static void
read_page(const char *path)
{
	FILE *file = fopen(path, "rb");

	bare.page = malloc(PAGE_MAX);
	if (file == NULL || bare.page == NULL) {
		perror(path);
		exit(1);
	}
	bare.length = fread(bare.page, 1, PAGE_MAX, file);
	fclose(file);
}

/* Makes the socket and binds it. Returns it, or -1. */
static int
open_socket(const char *where)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	struct sockaddr_in port = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons((uint16_t)strtol(where, NULL, 10))};
	bool is_path = *where == '/';
	int yes = 1;
	int fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(path.sun_path, sizeof path.sun_path, "%s", where);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (is_path)
		unlink(where);
	if (is_path ? bind(fd, (const struct sockaddr *)&path, sizeof path) == 0
		    : bind(fd, (const struct sockaddr *)&port, sizeof port) == 0)
		return fd;
	return -1;
}

int
main(int argc, char **argv)
{
	int workers;

	if (argc != 5) {
		fprintf(stderr, "usage: bare PATH|PORT WORKERS THREADS FILE\n");
		return 2;
	}
	bare.listener = open_socket(argv[1]);
	if (bare.listener < 0 || listen(bare.listener, 1024) < 0) {
		perror(argv[1]);
		return 1;
	}
	read_page(argv[4]);
	workers = (int)strtol(argv[2], NULL, 10);
	for (int i = 0; i < workers; i++)
		if (fork() == 0)
			work((int)strtol(argv[3], NULL, 10));
	while (wait(NULL) > 0)
		;
	return 0;
}
