/* request/asked.c: what a handler can ask about its request: parameters, fields, cookies, body. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "request/request.h"

const char *
gate_param(struct gate_request *r, const char *name)
{
	size_t length = strlen(name);

	for (char *const *p = r->params; *p != NULL; p++)
		if ((*p)[0] == name[0] && strncmp(*p, name, length) == 0 && (*p)[length] == '=')
			return (*p)[length + 1] != '\0' ? *p + length + 1 : NULL;
	return NULL;
}

char *
gate_request_keep(struct gate_request *r, const char *text, size_t length)
{
	struct gate_block *block = malloc(sizeof *block + length + 1);

	if (block == NULL)
		return NULL;
	memcpy(block->bytes, text, length);
	block->bytes[length] = '\0';
	block->next = r->blocks;
	r->blocks = block;
	return block->bytes;
}

const char *
gate_method(struct gate_request *r)
{
	return r->method != NULL ? r->method : "";
}

/* ---- fields ---- */

static const struct gate_form_fields *
query_of(struct gate_request *r)
{
	const char *text = gate_param(r, "QUERY_STRING");

	if (!r->query_parsed && text != NULL)
		gate_form_parse(&r->query, text, strlen(text));
	r->query_parsed = true;
	return &r->query;
}

static bool
is_form(struct gate_request *r)
{
	static const char type[] = "application/x-www-form-urlencoded";
	const char *given = gate_param(r, "CONTENT_TYPE");

	return given != NULL && strncasecmp(given, type, sizeof type - 1) == 0 &&
	    strchr("; \t", given[sizeof type - 1]) != NULL;
}

static const struct gate_form_fields *
form_of(struct gate_request *r)
{
	if (!r->form_parsed && is_form(r) &&
	    gate_form_parse(&r->form, r->body, r->body_length) != 1)
		gate_log(GATE_LOG_WARN, "form-malformed", "path", r->path, NULL);
	r->form_parsed = true;
	return &r->form;
}

const char *
gate_query(struct gate_request *r, const char *name)
{
	return gate_form_get(query_of(r), name, NULL);
}

const char *
gate_query_at(struct gate_request *r, const char *name, size_t n)
{
	return gate_form_nth(query_of(r), name, n);
}

const char *
gate_form(struct gate_request *r, const char *name)
{
	return gate_form_get(form_of(r), name, NULL);
}

const char *
gate_form_at(struct gate_request *r, const char *name, size_t n)
{
	return gate_form_nth(form_of(r), name, n);
}

/* ---- the rest ---- */

const char *
gate_cookie(struct gate_request *r, const char *name)
{
	struct gate_cookie_pair pair;
	size_t position = 0, length = strlen(name);

	if (gate_transaction_is_too_large(&r->transaction))
		return NULL;
	while (gate_cookie_next(gate_buffer_text(&r->cookies), r->cookies.length, &position, &pair))
		if (pair.name_length == length && memcmp(pair.name, name, length) == 0)
			return gate_request_keep(r, pair.value, pair.value_length);
	return NULL;
}

const char *
gate_body(struct gate_request *r, size_t *length)
{
	*length = r->body_length;
	return r->body != NULL ? r->body : "";
}

const char *
gate_path(struct gate_request *r)
{
	return r->path;
}

const char *
gate_option(struct gate_request *r, const char *name)
{
	return gate_options_get(&r->config->options, name);
}

void *
gate_data(struct gate_request *r)
{
	return r->data;
}
