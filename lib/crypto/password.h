/* crypto/password.h: rules for passwords, and their hashes by libcrypt. */
#ifndef GATE_CRYPTO_PASSWORD_H
#define GATE_CRYPTO_PASSWORD_H

#include "gate.h"

#define GATE_PASSWORD_MIN 15  /* characters of a new one */
#define GATE_PASSWORD_MAX 511 /* bytes; libcrypt takes no more */
#define GATE_HASH_MAX 384     /* bytes of a hash and its NUL */

/* Checks a password, byte for byte, against a hash. Returns 1 if it fits, 0 if not, -1 with the
 * error set if libcrypt failed or memory is out. A password over 72 bytes never fits a bcrypt hash.
 * It takes the time and memory that the hash asks for: call it with a turn (login/hashing.h). Time
 * depends on the hash and the password's length, never on whether they fit. For an unknown user,
 * check somebody else's hash: that takes as long as for a known user. Only an empty password, one
 * over GATE_PASSWORD_MAX and a hash that gate_password_hash_refusal refuses return 0 at once. */
int gate_password_verify(
    const char *password, const char *hash, bool allow_weak, struct gate_error *);
/* Hashes a password of 1 to GATE_PASSWORD_MAX bytes by yescrypt. Returns 0, or -1 with the error
 * set. */
int gate_password_hash(const char *password, char out[GATE_HASH_MAX], struct gate_error *);

/* Returns NULL if gate uses this hash. Else returns why not, to follow "the hash": "is of no known
 * kind", "is damaged, or has unusual parameters", "asks for more work than is allowed", "is weak
 * (apr1): …". Warn of a hash that only allow_weak makes usable. */
const char *gate_password_hash_refusal(const char *hash, bool allow_weak);
/* Is a usable hash (or one usable with allow_weak) weaker than those that gate_password_hash makes?
 * Then hash the password anew at the next login. */
bool gate_password_hash_is_old(const char *hash);

/* crypto/password_rules.c: says how hard a text is to guess, by the reading that makes it easiest.
 * A letter counts 2; a well-known word, a row of keys or the name (NULL: none) counts 2 as well; a
 * repetition 1; a blank, - _ or . counts 0. numbers: if people chose the text, a digit of a number
 * (of 4 digits or more) counts 1, else 2. Returns the sum. */
#define GATE_WORTH_MAX 1024 /* bytes; the rest of the text is ignored */
unsigned gate_password_worth(const char *text, const char *name, bool numbers);
/* Returns NULL if the text may be the new password of the user `name` (NULL: no name). Else returns
 * why not, to follow "the password": "is shorter than 15 characters", "is too easy to guess: …". */
const char *gate_password_refusal(const char *password, const char *name);
/* The words of password_words.txt, as the build makes C of them: one text for each first letter,
 * with a blank after each word. NULL ends the list. */
extern const char *const gate_password_words[];

/* crypto/password_apr1.c: hashes a password by Apache's MD5 scheme. setting: "$apr1$" and a salt of
 * at most 8 characters; after that nothing, or a '$' and anything. Returns 0, or -1 if the setting
 * has another form. */
int gate_password_apr1(const char *password, const char *setting, char out[GATE_HASH_MAX]);

#endif
