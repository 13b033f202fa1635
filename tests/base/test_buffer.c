/* test_buffer.c: growing, limits, and that a failure stays. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include "base/buffer.h"
#include "tap.h"

static void
test_growing(void)
{
	struct gate_buffer b = {0};
	bool same = true;

	is(gate_buffer_text(&b), "", "an empty buffer has text");
	ok(gate_buffer_add(&b, NULL, 0) == 0 && b.length == 0, "adding nothing from nowhere");
	is(b.data, "", "and then it has a NUL");
	gate_buffer_puts(&b, "one ");
	gate_buffer_putc(&b, '2');
	gate_buffer_add(&b, " \0x", 3);
	ok(b.length == 8 && memcmp(b.data, "one 2 \0x", 9) == 0, "puts, putc, add; a NUL inside");
	gate_buffer_reset(&b);
	ok(b.length == 0 && b.size > 0, "reset keeps the memory");
	is(gate_buffer_text(&b), "", "reset empties the text");
	for (int i = 0; i < 100000; i++)
		gate_buffer_putc(&b, (char)('a' + i % 26));
	for (int i = 0; i < 100000; i++)
		same = same && b.data[i] == 'a' + i % 26;
	ok(same && b.length == 100000 && b.data[b.length] == '\0', "100000 bytes one by one");
	gate_buffer_release(&b);
	ok(b.data == NULL && b.length == 0 && b.size == 0 && !b.failed, "release leaves zeros");
	gate_buffer_release(&b);
	ok(true, "release twice");
}

static void
test_printf(void)
{
	struct gate_buffer b = {0};

	gate_buffer_printf(&b, "%s=%d", "a", 7);
	is(gate_buffer_text(&b), "a=7", "printf");
	gate_buffer_printf(&b, "%s", "");
	is(gate_buffer_text(&b), "a=7", "printf of nothing");
	gate_buffer_printf(&b, "%*d", 5000, 1);
	ok(b.length == 5003 && strlen(b.data) == 5003 && b.data[5002] == '1', "printf that grows");
	gate_buffer_release(&b);
	b.limit = 3;
	ok(gate_buffer_printf(&b, "%d", 123) == 0, "printf up to the limit");
	ok(gate_buffer_printf(&b, "%d", 4) == -1 && b.failed, "printf over the limit");
	is(gate_buffer_text(&b), "123", "what was there stays");
	gate_buffer_reset(&b);
	ok(gate_buffer_printf(&b, "%lc", (wint_t)0x4f60) == -1 && b.failed, "printf itself fails");
	gate_buffer_release(&b);
}

static void
test_limits(void)
{
	struct gate_buffer b = {.limit = 10};

	ok(gate_buffer_puts(&b, "0123456789") == 0, "as many bytes as the limit");
	ok(gate_buffer_add(&b, "", 0) == 0, "nothing more is fine");
	ok(gate_buffer_putc(&b, 'x') == -1 && b.failed, "one more is not");
	is(gate_buffer_text(&b), "0123456789", "nothing was added");
	ok(gate_buffer_add(&b, "", 0) == -1, "a failure stays, even for nothing");
	ok(gate_buffer_reserve(&b, 0) == -1, "and for reserve");
	ok(gate_buffer_printf(&b, "x") == -1, "and for printf");
	gate_buffer_reset(&b);
	ok(!b.failed && gate_buffer_puts(&b, "again") == 0, "reset clears it");
	gate_buffer_putc(&b, '!');
	ok(gate_buffer_puts(&b, "too much") == -1, "all or nothing");
	is(gate_buffer_text(&b), "again!", "nothing of what was too much");
	gate_buffer_release(&b);
	ok(b.limit == 10 && !b.failed, "release keeps the limit, clears the failure");
	ok(gate_buffer_reserve(&b, 11) == -1, "reserve over the limit");
	gate_buffer_release(&b);
	ok(gate_buffer_reserve(&b, 10) == 0 && b.size > 10, "reserve has room for the NUL");
	gate_buffer_release(&b);
}

static void
test_default_limit(void)
{
	struct gate_buffer b = {0};

	ok(gate_buffer_reserve(&b, GATE_BUFFER_MAX) == 0, "reserve the most there is");
	gate_buffer_release(&b);
	ok(gate_buffer_reserve(&b, (size_t)GATE_BUFFER_MAX + 1) == -1, "and not one more");
	gate_buffer_release(&b);
	gate_buffer_putc(&b, 'x');
	ok(gate_buffer_reserve(&b, GATE_BUFFER_MAX) == -1, "what is there counts");
	gate_buffer_reset(&b);
	gate_buffer_putc(&b, 'x');
	ok(gate_buffer_reserve(&b, SIZE_MAX) == -1, "SIZE_MAX does not wrap around");
	gate_buffer_reset(&b);
	gate_buffer_putc(&b, 'x');
	ok(gate_buffer_reserve(&b, SIZE_MAX - 1) == -1 && b.failed, "nor does a little less");
	gate_buffer_release(&b);
}

/* A pipe takes a part at a time. */
static void
test_write(void)
{
	struct gate_buffer b = {0}, all = {0};
	int ends[2], status;
	char part[4096];
	ssize_t n;

	for (int i = 0; i < 50000; i++)
		gate_buffer_printf(&b, "%d,", i);
	if (pipe(ends) < 0)
		exit(2);
	fflush(stdout);
	if (fork() == 0)
		_exit(gate_buffer_write(&b, ends[1]) != 0);
	close(ends[1]);
	while ((n = read(ends[0], part, sizeof part)) > 0)
		gate_buffer_add(&all, part, (size_t)n);
	ok(wait(&status) > 0 && status == 0, "written");
	ok(all.length == b.length && memcmp(all.data, b.data, b.length) == 0, "all of it");
	ok(gate_buffer_write(&b, -1) == -1 && errno == EBADF, "a descriptor that is none: -1");
	close(ends[0]);
	gate_buffer_release(&b);
	gate_buffer_release(&all);
}

int
main(void)
{
	test_growing();
	test_printf();
	test_limits();
	test_default_limit();
	test_write();
	return done();
}
