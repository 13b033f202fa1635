/* crypto/password_apr1.c: Apache's MD5 scheme for passwords, in old files: 1000 rounds of MD5. */
#include "config.h"

#include <string.h>

/* as in crypto/sign.c: these calls never allocate and never fail */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>

#include "crypto/password.h"

#define PREFIX "$apr1$"
#define PREFIX_LENGTH (sizeof PREFIX - 1)
#define SALT_MAX 8
#define ROUNDS 1000

struct text {
	const char *bytes;
	size_t length;
};

static void
add(MD5_CTX *state, struct text text)
{
	MD5_Update(state, text.bytes, text.length);
}

/* Makes the digest that the rounds begin with. */
static void
begin(struct text password, struct text salt, unsigned char digest[MD5_DIGEST_LENGTH])
{
	MD5_CTX state;

	MD5_Init(&state);
	add(&state, password);
	add(&state, salt);
	add(&state, password);
	MD5_Final(digest, &state);
	MD5_Init(&state);
	add(&state, password);
	add(&state, (struct text){PREFIX, PREFIX_LENGTH});
	add(&state, salt);
	for (size_t left = password.length; left > 0;) {
		size_t piece = left < MD5_DIGEST_LENGTH ? left : MD5_DIGEST_LENGTH;

		MD5_Update(&state, digest, piece);
		left -= piece;
	}
	for (size_t bits = password.length; bits > 0; bits >>= 1)
		MD5_Update(&state, bits & 1 ? "" : password.bytes, 1);
	MD5_Final(digest, &state);
	explicit_bzero(&state, sizeof state);
}

static void
run(struct text password, struct text salt, unsigned char digest[MD5_DIGEST_LENGTH])
{
	MD5_CTX state;

	for (int i = 0; i < ROUNDS; i++) {
		MD5_Init(&state);
		if (i % 2 == 0)
			MD5_Update(&state, digest, MD5_DIGEST_LENGTH);
		else
			add(&state, password);
		if (i % 3 != 0)
			add(&state, salt);
		if (i % 7 != 0)
			add(&state, password);
		if (i % 2 == 0)
			add(&state, password);
		else
			MD5_Update(&state, digest, MD5_DIGEST_LENGTH);
		MD5_Final(digest, &state);
	}
	explicit_bzero(&state, sizeof state);
}

/* Writes digits, the lowest first. */
static char *
put_digits(char *out, unsigned bits, int count)
{
	static const char digits[] =
	    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	for (; count > 0; count--, bits >>= 6)
		*out++ = digits[bits & 63];
	return out;
}

/* Writes the digest, in the byte order of the scheme. */
static void
put_digest(char *out, const unsigned char digest[MD5_DIGEST_LENGTH])
{
	for (int i = 0; i < 5; i++)
		out = put_digits(out,
		    (unsigned)digest[i] << 16 | (unsigned)digest[i + 6] << 8 |
			digest[i == 4 ? 5 : i + 12],
		    4);
	out = put_digits(out, digest[11], 2);
	*out = '\0';
}

int
gate_password_apr1(const char *password, const char *setting, char out[GATE_HASH_MAX])
{
	unsigned char digest[MD5_DIGEST_LENGTH];
	struct text salt, key = {password, strlen(password)};

	if (strncmp(setting, PREFIX, PREFIX_LENGTH) != 0)
		return -1;
	salt.bytes = setting + PREFIX_LENGTH;
	salt.length = strcspn(salt.bytes, "$");
	if (salt.length > SALT_MAX)
		return -1;
	begin(key, salt, digest);
	run(key, salt, digest);
	memcpy(out, setting, PREFIX_LENGTH + salt.length);
	out += PREFIX_LENGTH + salt.length;
	*out++ = '$';
	put_digest(out, digest);
	explicit_bzero(digest, sizeof digest);
	return 0;
}
