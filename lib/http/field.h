/* http/field.h: the small rules that header fields share (RFC 9110). */
#ifndef GATE_HTTP_FIELD_H
#define GATE_HTTP_FIELD_H

#include <stdbool.h>
#include <stddef.h>

bool gate_field_is_token(const char *text); /* a name: letters, digits, !#$%&'*+-.^_`|~ */
bool gate_field_is_value(const char *text); /* no controls but tabs */
void gate_field_trim(const char **text, size_t *length); /* spaces and tabs at both ends */

/* Is it neither a blank nor a control? Bytes of UTF-8 are neither. */
static inline bool
gate_field_is_visible(char c)
{
	return (unsigned char)c > 0x20 && c != 0x7f;
}

#endif
