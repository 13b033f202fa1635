/* base/date.h: times as text and back. */
#ifndef GATE_BASE_DATE_H
#define GATE_BASE_DATE_H

#include <stddef.h>
#include <stdint.h>

#define GATE_ISO_LENGTH 24          /* 2026-11-21T09:27:39.339Z */
#define GATE_HTTP_DATE_LENGTH 29    /* Tue, 01 Jan 2030 00:00:00 GMT */
#define GATE_DATE_FOR_PEOPLE_MAX 32 /* 2026-11-21 09:27 UTC and its NUL */
#define GATE_AGE_MAX 32             /* 2 minutes ago and its NUL */
#define GATE_JS_DATE_MAX 28         /* -271821-04-20T00:00:00.000Z and its NUL */

/* Print ms since 1970 as UTC. The first two clamp to the years 1970 to 9999. */
void gate_iso_date(char out[GATE_ISO_LENGTH + 1], int64_t ms);
void gate_http_date(char out[GATE_HTTP_DATE_LENGTH + 1], int64_t ms); /* cut to the second */
/* Cuts to the minute, and clamps nothing; "" if the year is beyond a struct tm. */
void gate_date_for_people(char out[GATE_DATE_FOR_PEOPLE_MAX], int64_t ms);
/* Prints how long ago something was: "just now", "2 minutes ago", "1 hour ago", "3 days ago". What
 * is still to come is just now: clocks differ. */
void gate_age(char out[GATE_AGE_MAX], int64_t ms);
/* Prints a date as JavaScript's Date.toJSON does, also in years below 0 or above 9999. Returns 1,
 * or 0 if no Date can hold it. */
int gate_js_date(char out[GATE_JS_DATE_MAX], int64_t ms);
/* Parses YYYY-MM-DDTHH:MM:SS.mmmZ. Returns 1 with *ms set, or 0 if the text is anything else. */
int gate_iso_parse(const char *text, size_t length, int64_t *ms);

#endif
