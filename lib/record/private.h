/* record/private.h: what the files of record/ share. */
#ifndef GATE_RECORD_PRIVATE_H
#define GATE_RECORD_PRIVATE_H

#include "record/members.h"

/* ---- record/members.c ---- */

/* Returns the record's members, made if it has none yet, or NULL if memory ran out. */
struct gate_record_members *gate_record_make_members(struct gate_record *);
/* Returns the member of this name, removed or not, or NULL if there is none. The search begins at
 * index *at and wraps around; *at then becomes the next index, so that names in the record's own
 * order are each found at the first comparison. */
struct gate_record_member *gate_record_find(
    const struct gate_record *, const char *name, size_t *at);
/* Gives the member of this name a copy of text as its value, and adds the member if the record has
 * none. Returns the member, or NULL if memory ran out. */
struct gate_record_member *gate_record_put(
    struct gate_record *, const char *name, const char *text, size_t length);
/* Fills the record with the members of the JSON object `text`, which it copies. Returns 1, 0 if
 * text is not an object, or -1 if memory ran out. */
int gate_record_read_members(struct gate_record *, const char *text, size_t length);
/* Sets texts[i] to the beginning of the value of the member names[i] in `object`, or to NULL if
 * there is no such member. Returns what gate_json_members returns. */
int gate_record_look_up(const struct gate_record_member *object, const char *const *names,
    const char **texts, size_t count);

/* ---- record/cookie.c ---- */

/* Sets the record's max_age and endless from the members of its cookie. */
void gate_record_read_cookie(struct gate_record *, const struct gate_record_member *cookie);
/* Writes the member `cookie`, as gate_record_stamp describes. Returns 0, or -1 if memory ran
 * out. */
int gate_record_write_cookie(
    struct gate_record *, const struct gate_record_policy *, int64_t expires);

/* ---- record/user.c ---- */

/* Sets created, since, user and user_changed of a parsed record from its members. Returns 0, or -1
 * if memory ran out. */
int gate_record_read_user(struct gate_record *);
/* Writes into the member `gate`: created, if it is not 0; the user, if it changed; login, since and
 * submit of the policy, if set. Returns 0, or -1 if memory ran out. */
int gate_record_stamp_user(
    struct gate_record *, int64_t created, const struct gate_record_policy *);

#endif
