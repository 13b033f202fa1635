/* test_seal.c: a seal opens only if text, purpose, place and secret are all the same. */
#include "config.h"

#include "fixture.h"
#include "crypto/seal.h"

static const char old_secret[] = "0ld-secret-of-the-seal-test-0123456789",
		  new_secret[] = "new-secret-of-the-seal-test-0123456789";

static struct gate_keys *
new_keys(const char *first, const char *second)
{
	const char *const secrets[] = {first, second, NULL};
	struct gate_keys *keys = gate_keys_new(secrets, NULL);

	must(keys != NULL, "keys");
	return keys;
}

/* The text without the blanks behind it, or "none". */
static const char *
opened(const struct gate_keys *keys, const char *purpose, const char *place, const char *sealed)
{
	static char text[GATE_SEAL_MAX + 128];
	struct gate_buffer out = {0};
	size_t length;

	if (gate_unseal(keys, purpose, place, sealed, strlen(sealed), &out) != 1)
		return "none";
	snprintf(text, sizeof text, "%s", gate_buffer_text(&out));
	for (length = strlen(text); length > 0 && text[length - 1] == ' '; length--)
		text[length - 1] = '\0';
	gate_buffer_release(&out);
	return text;
}

static void
test_seal(void)
{
	struct gate_keys *keys = new_keys(new_secret, NULL), *old = new_keys(old_secret, NULL);
	struct gate_keys *both = new_keys(old_secret, new_secret);
	struct gate_buffer one = {0}, two = {0};
	char text[] = "{\"name\":\"alice\"}";

	ok(gate_seal(keys, "note", "/login", text, strlen(text), &one) == 0 &&
		gate_seal(keys, "note", "/login", text, strlen(text), &two) == 0,
	    "is sealed");
	ok(strcmp(one.data, two.data) != 0, "no two are alike");
	ok(one.data[strspn(one.data,
	       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0',
	    "an address may hold it");
	is(opened(keys, "note", "/login", one.data), text, "comes out");
	is(opened(both, "note", "/login", one.data), text,
	    "by a secret that is not the first, too");
	is(opened(old, "note", "/login", one.data), "none", "not by another secret");
	is(opened(keys, "device", "/login", one.data), "none", "nor for another purpose");
	is(opened(keys, "note", "/account", one.data), "none", "nor at another place");
	gate_buffer_release(&one);
	gate_buffer_release(&two);
	gate_keys_free(keys);
	gate_keys_free(old);
	gate_keys_free(both);
}

static void
test_every_character(void)
{
	struct gate_keys *keys = new_keys(new_secret, NULL);
	struct gate_buffer b = {0};
	size_t wrong = 0;

	do { /* one with a character that others could be taken for */
		gate_buffer_reset(&b);
		must(gate_seal(keys, "note", "/", "text", 4, &b) == 0, "a seal");
	} while (strchr(b.data, 'A') == NULL || strpbrk(b.data, "-_") == NULL);
	for (size_t i = 0; i < b.length; i++)
		for (const char *c = "A_-z0=/+ \n\x7f"; *c != '\0'; c++) {
			char was = b.data[i];

			b.data[i] = *c;
			wrong +=
			    *c != was && strcmp(opened(keys, "note", "/", b.data), "none") != 0;
			b.data[i] = was;
		}
	ok(wrong == 0, "with a character changed it is none");
	for (size_t length = 0; length < b.length; length++) {
		struct gate_buffer out = {0};
		char *cut = strndup(b.data, length);

		wrong += gate_unseal(keys, "note", "/", cut, length, &out) != 0;
		gate_buffer_release(&out);
		free(cut);
	}
	ok(wrong == 0, "and cut it is none");
	gate_buffer_release(&b);
	gate_keys_free(keys);
}

static void
test_lengths(void)
{
	struct gate_keys *keys = new_keys(new_secret, NULL);
	char text[GATE_SEAL_MAX + 2];
	size_t last = 0, steps = 0, wrong = 0;

	memset(text, 'x', sizeof text);
	for (size_t length = 0; length <= GATE_SEAL_MAX; length += length < 300 ? 1 : 97) {
		struct gate_buffer b = {0};
		char kept = text[length];

		wrong += gate_seal(keys, "note", "/", text, length, &b) != 0;
		text[length] = '\0';
		wrong += strcmp(opened(keys, "note", "/", gate_buffer_text(&b)), text) != 0;
		text[length] = kept;
		steps += length < 300 && b.length != last;
		last = b.length;
		gate_buffer_release(&b);
	}
	ok(wrong == 0, "text of any length comes out");
	ok(steps == 4, "and the seal shows its length in steps of 96 bytes only");
	ok(gate_seal(keys, "note", "/", text, GATE_SEAL_MAX + 1, &(struct gate_buffer){0}) == -1,
	    "too much is refused");
	gate_keys_free(keys);
}

int
main(void)
{
	test_seal();
	test_every_character();
	test_lengths();
	return done();
}
