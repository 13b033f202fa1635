/* health.c: says whether the store answers, for monitors; it asks for no session. */
#include <string.h>

#include <gate.h>

static void
report(struct gate_request *req)
{
	const char *method = gate_param(req, "REQUEST_METHOD");

	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		gate_status(req, 405);
		gate_header(req, "Allow", "GET, HEAD");
	} else if (gate_healthy(req) == 1) {
		gate_printf(req, "ok\n");
	} else {
		gate_status(req, 503);
		gate_printf(req, "the store does not answer\n");
	}
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, report);
}
