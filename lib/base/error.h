/* base/error.h: fills in a struct gate_error. */
#ifndef GATE_BASE_ERROR_H
#define GATE_BASE_ERROR_H

#include "gate.h"

/* Does what gate_fail of gate.h does, and adds ": " and the text of errno. */
int gate_fail_errno(struct gate_error *, enum gate_error_code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
