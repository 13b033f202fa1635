/* request/memory.c: frees and wipes what gate_login and its relatives remembered. */
#include "config.h"

#include <string.h>

#include "request/memory.h"

void
gate_login_memory_release(struct gate_login_memory *l)
{
	if (!l->asked && !l->changed && !l->resumed && !l->ended && l->device.data == NULL)
		return; /* most requests: spare them the wiping, as it is large */
	gate_buffer_release(&l->device);
	gate_buffer_release(&l->password);
	explicit_bzero(l->hash, sizeof l->hash);
	*l = (struct gate_login_memory){.asked = false};
}
