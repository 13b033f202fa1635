/* test_template.c: the mustache specification, then errors, limits and threads of our own. */
#include "config.h"

#include <limits.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch.h"
#include "tap.h"
#include "request/template/template.h"

#define THREADS 4
#define ROUNDS 300

struct folder {
	char path[64]; /* a scratch folder, or one that is none */
};

static void
make_folder(struct folder *folder)
{
	make_scratch(folder->path);
}

static void
path_in(const struct folder *folder, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", folder->path, name);
}

static void
put_bytes(const struct folder *folder, const char *name, const char *text, size_t length)
{
	char path[PATH_MAX];
	FILE *file;

	path_in(folder, name, path);
	file = fopen(path, "w");
	if (file == NULL || fwrite(text, 1, length, file) != length || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static void
put(const struct folder *folder, const char *name, const char *text)
{
	put_bytes(folder, name, text, strlen(text));
}

static void
drop_folder(const struct folder *folder)
{
	drop_scratch(folder->path);
}

/* The text of one template with that JSON, or the error: either way yours. */
static char *
render_in(const struct gate_templates *set, const char *name, const char *json)
{
	struct gate_error error = {0};
	struct gate_buffer out = {0};
	json_t *data = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	char *text;

	if (data == NULL)
		printf("# bad JSON in the test: %s\n", json);
	if (gate_template_render(set, name, &data, 1, &out, &error) < 0)
		text = strdup(error.text);
	else
		text = strdup(gate_buffer_text(&out));
	gate_buffer_release(&out);
	json_decref(data);
	return text;
}

/* The same of one text without a folder; it is t.html to itself. */
static char *
render_bytes(const char *template, size_t length, const char *json)
{
	struct gate_error error = {0};
	struct gate_templates *set = gate_templates_parse("t.html", template, length, &error);
	char *text;

	if (set == NULL)
		return strdup(error.text);
	text = render_in(set, "t.html", json);
	gate_templates_free(set);
	return text;
}

static void
gives(const char *template, const char *json, const char *wanted, const char *name)
{
	char *got = render_bytes(template, strlen(template), json);

	is(got, wanted, name);
	free(got);
}

static void
refuses(const char *template, const char *wanted, const char *name)
{
	gives(template, "{}", wanted, name);
}

/* ---- the specification ---- */

static void
put_partials(const struct folder *folder, json_t *partials)
{
	const char *name;
	char file[100];
	json_t *text;

	json_object_foreach(partials, name, text) {
		snprintf(file, sizeof file, "%s.html", name);
		put(folder, file, json_string_value(text));
	}
}

static void
run_case(const char *group, json_t *test)
{
	const char *wanted = json_string_value(json_object_get(test, "expected"));
	json_t *data = json_object_get(test, "data");
	struct gate_error error = {0};
	struct gate_buffer out = {0};
	struct gate_templates *set;
	struct folder folder;
	char name[200];

	make_folder(&folder);
	put(&folder, "main.html", json_string_value(json_object_get(test, "template")));
	put_partials(&folder, json_object_get(test, "partials"));
	snprintf(name, sizeof name, "spec %s: %s", group,
	    json_string_value(json_object_get(test, "name")));
	set = gate_templates_open(folder.path, &error);
	if (set == NULL || gate_template_render(set, "main.html", &data, 1, &out, &error) < 0)
		is(error.text, wanted, name);
	else
		is(gate_buffer_text(&out), wanted, name);
	gate_buffer_release(&out);
	gate_templates_free(set);
	drop_folder(&folder);
}

/* tests/request/template/mustache: the cases of github.com/mustache/spec, as they are there. */
static void
run_specification(void)
{
	static const char *const groups[] = {
	    "comments", "delimiters", "interpolation", "inverted", "partials", "sections"};
	const char *source = getenv("srcdir");
	size_t cases = 0;

	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		char path[PATH_MAX];
		json_t *file, *test;
		size_t k;

		snprintf(path, sizeof path, "%s/tests/request/template/mustache/%s.json",
		    source != NULL ? source : ".", groups[i]);
		file = json_load_file(path, JSON_ALLOW_NUL, NULL);
		json_array_foreach(json_object_get(file, "tests"), k, test) {
			run_case(groups[i], test);
			cases++;
		}
		json_decref(file);
	}
	ok(cases == 136, "all 136 cases of the specification were run");
}

/* ---- values ---- */

static void
test_values(void)
{
	gives("{{a}} {{b}} {{c}}", "{\"a\":1.21,\"b\":9007199254740993,\"c\":-7}",
	    "1.21 9007199254740993 -7", "numbers look as they were written");
	gives("{{a}} {{b}} {{c}}", "{\"a\":100.0,\"b\":0.1,\"c\":1e21}", "100 0.1 1e+21",
	    "reals look as JavaScript prints them");
	gives("{{a}}{{b}}[{{c}}{{d}}{{e}}]",
	    "{\"a\":true,\"b\":false,\"c\":null,\"d\":{},\"e\":[1]}", "truefalse[]",
	    "true, false; null, objects and lists print nothing");
	gives("{{a}}{{{a}}}{{&a}}", "{\"a\":\"&<>\\\"'\"}", "&amp;&lt;&gt;&quot;&#39;&<>\"'&<>\"'",
	    "escaped in {{ }} only");
	gives("{{#a}}1{{/a}}{{#b}}2{{/b}}{{#c}}3{{/c}}{{#d}}4{{/d}}{{#e}}5{{/e}}",
	    "{\"a\":0,\"b\":\"\",\"c\":0.0,\"d\":{},\"e\":\"0\"}", "45",
	    "0, \"\" and 0.0 are false, {} and \"0\" are true");
	gives("{{^a}}1{{/a}}{{^b}}2{{/b}}{{^c}}3{{/c}}", "{\"a\":0,\"b\":[],\"c\":1}", "12",
	    "inverted sections take the other side");
	gives("{{größe}} {{名前}}", "{\"größe\":\"Größe\",\"名前\":\"太郎 😀\"}", "Größe 太郎 😀",
	    "names and values beyond ASCII");
	gives("{{# a }}{{ # b }}{{{ c }}}{{ / b }}{{/ a }}", "{\"a\":{\"b\":{\"c\":\"<\"}}}", "<",
	    "spaces around names and before the sign");
	gives(
	    "{{#a}}{{#.}}{{.}},{{/.}};{{/a}}", "{\"a\":[[1,2],[3]]}", "1,2,;3,;", "lists in lists");
	gives("{{#a}}({{b}}){{/a}}", "{\"a\":[null,{\"b\":2},false],\"b\":1}", "(1)(2)(1)",
	    "each element of a list is rendered, even null and false");
	gives("{{=<% %>=}}<%{a}%>|<%&a%>|{{a}}", "{\"a\":\"<\"}", "<|<|{{a}}",
	    "unescaped under other delimiters");
	gives("{{>missing}}x", "{}", "x", "a partial that does not exist is empty");
	gives("", "{}", "", "an empty template");
	gives("plain\n", "{}", "plain\n", "a template without tags");
	gives("{{.}}", "\"<top>\"", "&lt;top&gt;", "a context that is no object");
}

static void
test_bytes(void)
{
	static const char zero[] = "a\0{{b}}\0c\xff";
	struct gate_templates *set = gate_templates_parse("t.html", zero, sizeof zero - 1, NULL);
	json_t *data = json_pack("{s:s%}", "b", "x\0y", (size_t)3);
	struct gate_buffer out = {0};

	gate_template_render(set, "t.html", &data, 1, &out, NULL);
	ok(out.length == 8 && memcmp(out.data, "a\0x\0y\0c\xff", 8) == 0,
	    "zero bytes and bytes that are not UTF-8 pass through");
	gate_buffer_release(&out);
	json_decref(data);
	gate_templates_free(set);
}

static void
test_contexts(void)
{
	struct gate_templates *set =
	    gate_templates_parse("t.html", "{{a}}{{b}}{{c}}{{.}}", 20, NULL);
	json_t *contexts[] = {json_pack("{s:i,s:i}", "a", 1, "b", 1), NULL,
	    json_pack("{s:i,s:n}", "b", 2, "c"), json_integer(9)};
	struct gate_buffer out = {0};

	gate_buffer_puts(&out, "before:");
	ok(gate_template_render(set, "t.html", contexts, 4, &out, NULL) == 0, "four contexts");
	is(gate_buffer_text(&out), "before:129", "the last context is looked at first");
	gate_buffer_reset(&out);
	ok(gate_template_render(set, "t.html", NULL, 0, &out, NULL) == 0, "no context");
	is(gate_buffer_text(&out), "", "prints nothing");
	gate_buffer_release(&out);
	for (size_t i = 0; i < 4; i++)
		json_decref(contexts[i]);
	gate_templates_free(set);
}

/* ---- partials ---- */

static void
test_partials(void)
{
	struct gate_error error = {0};
	struct gate_templates *set;
	struct folder folder;
	char *text;

	make_folder(&folder);
	put(&folder, "main.html", "<\n  {{>outer}}\n{{>outer}}>\n");
	put(&folder, "outer.html", "o\n {{>inner}}\n[{{>inner}}]\n");
	put(&folder, "inner.html", "{{a}}\n{{#list}}\n{{.}}-\n{{/list}}\nz\n");
	put(&folder, "tree.html", "({{v}}{{#kids}}{{>tree}}{{/kids}})");
	put(&folder, "A-b_9.html", "odd name");
	put(&folder, "odd.html", "{{>A-b_9}}{{> nothing-here }}");
	put(&folder, "marked.html",
	    GATE_FILE_MARK "{{! x }}\r\n<p>\r\n  {{>marked-part}}\r\n{{>marked-part}}|");
	put(&folder, "marked-part.html", GATE_FILE_MARK "{{a}}\r\n{{b}}\xef\xbb\xbf");
	put(&folder, "only-mark.html", GATE_FILE_MARK);
	set = gate_templates_open(folder.path, &error);
	ok(set != NULL, "a folder of nine");
	text = render_in(set, "main.html", "{\"a\":\"1\\n2\",\"list\":[3,4]}");
	is(text,
	    "<\n  o\n   1\n2\n   3-\n   4-\n   z\n  [1\n2\n3-\n4-\nz\n]\n"
	    "o\n 1\n2\n 3-\n 4-\n z\n[1\n2\n3-\n4-\nz\n]\n>\n",
	    "indentation: nested, not within values, not of inline partials");
	free(text);
	text = render_in(set, "tree.html",
	    "{\"v\":1,\"kids\":[{\"v\":2,\"kids\":[{\"v\":3,\"kids\":[]}]},{\"v\":4,\"kids\":[]}]"
	    "}");
	is(text, "(1(2(3))(4))", "a partial of itself ends with the data");
	free(text);
	text = render_in(set, "odd.html", "{}");
	is(text, "odd name", "names of all characters allowed; a missing one is empty");
	free(text);
	text = render_in(set, "marked.html", "{\"a\":1,\"b\":2}");
	is(text, "<p>\r\n  1\r\n  2" GATE_FILE_MARK "1\r\n2" GATE_FILE_MARK "|",
	    "no byte-order mark of a page or a partial is sent, but one that is content");
	free(text);
	text = render_in(set, "only-mark.html", "{}");
	is(text, "", "a mark alone is an empty page");
	free(text);
	ok(gate_templates_has(set, "A-b_9.html") && !gate_templates_has(set, "A-b_9") &&
		!gate_templates_has(set, "../main.html") && !gate_templates_has(set, ""),
	    "gate_templates_has takes exact file names");
	text = render_in(set, "missing.html", "{}");
	is(text, "template missing.html: not found", "an unknown template");
	free(text);
	gate_templates_free(set);
	drop_folder(&folder);
}

/* ---- errors of the text ---- */

static void
test_tag_errors(void)
{
	refuses("a\nb\n{{c", "template t.html:3: tag is not closed: no }} follows", "unclosed tag");
	refuses(
	    "{{{c}}", "template t.html:1: tag is not closed: no }}} follows", "unclosed triple");
	refuses(
	    "\n{{! c", "template t.html:2: tag is not closed: no }} follows", "unclosed comment");
	refuses(
	    "{{", "template t.html:1: tag is not closed: no }} follows", "nothing but an opening");
	refuses("x\n{{ }}", "template t.html:2: tag is empty", "empty tag");
	refuses("{{#}}{{/}}", "template t.html:1: tag is empty", "empty section name");
	refuses("{{>}}", "template t.html:1: tag is empty", "empty partial name");
	refuses("{{{}}}", "template t.html:1: tag is empty", "empty triple");
	refuses("\r\n\r\n{{a b}}", "template t.html:3: name \"a b\" has a space in it", "a space");
	refuses(
	    "{{#a\nb}}", "template t.html:1: name \"a\" has a space in it", "a newline in a name");
	refuses("{{a..b}}", "template t.html:1: name \"a..b\" has an empty part", "two dots");
	refuses("{{a.}}", "template t.html:1: name \"a.\" has an empty part", "a dot behind");
	refuses("{{.a}}", "template t.html:1: name \".a\" has an empty part", "a dot before");
	refuses("{{=a=}}", "template t.html:1: delimiters are two words of 1 to 16 bytes without =",
	    "one delimiter");
	refuses("\n{{=a b c=}}",
	    "template t.html:2: delimiters are two words of 1 to 16 bytes without =",
	    "three delimiters");
	refuses("{{=a= b=}}",
	    "template t.html:1: delimiters are two words of 1 to 16 bytes without =",
	    "a delimiter with =");
	refuses("{{=12345678901234567 b=}}",
	    "template t.html:1: delimiters are two words of 1 to 16 bytes without =",
	    "a delimiter of 17 bytes");
	gives("{{=1234567890123456 6543210987654321=}}1234567890123456{a}6543210987654321",
	    "{\"a\":\"&\"}", "&", "delimiters of 16 bytes");
	refuses("{{=a b}}", "template t.html:1: tag is not closed: no =}} follows", "no = behind");
	refuses("{{=<% %>=}}\n<%a}}", "template t.html:2: tag is not closed: no %> follows",
	    "unclosed under other delimiters");
}

static void
test_section_errors(void)
{
	refuses("{{#a}}\n\n{{#b}}\n{{/b}}\n", "template t.html:1: section a is not closed",
	    "unclosed section");
	refuses(
	    "\n{{^a}}", "template t.html:2: section a is not closed", "unclosed inverted section");
	refuses("{{#a}}\n{{#b}}\n{{/a}}\n{{/b}}",
	    "template t.html:3: section b of line 2 is closed as a",
	    "crossed sections, both named");
	refuses("x\n{{/a.b}}", "template t.html:2: section a.b is closed but not open",
	    "closed but not open");
	refuses("{{#a123456789012345678901234567890123456789é}}",
	    "template t.html:1: section a123456789012345678901234567890123456789 is not closed",
	    "a long name is cut between characters");
	refuses("{{#12345678901234567890123456789012345678\xe2\x82\xac}}",
	    "template t.html:1: section 12345678901234567890123456789012345678 is not closed",
	    "a long name is not cut within a character");
}

static void
test_partial_names(void)
{
	refuses("{{>../../etc/passwd}}",
	    "template t.html:1: partial \"../../etc/passwd\" is not a name of A-Z a-z 0-9 _ - only",
	    "a partial with ../");
	refuses("\n{{> /etc/passwd}}",
	    "template t.html:2: partial \"/etc/passwd\" is not a name of A-Z a-z 0-9 _ - only",
	    "an absolute partial");
	refuses("{{>a/b}}",
	    "template t.html:1: partial \"a/b\" is not a name of A-Z a-z 0-9 _ - only",
	    "a partial with a slash");
	refuses("{{>layout.html}}",
	    "template t.html:1: partial \"layout.html\" is not a name of A-Z a-z 0-9 _ - only",
	    "a partial with its suffix");
	refuses("{{>.}}", "template t.html:1: partial \".\" is not a name of A-Z a-z 0-9 _ - only",
	    "a partial named .");
	refuses("{{>é}}", "template t.html:1: partial \"é\" is not a name of A-Z a-z 0-9 _ - only",
	    "a partial beyond ASCII");
	refuses("{{>a b}}",
	    "template t.html:1: partial \"a b\" is not a name of A-Z a-z 0-9 _ - only",
	    "a partial with a space");
}

/* ---- limits ---- */

static void
repeat(struct gate_buffer *b, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		gate_buffer_puts(b, text);
}

static void
test_nesting(void)
{
	struct gate_buffer b = {0};

	repeat(&b, "{{#a}}", GATE_TEMPLATE_NESTING_MAX);
	repeat(&b, "x", 1);
	repeat(&b, "{{/a}}", GATE_TEMPLATE_NESTING_MAX);
	gives(b.data, "{\"a\":true}", "x", "32 sections within each other");
	gate_buffer_reset(&b);
	repeat(&b, "{{^a}}\n", GATE_TEMPLATE_NESTING_MAX + 1);
	refuses(b.data, "template t.html:33: section a is nested deeper than 32 sections",
	    "33 are refused");
	gate_buffer_release(&b);
}

/* A failed render leaves what stood in the buffer, which can be used on. */
static void
fails(const char *template, const char *json, const char *wanted, const char *name)
{
	struct gate_templates *set =
	    gate_templates_parse("t.html", template, strlen(template), NULL);
	json_t *data = json_loads(json, 0, NULL);
	struct gate_error error = {0};
	struct gate_buffer out = {.limit = 5u << 20};
	int result;

	gate_buffer_puts(&out, "before");
	result = gate_template_render(set, "t.html", &data, 1, &out, &error);
	ok(result == -1 && error.code == GATE_ETEMPLATE, "%s: fails", name);
	is(error.text, wanted, name);
	ok(!out.failed && out.length == 6 && out.limit == 5u << 20, "%s: buffer is as it was",
	    name);
	gate_buffer_puts(&out, "+");
	is(gate_buffer_text(&out), "before+", "and takes more");
	gate_buffer_release(&out);
	json_decref(data);
	gate_templates_free(set);
}

static void
test_render_limits(void)
{
	struct gate_buffer b = {0};
	json_t *list = json_array(), *data = json_pack("{s:o}", "l", list);
	char *json;

	fails("x{{>t}}", "{}", "template t.html: is nested deeper than 32 sections and partials",
	    "endless recursion");
	fails("{{#a}}{{>t}}{{>t}}{{/a}}", "{\"a\":true}",
	    "template t.html: is nested deeper than 32 sections and partials",
	    "recursion by sections");
	for (size_t i = 0; i < 1100; i++)
		json_array_append_new(list, json_integer((json_int_t)i));
	json = json_dumps(data, 0);
	fails("{{#l}}{{#l}}{{/l}}{{/l}}", json, "template t.html: takes over 1048576 steps",
	    "lists within lists");
	gate_buffer_puts(&b, "{{#l}}");
	repeat(&b, "0123456789abcdef", 64);
	gate_buffer_puts(&b, "{{/l}}");
	fails(b.data, json, "template t.html: page over 1048576 bytes, or out of memory", "output");
	free(json);
	json_decref(data);
	gate_buffer_release(&b);
}

static void
test_output_edge(void)
{
	struct gate_templates *set =
	    gate_templates_parse("t.html", "{{#l}}{{a}}{{/l}}{{b}}", 22, NULL);
	struct gate_buffer out = {0}, b = {0}, tight = {.limit = 8};
	struct gate_error error = {0};
	json_t *data, *wide;

	repeat(&b, "x", GATE_TEMPLATE_OUTPUT_MAX);
	data = json_pack("{s:b,s:s}", "l", 1, "a", b.data);
	wide = json_pack("{s:b,s:s,s:i}", "l", 1, "a", b.data, "b", 1);
	gate_buffer_puts(&out, "before");
	ok(gate_template_render(set, "t.html", &data, 1, &out, NULL) == 0 &&
		out.length == GATE_TEMPLATE_OUTPUT_MAX + 6 && out.limit == 0,
	    "a page of exactly 1 MiB, behind other text");
	ok(gate_template_render(set, "t.html", &wide, 1, &out, NULL) == -1 &&
		out.length == GATE_TEMPLATE_OUTPUT_MAX + 6,
	    "one more byte is too much");
	gate_buffer_puts(&tight, "12345");
	ok(gate_template_render(set, "t.html", &data, 1, &tight, &error) == -1 &&
		tight.length == 5 && !tight.failed && tight.limit == 8,
	    "a buffer's own limit holds");
	tight.failed = true;
	ok(gate_template_render(set, "t.html", NULL, 0, &tight, NULL) == -1 && tight.failed,
	    "a failed buffer stays failed");
	json_decref(data);
	json_decref(wide);
	gate_buffer_release(&out);
	gate_buffer_release(&b);
	gate_buffer_release(&tight);
	gate_templates_free(set);
}

/* ---- the folder ---- */

static void
opens(const struct folder *folder, const char *wanted, const char *name)
{
	struct gate_error error = {0};
	struct gate_templates *set = gate_templates_open(folder->path, &error);
	char text[sizeof error.text + 1];

	snprintf(text, sizeof text, "%s", set != NULL ? "opened" : error.text);
	is(text, wanted, name);
	gate_templates_free(set);
}

static void
test_sizes(void)
{
	struct gate_buffer b = {0};
	struct folder folder;

	make_folder(&folder);
	repeat(&b, "0123456789abcde\n", GATE_TEMPLATE_SIZE_MAX / 16);
	put_bytes(&folder, "big.html", b.data, b.length);
	opens(&folder, "opened", "a file of 256 KiB");
	put_bytes(&folder, "big.html", b.data, b.length + 1);
	opens(&folder, "template big.html: has over 262144 bytes", "a byte more is too much");
	put(&folder, "big.html", "");
	gate_buffer_release(&b);
	for (int i = 1; i < GATE_TEMPLATE_FILES_MAX; i++) {
		char name[32];

		snprintf(name, sizeof name, "n%d.html", i);
		put(&folder, name, "{{>big}}");
	}
	opens(&folder, "opened", "1024 files");
	put(&folder, "n0.txt", "");
	opens(&folder, "opened", "other files don't count");
	drop_folder(&folder);
}

static void
put_socket(const struct folder *folder, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder->path, name);
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		perror("bind");
	close(fd);
}

