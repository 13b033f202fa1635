/* test_store_file.c: the file store's bytes, modes and inodes, and files that are no records. */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/file.h>

#include "crypto/digest.h"
#include "base/buffer.h"
#include "base/log.h"
#include "records.h"
#include "scratch.h"
#include "store/file/file.h"
#include "store/file/private.h"

#define MADE INT64_C(1795253194612) /* 2026-11-21T09:26:34.612Z */
#define NODES                                                                                      \
	"{\"cookie\":{\"originalMaxAge\":3600000,\"httpOnly\":true,\"path\":\"/\"},\"n\":%s,"      \
	"\"__lastAccess\":%lld}"

static struct fixture f;
static int folder, real_stderr, log_file;
static char bytes[3 << 20], logged[65536];

/* ---- files, as they are on the disk ---- */

/* The file's length, bytes holds its text; -1: there is none. */
static ssize_t
slurp(const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length = fd >= 0 ? read(fd, bytes, sizeof bytes - 1) : -1;

	if (fd >= 0)
		close(fd);
	bytes[length > 0 ? length : 0] = '\0';
	return length;
}

static void
spill_bytes(const char *name, const void *text, size_t length)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length || close(fd) < 0)
		exit(2);
}

static void
spill(const char *name, const char *text)
{
	spill_bytes(name, text, strlen(text));
}

/* A record as session-file-store writes it, renamed into place. */
static void
spill_node(const char *name, const char *n, int64_t accessed)
{
	char text[1024];

	snprintf(text, sizeof text, NODES, n, (long long)accessed);
	spill("node.tmp", text);
	if (renameat(folder, "node.tmp", folder, name) < 0)
		exit(2);
}

static struct stat
look(const char *name)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		exit(2);
	return st;
}

