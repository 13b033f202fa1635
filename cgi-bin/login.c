/* login.c: the login form. The query says where a login leads: ?next=/some/page. After a try, a
 * redirect brings the browser back to the form, with a note of what came of it. */
#include <string.h>
#include <time.h>

#include <gate.h>

enum { CIRCLE = 10 }; /* seconds in which a session is sent on only once */

/* Did the browser send a session's cookie? Also true if the cookie's path excludes this page. */
static bool
has_cookie(struct gate_request *req)
{
	const char *path = gate_option(req, "cookie_path");

	return strncmp(gate_path(req), path, strlen(path)) != 0 ||
	    gate_cookie(req, gate_option(req, "cookie_name")) != NULL;
}

/* Sends a logged-in user on to `next`, but not in a circle, as that page may send users back. */
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

/* Returns the note, or NULL if the user is another one than at the refusal that it tells of:
 * somebody then logged in, and came here by Back. */
static json_t *
note_of(struct gate_request *req)
{
	json_t *note = gate_note(req);
	const char *who = json_string_value(json_object_get(note, "who")), *user = gate_user(req);

	return who == NULL || strcmp(who, user != NULL ? user : "") == 0 ? note : NULL;
}

/* Shows the form, which posts to the page's own address, to keep `next`. Who has just logged in is
 * led on if the browser keeps the cookie. If it does not, the form comes again and says so; if it
 * can't be told by a note (lynx, w3m), a page says what to do if the login comes again. */
static void
show(struct gate_request *req, json_t *note)
{
	bool was = json_is_true(json_object_get(note, "in")), in = was && gate_user(req) != NULL;
	bool again = gate_user(req) == NULL || note != NULL || gate_query(req, "other") != NULL;
	const char *next = gate_next(req), *accept = gate_param(req, "HTTP_ACCEPT");
	json_t *page;

	if (in && (has_cookie(req) || accept == NULL || strstr(accept, "text/html") == NULL)) {
		gate_redirect_next(req, gate_option(req, "home"));
		return;
	}
	if (!again && is_led_on(req, next))
		return;
	page = json_pack("{s:b, s:s*, s:b, s:b}", "form", again && !in, "next", next, "fresh", in,
	    "cookieless", was && !has_cookie(req));
	json_object_update(page, note);
	gate_render_new(req, "login.html", page);
}

static void
log_in(struct gate_request *req)
{
	const char *name = gate_form(req, "username"), *password = gate_form(req, "password"), *who;
	bool remember = gate_form(req, "remember") != NULL;
	json_t *note;
	int answer;

	if (name == NULL || password == NULL) {
		gate_status(req, 400);
		return;
	}
	answer = gate_login(req, name, password, remember);
	if (answer != 0 && answer != 1 && answer != GATE_LATER)
		return;
	who = answer == 1 ? NULL : gate_user(req) != NULL ? gate_user(req) : "";
	note = json_pack("{s:s, s:b, s:b, s:b, s:b, s:s*}", "name", name, "remember", remember,
	    "in", answer == 1, "refused", answer == 0, "later", answer == GATE_LATER, "who", who);
	if ((answer == 1 && has_cookie(req)) || gate_redirect_note(req, note) == 0) {
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
