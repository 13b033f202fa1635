/* crypto/id.h: session ids. */
#ifndef GATE_CRYPTO_ID_H
#define GATE_CRYPTO_ID_H

#include <stdbool.h>

#define GATE_ID_MAX 128

enum gate_genid { GATE_GENID_RANDOM, GATE_GENID_UUID };
/* random: 24 random bytes, base64url (32 characters); uuid: version 4. 0 or -1. */
int gate_id_new(enum gate_genid, char out[GATE_ID_MAX + 1]);
/* Is it [A-Za-z0-9_-]{1,128}? Other ids are unknown without asking any store. */
bool gate_id_valid(const char *id);

#endif
