/* test_sign.c: signatures are right byte for byte, forgeries fail, ids can't be guessed.
 * Tests crypto/sign.c, crypto/id.c and crypto/random.c. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/id.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "tap.h"

#define SID_12 "YwKaCluXFwcKdgWcTIX/VxJj+UcMPNCdE84g41AL6iI" /* of sid-12 by "keyboard cat" */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What the kernel's getrandom(2) does to us. */
enum kernel { KERNEL_FINE, KERNEL_INTERRUPTS, KERNEL_SHORT, KERNEL_FAILS, KERNEL_EMPTY };
static enum kernel kernel;
static int getrandom_calls;

ssize_t
getrandom(void *bytes, size_t length, unsigned flags)
{
	getrandom_calls++;
	if (kernel == KERNEL_INTERRUPTS && getrandom_calls % 2 == 1) {
		errno = EINTR;
		return -1;
	}
	if (kernel == KERNEL_FAILS) {
		errno = ENOSYS;
		return -1;
	}
	if (kernel == KERNEL_EMPTY)
		return 0;
	if (kernel == KERNEL_SHORT && length > 5)
		length = 5;
	return syscall(SYS_getrandom, bytes, length, flags);
}

static struct gate_keys *
new_keys(const char *first, const char *second)
{
	const char *const secrets[] = {first, second, NULL};

	return gate_keys_new(secrets, NULL);
}

/* Calls it on a copy of exactly that length, so that a sanitizer sees a read beyond it. */
static int
unsign(const struct gate_keys *keys, const char *text, size_t length, size_t *id_length, bool *old)
{
	char *copy = malloc(length > 0 ? length : 1);
	int result;

	if (copy == NULL)
		return -1;
	memcpy(copy, text, length);
	result = gate_unsign(keys, copy, length, id_length, old);
	free(copy);
	return result;
}

static bool
is_refused(const struct gate_keys *keys, const char *text, size_t length)
{
	size_t id_length = 4711;
	bool old = false;

	return unsign(keys, text, length, &id_length, &old) == 0 && id_length == 4711 && !old;
}

static void
test_examples(void)
{
	static const struct {
		const char *name, *secret, *id, *signature;
	} cases[] = {
	    {"A", "keyboard cat", "yR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK",
		"n9qmWa6kY2LHU1EXeMn7a2UKQsynEqBHKQhT5T6B+N4"},
	    {"B", "s3cr3t-\xc3\xa9", "0123456789ABCDEFghijklmnop-_wxyz",
		"a8Ho04ek2ri/yO78X5W+L0A+mUujEJcfPLrbOemBcDo"},
	    {"C", "a-very-long-secret-with-32-bytes!!", "user:42/\xe4\xbd\xa0 ok",
		"bweZEb6C1UWf5boH4fWPylO6OMdHIz4d31xC7JmVEVo"},
	    {"D", "\xa0\xab\xbc\x0c", "hello", "hIvljrKw5oOZtHHSq5u+MlL27cgnPKX77y7F+x5r1to"},
	    {"E", "keyboard cat", "sid-12", SID_12},
	    {"F", "k", "", "i7mQxAp9YcuXWXqUISUCW+UKyL63RDbjc1uYiTp/ZiA"},
	    {"dots", "keyboard cat", "a.b.c", "G8ReS2HiYVtvMBGFvZUGp5RaCauWFLUTjnnTm/EQ2aE"},
	    {"RFC 4231 case 2", "Jefe", "what do ya want for nothing?",
		"W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct gate_keys *keys = new_keys(cases[i].secret, NULL);
		struct gate_buffer b = {0};
		size_t id_length = 4711;
		bool old = true;
		char wanted[100];

		snprintf(wanted, sizeof wanted, "%s.%s", cases[i].id, cases[i].signature);
		ok(gate_sign(keys, cases[i].id, &b) == 0, "%s: is signed", cases[i].name);
		is(gate_buffer_text(&b), wanted, "the signature");
		if (cases[i].id[0] == '\0')
			ok(is_refused(keys, b.data, b.length), "%s: is no id", cases[i].name);
		else
			ok(unsign(keys, b.data, b.length, &id_length, &old) == 1 && !old &&
				id_length == strlen(cases[i].id),
			    "%s: verifies", cases[i].name);
		gate_buffer_release(&b);
		gate_keys_free(keys);
	}
}

/* HMAC treats keys below, at and above the block of 64 bytes differently. */
static void
test_long_secrets(void)
{
	static const struct {
		char byte;
		size_t length;
		const char *id, *signature;
	} cases[] = {
	    {'k', 63, "id", "lTBCs/T0fl1SwKV8F754Scp/6zX0V0L5AbOb4//jOGo"},
	    {'k', 64, "id", "fUnMPJxNj7xSM0bqoQra53Qm/biDMrn7XeZodIC6dwI"},
	    {'k', 65, "id", "iUen2w8lz65oqb8aCsKUyvyMcEqGd2BvUhjl1tLhU4k"},
	    {'\xaa', 131, "Test Using Larger Than Block-Size Key - Hash Key First",
		"YOQxWR7gtn8Niiaqy/W3f44LxiE3KMUUBUYEDw7jf1Q"},
	    {'\xaa', 131,
		"This is a test using a larger than block-size key and a larger than block-size "
		"data. The key needs to be hashed before being used by the HMAC algorithm.",
		"mwn/pxuUL8snY1+81bDpRL/cY2RPBxOTin9RU1w6NeI"},
	};
	char secret[200], wanted[300];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct gate_buffer b = {0};
		struct gate_keys *keys;

		memset(secret, cases[i].byte, cases[i].length);
		secret[cases[i].length] = '\0';
		keys = new_keys(secret, NULL);
		gate_sign(keys, cases[i].id, &b);
		snprintf(wanted, sizeof wanted, "%s.%s", cases[i].id, cases[i].signature);
		is(gate_buffer_text(&b), wanted, "a long secret");
		gate_buffer_release(&b);
		gate_keys_free(keys);
	}
}

