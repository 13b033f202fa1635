/* gate_check/read_lighttpd.c: reads the syntax of lighttpd: name = value, where a value may be
 * a list of lists, and blocks with a condition. A value is a child of its node. */
#include "config.h"

#include <string.h>

#include "gate_check/web.h"

struct reader {
	struct gate_web *web;
	struct gate_web_text *text;
	bool bad; /* what follows can't be read */
};

static void
fail(struct reader *r, const char *why)
{
	if (!r->bad && !r->web->full)
		gate_web_refuse(r->web, r->text, "%s", why);
	r->bad = true;
}

/* ---- characters ---- */

/* Takes these characters if they come next. */
static bool
take(struct reader *r, const char *what)
{
	size_t length = strlen(what);

	if ((size_t)(r->text->end - r->text->at) < length ||
	    strncmp(r->text->at, what, length) != 0)
		return false;
	r->text->at += length;
	return true;
}

static bool
is_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '.' || c == '_' || c == '-';
}

static void
add_name(struct reader *r, struct gate_buffer *out)
{
	while (is_name(gate_web_peek(r->text)))
		gate_buffer_putc(out, (char)gate_web_take(r->text));
}

static void
add_string(struct reader *r, struct gate_buffer *out)
{
	int c, quote = gate_web_take(r->text);

	while ((c = gate_web_take(r->text)) >= 0 && c != quote) {
		if (c == '\\' && gate_web_peek(r->text) == quote)
			c = gate_web_take(r->text);
		gate_buffer_putc(out, (char)c);
	}
	if (c < 0)
		fail(r, "this string has no end");
}

/* ---- values ---- */

/* Adds a variable's value; of an unknown one its name stays. */
static void
add_variable(struct reader *r, struct gate_buffer *out)
{
	struct gate_buffer name = {0};
	const char *text, *value;

	add_name(r, &name);
	text = gate_buffer_text(&name);
	value = gate_web_get(r->web, text);
	if (value != NULL)
		gate_buffer_puts(out, value);
	else if (gate_web_starts_with(text, "var.") || gate_web_starts_with(text, "env."))
		gate_buffer_printf(out, "${%s}", text);
	else
		gate_buffer_puts(out, text);
	gate_buffer_release(&name);
}

/* Reads strings, numbers and variables that + joins, up to a list. Returns 0 if there is none. */
static int
read_scalar(struct reader *r, struct gate_buffer *out)
{
	struct gate_web_text before = *r->text;
	int found = 0, c;

	do {
		gate_web_skip_blanks(r->text, found != 0);
		c = gate_web_peek(r->text);
		if (c == '"' || c == '\'')
			add_string(r, out);
		else if (is_name(c))
			add_variable(r, out);
		else {
			*r->text = before;
			break;
		}
		found = 1;
		gate_web_skip_blanks(r->text, false);
		before = *r->text;
	} while (!r->bad && take(r, "+"));
	return found;
}

static struct gate_web_node *
add(struct reader *r, struct gate_web_node *parent, struct gate_web_words *words)
{
	struct gate_web_node *node = gate_web_add(r->web, parent, r->text, words);

	r->bad |= node == NULL;
	return node;
}

static void read_list(struct reader *r, struct gate_web_node *parent);

/* Reads the value of a node, as its children: a scalar, or a list, or what + joins of both. */
static void
read_value(struct reader *r, struct gate_web_node *node)
{
	struct gate_web_words words = {.line = r->text->line};
	bool found = false;

	do {
		gate_web_skip_blanks(r->text, true);
		if (take(r, "("))
			read_list(r, node);
		else if (read_scalar(r, &words.text) == 1) {
			gate_web_end_word(&words);
			add(r, node, &words);
		} else if (!found)
			fail(r, "here is no value");
		else
			break;
		found = true;
		gate_web_skip_blanks(r->text, false);
	} while (!r->bad && take(r, "+"));
	gate_buffer_release(&words.text);
}

static void
read_item(struct reader *r, struct gate_web_node *parent)
{
	struct gate_web_words words = {.line = r->text->line};
	struct gate_web_node *node;
	bool list = gate_web_peek(r->text) == '(';

	if (!list && read_scalar(r, &words.text) == 0)
		fail(r, "this list has no end");
	gate_web_end_word(&words);
	gate_web_skip_blanks(r->text, true);
	if (!r->bad && !list && take(r, "=>")) {
		gate_web_put_word(&words, "=>");
		node = add(r, parent, &words);
		if (node != NULL)
			read_value(r, node);
	} else if (!r->bad) {
		node = add(r, parent, &words);
		if (node != NULL && list && take(r, "("))
			read_list(r, node);
	}
	gate_buffer_release(&words.text);
}

/* Reads what stands behind the opening parenthesis. */
static void
read_list(struct reader *r, struct gate_web_node *parent)
{
	parent->block = true;
	while (!r->bad) {
		gate_web_skip_blanks(r->text, true);
		while (take(r, ","))
			gate_web_skip_blanks(r->text, true);
		if (take(r, ")"))
			return;
		read_item(r, parent);
	}
}

