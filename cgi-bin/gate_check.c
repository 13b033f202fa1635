/* gate_check.c: gate check: finds what is wrong with options, files and their permissions. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "gate_check/web.h"
#include "gate_command.h"
#include "crypto/password.h"
#include "crypto/sign.h"
#include "user/groups.h"
#include "user/user.h"

#define USERS_SHOWN 10 /* how many users who need a new password are named */

void
gate_check_say(struct gate_check *check, enum gate_check_level level, const char *format, ...)
{
	static const char *const words[] = {"note: ", "warning: ", "error: "};
	va_list arguments;

	fputs(words[level], stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	check->found[level]++;
}

/* ---- permissions ---- */

/* Checks the folder that path is in: who may write to a folder can replace any file in it, unless
 * the folder has the sticky bit, as /tmp has. */
static void
check_holder(struct gate_check *check, const char *option, const char *path)
{
	char *folder = gate_command_folder_of(path);
	struct stat st;

	if (folder != NULL && stat(folder, &st) == 0 &&
	    (st.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)
		gate_check_say(check, GATE_CHECK_ERROR,
		    "%s: everybody can put something else in the place of %s: chmod o-w %s", option,
		    path, folder);
	free(folder);
}

int
gate_check_mode(struct gate_check *check, const char *option, const char *path, unsigned int never,
    unsigned int better_not)
{
	struct stat st;
	unsigned int mode;

	if (stat(path, &st) < 0)
		return errno != ENOENT;
	mode = st.st_mode & 07777;
	if ((mode & (never | better_not)) != 0)
		gate_check_say(check, (mode & never) != 0 ? GATE_CHECK_ERROR : GATE_CHECK_WARNING,
		    "%s: %s has mode %04o, others can %s it: chmod %04o %s", option, path, mode,
		    (mode & (never | better_not) & 0022) != 0 ? "change" : "read",
		    mode & ~(never | better_not), path);
	check_holder(check, option, path);
	return 1;
}

/* ---- the file of options and the secrets ---- */

static bool
starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static void
check_config(struct gate_check *check)
{
	const struct gate_options *options = &check->options;
	const char *origin = gate_command_source(options, "secret").origin;
	bool here = options->secret[0] != NULL && !starts_with(origin, "GATE_") &&
	    strcmp(origin, "argv") != 0;

	/* a URL is shown without its password */
	here |= strcmp(gate_options_get(options, "store"), options->store) != 0;
	if (*options->config != '\0')
		gate_check_mode(check, "config", options->config, here ? 0027 : 0002, 0020);
	if (options->secret[0] != NULL && strcmp(origin, "argv") == 0)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "secret: everybody can see the arguments of a program: name a secret_file");
}

/* Loads the secrets twice: one that is only weak, and allowed, is a warning; all else is an
 * error. */
static void
check_secrets(struct gate_check *check)
{
	struct gate_options *options = &check->options;
	struct gate_error strict = {0}, error = {0};
	bool allowed = options->allow_weak_secret;
	struct gate_keys *keys;

	options->allow_weak_secret = false;
	keys = gate_options_keys(options, &strict);
	options->allow_weak_secret = allowed;
	if (keys == NULL && allowed)
		keys = gate_options_keys(options, &error);
	if (keys == NULL)
		gate_check_say(check, GATE_CHECK_ERROR, "%s", allowed ? error.text : strict.text);
	else if (strict.code != GATE_OK)
		gate_check_say(check, GATE_CHECK_WARNING, "%s", strict.text);
	gate_keys_free(keys);
	if (*options->secret_file != '\0')
		check_holder(check, "secret_file", options->secret_file);
}

/* Checks, after root became the owner of the store, that the programs can read what root could. */
static void
check_readable(struct gate_check *check, const char *option, const char *path)
{
	if (*path != '\0' && access(path, R_OK) < 0 && errno == EACCES)
		gate_check_say(check, GATE_CHECK_ERROR,
		    "%s: user %ju, as whom the programs run, can't read %s: "
		    "let one of its groups do that",
		    option, (uintmax_t)geteuid(), path);
}

/* ---- the users ---- */

struct tally {
	struct gate_check *check;
	size_t users, bad, old;
};

static int
check_user(void *data, const char *name, const char *hash)
{
	struct tally *tally = data;
	const char *why = gate_password_hash_refusal(hash, tally->check->options.allow_weak_hashes);
	bool weak = gate_password_hash_refusal(hash, false) != NULL;

	tally->users++;
	tally->old += !weak && gate_password_hash_is_old(hash);
	if (!weak || ++tally->bad > USERS_SHOWN)
		return 1;
	gate_check_say(tally->check, GATE_CHECK_WARNING,
	    "users: %s needs a new password: the hash %s", name,
	    why != NULL ? why : "is weak, whoever gets the file will guess it");
	return 1;
}

static void
check_each_user(struct gate_check *check, struct gate_users *users, const char *url)
{
	struct tally tally = {.check = check};
	struct gate_error error = {0};

	if (gate_users_each(users, check_user, &tally, &error) < 0)
		gate_check_say(check, GATE_CHECK_ERROR, "%s", error.text);
	else if (tally.users == 0)
		gate_check_say(
		    check, GATE_CHECK_WARNING, "users: %s holds none: gate user add NAME", url);
	if (tally.bad > USERS_SHOWN)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "users: %zu more need a new password: gate user list shows them",
		    tally.bad - USERS_SHOWN);
	if (tally.old > 0)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "users: %zu have hashes of the old days, quickly guessed by who gets the file: "
		    "gate user password makes new ones",
		    tally.old);
	if (gate_users_skipped(users) > 0)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "users: %zu lines of %s hold no user, see the log: correct or remove them",
		    gate_users_skipped(users), url);
}

