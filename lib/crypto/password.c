/* crypto/password.c: hashes of passwords: which are used, making and checking them. */
#include "config.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/error.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "crypto/sign.h"

#define NEW_PREFIX "$y$"
#define NEW_COST 6 /* crypt_gensalt's count: 32 MiB, about 30 ms */
#define NEW_SALT 16

/* The most that a hash may ask for: under a second each, for a password of usual length. */
#define BLOCKS_MAX (UINT64_C(1) << 20) /* of 128 bytes: 128 MiB */
#define BCRYPT_COST_MAX 14
#define ROUNDS_MAX 1000000

/* A hash below these is old. */
#define BLOCKS_ENOUGH (UINT64_C(1) << 18) /* what NEW_COST asks for */
#define BCRYPT_COST_ENOUGH 10
#define ROUNDS_ENOUGH 100000

/* libcrypt's own limits. */
#define BLOCKS_LOG2_MIN 2
#define BCRYPT_COST_MIN 4
#define BCRYPT_PASSWORD_MAX 72 /* bytes; it ignores the rest */
#define ROUNDS_MIN 1000
#define ROUNDS_DEFAULT 5000

/* ---- what a hash asks for, read from the parameters between its prefix and its salt ---- */

/* Reads the parameters before the salt. Returns where the salt begins, or NULL if they are
 * malformed. *cost need not be exact above the limit. */
typedef const char *cost_reader(const char *text, uint64_t *cost);

/* Returns the value of a digit in the base 64 that all kinds use, -1 if it is none. */
static int
digit_value(char c)
{
	static const char digits[] =
	    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *digit = c != '\0' ? strchr(digits, c) : NULL;

	return digit != NULL ? (int)(digit - digits) : -1;
}

/* Memory and time of scrypt both grow with this product. Returns UINT64_MAX if it is far too
 * large. */
static uint64_t
count_blocks(int log2, uint64_t size, uint64_t repeats)
{
	if (UINT64_C(1) << log2 > BLOCKS_MAX || size > BLOCKS_MAX || repeats > BLOCKS_MAX)
		return UINT64_MAX;
	return size * repeats << log2;
}

/* Reads "j9T$", the form that crypt_gensalt writes. Refuses other flavours, numbers of several
 * digits and further parameters (p, t, g, a ROM), each of which multiplies the work: nobody uses
 * them. */
static const char *
read_yescrypt(const char *text, uint64_t *cost)
{
	int log2, size;

	if (text[0] != 'j' || digit_value(text[1]) < 0 || digit_value(text[2]) < 0 ||
	    text[3] != '$')
		return NULL;
	log2 = digit_value(text[1]) + 1;
	size = digit_value(text[2]) + 1;
	if (log2 < BLOCKS_LOG2_MIN || log2 > 48 ||
	    size > 48) /* a larger digit begins a number of several digits */
		return NULL;
	*cost = count_blocks(log2, (uint64_t)size, 1);
	return text + 4;
}

/* Reads five digits, the lowest first. Returns -1 if they are not there. */
static int64_t
read_fixed(const char *text)
{
	int64_t number = 0;

	for (int i = 0; i < 5; i++) {
		if (digit_value(text[i]) < 0)
			return -1;
		number |= (int64_t)digit_value(text[i]) << 6 * i;
	}
	return number;
}

/* Reads "CU..../....": a digit for log2 N, then r and p, of five digits each. */
static const char *
read_scrypt(const char *text, uint64_t *cost)
{
	int log2 = digit_value(text[0]);
	int64_t size, repeats;

	if (log2 < BLOCKS_LOG2_MIN || (size = read_fixed(text + 1)) < 1 ||
	    (repeats = read_fixed(text + 6)) < 1)
		return NULL;
	*cost = count_blocks(log2, (uint64_t)size, (uint64_t)repeats);
	return text + 11;
}

