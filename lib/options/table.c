/* options/table.c: the table of options, and look-ups in it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "options/private.h"

#define SECOND INT64_C(1000)
#define DAY (86400 * SECOND)
#define AGES (3650 * DAY)

#define AT(field) .offset = offsetof(struct gate_options, field)

static const char *const no_yes_auto[] = {"no", "yes", "auto", NULL};
static const char *const genids[] = {"random", "uuid", NULL};
static const char *const payloads[] = {"string", "document", NULL};
static const char *const removes[] = {"native", "interval", "disabled", NULL};

/* gate.conf(5) and conf/gate.conf describe each option, as a test checks. */
static const struct gate_option_row table[] = {
    {"config", GATE_OPTION_TEXT, SYSCONFDIR "/gate.conf", "file with options; empty: none",
	AT(config)},
    {"cookie_name", GATE_OPTION_TEXT, "connect.sid", "name of the session cookie", AT(cookie_name),
	.least = 1},
    {"cookie_path", GATE_OPTION_TEXT, "/", "its Path", AT(cookie_path), .least = 1,
	.check = gate_option_check_path},
    {"cookie_domain", GATE_OPTION_TEXT, "", "its Domain; empty: this host only", AT(cookie_domain)},
    {"cookie_http_only", GATE_OPTION_SWITCH, "yes", "its HttpOnly", AT(cookie_http_only)},
    {"cookie_secure", GATE_OPTION_WORD, "auto", "its Secure; auto: when the request came by https",
	AT(cookie_secure), .words = no_yes_auto},
    {"cookie_same_site", GATE_OPTION_WORD, "lax", "its SameSite", AT(cookie_same_site),
	.words = gate_cookie_same_sites},
    {"cookie_priority", GATE_OPTION_WORD, "none", "its Priority", AT(cookie_priority),
	.words = gate_cookie_priorities},
    {"cookie_partitioned", GATE_OPTION_SWITCH, "no", "its Partitioned", AT(cookie_partitioned)},
    {"secret", GATE_OPTION_SECRETS, "", "signs the cookie; several: the first signs, all verify",
	AT(secret), .most = GATE_SECRETS_MAX},
    {"secret_file", GATE_OPTION_TEXT, "", "file with secrets, one a line", AT(secret_file),
	.path = true},
    {"allow_weak_secret", GATE_OPTION_SWITCH, "no", "accept a short or well-known secret",
	AT(allow_weak_secret)},
    {"genid", GATE_OPTION_WORD, "random", "what a new session id looks like", AT(genid),
	.words = genids},
    {"max_age", GATE_OPTION_DURATION, "0", "lifetime of the cookie; 0: with the browser",
	AT(max_age), .most = AGES},
    {"ttl", GATE_OPTION_DURATION, "14d", "lifetime of a record whose cookie has none", AT(ttl),
	.least = SECOND, .most = AGES},
    {"first_ttl", GATE_OPTION_DURATION, "60m", "a stranger's, until the second visit; 0: as ttl",
	AT(first_ttl), .most = AGES},
    {"touch_after", GATE_OPTION_DURATION, "60s", "prolong a record at most this often; 0: always",
	AT(touch_after), .most = AGES},
    {"absolute_timeout", GATE_OPTION_DURATION, "30d", "no session gets older; 0: no limit",
	AT(absolute_timeout), .most = AGES},
    {"rolling", GATE_OPTION_SWITCH, "no", "send the cookie with every answer", AT(rolling)},
    {"resave", GATE_OPTION_SWITCH, "no", "write sessions that did not change", AT(resave)},
    {"save_uninitialized", GATE_OPTION_SWITCH, "no", "write new sessions that nothing was put in",
	AT(save_uninitialized)},
    {"users", GATE_OPTION_URL, "", "who may log in: file:PATH, mongodb:URI; empty: nobody",
	AT(users)},
    {"groups", GATE_OPTION_TEXT, "",
	"file of groups for the guard: `group: user user`; empty: none", AT(groups), .path = true},
    {"user_member", GATE_OPTION_TEXT, "gate.user", "session member that says who is logged in",
	AT(user_member), .least = 1, .check = gate_option_check_member},
    {"allow_weak_hashes", GATE_OPTION_SWITCH, "no", "accept $apr1$ hashes of passwords",
	AT(allow_weak_hashes)},
    {"insecure_http", GATE_OPTION_SWITCH, "no", "allow login over plain http", AT(insecure_http)},
    {"remember_age", GATE_OPTION_DURATION, "30d", "lifetime of a session that is to be remembered",
	AT(remember_age), .least = SECOND, .most = AGES},
    {"max_sessions", GATE_OPTION_NUMBER, "100", "sessions of one user; 0: any number",
	AT(max_sessions), .most = 10000},
    {"clear_site_data", GATE_OPTION_LIST, "", "what browsers drop at logout: cache, storage, …",
	AT(clear_site_data), .most = GATE_LIST_MAX, .check = gate_option_check_site_data},
    {"trusted_proxies", GATE_OPTION_LIST, "", "proxies whose X-Forwarded headers count",
	AT(trusted_proxies), .most = GATE_LIST_MAX, .check = gate_option_check_address},
    {"origin", GATE_OPTION_TEXT, "", "scheme://host[:port] of the site; empty: as requested",
	AT(origin), .check = gate_option_check_origin},
    {"mount", GATE_OPTION_TEXT, "", "path above gate's own pages, as /auth; empty: the root",
	AT(mount), .check = gate_option_check_mount},
    {"site_name", GATE_OPTION_TEXT, "", "name of the site, on login, account and error pages",
	AT(site_name), .check = gate_option_check_site_name},
    {"site_logo", GATE_OPTION_TEXT, "", "path of its logo, as /logo.svg; empty: none",
	AT(site_logo), .check = gate_option_check_place},
    {"home", GATE_OPTION_TEXT, "/", "path that these pages lead home to", AT(home), .least = 1,
	.check = gate_option_check_place},
    {"store", GATE_OPTION_URL, "file:/var/lib/gate/sessions", "where sessions live", AT(store),
	.least = 1},
    {"store_module", GATE_OPTION_TEXT, "", "shared object with stores of your own; empty: none",
	AT(store_module), .path = true},
    {"file_sync", GATE_OPTION_SWITCH, "no", "files survive a power cut, and Node may read them",
	AT(file_sync)},
    {"store_reserve", GATE_OPTION_SIZE, "64m", "free space that strangers leave to users; 0: none",
	AT(store_reserve), .most = INT64_C(1) << 50},
    {"collection", GATE_OPTION_TEXT, "sessions", "MongoDB's collection of sessions", AT(collection),
	.least = 1},
    {"payload", GATE_OPTION_WORD, "string", "how MongoDB keeps a new session", AT(payload),
	.words = payloads},
    {"auto_remove", GATE_OPTION_WORD, "native", "who removes expired records", AT(auto_remove),
	.words = removes},
    {"sweep_interval", GATE_OPTION_DURATION, "10m", "time between two removals", AT(sweep_interval),
	.least = SECOND, .most = 30 * DAY},
    {"listen", GATE_OPTION_TEXT, "", "unix:PATH or HOST:PORT; empty: the socket passed in",
	AT(listen), .check = gate_option_check_listen},
    {"run_dir", GATE_OPTION_TEXT, "/run/gate", "folder for locks and counters", AT(run_dir),
	.least = 1, .path = true},
    {"socket_mode", GATE_OPTION_OCTAL, "0660", "mode of a unix socket", AT(socket_mode),
	.most = 0777},
    {"socket_group", GATE_OPTION_TEXT, "", "group of a unix socket; empty: unchanged",
	AT(socket_group)},
    {"templates", GATE_OPTION_TEXT, PKGDATADIR "/templates", "folder with templates", AT(templates),
	.least = 1, .path = true},
    {"workers", GATE_OPTION_NUMBER, "2", "processes; 0: serve in this one, one thread", AT(workers),
	.most = 64},
    {"threads", GATE_OPTION_NUMBER, "8", "threads of each worker", AT(threads), .least = 1,
	.most = 256},
    {"body_limit", GATE_OPTION_SIZE, "64k", "longest request body", AT(body_limit),
	.most = 32 << 20},
    {"deadline", GATE_OPTION_DURATION, "5s", "longest wait for a turn or a body", AT(deadline),
	.least = 100, .most = 600 * SECOND},
    {"connect_timeout", GATE_OPTION_DURATION, "1s", "for connecting to a store",
	AT(connect_timeout), .least = 1, .most = 600 * SECOND},
    {"select_timeout", GATE_OPTION_DURATION, "1s", "for finding a server of the store",
	AT(select_timeout), .least = 1, .most = 600 * SECOND},
    {"socket_timeout", GATE_OPTION_DURATION, "1500ms", "for one answer of the store",
	AT(socket_timeout), .least = 1, .most = 600 * SECOND},
    {"trace", GATE_OPTION_SWITCH, "no", "log every request", AT(trace)},
};