/* Can a change put a new file of the same owner in its place? */
static bool
can_replace(const char *path)
{
	char *folder = gate_command_folder_of(path);
	struct stat st;
	bool result = folder != NULL && access(folder, W_OK | X_OK) == 0 &&
	    access(path, W_OK) == 0 && stat(path, &st) == 0 &&
	    (st.st_uid == geteuid() || geteuid() == 0);

	free(folder);
	return result;
}

/* Checks the users' file; if it is a link, also what that names. */
static void
check_users_file(struct gate_check *check, const char *path)
{
	char *real = realpath(path, NULL);
	struct stat st;

	if (real == NULL)
		return;
	gate_check_mode(check, "users", path, 0007, 0020);
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		check_holder(check, "users", real);
	if (!can_replace(real))
		gate_check_say(check, GATE_CHECK_WARNING,
		    "users: user %ju can't change %s, so passwords can't be changed by their "
		    "users: give it and its folder to the user that gate runs as",
		    (uintmax_t)geteuid(), real);
	free(real);
}

/* Who can write the file of groups can give each group to each user. */
static void
check_groups(struct gate_check *check)
{
	const char *path = check->options.groups;
	struct gate_error error = {0};
	struct gate_groups *groups;

	if (*path == '\0')
		return;
	gate_check_mode(check, "groups", path, 0002, 0020);
	groups = gate_groups_open(path, &error);
	if (groups == NULL)
		gate_check_say(check, GATE_CHECK_ERROR, "%s", error.text);
	gate_groups_close(groups);
}

static void
check_users(struct gate_check *check)
{
	const char *path = gate_command_users_file(&check->options);
	struct gate_users *users;
	struct gate_error error = {0};

	if (*check->options.users == '\0')
		return;
	if (path != NULL)
		check_users_file(check, path);
	users = gate_users_open(check->options.users, &error);
	if (users == NULL) {
		gate_check_say(check, GATE_CHECK_ERROR, "%s", error.text);
		return;
	}
	gate_users_set_timeouts(users, &check->options);
	check_each_user(check, users, gate_options_get(&check->options, "users"));
	gate_users_close(users);
}

/* ---- options that fit badly ---- */

static void
check_proxies(struct gate_check *check)
{
	for (char *const *proxy = check->options.trusted_proxies; *proxy != NULL; proxy++) {
		const char *slash = strchr(*proxy, '/');

		if (slash != NULL && strcmp(slash, "/0") == 0)
			gate_check_say(check, GATE_CHECK_ERROR,
			    "trusted_proxies: %s believes everybody: name the proxies", *proxy);
	}
}

static void
check_lifetimes(struct gate_check *check)
{
	const struct gate_options *options = &check->options;
	const struct {
		const char *name;
		int64_t age;
	} lifetimes[] = {{"max_age", options->max_age}, {"ttl", options->ttl},
	    {"remember_age", options->remember_age}};

	if (options->absolute_timeout == 0)
		return;
	for (size_t i = 0; i < sizeof lifetimes / sizeof *lifetimes; i++)
		if (lifetimes[i].age > options->absolute_timeout)
			gate_check_say(check, GATE_CHECK_WARNING,
			    "%s is longer than absolute_timeout, which ends every session: "
			    "make one of them fit",
			    lifetimes[i].name);
}

