/* base/file.h: a text that people edit or pipe in: all of it, without the mark that some editors put in
 * front of it. */
#ifndef GATE_BASE_FILE_H
#define GATE_BASE_FILE_H

#include "base/buffer.h"

#define GATE_FILE_MARK "\xef\xbb\xbf" /* a byte-order mark */

/* Reads all of a file into an empty buffer, without the mark in front of it. How many bytes that
 * had, 0: there was none; -1 with errno (EFBIG: over `most` bytes): nothing is left in memory. */
int gate_file_read(int fd, size_t most, struct gate_buffer *);
void gate_file_wipe(struct gate_buffer *); /* and releases it */

/* Makes a file of that name in the folder, whole and synced: what somebody who was killed left there goes
 * first; prepare gives it owner and mode (0, or -1 with errno). 0 or -1 with errno. */
int gate_file_write(int folder, const char *name, const struct gate_buffer *text,
    int (*prepare)(void *data, int fd), void *data);

/* Bytes of the mark that a text begins with, 0: none. */
size_t gate_file_mark(const char *text, size_t length);
/* As the first line of a text ends: "\n" or "\r\n". */
const char *gate_file_line_end(const char *text, size_t length);

#endif
