/* gate.h: sessions and login for FastCGI. gate(3) says all of it.
 * An int below 0 is a failure; questions and look-ups answer 1 or 0. Pointers are borrowed until
 * the handler returns unless the comment says "yours". Text is UTF-8, times are milliseconds. */
#ifndef GATE_H
#define GATE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define GATE_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct gate;         /* one a process: options, secrets, store, templates */
struct gate_request; /* one request and its answer */
struct gate_options; /* what gate.conf, the environment and argv say */

enum gate_error_code {
	GATE_OK,
	GATE_EOPTION,   /* an option is unknown, bad or clashes with another */
	GATE_ESYSTEM,   /* the operating system refused */
	GATE_ESTORE,    /* the store failed */
	GATE_ETEMPLATE, /* a template is missing or wrong */
	GATE_ESESSION,  /* the session holds what can't be stored */
	GATE_EMEMORY
};

struct gate_error { /* the first cause wins; lower case, no newline, no secret */
	enum gate_error_code code;
	char text[400]; /* what is longer loses its middle: the advice stands at its end */
};

enum {
	GATE_CONFLICT = -2,  /* somebody else changed the record: return, you will be run again */
	GATE_LATER = -3,     /* status and Retry-After are set: tell the user, and return */
	GATE_UNREADABLE = -4 /* of a store's load: there is something that can't be read */
};

typedef void gate_handler(struct gate_request *);

/* ---- the process ---- */
struct gate_store;
int gate_main(int argc, char **argv, gate_handler *); /* open, run, close; the exit status */
struct gate *gate_open(const char *const *options, const struct gate_store *const *stores,
    void *data, struct gate_error *); /* "name=value"…, NULL; stores of one's own or NULL; yours */
int gate_run(struct gate *, gate_handler *); /* serve until told to stop */
void gate_close(struct gate *);

struct gate_program_option { /* gate_option and --help know it, gate.conf may set it */
	const char *name;    /* "guestbook.title"; NULL ends a list */
	const char *value;   /* the default; NULL: "" */
	const char *help;    /* one line */
};
struct gate_program { /* what is not needed is NULL */
	gate_handler *handler;
	const struct gate_store *const *stores;    /* of one's own, NULL-ended, or NULL */
	void *data;                                /* see gate_data */
	const struct gate_program_option *options; /* of one's own, or NULL */
};
int gate_main_with(int argc, char **argv, const struct gate_program *); /* as gate_main */

/* ---- what was asked; NULL: not there ---- */
const char *gate_method(struct gate_request *);                  /* "GET"; never NULL */
const char *gate_param(struct gate_request *, const char *name); /* CGI: "REQUEST_METHOD" */
const char *gate_query(struct gate_request *, const char *name); /* from the query string */
const char *gate_form(struct gate_request *, const char *name);  /* from a urlencoded body */
const char *gate_query_at(struct gate_request *, const char *name, size_t n); /* the n-th, from 0 */
const char *gate_form_at(struct gate_request *, const char *name, size_t n);
const char *gate_cookie(struct gate_request *, const char *name); /* as sent, not decoded */
const char *gate_body(struct gate_request *, size_t *length);     /* never NULL */
const char *gate_path(struct gate_request *);                     /* raw, without the query */
const char *gate_option(struct gate_request *, const char *name); /* an option's value as text */
void *gate_data(struct gate_request *);                           /* as given to gate_open */

/* ---- the answer; nothing leaves before the session is saved ---- */
bool gate_allow(struct gate_request *, const char *methods); /* "GET, HEAD"; false: 405 is set */
void gate_status(struct gate_request *, int status);         /* 200 unless said otherwise */
void gate_refuse(struct gate_request *, int status, const char *text); /* an error page says it */
int gate_header(struct gate_request *, const char *name, const char *value);
int gate_set_cookie(struct gate_request *, const char *name, const char *value,
    int64_t max_age); /* one of your own; ms; 0: with the browser; below 0: the browser drops it */
