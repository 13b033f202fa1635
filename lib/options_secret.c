/* options_secret.c: can a secret be guessed? */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "password.h"
#include "sign.h"

/* Seventeen letters. What gate secret, openssl rand -hex 32 and a pair of uuidgen's make is worth more than
 * twice as much, the half of that, as one UUID, mostly sixty. */
#define ENOUGH 34

struct text {
	char bytes[GATE_SECRET_MAX + 1];
	size_t length;
};

static bool
is_plain(const struct text *t)
{
	for (size_t i = 0; i < t->length; i++)
		if (t->bytes[i] < ' ' || t->bytes[i] > '~')
			return false;
	return t->length > 0;
}

/* Mostly 0, 1, 2, 3 …, or the like. */
static bool
is_steady(const struct text *t)
{
	size_t steps = 0;

	for (size_t i = 2; i < t->length; i++)
		steps += (unsigned char)(t->bytes[i] - t->bytes[i - 1]) ==
		    (unsigned char)(t->bytes[i - 1] - t->bytes[i - 2]);
	return steps > t->length / 2;
}

static int
digit_of(const char *digits, char c)
{
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* What so many bits a digit stand for; false: it holds something else. */
static bool
decode(const char *secret, const char *digits, unsigned bits, struct text *out)
{
	unsigned kept = 0, count = 0;

	out->length = 0;
	for (size_t i = 0; secret[i] != '\0' && secret[i] != '='; i++) {
		int digit = digit_of(digits, secret[i]);

		if (digit < 0 || out->length >= GATE_SECRET_MAX)
			return false;
		kept = (kept << bits | (unsigned)digit) & 0xffff;
		count += bits;
		if (count >= 8) {
			count -= 8;
			out->bytes[out->length++] = (char)(kept >> count & 0xff);
		}
	}
	out->bytes[out->length] = '\0';
	return true;
}

/* Words that somebody put into another form are still words. */
static bool
holds_guessable(const char *secret)
{
	static const struct {
		const char *digits;
		unsigned bits;
	} forms[] = {{"0123456789abcdef", 4}, {"0123456789ABCDEF", 4},
	    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6},
	    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 6}};
	struct text text;
	bool guessable = false;

	for (size_t i = 0; i < sizeof forms / sizeof *forms && !guessable; i++)
		guessable = decode(secret, forms[i].digits, forms[i].bits, &text) &&
		    (is_steady(&text) ||
			(is_plain(&text) && gate_password_worth(text.bytes, NULL, false) < ENOUGH));
	explicit_bzero(&text, sizeof text);
	return guessable;
}

const char *
gate_secret_weakness(const char *secret)
{
	if (strlen(secret) < GATE_SECRET_MIN)
		return "is shorter than 32 bytes";
	if (gate_password_worth(secret, NULL, false) < ENOUGH || holds_guessable(secret))
		return "can be guessed: it is made of well-known words, rows of keys or "
		       "repetitions";
	return NULL;
}
