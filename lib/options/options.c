/* options/options.c: loads the options; which source overrides which, and which values clash. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "http/cookie.h"
#include "options/own.h"
#include "options/private.h"

static int
give_defaults(struct gate_options *options, struct gate_error *error)
{
	struct gate_option_given given = {.origin = "default", .level = GATE_FROM_DEFAULT};
	const struct gate_option_row *option;

	for (size_t i = 0; (option = gate_option_at(i)) != NULL; i++) {
		given.text = option->fallback;
		if (gate_option_give(options, option, &given, error) < 0)
			return -1;
	}
	return 0;
}

/* Returns the option that a variable GATE_NAME sets, or NULL. name begins after "GATE_". */
static const struct gate_option_row *
find_variable(const char *name, size_t length)
{
	const struct gate_option_row *option;

	for (size_t i = 0; (option = gate_option_at(i)) != NULL; i++) {
		size_t same = 0;

		while (same < length && toupper((unsigned char)option->name[same]) == name[same])
			same++;
		if (same == length && option->name[same] == '\0')
			break;
	}
	return option;
}

static bool
is_config(const struct gate_option_row *option)
{
	return option == gate_option_at(0);
}

/* Sets the options from the environment: only config, or all but config. */
static int
give_environment(struct gate_options *options, bool only_config, struct gate_error *error)
{
	char name[sizeof "GATE_" + GATE_OWN_NAME_MAX];
	struct gate_option_given given = {.origin = name, .level = GATE_FROM_ENVIRONMENT};
	const struct gate_option_row *option;
	const char *own;

	for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
		const char *equals = strchr(*variable, '=');
		size_t length = equals != NULL ? (size_t)(equals - *variable) : 0;

		if (strncmp(*variable, "GATE_", 5) != 0 || length < 5)
			continue;
		option = find_variable(*variable + 5, length - 5);
		own = gate_own_options_variable(options->own, *variable + 5, length - 5);
		memset(name, 0, sizeof name);
		memcpy(name, *variable, length < sizeof name - 1 ? length : sizeof name - 1);
		given.text = equals + 1;
		if (own != NULL && !only_config &&
		    gate_own_options_give(options->own, own, &given, error) < 0)
			return -1;
		if (option == NULL && own == NULL && !only_config)
			gate_log(GATE_LOG_WARN, "environment-unknown", "name", name, NULL);
		if (option == NULL || is_config(option) != only_config)
			continue;
		given.text = equals + 1;
		if (gate_option_give(options, option, &given, error) < 0)
			return -1;
	}
	return 0;
}

static int
give_arguments(struct gate_options *options, const char *const *arguments, bool only_config,
    struct gate_error *error)
{
	struct gate_option_given given = {.origin = "argv", .level = GATE_FROM_ARGUMENTS};
	char name[GATE_OWN_NAME_MAX + 2];
	const struct gate_option_row *option;

	for (; arguments != NULL && *arguments != NULL; arguments++) {
		size_t length = strcspn(*arguments, "=");

		if ((*arguments)[length] == '\0')
			return gate_fail(error, GATE_EOPTION, "argv: not of the form name=value");
		memset(name, 0, sizeof name);
		memcpy(name, *arguments, length < sizeof name - 1 ? length : sizeof name - 1);
		given.text = *arguments + length + 1;
		if (gate_own_options_fits(name)) {
			if (!only_config &&
			    gate_own_options_give(options->own, name, &given, error) < 0)
				return -1;
			continue;
		}
		option = gate_option_find(name);
		if (option == NULL)
			return gate_option_unknown("argv", name, error);
		if (is_config(option) == only_config &&
		    gate_option_give(options, option, &given, error) < 0)
			return -1;
	}
	return 0;
}

static int
give_file(struct gate_options *options, struct gate_error *error)
{
	if (*options->config == '\0')
		return 0;
	if (gate_option_entry_of(options, gate_option_at(0))->level == GATE_FROM_DEFAULT &&
	    access(options->config, F_OK) < 0 && errno == ENOENT) {
		*options->config = '\0'; /* no file was read */
		return 0;
	}
	return gate_options_read(options, error);
}

static int
write_values(struct gate_options *options, struct gate_error *error)
{
	const struct gate_option_row *option;

	for (size_t i = 0; (option = gate_option_at(i)) != NULL; i++) {
		struct gate_option_entry *entry = gate_option_entry_of(options, option);

		entry->value = gate_option_text(options, option);
		if (entry->value == NULL)
			return gate_fail(error, GATE_EMEMORY, "options: out of memory");
	}
	return 0;
}

/* ---- clashes ---- */

/* Warns: other hosts of the domain lose their cookies, too, and so does the known device. */
static void
warn_of_cookies(const struct gate_options *options)
{
	for (char *const *type = options->clear_site_data; *type != NULL; type++)
		if (strcmp(*type, "cookies") == 0 || strcmp(*type, "*") == 0)
			gate_log(GATE_LOG_WARN, "clear-site-data-cookies", "origin",
			    gate_option_origin(options, "clear_site_data"), "value", *type, "why",
			    "at logout browsers drop the cookies of the whole registrable domain",
			    NULL);
}

/* Does the path of a page under mount begin with `start`? */
static bool
begins_with(const char *mount, const char *page, const char *start)
{
	size_t length = strlen(mount), wanted = strlen(start);

	if (wanted <= length)
		return strncmp(mount, start, wanted) == 0;
	return strncmp(mount, start, length) == 0 &&
	    strncmp(page, start + length, wanted - length) == 0;
}

/* Warns if cookie_path covers none of gate's pages. The operator's own pages may all lie under it,
 * but nobody can log in by the page that comes with gate. */