int gate_write(struct gate_request *, const void *bytes, size_t length);
int gate_printf(struct gate_request *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int gate_render(struct gate_request *, const char *name, json_t *);     /* after the handler */
int gate_render_new(struct gate_request *, const char *name, json_t *); /* takes the object */
void gate_show_user(struct gate_request *); /* the template shows who is logged in */
int gate_redirect(struct gate_request *, const char *target); /* 302, 303; "~/login": gate's own */
const char *gate_next(struct gate_request *); /* the local path in `next`, or NULL */
int gate_redirect_next(struct gate_request *, const char *otherwise); /* to `next`, if there */
int gate_redirect_note(struct gate_request *, json_t *); /* to this page; 0: answer as it is */
json_t *gate_note(struct gate_request *); /* what gate_redirect_note sent along, or NULL */

/* ---- the session ---- */
json_t *gate_session(struct gate_request *);         /* never NULL; change it as you like */
int gate_session_renew(struct gate_request *);       /* a new id, the data stays */
int gate_session_destroy(struct gate_request *);     /* record and cookie go */
int gate_session_commit(struct gate_request *);      /* now; GATE_CONFLICT: return at once */
int gate_repeated(struct gate_request *);            /* 1: an equal submit was done within 10 s */
int64_t gate_session_expires(struct gate_request *); /* since 1970; 0: with the browser */
int gate_session_set_max_age(struct gate_request *, int64_t ms); /* 0: with the browser */

/* ---- who is logged in ---- */
const char *gate_user(struct gate_request *); /* NULL: nobody */
int gate_login(struct gate_request *, const char *name, const char *password,
    bool remember);                     /* 1 in, 0 refused, GATE_LATER */
int gate_logout(struct gate_request *); /* the session goes too */
int gate_change_password(struct gate_request *, const char *before, const char *after,
    const char **why);                             /* 1; 0: *why says it; GATE_LATER */
json_t *gate_user_sessions(struct gate_request *); /* an array of objects; yours */
int gate_user_session_end(struct gate_request *, const char *handle); /* NULL: all others */

void gate_guard(struct gate_request *); /* a handler: may the visitor of a site pass? */
bool gate_healthy(struct gate_request *, const char **why); /* false: *why says what fails */

/* ---- stores: one const table each; gate(3) has a worked example ---- */
struct gate_member {           /* a top-level member of a record */
	const char *name;      /* decoded; NULL: no C string of UTF-8 can hold it */
	const char *text;      /* the value's JSON text, without a NUL */
	size_t length;         /* of text */
	bool changed, removed; /* since the record was loaded */
};

struct gate_record {
	/* a load fills these in; create, update and touch write expires, and `now` as touched */
	int64_t expires; /* when the record ends, ms since 1970; INT64_MAX: never */
	int64_t touched; /* last write or touch, 0: unknown */
	bool stray;      /* the index by user does not name it: somebody else may have made it */
	void *was;       /* what the store read, for its compare-and-swap; release frees it */
	/* the caller fills these in before every call */
	int64_t now;             /* ms since 1970 */
	int64_t ttl;             /* lifetime in ms of a record whose cookie has none */
	int64_t deadline;        /* ms of CLOCK_MONOTONIC after which to give up */
	const char *user_member; /* where `user` stands; NULL: at gate.user */
	/* gate_record_parse fills these in, and gate changes them; see also gate_record_next */
	int64_t created;   /* of the session, for absolute_timeout, 0: unknown */
	int64_t since;     /* of its user's login, for the end of all of them, 0: unknown */
	const char *user;  /* who is logged in, NULL: nobody */
	bool user_changed; /* since the record was last written: an index by user has to follow */
	bool ahead;        /* its writer's clock was ahead: the next write puts its times right */
	struct gate_record_members *members;
};

struct gate_bump {     /* of a counter */
	int64_t count; /* after the bump, 0: there is none; INT64_MAX: it can't be read */
	int64_t last;  /* when it was last bumped up before, ms since 1970; 0: never */
};
struct gate_counter {                         /* as a store keeps it: see gate_counter_bump */
	int64_t count, expires, last, before; /* the last two bumps up, ms since 1970 */
};

typedef int gate_store_visit(void *data, const char *id, struct gate_record *);

enum gate_check_level { GATE_CHECK_NOTE, GATE_CHECK_WARNING, GATE_CHECK_ERROR };
typedef void gate_check_report(void *data, enum gate_check_level, const char *text);

struct gate_store { /* 1 done, 0 no such record (create: id taken), GATE_CONFLICT, -1 failed */
	const char *scheme; /* "file" serves file:/var/lib/gate */
	int (*open)(
	    void **store, const char *url, const struct gate_options *, struct gate_error *);
	int (*load)(void *store, const char *id, struct gate_record *, struct gate_error *);
	int (*create)(void *store, const char *id, struct gate_record *, struct gate_error *);
	int (*update)(void *store, const char *id, struct gate_record *, struct gate_error *);
	int (*touch)(void *store, const char *id, struct gate_record *, struct gate_error *);
	int (*remove)(void *store, const char *id, struct gate_record *, struct gate_error *);
	/* remove: a record: only if it still is what was read; NULL: whatever is there */
	void (*release)(struct gate_record *); /* frees `was`, by the request's thread */
	int (*each)(
	    void *store, const char *user, gate_store_visit *, void *data, struct gate_error *);
	int (*bump)(void *store, const char *key, int64_t add, int64_t lifetime, struct gate_bump *,
	    struct gate_error *); /* atomic: see gate_counter_bump */
	int (*sweep)(void *store, const struct gate_options *,
	    struct gate_error *); /* how many went; NULL: what has expired goes by itself */
	void (*close)(void *store);
	int (*time)(void *store, int64_t *now, struct gate_error *); /* NULL: the host's clock */
	int (*room)(void *store, const struct gate_options *,
	    struct gate_error *); /* 2: there is; 1: not for strangers; 0: nor for their tries */
	int (*newest)(void *store, const char *user, int most, gate_store_visit *, void *data,
	    struct gate_error *); /* as each, but only the last written ones; NULL: unknown */
	int (*check)(void *store, gate_check_report *, void *data,
	    struct gate_error *); /* reports what an operator should see to; NULL: nothing */
};

/* A shared object that the option store_module names has this once, outside of functions. */
#define GATE_STORE_MODULE(stores)                                                                  \
	const struct gate_store_module gate_store_module = {                                       \
	    GATE_VERSION, sizeof(struct gate_store), sizeof(struct gate_record), stores}
struct gate_store_module {
	const char *version;            /* of the gate.h that it was built with, and its sizes: */
	size_t store_size, record_size; /* an object that differs in one of them is refused */
	const struct gate_store *const *stores; /* NULL-ended */
};
extern const struct gate_store_module gate_store_module;

/* A store's failure: the first cause is kept; error may be NULL. Returns -1. */
int gate_fail(struct gate_error *, enum gate_error_code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int gate_record_parse(struct gate_record *, const char *text, size_t length); /* 0: malformed */
char *gate_record_text(const struct gate_record *, size_t *length); /* JSON; yours: free() */
int gate_record_set(struct gate_record *, const char *name, const char *text); /* JSON text */
bool gate_record_get(const struct gate_record *, const char *name, struct gate_member *);
bool gate_record_next(
    const struct gate_record *, size_t *at, struct gate_member *); /* *at: 0 first */
void gate_record_release(struct gate_record *); /* its members; free `was` before */
bool gate_counter_bump(struct gate_counter *, int64_t add, int64_t lifetime,
    struct gate_bump *); /* false: the counter has to go */
const char *gate_options_get(const struct gate_options *, const char *name); /* NULL: no such */

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
