/* record/private.h: what the record*.c files share. */
#ifndef GATE_RECORD_PRIVATE_H
#define GATE_RECORD_PRIVATE_H

#include "record/record.h"

/* ---- record/members.c ---- */

/* The member of that name. Looks from *at on and around, so that names asked for in the record's
 * order are found at once. NULL: there is none. */
struct gate_member *gate_record_find(const struct gate_record *, const char *name, size_t *at);
/* The member, made where there was none, with a copy of text as its value. NULL: memory. */
struct gate_member *gate_record_put(
    struct gate_record *, const char *name, const char *text, size_t length);
/* Takes the members of an object's text. 1; 0: it is none; -1: memory. */
int gate_record_read_members(struct gate_record *, const char *text, size_t length);
/* Where the values of some of an object's members begin, NULL: no such member. What
 * gate_json_members answers. */
int gate_record_look_up(
    const struct gate_member *object, const char *const *names, const char **texts, size_t count);

/* ---- record/cookie.c ---- */

/* What the cookie says of its lifetime, and whether it says anything of its end. */
void gate_record_read_cookie(struct gate_record *, const struct gate_member *cookie);
/* Writes it: expires as of gate_record_stamp. 0 or -1. */
int gate_record_write_cookie(
    struct gate_record *, const struct gate_record_policy *, int64_t expires);

/* ---- record/user.c ---- */

/* Fills in created, user and user_changed of a record that was parsed. 0 or -1. */
int gate_record_read_user(struct gate_record *);
/* created, if not 0; the user, if it changed; the policy's login, since and submit.
 * gate_record_stamp calls it. 0 or -1. */
int gate_record_stamp_user(
    struct gate_record *, int64_t created, const struct gate_record_policy *);

#endif
