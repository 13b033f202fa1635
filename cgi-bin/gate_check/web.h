/* gate_check/web.h: the configuration of a web server as a tree, and the traps that gate check
 * looks for in it. */
#ifndef GATE_WEB_H
#define GATE_WEB_H

#include <stdbool.h>
#include <stddef.h>

#include "gate.h"
#include "base/buffer.h"

struct gate_check;
struct gate_web;

/* What one configuration may have, with all that it includes. */
#define GATE_WEB_DEPTH_MAX 32         /* blocks in blocks; files that include files */
#define GATE_WEB_FILES_MAX 2000       /* files read */
#define GATE_WEB_NODES_MAX 200000     /* directives and blocks */
#define GATE_WEB_SIZE_MAX (32u << 20) /* bytes of all files and all words */

/* ---- gate_check/tree.c: directives and blocks ---- */

struct gate_web_node { /* a directive, or a block */
	struct gate_web_node *parent, *first, *last, *next, *prev;
	struct gate_web_node *made; /* the node that was made before it */
	const char *file;
	unsigned int line, depth;
	size_t count; /* how many words there are; NULL follows them */
	char **words; /* the first is its name */
	char *text;   /* which the words are in */
	bool block;
};

struct gate_web_words { /* of a directive that is being read */
	struct gate_buffer text;
	size_t count;
	unsigned int line; /* where the first one stands */
};

struct gate_web_text { /* a file that is being read */
	const char *path, *at, *end;
	unsigned int line, depth;
	const struct gate_web_text *from; /* the file that includes it; NULL: none does */
};

/* Reads a file, and adds what it says below the node. Says what it can't read. */
typedef void gate_web_reader(struct gate_web *, struct gate_web_text *, struct gate_web_node *);
typedef void gate_web_report(
    void *data, enum gate_check_level, const char *file, unsigned int line, const char *text);

struct gate_web {
	gate_web_reader *read;
	gate_web_report *report;
	void *data;        /* for report */
	const char *named; /* how the main file was named; "-": standard input */
	char *folder;      /* where relative paths begin */
	bool sealed;       /* read nothing but the files that were given */
	bool full;         /* a limit was reached: nothing is read any more */
	unsigned int expanding;
	size_t files, nodes, size;
	struct gate_web_node *root, *made, *raw;
	struct gate_web_file *given, *paths;
	struct gate_web_variable *variables;
};

/* Begins a tree without a file. Returns 0, or -1 if there is no memory. Release it in both
 * cases. */
