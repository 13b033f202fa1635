/* record/record.h: a record's members as text, and the session that a handler gets of them. */
#ifndef GATE_RECORD_RECORD_H
#define GATE_RECORD_RECORD_H

#include "gate.h"
#include "base/buffer.h"
#include "http/cookie.h"
#include "options/options.h"

#define GATE_RECORD_SIZE_MAX (1u << 20) /* bytes of a record's text; gate reads no larger one */

#define GATE_SUBMIT_MAX 40           /* bytes of gate.submit, without a NUL */
#define GATE_SUBMIT_TIME (10 * 1000) /* ms within which an equal submit is a repeat */

struct gate_record_login {                  /* a login that has just succeeded */
	const char *name, *address, *agent; /* agent is NULL if unknown */
	int64_t at;                         /* ms since 1970 */
	int64_t since; /* the later one of `at` and the user's time (session/since.c) */
};

/* What gate_record_stamp writes into a record. */
struct gate_record_policy {
	const struct gate_cookie_attributes *cookie; /* resolved: secure is never auto */
	int64_t max_age;                       /* of the cookie, in ms; 0: until the browser ends */
	bool keep_age;                         /* leave the record's originalMaxAge as it is */
	const struct gate_record_login *login; /* NULL: nobody logged in just now */
	const char *submit; /* the submit that was done (request/repeat.c), or NULL */
	int64_t since; /* new start of the session (session/since.c), ms since 1970; 0: it stays */
};

/* Returns the members that a handler may see as an object, which is yours, or NULL if memory ran
 * out. Sets `visible` of these members. */
json_t *gate_record_session(struct gate_record *);
/* Returns 1 if the session differs from the record's visible members, else 0. Changes neither. */
int gate_record_differs(struct gate_record *, json_t *session);
/* Changes, adds and removes members of the record until it equals the session. Returns 1 if
 * anything changed, 0 if nothing did, or -1 with the error set: GATE_ESESSION names the member that
 * can't be stored, GATE_EMEMORY says that memory ran out. */
int gate_record_merge(struct gate_record *, json_t *session, struct gate_error *);
/* Brings the members `cookie` and `gate` up to date; call it before every write. `expires` of the
 * cookie is in ms since 1970, and 0 writes null. `created`, in ms since 1970, is written if it is
 * not 0. Returns 0, or -1 if memory ran out. */
int gate_record_stamp(
    struct gate_record *, const struct gate_record_policy *, int64_t expires, int64_t created);
/* Returns true if text, the value of originalMaxAge, is a number, null or false, or is NULL because
 * the member is absent. Any other value makes a Node program exit. */
bool gate_record_is_age(const char *text);
/* Returns true if text, the value of `expires`, is null or false, or is NULL because the member is
 * absent: the cookie then names no end. */
bool gate_record_is_none(const char *text);
/* Returns the member `cookie`, which is yours, or NULL if there is none or jansson can't hold
 * it. */
json_t *gate_record_cookie(const struct gate_record *);
/* Returns the number at the beginning of text, truncated to whole ms, or 0 if text is NULL, does
 * not begin with a number, or the number is beyond ±9e15. */
int64_t gate_record_milliseconds(const char *text);

/* Copies gate.submit, which says what submit was done last. Returns 1, or 0 if there is none. */
int gate_record_submit(const struct gate_record *, char submit[GATE_SUBMIT_MAX + 1]);
/* Returns true if the session's member at path (the option user_member) says that `name` is logged
 * in; name NULL is nobody. Also true if the member is unchanged since the record was read and
 * `name` is the record's user, since a value that gate does not take for a name may be one to
 * Node. */
bool gate_record_is_user(
    const struct gate_record *, json_t *session, const char *path, const char *name);
/* Writes name at path, into the session and into the record. Returns 0, or -1 if memory ran out. */
int gate_record_put_user(
    struct gate_record *, json_t *session, const char *path, const char *name); /* name: not NULL */
/* Removes all members but gate's and the stores' own, also those that jansson can't hold. */
void gate_record_empty(struct gate_record *);

/* ---- record/life.c ---- */

/* Returns true if the time is over a minute after the record's `now`: the clock that it was written
 * by was ahead. Clocks of two hosts may differ by a minute. */
bool gate_record_is_ahead(const struct gate_record *, int64_t time);
/* Corrects a record that was written by a clock that was ahead: `touched` and `created` that lie
 * ahead become `now`, `expires` becomes one lifetime from now at the latest, and `ahead` is set, so
 * that the next visit writes this. `since` stays, as it is compared with the user's time. Every
 * load, list and sweep calls it after reading a record. */
void gate_record_settle(struct gate_record *);
/* Returns true if gate_record_settle corrected `created`, which the payload then needs as well. */
bool gate_record_began_ahead(const struct gate_record *);
/* Returns when the record ends, in ms since 1970: at its `expires`, or earlier if these options say
 * so. */
int64_t gate_record_end(const struct gate_record *, const struct gate_options *);
/* Returns true if first_ttl limits the record: nobody is logged in, and it was neither written nor
 * touched since its creation, so its visitor has not come back. */
bool gate_record_is_first(const struct gate_record *, const struct gate_options *);

/* Returns an empty record with these members set, ready to be loaded or created. user_member is
 * borrowed. */
struct gate_record gate_record_blank(
    int64_t now, int64_t deadline, int64_t ttl, const char *user_member);
/* Marks the member of that name as removed, if there is one. */
void gate_record_remove(struct gate_record *, const char *name);
/* Returns how long the record lives after a write, in ms: as its cookie says, else its ttl. */
int64_t gate_record_lifetime(const struct gate_record *);
int64_t gate_record_max_age(const struct gate_record *); /* cookie.originalMaxAge in ms, 0: none */
/* Returns how many bytes gate_record_text will return, at most. */
size_t gate_record_size(const struct gate_record *);

#endif
