/* pass_socket.c: listens on a unix socket and runs a program on it, again each time that the
 * program ends with status 0, as systemd and spawn-fcgi do. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: pass_socket 0|3 PATH PROGRAM [ARGUMENT...]\n"
    "0: the socket is descriptor 0; 3: it is descriptor 3, told by LISTEN_FDS and LISTEN_PID.\n"
    "SIGTERM and SIGINT end the program (SIGTERM) and then this one, with the same status.\n";

static void
die(const char *what)
{
	fprintf(stderr, "pass_socket: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int
listen_on(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		die(path);
	}
	memcpy(address.sun_path, path, strlen(path));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(fd, 1024) < 0)
		die(path);
	return fd;
}

/* In the child: does not return. */
static void
become(char **argv, int listener, int wanted, const sigset_t *unblocked)
{
	char pid[16];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigprocmask(SIG_SETMASK, unblocked, NULL);
	if (listener != wanted) {
		if (dup2(listener, wanted) < 0)
			die("dup2");
		close(listener);
	}
	if (wanted == 3) {
		snprintf(pid, sizeof pid, "%d", (int)getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
	}
	execv(argv[0], argv);
	die(argv[0]);
}

/* Waits for the child's end and passes SIGTERM on. True: it was told to end. */
static bool
attend(pid_t child, const sigset_t *set, int *status)
{
	bool told = false;

	while (waitpid(child, status, WNOHANG) == 0) {
		int number = sigwaitinfo(set, NULL);

		if (number == SIGTERM || number == SIGINT) {
			kill(child, SIGTERM);
			told = true;
		}
	}
	return told;
}

int
main(int argc, char **argv)
{
	sigset_t set, unblocked;
	bool told = false;
	int listener, status = 0;

	if (argc < 4 || (strcmp(argv[1], "0") != 0 && strcmp(argv[1], "3") != 0)) {
		fputs(usage, stderr);
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &unblocked);
	listener = listen_on(argv[2]);
	while (!told && status == 0) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child == 0)
			become(argv + 3, listener, argv[1][0] - '0', &unblocked);
		told = attend(child, &set, &status);
	}
	unlink(argv[2]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