static void
test_refused(void)
{
	static const char *const cases[] = {
	    /* too little */
	    "",
	    ".",
	    "s",
	    "sid-12",
	    "sid-12.",
	    "sid-12..",
	    "." SID_12,
	    SID_12,
	    "sid-12" SID_12,
	    "sid-12:" SID_12,
	    "sid-12," SID_12,
	    "sid-12%2E" SID_12,
	    "sid-12 " SID_12,
	    /* another id */
	    "sid-1." SID_12,
	    "sid-13." SID_12,
	    "sid-123." SID_12,
	    "SID-12." SID_12,
	    "sid_12." SID_12,
	    " sid-12." SID_12,
	    "sid-12 ." SID_12,
	    "id-12." SID_12,
	    "s:sid-12." SID_12,
	    "s%3Asid-12." SID_12,
	    "\"sid-12." SID_12,
	    "0." SID_12,
	    "sid-12\t." SID_12,
	    "sid-12%00." SID_12,
	    "../sid-12." SID_12,
	    "constructor." SID_12,
	    /* dots */
	    "sid-12.." SID_12,
	    "sid-12." SID_12 ".",
	    "sid-12." SID_12 "." SID_12,
	    ".sid-12." SID_12,
	    "sid.12." SID_12,
	    "sid-12.YwKaCluXFwcKdgWcTIX/VxJj.UcMPNCdE84g41AL6iI",
	    "sid-12.YwKaCluXFwcKdgWcTIX/VxJj+UcMPNCdE84g41AL6i.",
	    /* padded, as base64url, escaped, quoted, blank */
	    "sid-12." SID_12 "=",
	    "sid-12." SID_12 "==",
	    "sid-12.YwKaCluXFwcKdgWcTIX_VxJj-UcMPNCdE84g41AL6iI",
	    "sid-12.YwKaCluXFwcKdgWcTIX/VxJj-UcMPNCdE84g41AL6iI",
	    "sid-12.YwKaCluXFwcKdgWcTIX_VxJj+UcMPNCdE84g41AL6iI",
	    "sid-12.YwKaCluXFwcKdgWcTIX_VxJj-UcMPNCdE84g41AL6iI=",
	    "sid-12.YwKaCluXFwcKdgWcTIX%2FVxJj%2BUcMPNCdE84g41AL6iI",
	    "sid-12.YwKaCluXFwcKdgWcTIX/VxJj UcMPNCdE84g41AL6iI",
	    "sid-12." SID_12 "\"",
	    "sid-12." SID_12 " ",
	    "sid-12. " SID_12,
	    "sid-12." SID_12 "\n",
	    "sid-12." SID_12 "\r\n",
	    /* the last character's two unused bits */
	    "sid-12.YwKaCluXFwcKdgWcTIX/VxJj+UcMPNCdE84g41AL6iJ",
	    "sid-12.YwKaCluXFwcKdgWcTIX/VxJj+UcMPNCdE84g41AL6iK",
	    "sid-12.YwKaCluXFwcKdgWcTIX/VxJj+UcMPNCdE84g41AL6iL",
	    /* cut, extended, other case, hex, reversed, nothing */
	    "sid-12.YwKaCluXFwcKdgWcTIX/VxJj+UcMPNCdE84g41AL6i",
	    "sid-12.wKaCluXFwcKdgWcTIX/VxJj+UcMPNCdE84g41AL6iI",
	    "sid-12.Y",
	    "sid-12.YwKaCluXFwcKdgWcTIX/V",
	    "sid-12." SID_12 "A",
	    "sid-12.A" SID_12,
	    "sid-12.ywkacluxfwckdgwctix/vxjj+ucmpncde84g41al6ii",
	    "sid-12.YWKACLUXFWCKDGWCTIX/VXJJ+UCMPNCDE84G41AL6II",
	    "sid-12.63029a0a5b9717070a76059c4c85ff571263f9470c3cd09d13ce20e3500bea22",
	    "sid-12.Ii6LA14g48EdCNPMcU+jJxV/XITcWgdKcwFXulCaKwY",
	    "sid-12.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    "sid-12.===========================================",
	    "sid-12.                                           ",
	    /* made by other secrets, or of other texts */
	    "sid-12.wTXzCR9e+gooj1hKzVdrrKLxE6oADAbXg/Q3Z8SRvtU",
	    "sid-12.n9qmWa6kY2LHU1EXeMn7a2UKQsynEqBHKQhT5T6B+N4",
	};
	struct gate_keys *keys = new_keys("keyboard cat", "another cat");
	const char *nul = "sid-12\0." SID_12, *nul_inside = "sid-12.\0" SID_12;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ok(is_refused(keys, cases[i], strlen(cases[i])), "refused (%zu): %.20s", i,
		    cases[i]);
	ok(is_refused(keys, nul, 8 + GATE_SIGNATURE_LENGTH), "refused: a NUL behind the id");
	ok(is_refused(keys, nul_inside, 8 + GATE_SIGNATURE_LENGTH),
	    "refused: a NUL behind the dot");
	gate_keys_free(keys);
}

