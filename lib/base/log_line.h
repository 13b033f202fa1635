/* base/log_line.h: builds one log line in logfmt. */
#ifndef GATE_BASE_LOG_LINE_H
#define GATE_BASE_LOG_LINE_H

#include <stddef.h>

#define GATE_LOG_LINE_MAX 4096 /* PIPE_BUF: a pipe takes up to that in one piece */
#define GATE_LOG_VALUE_MAX 512 /* bytes of a value as written; seven such values fit, with keys */

struct gate_log_line {
	char text[GATE_LOG_LINE_MAX];
	size_t length;
};

/* Call _begin, which writes the time, then _add for each pair, then _end, which adds the newline.
 * Values are quoted if logfmt needs it, and hidden characters are escaped. A value that is too long
 * is cut and ends with "…", so that a visitor's long path takes no room from later pairs. A pair
 * that still does not fit is left out. */
void gate_log_line_begin(struct gate_log_line *);
void gate_log_line_add(struct gate_log_line *, const char *key, const char *value);
void gate_log_line_end(struct gate_log_line *);

#endif
