/* user_file.h: users in an htpasswd file: lines of the form name:hash.
 *
 * What stands behind a second colon is kept and means nothing, as with Apache and nginx. Blank
 * lines and lines that begin with # are kept. Of two lines of one name the first counts.
 * A line "# gate: NAME ended MS" says that the sessions of NAME that began before MS (since 1970) are
 * over: it is a comment to everybody else, and outlives the user. */
#ifndef GATE_USER_FILE_H
#define GATE_USER_FILE_H

#include "gate.h"
#include "password.h"

#define GATE_USER_FILE_MAX (16u << 20) /* bytes; about 100 000 users */
#define GATE_USER_FILE_NAME_MAX 255    /* bytes */

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

/* user.h says what each does. The lookup is by a table that is made anew when the file changed.
 * make: it need not be there, the first change makes it. */
void *gate_user_file_open(const char *url, bool make, struct gate_error *);
void gate_user_file_close(void *);
int gate_user_file_find(void *, const char *name, char hash[GATE_HASH_MAX], struct gate_error *);
int gate_user_file_pick(
    void *, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *);
int gate_user_file_change(void *, const struct gate_user_edit *, struct gate_error *);
int gate_user_file_since(void *, const char *name, int64_t *since, struct gate_error *);
int gate_user_file_each(void *, int (*visit)(void *data, const char *name, const char *hash),
    void *data, struct gate_error *);
size_t gate_user_file_skipped(void *);

/* NULL, or why a line can't begin with it: what gate_user_name_refusal says of all users. */
const char *gate_user_file_name_refusal(const char *name, size_t length);

#endif
