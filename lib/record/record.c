/* record/record.c: parses a record, and stamps it before it is stored. */
#include "config.h"

#include "record/private.h"

static int
parse(struct gate_record *record, const char *text, size_t length)
{
	int result = gate_record_read_members(record, text, length);
	const struct gate_record_member *cookie;

	if (result <= 0)
		return result;
	cookie = gate_record_named(record, "cookie");
	if (cookie == NULL || cookie->text[0] != '{')
		return 0;
	gate_record_read_cookie(record, cookie);
	return gate_record_read_user(record) < 0 ? -1 : 1;
}

/* Leaves no members of a text that is no record's: half a record must not look like one. What the
 * store has filled in stays. */
int
gate_record_parse(struct gate_record *record, const char *text, size_t length)
{
	int result = parse(record, text, length);
	struct gate_record store = *record;

	if (result == 1)
		return 1;
	gate_record_release(record);
	record->expires = store.expires;
	record->touched = store.touched;
	record->stray = store.stray;
	record->was = store.was;
	return result;
}

int
gate_record_stamp(struct gate_record *record, const struct gate_record_policy *policy,
    int64_t expires, int64_t created)
{
	if (gate_record_write_cookie(record, policy, expires) < 0)
		return -1;
	return gate_record_stamp_user(record, created, policy);
}
