/* gate_check/read_caddy.c: reads a Caddyfile: a directive a line, { at its end begins a block;
 * import puts a snippet or a file in its place. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate_check/web.h"

#define ARGUMENT_SIZE 32 /* bytes of a placeholder for an argument, as {args[0]} */

/* ---- words ---- */

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Passes over blanks, comments, and line ends that a backslash hides. */
static void
skip_blanks(struct gate_web_text *text)
{
	int c;

	while ((c = gate_web_peek(text)) >= 0) {
		bool hidden = c == '\\' && text->end - text->at > 1 &&
		    (text->at[1] == '\n' || text->at[1] == '\r');

		if (hidden)
			gate_web_take(text);
		else if (c == '#')
			while (gate_web_peek(text) >= 0 && gate_web_peek(text) != '\n')
				gate_web_take(text);
		else if (!is_blank(c))
			return;
		if (hidden && gate_web_peek(text) == '\r')
			gate_web_take(text);
		if (hidden || is_blank(c))
			gate_web_take(text);
	}
}

/* Reads up to the closing quote. Returns 0, or -1 if there is none. */
static int
read_quoted(struct gate_web_text *text, struct gate_buffer *word)
{
	int quote = gate_web_take(text), c;

	while ((c = gate_web_take(text)) >= 0 && c != quote) {
		if (quote == '"' && c == '\\' && gate_web_peek(text) == '"')
			c = gate_web_take(text);
		gate_buffer_putc(word, (char)c);
	}
	return c >= 0 ? 0 : -1;
}

static void
read_plain(struct gate_web_text *text, struct gate_buffer *word)
{
	int c;

	while ((c = gate_web_peek(text)) >= 0 && c != '\n' && !is_blank(c))
		gate_buffer_putc(word, (char)gate_web_take(text));
}

/* Reads the lines up to one that is the marker of <<MARKER. Returns 0, or -1 if there is none. */
static int
read_heredoc(struct gate_web_text *text, const char *marker, struct gate_buffer *word)
{
	size_t length = strlen(marker);

	while (gate_web_take(text) >= 0) { /* first the line end */
		while (is_blank(gate_web_peek(text)))
			gate_buffer_putc(word, (char)gate_web_take(text));
		if ((size_t)(text->end - text->at) >= length &&
		    strncmp(text->at, marker, length) == 0) {
			text->at += length;
			return 0;
		}
		while (gate_web_peek(text) >= 0 && gate_web_peek(text) != '\n')
			gate_buffer_putc(word, (char)gate_web_take(text));
		gate_buffer_putc(word, '\n');
	}
	return -1;
}

/* Reads the word that comes next. Returns 0, or -1 if it has no end. */
static int
read_word(struct gate_web_text *text, struct gate_web_words *words)
{
	size_t begin = words->text.length;
	struct gate_buffer marker = {0};
	int c = gate_web_peek(text), result = 0;

	if (c == '"' || c == '`')
		result = read_quoted(text, &words->text);
	else
		read_plain(text, &words->text);
	if (c == '<' && !words->text.failed &&
	    gate_web_starts_with(words->text.data + begin, "<<") &&
	    words->text.length - begin > 2 && gate_web_peek(text) == '\n') {
		gate_buffer_puts(&marker, words->text.data + begin + 2);
		result = read_heredoc(text, gate_buffer_text(&marker), &words->text);
		gate_buffer_release(&marker);
	}
	gate_web_end_word(words);
	return result;
}

/* Returns the last word of a line; "": there is none. */
static const char *
last_word(const struct gate_web_words *words)
{
	const char *word = gate_buffer_text(&words->text);

	for (size_t i = 1; i < words->count; i++)
		word += strlen(word) + 1;
	return words->text.failed ? "" : word;
}

/* Reads the words of a line; at the top a comma at its end joins it with the next. Returns 0, or -1
 * with an error said. */
