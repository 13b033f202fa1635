/* gate_command.h: what the files of the gate command share. */
#ifndef GATE_COMMAND_H
#define GATE_COMMAND_H

#include <pthread.h>
#include <semaphore.h>

#include "gate.h"
#include "options/options.h"
#include "store/store.h"

enum { GATE_COMMAND_DONE, GATE_COMMAND_FAILED, GATE_COMMAND_USAGE }; /* exit statuses */

/* Run the commands. argv[0] is the command's name. Each returns the exit status. */
int gate_command_secret(int argc, char **argv);
int gate_command_check(int argc, char **argv);
int gate_command_session(int argc, char **argv);
int gate_command_user(int argc, char **argv);
int gate_command_group(int argc, char **argv);
int gate_command_error_pages(int argc, char **argv);

int gate_command_usage(
    const char *format, ...) /* prints what is wrong, and the usage, to standard error */
    __attribute__((format(printf, 1, 2)));        /* returns GATE_COMMAND_USAGE */
int gate_command_fail(const struct gate_error *); /* prints it; returns GATE_COMMAND_FAILED */
/* Loads the options, also from the arguments after argv[0]. Returns 0, or -1 with the error set.
 * Release them in both cases. */
int gate_command_options(struct gate_options *, int argc, char **argv, struct gate_error *);
/* Returns an option's value as text, and where it comes from. There must be such an option. */
struct gate_option_source gate_command_source(const struct gate_options *, const char *name);

/* Returns the folder of a file store, NULL if the store is another one. */
const char *gate_command_folder(const struct gate_options *);
/* Returns the path of the users' file, NULL if there are no users or they are elsewhere. */
const char *gate_command_users_file(const struct gate_options *);
char *gate_command_folder_of(const char *path); /* yours; NULL: no memory */
/* If root runs the command, and another user owns the file or folder at path, goes on as that user,
 * for good. Returns 0, or -1 with the error set. */
int gate_command_become_owner_of(const char *path, struct gate_error *);
/* Becomes the owner of the store's folder, or of run_dir if the store is memory:. So root leaves no
 * files behind that the programs can't use, and sees what they see. Returns as the call above. */
int gate_command_become_owner(const struct gate_options *, struct gate_error *);
/* Becomes the owner of the store that the options name, and opens it; does not make its folder.
 * Returns 0, or -1 with the error set. */
int gate_command_open(struct gate_store_link *, const struct gate_options *, struct gate_error *);
struct gate_record gate_command_record(const struct gate_options *); /* blank, for a store's call */

/* ---- gate_file.c: files that the command changes for an administrator ---- */

/* Becomes the owner of the file's folder before root follows a link: that owner may have put it
 * there. Returns 0, or -1 with the error set. */
int gate_command_become_owner_around(const char *path, struct gate_error *);
/* Checks that the file can be made. Returns 0, or -1 with the error set. */
int gate_command_check_folder(const char *path, struct gate_error *);
/* Tells root, who just made the file, to give it to the user that gate runs as. */
void gate_command_say_owner(const char *path);

/* ---- gate_ask.c ---- */
#define GATE_COMMAND_LINE_SIZE 512 /* bytes of a line and its NUL */

/* Reads the next line of standard input, without its line end, and not a byte more. Returns 0,
 * or -1 with errno: EMSGSIZE if it is too long, EBADMSG if it holds a NUL, ENODATA if there is
 * none. */
int gate_command_read_line(char line[GATE_COMMAND_LINE_SIZE]);
int gate_command_terminal(void); /* opens it, yours; -1: there is none */
/* Prints the prompt, and reads a line from the terminal without echo. A signal first brings the
 * echo back, and then does its work. Returns as gate_command_read_line does. */
int gate_command_ask(int terminal, const char *prompt, char line[GATE_COMMAND_LINE_SIZE]);

/* ---- gate_clock.c ---- */
struct gate_command_clock {
	const char *what; /* "sweeping" */
	pthread_t thread;
	sem_t over;
	bool shown;
};

/* From now on shows on standard error, if that is a terminal, for how many seconds the command has
 * done `what`. Wipes that away at the end. */
void gate_command_clock_begin(struct gate_command_clock *, const char *what);
void gate_command_clock_end(struct gate_command_clock *);

/* ---- gate_print.c: prints as \uXXXX what would act on a terminal or not show ---- */
void gate_command_print(const char *text);
void gate_command_print_json(const char *text, size_t length); /* valid JSON; indented */

/* ---- gate check ---- */
struct gate_check {
	struct gate_options options;
	size_t found[3]; /* how many findings of each level */
};

void gate_check_say(struct gate_check *, enum gate_check_level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Checks the permissions of what is at path: mode bits of `never` are errors, those of `better_not`
 * are warnings, and it is an error if everybody can put something else in its place. Returns 0 if
 * nothing is there, else 1. */
int gate_check_mode(struct gate_check *, const char *option, const char *path, unsigned int never,
    unsigned int better_not);
void gate_check_templates(struct gate_check *);
void gate_check_run_dir(struct gate_check *);
void gate_check_listen(struct gate_check *);
void gate_check_sockets(struct gate_check *); /* gate_check_socket.c: call it while still root */
void gate_check_store(struct gate_check *);

#endif
