/* base/number.c: numbers as JavaScript writes them. */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

/* Adds 1 to the last digit, with carry. All nines become zeros, which never match afterwards. */
static void
next_decimal(char *text)
{
	for (char *c = strchr(text, 'e') - 1; c >= text; c--) {
		if (*c < '0' || *c > '9')
			continue;
		if (*c != '9') {
			++*c;
			return;
		}
		*c = '0';
	}
}

/* Finds the fewest digits that read back as the same number. Just below a power of two, doubles are
 * closer than above it; so at a power of two the nearest decimal may read back as another number,
 * but the next one up does not. The decimal point may be the locale's. */
static int
shortest_digits(double value, char digits[32], int *exponent)
{
	char text[40];
	int count = 0;

	for (int precision = value < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
		snprintf(text, sizeof text, "%.*e", precision, value);
		if (strtod(text, NULL) == value || precision == 16)
			break;
		next_decimal(text);
		if (strtod(text, NULL) == value)
			break;
	}
	*exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	for (const char *c = text; *c != 'e'; c++)
		if (*c >= '0' && *c <= '9')
			digits[count++] = *c;
	while (count > 1 && digits[count - 1] == '0')
		count--;
	digits[count] = '\0';
	return count;
}

void
gate_json_print_real(struct gate_buffer *out, double value)
{
	char digits[32];
	int count, exponent, point;

	if (value == 0 || !isfinite(value)) {
		gate_buffer_puts(out, value == 0 ? "0" : "null");
		return;
	}
	if (value < 0)
		gate_buffer_putc(out, '-');
	count = shortest_digits(fabs(value), digits, &exponent);
	point = exponent + 1; /* where the decimal point stands among the digits */
	if (point > 21 || point < -5) {
		gate_buffer_printf(out, "%c%s%se%c%d", digits[0], count > 1 ? "." : "", digits + 1,
		    exponent < 0 ? '-' : '+', abs(exponent));
	} else if (point <= 0) {
		gate_buffer_printf(out, "0.%.*s%s", -point, "00000", digits);
	} else if (count <= point) {
		gate_buffer_printf(out, "%s%.*s", digits, point - count, "000000000000000000000");
	} else {
		gate_buffer_printf(out, "%.*s.%s", point, digits, digits + point);
	}
}
