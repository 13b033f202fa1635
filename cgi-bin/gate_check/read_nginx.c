/* gate_check/read_nginx.c: reads the syntax of nginx: words; ends a directive, { begins a
 * block. */
#include "config.h"

#include <string.h>

#include "gate_check/web.h"

enum token { WORD, SEMICOLON, OPEN, CLOSE, END, BAD };

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Adds the character behind a backslash as nginx does: a regular expression keeps its own. */
static void
add_escaped(struct gate_buffer *word, int c)
{
	if (c == 't' || c == 'r' || c == 'n') {
		gate_buffer_putc(word, c == 't' ? '\t' : c == 'r' ? '\r' : '\n');
		return;
	}
	if (c != '"' && c != '\'' && c != '\\')
		gate_buffer_putc(word, '\\');
	if (c >= 0)
		gate_buffer_putc(word, (char)c);
}

static bool
ends_word(int c, int before)
{
	return c < 0 || is_blank(c) || c == ';' || (c == '{' && before != '$');
}

/* Reads a word. Returns 0, or -1 if a quote has no end. */
static int
read_word(struct gate_web_text *text, struct gate_buffer *word)
{
	int quote = gate_web_peek(text), c, before = 0;

	if (quote == '"' || quote == '\'')
		gate_web_take(text);
	else
		quote = 0;
	while (c = gate_web_peek(text), quote != 0 ? c >= 0 && c != quote : !ends_word(c, before)) {
		gate_web_take(text);
		if (c == '\\')
			add_escaped(word, gate_web_take(text));
		else
			gate_buffer_putc(word, (char)c);
		before = c == '\\' ? 0 : c;
	}
	if (quote == 0)
		return 0;
	return gate_web_take(text) == quote ? 0 : -1;
}

static enum token
next_token(struct gate_web *web, struct gate_web_text *text, struct gate_web_words *words)
{
	unsigned int line;

	gate_web_skip_blanks(text, true);
	line = text->line;
	switch (gate_web_peek(text)) {
	case -1:
		return END;
	case ';':
		gate_web_take(text);
		return SEMICOLON;
	case '{':
		gate_web_take(text);
		return OPEN;
	case '}':
		gate_web_take(text);
		return CLOSE;
	default:
		break;
	}
	if (words->count == 0)
		words->line = line;
	if (read_word(text, &words->text) < 0) {
		gate_web_say(web, GATE_CHECK_ERROR, text->path, line, "this quote has no end");
		return BAD;
	}
	gate_web_end_word(words);
	return WORD;
}

/* Passes over the code of another language up to the brace that ends its block. */
static void
skip_code(struct gate_web *web, struct gate_web_text *text)
{
	unsigned int line = text->line;
	size_t open = 1;
	int c, quote = 0;

	while (open > 0 && (c = gate_web_take(text)) >= 0) {
		if (quote != 0 && c == '\\')
			gate_web_take(text);
		else if (quote != 0)
			quote = c == quote || c == '\n' ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '-' && gate_web_peek(text) == '-')
			quote = '\n';
		else
			open = open + (c == '{') - (c == '}');
	}
	if (open > 0)
		gate_web_say(web, GATE_CHECK_ERROR, text->path, line, "this block has no end");
}

/* Ends a directive. Returns -1 if there is none, or no place for it. */
static int
end_directive(struct gate_web *web, struct gate_web_text *text, struct gate_web_node *at,
    struct gate_web_words *words)
{
	if (words->count == 0) {
		gate_web_refuse(web, text, "this semicolon ends no directive");
		return -1;
	}
	if (words->count != 2 || strcmp(gate_buffer_text(&words->text), "include") != 0)
		return gate_web_add(web, at, text, words) != NULL ? 0 : -1;
	gate_web_include_word(web, text, at, words, true);
	return web->full ? -1 : 0;
}

/* Begins a block. Returns it, NULL if it has no name, or no place. */
static struct gate_web_node *
begin_block(struct gate_web *web, struct gate_web_text *text, struct gate_web_node *at,
    struct gate_web_words *words)
{
	bool code =
	    words->count > 0 && gate_web_ends_with(gate_buffer_text(&words->text), "_by_lua_block");
	struct gate_web_node *node;

	if (words->count == 0) {
		gate_web_refuse(web, text, "this block has no name");
		return NULL;
	}
	node = gate_web_add(web, at, text, words);
	if (node == NULL)
		return NULL;
	node->block = true;
	if (code)
		skip_code(web, text);
	return code ? at : node;
}

void
gate_web_read_nginx(struct gate_web *web, struct gate_web_text *text, struct gate_web_node *parent)
{
	struct gate_web_words words = {.count = 0};
	struct gate_web_node *at = parent;
	enum token token = WORD;

	while (at != NULL && token != END && token != BAD) {
		token = next_token(web, text, &words);
		if (token == SEMICOLON && end_directive(web, text, at, &words) < 0)
			token = BAD;
		else if (token == OPEN)
			at = begin_block(web, text, at, &words);
		else if (token == CLOSE && (at == parent || words.count > 0)) {
			gate_web_refuse(web, text, "this brace closes nothing");
			token = BAD;
		} else if (token == CLOSE)
			at = at->parent;
	}
	if (token == END && words.count > 0)
		gate_web_say(web, GATE_CHECK_ERROR, text->path, words.line,
		    "this directive has no semicolon");
	else if (token == END && at != parent)
		gate_web_say(web, GATE_CHECK_ERROR, text->path, at->line, "this block has no end");
	gate_buffer_release(&words.text);
}
