/* user/file_private.h: what the user_file*.c files share: an htpasswd file: lines of the form
 * name:hash.
 *
 * What stands behind a second colon is kept and means nothing, as with Apache and nginx. Blank
 * lines and lines that begin with # are kept. Of two lines of one name the first counts.
 * A line "# gate: NAME ended MS" says that the sessions of NAME that began before MS (since 1970) are
 * over: it is a comment to everybody else, and outlives the user. */
#ifndef GATE_USER_FILE_PRIVATE_H
#define GATE_USER_FILE_PRIVATE_H

#include <pthread.h>
#include <sys/stat.h>

#include "gate.h"
#include "base/buffer.h"
#include "user/kind.h"

#define GATE_USER_FILE_MAX (16u << 20) /* bytes; about 100 000 users */

struct gate_user_entry {         /* in the file's text, which has no NULs */
	const char *name, *hash; /* hash NULL: only the line of the end is there */
	size_t name_length, hash_length;
	int64_t since; /* what a line of the end says, 0: there is none */
	size_t place;  /* in the order in which such lines stand */
};

struct gate_user_line {
	struct gate_user_entry user; /* name NULL: there is none in it */
	struct gate_user_entry end;  /* a line of the end: its name and `since` */
	const char *next;            /* where the next line begins */
	const char *part;            /* what is wrong: "name", "hash", "error", NULL: nothing */
	const char *why;             /* with it: "is empty" */
};

struct gate_user_table { /* never changed once it is made */
	struct gate_buffer text;
	struct gate_user_entry *names;  /* who is there, and who was, by name */
	struct gate_user_entry **users; /* who is there, in the order in which they stand */
	size_t named, count, skipped;   /* names, users, lines that are worth nothing */
	int holders;                    /* under the file's lock */
};

struct gate_user_file {
	const char *path; /* in url */
	bool make;
	pthread_mutex_t lock;          /* of all below */
	struct gate_user_table *table; /* what was read last */
	struct stat read;              /* the file when that began */
	bool settled;                  /* a change since then must show in it */
	char url[];
};

/* ---- user/file_read.c ---- */

/* Says which file it is, and errno. -1. */
int gate_user_file_fail(const struct gate_user_file *, const char *what, struct gate_error *);
int gate_user_file_look_at(int fd, struct stat *); /* -1 with errno: also what is no file */
/* Reads it whole. It is empty as long as the first change has not made it. 0 or -1 with errno. */
int gate_user_file_read(const struct gate_user_file *, struct gate_buffer *text, struct stat *);
bool gate_user_file_is_same(const struct stat *, const struct stat *); /* and unchanged */

/* ---- user/file_table.c ---- */

/* Takes the text over, and logs which lines name nobody. NULL if memory is out. */
struct gate_user_table *gate_user_table_new(struct gate_buffer *text, const char *path);
void gate_user_table_free(struct gate_user_table *); /* NULL is fine */
/* Returns who has that name, or had it before the user was removed (hash NULL); NULL if nobody did. */
const struct gate_user_entry *gate_user_table_find(
    const struct gate_user_table *, const char *name, size_t length);

/* ---- user/file_change.c ---- */

int gate_user_file_change(void *, const struct gate_user_edit *, struct gate_error *);

/* ---- user/file_line.c ---- */

void gate_user_line_parse(struct gate_user_line *, const char *text, const char *end);
void gate_user_line_print_end(
    struct gate_buffer *, const char *name, int64_t since, const char *line_end);
bool gate_user_is_named(const struct gate_user_entry *, const char *name, size_t length);

#endif
