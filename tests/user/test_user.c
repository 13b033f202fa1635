/* test_user.c: names, formats, strangers and when sessions ended, of a file. */
#include "config.h"

#include "base/file.h"
#include "user/htpasswd.h"

#define LOGGED_MAX 10 /* bad lines of one reading, as file.c has it */

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

int
main(void)
{
	folder_open();
	test_since();
	test_names();
	test_open();
	test_formats();
	test_lengths();
	test_log();
	test_strangers();
	folder_close();
	return done();
}
