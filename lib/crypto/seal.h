/* crypto/seal.h: text that goes through other hands, who can neither read nor change it. */
#ifndef GATE_CRYPTO_SEAL_H
#define GATE_CRYPTO_SEAL_H

#include "base/buffer.h"
#include "crypto/sign.h"

#define GATE_SEAL_MAX 4096 /* bytes of text */

/* Adds text as base64url, sealed with the first secret for one purpose and place, which are not in it
 * and must be the same when it is opened. No two are alike. Text is JSON or the like: blanks behind
 * it, which hide its length, come out with it. 0 or -1. */
int gate_seal(const struct gate_keys *, const char *purpose, const char *place, const char *text,
    size_t length, struct gate_buffer *out);
/* 1: `out` gets the text; 0: none of the secrets sealed it like that; -1: memory. */
int gate_unseal(const struct gate_keys *, const char *purpose, const char *place,
    const char *sealed, size_t length, struct gate_buffer *out);

#endif
