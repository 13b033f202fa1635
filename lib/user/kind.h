/* user/kind.h: what each kind of users must do: files, MongoDB. */
#ifndef GATE_USER_KIND_H
#define GATE_USER_KIND_H

#include "gate.h"
#include "crypto/password.h"
#include "crypto/sign.h"

enum gate_user_change {
	GATE_USER_ADD,     /* 0: there is one of that name already */
	GATE_USER_REPLACE, /* 0: there is none */
	GATE_USER_REHASH,  /* the same password: 0: there is none */
	GATE_USER_REMOVE,  /* 0: there is none */
	GATE_USER_END      /* gate_users_end's */
};

struct gate_user_edit {
	enum gate_user_change change;
	const char *name, *hash, *was; /* was: only if that is the hash until now; NULL: whatever */
	int64_t since;                 /* of GATE_USER_END */
};

typedef int gate_user_visit(void *data, const char *name, const char *hash); /* below 0: stop */

/* user/user.h says what each does: the call of the same name. The void * is what open returned. */
struct gate_user_kind {
	const char *scheme; /* "file" serves file:/etc/gate/users */
	/* make: the users need not be there, the first change makes them. */
	void *(*open)(const char *url, bool make, struct gate_error *);
	void (*close)(void *);
	int (*find)(void *, const char *name, char hash[GATE_HASH_MAX], struct gate_error *);
	int (*pick)(
	    void *, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *);
	int (*change)(void *, const struct gate_user_edit *, struct gate_error *);
	int (*since)(void *, const char *name, int64_t *since, struct gate_error *);
	int (*each)(void *, gate_user_visit *, void *data, struct gate_error *);
	size_t (*skipped)(void *);
	void (*set_timeouts)(void *, const struct gate_options *); /* NULL: it waits for nobody */
	void (*tend)(void *, const struct gate_keys *, bool weak); /* NULL: nothing needs doing */
	void (*get_ready)(void *, const struct gate_keys *, bool weak); /* the same */
	bool keeps_hashes_new;
};

extern const struct gate_user_kind gate_users_file, gate_users_mongodb, gate_users_mongodb_srv;

#endif