static bool
is_there(const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
begin_log(void)
{
	if (ftruncate(log_file, 0) < 0 || lseek(log_file, 0, SEEK_SET) < 0)
		exit(2);
	dup2(log_file, STDERR_FILENO);
}

/* How many lines were logged since; logged holds them. */
static int
end_log(void)
{
	ssize_t length;
	int lines = 0;

	dup2(real_stderr, STDERR_FILENO);
	length = pread(log_file, logged, sizeof logged - 1, 0);
	logged[length > 0 ? length : 0] = '\0';
	for (const char *c = logged; *c != '\0'; c++)
		lines += *c == '\n';
	return lines;
}

/* ---- bytes ---- */

/* text, and behind it nothing but spaces, at least one, up to a multiple of 256. */
static bool
is_padded(ssize_t length, const char *text)
{
	size_t used = strlen(text);

	return length > (ssize_t)used && length % 256 == 0 && length <= (ssize_t)used + 256 &&
	    memcmp(bytes, text, used) == 0 && strspn(bytes + used, " ") == (size_t)length - used;
}

static const char made[] =
    "{\"cookie\":{\"originalMaxAge\":3600000,\"expires\":\"2026-11-21T10:26:34.612Z\","
    "\"httpOnly\":true,\"path\":\"/\"},\"n\":1,\"__lastAccess\":1795253194612}";

static void
test_bytes(bool synced)
{
	ssize_t length;

	put_at(&f.link, "bytes", "1", MADE, HOUR);
	length = slurp("bytes.json");
	if (synced)
		is(bytes, made, "a record as session-file-store has it");
	else
		ok(is_padded(length, made), "a record as session-file-store has it, padded");
	ok((look("bytes.json").st_mode & 07777) == 0600, "mode 0600");
	ok((look(".gate").st_mode & 07777) == 0700 && (look(".gate/tmp").st_mode & 07777) == 0700 &&
		(look(".gate/bump").st_mode & 07777) == 0700,
	    "what lies beside it: 0700");
	ok((look(".").st_mode & 07777) == 0700, "a folder that was made: 0700");
	take_away(&f.link, "bytes");
}

/* One more character at a time, until the padding has grown by a block. */
static void
test_padding(void)
{
	char n[300] = "\"\"", text[800];
	bool good = true;
	ssize_t length = 0;

	for (size_t i = 0; i < 280 && good; i++) {
		memset(n + 1, 'x', i);
		memcpy(n + 1 + i, "\"", 2);
		put_at(&f.link, "pad", n, MADE, HOUR);
		length = slurp("pad.json");
		snprintf(text, sizeof text, "%.*s%s%s", (int)(strstr(made, "\"n\":") + 4 - made),
		    made, n, strstr(made, ",\"__last"));
		good = is_padded(length, text);
		take_away(&f.link, "pad");
	}
	ok(good && length == 512, "always at least one space, always a multiple of 256");
}

static void
test_places(bool synced)
{
	char wide[5000];
	ino_t before;

	put(&f.link, "place", "1");
	before = look("place.json").st_ino;
	ok(set(&f.link, "place", "2") == 1 && (look("place.json").st_ino == before) == !synced,
	    synced ? "a synced record is exchanged"
		   : "a record that keeps its size stays in place");
	is(stored(&f.link, "place"), "2", "and is changed");
	before = look("place.json").st_ino;
	memset(wide, 'x', sizeof wide);
	wide[0] = wide[298] = '"';
	wide[299] = '\0';
	ok(set(&f.link, "place", wide) == 1 && look("place.json").st_ino != before,
	    "one that grows is exchanged");
	before = look("place.json").st_ino;
	ok(set(&f.link, "place", "3") == 1 && look("place.json").st_ino != before,
	    "one that shrinks, too");
	memset(wide + 1, 'x', sizeof wide - 1);
	wide[4300] = '"';
	wide[4301] = '\0';
	set(&f.link, "place", wide);
	before = look("place.json").st_ino;
	wide[7] = 'y';
	ok(set(&f.link, "place", wide) == 1 && look("place.json").st_ino != before,
	    "and one of more than a page");
	ok((look("place.json").st_mode & 07777) == 0600, "still 0600");
	take_away(&f.link, "place");
}

static void
test_node(void)
{
	struct gate_record record, other;
	struct gate_error error = {0};
	int64_t now = gate_clock_wall();
	ino_t before;

	spill_node("node.json", "[1.50,{\"a\":0.1}]", now);
	before = look("node.json").st_ino;
	is(stored(&f.link, "node"), "[1.50,{\"a\":0.1}]", "a record of Node's");
	get(&f.link, "node", &record);
	stamp(&record, HOUR);
	ok(gate_store_touch(&f.link, "node", &record, &error) == 1, "is touched");
	gate_store_release(&f.link, &record);
	ok(look("node.json").st_ino != before && slurp("node.json") > 0 &&
		strchr(bytes, ' ') == NULL,
	    "by an exchange, and stays without padding");
	ok(strstr(bytes, "\"n\":[1.50,{\"a\":0.1}],") != NULL, "and its members as they were");
	ok((look("node.json").st_mode & 07777) == 0600, "but nobody else may read it now");

	get(&f.link, "node", &record);
	get(&f.link, "node", &other);
	spill_node("node.json", "\"Node's\"", now);
	ok(change(&f.link, "node", &record, "1", &error) == GATE_CONFLICT,
	    "Node was faster: conflict");
	ok(gate_store_remove(&f.link, "node", &other, &error) == GATE_CONFLICT, "on removal, too");
	slurp("node.json");
	ok(strstr(bytes, "\"n\":\"Node's\"") != NULL, "Node's bytes stay");
	gate_store_release(&f.link, &record);
	gate_store_release(&f.link, &other);

	get(&f.link, "node", &record);
	spill_node("node.json", "\"Node's\"", now);
	ok(change(&f.link, "node", &record, "1", &error) == GATE_CONFLICT,
	    "the same bytes in another file: conflict");
	gate_store_release(&f.link, &record);
	get(&f.link, "node", &record);
	unlinkat(folder, "node.json", 0);
	ok(change(&f.link, "node", &record, "1", &error) == GATE_CONFLICT && !is_there("node.json"),
	    "Node removed it: conflict, and nothing is made");
	gate_store_release(&f.link, &record);
}

static void
test_times(void)
{
	static const char *const never[] = {"", ",\"__lastAccess\":1e300", ",\"__lastAccess\":9e18",
	    ",\"__lastAccess\":99999999999999999999"};
	struct gate_record record;
	char text[256];

	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		snprintf(text, sizeof text, "{\"cookie\":{\"originalMaxAge\":1000}%s}", never[i]);
		spill("times.json", text);
		ok(get(&f.link, "times", &record) == 1 &&
			record.expires == (i > 0 ? record.now + 1000 : INT64_MAX),
		    "%s: %s", i > 0 ? never[i] + 1 : "without __lastAccess",
		    i > 0 ? "it ends its lifetime from now" : "it never expires");
		gate_store_release(&f.link, &record);
	}
	spill("times.json", "{\"cookie\":{}}");
	ok(sweep_now(&f) == 0 && is_there("times.json"), "nor is it swept");
	spill("times.json", "{\"cookie\":{},\"__lastAccess\":1000}");
	ok(get(&f.link, "times", &record) == 0, "an old one has expired");
	ok(sweep_now(&f) == 1 && !is_there("times.json"), "and is swept");
}

