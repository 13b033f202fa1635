/* test_encode.c: bytes and times as text and back.
 * Tests base/encode.c, base/date.c and crypto/digest.c. */
#include "config.h"

#include <time.h>

#include "base/date.h"
#include "crypto/digest.h"
#include "base/encode.h"
#include "base/unicode.h"
#include "tap.h"

#define LAST_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/* xorshift64: the same numbers on every run. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void
test_base64(void)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
	    /* RFC 4648 §10 */
	    {"", ""},
	    {"f", "Zg"},
	    {"fo", "Zm8"},
	    {"foo", "Zm9v"},
	    {"foob", "Zm9vYg"},
	    {"fooba", "Zm9vYmE"},
	    {"foobar", "Zm9vYmFy"},
	    {"\xfb\xff\xbf", "+/+/"},
	    {"\xff", "/w"},
	    {"\xff\xff", "//8"},
	};
	char out[64], url[64];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t length = strlen(cases[i].bytes);

		gate_base64(out, cases[i].bytes, length);
		is(out, cases[i].text, "base64");
		gate_base64url(url, cases[i].bytes, length);
		for (char *c = out; *c != '\0'; c++)
			*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
		is(url, out, "base64url");
		ok(strlen(url) == GATE_BASE64_LENGTH(length), "GATE_BASE64_LENGTH(%zu)", length);
	}
	gate_base64(out, "\0\0\0\0", 4);
	is(out, "AAAAAA", "base64 of zeros");
}

static void
test_hex(void)
{
	char out[GATE_SHA256_HEX + 1];

	gate_hex(out, "\x00\x01\x7f\x80\xab\xff", 6);
	is(out, "00017f80abff", "hex");
	gate_hex(out, "", 0);
	is(out, "", "hex of nothing");
	gate_sha256_hex(out, "", 0);
	is(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "sha256 of nothing");
	gate_sha256_hex(out, "abc", 3);
	is(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "sha256 of abc");
	gate_sha256_hex(out, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
	is(out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	    "sha256 of two blocks");
}

static void
test_percent_encode(void)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
	struct gate_buffer b = {0};
	bool good = true;

	gate_percent_encode(&b, "s:a+b/c d%=;\xe4\xbd\xa0", 15);
	is(gate_buffer_text(&b), "s%3Aa%2Bb%2Fc%20d%25%3D%3B%E4%BD%A0", "encodeURIComponent");
	for (int c = 0; c < 256; c++) {
		char byte = (char)c, wanted[4];

		gate_buffer_reset(&b);
		gate_percent_encode(&b, &byte, 1);
		snprintf(wanted, sizeof wanted, "%%%02X", (unsigned)c);
		if (c != 0 && strchr(plain, c) != NULL)
			snprintf(wanted, sizeof wanted, "%c", c);
		good = good && strcmp(gate_buffer_text(&b), wanted) == 0;
	}
	ok(good, "each of the 256 bytes");
	gate_buffer_release(&b);
	b.limit = 5;
	ok(gate_percent_encode(&b, "::", 2) == -1 && b.failed, "over the limit");
	gate_buffer_release(&b);
	ok(gate_percent_encode(&b, "", 0) == 0 && b.length == 0, "nothing");
	gate_buffer_release(&b);
}

static void
decodes(const char *text, bool plus, const char *wanted)
{
	char copy[64];
	size_t length = strlen(text);
	int result;

	snprintf(copy, sizeof copy, "%s41", text); /* what must not be looked at */
	result = gate_percent_decode(copy, &length, plus);
	if (wanted == NULL)
		ok(result == 0 && length == strlen(text) && strncmp(copy, text, length) == 0 &&
			strcmp(copy + length, "41") == 0,
		    "%s: refused and untouched", text);
	else
		ok(result == 1 && length == strlen(wanted) && memcmp(copy, wanted, length) == 0,
		    "%s: decoded", text);
}

