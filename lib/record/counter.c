/* record/counter.c: the key of the counter that marks an ended session. */
#include "config.h"

#include <stdio.h>

#include "record/counter.h"

void
gate_record_ended_key(char key[GATE_COUNTER_KEY_MAX], const char *id)
{
	snprintf(key, GATE_COUNTER_KEY_MAX, "ended:%.*s", GATE_ID_MAX, id);
}
