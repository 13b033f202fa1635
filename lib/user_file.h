/* user_file.h: users in an htpasswd file: lines of the form name:hash.
 *
 * What stands behind a second colon is kept and means nothing, as with Apache and nginx. Blank
 * lines and lines that begin with # are kept. Of two lines of one name the first counts. */
#ifndef GATE_USER_FILE_H
#define GATE_USER_FILE_H

#include "gate.h"
#include "password.h"

#define GATE_USER_FILE_MAX (16u << 20) /* bytes; about 100 000 users */
#define GATE_USER_FILE_NAME_MAX 255    /* bytes */

/* user.h says what each does. The lookup is by a table that is made anew when the file changed.
 * make: it need not be there, the first change makes it. */
void *gate_user_file_open(const char *url, bool make, struct gate_error *);
void gate_user_file_close(void *);
int gate_user_file_find(void *, const char *name, char hash[GATE_HASH_MAX], struct gate_error *);
int gate_user_file_pick(
    void *, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *);
/* there: whether there has to be a user of that name, else there must be none. hash: the new one,
 * NULL: the user goes. 1; 0: it is not as `there` and `was` say; -1. */
int gate_user_file_change(
    void *, const char *name, bool there, const char *hash, const char *was, struct gate_error *);
int gate_user_file_each(void *, int (*visit)(void *data, const char *name, const char *hash),
    void *data, struct gate_error *);
size_t gate_user_file_skipped(void *);

/* NULL, or why a line can't begin with it: what gate_user_name_refusal says of all users. */
const char *gate_user_file_name_refusal(const char *name, size_t length);

#endif
