/* base/log.h: logfmt lines on standard error, one an event. */
#ifndef GATE_BASE_LOG_H
#define GATE_BASE_LOG_H

/* A process writes at most fifty lines of one kind at once, and ten a second: of an event and its value
 * of `why`, which therefore is one of our own fixed texts, never one from outside (that stands in
 * `error`). It leaves out the others, and the kind's next line says how many: suppressed=12; if none
 * comes for a second, log-suppressed does. EACH is an info without that limit: strangers can't cause
 * it, or an operator asked for it. */
enum gate_log_level { GATE_LOG_EACH, GATE_LOG_INFO, GATE_LOG_WARN, GATE_LOG_ERROR };

/* gate_log(GATE_LOG_WARN, "session-malformed", "id", tag, "error", text, NULL): key, value pairs,
 * NULL-ended; a NULL value leaves its pair out; base/log_line.h says how they are written. Never a secret.
 * It waits for nobody: a line that standard error does not take is dropped, and counted. */
void gate_log(enum gate_log_level, const char *event, ...) __attribute__((sentinel));

/* Writes the lines that waited for a reader, how many were dropped, and of a flood that is over how many
 * were left out. Loops call it now and then. */
void gate_log_flush(void);
/* The same, and of each flood: before the process ends, or another begins that would say it again. */
void gate_log_finish(void);
/* base/log_stderr.c. From now on a line on stdio's stderr is one of the log: event=stderr. */
void gate_log_take_stderr(void);
/* Tests, which can't wait: what came before counts no more. */
void gate_log_forget(void);

#endif