/* ---- statements ---- */

static void
add_condition(struct reader *r, struct gate_web_words *words)
{
	int c;

	while (c = gate_web_peek(r->text), is_name(c) || c == '$')
		gate_buffer_putc(&words->text, (char)gate_web_take(r->text));
	gate_web_skip_blanks(r->text, false);
	if (take(r, "[")) {
		gate_web_skip_blanks(r->text, false);
		gate_buffer_puts(&words->text, "[");
		if (gate_web_peek(r->text) == '"')
			add_string(r, &words->text);
		gate_web_skip_blanks(r->text, false);
		gate_buffer_puts(&words->text, "]");
		if (!take(r, "]"))
			fail(r, "this condition has no ]");
	}
	gate_web_end_word(words);
	gate_web_skip_blanks(r->text, false);
	while (c = gate_web_peek(r->text), c > 0 && strchr("=!~^$<>", c) != NULL)
		gate_buffer_putc(&words->text, (char)gate_web_take(r->text));
	gate_web_end_word(words);
	if (read_scalar(r, &words->text) == 0)
		fail(r, "this condition compares with nothing");
	gate_web_end_word(words);
}

static void read_statements(struct reader *r, struct gate_web_node *at);

static void
read_block(struct reader *r, struct gate_web_node *parent, struct gate_web_words *words)
{
	struct gate_web_node *node;

	gate_web_skip_blanks(r->text, true);
	if (!take(r, "{"))
		fail(r, "here a block should begin");
	if (r->bad || (node = add(r, parent, words)) == NULL)
		return;
	node->block = true;
	read_statements(r, node);
	if (!r->bad && !take(r, "}"))
		gate_web_say(
		    r->web, GATE_CHECK_ERROR, node->file, node->line, "this block has no end");
}

static void
include(struct reader *r, struct gate_web_node *at, bool shell)
{
	struct gate_buffer path = {0};

	gate_web_skip_blanks(r->text, false);
	if (read_scalar(r, &path) == 0)
		fail(r, "here is nothing to include");
	else if (shell)
		gate_web_say(r->web, GATE_CHECK_NOTE, r->text->path, r->text->line,
		    "the output of include_shell is not checked: %s", gate_buffer_text(&path));
	else
		gate_web_read_included(r->web, r->text, at,
		    &(const struct gate_web_include){.pattern = gate_buffer_text(&path),
			.folder = r->web->folder,
			.optional = true});
	gate_buffer_release(&path);
}

static void
assign(struct reader *r, struct gate_web_node *at, struct gate_web_words *words)
{
	const char *sign = take(r, "+=") ? "+=" : take(r, ":=") ? ":=" : "=";
	struct gate_web_node *node;

	if (*sign == '=' && !take(r, "="))
		fail(r, "here a value should be set");
	gate_web_put_word(words, sign);
	if (r->bad || (node = add(r, at, words)) == NULL)
		return;
	read_value(r, node);
	if (node->first != NULL && !node->block && strcmp(sign, "+=") != 0)
		gate_web_set(r->web, gate_web_word(node, 0), gate_web_word(node->first, 0));
}

static void
read_statement(struct reader *r, struct gate_web_node *at)
{
	struct gate_web_words words = {.line = r->text->line};
	const char *name;

	if (gate_web_peek(r->text) != '$') {
		add_name(r, &words.text);
		gate_web_end_word(&words);
	}
	name = gate_buffer_text(&words.text);
	gate_web_skip_blanks(r->text, gate_web_starts_with(name, "els"));
	if (gate_web_starts_with(name, "els"))
		take(r, "if");
	gate_web_skip_blanks(r->text, false);
	if (words.count > 0 && words.text.length < 2)
		fail(r, "this is no statement");
	else if (gate_web_peek(r->text) == '$') {
		add_condition(r, &words);
		read_block(r, at, &words);
	} else if (strcmp(name, "include") == 0 || strcmp(name, "include_shell") == 0)
		include(r, at, name[strlen("include")] != '\0');
	else if (gate_web_peek(r->text) == '{' || gate_web_starts_with(name, "els"))
		read_block(r, at, &words);
	else
		assign(r, at, &words);
	gate_buffer_release(&words.text);
}

static void
read_statements(struct reader *r, struct gate_web_node *at)
{
	while (!r->bad && !r->web->full) {
		gate_web_skip_blanks(r->text, true);
		while (take(r, ",")) /* lighttpd -p prints them */
			gate_web_skip_blanks(r->text, true);
		if (gate_web_peek(r->text) < 0 || gate_web_peek(r->text) == '}')
			return;
		read_statement(r, at);
	}
}

void
gate_web_read_lighttpd(
    struct gate_web *web, struct gate_web_text *text, struct gate_web_node *parent)
{
	struct reader r = {.web = web, .text = text};

	read_statements(&r, parent);
	if (!r.bad && !web->full && gate_web_peek(text) == '}')
		fail(&r, "this brace closes nothing");
}
