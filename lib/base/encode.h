/* base/encode.h: bytes as text and back. */
#ifndef GATE_BASE_ENCODE_H
#define GATE_BASE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define GATE_BASE64_LENGTH(bytes) (((bytes)*4 + 2) / 3) /* without padding */

/* `out` has room for the length above and a NUL. No padding is written. */
void gate_base64(char *out, const void *bytes, size_t length);    /* standard: + and / */
void gate_base64url(char *out, const void *bytes, size_t length); /* - and _ */
void gate_hex(char *out, const void *bytes, size_t length);       /* lower case, 2 * length */

/* encodeURIComponent: all but A-Z a-z 0-9 - _ . ! ~ * ' ( ) becomes %XX. */
int gate_percent_encode(struct gate_buffer *, const char *text, size_t length);
/* In place; *length shrinks; plus: '+' is a space. 0 (and text untouched): a bad escape. */
int gate_percent_decode(char *text, size_t *length, bool plus);
/* Strict: no overlong forms, no surrogates, at most U+10FFFF. */
bool gate_utf8_valid(const char *text, size_t length);
/* Bytes of the well-formed UTF-8 character at the start of text (1-4), 0: none there. */
size_t gate_utf8_character(const char *text, size_t length);
/* & < > " ' become &amp; &lt; &gt; &quot; &#39; */
int gate_html_escape(struct gate_buffer *, const char *text, size_t length);

#endif
