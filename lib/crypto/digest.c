/* crypto/digest.c: SHA-256 of bytes, as text. */
#include "config.h"

/* The deprecated SHA256_* calls never allocate and never fail; their replacements can do both. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "base/encode.h"
#include "crypto/digest.h"

void
gate_sha256_hex(char out[GATE_SHA256_HEX + 1], const void *bytes, size_t length)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX state;

	SHA256_Init(&state);
	SHA256_Update(&state, bytes, length);
	SHA256_Final(digest, &state);
	gate_hex(out, digest, sizeof digest);
}
