/* test_mongodb_hostile.c: a server whose answer never ends: endless records, endless empty answers,
 * a byte now and then, none at all. Each call ends at its deadline, in bounded memory. */
#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "records.h"
#include "store/mongodb/private.h"

#define OP_REPLY 1
#define OP_QUERY 2004
#define OP_MSG 2013
#define DEADLINE 1500  /* ms */
#define LATE 10000     /* ms after it, for a machine that is busy elsewhere */
#ifdef GATE_SANITIZERS /* they keep what was freed */
#define GROWTH_MAX (INT64_C(512) << 10)
#else
#define GROWTH_MAX (INT64_C(64) << 10) /* KiB: a program without a bound takes that in a second */
#endif

static struct fixture f;

/* ---- the server: a process of its own ---- */

static bool
receive(int fd, void *bytes, size_t length)
{
	return recv(fd, bytes, length, MSG_WAITALL) == (ssize_t)length;
}

static bool
send_all(int fd, const void *bytes, size_t length, bool slowly)
{
	const char *at = bytes;

	for (size_t step = slowly ? 1 : length; length > 0; at += step, length -= step) {
		if (send(fd, at, step, MSG_NOSIGNAL) != (ssize_t)step)
			return false;
		if (slowly)
			poll(NULL, 0, 200); /* the server's own slowness: less than any timeout */
	}
	return true;
}

static bool
answer(int fd, const int32_t asked[4], const bson_t *document, bool slowly)
{
	struct gate_buffer out = {0};
	bool query = asked[3] == OP_QUERY, good;
	int32_t rest[] = {query ? 8 : 0, 0, 0, 0, 1};
	int32_t head[] = {(int32_t)(16 + (query ? 20 : 5) + document->len), 1, asked[1],
	    query ? OP_REPLY : OP_MSG};

	gate_buffer_add(&out, head, sizeof head);
	gate_buffer_add(&out, rest, query ? sizeof rest : 5);
	gate_buffer_add(&out, bson_get_data(document), document->len);
	good = send_all(fd, gate_buffer_text(&out), out.length, slowly);
	gate_buffer_release(&out);
	return good;
}

static bson_t *
hello(void)
{
	return BCON_NEW("ok", BCON_DOUBLE(1), "ismaster", BCON_BOOL(true), "isWritablePrimary",
	    BCON_BOOL(true), "helloOk", BCON_BOOL(true), "minWireVersion", BCON_INT32(0),
	    "maxWireVersion", BCON_INT32(17), "maxBsonObjectSize", BCON_INT32(16777216),
	    "maxMessageSizeBytes", BCON_INT32(48000000), "maxWriteBatchSize", BCON_INT32(100000),
	    "localTime", BCON_DATE_TIME(INT64_MIN));
}

static bson_t *
batch(const char *database, const char *name, int count)
{
	static int number;
	bson_t *reply = bson_new(), cursor, list, one;
	char collection[40];

	snprintf(collection, sizeof collection, "%.20s.sessions", database);

	BSON_APPEND_DOUBLE(reply, "ok", 1);
	BSON_APPEND_DOCUMENT_BEGIN(reply, "cursor", &cursor);
	BSON_APPEND_INT64(&cursor, "id", 7);
	BSON_APPEND_UTF8(&cursor, "ns", collection);
	GATE_BSON_ARRAY_BEGIN(&cursor, name, -1, &list);
	for (int i = 0; i < count; i++) {
		char key[16], id[40];

		snprintf(key, sizeof key, "%d", i);
		snprintf(id, sizeof id, "endless-endless-endless-%08d", number++);
		bson_append_document_begin(&list, key, -1, &one);
		BSON_APPEND_UTF8(&one, "_id", id);
		BSON_APPEND_UTF8(&one, "session",
		    "{\"cookie\":{\"originalMaxAge\":null,\"expires\":null},\"gate\":{\"user\":"
		    "\"anna\"}}");
		BSON_APPEND_DATE_TIME(&one, "expires", INT64_C(4000000000000));
		bson_append_document_end(&list, &one);
	}
	bson_append_array_end(&cursor, &list);
	bson_append_document_end(reply, &cursor);
	return reply;
}

/* Of an insert: no number says why. And a time that no clock shows. */
static bson_t *
in_words(void)
{
	return BCON_NEW("ok", BCON_DOUBLE(1), "n", BCON_INT32(0), "writeErrors", "[", "{", "index",
	    BCON_INT32(0), "errmsg", BCON_UTF8("Duplicate key violation on the primary key"), "}",
	    "]");
}

/* The database says what is done to who asks it. */
static bool
work(int fd, const int32_t asked[4], const bson_t *command)
{
	bson_iter_t at;
	const char *database =
	    bson_iter_init_find(&at, command, "$db") ? bson_iter_utf8(&at, NULL) : "";
	bool more = bson_has_field(command, "getMore");
	bool find = more || bson_has_field(command, "find");
	bool mute = find && strcmp(database, "mute") == 0;
	bson_t *reply = bson_has_field(command, "insert") ? in_words()
	    : !find                                       ? hello()
		    : batch(database, more ? "nextBatch" : "firstBatch",
			  strcmp(database, "empty") == 0 ? 0 : 100);
	bool good = mute || answer(fd, asked, reply, find && strcmp(database, "slow") == 0);

	bson_destroy(reply);
	return good;
}

