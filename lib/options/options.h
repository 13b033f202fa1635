/* options/options.h: what gate.conf, the environment and argv say; one table drives all of it. */
#ifndef GATE_OPTIONS_OPTIONS_H
#define GATE_OPTIONS_OPTIONS_H

#include "gate.h"
#include "crypto/id.h"
#include "crypto/sign.h"
#include "http/cookie.h"

#define GATE_OPTION_VALUE_MAX 4096
#define GATE_OPTIONS_FILE_MAX (256u << 10)
#define GATE_MEMBER_MAX 100 /* bytes of user_member */
#define GATE_LIST_MAX 16    /* values of one option that takes several */

enum gate_tristate { GATE_NO, GATE_YES, GATE_AUTO };
enum gate_payload { GATE_PAYLOAD_STRING, GATE_PAYLOAD_DOCUMENT };
enum gate_auto_remove { GATE_REMOVE_NATIVE, GATE_REMOVE_INTERVAL, GATE_REMOVE_DISABLED };

struct gate_options { /* durations are milliseconds; text is never NULL, "" where there is none */
	char *config; /* the file that was read */
	char *cookie_name, *cookie_path, *cookie_domain;
	bool cookie_http_only, cookie_partitioned;
	enum gate_tristate cookie_secure;
	enum gate_same_site cookie_same_site;
	enum gate_priority cookie_priority;
	char *secret[GATE_LIST_MAX + 1]; /* as given here, NULL-ended; not those of secret_file */
	char *secret_file;
	bool allow_weak_secret;
	enum gate_genid genid;
	int64_t max_age, ttl, first_ttl, touch_after, absolute_timeout;
	bool rolling, resave, save_uninitialized;
	char *users, *user_member;
	bool allow_weak_hashes, insecure_http;
	int64_t remember_age, max_sessions;
	char *clear_site_data[GATE_LIST_MAX + 1]; /* words, without their quotes */
	char *trusted_proxies[GATE_LIST_MAX + 1]; /* addresses, addr/bits */
	char *origin;
	char *store;
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
	struct gate_option_state
	    *state; /* options/options.c's own: values as text and where each came from */
};

/* Where a value came from, for `gate config`. */
struct gate_option_source {
	const char *value;  /* as text, normalised ("15m", "yes"); a secret's is "(hidden)", as are
			     * user and password in a URL: a store reads options->store */
	const char *origin; /* "default", "gate.conf:12", "GATE_TTL", "argv" */
};

/* Defaults, then the file (--config, else GATE_CONFIG, else SYSCONFDIR/gate.conf; only the last
 * may be absent), then GATE_<NAME> of the environment, then `arguments` ("name=value", NULL-ended,
 * or NULL; "config=FILE" names the file, "config=" none). A value in double quotes is taken without
 * them; `secret` takes several, quoted: "new", "old". Unknown names and bad values fail, naming
 * file and line, and so do clashes, naming the options. 0 or -1. Release in both cases. */
int gate_options_load(struct gate_options *, const char *const *arguments, struct gate_error *);
void gate_options_release(struct gate_options *);
/* argv as gate_main takes it (--name=value, --name value, --help, --version): turns it into
 * `arguments`, yours to free with gate_options_free_arguments. 1; 0: help or version was printed;
 * -1: the error says what was wrong. */
int gate_options_arguments(int argc, char **argv, char ***arguments, struct gate_error *);
void gate_options_free_arguments(char **arguments);

size_t gate_options_count(void);
const char *gate_options_name(size_t i);
const char *gate_options_default(size_t i); /* as text */
const char *gate_options_help(size_t i);    /* one line */
struct gate_option_source gate_options_source(const struct gate_options *, size_t i);

/* The secrets in force: `secret`, else the lines of secret_file (mode at most 0640; blank lines
 * and # comments skipped), checked with gate_secret_weakness (allow_weak_secret: only logged).
 * NULL with the error set, that never shows one. Yours. */
struct gate_keys *gate_options_keys(const struct gate_options *, struct gate_error *);
/* Where the option was set: "gate.conf:12", "GATE_STORE", "argv", "default". */
const char *gate_option_origin(const struct gate_options *, const char *name);
/* An error that is about this option begins with where it was set. Always -1. */
int gate_options_blame(const struct gate_options *, const char *name, struct gate_error *);
/* options/secret.c. NULL, or why this secret must not be used, to be put behind "the secret": "is shorter
 * than 32 bytes", "can be guessed: …". */
const char *gate_secret_weakness(const char *secret);

/* "15m", "24h", "14d", "1500ms", "90s"; a bare number is seconds; no sign, no fraction but "1.5s".
 * 0 or -1. */
int gate_duration_parse(const char *text, int64_t *ms);

#endif
