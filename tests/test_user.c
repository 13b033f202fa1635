/* test_user.c: lib/user/user.c and lib/user/file.c: formats, what is seen of a change, and changing. */
#include "config.h"

#include <dirent.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The lookup's structure is looked at, too: what is no behaviour, and can't be timed. */
#include "user/file_change.c"
#include "user/file_table.c"

#include "tap.h"
#include "user/user.h"

#define FILE_NAME "users"
#define URL "file:users"
#define NOBODY 65534
#define THREADS 8
#define PROCESSES 4
#define TEXT_SIZE 8192

static char scratch[] = "/tmp/gate-user.XXXXXX"; /* the working directory while tests run */

/* ---- the clocks, ours: a file settles, and a lock's time is over, without a wait ---- */

static atomic_int_least64_t ahead; /* ms that the clocks are, whole seconds */
static atomic_bool impatient;      /* each pause takes a second off the clocks */

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

static void
must(bool good, const char *what)
{
	if (good)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A tenth of n unless GATE_COUNTS=full. */
static int
counted(int n)
{
	const char *counts = getenv("GATE_COUNTS");

	return counts != NULL && strcmp(counts, "full") == 0 ? n : (n + 9) / 10;
}

static void
write_bytes(const char *name, const void *bytes, size_t length)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, bytes, length) == (ssize_t)length, name);
	close(fd);
}

static void
write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static char *
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

static unsigned int
mode_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? st.st_mode & 07777 : 0;
}

/* How many files the folder holds; with `clear` they go. */
static int
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

/* Runs work in a process of its own, as a user whom permissions stop. What it answered. */
static int
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

/* Runs work in so many processes, each with its number; true: all of them answered 0. */
static bool
in_processes(int count, int (*work)(int number))
{
	bool good = true;
	int status;

	fflush(stdout);
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (pid == 0)
			_exit(work(i));
	}
	for (int i = 0; i < count; i++)
		good = wait(&status) > 0 && status == 0 && good;
	return good;
}

/* Between these two, log lines go to a file. */
static int real_stderr = -1;

static void
listen_in(void)
{
	int fd = open("log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	real_stderr = dup(STDERR_FILENO);
	must(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0, "log");
	close(fd);
}

static const char *
hear_out(void)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	return file_text("log");
}

static int
count_lines(const char *text)
{
	int count = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		count++;
	return count;
}

/* ---- users ---- */

static struct gate_users *
open_users(void)
{
	struct gate_error error = {0};
	struct gate_users *users = gate_users_open(URL, &error);

	if (users == NULL)
		printf("# %s\n", error.text);
	must(users != NULL, URL);
	return users;
}

static struct gate_users *
open_text(const char *text)
{
	write_file(FILE_NAME, text);
	return open_users();
}

/* The hash of a user, "none" without one, "failed". */
static const char *
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

/* Changes a file of this text: the text that it has then, or "none", or what failed. */
/* The file's text but for its last line, if that says when name's sessions ended. */
static const char *
without_end(const char *name)
{
	char *text = file_text(FILE_NAME), start[64], *at;

	snprintf(start, sizeof start, "# gate: %s ended ", name);
	at = strstr(text, start);
	if (at != NULL && strcspn(at, "\n") + 1 == strlen(at))
		*at = '\0';
	return text;
}

static const char *
changed(const char *text, enum gate_user_change change, const char *name, const char *hash,
    const char *was)
{
	static struct gate_error error;
	struct gate_users *users;
	int result;

	listen_in();
	users = open_text(text);
	hear_out();
	error = (struct gate_error){0};
	result = gate_users_change(users, change, name, hash, was, &error);
	gate_users_close(users);
	if (result != 1 && strcmp(file_text(FILE_NAME), text) != 0)
		return "refused, but changed";
	return result == 1 ? without_end(name) : result == 0 ? "none" : error.text;
}

/* ---- when sessions ended ---- */

static int64_t
since_of(struct gate_users *users, const char *name)
{
	struct gate_error error = {0};
	int64_t since;

	return gate_users_since(users, name, &since, &error) >= 0 ? since : -1;
}

static void
test_since(void)
{
	static const struct {
		const char *line, *name;
		int64_t since;
	} lines[] = {{"# gate: anna ended 5", "anna", 5}, {"# gate: anna ended 5\r", "anna", 5},
	    {"# gate: a b ended 7 ended 6", "a b ended 7", 6},
	    {"# gate: anna ended 123456789012345", "anna", 123456789012345},
	    {"# gate: anna ended 1234567890123456", "anna", 0}, {"# gate: anna ended ", "anna", 0},
	    {"# gate: anna ended -5", "anna", 0}, {"# gate: anna ended 5 ", "anna", 0},
	    {"#gate: anna ended 5", "anna", 0}, {" # gate: anna ended 5", "anna", 0},
	    {"# gate:  ended 5", "", 0}, {"# gate: a:b ended 5", "a:b", 0},
	    {"# gate: ended 5", "ended", 0}};
	struct gate_error error = {0};
	struct gate_users *users;
	char text[200], hash[GATE_HASH_MAX];
	int64_t one = 0, two = 0, now = gate_clock_wall();

	listen_in();
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		snprintf(text, sizeof text, "anna:$1\n%s\n", lines[i].line);
		users = open_text(text);
		ok(since_of(users, lines[i].name) == lines[i].since, "%s: %" PRId64, lines[i].line,
		    lines[i].since);
		gate_users_close(users);
	}
	hear_out();
	users = open_text("# gate: anna ended 9\nanna:$1\n# gate: anna ended 7\nben:$2");
	ok(since_of(users, "anna") == 9 && since_of(users, "ben") == 0 &&
		since_of(users, "carl") == 0,
	    "the latest of two lines, wherever they stand; others have none");
	ok(gate_users_change(users, GATE_USER_REPLACE, "anna", "$3", NULL, &error) == 1 &&
		(one = since_of(users, "anna")) > now && one <= gate_clock_wall() + 1,
	    "a new password: later than now");
	ok(gate_users_change(users, GATE_USER_REHASH, "anna", "$4", NULL, &error) == 1 &&
		since_of(users, "anna") == one,
	    "a new hash of the same: as it was");
	ok(gate_users_end(users, "anna", one + 5000, &error) == 1 &&
		gate_users_end(users, "anna", 5, &error) == 1 &&
		since_of(users, "anna") == one + 5000,
	    "an end: never back");
	ok(gate_users_change(users, GATE_USER_REPLACE, "anna", "$5", NULL, &error) == 1 &&
		since_of(users, "anna") == one + 5001,
	    "a clock that is behind: later than before all the same");
	ok(gate_users_change(users, GATE_USER_REMOVE, "anna", NULL, NULL, &error) == 1 &&
		gate_users_find(users, "anna", hash, &error) == 0 &&
		(two = since_of(users, "anna")) == one + 5002,
	    "who is removed: it stays");
	ok(gate_users_end(users, "anna", two + 1, &error) == 0 &&
		gate_users_end(users, "zoe", 5, &error) == 0 && since_of(users, "zoe") == 0,
	    "nobody's: 0");
	ok(gate_users_change(users, GATE_USER_ADD, "anna", "$6", NULL, &error) == 1 &&
		since_of(users, "anna") == two,
	    "who comes back: it is still there");
	snprintf(text, sizeof text, "ben:$2\n# gate: anna ended %" PRId64 "\nanna:$6\n", two);
	is(file_text(FILE_NAME), text, "one line is left");
	gate_users_close(users);
}

