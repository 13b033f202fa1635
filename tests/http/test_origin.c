/* test_origin.c: which unsafe requests pass, whose address counts, which `next` is local.
 * Tests http/origin.c and http/address.c. */
#include "config.h"

#include "base/buffer.h"
#include "http/origin.h"
#include "tap.h"

/* ---- the cross-site check (security.md F1, F2) ---- */

static bool
passes(const char *method, const char *site, const char *origin, const char *own)
{
	struct gate_origin o = {
	    .method = method, .fetch_site = site, .origin = origin, .host = "example.com"};

	return gate_origin_refusal(&o, own) == NULL;
}

static void
test_matrix(void)
{
	static const char *const safe[] = {"GET", "HEAD", "OPTIONS"};
	static const char *const unsafe[] = {"POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT",
	    "PROPFIND", "get", "Head", "options", "GETX", "GE", "GET ", "", NULL};
	static const char *const sites[] = {"same-origin", "none", "same-site", "cross-site", "",
	    "Same-Origin", "NONE", " same-origin", "same-origin ", "same-origin, cross-site", "x",
	    NULL};
	static const char *const origins[] = {"https://example.com", "http://example.com",
	    "https://example.com:443", "http://example.com:80", "https://EXAMPLE.com", "null", "",
	    "https://evil.example", "https://example.com.evil.example", "https://example.com:8443",
	    "http://example.com:443", "https://example.com:80", NULL};
	const size_t good_sites = 2, good_origins = 5, count = sizeof origins / sizeof *origins;
	size_t wrong = 0;

	for (size_t i = 0; i < sizeof sites / sizeof *sites; i++)
		for (size_t k = 0; k < count; k++)
			for (size_t m = 0; m < sizeof safe / sizeof *safe; m++)
				wrong += !passes(safe[m], sites[i], origins[k], "");
	ok(wrong == 0, "safe methods pass, whatever the headers say");
	for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
		wrong = 0;
		for (size_t k = 0; k < count; k++)
			for (size_t m = 0; m < sizeof unsafe / sizeof *unsafe; m++)
				wrong += passes(unsafe[m], sites[i], origins[k], "") !=
				    (sites[i] != NULL ? i < good_sites : k < good_origins);
		ok(wrong == 0, "unsafe methods, Sec-Fetch-Site: %s",
		    sites[i] != NULL ? sites[i] : "(none)");
	}
}

static void
test_reasons(void)
{
	struct gate_origin o = {.method = "POST", .host = "example.com"};

	is(gate_origin_refusal(&o, ""),
	    "neither Sec-Fetch-Site, Origin nor Referer says where it comes from", "no header");
	o.origin = "https://evil.example";
	ok(strstr(gate_origin_refusal(&o, ""), "Origin is not this site: ") != NULL &&
		strstr(gate_origin_refusal(&o, ""), "option origin") != NULL,
	    "a foreign Origin, and what to do if it is ours");
	o.fetch_site = "cross-site";
	is(gate_origin_refusal(&o, ""), "the browser says that another site sent it", "cross-site");
	o.origin = "https://example.com";
	ok(gate_origin_refusal(&o, "") != NULL, "a fitting Origin doesn't outweigh Sec-Fetch-Site");
	o.fetch_site = "same-origin";
	o.origin = "https://evil.example";
	ok(gate_origin_refusal(&o, "") == NULL, "nor a foreign one same-origin");
}

/* TLS may end before us: an https Origin fits a request that seems to have come by http. */
static void
test_scheme(void)
{
	static const struct {
		bool secure;
		const char *origin, *own;
		bool good;
	} cases[] = {{true, "https://example.com", "", true},
	    {true, "http://example.com", "", false}, {true, "http://example.com:443", "", false},
	    {true, "http://example.com:80", "", false}, {false, "https://example.com", "", true},
	    {false, "http://example.com", "", true},
	    {true, "http://example.com", "http://example.com", true},
	    {true, "http://example.com", "https://example.com", false}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gate_origin o = {.method = "POST",
		    .origin = cases[i].origin,
		    .host = "example.com",
		    .secure = cases[i].secure};

		ok((gate_origin_refusal(&o, cases[i].own) == NULL) == cases[i].good,
		    "%s request, Origin: %s, origin = %s: %s", cases[i].secure ? "https" : "http",
		    cases[i].origin, cases[i].own, cases[i].good ? "ours" : "not ours");
	}
}

struct origin_case {
	const char *origin, *host, *port;
	bool good;
};

