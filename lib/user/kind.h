/* user/kind.h: what each kind of users (file, MongoDB) must do. */
#ifndef GATE_USER_KIND_H
#define GATE_USER_KIND_H

#include "gate.h"
#include "base/buffer.h"
#include "crypto/password.h"
#include "crypto/sign.h"

enum gate_user_change {
	GATE_USER_ADD,     /* the change returns 0 if the name is taken */
	GATE_USER_REPLACE, /* a new password; it returns 0 if there is no such user */
	GATE_USER_REHASH,  /* the same password, so no session ends; 0 if there is no such user */
	GATE_USER_REMOVE,  /* it returns 0 if there is no such user */
	GATE_USER_END      /* for gate_users_end */
};

struct gate_user_edit {
	enum gate_user_change change;
	const char *name, *hash, *was; /* the new hash, or NULL; was: as for gate_users_change */
	int64_t since;                 /* of GATE_USER_END: sessions that began before end */
};

#define GATE_GROUPS_LIST_MAX (64u << 10) /* bytes of the groups of one user */

struct gate_user_about { /* what a back end may be told of a user; "": nothing is known */
	struct gate_buffer groups, name, email; /* groups: separated by commas */
};

static inline void
gate_user_about_release(struct gate_user_about *about)
{
	gate_buffer_release(&about->groups);
	gate_buffer_release(&about->name);
	gate_buffer_release(&about->email);
}

typedef int gate_user_visit(void *data, const char *name, const char *hash); /* below 0: stop */

/* Each function does what the call of the same name in user/user.h does. Their first argument is
 * what open returned. */
struct gate_user_kind {
	const char *scheme; /* "file" serves file:/etc/gate/users */
	/* make: as gate_users_open_or_make */
	void *(*open)(const char *url, bool make, struct gate_error *);
	void (*close)(void *);
	int (*find)(void *, const char *name, char hash[GATE_HASH_MAX], struct gate_error *);
	int (*pick)(
	    void *, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *);
	int (*change)(void *, const struct gate_user_edit *, struct gate_error *);
	int (*since)(void *, const char *name, int64_t *since, struct gate_error *);
	int (*each)(void *, gate_user_visit *, void *data, struct gate_error *);
	size_t (*skipped)(void *);
	int (*about)(void *, const char *name, struct gate_user_about *,
	    struct gate_error *); /* NULL: the users hold nothing but hashes */
	void (*set_timeouts)(void *, const struct gate_options *); /* NULL: no server to wait for */
	void (*tend)(void *, const struct gate_keys *, bool weak); /* NULL: nothing to prepare */
	void (*get_ready)(
	    void *, const struct gate_keys *, bool weak); /* NULL: nothing to prepare */
	bool keeps_hashes_new;
};

extern const struct gate_user_kind gate_users_file, gate_users_mongodb, gate_users_mongodb_srv;

#endif
