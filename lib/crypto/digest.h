/* crypto/digest.h: SHA-256 of bytes, as text. */
#ifndef GATE_CRYPTO_DIGEST_H
#define GATE_CRYPTO_DIGEST_H

#include <stddef.h>

#define GATE_SHA256_HEX 64

/* Writes the digest in lower-case hex. Never fails. */
void gate_sha256_hex(char out[GATE_SHA256_HEX + 1], const void *bytes, size_t length);

#endif
