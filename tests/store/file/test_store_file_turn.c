/* test_store_file_turn.c: two processes of gate use the file store, and Node comes in between, at
 * the very instants when that matters. */
#include "config.h"

#include <sys/syscall.h>

#include "records.h"

#define EXCHANGE 2 /* linux/fs.h's RENAME_EXCHANGE */

static struct fixture f;
static void (*at_exchange)(int number), (*at_write)(void); /* NULL: nothing happens there */
static int exchanges;

/* These two stand before libc's, so that the library calls them. */
int
renameat2(int from, const char *old, int to, const char *new, unsigned int flags)
{
	void (*meanwhile)(int) = at_exchange;

	if (meanwhile != NULL && flags == EXCHANGE) {
		at_exchange = NULL; /* what happens meanwhile may exchange, too */
		meanwhile(++exchanges);
		at_exchange = meanwhile;
	}
	return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

ssize_t
pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	void (*meanwhile)(void) = at_write;

	at_write = NULL; /* once */
	if (meanwhile != NULL)
		meanwhile();
	return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

static void
node_writes(const char *n)
{
	FILE *file = fopen("sessions/id.json.77", "w");

	if (file == NULL)
		exit(2);
	fprintf(file, "{\"cookie\":{\"originalMaxAge\":null},\"n\":%s}", n);
	if (fclose(file) != 0 || rename("sessions/id.json.77", "sessions/id.json") < 0)
		exit(2);
}

/* ---- a file that got the inode of one that Node replaced in the meantime ---- */

static void
write_often(int number)
{
	static const char *const first[] = {"10", "11", "12"};

	if (number <= 3)
		node_writes(first[number - 1]);
	if (number == 3) /* what 10 had is free again, if nobody holds it */
		node_writes("13");
}

static void
test_inodes(void)
{
	struct gate_error error = {0};
	struct gate_record record;
	int answer;

	put(&f.link, "id", "\"long enough for an exchange\"");
	node_writes("9");
	get(&f.link, "id", &record);
	exchanges = 0;
	at_exchange = write_often;
	answer = change(&f.link, "id", &record, "1", &error);
	at_exchange = NULL;
	gate_store_release(&f.link, &record);
	ok(answer == GATE_CONFLICT, "Node wrote four times meanwhile: conflict");
	is(stored(&f.link, "id"), "13", "and its last write is there");
}

/* ---- another one of gate, that read what Node wrote ---- */

static int second;

static void
second_writes(int number)
{
	struct gate_error error = {0};
	struct gate_record record;

	if (number > 1)
		return;
	node_writes("20");
	get(&f.link, "id", &record);
	record.deadline = 0; /* it can't wait for who waits for it here */
	second = change(&f.link, "id", &record, "21", &error);
	gate_store_release(&f.link, &record);
}

static void
test_turns(void)
{
	struct gate_error error = {0};
	struct gate_record record;
	int answer;

	node_writes("19");
	get(&f.link, "id", &record);
	exchanges = second = 0;
	at_exchange = second_writes;
	answer = change(&f.link, "id", &record, "1", &error);
	at_exchange = NULL;
	gate_store_release(&f.link, &record);
	ok(second == -1, "while one exchanges, another one waits for its turn");
	ok(answer == GATE_CONFLICT, "for that one Node was faster");
	is(stored(&f.link, "id"), "20", "whose write is there");
}

/* ---- a write of Node's that stands in the way for an instant ---- */

static int stale_read;

/* Like one of gate's own that a write in place fits. */
static void
node_writes_padded(const char *n)
{
	FILE *file = fopen("sessions/id.json.77", "w");

	if (file == NULL)
		exit(2);
	fprintf(file, "%-256s", n);
	if (fclose(file) != 0 || rename("sessions/id.json.77", "sessions/id.json") < 0)
		exit(2);
}

static void
read_stale(int number)
{
	struct gate_error error = {0};
	struct gate_record record;

	if (number == 1)
		node_writes_padded("{\"cookie\":{\"originalMaxAge\":null},\"n\":22}");
	if (number == 2)
		node_writes("23");
	if (number != 3)
		return;
	record = blank(gate_clock_wall()); /* 22 is there again, and about to go */
	record.deadline = 0;
	stale_read = gate_store_load(&f.link, "id", NULL, &record, &error);
	gate_store_release(&f.link, &record);
}

static void
test_stale(void)
{
	struct gate_error error = {0};
	struct gate_record record;
	int answer;

	node_writes("21");
	get(&f.link, "id", &record);
	exchanges = stale_read = 0;
	at_exchange = read_stale;
	answer = change(&f.link, "id", &record, "1", &error);
	at_exchange = NULL;
	gate_store_release(&f.link, &record);
	ok(exchanges == 3 && stale_read == -1, "nobody builds upon what Node has replaced already");
	ok(answer == GATE_CONFLICT, "Node wrote twice meanwhile: conflict");
	is(stored(&f.link, "id"), "23", "and its last write is there");
}

/* ---- a write in place, while somebody else has the file out to put it back ---- */

static void
take_out(void)
{
	if (link("sessions/in-place.json", "sessions/taken-out") < 0 ||
	    rename("sessions/other", "sessions/in-place.json") < 0)
		exit(2);
}

static void
test_in_place(void)
{
	struct gate_error error = {0};
	struct gate_record record;
	int answer;

	put(&f.link, "in-place", "1");
	node_writes("30");
	if (rename("sessions/id.json", "sessions/other") < 0)
		exit(2);
	get(&f.link, "in-place", &record);
	at_write = take_out;
	answer = change(&f.link, "in-place", &record, "2", &error);
	gate_store_release(&f.link, &record);
	ok(answer == GATE_CONFLICT, "the file was moved while it was written: conflict");
	is(stored(&f.link, "in-place"), "30", "what stands in its place is left alone");
	if (rename("sessions/taken-out", "sessions/in-place.json") < 0)
		exit(2);
	is(stored(&f.link, "in-place"), "1", "and the one that comes back is what it was");
}

int
main(void)
{
	enter_scratch();
	if (open_fixture(&f, "file:sessions", "no") < 0)
		return 2;
	test_inodes();
	test_turns();
	test_stale();
	test_in_place();
	close_fixture(&f);
	leave_scratch();
	return done();
}
