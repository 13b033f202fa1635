/* record/record.h: a record's members as text, and the session that a handler sees of them. */
#ifndef GATE_RECORD_RECORD_H
#define GATE_RECORD_RECORD_H

#include "gate.h"
#include "base/buffer.h"
#include "http/cookie.h"
#include "options/options.h"

#define GATE_RECORD_SIZE_MAX (1u << 20) /* bytes of a record's text; larger ones are not read */

#define GATE_SUBMIT_MAX 40           /* bytes of gate.submit */
#define GATE_SUBMIT_TIME (10 * 1000) /* ms in which an equal submit is the same one */

struct gate_record_login {                  /* one that was right, just now */
	const char *name, *address, *agent; /* agent: NULL: unknown */
	int64_t at;
	int64_t since; /* the same, or the user's time, if that is later */
};

/* What a new record's cookie says besides its lifetime. */
struct gate_record_policy {
	const struct gate_cookie_attributes *cookie; /* resolved: never auto */
	int64_t max_age;                             /* ms, 0: with the browser */
	bool keep_age;                         /* the record's own originalMaxAge stays as it is */
	const struct gate_record_login *login; /* NULL: none */
	const char *submit; /* the one that was done, see request/repeat.c; NULL: none */
	int64_t since;      /* when what the user's time is compared with began; 0: it stays */
};

/* The members that a handler sees, as an object. NULL: memory. Yours. */
json_t *gate_record_session(struct gate_record *);
/* Does the session hold anything else than the record? Changes nothing. 1, 0. */
int gate_record_differs(struct gate_record *, json_t *session);
/* Takes the session's members over: changed, added, removed. 1: something changed; 0: nothing;
 * -1: the error names the member that can't be stored (GATE_ESESSION), or memory. */
int gate_record_merge(struct gate_record *, json_t *session, struct gate_error *);
/* Writes `cookie` (expires = `expires`, ms, 0: null), and what is new in `gate`: created if
 * `created` is not 0, who is logged in. Call it before every write. 0 or -1. */
int gate_record_stamp(
    struct gate_record *, const struct gate_record_policy *, int64_t expires, int64_t created);
/* Of the values of originalMaxAge and expires, NULL: not there. Is that a lifetime that no Node
 * peer stumbles over, and does that say that there is no end? */
bool gate_record_is_age(const char *text);
bool gate_record_is_none(const char *text);
json_t *gate_record_cookie(const struct gate_record *); /* NULL: beyond jansson. Yours */
/* The number that a value's text is, cut to whole ms; 0 where it is none, or NULL. */
int64_t gate_record_milliseconds(const char *text);

/* The submit that was done last. 1; 0: none is kept. */
int gate_record_submit(const struct gate_record *, char submit[GATE_SUBMIT_MAX + 1]);
/* Does the session say at path (the option user_member) that name is logged in (NULL: nobody), or
 * what the record said where that was its user? What is no name may be one to Node. */
bool gate_record_is_user(
    const struct gate_record *, json_t *session, const char *path, const char *name);
int gate_record_put_user(
    struct gate_record *, json_t *session, const char *path, const char *name); /* 0 or -1 */
/* Removes all members but those that handlers don't see: also what jansson can't hold. */
void gate_record_empty(struct gate_record *);

/* ---- record/life.c ---- */

/* Is that a time that only a clock which was ahead can have said? One of another host's may be ahead
 * by a minute. */
bool gate_record_is_ahead(const struct gate_record *, int64_t time);
/* What lies ahead counts as its `now`, and it ends a lifetime from there at the latest; `ahead` asks
 * the next visit to write that down. `since` stays as it is: what it says is compared. Every load,
 * list and sweep calls it when the record was read. */
void gate_record_settle(struct gate_record *);
bool gate_record_began_ahead(const struct gate_record *); /* then its payload says it, too */
/* When it ends, whatever the store says longer: ms since 1970. */
int64_t gate_record_end(const struct gate_record *, const struct gate_options *);
/* Is it a stranger's who never came back? It was neither written nor touched since it was made. */
bool gate_record_is_first(const struct gate_record *, const struct gate_options *);

/* Frees all members; the record is then empty and keeps only what the caller filled in. `was`
 * must have been released before. */
/* One that is ready to be loaded, or made. user_member is borrowed. */
struct gate_record gate_record_blank(
    int64_t now, int64_t deadline, int64_t ttl, const char *user_member);
void gate_record_release(struct gate_record *);

#endif
