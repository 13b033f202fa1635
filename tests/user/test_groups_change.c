/* test_groups_change.c: changes of the file of groups: its lines, and changes that come to nothing.
 * Tests user/groups_change.c and user/groups_line.c. */
#include "config.h"

#include <sys/file.h>

#include "base/file.h"
#include "user/groups.h"
#include "user/htpasswd.h"

#define MEMBERS_MAX 4

static struct gate_error error;
static struct gate_groups_member members[MEMBERS_MAX];

/* Changes a file of this text by the words of `names`. Returns the text that it has then, "none" if
 * nothing was to be changed, or what failed. */
static const char *
changed(const char *text, bool remove, const char *group, const char *names)
{
	static char copy[TEXT_SIZE];
	struct gate_groups_edit edit = {.group = group, .members = members, .remove = remove};
	char *rest = copy;
	int result;

	snprintf(copy, sizeof copy, "%s", names);
	while (edit.count < MEMBERS_MAX && rest != NULL)
		members[edit.count++].name = strsep(&rest, ",");
	error = (struct gate_error){0};
	write_file(FILE_NAME, text);
	result = gate_groups_change(FILE_NAME, &edit, &error);
	if (result != 1 && strcmp(file_text(FILE_NAME), text) != 0)
		return "refused, but changed";
	return result == 1 ? file_text(FILE_NAME) : result == 0 ? "none" : error.text;
}

static void
test_add(void)
{
	is(changed("", false, "staff", "alice"), "staff: alice\n", "the first user");
	is(changed("", false, "staff", "alice,bob,alice"), "staff: alice bob\n",
	    "several, each once");
	is(changed("# x\n\nstaff: bob\nb: c\n", false, "staff", "alice"),
	    "# x\n\nstaff: bob alice\nb: c\n", "one more, and all else as it was");
	is(changed("staff : bob \t\r\nb:c", false, "staff", "alice"), "staff : bob alice \t\r\nb:c",
	    "behind the last name");
	is(changed("staff:", false, "staff", "alice"), "staff: alice",
	    "a group that had no user, in a line without an end");
	is(changed("a: b", false, "staff", "alice"), "a: b\nstaff: alice\n",
	    "a new group behind a line without an end");
	is(changed("a: b\r\nc: d", false, "staff", "alice"), "a: b\r\nc: d\r\nstaff: alice\r\n",
	    "lines that end as those there do");
	is(changed(GATE_FILE_MARK "a: b\n", false, "a", "c"), GATE_FILE_MARK "a: b c\n",
	    "behind a byte-order mark");
	is(changed("staff: bob\nstaff: alice\n", false, "staff", "alice,bob"), "none",
	    "who is there already, in whatever line");
	ok(members[0].there && members[1].there, "which is told");
	is(changed("staff: bob\nstaff: alice\n", false, "staff", "alice,carl"),
	    "staff: bob carl\nstaff: alice\n", "one is there, the other is not");
	ok(members[0].there && !members[1].there, "which is told");
	is(changed("staff: a:b\n", false, "staff", "alice"), "staff: a:b\nstaff: alice\n",
	    "not into a line where a wrong name would hide it");
	is(changed("staff: a:b alice\n", false, "staff", "alice"),
	    "staff: a:b alice\nstaff: alice\n", "who is hidden so is not there");
	is(changed("#staff: bob\nstaffs: bob\nstaf: bob\nno colon\n", false, "staff", "bob"),
	    "#staff: bob\nstaffs: bob\nstaf: bob\nno colon\nstaff: bob\n",
	    "other lines are not the group's");
}