/* ---- files that are no records ---- */

/* Nothing that the store does with the id fails, or changes what is there. */
static void
left_alone(const char *id, const char *what)
{
	struct gate_record record;
	char name[64];
	struct stat before, after;
	int lines, result;
	bool blank;

	snprintf(name, sizeof name, "%s.json", id);
	blank = slurp(name) >= 0 && look(name).st_size < 1000 && S_ISREG(look(name).st_mode) &&
	    strspn(bytes, " \t\r\n") == strlen(bytes);
	before = look(name);
	gate_log_forget();
	begin_log();
	result = get(&f.link, id, &record);
	lines = end_log();
	ok(result == (blank ? 0 : GATE_UNREADABLE) && lines == 1, "%s: %s, and one line in the log",
	    what, blank ? "what it held is lost" : "can't be read");
	ok(strstr(logged, "level=warn") != NULL && strstr(logged, id) == NULL, "without the id");
	ok(put(&f.link, id, "1") == 0, "its name is taken");
	begin_log();
	sweep_now(&f);
	end_log();
	after = look(name);
	ok(before.st_ino == after.st_ino && before.st_size == after.st_size &&
		before.st_mtim.tv_nsec == after.st_mtim.tv_nsec,
	    "the file is left as it is");
}

static void
test_strange(void)
{
	static char huge[(1 << 20) + 1];
	struct gate_record record;

	spill("elsewhere", "{\"cookie\":{},\"n\":1}");
	if (symlinkat("elsewhere", folder, "symbolic-link.json") < 0 ||
	    mkfifoat(folder, "named-pipe.json", 0600) < 0 ||
	    mkdirat(folder, "directory.json", 0700) < 0)
		exit(2);
	left_alone("symbolic-link", "a symbolic link");
	left_alone("named-pipe", "a named pipe");
	left_alone("directory", "a directory");
	memset(huge, ' ', sizeof huge);
	memcpy(huge, "{\"cookie\":{}}", 13);
	spill_bytes("huge-file.json", huge, sizeof huge);
	left_alone("huge-file", "a file of more than 1 MiB");
	spill_bytes("huge-file.json", huge, sizeof huge - 1);
	ok(get(&f.link, "huge-file", &record) == 1, "one of 1 MiB is a record");
	gate_store_release(&f.link, &record);
	unlinkat(folder, "symbolic-link.json", 0);
	unlinkat(folder, "named-pipe.json", 0);
	unlinkat(folder, "directory.json", AT_REMOVEDIR);
	unlinkat(folder, "huge-file.json", 0);
	unlinkat(folder, "elsewhere", 0);
}

