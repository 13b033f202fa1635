/* user.c: a page for logged-in users; sends others to the login, which leads back here. */
#include <gate.h>

static void
answer(struct gate_request *req)
{
	if (!gate_allow(req, "GET, HEAD"))
		return;
	if (gate_user(req) == NULL)
		gate_redirect(req, "~/login?next=~/user");
	else
		gate_render(req, "user.html", gate_session(req));
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, answer);
}
