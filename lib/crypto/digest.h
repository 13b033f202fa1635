/* crypto/digest.h: SHA-256. */
#ifndef GATE_CRYPTO_DIGEST_H
#define GATE_CRYPTO_DIGEST_H

#include <stddef.h>

#define GATE_SHA256_HEX 64

void gate_sha256_hex(char out[GATE_SHA256_HEX + 1], const void *bytes, size_t length);

#endif
