/* test_device.c: a device's cookie is known to its user, for its time, and to nobody else. */
#include "config.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "login/device.h"
#include "base/encode.h"
#include "crypto/id.h"
#include "tap.h"

#define NOW INT64_C(1800000000123)
#define FIRST "the first secret of the ring, long enough"
#define SECOND "the second one, from before the rotation"

static bool kernel_fails;

ssize_t
getrandom(void *bytes, size_t length, unsigned flags)
{
	if (!kernel_fails)
		return syscall(SYS_getrandom, bytes, length, flags);
	errno = ENOSYS;
	return -1;
}

static struct gate_keys *
new_keys(const char *first, const char *second)
{
	const char *const secrets[] = {first, second, NULL};

	return gate_keys_new(secrets, NULL);
}

/* Calls it on a copy of exactly that length, so that a sanitizer sees a read beyond it. */
static int
check(const struct gate_keys *keys, const char *name, int64_t now, const char *value, size_t length)
{
	char *copy = malloc(length > 0 ? length : 1), id[GATE_DEVICE_ID_LENGTH + 1] = "untouched";
	int result;

	if (copy == NULL)
		exit(2);
	memcpy(copy, value, length);
	result = gate_device_check(keys, name, now, copy, length, id);
	free(copy);
	if (result == 1 ? strlen(id) != GATE_DEVICE_ID_LENGTH : strcmp(id, "untouched") != 0)
		return -1;
	return result;
}

static const char *
make(const struct gate_keys *keys, const char *name, char value[256])
{
	struct gate_buffer b = {0};

	if (gate_device_make(keys, name, NULL, NOW, &b) < 0 || b.length > 255)
		exit(2);
	memcpy(value, b.data, b.length + 1);
	gate_buffer_release(&b);
	return value;
}

static void
test_make(void)
{
	struct gate_keys *keys = new_keys(FIRST, NULL);
	struct gate_buffer b = {.limit = 60}, encoded = {0}, again = {0};
	char value[256], other[256], id[GATE_DEVICE_ID_LENGTH + 1];

	make(keys, "alice", value);
	ok(strlen(value) < 256 &&
		strspn(value,
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
		    "wxyz0123456789-_.") == strlen(value),
	    "of a few bytes that any cookie may have: %zu", strlen(value));
	snprintf(other, sizeof other, "%.100s;", value);
	ok(gate_device_is_shaped(value) && !gate_device_is_shaped("") &&
		!gate_device_is_shaped("none") && !gate_device_is_shaped(other),
	    "and that shape is known");
	gate_percent_encode(&encoded, value, strlen(value));
	is(gate_buffer_text(&encoded), value, "which nothing needs to encode");
	ok(strstr(value, "alice") == NULL, "the name does not stand in it");
	ok(gate_device_check(keys, "alice", NOW, value, strlen(value), id) == 1, "it is known");
	ok(strncmp(value, id, GATE_DEVICE_ID_LENGTH) == 0 && strlen(id) == GATE_DEVICE_ID_LENGTH &&
		gate_id_valid(id),
	    "with its id");
	make(keys, "alice", other);
	ok(strncmp(value, other, GATE_DEVICE_ID_LENGTH) != 0, "each has an id of its own");
	gate_buffer_release(&again);
	ok(gate_device_make(keys, "alice", id, NOW + 1, &again) == 0 &&
		gate_device_check(keys, "alice", NOW + 1, again.data, again.length, other) == 1 &&
		strcmp(id, other) == 0 && strcmp(gate_buffer_text(&again), value) != 0,
	    "or keeps the one that it had, with a younger time");
	gate_buffer_release(&again);
	gate_buffer_puts(&b, "gate-device=");
	ok(gate_device_make(keys, "alice", NULL, NOW, &b) == -1, "no room for it");
	gate_buffer_release(&b);
	kernel_fails = true;
	ok(gate_device_make(keys, "alice", NULL, NOW, &b) == -1, "no random bytes: no cookie");
	kernel_fails = false;
	is(GATE_DEVICE_COOKIE_SECURE, "__Host-" GATE_DEVICE_COOKIE, "its name over https");
	gate_buffer_release(&b);
	gate_buffer_release(&encoded);
	gate_keys_free(keys);
}

static void
test_name(void)
{
	static const char *const others[] = {"Alice", "alic", "alice ", " alice", "alicE", "",
	    "bob", "alice\n", "alice.", "\xd0\xb0lice"};
	struct gate_keys *keys = new_keys(FIRST, NULL);
	char value[256], longest[5000];
	int known = 0;

	make(keys, "alice", value);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		known += check(keys, others[i], NOW, value, strlen(value)) != 0;
	ok(known == 0, "no other name knows it: %d", known);
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	make(keys, longest, value);
	ok(check(keys, longest, NOW, value, strlen(value)) == 1, "a long name");
	longest[sizeof longest - 2] = 'y';
	ok(check(keys, longest, NOW, value, strlen(value)) == 0, "up to its last byte");
	make(keys, "", value);
	ok(check(keys, "", NOW, value, strlen(value)) == 1 &&
		check(keys, "x", NOW, value, strlen(value)) == 0,
	    "an empty one is a name too");
	gate_keys_free(keys);
}

