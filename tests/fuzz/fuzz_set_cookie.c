/* fuzz_set_cookie.c: a Set-Cookie that was written reads back as what went in, or adds nothing. */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/cookie.h"
#include "base/date.h"
#include "base/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next attribute ("; text"), which must be there. */
static void
expect(const char **rest, const char *name, const char *value)
{
	assert(strncmp(*rest, name, strlen(name)) == 0);
	*rest += strlen(name);
	assert(strncmp(*rest, value, strlen(value)) == 0);
	*rest += strlen(value);
	assert(**rest == ';' || **rest == '\0');
}

static void
check_attributes(const char *rest, const struct gate_cookie_attributes *a)
{
	static const char *const priorities[] = {"", "Low", "Medium", "High"};
	static const char *const same_sites[] = {"", "Lax", "Strict", "None"};
	char date[GATE_HTTP_DATE_LENGTH + 1], age[24];

	if (a->clear)
		expect(&rest, "; Max-Age=", "0");
	else if (a->expires != 0 && a->now != 0) {
		snprintf(age, sizeof age, "%" PRId64,
		    a->expires > a->now ? (a->expires - a->now) / 1000 : 0);
		expect(&rest, "; Max-Age=", age);
	}
	if (a->domain[0] != '\0')
		expect(&rest, "; Domain=", a->domain);
	if (a->path[0] != '\0')
		expect(&rest, "; Path=", a->path);
	gate_http_date(date, a->clear ? 0 : a->expires);
	if (a->clear || a->expires != 0)
		expect(&rest, "; Expires=", date);
	if (a->http_only)
		expect(&rest, "; HttpOnly", "");
	if (a->secure)
		expect(&rest, "; Secure", "");
	if (a->partitioned)
		expect(&rest, "; Partitioned", "");
	if (a->priority != GATE_PRIORITY_UNSET)
		expect(&rest, "; Priority=", priorities[a->priority]);
	if (a->same_site != GATE_SAME_SITE_UNSET)
		expect(&rest, "; SameSite=", same_sites[a->same_site]);
	assert(*rest == '\0');
}

static void
check_written(const char *text, size_t length, const char *name, const char *value,
    const struct gate_cookie_attributes *a)
{
	struct gate_cookie_pair pair;
	size_t position = 0;
	char *decoded;

	for (size_t i = 0; i < length; i++)
		assert(text[i] >= 0x20 && text[i] <= 0x7e);
	assert(gate_cookie_next(text, strcspn(text, ";"), &position, &pair) == 1);
	assert(pair.name_length == strlen(name) && memcmp(pair.name, name, pair.name_length) == 0);
	assert(pair.name_length + pair.value_length <= GATE_COOKIE_SIZE_MAX);
	check_attributes(pair.value + pair.value_length, a);
	decoded = strndup(pair.value, pair.value_length);
	assert(decoded != NULL && gate_percent_decode(decoded, &pair.value_length, false) == 1);
	assert(pair.value_length == (a->clear ? 0 : strlen(value)));
	assert(memcmp(decoded, value, pair.value_length) == 0);
	free(decoded);
}

/* Cuts text at its first NUL: what is behind it. */
static char *
behind(char *text)
{
	return text[0] == '\0' ? text : text + strlen(text) + 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gate_cookie_attributes a = {0};
	struct gate_error error = {0};
	struct gate_buffer out = {0};
	char *name, *value, *domain, *path;

	if (size < 4)
		return 0;
	a.http_only = data[0] & 1;
	a.secure = (data[0] & 2) != 0;
	a.partitioned = (data[0] & 4) != 0;
	a.clear = (data[0] & 8) != 0;
	a.priority = data[1] % 4;
	a.same_site = data[1] / 4 % 4;
	a.now = data[1] >> 4;
	a.expires = data[2] == 0 ? 0 : (int64_t)data[2] << (data[3] % 56);
	name = calloc(1, size + 2); /* behind the last of the four stands a NUL of its own */
	assert(name != NULL);
	memcpy(name, data + 4, size - 4);
	value = name + strlen(name) + 1;
	domain = behind(value);
	path = behind(domain);
	a.domain = domain;
	a.path = path;
	gate_buffer_puts(&out, "before");
	if (gate_cookie_write(&out, name, value, &a, &error) == 0) {
		assert(error.code == GATE_OK);
		check_written(out.data + 6, out.length - 6, name, value, &a);
	} else {
		assert(error.code == GATE_EOPTION && strpbrk(error.text, "\r\n") == NULL);
		assert(out.length == 6 && strcmp(out.data, "before") == 0);
		assert(strlen(name) + strlen(value) > GATE_COOKIE_SIZE_MAX / 3 ||
		    gate_cookie_check(name, &a, NULL) == -1);
	}
	gate_buffer_release(&out);
	free(name);
	return 0;
}
