/* test_field.c: names of header fields and cookies, and blanks around values. */
#include "config.h"

#include "http/field.h"
#include "tap.h"

static void
trims(const char *text, const char *wanted)
{
	const char *at = text;
	size_t length = strlen(text);

	gate_field_trim(&at, &length);
	ok(length == strlen(wanted) && memcmp(at, wanted, length) == 0, "\"%s\"", wanted);
}

int
main(void)
{
	int good = 0;

	for (int c = 1; c < 256; c++) {
		const char name[] = {'a', (char)c, '\0'};
		bool wanted = c > 0x20 && c < 0x7f && strchr("()<>@,;:\\\"/[]?={}", c) == NULL;

		good += gate_field_is_token(name) == wanted;
	}
	ok(good == 255, "every byte but NUL, in a name");
	ok(!gate_field_is_token(""), "no name");
	ok(gate_field_is_token("connect.sid"), "connect.sid");
	trims("", "");
	trims(" \t ", "");
	trims("a", "a");
	trims("\t a b\t ", "a b");
	trims("\r\na\v", "\r\na\v");
	return done();
}
