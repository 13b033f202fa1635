/* fuzz_sign.c: gate_unsign against a second, simple implementation of the same rule. */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"
#include "base/encode.h"
#include "crypto/sign.h"

#define BLOCK 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
sha256(unsigned char out[32], const struct gate_buffer *b)
{
	char hex[GATE_SHA256_HEX + 1];

	gate_sha256_hex(hex, gate_buffer_text(b), b->length);
	for (size_t i = 0; i < 32; i++) {
		char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};

		out[i] = (unsigned char)strtoul(digits, NULL, 16);
	}
}

/* RFC 2104, word for word; secrets of this test have at most a block. */
static void
hmac(unsigned char out[32], const char *secret, const char *text, size_t length)
{
	struct gate_buffer inner = {0}, outer = {0};

	for (size_t i = 0; i < BLOCK; i++) {
		char byte = i < strlen(secret) ? secret[i] : 0;

		gate_buffer_putc(&inner, (char)(byte ^ 0x36));
		gate_buffer_putc(&outer, (char)(byte ^ 0x5c));
	}
	gate_buffer_add(&inner, text, length);
	sha256(out, &inner);
	gate_buffer_add(&outer, out, 32);
	sha256(out, &outer);
	gate_buffer_release(&inner);
	gate_buffer_release(&outer);
}

/* Base64 bit by bit. */
static bool
matches(const unsigned char mac[32], const char *text, size_t length)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	if (length != 43)
		return false;
	for (size_t i = 0; i < 43; i++) {
		size_t value = 0;

		for (size_t bit = 6 * i; bit < 6 * i + 6; bit++)
			value = value << 1 | (bit < 256 ? mac[bit / 8] >> (7 - bit % 8) & 1u : 0u);
		if (text[i] != alphabet[value])
			return false;
	}
	return true;
}

/* 0: refused, else the number of the first secret that made it. */
static int
simple_unsign(const char *const *secrets, const char *text, size_t length, size_t *id_length)
{
	unsigned char mac[32];
	size_t dot = length;

	while (dot > 0 && text[dot - 1] != '.')
		dot--;
	if (dot < 2)
		return 0;
	*id_length = dot - 1;
	for (int i = 0; secrets[i] != NULL; i++) {
		hmac(mac, secrets[i], text, dot - 1);
		if (matches(mac, text + dot, length - dot))
			return i + 1;
	}
	return 0;
}

static void
compare(const struct gate_keys *keys, const char *const *secrets, const char *text, size_t length)
{
	size_t id_length = 0, wanted_length = 0;
	bool old = false;
	int wanted = simple_unsign(secrets, text, length, &wanted_length);
	int got = gate_unsign(keys, text, length, &id_length, &old);

	assert(got == (wanted > 0));
	assert(got == 0 || (id_length == wanted_length && old == (wanted > 1)));
}

/* The first byte says what to do with the rest: compare it as it is, or first sign it with one of
 * the secrets and then damage it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const secrets[] = {"keyboard cat", "s3cr3t-\xc3\xa9", "k", NULL};
	struct gate_keys *keys = gate_keys_new(secrets, NULL);
	struct gate_buffer text = {0};

	assert(keys != NULL);
	if (size > 0)
		compare(keys, secrets, (const char *)data + 1, size - 1);
	if (size > 3) {
		struct gate_keys *one = gate_keys_new(&secrets[data[0] % 3], NULL);
		char *id = strndup((const char *)data + 3, size - 3);

		assert(one != NULL && id != NULL);
		gate_sign(one, id, &text);
		compare(keys, secrets, text.data, text.length);
		assert(id[0] == '\0' || data[0] % 3 > 0 ||
		    gate_unsign(keys, text.data, text.length, &(size_t){0}, &(bool){false}) == 1);
		text.data[data[1] % text.length] = (char)data[2];
		compare(keys, secrets, text.data, text.length);
		compare(keys, secrets, text.data, data[2] % text.length);
		gate_keys_free(one);
		free(id);
	}
	gate_buffer_release(&text);
	gate_keys_free(keys);
	return 0;
}