static void
test_irregular(void)
{
	struct gate_templates *set;
	char path[PATH_MAX], target[PATH_MAX];
	struct folder folder, other;

	make_folder(&folder);
	make_folder(&other);
	put(&other, "elsewhere", "linked {{a}}");
	path_in(&folder, "folder.html", path);
	mkdir(path, 0700);
	path_in(&folder, "pipe.html", path);
	mkfifo(path, 0600);
	put_socket(&folder, "socket.html");
	path_in(&folder, "link.html", path);
	path_in(&other, "elsewhere", target);
	ok(symlink(target, path) == 0, "a link");
	put(&folder, "a b.html", "{{");
	put(&folder, ".html", "{{");
	put(&folder, ".hidden.html", "{{");
	put(&folder, "old.html~", "{{");
	put(&folder, "x.htm", "{{");
	set = gate_templates_open(folder.path, NULL);
	ok(set != NULL, "a folder with a pipe, a socket, a subfolder and names of others opens");
	if (set != NULL) {
		char *text = render_in(set, "link.html", "{\"a\":1}");

		is(text, "linked 1", "a link to a regular file counts");
		free(text);
		ok(!gate_templates_has(set, "pipe.html") &&
			!gate_templates_has(set, "socket.html") &&
			!gate_templates_has(set, "folder.html") &&
			!gate_templates_has(set, "a b.html"),
		    "the rest does not");
	}
	gate_templates_free(set);
	drop_folder(&folder);
	drop_folder(&other);
}