static void
test_mutations(void)
{
	static const char good[] = "sid-12." SID_12;
	struct gate_keys *keys = new_keys("keyboard cat", NULL);
	char text[2 * sizeof good];
	int tried = 0, accepted = 0;
	bool old;
	size_t id_length, length = sizeof good - 1;

	ok(unsign(keys, good, length, &id_length, &old) == 1, "what is to be mutated verifies");
	for (size_t i = length - GATE_SIGNATURE_LENGTH; i < length; i++) {
		for (const char *c = alphabet; *c != '\0'; c++) {
			memcpy(text, good, sizeof good);
			text[i] = *c;
			if (*c == good[i])
				continue;
			tried++;
			accepted += !is_refused(keys, text, length);
		}
	}
	ok(tried == 43 * 63 && accepted == 0, "another character at each of 43 places: %d",
	    accepted);
	for (accepted = 0, tried = 0; tried < (int)length * 8; tried++) {
		memcpy(text, good, sizeof good);
		text[tried / 8] = (char)(text[tried / 8] ^ 1 << tried % 8);
		accepted += !is_refused(keys, text, length);
	}
	ok(accepted == 0, "each bit of it flipped: %d", accepted);
	for (size_t i = accepted = 0; i < length; i++)
		accepted +=
		    !is_refused(keys, good, i) || !is_refused(keys, good + i + 1, length - i - 1);
	ok(accepted == 0, "each shorter piece of it: %d", accepted);
	for (size_t i = accepted = 0; i < length; i++) {
		memcpy(text, good, i);
		memcpy(text + i, good + i + 1, length - i - 1);
		accepted += !is_refused(keys, text, length - 1);
		memcpy(text, good, i + 1);
		memcpy(text + i + 1, good + i, length - i);
		accepted += !is_refused(keys, text, length + 1);
	}
	ok(accepted == 0, "each byte of it left out, or doubled: %d", accepted);
	gate_keys_free(keys);
}

