/* gate_user.c: gate user: lists and changes who may log in. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "gate_command.h"
#include "crypto/password.h"
#include "login/throttle.h"
#include "user/user.h"

_Static_assert(
    GATE_COMMAND_LINE_SIZE > GATE_PASSWORD_MAX && GATE_COMMAND_LINE_SIZE >= GATE_HASH_MAX,
    "a line holds a password or a hash");

struct job {
	struct gate_options options;
	struct gate_users *users;
	struct gate_store_link link;
	struct gate_error error;
	const char *name;   /* the user's; NULL: list */
	bool from_stdin;    /* else from the terminal */
	bool ready;         /* --hash: read a hash, not a password */
	unsigned int ended; /* how many sessions */
};

/* ---- passwords and hashes ---- */

static int
fail_to_read(struct job *job)
{
	const char *what = job->ready ? "hash" : "password";

	switch (errno) {
	case EMSGSIZE:
		return gate_fail(&job->error, GATE_EOPTION, "the %s is longer than %d bytes", what,
		    GATE_COMMAND_LINE_SIZE - 1);
	case EBADMSG:
		return gate_fail(&job->error, GATE_EOPTION, "the %s holds a NUL byte", what);
	case ENODATA:
		return gate_fail(&job->error, GATE_EOPTION, "there was no %s to read", what);
	}
	return gate_fail_errno(&job->error, GATE_ESYSTEM, "the %s can't be read", what);
}

static int
check_line(struct job *job, const char *line)
{
	const char *why = job->ready
	    ? gate_password_hash_refusal(line, job->options.allow_weak_hashes)
	    : gate_password_refusal(line, job->name);

	if (why == NULL)
		return 0;
	return gate_fail(
	    &job->error, GATE_EOPTION, "the %s %s", job->ready ? "hash" : "password", why);
}

/* Asks at the terminal, for a password twice, as it does not show. Returns 0, or -1 with the error
 * set. */
static int
ask_terminal(struct job *job, char line[GATE_COMMAND_LINE_SIZE])
{
	char prompt[GATE_USER_NAME_MAX + 32], again[GATE_COMMAND_LINE_SIZE];
	int fd = gate_command_terminal(), result = -1;

	if (fd < 0)
		return gate_fail(
		    &job->error, GATE_ESYSTEM, "there is no terminal to ask at: say --stdin");
	snprintf(prompt, sizeof prompt, "%s %s: ", job->ready ? "hash of" : "new password of",
	    job->name);
	if (gate_command_ask(fd, prompt, line) < 0)
		fail_to_read(job);
	else if (check_line(job, line) < 0 || job->ready)
		result = job->error.code == GATE_OK ? 0 : -1;
	else if (gate_command_ask(fd, "once more: ", again) < 0)
		fail_to_read(job);
	else if (strcmp(line, again) != 0)
		gate_fail(&job->error, GATE_EOPTION, "these were two different passwords");
	else
		result = 0;
	explicit_bzero(again, sizeof again);
	close(fd);
	return result;
}

static int
read_stdin(struct job *job, char line[GATE_COMMAND_LINE_SIZE])
{
	if (gate_command_read_line(line) < 0)
		return fail_to_read(job);
	return check_line(job, line);
}

/* Asks for the new password, and hashes it. Returns 0, or -1 with the error set. */
static int
get_hash(struct job *job, char hash[GATE_HASH_MAX])
{
	char line[GATE_COMMAND_LINE_SIZE] = "";
	int result = job->from_stdin ? read_stdin(job, line) : ask_terminal(job, line);

	if (result == 0 && job->ready)
		snprintf(hash, GATE_HASH_MAX, "%.*s", GATE_HASH_MAX - 1, line);
	else if (result == 0)
		result = gate_password_hash(line, hash, &job->error);
	explicit_bzero(line, sizeof line);
	return result;
}

/* ---- what the store knows of a user ---- */

static int
open_store(struct job *job)
{
	return gate_command_open(&job->link, &job->options, &job->error);
}

