/* gate_check/tree.c: directives and blocks of a web server's configuration, as one tree. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate_check/web.h"

#define SAID_MAX 400 /* bytes of one finding; a longer one is cut */

struct gate_web_variable {
	struct gate_web_variable *next;
	char *name, *value;
};

/* ---- what is said ---- */

static void say(struct gate_web *, enum gate_check_level, const char *file, unsigned int line,
    const char *format, va_list) __attribute__((format(printf, 5, 0)));

static void
say(struct gate_web *web, enum gate_check_level level, const char *file, unsigned int line,
    const char *format, va_list arguments)
{
	char text[SAID_MAX];

	vsnprintf(text, sizeof text, format, arguments);
	web->report(web->data, level, file, line, text);
}

void
gate_web_say(struct gate_web *web, enum gate_check_level level, const char *file, unsigned int line,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(web, level, file, line, format, arguments);
	va_end(arguments);
}

void
gate_web_refuse(struct gate_web *web, const struct gate_web_text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(web, GATE_CHECK_ERROR, text->path, text->line, format, arguments);
	va_end(arguments);
}

/* ---- words ---- */

void
gate_web_end_word(struct gate_web_words *words)
{
	gate_buffer_putc(&words->text, '\0');
	words->count++;
}

void
gate_web_put_word(struct gate_web_words *words, const char *word)
{
	gate_buffer_puts(&words->text, word);
	gate_web_end_word(words);
}

static void
clear(struct gate_web_words *words)
{
	gate_buffer_reset(&words->text);
	words->count = 0;
}

/* ---- nodes ---- */

static void
free_node(struct gate_web_node *node)
{
	if (node == NULL)
		return;
	free(node->words);
	free(node->text);
	free(node);
}

/* Returns a node with a copy of the words, NULL if there is no memory. */
static struct gate_web_node *
make_node(const struct gate_web_words *words)
{
	struct gate_web_node *node = calloc(1, sizeof *node);
	char *word;

	if (node == NULL || words->text.failed)
		goto fail;
	node->words = calloc(words->count + 1, sizeof *node->words);
	node->text = calloc(1, words->text.length + 1);
	if (node->words == NULL || node->text == NULL)
		goto fail;
	if (words->text.length > 0)
		memcpy(node->text, words->text.data, words->text.length);
	word = node->text;
	for (; node->count < words->count; node->count++) {
		node->words[node->count] = word;
		word += strlen(word) + 1;
	}
	return node;
fail:
	free_node(node);
	return NULL;
}

static void
append(struct gate_web_node *parent, struct gate_web_node *node)
{
	node->parent = parent;
	node->next = NULL;
	node->prev = parent->last;
	if (parent->last != NULL)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
}

/* Returns what keeps another node from being added; NULL: nothing does. */
static const char *
limit(struct gate_web *web, const struct gate_web_node *parent, size_t length)
{
	if (web->nodes >= GATE_WEB_NODES_MAX)
		return "there are too many directives to check";
	if (length > GATE_WEB_SIZE_MAX - web->size)
		return "this is too long to check";
	if (parent != NULL && parent->depth >= GATE_WEB_DEPTH_MAX)
		return "blocks are nested too deeply to check";
	return NULL;
}

struct gate_web_node *
gate_web_add(struct gate_web *web, struct gate_web_node *parent, const struct gate_web_text *text,
    struct gate_web_words *words)
{
	const char *why = limit(web, parent, words->text.length);
	struct gate_web_node *node = NULL;
	unsigned int line = words->line != 0 ? words->line : text->line;

	if (!web->full && why == NULL)
		node = make_node(words);
	if (node == NULL && !web->full)
		gate_web_say(web, GATE_CHECK_ERROR, text->path, line, "%s",
		    why != NULL ? why : "out of memory");
	web->full |= node == NULL;
	if (node != NULL) {
		web->size += words->text.length;
		web->nodes++;
		node->file = text->path;
		node->line = line;
		node->made = web->made;
		web->made = node;
		if (parent != NULL) {
			node->depth = parent->depth + 1;
			append(parent, node);
		}
	}
	clear(words);
	return node;
}

void
gate_web_unwrap(struct gate_web_node *last)
{
	struct gate_web_node *parent = last->parent, *child = last->first, *next;

	parent->last = last->prev;
	if (last->prev != NULL)
		last->prev->next = NULL;
	else
		parent->first = NULL;
	last->first = last->last = last->prev = NULL;
	for (; child != NULL; child = next) {
		next = child->next;
		append(parent, child);
	}
}

/* ---- the tree ---- */

