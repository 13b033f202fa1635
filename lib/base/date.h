/* base/date.h: times as text and back. */
#ifndef GATE_BASE_DATE_H
#define GATE_BASE_DATE_H

#include <stddef.h>
#include <stdint.h>

#define GATE_ISO_LENGTH 24          /* 2026-11-21T09:27:39.339Z */
#define GATE_HTTP_DATE_LENGTH 29    /* Tue, 01 Jan 2030 00:00:00 GMT */
#define GATE_DATE_FOR_PEOPLE_MAX 32 /* 2026-11-21 09:27 UTC, and its NUL */
#define GATE_JS_DATE_MAX 28         /* -271821-04-20T00:00:00.000Z, and its NUL */

/* Milliseconds since 1970, UTC, years 1970 to 9999; beyond: clamped. */
void gate_iso_date(char out[GATE_ISO_LENGTH + 1], int64_t ms);
void gate_http_date(char out[GATE_HTTP_DATE_LENGTH + 1], int64_t ms);      /* cut to the second */
void gate_date_for_people(char out[GATE_DATE_FOR_PEOPLE_MAX], int64_t ms); /* cut to the minute */
/* As Date.toJSON prints it: also a year that has not four digits. 1; 0: no Date can hold it. */
int gate_js_date(char out[GATE_JS_DATE_MAX], int64_t ms);
/* 1, or 0: not YYYY-MM-DDTHH:MM:SS.mmmZ */
int gate_iso_parse(const char *text, size_t length, int64_t *ms);

#endif
