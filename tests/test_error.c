/* test_error.c: the first cause wins, and its text always fits. */
#include "config.h"

#include <errno.h>

#include "error.h"
#include "tap.h"

static void
test_first_cause(void)
{
	struct gate_error error = {0};

	ok(gate_fail(&error, GATE_ETEMPLATE, "template %s: not found", "a.html") == -1,
	    "answers -1");
	ok(error.code == GATE_ETEMPLATE, "the code");
	is(error.text, "template a.html: not found", "the text");
	ok(gate_fail(&error, GATE_ESTORE, "store: away") == -1, "a second cause answers -1 too");
	ok(error.code == GATE_ETEMPLATE, "but the first code stays");
	is(error.text, "template a.html: not found", "and the first text");
	errno = ENOENT;
	gate_fail_errno(&error, GATE_ESYSTEM, "open");
	is(error.text, "template a.html: not found", "also before gate_fail_errno");
	ok(gate_fail(NULL, GATE_ESTORE, "store") == -1, "no error wanted");
	errno = EIO;
	ok(gate_fail_errno(NULL, GATE_ESTORE, "store") == -1, "no error wanted, with errno");
}

static void
test_errno(void)
{
	struct gate_error error = {0};

	errno = ENOENT;
	ok(gate_fail_errno(&error, GATE_ESYSTEM, "open %s", "/x") == -1, "with errno: answers -1");
	ok(error.code == GATE_ESYSTEM, "with errno: the code");
	is(error.text, "open /x: No such file or directory", "with errno: the text");
	error = (struct gate_error){0};
	errno = 0;
	gate_fail_errno(&error, GATE_ESYSTEM, "open");
	is(error.text, "open", "no errno, no reason");
	error = (struct gate_error){0};
	errno = EACCES;
	gate_fail(&error, GATE_ESYSTEM, "open");
	is(error.text, "open", "gate_fail does not look at errno");
	error = (struct gate_error){0};
	errno = 99999;
	gate_fail_errno(&error, GATE_ESYSTEM, "open");
	is(error.text, "open: Unknown error 99999", "an unknown errno");
}

static void
test_long_texts(void)
{
	struct gate_error error = {0};
	char text[1000];

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	gate_fail(&error, GATE_EOPTION, "%s", text);
	ok(strlen(error.text) == sizeof error.text - 1, "a long text is cut");
	for (size_t length = 150; length < sizeof error.text + 5; length++) {
		error = (struct gate_error){0};
		errno = ENOENT;
		gate_fail_errno(&error, GATE_EOPTION, "%.*s", (int)length, text);
		if (memchr(error.text, '\0', sizeof error.text) == NULL)
			break;
		if (length + strlen(": No such file or directory") < sizeof error.text &&
		    strstr(error.text, "x: No such file or directory") == NULL)
			break;
	}
	ok(memchr(error.text, '\0', sizeof error.text) != NULL &&
		strlen(error.text) == sizeof error.text - 1,
	    "a long text and a reason are cut");
}

int
main(void)
{
	test_first_cause();
	test_errno();
	test_long_texts();
	return done();
}
