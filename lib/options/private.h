/* options/private.h: the table of options, and what the files of options/ share. */
#ifndef GATE_OPTIONS_PRIVATE_H
#define GATE_OPTIONS_PRIVATE_H

#include "options/options.h"

enum gate_option_type {
	GATE_OPTION_TEXT,   /* char * */
	GATE_OPTION_URL,    /* char *, shown without user and password */
	GATE_OPTION_SWITCH, /* bool: no, yes */
	GATE_OPTION_WORD,   /* an enum whose value is the index in `words` */
	GATE_OPTION_NUMBER, /* int64_t from `least` to `most`; so are the next three */
	GATE_OPTION_OCTAL,
	GATE_OPTION_SIZE,     /* bytes */
	GATE_OPTION_DURATION, /* ms */
	GATE_OPTION_LIST,     /* char *[] of at most `most`, separated by commas and blanks */
	GATE_OPTION_SECRETS   /* the same, never shown; text without quotes is one secret */
};

#define GATE_OPTION_NAME_MAX 24

/* Returns NULL, or what is wrong with the value. */
typedef const char *gate_option_check(const char *value);

struct gate_option_row {
	const char *name;
	enum gate_option_type type;
	const char *fallback; /* as text, normalised */
	const char *help;
	size_t offset;            /* of the member in struct gate_options */
	int64_t least, most;      /* of a number; of a list: most; of a text, least 1: not empty */
	const char *const *words; /* of a GATE_OPTION_WORD, NULL-ended */
	bool path; /* the text is a path (a path after file: or unix: is known anyway) */
	gate_option_check *check; /* for a text that is not empty, or each value of a list */
};

enum gate_option_level {
	GATE_FROM_DEFAULT,
	GATE_FROM_FILE,
	GATE_FROM_ENVIRONMENT,
	GATE_FROM_ARGUMENTS
};

struct gate_option_given { /* a value as one source gives it */
	const char *text, *origin;
	enum gate_option_level level;
	unsigned int line; /* in the file, from 1 */
};

struct gate_option_entry {    /* an option's current value */
	char *value, *origin; /* as text, NULL while loading; where it came from */
	enum gate_option_level level;
	unsigned int line;
};

/* options/table.c */
struct gate_option_state *gate_option_state_new(void);  /* NULL if out of memory; free() it */
const struct gate_option_row *gate_option_at(size_t i); /* NULL beyond the last; 0 is config */
/* Returns the option's entry in the options' state. */
struct gate_option_entry *gate_option_entry_of(
    const struct gate_options *, const struct gate_option_row *);
/* Returns NULL if there is no such option. */
const struct gate_option_row *gate_option_find(const char *name);
/* Sets the error "unknown option", with the nearest name. Always returns -1. */
int gate_option_unknown(const char *origin, const char *name, struct gate_error *);

/* options/value.c */
/* Sets an option from one source. Call it for the sources in rising order of level. A value
 * replaces that of a lower level; the values of a list add up within one level. Fails if the file
 * sets an option twice. Returns 0, or -1 with the error set. */
int gate_option_give(struct gate_options *, const struct gate_option_row *,
    const struct gate_option_given *, struct gate_error *);
/* Copies a value without quotes around it. Returns 0, or -1 with the error set: it is too long, or
 * holds a control byte, or a quote too few or many. name: for the error. */
int gate_option_read_text(const struct gate_option_given *, const char *name,
    char value[GATE_OPTION_VALUE_MAX + 1], struct gate_error *);
/* Checks a value, and stores it in its member; adds it if that is a list. Returns 0, or -1 with the
 * error set. */
int gate_option_set(struct gate_options *, const struct gate_option_row *,
    const struct gate_option_given *, struct gate_error *);
/* Wipes and frees the value of a text or a list. */
void gate_option_release(struct gate_options *, const struct gate_option_row *);
/* Returns the value as text, normalised, or NULL if out of memory. Yours. */
char *gate_option_text(const struct gate_options *, const struct gate_option_row *);

/* options/number.c */
/* Parses a number of one of the four types. Returns NULL, or what is wrong with it. */
const char *gate_option_parse_number(enum gate_option_type, const char *text, int64_t *number);
/* Adds such a number as text, normalised. */
void gate_option_add_number(struct gate_buffer *, enum gate_option_type, int64_t number);

/* options/file.c */
#define GATE_OPTION_LINE_MAX (GATE_OPTION_VALUE_MAX + 256)
/* Sets the options that the file options->config sets. Returns 0, or -1 with the error set. */
int gate_options_read(struct gate_options *, struct gate_error *);

/* options/check.c */
gate_option_check gate_option_check_path, gate_option_check_origin, gate_option_check_listen,
    gate_option_check_address, gate_option_check_member, gate_option_check_mount,
    gate_option_check_site_data, gate_option_check_site_name, gate_option_check_place;

#endif
