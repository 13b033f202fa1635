/* base/log.h: writes log lines in logfmt to standard error, one per event. */
#ifndef GATE_BASE_LOG_H
#define GATE_BASE_LOG_H

/* A process logs at most 50 lines of a kind at once, and 10 a second after that. A kind is an event
 * with its value of `why`; so `why` must be one of our own fixed texts (text from outside goes into
 * `error`). Further lines are left out; the kind's next line tells how many (suppressed=12), or
 * after a second without one, a line log-suppressed. GATE_LOG_EACH is level info without that
 * limit: for events that strangers can't cause, or that an operator asked for. */
enum gate_log_level { GATE_LOG_EACH, GATE_LOG_INFO, GATE_LOG_WARN, GATE_LOG_ERROR };

/* Writes one line: gate_log(GATE_LOG_WARN, "session-malformed", "id", tag, "error", text, NULL).
 * Pairs of key and value follow the event, and NULL ends them; a pair whose value is NULL is left
 * out. base/log_line.h tells how values are written. Never pass a secret. Never waits for a reader
 * longer than 0.1 s: a line that standard error does not take is dropped, and counted. */
void gate_log(enum gate_log_level, const char *event, ...) __attribute__((sentinel));

/* Writes lines that still wait for the reader, then the number of dropped lines, and of lines left
 * out by the limit where that is over. Loops call it now and then. */
void gate_log_flush(void);
/* Does the same, but tells of all limits. Call it before the process ends or replaces itself. */
void gate_log_finish(void);
/* base/log_stderr.c. From now on, what libraries print to stdio's stderr becomes lines with
 * event=stderr. */
void gate_log_take_stderr(void);
/* For tests, which can't wait: resets the limits. */
void gate_log_forget(void);

#endif
