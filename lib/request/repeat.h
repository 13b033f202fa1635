/* request/repeat.h: submits that come twice: a double click, a page sent again, a proxy that tries again. */
#ifndef GATE_REQUEST_REPEAT_H
#define GATE_REQUEST_REPEAT_H

#include "gate.h"
#include "session/session.h"

/* Does the record say that an equal submit was done just now? 1 or 0. */
bool gate_repeat_is_in(struct gate_request *, const struct gate_record *);
/* The commit of this run says that this submit was done. */
void gate_repeat_remember(struct gate_request *);
/* A counter's key for this submit of the session that had that id, by a user of that name. */
void gate_repeat_mark(
    struct gate_request *, const char *id, const char *name, char key[GATE_MARK_MAX]);

#endif
