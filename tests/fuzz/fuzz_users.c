/* fuzz_users.c: reads any bytes as a users' file, and changes it: all else must stay as it was. */
#include "config.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "user/user.h"

#define NAME "fuzz \xc3\xa9"
#define HASH "$y$hash"
#define MORE_MAX 256 /* bytes that a change adds behind what there was, at most */
#define USERS_MAX 64 /* that are looked up; the table is the same for more */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct list {
	char names[USERS_MAX][GATE_USER_NAME_MAX + 1], hashes[USERS_MAX][GATE_HASH_MAX];
	size_t count;
};

static char folder[] = "/tmp/gate-fuzz.XXXXXX";
static char url[64], *path; /* path: behind the scheme in url */

/* Nothing here has to outlive a power cut, and disks are slow. */
int
fsync(int fd)
{
	return fd >= 0 ? 0 : -1;
}

static void
leave(void)
{
	unlink(path);
	rmdir(folder);
}

/* One folder for all inputs: the file is changed by what stands beside it. */
static void
enter(void)
{
	if (path != NULL)
		return;
	assert(mkdtemp(folder) != NULL);
	snprintf(url, sizeof url, "file:%s/users", folder);
	path = url + strlen("file:");
	atexit(leave);
}

static void
write_file(const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

/* Does the file hold these bytes and then `more`? In `more`, @ stands for the digits of a time. */
static bool
holds(const uint8_t *data, size_t size, const char *more)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = calloc(1, size + MORE_MAX), *at = text + size;
	ssize_t length;
	bool result;

	assert(fd >= 0 && text != NULL && strlen(more) < MORE_MAX / 2);
	length = read(fd, text, size + MORE_MAX - 1);
	result = length >= (ssize_t)size && (size == 0 || memcmp(text, data, size) == 0);
	for (; result && *more != '\0'; more++) {
		size_t digits = strspn(at, "0123456789");

		result = *more == '@' ? digits > 0 : *at == *more;
		at += *more == '@' ? digits : 1;
	}
	result = result && at == text + length;
	free(text);
	close(fd);
	return result;
}

static int
take(void *data, const char *name, const char *hash)
{
	struct list *list = data;

	assert(gate_user_name_refusal(name, strlen(name)) == NULL);
	assert(*hash != '\0' && strlen(hash) < GATE_HASH_MAX);
	assert(strpbrk(hash, " :\r\n\t") == NULL);
	if (list->count == USERS_MAX)
		return 1;
	strcpy(list->names[list->count], name);
	strcpy(list->hashes[list->count++], hash);
	return 1;
}

/* A second, simple reader: is there a line for this user, and none of the name before it? */
static bool
stands_in(const uint8_t *data, size_t size, const char *name, const char *hash)
{
	size_t name_length = strlen(name), hash_length = strlen(hash);

	for (size_t i = 0; i < size; i++) {
		size_t left = size - i, end = name_length + 1 + hash_length;

		if ((i > 0 && data[i - 1] != '\n') || left < end ||
		    memcmp(data + i, name, name_length) != 0 || data[i + name_length] != ':' ||
		    memcmp(data + i + name_length + 1, hash, hash_length) != 0)
			continue;
		if (left == end || data[i + end] == '\n' || data[i + end] == ':' ||
		    (data[i + end] == '\r' && (left == end + 1 || data[i + end + 1] == '\n')))
			return true;
	}
	return false;
}

static size_t
mark_of(const uint8_t *data, size_t size)
{
	return size >= 3 && data[0] == 0xef && data[1] == 0xbb && data[2] == 0xbf ? 3 : 0;
}

static const char *
line_end_of(const uint8_t *data, size_t size)
{
	size_t i = mark_of(data, size), begin = i;

	while (i < size && data[i] != '\n')
		i++;
	return i < size && i > begin && data[i - 1] == '\r' ? "\r\n" : "\n";
}

