/* crypto/password_rules.c: refuses new passwords that are too short or among the first guesses.
 *
 * Published lists of leaked passwords hold thousands of at least 15 characters. Nearly all are put
 * together from a few well-known pieces: those in password_words.txt. gate judges the whole
 * password, never a part that it contains. It splits the password, in the way that is worth least,
 * into words of the list, the user's name and rows of keys, each worth as much as one letter;
 * repetitions of an earlier part; numbers; and single characters. It refuses what is worth less
 * than eight letters. */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "base/encode.h"
#include "base/unicode.h"
#include "crypto/password.h"

#define ENOUGH 16 /* eight letters */
#define LETTER 2
#define DIGIT 1 /* of a number: most are dates, or telephone numbers */
#define BLANK 0 /* or another character of those between words */
#define PIECE 2 /* a word, a row of keys, the name */
#define REPETITION 1
#define NUMBER_MIN 4 /* digits */
#define PIECE_MIN 3  /* characters of a run, of a repetition, of a part of a name */
#define NAME_MAX_BYTES 255
#define UNREACHED UINT_MAX /* no piece ends here */

/* Neighbours on a keyboard or in the alphabet; read in both directions. */
static const char *const rows[] = {"01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop[]\\",
    "asdfghjkl;'", "zxcvbnm,./", "!@#$%^&*()_+", "!\"#$%&'()", "qwertzuiop", "yxcvbnm,.-",
    "azertyuiop", "qsdfghjklm", "wxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>", "1qazxsw23edcvfr45tgbnhy67ujm",
    "qazwsxedcrfvtgbyhnujmikolp", "1q2w3e4r5t6y7u8i9o0p[", "q1w2e3r4t5y6u7i8o9p0",
    "a1s2d3f4g5h6j7k8l9", "1z2x3c4v5b6n7m", "a1b2c3d4e5f6g7h8i9j0", "1a2b3c4d5e6f7g8h9i0j", "02468",
    "13579", "112233445566778899", "aabbccddeeffgghhiijj", "147258369", "1593572468", "1597532684",
    "741852963", "789456123"};

/* Pairs: a letter, and what people often write in its place. */
static const char swaps[] = "a4a@b8c(e3g6g9i1i!i|l1l!l|o0s5s$t7t+z2";

struct guess {
	const char *name;                   /* the user's, in lower case */
	char text[GATE_WORTH_MAX + 1];      /* in lower case */
	size_t length;                      /* bytes */
	unsigned digit;                     /* what a digit of a number is worth */
	unsigned worth[GATE_WORTH_MAX + 1]; /* [n]: the least that the first n bytes are worth */
	uint16_t seen[GATE_WORTH_MAX];      /* [i]: how many bytes from i on repeat earlier ones */
};

static void
copy_lower(char *out, const char *text, size_t size)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < size; i++)
		out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
	out[i] = '\0';
}

