/* session/refusal.c: why a request does not get its session, and what its visitor can do. */
#include "config.h"

#include <string.h>

#include "base/log.h"
#include "http/cookie.h"
#include "session/private.h"

static const struct {
	int status;
	const char *text; /* for the visitor */
	const char *event,
	    *why; /* for the log; event NULL: no line; why NULL: the decision has one */
} refusals[GATE_SESSION_REFUSALS] = {
    [GATE_SESSION_LOST] = {409,
	"Your session ended, or was renewed, while this was under way, so nothing was changed. "
	"Load "
	"the page again.",
	"change-refused", NULL},
    [GATE_SESSION_UNREADABLE] = {409,
	"Your session can't be read. It was left as it is, and nothing was changed. Log in to "
	"begin "
	"a new one in its place, or log out to end it.",
	"session-unreadable",
	"what the store has can't be read: record and cookie stay until the visitor logs in or "
	"out"},
    [GATE_SESSION_OF_SEVERAL] = {409,
	"Your browser shows sessions of several users here, so it is logged in as nobody, and "
	"nothing was changed. Log in, and only that session stays; or log out to end them all.",
	"cookies-of-several-users",
	"nobody is logged in, and records and cookies stay, until the visitor logs in or out"},
    [GATE_SESSION_TOO_MANY] = {409,
	"Your browser shows too many sessions here, so it is logged in as nobody, and nothing was "
	"changed. Log out to end them; if that does not help, delete this site's cookies.",
	"cookies-of-many-sessions",
	"over 16 different ids, or 16 at a login: nobody is logged in, and all cookies stay, until "
	"the visitor logs out or deletes them"},
    [GATE_SESSION_TOO_LARGE] = {431,
	"Your browser sends more cookies than this site reads, so your session was not looked for. "
	"Delete this site's cookies, or some of them, and load the page again.",
	"cookies-too-large",
	"over 64 KiB or 1024 pairs of Cookie headers: none is read until the visitor deletes some"},
    [GATE_SESSION_CROWDED] = {503,
	"There is only room left for who is logged in, so nothing was changed. Log in, or try "
	"again "
	"later.",
	NULL, "store_reserve: a stranger's record would take room from who is logged in"},
    [GATE_SESSION_WITHHELD] = {0, NULL, NULL,
	"the browser keeps a Strict cookie from a link of another site"},
};

void
gate_transaction_refuse(struct gate_transaction *s, enum gate_session_refusal refusal)
{
	char tag[GATE_TAG_LENGTH + 1] = "";

	s->refusal = refusal;
	if (refusals[refusal].why != NULL)
		gate_transaction_explain(s, refusals[refusal].why, refusals[refusal].why);
	if (refusals[refusal].event == NULL)
		return;
	if (s->shown_count > 0)
		gate_sign_tag(s->keys, s->shown[0].id, tag);
	gate_log(GATE_LOG_WARN, refusals[refusal].event, "path", s->path, "cookie",
	    s->options->cookie_name, "session", tag[0] != '\0' ? tag : NULL, "why", s->decision.why,
	    NULL);
}

int
gate_transaction_refusal_status(const struct gate_transaction *s, const char **text)
{
	*text = refusals[s->refusal].text;
	return refusals[s->refusal].status;
}

bool
gate_transaction_is_too_large(struct gate_transaction *s)
{
	if (s->refusal == GATE_SESSION_WELCOME &&
	    !gate_cookie_in_bounds(s->cookies, strlen(s->cookies))) {
		gate_transaction_refuse(s, GATE_SESSION_TOO_LARGE);
		s->state = GATE_SESSION_REFUSED;
	}
	return s->refusal == GATE_SESSION_TOO_LARGE;
}
