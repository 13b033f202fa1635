/* test_mongodb.c: what the MongoDB store reports of a server that it can't use, and how it fares
 * when the server goes away and comes back.
 * Tests server/mongodb.c and server/mongoc.c. */
#include "config.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "records.h"
#include "store/mongodb/private.h"

static struct fixture f;
static atomic_int commands;

static atomic_bool slow; /* a send takes longer than a clock's tick */

/* In the place of the C library's. */
ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t sent = syscall(SYS_sendmsg, fd, message, flags);
	int64_t now = gate_clock_monotonic();

	while (slow && gate_clock_monotonic() < now + 2)
		gate_clock_pause();
	return sent;
}

static void
count_command(const mongoc_apm_command_started_t *event)
{
	(void)event;
	commands++;
}

static void
watch(void)
{
	mongoc_apm_callbacks_t *callbacks = mongoc_apm_callbacks_new();
	struct gate_store_mongodb *store = f.link.store;

	mongoc_apm_set_command_started_cb(callbacks, count_command);
	mongoc_client_pool_set_apm_callbacks(store->mongodb.pool, callbacks, NULL);
	mongoc_apm_callbacks_destroy(callbacks);
}

/* As if `store = url` stood in gate.conf. */
static int
open_url(const char *url, const char *option)
{
	char store[MONGODB_URI_MAX + 8];
	const char *const arguments[] = {"config=", store, option, NULL};

	f = (struct fixture){0};
	snprintf(store, sizeof store, "store=%s", url);
	if (gate_options_load(&f.options, arguments, &f.error) < 0)
		exit(2);
	return connect_store(&f.link, &f.options, &f.error);
}

/* ---- what is wrong from the beginning ---- */

static void
refuses(const char *url, const char *option, const char *word)
{
	int result = open_url(url, option);

	ok(result == -1 && f.error.code == GATE_EOPTION && strstr(f.error.text, word) != NULL &&
		strstr(f.error.text, "hunter2") == NULL,
	    "%s %s: refused", url, option != NULL ? option : "");
	printf("# %s\n", f.error.text);
	close_fixture(&f);
}

static void
test_refused(void)
{
	refuses("mongodb://anna:hunter2@127.0.0.1/", NULL, "names no database");
	refuses("mongodb://anna:hunter2@127.0.0.1", NULL, "names no database");
	refuses("mongodb://anna:hunter2@127.0.0.1/app?w=0", NULL, "w=0");
	refuses("mongodb://anna:hunter2/x@127.0.0.1/app", NULL, "can't be read");
	refuses("mongodb://anna:hunter2@127.0.0.1:port/app", NULL, "can't be read");
	refuses("mongodb:hunter2", NULL, "can't be read");
	refuses("mongodb://127.0.0.1/app?tsl=true", NULL, "option of the URI: tsl");
	refuses("mongodb://anna:hunter2@127.0.0.1/app?useUnifiedTopology=true&tsl=true", NULL,
	    "option of the URI: tsl");
	refuses("mongodb://anna:pass@hunter2@127.0.0.1/app", NULL, "written %40");
	refuses("mongodb+srv://anna:pass@hunter2@example.org/app", NULL, "can't be read");
	refuses("mongodb://anna:hunter2@127.0.0.1/app?hunter2", NULL, "can't be read");
	refuses("mongodb://127.0.0.1/app?tls_ca_file=x", NULL, "option of the URI: tls_ca_file");
	refuses("mongodb://127.0.0.1/a.b", NULL, "can't be read: ");
	refuses("mongodb://127.0.0.1/app?hunter2%%=1", NULL, "misspelled");
	refuses("mongodb://127.0.0.1/app?tls=hunter2", NULL, "option tls");
	refuses("mongodb://127.0.0.1/app?socketTimeoutMS=hunter2", NULL, "option sockettimeoutms");
	refuses("mongodb://127.0.0.1/app?tls=true&tlsCAFile=/no/such.pem", NULL,
	    "tlsCAFile /no/such.pem: No such file");
	refuses("mongodb://127.0.0.1/app?tls=true&tlsCertificateKeyFile=/no/such.pem", NULL,
	    "tlsCertificateKeyFile /no/such.pem: No such file");
	refuses("mongodb://127.0.0.1/app", "collection=a$b", "collection");
	refuses("mongodb://127.0.0.1/app", "collection=system.users", "collection");
}

