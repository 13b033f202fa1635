/* test_session_conflict.c: other requests change, renew or end the session meanwhile; commits by
 * the handler; turns. */
#include "config.h"

#include "session/visits.h"

/* ---- conflicts ---- */

static void
test_conflict(void)
{
	char line[TEXT_MAX];

	defaults();
	options->max_age = 0;
	seed(ID, NOW, NOW - HOUR, "\"n\":1");
	send_only(ID);
	first_meanwhile = add_one;
	ok(visit(disturbed_add_one, line) == 1 && runs == 2, "changed meanwhile: a second run");
	ok(seen_n == 3 && record_has(ID, "\"n\":3"), "that saw the new data and counted on");
	ok(line[0] != '\0', "and the cookie's date moved");
	first_meanwhile = set_other;
	visit(disturbed_add_one, NULL);
	ok(runs == 2 && record_has(ID, "\"n\":4") && record_has(ID, "\"other\":true"),
	    "two members, two writers: both stay");
	first_meanwhile = look;
	visit(disturbed_add_one, NULL);
	ok(runs == 1, "a reader disturbs nobody");
	first_meanwhile = add_one;
	visit(disturbed_look, line);
	ok(runs == 1 && line[0] == '\0', "and nobody disturbs a reader");
}

static void
disturbed_max_age(struct gate_transaction *s)
{
	look(s);
	if (runs == 1)
		meanwhile(first_meanwhile);
	gate_transaction_set_max_age(s, DAY);
}

/* The record went meanwhile, by whatever `by` does. */
static void
gone(step *handler, step *by, const char *what)
{
	char line[TEXT_MAX];
	int left;

	defaults();
	seed(ID, NOW, NOW, "\"n\":5");
	send_only(ID);
	first_meanwhile = by;
	left = by == destroy ? 0 : 1;
	ok(visit(handler, line) == -1 && runs == 2 && seen_state == GATE_SESSION_GONE &&
		seen_n <= 1,
	    "%s: a second run, with an empty session; a change is refused", what);
	ok(count_records(&f, false) == left && !record_has(ID, "{"), "  that writes nothing");
	is(line, "", "  and sets no cookie");
}

static void
test_gone(void)
{
	char line[TEXT_MAX];

	gone(disturbed_add_one, destroy, "destroyed meanwhile");
	gone(disturbed_renew, destroy, "destroyed meanwhile, and to be renewed");
	gone(disturbed_renew, renew, "renewed meanwhile, and to be renewed");
	gone(disturbed_max_age, destroy, "destroyed meanwhile, and to live longer");
	gone(disturbed_max_age, renew, "renewed meanwhile, and to live longer");
	gone(disturbed_add_one, renew, "renewed meanwhile");
	ok(visit(add_one, line) == -1 && runs == 1 && seen_state == GATE_SESSION_GONE &&
		line[0] == '\0' && count_records(&f, false) == 1,
	    "the old cookie once more: the mark says that it was renewed");
	forget_end(&f, ID);
	ok(visit(add_one, line) == 1 && seen_state == GATE_SESSION_NEW && line[0] != '\0' &&
		count_records(&f, false) == 2,
	    "when the mark is over it is a cookie like any other");
}

/* A reader loads the session, and another request renews or destroys it. The reader's answer must
 * not bring the old cookie back: the browser may have a fresh one by then. */
static void
late_reader_while(step *change, bool long_ago, const struct gate_keys *keys, const char *what)
{
	const char *done = change == renew ? "renewed" : "destroyed";
	char line[TEXT_MAX];

	forget_end(&f, ID);
	seed(ID, NOW - (long_ago ? 10 * MINUTE : 0), NOW - HOUR, "\"n\":5");
	gate_buffer_reset(&header);
	add_cookie(&header, keys, ID);
	first_meanwhile = change;
	ok(visit(disturbed_look, line) == 1 && runs == 1 &&
		count_records(&f, true) == (change == renew ? 1 : 0),
	    "%s behind a reader's back, %s", done, what);
	is(line, "", "  its answer brings no dead cookie back");
}

static void
late_reader(bool long_ago, const struct gate_keys *keys, const char *what)
{
	late_reader_while(renew, long_ago, keys, what);
	late_reader_while(destroy, long_ago, keys, what);
}

static void
test_late_reader(void)
{
	defaults();
	late_reader(true, f.old_keys, "old secret, touch due");
	late_reader(false, f.old_keys, "old secret, touched just now");
	options->rolling = true;
	late_reader(true, f.config.keys, "rolling, touch due");
	late_reader(false, f.config.keys, "rolling, touched just now");
	options->resave = true;
	late_reader(false, f.config.keys, "rolling and resave");
}

static void
renew_at_first(struct gate_transaction *s)
{
	look(s);
	if (runs == 1) {
		meanwhile(first_meanwhile);
		renew(s);
	}
}

