/* store/file/check.c: tells gate check what an operator should know of a folder's records. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "crypto/id.h"
#include "record/record.h"
#include "store/file/private.h"

#define RECORDS_LOOKED_AT 10000 /* files; a million would take a minute */

struct listener { /* gets the findings */
	gate_check_report *report;
	void *data;
};

/* Counts sessions (seen), and of those: with rights for others (exposed), not padded as gate's
 * (foreign), with the user at another member (unnamed). Counts other files: those that can't be
 * opened (closed), those that are no sessions (others). Has a name of one exposed and of one
 * other. more: there are files beyond those that were looked at. */
struct tally {
	const struct gate_store_file_dir *dir;
	size_t seen, exposed, foreign, closed, others, unnamed;
	char exposed_one[NAME_MAX + 1], other[NAME_MAX + 1];
	bool more;
};

/* gate pads its records with spaces to a multiple of 256 bytes, except with file_sync; Node never
 * pads. */
static bool
is_unpadded(int fd, const struct stat *st)
{
	char last;

	return st->st_size > 0 && st->st_size % GATE_STORE_FILE_PAD != 0 &&
	    pread(fd, &last, 1, st->st_size - 1) == 1 && last != ' ';
}

/* Is somebody logged in by the record, but at a member other than user_member? */
static bool
has_other_user(const struct tally *tally, const char *text, size_t length)
{
	struct gate_record record = {.user_member = tally->dir->user_member};
	bool other = gate_record_parse(&record, text, length) == 1 && record.user == NULL &&
	    record.user_changed;

	gate_record_release(&record);
	return other;
}

/* Is it the file of a session, or the remains of one? Counts those of `unnamed`. */
static bool
is_session(int fd, const char *name, const struct stat *st, struct tally *tally)
{
	size_t size =
	    st->st_size < GATE_RECORD_SIZE_MAX ? (size_t)st->st_size : GATE_RECORD_SIZE_MAX;
	char id[GATE_ID_MAX + 1], *text;
	enum gate_store_file_kind kind = GATE_STORE_FILE_OTHER;
	ssize_t got;
	bool session;

	if (!gate_store_file_id(name, id))
		return false;
	text = malloc(size + 1);
	got = text != NULL ? pread(fd, text, size, 0) : -1;
	if (got >= 0)
		kind = gate_store_file_kind_of(text, (size_t)got);
	tally->unnamed +=
	    kind == GATE_STORE_FILE_SESSION && has_other_user(tally, text, (size_t)got);
	session = kind == GATE_STORE_FILE_SESSION || kind == GATE_STORE_FILE_BLANK ||
	    (kind == GATE_STORE_FILE_TORN && (off_t)size == st->st_size);
	free(text);
	return session;
}

static void
count_other(const char *name, struct tally *tally)
{
	if (tally->others++ == 0)
		snprintf(tally->other, sizeof tally->other, "%s", name);
}

/* Looks at a file whose name ends in .json. */
static void
look_at(const char *name, struct tally *tally)
{
	int fd = openat(tally->dir->records, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0) {
		tally->closed += errno == EACCES || errno == EPERM || errno == EROFS;
		return;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !is_session(fd, name, &st, tally)) {
		count_other(name, tally);
	} else if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		tally->seen++;
		tally->foreign += is_unpadded(fd, &st);
		if ((st.st_mode & 0077) != 0 && tally->exposed++ == 0)
			snprintf(tally->exposed_one, sizeof tally->exposed_one, "%s", name);
	}
	close(fd);
}

/* Returns 1, or -1 with the error set if the folder can't be listed. */
static int
look_at_all(struct tally *tally, struct gate_error *error)
{
	DIR *folder = gate_store_file_listing(tally->dir->records);
	struct dirent *entry;

	if (folder == NULL)
		return gate_store_file_fail(tally->dir, "the folder can't be read", error);
	while (!tally->more && (entry = readdir(folder)) != NULL) {
		size_t length = strlen(entry->d_name);
		struct stat st;

		if (tally->seen + tally->closed + tally->others == RECORDS_LOOKED_AT)
			tally->more = true;
		else if (length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0)
			look_at(entry->d_name, tally);
		else if (fstatat(tally->dir->records, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			0 &&
		    S_ISREG(st.st_mode))
			count_other(entry->d_name, tally);
	}
	closedir(folder);
	return 1;
}

static void say(const struct listener *, enum gate_check_level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
say(const struct listener *listener, enum gate_check_level level, const char *format, ...)
{
	struct gate_buffer text = {0};
	va_list arguments;

	va_start(arguments, format);
	gate_buffer_vprintf(&text, format, arguments);
	va_end(arguments);
	listener->report(listener->data, level, gate_buffer_text(&text));
	gate_buffer_release(&text);
}

static void
say_all(const struct tally *tally, const struct listener *listener)
{
	const char *path = tally->dir->path;

	if (tally->closed > 0)
		say(listener, GATE_CHECK_ERROR,
		    "store: %zu records in %s can't be opened: "
		    "give them to the user that gate runs as",
		    tally->closed, path);
	if (tally->exposed > 0)
		say(listener, GATE_CHECK_WARNING,
		    "store: others have rights on %zu records in %s (%.8s...): chmod 0600 *.json",
		    tally->exposed, path, tally->exposed_one);
	if (tally->unnamed > 0)
		say(listener, GATE_CHECK_WARNING,
		    "user_member: in %zu records of %s somebody is logged in, but not at %s: with "
		    "another user_member they were, and have to log in again",
		    tally->unnamed, path, tally->dir->user_member);
	if (tally->others > 0)
		say(listener, GATE_CHECK_NOTE,
		    "store: %zu files in %s are no sessions (%s): gate leaves them where they are",
		    tally->others, path, tally->other);
	if (tally->foreign > 0 && !tally->dir->sync)
		say(listener, GATE_CHECK_WARNING,
		    "store: %zu of %zu records in %s look like Node's: "
		    "if Node uses this folder too, sessions get lost: say file_sync = yes",
		    tally->foreign, tally->seen, path);
	if (tally->more)
		say(listener, GATE_CHECK_NOTE,
		    "store: only the first %d files in %s were looked at: there may be more of "
		    "each kind",
		    RECORDS_LOOKED_AT, path);
}

int
gate_store_file_report(void *store, gate_check_report *report, void *data, struct gate_error *error)
{
	const struct listener listener = {report, data};
	struct tally tally = {.dir = store};

	if (look_at_all(&tally, error) < 0)
		return -1;
	say_all(&tally, &listener);
	return 1;
}
