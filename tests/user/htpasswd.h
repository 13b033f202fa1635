/* htpasswd.h: an htpasswd file in a folder of its own, clocks that a test sets, and look-ups of
 * users. */
#ifndef HTPASSWD_H
#define HTPASSWD_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "tap.h"
#include "user/user.h"

#define FILE_NAME "users"
#define URL "file:users"
#define NOBODY 65534
#define TEXT_SIZE 8192

static char scratch[] = "/tmp/gate-user.XXXXXX"; /* the working directory while tests run */

/* ---- the clocks, which tests move: files settle and locks time out without a wait ---- */

static atomic_int_least64_t ahead; /* ms added to all clocks; whole seconds */
static atomic_bool impatient;      /* each nanosleep adds a second */

int
clock_gettime(clockid_t which, struct timespec *t)
{
	int result = (int)syscall(SYS_clock_gettime, which, t);

	t->tv_sec += ahead / 1000;
	return result;
}

int
nanosleep(const struct timespec *time, struct timespec *left)
{
	if (impatient)
		ahead += 1000;
	return (int)syscall(SYS_nanosleep, time, left);
}

/* ---- files and processes ---- */

static inline void
must(bool good, const char *what)
{
	if (good)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static inline void
write_bytes(const char *name, const void *bytes, size_t length)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, bytes, length) == (ssize_t)length, name);
	close(fd);
}

static inline void
write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static inline char *
file_text(const char *name)
{
	static char text[TEXT_SIZE];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	return fd >= 0 ? text : NULL;
}

static inline unsigned int
mode_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? st.st_mode & 07777 : 0;
}

/* Returns the number of files in a folder; `clear` removes them. */
static inline int
count_files(const char *path, bool clear)
{
	DIR *listing = opendir(path);
	struct dirent *entry;
	int count = 0;

	must(listing != NULL, path);
	while ((entry = readdir(listing)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		count++;
		if (clear && unlinkat(dirfd(listing), entry->d_name, 0) < 0)
			unlinkat(dirfd(listing), entry->d_name, AT_REMOVEDIR);
	}
	closedir(listing);
	return count;
}

/* Runs work in a process of its own; as_nobody: as a user whom permissions stop. Returns its
 * result. */
static inline int
in_child(int (*work)(void), bool as_nobody)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (as_nobody && geteuid() == 0 &&
		    (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
			_exit(99);
		_exit(work());
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid, "fork");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Writes log lines to a file, from listen_in to hear_out, which returns its text. */
static int real_stderr = -1;

static inline void
listen_in(void)
{
	int fd = open("log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	real_stderr = dup(STDERR_FILENO);
	must(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0, "log");
	close(fd);
}

static inline const char *
hear_out(void)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	return file_text("log");
}

static inline int
count_lines(const char *text)
{
	int count = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		count++;
	return count;
}

/* ---- users ---- */

static inline struct gate_users *
open_users(void)
{
	struct gate_error error = {0};
	struct gate_users *users = gate_users_open(URL, &error);

	if (users == NULL)
		printf("# %s\n", error.text);
	must(users != NULL, URL);
	return users;
}

static inline struct gate_users *
open_text(const char *text)
{
	write_file(FILE_NAME, text);
	return open_users();
}

/* Returns a user's hash, "none" if there is no such user, "failed" if the look-up fails. */
static inline const char *
find(struct gate_users *users, const char *name)
{
	static _Thread_local char hash[GATE_HASH_MAX];
	struct gate_error error = {0};

	switch (gate_users_find(users, name, hash, &error)) {
	case 1:
		return hash;
	case 0:
		return "none";
	}
	return "failed";
}

static inline int
list_user(void *data, const char *name, const char *hash)
{
	struct gate_buffer *list = data;

	gate_buffer_printf(list, "%s=%s ", name, hash);
	return strcmp(name, "stop") == 0 ? -1 : 1;
}

static inline const char *
list_all(struct gate_users *users)
{
	static char text[TEXT_SIZE];
	struct gate_buffer list = {0};
	struct gate_error error = {0};
	int result = gate_users_each(users, list_user, &list, &error);

	snprintf(text, sizeof text, "%s%d", gate_buffer_text(&list), result);
	gate_buffer_release(&list);
	return text;
}

static inline void
rename_in(const char *text)
{
	write_file("new", text);
	must(rename("new", FILE_NAME) == 0, "rename");
}

/* ---- the folder ---- */

static inline void
folder_open(void)
{
	must(mkdtemp(scratch) != NULL && chmod(scratch, 0777) == 0 && chdir(scratch) == 0, scratch);
}

static inline void
folder_close(void)
{
	count_files(".", true);
	must(chdir("/") == 0 && rmdir(scratch) == 0, scratch);
}

#endif