static void *
serve_connection(void *data)
{
	int fd = *(int *)data;
	int32_t head[4];
	bool good = true;

	free(data);
	while (good && receive(fd, head, sizeof head) && head[0] > 16) {
		size_t length = (size_t)head[0] - 16, skip = 5;
		uint8_t *body = malloc(length + 1);
		bson_t command;

		good = body != NULL && receive(fd, body, length);
		if (good && head[3] == OP_QUERY)
			skip = 4 + strlen((const char *)body + 4) + 1 + 8;
		if (good && head[3] == OP_MSG && (body[0] & 1) != 0)
			length -= 4; /* a checksum */
		good = good &&
		    bson_init_static(&command, body + skip,
			(size_t)(body[skip] | body[skip + 1] << 8 | body[skip + 2] << 16));
		good = good && work(fd, head, &command);
		free(body);
	}
	close(fd);
	return NULL;
}

static void
serve(int listener)
{
	for (;;) {
		int *fd = malloc(sizeof *fd);
		pthread_t thread;

		if (fd == NULL || (*fd = accept(listener, NULL, NULL)) < 0 ||
		    pthread_create(&thread, NULL, serve_connection, fd) != 0)
			_exit(2);
		pthread_detach(thread);
	}
}

static pid_t
start_server(int *port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid, parent = getpid();

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(listener, 64) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0 || (pid = fork()) < 0)
		exit(2);
	*port = ntohs(address.sin_port);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			serve(listener);
		_exit(2);
	}
	close(listener);
	return pid;
}

/* ---- what is asked of it ---- */

static void
open_store(int port, const char *database)
{
	char store[100];
	const char *const arguments[] = {"config=", store, NULL};

	f = (struct fixture){0};
	snprintf(store, sizeof store, "store=mongodb://127.0.0.1:%d/%s", port, database);
	if (gate_options_load(&f.options, arguments, &f.error) < 0 ||
	    connect_store(&f.link, &f.options, &f.error) < 0) {
		printf("Bail out! %s\n", f.error.text);
		exit(2);
	}
}

static int
count(void *data, const char *id, struct gate_record *record)
{
	char **kept = data; /* as login_end.c keeps something of each */

	(void)id;
	(void)record;
	free(kept[0]);
	kept[0] = strdup(id);
	return 1;
}

static int64_t
most_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void
walks(int port, const char *database)
{
	struct gate_error error = {0};
	int64_t before, late;
	char *kept[1] = {NULL};
	int result;

	open_store(port, database);
	before = most_memory();
	gate_clock_set_deadline(gate_clock_monotonic() + DEADLINE);
	late = gate_clock_deadline() + LATE;
	result = f.link.table->each(f.link.store, "anna", count, kept, &error);
	ok(result == -1 && error.code == GATE_ESTORE, "%s: a walk over a user's records fails",
	    database);
	printf("# %s\n", error.text);
	ok(gate_clock_monotonic() < late, "  and ends with the deadline");
	ok(most_memory() - before < GROWTH_MAX, "  in bounded memory: %ld KiB more",
	    (long)(most_memory() - before));
	gate_clock_set_deadline(0);
	free(kept[0]);
	close_fixture(&f);
}

static void
loads(int port, const char *database)
{
	struct gate_error error = {0};
	bool in_time = true;
	int results[3];

	open_store(port, database);
	for (int i = 0; i < 3; i++) {
		struct gate_record record = {.now = gate_clock_wall(), .ttl = 1000};

		gate_clock_set_deadline(gate_clock_monotonic() + DEADLINE);
		error = (struct gate_error){0};
		results[i] = gate_store_load(&f.link, "endless", 0, &record, &error);
		in_time &= gate_clock_monotonic() < gate_clock_deadline() + LATE;
		gate_clock_set_deadline(0);
		printf("# %s\n", error.text);
	}
	ok(results[0] == -1 && results[1] == -1 && results[2] == -1, "%s: a record can't be read",
	    database);
	ok(in_time, "  which ends with the deadline");
	ok(strstr(error.text, "the server does not answer") != NULL,
	    "  and the breaker opens: nobody asks again");
	close_fixture(&f);
}

static void
says_in_words(int port)
{
	struct gate_error error = {0};
	int64_t now = 0;

	open_store(port, "words");
	ok(put(&f.link, "taken", "1") == 0, "an _id that is taken is, whatever number says so");
	ok(f.link.table->time(f.link.store, &now, &error) == 1 && now < 0 &&
		now - gate_clock_wall() < 0,
	    "a time that no clock shows is bounded");
	close_fixture(&f);
}

/* What libbson says of an array that a server sent. */
static void
says_nothing_itself(void)
{
	bson_t odd = BSON_INITIALIZER, b = BSON_INITIALIZER;
	FILE *log = tmpfile();
	char line[1000] = "time=";
	int saved = dup(STDERR_FILENO);
	bool good = log != NULL && dup2(fileno(log), STDERR_FILENO) >= 0;

	gate_log_take_stderr();
	BSON_APPEND_INT32(&odd, "x", 1);
	bson_append_array(&b, "list", -1, &odd);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	for (rewind(log); good && fgets(line, sizeof line, log) != NULL;)
		good = strncmp(line, "time=", 5) == 0;
	ok(good, "what libbson prints is a line of the log");
	printf("# %s", line);
	fclose(log);
	bson_destroy(&odd);
	bson_destroy(&b);
}

int
main(void)
{
	int port;
	pid_t pid = start_server(&port);

	walks(port, "endless");
	walks(port, "empty");
	walks(port, "slow");
	walks(port, "mute");
	loads(port, "slow");
	loads(port, "mute");
	says_in_words(port);
	says_nothing_itself();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return done();
}