/* What is no record is no reason to say something at each sweep, and goes once it is old. */
static void
test_swept_strange(void)
{
	static char huge[(1 << 20) + 1];
	struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	spill_bytes("huge-file.json", huge, sizeof huge);
	if (symlinkat("elsewhere", folder, "symbolic-link.json") < 0 ||
	    mkfifoat(folder, "named-pipe.json", 0600) < 0 ||
	    mkdirat(folder, "directory.json", 0700) < 0)
		exit(2);
	utimensat(folder, "symbolic-link.json", old, AT_SYMLINK_NOFOLLOW);
	utimensat(folder, "named-pipe.json", old, 0);
	utimensat(folder, "directory.json", old, 0);
	begin_log();
	ok(sweep_now(&f) == 0 && is_there("huge-file.json"), "one of more than 1 MiB is left");
	utimensat(folder, "huge-file.json", old, 0);
	ok(sweep_now(&f) == 1 && !is_there("huge-file.json"), "until nobody wrote it for ttl");
	ok(end_log() == 0, "the log is silent");
	ok(is_there("symbolic-link.json") && is_there("named-pipe.json") &&
		is_there("directory.json"),
	    "what is no file stays");
	unlinkat(folder, "symbolic-link.json", 0);
	unlinkat(folder, "named-pipe.json", 0);
	unlinkat(folder, "directory.json", AT_REMOVEDIR);
}

/* Other programs' files may lie in the folder, under a name that an id may have. */
static void
test_swept_foreign(void)
{
	static const char *const ours[] = {"", " \n", "{", "{\"cookie\":{\"originalMaxAge\":nu",
	    "{\"cookie\":{},\"a\":\"b", "{\"cookie\":{},\"a\":-", "{\"cookie\":{}}x\"}",
	    "{\"a\":1,\"cookie\":{}]", "{\"a\":1,"};
	static const char *const others[] = {"{\"name\":\"app\",\"version\":\"1.0.0\"}", "{}", "[]",
	    "[1,", "null", "nul", "tru", "hello", "\"text", "{\"cookie\":1}", "{\"cookie\":\"{}\"}",
	    "{\"a\":{\"cookie\":{}}}", "{a:1", "{\"a\":truth", "# a comment\n"};
	static char large[(1 << 20) + 100];
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		spill("ours.json", ours[i]);
		ok(sweep_now(&f) == 0 && is_there("ours.json"), "young: %s", ours[i]);
		utimensat(folder, "ours.json", old, 0);
		ok(sweep_now(&f) == 1 && !is_there("ours.json"), "  old: it is swept");
	}
	spill_bytes("ours.json", "{\"a\":\"b\0\0\0\0", 12);
	utimensat(folder, "ours.json", old, 0);
	ok(sweep_now(&f) == 1 && !is_there("ours.json"), "so is what was written in part");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		spill("package.json", others[i]);
		utimensat(folder, "package.json", old, 0);
		ok(sweep_now(&f) == 0 && is_there("package.json"), "no session stays: %s",
		    others[i]);
	}
	memset(large, ' ', sizeof large);
	memcpy(large, "{\"name\":\"x\",\"a\":[", 17);
	spill_bytes("package.json", large, sizeof large);
	utimensat(folder, "package.json", old, 0);
	ok(sweep_now(&f) == 0 && is_there("package.json"), "a large one, too");
	memcpy(large, "{\"cookie\":{},\"a\":\"\"", 19);
	spill_bytes("package.json", large, sizeof large);
	utimensat(folder, "package.json", old, 0);
	ok(sweep_now(&f) == 1 && !is_there("package.json"), "but one with a cookie in it");
}

static int
count_live(void *data, const char *id, struct gate_record *record)
{
	int *live = data;

	(void)id;
	*live += record->expires > record->now;
	return 1;
}

static void
test_each(void)
{
	struct gate_error error = {0};
	char text[64];
	int live = 0, fd;

	for (int i = 0; i < 2; i++) { /* the second one has expired by the ttl */
		snprintf(text, sizeof text, "{\"cookie\":{},\"__lastAccess\":%lld}",
		    (long long)(gate_clock_wall() - i * (f.options.ttl + 1000)));
		spill(i == 0 ? "live.json" : "dead.json", text);
	}
	ok(f.link.table->each(f.link.store, NULL, count_live, &live, &error) == 1 && live == 1,
	    "each: a record without a lifetime has that of ttl");
	spill("locked.json", "{\"cookie\":{}}");
	fd = openat(folder, "locked.json", O_RDONLY | O_CLOEXEC);
	live = 0;
	flock(fd, LOCK_EX);
	((struct gate_store_file_dir *)f.link.store)->deadline = 0;
	ok(f.link.table->each(f.link.store, NULL, count_live, &live, &error) == -1 && live == 1 &&
		error.code == GATE_ESTORE,
	    "one that can't be read: -1, after all the others");
	printf("# %s\n", error.text);
	((struct gate_store_file_dir *)f.link.store)->deadline = f.options.deadline;
	close(fd);
	unlinkat(folder, "locked.json", 0);
	unlinkat(folder, "live.json", 0);
	unlinkat(folder, "dead.json", 0);
}

