/* login.c: the login form. Where it leads to then stands in the query, ?next=/some/page. A browser
 * comes back to it by a redirect, with a note of what became of its name and password. */
#include <string.h>
#include <time.h>

#include <gate.h>

enum { CIRCLE = 10 }; /* seconds in which nobody is led on twice */

/* Did the browser show a session's cookie? One that never comes to this page can't be missed. */
static bool
has_cookie(struct gate_request *req)
{
	const char *path = gate_option(req, "cookie_path");

	return strncmp(gate_path(req), path, strlen(path)) != 0 ||
	    gate_cookie(req, gate_option(req, "cookie_name")) != NULL;
}

/* Who is logged in is led on, but not in a circle: a page may send back here whom it does not want. */
static bool
is_led_on(struct gate_request *req, const char *next)
{
	json_t *session = gate_session(req);
	json_int_t now = time(NULL), led = json_integer_value(json_object_get(session, "led"));

	if (next == NULL || (led > now - CIRCLE && led < now + CIRCLE))
		return false;
	json_object_set_new(session, "led", json_integer(now));
	gate_redirect(req, next);
	return true;
}

/* Who was refused sees so, but not behind a login that went well then: that is Back. */
static json_t *
note_of(struct gate_request *req)
{
	json_t *note = gate_note(req);
	const char *who = json_string_value(json_object_get(note, "who")), *user = gate_user(req);

	return who == NULL || strcmp(who, user != NULL ? user : "") == 0 ? note : NULL;
}

/* The form posts to the address that it was got from, so that `next` stays where it is. Without its
 * cookie a browser would be sent back here by the page behind the login, and not know why. */
static void
show(struct gate_request *req, json_t *note)
{
	bool in = json_is_true(json_object_get(note, "in"));
	bool form = gate_user(req) == NULL || note != NULL || gate_query(req, "other") != NULL;
	const char *next = gate_next(req);
	json_t *page;

	if (in && gate_user(req) != NULL) {
		gate_redirect_next(req, "/user");
		return;
	}
	if (!form && is_led_on(req, next))
		return;
	page = json_pack(
	    "{s:b, s:s*, s:b}", "form", form, "next", next, "cookieless", in && !has_cookie(req));
	json_object_update(page, note);
	gate_render_new(req, "login.html", page);
}

static void
log_in(struct gate_request *req)
{
	const char *name = gate_form(req, "username"), *password = gate_form(req, "password");
	bool remember = gate_form(req, "remember") != NULL;
	json_t *note;
	int answer;

	if (name == NULL || password == NULL) {
		gate_status(req, 400);
		return;
	}
	answer = gate_login(req, name, password, remember);
	note = json_pack("{s:s, s:b, s:b, s:b, s:b}", "name", name, "remember", remember, "in",
	    answer == 1, "refused", answer == 0, "later", answer == GATE_LATER);
	if (answer == 0 || answer == GATE_LATER)
		json_object_set_new(
		    note, "who", json_string(gate_user(req) != NULL ? gate_user(req) : ""));
	if (answer == 1 && (has_cookie(req) || gate_redirect_note(req, note) == 0)) {
		gate_redirect_next(req, "/user");
	} else if ((answer == 0 || answer == GATE_LATER) && gate_redirect_note(req, note) == 0) {
		if (answer == 0)
			gate_status(req, 403);
		show(req, note);
	}
	json_decref(note);
}

static void
answer(struct gate_request *req)
{
	if (!gate_allow(req, "GET, HEAD, POST"))
		return;
	if (strcmp(gate_method(req), "POST") == 0)
		log_in(req);
	else
		show(req, note_of(req));
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, answer);
}
