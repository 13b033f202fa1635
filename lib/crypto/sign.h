/* crypto/sign.h: signs session ids, in the format of node's cookie-signature.
 * That is id.base64(HMAC-SHA256(secret, id)), without padding. */
#ifndef GATE_CRYPTO_SIGN_H
#define GATE_CRYPTO_SIGN_H

#include "gate.h"
#include "base/buffer.h"

#define GATE_SECRETS_MAX 4
#define GATE_SECRET_MIN 32       /* bytes; a shorter one is weak */
#define GATE_SECRET_MAX 1024     /* bytes */
#define GATE_SIGNATURE_LENGTH 43 /* bytes of base64 */
#define GATE_TAG_LENGTH 12       /* hex digits */
#define GATE_KEY_LENGTH 32       /* bytes */

struct gate_keys; /* some secrets: the first one signs, all verify */

/* Makes keys from 1 to GATE_SECRETS_MAX secrets, NULL-ended. Returns NULL with the error set.
 * Yours. Any number of threads may use them, as nothing changes them. */
struct gate_keys *gate_keys_new(const char *const *secrets, struct gate_error *);
void gate_keys_free(struct gate_keys *); /* wipes the secrets; NULL is fine */

/* Adds "id.signature", signed by the first secret: the cookie's value after "s:". Returns 0, or -1
 * with the buffer's `failed` set. */
int gate_sign(const struct gate_keys *, const char *id, struct gate_buffer *);
/* Verifies "id.signature", split at the last dot, by all secrets in constant time. Returns 1 if one
 * of them signed it: then *id_length is the length of the id at the start of text, and *old tells
 * that it was not the first secret. Returns 0 if none did, or if the id is empty. */
int gate_unsign(
    const struct gate_keys *, const char *text, size_t length, size_t *id_length, bool *old);
/* Signs text with the first secret, in base64url. The key is derived for one purpose ("gate
 * device"): a signature for one purpose is not valid for another. */
void gate_sign_for(const struct gate_keys *, const char *purpose, const char *text, size_t length,
    char out[GATE_SIGNATURE_LENGTH + 1]);
/* Verifies such a signature, of GATE_SIGNATURE_LENGTH bytes, by all secrets in constant time.
 * Returns 1 if one of them signed it, else 0. */
int gate_verify_for(const struct gate_keys *, const char *purpose, const char *text, size_t length,
    const char *signature);
/* Derives a key for one purpose and salt from secret number `which`, from 0. Returns false if there
 * are fewer secrets. */
bool gate_keys_derive(const struct gate_keys *, size_t which, const char *purpose, const void *salt,
    size_t length, unsigned char key[GATE_KEY_LENGTH]);
/* Writes what logs show in place of an id: the first 12 hex digits of its HMAC, by a key for logs
 * only. */
void gate_sign_tag(const struct gate_keys *, const char *id, char out[GATE_TAG_LENGTH + 1]);

#endif
