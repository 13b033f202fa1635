/* log.h: logfmt lines on standard error, one an event, each one write(2). */
#ifndef GATE_LOG_H
#define GATE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

enum gate_log_level { GATE_LOG_DEBUG, GATE_LOG_INFO, GATE_LOG_WARN, GATE_LOG_ERROR };

/* gate_log(GATE_LOG_WARN, "session-malformed", "id", tag, "error", text, NULL): key, value pairs,
 * NULL-ended; a NULL value leaves its pair out. Values are quoted where logfmt needs it, controls
 * and bytes that are not UTF-8 are escaped; a line is cut at GATE_LOG_LINE_MAX. Never a secret. */
void gate_log(enum gate_log_level, const char *event, ...) __attribute__((sentinel));

#define GATE_LOG_LINE_MAX 4096

struct gate_log_limit { /* of lines of one kind, which may come with every request; begins as 0 */
	atomic_int_least64_t second;
	atomic_uint lines; /* of that second */
};

bool gate_log_may(struct gate_log_limit *); /* ten of a second may */

#endif
