/* request/repeat.h: detects submits that come twice: a double click, a reload, a proxy's retry. */
#ifndef GATE_REQUEST_REPEAT_H
#define GATE_REQUEST_REPEAT_H

#include "gate.h"
#include "session/session.h"

/* Returns whether the record says that an equal submit was done within GATE_SUBMIT_TIME. */
bool gate_repeat_is_in(struct gate_request *, const struct gate_record *);
/* Makes the commit of this run write that this submit was done. */
void gate_repeat_remember(struct gate_request *);
/* Makes the key of a counter for this submit, sent with the session `id` by the user `name`; "":
 * out of memory. */
void gate_repeat_mark(
    struct gate_request *, const char *id, const char *name, char key[GATE_MARK_MAX]);

#endif
