/* account.c: one's own sessions, to be ended, and one's password, to be changed. What was done is
 * shown once, by the page that the browser is sent to then. */
#include <string.h>

#include <gate.h>

static void
show(struct gate_request *req, const char *problem)
{
	json_t *session = gate_session(req), *done = json_object_get(session, "done"), *page;

	if (gate_user(req) == NULL) {
		gate_redirect(req, "/login?next=/account");
		return;
	}
	page = json_pack("{s:o, s:s*, s:O*}", "sessions", gate_user_sessions(req), "problem",
	    problem, "done", done);
	json_object_del(session, "done");
	gate_render(req, "account.html", page);
	json_decref(page);
}

static void
say_done(struct gate_request *req, const char *text)
{
	json_object_set_new(gate_session(req), "done", json_string(text));
	gate_redirect(req, "/account");
}

/* Ending the session that one is in is a logout, behind which a second click has no cookie. */
static void
end_session(struct gate_request *req, const char *handle)
{
	int ended = gate_user_session_end(req, handle);
	bool out = handle != NULL && gate_cookie(req, gate_option(req, "cookie_name")) == NULL;

	if (ended < 0)
		return;
	if (gate_user(req) == NULL)
		gate_redirect(req, ended > 0 || out ? "/" : "/login?next=/account");
	else if (ended > 0)
		say_done(req, "Done: you are logged out there.");
	else
		say_done(req,
		    handle != NULL ? "That session had ended already."
				   : "You are logged in nowhere else.");
}

static void
change_password(struct gate_request *req, const char *old)
{
	const char *new = gate_form(req, "new"), *again = gate_form(req, "again"), *why;

	if (new == NULL || again == NULL || strcmp(new, again) != 0) {
		gate_status(req, new == NULL || again == NULL ? 400 : 422);
		show(req, "The two new passwords differ.");
		return;
	}
	switch (gate_change_password(req, old, new, &why)) {
	case 1:
		say_done(req, "Your password is changed, and your other sessions have ended.");
		break;
	case 0:
		gate_status(req, 422);
		show(req, why);
		break;
	case GATE_LATER:
		show(req, "Too many tries just now. Wait a little and try again.");
		break;
	default:
		if (gate_user(req) == NULL)
			show(req, NULL);
	}
}

static void
change(struct gate_request *req)
{
	const char *handle = gate_form(req, "session"), *old = gate_form(req, "current");

	if (handle != NULL)
		end_session(req, handle);
	else if (gate_form(req, "others") != NULL)
		end_session(req, NULL);
	else if (old != NULL)
		change_password(req, old);
	else if (gate_user(req) == NULL)
		show(req, NULL);
	else
		gate_status(req, 400);
}

static void
answer(struct gate_request *req)
{
	if (!gate_allow(req, "GET, HEAD, POST"))
		return;
	if (strcmp(gate_param(req, "REQUEST_METHOD"), "POST") == 0)
		change(req);
	else
		show(req, NULL);
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, answer);
}
