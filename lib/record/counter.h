/* record/counter.h: limits of a store's counters, and the counter that marks an ended session. */
#ifndef GATE_RECORD_COUNTER_H
#define GATE_RECORD_COUNTER_H

#include "gate.h"
#include "crypto/id.h"

#define GATE_COUNTER_KEY_MAX (GATE_ID_MAX + 16) /* bytes of a key, with its NUL */
#define GATE_COUNTER_MAX (INT64_C(1) << 53)     /* the largest valid count */

#define GATE_ENDED_TIME INT64_C(86400000) /* ms that a store remembers an ended session's id */
#define GATE_ENDING_TIME INT64_C(10000) /* ms between the mark and the record's removal, at most */

/* Writes the key of the counter that marks the session `id` as ended. */
void gate_record_ended_key(char key[GATE_COUNTER_KEY_MAX], const char *id);

#endif
