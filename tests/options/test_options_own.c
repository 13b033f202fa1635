/* test_options_own.c: the options that a program brings itself: what their names are, who may set
 * them, and that a program passes over those of other programs. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "options/own.h"
#include "tap.h"

static const struct gate_program_option list[] = {
    {"guestbook.title", "Guests", "heading of the page"},
    {"guestbook.per-page", "20", "texts on a page"},
    {"guestbook.note", NULL, NULL},
    {NULL, NULL, NULL},
};

static char conf[] = "/tmp/test_options_own.XXXXXX";
static struct gate_options options;
static struct gate_error error;

/* Loads the file's text, and one argument more, or NULL. Returns what gate_options_load_with
 * does. */
static int
load(const struct gate_program_option *own, const char *text, const char *argument)
{
	char name[64];
	int fd = open(conf, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		exit(1);
	close(fd);
	snprintf(name, sizeof name, "config=%s", conf);
	gate_options_release(&options);
	error = (struct gate_error){0};
	return gate_options_load_with(
	    &options, own, (const char *const[]){name, argument, NULL}, &error);
}

static const char *
value_of(const char *name)
{
	const char *value = gate_options_get(&options, name);

	return value != NULL ? value : "absent";
}

static void
refused(int result, const char *wanted)
{
	const char *text = error.text;

	if (strncmp(text, conf, strlen(conf)) == 0)
		text += strlen(conf) + 1;
	ok(result == -1 && error.code == GATE_EOPTION, "refused: %s", wanted);
	is(text, wanted, "  and says so");
}

static void
test_sources(void)
{
	ok(load(list, "", NULL) == 0, "nothing is set");
	is(value_of("guestbook.title"), "Guests", "the default");
	is(value_of("guestbook.note"), "", "NULL is the empty text");
	is(value_of("guestbook.absent"), "absent", "an option that was not declared");
	ok(load(list, "guestbook.title = \"Dear guests\"  \nthreads = 3\n", NULL) == 0, "a file");
	is(value_of("guestbook.title"), "Dear guests", "  sets it, also in quotes");
	ok(options.threads == 3, "  beside gate's own");
	setenv("GATE_GUESTBOOK_TITLE", "from outside", 1);
	setenv("GATE_GUESTBOOK_PER_PAGE", "5", 1);
	ok(load(list, "guestbook.title = x\n", NULL) == 0, "the environment");
	is(value_of("guestbook.title"), "from outside", "  goes before the file");
	is(value_of("guestbook.per-page"), "5", "  where a dash is an underscore too");
	ok(load(list, "guestbook.title = x\n", "guestbook.title=given") == 0, "an argument");
	is(value_of("guestbook.title"), "given", "  goes before the environment");
	unsetenv("GATE_GUESTBOOK_TITLE");
	unsetenv("GATE_GUESTBOOK_PER_PAGE");
	ok(load(list, "", NULL) == 0, "loaded again, without them");
	is(value_of("guestbook.title"), "Guests", "  it has its default again");
}

static void
test_other_programs(void)
{
	ok(load(list, "calendar.title = Dates\n", NULL) == 0, "another program's option");
	is(value_of("calendar.title"), "absent", "  is passed over");
	ok(load(NULL, "guestbook.title = x\n", NULL) == 0, "also by a program that has none");
	refused(load(list, "\nguestbook.titel = x\n", NULL),
	    "2: unknown option \"guestbook.titel\", see --help");
	refused(load(list, "", "guestbook.titel=x"),
	    "argv: unknown option \"guestbook.titel\", see --help");
	refused(load(list, "", "calendar.title=x"),
	    "argv: unknown option \"calendar.title\", see --help");
	refused(load(list, ".title = x\n", NULL), "1: this is not the name of an option");
	refused(load(list, "guestbook. = x\n", NULL), "1: this is not the name of an option");
	refused(load(list, "Guestbook.title = x\n", NULL), "1: this is not the name of an option");
}

static void
test_values(void)
{
	static char line[GATE_OPTION_VALUE_MAX + 64];

	refused(load(list, "guestbook.title = a\nguestbook.title = b\n", NULL),
	    "2: guestbook.title is set in line 1 already");
	refused(load(list, "guestbook.title = a\x01\n", NULL),
	    "1: guestbook.title holds a control byte");
	snprintf(line, sizeof line, "guestbook.title = ");
	memset(line + strlen(line), 'x', GATE_OPTION_VALUE_MAX);
	ok(load(list, line, NULL) == 0 &&
		strlen(value_of("guestbook.title")) == GATE_OPTION_VALUE_MAX,
	    "a value of %d bytes", GATE_OPTION_VALUE_MAX);
	line[strlen(line)] = 'x';
	refused(load(list, line, NULL), "1: guestbook.title is longer than 4096 bytes");
}

static void
refused_name(const char *name, const char *wanted)
{
	const struct gate_program_option bad[] = {
	    {"book.per_page", NULL, NULL}, {name, NULL, NULL}, {NULL, NULL, NULL}};

	refused(load(bad, "", NULL), wanted);
}

static void
test_names(void)
{
	static char name[GATE_OWN_NAME_MAX + 2];
	const struct gate_program_option longest[] = {{name, "x", NULL}, {NULL, NULL, NULL}};
	char text[100];

	refused_name("title", "program option title: its name is not of the form PROGRAM.NAME");
	refused_name("a.b.c", "program option a.b.c: its name is not of the form PROGRAM.NAME");
	refused_name("book.T", "program option book.T: its name is not of the form PROGRAM.NAME");
	refused_name("file.sync",
	    "program option file.sync: file_sync has the same name in the environment");
	refused_name("book.per-page",
	    "program option book.per-page: book.per_page has the same name in the environment");
	refused_name("book.per_page",
	    "program option book.per_page: book.per_page has the same name in the environment");
	memset(name, 'x', GATE_OWN_NAME_MAX);
	name[4] = '.';
	ok(load(longest, "", NULL) == 0, "a name of %d bytes", GATE_OWN_NAME_MAX);
	is(value_of(name), "x", "  is one");
	snprintf(text, sizeof text, "%.*s=given", GATE_OWN_NAME_MAX, name);
	ok(load(longest, "", text) == 0 && strcmp(value_of(name), "given") == 0,
	    "  that an argument sets");
	name[GATE_OWN_NAME_MAX] = 'x';
	ok(load(longest, "", NULL) == -1, "one of a byte more is none");
}

static void
test_arguments(void)
{
	static char words[3][32] = {"guestbook", "--guestbook.title", "Hello"};
	char *argv[] = {words[0], words[1], words[2], NULL}, **arguments;

	error = (struct gate_error){0};
	ok(gate_options_arguments(3, argv, list, &arguments, &error) == 1, "--name value");
	is(arguments[0], "guestbook.title=Hello", "  is an argument of the program");
	gate_options_free_arguments(arguments);
	refused(gate_options_arguments(3, argv, NULL, &arguments, &error),
	    "argv: unknown option \"guestbook.title\", see --help");
}

int
main(void)
{
	int fd = mkstemp(conf);

	if (fd < 0)
		return 1;
	close(fd);
	test_sources();
	test_other_programs();
	test_values();
	test_names();
	test_arguments();
	gate_options_release(&options);
	unlink(conf);
	return done();
}
