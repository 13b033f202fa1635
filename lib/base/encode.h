/* base/encode.h: bytes as text and back. */
#ifndef GATE_BASE_ENCODE_H
#define GATE_BASE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define GATE_BASE64_LENGTH(bytes) (((bytes)*4 + 2) / 3) /* without padding */

/* These write no padding. `out` has room for the encoded text and a NUL. */
void gate_base64(char *out, const void *bytes, size_t length);    /* standard alphabet: + and / */
void gate_base64url(char *out, const void *bytes, size_t length); /* URL alphabet: - and _ */
void gate_hex(char *out, const void *bytes, size_t length);       /* lower case; 2 * length */

/* Adds text, encoded like JavaScript's encodeURIComponent: all but A-Z a-z 0-9 - _ . ! ~ * ' ( )
 * becomes %XX. Returns 0, or -1 with the buffer's `failed` set. */
int gate_percent_encode(struct gate_buffer *, const char *text, size_t length);
/* Decodes %XX in place, and '+' as a space if `plus`; sets *length to the new length. Writes no
 * NUL. Returns 1, or 0 if an escape is bad; then text is unchanged. */
int gate_percent_decode(char *text, size_t *length, bool plus);
/* Is text well-formed UTF-8? No overlong forms, no surrogates, nothing above U+10FFFF. */
bool gate_utf8_valid(const char *text, size_t length);
/* Returns the length (1 to 4) of the UTF-8 character at the start of text, 0 if there is none. */
size_t gate_utf8_character(const char *text, size_t length);
/* Adds text, with & < > " ' as &amp; &lt; &gt; &quot; &#39;. Returns 0, or -1 with `failed` set. */
int gate_html_escape(struct gate_buffer *, const char *text, size_t length);

#endif