static void
test_percent_decode(void)
{
	char nul[] = "a%00b";
	size_t length = 5;

	decodes("", false, "");
	decodes("abc", false, "abc");
	decodes("%41", false, "A");
	decodes("a%41b%42c", false, "aAbBc");
	decodes("%c3%A9", false, "\xc3\xa9");
	decodes("%ff", false, "\xff");
	decodes("%2541", false, "%41");
	decodes("a+b", false, "a+b");
	decodes("a+b%2B", true, "a b+");
	decodes("+", true, " ");
	decodes("%", false, NULL);
	decodes("a%", false, NULL);
	decodes("%2", false, NULL);
	decodes("%41%2", false, NULL);
	decodes("%zz", false, NULL);
	decodes("%4z", false, NULL);
	decodes("%z4", false, NULL);
	decodes("%%41", false, NULL);
	decodes("% 41", false, NULL);
	decodes("%-1", false, NULL);
	decodes("+%41+%", true, NULL);
	decodes("%E0%A4%A", false, NULL);
	ok(gate_percent_decode(nul, &length, false) == 1 && length == 3 &&
		memcmp(nul, "a\0b", 3) == 0,
	    "a NUL");
}

/* Text of one code point, however badly: what UTF-8's pattern gives for that many bytes. */
static size_t
put_utf8(char out[4], unsigned long code, size_t size)
{
	static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};

	if (size == 1) {
		out[0] = (char)code;
		return 1;
	}
	for (size_t i = size - 1; i > 0; i--, code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(marks[size] | code);
	return size;
}

static void
test_utf8(void)
{
	static const unsigned long first[] = {0, 0, 0x80, 0x800, 0x10000};
	static const unsigned long end[] = {0, 0x80, 0x800, 0x10000, 0x200000};
	unsigned long wrong = 0;
	bool cut = true;
	char text[4];

	for (size_t size = 1; size <= 4; size++)
		for (unsigned long code = 0; code < end[size]; code++) {
			bool good = code >= first[size] && code <= 0x10ffff &&
			    !(code >= 0xd800 && code < 0xe000);

			put_utf8(text, code, size);
			wrong += gate_utf8_character(text, size) != (good ? size : 0);
			wrong += gate_utf8_valid(text, size) != good;
		}
	ok(wrong == 0, "every code point in 1 to 4 bytes: %lu are judged wrongly", wrong);
	for (size_t size = 2; size <= 4; size++) {
		put_utf8(text, first[size], size);
		for (size_t length = 0; length < size; length++)
			cut = cut && gate_utf8_character(text, length) == 0;
	}
	ok(cut, "cut characters");
	ok(gate_utf8_valid("", 0), "nothing is valid");
	ok(gate_utf8_valid("a\0b", 3), "NUL is a character");
	ok(gate_utf8_valid("Zo\xc3\xab \xe4\xbd\xa0 \xf0\x9f\x98\x80", 13), "a mix");
	ok(gate_utf8_character("\xc3\xab...", 5) == 2, "one character of several");
	ok(!gate_utf8_valid("a\x80", 2), "a continuation alone");
	ok(!gate_utf8_valid("\xc3(", 2), "no continuation");
	ok(!gate_utf8_valid("\xe4\xbd(", 3), "one continuation of two");
	ok(!gate_utf8_valid("\xf8\x88\x80\x80\x80", 5), "five bytes");
	ok(!gate_utf8_valid("\xfe", 1) && !gate_utf8_valid("\xff", 1), "FE and FF");
}

static void
test_html(void)
{
	struct gate_buffer b = {0};

	gate_html_escape(&b, "<a href=\"x\">Tom & 'Jerry'</a>", 29);
	is(gate_buffer_text(&b), "&lt;a href=&quot;x&quot;&gt;Tom &amp; &#39;Jerry&#39;&lt;/a&gt;",
	    "the five");
	gate_buffer_reset(&b);
	gate_html_escape(&b, "plain \xc3\xab `=/", 12);
	is(gate_buffer_text(&b), "plain \xc3\xab `=/", "and no other");
	gate_buffer_reset(&b);
	ok(gate_html_escape(&b, "", 0) == 0 && b.length == 0, "nothing");
	gate_buffer_release(&b);
	b.limit = 4;
	ok(gate_html_escape(&b, "&", 1) == -1, "over the limit");
	gate_buffer_release(&b);
}

