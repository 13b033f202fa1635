/* options/own.h: the options that a program brings itself, as "guestbook.title". */
#ifndef GATE_OPTIONS_OWN_H
#define GATE_OPTIONS_OWN_H

#include "gate.h"
#include "options/private.h"

#define GATE_OWN_NAME_MAX 64 /* bytes of "PROGRAM.NAME" */

struct gate_own_options; /* the values of one program's options */

/* Makes a set with the default values. list: as in struct gate_program, borrowed; NULL is an empty
 * one. The set is yours. Returns NULL with the error set if a name is not of the form PROGRAM.NAME,
 * if the environment could not tell it from another option's, or if memory ran out. */
struct gate_own_options *gate_own_options_new(
    const struct gate_program_option *list, struct gate_error *);
void gate_own_options_free(struct gate_own_options *); /* NULL is fine */
/* Returns true if the name has the form of such an option: it has a dot. */
bool gate_own_options_fits(const char *name);
/* Sets the error "unknown option". Always returns -1. */
int gate_own_options_unknown(const char *origin, const char *name, struct gate_error *);
/* Sets a value; a later one replaces it. Returns 1; 0 if the option is another program's, which
 * only an argument may not set; or -1 with the error set: this program has none of that name, the
 * file sets it twice, or the value can't be one. */
int gate_own_options_give(struct gate_own_options *, const char *name,
    const struct gate_option_given *, struct gate_error *);
/* Returns the value of "guestbook.title", borrowed, or NULL if there is no such option. */
const char *gate_own_options_get(const struct gate_own_options *, const char *name);
/* Returns the declared name that NAME of the environment's GATE_NAME means ("GUESTBOOK_TITLE"), or
 * NULL. length: of name. */
const char *gate_own_options_variable(
    const struct gate_own_options *, const char *name, size_t length);

#endif
