/* base/number.h: numbers as text. */
#ifndef GATE_BASE_NUMBER_H
#define GATE_BASE_NUMBER_H

#include "base/buffer.h"

/* As ECMAScript's Number::toString, so as JSON.stringify: 1e+21, 0.1; null if it is not finite. */
void gate_json_print_real(struct gate_buffer *, double value);

#endif
