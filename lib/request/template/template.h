/* request/template/template.h: mustache templates of one folder, parsed once, read-only afterwards. */
#ifndef GATE_REQUEST_TEMPLATE_TEMPLATE_H
#define GATE_REQUEST_TEMPLATE_TEMPLATE_H

#include "gate.h"
#include "base/buffer.h"

#define GATE_TEMPLATE_SIZE_MAX (256u << 10) /* bytes of one file */
#define GATE_TEMPLATE_FILES_MAX 1024        /* of one folder */
#define GATE_TEMPLATE_NESTING_MAX 32        /* sections within sections of one file */
#define GATE_TEMPLATE_DEPTH_MAX 32          /* partials and sections while rendering */
#define GATE_TEMPLATE_OUTPUT_MAX (1u << 20) /* bytes of one rendered page */
#define GATE_TEMPLATE_STEPS_MAX (1u << 20)  /* tags, texts and rounds of lists of one page */

struct gate_templates; /* any number of threads may render from it */

/* Reads and parses every *.html in the folder (its regular files, no subfolders; names
 * [A-Za-z0-9_-]+.html). NULL: the error names file and line. Yours. */
struct gate_templates *gate_templates_open(const char *folder, struct gate_error *);
void gate_templates_free(struct gate_templates *);
bool gate_templates_has(const struct gate_templates *, const char *name); /* "counter.html" */
/* One template without a folder, for tests and fuzzing: its partials can only be itself. Yours. */
struct gate_templates *gate_templates_parse(
    const char *name, const char *text, size_t length, struct gate_error *);
/* Renders name ("counter.html"; {{>layout}} names layout.html) onto the end of out. contexts:
 * the stack to begin with, the last of count is looked at first. 0; -1 with the error set and
 * out as it was before: no such template, depth, steps, output. Escapes & < > " ' but in {{{x}}}
 * and {{&x}}. A partial that does not exist is empty, as the specification says. Sections treat
 * false, null, 0, "", [] and what is missing as false; numbers look as JSON.stringify prints
 * them; null, objects and lists print nothing. */
int gate_template_render(const struct gate_templates *, const char *name, json_t *const *contexts,
    size_t count, struct gate_buffer *out, struct gate_error *);

#endif