static void
test_accepted(void)
{
	static const char *const good[] = {"mongodb://a,b:2,[::1]:3/app?replicaSet=rs0&w=majority",
	    "mongodb://anna:pass%40word@127.0.0.1/app?authSource=admin&ssl=true",
	    "mongodb://%2Ftmp%2Fmongodb-27017.sock/app",
	    "mongodb://127.0.0.1/app?timeoutMS=1&useNewUrlParser=true&maxConnecting=2",
	    "mongodb://127.0.0.1/app?retryWrites=true&appName=Cluster0&directConnection=true"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ok(open_url(good[i], NULL) == 0, "%s: taken", good[i]);
		close_fixture(&f);
	}
}

static void
test_read_preference(void)
{
	struct gate_store_mongodb *store;

	ok(open_url("mongodb://127.0.0.1:1/app?readPreference=secondary&readConcernLevel=majority",
	       NULL) == 0,
	    "readPreference=secondary and readConcernLevel=majority: opens");
	store = f.link.store;
	if (store != NULL) {
		mongoc_client_t *client = mongoc_client_pool_pop(store->mongodb.pool);

		ok(mongoc_read_prefs_get_mode(mongoc_client_get_read_prefs(client)) ==
			    MONGOC_READ_PRIMARY &&
			mongoc_read_concern_is_default(mongoc_client_get_read_concern(client)),
		    "  and both are ignored");
		mongoc_client_pool_push(store->mongodb.pool, client);
	}
	close_fixture(&f);
}

/* How long a client waits is what the options say, and what the URL says about that. */
static bool
waits(const char *name, int32_t ms)
{
	struct gate_store_mongodb *store = f.link.store;
	mongoc_client_t *client = mongoc_client_pool_pop(store->mongodb.pool);
	int32_t is_ms = mongoc_uri_get_option_as_int32(mongoc_client_get_uri(client), name, -1);

	mongoc_client_pool_push(store->mongodb.pool, client);
	if (is_ms != ms)
		printf("# %s: %d, not %d\n", name, (int)is_ms, (int)ms);
	return is_ms == ms;
}

/* How long a write waits for the other members of a set. */
static bool
waits_for_others(const char *url, int64_t ms)
{
	struct gate_store_mongodb *store;
	const mongoc_write_concern_t *concern;
	mongoc_client_t *client;
	int64_t is_ms;

	if (open_url(url, NULL) < 0)
		return false;
	store = f.link.store;
	client = mongoc_client_pool_pop(store->mongodb.pool);
	concern = mongoc_uri_get_write_concern(mongoc_client_get_uri(client));
	is_ms = mongoc_write_concern_get_wtimeout_int64(concern);
	if (is_ms != ms)
		printf("# %s: %lld, not %lld\n", url, (long long)is_ms, (long long)ms);
	mongoc_client_pool_push(store->mongodb.pool, client);
	close_fixture(&f);
	return is_ms == ms;
}

static void
test_write_concern(void)
{
	ok(waits_for_others("mongodb://127.0.0.1:1/app?w=majority&journal=true", 1000),
	    "w without wtimeoutMS: less than socket_timeout");
	ok(waits_for_others("mongodb://127.0.0.1:1/app?w=2&wtimeoutMS=234", 234),
	    "the URL's own stands");
	ok(waits_for_others("mongodb://127.0.0.1:1/app?w=2&wtimeoutMS=5000", 1000),
	    "but not beyond that");
	ok(waits_for_others("mongodb://127.0.0.1:1/app?w=2&socketTimeoutMS=30000", 20000),
	    "whoever has patience has it");
	ok(waits_for_others("mongodb://127.0.0.1:1/app", 0), "without w the server's own does");
}

static void
test_limits(void)
{
	static const char url[] = "mongodb://127.0.0.1:1/app";

	ok(open_url(url, NULL) == 0, "a URL that says nothing of time");
	ok(waits(MONGOC_URI_CONNECTTIMEOUTMS, 1000) &&
		waits(MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 1000) &&
		waits(MONGOC_URI_SOCKETTIMEOUTMS, 1500) &&
		waits(MONGOC_URI_HEARTBEATFREQUENCYMS, 500),
	    "  the first failure comes within 5 s, and the driver looks again within 1 s");
	close_fixture(&f);
	ok(open_url(url, "socket_timeout=700ms") == 0 && waits(MONGOC_URI_SOCKETTIMEOUTMS, 700),
	    "an option");
	close_fixture(&f);
	ok(open_url("mongodb://127.0.0.1:1/app?socketTimeoutMS=800&heartbeatFrequencyMS=9000",
	       "socket_timeout=700ms") == 0 &&
		waits(MONGOC_URI_SOCKETTIMEOUTMS, 800) &&
		waits(MONGOC_URI_HEARTBEATFREQUENCYMS, 9000),
	    "the URL comes first");
	close_fixture(&f);
}

/* ---- a server that goes and comes back ---- */

