/* test_user_file.c: what is seen of a change of the file, and how fast a user of many is found. */
#include "config.h"

/* The lookup's structure is looked at, too: what is no behaviour, and can't be timed. */
#include "user/file_table.c"

#include "user/htpasswd.h"

/* ---- what is seen of a change ---- */

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
	folder_open();
	test_reload();
	test_settled();
	test_unreadable();
	test_too_large();
	count_files(".", true);
	test_big();
	folder_close();
	return done();
}
