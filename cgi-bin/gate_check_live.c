/* gate_check_live.c: gate check tries out what the programs use: templates, run_dir, the socket,
 * the store. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "http/address.h"
#include "gate_command.h"
#include "base/queue.h"
#include "request/template/template.h"

/* ---- templates ---- */

/* Warns of partials without a file: they render as nothing, without an error. */
static void
check_partials(struct gate_check *check, const struct gate_templates *templates, const char *name,
    const char *text)
{
	while ((text = strstr(text, "{{>")) != NULL) {
		char file[NAME_MAX + 1];
		const char *partial = text + 3 + strspn(text + 3, " \t");
		int length = (int)strcspn(partial, " \t}\n");

		text = partial;
		if (snprintf(file, sizeof file, "%.*s.html", length, partial) < (int)sizeof file &&
		    !gate_templates_has(templates, file))
			gate_check_say(check, GATE_CHECK_WARNING,
			    "templates: %s includes %s, which is not there: nothing will show",
			    name, file);
	}
}

static void
check_files(struct gate_check *check, const struct gate_templates *templates)
{
	DIR *folder = opendir(check->options.templates);
	struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		struct gate_buffer text = {0};
		int fd;

		if (!gate_templates_has(templates, entry->d_name))
			continue;
		fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0 && gate_file_read(fd, GATE_TEMPLATE_SIZE_MAX, &text) >= 0)
			check_partials(check, templates, entry->d_name, text.data);
		gate_buffer_release(&text);
		if (fd >= 0)
			close(fd);
	}
	if (folder != NULL)
		closedir(folder);
}

void
gate_check_templates(struct gate_check *check)
{
	const char *path = check->options.templates;
	const char *origin = gate_command_source(&check->options, "templates").origin;
	struct gate_templates *templates;
	struct gate_error error = {0};

	if (gate_check_mode(check, "templates", path, 0002, 0) == 0) {
		/* a warning only, as a program that renders no page needs no templates */
		gate_check_say(check,
		    strcmp(origin, "default") == 0 ? GATE_CHECK_WARNING : GATE_CHECK_ERROR,
		    "templates: %s is not there: name the folder of the pages' templates", path);
		return;
	}
	templates = gate_templates_open(path, &error);
	if (templates == NULL) {
		gate_check_say(check, GATE_CHECK_ERROR, "%s", error.text);
		return;
	}
	if (!gate_templates_has(templates, "error.html"))
		gate_check_say(check, GATE_CHECK_WARNING,
		    "templates: %s holds no error.html: errors are shown as plain text", path);
	check_files(check, templates);
	gate_templates_free(templates);
}

/* ---- folders ---- */

/* May we add files to the folder that path is in? */
static bool
can_be_made(const char *path)
{
	char *folder = gate_command_folder_of(path);
	bool result = folder != NULL && access(folder, W_OK | X_OK) == 0;

	free(folder);
	return result;
}

/* Checks that a folder is there, and its mode. Returns 1 if it is there; 0, and says so, if not.
 * Never makes it: it could get the wrong owner. */
static int
find_folder(struct gate_check *check, const char *option, const char *path, unsigned int never,
    unsigned int better_not)
{
	if (gate_check_mode(check, option, path, never, better_not) == 1)
		return 1;
	if (can_be_made(path))
		gate_check_say(check, GATE_CHECK_WARNING,
		    "%s: %s is not there yet: the first program that starts makes it", option,
		    path);
	else
		gate_check_say(check, GATE_CHECK_ERROR,
		    "%s: %s is not there and can't be made: "
		    "install -d -m 700 -o USER %s, for the user that gate runs as",
		    option, path, path);
	return 0;
}

void
gate_check_run_dir(struct gate_check *check)
{
	struct gate_queue queue = {.fd = -1};
	struct gate_error error = {0};
	struct stat st;

	if (find_folder(check, "run_dir", check->options.run_dir, 0022, 0) == 0)
		return;
	if (stat(check->options.run_dir, &st) == 0 && st.st_uid != geteuid() && st.st_uid != 0)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "run_dir: %s belongs to user %ju, and the store to user %ju: give both to the "
		    "user "
		    "that gate runs as",
		    check->options.run_dir, (uintmax_t)st.st_uid, (uintmax_t)geteuid());
	if (gate_queue_open(&queue, check->options.run_dir, &error) < 0)
		gate_check_say(check, GATE_CHECK_ERROR,
		    "run_dir: %s: give it to the user that gate runs as", error.text);
	gate_queue_close(&queue);
}

