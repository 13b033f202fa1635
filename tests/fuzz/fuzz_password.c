/* fuzz_password.c: compares which hashes gate uses with patterns of the same rule, verifying with
 * crypt(3), and Apache's hash with a slow version; and tries the rules for a new password. */
#include "config.h"

#include <assert.h>
#include <crypt.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/buffer.h"
#include "base/encode.h"
#include "crypto/password.h"

#define DIGIT "[./0-9A-Za-z]"
#define TEXT_MAX 600 /* bytes of each that are looked at */
#define QUICK 5000   /* hashes that ask for more are not made here */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum kind { YESCRYPT, SCRYPT, BCRYPT, ROUNDS, APR1 };

static const struct {
	enum kind kind;
	const char *pattern;
	double most; /* in the unit of cost_of */
} kinds[] = {
    {YESCRYPT, "^[$]g?y[$]j([./0-9A-Za-j])([./0-9A-Za-j])[$]" DIGIT "{0,86}[$]" DIGIT "{43}$",
	1 << 20},
    {SCRYPT, "^[$]7[$](" DIGIT ")(" DIGIT "{5})(" DIGIT "{5})" DIGIT "{0,86}[$]" DIGIT "{43}$",
	1 << 20},
    {BCRYPT, "^[$]2[aby][$]([0-9][0-9])[$]" DIGIT "{53}$", 14},
    {ROUNDS, "^[$]6[$](rounds=([1-9][0-9]*)[$])?" DIGIT "{0,16}[$]" DIGIT "{86}$", 1000000},
    {ROUNDS, "^[$]5[$](rounds=([1-9][0-9]*)[$])?" DIGIT "{0,16}[$]" DIGIT "{43}$", 1000000},
    {APR1, "^[$]apr1[$]" DIGIT "{0,8}[$]" DIGIT "{22}$", 0},
};

static double
value_of(char digit)
{
	return (double)(strchr(digits, digit) - digits);
}

static double
power(double base, double exponent)
{
	double result = 1;

	for (; exponent >= 1; exponent--)
		result *= base;
	return result;
}

static double
five_digits(const char *text)
{
	double number = 0;

	for (int i = 5; i-- > 0;)
		number = number * 64 + value_of(text[i]);
	return number;
}

/* Below 0: too little for libcrypt. */
static double
cost_of(enum kind kind, const char *hash, const regmatch_t *part)
{
	double log2, cost;

	switch (kind) {
	case YESCRYPT:
		log2 = value_of(hash[part[1].rm_so]) + 1;
		cost = power(2, log2) * (value_of(hash[part[2].rm_so]) + 1);
		return log2 < 2 ? -1 : cost;
	case SCRYPT:
		log2 = value_of(hash[part[1].rm_so]);
		cost = power(2, log2) * five_digits(hash + part[2].rm_so) *
		    five_digits(hash + part[3].rm_so);
		return log2 < 2 || cost < 1 ? -1 : cost;
	case BCRYPT:
		cost = strtod(hash + part[1].rm_so, NULL);
		return cost < 4 ? -1 : cost;
	case ROUNDS:
		cost = part[1].rm_so < 0 ? 5000 : strtod(hash + part[2].rm_so, NULL);
		return cost < 1000 ? -1 : cost;
	case APR1:
		break;
	}
	return 0;
}

/* Are the bits beyond the last whole byte of yescrypt's salt zero, and fewer than a digit? */
static bool
is_salt(const char *hash)
{
	const char *salt = strchr(strchr(hash + 1, '$') + 1, '$') + 1;
	size_t bits = 6 * strcspn(salt, "$"), over = bits % 8;
	double last = bits > 0 ? value_of(salt[bits / 6 - 1]) : 0;

	return over < 6 && last < power(2, 6 - (double)over);
}

/* The row of `kinds` that it is of, -1: none, or not well-formed. */
static int
row_of(const char *hash, double *cost)
{
	static regex_t patterns[sizeof kinds / sizeof kinds[0]];
	static bool ready;
	regmatch_t part[4];

	for (int i = 0; !ready && i < (int)(sizeof kinds / sizeof kinds[0]); i++)
		assert(regcomp(&patterns[i], kinds[i].pattern, REG_EXTENDED) == 0);
	ready = true;
	for (int i = 0; i < (int)(sizeof kinds / sizeof kinds[0]); i++) {
		if (regexec(&patterns[i], hash, 4, part, 0) != 0)
			continue;
		*cost = cost_of(kinds[i].kind, hash, part);
		return *cost < 0 || (kinds[i].kind == YESCRYPT && !is_salt(hash)) ? -1 : i;
	}
	return -1;
}

/* ---- Apache's, word for word from its description ---- */

static void
md5(unsigned char out[16], const struct gate_buffer *b)
{
	assert(EVP_Digest(gate_buffer_text(b), b->length, out, NULL, EVP_md5(), NULL) == 1);
}

static void
slow_rounds(const char *password, const char *salt, unsigned char digest[16])
{
	struct gate_buffer b = {0};

	for (int i = 0; i < 1000; i++) {
		gate_buffer_reset(&b);
		if (i & 1)
			gate_buffer_puts(&b, password);
		else
			gate_buffer_add(&b, digest, 16);
		if (i % 3)
			gate_buffer_puts(&b, salt);
		if (i % 7)
			gate_buffer_puts(&b, password);
		if (i & 1)
			gate_buffer_add(&b, digest, 16);
		else
			gate_buffer_puts(&b, password);
		md5(digest, &b);
	}
	gate_buffer_release(&b);
}

