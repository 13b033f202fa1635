/* gate_secret.c: gate secret: makes the file of secrets, and rotates them in two steps. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/file.h"
#include "gate_command.h"
#include "options/options.h"
#include "crypto/random.h"
#include "crypto/sign.h"

#define SECRET_BYTES 32
#define FILE_MAX (16u << 10)     /* bytes; the programs read no more */
#define LOCK_TIME 5000           /* ms */
#define ASIDE ".gate-secret.new" /* one name is enough: its writer holds the lock */

enum job { JOB_MAKE, JOB_APPEND, JOB_PROMOTE };

struct place { /* a file by its folder, which is open and locked */
	const char *shown;
	char *path, *name; /* path: without links, if the file is there; name: in it */
	int folder;
};

struct lines { /* a file's lines that hold a secret */
	size_t count;
	const char *first, *last; /* where the first and the last begin */
};

/* ---- the place ---- */

static void
close_place(struct place *place)
{
	if (place->folder >= 0)
		close(place->folder);
	free(place->path);
}

static int
lock(int folder)
{
	int64_t deadline = gate_clock_monotonic() + LOCK_TIME;

	while (flock(folder, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		if (gate_clock_monotonic() >= deadline)
			return -1;
		gate_clock_pause();
	}
	return 0;
}

/* Opens and locks the folder. Resolves links to a file that is there: a change must not replace a
 * link. */
static int
open_place(struct place *place, const char *path, bool there, struct gate_error *error)
{
	char *slash;

	*place = (struct place){.shown = path, .folder = -1};
	place->path = there ? realpath(path, NULL) : strdup(path);
	if (place->path == NULL)
		return gate_fail_errno(error, GATE_ESYSTEM, "%.100s", path);
	slash = strrchr(place->path, '/');
	place->name = slash != NULL ? slash + 1 : place->path;
	if (slash == NULL) {
		place->folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else {
		*slash = '\0';
		place->folder = open(
		    slash == place->path ? "/" : place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (place->folder < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "the folder of %.100s", path);
	if (lock(place->folder) < 0)
		return gate_fail_errno(
		    error, GATE_ESYSTEM, "the lock on the folder of %.100s", path);
	return 0;
}

/* ---- writing ---- */

/* Gives the new file the owner and the mode of the one that it replaces. */
static int
copy_owner(void *data, int fd)
{
	const struct stat *as = data;

	return fchown(fd, as->st_uid, as->st_gid) < 0 ? -1 : fchmod(fd, as->st_mode & 07777);
}

/* Writes the file, whole or not at all. as: the status of the file that it replaces; NULL: there
 * must be none yet. Returns 0, or -1 with the error set. */
static int
put(const struct place *place, const struct gate_buffer *text, struct stat *as,
    struct gate_error *error)
{
	struct stat fresh = {.st_uid = (uid_t)-1, .st_gid = (gid_t)-1, .st_mode = 0600};
	int result = -1;

	if (text->failed)
		return gate_fail(error, GATE_EMEMORY, "out of memory");
	if (gate_file_write(place->folder, ASIDE, text, copy_owner, as != NULL ? as : &fresh) == 0)
		result = as != NULL ? renameat(place->folder, ASIDE, place->folder, place->name)
				    : linkat(place->folder, ASIDE, place->folder, place->name, 0);
	if (result < 0 && errno == EEXIST)
		gate_fail(error, GATE_ESYSTEM,
		    "%.80s is there already: --append adds a secret to it", place->shown);
	else if (result < 0)
		gate_fail_errno(error, GATE_ESYSTEM, "%.100s can't be written", place->shown);
	else if (fsync(place->folder) < 0)
		result = gate_fail_errno(error, GATE_ESYSTEM, "the folder of %.100s", place->shown);
	unlinkat(place->folder, ASIDE, 0);
	return result;
}

/* ---- secrets ---- */

static int
make_secret(char secret[2 * SECRET_BYTES + 1], struct gate_error *error)
{
	unsigned char bytes[SECRET_BYTES];

	if (gate_random_bytes(bytes, sizeof bytes) < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "no random bytes");
	gate_hex(secret, bytes, sizeof bytes);
	explicit_bzero(bytes, sizeof bytes);
	return 0;
}

/* Finds secrets as the programs do: on each line that is neither blank nor a comment. */
static struct lines
find_lines(const char *text)
{
	struct lines lines = {0};

	while (*text != '\0') {
		size_t length = strcspn(text, "\n"), blank = strspn(text, " \t\r");

		if (blank < length && text[blank] != '#') {
			lines.first = lines.count == 0 ? text : lines.first;
			lines.last = text;
			lines.count++;
		}
		text += length + (text[length] == '\n');
	}
	return lines;
}

static int
append(struct gate_buffer *out, const char *text, const char *shown, struct gate_error *error)
{
	const char *line_end = gate_file_line_end(text, strlen(text));
	char secret[2 * SECRET_BYTES + 1];
	size_t length = strlen(text);

	if (find_lines(text).count >= GATE_SECRETS_MAX)
		return gate_fail(error, GATE_EOPTION,
		    "%.80s holds %d secrets already: remove one that signs no cookie any more",
		    shown, GATE_SECRETS_MAX);
	if (make_secret(secret, error) < 0)
		return -1;
	gate_buffer_add(out, text, length);
	if (length > 0 && text[length - 1] != '\n')
		gate_buffer_puts(out, line_end);
	gate_buffer_puts(out, secret);
	gate_buffer_puts(out, line_end);
	explicit_bzero(secret, sizeof secret);
	return 0;
}

static int
promote(struct gate_buffer *out, const char *text, const char *shown, struct gate_error *error)
{
	struct lines lines = find_lines(text);
	size_t length;

	if (lines.count < 2)
		return gate_fail(error, GATE_EOPTION,
		    "%.80s holds no second secret: add one with --append first", shown);
	length = strcspn(lines.last, "\n");
	gate_buffer_add(out, text, (size_t)(lines.first - text));
	gate_buffer_add(out, lines.last, length);
	gate_buffer_puts(
	    out, lines.last[length] == '\n' ? "\n" : gate_file_line_end(text, strlen(text)));
	gate_buffer_add(out, lines.first, (size_t)(lines.last - lines.first));
	return gate_buffer_puts(out, lines.last + length + (lines.last[length] == '\n'));
}

/* ---- the jobs ---- */

/* Reads the file, without a byte-order mark. Returns the mark's length, or -1 with the error
 * set. */
static int
read_file(
    const struct place *place, struct stat *st, struct gate_buffer *text, struct gate_error *error)
{
	int fd = openat(place->folder, place->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int mark = -1;

	if (fd < 0 || fstat(fd, st) < 0)
		gate_fail_errno(error, GATE_ESYSTEM, "%.100s", place->shown);
	else if (!S_ISREG(st->st_mode))
		gate_fail(error, GATE_EOPTION, "%.100s is no regular file", place->shown);
	else if ((mark = gate_file_read(fd, FILE_MAX, text)) < 0)
		gate_fail_errno(error, GATE_ESYSTEM, "%.100s", place->shown);
	else if (strlen(text->data) != text->length)
		mark = gate_fail(error, GATE_EOPTION, "%.100s holds a NUL byte", place->shown);
	if (fd >= 0)
		close(fd);
	return mark;
}

/* Does the job. Returns how many secrets the file holds now, or -1 with the error set. */
static int
change(enum job job, const char *path, struct gate_error *error)
{
	struct gate_buffer old = {0}, new = {0};
	bool there = job != JOB_MAKE;
	struct place place;
	struct stat st;
	int result = -1, mark = 0;

	if (open_place(&place, path, there, error) < 0 ||
	    (there && (mark = read_file(&place, &st, &old, error)) < 0))
		goto out;
	/* reserve all at once: growing would leave copies of secrets in memory */
	if (gate_buffer_reserve(&new, FILE_MAX + 2 * SECRET_BYTES + 4) < 0) {
		gate_fail(error, GATE_EMEMORY, "out of memory");
		goto out;
	}
	gate_buffer_puts(&new, mark > 0 ? GATE_FILE_MARK : "");
	if (job == JOB_PROMOTE)
		result = promote(&new, old.data, path, error);
	else
		result = append(&new, gate_buffer_text(&old), path, error);
	if (result == 0)
		result = put(&place, &new, there ? &st : NULL, error);
	if (result == 0)
		result = (int)find_lines(new.data + mark).count;
out:
	gate_file_wipe(&old);
	gate_file_wipe(&new);
	close_place(&place);
	return result;
}

/* Prints to standard error, so that standard output holds nothing but secrets. */
static void
say_what_next(enum job job, const char *path, int count)
{
	char *absolute = realpath(path, NULL); /* programs start in other folders than this one */

	if (absolute != NULL)
		path = absolute;
	if (count == 1)
		fprintf(stderr,
		    "%s holds a new secret\n"
		    "next: say secret_file = %s in gate.conf,\n"
		    "and make the user that gate runs as its owner\n",
		    path, path);
	else if (job == JOB_APPEND)
		fprintf(stderr,
		    "%s holds %d secrets; the new one verifies and does not sign yet\n"
		    "next: send SIGHUP to every gate program, and give a Node peer the new\n"
		    "line as the last of its secrets; then run gate secret with --promote\n",
		    path, count);
	else
		fprintf(stderr,
		    "%s holds %d secrets; what was the last one signs now\n"
		    "next: send SIGHUP to every gate program, and let a Node peer sign with\n"
		    "it too; when every session has been used since then or has expired\n"
		    "(max_age, or ttl where that is 0), remove the other lines, and send\n"
		    "SIGHUP again\n",
		    path, count);
	free(absolute);
}

static int
print_secret(struct gate_error *error)
{
	char secret[2 * SECRET_BYTES + 1];

	if (make_secret(secret, error) < 0)
		return -1;
	puts(secret);
	explicit_bzero(secret, sizeof secret);
	return 0;
}

/* ---- the command line ---- */

struct request {
	enum job job;
	const char *file; /* NULL: the option secret_file */
};

/* Takes this command's own words out of argv. Returns how many arguments are left, or -1 if the
 * words don't fit together. */
static int
take_words(struct request *request, int argc, char **argv)
{
	int left = 1, jobs = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--append") == 0 || strcmp(argv[i], "--promote") == 0) {
			request->job = argv[i][2] == 'a' ? JOB_APPEND : JOB_PROMOTE;
			jobs++;
		} else if (strncmp(argv[i], "--file=", 7) == 0) {
			request->file = argv[i] + 7;
		} else if (strcmp(argv[i], "--file") == 0 && i + 1 < argc) {
			request->file = argv[++i];
		} else {
			argv[left++] = argv[i];
		}
	}
	return jobs > 1 || (request->file != NULL && left > 1) ? -1 : left;
}

int
gate_command_secret(int argc, char **argv)
{
	struct request request = {.job = JOB_MAKE};
	struct gate_options options = {0};
	struct gate_error error = {0};
	int count = -1, left = take_words(&request, argc, argv);

	if (left < 0)
		return gate_command_usage(
		    "gate secret takes --file FILE, and then --append or --promote");
	if (request.file == NULL && gate_command_options(&options, left, argv, &error) < 0)
		goto out;
	if (request.file == NULL)
		request.file = options.secret_file;
	if (*request.file == '\0')
		gate_fail(&error, GATE_EOPTION,
		    "no file: say --file FILE, or secret_file = FILE in gate.conf");
	else if (strcmp(request.file, "-") != 0)
		count = change(request.job, request.file, &error);
	else if (request.job == JOB_MAKE)
		count = print_secret(&error);
	else
		gate_fail(&error, GATE_EOPTION, "--file -: there is nothing to change in it");
	if (count > 0)
		say_what_next(request.job, request.file, count);
out:
	gate_options_release(&options);
	return count < 0 ? gate_command_fail(&error) : GATE_COMMAND_DONE;
}
