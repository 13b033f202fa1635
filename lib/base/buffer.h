/* base/buffer.h: a growing array of bytes; the only place that does size arithmetic. */
#ifndef GATE_BASE_BUFFER_H
#define GATE_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gate_buffer {   /* {0} is an empty buffer */
	char *data;    /* NUL-terminated; NULL until something is added */
	size_t length; /* without that NUL */
	size_t size;   /* bytes allocated */
	size_t limit;  /* most bytes it may hold; 0: GATE_BUFFER_MAX */
	bool secret;   /* it may hold a password: memory is wiped before it is freed */
	bool failed;   /* out of memory or over the limit; further adds do nothing */
};

#define GATE_BUFFER_MAX (64u << 20)

/* Reserving and adding return 0, or -1 with `failed` set. It stays set: a run of adds needs one
 * check. */
int gate_buffer_reserve(struct gate_buffer *, size_t more); /* makes room for `more` bytes */
int gate_buffer_add(struct gate_buffer *, const void *bytes, size_t length);
int gate_buffer_puts(struct gate_buffer *, const char *text);
int gate_buffer_putc(struct gate_buffer *, char c);
int gate_buffer_printf(struct gate_buffer *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int gate_buffer_vprintf(struct gate_buffer *, const char *format, va_list)
    __attribute__((format(printf, 2, 0)));
int gate_buffer_integer(struct gate_buffer *, int64_t);    /* as decimal digits */
int gate_buffer_write(const struct gate_buffer *, int fd); /* all bytes; 0, or -1 with errno */
void gate_buffer_reset(struct gate_buffer *); /* empties it and clears `failed`; keeps the memory */
void gate_buffer_release(
    struct gate_buffer *); /* frees the memory; then all is zero but limit and secret */
const char *gate_buffer_text(const struct gate_buffer *); /* borrowed; "" if empty, never NULL */

#endif