#define COUNT (sizeof table / sizeof table[0])
#define HINT_DISTANCE 2

_Static_assert(sizeof(enum gate_tristate) == sizeof(unsigned int), "words are stored as unsigned");

struct gate_option_state {
	struct gate_option_entry entries[COUNT];
};

struct gate_option_state *
gate_option_state_new(void)
{
	return calloc(1, sizeof(struct gate_option_state));
}

const struct gate_option_row *
gate_option_at(size_t i)
{
	return i < COUNT ? &table[i] : NULL;
}

struct gate_option_entry *
gate_option_entry_of(const struct gate_options *options, const struct gate_option_row *option)
{
	return &options->state->entries[option - table];
}

size_t
gate_options_count(void)
{
	return COUNT;
}

const char *
gate_options_name(size_t i)
{
	return table[i].name;
}

const char *
gate_options_default(size_t i)
{
	return table[i].fallback;
}

const char *
gate_options_help(size_t i)
{
	return table[i].help;
}

struct gate_option_source
gate_options_source(const struct gate_options *options, size_t i)
{
	return (struct gate_option_source){
	    .value = options->state->entries[i].value, .origin = options->state->entries[i].origin};
}

const struct gate_option_row *
gate_option_find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

const char *
gate_option_origin(const struct gate_options *options, const char *name)
{
	return gate_option_entry_of(options, gate_option_find(name))->origin;
}