static void
test_unreadable(void)
{
	struct folder folder, missing = {"/nonexistent/templates"};
	struct gate_error error = {0};
	char path[PATH_MAX];
	bool as_root = false;

	opens(&missing,
	    "templates /nonexistent/templates: can't be opened: No such file or directory",
	    "no such folder");
	gate_templates_open(missing.path, &error);
	ok(error.code == GATE_ESYSTEM, "is for the system");
	make_folder(&folder);
	opens(&folder, "opened", "an empty folder");
	put(&folder, "good.html", "{{a}}");
	put(&folder, "bad.html", "1\n2\n{{#a}}");
	opens(&folder, "template bad.html:3: section a is not closed", "one bad file");
	path_in(&folder, "bad.html", path);
	unlink(path);
	ok(symlink("bad.html", path) == 0, "a link to itself");
	opens(&folder, "template bad.html: can't be opened: Too many levels of symbolic links",
	    "a file that can't be opened");
	unlink(path);
	put(&folder, "bad.html", "");
	chmod(path, 0);
	if (geteuid() == 0) { /* root may read everything: nobody may not */
		as_root = true;
		chmod(folder.path, 0755);
		ok(seteuid(65534) == 0, "as nobody");
	}
	opens(&folder, "template bad.html: can't be opened: Permission denied", "no permission");
	ok(!as_root || seteuid(0) == 0, "and back");
	drop_folder(&folder);
	snprintf(folder.path, sizeof folder.path, "/dev/null");
	opens(&folder, "templates /dev/null: can't be opened: Not a directory", "not a folder");
	gate_templates_free(NULL);
	ok(true, "gate_templates_free(NULL)");
}