static bool
is_decimal(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
read_bcrypt(const char *text, uint64_t *cost)
{
	if (!is_decimal(text[0]) || !is_decimal(text[1]))
		return NULL;
	*cost = (uint64_t)((text[0] - '0') * 10 + text[1] - '0');
	return *cost >= BCRYPT_COST_MIN ? text + 2 : NULL;
}

/* Reads "rounds=656000$", or nothing. */
static const char *
read_rounds(const char *text, uint64_t *cost)
{
	static const char label[] = "rounds=";

	*cost = ROUNDS_DEFAULT;
	if (strncmp(text, label, sizeof label - 1) != 0)
		return text;
	text += sizeof label - 1;
	if (*text == '0') /* libcrypt refuses leading zeros */
		return NULL;
	for (*cost = 0; is_decimal(*text); text++)
		if (*cost <= ROUNDS_MAX)
			*cost = *cost * 10 + (uint64_t)(*text - '0');
	return *text == '$' && *cost >= ROUNDS_MIN ? text + 1 : NULL;
}

static const char *
read_nothing(const char *text, uint64_t *cost)
{
	*cost = 0;
	return text;
}

/* ---- the kinds ---- */

static const struct kind {
	const char *prefix;
	cost_reader *read_cost;
	uint64_t enough, most; /* costs: of one that is not old; that is allowed */
	size_t salt_max;       /* most digits of the salt */
	size_t digest;         /* digits of the digest, after the salt and a '$' */
	size_t password_max;   /* most bytes of a password that it depends on */
	bool salt_is_bytes;    /* the salt encodes bytes, and must decode */
	bool weak;
} kinds[] = {
    {"$y$", read_yescrypt, BLOCKS_ENOUGH, BLOCKS_MAX, 86, 43, GATE_PASSWORD_MAX, true, false},
    {"$gy$", read_yescrypt, BLOCKS_ENOUGH, BLOCKS_MAX, 86, 43, GATE_PASSWORD_MAX, true, false},
    {"$7$", read_scrypt, BLOCKS_ENOUGH, BLOCKS_MAX, 86, 43, GATE_PASSWORD_MAX, false, false},
    /* after these parameters comes the '$', then salt and digest without a mark between them */
    {"$2b$", read_bcrypt, BCRYPT_COST_ENOUGH, BCRYPT_COST_MAX, 0, 53, BCRYPT_PASSWORD_MAX, false,
	false},
    {"$2y$", read_bcrypt, BCRYPT_COST_ENOUGH, BCRYPT_COST_MAX, 0, 53, BCRYPT_PASSWORD_MAX, false,
	false},
    {"$2a$", read_bcrypt, BCRYPT_COST_ENOUGH, BCRYPT_COST_MAX, 0, 53, BCRYPT_PASSWORD_MAX, false,
	false},
    {"$6$", read_rounds, ROUNDS_ENOUGH, ROUNDS_MAX, 16, 86, GATE_PASSWORD_MAX, false, false},
    {"$5$", read_rounds, ROUNDS_ENOUGH, ROUNDS_MAX, 16, 43, GATE_PASSWORD_MAX, false, false},
    {"$apr1$", read_nothing, UINT64_MAX, 0, 8, 22, GATE_PASSWORD_MAX, false, true},
};

static const struct kind *
kind_of(const char *hash)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strncmp(hash, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return &kinds[i];
	return NULL;
}

static bool
is_digits(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (digit_value(text[i]) < 0)
			return false;
	return true;
}

/* Do the digits encode whole bytes, four digits per three bytes, with no bits left over? */
static bool
is_whole_bytes(const char *digits, size_t length)
{
	switch (length % 4) {
	case 1:
		return false;
	case 2:
		return digit_value(digits[length - 1]) < 1 << 2;
	case 3:
		return digit_value(digits[length - 1]) < 1 << 4;
	}
	return true;
}

/* Checks salt and digest. libcrypt fails on a hash that passes only for lack of memory. */
static bool
is_well_formed(const struct kind *kind, const char *salt)
{
	size_t length = strlen(salt);

	if (length < 1 + kind->digest)
		return false;
	length -= 1 + kind->digest;
	return length <= kind->salt_max && salt[length] == '$' && is_digits(salt, length) &&
	    is_digits(salt + length + 1, kind->digest) &&
	    (!kind->salt_is_bytes || is_whole_bytes(salt, length));
}

/* Reads a hash's cost. Returns false if it is malformed, or kind is NULL. */
static bool
read_hash(const struct kind *kind, const char *hash, uint64_t *cost)
{
	const char *salt = kind != NULL ? kind->read_cost(hash + strlen(kind->prefix), cost) : NULL;

	return salt != NULL && is_well_formed(kind, salt);
}

const char *
gate_password_hash_refusal(const char *hash, bool allow_weak)
{
	const struct kind *kind = kind_of(hash);
	uint64_t cost;

	if (kind == NULL)
		return "is of no known kind";
	if (!read_hash(kind, hash, &cost))
		return "is damaged, or has unusual parameters";
	if (cost > kind->most)
		return "asks for more work than is allowed";
	if (kind->weak && !allow_weak)
		return "is weak (apr1): set a new password, or allow_weak_hashes = yes";
	return NULL;
}

bool
gate_password_hash_is_old(const char *hash)
{
	const struct kind *kind = kind_of(hash);
	uint64_t cost;

	return read_hash(kind, hash, &cost) && cost < kind->enough;
}

/* ---- making and checking ---- */

/* Returns 0, or -1 if libcrypt made no hash; it says that by a text that begins with '*'. */
static int
make_hash(const char *password, const char *setting, char out[GATE_HASH_MAX])
{
	struct crypt_data *data = calloc(1, sizeof *data); /* 32 KiB */
	const char *made;
	int result = -1;

	if (data == NULL)
		return -1;
	made = crypt_r(password, setting, data);
	if (made != NULL && made[0] != '*' && strlen(made) < GATE_HASH_MAX) {
		memcpy(out, made, strlen(made) + 1);
		result = 0;
	}
	explicit_bzero(data, sizeof *data);
	free(data);
	return result;
}

static int
fail_to_hash(struct gate_error *error)
{
	return gate_fail(error, GATE_EMEMORY,
	    "libcrypt made no hash of the password: too little memory, or it does not know the "
	    "kind");
}

/* Returns the password's length, 0 if it is too long. */
static size_t
usable_length(const char *password)
{
	size_t length = strnlen(password, GATE_PASSWORD_MAX + 1);

	return length <= GATE_PASSWORD_MAX ? length : 0;
}

int
gate_password_verify(
    const char *password, const char *hash, bool allow_weak, struct gate_error *error)
{
	const struct kind *kind = kind_of(hash);
	size_t length = usable_length(password);
	char made[GATE_HASH_MAX];
	bool same;

	if (length == 0 || kind == NULL || gate_password_hash_refusal(hash, allow_weak) != NULL)
		return 0;
	if ((kind->weak ? gate_password_apr1(password, hash, made)
			: make_hash(password, hash, made)) < 0)
		return fail_to_hash(error);
	same = strlen(made) == strlen(hash) && CRYPTO_memcmp(made, hash, strlen(hash)) == 0;
	explicit_bzero(made, sizeof made);
	/* checked last, so that a password too long for bcrypt takes as long as any wrong one */
	return same && length <= kind->password_max;
}

int
gate_password_hash(const char *password, char out[GATE_HASH_MAX], struct gate_error *error)
{
	char salt[NEW_SALT], setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (usable_length(password) == 0)
		return gate_fail(
		    error, GATE_ESYSTEM, "the password must have 1 to %d bytes", GATE_PASSWORD_MAX);
	if (gate_random_bytes(salt, sizeof salt) < 0)
		return gate_fail_errno(error, GATE_ESYSTEM, "the system gives no random bytes");
	if (crypt_gensalt_rn(NEW_PREFIX, NEW_COST, salt, sizeof salt, setting, sizeof setting) ==
		NULL ||
	    make_hash(password, setting, out) < 0)
		return fail_to_hash(error);
	return 0;
}