static void
test_malformed(void)
{
	static const char *const texts[] = {"", " ", "null", "[]", "{", "{\"cookie\":{}",
	    "{\"n\":1}", "{\"cookie\":1}", "{\"cookie\":{}}}", "{\"cookie\":{},}", "{cookie:{}}",
	    "\xff\xfe"};
	struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	char what[80];

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		spill("malformed-file.json", texts[i]);
		snprintf(
		    what, sizeof what, "a file that holds %s", texts[i][0] ? texts[i] : "nothing");
		left_alone("malformed-file", i == 11 ? "a file that holds no text" : what);
	}
	spill_bytes("malformed-file.json", "{\"cookie\":{}}\0", 14);
	left_alone("malformed-file", "a file with a NUL at its end");
	utimensat(folder, "malformed-file.json", old, 0);
	ok(sweep_now(&f) == 1 && !is_there("malformed-file.json"),
	    "swept once nobody wrote it for ttl");
}

static void
test_deep(void)
{
	size_t depth = 100000, length;
	struct gate_record record;
	struct gate_error error = {0};
	json_t *session;
	char *text = malloc(2 * depth + 200);

	length = (size_t)snprintf(text, 200, "{\"cookie\":{},\"deep\":");
	memset(text + length, '[', depth);
	memset(text + length + depth, ']', depth);
	memcpy(text + length + 2 * depth, ",\"n\":1}", 8);
	spill("deeply-nested.json", text);
	ok(get(&f.link, "deeply-nested", &record) == 1, "100 000 levels deep: a record");
	session = gate_record_session(&record);
	ok(json_object_get(session, "deep") == NULL && json_object_get(session, "n") != NULL,
	    "what jansson can't read is hidden, the rest is not");
	json_decref(session);
	ok(change(&f.link, "deeply-nested", &record, "2", &error) == 1, "it can be changed");
	gate_store_release(&f.link, &record);
	ok(slurp("deeply-nested.json") > (ssize_t)(2 * depth) &&
		memcmp(bytes, text, length - 20) == 0 &&
		memmem(bytes, sizeof bytes, text + length - 7, 2 * depth + 7) != NULL,
	    "and keeps its depths");
	text[length + depth] = '\0';
	spill("deeply-nested.json", text);
	left_alone("deeply-nested", "one that is never closed");
	unlinkat(folder, "deeply-nested.json", 0);
	free(text);
}

static void
test_too_large(void)
{
	static char wide[(1 << 20) + 3];
	struct gate_record record = blank(gate_clock_wall());
	struct gate_error error = {0};

	memset(wide, 'x', sizeof wide - 1);
	wide[0] = wide[sizeof wide - 2] = '"';
	gate_record_set(&record, "n", wide);
	stamp(&record, HOUR);
	ok(gate_store_create(&f.link, "large", &record, &error) == -1 &&
		error.code == GATE_ESESSION,
	    "create refuses more than 1 MiB");
	printf("# %s\n", error.text);
	ok(!is_there("large.json"), "and makes nothing");
	gate_store_release(&f.link, &record);
	put(&f.link, "large", "1");
	get(&f.link, "large", &record);
	error = (struct gate_error){0};
	ok(change(&f.link, "large", &record, wide, &error) == -1 && error.code == GATE_ESESSION,
	    "update, too");
	gate_store_release(&f.link, &record);
	is(stored(&f.link, "large"), "1", "and what was there stays");
	wide[(1 << 20) - 1000] = '\0';
	wide[(1 << 20) - 1001] = '"';
	ok(set(&f.link, "large", wide) == 1 && get(&f.link, "large", &record) == 1,
	    "a little less is a record");
	gate_store_release(&f.link, &record);
	take_away(&f.link, "large");
}

