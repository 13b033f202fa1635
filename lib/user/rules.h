/* user/rules.h: what a user's name and hash may be, and whose hash an unknown name gets. */
#ifndef GATE_USER_RULES_H
#define GATE_USER_RULES_H

#include <stddef.h>
#include <stdint.h>

#define GATE_USER_NAME_MAX 255 /* bytes */

/* Returns NULL if this can be a user's name, else why not, to follow "the user's name": "is empty",
 * "is longer than 255 bytes", … */
const char *gate_user_name_refusal(const char *name, size_t length);
/* Returns NULL if this can be a user's hash, else why not. */
const char *gate_user_hash_refusal(const char *hash, size_t length);
/* Returns which of `count` users a number picks, from 0. Most numbers keep their user when there is
 * one more. */
size_t gate_user_place(uint64_t number, size_t count);

#endif
