/* user_mongodb.h: users in MongoDB's collection gate_users: {_id: name, password: hash, since: date}.
 * Who was removed has no password there, and keeps `since`. */
#ifndef GATE_USER_MONGODB_H
#define GATE_USER_MONGODB_H

#include "gate.h"
#include "password.h"
#include "sign.h"
#include "user_file.h"

/* user.h says what each does. The server is asked when the first question is, and not before. */
void *gate_user_mongodb_open(const char *url, bool make, struct gate_error *);
void gate_user_mongodb_close(void *);
int gate_user_mongodb_find(void *, const char *name, char hash[GATE_HASH_MAX], struct gate_error *);
int gate_user_mongodb_pick(
    void *, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *);
int gate_user_mongodb_change(void *, const struct gate_user_edit *, struct gate_error *);
int gate_user_mongodb_since(void *, const char *name, int64_t *since, struct gate_error *);
int gate_user_mongodb_each(void *, int (*visit)(void *data, const char *name, const char *hash),
    void *data, struct gate_error *);
size_t gate_user_mongodb_skipped(void *);
void gate_user_mongodb_tend(void *, const struct gate_keys *, bool weak);
void gate_user_mongodb_get_ready(void *, const struct gate_keys *, bool weak);
void gate_user_mongodb_set_timeouts(void *, const struct gate_options *);

#endif