static int
end_session(void *data, const char *id, struct gate_record *record)
{
	struct job *job = data;
	int result = gate_store_end(&job->link, id, NULL, &job->error);

	(void)record;
	job->ended += result == 1;
	return result < 0 ? -1 : 1;
}

/* Ends all sessions of the user, and forgets failed logins: a new user has none yet, a new password
 * ends the old one's sessions, and a removed user must not go on. If the folder of a file store is
 * not there, no program has ever run, and there is nothing to do. Returns 1, or -1 with the error
 * set. */
static int
forget(struct job *job)
{
	const char *folder = gate_command_folder(&job->options);

	if (folder != NULL && access(folder, F_OK) < 0 && errno == ENOENT)
		return 1;
	if (open_store(job) < 0 || gate_throttle_reset(&job->link, job->name, &job->error) < 0 ||
	    gate_store_each(&job->link, job->name, end_session, job, &job->error) < 0) {
		fprintf(stderr, "gate: the users are changed; what the store holds of %s is not\n",
		    job->name);
		return -1;
	}
	if (job->ended > 0)
		printf("%u sessions of %s ended\n", job->ended, job->name);
	return 1;
}

/* ---- the jobs ---- */

static int
fail_missing(struct job *job)
{
	return gate_fail(&job->error, GATE_EOPTION, "there is no user %.100s", job->name);
}

static int
fail_there(struct job *job)
{
	return gate_fail(&job->error, GATE_EOPTION,
	    "there is a user %.60s already: gate user password changes the password", job->name);
}

static int
add(struct job *job)
{
	const char *path = gate_command_users_file(&job->options);
	bool makes = path != NULL && access(path, F_OK) < 0;
	char hash[GATE_HASH_MAX];
	int result = gate_users_find(job->users, job->name, hash, &job->error);

	if (result == 1)
		return fail_there(job);
	if (result < 0 || (makes && gate_command_check_folder(path, &job->error) < 0) ||
	    get_hash(job, hash) < 0)
		return -1;
	result = gate_users_change(job->users, GATE_USER_ADD, job->name, hash, NULL, &job->error);
	if (result <= 0)
		return result < 0 ? -1 : fail_there(job);
	printf("%s may log in\n", job->name);
	if (makes)
		gate_command_say_owner(path);
	return forget(job);
}

static int
change_password(struct job *job)
{
	char hash[GATE_HASH_MAX];
	int result = gate_users_find(job->users, job->name, hash, &job->error);

	if (result == 0)
		return fail_missing(job);
	if (result < 0 || get_hash(job, hash) < 0)
		return -1;
	result =
	    gate_users_change(job->users, GATE_USER_REPLACE, job->name, hash, NULL, &job->error);
	if (result <= 0)
		return result < 0 ? -1 : fail_missing(job);
	printf("%s has a new password\n", job->name);
	return forget(job);
}

/* Removes a user. A user who was removed before counts as removed now: the store may have been out
 * of reach then. */
static int
remove_user(struct job *job)
{
	int64_t since = 0;
	int result =
	    gate_users_change(job->users, GATE_USER_REMOVE, job->name, NULL, NULL, &job->error);

	if (result == 0 && gate_users_since(job->users, job->name, &since, &job->error) < 0)
		return -1;
	if (result < 0 || (result == 0 && since == 0))
		return result < 0 ? -1 : fail_missing(job);
	printf("%s is gone\n", job->name);
	return forget(job);
}

static int
unlock(struct job *job)
{
	char hash[GATE_HASH_MAX];
	int result = gate_users_find(job->users, job->name, hash, &job->error);

	if (result == 0)
		return fail_missing(job);
	if (result < 0 || open_store(job) < 0 ||
	    gate_throttle_reset(&job->link, job->name, &job->error) < 0)
		return -1;
	printf("%s may try again\n", job->name);
	return 1;
}

