/* session/session.c: begins and releases a session's transaction; remembers renewed ids. */
#include "config.h"

#include <stdio.h>

#include "crypto/id.h"
#include "record/record.h"
#include "session/private.h"

#define RENEWED_TIME (60 * 1000) /* ms that a renewed id is remembered */

void
gate_transaction_explain(struct gate_transaction *s, const char *why, const char *why_cookie)
{
	s->decision.why = why;
	s->decision.why_cookie = why_cookie;
}

void
gate_transaction_begin(struct gate_transaction *s)
{
	json_decref(s->json);
	gate_store_release(s->store, &s->record);
	s->state = GATE_SESSION_UNASKED;
	s->id[0] = '\0';
	s->shown_count = 0;
	s->refusal = GATE_SESSION_WELCOME;
	s->sent = s->old_secret = s->renew = s->destroy = s->age_set = s->compared = false;
	s->outcome = 0;
	s->login = NULL;
	s->since = 0;
	s->before = GATE_SESSION_UNASKED;
	s->waits = s->resumed = false;
	s->submit[0] = s->mark[0] = '\0';
	s->record = (struct gate_record){0};
	s->json = NULL;
	s->error = (struct gate_error){0};
	s->decision =
	    (struct gate_transaction_decision){.why = "not loaded", .why_cookie = "not loaded"};
	s->later = s->now;
}

void
gate_transaction_release(struct gate_transaction *s)
{
	gate_queue_leave(s->queue);
	json_decref(s->json);
	gate_store_release(s->store, &s->record);
	s->json = NULL;
}

bool
gate_transaction_is_open(const struct gate_transaction *s)
{
	return s->state == GATE_SESSION_NEW || s->state == GATE_SESSION_LOADED;
}

struct gate_record
gate_transaction_blank(const struct gate_transaction *s)
{
	return gate_record_blank(s->later, s->deadline, s->options->ttl, s->options->user_member);
}

/* ---- renewed ids ---- */

static void
renewed_key(char *key, size_t size, const char *id)
{
	snprintf(key, size, "renewed:%.*s", GATE_ID_MAX, id);
}

int
gate_transaction_was_renewed(struct gate_transaction *s, const char *id)
{
	char key[GATE_ID_MAX + 16];
	struct gate_bump bump;

	renewed_key(key, sizeof key, id);
	if (gate_store_bump(s->store, key, 0, RENEWED_TIME, &bump, &s->error) < 0)
		return -1;
	return bump.count > 0;
}

int
gate_transaction_mark_renewed(struct gate_transaction *s, const char *id, int add)
{
	char key[GATE_ID_MAX + 16];
	struct gate_bump bump;

	if (s->mark[0] != '\0' &&
	    gate_store_bump(s->store, s->mark, add, GATE_SUBMIT_TIME, &bump, &s->error) < 0)
		return -1;
	renewed_key(key, sizeof key, id);
	return gate_store_bump(s->store, key, add, RENEWED_TIME, &bump, &s->error);
}
