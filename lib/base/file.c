/* base/file.c: reads files that people edit, and writes files. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define READ_SIZE 8192 /* bytes to read at once from a pipe, or a file that grows */

size_t
gate_file_mark(const char *text, size_t length)
{
	const size_t size = strlen(GATE_FILE_MARK);

	return length >= size && memcmp(text, GATE_FILE_MARK, size) == 0 ? size : 0;
}

const char *
gate_file_line_end(const char *text, size_t length)
{
	const char *newline = memchr(text, '\n', length);

	return newline != NULL && newline > text && newline[-1] == '\r' ? "\r\n" : "\n";
}

void
gate_file_begin_line(struct gate_buffer *text, size_t begin, const char *line_end)
{
	char last = text->length > begin ? text->data[text->length - 1] : '\n';

	if (last != '\n') /* "\r\r\n" would make the first \r a part of the line */
		gate_buffer_puts(text, last == '\r' ? "\n" : line_end);
}

void
gate_file_wipe(struct gate_buffer *text)
{
	if (text->data != NULL)
		explicit_bzero(text->data, text->size);
	gate_buffer_release(text);
}

/* Returns how many bytes to reserve at once: a regular file's size, else `most`. */
static size_t
size_of(int fd, size_t most)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 &&
	    (uintmax_t)st.st_size < most)
		return (size_t)st.st_size;
	return most;
}

static size_t
room_in(const struct gate_buffer *text) /* without its NUL */
{
	return text->size > text->length ? text->size - text->length - 1 : 0;
}

/* Returns 0, or -1 with errno. */
static int
read_all(int fd, size_t most, struct gate_buffer *text)
{
	size_t wanted = size_of(fd, most) + 1; /* one more shows whether it ends there */
	ssize_t got;

	do {
		if (room_in(text) == 0 && gate_buffer_reserve(text, wanted) < 0) {
			errno = ENOMEM;
			return -1;
		}
		wanted = READ_SIZE;
		got = read(fd, text->data + text->length, room_in(text));
		if (got < 0 && errno != EINTR)
			return -1;
		text->length += got > 0 ? (size_t)got : 0;
	} while (got != 0 && text->length <= most);
	errno = EFBIG;
	return text->length <= most ? 0 : -1;
}

int
gate_file_read(int fd, size_t most, struct gate_buffer *text)
{
	size_t size;
	int reason;

	if (read_all(fd, most, text) < 0) {
		reason = errno;
		gate_file_wipe(text);
		errno = reason;
		return -1;
	}
	size = gate_file_mark(text->data, text->length);
	text->length -= size;
	memmove(text->data, text->data + size, text->length);
	memset(text->data + text->length, '\0', size + 1);
	return (int)size;
}

int
gate_file_write(int folder, const char *name, const struct gate_buffer *text,
    int (*prepare)(void *data, int fd), void *data)
{
	int fd, result = -1, reason;

	unlinkat(folder, name, 0);
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	if (gate_buffer_write(text, fd) == 0 && prepare(data, fd) == 0 && fsync(fd) == 0)
		result = 0;
	reason = errno;
	close(fd);
	errno = reason;
	return result;
}
