/* logout.c: ends the session. Only a POST does: a link or an image must not. */
#include <string.h>

#include <gate.h>

static void
answer(struct gate_request *req)
{
	if (!gate_allow(req, "GET, HEAD, POST"))
		return;
	if (strcmp(gate_method(req), "POST") == 0) {
		gate_logout(req);
		gate_redirect(req, gate_option(req, "home"));
	} else {
		gate_show_user(req);
		gate_render(req, "logout.html", NULL);
	}
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, answer);
}
