/* base/unicode.c: which characters don't show as they are, and how to escape them. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/unicode.h"

uint32_t
gate_unicode_code(const char *character, size_t length)
{
	const unsigned char *in = (const unsigned char *)character;
	uint32_t code = length == 1 ? in[0] : in[0] & (0x7fu >> length);

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (in[i] & 0x3f);
	return code;
}

/* Unicode 16: categories Cc, Cf, Zl, Zp and Zs (without U+0020), and
 * Default_Ignorable_Code_Point. */
bool
gate_unicode_is_hidden(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {{0, 0x1f}, {0x7f, 0xa0}, {0xad, 0xad}, {0x34f, 0x34f}, {0x600, 0x605},
	    {0x61c, 0x61c}, {0x6dd, 0x6dd}, {0x70f, 0x70f}, {0x890, 0x891}, {0x8e2, 0x8e2},
	    {0x115f, 0x1160}, {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f},
	    {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000},
	    {0x3164, 0x3164}, {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
	    {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
	    {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
	size_t low = 0, high = sizeof ranges / sizeof *ranges;

	if ((code & 0xfffe) == 0xfffe) /* a noncharacter of any plane */
		return true;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (code > ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sizeof ranges / sizeof *ranges && code >= ranges[low].first;
}

bool
gate_unicode_is_control(const char *character, size_t length)
{
	unsigned char first = (unsigned char)character[0];

	if (length == 1)
		return first < ' ' || first == 0x7f;
	return length == 2 && first == 0xc2 && (unsigned char)character[1] < 0xa0;
}

size_t
gate_unicode_cut(const char *text, size_t most)
{
	size_t length = strlen(text), whole = 0, size;

	while (whole < length && (size = gate_utf8_character(text + whole, length - whole)) > 0 &&
	    whole + size <= most)
		whole += size;
	return whole;
}

size_t
gate_unicode_shown(const char *name, size_t length, size_t most)
{
	size_t n = 0, size;

	while (n < length && (size = gate_utf8_character(name + n, length - n)) > 0 &&
	    size <= most - n && !gate_unicode_is_control(name + n, size))
		n += size;
	return n;
}

size_t
gate_unicode_escape(char out[GATE_UNICODE_ESCAPE_MAX], uint32_t code)
{
	const unsigned surrogates = 0xd800, half = 10;

	if (code < 0x10000)
		return (size_t)snprintf(out, GATE_UNICODE_ESCAPE_MAX, "\\u%04x", (unsigned)code);
	code -= 0x10000;
	return (size_t)snprintf(out, GATE_UNICODE_ESCAPE_MAX, "\\u%04x\\u%04x",
	    (unsigned)(surrogates | code >> half) & 0xffff,
	    (unsigned)(surrogates | 1u << half | (code & ((1u << half) - 1))) & 0xffff);
}
