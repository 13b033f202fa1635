/* index.c: the start page, with a link to each page. */
#include <gate.h>

static void
show_links(struct gate_request *req)
{
	if (!gate_allow(req, "GET, HEAD"))
		return;
	gate_show_user(req); /* by name */
	gate_render(req, "index.html", NULL);
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, show_links);
}