/* ---- sockets ---- */

static int
connect_to(int family, const struct sockaddr *address, socklen_t size, int64_t patience)
{
	struct timeval limit = {.tv_sec = patience / 1000, .tv_usec = patience % 1000 * 1000};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), reason = 0;

	if (fd < 0)
		return errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
	    connect(fd, address, size) < 0)
		reason = errno;
	close(fd);
	return reason;
}

static int
connect_unix(const char *path, int64_t patience)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >=
	    (int)sizeof address.sun_path)
		return ENAMETOOLONG;
	return connect_to(AF_UNIX, (struct sockaddr *)&address, sizeof address, patience);
}

static int
connect_host(const char *where, int64_t patience)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	char host[GATE_HOST_MAX];
	const char *port;
	int reason = EADDRNOTAVAIL;

	if (!gate_address_split(where, host, &port))
		return reason;
	if (getaddrinfo(host, port, &hints, &list) != 0)
		return reason;
	for (struct addrinfo *a = list; a != NULL && reason != 0; a = a->ai_next)
		reason = connect_to(a->ai_family, a->ai_addr, a->ai_addrlen, patience);
	freeaddrinfo(list);
	return reason;
}

void
gate_check_listen(struct gate_check *check)
{
	const char *where = check->options.listen, *path = NULL;
	int64_t patience = check->options.connect_timeout;
	struct stat st;
	int reason;

	if (*where == '\0')
		return;
	if (strncmp(where, "unix:", 5) == 0)
		path = where + 5;
	if (path != NULL && stat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		gate_check_say(check, GATE_CHECK_ERROR, "listen: %s is no socket: remove it", path);
		return;
	}
	reason = path != NULL ? connect_unix(path, patience) : connect_host(where, patience);
	if (reason == ENOENT && !can_be_made(path))
		gate_check_say(check, GATE_CHECK_ERROR,
		    "listen: no socket can be made at %s: "
		    "make its folder, for the user that gate runs as",
		    path);
	else if (reason == ENOENT || reason == ECONNREFUSED)
		gate_check_say(check, GATE_CHECK_WARNING,
		    "listen: nobody answers at %s: start the program", where);
	else if (reason != 0)
		gate_check_say(check, GATE_CHECK_ERROR,
		    "listen: %s can't be reached: %s: see to its owner and socket_mode, "
		    "or start the program again",
		    where, strerror(reason));
}

/* ---- the store ---- */

static void
report(void *check, enum gate_check_level level, const char *text)
{
	gate_check_say(check, level, "%s", text);
}

static void
check_clock(struct gate_check *check, struct gate_store_link *link)
{
	struct gate_error error = {0};
	int64_t now, off;

	if (link->table->time == NULL || link->table->time(link->store, &now, &error) < 0)
		return;
	off = gate_clock_wall() - now;
	if (off > GATE_CLOCK_APART || off < -GATE_CLOCK_APART)
		gate_check_say(check, GATE_CHECK_ERROR,
		    "this host's clock is %lld s %s the store's: nothing is swept, and sessions "
		    "that only it ends get 503: set it right",
		    (long long)(off < 0 ? -off : off) / 1000, off < 0 ? "behind" : "ahead of");
}

void
gate_check_store(struct gate_check *check)
{
	const char *folder = gate_command_folder(&check->options);
	const char *advice = strstr(check->options.store, "://") != NULL
	    ? ": see to the server, and to the URI"
	    : ": see to the owner and the free space of the store";
	struct gate_store_link link = {0};
	struct gate_error error = {0};

	if (folder != NULL && *folder == '\0') {
		gate_check_say(
		    check, GATE_CHECK_ERROR, "store file: has no path, say file:/some/folder");
		return;
	}
	if (folder != NULL && find_folder(check, "store", folder, 0022, 0055) == 0)
		return;
	if (gate_store_find(&check->options, NULL, &error) == NULL)
		gate_check_say(check, GATE_CHECK_ERROR, "%s", error.text);
	else if (gate_command_open(&link, &check->options, &error) < 0 ||
	    gate_store_try(&link, &check->options, &error) != NULL)
		gate_check_say(check, GATE_CHECK_ERROR, "%s%s", error.text, advice);
	else {
		check_clock(check, &link);
		if (link.table->check != NULL &&
		    link.table->check(link.store, report, check, &error) < 0)
			gate_check_say(check, GATE_CHECK_ERROR, "%s", error.text);
	}
	gate_store_close(&link);
}
