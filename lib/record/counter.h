/* record/counter.h: what a store's counters can hold, and the one that remembers an ended session. */
#ifndef GATE_RECORD_COUNTER_H
#define GATE_RECORD_COUNTER_H

#include "crypto/id.h"

#define GATE_COUNTER_KEY_MAX (GATE_ID_MAX + 16) /* bytes of a key, with its NUL */
#define GATE_COUNTER_MAX (INT64_C(1) << 53)     /* more than anybody counts up to */

#define GATE_ENDED_TIME INT64_C(86400000) /* ms that an id that was ended is remembered */
#define GATE_ENDING_TIME INT64_C(10000)   /* ms that its end may take */

/* The key of the counter that remembers that the session of that id was ended. */
void gate_record_ended_key(char key[GATE_COUNTER_KEY_MAX], const char *id);

#endif
