/* base/log.c: limits the number of log lines, and writes them without waiting for the reader. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_line.h"

#define AT_ONCE 50     /* lines of one kind that may come at once */
#define LINE_TIME 100  /* ms that each line uses up: 10 lines a second */
#define QUIET 1000     /* ms without a line after which a flood is over */
#define LIMITS_MAX 256 /* there are fewer kinds; if not, the others share a limit */
#define EVENT_MAX 40   /* bytes kept of an event's name, and of its why */
#define WHY_MAX 200
#define PATIENCE 100 /* ms to wait for a slow reader */
#define PIPE_SIZE (64u << 10)
#define PIECE_MAX 64 /* bytes; a terminal that can be written to has room for more */

/* The limit of one kind of line: an event with its why, so that one why hides no other. */
struct limit {
	atomic_uint_least64_t kind; /* a hash of event and why, 0: free */
	/* ms; each line adds LINE_TIME; at most AT_ONCE lines ahead of now */
	atomic_int_least64_t used;
	atomic_uint suppressed; /* lines left out since the kind's last line */
	atomic_bool named;      /* event and why are set, for good */
	char event[EVENT_MAX], why[WHY_MAX];
};

/* Global, as standard error is: its users share no object that could hold this. */
static struct {
	struct limit limits[LIMITS_MAX];
	atomic_ulong dropped; /* lines not taken, and not told of yet */
	atomic_bool torn;     /* standard error took only a part of the last line */
	atomic_bool clogged;  /* a line waited for a socket's reader, and none has left since */
	atomic_uint_least64_t pipe; /* both ends of our own pipe, 0: none yet */
} state;

/* ---- not one too many ---- */

/* Continues an FNV-1a hash over a text and its NUL. */
static uint64_t
hash_on(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	while (*text++ != '\0');
	return hash;
}

static void
name_limit(struct limit *limit, const char *event, const char *why)
{
	snprintf(limit->event, sizeof limit->event, "%s", event);
	snprintf(limit->why, sizeof limit->why, "%s", why);
	atomic_store(&limit->named, true);
}

static struct limit *
limit_of(const char *event, const char *why)
{
	uint64_t hash = hash_on(hash_on(0xcbf29ce484222325, event), why);
	size_t tries = LIMITS_MAX;
	struct limit *limit;

	hash |= hash == 0;
	do {
		uint64_t found = 0;

		limit = &state.limits[(hash + tries) % LIMITS_MAX];
		if (atomic_compare_exchange_strong(&limit->kind, &found, hash)) {
			name_limit(limit, event, why);
			break;
		}
		if (found == hash)
			break;
	} while (--tries > 0);
	return limit;
}

/* May another line of this kind come? If so, sets *suppressed to the number left out before it. */
static bool
may_come(struct limit *limit, unsigned *suppressed)
{
	int64_t now = gate_clock_monotonic(), used = atomic_load(&limit->used), next;

	do {
		next = (used > now ? used : now) + LINE_TIME;
		if (next > now + AT_ONCE * LINE_TIME) {
			atomic_fetch_add(&limit->suppressed, 1);
			return false;
		}
	} while (!atomic_compare_exchange_weak(&limit->used, &used, next));
	*suppressed = atomic_exchange(&limit->suppressed, 0);
	return true;
}

void
gate_log_forget(void)
{
	for (size_t i = 0; i < LIMITS_MAX; i++)
		atomic_store(&state.limits[i].used, 0);
}

/* ---- standard error ---- */

static ssize_t
put_in_file(const char *text, size_t length)
{
	ssize_t put;

	do
		put = write(STDERR_FILENO, text, length);
	while (put < 0 && errno == EINTR);
	return put;
}

/* Our own pipe, in front of a standard error that is a pipe. Other programs may share that one:
 * O_NONBLOCK would hold for them, too; we may not be allowed to open it again; and between poll and
 * write another one may fill it. So a line goes into our pipe, and splice moves it on without
 * waiting. Lines without room wait in our pipe, which all processes of the program share. */
struct ends {
	int out, in;
};

