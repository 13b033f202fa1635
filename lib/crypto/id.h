/* crypto/id.h: session ids. */
#ifndef GATE_CRYPTO_ID_H
#define GATE_CRYPTO_ID_H

#include <stdbool.h>

#define GATE_ID_MAX 128

enum gate_genid { GATE_GENID_RANDOM, GATE_GENID_UUID };
/* Makes a new id. random: 24 random bytes in base64url, 32 characters; uuid: a version 4 UUID.
 * Returns 0, or -1 if the system gives no random bytes. */
int gate_id_new(enum gate_genid, char out[GATE_ID_MAX + 1]);
/* Is id made of 1 to 128 of A-Z a-z 0-9 _ and -? No store is asked about any other id. */
bool gate_id_valid(const char *id);

#endif
