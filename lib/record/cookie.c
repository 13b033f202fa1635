/* record/cookie.c: reads and writes a record's member `cookie`. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "record/json.h"
#include "record/private.h"

/* Prints the cookie of a new record, its members in express-session's order. */
static void
new_cookie(struct gate_buffer *out, const struct gate_cookie_attributes *cookie,
    const char *max_age, const char *expires)
{
	gate_buffer_printf(out, "{\"originalMaxAge\":%s", max_age);
	if (cookie->partitioned)
		gate_buffer_puts(out, ",\"partitioned\":true");
	if (cookie->priority != GATE_PRIORITY_UNSET)
		gate_buffer_printf(
		    out, ",\"priority\":\"%s\"", gate_cookie_priorities[cookie->priority]);
	gate_buffer_printf(out, ",\"expires\":%s", expires);
	if (cookie->secure)
		gate_buffer_puts(out, ",\"secure\":true");
	gate_buffer_printf(out, ",\"httpOnly\":%s", cookie->http_only ? "true" : "false");
	if (cookie->domain != NULL && cookie->domain[0] != '\0') {
		gate_buffer_puts(out, ",\"domain\":");
		gate_json_print_string(out, cookie->domain, strlen(cookie->domain));
	}
	gate_buffer_puts(out, ",\"path\":");
	gate_json_print_string(out, cookie->path, strlen(cookie->path));
	if (cookie->same_site != GATE_SAME_SITE_UNSET)
		gate_buffer_printf(
		    out, ",\"sameSite\":\"%s\"", gate_cookie_same_sites[cookie->same_site]);
	gate_buffer_putc(out, '}');
}

/* Puts the cookie in front of the other members, as Node does. */
static int
add_cookie(struct gate_record *record, const struct gate_cookie_attributes *attributes,
    const char *max_age, const char *expires)
{
	struct gate_buffer text = {0};
	struct gate_record_member cookie, *all;
	int result = -1;

	new_cookie(&text, attributes, max_age, expires);
	if (!text.failed && gate_record_set(record, "cookie", text.data) == 0) {
		all = record->members->all;
		cookie = all[record->members->count - 1];
		memmove(all + 1, all, (record->members->count - 1) * sizeof cookie);
		all[0] = cookie;
		result = 0;
	}
	gate_buffer_release(&text);
	return result;
}

bool
gate_record_is_age(const char *text) /* text is valid JSON: its first byte is enough */
{
	return text == NULL || strchr("-0123456789nf", text[0]) != NULL;
}

bool
gate_record_is_none(const char *text)
{
	return text == NULL || strncmp(text, "null", 4) == 0 || strncmp(text, "false", 5) == 0;
}

/* Changes only originalMaxAge and expires: the other members of an existing cookie belong to its
 * maker. With max_age NULL, an originalMaxAge that is a number, null or false stays as it is; any
 * other value becomes null, since it would make a Node program exit. */
static int
refresh_cookie(struct gate_record *record, const struct gate_record_member *cookie,
    const char *max_age, const char *expires)
{
	static const char *const names[2] = {"originalMaxAge", "expires"};
	const char *texts[2], *pairs[5] = {NULL};
	struct gate_buffer out = {0};
	int n = 0, result;

	if (record->members->endless && !cookie->changed && max_age == NULL &&
	    gate_record_is_none(expires))
		return 0;
	gate_record_look_up(cookie, names, texts, 2);
	if (max_age == NULL && !gate_record_is_age(texts[0]))
		max_age = "null";
	if (max_age != NULL) {
		pairs[n++] = "originalMaxAge";
		pairs[n++] = max_age;
	}
	if (!gate_record_is_none(expires) || !gate_record_is_none(texts[1])) {
		pairs[n++] = "expires";
		pairs[n++] = expires;
	}
	if (n == 0)
		return 0;
	result = gate_json_replace(&out, cookie->text, cookie->length, pairs);
	if (result == 1 && gate_record_set(record, "cookie", out.data) < 0)
		result = -1;
	gate_buffer_release(&out);
	return result == 1 ? 0 : -1;
}

json_t *
gate_record_cookie(const struct gate_record *record)
{
	const struct gate_record_member *cookie = gate_record_named(record, "cookie");

	return cookie != NULL ? gate_json_load(cookie->text, cookie->length) : NULL;
}

int
gate_record_write_cookie(
    struct gate_record *record, const struct gate_record_policy *policy, int64_t expires)
{
	const struct gate_record_member *cookie = gate_record_named(record, "cookie");
	char age[24] = "null", date[GATE_ISO_LENGTH + 3] = "null";

	if (gate_record_make_members(record) == NULL)
		return -1;
	if (!policy->keep_age) {
		record->members->max_age = policy->max_age;
		if (policy->max_age != 0)
			snprintf(age, sizeof age, "%" PRId64, policy->max_age);
	}
	if (expires != 0) {
		gate_iso_date(date + 1, expires);
		date[0] = date[GATE_ISO_LENGTH + 1] = '"';
		date[GATE_ISO_LENGTH + 2] = '\0';
	}
	if (cookie == NULL)
		return add_cookie(record, policy->cookie, age, date);
	return refresh_cookie(record, cookie, policy->keep_age ? NULL : age, date);
}

void
gate_record_read_cookie(struct gate_record *record, const struct gate_record_member *cookie)
{
	static const char *const names[2] = {"originalMaxAge", "expires"};
	const char *texts[2];
	int result = gate_record_look_up(cookie, names, texts, 2);

	record->members->max_age = gate_record_milliseconds(texts[0]);
	record->members->endless =
	    result == 1 && gate_record_is_age(texts[0]) && gate_record_is_none(texts[1]);
}
