/* user/user.h: who may log in. */
#ifndef GATE_USER_USER_H
#define GATE_USER_USER_H

#include "gate.h"
#include "crypto/password.h"
#include "crypto/sign.h"
#include "user/kind.h"
#include "user/rules.h"

struct gate_users; /* open; any number of threads may use it */

/* url: the option `users`. NULL with the error set, also where the file is not there. Yours. */
struct gate_users *gate_users_open(const char *url, struct gate_error *);
/* The same for who may make them: where no file is there are no users, and the first change makes
 * it. */
struct gate_users *gate_users_open_or_make(const char *url, struct gate_error *);
/* Before the first question: connect_timeout, select_timeout and socket_timeout as the options have
 * them; without it, as the options are by default. */
void gate_users_set_timeouts(struct gate_users *, const struct gate_options *);
void gate_users_close(struct gate_users *); /* NULL is fine */
/* 1: hash is name's. 0: there is no such user. -1: they can't be read now. */
int gate_users_find(
    struct gate_users *, const char *name, char hash[GATE_HASH_MAX], struct gate_error *);
/* Somebody's hash that passwords are tried on (weak: weak ones, too), to be worked on for a
 * name that has none: whose it is depends on the number only and not on names, it is always the same
 * for a number while the users stay, and for most numbers when one comes or goes. 1; 0: nobody has
 * one; -1. */
int gate_users_pick(
    struct gate_users *, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *);
/* A new password, and the user's removal, end all sessions of the user that began before: what
 * gate_users_since says then is later than any of them.
 * 1, 0 (see above), -1: nothing was changed, but where the error says so. `was`, if not NULL: only
 * if that is the hash until now (0: it is not). */
int gate_users_change(struct gate_users *, enum gate_user_change, const char *name,
    const char *hash, const char *was, struct gate_error *);
/* What makes picking cheap, to be done now and then; it may take minutes. One thread's. */
void gate_users_tend(struct gate_users *, const struct gate_keys *, bool weak);
/* Before a find that a pick may follow: the first one takes its time whoever is found, so that neither
 * shows who has an account. */
void gate_users_get_ready(struct gate_users *, const struct gate_keys *, bool weak);
/* Sessions of that name which began before *since (ms since 1970) are over; 0: none are. Users who
 * were removed have that too. 1; 0: nothing is known of that name; -1. */
int gate_users_since(struct gate_users *, const char *name, int64_t *since, struct gate_error *);
/* Those that began before `since` are over. 1; 0: there is no such user; -1. */
int gate_users_end(struct gate_users *, const char *name, int64_t since, struct gate_error *);
/* Are they in memory, so that each request can ask for that? */
bool gate_users_are_near(const struct gate_users *);
/* May a login make a better hash of an old one? A file is an administrator's, who may have it under
 * version control, or read-only. */
bool gate_users_keep_hashes_new(const struct gate_users *);
/* In the order in which they stand; visit may call any of these. 1 or -1. */
int gate_users_each(struct gate_users *, gate_user_visit *, void *data, struct gate_error *);
/* How many entries were left out when the users were last read, as nobody can log in by them; the
 * log says which. */
size_t gate_users_skipped(struct gate_users *);

#endif
