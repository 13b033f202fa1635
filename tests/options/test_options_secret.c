/* test_options_secret.c: which secrets can be guessed, and that chance makes none of them. */
#include "config.h"

#include <stdlib.h>

#include "base/encode.h"
#include "options/options.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "tap.h"

static const char guessed[] =
    "can be guessed: it is made of well-known words, rows of keys or repetitions";

/* What stands in manuals, in questions and in programs that were never finished. */
static void
test_weak(void)
{
	static const char *const weak[] = {"keyboard catkeyboard catkeyboard cat",
	    "keyboard cat keyboard cat keyboard cat", "passwordpasswordpasswordpassword",
	    "abababababababababababababababab", "your-256-bit-secretyour-256-bit-secret",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	    "a-string-secret-at-least-256-bits-long", "a-very-long-secret-with-32-bytes!!",
	    "0123456789abcdef0123456789abcdef", "abcdefghijklmnopqrstuvwxyz012345",
	    "abcdefghijklmnopqrstuvwxyz0123456789", "qwertyuiopasdfghjklzxcvbnm123456",
	    "11111111222222223333333344444444", "01234567890123456789012345678901",
	    "changemechangemechangemechangeme", "thisisasecretthisisasecretthisisasecret",
	    "my-super-secret-session-key-1234567890",
	    "your-secret-key-change-in-production-please!!",
	    "your-super-secret-key-change-this-in-production", "deadbeefdeadbeefdeadbeefdeadbeef",
	    "supersecretsupersecretsupersecret", "00000000-0000-0000-0000-000000000000",
	    "Lorem ipsum dolor sit amet, consectetur",
	    "70617373776f726470617373776f726470617373776f7264", "cGFzc3dvcmRwYXNzd29yZHBhc3N3b3Jk",
	    "secret_key_for_development_only_do_not_use",
	    "the quick brown fox jumps over the lazy dog",
	    "insecure-secret-key-for-testing-purposes", "ThisIsMySecretKeyForJWTTokens12345",
	    "replace-this-with-a-secure-random-secret", "node-express-session-secret-key-2024",
	    "correct horse battery staple correct horse", "please-change-this-to-a-random-string",
	    "change-this-to-a-long-random-string", "express-session-secret-keyboard-cat!!",
	    "SuperSecretSessionKeyForMyExpressApp2024", "some-long-random-string-that-nobody-knows",
	    "session_secret_session_secret_session_secret", "P@ssw0rdP@ssw0rdP@ssw0rdP@ssw0rd",
	    "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb", "aabbccddeeff00112233445566778899",
	    "1234567890abcdef1234567890abcdef",
	    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	    "enter-a-very-long-random-string-here-minimum-32-chars",
	    "thisismysupersecretkeyforjwtauthentication",
	    "MySuperSecretKeyThatIsAtLeast32CharactersLong!",
	    "my_jwt_secret_key_is_very_secure_and_long",
	    "dGhpc2lzYXNlY3JldGtleWZvcm15YXBwMTIzNDU2Nzg=",
	    "c2VjcmV0LWtleS1zZWNyZXQta2V5LXNlY3JldC1rZXk=", "Tr0ub4dor&3Tr0ub4dor&3Tr0ub4dor&3",
	    "ilovemycatilovemycatilovemycatilovemycat", "gategategategategategategategategate",
	    "12345678123456781234567812345678", "asdfasdfasdfasdfasdfasdfasdfasdf",
	    "verysecretverysecretverysecretve", "not-a-secret-not-a-secret-not-a-secret",
	    "default_secret_please_change_me_now_12345",
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="};
	static const char *const strong[] = {"bT3kQ9zLw7Rf2Hn5Yc8Vd1Xj6Mg4Ps0a",
	    "\xc3\xa9 bT3kQ9zLw7Rf2Hn5Yc8Vd1Xj6Mg4P", "\xff\xfe bT3kQ9zLw7Rf2Hn5Yc8Vd1Xj6Mg4P\xc3",
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=", "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"};

	for (size_t i = 0; i < sizeof weak / sizeof *weak; i++)
		is(gate_secret_weakness(weak[i]), guessed, weak[i]);
	for (size_t i = 0; i < sizeof strong / sizeof *strong; i++)
		is(gate_secret_weakness(strong[i]), NULL, strong[i]);
	is(gate_secret_weakness(""), "is shorter than 32 bytes", "empty");
	is(gate_secret_weakness("keyboard cat"), "is shorter than 32 bytes", "a short sample");
	is(gate_secret_weakness("bT3kQ9zLw7Rf2Hn5Yc8Vd1Xj6Mg4Ps0"), "is shorter than 32 bytes",
	    "31");
}

static void
make_uuid(char *out)
{
	unsigned char bytes[16];
	char hex[33];

	gate_random_bytes(bytes, sizeof bytes);
	gate_hex(hex, bytes, sizeof bytes);
	sprintf(out, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17, hex + 20);
}

/* Secrets as gate secret, openssl rand -base64 32, openssl rand -hex 32 and two calls of uuidgen
 * make them are never weak. Of 50 000 of each, none came near the bound. */
static void
test_chance(void)
{
	const char *counts = getenv("TEST_COUNTS");
	int rounds = counts != NULL && strcmp(counts, "full") == 0 ? 100000 : 10000, wrong[4] = {0};

	for (int i = 0; i < rounds; i++) {
		unsigned char bytes[32];
		char text[80];

		gate_random_bytes(bytes, sizeof bytes);
		gate_base64(text, bytes, sizeof bytes);
		wrong[0] += gate_secret_weakness(text) != NULL;
		gate_base64url(text, bytes, sizeof bytes);
		wrong[1] += gate_secret_weakness(text) != NULL;
		gate_hex(text, bytes, sizeof bytes);
		wrong[2] += gate_secret_weakness(text) != NULL;
		make_uuid(text);
		make_uuid(text + 36);
		wrong[3] += gate_secret_weakness(text) != NULL;
	}
	ok(wrong[0] == 0, "of %d of 32 bytes in base64 none (%d)", rounds, wrong[0]);
	ok(wrong[1] == 0, "in base64url none (%d)", wrong[1]);
	ok(wrong[2] == 0, "in hexadecimal digits none (%d)", wrong[2]);
	ok(wrong[3] == 0, "of as many pairs of UUIDs none (%d)", wrong[3]);
}

int
main(void)
{
	test_weak();
	test_chance();
	return done();
}
