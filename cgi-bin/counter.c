/* counter.c: counts the visits of each session. */
#include <gate.h>

#define MOST                                                                                       \
	(INT64_C(1) << 53) /* JavaScript counts up to this, and may have put the number there */

static void
count_visit(struct gate_request *req)
{
	json_t *session = gate_session(req);
	json_int_t views = json_integer_value(json_object_get(session, "views"));

	if (views < MOST)
		json_object_set_new(session, "views", json_integer(views + 1));
	gate_render(req, "counter.html", session);
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, count_visit);
}
