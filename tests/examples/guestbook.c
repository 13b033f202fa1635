/* guestbook.c: a guestbook in a file of its own, a JSON text a line. */
#include <gate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 800, LINE_SIZE = 6 * TEXT_MAX + 4 }; /* bytes: of a text, and of its line */

static void
show(struct gate_request *req)
{
	FILE *book = fopen(gate_option(req, "guestbook.file"), "re");
	json_t *texts = json_array(), *text;
	char line[LINE_SIZE];

	while (book != NULL && fgets(line, sizeof line, book) != NULL)
		if ((text = json_loads(line, JSON_DECODE_ANY, NULL)) != NULL)
			json_array_append_new(texts, text);
	if (book != NULL)
		fclose(book);
	gate_show_user(req);
	gate_render_new(req, "guestbook.html",
	    json_pack("{s:s, s:o, s:O}", "title", gate_option(req, "guestbook.title"), "texts",
		texts, "you", gate_session(req)));
}

/* Adds a line to the file. Returns 0, or -1 if it can't. */
static int
append(const char *path, const char *text)
{
	json_t *string = json_string(text);
	char *line = json_dumps(string, JSON_ENCODE_ANY);
	FILE *book = line != NULL ? fopen(path, "ae") : NULL;
	int result = book != NULL && fprintf(book, "%s\n", line) > 0 ? 0 : -1;

	if (book != NULL && fclose(book) != 0)
		result = -1;
	free(line);
	json_decref(string);
	return result;
}

static void
sign(struct gate_request *req)
{
	const char *text = gate_form(req, "text");
	json_t *you = gate_session(req), *texts = json_object_get(you, "texts");

	if (text == NULL || *text == '\0' || strlen(text) > TEXT_MAX) {
		gate_refuse(req, 422, "Write something, of at most 200 letters.");
		return;
	}
	if (gate_repeated(req) != 1) { /* not by a double click */
		json_object_set_new(you, "texts", json_integer(json_integer_value(texts) + 1));
		if (gate_session_commit(req) < 0)
			return; /* run again, or the store failed */
		if (append(gate_option(req, "guestbook.file"), text) < 0) {
			gate_refuse(req, 500, "The book is closed: write your text again later.");
			return;
		}
	}
	gate_redirect(req, gate_path(req));
}

static void
answer(struct gate_request *req)
{
	if (!gate_allow(req, "GET, HEAD, POST"))
		return;
	if (strcmp(gate_method(req), "POST") == 0)
		sign(req);
	else
		show(req);
}

int
main(int argc, char **argv)
{
	static const struct gate_program_option options[] = {
	    {"guestbook.title", "Guests", "heading of the page"},
	    {"guestbook.file", "/var/lib/gate/guestbook", "where the texts are kept"},
	    {NULL, NULL, NULL},
	};
	static const struct gate_program program = {.handler = answer, .options = options};

	return gate_main_with(argc, argv, &program);
}