int
gate_options_blame(const struct gate_options *options, const char *name, struct gate_error *error)
{
	struct gate_error cause;

	if (error == NULL)
		return -1;
	cause = *error;
	*error = (struct gate_error){0};
	return gate_fail(
	    error, cause.code, "%s: %s", gate_option_origin(options, name), cause.text);
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Returns the Levenshtein distance of two names of at most GATE_OPTION_NAME_MAX bytes. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[GATE_OPTION_NAME_MAX + 1], width = strlen(b);

	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			size_t above = row[j], change = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = least(least(above, row[j - 1]) + 1, change);
			diagonal = above;
		}
	}
	return row[width];
}

static const char *
nearest(const char *name)
{
	size_t best = HINT_DISTANCE + 1, here;
	const char *hint = NULL;

	for (size_t i = 0; i < COUNT; i++) {
		here = distance(name, table[i].name);
		if (here < best) {
			best = here;
			hint = table[i].name;
		}
	}
	return hint;
}

int
gate_option_unknown(const char *origin, const char *name, struct gate_error *error)
{
	const char *hint;

	/* what doesn't look like a name may be a secret whose name was forgotten */
	if (*name == '\0' || strlen(name) > GATE_OPTION_NAME_MAX ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(name))
		return gate_fail(
		    error, GATE_EOPTION, "%s: this is not the name of an option", origin);
	hint = nearest(name);
	return gate_fail(error, GATE_EOPTION, "%s: unknown option \"%s\"%s%s%s", origin, name,
	    hint != NULL ? ", did you mean \"" : "", hint != NULL ? hint : "",
	    hint != NULL ? "\"?" : "");
}
