/* user/file_private.h: users in an htpasswd file, for the file*.c files: lines "name:hash".
 *
 * gate ignores and keeps what follows a second colon, as Apache and nginx do, blank lines, and
 * lines that begin with #. If several lines have the same name, the first counts.
 *
 * A line "# gate: NAME ended MS" says that the sessions of NAME that began before MS (since 1970)
 * are over. To other programs it is a comment. It stays when the user is removed. */
#ifndef GATE_USER_FILE_PRIVATE_H
#define GATE_USER_FILE_PRIVATE_H

#include <pthread.h>

#include "gate.h"
#include "base/buffer.h"
#include "base/fresh.h"
#include "user/kind.h"

#define GATE_USER_FILE_MAX (16u << 20) /* bytes; about 100 000 users */

struct gate_user_entry {         /* points into the file's text: not NUL-terminated */
	const char *name, *hash; /* hash NULL: there is only an "ended" line */
	size_t name_length, hash_length;
	int64_t since; /* from the "ended" line, 0: there is none */
	size_t place;  /* in the file's order of lines with a name */
};

struct gate_user_line {
	struct gate_user_entry user; /* name NULL: the line holds no user */
	struct gate_user_entry end;  /* of an "ended" line; name NULL: it is none */
	const char *next;            /* the next line, or the text's end */
	const char *part; /* what is wrong: "name", "hash", "error" (the line); NULL: nothing */
	const char *why;  /* what is wrong with `part`: "is empty" */
};

struct gate_user_table { /* constant once it is made, but for `holders` */
	struct gate_buffer text;
	struct gate_user_entry *names;  /* users and removed users, sorted by name */
	struct gate_user_entry **users; /* users, in the file's order; point into names */
	size_t named, count, skipped;   /* names; users; lines that nobody can log in by */
	int holders;                    /* the file and calls that use it; under the file's lock */
};

struct gate_user_file {
	const char *path;              /* in url */
	bool make;                     /* as for gate_users_open_or_make */
	pthread_mutex_t lock;          /* guards all below */
	struct gate_user_table *table; /* from the last read */
	struct gate_fresh fresh;       /* what is known of that read */
	char url[];
};

/* ---- user/file_read.c ---- */

/* Sets the error to the file's URL, `what` and errno. Returns -1. */
int gate_user_file_fail(const struct gate_user_file *, const char *what, struct gate_error *);
/* Reads the file as gate_fresh_read does, and returns as it does. With `make`, a file that is not
 * there reads as empty. Needs the lock. */
int gate_user_file_read(struct gate_user_file *, struct gate_buffer *text);

/* ---- user/file_table.c ---- */

/* Makes a table of the text, which it takes over. Logs which lines nobody can log in by. Returns
 * NULL if memory is out. Yours. */
struct gate_user_table *gate_user_table_new(struct gate_buffer *text, const char *path);
void gate_user_table_free(struct gate_user_table *); /* NULL is fine */
/* Returns the user of that name, or what is known of a removed one (hash NULL), or NULL if nothing
 * is. */
const struct gate_user_entry *gate_user_table_find(
    const struct gate_user_table *, const char *name, size_t length);

/* ---- user/file_change.c ---- */

/* Does what `change` in user/kind.h does. */
int gate_user_file_change(void *, const struct gate_user_edit *, struct gate_error *);

/* ---- user/file_line.c ---- */

/* Parses the line that begins at `text`. end: where the file's text ends. */
void gate_user_line_parse(struct gate_user_line *, const char *text, const char *end);
/* Adds an "ended" line. */
void gate_user_line_print_end(
    struct gate_buffer *, const char *name, int64_t since, const char *line_end);
bool gate_user_is_named(const struct gate_user_entry *, const char *name, size_t length);

#endif
