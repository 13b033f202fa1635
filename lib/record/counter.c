/* record/counter.c: bumps a counter; the key of the counter that marks an ended session. */
#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "record/counter.h"

void
gate_record_ended_key(char key[GATE_COUNTER_KEY_MAX], const char *id)
{
	snprintf(key, GATE_COUNTER_KEY_MAX, "ended:%.*s", GATE_ID_MAX, id);
}

/* Taking back restores the time before, too: a try that was refused must not make the next one wait
 * longer. */
static void
add_to(struct gate_counter *c, int64_t add, int64_t now, int64_t lifetime)
{
	c->count = c->count > -add ? c->count + add : 0;
	if (add > 0) {
		c->expires = now + lifetime;
		c->before = c->last;
		c->last = now;
	} else if (add < 0) {
		c->last = c->before;
	}
}

bool
gate_counter_bump(struct gate_counter *c, int64_t add, int64_t lifetime, struct gate_bump *bump)
{
	int64_t now = gate_clock_wall();

	*bump = (struct gate_bump){0};
	if (lifetime == 0 || c->expires <= now)
		*c = (struct gate_counter){0};
	else if (c->expires > now + lifetime + GATE_CLOCK_APART)
		c->expires = now + lifetime; /* written by a clock that was ahead */
	bump->last = c->last;
	if (lifetime != 0)
		add_to(c, add, now, lifetime);
	bump->count = c->count;
	if (c->count == 0)
		bump->last = 0;
	return c->count > 0;
}
