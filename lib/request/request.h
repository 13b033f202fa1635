/* request/request.h: one request and its answer, whatever it came over. */
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

struct gate_hashing;
struct gate_queue;

struct gate_block { /* memory that lives as long as the request */
	struct gate_block *next;
	char bytes[];
};

struct gate_request {
	/* filled in by the caller, once for all requests of a thread */
	struct gate_store_link *store;
	struct gate_queue *queue;
	struct gate_hashing *hashing;
	void *data;
	json_t *spare; /* what a handler gets as its session where memory is out; yours */

	/* filled in by the caller */
	const struct gate_config *config;
	char *const *params; /* "NAME=value", NULL-ended */
	const char *body;
	size_t body_length;
	int refused; /* the status to answer without asking the handler, 0: none */

	/* what was asked */
	struct gate_origin origin;
	bool secure;
	const char *method, *path;
	struct gate_buffer cookies, forwarded;
	struct gate_form_fields query, form;
	bool query_parsed, form_parsed;
	struct gate_block *blocks;
	int64_t deadline;
	struct gate_transaction transaction;
	struct gate_login_memory login;
	struct gate_error error;        /* of users, throttle and hashing, in whichever run */
	json_t *note;                   /* that sent the browser here, once it was asked for */
	char address[GATE_ADDRESS_MAX]; /* the client's; "": not looked for yet */
	int runs;                       /* of the handler */
	const char *result;             /* for the trace */

	/* the answer of this run */
	int status;
	struct gate_buffer headers, out;
	char template[256]; /* "": none */
	json_t *json;
	char nonce[24];
	unsigned char random[256]; /* for nonces; kept from request to request */
	size_t random_left;
	json_t *context;         /* `gate` of every template; kept too */
	bool foreign;            /* it is refused, as another site may have sent it */
	bool rendered;           /* the body is a template's: HTML */
	const char *explanation; /* of the status, for an answer without a body */
	bool broken; /* a call of the handler failed in a way that only a 500 can tell */

	struct gate_buffer
	    head; /* status, header lines and a blank one; the body stands in `out` */
};

/* Reads what the caller filled in: where it comes from, path, cookies, deadline; opens its session. */
void gate_request_read(struct gate_request *);
void gate_request_end(struct gate_request *);            /* makes it ready for the next request */
void gate_request_release(struct gate_request *);        /* frees what it kept for that */
const char *gate_request_address(struct gate_request *); /* of the client */
bool gate_request_takes_passwords(const struct gate_request *); /* over https, or as told */
/* A copy that lives as long as the request; NULL: memory. */
char *gate_request_keep(struct gate_request *, const char *text, size_t length);
/* Logs that a call came after the commit; answers `result`. */
int gate_request_late(struct gate_request *, const char *call, int result);

/* ---- request/answer.c ---- */

void gate_answer_begin(struct gate_request *); /* forgets what an earlier run answered */
/* The header line of that name in the first bytes of r->headers; NULL: there is none. */
char *gate_answer_find(const struct gate_request *, const char *name, size_t bytes);
void gate_answer_put(struct gate_request *, const char *name, const char *value); /* unchecked */
void gate_answer_drop(
    struct gate_request *, const char *name); /* removes the header of that name */

/* ---- request/redirect.c ---- */

void gate_redirect_put(struct gate_buffer *, const char *target); /* as it may stand in a header */

/* ---- request/page.c ---- */

int gate_page_render(struct gate_request *); /* gate_render's page; 0 or -1 (logged) */
/* Makes the error page of r->status the body. text: NULL: what is said of the status. */
void gate_page_error(struct gate_request *, const char *text);
void gate_answer_error(
    struct gate_request *, int status, const char *text); /* a new answer: that */
void gate_answer_reload(
    struct gate_request *, int status);   /* a new one: a page that loads itself again */
const char *gate_page_reason(int status); /* "Not Found" */

/* ---- request/finish.c ---- */

void gate_answer_finish(struct gate_request *); /* puts r->head together */

#endif
