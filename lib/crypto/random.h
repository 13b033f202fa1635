/* crypto/random.h: random bytes. */
#ifndef GATE_CRYPTO_RANDOM_H
#define GATE_CRYPTO_RANDOM_H

#include <stddef.h>

int gate_random_bytes(void *bytes, size_t length); /* getrandom(2), all of it; 0 or -1 */

#endif