static bool
own_pipe(struct ends *ends)
{
	uint64_t both = atomic_load(&state.pipe);
	int fresh[2];

	if (both == 0) {
		if (pipe2(fresh, O_CLOEXEC | O_NONBLOCK) < 0)
			return false;
		if (atomic_compare_exchange_strong(
			&state.pipe, &both, (uint64_t)fresh[0] << 32 | (uint32_t)fresh[1])) {
			both = (uint64_t)fresh[0] << 32 | (uint32_t)fresh[1];
		} else { /* another thread was faster */
			close(fresh[0]);
			close(fresh[1]);
		}
	}
	*ends = (struct ends){.out = (int)(both >> 32), .in = (int)(uint32_t)both};
	return true;
}

static bool
is_empty(const struct ends *ends)
{
	int left = 0;

	return ioctl(ends->out, FIONREAD, &left) < 0 || left == 0;
}

/* Moves lines to standard error. They stay whole: splice moves what one write put into our pipe. */
static void
move_on(const struct ends *ends)
{
	char text[GATE_LOG_LINE_MAX];
	ssize_t moved;

	while (splice(ends->out, NULL, STDERR_FILENO, NULL, PIPE_SIZE, SPLICE_F_NONBLOCK) > 0)
		;
	if (errno != EPERM && errno != ENOSYS)
		return;
	while ((moved = read(ends->out, text, sizeof text)) > 0) /* a sandbox may forbid splice */
		put_in_file(text, (size_t)moved);
}

static void
wait_for_reader(void)
{
	poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, PATIENCE);
}

static bool
put_in_pipe(const char *text, size_t length)
{
	struct ends ends;
	bool stuck, taken;

	if (!own_pipe(&ends))
		return false;
	move_on(&ends);
	stuck = !is_empty(&ends); /* an earlier line waited already: don't wait for each */
	taken = write(ends.in, text, length) >= 0;
	move_on(&ends);
	if (!stuck && !is_empty(&ends)) {
		wait_for_reader();
		move_on(&ends);
	}
	return taken;
}