static const char *
kind_of(const char *hash)
{
	static const struct {
		const char *prefix, *kind;
	} kinds[] = {
	    {"$y$", "yescrypt"},
	    {"$gy$", "gost-yescrypt"},
	    {"$7$", "scrypt"},
	    {"$2", "bcrypt"},
	    {"$6$", "sha512-crypt"},
	    {"$5$", "sha256-crypt"},
	    {"$apr1$", "apr1"},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strncmp(hash, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].kind;
	return "unknown";
}

static int
print_user(void *data, const char *name, const char *hash)
{
	const struct job *job = data;
	const char *mark = "";

	if (gate_password_hash_refusal(hash, job->options.allow_weak_hashes) != NULL)
		mark = "\trefused";
	else if (gate_password_hash_refusal(hash, false) != NULL)
		mark = "\tweak";
	printf("%s\t%s%s\n", name, kind_of(hash), mark);
	return 1;
}

static int
list(struct job *job)
{
	return gate_users_each(job->users, print_user, job, &job->error);
}

/* ---- the command line ---- */

static const struct {
	const char *name;
	int (*run)(struct job *);
	bool named, reads, makes;
} jobs[] = {
    {"list", list, .named = false},
    {"add", add, .named = true, .reads = true, .makes = true},
    {"password", change_password, .named = true, .reads = true},
    {"remove", remove_user, .named = true},
    {"unlock", unlock, .named = true},
};

#define JOBS (sizeof jobs / sizeof *jobs)

/* Takes this command's own words out of argv. Returns how many arguments are left. */
static int
take_words(struct job *job, int argc, char **argv)
{
	int left = 1;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--stdin") == 0)
			job->from_stdin = true;
		else if (strcmp(argv[i], "--hash") == 0)
			job->ready = true;
		else
			argv[left++] = argv[i];
	}
	argv[left] = NULL;
	return left;
}

static int
open_users(struct job *job, bool make)
{
	const char *path = gate_command_users_file(&job->options), *why = NULL;

	if (*job->options.users == '\0')
		return gate_fail(&job->error, GATE_EOPTION,
		    "no users: say users = file:PATH in gate.conf, or --users=file:PATH");
	if (job->name != NULL)
		why = gate_user_name_refusal(job->name, strlen(job->name));
	if (why != NULL)
		return gate_fail(&job->error, GATE_EOPTION, "the user's name %s", why);
	if (path != NULL && gate_command_become_owner_around(path, &job->error) < 0)
		return -1;
	job->users = make ? gate_users_open_or_make(job->options.users, &job->error)
			  : gate_users_open(job->options.users, &job->error);
	if (job->users == NULL)
		return -1;
	gate_users_set_timeouts(job->users, &job->options);
	return 0;
}

int
gate_command_user(int argc, char **argv)
{
	struct job job = {.name = NULL};
	int taken, left, result = -1;
	size_t i = 0;

	while (argc > 1 && i < JOBS && strcmp(jobs[i].name, argv[1]) != 0)
		i++;
	taken = i < JOBS && jobs[i].named ? 2 : 1; /* a name may begin with a dash */
	if (argc < 2 || i == JOBS)
		return gate_command_usage(
		    "gate user needs list, add, password, remove or unlock%s%.40s",
		    argc > 1 ? ", not " : "", argc > 1 ? argv[1] : "");
	if (argc < 1 + taken ||
	    (taken == 2 && (strncmp(argv[2], "--", 2) == 0 || strcmp(argv[2], "-c") == 0)))
		return gate_command_usage(
		    "gate user %s needs a name, before all that begins with a dash", argv[1]);
	job.name = taken == 2 ? argv[2] : NULL;
	left = take_words(&job, argc - taken, argv + taken);
	if ((job.from_stdin || job.ready) && !jobs[i].reads)
		return gate_command_usage(
		    "gate user %s takes no --stdin and no --hash", jobs[i].name);
	if (gate_command_options(&job.options, left, argv + taken, &job.error) == 0 &&
	    open_users(&job, jobs[i].makes) == 0)
		result = jobs[i].run(&job);
	gate_users_close(job.users);
	gate_store_close(&job.link);
	gate_options_release(&job.options);
	if (result < 0)
		return gate_command_fail(&job.error);
	return GATE_COMMAND_DONE;
}
