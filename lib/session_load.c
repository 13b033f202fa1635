/* session_load.c: finds the session among the cookies of our name, and loads it. */
#include "config.h"

#include <string.h>

#include "error.h"
#include "log.h"
#include "record.h"
#include "session_private.h"

struct candidate {
	char id[GATE_ID_MAX + 1];
	bool old_secret, live;
	struct gate_record record;
};

/* The ids that the cookies of our name prove to be ours. How many, or -1. */
static int
find_candidates(struct gate_session *s, struct candidate *found)
{
	size_t offsets[GATE_SESSION_COOKIES];
	struct gate_buffer values = {0};
	int verified = 0, n;

	n = gate_cookie_values(s->cookies, strlen(s->cookies), s->options->cookie_name, &values,
	    offsets, GATE_SESSION_COOKIES);
	s->sent = n > 0;
	for (int i = 0; i < n && verified < GATE_SESSION_CANDIDATES; i++) {
		const char *value = values.data + offsets[i];
		struct candidate *c = &found[verified];
		bool known = false;
		size_t length;

		*c = (struct candidate){0};
		if (!gate_unsign(s->keys, value, strlen(value), &length, &c->old_secret) ||
		    length > GATE_ID_MAX)
			continue;
		memcpy(c->id, value, length);
		for (int j = 0; j < verified; j++)
			known = known || strcmp(found[j].id, c->id) == 0;
		if (!known && gate_id_valid(c->id))
			verified++;
	}
	if (verified > 0)
		memcpy(s->signed_id, found[0].id, sizeof s->signed_id);
	gate_buffer_release(&values);
	return n < 0 ? -1 : verified;
}

static int
load_candidate(struct gate_session *s, struct candidate *c)
{
	int result;

	c->record = gate_session_blank(s);
	result = gate_store_load(s->store, c->id, s->options, &c->record, &s->error);
	c->live = result == 1;
	return result;
}

/* Of several live ones: logged-in before anonymous; of one user or nobody the newest; of several
 * users none, since a stranger may have planted one of them. */
static struct candidate *
choose(struct gate_session *s, struct candidate *found, int n)
{
	struct candidate *best = NULL;

	for (int i = 0; i < n; i++) {
		struct candidate *c = &found[i];

		if (!c->live)
			continue;
		if (best == NULL || (best->record.user == NULL && c->record.user != NULL)) {
			best = c;
		} else if (best->record.user != NULL && c->record.user == NULL) {
			continue;
		} else if (best->record.user != NULL &&
		    strcmp(best->record.user, c->record.user) != 0) {
			gate_log(GATE_LOG_WARN, "cookies-of-several-users", "cookie",
			    s->options->cookie_name, NULL);
			return NULL;
		} else if (c->record.created > best->record.created) {
			best = c;
		}
	}
	return best;
}

/* express-session's path rule: a plain prefix, without segments. */
static bool
is_under_cookie_path(const struct gate_session *s)
{
	return strncmp(s->path, s->options->cookie_path, strlen(s->options->cookie_path)) == 0;
}

static enum gate_session_state
state_without_record(struct gate_session *s, const struct candidate *found, int n)
{
	int renewed = s->had_record;

	for (int i = 0; i < n && renewed == 0; i++)
		renewed = gate_session_was_renewed(s, found[i].id);
	if (renewed < 0)
		return GATE_SESSION_FAILED;
	if (renewed == 0)
		return GATE_SESSION_NEW;
	gate_session_explain(s, "its record went, or was renewed by another request",
	    "the browser may have a newer one");
	return GATE_SESSION_GONE;
}

enum gate_session_state
gate_session_load(struct gate_session *s)
{
	struct candidate found[GATE_SESSION_CANDIDATES], *best = NULL;
	enum gate_session_state state = GATE_SESSION_FAILED;
	int n;

	if (!is_under_cookie_path(s)) {
		gate_session_explain(
		    s, "the path is not under cookie_path", "the path is not under cookie_path");
		return GATE_SESSION_GONE;
	}
	n = find_candidates(s, found);
	if (n < 0) {
		gate_fail(&s->error, GATE_EMEMORY, "out of memory");
		return GATE_SESSION_FAILED;
	}
	for (int i = 0; i < n; i++)
		if (load_candidate(s, &found[i]) < 0)
			goto out;
	best = choose(s, found, n);
	if (best == NULL) {
		state = state_without_record(s, found, n);
		goto out;
	}
	memcpy(s->id, best->id, sizeof s->id);
	s->old_secret = best->old_secret;
	s->record = best->record;
	s->touched = best->record.touched;
	best->live = false;
	s->had_record = true;
	state = GATE_SESSION_LOADED;
out:
	for (int i = 0; i < n; i++)
		if (found[i].live)
			gate_store_release(s->store, &found[i].record);
	return state;
}