static ssize_t
send_once(const char *text, size_t length)
{
	return send(STDERR_FILENO, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t
put_in_socket(const char *text, size_t length)
{
	ssize_t sent = send_once(text, length);

	if (sent < 0 && errno == EAGAIN && !atomic_exchange(&state.clogged, true)) {
		wait_for_reader();
		sent = send_once(text, length);
	}
	if (sent >= 0)
		atomic_store(&state.clogged, false);
	return sent;
}

/* Writes to a terminal that can't be opened again, for instance somebody else's, as after su: only
 * what has room at once. The newline goes alone, as a terminal may make two characters of it. */
static ssize_t
put_in_pieces(const char *text, size_t length)
{
	struct pollfd terminal = {.fd = STDERR_FILENO, .events = POLLOUT};
	size_t done = 0, left, piece;
	ssize_t put;

	while (done < length && poll(&terminal, 1, 0) > 0 && (terminal.revents & POLLOUT) != 0) {
		left = length - done;
		piece = left > PIECE_MAX ? PIECE_MAX : left > 1 ? left - 1 : 1;
		put = write(STDERR_FILENO, text + done, piece);
		if (put <= 0)
			break;
		done += (size_t)put;
	}
	return done > 0 ? (ssize_t)done : -1;
}

/* Writes to a terminal, which somebody may have stopped. Opens it again, so that O_NONBLOCK is ours
 * alone. */
static ssize_t
put_on_terminal(const char *text, size_t length)
{
	int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t put;

	if (fd < 0)
		return put_in_pieces(text, length);
	put = write(fd, text, length);
	close(fd);
	return put;
}

static bool
put(const char *text, size_t length)
{
	struct stat is;
	ssize_t taken;

	if (fstat(STDERR_FILENO, &is) < 0)
		return false;
	if (S_ISFIFO(is.st_mode))
		return put_in_pipe(text, length);
	if (atomic_exchange(&state.torn, false) && !put("\n", 1)) {
		atomic_store(&state.torn, true);
		return false;
	}
	if (S_ISSOCK(is.st_mode))
		taken = put_in_socket(text, length);
	else if (S_ISCHR(is.st_mode) && isatty(STDERR_FILENO))
		taken = put_on_terminal(text, length);
	else
		taken = put_in_file(text, length);
	if (taken > 0 && (size_t)taken < length) /* the disk is full */
		atomic_store(&state.torn, true);
	return taken == (ssize_t)length;
}

/* ---- the line ---- */

static void
begin(struct gate_log_line *line, enum gate_log_level level, const char *event)
{
	static const char *const names[] = {"info", "info", "warn", "error"};

	gate_log_line_begin(line);
	gate_log_line_add(line, "level", names[level]);
	gate_log_line_add(line, "event", event);
}

static void
add_number(struct gate_log_line *line, const char *key, unsigned long number)
{
	char text[24];

	snprintf(text, sizeof text, "%lu", number);
	gate_log_line_add(line, key, text);
}

static void
say_dropped(void)
{
	unsigned long dropped = atomic_exchange(&state.dropped, 0);
	struct gate_log_line line;

	if (dropped == 0)
		return;
	begin(&line, GATE_LOG_ERROR, "log-dropped");
	add_number(&line, "lines", dropped);
	gate_log_line_add(&line, "why", "standard error took no more");
	gate_log_line_end(&line);
	if (!put(line.text, line.length))
		atomic_fetch_add(&state.dropped, dropped);
}

/* Tells how many lines of a kind were left out, if no later line did (last: even if one may). */
static void
say_suppressed(struct limit *limit, bool last)
{
	/* when the next line could come */
	int64_t room = atomic_load(&limit->used) - (AT_ONCE - 1) * LINE_TIME;
	struct gate_log_line line;
	unsigned suppressed;

	if (!atomic_load(&limit->named) || (!last && gate_clock_monotonic() < room + QUIET))
		return;
	suppressed = atomic_exchange(&limit->suppressed, 0);
	if (suppressed == 0)
		return;
	begin(&line, GATE_LOG_WARN, "log-suppressed");
	add_number(&line, "lines", suppressed);
	gate_log_line_add(&line, "of", limit->event);
	if (limit->why[0] != '\0')
		gate_log_line_add(&line, "of_why", limit->why);
	gate_log_line_end(&line);
	if (!put(line.text, line.length))
		atomic_fetch_add(&limit->suppressed, suppressed);
}

static const char *
why_in(va_list pairs)
{
	const char *key, *value;

	while ((key = va_arg(pairs, const char *)) != NULL)
		if ((value = va_arg(pairs, const char *)) != NULL && strcmp(key, "why") == 0)
			return value;
	return "";
}

void
gate_log(enum gate_log_level level, const char *event, ...)
{
	int saved = errno;
	unsigned suppressed = 0;
	struct gate_log_line line;
	struct limit *limit;
	const char *key, *value;
	va_list pairs;

	va_start(pairs, event);
	limit = level != GATE_LOG_EACH ? limit_of(event, why_in(pairs)) : NULL;
	va_end(pairs);
	if (limit != NULL && !may_come(limit, &suppressed))
		return;
	begin(&line, level, event);
	if (suppressed > 0)
		add_number(&line, "suppressed", suppressed);
	va_start(pairs, event);
	while ((key = va_arg(pairs, const char *)) != NULL)
		if ((value = va_arg(pairs, const char *)) != NULL)
			gate_log_line_add(&line, key, value);
	va_end(pairs);
	gate_log_line_end(&line);
	say_dropped();
	if (!put(line.text, line.length)) {
		atomic_fetch_add(&state.dropped, 1);
		if (suppressed > 0)
			atomic_fetch_add(&limit->suppressed, suppressed);
	}
	errno = saved;
}

static void
flush(bool last)
{
	int saved = errno;
	struct ends ends;

	if (atomic_load(&state.pipe) != 0 && own_pipe(&ends))
		move_on(&ends);
	say_dropped();
	for (size_t i = 0; i < LIMITS_MAX; i++)
		if (atomic_load(&state.limits[i].suppressed) > 0)
			say_suppressed(&state.limits[i], last);
	errno = saved;
}

void
gate_log_flush(void)
{
	flush(false);
}

void
gate_log_finish(void)
{
	flush(true);
}
