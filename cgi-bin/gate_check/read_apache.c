/* gate_check/read_apache.c: reads the syntax of Apache: a directive a line, <Section> and
 * </Section>; also what apache2ctl -t -D DUMP_CONFIG prints. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gate_check/web.h"

#define IN_FILE "# In file: "     /* of DUMP_CONFIG, in front of what stands in a file */
#define USED " used on line "     /* and in front of the place where a macro is used */
#define NUMBER_MAX 1000000        /* lines of a file */
#define LINE_MAX_SIZE (64u << 10) /* bytes of a line with the values of its variables */

struct reader {
	struct gate_web *web;
	struct gate_web_text *text;
	struct gate_web_node *parent, *at;
	struct gate_buffer line; /* with what a backslash adds to it */
	struct gate_web_words words;
	unsigned int dumped; /* the line that DUMP_CONFIG says; 0: it says none */
	bool in_macro;       /* that line is where a macro is used */
};

/* Says an error at the line that is being read. Returns -1. */
static int
refuse(const struct reader *r, const char *why)
{
	gate_web_say(r->web, GATE_CHECK_ERROR, r->text->path, r->words.line, "%s", why);
	return -1;
}

/* ---- lines ---- */

/* Reads the next line, and those that follow a backslash at its end. Returns 0 at the end. */
static int
next_line(struct reader *r)
{
	int c;

	gate_buffer_reset(&r->line);
	if (gate_web_peek(r->text) < 0)
		return 0;
	r->words.line = r->text->line;
	while ((c = gate_web_take(r->text)) >= 0 && c != '\n') {
		if (c == '\\' && gate_web_peek(r->text) == '\r')
			gate_web_take(r->text);
		if (c == '\\' && gate_web_peek(r->text) == '\n')
			gate_web_take(r->text);
		else if (c != '\r')
			gate_buffer_putc(&r->line, (char)c);
	}
	return 1;
}

/* Puts the values of variables in the place of ${NAME}; an unknown one stays. */
static void
expand(struct reader *r)
{
	struct gate_buffer out = {.limit = LINE_MAX_SIZE}, name = {0};
	const char *at = gate_buffer_text(&r->line), *dollar;

	while ((dollar = strstr(at, "${")) != NULL) {
		size_t length = strcspn(dollar + 2, "}");
		const char *value;

		gate_buffer_reset(&name);
		gate_buffer_add(&name, dollar + 2, length);
		value = dollar[2 + length] == '}' ? gate_web_get(r->web, gate_buffer_text(&name))
						  : NULL;
		gate_buffer_add(&out, at, (size_t)(dollar - at));
		if (value == NULL)
			gate_buffer_puts(&out, "${");
		else
			gate_buffer_puts(&out, value);
		at = dollar + 2 + (value != NULL ? length + 1 : 0);
	}
	gate_buffer_puts(&out, at);
	gate_buffer_release(&name);
	gate_buffer_release(&r->line);
	r->line = out;
}

/* ---- words ---- */

static void
split(struct gate_web_words *words, const char *at)
{
	while (at += strspn(at, " \t"), *at != '\0') {
		char quote = *at == '"' || *at == '\'' ? *at++ : '\0';

		while (*at != '\0' && (quote != '\0' ? *at != quote : strchr(" \t", *at) == NULL)) {
			if (*at == '\\' && at[1] != '\0' &&
			    (at[1] == '\\' || (quote != '\0' && at[1] == quote)))
				at++;
			gate_buffer_putc(&words->text, *at++);
		}
		at += quote != '\0' && *at != '\0';
		gate_web_end_word(words);
	}
}

