/* log.h: logfmt lines on standard error, one an event. */
#ifndef GATE_LOG_H
#define GATE_LOG_H

/* EACH: an info that is never left out, as only who has a right to what it tells of can cause it, or
 * an operator asked for it. Of each event of another level fifty lines may come at once, and ten a
 * second; the next one says how many did not: suppressed=12. */
enum gate_log_level { GATE_LOG_EACH, GATE_LOG_INFO, GATE_LOG_WARN, GATE_LOG_ERROR };

/* gate_log(GATE_LOG_WARN, "session-malformed", "id", tag, "error", text, NULL): key, value pairs,
 * NULL-ended; a NULL value leaves its pair out; log_line.h says how they are written. Never a secret.
 * It waits for nobody: a line that standard error does not take is dropped, and counted. */
void gate_log(enum gate_log_level, const char *event, ...) __attribute__((sentinel));

/* Lines that waited for a reader; what was dropped is said. Who has a loop calls it now and then. */
void gate_log_flush(void);
/* log_stderr.c. From now on a line on stdio's stderr is one of the log: event=stderr. */
void gate_log_take_stderr(void);
/* Tests, which can't wait: what came before counts no more. */
void gate_log_forget(void);

#endif
