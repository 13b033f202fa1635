/* user_file_private.h: what the user_file*.c files share: an open file, its text and its lines. */
#ifndef GATE_USER_FILE_PRIVATE_H
#define GATE_USER_FILE_PRIVATE_H

#include <pthread.h>
#include <sys/stat.h>

#include "gate.h"
#include "buffer.h"

struct gate_user_entry {         /* in the file's text, which has no NULs */
	const char *name, *hash; /* hash NULL: only the line of the end is there */
	size_t name_length, hash_length;
	int64_t since; /* what a line of the end says, 0: there is none */
};

struct gate_user_line {
	struct gate_user_entry user; /* name NULL: there is none in it */
	struct gate_user_entry end;  /* a line of the end: its name and `since` */
	const char *next;            /* where the next line begins */
	const char *part;            /* what is wrong: "name", "hash", "error", NULL: nothing */
	const char *why;             /* with it: "is empty" */
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

/* user_file.c. Says which file it is, and errno. -1. */
int gate_user_file_fail(const struct gate_user_file *, const char *what, struct gate_error *);
int gate_user_file_look_at(int fd, struct stat *); /* -1 with errno: also what is no file */
/* Which of so many users is picked for a number; for most the same when there is one more. */
size_t gate_user_file_place(uint64_t number, size_t count);
bool gate_user_file_is_same(const struct stat *, const struct stat *); /* and unchanged */

/* user_file_line.c */
void gate_user_line_parse(struct gate_user_line *, const char *text, const char *end);
void gate_user_line_print_end(
    struct gate_buffer *, const char *name, int64_t since, const char *line_end);
bool gate_user_is_named(const struct gate_user_entry *, const char *name, size_t length);
const char *gate_user_hash_refusal(const char *hash, size_t length); /* as that of the name */

#endif