/* Is this byte the first of a character, or the end? */
static bool
is_boundary(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static bool
is_decimal(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

/* Takes in that the `length` bytes at `at` can be read as a piece of that worth. */
static void
take(struct guess *g, size_t at, size_t length, unsigned worth)
{
	if (g->worth[at] + worth < g->worth[at + length])
		g->worth[at + length] = g->worth[at] + worth;
}

static void
take_character(struct guess *g, size_t at)
{
	size_t length = gate_utf8_character(g->text + at, g->length - at);

	take(g, at, length > 0 ? length : 1, strchr(" -_.", g->text[at]) != NULL ? BLANK : LETTER);
}

static void
take_number(struct guess *g, size_t at)
{
	for (size_t n = 0; is_decimal(g->text[at + n]);)
		if (++n >= NUMBER_MIN)
			take(g, at, n, (unsigned)n * g->digit);
}

static bool
stands_for(char c, char letter)
{
	if (c == letter || (c >= 'a' && c <= 'z'))
		return c == letter;
	for (const char *swap = swaps; *swap != '\0'; swap += 2)
		if (swap[0] == letter && swap[1] == c)
			return true;
	return false;
}

static void
take_word(struct guess *g, size_t at, const char *word, size_t length)
{
	if (length > g->length - at)
		return;
	for (size_t i = 0; i < length; i++)
		if (!stands_for(g->text[at + i], word[i]))
			return;
	take(g, at, length, PIECE);
}

static void
take_words(struct guess *g, size_t at)
{
	size_t length;

	for (const char *const *letter = gate_password_words; *letter != NULL; letter++) {
		if (!stands_for(g->text[at], **letter))
			continue;
		for (const char *word = *letter; *word != '\0'; word += length + 1) {
			length = strcspn(word, " ");
			take_word(g, at, word, length);
		}
	}
}

/* Takes the whole name, and each part of a name such as anna.kowalska@example.org. */
static void
take_name(struct guess *g, size_t at)
{
	size_t length;

	if (strlen(g->name) >= PIECE_MIN)
		take_word(g, at, g->name, strlen(g->name));
	for (const char *part = g->name; *part != '\0'; part += length > 0 ? length : 1) {
		for (length = 0; is_letter(part[length]) || is_decimal(part[length]);)
			length++;
		if (length >= PIECE_MIN)
			take_word(g, at, part, length);
	}
}

/* Takes a run in each length: a word may begin where the run could go on. */
static void
take_run(struct guess *g, size_t at, const char *row, size_t start, bool backwards)
{
	for (size_t n = 0; at + n < g->length && (!backwards || n <= start);) {
		if (g->text[at + n] != row[backwards ? start - n : start + n])
			return;
		if (++n >= PIECE_MIN)
			take(g, at, n, PIECE);
	}
}

static void
take_runs(struct guess *g, size_t at)
{
	for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
		for (const char *start = rows[r]; (start = strchr(start, g->text[at])) != NULL;
		     start++) {
			take_run(g, at, rows[r], (size_t)(start - rows[r]), false);
			take_run(g, at, rows[r], (size_t)(start - rows[r]), true);
		}
}

/* Fills in `seen`. A repetition may overlap what it repeats, as in "aaaa". Compares each pair of
 * bytes once: the time depends on the length only. */
static void
find_repetitions(struct guess *g)
{
	for (size_t distance = 1; distance < g->length; distance++) {
		uint16_t equal = 0;

		for (size_t at = g->length; at-- > distance;) {
			equal = g->text[at] == g->text[at - distance] ? (uint16_t)(equal + 1) : 0;
			if (equal > g->seen[at])
				g->seen[at] = equal;
		}
	}
}

static void
take_repetitions(struct guess *g, size_t at)
{
	unsigned characters = 0;

	for (size_t n = 0; n < g->seen[at];) {
		characters += is_boundary(g->text[at + n++]);
		if (characters >= PIECE_MIN && is_boundary(g->text[at + n]))
			take(g, at, n, REPETITION);
	}
}

unsigned
gate_password_worth(const char *text, const char *name, bool numbers)
{
	char lower[NAME_MAX_BYTES + 1];
	struct guess g = {.name = lower,
	    .length = strnlen(text, GATE_WORTH_MAX),
	    .digit = numbers ? DIGIT : LETTER};
	unsigned worth;

	copy_lower(lower, name != NULL ? name : "", sizeof lower);
	copy_lower(g.text, text, sizeof g.text);
	for (size_t i = 1; i <= g.length; i++)
		g.worth[i] = UNREACHED;
	find_repetitions(&g);
	for (size_t at = 0; at < g.length; at++) {
		if (g.worth[at] == UNREACHED)
			continue;
		take_character(&g, at);
		take_number(&g, at);
		take_words(&g, at);
		take_name(&g, at);
		take_runs(&g, at);
		take_repetitions(&g, at);
	}
	worth = g.worth[g.length];
	explicit_bzero(&g, sizeof g);
	return worth;
}

/* Returns true if text, which is UTF-8, holds a control character. */
static bool
has_control(const char *text, size_t length)
{
	return gate_unicode_shown(text, length, length) < length;
}

const char *
gate_password_refusal(const char *password, const char *name)
{
	size_t length = strnlen(password, GATE_PASSWORD_MAX + 1), characters = 0;

	if (length > GATE_PASSWORD_MAX)
		return "is longer than 511 bytes";
	if (!gate_utf8_valid(password, length))
		return "is not valid UTF-8";
	if (has_control(password, length))
		return "holds a control character";
	for (size_t i = 0; i < length; i++)
		characters += is_boundary(password[i]);
	if (characters < GATE_PASSWORD_MIN)
		return "is shorter than 15 characters";
	if (gate_password_worth(password, name, true) < ENOUGH)
		return "is too easy to guess: it is made of well-known words, rows of keys, "
		       "repetitions or the user's name";
	return NULL;
}
