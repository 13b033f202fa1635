/* base/buffer.h: a growing run of bytes; the only place that does size arithmetic. */
#ifndef GATE_BASE_BUFFER_H
#define GATE_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gate_buffer {   /* {0} is empty and ready */
	char *data;    /* NUL-terminated once anything was added; NULL before */
	size_t length; /* without that NUL */
	size_t size;
	size_t limit; /* most bytes it may hold; 0: GATE_BUFFER_MAX */
	bool secret;  /* a password may be in it: it leaves no copy where it was in memory */
	bool failed;  /* out of memory or over the limit: stays, further adds do nothing */
};

#define GATE_BUFFER_MAX (64u << 20)

/* All of them: 0, or -1 with `failed` set (so a run of adds needs one check at its end). */
int gate_buffer_reserve(struct gate_buffer *, size_t more); /* room for that many more bytes */
int gate_buffer_add(struct gate_buffer *, const void *bytes, size_t length);
int gate_buffer_puts(struct gate_buffer *, const char *text);
int gate_buffer_putc(struct gate_buffer *, char c);
int gate_buffer_printf(struct gate_buffer *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int gate_buffer_vprintf(struct gate_buffer *, const char *format, va_list)
    __attribute__((format(printf, 2, 0)));
int gate_buffer_integer(struct gate_buffer *, int64_t);    /* as decimal digits */
int gate_buffer_write(const struct gate_buffer *, int fd); /* all of it; 0 or -1 with errno */
void gate_buffer_reset(struct gate_buffer *); /* empty, keeps the memory, clears `failed` */
void gate_buffer_release(
    struct gate_buffer *); /* frees the memory, all zero but limit and secret */
const char *gate_buffer_text(const struct gate_buffer *); /* never NULL */

#endif