/* ---- names, kinds ---- */

static void
test_names(void)
{
	static const struct {
		const char *name, *why;
	} cases[] = {
	    {"a", NULL},
	    {"J\xc3\xbcrgen Wei\xc3\x9f", NULL},
	    {"a#b@example.org", NULL},
	    {"-dash", NULL},
	    {"\xf0\x9f\x98\x80", NULL},
	    {"", "is empty"},
	    {"a:b", "holds a colon"},
	    {":", "holds a colon"},
	    {"#a", "begins with #"},
	    {" a", "begins or ends with a blank"},
	    {"a ", "begins or ends with a blank"},
	    {" ", "begins or ends with a blank"},
	    {"a\nb", "holds a control character"},
	    {"a\r", "holds a control character"},
	    {"\ta", "holds a control character"},
	    {"a\x7f", "holds a control character"},
	    {"a\x1b[2J", "holds a control character"},
	    {"a\xc2\x9b", "holds a control character"},
	    {"a\xff", "is not UTF-8"},
	    {"a\xc3", "is not UTF-8"},
	    {"\xc0\xaf", "is not UTF-8"},
	    {"\xed\xa0\x80", "is not UTF-8"},
	};
	char longest[258];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is(gate_user_name_refusal(cases[i].name, strlen(cases[i].name)), cases[i].why,
		    "a name");
	memset(longest, 'x', sizeof longest);
	longest[255] = '\0';
	is(gate_user_name_refusal(longest, strlen(longest)), NULL, "a name of 255 bytes");
	memset(longest, 'x', 256);
	longest[256] = '\0';
	is(gate_user_name_refusal(longest, strlen(longest)), "is longer than 255 bytes", "of 256");
}

static void
test_open(void)
{
	struct gate_error error = {0};

	ok(gate_users_open("ldap://user:pass@host", &error) == NULL, "an unknown kind of users");
	ok(strstr(error.text, "users ldap: is of no known kind: say file:PATH") == error.text,
	    "which is said");
	error = (struct gate_error){0};
	ok(gate_users_open("file:missing", &error) == NULL, "a file that is not there");
	is(error.text, "users file:missing: it is not there: gate user add makes it",
	    "which is said");
	error = (struct gate_error){0};
	ok(gate_users_open("file:.", &error) == NULL, "a folder");
	is(error.text, "users file:.: Is a directory", "which is said");
	must(mkfifo("pipe", 0600) == 0, "mkfifo");
	ok(gate_users_open("file:pipe", NULL) == NULL, "a pipe, without hanging");
	gate_users_close(NULL);
	unlink("pipe");
	must(truncate("missing", 0) < 0, "missing");
}

/* ---- formats ---- */

static int
list_user(void *data, const char *name, const char *hash)
{
	struct gate_buffer *list = data;

	gate_buffer_printf(list, "%s=%s ", name, hash);
	return strcmp(name, "stop") == 0 ? -1 : 1;
}

static const char *
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