static void
slow_apr1(const char *password, const char *salt, char out[GATE_HASH_MAX])
{
	static const unsigned char order[] = {12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11};
	struct gate_buffer b = {0};
	size_t length = strlen(password);
	unsigned char digest[16];
	char *end;

	gate_buffer_printf(&b, "%s%s%s", password, salt, password);
	md5(digest, &b);
	gate_buffer_reset(&b);
	gate_buffer_printf(&b, "%s$apr1$%s", password, salt);
	for (size_t i = 0; i < length; i++)
		gate_buffer_putc(&b, (char)digest[i % 16]);
	for (size_t i = length; i != 0; i >>= 1)
		gate_buffer_putc(&b, (char)(i & 1 ? 0 : password[0]));
	md5(digest, &b);
	gate_buffer_release(&b);
	slow_rounds(password, salt, digest);
	end = stpcpy(stpcpy(stpcpy(out, "$apr1$"), salt), "$");
	for (unsigned bit = 0; bit < 128; bit += 6, end++) {
		unsigned value = 0;

		for (unsigned k = 0; k < 6 && bit + k < 128; k++)
			value |= (digest[order[(bit + k) / 8]] >> (bit + k) % 8 & 1u) << k;
		*end = digits[value];
	}
	*end = '\0';
}

static void
check_apr1(const char *password, const char *salt)
{
	char wanted[GATE_HASH_MAX], made[GATE_HASH_MAX], setting[20];
	bool fits = password[0] != '\0' && strlen(password) <= GATE_PASSWORD_MAX;

	if (strcspn(salt, "$") != strlen(salt) || strlen(salt) > 8)
		return;
	snprintf(setting, sizeof setting, "$apr1$%s", salt);
	slow_apr1(password, salt, wanted);
	assert(gate_password_apr1(password, setting, made) == 0 && strcmp(made, wanted) == 0);
	if (strspn(salt, digits) == strlen(salt))
		assert(gate_password_verify(password, made, true, NULL) == fits);
	assert(gate_password_verify(password, made, false, NULL) == 0);
}

/* ---- hashes ---- */

/* What libcrypt makes of it must never be a failure. */
static bool
slow_verify(const char *password, const char *hash, size_t most)
{
	struct crypt_data *data = calloc(1, sizeof *data);
	const char *made;
	bool same;

	assert(data != NULL);
	made = crypt_r(password, hash, data);
	assert(made != NULL && made[0] == '$');
	same = strcmp(made, hash) == 0 && strlen(password) <= most;
	free(data);
	return same;
}

static void
check_hash(const char *password, const char *hash)
{
	double cost = 0;
	int row = row_of(hash, &cost);
	bool usable = row >= 0 && cost <= kinds[row].most;
	bool weak = row >= 0 && kinds[row].kind == APR1;
	bool is_bcrypt = row >= 0 && kinds[row].kind == BCRYPT;
	bool fits = password[0] != '\0' && strlen(password) <= GATE_PASSWORD_MAX;

	assert((gate_password_hash_refusal(hash, true) == NULL) == usable);
	assert((gate_password_hash_refusal(hash, false) == NULL) == (usable && !weak));
	assert(usable || !gate_password_hash_is_old(hash));
	if (!usable || !fits)
		assert(gate_password_verify(password, hash, true, NULL) == 0);
	else if (!weak && cost <= (is_bcrypt ? 5 : QUICK))
		assert(gate_password_verify(password, hash, false, NULL) ==
		    slow_verify(password, hash, is_bcrypt ? 72 : GATE_PASSWORD_MAX));
}

/* ---- new passwords ---- */

/* Of its first characters, until there are 15 or more. */
static char *
repeat(const char *text, size_t characters)
{
	struct gate_buffer b = {0};
	size_t unit = 0;

	for (size_t i = 0; i < characters && text[unit] != '\0'; i++)
		unit += gate_utf8_character(text + unit, strlen(text + unit));
	for (int i = 0; unit > 0 && i < GATE_PASSWORD_MIN; i++)
		gate_buffer_add(&b, text, unit);
	if (b.length > GATE_PASSWORD_MAX)
		gate_buffer_reset(&b);
	gate_buffer_putc(&b, '\0');
	return b.data;
}

static bool
is_clean(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f ||
		    ((unsigned char)*c == 0xc2 && (unsigned char)c[1] < 0xa0))
			return false;
	return gate_utf8_valid(text, strlen(text));
}

static void
check_refusal(const char *password, const char *name)
{
	const char *refusal = gate_password_refusal(password, name);
	char *upper = strdup(password), *again;
	size_t characters = 0;

	assert(upper != NULL);
	for (char *c = upper; *c != '\0'; c++) {
		characters += ((unsigned char)*c & 0xc0) != 0x80;
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 0x20);
	}
	assert(gate_password_refusal(upper, name) == refusal);
	free(upper);
	if (refusal == NULL)
		assert(is_clean(password) && strlen(password) <= GATE_PASSWORD_MAX &&
		    characters >= GATE_PASSWORD_MIN);
	if (!is_clean(password))
		return;
	again = repeat(password, 5);
	assert(again != NULL && gate_password_refusal(again, name) != NULL);
	free(again);
	if (strlen(name) < 3 || !is_clean(name))
		return;
	again = repeat(name, strlen(name));
	assert(again != NULL && gate_password_refusal(again, name) != NULL);
	free(again);
}

/* Lines: a hash, a password, a user's name. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text, *line[3];

	assert(text != NULL);
	for (size_t i = 0; i < 3; i++) {
		char *found = strsep(&rest, "\n");

		line[i] = strndup(found != NULL ? found : "", TEXT_MAX);
		assert(line[i] != NULL);
	}
	check_hash(line[1], line[0]);
	check_apr1(line[1], line[2]);
	check_refusal(line[1], line[2]);
	for (size_t i = 0; i < 3; i++)
		free(line[i]);
	free(text);
	return 0;
}
