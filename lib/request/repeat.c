/* request/repeat.c: detects submits that come twice. The session keeps the time and a tag of the
 * last submit. The commit that does a submit writes them, so the store's compare-and-swap lets only
 * one of two equal submits be done. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/id.h"
#include "request/repeat.h"
#include "request/request.h"

#define PURPOSE "gate submit" /* what the key is derived for */
#define TAG_LENGTH 10         /* base64url characters: too short to guess passwords by it */

/* Makes the tag of `front` and all that was submitted: method, path, query and body. Their lengths
 * are signed, too, so that different parts can't make the same text. A body may hold passwords, so
 * the text is wiped. Returns 0, or -1 if out of memory. */
static int
tag_of(struct gate_request *r, const char *front, char tag[TAG_LENGTH + 1])
{
	const char *query = gate_param(r, "QUERY_STRING");
	char signature[GATE_SIGNATURE_LENGTH + 1];
	struct gate_buffer text = {.secret = true};
	int result = -1;

	if (query == NULL)
		query = "";
	gate_buffer_printf(&text, "%zu %zu %zu %s %s %s?%s ", strlen(front), strlen(r->path),
	    strlen(query), front, r->method, r->path, query);
	gate_buffer_add(&text, r->body != NULL ? r->body : "", r->body_length);
	if (!text.failed) {
		gate_sign_for(r->config->keys, PURPOSE, text.data, text.length, signature);
		snprintf(tag, TAG_LENGTH + 1, "%.*s", TAG_LENGTH, signature);
		result = 0;
	}
	gate_buffer_release(&text);
	return result;
}

/* Makes the text that the session keeps: "time.tag". The tag covers the time, so equal submits of
 * different times have different tags. */
static int
submit_at(struct gate_request *r, int64_t time, char submit[GATE_SUBMIT_MAX + 1])
{
	char front[24], tag[TAG_LENGTH + 1];

	snprintf(front, sizeof front, "%" PRId64, time);
	if (tag_of(r, front, tag) < 0)
		return -1;
	snprintf(submit, GATE_SUBMIT_MAX + 1, "%s.%s", front, tag);
	return 0;
}

bool
gate_repeat_is_in(struct gate_request *r, const struct gate_record *record)
{
	char kept[GATE_SUBMIT_MAX + 1], wanted[GATE_SUBMIT_MAX + 1];
	int64_t time, age;

	if (gate_record_submit(record, kept) != 1)
		return false;
	time =
	    strtoll(kept, NULL, 10); /* up to the dot; other programs may have written any number */
	age = time > 0 ? r->transaction.now - time : GATE_SUBMIT_TIME;
	return age > -GATE_SUBMIT_TIME && age < GATE_SUBMIT_TIME &&
	    submit_at(r, time, wanted) == 0 && strcmp(kept, wanted) == 0;
}

void
gate_repeat_remember(struct gate_request *r)
{
	char submit[GATE_SUBMIT_MAX + 1];

	if (submit_at(r, r->transaction.now, submit) == 0)
		gate_transaction_set_submit(&r->transaction, submit);
}

void
gate_repeat_mark(struct gate_request *r, const char *id, const char *name, char mark[GATE_MARK_MAX])
{
	char front[GATE_ID_MAX + GATE_USER_NAME_MAX + 2], tag[TAG_LENGTH + 1] = "";

	snprintf(front, sizeof front, "%s %s", id, name);
	mark[0] = '\0';
	if (tag_of(r, front, tag) == 0)
		snprintf(mark, GATE_MARK_MAX, "submit:%s", tag);
}

int
gate_repeated(struct gate_request *r)
{
	struct gate_transaction *s = &r->transaction;

	gate_transaction_json(s);
	if (s->outcome != 0)
		return gate_request_late(r, "gate_repeated", -1);
	if (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0)
		return 0;
	if (s->state == GATE_SESSION_LOADED && gate_repeat_is_in(r, &s->record))
		return 1;
	gate_repeat_remember(r);
	return 0;
}
