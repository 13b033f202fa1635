/* session/decide.c: decides what to do with the record and the cookie; changes nothing. */
#include "config.h"

#include "record/record.h"
#include "session/private.h"

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
gate_transaction_lifetime(const struct gate_transaction *s)
{
	if (s->age_set)
		return s->max_age;
	return s->state == GATE_SESSION_LOADED ? gate_record_max_age(&s->record)
					       : s->options->max_age;
}

int64_t
gate_transaction_clamp(const struct gate_transaction *s, int64_t time)
{
	int64_t created = s->record.created > 0 ? s->record.created : s->later;

	if (s->options->absolute_timeout == 0)
		return time;
	return smaller(time, created + s->options->absolute_timeout);
}

bool
gate_transaction_touch_is_due(const struct gate_transaction *s)
{
	int64_t age = gate_transaction_lifetime(s);
	int64_t window = smaller(s->options->touch_after, (age != 0 ? age : s->options->ttl) / 10);

	return s->record.touched == 0 || s->record.ahead ||
	    gate_record_is_first(&s->record, s->options) || s->later - s->record.touched >= window;
}

static void
set_action(struct gate_transaction_decision *d, enum gate_session_action action, const char *why)
{
	d->action = action;
	d->why = why;
}

static void
set_cookie(struct gate_transaction_decision *d, enum gate_session_cookie cookie, const char *why)
{
	d->cookie = cookie;
	d->why_cookie = why;
}

static void
decide_new(const struct gate_transaction *s, bool changed, struct gate_transaction_decision *d)
{
	set_action(d, GATE_SESSION_NOTHING, "new and empty");
	set_cookie(d, GATE_SESSION_KEEP, "nothing was stored");
	if (s->destroy) {
		set_action(d, GATE_SESSION_NOTHING, "destroyed, there was no record");
		if (s->sent)
			set_cookie(d, GATE_SESSION_CLEAR, "destroyed");
	} else if (s->login != NULL || changed ||
	    (s->options->save_uninitialized && !s->only_looks)) {
		set_action(d, GATE_SESSION_CREATE,
		    s->login != NULL ? "login"
			: changed    ? "new and changed"
				     : "save_uninitialized");
		set_cookie(d, GATE_SESSION_SET, "new");
	}
}

static void
decide_loaded_cookie(const struct gate_transaction *s, bool changed, bool age_changed,
    struct gate_transaction_decision *d)
{
	set_cookie(d, GATE_SESSION_KEEP, "the browser has it");
	if (s->destroy)
		set_cookie(d, GATE_SESSION_CLEAR, "destroyed");
	else if (s->renew)
		set_cookie(d, GATE_SESSION_SET, "renewed");
	else if (s->resumed)
		set_cookie(d, GATE_SESSION_SET, "an equal request renewed it");
	else if (s->options->rolling && !s->untouched)
		set_cookie(d, GATE_SESSION_SET, "rolling");
	else if (age_changed || (changed && gate_transaction_lifetime(s) != 0))
		set_cookie(d, GATE_SESSION_SET, "its expiry moved");
	else if (d->with_touch)
		set_cookie(d, GATE_SESSION_SET, "touched: its expiry moved");
	else if (s->old_secret)
		set_cookie(d, GATE_SESSION_SET, "it was signed with an old secret");
}

static void
decide_loaded(const struct gate_transaction *s, bool changed, struct gate_transaction_decision *d)
{
	bool age_changed = s->age_set && s->max_age != gate_record_max_age(&s->record);

	if (s->destroy)
		set_action(d, GATE_SESSION_DESTROY, "destroyed");
	else if (s->renew)
		set_action(d, GATE_SESSION_RENEW, s->login != NULL ? "login" : "renewed");
	else if (changed || age_changed)
		set_action(d, GATE_SESSION_UPDATE, changed ? "changed" : "its lifetime changed");
	else if (s->untouched)
		set_action(d, GATE_SESSION_NOTHING, "the request prolongs nothing");
	else if (gate_record_began_ahead(&s->record))
		set_action(d, GATE_SESSION_REWRITE, "its times lay ahead");
	else if (s->options->resave)
		set_action(d, GATE_SESSION_REWRITE, "resave");
	else if (gate_transaction_touch_is_due(s))
		set_action(d, GATE_SESSION_TOUCH,
		    gate_record_is_first(&s->record, s->options) ? "the first return"
								 : "touch_after is over");
	else
		set_action(d, GATE_SESSION_NOTHING, "unchanged and touched just now");
	d->with_touch = (d->action == GATE_SESSION_TOUCH || gate_record_began_ahead(&s->record)) &&
	    !s->untouched && !s->options->rolling && gate_transaction_lifetime(s) != 0;
	decide_loaded_cookie(s, changed, age_changed, d);
}

/* Returns whether a user is logged in, but the record does not say since when: Node made the login,
 * or a gate that did not write `since` yet. It begins now, and the record must say so. */
static bool
has_no_beginning(const struct gate_transaction *s)
{
	return s->state == GATE_SESSION_LOADED && !s->destroy && s->record.user != NULL &&
	    s->record.since == 0;
}

struct gate_transaction_decision
gate_transaction_decide(const struct gate_transaction *s, bool changed)
{
	struct gate_transaction_decision d = s->decision;
	int64_t age = gate_transaction_lifetime(s);

	changed = changed || has_no_beginning(s);
	d.expires = gate_transaction_clamp(s, s->later + (age != 0 ? age : s->options->ttl));
	switch (s->state) {
	case GATE_SESSION_NEW:
		decide_new(s, changed, &d);
		break;
	case GATE_SESSION_LOADED:
		decide_loaded(s, changed, &d);
		break;
	case GATE_SESSION_UNCLEAR:
		if (s->destroy) {
			set_action(&d, GATE_SESSION_DESTROY, "destroyed, whatever they hold");
			set_cookie(&d, GATE_SESSION_CLEAR, "destroyed");
		}
		break;
	case GATE_SESSION_GONE:
	case GATE_SESSION_OUTSIDE:
	case GATE_SESSION_REFUSED:
	case GATE_SESSION_UNASKED:
	case GATE_SESSION_FAILED:
		break;
	}
	if (d.cookie == GATE_SESSION_SET && s->options->cookie_secure == GATE_YES && !s->secure)
		set_cookie(&d, GATE_SESSION_KEEP, "withheld: cookie_secure over plain http");
	return d;
}

struct gate_cookie_attributes
gate_transaction_attributes(const struct gate_transaction *s)
{
	const struct gate_options *o = s->options;

	return (struct gate_cookie_attributes){
	    .domain = o->cookie_domain,
	    .path = o->cookie_path,
	    .expires = gate_transaction_lifetime(s) != 0 ? s->decision.expires : 0,
	    .now = s->later,
	    .http_only = o->cookie_http_only,
	    .secure = o->cookie_secure == GATE_YES || (o->cookie_secure == GATE_AUTO && s->secure),
	    .partitioned = o->cookie_partitioned,
	    .priority = o->cookie_priority,
	    .same_site = o->cookie_same_site,
	};
}
