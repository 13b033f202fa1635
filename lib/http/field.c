/* http/field.c: small rules that all header fields share (RFC 9110). */
#include "config.h"

#include <string.h>

#include "http/field.h"

bool
gate_field_is_token(const char *text)
{
	static const char specials[] = "!#$%&'*+-.^_`|~";

	for (const char *c = text; *c != '\0'; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
			(*c >= '0' && *c <= '9') || strchr(specials, *c) != NULL))
			return false;
	return text[0] != '\0';
}

void
gate_field_trim(const char **text, size_t *length)
{
	while (*length > 0 && (**text == ' ' || **text == '\t')) {
		++*text;
		--*length;
	}
	while (*length > 0 && ((*text)[*length - 1] == ' ' || (*text)[*length - 1] == '\t'))
		--*length;
}

bool
gate_field_is_value(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
		if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
			return false;
	return true;
}
