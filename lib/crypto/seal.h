/* crypto/seal.h: encrypts and authenticates text that strangers keep for us. */
#ifndef GATE_CRYPTO_SEAL_H
#define GATE_CRYPTO_SEAL_H

#include "base/buffer.h"
#include "crypto/sign.h"

#define GATE_SEAL_MAX 4096 /* most bytes of text */

/* Encrypts text with the first secret, and adds it to `out` as base64url. Only the same purpose and
 * place open it; it does not hold them. Sealing the same text twice gives different results. Blanks
 * are added to hide the text's length, and stay when it is opened: so text must be JSON or the
 * like. Returns 0, or -1 if it is too long, memory is out or there are no random bytes. */
int gate_seal(const struct gate_keys *, const char *purpose, const char *place, const char *text,
    size_t length, struct gate_buffer *out);
/* Opens a sealed text, by any of the secrets. Returns 1 if it is genuine, and adds the text to
 * `out`. Returns 0 if it is not, or if purpose or place is another. Returns -1 if out of memory. */
int gate_unseal(const struct gate_keys *, const char *purpose, const char *place,
    const char *sealed, size_t length, struct gate_buffer *out);

#endif
