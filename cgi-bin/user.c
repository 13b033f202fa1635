/* user.c: a guarded page: who is not logged in is sent to the login, and comes back. */
#include <gate.h>

static void
answer(struct gate_request *req)
{
	if (!gate_allow(req, "GET, HEAD"))
		return;
	if (gate_user(req) == NULL)
		gate_redirect(req, "/login?next=/user");
	else
		gate_render(req, "user.html", gate_session(req));
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, answer);
}
