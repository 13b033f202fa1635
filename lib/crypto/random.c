/* crypto/random.c: random bytes from the kernel. */
#include "config.h"

#include <errno.h>
#include <sys/random.h>

#include "crypto/random.h"

int
gate_random_bytes(void *bytes, size_t length)
{
	unsigned char *out = bytes;

	while (length > 0) {
		ssize_t got = getrandom(out, length, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		out += got;
		length -= (size_t)got;
	}
	return 0;
}
