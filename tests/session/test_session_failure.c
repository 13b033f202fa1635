/* test_session_failure.c: a store that fails: nothing is half done, and the cookie stays. */
#include "config.h"

#include "session/visits.h"

/* ---- a store that fails ---- */

static bool fails[GATE_STORE_CALLS];

static int
failing(enum gate_store_call call, struct gate_error *error)
{
	return fails[call] ? gate_fail(error, GATE_ESTORE, "store: it fails on demand") : 0;
}

static int
f_load(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	return failing(GATE_STORE_LOAD, error) < 0 ? -1
						   : gate_store_file.load(store, id, record, error);
}

static int
f_create(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	return failing(GATE_STORE_CREATE, error) < 0
	    ? -1
	    : gate_store_file.create(store, id, record, error);
}

static int
f_update(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	return failing(GATE_STORE_UPDATE, error) < 0
	    ? -1
	    : gate_store_file.update(store, id, record, error);
}

static int
f_touch(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	return failing(GATE_STORE_TOUCH, error) < 0
	    ? -1
	    : gate_store_file.touch(store, id, record, error);
}

static bool answer_lost; /* the record that was read is removed, and -1 */

static int
f_remove(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	if (record != NULL && failing(GATE_STORE_REMOVE, error) < 0) /* a roll-back works */
		return -1;
	if (record == NULL && fails[GATE_STORE_REMOVE] && fails[GATE_STORE_LOAD])
		return gate_fail(error, GATE_ESTORE, "store: it fails on demand");
	if (answer_lost && record != NULL && gate_store_file.remove(store, id, record, error) == 1)
		return gate_fail(error, GATE_ESTORE, "store: the answer is lost");
	return gate_store_file.remove(store, id, record, error);
}

static int
f_bump(void *store, const char *key, int64_t add, int64_t lifetime, struct gate_bump *bump,
    struct gate_error *error)
{
	if (failing(GATE_STORE_BUMP, error) < 0)
		return -1;
	return gate_store_file.bump(store, key, add, lifetime, bump, error);
}

/* With this call failing, the handler changes nothing, and the cookie stays. */
static void
fails_cleanly(step *handler, enum gate_store_call call, const char *what)
{
	char before[TEXT_MAX], after[TEXT_MAX], line[TEXT_MAX];
	int count = count_records(&f, false);

	get_record(&f, ID, before);
	fails[call] = true;
	ok(visit(handler, line) == -1 && runs == 1, "%s: the commit fails", what);
	fails[call] = false;
	is(line, "", "  no cookie is set or cleared");
	ok(strcmp(get_record(&f, ID, after), before) == 0 && count_records(&f, false) == count,
	    "  the records are as they were");
}

static void
destroy_with_dead_store(struct gate_transaction *s)
{
	gate_transaction_destroy(s);
	fails[GATE_STORE_LOAD] = fails[GATE_STORE_REMOVE] = true;
}

static void
test_failures(void)
{
	struct gate_store table = gate_store_file;
	struct gate_store_link link = {.table = &table, .store = f.link.store};
	char line[TEXT_MAX];

	defaults();
	table.load = f_load;
	table.create = f_create;
	table.update = f_update;
	table.touch = f_touch;
	table.remove = f_remove;
	table.bump = f_bump;
	used = &link;
	seed(ID, NOW - 10 * MINUTE, NOW - DAY, "\"n\":5");
	fails_cleanly(add_one, GATE_STORE_CREATE, "no cookie, create fails");
	send_only("unknown");
	fails_cleanly(add_one, GATE_STORE_BUMP, "unknown id, the mark can't be read");
	send_only(ID);
	fails_cleanly(look, GATE_STORE_LOAD, "load fails");
	ok(seen_state == GATE_SESSION_FAILED && seen_n == 0 && seen_end == 0,
	    "  the handler sees an empty session");
	fails_cleanly(add_one, GATE_STORE_LOAD, "load fails, whatever the handler does");
	fails_cleanly(add_one, GATE_STORE_UPDATE, "update fails");
	fails_cleanly(renew, GATE_STORE_CREATE, "renew, create fails");
	fails_cleanly(renew, GATE_STORE_BUMP, "renew, the mark fails");
	fails_cleanly(renew, GATE_STORE_REMOVE, "renew, the old record can't be removed");
	ok(mark_of(ID) <= 0, "  and is not marked");
	first_meanwhile = NULL;
	fails_cleanly(log_in, GATE_STORE_LOAD, "login, load fails");
	ok(login_result == -1, "  which it is told");
	fails_cleanly(log_in, GATE_STORE_CREATE, "login, create fails");
	fails_cleanly(log_in, GATE_STORE_BUMP, "login, the mark fails");
	fails_cleanly(log_in, GATE_STORE_REMOVE, "login, the old record can't be removed");
	ok(mark_of(ID) <= 0 && !record_has(ID, "anna"), "  and nobody is logged in");
	answer_lost = true;
	ok(visit(renew, line) == 1 && line[0] != '\0',
	    "renew, the old record goes, but the answer is lost: renewed");
	answer_lost = false;
	ok(count_records(&f, false) == 1 && get_record(&f, ID, line)[0] == '\0',
	    "  the new record is there, the old one isn't");
	count_records(&f, true);
	seed(ID, NOW - 10 * MINUTE, NOW - DAY, "\"n\":5");
	send_only(ID);
	fails_cleanly(destroy_with_dead_store, GATE_STORE_REMOVE, "destroy fails");
	fails[GATE_STORE_LOAD] = false;
	fails[GATE_STORE_TOUCH] = true;
	ok(visit(look, line) == 1 && has(f.logged, "event=touch-failed"),
	    "touch fails: only a log line");
	fails[GATE_STORE_TOUCH] = false;
}

int
main(void)
{
	visits_open();
	test_failures();
	visits_close();
	return done();
}
