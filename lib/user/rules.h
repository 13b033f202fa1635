/* user/rules.h: what a user's name and hash may be, and which user stands in for nobody. */
#ifndef GATE_USER_RULES_H
#define GATE_USER_RULES_H

#include <stddef.h>
#include <stdint.h>

#define GATE_USER_NAME_MAX 255 /* bytes */

/* NULL: can be a user's name. Else why not: "is empty", "is longer than 255 bytes", … */
const char *gate_user_name_refusal(const char *name, size_t length);
const char *gate_user_hash_refusal(const char *hash, size_t length); /* the same of a hash */
/* Which of count users is picked for a number; for most numbers the same when there is one more. */
size_t gate_user_place(uint64_t number, size_t count);

#endif