int
gate_web_init(struct gate_web *web, gate_web_reader *read, gate_web_report *report, void *data)
{
	const struct gate_web_text nowhere = {.path = ""};
	struct gate_web_words none = {.count = 0};

	*web = (struct gate_web){.read = read, .report = report, .data = data, .named = ""};
	web->root = gate_web_add(web, NULL, &nowhere, &none);
	gate_buffer_release(&none.text);
	if (web->root == NULL)
		return -1;
	web->root->block = true;
	return 0;
}

void
gate_web_set(struct gate_web *web, const char *name, const char *value)
{
	size_t length = strlen(name) + strlen(value);
	struct gate_web_variable *variable;

	if (web->nodes >= GATE_WEB_NODES_MAX || length > GATE_WEB_SIZE_MAX - web->size)
		return; /* its value shows as its name then */
	variable = calloc(1, sizeof *variable);
	if (variable == NULL)
		return;
	variable->name = strdup(name);
	variable->value = strdup(value);
	variable->next = web->variables;
	web->variables = variable;
	web->size += length;
	web->nodes++;
}

const char *
gate_web_get(const struct gate_web *web, const char *name)
{
	for (const struct gate_web_variable *v = web->variables; v != NULL; v = v->next)
		if (v->name != NULL && v->value != NULL && strcmp(v->name, name) == 0)
			return v->value;
	return NULL;
}

static void
free_variables(struct gate_web_variable *variable)
{
	while (variable != NULL) {
		struct gate_web_variable *next = variable->next;

		free(variable->name);
		free(variable->value);
		free(variable);
		variable = next;
	}
}

void
gate_web_free_nodes(struct gate_web *web)
{
	while (web->made != NULL) {
		struct gate_web_node *before = web->made->made;

		free_node(web->made);
		web->made = before;
	}
	free_variables(web->variables);
	web->variables = NULL;
	web->root = web->raw = NULL;
}

/* ---- characters ---- */

int
gate_web_peek(const struct gate_web_text *text)
{
	return text->at < text->end ? (unsigned char)*text->at : -1;
}

int
gate_web_take(struct gate_web_text *text)
{
	int c = gate_web_peek(text);

	if (c >= 0)
		text->at++;
	text->line += c == '\n';
	return c;
}

void
gate_web_skip_blanks(struct gate_web_text *text, bool lines)
{
	int c;

	while (c = gate_web_peek(text),
	    c == ' ' || c == '\t' || c == '\r' || (lines && (c == '\n' || c == '#'))) {
		gate_web_take(text);
		while (c == '#' && gate_web_peek(text) >= 0 && gate_web_peek(text) != '\n')
			gate_web_take(text);
	}
}

/* ---- looking ---- */

const char *
gate_web_word(const struct gate_web_node *node, size_t i)
{
	return i < node->count ? node->words[i] : "";
}

bool
gate_web_is(const struct gate_web_node *node, const char *name)
{
	return node->count > 0 && strcmp(node->words[0], name) == 0;
}

static const struct gate_web_node *
first_of(const struct gate_web_node *node, const char *name)
{
	while (node != NULL && !gate_web_is(node, name))
		node = node->next;
	return node;
}

const struct gate_web_node *
gate_web_child(const struct gate_web_node *node, const char *name)
{
	return first_of(node->first, name);
}

const struct gate_web_node *
gate_web_again(const struct gate_web_node *node)
{
	return first_of(node->next, gate_web_word(node, 0));
}

const struct gate_web_node *
gate_web_inherited(const struct gate_web_node *node, const char *name)
{
	for (; node != NULL; node = node->parent) {
		const struct gate_web_node *found = gate_web_child(node, name);

		if (found != NULL)
			return found;
	}
	return NULL;
}

const struct gate_web_node *
gate_web_walk(const struct gate_web_node *top, const struct gate_web_node *node)
{
	if (node->first != NULL)
		return node->first;
	while (node != top && node->next == NULL)
		node = node->parent;
	return node != top ? node->next : NULL;
}

const struct gate_web_node *
gate_web_find(const struct gate_web_node *top, const struct gate_web_node *after, const char *name)
{
	const struct gate_web_node *at = after != NULL ? gate_web_walk(top, after) : top;

	while (at != NULL && !gate_web_is(at, name))
		at = gate_web_walk(top, at);
	return at;
}

const struct gate_web_node *
gate_web_around(const struct gate_web_node *node, const char *name)
{
	while (node != NULL && !gate_web_is(node, name))
		node = node->parent;
	return node;
}

/* ---- text ---- */

bool
gate_web_starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

bool
gate_web_ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), size = strlen(end);

	return length >= size && strcmp(text + (length - size), end) == 0;
}
