/* test_store_file_node.c: the file store against a writer that takes no locks, like Node, at the
 * very instants when that matters. */
#include "config.h"

#include <sys/syscall.h>

#include "records.h"

#define EXCHANGE 2 /* linux/fs.h's RENAME_EXCHANGE */
#define TURNS 3

static const struct plan { /* n as Node writes it at that instant; "": it destroys the record */
	const char *name;
	const char *at_sync, *at_exchange[TURNS];
	int answer;
	const char *left; /* what the record says in the end */
	int exchanges;    /* that it took; 0: Node never met ours in the place of its own */
} plans[] = {
    {"nobody else writes", NULL, {NULL}, 1, "1", 1},
    {"while ours is synced", "10", {NULL}, GATE_CONFLICT, "10", 0},
    {"destroys while ours is synced", "", {NULL}, GATE_CONFLICT, "gone", 0},
    {"just before the exchange", NULL, {"10"}, GATE_CONFLICT, "10", 2},
    {"and before it is put back", NULL, {"10", "11"}, GATE_CONFLICT, "11", 3},
    {"and a third time", NULL, {"10", "11", "12"}, GATE_CONFLICT, "12", 4},
    {"destroys just before the exchange", NULL, {""}, GATE_CONFLICT, "gone", 1},
    {"writes, destroys before it is put back", NULL, {"10", ""}, GATE_CONFLICT, "gone", 2},
};

static const struct plan *now; /* NULL: Node rests */
static int exchanges;

static void
take_turn(const char *n)
{
	FILE *file;

	if (n != NULL && n[0] == '\0') {
		unlink("sessions/id.json");
	} else if (n != NULL) {
		file = fopen("sessions/id.json.77", "w");
		if (file == NULL)
			exit(2);
		fprintf(file, "{\"cookie\":{\"originalMaxAge\":null},\"n\":%s}", n);
		fclose(file);
		if (rename("sessions/id.json.77", "sessions/id.json") < 0)
			exit(2);
	}
}

/* These two stand before libc's, so that the library calls them. */
int
renameat2(int from, const char *old, int to, const char *new, unsigned int flags)
{
	if (now != NULL && flags == EXCHANGE) {
		if (exchanges < TURNS)
			take_turn(now->at_exchange[exchanges]);
		exchanges++;
	}
	return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

int
fsync(int fd)
{
	if (now != NULL && exchanges == 0)
		take_turn(now->at_sync);
	return (int)syscall(SYS_fsync, fd);
}

static bool
is_empty(const char *folder)
{
	DIR *listing = opendir(folder);
	int entries = 0;

	while (listing != NULL && readdir(listing) != NULL)
		entries++;
	if (listing != NULL)
		closedir(listing);
	return entries == 2; /* . and .. */
}

/* Loads a record, and writes it while Node does what the plan says. */
static void
race(struct fixture *f, const struct plan *plan)
{
	struct gate_error error = {0};
	struct gate_record record;
	int answer;

	unlink("sessions/id.json");
	put(&f->link, "id", "0");
	get(&f->link, "id", &record);
	exchanges = 0;
	now = plan;
	answer = change(&f->link, "id", &record, "1", &error);
	now = NULL;
	gate_store_release(&f->link, &record);
	ok(answer == plan->answer, "%s: the update answers %d", plan->name, plan->answer);
	is(stored(&f->link, "id"), plan->left, plan->name);
	ok(exchanges == plan->exchanges, "%s: %d exchanges", plan->name, plan->exchanges);
	ok(is_empty("sessions/.gate/tmp"), "%s: nothing lies aside", plan->name);
}

int
main(void)
{
	struct fixture f;

	enter_scratch();
	if (open_fixture(&f, "file:sessions", "yes") < 0)
		return 2;
	for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
		race(&f, &plans[i]);
	close_fixture(&f);
	leave_scratch();
	return done();
}