static void
test_rotation(void)
{
	static const char *const secrets[] = {"first", "second", "third", "fourth", NULL};
	struct gate_keys *ring = gate_keys_new(secrets, NULL);
	struct gate_buffer b = {0};
	size_t id_length;
	bool old;

	for (size_t i = 0; i < GATE_SECRETS_MAX; i++) {
		struct gate_keys *one = new_keys(secrets[i], NULL);

		gate_buffer_reset(&b);
		gate_sign(one, "an-id", &b);
		id_length = 0;
		old = i == 0;
		ok(unsign(ring, b.data, b.length, &id_length, &old) == 1 && id_length == 5,
		    "secret %zu verifies", i + 1);
		ok(old == (i > 0), "only the first is not old");
		gate_keys_free(one);
	}
	gate_buffer_reset(&b);
	gate_sign(ring, "an-id", &b);
	gate_keys_free(ring);
	ring = new_keys("first", NULL);
	ok(unsign(ring, b.data, b.length, &id_length, &old) == 1, "the first signs");
	gate_keys_free(ring);
	ring = new_keys("second", "third");
	ok(is_refused(ring, b.data, b.length), "a secret that was taken away verifies no more");
	gate_keys_free(ring);
	ring = new_keys("first", "first");
	ok(unsign(ring, b.data, b.length, &id_length, &old) == 1 && !old,
	    "twice the same: not old");
	gate_keys_free(ring);
	gate_buffer_release(&b);
	b.limit = 20;
	ring = new_keys("first", NULL);
	ok(gate_sign(ring, "an-id", &b) == -1 && b.failed, "no room for the signature");
	gate_keys_free(ring);
	gate_buffer_release(&b);
}

static void
refuses(const char *const *secrets, const char *text, const char *name)
{
	struct gate_error error = {0};

	ok(gate_keys_new(secrets, &error) == NULL && error.code == GATE_EOPTION, "%s", name);
	is(error.text, text, "and says so");
}

static void
test_new(void)
{
	char longest[GATE_SECRET_MAX + 2];
	struct gate_keys *keys;

	memset(longest, 'x', sizeof longest);
	longest[GATE_SECRET_MAX + 1] = '\0';
	refuses((const char *const[]){NULL}, "secret: at least one must be given", "no secret");
	refuses((const char *const[]){"1", "2", "3", "4", "5", NULL},
	    "secret: at most 4 may be given", "five secrets");
	refuses((const char *const[]){"1", "", NULL}, "secret number 2 must have 1 to 1024 bytes",
	    "an empty secret");
	refuses((const char *const[]){longest, NULL}, "secret number 1 must have 1 to 1024 bytes",
	    "a secret that is too long");
	longest[GATE_SECRET_MAX] = '\0';
	keys = new_keys(longest, NULL);
	ok(keys != NULL, "the longest secret");
	gate_keys_free(keys);
	gate_keys_free(NULL);
	ok(gate_keys_new((const char *const[]){NULL}, NULL) == NULL, "no error wanted");
}

static void
test_tag(void)
{
	struct gate_keys *keys = new_keys("keyboard cat", "older"), *other = new_keys("dog", NULL);
	char tag[GATE_TAG_LENGTH + 1], again[GATE_TAG_LENGTH + 1];

	gate_sign_tag(keys, "sid-12", tag);
	is(tag, "bdcf508c5d22", "HMAC under HMAC(secret, \"gate log-hash\")");
	gate_sign_tag(keys, "sid-13", again);
	ok(strcmp(tag, again) != 0, "another id has another tag");
	gate_sign_tag(other, "sid-12", again);
	ok(strcmp(tag, again) != 0, "another secret gives another tag");
	gate_sign_tag(keys, "", again);
	ok(strlen(again) == GATE_TAG_LENGTH && strspn(again, "0123456789abcdef") == GATE_TAG_LENGTH,
	    "an empty id has a tag too");
	gate_keys_free(keys);
	gate_keys_free(other);
}

