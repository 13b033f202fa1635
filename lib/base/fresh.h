/* base/fresh.h: reads a file that people edit, and reads it again when it may have changed. */
#ifndef GATE_BASE_FRESH_H
#define GATE_BASE_FRESH_H

#include <sys/stat.h>

#include "base/buffer.h"

struct gate_fresh {       /* {.path = …} before the first read; one thread at a time */
	const char *path; /* borrowed */
	struct stat read; /* the file's status when its last read began */
	bool settled;     /* any change since then shows in the status */
};

/* Reads the file into an empty buffer, without its byte-order mark, if it may have changed. Returns
 * 1 with the text, which is yours; 0 if nothing changed since the last read; -1 with errno if it
 * can't be read (EFBIG: over `most` bytes; EISDIR, EINVAL: it is no regular file). */
int gate_fresh_read(struct gate_fresh *, size_t most, struct gate_buffer *);
void gate_fresh_forget(struct gate_fresh *); /* the next read reads the file in any case */

/* Calls fstat. Returns 0, or -1 with errno, also if it is not a regular file. */
int gate_fresh_look_at(int fd, struct stat *);
/* Are both of the same file, unchanged? */
bool gate_fresh_is_same(const struct stat *, const struct stat *);

#endif