static const struct origin_case hosts[] = {{"https://a.example", "a.example", NULL, true},
    {"http://a.example", "a.example", NULL, true}, {"https://a.example", "A.Example", NULL, true},
    {"https://A.EXAMPLE", "a.example", NULL, true},
    {"https://a.example", "a.example:443", NULL, true},
    {"https://a.example:443", "a.example", NULL, true},
    {"http://a.example", "a.example:80", NULL, true},
    {"https://a.example:8443", "a.example:8443", NULL, true},
    {"http://127.0.0.1:8080", "127.0.0.1:8080", NULL, true},
    {"http://[::1]:8080", "[::1]:8080", NULL, true}, {"http://[::1]", "[::1]:80", NULL, true},
    {"http://localhost:8080", "localhost", "8080", true},
    {"http://[::1]:8080", "[::1]", "8080", true}, {"https://a.example", "a.example", "443", true},
    {"https://a.example", "a.example", "8080", true},
    {"http://localhost:8080", "localhost", "80", false},
    {"http://localhost:8080", "localhost", "808", false},
    {"http://localhost:8080", "localhost:80", "8080", false},
    {"http://localhost:80801", "localhost", "8080", false},
    {"http://localhostx8080", "localhost", "8080", false},
    {"http://evil.example:8080", "localhost", "8080", false},
    {"https://a.example:80", "a.example:443", NULL, false},
    {"https://a.example", "a.example:80", NULL, false},
    {"http://a.example", "a.example:443", NULL, false},
    {"https://a.example:8443", "a.example", NULL, false},
    {"https://a.example", "a.example:8443", NULL, false},
    {"https://a.example:8443", "a.example:8444", NULL, false},
    {"https://a.example.", "a.example", NULL, false},
    {"https://a.exampl", "a.example", NULL, false},
    {"https://a.example2", "a.example", NULL, false},
    {"https://xa.example", "a.example", NULL, false},
    {"https://x.a.example", "a.example", NULL, false},
    {"https://a.example.evil.example", "a.example", NULL, false},
    {"https://evil.example/a.example", "a.example", NULL, false},
    {"https://evil.example?a.example", "a.example", NULL, false},
    {"https://a.example@evil.example", "a.example", NULL, false},
    {"https://user@a.example", "a.example", NULL, false},
    {"https://a.example/", "a.example", NULL, false},
    {"https://a.example ", "a.example", NULL, false},
    {" https://a.example", "a.example", NULL, false},
    {"https://a.example https://evil.example", "a.example", NULL, false},
    {"https://a.example, https://a.example", "a.example", NULL, false},
    {"ftp://a.example", "a.example", NULL, false}, {"file://", "a.example", NULL, false},
    {"//a.example", "a.example", NULL, false}, {"a.example", "a.example", NULL, false},
    {"HTTPS://a.example", "a.example", NULL, false}, {"https:", "a.example", NULL, false},
    {"https://", "a.example", NULL, false}, {"https://", "", NULL, false},
    {"http://", ":80", NULL, false}, {"https://:443", ":443", NULL, true},
    {"https://a.example", "", NULL, false}, {"https://a.example", NULL, NULL, false},
    {"null", "null", NULL, false}, {"", "", NULL, false}, {"n", "a.example", NULL, false}};

static void
test_host(void)
{
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		const struct origin_case *c = &hosts[i];
		char *origin = strdup(c->origin); /* a step beyond its end shows */
		struct gate_origin o = {
		    .method = "POST", .origin = origin, .host = c->host, .server_port = c->port};

		ok((gate_origin_refusal(&o, "") == NULL) == c->good,
		    "Origin: %s, Host: %s, port %s: %s", c->origin,
		    c->host != NULL ? c->host : "(none)", c->port != NULL ? c->port : "(none)",
		    c->good ? "ours" : "not ours");
		free(origin);
	}
}