/* No signature serves two purposes (K8). */
static void
test_purposes(void)
{
	struct gate_keys *keys = new_keys("keyboard cat", "older");
	char one[GATE_SIGNATURE_LENGTH + 1], other[GATE_SIGNATURE_LENGTH + 1];
	struct gate_buffer b = {0};
	int accepted = 0;

	gate_sign_for(keys, "gate device", "text", 4, one);
	is(one, "BX8xHj0XBZaWBHOXRauYxCblW99NHqWukwtxxkIhzHY",
	    "HMAC under HMAC(secret, purpose), base64url");
	ok(gate_verify_for(keys, "gate device", "text", 4, one) == 1, "verifies");
	ok(gate_verify_for(keys, "gate devic", "text", 4, one) == 0 &&
		gate_verify_for(keys, "", "text", 4, one) == 0,
	    "for no other purpose");
	ok(gate_verify_for(keys, "gate device", "text!", 5, one) == 0 &&
		gate_verify_for(keys, "gate device", "tex", 3, one) == 0 &&
		gate_verify_for(keys, "gate device", "te\0t", 4, one) == 0,
	    "nor for another text");
	gate_sign_for(keys, "gate device", "te\0t", 4, other);
	ok(strcmp(one, other) != 0 && gate_verify_for(keys, "gate device", "te\0t", 4, other) == 1,
	    "a text may hold any byte");
	for (size_t i = 0; i < sizeof one - 1; i++)
		for (int c = 0; c < 256; c++) {
			memcpy(other, one, sizeof one);
			other[i] = (char)c;
			accepted += gate_verify_for(keys, "gate device", "text", 4, other);
		}
	ok(accepted == GATE_SIGNATURE_LENGTH, "another byte at each of 43 places is refused");
	gate_sign(keys, "text", &b);
	memcpy(other, b.data + strlen("text."), sizeof other);
	ok(gate_verify_for(keys, "gate device", "text", 4, other) == 0,
	    "a session's signature serves nothing else");
	gate_buffer_reset(&b);
	gate_buffer_printf(&b, "text.%s", one);
	ok(is_refused(keys, b.data, b.length), "nor does another one for a session");
	gate_buffer_release(&b);
	gate_keys_free(keys);
}

static void
test_purposes_rotation(void)
{
	static const char *const secrets[] = {"first", "second", "third", "fourth", NULL};
	struct gate_keys *ring = gate_keys_new(secrets, NULL), *one;
	char signature[GATE_SIGNATURE_LENGTH + 1], first[GATE_SIGNATURE_LENGTH + 1];
	bool all = true;

	for (size_t i = 0; i < GATE_SECRETS_MAX; i++) {
		one = new_keys(secrets[i], NULL);
		gate_sign_for(one, "gate device", "text", 4, signature);
		all = all && gate_verify_for(ring, "gate device", "text", 4, signature) == 1;
		if (i == 0)
			memcpy(first, signature, sizeof first);
		gate_keys_free(one);
	}
	ok(all, "all secrets verify for a purpose");
	gate_sign_for(ring, "gate device", "text", 4, signature);
	is(signature, first, "the first signs");
	one = new_keys("fifth", NULL);
	ok(gate_verify_for(one, "gate device", "text", 4, signature) == 0, "no other does");
	gate_keys_free(one);
	gate_keys_free(ring);
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, 33);
}

static void
test_ids(void)
{
	enum { IDS = 20000 };
	char id[GATE_ID_MAX + 1], (*ids)[33] = calloc(IDS, sizeof *ids);
	int repeated = 0, unbalanced = 0, invalid = 0, bits[32][6] = {{0}};

	for (int i = 0; ids != NULL && i < IDS; i++) {
		invalid += gate_id_new(GATE_GENID_RANDOM, id) != 0 || strlen(id) != 32 ||
		    !gate_id_valid(id);
		memcpy(ids[i], id, 33);
		for (int k = 0; k < 32; k++) {
			char c = id[k] == '-' ? '+' : id[k] == '_' ? '/' : id[k];

			for (int bit = 0; bit < 6; bit++)
				bits[k][bit] += (int)(strchr(alphabet, c) - alphabet) >> bit & 1;
		}
	}
	ok(invalid == 0, "ids are valid and have 32 characters");
	qsort(ids, IDS, sizeof *ids, compare);
	for (int i = 1; i < IDS; i++)
		repeated += compare(ids[i - 1], ids[i]) == 0;
	ok(repeated == 0, "no id comes twice");
	for (int i = 0; i < 32 * 6; i++) /* 7 standard deviations */
		unbalanced +=
		    bits[i / 6][i % 6] < IDS / 2 - 500 || bits[i / 6][i % 6] > IDS / 2 + 500;
	ok(unbalanced == 0, "each of the 192 bits is set half of the time");
	free(ids);
}

static void
test_uuids(void)
{
	char id[GATE_ID_MAX + 1];
	bool good = true;

	for (int i = 0; i < 1000; i++) {
		good = good && gate_id_new(GATE_GENID_UUID, id) == 0 && strlen(id) == 36 &&
		    id[14] == '4' && strchr("89ab", id[19]) != NULL && gate_id_valid(id);
		for (int k = 0; good && k < 36; k++)
			good = k == 8 || k == 13 || k == 18 || k == 23
			    ? id[k] == '-'
			    : strchr("0123456789abcdef", id[k]) != NULL;
	}
	ok(good, "version 4 of UUIDs");
}

