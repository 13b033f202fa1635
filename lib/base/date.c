/* base/date.c: times as text and back: JavaScript's ISO 8601, HTTP's dates, dates for people. */
#include "config.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"

#define DAY_MS INT64_C(86400000)
#define LAST_MS INT64_C(253402300799999)  /* 9999-12-31T23:59:59.999Z */
#define JS_MOST INT64_C(8640000000000000) /* ms before and after 1970 that a Date can hold */

struct date {
	int year; /* proleptic Gregorian: 0 is the year before 1 */
	unsigned month, day;
	unsigned hour, minute, second, ms;
	unsigned weekday; /* 0: Sunday */
};

/* Howard Hinnant's civil_from_days. Years begin in March: their leap day is the last day. */
static struct date
date_from_ms(int64_t ms)
{
	int64_t days = (ms >= 0 ? ms : ms - DAY_MS + 1) / DAY_MS;
	unsigned rest = (unsigned)(ms - days * DAY_MS);
	int64_t since = days + 719468; /* 0000-03-01 */
	int64_t era = (since >= 0 ? since : since - 146096) / 146097;
	unsigned day_of_era = (unsigned)(since - era * 146097);
	unsigned year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned month = (5 * day_of_year + 2) / 153; /* 0: March */

	return (struct date){
	    .year = (int)(era * 400 + year_of_era + (month >= 10)),
	    .month = month < 10 ? month + 3 : month - 9,
	    .day = day_of_year - (153 * month + 2) / 5 + 1,
	    .hour = rest / 3600000,
	    .minute = rest / 60000 % 60,
	    .second = rest / 1000 % 60,
	    .ms = rest % 1000,
	    .weekday = (unsigned)((days % 7 + 11) % 7), /* 1970 began on a Thursday */
	};
}

/* Clamps to years that four digits can say. */
static int64_t
clamp(int64_t ms)
{
	return ms < 0 ? 0 : ms > LAST_MS ? LAST_MS : ms;
}

/* Howard Hinnant's days_from_civil, for years 0 to 9999: days since 1970-01-01. It adds 400 years,
 * so that January and February of year 0 don't become negative. */
static int64_t
days_from_date(unsigned year, unsigned month, unsigned day)
{
	int64_t years = (int64_t)year - (month <= 2) + 400;
	int64_t era = years / 400, year_of_era = years % 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return (era - 1) * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	    day_of_year - 719468;
}

static char *
put_number(char *out, unsigned value, int digits)
{
	for (int i = digits; i-- > 0; value /= 10)
		out[i] = (char)('0' + value % 10);
	return out + digits;
}

static char *
put_text(char *out, const char *text, size_t length)
{
	memcpy(out, text, length);
	return out + length;
}

/* Prints all that follows the year. */
static void
put_rest(char *out, const struct date *d)
{
	struct date date = *d;

	*out++ = '-';
	out = put_number(out, date.month, 2);
	*out++ = '-';
	out = put_number(out, date.day, 2);
	*out++ = 'T';
	out = put_number(out, date.hour, 2);
	*out++ = ':';
	out = put_number(out, date.minute, 2);
	*out++ = ':';
	out = put_number(out, date.second, 2);
	*out++ = '.';
	out = put_number(out, date.ms, 3);
	put_text(out, "Z", sizeof "Z");
}

void
gate_iso_date(char out[GATE_ISO_LENGTH + 1], int64_t ms)
{
	struct date date = date_from_ms(clamp(ms));

	put_rest(put_number(out, (unsigned)date.year, 4), &date);
}

int
gate_js_date(char out[GATE_JS_DATE_MAX], int64_t ms)
{
	struct date date;

	if (ms < -JS_MOST || ms > JS_MOST)
		return 0;
	date = date_from_ms(ms);
	if (date.year >= 0 && date.year <= 9999) {
		put_rest(put_number(out, (unsigned)date.year, 4), &date);
		return 1;
	}
	*out++ = date.year < 0 ? '-' : '+';
	put_rest(put_number(out, (unsigned)abs(date.year), 6), &date);
	return 1;
}

void
gate_http_date(char out[GATE_HTTP_DATE_LENGTH + 1], int64_t ms)
{
	struct date date = date_from_ms(clamp(ms));

	out = put_text(out, &"SunMonTueWedThuFriSat"[3 * date.weekday], 3);
	out = put_text(out, ", ", 2);
	out = put_number(out, date.day, 2);
	*out++ = ' ';
	out = put_text(out, &"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * (date.month - 1)], 3);
	*out++ = ' ';
	out = put_number(out, (unsigned)date.year, 4);
	*out++ = ' ';
	out = put_number(out, date.hour, 2);
	*out++ = ':';
	out = put_number(out, date.minute, 2);
	*out++ = ':';
	out = put_number(out, date.second, 2);
	put_text(out, " GMT", sizeof " GMT");
}

static unsigned
get_number(const char *text, int digits)
{
	unsigned value = 0;

	while (digits-- > 0)
		value = value * 10 + (unsigned)(*text++ - '0');
	return value;
}

static unsigned
days_in_month(unsigned year, unsigned month)
{
	if (month == 2)
		return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int
gate_iso_parse(const char *text, size_t length, int64_t *ms)
{
	static const char shape[] = "0000-00-00T00:00:00.000Z";
	unsigned year, month, day, hour, minute, second;

	if (length != GATE_ISO_LENGTH)
		return 0;
	for (size_t i = 0; i < length; i++)
		if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return 0;
	year = get_number(text, 4);
	month = get_number(text + 5, 2);
	day = get_number(text + 8, 2);
	hour = get_number(text + 11, 2);
	minute = get_number(text + 14, 2);
	second = get_number(text + 17, 2);
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
	    minute > 59 || second > 59)
		return 0;
	*ms = days_from_date(year, month, day) * DAY_MS + get_number(text + 20, 3) +
	    (int64_t)(hour * 3600 + minute * 60 + second) * 1000;
	return 1;
}

void
gate_date_for_people(char out[GATE_DATE_FOR_PEOPLE_MAX], int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(out, GATE_DATE_FOR_PEOPLE_MAX, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		out[0] = '\0';
}

void
gate_age(char out[GATE_AGE_MAX], int64_t ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"day", DAY_MS}, {"hour", 3600 * 1000}, {"minute", 60 * 1000}};
	size_t i = 0;

	while (i < sizeof units / sizeof *units && ms < units[i].ms)
		i++;
	if (i == sizeof units / sizeof *units)
		snprintf(out, GATE_AGE_MAX, "just now");
	else
		snprintf(out, GATE_AGE_MAX, "%" PRId64 " %s%s ago", ms / units[i].ms, units[i].name,
		    ms / units[i].ms > 1 ? "s" : "");
}