static char folder[64];

static int
run_server(char uri[MONGODB_URI_MAX], const char *options)
{
	char arguments[200];

	snprintf(arguments, sizeof arguments, "--folder %s %s", folder, options);
	return run_mongodb_server(uri, arguments);
}

static void
signal_server(const char *signal)
{
	char command[300], line[MONGODB_URI_MAX];

	snprintf(command, sizeof command, "--stop %s %s", folder, signal);
	run_mongodb_server(line, command);
}

static int
load(const char *id, struct gate_error *error)
{
	struct gate_record record = blank(gate_clock_wall());
	int result;

	*error = (struct gate_error){0};
	result = gate_store_load(&f.link, id, NULL, &record, error);
	gate_store_release(&f.link, &record);
	return result;
}

/* Fails as long as it takes for the breaker to open: two calls. */
static void
test_away(const char *how)
{
	struct gate_error error;
	int asked;

	ok(load("one", &error) == -1 && error.code == GATE_ESTORE, "%s: the first call fails", how);
	printf("# %s\n", error.text);
	ok(strstr(error.text, "store mongodb://127.0.0.1:") != NULL, "  and names the store");
	ok(load("one", &error) == -1, "so does the second");
	asked = commands;
	ok(load("one", &error) == -1 && strstr(error.text, "does not answer") != NULL,
	    "then the breaker is open");
	ok(put(&f.link, "two", "1") == -1 && commands == asked,
	    "  and the server is not asked at all");
}

static void
wait_until_back(void)
{
	int64_t deadline = gate_clock_monotonic() + PATIENCE;
	struct gate_error error;

	while (load("one", &error) != 1 && gate_clock_monotonic() < deadline)
		gate_clock_pause();
	ok(load("one", &error) == 1, "it comes back: all is as before");
}

/* A server that is slow to answer may look like one that is away, at first. */
static void
test_password(void)
{
	int64_t deadline = gate_clock_monotonic() + PATIENCE;
	struct gate_error error;
	bool said = false, shown = false, let_in = false;

	do {
		let_in |= load("one", &error) != -1;
		said |= strstr(error.text, "check user, password") != NULL;
		shown |= strstr(error.text, "hunter2") != NULL;
	} while (!said && gate_clock_monotonic() < deadline);
	printf("# %s\n", error.text);
	ok(said && !shown && !let_in, "  is said, and not shown");
}

static void
test_outage(void)
{
	char uri[MONGODB_URI_MAX], url[MONGODB_URI_MAX + 8], again[100];
	int port;

	snprintf(folder, sizeof folder, "%s/server", scratch);
	if (run_server(uri, "--sync") == 0 || sscanf(uri, "mongodb://127.0.0.1:%d", &port) != 1) {
		ok(false, "a server");
		return;
	}
	snprintf(url, sizeof url, "%sapp", uri);
	ok(open_url(url, NULL) == 0, "a store on a server of its own");
	watch();
	ok(put(&f.link, "one", "1") == 1, "a record");
	slow = true; /* the driver's look at a server waits for nothing */
	ok(f.link.table->sweep(f.link.store, &f.options, &f.error) >= 0,
	    "a sweep where a send takes its time");
	printf("# %s\n", f.error.text);
	slow = false;
	signal_server("KILL");
	test_away("killed");
	snprintf(again, sizeof again, "--sync --port %d", port);
	run_server(uri, again);
	wait_until_back();
	signal_server("STOP");
	test_away("stopped");
	signal_server("CONT");
	wait_until_back();
	close_fixture(&f);
	signal_server("KILL");
	snprintf(again, sizeof again, "--auth --port %d", port);
	run_server(uri, again);
	snprintf(url, sizeof url, "mongodb://anna:hunter2@127.0.0.1:%d/app", port);
	ok(open_url(url, NULL) == 0, "a password that is wrong");
	test_password();
	close_fixture(&f);
	signal_server("KILL");
}

/* Nobody listens there. */
static void
test_absent(void)
{
	struct gate_error error;

	ok(open_url("mongodb://127.0.0.1:1/app", NULL) == 0, "a server that is not there: opens");
	watch();
	test_away("nobody listens");
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == -1, "nor can it be swept");
	close_fixture(&f);
}

int
main(void)
{
	char url[MONGODB_URI_MAX];

	enter_scratch();
	test_refused();
	test_accepted();
	test_read_preference();
	test_limits();
	test_write_concern();
	test_absent();
	if (run_mongodb_server(url, "--folder . --which") == 1)
		test_outage();
	else
		ok(true, "an outage # SKIP there is no MongoDB server");
	leave_scratch();
	return done();
}
