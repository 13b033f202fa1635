/* http/field.h: small rules that all header fields share (RFC 9110). */
#ifndef GATE_HTTP_FIELD_H
#define GATE_HTTP_FIELD_H

#include <stdbool.h>
#include <stddef.h>

bool gate_field_is_token(const char *text); /* a field's name: letters, digits, !#$%&'*+-.^_`|~ */
bool gate_field_is_value(const char *text); /* a field's value: no control but the tab */
void gate_field_trim(const char **text, size_t *length); /* cuts off blanks at both ends */

/* Is a byte neither blank nor control? All bytes of UTF-8 characters count as visible. */
static inline bool
gate_field_is_visible(char c)
{
	return (unsigned char)c > 0x20 && c != 0x7f;
}

#endif
