/* visits.h: a session's transaction without a request: a record, a Cookie header, and a handler. */
#ifndef VISITS_H
#define VISITS_H

#include "base/date.h"
#include "base/error.h"
#include "crypto/id.h"
#include "fixture.h"
#include "session/session.h"
#include "store/file/file.h"

#define NOW INT64_C(1795253199612) /* 2026-11-21T09:26:39.612Z */
#define MINUTE (INT64_C(60) * 1000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define ID "yR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK"
#define RUNS_MAX 5

static struct fixture f;
static struct gate_options *options;
static struct gate_store_link *used; /* the store of the next session */
static struct gate_buffer header;    /* its Cookie header */
static int64_t now;                  /* its `now` */
static int runs;                     /* how often run() called the handler */

typedef void step(struct gate_transaction *);

/* ---- helpers ---- */

static inline void
defaults(void)
{
	options->max_age = HOUR;
	options->ttl = 14 * DAY;
	options->touch_after = MINUTE;
	options->absolute_timeout = 30 * DAY;
	options->rolling = options->resave = options->save_uninitialized = false;
	options->cookie_secure = GATE_AUTO;
	options->cookie_same_site = GATE_SAME_SITE_LAX;
	count_records(&f, true);
	forget_end(&f, ID);
	gate_buffer_reset(&header);
	used = &f.link;
	now = NOW;
}

/* Writes a record as gate does, of a session that began at `created` (0: before gate knew it). */
static inline void
seed(const char *id, int64_t touched, int64_t created, const char *members)
{
	char text[1024], gate[64] = "", date[GATE_ISO_LENGTH + 1];

	gate_iso_date(date, touched + HOUR);
	if (created != 0)
		snprintf(gate, sizeof gate, ",\"gate\":{\"created\":%" PRId64 "}", created);
	snprintf(text, sizeof text,
	    "{\"cookie\":{\"originalMaxAge\":3600000,\"expires\":\"%s\",\"httpOnly\":true,\"path\":"
	    "\"/\"}"
	    "%s%s%s,\"__lastAccess\":%" PRId64 "}",
	    date, members[0] != '\0' ? "," : "", members, gate, touched);
	put_record(&f, id, text);
}

static inline void
send_only(const char *id)
{
	gate_buffer_reset(&header);
	add_cookie(&header, f.config.keys, id);
}

static inline struct gate_transaction
new_session(void)
{
	return (struct gate_transaction){.options = options,
	    .keys = f.config.keys,
	    .store = used,
	    .queue = &f.queue,
	    .cookies = gate_buffer_text(&header),
	    .path = "/",
	    .now = now,
	    .deadline = gate_clock_monotonic() + 5000};
}

/* Runs the handler as often as needed. The caller releases the transaction. */
static inline int
run(struct gate_transaction *s, step *handler)
{
	int result;

	*s = new_session();
	runs = 0;
	do {
		runs++;
		gate_transaction_begin(s);
		handler(s);
		result = gate_transaction_save(s);
	} while (result == GATE_CONFLICT && runs < RUNS_MAX && gate_transaction_wait(s));
	return result;
}

/* Makes another whole request of the same browser. */
static inline int
meanwhile(step *handler)
{
	struct gate_transaction s = new_session();
	int result;

	s.queue = &f.other_queue;
	gate_transaction_begin(&s);
	handler(&s);
	result = gate_transaction_save(&s);
	gate_transaction_release(&s);
	return result;
}

/* Runs the handler and releases the transaction; copies Set-Cookie to `line` (TEXT_MAX bytes),
 * unless it is NULL. */
static inline int
visit(step *handler, char *line)
{
	struct gate_buffer out = {0};
	struct gate_transaction s;
	int result;

	listen_in(&f);
	result = run(&s, handler);
	if (line != NULL) {
		gate_transaction_set_cookie(&s, 0, &out);
		snprintf(line, TEXT_MAX, "%s", gate_buffer_text(&out));
		gate_buffer_release(&out);
	}
	gate_transaction_release(&s);
	hear_out(&f);
	return result;
}

static inline unsigned long
calls(void)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < GATE_STORE_CALLS; i++)
		sum += used->calls[i];
	return sum;
}

static inline bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* Does the record's text hold this part? */
static inline bool
record_has(const char *id, const char *part)
{
	char text[TEXT_MAX];

	return has(get_record(&f, id, text), part);
}

static inline int64_t
number(struct gate_transaction *s, const char *name)
{
	return json_integer_value(json_object_get(gate_transaction_json(s), name));
}

/* ---- handlers ---- */

static enum gate_session_state seen_state;
static int64_t seen_n, seen_end;

static inline void
look(struct gate_transaction *s)
{
	seen_n = number(s, "n");
	seen_state = s->state;
	seen_end = gate_transaction_end_time(s);
}

static inline void
add_one(struct gate_transaction *s)
{
	json_object_set_new(gate_transaction_json(s), "n", json_integer(number(s, "n") + 1));
	look(s);
}

static inline void
set_other(struct gate_transaction *s)
{
	json_object_set_new(gate_transaction_json(s), "other", json_true());
}

static inline void
renew(struct gate_transaction *s)
{
	gate_transaction_renew(s);
	look(s);
}

static inline void
destroy(struct gate_transaction *s)
{
	gate_transaction_destroy(s);
}

static step *first_meanwhile; /* done by another request during the first run */

static inline void
disturbed_add_one(struct gate_transaction *s)
{
	look(s);
	if (runs == 1)
		meanwhile(first_meanwhile);
	add_one(s);
}

static inline void
disturbed_renew(struct gate_transaction *s)
{
	look(s);
	if (runs == 1)
		meanwhile(first_meanwhile);
	renew(s);
}

static inline void
disturbed_look(struct gate_transaction *s)
{
	look(s);
	if (runs == 1)
		meanwhile(first_meanwhile);
}

static inline int64_t
mark_of(const char *id)
{
	char key[80];
	struct gate_bump bump = {0};

	snprintf(key, sizeof key, "renewed:%s", id);
	gate_store_bump(&f.link, key, 0, MINUTE, &bump, NULL);
	return bump.count;
}

/* ---- login ---- */

static const struct gate_record_login annas = {"anna", "192.0.2.1", "curl", NOW, NOW};
static const char *seen_user;
static int login_result;

static inline void
log_in(struct gate_transaction *s)
{
	look(s);
	if (runs == 1 && first_meanwhile != NULL)
		meanwhile(first_meanwhile);
	login_result = gate_transaction_log_in(s, &annas, 2 * HOUR);
	seen_user = gate_transaction_user(s);
	seen_n = number(s, "n");
	seen_end = gate_transaction_end_time(s);
}

/* ---- the whole ---- */

static inline void
visits_open(void)
{
	fixture_open(&f);
	options = &f.config.options;
}

static inline void
visits_close(void)
{
	gate_buffer_release(&header);
	fixture_close(&f);
}

#endif
