/* test_form.c: urlencoded text as names and values, and what is malformed. */
#include "config.h"

#include "http/form.h"
#include "tap.h"

/* The fields as "[name|value][name|value]"; from a copy that ends where the text does. */
static const char *
fields(const char *text, size_t length)
{
	static char out[4000];
	char *copy = malloc(length > 0 ? length : 1);
	struct gate_form_fields form = {0};
	size_t used = 0;
	int result;

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, length);
	result = gate_form_parse(&form, copy, length);
	free(copy);
	out[0] = '\0';
	for (size_t i = 0; i < form.count; i++)
		used += (size_t)snprintf(out + used, sizeof out - used, "[%s|%s]",
		    form.fields[i].name, form.fields[i].value);
	if (result != 1 && (form.count != 0 || form.text != NULL || form.fields != NULL))
		return "not empty";
	gate_form_release(&form);
	return result == 1 ? out : result == 0 ? "malformed" : "failed";
}

static void
test_parse(void)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
	    {"", ""},
	    {"&", ""},
	    {"&&&", ""},
	    {"a", "[a|]"},
	    {"a=", "[a|]"},
	    {"a=b", "[a|b]"},
	    {"a=b=c", "[a|b=c]"},
	    {"a==", "[a|=]"},
	    {"=", "[|]"},
	    {"=b", "[|b]"},
	    {"a=b&c=d", "[a|b][c|d]"},
	    {"a=b&&c=d", "[a|b][c|d]"},
	    {"&a=b&", "[a|b]"},
	    {"a&b&c", "[a|][b|][c|]"},
	    {"a&b=1&c", "[a|][b|1][c|]"},
	    {"a=1&a=2", "[a|1][a|2]"},
	    {"a=b;c=d", "[a|b;c=d]"},
	    {"a=b+c", "[a|b c]"},
	    {"a+b=c", "[a b|c]"},
	    {"a=b%20c", "[a|b c]"},
	    {"a=%2B", "[a|+]"},
	    {"a=%2b+%2B", "[a|+ +]"},
	    {"a%3Db=c%26d", "[a=b|c&d]"},
	    {"%61=%62", "[a|b]"},
	    {"a%3D", "[a=|]"},
	    {"a=%C3%A9", "[a|\xc3\xa9]"},
	    {"a=\xc3\xa9", "[a|\xc3\xa9]"},
	    {"a=\xc3%A9", "[a|\xc3\xa9]"},
	    {"a=%F0%9F%98%80", "[a|\xf0\x9f\x98\x80]"},
	    {" a = b ", "[ a | b ]"},
	    {"a=%0D%0A", "[a|\r\n]"},
	    {"a=%01%7F", "[a|\x01\x7f]"},
	    {"a=\"b\"", "[a|\"b\"]"},
	    {"a[]=1&a[]=2", "[a[]|1][a[]|2]"},
	    {"username=u&password=p+%26+q", "[username|u][password|p & q]"},
	    {"next=%2Fuser%3Fa%3D1", "[next|/user?a=1]"},
	    {"?a=b", "[?a|b]"},
	    {"a=%2541", "[a|%41]"},
	    /* a bad escape, anywhere */
	    {"a=%", "malformed"},
	    {"a=%2", "malformed"},
	    {"a=%zz", "malformed"},
	    {"a=%%41", "malformed"},
	    {"%=a", "malformed"},
	    {"%4=1&a=b", "malformed"},
	    {"a%=b", "malformed"},
	    {"a=%4&1=b", "malformed"},
	    {"a%4=1", "malformed"},
	    {"a=b&c=%G0", "malformed"},
	    {"a=%+1", "malformed"},
	    {"%", "malformed"},
	    /* a NUL */
	    {"a=%00", "malformed"},
	    {"a=b%00c", "malformed"},
	    {"a%00=b", "malformed"},
	    {"%00", "malformed"},
	    /* not UTF-8 */
	    {"a=%ff", "malformed"},
	    {"a=\xff", "malformed"},
	    {"%c3=%a9", "malformed"},
	    {"a=%c3&%a9", "malformed"},
	    {"a=%c0%af", "malformed"},
	    {"a=%ed%a0%80", "malformed"},
	    {"a=%f4%90%80%80", "malformed"},
	    {"a=b&\x80", "malformed"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		is(fields(cases[i].text, strlen(cases[i].text)), cases[i].wanted, "the fields");
	is(fields("a=b\0", 4), "malformed", "a NUL at the end");
	is(fields("a\0=b&c=d", 8), "malformed", "a NUL inside");
	is(fields("\0", 1), "malformed", "only a NUL");
	is(fields("a=b&c=d", 5), "[a|b][c|]", "the length counts");
	is(fields("a=%41", 4), "malformed", "no byte behind the length");
}

static void
test_limit(void)
{
	char text[1000];
	size_t length = 0;
	struct gate_form_fields form;

	for (int i = 0; i < GATE_FORM_FIELDS_MAX; i++)
		length += (size_t)snprintf(text + length, sizeof text - length, "f%d=%d&", i, i);
	ok(gate_form_parse(&form, text, length) == 1 && form.count == 64, "64 fields");
	is(gate_form_get(&form, "f0", NULL), "0", "the first");
	is(gate_form_get(&form, "f63", NULL), "63", "the last");
	gate_form_release(&form);
	snprintf(text + length, sizeof text - length, "&&&&x");
	ok(gate_form_parse(&form, text, length + 4) == 1, "empty segments do not count");
	gate_form_release(&form);
	ok(gate_form_parse(&form, text, length + 5) == 0 && form.count == 0, "65 fields");
	gate_form_release(&form);
}

static void
test_get(void)
{
	static const char text[] = "a=1&b=2&a=3&c&=x&A=4";
	struct gate_form_fields form;
	bool twice = true;

	ok(gate_form_parse(&form, text, sizeof text - 1) == 1, "a form");
	is(gate_form_get(&form, "b", &twice), "2", "a field");
	ok(!twice, "once");
	is(gate_form_get(&form, "a", &twice), NULL, "two of one name: none");
	ok(twice, "twice");
	is(gate_form_get(&form, "a", NULL), NULL, "two of one name, and nobody asks");
	is(gate_form_get(&form, "z", &twice), NULL, "no such field");
	ok(!twice, "is not twice");
	is(gate_form_get(&form, "c", &twice), "", "an empty value");
	is(gate_form_get(&form, "", &twice), "x", "an empty name");
	is(gate_form_get(&form, "A", &twice), "4", "case counts");
	gate_form_release(&form);
	gate_form_release(&form);
	gate_form_release(NULL);
	is(gate_form_get(&form, "b", &twice), NULL, "an empty form has no fields");
	ok(!twice, "nor any twice");
}

int
main(void)
{
	test_parse();
	test_limit();
	test_get();
	return done();
}
