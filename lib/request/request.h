/* request/request.h: one request and its answer, apart from the protocol that carries them. */
#ifndef GATE_REQUEST_REQUEST_H
#define GATE_REQUEST_REQUEST_H

#include "gate.h"
#include "base/buffer.h"
#include "http/form.h"
#include "http/origin.h"
#include "request/configuration.h"
#include "request/memory.h"
#include "session/session.h"

#define GATE_URI_MAX (8u << 10)     /* bytes of REQUEST_URI */
#define GATE_HEADERS_MAX (8u << 10) /* bytes of all header lines of an answer */
#define GATE_ANSWER_MAX (16u << 20) /* bytes of an answer's body */

/* What the guard says about a visitor. */
enum gate_verdict {
	GATE_VERDICT_NONE,    /* nothing: the answer is another one than the guard's */
	GATE_VERDICT_PASS,    /* may have what was asked for */
	GATE_VERDICT_UNKNOWN, /* has to log in first */
	GATE_VERDICT_REFUSED  /* may not have it, whoever that is */
};

struct gate_hashing;
struct gate_queue;

struct gate_block { /* memory that lives as long as the request */
	struct gate_block *next;
	char bytes[];
};

struct gate_request {
	/* filled in by the caller once for all requests of a thread */
	struct gate_store_link *store;
	struct gate_queue *queue;
	struct gate_hashing *hashing;
	void *data;
	json_t *spare; /* the object that a handler gets as its session if out of memory; yours */

	/* filled in by the caller for each request */
	const struct gate_config *config;
	char *const *params; /* "NAME=value", NULL-ended */
	const char *body;
	size_t body_length;
	bool guard;  /* the handler is gate_guard: a web server asks, for any method and site */
	int refused; /* status to answer without calling the handler; 0: call it */

	/* what the request says, and what all runs of its handler share */
	struct gate_origin origin;
	bool secure;                           /* over https */
	const char *method, *path;             /* NULL: malformed; path: raw, without the query */
	struct gate_buffer cookies, forwarded; /* all Cookie headers; X-Forwarded-* lines */
	struct gate_form_fields query, form;
	bool query_parsed, form_parsed;
	struct gate_block *blocks;
	int64_t deadline; /* ms of CLOCK_MONOTONIC */
	struct gate_transaction transaction;
	struct gate_login_memory login;
	struct gate_error error;        /* of users, throttle and hashing, in any run */
	json_t *note;                   /* what gate_note returned; NULL: not called, or none */
	char address[GATE_ADDRESS_MAX]; /* the client's; "": not determined yet */
	int runs;                       /* how often the handler was called */
	const char *result;             /* of the last run, for the trace */

	/* the answer of this run */
	int status;
	struct gate_buffer headers, out; /* header lines; body */
	char template[256];              /* to render as the body; "": none */
	json_t *json;                    /* what it shows */
	char nonce[24];                  /* of its <style>, in base64url; "": none */
	unsigned char random[256];       /* stock for nonces; kept from request to request */
	size_t random_left;
	json_t *context;         /* `gate`, which every template sees; also kept */
	bool foreign;            /* refused: another site may have sent it */
	bool rendered;           /* the body comes from a template, so it is HTML */
	const char *explanation; /* what the error page says if the handler wrote no body */
	bool broken;             /* the handler made an impossible call: the answer is a 500 */
	bool bare; /* for a web server: no page, no header lines but the answer's own */
	enum gate_verdict verdict; /* of the guard */

	struct gate_buffer
	    head; /* status, header lines and a blank one; the body stands in `out` */
};

/* Reads origin, path and cookies from what the caller filled in, sets the deadline, and begins the
 * session's transaction. */
void gate_request_read(struct gate_request *);
void gate_request_end(struct gate_request *);     /* frees what it held; ready for the next one */
void gate_request_release(struct gate_request *); /* frees what was kept between requests */
const char *gate_request_address(struct gate_request *);        /* returns the client's; borrowed */
bool gate_request_takes_passwords(const struct gate_request *); /* over https, or insecure_http */
/* Returns a copy that lives as long as the request; NULL: out of memory. */
char *gate_request_keep(struct gate_request *, const char *text, size_t length);
/* Logs a call that failed (result below 0) because it came after the commit. Returns result. */
int gate_request_late(struct gate_request *, const char *call, int result);

/* ---- request/answer.c ---- */

void gate_answer_begin(struct gate_request *); /* forgets what an earlier run answered */
/* Returns the header line of that name among the first `bytes` of r->headers, or NULL. Borrowed. */
char *gate_answer_find(const struct gate_request *, const char *name, size_t bytes);
void gate_answer_put(struct gate_request *, const char *name, const char *value); /* unchecked */
void gate_answer_drop(
    struct gate_request *, const char *name); /* removes the first header of that name */

/* ---- request/redirect.c ---- */

/* Adds target as a header's value: percent-encodes UTF-8, and fails the buffer at a control, a
 * blank or a backslash. */
void gate_redirect_put(struct gate_buffer *, const char *target);
/* Adds where a login leads, as people read it: the path of `next`, shortened. Returns whether there
 * is a `next`. */
bool gate_next_shown(struct gate_request *, struct gate_buffer *);

/* ---- request/page.c ---- */

/* Renders the page that gate_render asked for, if any. Returns 0, or -1 if the answer can't be
 * sent; logs why. */
int gate_page_render(struct gate_request *);
/* Makes the error page of r->status the body. text: for the visitor; NULL: the usual advice. */
void gate_page_error(struct gate_request *, const char *text);
void gate_answer_error(
    struct gate_request *, int status, const char *text); /* a new answer: this error page */
void gate_answer_reload(
    struct gate_request *, int status); /* a new answer: a page that loads itself again */
/* Adds the error page that a web server shows by itself to out: for no visitor, with a style sheet
 * that has no nonce. text: what the guard says to who is logged in and refused; NULL: the usual
 * advice. Returns 0, or -1 with the error set. */
int gate_page_for_server(const struct gate_config *, int status, const char *text,
    struct gate_buffer *out, struct gate_error *);
const char *gate_page_reason(int status); /* "Not Found"; never NULL */

/* ---- request/finish.c ---- */

void gate_answer_finish(struct gate_request *); /* completes r->head and r->out */

#endif