/* ---- beside the records ---- */

/* auto_remove is about records; a clock that was set back does not stop the sweep. */
static void
test_sweep_options(void)
{
	struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct timespec later[2] = {
	    {.tv_sec = INT64_C(4000000000)}, {.tv_sec = INT64_C(4000000000)}};
	struct gate_bump b;
	struct gate_error error = {0};
	char name[GATE_SHA256_HEX + 1], path[128];

	gate_sha256_hex(name, "gone", 4);
	snprintf(path, sizeof path, ".gate/bump/%s", name);
	f.options.auto_remove = GATE_REMOVE_DISABLED;
	spill("expired.json", "{\"cookie\":{},\"__lastAccess\":1000}");
	spill(".gate/tmp/left", "");
	utimensat(folder, ".gate/tmp/left", old, 0);
	gate_store_bump(&f.link, "gone", 1, -1, &b, &error);
	ok(sweep_now(&f) == 0 && is_there("expired.json"), "auto_remove = disabled: records stay");
	ok(!is_there(".gate/tmp/left") && !is_there(path), "and the rest goes");
	f.options.auto_remove = GATE_REMOVE_NATIVE;
	utimensat(folder, ".gate/sweep", later, 0);
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 1 && !is_there("expired.json"),
	    "a sweep that was done in the future is due");
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 0 &&
		look(".gate/sweep").st_mtim.tv_sec < later[0].tv_sec,
	    "once");
}

static int
forget_and_bump(int number, void *data)
{
	atomic_int *running = data;
	struct gate_store_link link = {0};
	struct gate_error error = {0};
	struct gate_bump b;
	int bad = 0;

	if (connect_store(&link, &f.options, &error) < 0)
		return 1;
	if (number == 0)
		f.link = link;
	while (number == 0 && *running) /* the sweeper */
		bad |= sweep_now(&f) < 0;
	for (int i = counted(10000); number == 1 && i > 0; i--) {
		bad |=
		    gate_store_bump(&link, "k", 1, -1, &b, &error) != 1; /* has expired at once */
		bad |= gate_store_bump(&link, "k", 0, 0, &b, &error) != 1;
		bad |= gate_store_bump(&link, "k", 1, HOUR, &b, &error) != 1 || b.count != 1;
		bad |= gate_store_bump(&link, "k", 1, HOUR, &b, &error) != 1 || b.count != 2;
		bad |= gate_store_bump(&link, "k", 0, 0, &b, &error) != 1;
	}
	if (number == 1)
		*running = 0;
	return bad;
}

/* It is not absent: whoever asks takes it for full, or for set. */
static void
test_unreadable(const char *path)
{
	static const char *const texts[] = {"garbage", "1", "3 4 5", "{\"count\": 3}",
	    "9223372036854775807 4102444800000 0 0", "-9223372036854775808 4102444800000 0 0",
	    "9223372036854775808 4102444800000 0 0", "3 9223372036854775807 0 0",
	    "3 4102444800000 -9223372036854775808 0", "3 4102444800000 9223372036854775807 0",
	    "-1 4102444800000 0 0", "nan 4102444800000 0 0"};
	struct gate_bump b;
	struct gate_error error = {0};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		bool good = true;

		spill(path, texts[i]);
		for (int64_t add = -1; add <= 1; add++)
			good &= gate_store_bump(&f.link, "key", add, HOUR, &b, &error) == 1 &&
			    b.count == INT64_MAX && b.last == 0;
		ok(good, "a counter that is %s can't be read", texts[i]);
		slurp(path);
		is(bytes, texts[i], "  and stays as it is");
	}
	begin_log();
	gate_log_forget();
	gate_store_bump(&f.link, "key", 0, HOUR, &b, &error);
	ok(end_log() == 1 &&
		strstr(logged, "event=counter-unreadable store=file counter=key ") != NULL,
	    "which is logged");
	sweep_now(&f);
	ok(is_there(path), "the sweep leaves it");
	ok(gate_store_bump(&f.link, "key", 0, 0, &b, &error) == 1 && !is_there(path),
	    "and it can be forgotten");
}

