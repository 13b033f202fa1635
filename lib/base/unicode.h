/* base/unicode.h: what a character does to who reads it. */
#ifndef GATE_BASE_UNICODE_H
#define GATE_BASE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATE_UNICODE_ESCAPE_MAX (sizeof "\\ud83d\\ude00")

/* The code of a well-formed UTF-8 character of so many bytes. */
uint32_t gate_unicode_code(const char *character, size_t length);
/* Does it act on a terminal or a line reader, turn the text around it, or show nothing? Controls (C0,
 * DEL, C1), formats, what is invisible, blanks but ' ', line ends, noncharacters. */
bool gate_unicode_is_hidden(uint32_t code);
/* Is a character of so many bytes a control: C0, DEL or C1? */
bool gate_unicode_is_control(const char *character, size_t length);
/* The length of what is whole of the text within `most` bytes: it ends in front of a character that
 * does not fit, or that is no UTF-8. */
size_t gate_unicode_cut(const char *text, size_t most);
/* As in JSON: \u00ad, a pair beyond U+FFFF. Returns its length. */
size_t gate_unicode_escape(char out[GATE_UNICODE_ESCAPE_MAX], uint32_t code);

#endif
