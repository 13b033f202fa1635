/* encode.c: bytes and times as text and back. */
#include "config.h"

#include <stdint.h>
#include <string.h>

/* The SHA256_* calls never allocate and so never fail; what replaces them may do both. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "encode.h"

#define DAY_MS INT64_C(86400000)
#define LAST_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

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

void
gate_sha256_hex(char out[GATE_SHA256_HEX + 1], const void *bytes, size_t length)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX state;

	SHA256_Init(&state);
	SHA256_Update(&state, bytes, length);
	SHA256_Final(digest, &state);
	gate_hex(out, digest, sizeof digest);
}

/* What encodeURIComponent leaves alone; isalnum() would ask the locale. */
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
	size_t plain = 0; /* where the bytes begin that are still to be copied as they are */

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
	size_t plain = 0; /* where the bytes begin that are still to be copied as they are */

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

struct date {
	unsigned year, month, day;
	unsigned hour, minute, second, ms;
	unsigned weekday; /* 0: Sunday */
};

/* Hinnant's civil_from_days: years that begin in March have their leap day at the end. */
static struct date
date_from_ms(int64_t ms)
{
	struct date date;
	unsigned days, rest, era, day_of_era, year_of_era, day_of_year, month;

	ms = ms < 0 ? 0 : ms > LAST_MS ? LAST_MS : ms;
	days = (unsigned)(ms / DAY_MS);
	rest = (unsigned)(ms % DAY_MS);
	date.weekday = (days + 4) % 7; /* 1970 began on a Thursday */
	date.ms = rest % 1000;
	date.second = rest / 1000 % 60;
	date.minute = rest / 60000 % 60;
	date.hour = rest / 3600000;
	days += 719468; /* since 0000-03-01 */
	era = days / 146097;
	day_of_era = days % 146097;
	year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153; /* 0: March */
	date.day = day_of_year - (153 * month + 2) / 5 + 1;
	date.month = month < 10 ? month + 3 : month - 9;
	date.year = era * 400 + year_of_era + (month >= 10);
	return date;
}

/* Days from 1970-01-01 to that date, years 0 to 9999: the way back. The 400 years more that it
 * counts with keep the first months of year 0 positive. */
static int64_t
days_from_date(unsigned year, unsigned month, unsigned day)
{
	int64_t years = (int64_t)year - (month <= 2) + 400;
	int64_t era = years / 400, year_of_era = years % 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return (era - 1) * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	    day_of_year - 719468;
}

static char *
put_number(char *out, unsigned value, int digits)
{
	for (int i = digits; i-- > 0; value /= 10)
		out[i] = (char)('0' + value % 10);
	return out + digits;
}

static char *
put_text(char *out, const char *text, size_t length)
{
	memcpy(out, text, length);
	return out + length;
}

void
gate_iso_date(char out[GATE_ISO_LENGTH + 1], int64_t ms)
{
	struct date date = date_from_ms(ms);

	out = put_number(out, date.year, 4);
	*out++ = '-';
	out = put_number(out, date.month, 2);
	*out++ = '-';
	out = put_number(out, date.day, 2);
	*out++ = 'T';
	out = put_number(out, date.hour, 2);
	*out++ = ':';
	out = put_number(out, date.minute, 2);
	*out++ = ':';
	out = put_number(out, date.second, 2);
	*out++ = '.';
	out = put_number(out, date.ms, 3);
	put_text(out, "Z", sizeof "Z");
}

void
gate_http_date(char out[GATE_HTTP_DATE_LENGTH + 1], int64_t ms)
{
	struct date date = date_from_ms(ms);

	out = put_text(out, &"SunMonTueWedThuFriSat"[3 * date.weekday], 3);
	out = put_text(out, ", ", 2);
	out = put_number(out, date.day, 2);
	*out++ = ' ';
	out = put_text(out, &"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * (date.month - 1)], 3);
	*out++ = ' ';
	out = put_number(out, date.year, 4);
	*out++ = ' ';
	out = put_number(out, date.hour, 2);
	*out++ = ':';
	out = put_number(out, date.minute, 2);
	*out++ = ':';
	out = put_number(out, date.second, 2);
	put_text(out, " GMT", sizeof " GMT");
}

static unsigned
get_number(const char *text, int digits)
{
	unsigned value = 0;

	while (digits-- > 0)
		value = value * 10 + (unsigned)(*text++ - '0');
	return value;
}

static unsigned
days_in_month(unsigned year, unsigned month)
{
	if (month == 2)
		return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int
gate_iso_parse(const char *text, size_t length, int64_t *ms)
{
	static const char shape[] = "0000-00-00T00:00:00.000Z";
	unsigned year, month, day, hour, minute, second;

	if (length != GATE_ISO_LENGTH)
		return 0;
	for (size_t i = 0; i < length; i++)
		if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return 0;
	year = get_number(text, 4);
	month = get_number(text + 5, 2);
	day = get_number(text + 8, 2);
	hour = get_number(text + 11, 2);
	minute = get_number(text + 14, 2);
	second = get_number(text + 17, 2);
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
	    minute > 59 || second > 59)
		return 0;
	*ms = days_from_date(year, month, day) * DAY_MS + get_number(text + 20, 3) +
	    (int64_t)(hour * 3600 + minute * 60 + second) * 1000;
	return 1;
}
