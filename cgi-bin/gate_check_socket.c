/* gate_check_socket.c: gate check asks each socket for an answer, and looks at who can open it. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gate_command.h"
#include "http/address.h"

#define SOCKETS_MOST 100 /* how many sockets in run_dir are asked */
#define GROUPS_MOST 64   /* groups of a user that are looked at */

/* A FastCGI request: BEGIN_REQUEST with the role responder, the parameter GATE_CHECK=1, the ends of
 * the parameters and the body. It has no method, as no visitor's request has: the library answers
 * it, and no handler runs. */
static const unsigned char question[] = "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
					"\1\4\0\1\0\15\0\0\12\1GATE_CHECK1"
					"\1\4\0\1\0\0\0\0"
					"\1\5\0\1\0\0\0";

/* ---- one socket ---- */

/* Asks over a connected socket. Returns 0 if the answer begins as FastCGI does, else an errno. */
static int
ask(int fd, int64_t patience)
{
	struct timeval limit = {.tv_sec = patience / 1000, .tv_usec = patience % 1000 * 1000};
	unsigned char answer[8];

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
	    send(fd, question, sizeof question, MSG_NOSIGNAL) != (ssize_t)sizeof question)
		return errno;
	if (recv(fd, answer, sizeof answer, MSG_WAITALL) != (ssize_t)sizeof answer)
		return ETIMEDOUT;
	return answer[0] == 1 ? 0 : EPROTO;
}

/* Connects and asks. Returns 0, ENOTCONN if it can't be reached (errno says why), or another errno
 * if no right answer came. */
static int
ask_at(const struct sockaddr *address, socklen_t size, const struct gate_options *options)
{
	struct timeval limit = {.tv_sec = options->connect_timeout / 1000,
	    .tv_usec = options->connect_timeout % 1000 * 1000};
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), reason = ENOTCONN, why;

	if (fd < 0)
		return reason;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
	    connect(fd, address, size) == 0)
		reason = ask(fd, options->deadline);
	why = errno;
	close(fd);
	errno = why;
	return reason;
}

static void
say_mute(struct gate_check *check, const char *where, int reason)
{
	if (reason == ETIMEDOUT)
		gate_check_say(check, GATE_CHECK_ERROR,
		    "listen: %s takes requests and does not answer: start the program again",
		    where);
	else if (reason != 0 && reason != ENOTCONN)
		gate_check_say(check, GATE_CHECK_ERROR, "listen: %s speaks no FastCGI: %s", where,
		    strerror(reason));
}

/* reason: why a socket in run_dir can't be reached. */
static void
say_dead(struct gate_check *check, const char *path, int reason)
{
	if (reason == ECONNREFUSED)
		gate_check_say(check, GATE_CHECK_ERROR,
		    "listen: nobody answers at %s: every page there is a 502: start its program, "
		    "or remove the socket if it has none any more",
		    path);
	else if (reason == EACCES)
		gate_check_say(check, GATE_CHECK_ERROR,
		    "listen: %s can't be reached: %s: see to its owner and mode, or run gate check "
		    "as a user who may open it",
		    path, strerror(reason));
}

/* ---- who can open it ---- */

static bool
is_member(const struct passwd *user, gid_t group)
{
	gid_t groups[GROUPS_MOST];
	int count = GROUPS_MOST;

	if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
		return true; /* maybe: there are too many groups to tell */
	for (int i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

static bool
can_open(const struct passwd *user, const struct stat *st)
{
	if (user->pw_uid == st->st_uid)
		return (st->st_mode & S_IWUSR) != 0;
	if (is_member(user, st->st_gid))
		return (st->st_mode & S_IWGRP) != 0;
	return (st->st_mode & S_IWOTH) != 0;
}

/* Only warns: that such a user exists doesn't mean that a web server runs as it. */
static void
check_web_server(struct gate_check *check, const char *path, const struct stat *st)
{
	static const char *const users[] = {"www-data", "nginx", "apache", "http", "caddy"};
	const char *shut_out = NULL;

	for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
		struct passwd *user = getpwnam(users[i]);

		if (user != NULL && can_open(user, st))
			return;
		if (user != NULL && shut_out == NULL)
			shut_out = users[i];
	}
	if (shut_out != NULL)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "listen: user %s can't open %s: if the web server runs as that, every page is "
		    "a 502: name its group in socket_group, or in the socket's unit",
		    shut_out, path);
}

static void
check_rights(struct gate_check *check, const char *path, const struct stat *st)
{
	const char *name = check->options.socket_group;
	struct group *wanted = *name != '\0' ? getgrnam(name) : NULL;

	if (wanted == NULL)
		check_web_server(check, path, st);
	else if (wanted->gr_gid != st->st_gid)
		gate_check_say(check, GATE_CHECK_ERROR,
		    "listen: %s belongs to group %ju and not to %s, as socket_group says: every "
		    "page "
		    "is a 502: start the program again",
		    path, (uintmax_t)st->st_gid, name);
	else if ((st->st_mode & S_IWGRP) == 0)
		gate_check_say(check, GATE_CHECK_ERROR,
		    "listen: %s has mode %04o, group %s can't open it: every page is a 502: chmod "
		    "g+w %s",
		    path, (unsigned)st->st_mode & 07777, name, path);
}

/* Returns 0, or an errno if the socket can't be reached. */
static int
check_path(struct gate_check *check, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	int reason;

	if (stat(path, &st) < 0 || !S_ISSOCK(st.st_mode) || strlen(path) >= sizeof address.sun_path)
		return 0;
	memcpy(address.sun_path, path, strlen(path) + 1);
	check_rights(check, path, &st);
	reason = ask_at((struct sockaddr *)&address, sizeof address, &check->options);
	if (reason == ENOTCONN)
		return errno;
	say_mute(check, path, reason);
	return 0;
}

/* ---- all of them ---- */

static void
check_host(struct gate_check *check, const char *where)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	int reason = ENOTCONN;
	struct addrinfo *list;
	char host[GATE_HOST_MAX];
	const char *port;

	if (!gate_address_split(where, host, &port))
		return;
	if (getaddrinfo(host, port, &hints, &list) != 0)
		return;
	for (struct addrinfo *a = list; a != NULL && reason == ENOTCONN; a = a->ai_next)
		reason = ask_at(a->ai_addr, a->ai_addrlen, &check->options);
	freeaddrinfo(list);
	say_mute(check, where, reason);
}

/* Checks the socket of `listen`, and those in run_dir: systemd and the demo put them there. */
void
gate_check_sockets(struct gate_check *check)
{
	const char *where = check->options.listen, *run_dir = check->options.run_dir;
	const char *own = strncmp(where, "unix:", 5) == 0 ? where + 5 : "";
	DIR *folder = opendir(run_dir);
	struct dirent *entry;
	int count = 0;

	if (*own != '\0')
		check_path(check, own); /* gate_check_listen says if it can't be reached */
	else if (*where != '\0')
		check_host(check, where);
	while (folder != NULL && (entry = readdir(folder)) != NULL && count < SOCKETS_MOST) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof path, "%s/%s", run_dir, entry->d_name) >=
			(int)sizeof path ||
		    strcmp(path, own) == 0)
			continue;
		count += entry->d_type == DT_SOCK;
		say_dead(check, path, check_path(check, path));
	}
	if (folder != NULL)
		closedir(folder);
}
