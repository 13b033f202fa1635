/* base/date.c: times as text and back: ISO 8601 as JavaScript writes it, HTTP's dates, and for people. */
#include "config.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/date.h"

#define DAY_MS INT64_C(86400000)
#define LAST_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

struct date {
	unsigned year, month, day;
	unsigned hour, minute, second, ms;
	unsigned weekday; /* 0: Sunday */
};

/* Hinnant's civil_from_days: years that begin in March have their leap day at the end. */
static struct date
date_from_ms(int64_t ms)
{
	struct date date;
	unsigned days, rest, era, day_of_era, year_of_era, day_of_year, month;

	ms = ms < 0 ? 0 : ms > LAST_MS ? LAST_MS : ms;
	days = (unsigned)(ms / DAY_MS);
	rest = (unsigned)(ms % DAY_MS);
	date.weekday = (days + 4) % 7; /* 1970 began on a Thursday */
	date.ms = rest % 1000;
	date.second = rest / 1000 % 60;
	date.minute = rest / 60000 % 60;
	date.hour = rest / 3600000;
	days += 719468; /* since 0000-03-01 */
	era = days / 146097;
	day_of_era = days % 146097;
	year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153; /* 0: March */
	date.day = day_of_year - (153 * month + 2) / 5 + 1;
	date.month = month < 10 ? month + 3 : month - 9;
	date.year = era * 400 + year_of_era + (month >= 10);
	return date;
}

/* Days from 1970-01-01 to that date, years 0 to 9999: the way back. The 400 years more that it
 * counts with keep the first months of year 0 positive. */
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

void
gate_iso_date(char out[GATE_ISO_LENGTH + 1], int64_t ms)
{
	struct date date = date_from_ms(ms);

	out = put_number(out, date.year, 4);
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
gate_http_date(char out[GATE_HTTP_DATE_LENGTH + 1], int64_t ms)
{
	struct date date = date_from_ms(ms);

	out = put_text(out, &"SunMonTueWedThuFriSat"[3 * date.weekday], 3);
	out = put_text(out, ", ", 2);
	out = put_number(out, date.day, 2);
	*out++ = ' ';
	out = put_text(out, &"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * (date.month - 1)], 3);
	*out++ = ' ';
	out = put_number(out, date.year, 4);
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
