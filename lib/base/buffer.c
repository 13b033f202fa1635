/* base/buffer.c: a growing array of bytes; the only place that does size arithmetic. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

#define FIRST_SIZE 256

static void
wipe(struct gate_buffer *b, size_t length)
{
	if (b->secret && b->data != NULL)
		explicit_bzero(b->data, length);
}

/* Grows the memory. A secret is copied by hand, as realloc may free the old bytes unwiped. */
static char *
grow(struct gate_buffer *b, size_t size)
{
	char *data;

	if (!b->secret || b->data == NULL)
		return realloc(b->data, size);
	data = malloc(size);
	if (data == NULL)
		return NULL;
	memcpy(data, b->data, b->length + 1);
	wipe(b, b->size);
	free(b->data);
	return data;
}

int
gate_buffer_reserve(struct gate_buffer *b, size_t more)
{
	size_t limit = b->limit != 0 ? b->limit : GATE_BUFFER_MAX;
	size_t size = b->size != 0 ? b->size : FIRST_SIZE;
	char *data;

	if (b->failed)
		return -1;
	if (more > limit || b->length > limit - more) {
		b->failed = true;
		return -1;
	}
	if (b->length + more < b->size) /* there is room for the NUL too */
		return 0;
	while (size <= b->length + more)
		size *= 2;
	data = grow(b, size);
	if (data == NULL) {
		b->failed = true;
		return -1;
	}
	b->data = data;
	b->size = size;
	return 0;
}

int
gate_buffer_add(struct gate_buffer *b, const void *bytes, size_t length)
{
	if (gate_buffer_reserve(b, length) < 0)
		return -1;
	if (length > 0)
		memcpy(b->data + b->length, bytes, length);
	b->length += length;
	b->data[b->length] = '\0';
	return 0;
}

int
gate_buffer_puts(struct gate_buffer *b, const char *text)
{
	return gate_buffer_add(b, text, strlen(text));
}

int
gate_buffer_putc(struct gate_buffer *b, char c)
{
	return gate_buffer_add(b, &c, 1);
}

/* Formats straight into the free room, as most texts fit; only a longer one is formatted twice. */
int
gate_buffer_vprintf(struct gate_buffer *b, const char *format, va_list arguments)
{
	va_list again;
	size_t room;
	int length;

	if (gate_buffer_reserve(b, 0) < 0)
		return -1;
	room = b->size - b->length;
	va_copy(again, arguments);
	length = vsnprintf(b->data + b->length, room, format, again);
	va_end(again);
	if (length < 0 || gate_buffer_reserve(b, (size_t)length) < 0) {
		b->data[b->length] = '\0';
		b->failed = true;
		return -1;
	}
	if ((size_t)length >= room)
		vsnprintf(b->data + b->length, (size_t)length + 1, format, arguments);
	b->length += (size_t)length;
	return 0;
}

int
gate_buffer_integer(struct gate_buffer *b, int64_t value)
{
	char digits[24], *c = digits + sizeof digits;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--c = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		*--c = '-';
	return gate_buffer_add(b, c, (size_t)(digits + sizeof digits - c));
}

int
gate_buffer_printf(struct gate_buffer *b, const char *format, ...)
{
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = gate_buffer_vprintf(b, format, arguments);
	va_end(arguments);
	return result;
}

int
gate_buffer_write(const struct gate_buffer *b, int fd)
{
	for (size_t done = 0; done < b->length;) {
		ssize_t n = write(fd, b->data + done, b->length - done);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

void
gate_buffer_reset(struct gate_buffer *b)
{
	wipe(b, b->length);
	b->length = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
gate_buffer_release(struct gate_buffer *b)
{
	wipe(b, b->size);
	free(b->data);
	*b = (struct gate_buffer){.limit = b->limit, .secret = b->secret};
}

const char *
gate_buffer_text(const struct gate_buffer *b)
{
	return b->data != NULL ? b->data : "";
}
