/* user/groups.h: which groups a user is in, by a file of lines "group: user user", as Apache's
 * AuthGroupFile has them. */
#ifndef GATE_USER_GROUPS_H
#define GATE_USER_GROUPS_H

#include "gate.h"
#include "base/buffer.h"

#define GATE_GROUPS_FILE_MAX (16u << 20) /* bytes of the file */

struct gate_groups; /* open; any number of threads may use it */

/* Opens the file; it is read again whenever it has changed. Returns NULL with the error set if it
 * can't be read. Yours. */
struct gate_groups *gate_groups_open(const char *path, struct gate_error *);
void gate_groups_close(struct gate_groups *); /* NULL is fine */
/* Adds the user's groups to `out`, separated by commas, in the file's order. Returns 0, or -1 with
 * the error set if the file can't be read now, or the groups are over the limit of `out`. */
int gate_groups_of(
    struct gate_groups *, const char *user, struct gate_buffer *out, struct gate_error *);

/* Adds each group that has users as a line "group: user user", both sorted, each user once. Returns
 * as the call above. */
int gate_groups_print(struct gate_groups *, struct gate_buffer *out, struct gate_error *);

struct gate_groups_member {
	const char *name;
	bool there; /* the change sets it: was the user in the group before? */
};

struct gate_groups_edit {
	const char *group;
	struct gate_groups_member *members; /* whom to add, or to remove */
	size_t count;
	bool remove;
};

/* Changes the users of one group, all or none; other lines stay byte for byte. Makes a file that is
 * not there, to add to it. Returns 1; 0 if nothing was changed: all who were to be added are in the
 * group already, or one who was to be removed is not; -1 with the error set: then nothing was
 * changed, unless the error says so. */
int gate_groups_change(const char *path, struct gate_groups_edit *, struct gate_error *);

/* Returns true if `list`, names separated by commas, has this one; byte for byte. */
bool gate_groups_list_has(const char *list, const char *name, size_t length);
/* Returns NULL if this can be a group's name, else why not: "is empty", "holds a comma", … */
const char *gate_group_name_refusal(const char *name, size_t length);
/* Returns NULL if a group can have a user of this name, else why not: a user's name may hold
 * blanks, and in a line of the file they end it. */
const char *gate_group_member_refusal(const char *name, size_t length);

#endif
