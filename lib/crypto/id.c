/* crypto/id.c: session ids. */
#include "config.h"

#include <stdint.h>

#include "base/encode.h"
#include "crypto/id.h"
#include "crypto/random.h"

#define ID_BYTES 24
#define UUID_BYTES 16

int
gate_id_new(enum gate_genid kind, char out[GATE_ID_MAX + 1])
{
	unsigned char bytes[ID_BYTES];

	if (gate_random_bytes(bytes, kind == GATE_GENID_UUID ? UUID_BYTES : ID_BYTES) < 0)
		return -1;
	if (kind == GATE_GENID_RANDOM) {
		gate_base64url(out, bytes, ID_BYTES);
		return 0;
	}
	bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4 */
	bytes[8] = (bytes[8] & 0x3f) | 0x80; /* variant of RFC 9562 */
	for (size_t i = 0; i < UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		gate_hex(out, bytes + i, 1);
		out += 2;
	}
	return 0;
}

bool
gate_id_valid(const char *id)
{
	static const uint64_t allowed[4] = {/* one bit per character: - 0-9, A-Z _ a-z */
	    0x03ff200000000000, 0x07fffffe87fffffe};
	size_t length = 0;

	for (unsigned char c; length <= GATE_ID_MAX && (c = (unsigned char)id[length]) != '\0';
	     length++)
		if ((allowed[c >> 6] >> (c & 63) & 1) == 0)
			return false;
	return length > 0 && length <= GATE_ID_MAX;
}