static void
test_formats(void)
{
	static const struct {
		const char *text, *users, *name;
		size_t skipped;
	} cases[] = {
	    {"", "1", "an empty file", 0},
	    {"a:$1\n", "a=$1 1", "a user", 0},
	    {"a:$1", "a=$1 1", "without a newline", 0},
	    {"a:$1\r\nb:$2\r\n", "a=$1 b=$2 1", "with carriage returns", 0},
	    {GATE_FILE_MARK "a:$1\r\nb:$2", "a=$1 b=$2 1", "behind a byte-order mark", 0},
	    {GATE_FILE_MARK "# x\na:$1\n", "a=$1 1", "a comment behind one", 0},
	    {GATE_FILE_MARK "\r\na:$1\n", "a=$1 1", "a blank line behind one", 0},
	    {GATE_FILE_MARK, "1", "a mark and no user", 0},
	    {"a:$1\n" GATE_FILE_MARK "b:$2\n", "a=$1 " GATE_FILE_MARK "b=$2 1",
		"further on it is content", 0},
	    {"b:$2\na:$1\n", "b=$2 a=$1 1", "in the order in which they stand", 0},
	    {"# x:y\n\n  \n\t\r\n\r\na:$1\n#\n", "a=$1 1", "comments and blank lines", 0},
	    {"a:$1:Alice:1000\nb:$2:\n", "a=$1 b=$2 1", "what stands behind a second colon", 0},
	    {"a:$1\na:$2\nb:$3\na:$4\n", "a=$1 b=$3 1", "the first of a name counts", 2},
	    {"A:$1\na:$2\n", "A=$1 a=$2 1", "names byte for byte", 0},
	    {"a\n:$1\na:\nb:$2\n", "b=$2 1", "no colon, no name, no hash", 3},
	    {" a:$1\na :$2\n #:$3\nb:$4", "b=$4 1", "blanks around names", 3},
	    {"a:$1 \nb: $2\nc:\xc3\xa9\nd:$4\n", "d=$4 1", "what is no hash", 3},
	    {"a\xff:$1\nb\x1b:$2\nc:$3\n", "c=$3 1", "what is no name", 2},
	    {"a b:$1\n", "a b=$1 1", "a blank in a name", 0},
	    {"stop:$1\na:$2\n", "stop=$1 -1", "a visit that stops", 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gate_users *users;

		listen_in();
		users = open_text(cases[i].text);
		is(list_all(users), cases[i].users, cases[i].name);
		ok(gate_users_skipped(users) == cases[i].skipped &&
			count_lines(hear_out()) == (int)cases[i].skipped,
		    "each line that is left out is logged once");
		gate_users_close(users);
	}
}

static void
test_lengths(void)
{
	struct gate_users *users;
	char text[2 * TEXT_SIZE] = "", name[257], hash[GATE_HASH_MAX + 1];

	memset(name, 'n', 256);
	memset(hash, 'h', GATE_HASH_MAX);
	name[255] = hash[GATE_HASH_MAX - 1] = '\0';
	snprintf(text, sizeof text, "%s:%s\nn%s:$1\na:%sh\n", name, hash, name, hash);
	listen_in();
	users = open_text(text);
	hear_out();
	is(find(users, name), hash, "the longest name and hash");
	name[255] = 'n';
	name[256] = '\0';
	is(find(users, name), "none", "a longer name is left out");
	is(find(users, "a"), "none", "and so is a longer hash");
	ok(gate_users_skipped(users) == 2, "which is counted");
	gate_users_close(users);
	write_bytes(FILE_NAME, "a\0:$1\nb:$\0002\nc:$3\n#\0\n", 21);
	listen_in();
	users = open_users();
	hear_out();
	is(list_all(users), "c=$3 1", "NUL bytes");
	gate_users_close(users);
}

static void
test_log(void)
{
	struct gate_users *users;
	struct gate_buffer text = {0};
	const char *logged;

	listen_in();
	users = open_text("# ours\nsecretname\nbob:$y$secret\nbob:$y$secrethash\nal:$y$sec ret\n");
	logged = hear_out();
	ok(strstr(logged, "event=users-line-skipped file=users line=2 error=\"has no colon\"\n") !=
		NULL,
	    "a line without a colon, by its number");
	ok(strstr(logged, "line=4 name=\"stands in an earlier line already\"\n") != NULL,
	    "a name that was there");
	ok(strstr(logged, "line=5 hash=\"holds a character that no hash has\"\n") != NULL,
	    "no hash");
	ok(strstr(logged, "secret") == NULL && strstr(logged, "bob") == NULL,
	    "never what stands in it");
	listen_in();
	for (int i = 0; i < 10; i++)
		find(users, "bob");
	is(hear_out(), "", "once, however often the file is looked at");
	gate_users_close(users);

	for (int i = 0; i < 1000; i++)
		gate_buffer_puts(&text, "broken\n");
	listen_in();
	users = open_text(gate_buffer_text(&text));
	logged = hear_out();
	ok(count_lines(logged) == LOGGED_MAX + 1 && strstr(logged, "count=1000") != NULL,
	    "of many bad lines a few and their number");
	gate_users_close(users);
	gate_buffer_release(&text);

	write_file(FILE_NAME, "a:$1\n");
	must(chmod(FILE_NAME, 0644) == 0, "chmod");
	listen_in();
	gate_users_close(open_users());
	ok(strstr(hear_out(), "event=users-exposed file=users") != NULL,
	    "a file that others can read");
	must(chmod(FILE_NAME, 0640) == 0, "chmod");
	listen_in();
	gate_users_close(open_users());
	is(hear_out(), "", "but not one that its group can read");
	unlink(FILE_NAME);
}

/* ---- strangers ---- */

#define BCRYPT "$2b$05$KS5scgL/Vj1gpUJSOQ9HHOQJHcI0G5CTPAS8x5InU/W/xA97i7oeC"
#define SHA256 "$5$abcdefgh$sI6g8tHKrJ6RX7w.YoN9B7a/5wK5jYEOMmMnt3tPl0/"
#define SHA512                                                                                     \
	"$6$abcdefgh$D7W7qyozKBT.t6FD3DVYHvADbIO0eSyI4.p20LaEUjro8PqTGYYo/"                        \
	"EQcuNjhFbzo9Yg5ir1KIEqFY/yJpgFph0"
#define APR1 "$apr1$abcdefgh$82JubPF2dQkt1tVfvLnXS."

#define GOLDEN 11400714819323198485u /* times 1, 2, …: numbers all over the range */

static int
one_of(const char *hash)
{
	return hash[0] == '$' && hash[1] != 'a' ? hash[1] - '0' : 0;
}

static struct gate_users *
open_kinds(const char *end)
{
	char text[TEXT_SIZE];

	snprintf(text, sizeof text, "u0:%s\nu1:%s\nu2:%s\nu3:%s\nu4:%s\nu5:%s\nu6:%s\n%s", BCRYPT,
	    BCRYPT, SHA512, BCRYPT, SHA256, BCRYPT, SHA512, end);
	return open_text(text);
}

/* Numbers stand for strangers' names: whoever knows a name must not know its number (login.c). */
static void
test_strangers(void)
{
	struct gate_users *users = open_kinds("u7:$1\nu8:" SHA256 "\nu9:" SHA512 "\nu10:x\n"),
			  *again = open_users();
	char hash[GATE_HASH_MAX], other[GATE_HASH_MAX];
	static int before[10000];
	int seen[8] = {0}, same = 0, stayed = 0;

	for (uint64_t i = 0; i < 10000; i++) {
		uint64_t number = (i + 1) * GOLDEN;

		must(gate_users_pick(users, number, true, hash, NULL) == 1, "a stranger");
		must(gate_users_pick(again, number, true, other, NULL) == 1, "a stranger");
		same += strcmp(hash, other) == 0;
		before[i] = one_of(hash);
		seen[before[i]]++;
	}
	gate_users_close(users);
	gate_users_close(again);
	users = open_kinds("u7:$1\nu8:" SHA256 "\nu9:" SHA512 "\nu10:x\nu11:" APR1 "\n");
	for (uint64_t i = 0; i < 10000; i++) {
		must(gate_users_pick(users, (i + 1) * GOLDEN, true, hash, NULL) == 1, "a stranger");
		stayed += one_of(hash) == before[i];
		must(gate_users_pick(users, (i + 1) * GOLDEN, false, hash, NULL) == 1 &&
			one_of(hash) != 0,
		    "no weak one");
	}
	ok(same == 10000, "a stranger's hash is the same each time, in each program");
	printf("# %d %d %d of 10000, %d stay\n", seen[2], seen[5], seen[6], stayed);
	ok(seen[2] > 3000 && seen[6] > 2000 && seen[5] > 1500,
	    "they are of all kinds that the users' are of");
	ok(stayed > 8000 && stayed < 10000, "one user more: it stays for most");
	gate_users_close(users);

	users = open_text("u:" APR1 "\nv:$1\n");
	strcpy(hash, "x");
	ok(gate_users_pick(users, 7, false, hash, NULL) == 0 && *hash == '\0',
	    "without hashes that can be tried there is none");
	ok(gate_users_pick(users, 7, true, hash, NULL) == 1 && strcmp(hash, APR1) == 0,
	    "nor is a damaged one");
	gate_users_close(users);
	users = open_text("# none\n");
	strcpy(hash, "x");
	ok(gate_users_find(users, "a", hash, NULL) == 0 && *hash == '\0' &&
		gate_users_pick(users, 7, true, hash, NULL) == 0,
	    "nor is one without users");
	gate_users_close(users);
}

/* ---- what is seen of a change ---- */

static void
rename_in(const char *text)
{
	write_file("new", text);
	must(rename("new", FILE_NAME) == 0, "rename");
}

static void
test_reload(void)
{
	struct gate_users *users = open_text("a:$1\n");
	char text[32], wanted[16];
	int seen = 0;

	/* many a tick of the file system's clock, of the same size, in the same file */
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "a:$%04d\n", i);
		snprintf(wanted, sizeof wanted, "$%04d", i);
		write_file(FILE_NAME, text);
		seen += strcmp(find(users, "a"), wanted) == 0;
	}
	ok(seen == 1000, "1000 changes in place are seen at once (%d)", seen);
	for (int i = seen = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "a:$%04d\n", i);
		snprintf(wanted, sizeof wanted, "$%04d", i);
		rename_in(text);
		seen += strcmp(find(users, "a"), wanted) == 0;
	}
	ok(seen == 1000, "and so are 1000 by rename (%d)", seen);
	unlink(FILE_NAME);
	is(find(users, "a"), "failed", "a file that vanished");
	write_file(FILE_NAME, "a:$new\n");
	is(find(users, "a"), "$new", "comes back by itself");
	unlink(FILE_NAME);
	must(mkdir(FILE_NAME, 0700) == 0, "mkdir");
	is(find(users, "a"), "failed", "a folder in its place");
	rmdir(FILE_NAME);
	write_file("elsewhere", "a:$linked\n");
	must(symlink("elsewhere", FILE_NAME) == 0, "symlink");
	is(find(users, "a"), "$linked", "a link");
	write_file("elsewhere", "a:$changed\n");
	is(find(users, "a"), "$changed", "and what it names");
	write_file("another", "a:$another\n");
	unlink(FILE_NAME);
	must(symlink("another", FILE_NAME) == 0, "symlink");
	is(find(users, "a"), "$another", "and a link to another file");
	gate_users_close(users);
	count_files(".", true);
}

