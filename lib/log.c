/* log.c: what becomes of a log line: it is not one too many, and standard error takes it at once. */
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

#include "clock.h"
#include "log.h"
#include "log_line.h"

#define AT_ONCE 50     /* lines of an event that may come together */
#define LINE_TIME 100  /* ms after which one more may */
#define EVENTS_MAX 256 /* there are fewer; beyond: they share a limit */
#define PATIENCE 100   /* ms for a reader who is only slow */
#define PIPE_SIZE (64u << 10)

struct limit {
	atomic_uint_least64_t event; /* a hash of its name, 0: free */
	atomic_int_least64_t used;   /* until when, in ms, what came has taken up its time */
	atomic_uint suppressed;
};

/* Standard error is the process's, and so is this: there is no object that all who log could hold. */
static struct {
	struct limit limits[EVENTS_MAX];
	atomic_ulong dropped;       /* lines that standard error did not take */
	atomic_bool torn;           /* it took a part of the last one */
	atomic_uint_least64_t pipe; /* both ends of our own, 0: none yet */
} state;

/* ---- not one too many ---- */

static struct limit *
limit_of(const char *event)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
	size_t tries = EVENTS_MAX;
	struct limit *limit;

	for (; *event != '\0'; event++)
		hash = (hash ^ (unsigned char)*event) * 0x100000001b3;
	hash |= hash == 0;
	do {
		uint64_t found = 0;

		limit = &state.limits[(hash + tries) % EVENTS_MAX];
		if (atomic_compare_exchange_strong(&limit->event, &found, hash) || found == hash)
			break;
	} while (--tries > 0);
	return limit;
}

/* May another line of this event come? Then *suppressed: how many did not, before it. */
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
	for (size_t i = 0; i < EVENTS_MAX; i++)
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

/* Standard error may be a pipe that other programs have too: O_NONBLOCK would be theirs as well, it may
 * not be ours to open again, and between poll and write another one may fill it. So a line goes into a
 * pipe of our own, and splice moves it on, which waits for nobody. What finds no room stays there:
 * a buffer that all processes of the program share. */
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
		} else { /* another thread was first */
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

/* Whole lines: of our pipe, splice moves what one write put there. */
static void
move_on(const struct ends *ends)
{
	char text[GATE_LOG_LINE_MAX];
	ssize_t moved;

	while (splice(ends->out, NULL, STDERR_FILENO, NULL, PIPE_SIZE, SPLICE_F_NONBLOCK) > 0)
		;
	if (errno != EPERM && errno != ENOSYS)
		return;
	while ((moved = read(ends->out, text, sizeof text)) > 0) /* a sandbox without splice */
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
	stuck = !is_empty(&ends); /* who waited before waits no more */
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

	if (sent < 0 && errno == EAGAIN && atomic_load(&state.dropped) == 0) {
		wait_for_reader();
		sent = send_once(text, length);
	}
	return sent;
}

/* A terminal that is stopped. It is opened again, so that O_NONBLOCK is ours alone. */
static ssize_t
put_on_terminal(const char *text, size_t length)
{
	int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t put = write(fd >= 0 ? fd : STDERR_FILENO, text, length);

	if (fd >= 0)
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
	if (taken > 0 && (size_t)taken < length) /* a full disk */
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

void
gate_log(enum gate_log_level level, const char *event, ...)
{
	int saved = errno;
	struct limit *limit = limit_of(event);
	unsigned suppressed = 0;
	struct gate_log_line line;
	const char *key, *value;
	va_list pairs;

	if (level != GATE_LOG_EACH && !may_come(limit, &suppressed))
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
		atomic_fetch_add(&limit->suppressed, suppressed);
	}
	errno = saved;
}

void
gate_log_flush(void)
{
	int saved = errno;
	struct ends ends;

	if (atomic_load(&state.pipe) != 0 && own_pipe(&ends))
		move_on(&ends);
	say_dropped();
	errno = saved;
}
