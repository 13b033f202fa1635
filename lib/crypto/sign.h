/* crypto/sign.h: signatures of session ids, as cookies have them (cookie-signature: id.base64(HMAC-SHA256(secret, id))). */
#ifndef GATE_CRYPTO_SIGN_H
#define GATE_CRYPTO_SIGN_H

#include "gate.h"
#include "base/buffer.h"

#define GATE_SECRETS_MAX 4
#define GATE_SECRET_MIN 32   /* bytes; fewer is weak */
#define GATE_SECRET_MAX 1024 /* bytes */
#define GATE_SIGNATURE_LENGTH 43
#define GATE_TAG_LENGTH 12
#define GATE_KEY_LENGTH 32 /* bytes */

struct gate_keys; /* a ring of secrets: the first signs, all verify */

/* secrets: NULL-ended, 1 to GATE_SECRETS_MAX. NULL with the error set. Yours. Read-only once
 * made: any number of threads may use it. */
struct gate_keys *gate_keys_new(const char *const *secrets, struct gate_error *);
void gate_keys_free(struct gate_keys *); /* wipes the secrets; NULL is fine */

/* Adds "id.signature" with the first secret: the cookie's text behind "s:". */
int gate_sign(const struct gate_keys *, const char *id, struct gate_buffer *);
/* Verifies text "id.signature" (split at the last dot) against every secret in constant time.
 * 1: `*id_length` is the length of the id at the start of text, `*old`: not by the first secret.
 * 0: no secret made it. An empty id answers 0. */
int gate_unsign(
    const struct gate_keys *, const char *text, size_t length, size_t *id_length, bool *old);
/* Signs text under a key derived for one purpose ("gate device"), so that no signature serves two:
 * base64url, with the first secret. */
void gate_sign_for(const struct gate_keys *, const char *purpose, const char *text, size_t length,
    char out[GATE_SIGNATURE_LENGTH + 1]);
/* Whether one of the secrets gave text this signature, of GATE_SIGNATURE_LENGTH bytes; all are
 * tried, in constant time. 1 or 0. */
int gate_verify_for(const struct gate_keys *, const char *purpose, const char *text, size_t length,
    const char *signature);
/* A key for one purpose and salt, by the which-th secret, from 0; false: there are not so many. */
bool gate_keys_derive(const struct gate_keys *, size_t which, const char *purpose, const void *salt,
    size_t length, unsigned char key[GATE_KEY_LENGTH]);
/* The first 12 hex digits of an HMAC of the id under a key derived for logs: what logs may show. */
void gate_sign_tag(const struct gate_keys *, const char *id, char out[GATE_TAG_LENGTH + 1]);

#endif