/* Bytes that this process read, of any file. */
static long
bytes_read(void)
{
	const char *text = file_text("/proc/self/io");
	const char *count = text != NULL ? strstr(text, "rchar: ") : NULL;

	return count != NULL ? strtol(count + 7, NULL, 10) : 0;
}

/* When the file has been as it is for a while, its times tell of every change. */
static void
test_settled(void)
{
	const struct timespec later[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	struct gate_users *users = open_text("a:$1\n");
	long before, after;

	for (int i = 0; i < 2; i++) { /* the second time shows what asking itself reads */
		find(users, "a");
		before = bytes_read();
		after = bytes_read() - before;
	}
	before = bytes_read();
	find(users, "a");
	ok(bytes_read() - before > after, "a file that was just changed is read again");
	ahead += 10000;
	find(users, "a");
	before = bytes_read();
	for (int i = 0; i < 1000; i++)
		find(users, "a");
	ok(bytes_read() - before == after, "one that has stood for a while is not");
	ahead -= 10000;
	ahead += 10000;
	write_file(FILE_NAME, "a:$2\n");
	must(utimensat(AT_FDCWD, FILE_NAME, later, 0) == 0, "utimensat"); /* not within one tick */
	is(find(users, "a"), "$2", "until it is changed in place");
	find(users, "a");
	rename_in("a:$3\n");
	is(find(users, "a"), "$3", "or another one is renamed there");
	find(users, "a");
	unlink(FILE_NAME);
	is(find(users, "a"), "failed", "or it vanishes");
	write_file(FILE_NAME, "a:$4\n");
	is(find(users, "a"), "$4", "or comes back");
	ahead -= 20000;
	is(find(users, "a"), "$4", "a clock that is set back");
	write_file(FILE_NAME, "a:$5\n");
	is(find(users, "a"), "$5", "hides nothing either");
	ahead += 10000;
	gate_users_close(users);
}

static int
find_unreadable(void)
{
	struct gate_users *users = open_users();
	int good;

	must(chmod(FILE_NAME, 0) == 0, "chmod");
	good = strcmp(find(users, "a"), "failed") == 0;
	must(chmod(FILE_NAME, 0600) == 0, "chmod");
	good += strcmp(find(users, "a"), "$1") == 0;
	gate_users_close(users);
	return good == 2 ? 0 : 1;
}

static void
test_unreadable(void)
{
	write_file(FILE_NAME, "a:$1\n");
	if (geteuid() == 0)
		must(chown(FILE_NAME, NOBODY, NOBODY) == 0, "chown");
	ok(in_child(find_unreadable, true) == 0,
	    "a file that can't be read any more fails until it can");
	unlink(FILE_NAME);
}

static void
test_too_large(void)
{
	struct gate_users *users = open_text("a:$1\n");
	struct gate_error error = {0};

	must(truncate(FILE_NAME, GATE_USER_FILE_MAX + 1) == 0, "truncate");
	is(find(users, "a"), "failed", "a file that is too large");
	ok(gate_users_change(users, GATE_USER_ADD, "b", "$2", NULL, &error) == -1,
	    "is not changed either");
	is(error.text, "users file:users: File too large", "which is said");
	gate_users_close(users);
	unlink(FILE_NAME);
}

/* ---- changing ---- */

static void
test_change(void)
{
	is(changed("", GATE_USER_ADD, "a", "$1", NULL), "a:$1\n", "the first user");
	is(changed("# x\n\nb:$2\r\n", GATE_USER_ADD, "a", "$1", NULL), "# x\n\nb:$2\r\na:$1\n",
	    "another one");
	is(changed("b:$2", GATE_USER_ADD, "a", "$1", NULL), "b:$2\na:$1\n",
	    "behind a line that did not end");
	is(changed("a:$2\n", GATE_USER_ADD, "a", "$1", NULL), "none", "one who is there already");
	is(changed("a:\n#a:$1\n", GATE_USER_ADD, "a", "$1", NULL), "a:\n#a:$1\na:$1\n",
	    "one whose line is none");
	is(changed("# x\r\nb:$2", GATE_USER_ADD, "a", "$1", NULL), "# x\r\nb:$2\r\na:$1\r\n",
	    "lines that end as those there do");
	is(changed(GATE_FILE_MARK, GATE_USER_ADD, "a", "$1", NULL), GATE_FILE_MARK "a:$1\n",
	    "the first one behind a byte-order mark");
	is(changed(GATE_FILE_MARK "b:$2\r\n", GATE_USER_ADD, "a", "$1", NULL),
	    GATE_FILE_MARK "b:$2\r\na:$1\r\n", "the second one");
	is(changed(GATE_FILE_MARK "a:$2\r\nb:$1\r\n", GATE_USER_REPLACE, "a", "$3", "$2"),
	    GATE_FILE_MARK "a:$3\r\nb:$1\r\n", "a new hash behind a mark");
	is(changed(GATE_FILE_MARK "a:$2\r\nb:$1", GATE_USER_REMOVE, "a", NULL, NULL),
	    GATE_FILE_MARK "b:$1\r\n", "one who goes");
	is(changed("b:$2\na:$1:Alice\r\n c\n", GATE_USER_REPLACE, "a", "$33", NULL),
	    "b:$2\na:$33:Alice\r\n c\n", "a new hash, and all else as it was");
	is(changed("a:$1", GATE_USER_REPLACE, "a", "$2", NULL), "a:$2\n",
	    "also a last line without newline");
	is(changed("a:$1\na:$2\n", GATE_USER_REPLACE, "a", "$3", NULL), "a:$3\na:$2\n",
	    "of two lines the one that counts");
	is(changed("b:$1\n", GATE_USER_REPLACE, "a", "$2", NULL), "none", "one who is not there");
	is(changed("b:$2\na:$1\n#\n", GATE_USER_REMOVE, "a", NULL, NULL), "b:$2\n#\n",
	    "one who goes");
	is(changed("a:$1\nb:$2\na:$0\n", GATE_USER_REMOVE, "a", NULL, NULL), "b:$2\n",
	    "for good: a second line would count next");
	is(changed("a:$1", GATE_USER_REMOVE, "a", NULL, NULL), "", "the last one");
	is(changed("b:$1\n", GATE_USER_REMOVE, "a", NULL, NULL), "none", "one who is not there");
	is(changed("a:$1\n", GATE_USER_REPLACE, "a", "$2", "$1"), "a:$2\n", "from the hash it was");
	is(changed("a:$1\n", GATE_USER_REPLACE, "a", "$2", "$11"), "none", "not from a longer");
	is(changed("a:$11\n", GATE_USER_REPLACE, "a", "$2", "$1"), "none", "nor a shorter");
	is(changed("a:$1\na:$3\n", GATE_USER_REPLACE, "a", "$2", "$3"), "none",
	    "nor that of a line that does not count");
	is(changed("a:$1\n", GATE_USER_REMOVE, "a", NULL, "$1"), "", "the same for removing");
	is(changed("a:$1\n", GATE_USER_REMOVE, "a", NULL, "$2"), "none", "or not");
	is(changed("a:$1", GATE_USER_REHASH, "a", "$2", NULL), "a:$2",
	    "the same password, hashed anew: all else stays byte for byte");
	is(changed("", GATE_USER_ADD, "a:b", "$1", NULL), "the user's name holds a colon",
	    "a name that breaks the format");
	is(changed("", GATE_USER_ADD, "a\nb", "$1", NULL),
	    "the user's name holds a control character", "or its lines");
	is(changed("a:$1\n", GATE_USER_REPLACE, "a", "$2\nb:$3", NULL),
	    "the new hash holds a character that no hash has", "a hash that breaks them");
	is(changed("a:$1\n", GATE_USER_REPLACE, "a", "$2:$3", NULL),
	    "the new hash holds a character that no hash has", "or the format");
	is(changed("a:$1\n", GATE_USER_REPLACE, "a", "", NULL), "the new hash is empty",
	    "or is none");
}

static void
test_own_change(void)
{
	struct gate_users *users = open_text("a:$1\n");

	ahead += 10000;
	find(users, "a");
	ok(gate_users_change(users, GATE_USER_REPLACE, "a", "$2", NULL, NULL) == 1, "a change");
	is(find(users, "a"), "$2", "is seen at once");
	ahead -= 10000;
	gate_users_close(users);
}

static void
test_make(void)
{
	struct gate_error error = {0};
	struct gate_users *users = gate_users_open_or_make("file:made", &error);
	mode_t mask = umask(0);

	ok(users != NULL && access("made", F_OK) < 0, "users that nobody made yet");
	is(find(users, "a"), "none", "are none");
	is(list_all(users), "1", "and listed as such");
	ok(gate_users_change(users, GATE_USER_REMOVE, "a", NULL, NULL, &error) == 0,
	    "nobody can be removed");
	unlink("made");
	ok(gate_users_change(users, GATE_USER_ADD, "a", "$1", NULL, &error) == 1, "the first one");
	is(file_text("made"), "a:$1\n", "makes the file");
	ok(mode_of("made") == 0600, "for its owner only (%o)", mode_of("made"));
	is(find(users, "a"), "$1", "which is seen");
	umask(mask);
	gate_users_close(users);
	unlink("made");
	users = gate_users_open_or_make("file:missing/users", &error);
	ok(users != NULL, "where there is no folder");
	ok(gate_users_change(users, GATE_USER_ADD, "a", "$1", NULL, &error) == -1, "it fails");
	is(error.text, "users file:missing/users: its folder is not there", "and says why");
	gate_users_close(users);
}

static void
test_link(void)
{
	struct gate_users *users;

	must(mkdir("real", 0700) == 0, "mkdir");
	write_file("real/users", "a:$1\n");
	must(symlink("real/users", FILE_NAME) == 0, "symlink");
	users = open_users();
	ok(gate_users_change(users, GATE_USER_ADD, "b", "$2", NULL, NULL) == 1, "through a link");
	is(file_text("real/users"), "a:$1\nb:$2\n", "what it names is changed");
	ok(readlink(FILE_NAME, (char[8]){0}, 8) > 0, "and it stays a link");
	ok(count_files("real", true) == 1, "nothing is left beside the file");
	ok(gate_users_change(users, GATE_USER_ADD, "c", "$3", NULL, NULL) == -1, "a dangling one");
	gate_users_close(users);
	count_files(".", true);
}

static void
test_mode(void)
{
	static const unsigned int modes[] = {0600, 0640, 0664, 0644, 0666};
	struct gate_users *users;
	struct stat before, after;
	mode_t mask = umask(077);
	bool kept = true;

	listen_in();
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		write_file(FILE_NAME, "a:$1\n");
		must(geteuid() != 0 || chown(FILE_NAME, 1234, 4321) == 0, "chown");
		must(chmod(FILE_NAME, modes[i]) == 0 && stat(FILE_NAME, &before) == 0, "chmod");
		users = open_users();
		must(gate_users_change(users, GATE_USER_REPLACE, "a", "$2", NULL, NULL) == 1,
		    "change");
		must(stat(FILE_NAME, &after) == 0, "stat");
		kept &= after.st_mode == (before.st_mode & ~(mode_t)07) &&
		    after.st_uid == before.st_uid && after.st_gid == before.st_gid &&
		    after.st_ino != before.st_ino;
		gate_users_close(users);
		unlink(FILE_NAME);
	}
	hear_out();
	umask(mask);
	ok(kept, "mode, owner and group stay, but others may do nothing any more");
}

