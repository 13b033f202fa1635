/* base/encode.c: bytes as text and back. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "base/encode.h"

static const char base64_standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
base64(char *out, const void *bytes, size_t length, const char *alphabet)
{
	const unsigned char *in = bytes;
	uint32_t bits;

	for (; length >= 3; length -= 3, in += 3) {
		bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & 63];
		*out++ = alphabet[bits >> 6 & 63];
		*out++ = alphabet[bits & 63];
	}
	if (length > 0) {
		bits = (uint32_t)in[0] << 16 | (length == 2 ? (uint32_t)in[1] << 8 : 0);
		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & 63];
		if (length == 2)
			*out++ = alphabet[bits >> 6 & 63];
	}
	*out = '\0';
}

void
gate_base64(char *out, const void *bytes, size_t length)
{
	base64(out, bytes, length, base64_standard);
}

void
gate_base64url(char *out, const void *bytes, size_t length)
{
	base64(out, bytes, length, base64_url);
}

void
gate_hex(char *out, const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = bytes;

	for (size_t i = 0; i < length; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

/* Does encodeURIComponent leave it as it is? isalnum() would depend on the locale. */
static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-_.!~*'()", c) != NULL);
}

int
gate_percent_encode(struct gate_buffer *out, const char *text, size_t length)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t plain = 0; /* where the bytes begin that are not copied yet */

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		char escape[3] = {'%', digits[c >> 4], digits[c & 15]};

		if (is_unreserved(c))
			continue;
		gate_buffer_add(out, text + plain, i - plain);
		gate_buffer_add(out, escape, sizeof escape);
		plain = i + 1;
	}
	return gate_buffer_add(out, text + plain, length - plain);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
are_escapes_good(const char *text, const char *end)
{
	while ((text = memchr(text, '%', (size_t)(end - text))) != NULL) {
		if (end - text < 3 || hex_value(text[1]) < 0 || hex_value(text[2]) < 0)
			return false;
		text += 3;
	}
	return true;
}

int
gate_percent_decode(char *text, size_t *length, bool plus)
{
	char *from = text, *out = text, *end = text + *length;

	if (!are_escapes_good(text, end))
		return 0;
	while (from < end) {
		char *escape = memchr(from, '%', (size_t)(end - from));
		size_t plain = (size_t)((escape != NULL ? escape : end) - from);

		memmove(out, from, plain);
		for (size_t i = 0; plus && i < plain; i++)
			if (out[i] == '+')
				out[i] = ' ';
		out += plain;
		from += plain;
		if (escape == NULL)
			break;
		*out++ = (char)(hex_value(from[1]) << 4 | hex_value(from[2]));
		from += 3;
	}
	*length = (size_t)(out - text);
	return 1;
}

size_t
gate_utf8_character(const char *text, size_t length)
{
	const unsigned char *in = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf; /* what the second byte may be */
	size_t size;

	if (length == 0)
		return 0;
	if (in[0] < 0x80)
		return 1;
	if (in[0] < 0xc2 || in[0] > 0xf4)
		return 0;
	size = in[0] < 0xe0 ? 2 : in[0] < 0xf0 ? 3 : 4;
	if (length < size)
		return 0;
	if (in[0] == 0xe0)
		low = 0xa0; /* below: overlong */
	else if (in[0] == 0xed)
		high = 0x9f; /* above: surrogates */
	else if (in[0] == 0xf0)
		low = 0x90; /* below: overlong */
	else if (in[0] == 0xf4)
		high = 0x8f; /* above: beyond U+10FFFF */
	if (in[1] < low || in[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
		if ((in[i] & 0xc0) != 0x80)
			return 0;
	return size;
}

bool
gate_utf8_valid(const char *text, size_t length)
{
	const uint64_t high_bits = 0x8080808080808080;
	size_t size;

	for (size_t i = 0; i < length; i += size) {
		uint64_t eight = high_bits;

		if (length - i >= sizeof eight)
			memcpy(&eight, text + i, sizeof eight);
		size = sizeof eight;
		if ((eight & high_bits) != 0)
			size = gate_utf8_character(text + i, length - i);
		if (size == 0)
			return false;
	}
	return true;
}

static const char *
entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

int
gate_html_escape(struct gate_buffer *out, const char *text, size_t length)
{
	size_t plain = 0; /* where the bytes begin that are not copied yet */

	for (size_t i = 0; i < length; i++) {
		const char *escape = entity(text[i]);

		if (escape == NULL)
			continue;
		gate_buffer_add(out, text + plain, i - plain);
		gate_buffer_puts(out, escape);
		plain = i + 1;
	}
	return gate_buffer_add(out, text + plain, length - plain);
}