/* Checks that passwords come encrypted. On the loopback, as in the demo, they need not. */
static void
check_login(struct gate_check *check)
{
	const struct gate_options *options = &check->options;

	if (*options->users != '\0' && options->insecure_http &&
	    !starts_with(options->origin, "http://127.") &&
	    !starts_with(options->origin, "http://localhost"))
		gate_check_say(check, GATE_CHECK_WARNING,
		    "insecure_http = yes: passwords may come over plain http, for everybody on "
		    "the way to read: serve the site by https and say no");
	if (*options->users != '\0' && !options->insecure_http &&
	    starts_with(options->origin, "https:") && options->trusted_proxies[0] == NULL)
		gate_check_say(check, GATE_CHECK_NOTE,
		    "origin is https, and trusted_proxies is empty: where TLS ends before the web "
		    "server, nobody can log in until it names what ends it");
}

static void
check_cookie(struct gate_check *check)
{
	const struct gate_options *options = &check->options;

	if (options->cookie_secure == GATE_YES && starts_with(options->origin, "http:"))
		gate_check_say(check, GATE_CHECK_ERROR,
		    "cookie_secure = yes, but origin is http: no browser will send the cookie: "
		    "say auto, or serve the site by https");
	if (options->cookie_secure == GATE_NO && starts_with(options->origin, "https:"))
		gate_check_say(check, GATE_CHECK_WARNING,
		    "cookie_secure = no, but origin is https: the cookie can leak over http: "
		    "say yes or auto");
	if (*options->cookie_domain != '\0' &&
	    strncasecmp(options->cookie_name, "__Secure-", 9) != 0)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "cookie_domain = %s: every host below it can overwrite the session's cookie: "
		    "leave it empty, or take a name that begins with __Secure-",
		    options->cookie_domain);
	if (!options->cookie_http_only)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "cookie_http_only = no: any script in a page can steal the session: say yes");
}

static void
check_clashes(struct gate_check *check)
{
	const struct gate_options *options = &check->options;

	check_proxies(check);
	check_lifetimes(check);
	check_cookie(check);
	check_login(check);
	if (options->auto_remove == GATE_REMOVE_DISABLED)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "auto_remove = disabled: expired records stay: "
		    "let cron run gate session sweep");
	if (starts_with(options->listen, "unix:") && (options->socket_mode & 0007) != 0)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "socket_mode = %s: every user can claim to be the web server: "
		    "say 0660, and its group in socket_group",
		    gate_options_get(options, "socket_mode"));
	if (*options->socket_group != '\0' && getgrnam(options->socket_group) == NULL)
		gate_check_say(check, GATE_CHECK_ERROR, "socket_group: there is no group %s",
		    options->socket_group);
}

/* ---- all of it ---- */

static void
check_all(struct gate_check *check, const struct gate_web_files *files)
{
	const struct gate_options *options = &check->options;
	struct gate_error error = {0};
	uid_t before = geteuid();

	check_config(check);
	check_secrets(check);
	check_clashes(check);
	gate_check_sockets(check);
	gate_check_web(check, files);
	if (gate_command_become_owner(options, &error) < 0 ||
	    (gate_command_folder(options) == NULL &&
		gate_command_become_owner_of(options->run_dir, &error) < 0))
		gate_check_say(
		    check, GATE_CHECK_WARNING, "%s: what follows is what root sees", error.text);
	if (geteuid() != before) {
		check_readable(check, "config", options->config);
		check_readable(check, "secret_file", options->secret_file);
		if (gate_command_users_file(options) != NULL)
			check_readable(check, "users", gate_command_users_file(options));
		if (*options->groups != '\0')
			check_readable(check, "groups", options->groups);
	}
	check_users(check);
	check_groups(check);
	gate_check_templates(check);
	gate_check_run_dir(check);
	gate_check_listen(check);
	gate_check_store(check);
}

int
gate_command_check(int argc, char **argv)
{
	struct gate_check check = {.found = {0}};
	struct gate_web_files files = {.count = 0};
	struct gate_error error = {0};
	int left = gate_web_take_files(&files, argc, argv);

	if (left < 0)
		return gate_command_usage("gate check takes --nginx, --apache, --lighttpd and "
					  "--caddy with a FILE each, at "
					  "most %d of them",
		    GATE_WEB_ARGUMENTS_MAX);
	if (gate_command_options(&check.options, left, argv, &error) == 0)
		check_all(&check, &files);
	else
		gate_check_say(&check, GATE_CHECK_ERROR, "%s", error.text);
	gate_options_release(&check.options);
	if (check.found[GATE_CHECK_ERROR] > 0)
		return GATE_COMMAND_FAILED;
	puts(check.found[GATE_CHECK_WARNING] > 0 ? "no errors" : "all is well");
	return GATE_COMMAND_DONE;
}