/* Nobody but user 1234 and the owner may read: the mode shows what 1234 may as the group's. */
static void
test_access_list(void)
{
	static const struct __attribute__((packed)) {
		uint32_t version;
		struct __attribute__((packed)) {
			uint16_t tag, rights;
			uint32_t id;
		} entries[5];
	} list = {2,
	    {{1, 6, UINT32_MAX}, {2, 4, 1234}, {4, 0, UINT32_MAX}, {16, 4, UINT32_MAX},
		{32, 0, UINT32_MAX}}};
	struct gate_users *users = open_text("a:$1\n");
	char after[256];

	if (setxattr(FILE_NAME, ACL, &list, sizeof list, 0) < 0) {
		printf("# no access lists here: %s\n", strerror(errno));
	} else {
		ok(mode_of(FILE_NAME) == 0640 &&
			gate_users_change(users, GATE_USER_ADD, "b", "$2", NULL, NULL) == 1,
		    "a file with an access list");
		ok(getxattr(FILE_NAME, ACL, after, sizeof after) == (ssize_t)sizeof list &&
			memcmp(after, &list, sizeof list) == 0 && mode_of(FILE_NAME) == 0640,
		    "keeps it");
	}
	gate_users_close(users);
	unlink(FILE_NAME);
}

/* ---- changes that fail ---- */

