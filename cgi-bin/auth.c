/* auth.c: the guard: a web server asks it before it serves a path that not everybody may have. */
#include <gate.h>

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, gate_guard);
}