static int
read_line(struct gate_web *web, struct gate_web_text *text, struct gate_web_words *words, bool top)
{
	while (skip_blanks(text), gate_web_peek(text) >= 0) {
		if (gate_web_peek(text) == '\n') {
			gate_web_take(text);
			if (words->count == 0 || (top && gate_web_ends_with(last_word(words), ",")))
				continue;
			return 0;
		}
		if (words->count == 0)
			words->line = text->line;
		if (read_word(text, words) < 0) {
			gate_web_say(web, GATE_CHECK_ERROR, text->path, words->line,
			    "this quote has no end");
			return -1;
		}
	}
	return 0;
}

/* ---- the tree of a file as it stands ---- */

static void
drop_last(struct gate_web_words *words)
{
	size_t length = strlen(last_word(words)) + 1;

	words->text.length -= length <= words->text.length ? length : words->text.length;
	words->count--;
}

/* Adds the line to the tree. Returns the block that goes on; NULL with an error said. */
static struct gate_web_node *
add_line(struct gate_web *web, struct gate_web_text *text, struct gate_web_node *at,
    struct gate_web_words *words)
{
	bool opens = strcmp(last_word(words), "{") == 0;
	struct gate_web_node *node;

	if (words->count == 1 && strcmp(last_word(words), "}") == 0) {
		gate_buffer_reset(&words->text);
		words->count = 0;
		if (at->parent == NULL)
			gate_web_say(web, GATE_CHECK_ERROR, text->path, words->line,
			    "this brace closes nothing");
		return at->parent;
	}
	if (opens)
		drop_last(words);
	node = gate_web_add(web, at, text, words);
	if (node != NULL)
		node->block = opens;
	return node != NULL && !opens ? at : node;
}

/* Reads a file as it stands, below a node of its own. Returns that node; NULL: no memory. */
static struct gate_web_node *
read_raw(struct gate_web *web, struct gate_web_text *text)
{
	struct gate_web_words words = {.count = 0};
	struct gate_web_node *raw = gate_web_add(web, NULL, text, &words), *at = raw;
	int result = 0;

	while (at != NULL && result == 0) {
		result = read_line(web, text, &words, at == raw);
		if (result == 0 && words.count == 0)
			break;
		if (result == 0)
			at = add_line(web, text, at, &words);
	}
	if (at != NULL && at != raw && result == 0)
		gate_web_say(web, GATE_CHECK_ERROR, text->path, at->line, "this block has no end");
	gate_buffer_release(&words.text);
	return raw;
}

/* ---- the tree with all that is imported ---- */

struct import { /* that is in work */
	struct gate_web *web;
	struct gate_web_text *text;
	const struct gate_web_node *by; /* the import whose arguments count; NULL: none */
};

static bool
is_snippet(const struct gate_web_node *node)
{
	const char *name = gate_web_word(node, 0);

	return node->block && *name == '(' && gate_web_ends_with(name, ")");
}

static const struct gate_web_node *
find_snippet(const struct gate_web *web, const char *name)
{
	for (const struct gate_web_node *raw = web->raw; raw != NULL; raw = raw->next)
		for (const struct gate_web_node *node = raw->first; node != NULL; node = node->next)
			if (is_snippet(node) && gate_web_starts_with(node->words[0] + 1, name) &&
			    strlen(node->words[0]) == strlen(name) + 2)
				return node;
	return NULL;
}

/* Adds a word, with the import's arguments in the place of {args[N]} and {args.N}. */
static void
put_argued(struct gate_web_words *words, const char *word, const struct gate_web_node *by)
{
	const char *at;

	while (by != NULL && (at = strstr(word, "{args")) != NULL) {
		size_t length = strcspn(at, "}"), i = 0;
		bool known = at[length] == '}' && length < ARGUMENT_SIZE &&
		    sscanf(at + strlen("{args"), at[5] == '[' ? "[%2zu]" : ".%2zu", &i) == 1;

		gate_buffer_add(&words->text, word, (size_t)(at - word));
		if (known)
			gate_buffer_puts(&words->text, gate_web_word(by, 2 + i));
		else
			gate_buffer_puts(&words->text, "{args");
		word = known ? at + length + 1 : at + strlen("{args");
	}
	gate_web_put_word(words, word);
}