/* 0: the change failed with this text, and neither the file nor its folder changed. */
static int
fails(struct gate_users *users, const char *folder, const char *why)
{
	static char before[TEXT_SIZE];
	struct gate_error error = {0};
	int files = count_files(folder, false), good = 0;
	char path[64];

	snprintf(path, sizeof path, "%s/users", folder);
	snprintf(before, sizeof before, "%s", file_text(path));
	good += gate_users_change(users, GATE_USER_ADD, "b", "$2", NULL, &error) == -1;
	good += strcmp(file_text(path), before) == 0 && strcmp(find(users, "a"), "$1") == 0;
	good += count_files(folder, false) == files;
	good += strstr(error.text, "users file:folder/users") != NULL &&
	    strstr(error.text, why) != NULL;
	if (good != 4)
		printf("# %s\n", error.text);
	return good == 4 ? 0 : 1;
}

static struct gate_users *
open_in_folder(void)
{
	struct gate_users *users = gate_users_open("file:folder/users", NULL);

	must(users != NULL, "folder/users");
	return users;
}

static int
fail_full(void)
{
	const struct rlimit limit = {1000, 1000};
	struct gate_users *users = open_in_folder();

	signal(SIGXFSZ, SIG_IGN);
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
	return fails(users, "folder", "can't be changed: File too large");
}

static int
fail_protected(void)
{
	return fails(open_in_folder(), "folder", "can't be changed: Permission denied");
}

static int
fail_foreign(void)
{
	return fails(open_in_folder(), "folder", "can't be changed: Operation not permitted");
}

/* A file system of its own, which is full at some point. 77: not here. */
static int
fail_on_device(void)
{
	struct gate_buffer text = {0};
	struct gate_users *users;
	int result;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "folder", "tmpfs", 0, "size=16k") < 0)
		return 77;
	gate_buffer_puts(&text, "a:$1\n");
	while (text.length < 6000)
		gate_buffer_puts(&text, "# a comment\n");
	write_file("folder/users", gate_buffer_text(&text));
	write_bytes("folder/filler", gate_buffer_text(&text), 4096);
	users = open_in_folder();
	result = fails(users, "folder", "can't be changed: No space left on device");
	unlink("folder/filler");
	must(gate_users_change(users, GATE_USER_ADD, "c", "$3", NULL, NULL) == 1, "with room");
	must(mount(NULL, "folder", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0, "remount");
	return result + fails(users, "folder", "can't be changed: Read-only file system");
}

