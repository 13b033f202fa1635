/* base/error.h: fills in a struct gate_error. */
#ifndef GATE_BASE_ERROR_H
#define GATE_BASE_ERROR_H

#include "gate.h"

/* Sets the error, unless it is set already: the first cause wins. The error may be NULL. Always
 * returns -1, so that callers can return that. */
int gate_fail(struct gate_error *, enum gate_error_code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Does the same, and adds ": " and the text of errno. */
int gate_fail_errno(struct gate_error *, enum gate_error_code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