static void
warn_of_path(const struct gate_options *options)
{
	static const char *const pages[] = {
	    "/counter", "/card", "/login", "/logout", "/user", "/account"};

	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
		if (begins_with(options->mount, pages[i], options->cookie_path))
			return;
	gate_log(GATE_LOG_WARN, "cookie-path-narrow", "origin",
	    gate_option_origin(options, "cookie_path"), "cookie_path", options->cookie_path,
	    "mount", options->mount, "why",
	    "none of /counter, /card, /login, /logout, /user, /account, with mount in front, "
	    "begins "
	    "with it: pages outside see no session, and their cookie never comes back",
	    NULL);
}

static int
clash(const struct gate_options *options, const char *name, const char *needs, const char *other,
    struct gate_error *error)
{
	return gate_fail(error, GATE_EOPTION, "%s: %s needs %s, and %s says otherwise: %s",
	    gate_option_origin(options, name), name, needs, gate_option_origin(options, other),
	    strcmp(name, "cookie_name") == 0 ? "say so, or take a name without the prefix"
					     : "say so, or leave it out");
}

/* Refuses what gate_cookie_check would refuse, in the words of the options. */
static int
check_cookie(const struct gate_options *o, struct gate_error *error)
{
	const char *name = o->cookie_name;
	bool host = strncasecmp(name, "__Host-", 7) == 0;
	bool http =
	    strncasecmp(name, "__Http-", 7) == 0 || strncasecmp(name, "__Host-Http-", 12) == 0;
	bool prefix = host || http || strncasecmp(name, "__Secure-", 9) == 0;
	bool secure = o->cookie_secure == GATE_YES;

	if (prefix && !secure)
		return clash(o, "cookie_name", "cookie_secure = yes", "cookie_secure", error);
	if (http && !o->cookie_http_only)
		return clash(o, "cookie_name", "cookie_http_only = yes", "cookie_http_only", error);
	if (host && *o->cookie_domain != '\0')
		return clash(o, "cookie_name", "cookie_domain to be empty", "cookie_domain", error);
	if (host && strcmp(o->cookie_path, "/") != 0)
		return clash(o, "cookie_name", "cookie_path = /", "cookie_path", error);
	if (o->cookie_same_site == GATE_SAME_SITE_NONE && !secure)
		return clash(
		    o, "cookie_same_site", "cookie_secure = yes for none", "cookie_secure", error);
	if (o->cookie_partitioned && !secure)
		return clash(
		    o, "cookie_partitioned", "cookie_secure = yes", "cookie_secure", error);
	return 0;
}

/* Checks name, domain and path one by one: would browsers take it? */
static int
check_cookie_texts(const struct gate_options *options, struct gate_error *error)
{
	static const char *const names[] = {"cookie_name", "cookie_domain", "cookie_path"};
	const struct gate_cookie_attributes cases[] = {
	    {.path = "/", .secure = true, .http_only = true},
	    {.path = "/", .domain = options->cookie_domain}, {.path = options->cookie_path}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (gate_cookie_check(i == 0 ? options->cookie_name : "n", &cases[i], error) < 0)
			return gate_options_blame(options, names[i], error);
	return 0;
}

static int
check(struct gate_options *options, struct gate_error *error)
{
	const int64_t oldest = INT64_C(1000) * GATE_COOKIE_AGE_MAX;

	if (check_cookie(options, error) < 0 || check_cookie_texts(options, error) < 0)
		return -1;
	if (options->secret[0] != NULL && *options->secret_file != '\0')
		return gate_fail(error, GATE_EOPTION,
		    "%s: secret_file and secret (%s) are both set: keep one",
		    gate_option_origin(options, "secret_file"),
		    gate_option_origin(options, "secret"));
	if (options->max_age > oldest) {
		gate_log(GATE_LOG_WARN, "max-age-clamped", "origin",
		    gate_option_origin(options, "max_age"), "to", "400d", NULL);
		options->max_age = oldest;
	}
	warn_of_cookies(options);
	warn_of_path(options);
	return 0;
}

/* ---- loading ---- */

int
gate_options_load_with(struct gate_options *options, const struct gate_program_option *own,
    const char *const *arguments, struct gate_error *error)
{
	*options = (struct gate_options){.state = gate_option_state_new()};
	if (options->state == NULL)
		return gate_fail(error, GATE_EMEMORY, "options: out of memory");
	options->own = gate_own_options_new(own, error);
	if (options->own == NULL)
		return -1;
	if (give_defaults(options, error) < 0 || give_environment(options, true, error) < 0 ||
	    give_arguments(options, arguments, true, error) < 0 || give_file(options, error) < 0 ||
	    give_environment(options, false, error) < 0 ||
	    give_arguments(options, arguments, false, error) < 0 || check(options, error) < 0)
		return -1;
	return write_values(options, error);
}

int
gate_options_load(
    struct gate_options *options, const char *const *arguments, struct gate_error *error)
{
	return gate_options_load_with(options, NULL, arguments, error);
}

const char *
gate_options_get(const struct gate_options *options, const char *name)
{
	const struct gate_option_row *option = gate_option_find(name);

	if (option != NULL)
		return gate_option_entry_of(options, option)->value;
	return gate_own_options_get(options->own, name);
}

void
gate_options_release(struct gate_options *options)
{
	const struct gate_option_row *option;

	for (size_t i = 0; options->state != NULL && (option = gate_option_at(i)) != NULL; i++) {
		gate_option_release(options, option);
		free(gate_option_entry_of(options, option)->value);
		free(gate_option_entry_of(options, option)->origin);
	}
	free(options->state);
	gate_own_options_free(options->own);
	*options = (struct gate_options){0};
}
