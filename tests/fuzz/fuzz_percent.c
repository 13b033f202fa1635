/* fuzz_percent.c: what is encoded decodes to itself; what is malformed is left untouched. */
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_decodable(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] == '%' &&
		    (size - i < 3 || !isxdigit((unsigned char)text[i + 1]) ||
			!isxdigit((unsigned char)text[i + 2])))
			return false;
	return true;
}

static void
check_decode(const char *text, size_t size, bool plus)
{
	char *copy = malloc(size > 0 ? size : 1);
	size_t length = size, end = 0;

	assert(copy != NULL);
	memcpy(copy, text, size);
	if (!is_decodable(text, size)) {
		assert(gate_percent_decode(copy, &length, plus) == 0);
		assert(length == size && memcmp(copy, text, size) == 0);
		free(copy);
		return;
	}
	assert(gate_percent_decode(copy, &length, plus) == 1);
	for (size_t i = 0; i < size; i++, end++) {
		char digits[3] = {0};
		char wanted = plus && text[i] == '+' ? ' ' : text[i];

		if (text[i] == '%') {
			memcpy(digits, text + i + 1, 2);
			wanted = (char)strtoul(digits, NULL, 16);
			i += 2;
		}
		assert(end < length && copy[end] == wanted);
	}
	assert(end == length);
	free(copy);
}

static void
check_encode(const char *text, size_t size)
{
	struct gate_buffer b = {0};

	assert(gate_percent_encode(&b, text, size) == 0);
	for (size_t i = 0; i < b.length; i++)
		assert(
		    isalnum((unsigned char)b.data[i]) || strchr("%-_.!~*'()", b.data[i]) != NULL);
	assert(gate_percent_decode(b.data, &b.length, false) == 1);
	assert(b.length == size && memcmp(b.data, text, size) == 0);
	gate_buffer_reset(&b);
	assert(gate_html_escape(&b, text, size) == 0);
	assert(b.length >= size && memchr(b.data, '<', b.length) == NULL &&
	    memchr(b.data, '>', b.length) == NULL && memchr(b.data, '"', b.length) == NULL &&
	    memchr(b.data, '\'', b.length) == NULL);
	gate_buffer_release(&b);
}

/* By code points: from the pattern of bits to what no UTF-8 may hold. */
static size_t
simple_utf8_character(const unsigned char *in, size_t length)
{
	static const unsigned long first[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size = in[0] < 0x80   ? 1
	    : (in[0] & 0xe0) == 0xc0 ? 2
	    : (in[0] & 0xf0) == 0xe0 ? 3
	    : (in[0] & 0xf8) == 0xf0 ? 4
				     : 0;
	unsigned long code;

	if (size <= 1)
		return size;
	code = in[0] & (0xffu >> (size + 1));
	for (size_t i = 1; i < size; i++) {
		if (i >= length || in[i] >> 6 != 2)
			return 0;
		code = code << 6 | (in[i] & 0x3f);
	}
	if (code < first[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return size;
}

static void
check_utf8(const uint8_t *data, size_t size)
{
	bool valid = true;
	size_t step;

	for (size_t i = 0; i<size; i += step> 0 ? step : 1) {
		step = simple_utf8_character(data + i, size - i);
		assert(gate_utf8_character((const char *)data + i, size - i) == step);
		valid = valid && step > 0;
	}
	assert(gate_utf8_valid((const char *)data, size) == valid);
}

static void
check_dates(const uint8_t *data, size_t size)
{
	char text[GATE_ISO_LENGTH + 1];
	int64_t ms = 0, again;

	if (gate_iso_parse((const char *)data, size, &ms) == 1 && ms >= 0) {
		gate_iso_date(text, ms);
		assert(size == GATE_ISO_LENGTH && memcmp(text, data, size) == 0);
	}
	if (size < sizeof ms)
		return;
	memcpy(&ms, data, sizeof ms);
	gate_iso_date(text, ms);
	assert(gate_iso_parse(text, strlen(text), &again) == 1);
	assert(again == ms || ms < 0 || again == INT64_C(253402300799999));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_decode((const char *)data, size, false);
	check_decode((const char *)data, size, true);
	check_encode((const char *)data, size);
	check_utf8(data, size);
	check_dates(data, size);
	return 0;
}
