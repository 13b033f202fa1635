/* fixture.h: options, secrets and the file store in a folder of their own, without a process of
 * gate. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "crypto/id.h"
#include "base/queue.h"
#include "request/request.h"
#include "crypto/sign.h"
#include "record/counter.h"
#include "store/store.h"
#include "store/file/file.h"
#include "tap.h"

#define SECRET "a secret of the tests, 32 bytes or more"
#define OLD_SECRET "the secret that was in force before this one"
#define TEXT_MAX 8192 /* most bytes of a record or a log that a test looks at */

struct fixture {
	char folder[40], records[64]; /* paths: everything lies in folder */
	struct gate_config config;
	struct gate_keys *old_keys; /* OLD_SECRET only, to sign cookies from before */
	struct gate_store_link link;
	struct gate_queue queue, other_queue; /* as two threads have them */
	int log, real_stderr;
	char logged[TEXT_MAX];
};

static inline void
must(bool good, const char *what)
{
	if (good)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static inline void
fixture_open(struct fixture *f)
{
	const char *const secrets[] = {SECRET, OLD_SECRET, NULL};
	struct gate_error error = {0};
	char store[80], run_dir[80];

	*f = (struct fixture){.folder = "/tmp/gate-test.XXXXXX"};
	must(mkdtemp(f->folder) != NULL, "mkdtemp");
	snprintf(f->records, sizeof f->records, "%s/sessions", f->folder);
	snprintf(store, sizeof store, "store=file:%s", f->records);
	snprintf(run_dir, sizeof run_dir, "run_dir=%s/run", f->folder);
	must(gate_options_load(&f->config.options,
		 (const char *const[]){"config=", store, run_dir, NULL}, &error) == 0,
	    error.text);
	f->config.keys = gate_keys_new(secrets, &error);
	f->old_keys = gate_keys_new(secrets + 1, &error);
	must(f->config.keys != NULL && f->old_keys != NULL, error.text);
	must(gate_store_open(&f->link, &gate_store_file, &f->config.options, &error) == 0,
	    error.text);
	must(gate_queue_open(&f->queue, f->config.options.run_dir, &error) == 0, error.text);
	must(gate_queue_open(&f->other_queue, f->config.options.run_dir, &error) == 0, error.text);
	snprintf(store, sizeof store, "%s/log", f->folder);
	f->log = open(store, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	f->real_stderr = dup(STDERR_FILENO);
	must(f->log >= 0 && f->real_stderr >= 0, "log");
}

static inline int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline void
fixture_close(struct fixture *f)
{
	gate_store_close(&f->link);
	gate_queue_close(&f->queue);
	gate_queue_close(&f->other_queue);
	gate_keys_free(f->config.keys);
	gate_keys_free(f->old_keys);
	gate_templates_free(f->config.templates);
	gate_options_release(&f->config.options);
	close(f->log);
	close(f->real_stderr);
	nftw(f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes log lines to f->logged, from listen_in to hear_out, which returns it. */
static inline void
listen_in(struct fixture *f)
{
	must(ftruncate(f->log, 0) == 0, "log");
	dup2(f->log, STDERR_FILENO);
}

static inline const char *
hear_out(struct fixture *f)
{
	ssize_t length;

	dup2(f->real_stderr, STDERR_FILENO);
	length = pread(f->log, f->logged, sizeof f->logged - 1, 0);
	f->logged[length > 0 ? length : 0] = '\0';
	return f->logged;
}

static inline void
path_of(const struct fixture *f, const char *id, char path[256])
{
	if (snprintf(path, 256, "%s/%s.json", f->records, id) >= 256)
		abort(); /* ids of tests are short */
}

/* Writes a record's file, as another program may have done. */
static inline void
put_record(const struct fixture *f, const char *id, const char *text)
{
	char path[256];
	int fd;

	path_of(f, id, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

/* Returns a record's text without its padding, "" if there is no such record. */
static inline const char *
get_record(const struct fixture *f, const char *id, char text[TEXT_MAX])
{
	char path[256];
	ssize_t length = 0;
	int fd;

	path_of(f, id, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, text, TEXT_MAX - 1);
		close(fd);
	}
	while (length > 0 && text[length - 1] == ' ')
		length--;
	text[length > 0 ? length : 0] = '\0';
	return text;
}

/* Returns the number of records; `clear` removes them. */
static inline int
count_records(const struct fixture *f, bool clear)
{
	DIR *listing = opendir(f->records);
	const struct dirent *entry;
	char path[512];
	int count = 0;

	must(listing != NULL, f->records);
	while ((entry = readdir(listing)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		snprintf(path, sizeof path, "%s/%s", f->records, entry->d_name);
		if (clear)
			must(unlink(path) == 0, path);
	}
	closedir(listing);
	return count;
}

/* Removes the marks that a renewal or an end leaves, so that a test can use the id again. */
static inline void
forget_end(struct fixture *f, const char *id)
{
	char key[GATE_COUNTER_KEY_MAX];
	struct gate_bump bump;

	snprintf(key, sizeof key, "renewed:%s", id);
	must(gate_store_bump(&f->link, key, 0, 0, &bump, NULL) == 1, key);
	gate_record_ended_key(key, id);
	must(gate_store_bump(&f->link, key, 0, 0, &bump, NULL) == 1, key);
}

/* Adds "connect.sid=s%3A…" as a browser sends it, after "; " if it is not the first. */
static inline void
add_cookie(struct gate_buffer *cookies, const struct gate_keys *keys, const char *id)
{
	struct gate_buffer value = {0};

	gate_buffer_puts(&value, "s:");
	gate_sign(keys, id, &value);
	gate_buffer_puts(cookies, cookies->length > 0 ? "; connect.sid=" : "connect.sid=");
	gate_percent_encode(cookies, value.data, value.length);
	gate_buffer_release(&value);
}

/* Returns the id in a Set-Cookie value or line, "" unless the first secret signed it. */
static inline const char *
id_in(const struct fixture *f, const char *set_cookie, char id[GATE_ID_MAX + 1])
{
	const char *value = strstr(set_cookie, "=s%3A");
	char text[512];
	size_t length, id_length;
	bool old = false;

	id[0] = '\0';
	if (value == NULL)
		return id;
	value += strlen("=s%3A");
	length = strcspn(value, ";\r\n");
	must(length < sizeof text, "a cookie of ours is short");
	memcpy(text, value, length);
	if (gate_percent_decode(text, &length, false) == 0)
		return id;
	if (gate_unsign(f->config.keys, text, length, &id_length, &old) == 1 && !old)
		snprintf(id, GATE_ID_MAX + 1, "%.*s", (int)id_length, text);
	return id;
}

#endif
