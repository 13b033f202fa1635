/* test_file.c: a text is read whole, without its byte-order mark, and how its lines end. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/file.h"
#include "tap.h"

#define MOST 20000

static int
make(const char *bytes, size_t length)
{
	char name[] = "/tmp/gate-file.XXXXXX";
	int fd = mkstemp(name);

	unlink(name);
	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return fd;
}

static void
reads(const char *bytes, const char *text, const char *name)
{
	struct gate_buffer b = {0};
	int fd = make(bytes, strlen(bytes));

	ok(gate_file_read(fd, MOST, &b) == (int)(strlen(bytes) - strlen(text)) &&
		b.length == strlen(text),
	    "%s: is read", name);
	is(gate_buffer_text(&b), text, name);
	ok(b.data != NULL && b.data[b.length] == '\0', "%s: a NUL behind it", name);
	gate_file_wipe(&b);
	close(fd);
}

static void
test_marks(void)
{
	reads("", "", "nothing");
	reads("a", "a", "one byte");
	reads(GATE_FILE_MARK, "", "a mark alone is nothing");
	reads(GATE_FILE_MARK "a\r\nb", "a\r\nb", "a mark is left out, and nothing else is changed");
	reads(
	    GATE_FILE_MARK GATE_FILE_MARK "a", GATE_FILE_MARK "a", "of two the second is content");
	reads("a" GATE_FILE_MARK, "a" GATE_FILE_MARK, "so is one that stands further on");
	reads("\n" GATE_FILE_MARK "a", "\n" GATE_FILE_MARK "a", "also at the beginning of a line");
	reads("\xef\xbb", "\xef\xbb", "two thirds of a mark");
	reads("\xef\xbb\xbe", "\xef\xbb\xbe", "what is nearly a mark");
	reads("\xff\xfe"
	      "a",
	    "\xff\xfe"
	    "a",
	    "the mark of UTF-16, which is no text of ours");
}

static void
test_sizes(void)
{
	static char bytes[2 * MOST];
	struct gate_buffer b = {0};
	size_t wrong = 0;
	int fd;

	memset(bytes, 'x', sizeof bytes);
	for (size_t length = 0; length <= MOST; length += length < 300 ? 1 : 97) {
		fd = make(bytes, length);
		wrong += gate_file_read(fd, MOST, &b) != 0 || b.length != length;
		gate_file_wipe(&b);
		close(fd);
	}
	ok(wrong == 0, "files of all sizes are read whole (%zu)", wrong);
	fd = make(bytes, MOST);
	ok(gate_file_read(fd, MOST, &b) == 0 && b.length == MOST, "the longest");
	gate_file_wipe(&b);
	close(fd);
	fd = make(bytes, MOST + 1);
	ok(gate_file_read(fd, MOST, &b) == -1 && errno == EFBIG, "a byte more is too much");
	ok(b.data == NULL && b.length == 0, "and nothing is left of it");
	close(fd);
	fd = open("/", O_RDONLY | O_CLOEXEC);
	ok(gate_file_read(fd, MOST, &b) == -1 && errno == EISDIR && b.data == NULL, "a folder");
	close(fd);
	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	ok(gate_file_read(fd, 1 << 20, &b) == 0 && b.length > 0, "one that does not say its size");
	gate_file_wipe(&b);
	close(fd);
}

static void *
write_slowly(void *data)
{
	int fd = *(int *)data;

	for (const char *c = GATE_FILE_MARK "in pieces"; *c != '\0'; c++)
		if (write(fd, c, 1) != 1)
			break;
	close(fd);
	return NULL;
}

static void
test_pipe(void)
{
	struct gate_buffer b = {0};
	pthread_t writer;
	int ends[2];

	if (pipe(ends) < 0 || pthread_create(&writer, NULL, write_slowly, &ends[1]) != 0)
		return;
	ok(gate_file_read(ends[0], MOST, &b) == 3, "a pipe");
	is(gate_buffer_text(&b), "in pieces", "byte by byte");
	gate_file_wipe(&b);
	pthread_join(writer, NULL);
	close(ends[0]);
}

static void
ends(const char *text, const char *end, const char *name)
{
	is(gate_file_line_end(text, strlen(text)), end, name);
}

static void
test_line_ends(void)
{
	ends("", "\n", "line ends: of nothing");
	ends("a", "\n", "no line ends");
	ends("a\r", "\n", "a carriage return ends none");
	ends("a\nb\r\n", "\n", "the first line counts");
	ends("\nb\r\n", "\n", "an empty one too");
	ends("a\r\nb\n", "\r\n", "as Windows has it");
	ends("\r\n", "\r\n", "an empty one there");
}

int
main(void)
{
	test_marks();
	test_sizes();
	test_pipe();
	test_line_ends();
	return done();
}
