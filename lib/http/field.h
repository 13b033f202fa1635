/* http/field.h: the small rules that header fields share (RFC 9110). */
#ifndef GATE_HTTP_FIELD_H
#define GATE_HTTP_FIELD_H

#include <stdbool.h>
#include <stddef.h>

bool gate_field_is_token(const char *text); /* a name: letters, digits, !#$%&'*+-.^_`|~ */
void gate_field_trim(const char **text, size_t *length); /* spaces and tabs at both ends */

#endif