/* Names are the same in capitals and in small letters. */
static void
lower_name(struct gate_web_words *words)
{
	for (char *c = words->text.data; c != NULL && *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
}

/* ---- sections ---- */

/* Does what stands in the section count as if it stood around it? */
static bool
is_transparent(const struct gate_web_node *section)
{
	static const char *const names[] = {
	    "ifmodule", "ifdefine", "ifversion", "iffile", "ifdirective", "ifsection"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (gate_web_is(section, names[i]))
			return true;
	return false;
}

static int
open_section(struct reader *r, char *line)
{
	size_t length = strlen(line);
	struct gate_web_node *node;

	while (length > 0 && strchr(" \t", line[length - 1]) != NULL)
		length--;
	if (length == 0 || line[length - 1] != '>')
		return refuse(r, "this section has no > at its end");
	line[length - 1] = '\0';
	split(&r->words, line);
	if (r->words.count == 0)
		return refuse(r, "this section has no name");
	lower_name(&r->words);
	node = gate_web_add(r->web, r->at, r->text, &r->words);
	if (node == NULL)
		return -1;
	node->block = true;
	r->at = node;
	return 0;
}

static int
close_section(struct reader *r, const char *name)
{
	size_t length = strcspn(name, "> \t");
	struct gate_web_node *section = r->at;

	if (section == r->parent || strlen(gate_web_word(section, 0)) != length ||
	    strncasecmp(gate_web_word(section, 0), name, length) != 0)
		return refuse(r, "this closes another section than is open");
	r->at = section->parent;
	if (is_transparent(section))
		gate_web_unwrap(section);
	return 0;
}

/* ---- directives ---- */

static void
set_folder(struct gate_web *web, const char *path)
{
	char *copy = strdup(path);

	if (copy == NULL)
		return;
	free(web->folder);
	web->folder = copy;
}

static int
read_directive(struct reader *r)
{
	const char *name, *first, *second;

	lower_name(&r->words);
	name = gate_buffer_text(&r->words.text);
	first = r->words.count > 1 ? name + strlen(name) + 1 : "";
	second = r->words.count > 2 ? first + strlen(first) + 1 : "";
	if ((strcmp(name, "include") == 0 || strcmp(name, "includeoptional") == 0) &&
	    *first != '\0') {
		gate_web_include_word(
		    r->web, r->text, r->at, &r->words, strcmp(name, "includeoptional") == 0);
		return r->web->full ? -1 : 0;
	}
	if (strcmp(name, "serverroot") == 0 && *first != '\0')
		set_folder(r->web, first);
	else if (strcmp(name, "define") == 0 && *first != '\0')
		gate_web_set(r->web, first, second);
	else if (strcmp(name, "use") == 0)
		gate_web_say(r->web, GATE_CHECK_NOTE, r->text->path, r->words.line,
		    "the macro %s is not expanded: check what apache2ctl -t -D DUMP_CONFIG prints",
		    first);
	return gate_web_add(r->web, r->at, r->text, &r->words) != NULL ? 0 : -1;
}

/* Takes the file that DUMP_CONFIG says. It calls what a macro brings: macro 'name' (defined …) used
 * on line 21 of "FILE": then all of it is said to stand there. */
static void
take_file(struct reader *r, const char *name)
{
	const char *used = NULL, *at = name;
	struct gate_buffer path = {0};
	unsigned long line = 0;
	char *end;

	while (gate_web_starts_with(name, "macro '") && (at = strstr(at, USED)) != NULL)
		used = at += strlen(USED);
	if (used != NULL) {
		line = strtoul(used, &end, 10);
		if (gate_web_starts_with(end, " of \"") && line < NUMBER_MAX)
			name = end + strlen(" of \"");
		else
			line = 0;
	}
	gate_buffer_add(&path, name, line != 0 ? strcspn(name, "\"") : strlen(name));
	r->web->sealed = true;
	r->text->path = gate_web_keep_path(r->web, gate_buffer_text(&path));
	r->dumped = (unsigned int)line;
	r->in_macro = line != 0;
	gate_buffer_release(&path);
}

/* DUMP_CONFIG says in comments where a directive stands. */
static void
read_comment(struct reader *r, const char *comment)
{
	char *end;
	unsigned long line;

	if (gate_web_starts_with(comment, IN_FILE)) {
		take_file(r, comment + strlen(IN_FILE));
		return;
	}
	line = strtoul(comment + 1, &end, 10);
	if (r->web->sealed && !r->in_macro && *end == ':' && line < NUMBER_MAX)
		r->dumped = (unsigned int)line;
}

/* Returns 0, or -1 if what follows can't be read. */
static int
read_line(struct reader *r)
{
	char *line;

	if (r->line.length == 0)
		return 0;
	line = r->line.data + strspn(r->line.data, " \t");
	if (*line == '#')
		read_comment(r, line);
	if (*line == '#' || *line == '\0')
		return 0;
	expand(r);
	if (r->line.failed)
		return refuse(r, "this line is too long to check");
	line = r->line.data + strspn(r->line.data, " \t");
	if (r->dumped != 0)
		r->words.line = r->dumped;
	if (line[0] == '<' && line[1] == '/')
		return close_section(r, line + 2);
	if (line[0] == '<')
		return open_section(r, line + 1);
	split(&r->words, line);
	return read_directive(r);
}

void
gate_web_read_apache(struct gate_web *web, struct gate_web_text *text, struct gate_web_node *parent)
{
	struct reader r = {.web = web, .text = text, .parent = parent, .at = parent};
	int result = 0;

	while (result == 0 && !web->full && next_line(&r) == 1)
		result = read_line(&r);
	if (result == 0 && !web->full && r.at != parent)
		gate_web_say(web, GATE_CHECK_ERROR, r.at->file, r.at->line,
		    "the section <%s> has no end", gate_web_word(r.at, 0));
	gate_buffer_release(&r.line);
	gate_buffer_release(&r.words.text);
}
