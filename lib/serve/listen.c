/* serve/listen.c: opens the sockets that gate answers on: handed over, or made. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "http/address.h"
#include "serve/listen.h"

#define BACKLOG 1024
#define FIRST_PASSED 3 /* systemd's first descriptor */

static bool
is_listening(int fd)
{
	int yes = 0;
	socklen_t length = sizeof yes;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &length) == 0 && yes;
}

static void
add(struct gate *gate, int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	gate->listeners[gate->listener_count++] = fd;
}

/* Returns how many descriptors systemd passed to this process, by LISTEN_PID and LISTEN_FDS. */
static int
passed_count(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	long n;

	if (pid == NULL || count == NULL || strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	n = strtol(count, NULL, 10);
	return n < 0 ? 0 : n > GATE_LISTENERS_MAX ? GATE_LISTENERS_MAX : (int)n;
}

/* Unlinks a socket on which no program answers: a program that was killed has left it. Returns 0,
 * or -1 with the error set. */
static int
clear_path(const struct sockaddr_un *address, socklen_t length, struct gate_error *error)
{
	struct stat st;
	int fd, result, reason;

	if (lstat(address->sun_path, &st) < 0)
		return 0; /* if the path exists nevertheless, bind fails */
	if (!S_ISSOCK(st.st_mode))
		return gate_fail(error, GATE_EOPTION, "listen unix:%s: something else is there",
		    address->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	result = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)address, length);
	reason = errno;
	if (fd >= 0)
		close(fd);
	if (result == 0 || reason == EAGAIN) /* EAGAIN: its backlog is full */
		return gate_fail(error, GATE_ESYSTEM,
		    "listen unix:%s: another program answers there: stop it first",
		    address->sun_path);
	errno = reason;
	if (reason != ECONNREFUSED && reason != ENOENT)
		return gate_fail_errno(error, GATE_ESYSTEM,
		    "listen unix:%s: whether another program answers there can't be said",
		    address->sun_path);
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		return gate_fail_errno(
		    error, GATE_ESYSTEM, "listen unix:%s can't be unlinked", address->sun_path);
	return 0;
}

static int
set_access(const char *path, const struct gate_options *options, struct gate_error *error)
{
	if (options->socket_group[0] != '\0') {
		struct group *group = getgrnam(options->socket_group);

		if (group == NULL)
			return gate_fail(error, GATE_EOPTION,
			    "%s: socket_group %s: there is no such group: make it, or name "
			    "another",
			    gate_option_origin(options, "socket_group"), options->socket_group);
		if (chown(path, (uid_t)-1, group->gr_gid) < 0)
			return gate_fail_errno(error, GATE_ESYSTEM, "listen unix:%s: chown to %s",
			    path, options->socket_group);
	}
	if (chmod(path, (mode_t)options->socket_mode) < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "listen unix:%s: chmod", path);
	return 0;
}

/* Remembers the file, for gate_listen_forget: it must not unlink another program's. */
static int
remember(struct gate *gate, const char *path, struct gate_error *error)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "listen unix:%s", path);
	gate->unix_device = st.st_dev;
	gate->unix_inode = st.st_ino;
	gate->unix_path = strdup(path);
	return gate->unix_path != NULL ? 0 : gate_fail(error, GATE_EMEMORY, "out of memory");
}

static int
listen_unix(struct gate *gate, const char *path, struct gate_error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
	mode_t mask;
	int fd, result;

	if (strlen(path) >= sizeof address.sun_path)
		return gate_fail(error, GATE_EOPTION,
		    "listen unix: the path is longer than %zu bytes", sizeof address.sun_path - 1);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (clear_path(&address, length, error) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "listen unix:%s", path);
	mask = umask(0777); /* nobody must connect before owner and mode are right */
	result = bind(fd, (const struct sockaddr *)&address, length);
	umask(mask);
	if (result < 0)
		gate_fail_errno(error, GATE_ESYSTEM, "listen unix:%s", path);
	else if (remember(gate, path, error) < 0)
		result = -1;
	else
		result = set_access(path, &gate->configs.current->options, error);
	if (result == 0 && listen(fd, BACKLOG) < 0)
		result = gate_fail_errno(error, GATE_ESYSTEM, "listen unix:%s", path);
	if (result < 0)
		close(fd);
	else
		add(gate, fd);
	return result;
}

/* where is a loopback address: options/options.c checks that. */
static int
listen_tcp(struct gate *gate, const char *where, struct gate_error *error)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
			    .ai_socktype = SOCK_STREAM,
			    .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
			*list = NULL;
	char host[GATE_HOST_MAX];
	const char *port;
	int fd = -1, yes = 1;

	if (!gate_address_split(where, host, &port))
		return gate_fail(
		    error, GATE_EOPTION, "listen %s: say unix:PATH or HOST:PORT", where);
	if (getaddrinfo(host, port, &hints, &list) != 0)
		return gate_fail(error, GATE_EOPTION, "listen %s: no such address", where);
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
	    bind(fd, list->ai_addr, list->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
		gate_fail_errno(error, GATE_ESYSTEM, "listen %s", where);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	if (fd < 0)
		return -1;
	add(gate, fd);
	return 0;
}

int
gate_listen(struct gate *gate, struct gate_error *error)
{
	const char *where = gate->configs.current->options.listen;
	int passed = passed_count();

	for (int i = 0; i < passed; i++)
		if (is_listening(FIRST_PASSED + i))
			add(gate, FIRST_PASSED + i);
	if (gate->listener_count == 0 && is_listening(STDIN_FILENO))
		add(gate, STDIN_FILENO);
	gate->passed = gate->listener_count > 0;
	if (gate->passed)
		return 0;
	if (strncmp(where, "unix:", 5) == 0)
		return listen_unix(gate, where + 5, error);
	if (where[0] != '\0')
		return listen_tcp(gate, where, error);
	return gate_fail(error, GATE_EOPTION,
	    "no socket to answer on: say --listen unix:PATH, or have one handed over");
}

void
gate_listen_forget(struct gate *gate)
{
	struct stat st;

	if (gate->unix_path != NULL && lstat(gate->unix_path, &st) == 0 &&
	    st.st_dev == gate->unix_device && st.st_ino == gate->unix_inode)
		unlink(gate->unix_path);
}

/* Connections that wait at a Unix listener can still be accepted after the shutdown. A TCP listener
 * would reset them, so that one stays open until the processes have accepted the last ones. */
void
gate_listen_stop(struct gate *gate)
{
	if (gate->unix_path != NULL)
		shutdown(gate->listeners[0], SHUT_RD);
}