static void
test_age(void)
{
	struct gate_keys *keys = new_keys(FIRST, NULL);
	char value[256];
	size_t length = strlen(make(keys, "alice", value));

	ok(check(keys, "alice", NOW + GATE_DEVICE_AGE, value, length) == 1, "180 days later");
	ok(check(keys, "alice", NOW + GATE_DEVICE_AGE + 1, value, length) == 0, "and no longer");
	ok(check(keys, "alice", 2 * NOW, value, length) == 0, "nor ever after");
	ok(check(keys, "alice", NOW - 60000, value, length) == 1, "another host's clock is behind");
	ok(check(keys, "alice", NOW - 86400000, value, length) == 0, "but not by a day");
	ok(check(keys, "alice", 0, value, length) == 0, "nor since 1970");
	gate_keys_free(keys);
}

static void
test_mutations(void)
{
	struct gate_keys *keys = new_keys(FIRST, SECOND);
	char value[256], text[512];
	size_t length = strlen(make(keys, "alice", value));
	int known = 0;

	ok(check(keys, "alice", NOW, value, length) == 1, "what is to be mutated is known");
	for (size_t bit = 0; bit < length * 8; bit++) {
		memcpy(text, value, length);
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		known += check(keys, "alice", NOW, text, length) != 0;
	}
	ok(known == 0, "each bit of it flipped: %d", known);
	for (size_t i = 0; i < length; i++) {
		known += check(keys, "alice", NOW, value, i) != 0;
		known += check(keys, "alice", NOW, value + i + 1, length - i - 1) != 0;
		memcpy(text, value, i + 1);
		memcpy(text + i + 1, value + i, length - i);
		known += check(keys, "alice", NOW, text, length + 1) != 0;
		memcpy(text + i, value + i + 1, length - i - 1);
		known += check(keys, "alice", NOW, text, length - 1) != 0;
		memcpy(text, value, i);
		text[i] = '\0';
		memcpy(text + i + 1, value + i, length - i);
		known += check(keys, "alice", NOW, text, length + 1) != 0;
	}
	ok(known == 0, "each piece of it, each byte left out or doubled, a NUL anywhere: %d",
	    known);
	memcpy(text, value, length);
	for (const char *c = "=. \r\n\";,"; *c != '\0'; c++) {
		text[length] = *c;
		known += check(keys, "alice", NOW, text, length + 1) != 0;
	}
	ok(known == 0, "something behind it: %d", known);
	gate_keys_free(keys);
}

/* What others sign, or nobody. */
static void
test_strange(void)
{
	static const char *const strange[] = {"", ".", "..", "a.b.c", "\"\"", "deleted", "null",
	    "................................................................................",
	    "00000000000000000000000000000000.1800000000123."
	    "0000000000000000000000000000000000000000"
	    "000"};
	struct gate_keys *keys = new_keys(FIRST, NULL);
	struct gate_buffer b = {0};
	char value[256], *huge = malloc(1 << 20);
	size_t stamp = strlen(make(keys, "alice", value)) - GATE_SIGNATURE_LENGTH - 1;
	int known = 0;

	for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
		known += check(keys, "alice", NOW, strange[i], strlen(strange[i])) != 0;
	ok(known == 0, "nonsense: %d", known);
	if (huge == NULL)
		exit(2);
	memset(huge, '.', 1 << 20);
	memcpy(huge, value, strlen(value));
	ok(check(keys, "alice", NOW, huge, 1 << 20) == 0, "a huge value");
	memcpy(huge + (1 << 20) - strlen(value), value, strlen(value));
	ok(check(keys, "alice", NOW, huge, 1 << 20) == 0, "with a good one at both ends");
	free(huge);
	value[stamp] = '\0';
	gate_sign(keys, value, &b);
	for (size_t i = 0; i < b.length; i++)
		if (b.data[i] == '+' || b.data[i] == '/')
			b.data[i] = b.data[i] == '+' ? '-' : '_';
	ok(check(keys, "alice", NOW, b.data, b.length) == 0, "a session's signature");
	gate_buffer_release(&b);
	gate_keys_free(keys);
}

static void
test_rotation(void)
{
	struct gate_keys *old = new_keys(SECOND, NULL), *both = new_keys(FIRST, SECOND);
	struct gate_keys *fresh = new_keys(FIRST, NULL);
	char value[256];

	make(old, "alice", value);
	ok(check(both, "alice", NOW, value, strlen(value)) == 1, "the secret before verifies");
	ok(check(fresh, "alice", NOW, value, strlen(value)) == 0, "until it is taken away");
	make(both, "alice", value);
	ok(check(fresh, "alice", NOW, value, strlen(value)) == 1, "the first signs");
	ok(check(old, "alice", NOW, value, strlen(value)) == 0, "and no other");
	gate_keys_free(old);
	gate_keys_free(both);
	gate_keys_free(fresh);
}

int
main(void)
{
	test_make();
	test_name();
	test_age();
	test_mutations();
	test_strange();
	test_rotation();
	return done();
}