static void
test_counters(void)
{
	struct gate_bump b;
	struct gate_error error = {0};
	atomic_int *running = shared_memory(sizeof *running);
	char name[GATE_SHA256_HEX + 1], path[128];

	gate_sha256_hex(name, "key", 3);
	snprintf(path, sizeof path, ".gate/bump/%s", name);
	gate_store_bump(&f.link, "key", 41, HOUR, &b, &error);
	ok(is_there(path) && (look(path).st_mode & 07777) == 0600, "a counter's file, 0600");
	spill(path, "garbage");
	sweep_now(&f);
	test_unreadable(path);
	spill(path, "");
	ok(gate_store_bump(&f.link, "key", 1, HOUR, &b, &error) == 1 && b.count == 1,
	    "one that was never written begins");
	ok(sweep_now(&f) == 0 && is_there(path), "the sweep leaves a live counter");
	gate_store_bump(&f.link, "key", 1, HOUR, &b, &error);
	gate_store_bump(&f.link, "key", -1, HOUR, &b, &error);
	ok(is_there(path) && b.count == 1, "one from which something is taken back stays");
	gate_store_bump(&f.link, "key", -1, HOUR, &b, &error);
	ok(!is_there(path) && b.count == 0, "  and goes when all is");
	gate_store_bump(&f.link, "key", 1, HOUR, &b, &error);
	gate_store_bump(&f.link, "key", 1, -1, &b, &error);
	sweep_now(&f);
	ok(!is_there(path), "and takes one that has expired");
	*running = 1;
	ok(in_processes(2, forget_and_bump, running),
	    "the sweep never takes the counter that was made behind an expired one");
	munmap(running, sizeof *running);
}

static void
keep_finding(void *data, enum gate_check_level level, const char *text)
{
	gate_buffer_printf(data, "%d %s\n", (int)level, text);
}

/* What `check` finds: a line each, with its level. */
static const char *
found(struct gate_buffer *text)
{
	static struct gate_error error;

	gate_buffer_reset(text);
	return f.link.table->check(f.link.store, keep_finding, text, &error) == 1
	    ? gate_buffer_text(text)
	    : error.text;
}

/* tests/test_command.sh sees all that it says; here it is called as gate(3) says. */
static void
test_check(void)
{
	struct gate_buffer text = {0};

	if (!ok(open_fixture(&f, "file:checked", "no") == 0, "open"))
		return;
	folder = open("checked", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(&f.link, "ours", "1");
	is(found(&text), "", "check: a record of ours");
	spill_node("theirs.json", "1", gate_clock_wall());
	is(found(&text),
	    "1 store: others have rights on 1 records in checked (theirs.j...): chmod 0600 *.json\n"
	    "1 store: 1 of 2 records in checked look like Node's: if Node uses this folder too, "
	    "sessions get lost: say file_sync = yes\n",
	    "  and one of Node's");
	ok(gate_store_memory.check == NULL, "there is nothing to see in memory:");
	gate_buffer_release(&text);
	close(folder);
	close_fixture(&f);
	remove_tree(AT_FDCWD, "checked");
}

static void
test_all(const char *sync)
{
	bool synced = strcmp(sync, "yes") == 0;
	int before;

	printf("# file_sync %s\n", sync);
	if (!ok(open_fixture(&f, "file:files", sync) == 0, "open"))
		return;
	folder = open("files", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	before = count_descriptors();
	test_bytes(synced);
	if (!synced)
		test_padding();
	test_places(synced);
	test_node();
	test_times();
	test_strange();
	test_swept_strange();
	test_swept_foreign();
	test_malformed();
	test_each();
	test_deep();
	test_too_large();
	test_sweep_options();
	test_counters();
	ok(count_descriptors() == before, "no descriptor is left open");
	close(folder);
	close_fixture(&f);
	remove_tree(AT_FDCWD, "files");
}

int
main(void)
{
	enter_scratch();
	umask(0); /* the modes are the store's own */
	real_stderr = dup(STDERR_FILENO);
	log_file = open("log", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	test_all("no");
	test_all("yes");
	test_check();
	leave_scratch();
	return done();
}