static void
test_failures(void)
{
	struct gate_buffer text = {0};
	int result;

	must(mkdir("folder", 0755) == 0, "mkdir");
	gate_buffer_puts(&text, "a:$1\n");
	while (text.length < 2000)
		gate_buffer_puts(&text, "# a comment\n");
	write_file("folder/users", gate_buffer_text(&text));
	gate_buffer_release(&text);
	ok(in_child(fail_full, false) == 0, "a write that fails leaves the old file");
	must(geteuid() != 0 || chown("folder/users", NOBODY, NOBODY) == 0, "chown");
	must(chmod("folder", 0555) == 0, "chmod");
	ok(in_child(fail_protected, true) == 0, "a folder that is protected");
	must(chmod("folder", 0777) == 0 && chmod("folder/users", 0400) == 0, "chmod");
	ok(in_child(fail_protected, true) == 0,
	    "a file that is protected, though its folder isn't");
	if (geteuid() == 0) {
		must(chown("folder/users", 0, 0) == 0 && chmod("folder/users", 0666) == 0, "chown");
		listen_in();
		result = in_child(fail_foreign, true);
		hear_out();
		ok(result == 0, "a file whose owner would change");
		result = in_child(fail_on_device, false);
		if (result == 77)
			printf("# no file system of our own can be mounted here\n");
		else
			ok(result == 0, "a full and a read-only file system");
	}
	count_files("folder", true);
	rmdir("folder");
}

/* htpasswd, an editor: they know no locks. */
static void
test_meanwhile(void)
{
	struct gate_user_file *file = gate_users_file.open(URL, true, NULL);
	struct gate_buffer text = {0};
	struct gate_error error = {0};
	struct place place;

	gate_buffer_puts(&text, "ours:$1\n");
	must(file != NULL && open_place(&place, file, NULL) == 0, "open_place");
	rename_in("theirs:$1\n");
	ok(put(&place, &text, file, &error) == -1, "a file that was replaced meanwhile");
	is(error.text, "users file:users was changed by somebody else meanwhile: try again",
	    "is not overwritten, which is said");
	close_place(&place);
	error = (struct gate_error){0};
	must(open_place(&place, file, NULL) == 0, "open_place");
	write_file(FILE_NAME, "theirs, longer:$1\n");
	ok(put(&place, &text, file, &error) == -1, "nor one that was changed in place");
	is(file_text(FILE_NAME), "theirs, longer:$1\n", "it is theirs");
	close_place(&place);
	ok(count_files(".", true) == 1, "nothing is left beside it");
	gate_buffer_release(&text);
	gate_users_file.close(file);
}

static void
test_lock(void)
{
	struct gate_users *users = open_text("a:$1\n");
	struct gate_error error = {0};
	int fd = open(FILE_NAME, O_RDONLY | O_CLOEXEC);

	must(fd >= 0 && flock(fd, LOCK_EX) == 0, "flock");
	impatient = true;
	ok(gate_users_change(users, GATE_USER_ADD, "b", "$2", NULL, &error) == -1,
	    "a lock that is not given back");
	is(error.text, "users file:users can't be changed: Connection timed out", "which is said");
	impatient = false;
	is(find(users, "a"), "$1", "readers don't wait for it");
	close(fd);
	ok(gate_users_change(users, GATE_USER_ADD, "b", "$2", NULL, NULL) == 1,
	    "and one that is given back");
	gate_users_close(users);
}

/* ---- many at once ---- */

static struct crowd {
	atomic_int stop, torn, backward, found, conflicts;
} * crowd;

/* A hash that says its number twice and so shows where it is torn. */
static void
make_hash(char hash[GATE_HASH_MAX], int number)
{
	snprintf(hash, GATE_HASH_MAX, "$%08d%0*d$%08d", number, 10 + number % 7 * 20, 0, number);
}

static int
number_in(const char *hash)
{
	char wanted[GATE_HASH_MAX];
	int number;

	if (strlen(hash) < 10 || sscanf(hash, "$%8d", &number) != 1)
		return -1;
	make_hash(wanted, number);
	return strcmp(wanted, hash) == 0 ? number : -1;
}

static void *
find_until_stopped(void *data)
{
	char hash[GATE_HASH_MAX];
	int last = 0;

	while (!crowd->stop) {
		int result = gate_users_find(data, "middle", hash, NULL);
		int number = result == 1 ? number_in(hash) : -1;

		crowd->torn += number < 0;
		crowd->backward += number < last;
		crowd->found++;
		last = number;
	}
	return NULL;
}

static int
change_often(void)
{
	struct gate_users *users = open_users();
	char hash[GATE_HASH_MAX];
	int good = 0;

	for (int i = 1; i <= 500; i++) {
		make_hash(hash, i);
		good +=
		    gate_users_change(users, GATE_USER_REPLACE, "middle", hash, NULL, NULL) == 1;
	}
	gate_users_close(users);
	return good == 500 ? 0 : 1;
}

/* Enough users around the one that is looked for to fill a few pages. */
static void
write_crowd(void)
{
	struct gate_buffer text = {0};
	char hash[GATE_HASH_MAX];

	for (int i = 0; i < 200; i++) {
		make_hash(hash, i);
		gate_buffer_printf(&text, "user%d:%s\n", i, hash);
		if (i == 100)
			make_hash(hash, 0);
		if (i == 100)
			gate_buffer_printf(&text, "middle:%s\n", hash);
	}
	write_bytes(FILE_NAME, text.data, text.length);
	gate_buffer_release(&text);
}

static void
test_crowd(void)
{
	pthread_t threads[THREADS];
	struct gate_users *users;
	int status = -1;
	pid_t pid;

	write_crowd();
	crowd->stop = crowd->torn = crowd->backward = crowd->found = 0;
	fflush(stdout);
	/* before there are threads: a child of one would wait for what another holds (malloc's lock) */
	pid = fork();
	if (pid == 0) {
		while (crowd->found == 0)
			gate_clock_pause();
		_exit(change_often());
	}
	users = open_users();
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, find_until_stopped, users) == 0, "thread");
	must(pid > 0 && waitpid(pid, &status, 0) == pid, "fork");
	crowd->stop = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("# %d finds beside 500 changes\n", crowd->found);
	ok(status == 0 && crowd->found > THREADS && crowd->torn == 0,
	    "8 threads find beside 500 changes: none finds half a change");
	ok(crowd->backward == 0, "or an older one after a newer one");
	gate_users_close(users);
}

