/* login/device.c: the cookie of a known device: id.time.signature. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/id.h"
#include "login/device.h"

#define PURPOSE "gate device" /* what the key is derived for */
#define TIME_MAX 15           /* digits of the time, in ms since 1970 */
#define STAMP_MAX (GATE_DEVICE_ID_LENGTH + 1 + TIME_MAX)
#define VALUE_MAX (STAMP_MAX + 1 + GATE_SIGNATURE_LENGTH)
#define CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
#define SIGNED_MAX (STAMP_MAX + GATE_SHA256_HEX)
#define SKEW (60 * 60 * 1000) /* ms that the clock of the host that made a cookie may be ahead */

/* Makes the text to sign: id.time, then a hash of the user's name. The hash has a fixed length, so
 * no two pairs of stamp and name make the same text. Returns the text's length. */
static size_t
signed_text(char out[SIGNED_MAX + 1], const char *stamp, size_t length, const char *name)
{
	memcpy(out, stamp, length);
	gate_sha256_hex(out + length, name, strlen(name));
	return length + GATE_SHA256_HEX;
}

int
gate_device_make(const struct gate_keys *keys, const char *name, const char *id, int64_t now,
    struct gate_buffer *out)
{
	char fresh[GATE_ID_MAX + 1], stamp[STAMP_MAX + 1], text[SIGNED_MAX + 1];
	char signature[GATE_SIGNATURE_LENGTH + 1];
	size_t length;

	if (id == NULL && gate_id_new(GATE_GENID_RANDOM, fresh) < 0)
		return -1;
	snprintf(stamp, sizeof stamp, "%.*s.%" PRId64, GATE_DEVICE_ID_LENGTH,
	    id != NULL ? id : fresh, now);
	length = signed_text(text, stamp, strlen(stamp), name);
	gate_sign_for(keys, PURPOSE, text, length, signature);
	gate_buffer_puts(out, stamp);
	gate_buffer_putc(out, '.');
	return gate_buffer_puts(out, signature);
}

bool
gate_device_is_shaped(const char *value)
{
	size_t length = strspn(value, CHARACTERS);

	return value[length] == '\0' && length > GATE_DEVICE_ID_LENGTH && length <= VALUE_MAX;
}

int
gate_device_check(const struct gate_keys *keys, const char *name, int64_t now, const char *value,
    size_t length, char id[GATE_DEVICE_ID_LENGTH + 1])
{
	const size_t shortest = GATE_DEVICE_ID_LENGTH + 2, signature = 1 + GATE_SIGNATURE_LENGTH;
	char text[SIGNED_MAX + 1];
	int64_t made;

	/* The shape is no secret, so this may return early. */
	if (length < shortest + signature || length > STAMP_MAX + signature)
		return 0;
	length -= signature;
	if (value[length] != '.' ||
	    !gate_verify_for(
		keys, PURPOSE, text, signed_text(text, value, length, name), value + length + 1))
		return 0;
	made = strtoll(value + GATE_DEVICE_ID_LENGTH + 1, NULL, 10); /* up to the dot */
	if (made < now - GATE_DEVICE_AGE || made > now + SKEW)
		return 0;
	memcpy(id, value, GATE_DEVICE_ID_LENGTH);
	id[GATE_DEVICE_ID_LENGTH] = '\0';
	return 1;
}
