/* user/groups_private.h: the lines of a file of groups, for the groups*.c files. */
#ifndef GATE_USER_GROUPS_PRIVATE_H
#define GATE_USER_GROUPS_PRIVATE_H

#include <stddef.h>

struct gate_groups_line {  /* "group: user user"; points into the file's text */
	const char *group; /* NULL: the line is blank, a comment, or wrong */
	const char *users; /* what follows the colon */
	const char *end;   /* where the line ends, without its line end */
	const char *next;  /* the next line, or the text's end */
	const char *why;   /* what is wrong with the group: "holds a comma"; NULL: nothing */
	size_t group_length;
};

/* Parses the line that begins at `text`. end: where the file's text ends. */
void gate_groups_line_parse(struct gate_groups_line *, const char *text, const char *end);
/* Sets *at, which is in the users of a line with a group, to the next user's name. Returns its
 * length, 0 if there is no more. The name may be one that no user can have. */
size_t gate_groups_line_user(const struct gate_groups_line *, const char **at);

#endif
