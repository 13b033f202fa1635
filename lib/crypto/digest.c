/* crypto/digest.c: SHA-256. */
#include "config.h"

/* The SHA256_* calls never allocate and so never fail; what replaces them may do both. */
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
