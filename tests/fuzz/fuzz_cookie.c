/* fuzz_cookie.c: the reader of Cookie headers, against a slow one, and the values of our cookie. */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "http/cookie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Is the segment [start, end) a pair? Byte by byte, as RFC 6265bis tells it. */
static bool
split(const char *start, const char *end, struct gate_cookie_pair *pair)
{
	const char *name_end = start, *value;

	while (name_end < end && *name_end != '=')
		name_end++;
	if (name_end == end)
		return false;
	value = name_end + 1;
	while (start < name_end && is_blank(*start))
		start++;
	while (name_end > start && is_blank(name_end[-1]))
		name_end--;
	while (value < end && is_blank(*value))
		value++;
	while (end > value && is_blank(end[-1]))
		end--;
	pair->name = start;
	pair->name_length = (size_t)(name_end - start);
	pair->value = value;
	pair->value_length = (size_t)(end - value);
	return pair->name_length > 0;
}

static void
check_pairs(const char *header, size_t length)
{
	struct gate_cookie_pair pair, wanted;
	size_t position = 0, end;
	int count = 0;

	for (size_t start = 0; start < length; start = end + 1) {
		for (end = start; end < length && header[end] != ';';)
			end++;
		count += split(header + start, header + end, &wanted);
	}
	if (count > GATE_COOKIE_PAIRS_MAX || length > GATE_COOKIE_HEADER_MAX)
		length = 0;
	for (size_t start = 0; start < length; start = end + 1) {
		for (end = start; end < length && header[end] != ';';)
			end++;
		if (!split(header + start, header + end, &wanted))
			continue;
		assert(gate_cookie_next(header, length, &position, &pair) == 1);
		assert(pair.name == wanted.name && pair.name_length == wanted.name_length);
		assert(pair.value_length == wanted.value_length);
		assert(pair.value_length == 0 || pair.value == wanted.value);
	}
	assert(gate_cookie_next(header, length, &position, &pair) == 0);
}

static void
check_values(const char *header, size_t length, int most)
{
	struct gate_buffer values = {0};
	size_t offsets[8], next = 2;
	int found = gate_cookie_values(header, length, "sid", &values, offsets, most);

	assert(found >= 0 && found <= most);
	for (int i = 0; i < found; i++) {
		assert(offsets[i] == next);
		next += strlen(values.data + offsets[i]) + 3; /* a NUL, and "s:" of the next */
		assert(next <= values.length + 2);
	}
	assert(found == 0 || next == values.length + 2);
	assert(values.length <= length);
	gate_buffer_release(&values);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	check_pairs((const char *)data + 1, size - 1);
	check_values((const char *)data + 1, size - 1, data[0] % 9);
	return 0;
}
