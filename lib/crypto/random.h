/* crypto/random.h: random bytes. */
#ifndef GATE_CRYPTO_RANDOM_H
#define GATE_CRYPTO_RANDOM_H

#include <stddef.h>

/* Fills bytes by getrandom(2). Returns 0, or -1 with errno. */
int gate_random_bytes(void *bytes, size_t length);

#endif
