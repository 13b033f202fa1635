/* crypto/seal.c: encrypts and authenticates text that strangers keep for us: AES-256-GCM. */
#include "config.h"

#include <string.h>

#include <openssl/evp.h>

#include "crypto/random.h"
#include "crypto/seal.h"

#define SALT 16  /* bytes, before the text */
#define TAG 16   /* bytes, after the text */
#define BLOCK 96 /* sealed bytes are a multiple of this; base64 then needs no padding */
#define SEALED_MAX (GATE_SEAL_MAX + SALT + TAG + BLOCK)

/* Encrypts or decrypts in place. Writes the tag after the text, or checks it. The nonce may always
 * be 0, as each text has its own key, made from a random salt. */
static bool
crypt(const unsigned char key[GATE_KEY_LENGTH], const char *place, unsigned char *text,
    size_t length, bool encrypt)
{
	static const unsigned char zero[12];
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int size, done;

	done = c != NULL && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, zero, encrypt) &&
	    EVP_CipherUpdate(c, NULL, &size, (const void *)place, (int)strlen(place)) &&
	    EVP_CipherUpdate(c, text, &size, text, (int)length);
	if (done && !encrypt)
		done = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, text + length);
	done = done && EVP_CipherFinal_ex(c, text + length, &size) > 0;
	if (done && encrypt)
		done = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, text + length);
	EVP_CIPHER_CTX_free(c);
	return done != 0;
}

/* Converts between base64 and base64url, which differ in two characters. */
static void
swap(char *text, size_t length, const char from[2], const char to[2])
{
	for (size_t i = 0; i < length; i++)
		if (text[i] == from[0])
			text[i] = to[0];
		else if (text[i] == from[1])
			text[i] = to[1];
}

static bool
is_base64url(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '_'))
			return false;
	}
	return true;
}

int
gate_seal(const struct gate_keys *keys, const char *purpose, const char *place, const char *text,
    size_t length, struct gate_buffer *out)
{
	unsigned char bytes[SEALED_MAX], key[GATE_KEY_LENGTH];
	char base64[SEALED_MAX / 3 * 4 + 4];
	size_t size = (length + SALT + TAG + BLOCK - 1) / BLOCK * BLOCK;
	bool done;

	if (length > GATE_SEAL_MAX || gate_random_bytes(bytes, SALT) < 0)
		return -1;
	memcpy(bytes + SALT, text, length);
	memset(bytes + SALT + length, ' ', size - SALT - TAG - length);
	done = gate_keys_derive(keys, 0, purpose, bytes, SALT, key) &&
	    crypt(key, place, bytes + SALT, size - SALT - TAG, true);
	explicit_bzero(key, sizeof key);
	if (!done)
		return -1;
	EVP_EncodeBlock((unsigned char *)base64, bytes, (int)size);
	swap(base64, size / 3 * 4, "+/", "-_");
	return gate_buffer_puts(out, base64);
}

/* Tries one secret. Decrypts a copy, as a wrong key destroys it. */
static bool
opens(const struct gate_keys *keys, size_t which, const char *purpose, const char *place,
    const unsigned char *bytes, size_t size, unsigned char *text)
{
	unsigned char key[GATE_KEY_LENGTH];
	bool done;

	memcpy(text, bytes + SALT, size - SALT);
	done = gate_keys_derive(keys, which, purpose, bytes, SALT, key) &&
	    crypt(key, place, text, size - SALT - TAG, false);
	explicit_bzero(key, sizeof key);
	return done;
}

int
gate_unseal(const struct gate_keys *keys, const char *purpose, const char *place,
    const char *sealed, size_t length, struct gate_buffer *out)
{
	unsigned char bytes[SEALED_MAX], text[SEALED_MAX];
	char base64[SEALED_MAX / 3 * 4];
	size_t size = length / 4 * 3;

	if (length > sizeof base64 || length == 0 || length % (BLOCK / 3 * 4) != 0)
		return 0;
	if (!is_base64url(sealed, length)) /* OpenSSL would take '=' as 'A' */
		return 0;
	memcpy(base64, sealed, length);
	swap(base64, length, "-_", "+/");
	if (EVP_DecodeBlock(bytes, (unsigned char *)base64, (int)length) != (int)size)
		return 0;
	for (size_t i = 0; i < GATE_SECRETS_MAX; i++)
		if (opens(keys, i, purpose, place, bytes, size, text))
			return gate_buffer_add(out, text, size - SALT - TAG) < 0 ? -1 : 1;
	return 0;
}
