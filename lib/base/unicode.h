/* base/unicode.h: which characters don't show as they are, and how to escape them. */
#ifndef GATE_BASE_UNICODE_H
#define GATE_BASE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATE_UNICODE_ESCAPE_MAX (sizeof "\\ud83d\\ude00")

/* Returns the code point of a well-formed UTF-8 character of `length` bytes. */
uint32_t gate_unicode_code(const char *character, size_t length);
/* Does a character act on a terminal or a line reader, turn the text around it, or show nothing?
 * Those are controls (C0, DEL, C1), format characters, invisible ones, blanks other than ' ', line
 * ends and noncharacters. */
bool gate_unicode_is_hidden(uint32_t code);
/* Is a UTF-8 character of `length` bytes a control: C0, DEL or C1? */
bool gate_unicode_is_control(const char *character, size_t length);
/* Returns the length of the longest beginning of text that has at most `most` bytes and is made of
 * whole UTF-8 characters. */
size_t gate_unicode_cut(const char *text, size_t most);
/* Returns how many bytes of a name, of `length` bytes, an error or a log line shows: whole UTF-8
 * characters, `most` bytes at most, and none from the first control on. */
size_t gate_unicode_shown(const char *name, size_t length, size_t most);
/* Writes a JSON escape: \u00ad, or a surrogate pair above U+FFFF. Returns its length. */
size_t gate_unicode_escape(char out[GATE_UNICODE_ESCAPE_MAX], uint32_t code);

#endif
