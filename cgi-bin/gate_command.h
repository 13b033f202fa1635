/* gate_command.h: what the files of the gate command share. */
#ifndef GATE_COMMAND_H
#define GATE_COMMAND_H

#include "gate.h"
#include "options/options.h"
#include "store/store.h"

enum { GATE_COMMAND_DONE, GATE_COMMAND_FAILED, GATE_COMMAND_USAGE }; /* exit statuses */

/* The commands. argv[0] is the command's name; the exit status. */
int gate_command_secret(int argc, char **argv);
int gate_command_check(int argc, char **argv);
int gate_command_session(int argc, char **argv);
int gate_command_user(int argc, char **argv);

int gate_command_usage(
    const char *format, ...)               /* what is wrong, and how it goes, on standard error */
    __attribute__((format(printf, 1, 2))); /* GATE_COMMAND_USAGE */
int gate_command_fail(const struct gate_error *); /* says why; GATE_COMMAND_FAILED */
/* Reads the options, with those behind argv[0]. 0 or -1. Release in both cases. */
int gate_command_options(struct gate_options *, int argc, char **argv, struct gate_error *);
struct gate_option_source gate_command_source(const struct gate_options *, const char *name);

/* The folder that a store of ours keeps its records in, NULL: it is none of files. */
const char *gate_command_folder(const struct gate_options *);
/* The file of users, NULL: they are in none, or nowhere. */
const char *gate_command_users_file(const struct gate_options *);
char *gate_command_folder_of(const char *path); /* the folder that path stands in; yours */
/* root goes on as whoever owns what is there. 0 or -1. */
int gate_command_become_owner_of(const char *path, struct gate_error *);
/* The same with the store, so that root leaves no files behind that the programs can't use, and
 * sees what they see. */
int gate_command_become_owner(const struct gate_options *, struct gate_error *);
/* Opens the store that the options name, if it is there. 0 or -1. */
int gate_command_open(struct gate_store_link *, const struct gate_options *, struct gate_error *);
struct gate_record gate_command_record(const struct gate_options *); /* ready for a store's call */

/* ---- gate_ask.c ---- */
#define GATE_COMMAND_LINE_SIZE 512 /* of a line and its NUL */

/* The next line of standard input, without its end; what stands behind it is left there. 0 or -1
 * with errno: EMSGSIZE, EBADMSG: it holds a NUL, ENODATA: there is none. */
int gate_command_read_line(char line[GATE_COMMAND_LINE_SIZE]);
int gate_command_terminal(void); /* opens it; -1: there is none */
/* The same from the terminal, without echo, which a signal gives back before it does its work. */
int gate_command_ask(int terminal, const char *prompt, char line[GATE_COMMAND_LINE_SIZE]);

/* ---- gate_print.c: what would act on a terminal is printed as \uXXXX ---- */
void gate_command_print(const char *text);
void gate_command_print_json(const char *text, size_t length); /* valid JSON; indented */

/* ---- gate check ---- */
struct gate_check {
	struct gate_options options;
	size_t found[3]; /* findings of each level */
};

void gate_check_say(struct gate_check *, enum gate_check_level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The permissions at path: `never` are errors, `better_not` warnings, and nobody else may be able
 * to put something else in its place. 1; 0: there is nothing. */
int gate_check_mode(struct gate_check *, const char *option, const char *path, unsigned int never,
    unsigned int better_not);
void gate_check_templates(struct gate_check *);
void gate_check_run_dir(struct gate_check *);
void gate_check_listen(struct gate_check *);
void gate_check_sockets(struct gate_check *); /* gate_check_socket.c: as root, if root it is */
void gate_check_store(struct gate_check *);

#endif