static void
test_remove(void)
{
	is(changed("staff: alice bob\n", true, "staff", "alice"), "staff: bob\n", "one who goes");
	is(changed("staff:alice\tbob  carl \r\n#\n", true, "staff", "bob"),
	    "staff:alice  carl \r\n#\n", "with the blanks before the name");
	is(changed("a: x\nstaff: alice bob\nb: alice\nstaff: alice", true, "staff", "alice"),
	    "a: x\nstaff: bob\nb: alice\n", "from all lines of the group, and no other");
	is(changed("staff: alice bob\n# y\n", true, "staff", "bob,alice"), "# y\n",
	    "a line that is left empty goes, too");
	is(changed("staff: alice\n", true, "staff", "alice"), "", "also the last one");
	is(changed("staff:\nstaff: alice\n", true, "staff", "alice"), "staff:\n",
	    "one that was empty stays");
	is(changed("staff: a:b alice\n", true, "staff", "alice"), "staff: a:b\n",
	    "who is hidden by a wrong name");
	is(changed("staff: alice\n", true, "staff", "alice,bob"), "none", "all or nobody");
	ok(members[0].there && !members[1].there, "who was missing is told");
	is(changed("", true, "staff", "alice"), "none", "from an empty file");
}

static void
test_names(void)
{
	is(changed("", false, "a,b", "c"), "the group's name holds a comma", "a group's name");
	is(changed("", false, "a:b", "c"), "the group's name holds a colon", "a colon in it");
	is(changed("", false, "#a", "c"), "the group's name begins with #", "a comment's");
	is(changed("", false, "", "c"), "the group's name is empty", "no name");
	is(changed("", false, "a", "c,d\n"), "the user's name holds a control character",
	    "a user's name that would break the line");
	is(changed("", false, "a", "c d"),
	    "the user's name holds a blank, which ends a name in the file of groups",
	    "a blank in it");
	is(changed("", false, "\xc3\xa4rzte", "J\xc3\xbcrgen"), "\xc3\xa4rzte: J\xc3\xbcrgen\n",
	    "UTF-8 as it stands");
}

static void
test_file(void)
{
	struct gate_groups_edit edit = {.group = "a", .members = members, .count = 1};
	mode_t mask = umask(0);
	int fd;

	members[0].name = "alice";
	unlink(FILE_NAME);
	edit.remove = true;
	error = (struct gate_error){0};
	ok(gate_groups_change(FILE_NAME, &edit, &error) == -1, "a file that is not there");
	is(error.text, "groups users: it is not there: gate group add makes it", "which is said");
	edit.remove = false;
	ok(gate_groups_change(FILE_NAME, &edit, &error) == 1, "the first user makes it");
	ok(mode_of(FILE_NAME) == 0600, "for its owner only (%o)", mode_of(FILE_NAME));
	must(chmod(FILE_NAME, 0666) == 0, "chmod");
	members[0].name = "bob";
	ok(gate_groups_change(FILE_NAME, &edit, &error) == 1 && mode_of(FILE_NAME) == 0664,
	    "others may go on reading it, but not write (%o)", mode_of(FILE_NAME));
	fd = open(FILE_NAME, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && flock(fd, LOCK_EX) == 0, "flock");
	impatient = true;
	members[0].name = "carl";
	error = (struct gate_error){0};
	ok(gate_groups_change(FILE_NAME, &edit, &error) == -1, "a lock that is not given back");
	is(error.text, "groups users can't be changed: Connection timed out", "which is said");
	impatient = false;
	close(fd);
	is(file_text(FILE_NAME), "a: alice bob\n", "the file is as it was");
	ok(count_files(".", false) == 1, "nothing is left beside it");
	umask(mask);
}

static void
test_print(void)
{
	struct gate_buffer text = {0};
	struct gate_groups *groups;

	write_file(FILE_NAME, "b: x a\n# c\nab: x\na: y\nb: a z\nempty:\n");
	groups = gate_groups_open(FILE_NAME, &error);
	ok(groups != NULL && gate_groups_print(groups, &text, &error) == 0, "all groups");
	is(gate_buffer_text(&text), "a: y\nab: x\nb: a x z\n", "sorted, each user once");
	gate_buffer_reset(&text);
	write_file(FILE_NAME, "");
	ok(gate_groups_print(groups, &text, &error) == 0 && text.length == 0, "none");
	gate_groups_close(groups);
	gate_buffer_release(&text);
}

int
main(void)
{
	folder_open();
	test_add();
	test_remove();
	test_names();
	test_file();
	test_print();
	folder_close();
	return done();
}
