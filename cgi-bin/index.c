/* index.c: the start page, a link to each page; it asks for no session. */
#include <string.h>

#include <gate.h>

static void
show_links(struct gate_request *req)
{
	const char *method = gate_param(req, "REQUEST_METHOD");

	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
		gate_render(req, "index.html", NULL);
	} else {
		gate_status(req, 405);
		gate_header(req, "Allow", "GET, HEAD");
	}
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, show_links);
}
