/* base/file.h: reads files that people edit, and writes files. */
#ifndef GATE_BASE_FILE_H
#define GATE_BASE_FILE_H

#include "base/buffer.h"

#define GATE_FILE_MARK "\xef\xbb\xbf" /* a byte-order mark: some editors put one in front */

/* Reads a whole file (or pipe) into an empty buffer, without its byte-order mark. Returns the
 * mark's length, 0 if there was none. Returns -1 with errno if it can't (EFBIG: over `most` bytes);
 * then the buffer is wiped and released. */
int gate_file_read(int fd, size_t most, struct gate_buffer *);
void gate_file_wipe(struct gate_buffer *); /* overwrites the text and releases it */

/* Makes a file in a folder, writes text and syncs it. Removes a file of that name first, as an
 * earlier process that was killed may have left one. prepare sets owner and mode; it returns 0, or
 * -1 with errno. Returns 0, or -1 with errno; then an incomplete file may stay. */
int gate_file_write(int folder, const char *name, const struct gate_buffer *text,
    int (*prepare)(void *data, int fd), void *data);

/* Returns the length of the byte-order mark at the start of text, 0 if there is none. */
size_t gate_file_mark(const char *text, size_t length);
/* Returns how the first line of text ends: "\n" or "\r\n". */
const char *gate_file_line_end(const char *text, size_t length);
/* Ends the last line of a text if it has no line end, so that another line can follow. begin: where
 * the first line begins. */
void gate_file_begin_line(struct gate_buffer *text, size_t begin, const char *line_end);

#endif