static void
test_own(void)
{
	static const char own[] = "https://site.example";
	static const char *const good[] = {"https://site.example", "https://SITE.example"};
	static const char *const bad[] = {"http://site.example", "https://site.example.evil",
	    "https://site.example:443", "https://site.example:8443", "https://site.exampl",
	    "https://site.example/", "https://evil.example", "https://example.com", "null", "",
	    "site.example", "https://xsite.example", "https://site.example@evil.example"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ok(passes("POST", NULL, good[i], own), "option origin: %s is ours", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!passes("POST", NULL, bad[i], own), "option origin: \"%s\" is not", bad[i]);
	ok(!passes("POST", NULL, NULL, own), "option origin: no Origin is not");
	ok(!passes("POST", "cross-site", own, own), "Sec-Fetch-Site comes first");
}

static void
test_referer(void)
{
	static const char *const good[] = {"http://a.example", "http://a.example/",
	    "http://a.example/login?next=/a", "https://a.example/x@y",
	    "http://A.Example/?u=//b.example", "http://a.example:80/", "https://a.example:443/",
	    "http://a.example#x", "http://a.example?x"};
	static const char *const bad[] = {"", "null", "a.example", "//a.example/", "/login",
	    "http://b.example/", "http://a.example.b.example/",
	    "http://b.example/http://a.example/", "http://b.example\\@a.example/",
	    "http://a.example@b.example/", "http://u@a.example/", "http://u:p@a.example/",
	    "http://a.example:8080/", "http://a.example:443/", "https://a.example:80/",
	    "ftp://a.example/", "javascript://a.example/", "http://", "http:///a.example/",
	    "http:/a.example/", " http://a.example/", "http://a.example /", "http://xa.example/",
	    "http://a.exampl/", "about:blank", "://a.example/",
	    "http://a.example/, http://a.example/"};
	char longest[1024] = "http://";
	struct gate_origin o = {.method = "POST", .host = "a.example"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		o.referer = good[i];
		ok(gate_origin_refusal(&o, "") == NULL, "Referer: %s is ours", good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		o.referer = bad[i];
		ok(gate_origin_refusal(&o, "") != NULL, "Referer: \"%s\" is not", bad[i]);
	}
	memset(longest + 7, 'a', sizeof longest - 8);
	o.referer = longest;
	ok(gate_origin_refusal(&o, "") != NULL, "nor one whose host is too long for any");
	o.referer = "https://site.example/login";
	ok(gate_origin_refusal(&o, "https://site.example") == NULL, "option origin: that one is");
	o.referer = "http://a.example/login";
	ok(gate_origin_refusal(&o, "https://site.example") != NULL,
	    "and what the request says is not");
	ok(strstr(gate_origin_refusal(&o, "https://site.example"), "option origin") != NULL,
	    "which the reason says");
	o.origin = "http://a.example";
	o.referer = "http://b.example/";
	ok(gate_origin_refusal(&o, "") == NULL, "where Origin came, Referer says nothing");
	o.fetch_site = "same-site";
	o.referer = "http://a.example/";
	ok(gate_origin_refusal(&o, "") != NULL, "nor where Sec-Fetch-Site came");
}

/* ---- the client's address ---- */

struct address_case {
	const char *remote, *forwarded, *wanted;
};

static char *const proxies[] = {(char[]){"10.0.0.1"}, (char[]){"192.168.0.0/16"}, (char[]){"::1"},
    (char[]){"2001:db8::/33"}, (char[]){"172.16.0.0/12"}, NULL};

static const struct address_case addresses[] = {{"198.51.100.7", NULL, "198.51.100.7"},
    {"198.51.100.7", "203.0.113.9", "198.51.100.7"}, {"10.0.0.1", NULL, "10.0.0.1"},
    {"10.0.0.1", "", "10.0.0.1"}, {"10.0.0.1", "203.0.113.9", "203.0.113.9"},
    {"10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"},
    {"10.0.0.1", "1.1.1.1,203.0.113.9", "203.0.113.9"},
    {"10.0.0.1", "1.1.1.1, 203.0.113.9, 192.168.3.4", "203.0.113.9"},
    {"10.0.0.1", "1.1.1.1, 203.0.113.9, 192.168.3.4, 10.0.0.1", "203.0.113.9"},
    {"10.0.0.1", "192.168.1.1, 192.168.1.2", "192.168.1.1"},
    {"10.0.0.1", "192.168.1.1", "192.168.1.1"}, {"10.0.0.2", "203.0.113.9", "10.0.0.2"},
    {"10.0.0.1", "  203.0.113.9  ", "203.0.113.9"}, {"10.0.0.1", "\t203.0.113.9\t", "203.0.113.9"},
    {"10.0.0.1", "1.1.1.1 ,\t203.0.113.9 ", "203.0.113.9"},
    {"10.0.0.1", "203.0.113.9,", "10.0.0.1"}, {"10.0.0.1", "203.0.113.9, ", "10.0.0.1"},
    {"10.0.0.1", ",203.0.113.9", "203.0.113.9"},
    {"10.0.0.1", "203.0.113.9,,192.168.1.1", "192.168.1.1"}, {"10.0.0.1", ",", "10.0.0.1"},
    {"10.0.0.1", ",,,", "10.0.0.1"}, {"10.0.0.1", " ", "10.0.0.1"},
    {"10.0.0.1", "garbage", "10.0.0.1"}, {"10.0.0.1", "unknown", "10.0.0.1"},
    {"10.0.0.1", "_hidden", "10.0.0.1"}, {"10.0.0.1", "203.0.113.9, garbage", "10.0.0.1"},
    {"10.0.0.1", "garbage, 203.0.113.9", "203.0.113.9"},
    {"10.0.0.1", "203.0.113.9, garbage, 192.168.1.1", "192.168.1.1"},
    {"10.0.0.1", "203.0.113.9:1234", "203.0.113.9"},
    {"10.0.0.1", "[2001:db8:8000::1]", "2001:db8:8000::1"},
    {"10.0.0.1", "1.1.1.1, [2001:db8:8000::1]:443", "2001:db8:8000::1"},
    {"10.0.0.1", "1.1.1.1:1, 203.0.113.9:65535, [::1]:2", "203.0.113.9"},
    {"10.0.0.1", "203.0.113.9:", "10.0.0.1"}, {"10.0.0.1", "203.0.113.9:8x", "10.0.0.1"},
    {"10.0.0.1", "203.0.113.9:8:8", "10.0.0.1"}, {"10.0.0.1", "[203.0.113.9:8", "10.0.0.1"},
    {"10.0.0.1", "[2001:db8:8000::1]8", "10.0.0.1"}, {"10.0.0.1", "[]:8", "10.0.0.1"},
    {"10.0.0.1", "[2001:db8:8000::1]:", "10.0.0.1"}, {"10.0.0.1", ":8", "10.0.0.1"},
    {"10.0.0.1", "[", "10.0.0.1"}, {"10.0.0.1", "1.1.1.1,[", "10.0.0.1"},
    {"10.0.0.1", "\"203.0.113.9\"", "10.0.0.1"}, {"10.0.0.1", "203.0.113", "10.0.0.1"},
    {"10.0.0.1", "203.0.113.256", "10.0.0.1"}, {"10.0.0.1", "203.0.113.09", "10.0.0.1"},
    {"10.0.0.1", "0xcb.0.113.9", "10.0.0.1"}, {"10.0.0.1", "3405803785", "10.0.0.1"},
    {"10.0.0.1", "203.0.113.9;x", "10.0.0.1"}, {"10.0.0.1", "203.0.113.9 x", "10.0.0.1"},
    {"10.0.0.1", "203.0.113.9/32", "10.0.0.1"}, {"10.0.0.1", "203.0.113.9\n", "10.0.0.1"},
    {"10.0.0.1", "for=203.0.113.9", "10.0.0.1"}, {"10.0.0.1", "localhost", "10.0.0.1"},
    {"10.0.0.1", "fe80::1%eth0", "fe80::1%eth0"},
    {"10.0.0.1", "2001:db8:8000::1", "2001:db8:8000::1"},
    {"10.0.0.1", "2001:DB8:8000:0:0::1", "2001:db8:8000::1"},
    {"10.0.0.1", "203.0.113.9, 2001:db8:7fff::1", "203.0.113.9"},
    {"10.0.0.1", "203.0.113.9, 2001:db8:8000::1", "2001:db8:8000::1"},
    {"::1", "203.0.113.9", "203.0.113.9"}, {"0:0:0:0:0:0:0:1", "203.0.113.9", "203.0.113.9"},
    {"::2", "203.0.113.9", "::2"}, {"::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"},
    {"::ffff:a00:1", "203.0.113.9", "203.0.113.9"}, {"::ffff:10.0.0.2", "1.1.1.1", "10.0.0.2"},
    {"10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"},
    {"10.0.0.1", "203.0.113.9, ::ffff:192.168.1.1", "203.0.113.9"},
    {"::10.0.0.1", "1.1.1.1", "::10.0.0.1"}, {"10.0.0.1", "172.15.255.255", "172.15.255.255"},
    {"10.0.0.1", "1.1.1.1, 172.16.0.0", "1.1.1.1"},
    {"10.0.0.1", "1.1.1.1, 172.31.255.255", "1.1.1.1"},
    {"10.0.0.1", "1.1.1.1, 172.32.0.0", "172.32.0.0"},
    {"10.0.0.1", "1.1.1.1, 192.169.0.0", "192.169.0.0"}, {NULL, "203.0.113.9", ""},
    {"", "203.0.113.9", ""}, {"unix:", "203.0.113.9", "unix:"}, {"unix", "1.1.1.1", ""},
    {"unix:/a", "1.1.1.1", ""}, {"10.0.0.1", "unix:", "unix:"},
    {"fe80::1%eth0", "1.1.1.1", "fe80::1%eth0"}, {"fe80::1%", "1.1.1.1", ""},
    {"fe80::1%a b", "1.1.1.1", ""}, {"2001:db8::1%eth0", "1.1.1.1", ""},
    {"10.0.0.1%eth0", "1.1.1.1", ""},
    {"fe80::1%a23456789012345", "1.1.1.1", "fe80::1%a23456789012345"},
    {"fe80::1%a234567890123456", "1.1.1.1", ""}, {"fe80::1%e%e", "1.1.1.1", ""},
    {"fe80:1111:2222:3333:4444:5555:6666:7777%a23456789012345", NULL,
	"fe80:1111:2222:3333:4444:5555:6666:7777%a23456789012345"},
    {"10.0.0.1 ", "203.0.113.9", ""}, {"10.0.0.1:80", "203.0.113.9", ""},
    {"0000:0000:0000:0000:0000:ffff:10.0.0.1.2.3.4.5.6.7.8.9", "203.0.113.9", ""}};

static void
test_address(void)
{
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		const struct address_case *c = &addresses[i];
		struct gate_origin o = {.remote_address = c->remote, .forwarded_for = c->forwarded};
		char address[GATE_ADDRESS_MAX];

		gate_origin_address(&o, proxies, address);
		if (!ok(strcmp(address, c->wanted) == 0, "address case %zu is \"%s\"", i,
			c->wanted))
			printf("# got \"%s\"\n", address);
	}
}

static void
test_long_forwarded(void)
{
	struct gate_buffer list = {0};
	struct gate_origin o = {.remote_address = "10.0.0.1"};
	char address[GATE_ADDRESS_MAX];

	while (list.length + 9 + 11 < GATE_ORIGIN_FORWARDED_MAX)
		gate_buffer_puts(&list, "1.2.3.4, ");
	while (list.length + 11 < GATE_ORIGIN_FORWARDED_MAX)
		gate_buffer_putc(&list, ' ');
	gate_buffer_puts(&list, "203.0.113.9");
	o.forwarded_for = list.data;
	gate_origin_address(&o, proxies, address);
	is(address, "203.0.113.9", "a header of the greatest length is believed");
	gate_buffer_putc(&list, ' ');
	o.forwarded_for = list.data;
	gate_origin_address(&o, proxies, address);
	is(address, "203.0.113.9", "of a longer one its end");
	gate_buffer_puts(&list, ", 192.168.1.1");
	o.forwarded_for = list.data;
	gate_origin_address(&o, proxies, address);
	is(address, "203.0.113.9", "  with a proxy's in it");
	gate_buffer_reset(&list);
	while (list.length <= GATE_ORIGIN_FORWARDED_MAX)
		gate_buffer_puts(&list, "1.2.3.4");
	o.forwarded_for = list.data;
	gate_origin_address(&o, proxies, address);
	is(address, "10.0.0.1", "one entry that is too long is none");
	gate_buffer_release(&list);
}

/* The web server has chosen the visitor, or has not. */
static void
test_peer(void)
{
	char *const list[] = {
	    (char[]){"10.0.0.0/8"}, (char[]){"unix"}, (char[]){"fe80::1%eth0"}, NULL};
	static const struct {
		const char *peer, *remote, *forwarded, *wanted;
		bool secure;
	} rows[] = {
	    {NULL, "10.0.0.1", "203.0.113.9", "203.0.113.9", true},
	    {"10.0.0.1", "10.0.0.1", "203.0.113.9", "203.0.113.9", true},
	    {"10.0.0.1", "::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9", true},
	    {"10.0.0.1", "203.0.113.9", "1.1.1.1", "203.0.113.9", true},
	    {"10.0.0.1", "10.0.0.2", "1.1.1.1", "10.0.0.2", true},
	    {"203.0.113.9", "10.0.0.1", "1.1.1.1", "10.0.0.1", false},
	    {"203.0.113.9", "203.0.113.9", "1.1.1.1", "203.0.113.9", false},
	    {"nobody", "10.0.0.1", "1.1.1.1", "10.0.0.1", false},
	    {NULL, NULL, "1.1.1.1", "", false},
	    {"10.0.0.1", NULL, "1.1.1.1", "", true},
	    {NULL, "unix:", "203.0.113.9", "203.0.113.9", true},
	    {NULL, "unix:", "203.0.113.9, unix:", "203.0.113.9", true},
	    {NULL, "unix:", NULL, "unix:", true},
	    {"unix:", "203.0.113.9", "1.1.1.1", "203.0.113.9", true},
	    {"unix:", "unix:", "203.0.113.9", "203.0.113.9", true},
	    {NULL, "unix", "203.0.113.9", "", false},
	    {NULL, "unix:x", "203.0.113.9", "", false},
	    {NULL, "fe80::1%eth0", "203.0.113.9", "203.0.113.9", true},
	    {NULL, "fe80::1%eth1", "203.0.113.9", "fe80::1%eth1", false},
	    {NULL, "fe80::1", "203.0.113.9", "fe80::1", false},
	    {NULL, "fe80::1%", "203.0.113.9", "", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct gate_origin o = {.peer = rows[i].peer,
		    .remote_address = rows[i].remote,
		    .forwarded_for = rows[i].forwarded,
		    .forwarded_proto = "https"};
		char address[GATE_ADDRESS_MAX];

		gate_origin_address(&o, list, address);
		ok(strcmp(address, rows[i].wanted) == 0 &&
			gate_origin_secure(&o, list) == rows[i].secure,
		    "peer %s, REMOTE_ADDR %s: the visitor is \"%s\", https %s believed",
		    rows[i].peer != NULL ? rows[i].peer : "(none)",
		    rows[i].remote != NULL ? rows[i].remote : "(none)", rows[i].wanted,
		    rows[i].secure ? "is" : "is not");
	}
}

/* ---- what the web server says ---- */

#define READ(...) read_params((const char *const[]){__VA_ARGS__, NULL})

static struct gate_buffer joined;

/* What it returns is good until the next one. */
static struct gate_origin
read_params(const char *const *params)
{
	static char texts[8][64];
	char *copies[8] = {NULL};
	struct gate_origin o;

	for (size_t i = 0; i < 7 && params[i] != NULL; i++) {
		snprintf(texts[i], sizeof texts[i], "%s", params[i]);
		copies[i] = texts[i];
	}
	gate_origin_read(&o, copies, &joined);
	return o;
}

static void
test_read(void)
{
	struct gate_origin o;

	o = READ("REMOTE_ADDR=10.0.0.1", "GATE_PEER=", "HTTP_X_FORWARDED_FOR=1.1.1.1",
	    "HTTP_X_FORWARDED_FORX=2.2.2.2", "HTTP_X_FORWARDED_PROTO=https", "HTTPS=");
	ok(o.peer == NULL && o.https == NULL && o.doubt == NULL && !o.for_repeated &&
		!o.proto_repeated,
	    "what is empty is not there");
	is(gate_origin_peer(&o), "10.0.0.1", "without GATE_PEER the peer is REMOTE_ADDR");
	is(o.forwarded_for, "1.1.1.1", "one X-Forwarded-For");
	is(o.forwarded_proto, "https", "one X-Forwarded-Proto");
	o = READ("HTTP_X_FORWARDED_FOR=1.1.1.1", "HTTP_X_FORWARDED_FOR=2.2.2.2",
	    "HTTP_X_FORWARDED_PROTO=https", "HTTP_X_FORWARDED_PROTO=https", "GATE_PEER=10.0.0.1",
	    "SERVER_SOFTWARE=lighttpd/1.4.69");
	ok(o.forwarded_for == NULL && o.for_repeated && o.forwarded_proto == NULL &&
		o.proto_repeated,
	    "what comes twice is not believed");
	o = READ("HTTP_X_FORWARDED_FOR=1.1.1.1", "HTTP_X_FORWARDED_FOR=2.2.2.2",
	    "HTTP_X_FORWARDED_PROTO=https",
	    "HTTP_X_FORWARDED_PROTO=", "SERVER_SOFTWARE=nginx/1.22.1");
	is(o.forwarded_for, "1.1.1.1,2.2.2.2", "of nginx the lines are one list");
	ok(o.forwarded_proto == NULL && o.proto_repeated, "but no two of X-Forwarded-Proto");
}

static void
refused_with_doubt(struct gate_origin o)
{
	ok(o.doubt != NULL && gate_origin_refusal(&o, "") == o.doubt, "%s: refused",
	    o.doubt != NULL ? o.doubt : "(not seen)");
	o.method = "GET";
	ok(gate_origin_refusal(&o, "") == NULL, "but not with a safe method");
}

static void
test_doubt(void)
{
	static const char post[] = "REQUEST_METHOD=POST", host[] = "HTTP_HOST=a.example",
			  ours[] = "HTTP_ORIGIN=http://a.example", null[] = "HTTP_ORIGIN=null",
			  from[] = "HTTP_REFERER=http://a.example/login",
			  same[] = "HTTP_SEC_FETCH_SITE=same-origin";
	struct gate_origin o = READ(post, host, ours, same, from);

	ok(gate_origin_refusal(&o, "") == NULL, "each once: not refused");
	refused_with_doubt(READ(post, host, same, same));
	refused_with_doubt(READ(post, host, same, "HTTP_SEC_FETCH_SITE=", ours));
	refused_with_doubt(READ(post, host, ours, "HTTP_ORIGIN=http://b.example"));
	refused_with_doubt(READ(post, host, ours, ours, same));
	refused_with_doubt(READ(post, host, from, from));
	refused_with_doubt(READ(post, host, same, from, "HTTP_REFERER="));
	refused_with_doubt(READ(post, host, "HTTP_HOST=b.example", ours));
	o = READ(post, host, from);
	ok(gate_origin_refusal(&o, "") == NULL, "Referer alone: not refused");
	o = READ(post, host, from, null);
	ok(gate_origin_refusal(&o, "") != NULL, "Origin: null is there, and not ours");
	o = READ(post, host, from, "HTTP_ORIGIN=");
	ok(gate_origin_refusal(&o, "") != NULL, "so is an empty Origin");
	o = READ(post, host, from, "HTTP_SEC_FETCH_SITE=");
	ok(gate_origin_refusal(&o, "") != NULL, "and an empty Sec-Fetch-Site");
	o = READ(post, host, "HTTP_REFERER=");
	ok(gate_origin_refusal(&o, "") != NULL, "and an empty Referer");
}

static void
test_insecurity(void)
{
	char *const list[] = {(char[]){"10.0.0.1"}, NULL};
	struct gate_origin o = {.remote_address = "203.0.113.9"};

	ok(strstr(gate_origin_insecurity(&o, list), "nothing says https") != NULL, "no header");
	o.forwarded_proto = "http";
	ok(strstr(gate_origin_insecurity(&o, list), "does not say https") != NULL, "http");
	o.forwarded_proto = "https";
	ok(strstr(gate_origin_insecurity(&o, list), "trusted_proxies") != NULL &&
		strstr(gate_origin_insecurity(&o, list), "GATE_PEER") != NULL,
	    "https of a peer that is not named");
	o.peer = "10.0.0.2";
	ok(strstr(gate_origin_insecurity(&o, list), "trusted_proxies") != NULL, "the same");
	o.peer = "garbage";
	ok(strstr(gate_origin_insecurity(&o, list), "can be read") != NULL, "of an unreadable one");
	o.proto_repeated = true;
	ok(strstr(gate_origin_insecurity(&o, list), "twice") != NULL, "twice");
}

static void
test_trusted(void)
{
	char *const none[] = {NULL},
		    *const odd[] = {(char[]){"garbage"}, (char[]){"10.0.0.0/33"},
			(char[]){"10.0.0.0/-1"}, (char[]){"/8"}, (char[]){"::/129"}, (char[]){""},
			NULL},
		    *const all[] = {(char[]){"0.0.0.0/0"}, NULL},
		    *const mapped[] = {
			(char[]){"::ffff:10.0.0.0/104"}, (char[]){"::ffff:192.0.2.1"}, NULL};

	ok(!gate_origin_trusted("10.0.0.1", none), "nobody is trusted by an empty list");
	ok(!gate_origin_trusted(NULL, proxies), "no address is not trusted");
	ok(!gate_origin_trusted("", proxies), "an empty one neither");
	ok(!gate_origin_trusted("10.0.0.1x", proxies), "nor a broken one");
	ok(gate_origin_trusted("10.0.0.1", proxies), "an address of the list is");
	ok(gate_origin_trusted("2001:db8:7fff::", proxies), "inside 2001:db8::/33");
	ok(!gate_origin_trusted("2001:db8:8000::", proxies), "outside 2001:db8::/33");
	ok(gate_origin_trusted("255.1.2.3", all), "0.0.0.0/0 is every IPv4 address");
	ok(gate_origin_trusted("::ffff:255.1.2.3", all), "a mapped one too");
	ok(!gate_origin_trusted("::1", all), "but no IPv6 address");
	ok(gate_origin_trusted("10.200.0.1", mapped), "a mapped network is an IPv4 network");
	ok(!gate_origin_trusted("11.0.0.1", mapped), "of that size");
	ok(gate_origin_trusted("192.0.2.1", mapped), "a mapped address is an IPv4 address");
	ok(!gate_origin_trusted("10.0.0.1", odd), "broken entries trust nobody");
	ok(!gate_origin_trusted("::1", odd), "whatever the family");
	ok(!gate_origin_trusted("unix:", all) && !gate_origin_trusted("unix:", odd),
	    "a unix socket is no address of any network");
	ok(gate_origin_trusted("unix:", (char *const[]){(char[]){"unix"}, NULL}), "but has a name");
	ok(gate_origin_trusted("fe80::7%eth0", (char *const[]){(char[]){"fe80::/10"}, NULL}),
	    "a network is there in every zone");
}

/* ---- over TLS? ---- */

static void
secure_is(struct gate_origin o, bool wanted, const char *name)
{
	ok(gate_origin_secure(&o, proxies) == wanted, "%s: %s", name,
	    wanted ? "secure" : "not secure");
}

static void
test_secure(void)
{
	static const char *const yes[] = {"https", "HTTPS", "https,https", "https , HTTPS",
	    " https", "https\t", "\thttps ,https"};
	static const char *const no[] = {"http", "http,https", "https, http", "https,https,http",
	    "", ",https", "https,", "httpsx", "xhttps", "https:", "https x", "on", "1", "https;x",
	    "wss", " ", "ht tps"};
	struct gate_buffer longest = {0};

	secure_is((struct gate_origin){0}, false, "nothing said");
	secure_is((struct gate_origin){.https = "on"}, true, "HTTPS=on");
	secure_is((struct gate_origin){.https = "ON"}, true, "HTTPS=ON");
	secure_is((struct gate_origin){.https = "1"}, true, "HTTPS=1");
	secure_is((struct gate_origin){.https = "off"}, false, "HTTPS=off");
	secure_is((struct gate_origin){.https = ""}, false, "HTTPS=");
	secure_is((struct gate_origin){.https = "0"}, false, "HTTPS=0");
	secure_is((struct gate_origin){.request_scheme = "https"}, true, "REQUEST_SCHEME=https");
	secure_is((struct gate_origin){.request_scheme = "http"}, false, "REQUEST_SCHEME=http");
	secure_is(
	    (struct gate_origin){.https = "off", .request_scheme = "https"}, true, "one says so");
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		secure_is(
		    (struct gate_origin){.remote_address = "10.0.0.1", .forwarded_proto = yes[i]},
		    true, yes[i]);
		secure_is(
		    (struct gate_origin){.remote_address = "10.0.0.2", .forwarded_proto = yes[i]},
		    false, "the same of a stranger");
		secure_is(
		    (struct gate_origin){.forwarded_proto = yes[i]}, false, "the same of nobody");
	}
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		secure_is(
		    (struct gate_origin){.remote_address = "10.0.0.1", .forwarded_proto = no[i]},
		    false, no[i]);
	gate_buffer_puts(&longest, "https");
	while (longest.length < GATE_ORIGIN_FORWARDED_MAX)
		gate_buffer_putc(&longest, ' ');
	secure_is((struct gate_origin){.remote_address = "::1", .forwarded_proto = longest.data},
	    true, "the greatest length");
	gate_buffer_putc(&longest, ',');
	secure_is((struct gate_origin){.remote_address = "::1", .forwarded_proto = longest.data},
	    false, "a byte more");
	gate_buffer_release(&longest);
}

/* ---- next ---- */

static bool
is_local(const char *text, size_t length)
{
	char *copy =
	    malloc(length + (length == 0)); /* without a NUL: a step beyond its end shows */
	bool local;

	if (copy == NULL)
		exit(1);
	memcpy(copy, text, length);
	local = gate_origin_local_path(copy, length);
	free(copy);
	return local;
}

static void
test_good_next(void)
{
	static const char *const good[] = {"/", "/a", "/a/", "/a/b", "/a?b=c&d=e", "/?next=/b",
	    "/#top", "/a#b", "/a//b", "/a/../b", "/./a", "/.", "/..", "/a;b=c", "/a:b", "/@b",
	    "/a@b.example", "/:80", "/?u=https://example.com/", "/#//evil.example",
	    "/?//evil.example", "/%2f%2fevil.example", "/%5cevil.example", "/%09/evil.example",
	    "/%0d%0aSet-Cookie:%20a=b", "/%00", "/%", "/%zz", "/~a", "/!$&'()*+,;=", "/[1]", "/{a}",
	    "/a|b", "/\"a\"", "/<b>", "/`", "/^", "/\xc3\xab", "/\xc2\xa0", "/\xe2\x82\xac",
	    "/\xf0\x9f\x98\x80", "/\xef\xbc\x8fhost.example", "/\xe3\x80\x80", "/\xe2\x80\xa8",
	    "/\xef\xbb\xbf", "/javascript:alert(1)", "/http://evil.example", "/https:evil.example",
	    "/.evil.example", "/-", "/0"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ok(is_local(good[i], strlen(good[i])), "stays here: %s", good[i]);
}

static void
test_hostile_next(void)
{
	static const char *const heads[] = {"//", "///", "////", "/\\", "/\\/", "/\\\\", "\\",
	    "\\\\", "\\/", "\\//", "http:", "http:/", "http://", "https:", "https://", "https:///",
	    "HTTPS://", "hTTp://", "http:\\\\", "https:\\", "ftp://", "ws://", "file:///",
	    "javascript:", "JavaScript://", "data:text/html,", "vbscript:", "blob:https://",
	    "view-source:http://", "mailto:", "", " ", " //", " /", "\t//", "\n//", "\r//", "\v//",
	    "\f//", "/\t/", "/\n/", "/\r/", "/\r\n/", "/ /", "/\t\\", "/\n\\", "/ \\", "\t/\t/",
	    "/a\n//", "/a\r\nLocation: //", "/a\\..\\//", "/\\\t/", ".//", "..//", "./", "../",
	    "?//", "#//", "@", ":", ";//", "%2f%2f", "%2f/", "%5c%5c", "%09//", "%0a//", "\x01//",
	    "\x7f//", "/\x7f/", "/\x01/", "\xc2\xa0//", "\xc2\x85//", "/\xc2\x85/",
	    "\xe3\x80\x80//", "\xe2\x80\xa8//", "\xef\xbb\xbf//", "\xef\xbc\x8f\xef\xbc\x8f",
	    "/\xc0\xaf", "/\xff/", "/\xe0\x80\xaf", "/\xed\xa0\x80/", "/\xf8\x88\x80\x80\x80/",
	    "\"//", "'//", "<//"};
	static const char *const tails[] = {"evil.example", "evil.example/", "evil.example/%2e%2e",
	    "evil.example:80/a", "user@evil.example", "example.com@evil.example",
	    "example.com.evil.example", "evil.example\\@example.com", "[::1]/", "0x7f.1/",
	    "2130706433", "xn--evil-.example", "evil\xe3\x80\x82host", "evil.example?example.com",
	    "evil.example#example.com"};
	size_t tried = 0;

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		size_t wrong = 0;

		for (size_t k = 0; k < sizeof tails / sizeof *tails; k++, tried++) {
			char text[100];

			snprintf(text, sizeof text, "%s%s", heads[i], tails[k]);
			wrong += is_local(text, strlen(text));
		}
		ok(wrong == 0, "hostile beginning %zu, %zu times", i, sizeof tails / sizeof *tails);
	}
	ok(tried >= 500, "%zu hostile ones refused", tried);
}

/* Every byte that `next` must not hold, wherever it stands. */
static void
test_bytes_of_next(void)
{
	size_t wrong = 0, tried = 0;

	for (int c = 0; c < 256; c++) {
		const bool bad = c < 0x21 || c == '\\' || c >= 0x7f;
		char text[] = "/a/bc?d=e#f";

		for (size_t at = 2; at < sizeof text - 1; at++, tried++) {
			char kept = text[at];

			text[at] = (char)c;
			wrong += is_local(text, sizeof text - 1) == bad;
			text[at] = kept;
		}
	}
	ok(wrong == 0, "each byte at each place, %zu times", tried);
	wrong = 0;
	for (int c = 0x80; c < 0xc0; c++) {
		char text[] = {'/', 'a', (char)0xc2, (char)c};

		wrong += is_local(text, sizeof text) == (c < 0xa0);
	}
	ok(wrong == 0, "U+0080 to U+009F are refused, U+00A0 to U+00BF are not");
	wrong = 0;
	for (int c = 0; c < 256; c++) {
		char text[] = {(char)c, 'a'}, second[] = {'/', (char)c};

		wrong += is_local(text, sizeof text) != (c == '/');
		wrong += is_local(second, sizeof second) !=
		    (c > 0x20 && c < 0x7f && c != '/' && c != '\\');
	}
	ok(wrong == 0, "first byte: only /; second: neither / nor \\");
}

static void
test_length_of_next(void)
{
	char text[GATE_NEXT_MAX + 1];

	memset(text, 'a', sizeof text);
	text[0] = '/';
	ok(is_local(text, GATE_NEXT_MAX), "%d bytes", GATE_NEXT_MAX);
	ok(!is_local(text, GATE_NEXT_MAX + 1), "a byte more is refused, not cut");
	ok(!is_local("", 0), "nothing");
	ok(!is_local("/a\0b", 4), "a NUL");
	ok(!is_local("/a\xc3", 3), "a character cut at the end");
	ok(!is_local("/a\xc2", 3), "another one");
	ok(!is_local("/\xe2\x82", 3), "a longer one");
}

static void
test_split(void)
{
	static const struct {
		const char *text, *host, *port;
	} good[] = {{"127.0.0.1:9000", "127.0.0.1", "9000"}, {"[::1]:80", "::1", "80"},
	    {"localhost:x", "localhost", "x"}, {"::1:80", "::1", "80"}, {"a:", "a", ""}};
	static const char *const bad[] = {"", ":", ":80", "host", "[]:80"};
	char host[GATE_HOST_MAX], longer[GATE_HOST_MAX + 4];
	const char *port;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ok(gate_address_split(good[i].text, host, &port) &&
			strcmp(host, good[i].host) == 0 && strcmp(port, good[i].port) == 0,
		    "%s is host and port", good[i].text);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!gate_address_split(bad[i], host, &port), "\"%s\" is not", bad[i]);
	memset(longer, 'h', sizeof longer);
	memcpy(longer + GATE_HOST_MAX, ":1", 3);
	ok(!gate_address_split(longer, host, &port), "nor is a host that is too long");
	memcpy(longer + GATE_HOST_MAX - 1, ":1", 3);
	ok(gate_address_split(longer, host, &port) && strlen(host) == GATE_HOST_MAX - 1,
	    "the longest one is");
}

