/* test_error.c: the first cause wins, and its text always fits. */
#include "config.h"

#include <errno.h>

#include "base/encode.h"
#include "base/error.h"
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

/* What is too long loses its middle: the end says what to do. */
static void
test_long_texts(void)
{
	static const char advice[] =
	    ": make one with `gate secret`, or say allow_weak_secret = yes",
			  reason[] = ": No such file or directory";
	char text[6000]; /* longer than the longest value of an option, with a path */
	size_t wrong = 0;

	for (size_t shift = 0; shift < 2; shift++)
		for (size_t length = 1; length < sizeof text; length++) {
			struct gate_error error = {0}, other = {0};

			memset(text, 0, sizeof text);
			for (size_t i = 0; i + 2 < length; i += 2)
				memcpy(text + i, "\xc3\xbc", 2);
			gate_fail(&error, GATE_EOPTION, "%ssecret_file %s%s", shift ? "a " : "",
			    text, advice);
			errno = ENOENT;
			gate_fail_errno(&other, GATE_EOPTION, "store file:%s", text);
			wrong += strlen(error.text) >= sizeof error.text ||
			    strncmp(error.text + 2 * shift, "secret_file ", 12) != 0 ||
			    strcmp(error.text + strlen(error.text) - strlen(advice), advice) != 0 ||
			    !gate_utf8_valid(error.text, strlen(error.text)) ||
			    strcmp(other.text + strlen(other.text) - strlen(reason), reason) != 0 ||
			    strncmp(other.text, "store file:", 11) != 0;
		}
	ok(wrong == 0, "of a long text beginning and end stay, in whole characters (%zu)", wrong);
}

int
main(void)
{
	test_first_cause();
	test_errno();
	test_long_texts();
	return done();
}
