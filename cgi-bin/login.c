/* login.c: the login form. Where it leads to then stands in the query, ?next=/some/page. */
#include <string.h>

#include <gate.h>

enum reason { NO_REASON, REFUSED, LATER };

/* The form posts to the address that it was got from, so that `next` stays where it is. */
static void
show_form(struct gate_request *req, const char *name, enum reason reason)
{
	json_t *page = json_pack("{s:s*, s:b, s:b, s:b}", "name", name, "form",
	    reason != NO_REASON || gate_user(req) == NULL, "refused", reason == REFUSED, "later",
	    reason == LATER);

	gate_render(req, "login.html", page);
	json_decref(page);
}

static void
log_in(struct gate_request *req)
{
	const char *name = gate_form(req, "username"), *password = gate_form(req, "password");

	if (name == NULL || password == NULL) {
		gate_status(req, 400);
		return;
	}
	switch (gate_login(req, name, password, gate_form(req, "remember") != NULL)) {
	case 1:
		gate_redirect_next(req, "/user");
		break;
	case 0:
		gate_status(req, 403);
		show_form(req, name, REFUSED);
		break;
	case GATE_LATER:
		show_form(req, name, LATER);
		break;
	}
}

static void
answer(struct gate_request *req)
{
	if (!gate_allow(req, "GET, HEAD, POST"))
		return;
	if (strcmp(gate_param(req, "REQUEST_METHOD"), "POST") == 0)
		log_in(req);
	else
		show_form(req, NULL, NO_REASON);
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, answer);
}
