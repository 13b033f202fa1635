/* gate.c: the gate command, for what an operator does besides running the programs. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "gate_command.h"
#include "record/record.h"

#define SHOWN_WIDTH 48 /* columns of "name = value", before its origin */

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
};

static void
print_usage(FILE *out)
{
	fputs("usage: gate secret [--file FILE] [--append | --promote]\n"
	      "       gate config [--config FILE] [--name=value ...]\n"
	      "       gate check [--nginx FILE] [--apache FILE] [--lighttpd FILE] [--caddy FILE]\n"
	      "                 [--config FILE] [--name=value ...]\n"
	      "       gate session list | count [--user NAME] [--config FILE] [--name=value ...]\n"
	      "       gate session show | kill ID [--config FILE] [--name=value ...]\n"
	      "       gate session kill --user NAME | --all [--config FILE] [--name=value ...]\n"
	      "       gate session sweep [--config FILE] [--name=value ...]\n"
	      "       gate session copy STORE [--config FILE] [--name=value ...]\n"
	      "       gate user list [--config FILE] [--name=value ...]\n"
	      "       gate user add | password NAME [--stdin] [--hash] [--config FILE]\n"
	      "                 [--name=value ...]\n"
	      "       gate user remove | unlock NAME [--config FILE] [--name=value ...]\n"
	      "       gate group list [--config FILE] [--name=value ...]\n"
	      "       gate group add | remove GROUP USER ... [--config FILE]\n"
	      "                 [--name=value ...]\n"
	      "       gate error-pages FOLDER [--config FILE] [--name=value ...]\n"
	      "       gate --help | --version\n",
	    out);
}

int
gate_command_usage(const char *format, ...)
{
	va_list arguments;

	fputs("gate: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs("\n\n", stderr);
	print_usage(stderr);
	return GATE_COMMAND_USAGE;
}

int
gate_command_fail(const struct gate_error *error)
{
	fprintf(stderr, "gate: %s\n", error->text);
	return GATE_COMMAND_FAILED;
}

/* ---- options ---- */

int
gate_command_options(struct gate_options *options, int argc, char **argv, struct gate_error *error)
{
	char **arguments = NULL;
	int result = -1;

	*options = (struct gate_options){0};
	if (gate_options_arguments(argc, argv, NULL, &arguments, error) >= 0)
		result = gate_options_load(options, (const char *const *)arguments, error);
	gate_options_free_arguments(arguments);
	return result;
}

struct gate_option_source
gate_command_source(const struct gate_options *options, const char *name)
{
	size_t i = 0;

	while (strcmp(gate_options_name(i), name) != 0)
		i++;
	return gate_options_source(options, i);
}

/* Is this lifetime one that absolute_timeout makes shorter? */
static bool
is_cut(const struct gate_options *options, const char *name)
{
	int64_t limit = options->absolute_timeout;

	if (limit == 0)
		return false;
	return (strcmp(name, "max_age") == 0 && options->max_age > limit) ||
	    (strcmp(name, "ttl") == 0 && options->ttl > limit) ||
	    (strcmp(name, "remember_age") == 0 && options->remember_age > limit);
}

static void
print_options(const struct gate_options *options)
{
	for (size_t i = 0; i < gate_options_count(); i++) {
		struct gate_option_source source = gate_options_source(options, i);
		const char *name = gate_options_name(i);
		const char *blank = *source.value != '\0' ? " " : "";
		int width = printf("%s =%s%s", name, blank, source.value);

		width = width < SHOWN_WIDTH ? SHOWN_WIDTH - width : 0;
		printf("%*s # %s", width, "", source.origin);
		if (is_cut(options, name))
			printf(", cut to %s by absolute_timeout",
			    gate_command_source(options, "absolute_timeout").value);
		putchar('\n');
	}
}

static int
run_config(int argc, char **argv)
{
	struct gate_error error = {0};
	struct gate_options options;
	int status = GATE_COMMAND_DONE;

	if (gate_command_options(&options, argc, argv, &error) == 0)
		print_options(&options);
	else
		status = gate_command_fail(&error);
	gate_options_release(&options);
	return status;
}

/* ---- the store ---- */

const char *
gate_command_folder(const struct gate_options *options)
{
	return strncmp(options->store, "file:", 5) == 0 ? options->store + 5 : NULL;
}

const char *
gate_command_users_file(const struct gate_options *options)
{
	return strncmp(options->users, "file:", 5) == 0 ? options->users + 5 : NULL;
}

char *
gate_command_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
}

int
gate_command_become_owner_of(const char *path, struct gate_error *error)
{
	struct passwd *user;
	struct stat st;
	gid_t group;

	if (geteuid() != 0 || stat(path, &st) < 0 || st.st_uid == 0)
		return 0;
	user = getpwuid(st.st_uid);
	group = user != NULL ? user->pw_gid : st.st_gid;
	if ((user != NULL ? initgroups(user->pw_name, group) : setgroups(1, &group)) < 0 ||
	    setgid(group) < 0 || setuid(st.st_uid) < 0)
		return gate_fail_errno(error, GATE_ESYSTEM,
		    "can't become user %ju, who owns %.100s", (uintmax_t)st.st_uid, path);
	return 0;
}

int
gate_command_become_owner(const struct gate_options *options, struct gate_error *error)
{
	const char *folder = gate_command_folder(options);

	if (strcmp(options->store, "memory:") == 0) /* its own folder depends on the user */
		folder = options->run_dir;
	return folder != NULL ? gate_command_become_owner_of(folder, error) : 0;
}

int
gate_command_open(
    struct gate_store_link *link, const struct gate_options *options, struct gate_error *error)
{
	const struct gate_store *table = gate_store_find(options, NULL, error);
	const char *folder = gate_command_folder(options);

	*link = (struct gate_store_link){0};
	if (table == NULL)
		return gate_options_blame(options, "store", error);
	if (gate_command_become_owner(options, error) < 0)
		return -1;
	/* opening would make the folder, and then the programs would not own it */
	if (folder != NULL && access(folder, F_OK) < 0)
		return gate_fail_errno(error, GATE_ESTORE, "store file:%.100s", folder);
	return gate_store_open(link, table, options, error);
}

struct gate_record
gate_command_record(const struct gate_options *options)
{
	return gate_record_blank(gate_clock_wall(), gate_clock_monotonic() + options->deadline,
	    options->ttl, options->user_member);
}

/* ---- the command line ---- */

static const struct command commands[] = {
    {"secret", gate_command_secret},
    {"config", run_config},
    {"check", gate_command_check},
    {"session", gate_command_session},
    {"user", gate_command_user},
    {"group", gate_command_group},
    {"error-pages", gate_command_error_pages},
};

static int
run(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_usage(stdout);
			return GATE_COMMAND_DONE;
		}
		if (strcmp(argv[i], "--version") == 0) {
			printf("gate %s\n", GATE_VERSION);
			return GATE_COMMAND_DONE;
		}
	}
	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return argc > 1 ? gate_command_usage("there is no command %.40s", argv[1])
			: gate_command_usage("a command is missing");
}

int
main(int argc, char **argv)
{
	int status = run(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "gate: standard output: %s\n", strerror(errno));
		return GATE_COMMAND_FAILED;
	}
	return status;
}
