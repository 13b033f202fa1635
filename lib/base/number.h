/* base/number.h: numbers as text. */
#ifndef GATE_BASE_NUMBER_H
#define GATE_BASE_NUMBER_H

#include "base/buffer.h"

/* Adds a number as JSON.stringify prints it (ECMAScript's Number::toString): 0.1, 1e+21; null if it
 * is not finite. */
void gate_json_print_real(struct gate_buffer *, double value);

#endif
