/* crypto/sign.c: signs session ids: id.base64(HMAC-SHA256(secret, id)). */
#include "config.h"

#include <stdlib.h>
#include <string.h>

/* These calls are deprecated, but never fail, and are fast: a verification takes 0.1 us. OpenSSL
 * 3's other calls allocate memory: 0.7 us with EVP_MAC_CTX_dup, 1.9 us with HMAC(). */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/encode.h"
#include "base/error.h"
#include "crypto/sign.h"

struct key { /* an HMAC's key (RFC 2104), hashed already; as secret as the secret */
	SHA256_CTX inner, outer;
};

struct gate_keys {
	size_t count;
	struct key tag; /* for gate_sign_tag */
	struct key keys[GATE_SECRETS_MAX];
};

static void
key_init(struct key *key, const void *secret, size_t length)
{
	unsigned char pad[SHA256_CBLOCK] = {0};

	SHA256_Init(&key->inner);
	SHA256_Init(&key->outer);
	if (length > sizeof pad) {
		SHA256_Update(&key->inner, secret, length);
		SHA256_Final(pad, &key->inner);
		SHA256_Init(&key->inner);
	} else {
		memcpy(pad, secret, length);
	}
	for (size_t i = 0; i < sizeof pad; i++)
		pad[i] ^= 0x36;
	SHA256_Update(&key->inner, pad, sizeof pad);
	for (size_t i = 0; i < sizeof pad; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	SHA256_Update(&key->outer, pad, sizeof pad);
	OPENSSL_cleanse(pad, sizeof pad);
}

static void
key_hmac(
    const struct key *key, const void *text, size_t length, unsigned char out[SHA256_DIGEST_LENGTH])
{
	struct key states = *key;

	SHA256_Update(&states.inner, text, length);
	SHA256_Final(out, &states.inner);
	SHA256_Update(&states.outer, out, SHA256_DIGEST_LENGTH);
	SHA256_Final(out, &states.outer);
	OPENSSL_cleanse(&states, sizeof states);
}

static void
key_sign(const struct key *key, const char *id, size_t length, char out[GATE_SIGNATURE_LENGTH + 1])
{
	unsigned char mac[SHA256_DIGEST_LENGTH];

	key_hmac(key, id, length, mac);
	gate_base64(out, mac, sizeof mac);
	OPENSSL_cleanse(mac, sizeof mac);
}

/* Derives the key for a purpose: HMAC(secret, purpose). */
static void
key_derive(const struct key *secret, const char *purpose, struct key *out)
{
	unsigned char derived[SHA256_DIGEST_LENGTH];

	key_hmac(secret, purpose, strlen(purpose), derived);
	key_init(out, derived, sizeof derived);
	OPENSSL_cleanse(derived, sizeof derived);
}

struct gate_keys *
gate_keys_new(const char *const *secrets, struct gate_error *error)
{
	struct gate_keys *keys;

	keys = calloc(1, sizeof *keys);
	if (keys == NULL) {
		gate_fail(error, GATE_EMEMORY, "secret: out of memory");
		return NULL;
	}
	for (; secrets[keys->count] != NULL; keys->count++) {
		size_t length = strnlen(secrets[keys->count], GATE_SECRET_MAX + 1);

		if (keys->count == GATE_SECRETS_MAX) {
			gate_fail(error, GATE_EOPTION, "secret: at most %d may be given",
			    GATE_SECRETS_MAX);
			goto fail;
		}
		if (length == 0 || length > GATE_SECRET_MAX) {
			gate_fail(error, GATE_EOPTION, "secret number %zu must have 1 to %d bytes",
			    keys->count + 1, GATE_SECRET_MAX);
			goto fail;
		}
		key_init(&keys->keys[keys->count], secrets[keys->count], length);
	}
	if (keys->count == 0) {
		gate_fail(error, GATE_EOPTION, "secret: at least one must be given");
		goto fail;
	}
	key_derive(&keys->keys[0], "gate log-hash", &keys->tag);
	return keys;
fail:
	gate_keys_free(keys);
	return NULL;
}

void
gate_keys_free(struct gate_keys *keys)
{
	if (keys == NULL)
		return;
	OPENSSL_cleanse(keys, sizeof *keys);
	free(keys);
}

int
gate_sign(const struct gate_keys *keys, const char *id, struct gate_buffer *out)
{
	char signature[GATE_SIGNATURE_LENGTH + 1];
	size_t length = strlen(id);

	key_sign(&keys->keys[0], id, length, signature);
	gate_buffer_add(out, id, length);
	gate_buffer_putc(out, '.');
	return gate_buffer_add(out, signature, GATE_SIGNATURE_LENGTH);
}

int
gate_unsign(
    const struct gate_keys *keys, const char *text, size_t length, size_t *id_length, bool *old)
{
	char signature[GATE_SIGNATURE_LENGTH + 1];
	bool first = false, any = false;
	const char *given;

	/* The shape is not secret: leave early. The last 43 bytes may hold a dot, but it can't
	 * match. */
	if (length < 1 + 1 + GATE_SIGNATURE_LENGTH)
		return 0;
	given = text + length - GATE_SIGNATURE_LENGTH;
	if (given[-1] != '.')
		return 0;
	length -= GATE_SIGNATURE_LENGTH + 1;
	for (size_t i = 0; i < keys->count; i++) {
		key_sign(&keys->keys[i], text, length, signature);
		any |= CRYPTO_memcmp(signature, given, GATE_SIGNATURE_LENGTH) == 0;
		if (i == 0)
			first = any;
	}
	OPENSSL_cleanse(signature, sizeof signature);
	if (!any)
		return 0;
	*id_length = length;
	*old = !first;
	return 1;
}

static void
sign_for(const struct key *secret, const char *purpose, const char *text, size_t length,
    char out[GATE_SIGNATURE_LENGTH + 1])
{
	unsigned char mac[SHA256_DIGEST_LENGTH];
	struct key derived;

	key_derive(secret, purpose, &derived);
	key_hmac(&derived, text, length, mac);
	gate_base64url(out, mac, sizeof mac);
	OPENSSL_cleanse(mac, sizeof mac);
	OPENSSL_cleanse(&derived, sizeof derived);
}

void
gate_sign_for(const struct gate_keys *keys, const char *purpose, const char *text, size_t length,
    char out[GATE_SIGNATURE_LENGTH + 1])
{
	sign_for(&keys->keys[0], purpose, text, length, out);
}

int
gate_verify_for(const struct gate_keys *keys, const char *purpose, const char *text, size_t length,
    const char *given)
{
	char signature[GATE_SIGNATURE_LENGTH + 1];
	bool any = false;

	for (size_t i = 0; i < keys->count; i++) {
		sign_for(&keys->keys[i], purpose, text, length, signature);
		any |= CRYPTO_memcmp(signature, given, GATE_SIGNATURE_LENGTH) == 0;
	}
	OPENSSL_cleanse(signature, sizeof signature);
	return any;
}

bool
gate_keys_derive(const struct gate_keys *keys, size_t which, const char *purpose, const void *salt,
    size_t length, unsigned char key[GATE_KEY_LENGTH])
{
	struct key derived;

	if (which >= keys->count)
		return false;
	key_derive(&keys->keys[which], purpose, &derived);
	key_hmac(&derived, salt, length, key);
	OPENSSL_cleanse(&derived, sizeof derived);
	return true;
}

void
gate_sign_tag(const struct gate_keys *keys, const char *id, char out[GATE_TAG_LENGTH + 1])
{
	unsigned char mac[SHA256_DIGEST_LENGTH];

	key_hmac(&keys->tag, id, strlen(id), mac);
	gate_hex(out, mac, GATE_TAG_LENGTH / 2);
}
