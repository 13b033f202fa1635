/* own.c: a program that brings a store and data of its own: it links the table of gate(3). */
#include <gate.h>

static void
show(struct gate_request *req)
{
	json_t *session = gate_session(req);
	json_int_t n = json_integer_value(json_object_get(session, "n")) + 1;

	json_object_set_new(session, "n", json_integer(n));
	gate_printf(req, "%s %d", (const char *)gate_data(req), (int)n);
}

int
main(int argc, char **argv)
{
	static char data[] = "data";
	const struct gate_program program = {
	    .handler = show, .stores = gate_store_module.stores, .data = data};

	return gate_main_with(argc, argv, &program);
}