static void
look_up(struct gate_users *users, const struct list *list, const uint8_t *data, size_t size)
{
	char hash[GATE_HASH_MAX];
	bool known = false;

	for (size_t i = 0; i < list->count; i++) {
		assert(gate_users_find(users, list->names[i], hash, NULL) == 1);
		assert(strcmp(hash, list->hashes[i]) == 0);
		assert(stands_in(data, size, list->names[i], hash));
		for (size_t j = 0; j < i; j++)
			assert(strcmp(list->names[i], list->names[j]) != 0);
	}
	assert(gate_users_find(users, "nobody: this is no name", hash, NULL) == 0 && *hash == '\0');
	if (gate_users_pick(users, size, true, hash, NULL) == 0) {
		assert(*hash == '\0');
		return;
	}
	assert(gate_password_hash_refusal(hash, true) == NULL);
	for (size_t i = 0; i < list->count; i++)
		known |= strcmp(hash, list->hashes[i]) == 0;
	assert(known || list->count == USERS_MAX);
}

/* One comes and goes. */
static void
add(struct gate_users *users, const uint8_t *data, size_t size)
{
	bool ended = size == mark_of(data, size) || data[size - 1] == '\n';
	const char *end = line_end_of(data, size);
	bool half = !ended && data[size - 1] == '\r';
	const char *gap = ended ? "" : half ? "\n" : end;
	const char *then = half && memchr(data, '\n', size) == NULL ? "\r\n" : end;
	char line[sizeof "\r\n" NAME ":" HASH "\r\n"],
	    gone[sizeof "\r\n# gate: " NAME " ended @\r\n"];

	snprintf(line, sizeof line, "%s%s%s", gap, NAME ":" HASH, end);
	snprintf(gone, sizeof gone, "%s# gate: " NAME " ended @%s", gap, then);
	if (gate_users_change(users, GATE_USER_ADD, NAME, HASH, NULL, NULL) == 0)
		return;
	assert(holds(data, size, line));
	assert(gate_users_change(users, GATE_USER_ADD, NAME, HASH, NULL, NULL) == 0);
	assert(gate_users_change(users, GATE_USER_REMOVE, NAME, NULL, "$other", NULL) == 0);
	assert(gate_users_change(users, GATE_USER_REMOVE, NAME, NULL, HASH, NULL) == 1);
	if (memmem(data, size, "# gate: " NAME, strlen("# gate: " NAME)) ==
	    NULL) /* else it moves */
		assert(holds(data, size, gone));
}

static void
replace(struct gate_users *users, const struct list *list)
{
	struct list *after = calloc(1, sizeof *after);
	char hash[GATE_HASH_MAX];
	size_t last = list->count - 1;

	assert(after != NULL);
	assert(gate_users_change(users, GATE_USER_REPLACE, list->names[last], HASH,
		   list->hashes[last], NULL) == 1);
	assert(gate_users_each(users, take, after, NULL) == 1 && after->count == list->count);
	for (size_t i = 0; i <= last; i++) {
		assert(strcmp(after->names[i], list->names[i]) == 0);
		assert(strcmp(after->hashes[i], i == last ? HASH : list->hashes[i]) == 0);
	}
	assert(
	    gate_users_change(users, GATE_USER_REMOVE, list->names[last], NULL, HASH, NULL) == 1);
	assert(gate_users_find(users, list->names[last], hash, NULL) == 0);
	free(after);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct list *list = calloc(1, sizeof *list);
	struct gate_users *users;

	enter();
	write_file(data, size);
	users = gate_users_open(url, NULL);
	assert(list != NULL && users != NULL);
	assert(gate_users_each(users, take, list, NULL) == 1);
	look_up(users, list, data + mark_of(data, size), size - mark_of(data, size));
	add(users, data, size);
	if (list->count > 0)
		replace(users, list);
	gate_users_close(users);
	free(list);
	return 0;
}
