/* account.c: a user's sessions and password; by redirects, so Back never sends a password again. */
#include <string.h>

#include <gate.h>

/* note: what is wrong, or NULL. A HEAD leaves `done`, as its user did not see the page. */
static void
show(struct gate_request *req, json_t *note)
{
	json_t *session = gate_session(req), *sessions = gate_user_sessions(req);
	json_t *page = json_pack("{s:b, s:o, s:O*}", "others", json_array_size(sessions) > 1,
	    "sessions", sessions, "done", json_object_get(session, "done"));

	json_object_update(page, note);
	if (strcmp(gate_method(req), "HEAD") != 0)
		json_object_del(session, "done");
	if (gate_user(req) != NULL) {
		gate_render_new(req, "account.html", page);
		return;
	}
	json_decref(page);
	gate_redirect(req, "~/login?next=~/account");
}

static void
refuse(struct gate_request *req, int answer, const char *why)
{
	const char *problem = answer == 0 ? why : "Too many tries. Wait a little and try again.";
	json_t *note = json_pack("{s:s, s:b}", "problem", problem, "about_new",
	    strstr(problem, " new password") != NULL);

	if (answer == 0)
		gate_status(req, 422);
	if (gate_redirect_note(req, note) == 0)
		show(req, note);
	json_decref(note);
}

static void
say_done(struct gate_request *req, const char *text)
{
	json_object_set_new(gate_session(req), "done", json_string(text));
	gate_redirect(req, "~/account");
}

/* Ends a session. The user's own is a logout: after it, a second click sends no cookie. */
static void
end_session(struct gate_request *req, const char *handle)
{
	static const char *const said[2][2] = {
	    {"You are logged in nowhere else.", "Done: you are logged out everywhere else."},
	    {"That session had ended already.", "Done: you are logged out there."}};
	const char *home = gate_option(req, "home");
	int ended = gate_user_session_end(req, handle);
	bool out = handle != NULL && gate_cookie(req, gate_option(req, "cookie_name")) == NULL;

	if (ended < 0)
		return;
	if (gate_user(req) == NULL)
		gate_redirect(req, ended > 0 || out ? home : "~/login?next=~/account");
	else
		say_done(req, said[handle != NULL][ended > 0]);
}

static void
change_password(struct gate_request *req, const char *old, const char *new, const char *again)
{
	const char *why = "The two new passwords differ.";
	int answer = strcmp(new, again) == 0 ? gate_change_password(req, old, new, &why) : 0;

	if (answer == 1)
		say_done(req, "Your password is changed, and your other sessions have ended.");
	else if (answer == 0 || answer == GATE_LATER)
		refuse(req, answer, why);
	else if (gate_user(req) == NULL)
		show(req, NULL);
}

static void
change(struct gate_request *req)
{
	const char *handle = gate_form(req, "session"), *old = gate_form(req, "current");
	const char *new = gate_form(req, "new"), *again = gate_form(req, "again");

	if (handle != NULL || gate_form(req, "others") != NULL)
		end_session(req, handle);
	else if (old != NULL && new != NULL && again != NULL)
		change_password(req, old, new, again);
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
	if (strcmp(gate_method(req), "POST") == 0)
		change(req);
	else
		show(req, gate_note(req));
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, answer);
}
