/* gate_ask.c: reads a line from standard input, or from the terminal without echo. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "gate_command.h"

/* Reads one byte: what follows the line stays for the next reader. signals: a signalfd, or -1.
 * Returns 1, 0 at the end, or -1 with errno: EINTR if a signal of the signalfd came, with *number
 * set. */
static int
read_byte(int fd, int signals, char *byte, int *number)
{
	struct pollfd files[] = {{.fd = fd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	struct signalfd_siginfo info;
	ssize_t got;

	do {
		if (poll(files, 2, -1) < 0 && errno != EINTR)
			return -1;
		if (files[1].revents != 0 && read(signals, &info, sizeof info) == sizeof info) {
			*number = (int)info.ssi_signo;
			errno = EINTR;
			return -1;
		}
		got = files[0].revents != 0 ? read(fd, byte, 1) : -1;
	} while (got < 0 && errno == EINTR);
	return (int)got;
}

static int
read_line(int fd, int signals, char line[GATE_COMMAND_LINE_SIZE], int *number)
{
	size_t length = 0;
	bool marked = false; /* a byte-order mark was skipped: some shells pipe one first */
	char byte = '\0';
	int got;

	while ((got = read_byte(fd, signals, &byte, number)) > 0 && byte != '\n') {
		errno = byte == '\0' ? EBADMSG : EMSGSIZE;
		if (byte == '\0' || length == GATE_COMMAND_LINE_SIZE - 1)
			return -1;
		line[length++] = byte;
		if (!marked && gate_file_mark(line, length) == length) {
			length = 0;
			marked = true;
		}
	}
	if (got < 0)
		return -1;
	errno = ENODATA;
	if (got == 0 && length == 0)
		return -1;
	if (length > 0 && line[length - 1] == '\r')
		length--;
	line[length] = '\0';
	return 0;
}

int
gate_command_read_line(char line[GATE_COMMAND_LINE_SIZE])
{
	return read_line(STDIN_FILENO, -1, line, NULL);
}

/* ---- the terminal ---- */

int
gate_command_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 && isatty(STDIN_FILENO))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return fd;
}

static int
set_terminal(int fd, const struct termios *state)
{
	int result;

	while ((result = tcsetattr(fd, TCSAFLUSH, state)) < 0 && errno == EINTR)
		;
	return result;
}

/* Asks without echo. If a signal comes, ends with EINTR and *number set: the caller raises it when
 * the echo is back. Returns 0, or -1 with errno. */
static int
ask_once(int fd, const char *prompt, char line[GATE_COMMAND_LINE_SIZE], int *number)
{
	struct termios before, quiet;
	sigset_t set, mask;
	int signals, result = -1, reason;

	if (tcgetattr(fd, &before) < 0)
		return -1;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_BLOCK, &set, &mask);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals >= 0 && set_terminal(fd, &quiet) == 0) {
		if (write(fd, prompt, strlen(prompt)) > 0)
			result = read_line(fd, signals, line, number);
		reason = errno;
		if (write(fd, "\n", 1) < 0) /* the newline typed did not show */
			result = -1;
		set_terminal(fd, &before);
		errno = reason;
	}
	reason = errno;
	if (signals >= 0)
		close(signals);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	errno = reason;
	return result;
}

/* Asks again after a stop, or a signal that is ignored. */
int
gate_command_ask(int fd, const char *prompt, char line[GATE_COMMAND_LINE_SIZE])
{
	int number, result, reason;

	do {
		number = 0;
		result = ask_once(fd, prompt, line, &number);
		reason = errno;
		if (number != 0)
			raise(number);
		errno = reason;
	} while (number != 0);
	return result;
}