static void
test_id_valid(void)
{
	char id[GATE_ID_MAX + 2];
	bool good = true;

	for (int c = 1; c < 256; c++) {
		bool wanted =
		    strchr(alphabet, c) != NULL ? c != '+' && c != '/' : c == '-' || c == '_';

		snprintf(id, sizeof id, "a%cb", c);
		good = good && gate_id_valid(id) == wanted;
	}
	ok(good, "the bytes of an id");
	memset(id, 'x', sizeof id);
	id[GATE_ID_MAX] = '\0';
	ok(gate_id_valid(id), "128 bytes");
	id[GATE_ID_MAX] = 'x';
	id[GATE_ID_MAX + 1] = '\0';
	ok(!gate_id_valid(id), "129 bytes");
	ok(!gate_id_valid(""), "an empty id");
	ok(gate_id_valid("x"), "one byte");
	ok(!gate_id_valid("../etc/passwd"), "a path");
}

static void
test_kernel(void)
{
	unsigned char bytes[100] = {0}, zeros[100] = {0};
	char id[GATE_ID_MAX + 1];

	kernel = KERNEL_INTERRUPTS;
	ok(gate_random_bytes(bytes, sizeof bytes) == 0, "EINTR: tried again");
	kernel = KERNEL_SHORT;
	memset(bytes, 0, sizeof bytes);
	getrandom_calls = 0;
	ok(gate_random_bytes(bytes, sizeof bytes) == 0 && getrandom_calls == 20,
	    "short reads: all of it");
	ok(memcmp(bytes + 80, zeros, 20) != 0, "up to the end");
	kernel = KERNEL_FAILS;
	ok(gate_random_bytes(bytes, sizeof bytes) == -1, "a failure");
	ok(gate_id_new(GATE_GENID_RANDOM, id) == -1, "a failure: no id");
	ok(gate_id_new(GATE_GENID_UUID, id) == -1, "a failure: no uuid");
	kernel = KERNEL_EMPTY;
	ok(gate_random_bytes(bytes, sizeof bytes) == -1, "nothing read: no endless loop");
	ok(gate_random_bytes(bytes, 0) == 0, "nothing wanted");
	kernel = KERNEL_FINE;
}

static void
test_fork(void)
{
	char ours[GATE_ID_MAX + 1], theirs[2][33] = {{0}};
	int ends[2];

	if (pipe(ends) < 0)
		return;
	for (int i = 0; i < 2; i++) {
		pid_t child = fork();

		if (child == 0) {
			bool good = gate_id_new(GATE_GENID_RANDOM, ours) == 0;

			_exit(!good || write(ends[1], ours, 32) != 32);
		}
		waitpid(child, NULL, 0);
		ok(read(ends[0], theirs[i], 32) == 32, "a child makes an id");
	}
	gate_id_new(GATE_GENID_RANDOM, ours);
	ok(strcmp(theirs[0], theirs[1]) != 0 && strcmp(theirs[0], ours) != 0, "forked: other ids");
	close(ends[0]);
	close(ends[1]);
}

static void *
verify_often(void *data)
{
	static const char good[] = "sid-12." SID_12;
	const struct gate_keys *keys = data;
	size_t wrong = 0, id_length;
	bool old;

	for (int i = 0; i < 2000; i++) {
		wrong += gate_unsign(keys, good, sizeof good - 1, &id_length, &old) != 1 || !old;
		wrong += gate_unsign(keys, good, sizeof good - 2, &id_length, &old) != 0;
	}
	return wrong == 0 ? data : NULL;
}

static void
test_threads(void)
{
	struct gate_keys *keys = new_keys("newer", "keyboard cat");
	pthread_t threads[4];
	bool good = true;
	void *result;

	for (int i = 0; i < 4; i++)
		good = pthread_create(&threads[i], NULL, verify_often, keys) == 0 && good;
	for (int i = 0; i < 4; i++)
		good = pthread_join(threads[i], &result) == 0 && result != NULL && good;
	ok(good, "four threads share the keys");
	gate_keys_free(keys);
}

int
main(void)
{
	test_examples();
	test_long_secrets();
	test_refused();
	test_mutations();
	test_rotation();
	test_new();
	test_tag();
	test_purposes();
	test_purposes_rotation();
	test_ids();
	test_uuids();
	test_id_valid();
	test_kernel();
	test_fork();
	test_threads();
	return done();
}
