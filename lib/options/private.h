/* options/private.h: the table of options, and what the options_*.c files share. */
#ifndef GATE_OPTIONS_PRIVATE_H
#define GATE_OPTIONS_PRIVATE_H

#include "options/options.h"

enum gate_option_type {
	GATE_OPTION_TEXT,   /* char * */
	GATE_OPTION_URL,    /* char *, shown without its user and password */
	GATE_OPTION_SWITCH, /* bool: no, yes */
	GATE_OPTION_WORD,   /* an enum: the index in `words` */
	GATE_OPTION_NUMBER, /* these four: int64_t, from `least` to `most` */
	GATE_OPTION_OCTAL,
	GATE_OPTION_SIZE,     /* bytes */
	GATE_OPTION_DURATION, /* ms */
	GATE_OPTION_LIST,     /* char *[], at most `most`, between commas and blanks */
	GATE_OPTION_SECRETS   /* char *[], at most `most`, never shown */
};

#define GATE_OPTION_NAME_MAX 24

typedef const char *gate_option_check(const char *value); /* NULL, or what is wrong with it */

struct gate_option_row {
	const char *name;
	enum gate_option_type type;
	const char *fallback; /* as text, in the form in which it is shown */
	const char *help;
	size_t offset; /* in struct gate_options */
	int64_t least, most;
	const char *const *words;
	bool path; /* of a file or folder; such behind file: and unix: are known by that */
	gate_option_check *check; /* of a text that is not empty, or of each value of a list */
};

enum gate_option_level {
	GATE_FROM_DEFAULT,
	GATE_FROM_FILE,
	GATE_FROM_ENVIRONMENT,
	GATE_FROM_ARGUMENTS
};

struct gate_option_given { /* a value as somebody wrote it */
	const char *text, *origin;
	enum gate_option_level level;
	unsigned int line; /* of the file */
};

struct gate_option_entry { /* what is known of an option's value */
	char *value, *origin;
	enum gate_option_level level;
	unsigned int line;
};

/* options/table.c */
struct gate_option_state *gate_option_state_new(void);  /* NULL: memory. free it */
const struct gate_option_row *gate_option_at(size_t i); /* NULL: there are not so many; 0: config */
struct gate_option_entry *gate_option_entry_of(
    const struct gate_options *, const struct gate_option_row *);
const struct gate_option_row *gate_option_find(const char *name);
int gate_option_unknown(const char *origin, const char *name, struct gate_error *); /* -1 */

/* options/value.c */
/* Takes the value over that of a lower level. 0 or -1. */
int gate_option_give(struct gate_options *, const struct gate_option_row *,
    const struct gate_option_given *, struct gate_error *);
int gate_option_set(struct gate_options *, const struct gate_option_row *,
    const struct gate_option_given *, struct gate_error *); /* lists: adds; 0 or -1 */
void gate_option_release(struct gate_options *, const struct gate_option_row *);     /* wipes it */
char *gate_option_text(const struct gate_options *, const struct gate_option_row *); /* yours */

/* options/number.c */
const char *gate_option_parse_number(enum gate_option_type, const char *text, int64_t *number);
void gate_option_add_number(struct gate_buffer *, enum gate_option_type, int64_t number);

/* options/file.c */
#define GATE_OPTION_LINE_MAX (GATE_OPTION_VALUE_MAX + 256)
/* Reads and applies options->config. */
int gate_options_read(struct gate_options *, struct gate_error *);

/* options/check.c */
gate_option_check gate_option_check_path, gate_option_check_origin, gate_option_check_listen,
    gate_option_check_address, gate_option_check_member, gate_option_check_site_data;

#endif