static int
add_many(int number)
{
	struct gate_users *users = open_users();
	char name[32];
	int good = 0;

	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof name, "p%d-%d", number, i);
		good += gate_users_change(users, GATE_USER_ADD, name, "$1", NULL, NULL) == 1;
	}
	gate_users_close(users);
	return good == 50 ? 0 : 1;
}

/* Counts up in the user's hash: each step only from what it read. */
static int
count_up(int number)
{
	struct gate_users *users = open_users();
	char was[GATE_HASH_MAX], hash[GATE_HASH_MAX];
	int done = 0, result = 1;

	(void)number;
	while (done < 25 && result >= 0 && gate_users_find(users, "count", was, NULL) == 1) {
		snprintf(hash, sizeof hash, "$%ld", strtol(was + 1, NULL, 10) + 1);
		result = gate_users_change(users, GATE_USER_REPLACE, "count", hash, was, NULL);
		done += result == 1;
		crowd->conflicts += result == 0;
	}
	gate_users_close(users);
	return done == 25 ? 0 : 1;
}

static void
test_writers(void)
{
	struct gate_users *users = open_text("count:$0\n");
	char name[32];
	int found = 0;

	ok(in_processes(PROCESSES, add_many), "200 users by 4 processes: no call fails");
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "p%d-%d", i / 50, i % 50);
		found += strcmp(find(users, name), "$1") == 0;
	}
	ok(found == 200 && count_lines(file_text(FILE_NAME)) == 201, "all of them are there");
	crowd->conflicts = 0;
	ok(in_processes(PROCESSES, count_up), "4 processes change one user by what was there");
	is(find(users, "count"), "$100", "no change is lost");
	printf("# %d conflicts\n", crowd->conflicts);
	ok(count_files(".", true) == 1, "nothing is left beside the file");
	gate_users_close(users);
}

static void
change_until_killed(void)
{
	struct gate_users *users = open_users();
	char hash[GATE_HASH_MAX];

	for (int i = number_in(find(users, "middle")) + 1;; i++) {
		make_hash(hash, i);
		if (gate_users_change(users, GATE_USER_REPLACE, "middle", hash, NULL, NULL) != 1)
			_exit(1);
		crowd->found = i;
	}
}

/* Kills a writer at some point of its work. */
static bool
kill_one(int round)
{
	int before = crowd->found, number, status;
	pid_t pid = fork();
	struct gate_users *users;

	if (pid == 0)
		change_until_killed();
	while (crowd->found < before + 2) /* it is in full swing */
		if (waitpid(pid, &status, WNOHANG) != 0)
			return false;
	for (volatile int wait = round * 7919 % 60000 * 10; wait > 0;)
		wait = wait - 1;
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		return false;
	users = open_users();
	number = number_in(find(users, "middle"));
	gate_users_close(users);
	return number == crowd->found || number == crowd->found + 1;
}

static void
test_killed(void)
{
	struct gate_users *users;
	int good = 0, kills = counted(200), left = 0;

	write_crowd();
	crowd->found = 0;
	fflush(stdout);
	while (good < kills && kill_one(good)) {
		good++;
		left += count_files(".", false) > 1;
	}
	ok(good == kills, "%d writers killed: the file is as before or as after", good);
	printf("# %d left a file aside\n", left);
	users = open_users();
	ok(gate_users_change(users, GATE_USER_ADD, "more", "$1", NULL, NULL) == 1, "it goes on");
	ok(count_files(".", true) == 1, "and what they left aside goes");
	gate_users_close(users);
}

/* ---- a big file ---- */

/* Is there an index, so that a find halves what is left, and never scans? */
static bool
is_sorted(const struct gate_user_table *table)
{
	bool sorted = table->named == table->count;

	for (size_t i = 1; i < table->named; i++)
		sorted = sorted && compare_names(&table->names[i - 1], &table->names[i]) < 0;
	return sorted;
}

static void
test_big(void)
{
	struct gate_buffer text = {0};
	struct gate_user_file *file;
	char name[32], wanted[32], hash[GATE_HASH_MAX];
	int found = 0;

	for (int i = 0; i < 50000; i++)
		gate_buffer_printf(&text, "user%d@example.org:$%d\n", i, i);
	write_bytes(FILE_NAME, text.data, text.length);
	gate_buffer_release(&text);
	file = gate_users_file.open(URL, false, NULL);
	must(file != NULL, "a big file");
	for (int i = 0; i < 50000; i += 7) {
		snprintf(name, sizeof name, "user%d@example.org", i);
		snprintf(wanted, sizeof wanted, "$%d", i);
		ahead = 10000;
		found +=
		    gate_users_file.find(file, name, hash, NULL) == 1 && strcmp(hash, wanted) == 0;
	}
	ok(found == 7143 && file->table->count == 50000, "each of 50 000 users is found");
	ok(is_sorted(file->table), "in an index by name");
	ahead = 0;
	gate_users_file.close(file);
	unlink(FILE_NAME);
}

int
main(void)
{
	must(mkdtemp(scratch) != NULL && chmod(scratch, 0777) == 0 && chdir(scratch) == 0, scratch);
	crowd =
	    mmap(NULL, sizeof *crowd, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(crowd != MAP_FAILED, "mmap");
	test_since();
	test_names();
	test_open();
	test_formats();
	test_lengths();
	test_log();
	test_strangers();
	test_reload();
	test_settled();
	test_unreadable();
	test_too_large();
	test_change();
	test_own_change();
	test_make();
	count_files(".", true);
	test_link();
	test_mode();
	test_access_list();
	test_failures();
	count_files(".", true);
	test_meanwhile();
	test_lock();
	count_files(".", true);
	test_crowd();
	test_writers();
	test_killed();
	test_big();
	munmap(crowd, sizeof *crowd);
	count_files(".", true);
	must(chdir("/") == 0 && rmdir(scratch) == 0, scratch);
	return done();
}
