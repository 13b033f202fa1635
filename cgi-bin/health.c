/* health.c: tells monitors whether the store can be read and written. Uses no session. */
#include <gate.h>

static void
report(struct gate_request *req)
{
	const char *why;

	if (!gate_allow(req, "GET, HEAD"))
		return;
	if (gate_healthy(req, &why)) {
		gate_printf(req, "ok\n");
	} else {
		gate_status(req, 503);
		gate_header(req, "Retry-After", "1");
		gate_printf(req, "%s\n", why);
	}
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, report);
}