static void
test_renew(void)
{
	char line[TEXT_MAX], id[GATE_ID_MAX + 1];

	defaults();
	seed("calm", NOW, NOW - DAY, "\"n\":5");
	send_only("calm");
	ok(visit(renew, line) == 1 && runs == 1, "renew");
	id_in(&f, line, id);
	ok(strlen(id) == 32 && record_has(id, "\"n\":5") && count_records(&f, false) == 1,
	    "the data is under a new id, the old record is gone");
	ok(record_has(id, "\"gate\":{\"created\":1795166799612}"),
	    "and the session is as old as it was");
	ok(mark_of("calm") > 0, "the old id is marked");

	seed("busy", NOW, NOW - DAY, "\"n\":5");
	send_only("busy");
	first_meanwhile = add_one;
	ok(visit(renew_at_first, line) == 1 && runs == 2 && line[0] == '\0' && seen_n == 6,
	    "changed before a renewal: a second run, here without a renewal");
	ok(count_records(&f, true) == 2 && mark_of("busy") <= 0,
	    "of the first run neither a record nor a mark is left");

	seed("again", NOW, NOW - DAY, "\"n\":5");
	send_only("again");
	ok(visit(disturbed_renew, line) == 1 && runs == 2 &&
		record_has(id_in(&f, line, id), "\"n\":6"),
	    "a renewal that is tried again has the new data");
	ok(count_records(&f, false) == 1 && mark_of("again") > 0,
	    "one record is left, and the mark");
}

/* Two hosts, so no queue between them: the loser must leave the winner's mark. */
static void
test_renew_race(void)
{
	char line[TEXT_MAX];
	struct gate_queue mine = f.queue, other = f.other_queue;

	defaults();
	seed("twice", NOW, NOW - DAY, "\"n\":5");
	send_only("twice");
	f.queue = f.other_queue = (struct gate_queue){.fd = -1, .place = -1};
	first_meanwhile = renew;
	ok(visit(disturbed_renew, line) == -1 && runs == 2 && line[0] == '\0' &&
		count_records(&f, false) == 1,
	    "two renewals at once: one wins, the other is refused, no record is left over");
	ok(mark_of("twice") == 1, "and its mark stays");
	f.queue = mine;
	f.other_queue = other;
}

/* ---- explicit commits ---- */

static int explicit_result, sticky_result, late_result;

static void
commit_then_change(struct gate_transaction *s)
{
	look(s);
	if (runs == 1 && first_meanwhile != NULL)
		meanwhile(first_meanwhile);
	add_one(s);
	if (runs > 1)
		return;
	explicit_result = gate_transaction_save(s);
	json_object_set_new(gate_transaction_json(s), "late", json_true());
	sticky_result = gate_transaction_save(s);
	late_result = gate_transaction_renew(s) + gate_transaction_destroy(s) +
	    gate_transaction_set_max_age(s, 1000);
}

static void
commit_removal(struct gate_transaction *s)
{
	json_object_del(gate_transaction_json(s), "n");
	gate_transaction_save(s);
}

static void
test_explicit_commit(void)
{
	unsigned long updates;

	defaults();
	seed(ID, NOW, NOW, "\"n\":5");
	send_only(ID);
	first_meanwhile = NULL;
	updates = f.link.calls[GATE_STORE_UPDATE];
	ok(visit(commit_then_change, NULL) == 1 && explicit_result == 1 && sticky_result == 1,
	    "a commit in the handler, and another");
	ok(record_has(ID, "\"n\":6") && !record_has(ID, "late") &&
		f.link.calls[GATE_STORE_UPDATE] - updates == 1,
	    "one write: what is changed afterwards is dropped");
	ok(has(f.logged, "event=change-after-commit"), "and logged");
	ok(late_result == -3, "renew, destroy and max_age are refused then");
	first_meanwhile = add_one;
	ok(visit(commit_then_change, NULL) == 1 && explicit_result == GATE_CONFLICT &&
		sticky_result == GATE_CONFLICT && runs == 2,
	    "a conflict is told to the handler, and stays one until it returns");
	ok(record_has(ID, "\"n\":8") && !record_has(ID, "late"), "then it runs again");
	ok(visit(commit_removal, NULL) == 1 && !record_has(ID, "\"n\""),
	    "a commit that removes a member");
	ok(!has(f.logged, "change-after-commit"), "  changes nothing afterwards");
}

/* ---- the queue ---- */

static void
test_queue(void)
{
	struct gate_transaction s;
	unsigned long before;

	defaults();
	seed(ID, NOW, NOW, "\"n\":5");
	send_only(ID);
	gate_queue_try(&f.other_queue, ID);
	s = new_session();
	s.deadline = gate_clock_monotonic();
	gate_transaction_begin(&s);
	add_one(&s);
	before = calls();
	ok(gate_transaction_save(&s) == GATE_CONFLICT && calls() == before,
	    "somebody else's turn: a conflict without a store call");
	ok(gate_transaction_wait(&s) == 0, "over the deadline nobody waits");
	gate_queue_leave(&f.other_queue);
	ok(gate_transaction_wait(&s) == 1 && gate_queue_try(&f.other_queue, ID) == 0,
	    "its turn comes, and is held from load to commit");
	gate_transaction_begin(&s);
	add_one(&s);
	ok(gate_transaction_save(&s) == 1 && gate_queue_try(&f.other_queue, ID) == 1,
	    "then it is given back");
	gate_transaction_release(&s);
	gate_queue_leave(&f.other_queue);
}

int
main(void)
{
	visits_open();
	test_conflict();
	test_gone();
	test_late_reader();
	test_renew();
	test_renew_race();
	test_explicit_commit();
	test_queue();
	visits_close();
	return done();
}
