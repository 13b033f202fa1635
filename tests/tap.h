/* tap.h: prints test results as TAP. A test calls ok() and is(), and ends with `return done();`. */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_tests, tap_failed;

__attribute__((format(printf, 2, 3))) static inline bool
ok(bool good, const char *name, ...)
{
	va_list arguments;

	printf("%sok %d - ", good ? "" : "not ", ++tap_tests);
	va_start(arguments, name);
	vprintf(name, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
	tap_failed += !good;
	return good;
}

/* Not inlined: gcc 14 and 16 would warn of comparisons with some callers' constants. */
__attribute__((unused, noinline, nonnull(3))) static bool
is(const char *got, const char *wanted, const char *name)
{
	bool good = got == NULL || wanted == NULL ? got == wanted : strcmp(got, wanted) == 0;

	ok(good, "%s", name);
	if (!good)
		printf("#      got: %s\n#   wanted: %s\n", got ? got : "NULL",
		    wanted ? wanted : "NULL");
	return good;
}

static inline void
skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

static inline int
done(void)
{
	printf("1..%d\n", tap_tests);
	return tap_failed != 0;
}

#endif