/* ---- links from other sites, where no Sec-Fetch-Site tells of them ---- */

static void
test_foreign(void)
{
	static const struct {
		const char *referer, *host, *own;
		bool foreign;
	} cases[] = {{"http://b.example/", "a.example", "", true},
	    {"https://b.example/a.example", "a.example", "", true},
	    {"http://a.example.b.example/", "a.example", "", true},
	    {"http://xa.example/", "a.example", "", true},
	    {"android-app://b.example/", "a.example", "", true},
	    {"http://[::2]/", "[::1]:8080", "", true},
	    {"http://a.example/page?b", "a.example", "", false},
	    {"http://A.Example/", "a.example", "", false},
	    {"http://a.example:8080/", "a.example", "", false},
	    {"http://a.example", "a.example:8080", "", false},
	    {"http://[::1]:8080/", "[::1]", "", false},
	    {"http://a.example/", "inner:9000", "http://a.example", false},
	    {"http://inner:9000/", "inner:9000", "http://a.example:8080", true},
	    {"http://b.example/", NULL, "", false}, {NULL, "a.example", "", false},
	    {"", "a.example", "", false}, {"null", "a.example", "", false},
	    {"about:blank", "a.example", "", false},
	    {"http://b.example/, http://b.example/", "a.example", "", false}};
	struct gate_origin twice = {.method = "GET",
	    .referer = "http://b.example/",
	    .host = "a.example",
	    .doubt = "Referer came twice"};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gate_origin o = {
		    .method = "GET", .referer = cases[i].referer, .host = cases[i].host};

		ok(gate_origin_is_foreign(&o, cases[i].own) == cases[i].foreign,
		    "a link, Referer: %s, Host: %s, origin = %s: %s",
		    cases[i].referer != NULL ? cases[i].referer : "(none)",
		    cases[i].host != NULL ? cases[i].host : "(none)", cases[i].own,
		    cases[i].foreign ? "another site's" : "not known to be another site's");
	}
	ok(!gate_origin_is_foreign(&twice, ""), "two Referers say nothing");
}

int
main(void)
{
	test_matrix();
	test_reasons();
	test_scheme();
	test_host();
	test_own();
	test_address();
	test_split();
	test_long_forwarded();
	test_peer();
	test_read();
	test_doubt();
	test_referer();
	gate_buffer_release(&joined);
	test_insecurity();
	test_trusted();
	test_secure();
	test_good_next();
	test_hostile_next();
	test_bytes_of_next();
	test_length_of_next();
	test_foreign();
	return done();
}
