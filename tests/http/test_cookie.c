/* test_cookie.c: Cookie headers as browsers and attackers send them, Set-Cookie byte for byte. */
#include "config.h"

#include <sys/mman.h>

#include "http/cookie.h"
#include "base/encode.h"
#include "crypto/sign.h"
#include "tap.h"

#define MUCH (100000 * sizeof "a=")

/* Returns the pairs of a header as "[name|value][name|value]". Reads a copy of exactly that length,
 * so that a sanitizer sees a read beyond it. */
static const char *
pairs(const char *header, size_t length)
{
	static char text[4000];
	struct gate_cookie_pair pair;
	size_t position = 0, used = 0;
	char *copy = malloc(length > 0 ? length : 1);

	text[0] = '\0';
	if (copy == NULL)
		return NULL;
	memcpy(copy, header, length);
	while (gate_cookie_next(copy, length, &position, &pair) == 1)
		used += (size_t)snprintf(text + used, sizeof text - used, "[%.*s|%.*s]",
		    (int)pair.name_length, pair.name, (int)pair.value_length, pair.value);
	free(copy);
	return text;
}

static void
test_reader(void)
{
	/* The wanted pairs are node's (cookie 0.7.2) but for what the comments say. */
	static const struct {
		const char *header, *wanted;
	} cases[] = {
	    {"", ""},
	    {"a", ""},
	    {"=", ""},
	    {";", ""},
	    {" ", ""},
	    {"a=b", "[a|b]"},
	    {"a=b; c=d", "[a|b][c|d]"},
	    {"a=b;c=d", "[a|b][c|d]"},
	    {"a=b;   c=d", "[a|b][c|d]"},
	    {"a=b ;\tc=d\t", "[a|b][c|d]"},
	    {"a=b;", "[a|b]"},
	    {"a=b; ", "[a|b]"},
	    {";a=b", "[a|b]"},
	    {";;;a=b;;;;c=d;;", "[a|b][c|d]"},
	    {"; ;b=1", "[b|1]"},
	    {"a;b=1", "[b|1]"},
	    {"a; b; c=1; d", "[c|1]"},
	    {"a=", "[a|]"},
	    {"a=;b=", "[a|][b|]"},
	    {"a= ", "[a|]"},
	    {"a=b=c", "[a|b=c]"},
	    {"a==", "[a|=]"},
	    {"a=b; a=c", "[a|b][a|c]"}, /* node keeps the first of a name; we hand out all */
	    {"A=1; a=2", "[A|1][a|2]"},
	    {"=x", ""}, /* node: a pair without a name */
	    {" = x", ""},
	    {"=x; a=b", "[a|b]"},
	    {"==x; a=b", "[a|b]"},
	    {"a= b ", "[a|b]"},
	    {"a\t=\tb", "[a|b]"},
	    {"a =b", "[a|b]"},
	    {" a = b c ", "[a|b c]"},
	    {"a b=c", "[a b|c]"},
	    {"a=b\nc=d", "[a|b\nc=d]"},
	    {"\r\na=b\r\n", "[\r\na|b\r\n]"},
	    {"a=\v\fb", "[a|\v\fb]"},
	    {"a=b,c=d", "[a|b,c=d]"},
	    {"a=b, c=d; e=f", "[a|b, c=d][e|f]"},
	    {"a=\"b\"", "[a|\"b\"]"}, /* the pair of quotes stays until the value is read */
	    {"a=\"b;c\"", "[a|\"b]"},
	    {"a=\"", "[a|\"]"},
	    {"a=\"\"", "[a|\"\"]"},
	    {"a=\" b \"", "[a|\" b \"]"},
	    {"\"a=b\"", "[\"a|b\"]"},
	    {"a=%41", "[a|%41]"}, /* decoded when the value is read */
	    {"%61=b", "[%61|b]"},
	    {"a%3Db=c", "[a%3Db|c]"},
	    {"a%20=c", "[a%20|c]"},
	    {"a=+b", "[a|+b]"},
	    {"$Version=1; a=b; $Path=/", "[$Version|1][a|b][$Path|/]"},
	    {"__proto__=1; a=2", "[__proto__|1][a|2]"}, /* node drops it */
	    {"%5F%5FHost-sid=x", "[%5F%5FHost-sid|x]"},
	    {"..Host-sid=x", "[..Host-sid|x]"},
	    {"__HOST-sid=x", "[__HOST-sid|x]"},
	    {"_[Host-sid=x", "[_[Host-sid|x]"},
	    {"a.b=1; a[0]=2; a_b=3", "[a.b|1][a[0]|2][a_b|3]"},
	    {"a=<script>alert(1)</script>", "[a|<script>alert(1)</script>]"},
	    {"a=\x01\x7f\x80\xff", "[a|\x01\x7f\x80\xff]"},
	    {"\xc3\xa9=\xe4\xbd\xa0", "[\xc3\xa9|\xe4\xbd\xa0]"},
	    {"a=b; Path=/; HttpOnly; SameSite=Lax", "[a|b][Path|/][SameSite|Lax]"},
	    {"connect.sid=s%3Aid.sig", "[connect.sid|s%3Aid.sig]"},
	    {"connect.sid = s%3Aid.sig ;x", "[connect.sid|s%3Aid.sig]"},
	    {"xconnect.sid=1; connect.sid2=2", "[xconnect.sid|1][connect.sid2|2]"},
	    {"foo=bar; foo=; =bar; foo", "[foo|bar][foo|]"},
	    {"a=1; ;; ; b = 2 = 3 ;; c", "[a|1][b|2 = 3]"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		is(pairs(cases[i].header, strlen(cases[i].header)), cases[i].wanted,
		    "the pairs of a header");
	is(pairs("a=\0b; c=d", 9), "[a|][c|d]", "a NUL does not end the header");
	is(pairs("a=b; c=d; e=f", 9), "[a|b][c|d]", "the length counts, not a NUL");
}

static int
count(const char *header, size_t length)
{
	struct gate_cookie_pair pair;
	size_t position = 0;
	int pairs_read = 0;

	while (gate_cookie_next(header, length, &position, &pair) == 1)
		pairs_read++;
	return pairs_read;
}

/* n times the text. */
static struct gate_buffer
repeat(const char *text, int n)
{
	struct gate_buffer b = {0};

	while (n-- > 0)
		gate_buffer_puts(&b, text);
	return b;
}

static void
test_limits(void)
{
	struct gate_buffer b = repeat("a=;", GATE_COOKIE_PAIRS_MAX), values = {0};
	void *unreadable = mmap(NULL, MUCH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t offsets[4];

	ok(count(b.data, b.length) == GATE_COOKIE_PAIRS_MAX, "1024 pairs");
	gate_buffer_puts(&b, ";;x;=y;");
	ok(count(b.data, b.length) == GATE_COOKIE_PAIRS_MAX, "what is skipped does not count");
	gate_buffer_puts(&b, "connect.sid=s:x");
	ok(gate_cookie_in_bounds(b.data, b.length - strlen("connect.sid=s:x")) &&
		!gate_cookie_in_bounds(b.data, b.length),
	    "which is told apart from none being there");
	ok(count(b.data, b.length) == 0, "1025 pairs: none is read");
	ok(gate_cookie_values(b.data, b.length, "connect.sid", &values, offsets, 4) == 0,
	    "1025 pairs: no value");
	gate_buffer_release(&b);
	b = repeat("x", GATE_COOKIE_HEADER_MAX - 2);
	gate_buffer_puts(&b, "=y");
	ok(b.length == GATE_COOKIE_HEADER_MAX && count(b.data, b.length) == 1, "64 KiB");
	gate_buffer_puts(&b, "y");
	ok(count(b.data, b.length) == 0, "a byte more: none is read");
	gate_buffer_release(&b);
	ok(unreadable != MAP_FAILED && count(unreadable, MUCH) == 0,
	    "of a hundred thousand pairs not one byte is looked at");
	ok(gate_cookie_values(unreadable, MUCH, "a", &values, offsets, 4) == 0 && values.size == 0,
	    "for no value, and no memory");
	munmap(unreadable, MUCH);
	b = repeat(";", GATE_COOKIE_HEADER_MAX);
	ok(count(b.data, b.length) == 0, "only semicolons");
	gate_buffer_release(&b);
}

static void
test_join(void)
{
	struct gate_buffer b = {0};

	gate_cookie_join(&b, "a=b");
	is(gate_buffer_text(&b), "a=b", "one header");
	gate_cookie_join(&b, "c=d");
	gate_cookie_join(&b, "e=f; g=h");
	is(gate_buffer_text(&b), "a=b; c=d; e=f; g=h", "three headers");
	is(pairs(b.data, b.length), "[a|b][c|d][e|f][g|h]", "are read as one");
	gate_buffer_release(&b);
	gate_cookie_join(&b, "");
	gate_cookie_join(&b, "a=b");
	is(pairs(b.data, b.length), "[a|b]", "an empty header in front");
	gate_buffer_release(&b);
	b.limit = 4;
	gate_cookie_join(&b, "a=b");
	ok(gate_cookie_join(&b, "c=d") == -1 && b.failed, "no room");
	gate_buffer_release(&b);
}

/* The values of the cookie "a" as "[value][value]". */
static const char *
values(const char *header, int most)
{
	static char text[1000];
	struct gate_buffer b = {0};
	size_t offsets[8], used = 0;
	int found = gate_cookie_values(header, strlen(header), "a", &b, offsets, most);

	text[0] = '\0';
	for (int i = 0; i < found; i++)
		used +=
		    (size_t)snprintf(text + used, sizeof text - used, "[%s]", b.data + offsets[i]);
	gate_buffer_release(&b);
	return found < 0 ? "failed" : text;
}

static void
test_values(void)
{
	static const struct {
		const char *header, *wanted;
	} cases[] = {
	    {"", ""},
	    {"a=s:b", "[b]"},
	    {"a=s%3Ab", "[b]"},
	    {"a=s%3ab", "[b]"},
	    {"a=%73%3a%62", "[b]"},
	    {"a=s:", "[]"},
	    {"a=s", ""},
	    {"a=", ""},
	    {"a=b", ""},
	    {"a=S:b", ""},
	    {"a=S%3Ab", ""},
	    {"a=x:b", ""},
	    {"a= s:b ", "[b]"},
	    {"A=s:b", ""},
	    {"aa=s:b", ""},
	    {"%61=s:b", ""},
	    {"a%=s:b", ""},
	    /* quotes: one pair goes, after trimming and before decoding */
	    {"a=\"s:b\"", "[b]"},
	    {"a=\"s%3Ab\"", "[b]"},
	    {"a=\"\"s:b\"\"", ""},
	    {"a=\"s:b", ""},
	    {"a=s:b\"", "[b\"]"},
	    {"a=\" s:b \"", ""},
	    {"a=\"s:b \"", "[b ]"},
	    {"a=\"", ""},
	    {"a=\"\"", ""},
	    {"a=%22s:b%22", ""},
	    {"a='s:b'", ""},
	    /* decoding: once, all or nothing */
	    {"a=s:%41", "[A]"},
	    {"a=s:%C3%A9", "[\xc3\xa9]"},
	    {"a=\"s:%41\"", "[A]"},
	    {"a=s:%2541", "[%41]"},
	    {"a=s:%zz", "[%zz]"},
	    {"a=s%3A%zz", ""},
	    {"a=s:%41%zz", "[%41%zz]"},
	    {"a=s:%E0%A4%A", "[%E0%A4%A]"},
	    {"a=s:%ed%a0%80", "[%ed%a0%80]"},
	    {"a=s:%c0%af", "[%c0%af]"},
	    {"a=s:%f4%90%80%80", "[%f4%90%80%80]"},
	    {"a=s:%ff", "[%ff]"},
	    {"a=s:%41%ff", "[%41%ff]"},
	    {"a=s:%2", "[%2]"},
	    {"a=s:%", "[%]"},
	    {"a=s:+b", "[+b]"},
	    {"a=s:b%20c", "[b c]"},
	    {"a=s:b%3Bc", "[b;c]"},
	    {"a=s:b,c=d", "[b,c=d]"},
	    {"a=s:b=c", "[b=c]"},
	    {"a=s:\xe9", "[\xe9]"},
	    /* a NUL */
	    {"a=s:%00", ""},
	    {"a=s:b%00c", ""},
	    {"a=%00s:b", ""},
	    {"a=s:b%00; a=s:c", "[c]"},
	    {"a=s:b%00%zz", "[b%00%zz]"},
	    /* several */
	    {"a=s:b; a=s:c", "[b][c]"},
	    {"a=b; a=s:c; A=s:d; a=s:e", "[c][e]"},
	    {"x=1; a=s:1; y=2; a=s:2; a=s:3; a=s:4; a=s:5", "[1][2][3][4]"},
	    {"a=1; a=2; a=3; a=4; a=s:5", ""},
	    /* Apache's way to join lines */
	    {"b=1, a=s:c", "[c]"},
	    {"a=s:c, b=1", "[c]"},
	    {"a=s:c, a=s:d; b=1, x, a=\"s:e\" , aa=s:f", "[c][d][e]"},
	    {"b=1,a=s:c; b=, ; ,=, a", ""},
	    {"b=1, a", ""},
	};
	struct gate_buffer b = {.limit = 6};
	size_t offsets[4];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		is(values(cases[i].header, 4), cases[i].wanted, "the values of a header");
	is(values("a=s:1; a=s:2", 1), "[1]", "at most one");
	is(values("a=s:1", 0), "", "at most none");
	ok(gate_cookie_values("a=s:b\0c", 7, "a", &b, offsets, 4) == 0, "a raw NUL");
	ok(gate_cookie_values("a=s:1234", 8, "a", &b, offsets, 4) == -1, "no room for the NUL");
	gate_buffer_reset(&b);
	ok(gate_cookie_values("a=s:12345", 9, "a", &b, offsets, 4) == -1, "no room for the value");
	gate_buffer_release(&b);
	b.limit = 0;
	gate_buffer_puts(&b, "before");
	ok(gate_cookie_values("a=s:1; a=2; a=s:3", 17, "a", &b, offsets, 4) == 2 &&
		memcmp(b.data, "before", 6) == 0 && strcmp(b.data + offsets[0], "1") == 0 &&
		strcmp(b.data + offsets[1], "3") == 0,
	    "behind what was there");
	gate_buffer_release(&b);
}

/* Signs the id, writes the cookie, compares, and reads it back as the same id. */
static void
sets(const char *secret, const char *id, const char *name, struct gate_cookie_attributes attributes,
    const char *wanted)
{
	struct gate_keys *keys = gate_keys_new((const char *const[]){secret, "older", NULL}, NULL);
	struct gate_buffer text = {0}, cookie = {0}, found = {0};
	struct gate_error error = {0};
	size_t offset = 0, id_length = 0;
	bool old = true;

	gate_buffer_puts(&text, "s:");
	gate_sign(keys, id, &text);
	ok(gate_cookie_write(&cookie, name, gate_buffer_text(&text), &attributes, &error) == 0 &&
		error.code == GATE_OK,
	    "%s is written", name);
	is(gate_buffer_text(&cookie), wanted, "as node writes it");
	ok(gate_cookie_values(gate_buffer_text(&cookie), cookie.length, name, &found, &offset, 1) ==
		    1 &&
		gate_unsign(keys, found.data + offset, strlen(found.data + offset), &id_length,
		    &old) == 1 &&
		id_length == strlen(id) && memcmp(found.data + offset, id, id_length) == 0 && !old,
	    "and reads as its id");
	gate_buffer_release(&text);
	gate_buffer_release(&cookie);
	gate_buffer_release(&found);
	gate_keys_free(keys);
}

static void
test_examples(void)
{
	sets("keyboard cat", "yR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK", "connect.sid",
	    (struct gate_cookie_attributes){.path = "/", .http_only = true},
	    "connect.sid=s%3AyR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK."
	    "n9qmWa6kY2LHU1EXeMn7a2UKQsynEqBHKQhT5T6B%2BN4; Path=/; HttpOnly");
	sets("s3cr3t-\xc3\xa9", "0123456789ABCDEFghijklmnop-_wxyz", "__Host-sid",
	    (struct gate_cookie_attributes){.path = "/",
		.expires = INT64_C(1893456000750),
		.http_only = true,
		.secure = true,
		.partitioned = true,
		.priority = GATE_PRIORITY_HIGH,
		.same_site = GATE_SAME_SITE_LAX},
	    "__Host-sid=s%3A0123456789ABCDEFghijklmnop-_wxyz."
	    "a8Ho04ek2ri%2FyO78X5W%2BL0A%2BmUujEJcfPLrbOemBcDo; Path=/; "
	    "Expires=Tue, 01 Jan 2030 00:00:00 GMT; HttpOnly; Secure; Partitioned; Priority=High; "
	    "SameSite=Lax");
	sets("a-very-long-secret-with-32-bytes!!", "user:42/\xe4\xbd\xa0 ok", "connect.sid",
	    (struct gate_cookie_attributes){.domain = ".example.org", .path = "/"},
	    "connect.sid=s%3Auser%3A42%2F%E4%BD%A0%20ok."
	    "bweZEb6C1UWf5boH4fWPylO6OMdHIz4d31xC7JmVEVo; Domain=.example.org; Path=/");
	sets("\xa0\xab\xbc\x0c", "hello", "connect.sid",
	    (struct gate_cookie_attributes){.path = "/", .http_only = true},
	    "connect.sid=s%3Ahello.hIvljrKw5oOZtHHSq5u%2BMlL27cgnPKX77y7F%2Bx5r1to; Path=/; "
	    "HttpOnly");
	sets("keyboard cat", "sid-12", "a", (struct gate_cookie_attributes){.path = ""},
	    "a=s%3Asid-12.YwKaCluXFwcKdgWcTIX%2FVxJj%2BUcMPNCdE84g41AL6iI");
}

static void
writes(const char *value, struct gate_cookie_attributes attributes, const char *wanted)
{
	struct gate_buffer b = {0};

	ok(gate_cookie_write(&b, "a", value, &attributes, NULL) == 0, "written");
	is(gate_buffer_text(&b), wanted, "the Set-Cookie");
	gate_buffer_release(&b);
}

static void
test_writer(void)
{
	writes("b", (struct gate_cookie_attributes){0}, "a=b");
	writes("", (struct gate_cookie_attributes){0}, "a=");
	writes("b;c d\"\r\n%\\,\x7f", (struct gate_cookie_attributes){0},
	    "a=b%3Bc%20d%22%0D%0A%25%5C%2C%7F");
	writes("b", (struct gate_cookie_attributes){.expires = 1},
	    "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
	writes("b", (struct gate_cookie_attributes){.expires = 86400999, .now = 86340000},
	    "a=b; Max-Age=60; Expires=Fri, 02 Jan 1970 00:00:00 GMT");
	writes("b", (struct gate_cookie_attributes){.expires = 86400000, .now = 86400001},
	    "a=b; Max-Age=0; Expires=Fri, 02 Jan 1970 00:00:00 GMT");
	writes("b", (struct gate_cookie_attributes){.now = 86400001}, "a=b");
	writes("b", (struct gate_cookie_attributes){.priority = GATE_PRIORITY_LOW},
	    "a=b; Priority=Low");
	writes("b", (struct gate_cookie_attributes){.priority = GATE_PRIORITY_MEDIUM},
	    "a=b; Priority=Medium");
	writes("b", (struct gate_cookie_attributes){.same_site = GATE_SAME_SITE_STRICT},
	    "a=b; SameSite=Strict");
	writes("b",
	    (struct gate_cookie_attributes){.same_site = GATE_SAME_SITE_NONE, .secure = true},
	    "a=b; Secure; SameSite=None");
	writes("gone", (struct gate_cookie_attributes){.clear = true},
	    "a=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
	writes(NULL,
	    (struct gate_cookie_attributes){.clear = true,
		.domain = "e.com",
		.path = "/x",
		.expires = INT64_C(1893456000750),
		.http_only = true,
		.secure = true,
		.same_site = GATE_SAME_SITE_LAX},
	    "a=; Max-Age=0; Domain=e.com; Path=/x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; "
	    "HttpOnly; Secure; SameSite=Lax");
}

static bool
is_written(const char *name, const char *value, const char *domain, const char *path)
{
	struct gate_cookie_attributes attributes = {.domain = domain, .path = path};
	struct gate_buffer b = {0};
	struct gate_error error = {0};
	bool written;

	gate_buffer_puts(&b, "before");
	written = gate_cookie_write(&b, name, value, &attributes, &error) == 0;
	if (!written &&
	    (strcmp(b.data, "before") != 0 || b.length != 6 || error.code != GATE_EOPTION ||
		strpbrk(error.text, "\r\n") != NULL))
		ok(false, "a refused cookie adds nothing and says why");
	gate_buffer_release(&b);
	return written;
}

static void
test_bytes(void)
{
	static const char alphanumeric[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	int names = 0, domains = 0, paths = 0, texts = 0, wrong = 0;
	char text[4];

	for (int c = 1; c < 256; c++) {
		snprintf(text, sizeof text, "x%cy", c);
		wrong += is_written(text, "v", NULL, NULL) !=
		    (strchr(alphanumeric, c) != NULL || strchr("!#$%&'*+-.^_`|~", c) != NULL);
		wrong += is_written("n", "v", text, NULL) !=
		    (strchr(alphanumeric, c) != NULL || c == '-' || c == '.');
		wrong += is_written("n", "v", NULL, text) !=
		    ((c >= 0x20 && c <= 0x3a) || (c >= 0x3d && c <= 0x7e));
		names += is_written(text, "v", NULL, NULL);
		texts += is_written("n", text, NULL, NULL);
		domains += is_written("n", "v", text, NULL);
		paths += is_written("n", "v", NULL, text);
	}
	ok(wrong == 0, "each byte in name, domain and path: %d are judged wrongly", wrong);
	ok(names == 77 && domains == 64 && paths == 93, "77 in names, 64 in domains, 93 in paths");
	ok(texts == 255, "each byte but NUL in a value");
	ok(!is_written("", "v", NULL, NULL), "no name");
}

static void
test_value_bytes(void)
{
	struct gate_cookie_attributes attributes = {0};
	struct gate_buffer b = {0};
	int wrong = 0;

	for (int c = 1; c < 256; c++) {
		char value[] = {(char)c, '\0'};

		gate_buffer_reset(&b);
		gate_cookie_write(&b, "n", value, &attributes, NULL);
		for (size_t i = 2; i < b.length; i++) /* cookie-octet of RFC 6265bis §4.1.1 */
			wrong += b.data[i] <= 0x20 || b.data[i] >= 0x7f ||
			    strchr("\",;\\", b.data[i]) != NULL;
	}
	ok(wrong == 0, "a value leaves as cookie-octets only");
	gate_buffer_release(&b);
}

static void
test_domains(void)
{
	static const char label[] =
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	static const char *const good[] = {"a", "example.org", ".example.org", "EXAMPLE.org",
	    "1.2.3.4", "a-b.c", "a--b.c", "xn--mgberp4a5d4ar", "", label};
	static const char *const bad[] = {".", "..", "a.", "a..b", "..a", ".a.", "-a", "a-", "a-.b",
	    "a.-b", "a_b", "a b", "a;b", "a/b", "a:80", "\xc3\xa9.com", "a\r\nb", "-", "*.a"};
	struct gate_buffer b = {0};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ok(is_written("n", "v", good[i], NULL), "domain %s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(!is_written("n", "v", bad[i], NULL), "no domain: case %zu", i);
	ok(strlen(label) == 63, "a label of 63");
	gate_buffer_printf(&b, "%sa.org", label);
	ok(!is_written("n", "v", b.data, NULL), "a label of 64");
	gate_buffer_release(&b);
}

static void
test_lengths(void)
{
	struct gate_buffer value = repeat("x", GATE_COOKIE_SIZE_MAX - 2), path = repeat("/", 1024);
	struct gate_buffer domain = repeat("a.", 512), escaped = repeat(":", 1365);
	struct gate_cookie_attributes none = {0};
	struct gate_buffer b = {.limit = 5};
	struct gate_error error = {0};

	ok(is_written("n", value.data, NULL, NULL), "4095 bytes of name and value");
	ok(is_written("nn", value.data, NULL, NULL), "4096 bytes");
	ok(!is_written("nnn", value.data, NULL, NULL), "4097 bytes");
	ok(is_written("n", escaped.data, NULL, NULL), "4096 bytes, escaped");
	ok(!is_written("nn", escaped.data, NULL, NULL), "4097 bytes, escaped");
	ok(is_written("nn", value.data, NULL, path.data), "and an attribute of 1024 bytes");
	gate_buffer_putc(&path, '/');
	ok(!is_written("n", "v", NULL, path.data), "a path of 1025 bytes");
	gate_buffer_putc(&domain, 'a');
	ok(!is_written("n", "v", domain.data, NULL), "a domain of 1025 bytes");
	ok(is_written("n", "v", domain.data + 2, NULL), "a domain of 1023 bytes");
	ok(gate_cookie_write(&b, "n", "valuable", &none, &error) == -1 &&
		error.code == GATE_EMEMORY && b.length == 0,
	    "no room");
	is(error.text, "cookie n: out of memory", "and says so");
	gate_buffer_release(&value);
	gate_buffer_release(&path);
	gate_buffer_release(&domain);
	gate_buffer_release(&escaped);
	gate_buffer_release(&b);
}

static void
test_prefixes(void)
{
	static const struct {
		const char *name;
		bool host, http, secure; /* what the prefix asks for */
	} cases[] = {
	    {"connect.sid", false, false, false},
	    {"__Host-sid", true, false, true},
	    {"__HOST-sid", true, false, true},
	    {"__host-", true, false, true},
	    {"__Secure-sid", false, false, true},
	    {"__sEcUrE-sid", false, false, true},
	    {"__Http-sid", false, true, true},
	    {"__HTTP-sid", false, true, true},
	    {"__Host-Http-sid", true, true, true},
	    {"__hOsT-hTtP-sid", true, true, true},
	    {"__Host-Httpsid", true, false, true},
	    {"_Host-sid", false, false, false},
	    {"__Host", false, false, false},
	    {"x__Host-sid", false, false, false},
	};
	static const char *const paths[] = {NULL, "", "/", "/x"},
				 *const domains[] = {NULL, "", "e.com"};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int wrong = 0;

		for (int bits = 0; bits < 4 * 4 * 3; bits++) {
			struct gate_cookie_attributes a = {.secure = bits & 1,
			    .http_only = (bits & 2) != 0,
			    .path = paths[bits / 4 % 4],
			    .domain = domains[bits / 16]};
			bool wanted = (a.secure || !cases[i].secure) &&
			    (a.http_only || !cases[i].http) &&
			    (!cases[i].host || (bits / 4 % 4 == 2 && bits / 16 < 2));
			struct gate_error error = {0};

			wrong += (gate_cookie_check(cases[i].name, &a, &error) == 0) != wanted;
			wrong += (error.code == GATE_OK) != wanted;
		}
		ok(wrong == 0, "%s with 48 sets of attributes: %d are judged wrongly",
		    cases[i].name, wrong);
	}
}

static void
test_check(void)
{
	struct gate_cookie_attributes a = {.path = "/"};
	struct gate_error error = {0};

	ok(gate_cookie_check("__Host-sid", &a, &error) == -1, "__Host- without Secure");
	is(error.text, "cookie __Host-sid: its prefix needs Secure", "says what is missing");
	ok(gate_cookie_check("a b", &a, NULL) == -1, "a name that is no token");
	ok(gate_cookie_check("", &a, NULL) == -1, "an empty name");
	a.path = "/;x";
	ok(gate_cookie_check("a", &a, NULL) == -1, "a malformed path");
	a = (struct gate_cookie_attributes){.domain = "a_b"};
	ok(gate_cookie_check("a", &a, NULL) == -1, "a malformed domain");
	a = (struct gate_cookie_attributes){.same_site = GATE_SAME_SITE_NONE};
	ok(gate_cookie_check("a", &a, NULL) == -1, "SameSite=None without Secure");
	a.secure = true;
	ok(gate_cookie_check("a", &a, NULL) == 0, "SameSite=None with Secure");
	a = (struct gate_cookie_attributes){.partitioned = true};
	ok(gate_cookie_check("a", &a, NULL) == -1, "Partitioned without Secure");
	a.secure = true;
	ok(gate_cookie_check("a", &a, NULL) == 0, "Partitioned with Secure");
}

int
main(void)
{
	test_reader();
	test_limits();
	test_join();
	test_values();
	test_examples();
	test_writer();
	test_bytes();
	test_value_bytes();
	test_domains();
	test_lengths();
	test_prefixes();
	test_check();
	return done();
}
