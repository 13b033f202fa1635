/* gate_print.c: what strangers wrote, on a terminal: no byte of it acts there. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "encode.h"
#include "gate_command.h"

#define INDENT 2
#define INDENT_MAX 64 /* a record may be nested deeper than any screen is wide */

/* Is the character one that a terminal acts on? */
static bool
is_control(const char *text, size_t length)
{
	unsigned char first = (unsigned char)text[0];

	if (length == 1)
		return first < ' ' || first == 0x7f;
	return length == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0;
}

/* Prints one character of a JSON string, the same to every JSON parser, harmless to a terminal.
 * How many bytes it had. */
static size_t
print_character(const char *text, size_t left)
{
	size_t length = gate_utf8_character(text, left);

	if (length == 0)
		fputs("\\ufffd", stdout);
	else if (is_control(text, length))
		printf("\\u%04x", (unsigned char)text[length - 1]);
	else
		fwrite(text, 1, length, stdout);
	return length > 0 ? length : 1;
}

/* From a quote to the one that ends the string. How many bytes it had. */
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

/* Indents it by hand: jansson would change numbers, and can't hold all that a record may. */
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