static struct gate_web_node *
copy_node(const struct import *import, struct gate_web_node *to, const struct gate_web_node *node)
{
	const struct gate_web_text where = {.path = node->file, .line = node->line};
	struct gate_web_words words = {.line = node->line};
	struct gate_web_node *copy;

	for (size_t i = 0; i < node->count; i++)
		put_argued(&words, node->words[i], import->by);
	copy = gate_web_add(import->web, to, &where, &words);
	if (copy != NULL)
		copy->block = node->block;
	gate_buffer_release(&words.text);
	return copy;
}

static void expand(const struct import *, const struct gate_web_node *from, struct gate_web_node *);

/* Reads the files that `by` names; `node` is where that stands. */
static void
import_files(
    const struct import *import, const struct gate_web_node *node, struct gate_web_node *to)
{
	const struct gate_web_text from = {.path = node->file,
	    .line = node->line,
	    .depth = import->text->depth,
	    .from = import->text};
	const char *slash = strrchr(node->file, '/');
	char *folder = slash != NULL ? strndup(node->file, (size_t)(slash - node->file)) : NULL;

	gate_web_read_included(import->web, &from, to,
	    &(const struct gate_web_include){
		.pattern = gate_web_word(import->by, 1), .folder = folder, .optional = true});
	free(folder);
}

/* Puts what a node imports below `to`. */
static void
import_node(const struct import *import, const struct gate_web_node *node, struct gate_web_node *to)
{
	struct import deeper = *import;
	struct gate_web_words words = {.line = node->line};
	const struct gate_web_node *snippet;

	for (size_t i = 0; i < node->count; i++)
		put_argued(&words, node->words[i], import->by);
	deeper.by = gate_web_add(import->web, NULL, import->text, &words);
	gate_buffer_release(&words.text);
	if (deeper.by == NULL)
		return;
	snippet = find_snippet(import->web, gate_web_word(deeper.by, 1));
	if (import->web->expanding >= GATE_WEB_DEPTH_MAX) {
		gate_web_say(import->web, GATE_CHECK_ERROR, node->file, node->line,
		    "import %s: imports are nested too deeply to check", gate_web_word(node, 1));
		import->web->full = true;
		return;
	}
	import->web->expanding++;
	if (snippet != NULL)
		expand(&deeper, snippet, to);
	else
		import_files(&deeper, node, to);
	import->web->expanding--;
}

/* Copies what is below `from` to below `to`, imports in their places. */
static void
expand(const struct import *import, const struct gate_web_node *from, struct gate_web_node *to)
{
	for (const struct gate_web_node *node = from->first; node != NULL && !import->web->full;
	     node = node->next) {
		struct gate_web_node *copy;

		if (is_snippet(node))
			continue;
		if (gate_web_is(node, "import") && node->count > 1) {
			import_node(import, node, to);
			continue;
		}
		copy = copy_node(import, to, node);
		if (copy != NULL)
			expand(import, node, copy);
	}
}

/* Is this the file of a single site without braces: its first line is the address? */
static bool
has_no_braces(const struct gate_web_node *raw)
{
	const struct gate_web_node *first = raw->first;

	while (first != NULL && (is_snippet(first) || (first->block && first->count == 0)))
		first = first->next; /* snippets, and the options for all sites */
	return first != NULL && !first->block && !gate_web_is(first, "import");
}

void
gate_web_read_caddy(struct gate_web *web, struct gate_web_text *text, struct gate_web_node *parent)
{
	const struct import import = {.web = web, .text = text};
	struct gate_web_node *raw = read_raw(web, text), *site, *child;

	if (raw == NULL)
		return;
	raw->next = web->raw;
	web->raw = raw;
	expand(&import, raw, parent);
	if (parent != web->root || text->from != NULL || !has_no_braces(raw))
		return;
	/* its address becomes the block that the rest is in */
	site = parent->first;
	while (site != NULL && (site->block || site->count == 0))
		site = site->next;
	if (site == NULL)
		return;
	child = site->next;
	site->next = NULL;
	site->block = true;
	site->first = child;
	site->last = child != NULL ? parent->last : NULL;
	parent->last = site;
	for (; child != NULL; child = child->next)
		child->parent = site;
	if (site->first != NULL)
		site->first->prev = NULL;
}
