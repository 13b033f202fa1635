/* base/clock_watch.c: notices when somebody sets the wall clock: compares it with boot time. */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"

bool
gate_clock_believe(struct gate_clock_watch *watch, int64_t wall, int64_t boot)
{
	int64_t offset = wall - boot;
	bool stood = llabs(offset - watch->doubted) <= GATE_CLOCK_APART;

	if (watch->offset == 0 || llabs(offset - watch->offset) <= GATE_CLOCK_APART ||
	    (watch->doubted != 0 && stood && boot - watch->since >= GATE_CLOCK_STOOD)) {
		*watch = (struct gate_clock_watch){.offset = offset};
		return true;
	}
	if (watch->doubted == 0 || !stood || boot < watch->since)
		watch->since = boot;
	watch->doubted = offset;
	return false;
}
