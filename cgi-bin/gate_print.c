/* gate_print.c: prints strangers' text on a terminal: no character acts there or stays unseen. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "gate_command.h"
#include "base/unicode.h"

#define INDENT 2
#define INDENT_MAX 64 /* a record may be nested deeper than any screen is wide */

/* Prints one character of a JSON string: the same to every JSON parser, harmless to a terminal.
 * Returns how many bytes of text it was. */
static size_t
print_character(const char *text, size_t left)
{
	size_t length = gate_utf8_character(text, left);
	char escape[GATE_UNICODE_ESCAPE_MAX];

	if (length == 0) {
		fputs("\\ufffd", stdout);
		return 1;
	}
	if (gate_unicode_is_hidden(gate_unicode_code(text, length))) {
		gate_unicode_escape(escape, gate_unicode_code(text, length));
		fputs(escape, stdout);
	} else {
		fwrite(text, 1, length, stdout);
	}
	return length;
}

/* Prints a string with its quotes. Returns how many bytes of text it was. */
static size_t
print_string(const char *text, size_t left)
{
	size_t i = 1;

	putchar('"');
	while (i < left && text[i] != '"') {
		if (text[i] == '\\' && i + 1 < left)
			putchar(text[i++]);
		i += print_character(text + i, left - i);
	}
	putchar('"');
	return i + 1;
}

static void
print_line_break(int depth)
{
	printf("\n%*s", depth < INDENT_MAX / INDENT ? depth * INDENT : INDENT_MAX, "");
}

/* Indents the text itself: jansson would change numbers, and can't hold all that a record may. */
void
gate_command_print_json(const char *text, size_t length)
{
	int depth = 0;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '"') {
			i += print_string(text + i, length - i) - 1;
		} else if (c == '{' || c == '[') {
			putchar(c);
			i += strspn(text + i + 1, " \t\r\n");
			if (text[i + 1] != '}' && text[i + 1] != ']')
				print_line_break(++depth);
			else
				putchar(text[++i]);
		} else if (c == '}' || c == ']') {
			print_line_break(--depth);
			putchar(c);
		} else if (c == ',') {
			putchar(c);
			print_line_break(depth);
		} else if (c == ':') {
			fputs(": ", stdout);
		} else if (strchr(" \t\r\n", c) == NULL) {
			putchar(c);
		}
	}
	putchar('\n');
}

void
gate_command_print(const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t length = print_character(text, left);

		text += length;
		left -= length;
	}
}
