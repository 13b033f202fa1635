/* gate_check.c: gate check: finds what is wrong with options, files and their permissions. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "gate_command.h"
#include "sign.h"

void
gate_check_say(struct gate_check *check, enum gate_check_level level, const char *format, ...)
{
	va_list arguments;

	fputs(level == GATE_CHECK_ERROR ? "error: " : "warning: ", stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	check->found[level]++;
}

/* ---- permissions ---- */

/* Who may write to a folder can put another file in the place of any in it, but for the sticky
 * bit of /tmp. */
static void
check_holder(struct gate_check *check, const char *option, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
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

/* A weak secret that is allowed is worth a warning; whatever else is wrong stays an error. */
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

/* After root became the owner of the store: can the programs read what root could? */
static void
check_readable(struct gate_check *check, const char *option, const char *path)
{
	if (*path != '\0' && access(path, R_OK) < 0 && errno == EACCES)
		gate_check_say(check, GATE_CHECK_ERROR,
		    "%s: user %ju, who owns the store, can't read %s: "
		    "let one of its groups do that",
		    option, (uintmax_t)geteuid(), path);
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

	if (options->absolute_timeout == 0)
		return;
	if (options->max_age > options->absolute_timeout)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "max_age is longer than absolute_timeout, which ends every session: "
		    "make one of them fit");
	if (options->ttl > options->absolute_timeout)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "ttl is longer than absolute_timeout, which ends every session: "
		    "make one of them fit");
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
check_all(struct gate_check *check)
{
	const struct gate_options *options = &check->options;
	struct gate_error error = {0};
	uid_t before = geteuid();

	check_config(check);
	check_secrets(check);
	check_clashes(check);
	if (gate_command_become_owner(options, &error) < 0)
		gate_check_say(
		    check, GATE_CHECK_WARNING, "%s: what follows is what root sees", error.text);
	if (geteuid() != before) {
		check_readable(check, "config", options->config);
		check_readable(check, "secret_file", options->secret_file);
	}
	gate_check_templates(check);
	gate_check_run_dir(check);
	gate_check_listen(check);
	gate_check_store(check);
}

int
gate_command_check(int argc, char **argv)
{
	struct gate_check check = {.found = {0}};
	struct gate_error error = {0};

	if (gate_command_options(&check.options, argc, argv, &error) == 0)
		check_all(&check);
	else
		gate_check_say(&check, GATE_CHECK_ERROR, "%s", error.text);
	gate_options_release(&check.options);
	if (check.found[GATE_CHECK_ERROR] > 0)
		return GATE_COMMAND_FAILED;
	puts(check.found[GATE_CHECK_WARNING] > 0 ? "no errors" : "all is well");
	return GATE_COMMAND_DONE;
}
