/* spy.c: preloaded into a program under test: logs and holds its hashing, and stops its clock.
 * In the folder SPY_FOLDER:
 *   hashes  gets a line for each call of crypt_r: method and cost
 *   hold    while this file is there, no call begins; the line in `hashes` is written before
 *   clock   holds the time at which the wall clock stands still: ms since 1970
 *   cores   holds the number of cores that the program sees */
#include "config.h"

#include <crypt.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define HOLD_MAX 60000 /* ms: a test that fails must not leave a program behind */

#pragma GCC visibility push(default)

static char *
path_of(char path[PATH_SIZE], const char *name)
{
	const char *folder = getenv("SPY_FOLDER");

	snprintf(path, PATH_SIZE, "%s/%s", folder != NULL ? folder : "/nonexistent", name);
	return path;
}

/* Up to the salt: "$5$rounds=1000", "$y$j9T". bcrypt has its salt behind the third '$'. */
static int
length_of_cost(const char *setting)
{
	const char *second = strchr(setting + 1, '$'), *third;

	if (second == NULL)
		return 0;
	third = strchr(second + 1, '$');
	if (third == NULL ||
	    (strchr("56", setting[1]) != NULL && strncmp(second, "$rounds=", 8) != 0))
		return (int)(second - setting);
	return (int)(third - setting);
}

static void
note(const char *setting)
{
	char path[PATH_SIZE], line[64];
	int length = snprintf(line, sizeof line, "%.*s\n", length_of_cost(setting), setting);
	int fd = open(path_of(path, "hashes"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (length >= (int)sizeof line || write(fd, line, (size_t)length) != length)
		abort();
	close(fd);
}

static void
wait_while_held(void)
{
	char path[PATH_SIZE];

	path_of(path, "hold");
	for (int ms = 0; ms < HOLD_MAX && access(path, F_OK) == 0; ms++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* dlsym returns an object, which ISO C does not turn into a function. */
union symbol {
	void *object;
	char *(*function)(const char *, const char *, struct crypt_data *);
};

char *
crypt_r(const char *phrase, const char *setting, struct crypt_data *restrict data)
{
	union symbol real = {.object = dlsym(RTLD_NEXT, "crypt_r")};

	note(setting);
	wait_while_held();
	return real.function(phrase, setting, data);
}

/* 0: no such file. */
static long long
number_in(const char *name)
{
	char path[PATH_SIZE], text[32] = "";
	int fd = open(path_of(path, name), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

	if (fd >= 0)
		close(fd);
	return n > 0 ? strtoll(text, NULL, 10) : 0;
}

int
clock_gettime(clockid_t which, struct timespec *time)
{
	long long ms = which == CLOCK_REALTIME ? number_in("clock") : 0;

	if (ms == 0)
		return (int)syscall(SYS_clock_gettime, which, time);
	*time = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	return 0;
}

int
sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	long long cores = number_in("cores");

	CPU_ZERO_S(size, set); /* the kernel fills in its part only */
	if (cores == 0)
		return syscall(SYS_sched_getaffinity, pid, size, set) < 0 ? -1 : 0;
	while (cores > 0)
		CPU_SET_S(--cores, size, set);
	return 0;
}
