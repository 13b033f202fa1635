/* base/log_line.h: the text of a log line, in logfmt. */
#ifndef GATE_BASE_LOG_LINE_H
#define GATE_BASE_LOG_LINE_H

#include <stddef.h>

#define GATE_LOG_LINE_MAX 4096 /* PIPE_BUF: a pipe takes a line whole */
#define GATE_LOG_VALUE_MAX 512 /* bytes of a value as it is written: seven such fit, with keys */

struct gate_log_line {
	char text[GATE_LOG_LINE_MAX];
	size_t length;
};

/* Begins with the time; then the pairs; _end closes it with a newline. Values are quoted where logfmt
 * needs it, and what does not show as it is gets escaped. A longer value is cut and ends with "…", so
 * that no visitor's path takes the room of what follows; a pair that does not fit is left out. */
void gate_log_line_begin(struct gate_log_line *);
void gate_log_line_add(struct gate_log_line *, const char *key, const char *value);
void gate_log_line_end(struct gate_log_line *);

#endif
