/* test_user_file_change.c: changing the file, and changes that fail: the old file stays.
 * Tests user/file_change.c and base/replace.c. */
#include "config.h"

#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "base/replace.h"
#include "user/htpasswd.h"

#define ACL "system.posix_acl_access"

/* ---- changing ---- */

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

/* Changes a file of this text: the text that it has then, or "none", or what failed. */
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
		ok(chmod(FILE_NAME, 0644) == 0 &&
			gate_users_change(users, GATE_USER_ADD, "c", "$2", NULL, NULL) == 1 &&
			mode_of(FILE_NAME) == 0640,
		    "but not the rights of others");
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

static int
compose_ours(void *data, const struct gate_buffer *old, struct gate_buffer *new)
{
	(void)data;
	(void)old;
	gate_buffer_puts(new, "ours:$1\n");
	return 1;
}

/* htpasswd, an editor: they know no locks. */
static void
test_meanwhile(void)
{
	const struct gate_replace_edit edit = {
	    .most = 100, .shown = "this", .compose = compose_ours};
	struct gate_replace place = GATE_REPLACE(.path = FILE_NAME, .make = true);
	struct gate_error error = {0};

	must(gate_replace_open(&place) == 0, "gate_replace_open");
	rename_in("theirs:$1\n");
	ok(gate_replace_edit(&place, &edit, &error) == -1, "a file that was replaced meanwhile");
	is(error.text, "this was changed by somebody else meanwhile: try again",
	    "is not overwritten, which is said");
	gate_replace_close(&place);
	must(gate_replace_open(&place) == 0, "gate_replace_open");
	write_file(FILE_NAME, "theirs, longer:$1\n");
	ok(gate_replace_edit(&place, &edit, &error) == -1, "nor one that was changed in place");
	is(file_text(FILE_NAME), "theirs, longer:$1\n", "it is theirs");
	gate_replace_close(&place);
	ok(count_files(".", true) == 1, "nothing is left beside it");
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

int
main(void)
{
	folder_open();
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
	count_files(".", true);
	test_lock();
	folder_close();
	return done();
}
