/* user/user.h: who may log in. */
#ifndef GATE_USER_USER_H
#define GATE_USER_USER_H

#include "gate.h"
#include "crypto/password.h"
#include "crypto/sign.h"
#include "user/kind.h"
#include "user/rules.h"

struct gate_users; /* open; any number of threads may use it */

/* Opens the users that a URL names (the option `users`). Asks no server yet. Returns NULL with the
 * error set if it can't, also if the file is not there. Yours. */
struct gate_users *gate_users_open(const char *url, struct gate_error *);
/* Opens users to add some: a file that is not there counts as one without users, and the first
 * change makes it. Else like gate_users_open. */
struct gate_users *gate_users_open_or_make(const char *url, struct gate_error *);
/* Sets the timeouts of calls to a server: connect_timeout, select_timeout and socket_timeout of the
 * options. Call it before the first question; without it, the options' defaults hold. */
void gate_users_set_timeouts(struct gate_users *, const struct gate_options *);
void gate_users_close(struct gate_users *); /* NULL is fine */
/* Copies a user's hash. Returns 1, 0 if there is no such user, or -1 with the error set if the
 * users can't be read now. */
int gate_users_find(
    struct gate_users *, const char *name, char hash[GATE_HASH_MAX], struct gate_error *);
/* Copies a hash of some user, to check a password against if the name has none. Picks only hashes
 * that gate uses; weak: also those that allow_weak_hashes makes usable. The number alone says which
 * user it is, not what the names look like: a number gets the same user while the users stay, and
 * most numbers keep theirs when one comes or goes. Returns 1, 0 if no user has such a hash, or -1
 * with the error set. */
int gate_users_pick(
    struct gate_users *, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *);
/* Changes one user. A new password and a removal end all sessions of the user that began before:
 * the time of gate_users_since is then later than any of them. hash: the new one; NULL to remove.
 * was: if not NULL, the change is made only if this is still the user's hash. Returns 1; 0 if
 * `was` is not the hash, or for the reason that enum gate_user_change names; -1 with the error
 * set: then nothing was changed, unless the error says so. */
int gate_users_change(struct gate_users *, enum gate_user_change, const char *name,
    const char *hash, const char *was, struct gate_error *);
/* Prepares cheap picks, if that is due. May take minutes. Call it now and then, from one thread.
 * weak: as for the picks. */
void gate_users_tend(struct gate_users *, const struct gate_keys *, bool weak);
/* Prepares the first pick, which may take seconds. Call it before every find that a pick may
 * follow. A known and an unknown name then take equally long, so nobody learns from the time who
 * has an account. */
void gate_users_get_ready(struct gate_users *, const struct gate_keys *, bool weak);
/* Sets *since (ms since 1970): sessions of that name that began before it are over; 0: none are. A
 * removed user keeps this time. Returns 1, 0 if nothing is known of the name, or -1 with the error
 * set. */
int gate_users_since(struct gate_users *, const char *name, int64_t *since, struct gate_error *);
/* Ends the user's sessions that began before `since` (ms since 1970). If a later time is set
 * already, that stays. Returns 1, 0 if there is no such user, or -1 with the error set. */
int gate_users_end(struct gate_users *, const char *name, int64_t since, struct gate_error *);
/* Adds to `about`, which is yours, what the users hold of this one; it may be 5 s old.
 * Returns 1, 0 if there is no such user, or -1 with the error set, also if the groups are over the
 * limit of their buffer. Users in a file have no more
 * than a hash: then adds nothing. */
int gate_users_about(
    struct gate_users *, const char *name, struct gate_user_about *, struct gate_error *);
/* Are the users in memory, so that each request can call gate_users_since? */
bool gate_users_are_near(const struct gate_users *);
/* May a login replace an old hash by a better one? Not in a file: that is an administrator's, who
 * may have it under version control, or read-only. */
bool gate_users_keep_hashes_new(const struct gate_users *);
/* Shows visit each user: in the file's order, or by name. visit may call any of these functions.
 * Returns 1, or -1 if the users can't be read (with the error set) or visit stopped. */
int gate_users_each(struct gate_users *, gate_user_visit *, void *data, struct gate_error *);
/* Returns how many entries were left out because nobody can log in by them: when the file was last
 * read, or when gate_users_each last went through the collection. The log says which; of a file's
 * lines, only the first ten. */
size_t gate_users_skipped(struct gate_users *);

#endif