int gate_web_init(struct gate_web *, gate_web_reader *read, gate_web_report *report, void *data);
void gate_web_free_nodes(struct gate_web *); /* a part of gate_web_release */
void gate_web_say(struct gate_web *, enum gate_check_level, const char *file, unsigned int line,
    const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Says an error at the place that is being read. */
void gate_web_refuse(struct gate_web *, const struct gate_web_text *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a node with these words, and empties them. Returns NULL, and says so, at a limit. A parent
 * of NULL: it stands alone. */
struct gate_web_node *gate_web_add(struct gate_web *, struct gate_web_node *parent,
    const struct gate_web_text *, struct gate_web_words *);
/* Puts the children of the last child in its place. */
void gate_web_unwrap(struct gate_web_node *last);
void gate_web_end_word(struct gate_web_words *);
void gate_web_put_word(struct gate_web_words *, const char *word);
void gate_web_set(struct gate_web *, const char *name, const char *value);
const char *gate_web_get(const struct gate_web *, const char *name); /* NULL: not set */

/* Returns the next character, or -1 at the end. */
int gate_web_peek(const struct gate_web_text *);
int gate_web_take(struct gate_web_text *); /* the same, and goes on */
/* Passes over blanks; `lines`: and over line ends, and comments behind #. */
void gate_web_skip_blanks(struct gate_web_text *, bool lines);

/* Look at a tree. `name` is a node's first word. */
const char *gate_web_word(const struct gate_web_node *, size_t i); /* "": it has not so many */
bool gate_web_is(const struct gate_web_node *, const char *name);
/* Returns the first child of that name, or the next sibling with the name of `node`; else NULL. */
const struct gate_web_node *gate_web_child(const struct gate_web_node *, const char *name);
const struct gate_web_node *gate_web_again(const struct gate_web_node *node);
/* Returns the first child of that name of the node, or else of the nearest block around it that has
 * one; else NULL. */
const struct gate_web_node *gate_web_inherited(const struct gate_web_node *, const char *name);
/* Returns the node that follows in the order of the file, within `top`; NULL: none. Begin with
 * top itself. */
const struct gate_web_node *gate_web_walk(
    const struct gate_web_node *top, const struct gate_web_node *node);
/* Returns the next node of that name, of those that follow `after` within `top`; NULL: none. Begin
 * with NULL. */
const struct gate_web_node *gate_web_find(
    const struct gate_web_node *top, const struct gate_web_node *after, const char *name);
/* Returns the nearest block around the node that has this name, or the node itself; else NULL. */
const struct gate_web_node *gate_web_around(const struct gate_web_node *, const char *name);

bool gate_web_starts_with(const char *text, const char *start);
bool gate_web_ends_with(const char *text, const char *end);

/* ---- gate_check/file.c: files, and what they include ---- */

void gate_web_release(struct gate_web *);
/* Gives a file, which gate_web_include then finds. Returns 0, or -1 if there is no memory. */
int gate_web_give(struct gate_web *, const char *path, const char *text, size_t length);
/* Returns a copy of a path, which lives as long as the tree; "": no memory. */
const char *gate_web_keep_path(struct gate_web *, const char *path);
/* Reads the main file ("-": standard input), with all that it includes. nginx -T: reads its files
 * alone. */
void gate_web_load(struct gate_web *, const char *path);
/* Reads a text as the main file. */
void gate_web_load_text(struct gate_web *, const char *path, const char *text, size_t length);
/* Reads the files that a pattern names, below parent; it is relative to `folder`. Says an error if
 * there is none, unless the pattern has a wildcard and `optional` is set. */
struct gate_web_include {
	const char *pattern, *folder;
	bool optional;
};
void gate_web_read_included(struct gate_web *, const struct gate_web_text *from,
    struct gate_web_node *parent, const struct gate_web_include *);
bool gate_web_is_pattern(const char *path); /* has it a wildcard? */
/* Reads what the first argument of a directive names, as above, in the place of that. */
void gate_web_include_word(struct gate_web *, const struct gate_web_text *from,
    struct gate_web_node *parent, struct gate_web_words *, bool optional);

/* ---- gate_check/read_*.c: one for each syntax ---- */
gate_web_reader gate_web_read_nginx;
gate_web_reader gate_web_read_apache;
gate_web_reader gate_web_read_lighttpd;
gate_web_reader gate_web_read_caddy;

/* ---- gate_check/check.c: what was found ---- */

#define GATE_WEB_PAGES_MAX 400   /* pages, and guarded places, of one configuration */
#define GATE_WEB_ADDRESS_MAX 256 /* bytes of an address or a path, and its NUL */
#define GATE_WEB_NAMED_MAX 16    /* places of one trap that are named */
#define GATE_WEB_HITS_MAX 1000   /* and that are counted */

struct gate_web_page {                     /* a program of gate's that the configuration calls */
	const struct gate_web_node *node;  /* which names its socket */
	const struct gate_web_node *place; /* the block that says for which path */
	char path[GATE_WEB_ADDRESS_MAX];   /* that it serves; "": can't tell */
	bool exact;                        /* it serves no longer path */
	bool guard;                        /* it is the guard */
	char address[GATE_WEB_ADDRESS_MAX];
	char name[32]; /* of the program; "": it is not one that comes with gate */
};

struct gate_web_guarded {                  /* a place that the guard guards */
	const struct gate_web_node *node;  /* which says so */
	const struct gate_web_node *place; /* the block that it stands in */
	const struct gate_web_node *guard; /* the block that calls the guard */
	char path[GATE_WEB_ADDRESS_MAX];   /* "": can't tell */
	const char *mode, *require; /* GATE_GUARD, GATE_REQUIRE; NULL: not set; "": can't tell */
};

struct gate_web_look { /* at one configuration */
	struct gate_check *check;
	const struct gate_web_server *server;
	const struct gate_web_node *root;
	const char *file; /* as it was named */
	struct gate_web_page *pages;
	struct gate_web_guarded *guarded;
	size_t page_count, guarded_count;
	bool full;                        /* there are more of them than are checked */
	const struct gate_web_trap *trap; /* that is looked for */
	const struct gate_web_node *hits[GATE_WEB_HITS_MAX];
	size_t hit_count;
	struct gate_buffer names; /* that gate_web_names found */
};

enum gate_web_at { GATE_WEB_PAGE, GATE_WEB_GUARDED, GATE_WEB_GUARD };

struct gate_web_trap {
	const char *id;
	enum gate_check_level level;
	const char *text; /* what is wrong, and what to do */
	/* One of these looks for it: in all, at each page, or at each guarded place. */
	void (*look)(struct gate_web_look *);
	void (*page)(struct gate_web_look *, const struct gate_web_page *);
	void (*guarded)(struct gate_web_look *, const struct gate_web_guarded *);
	/* Or it is a directive in effect at each of these: that it has the value `value` (NULL:
	 * any), and not `unless`. `absent` is its value if it is not there; NULL: then it is no
	 * trap. */
	const char *directive, *absent, *value, *unless;
	enum gate_web_at at;
	/* Or that this is the name of the node of a page, or of a guarded place. */
	const char *named;
};

struct gate_web_server {
	const char *name; /* --NAME FILE */
	const char *mode; /* the GATE_GUARD of its guard */
	gate_web_reader *read;
	void (*collect)(struct gate_web_look *); /* finds pages and guarded places */
	const struct gate_web_trap *traps[5];    /* each ends with one without an id */
};

/* Returns those headers of who is logged in that pass the test, each behind a blank, until the next
 * call. */
const char *gate_web_names(
    struct gate_web_look *, bool (*test)(const void *data, const char *name), const void *data);
/* Says that the trap is there: at the node, with a few words about it. Names no node twice. */
void gate_web_hit(struct gate_web_look *, const struct gate_web_node *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define GATE_WEB_ARGUMENTS_MAX 8 /* configurations of one command line */

struct gate_web_files { /* that argv names */
	const struct gate_web_server *server[GATE_WEB_ARGUMENTS_MAX];
	const char *path[GATE_WEB_ARGUMENTS_MAX];
	size_t count;
};
/* Takes --nginx FILE and the like out of argv. Returns how many arguments are left, or -1 if there
 * are too many files, or one is missing. */
int gate_web_take_files(struct gate_web_files *, int argc, char **argv);
/* Checks these configurations, and prints what it finds. Call it while still root. */
void gate_check_web(struct gate_check *, const struct gate_web_files *);

/* ---- gate_check/page.c: what is gate's in a tree ---- */

/* Adds a page, or a guarded place; the caller fills in the rest. NULL: there are too many. */
struct gate_web_page *gate_web_add_page(struct gate_web_look *, const struct gate_web_node *node,
    const struct gate_web_node *place, const char *address);
struct gate_web_guarded *gate_web_add_guarded(
    struct gate_web_look *, const struct gate_web_node *node, const struct gate_web_node *place);
/* Is this the address of a program of gate's, as far as it shows? unix:PATH, PATH, HOST:PORT. */
bool gate_web_is_ours(const struct gate_web_look *, const char *address);
/* Writes the path that a regular expression or a pattern means: "/login" of "^/login$", "/login*"
 * or "/login"; "": it means several. */
void gate_web_plain_path(char path[GATE_WEB_ADDRESS_MAX], const char *expression);
/* Does a regular expression match no longer path: ^/login$? */
bool gate_web_is_exact(const char *expression);
bool gate_web_lies_under(const char *path, const char *folder);
/* Return the path, or something else to know it by. */
const char *gate_web_page_label(const struct gate_web_page *);
const char *gate_web_guarded_label(const struct gate_web_guarded *);
/* Returns an option's value as text; "": there is no such option. */
const char *gate_web_option(const struct gate_web_look *, const char *name);
/* Returns bytes ("16k"), or seconds ("90s", "2m", "500ms"); -1: it is no such number. */
long gate_web_bytes(const char *text);
long gate_web_seconds(const char *text);

/* The headers that carry who is logged in. */
#define GATE_WEB_IDENTITY 4
extern const char *const gate_web_identity[GATE_WEB_IDENTITY];

/* ---- the servers, and the traps of all ---- */
extern const struct gate_web_server gate_web_nginx, gate_web_apache, gate_web_lighttpd,
    gate_web_caddy;
extern const struct gate_web_trap gate_web_shared_traps[];
/* Says a page that serves longer paths as well. */
void gate_web_at_prefix(struct gate_web_look *, const struct gate_web_page *);

#endif
