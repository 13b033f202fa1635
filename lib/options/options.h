/* options/options.h: the options, from gate.conf, the environment and argv, by one table. */
#ifndef GATE_OPTIONS_OPTIONS_H
#define GATE_OPTIONS_OPTIONS_H

#include "gate.h"
#include "crypto/id.h"
#include "crypto/sign.h"
#include "http/cookie.h"

#define GATE_OPTION_VALUE_MAX 4096         /* bytes */
#define GATE_OPTIONS_FILE_MAX (256u << 10) /* bytes */
#define GATE_MEMBER_MAX 100                /* most bytes of user_member */
#define GATE_MOUNT_MAX 255                 /* most bytes of mount */
#define GATE_PLACE_MAX 255                 /* most bytes of home and site_logo */
#define GATE_SITE_NAME_MAX 100             /* most bytes of site_name */
#define GATE_LIST_MAX 16                   /* most values of one option that takes several */

struct gate_own_options;

enum gate_tristate { GATE_NO, GATE_YES, GATE_AUTO };
enum gate_payload { GATE_PAYLOAD_STRING, GATE_PAYLOAD_DOCUMENT };
enum gate_auto_remove { GATE_REMOVE_NATIVE, GATE_REMOVE_INTERVAL, GATE_REMOVE_DISABLED };

struct gate_options { /* see gate.conf(5). Durations are ms; text is never NULL, but may be "" */
	char *config; /* the file that was read, "" if none */
	char *cookie_name, *cookie_path, *cookie_domain;
	bool cookie_http_only, cookie_partitioned;
	enum gate_tristate cookie_secure;
	enum gate_same_site cookie_same_site;
	enum gate_priority cookie_priority;
	char *secret[GATE_LIST_MAX + 1]; /* NULL-ended, without those of secret_file */
	char *secret_file;
	bool allow_weak_secret;
	enum gate_genid genid;
	int64_t max_age, ttl, first_ttl, touch_after, absolute_timeout;
	bool rolling, resave, save_uninitialized;
	char *users, *user_member, *groups;
	bool allow_weak_hashes, insecure_http;
	int64_t remember_age, max_sessions;
	char *clear_site_data[GATE_LIST_MAX + 1]; /* words without quotes */
	char *trusted_proxies[GATE_LIST_MAX + 1]; /* addresses, addr/bits */
	char *origin, *mount;
	char *site_name, *site_logo, *home; /* what the pages for visitors show */
	char *store;
	char *store_module;
	bool file_sync;
	int64_t store_reserve;
	char *collection;
	enum gate_payload payload;
	enum gate_auto_remove auto_remove;
	int64_t sweep_interval;
	char *listen, *run_dir, *socket_group, *templates;
	int64_t workers, threads, socket_mode, body_limit;
	int64_t deadline, connect_timeout, select_timeout, socket_timeout;
	bool trace;
	struct gate_own_options *own; /* of the program */
	struct gate_option_state
	    *state; /* options/options.c's own: each value as text, and where it came from */
};

/* An option's value as `gate config` shows it, and where it came from. Borrowed. */
struct gate_option_source {
	/* as text, normalised ("15m", "yes"). A secret, and user and password in a URL, show as
	 * "(hidden)": a store reads options->store instead. */
	const char *value;
	const char *origin; /* "default", "gate.conf:12", "GATE_TTL" or "argv" */
};

/* Sets the options; each source overrides those before it: the defaults, the file, GATE_<NAME> of
 * the environment, `arguments` ("name=value", NULL-ended, or NULL). The file is that of
 * "config=FILE" in `arguments` ("config=": none), else of GATE_CONFIG, else SYSCONFDIR/gate.conf;
 * only the last may be missing. Quotes around a value are removed; `secret` takes several: "new",
 * "old". An unknown name, a bad value or a clash of options is an error that names file and line,
 * or the options; an unknown GATE_<NAME> is only logged. Returns 0, or -1 with the error set.
 * Release the options in both cases. */
int gate_options_load(struct gate_options *, const char *const *arguments, struct gate_error *);
/* Does the same, with the options of the program's own (NULL: none), which gate_options_get
 * returns, too. Names with a dot are such options; those of other programs are passed over. */
int gate_options_load_with(struct gate_options *, const struct gate_program_option *own,
    const char *const *arguments, struct gate_error *);
void gate_options_release(struct gate_options *);
/* Turns argv (--name=value, --name value, -c FILE, --help, --version) into `arguments`: yours, for
 * gate_options_free_arguments. Returns 1, or 0 if it printed help or version, or -1 with the error
 * set. */
int gate_options_arguments(int argc, char **argv, const struct gate_program_option *own,
    char ***arguments, struct gate_error *);
void gate_options_free_arguments(char **arguments);

size_t gate_options_count(void);
const char *gate_options_name(size_t i);
const char *gate_options_default(size_t i); /* as text, normalised */
const char *gate_options_help(size_t i);    /* one line */
struct gate_option_source gate_options_source(const struct gate_options *, size_t i);

/* Returns the secrets in force as keys: `secret`, else the lines of secret_file (mode at most 0640;
 * blank lines and # comments are skipped). Refuses one that gate_secret_weakness refuses; with
 * allow_weak_secret only logs it. Returns NULL with the error set, which never shows a secret.
 * Yours. */
struct gate_keys *gate_options_keys(const struct gate_options *, struct gate_error *);
/* Returns where an option was set: "gate.conf:12", "GATE_STORE", "argv" or "default". Borrowed. The
 * name must be an option's. */
const char *gate_option_origin(const struct gate_options *, const char *name);
/* Puts where the option was set in front of the error's text. Always returns -1. */
int gate_options_blame(const struct gate_options *, const char *name, struct gate_error *);
/* options/secret.c. Returns NULL if a secret is strong enough, else why not, to follow "the
 * secret": "is shorter than 32 bytes", "can be guessed: …". */
const char *gate_secret_weakness(const char *secret);

/* Parses "15m", "24h", "14d", "1500ms", "90s" or "1.5s"; a bare number is seconds. Takes no sign,
 * and a fraction only of seconds. Returns 0, or -1 if it is malformed or over 100 years. */
int gate_duration_parse(const char *text, int64_t *ms);

#endif