static void
test_dates(void)
{
	static const struct {
		int64_t ms;
		const char *iso, *http;
	} cases[] = {
	    {0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
	    {1, "1970-01-01T00:00:00.001Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
	    {INT64_C(951782399999), "2000-02-28T23:59:59.999Z", "Mon, 28 Feb 2000 23:59:59 GMT"},
	    {INT64_C(951782400000), "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
	    {INT64_C(951868800000), "2000-03-01T00:00:00.000Z", "Wed, 01 Mar 2000 00:00:00 GMT"},
	    {INT64_C(1893456000750), "2030-01-01T00:00:00.750Z", "Tue, 01 Jan 2030 00:00:00 GMT"},
	    {INT64_C(2147483647000), "2038-01-19T03:14:07.000Z", "Tue, 19 Jan 2038 03:14:07 GMT"},
	    {INT64_C(2147483648000), "2038-01-19T03:14:08.000Z", "Tue, 19 Jan 2038 03:14:08 GMT"},
	    {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"},
	    {LAST_MS, "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
	};
	char iso[GATE_ISO_LENGTH + 1], http[GATE_HTTP_DATE_LENGTH + 1];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t ms = -1;

		gate_iso_date(iso, cases[i].ms);
		is(iso, cases[i].iso, "the ISO date");
		gate_http_date(http, cases[i].ms);
		is(http, cases[i].http, "the HTTP date");
		ok(gate_iso_parse(iso, GATE_ISO_LENGTH, &ms) == 1 && ms == cases[i].ms,
		    "%s: and back", iso);
	}
	gate_iso_date(iso, -1);
	is(iso, "1970-01-01T00:00:00.000Z", "before 1970 is clamped");
	gate_http_date(http, INT64_MIN);
	is(http, "Thu, 01 Jan 1970 00:00:00 GMT", "the first of times is clamped");
	gate_iso_date(iso, LAST_MS + 1);
	is(iso, "9999-12-31T23:59:59.999Z", "year 10000 is clamped");
	gate_http_date(http, INT64_MAX);
	is(http, "Fri, 31 Dec 9999 23:59:59 GMT", "the last of times is clamped");
}

static void
test_ages(void)
{
	static const struct {
		int64_t ms;
		const char *age;
	} cases[] = {
	    {0, "just now"},
	    {59999, "just now"},
	    {60000, "1 minute ago"},
	    {119999, "1 minute ago"},
	    {120000, "2 minutes ago"},
	    {3599999, "59 minutes ago"},
	    {3600000, "1 hour ago"},
	    {7200000, "2 hours ago"},
	    {86399999, "23 hours ago"},
	    {86400000, "1 day ago"},
	    {INT64_C(31536000000), "365 days ago"},
	    {-60000, "just now"},
	    {INT64_MIN, "just now"},
	    {INT64_MAX, "106751991167 days ago"},
	};
	char age[GATE_AGE_MAX];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		gate_age(age, cases[i].ms);
		is(age, cases[i].age, "how long ago");
	}
}

/* Against the C library; its names of days and months are those of the C locale. */
static bool
agrees_with_gmtime(int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char iso[GATE_ISO_LENGTH + 1], http[GATE_HTTP_DATE_LENGTH + 1], wanted[64], date[32];
	struct tm tm;
	int64_t back = -1;

	gmtime_r(&seconds, &tm);
	gate_iso_date(iso, ms);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(wanted, sizeof wanted, "%s.%03dZ", date, (int)(ms % 1000));
	if (strcmp(iso, wanted) != 0 || gate_iso_parse(iso, strlen(iso), &back) != 1 || back != ms)
		return false;
	gate_http_date(http, ms);
	strftime(wanted, sizeof wanted, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return strcmp(http, wanted) == 0;
}

static void
test_many_dates(void)
{
	uint64_t state = UINT64_C(88172645463325252);
	int wrong = 0;

	for (int i = 0; i < 50000; i++)
		wrong +=
		    !agrees_with_gmtime((int64_t)(next_random(&state) % (uint64_t)(LAST_MS + 1)));
	ok(wrong == 0, "50000 random times as gmtime_r has them: %d differ", wrong);
	for (int64_t day = 0; day <= LAST_MS / 86400000; day += 1 + (day > 60000) * 36)
		wrong += !agrees_with_gmtime(day * 86400000) ||
		    !agrees_with_gmtime(day * 86400000 + 86399999);
	ok(wrong == 0, "both ends of every day to 2134, of each 37th beyond: %d differ", wrong);
}

static void
test_iso_parse(void)
{
	static const char *const bad[] = {"", "2026-11-21", "2026-11-21T09:27:39Z",
	    "2026-11-21T09:27:39.33Z", "2026-11-21T09:27:39.3399Z", "2026-11-21T09:27:39.339z",
	    "2026-11-21t09:27:39.339Z", "2026-11-21 09:27:39.339Z", "2026-11-21T09:27:39,339Z",
	    "2026/11/21T09:27:39.339Z", "2026-11-21T09-27-39.339Z", "2026-11-21T09:27:39.339+",
	    "2026-11-21T09:27:39.3390", "2026-13-21T09:27:39.339Z", "2026-00-21T09:27:39.339Z",
	    "2026-11-31T09:27:39.339Z", "2026-11-00T09:27:39.339Z", "2026-01-32T09:27:39.339Z",
	    "2026-02-29T09:27:39.339Z", "2100-02-29T09:27:39.339Z", "2000-02-30T09:27:39.339Z",
	    "2026-11-21T24:00:00.000Z", "2026-11-21T09:60:39.339Z", "2026-11-21T09:27:60.339Z",
	    "2026-1 -21T09:27:39.339Z", "-026-11-21T09:27:39.339Z", "+026-11-21T09:27:39.339Z",
	    " 026-11-21T09:27:39.339Z", "2026-11-21T09:27:39. 39Z", "202a-11-21T09:27:39.339Z",
	    "+010000-01-01T00:00:00.000Z", "2026-11-21T09:27:39.339Z "};
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {{"1969-12-31T23:59:59.999Z", -1},
	    {"1600-02-29T00:00:00.000Z", INT64_C(-11670998400000)},
	    {"0000-01-01T00:00:00.000Z", INT64_C(-62167219200000)},
	    {"0000-02-29T12:00:00.000Z", INT64_C(-62162078400000)},
	    {"0001-01-01T00:00:00.000Z", INT64_C(-62135596800000)},
	    {"2026-11-21T09:27:39.339Z", INT64_C(1795253259339)}};
	int64_t ms;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(gate_iso_parse(bad[i], strlen(bad[i]), &ms) == 0, "refused: %s", bad[i]);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ok(gate_iso_parse(good[i].text, strlen(good[i].text), &ms) == 1 && ms == good[i].ms,
		    "%s", good[i].text);
}

static void
test_shown(void)
{
	static const struct {
		const char *name;
		size_t most, wanted;
	} cases[] = {{"name", 40, 4}, {"name", 3, 3}, {"name", 0, 0}, {"a\nb", 40, 1},
	    {"a\x7f", 40, 1}, {"\xc2\x85", 40, 0}, {"\xc3\xa4\xc3\xa4", 3, 2},
	    {"\xe2\x82\xac", 2, 0}, {"a\xff", 40, 1}, {"", 40, 0}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(gate_unicode_shown(cases[i].name, strlen(cases[i].name), cases[i].most) ==
			cases[i].wanted,
		    "case %zu of a name in an error: %zu bytes are shown", i, cases[i].wanted);
	ok(gate_unicode_shown("abc", 2, 40) == 2, "no byte behind the name");
}

int
main(void)
{
	test_base64();
	test_hex();
	test_percent_encode();
	test_percent_decode();
	test_utf8();
	test_html();
	test_dates();
	test_ages();
	test_many_dates();
	test_iso_parse();
	test_shown();
	return done();
}
