/* request/template/template.h: mustache templates of one folder: parsed once, then read-only. */
#ifndef GATE_REQUEST_TEMPLATE_TEMPLATE_H
#define GATE_REQUEST_TEMPLATE_TEMPLATE_H

#include "gate.h"
#include "base/buffer.h"

#define GATE_TEMPLATE_SIZE_MAX (256u << 10) /* bytes of one file */
#define GATE_TEMPLATE_FILES_MAX 1024        /* files of one folder */
#define GATE_TEMPLATE_NESTING_MAX 32        /* nested sections of one file */
#define GATE_TEMPLATE_DEPTH_MAX 32          /* nested partials and sections while rendering */
#define GATE_TEMPLATE_OUTPUT_MAX (1u << 20) /* bytes of one rendered page */
#define GATE_TEMPLATE_STEPS_MAX (1u << 20)  /* tags, texts and list items of one page */

struct gate_templates; /* any number of threads may render from it */

/* Reads and parses all templates of the folder: its regular files named [A-Za-z0-9_-]+.html,
 * without subfolders. Returns NULL with the error set, which names file and line. Yours. */
struct gate_templates *gate_templates_open(const char *folder, struct gate_error *);
void gate_templates_free(struct gate_templates *);                        /* NULL is fine */
bool gate_templates_has(const struct gate_templates *, const char *name); /* "counter.html" */
/* Parses one template without a folder, for tests and fuzzing; it can only be its own partial.
 * Returns NULL with the error set if it is wrong. Yours. */
struct gate_templates *gate_templates_parse(
    const char *name, const char *text, size_t length, struct gate_error *);
/* Renders the template `name` ("counter.html") and adds the page to out. A name in the template is
 * looked up in the contexts, the last of `count` first. Returns 0; or -1 with the error set and out
 * as it was before, if there is no such template or a limit above is exceeded.
 * {{x}} escapes & < > " '; {{{x}}} and {{&x}} do not. {{>layout}} renders layout.html; a partial
 * that does not exist is empty, as the specification says. A section is not rendered for false,
 * null, 0, "", [] and a missing value. Numbers are printed as by JSON.stringify; null, objects and
 * lists print nothing. */
int gate_template_render(const struct gate_templates *, const char *name, json_t *const *contexts,
    size_t count, struct gate_buffer *out, struct gate_error *);

#endif
