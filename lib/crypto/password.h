/* crypto/password.h: passwords, and their hashes through libcrypt. */
#ifndef GATE_CRYPTO_PASSWORD_H
#define GATE_CRYPTO_PASSWORD_H

#include "gate.h"

#define GATE_PASSWORD_MIN 15  /* characters of a new one */
#define GATE_PASSWORD_MAX 511 /* bytes; libcrypt takes no more */
#define GATE_HASH_MAX 384     /* bytes of a hash and its NUL */

/* Whether password, byte for byte, is the one of this hash. 1; 0: it is not, or the hash is one
 * that gate_password_hash_refusal refuses; -1: memory, or libcrypt failed. Takes as long as the
 * hash asks for, and its memory: call it with a turn (login/hashing.h). Time depends on the hash and on
 * the password's length, never on whether they fit; an empty password, one over GATE_PASSWORD_MAX
 * and a refused hash take none. So an unknown user, tried with somebody else's hash, takes as long
 * as a known one. */
int gate_password_verify(
    const char *password, const char *hash, bool allow_weak, struct gate_error *);
/* A new hash: yescrypt. 0 or -1. */
int gate_password_hash(const char *password, char out[GATE_HASH_MAX], struct gate_error *);

/* NULL: usable. Else why not, to be put behind "the hash": "is of no known kind", "is damaged, or
 * has unusual parameters", "asks for more work than is allowed", "is weak (apr1): …". What only
 * allow_weak makes usable deserves a warning. */
const char *gate_password_hash_refusal(const char *hash, bool allow_weak);
/* Verifies (with allow_weak, where it is weak), but is weaker than what gate_password_hash makes:
 * to be made anew at a login. */
bool gate_password_hash_is_old(const char *hash);

/* crypto/password_rules.c. What a text is worth to who has to guess it, read in the cheapest way: a letter is 2, a
 * well-known word, a row of keys or the name (NULL: none) as much, a repetition 1. `numbers`: such as
 * people remember, a digit of which is 1. */
#define GATE_WORTH_MAX 1024 /* bytes that are looked at */
unsigned gate_password_worth(const char *text, const char *name, bool numbers);
/* NULL: fit to be name's new password (name may be NULL). Else why not, to be
 * put behind "the password": "is shorter than 15 characters", "is too easy to guess: …". */
const char *gate_password_refusal(const char *password, const char *name);
/* The words of password_words.txt: a text for each first letter, with a blank behind each word; then
 * NULL. The build makes it. */
extern const char *const gate_password_words[];

/* crypto/password_apr1.c: Apache's own MD5 scheme. setting: "$apr1$", a salt of at most 8 characters, and
 * its end or a '$' and anything. 0, or -1: no such setting. */
int gate_password_apr1(const char *password, const char *setting, char out[GATE_HASH_MAX]);

#endif
