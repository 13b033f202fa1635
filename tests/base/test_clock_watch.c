/* test_clock_watch.c: which readings of the wall clock gate believes.
 * Tests base/clock_watch.c; base/clock.c is under every test. */
#include "config.h"

#include "base/clock.h"
#include "tap.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WALL INT64_C(1795253200000)
#define BOOT INT64_C(5000000)

int
main(void)
{
	struct gate_clock_watch w = {0};

	ok(gate_clock_believe(&w, WALL, BOOT), "the first reading is believed");
	ok(gate_clock_believe(&w, WALL + DAY, BOOT + DAY), "a day later by both clocks");
	for (int i = 1; i <= 100; i++)
		if (!gate_clock_believe(
			&w, WALL + DAY + i * (HOUR + MINUTE / 2), BOOT + DAY + i * HOUR))
			ok(false, "drift, step %d", i);
	ok(w.doubted == 0, "a clock that drifts is followed");
	w = (struct gate_clock_watch){.offset = WALL - BOOT};
	ok(!gate_clock_believe(&w, WALL + 15 * DAY, BOOT), "15 days ahead at once: not believed");
	ok(w.offset == WALL - BOOT, "what it said before still is");
	ok(gate_clock_believe(&w, WALL + 10000, BOOT + 10000), "right again: believed at once");
	ok(!gate_clock_believe(&w, WALL + 15 * DAY, BOOT) &&
		!gate_clock_believe(&w, WALL + 15 * DAY + HOUR - 1000, BOOT + HOUR - 1000),
	    "it stands for less than an hour: not believed");
	ok(gate_clock_believe(&w, WALL + 15 * DAY + HOUR, BOOT + HOUR), "an hour: it is");
	ok(gate_clock_believe(&w, WALL + 15 * DAY + HOUR + 1, BOOT + HOUR + 1), "and stays so");
	w = (struct gate_clock_watch){.offset = WALL - BOOT};
	ok(!gate_clock_believe(&w, WALL + 15 * DAY, BOOT) &&
		!gate_clock_believe(&w, WALL + 30 * DAY + HOUR, BOOT + HOUR),
	    "set twice: the hour begins anew");
	ok(!gate_clock_believe(&w, WALL - DAY, BOOT + HOUR), "nor is one behind");
	return done();
}