/* ---- threads ---- */

struct work {
	const struct gate_templates *set;
	json_t *data;
	const char *wanted;
	int wrong;
};

static void *
render_often(void *data)
{
	struct work *work = data;
	struct gate_buffer out = {0};

	for (int i = 0; i < ROUNDS; i++) {
		gate_buffer_reset(&out);
		if (gate_template_render(work->set, "t.html", &work->data, 1, &out, NULL) < 0 ||
		    strcmp(gate_buffer_text(&out), work->wanted) != 0)
			work->wrong++;
	}
	gate_buffer_release(&out);
	return NULL;
}

static void
test_threads(void)
{
	static const char text[] =
	    "<ul>\n{{#kids}}\n  <li>{{v}} {{a.b}}</li>\n  {{>t}}\n{{/kids}}\n</ul>\n";
	static const char json[] = "{\"a\":{\"b\":1.5},\"v\":\"<\",\"kids\":[{\"v\":1,\"kids\":["
				   "{\"v\":2,\"kids\":false}]},{\"v\":3,\"kids\":[]}]}";
	struct gate_templates *set = gate_templates_parse("t.html", text, sizeof text - 1, NULL);
	char *wanted = render_in(set, "t.html", json);
	struct work work[THREADS];
	pthread_t threads[THREADS];
	int wrong = 0;

	for (size_t i = 0; i < THREADS; i++) {
		work[i] = (struct work){set, json_loads(json, 0, NULL), wanted, 0};
		pthread_create(&threads[i], NULL, render_often, &work[i]);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		wrong += work[i].wrong;
		json_decref(work[i].data);
	}
	ok(strstr(wanted, "      <li>2 1.5</li>\n") == NULL &&
		strstr(wanted, "<li>2 1.5</li>") != NULL && wrong == 0,
	    "%d threads render the same", THREADS);
	free(wanted);
	gate_templates_free(set);
}

int
main(void)
{
	run_specification();
	test_values();
	test_bytes();
	test_contexts();
	test_partials();
	test_tag_errors();
	test_section_errors();
	test_partial_names();
	test_nesting();
	test_render_limits();
	test_output_edge();
	test_sizes();
	test_irregular();
	test_unreadable();
	test_threads();
	return done();
}
