/* options/secret.c: reads the secrets, and tells whether they can be guessed. */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/password.h"
#include "crypto/sign.h"
#include "options/private.h"

/* The worth of seventeen letters. A secret of `gate secret`, `openssl rand -hex 32` or two UUIDs is
 * worth more than twice as much; half of one, such as a single UUID, is worth mostly 60. */
#define ENOUGH 34
#define SECRET_FILE_MAX (16u << 10)
#define SECRET_FILE_MODE 0640

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

/* Are most bytes a steady sequence, such as 0, 1, 2, 3 …? */
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

/* Decodes digits of `bits` bits each to bytes. Returns false if the secret holds anything else. */
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

/* Does a secret decode from hex or base64 to text that can be guessed? Words stay words in any
 * encoding. */
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

struct secrets { /* the values point into the options or into text */
	const char *values[GATE_SECRETS_MAX + 1];
	struct gate_buffer text; /* the content of secret_file */
	size_t count;
};

static int
open_secret_file(const char *path, struct gate_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not block us */
	struct stat status;

	if (fd < 0)
		return gate_fail_errno(error, GATE_EOPTION, "secret_file %.100s", path);
	if (fstat(fd, &status) < 0)
		gate_fail_errno(error, GATE_ESYSTEM, "secret_file %.100s", path);
	else if (!S_ISREG(status.st_mode))
		gate_fail(error, GATE_EOPTION, "secret_file %.100s: not a regular file", path);
	else if ((status.st_mode & 07777 & ~SECRET_FILE_MODE) != 0)
		gate_fail(error, GATE_EOPTION, "secret_file has mode %04o, run: chmod %04o %.120s",
		    status.st_mode & 07777, SECRET_FILE_MODE, path);
	else
		return fd;
	close(fd);
	return -1;
}

static int
split_secrets(struct secrets *secrets, const char *path, struct gate_error *error)
{
	char *rest = secrets->text.data, *line;

	if (strlen(rest) != secrets->text.length)
		return gate_fail(error, GATE_EOPTION, "secret_file %.100s: holds a NUL byte", path);
	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t length;

		line += strspn(line, " \t");
		for (length = strlen(line); length > 0 && strchr(" \t\r", line[length - 1]);
		     length--)
			line[length - 1] = '\0';
		if (length == 0 || *line == '#')
			continue;
		if (length > GATE_SECRET_MAX)
			return gate_fail(error, GATE_EOPTION,
			    "secret_file %.100s: a secret is longer than %d bytes", path,
			    GATE_SECRET_MAX);
		if (secrets->count == GATE_SECRETS_MAX)
			return gate_fail(error, GATE_EOPTION,
			    "secret_file %.100s: more than %d secrets: remove the oldest", path,
			    GATE_SECRETS_MAX);
		secrets->values[secrets->count++] = line;
	}
	return 0;
}

static int
read_secret_file(struct secrets *secrets, const char *path, struct gate_error *error)
{
	int fd = open_secret_file(path, error), result;

	if (fd < 0)
		return -1;
	result = gate_file_read(fd, SECRET_FILE_MAX, &secrets->text);
	if (result < 0)
		gate_fail_errno(error, GATE_EOPTION, "secret_file %.100s", path);
	close(fd);
	return result < 0 ? -1 : split_secrets(secrets, path, error);
}

static int
check_strength(const struct secrets *secrets, bool allow, struct gate_error *error)
{
	for (size_t i = 0; i < secrets->count; i++) {
		const char *weakness = gate_secret_weakness(secrets->values[i]);
		const char number[] = {(char)('1' + i), '\0'};

		if (weakness == NULL)
			continue;
		if (!allow)
			return gate_fail(error, GATE_EOPTION,
			    "secret number %s %s: make one with `gate secret`, "
			    "or say allow_weak_secret = yes",
			    number, weakness);
		gate_log(GATE_LOG_WARN, "secret-weak", "number", number, "reason", weakness, NULL);
	}
	return 0;
}

struct gate_keys *
gate_options_keys(const struct gate_options *options, struct gate_error *error)
{
	struct secrets secrets = {.count = 0};
	struct gate_keys *keys = NULL;

	while (options->secret[secrets.count] != NULL && secrets.count < GATE_SECRETS_MAX) {
		secrets.values[secrets.count] = options->secret[secrets.count];
		secrets.count++;
	}
	if (*options->secret_file != '\0' &&
	    read_secret_file(&secrets, options->secret_file, error) < 0)
		goto out;
	if (secrets.count == 0 && *options->secret_file != '\0')
		gate_fail(error, GATE_EOPTION,
		    "secret_file %.100s: no secret in it: make one with `gate secret`",
		    options->secret_file);
	else if (secrets.count == 0)
		gate_fail(error, GATE_EOPTION,
		    "no secret: make one with `gate secret` and name its file in secret_file");
	else if (check_strength(&secrets, options->allow_weak_secret, error) == 0)
		keys = gate_keys_new(secrets.values, error);
out:
	gate_file_wipe(&secrets.text);
	return keys;
}
