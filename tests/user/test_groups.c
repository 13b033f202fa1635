/* test_groups.c: the file of groups: its lines, and that a change of it is seen at once.
 * Tests user/groups.c and base/fresh.c. */
#include "config.h"

#include <inttypes.h>

#include "user/groups.h"
#include "user/htpasswd.h"

static struct gate_groups *groups;

/* Returns a user's groups, "failed" if the file can't be read. Valid until the next call. */
static const char *
of(const char *user)
{
	static char text[TEXT_SIZE];
	struct gate_buffer list = {0};
	struct gate_error error = {0};

	if (gate_groups_of(groups, user, &list, &error) < 0)
		snprintf(text, sizeof text, "failed");
	else
		snprintf(text, sizeof text, "%s", gate_buffer_text(&list));
	gate_buffer_release(&list);
	return text;
}

static void
open_groups(const char *text)
{
	struct gate_error error = {0};

	write_file(FILE_NAME, text);
	groups = gate_groups_open(FILE_NAME, &error);
	must(groups != NULL, error.text);
}

static void
test_lines(void)
{
	open_groups("\xef\xbb\xbf# comment\n\nstaff: alice bob\r\n"
		    "  admins :\talice\t \nempty:\nstaff: carl alice\n"
		    "\xc3\xa4rzte: anna\nlast: alice");
	is(of("alice"), "staff,admins,last", "a user's groups, each once, in the file's order");
	is(of("bob"), "staff", "a line that ends as on Windows");
	is(of("carl"), "staff", "a second line of a group adds to it");
	is(of("anna"), "\xc3\xa4rzte", "UTF-8 as it stands");
	is(of("Alice"), "", "names are compared byte for byte");
	is(of("alic"), "", "and whole");
	is(of(""), "", "nobody");
	gate_groups_close(groups);
	open_groups("");
	is(of("alice"), "", "an empty file");
	gate_groups_close(groups);
}

static void
test_bad_lines(void)
{
	open_groups("staff alice\na,b: alice\n: alice\nx: al:ice bob\nx\x01: alice\n"
		    "good: alice\n");
	is(of("alice"), "good", "a line that is wrong is left out");
	is(of("bob"), "", "from where it is wrong on");
	gate_groups_close(groups);
}

static void
test_change(void)
{
	char text[64], wanted[32];
	int seen = 0;

	open_groups("a: alice\n");
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof text, "g%03d: alice\n", i);
		snprintf(wanted, sizeof wanted, "g%03d", i);
		write_file(FILE_NAME, text);
		seen += strcmp(of("alice"), wanted) == 0;
	}
	ok(seen == 200, "200 changes in place are seen at once (%d)", seen);
	unlink(FILE_NAME);
	is(of("alice"), "failed", "a file that vanished says nothing");
	write_file(FILE_NAME, "back: alice\n");
	is(of("alice"), "back", "it comes back by itself");
	unlink(FILE_NAME);
	must(mkdir(FILE_NAME, 0700) == 0, "mkdir");
	is(of("alice"), "failed", "a folder in its place");
	rmdir(FILE_NAME);
	write_file(FILE_NAME, "again: alice\n");
	ahead += 10000;
	is(of("alice"), "again", "and back");
	is(of("alice"), "again", "the file has settled");
	write_file(FILE_NAME, "other: alice\n");
	is(of("alice"), "other", "a change is seen all the same");
	gate_groups_close(groups);
}

static void
test_many(void)
{
	struct gate_buffer text = {0};

	for (int i = 0; i < 20000; i++)
		gate_buffer_printf(&text, "g%d: u%d u%d\n", i % 100, i, i + 1);
	open_groups(gate_buffer_text(&text));
	is(of("u0"), "g0", "the first of 20000 lines");
	is(of("u20000"), "g99", "the last");
	is(of("u150"), "g49,g50", "one between");
	gate_groups_close(groups);
	gate_buffer_release(&text);
}

int
main(void)
{
	folder_open();
	test_lines();
	test_bad_lines();
	test_change();
	test_many();
	folder_close();
	return done();
}
