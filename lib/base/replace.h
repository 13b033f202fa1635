/* base/replace.h: replaces a file that people edit, whole or not at all, one change at a time. */
#ifndef GATE_BASE_REPLACE_H
#define GATE_BASE_REPLACE_H

#include <sys/stat.h>

#include "gate.h"
#include "base/buffer.h"

struct gate_replace {      /* GATE_REPLACE(…) before gate_replace_open; then the file is locked */
	const char *path;  /* borrowed */
	bool make;         /* makes an empty file if there is none, for its owner only */
	mode_t never;      /* rights that the new file has not, even if the old one had them */
	int folder, fd;    /* links are resolved: the file's real folder, open; the file itself */
	char *real, *name; /* the folder's path; the file's name, in the same memory */
	struct stat st;    /* the file's status when it was locked; fd reads what it belongs to */
	char aside[40];    /* the new file's name; only the holder of this inode's lock writes it */
};

#define GATE_REPLACE(...)                                                                          \
	{                                                                                          \
		.folder = -1, .fd = -1, __VA_ARGS__                                                \
	}

/* Opens and locks the file. Returns 0, or -1 with errno (ETIMEDOUT: others keep the lock). Close it
 * in both cases. */
int gate_replace_open(struct gate_replace *);

struct gate_replace_edit {
	size_t most;       /* bytes of the file, before and after */
	const char *shown; /* begins the error: "groups /etc/gate/groups" */
	/* Adds the new text, made of the old one, whose byte-order mark is kept. Returns 1, or 0 to
	 * leave the file as it is. */
	int (*compose)(void *data, const struct gate_buffer *old, struct gate_buffer *new);
	void *data;
};
/* Puts the new text in the place of the open file, with its owner, rights and access list. Returns
 * 1; 0 if the file stays as it is; -1 with the error set: then nothing was changed, unless the
 * error says so. */
int gate_replace_edit(struct gate_replace *, const struct gate_replace_edit *, struct gate_error *);
void gate_replace_close(struct gate_replace *); /* leaves errno alone */

#endif
