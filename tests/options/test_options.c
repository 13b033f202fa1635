/* test_options.c: gate.conf, the environment and argv: what they may say, and that secrets stay
 * hidden. */
#include "config.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/id.h"
#include "options/options.h"
#include "tap.h"

#define CANARY "CANARY-0123456789-abcdefghijklmnop"
#define SECRET_1 "first-8Vd1Xj6Mg4Ps0aQ9zLw7Rf2Hn5Yc-x"
#define SECRET_2 "second-Xj6Mg4Ps0aT3kQ9zLw7Rf2Hn5Yc-x"

static char folder[] = "/tmp/test_options.XXXXXX", conf[64], secret_file[64];
static char logged[8192];
static int real_stderr, log_file;
static struct gate_options options;
static struct gate_error error;

static void
write_file(const char *path, const void *text, size_t length, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length || fchmod(fd, mode) < 0)
		exit(1);
	close(fd);
}

static int
load(const char *const *arguments)
{
	ssize_t length;
	int result;

	gate_options_release(&options);
	error = (struct gate_error){0};
	if (ftruncate(log_file, 0) < 0)
		exit(1);
	dup2(log_file, STDERR_FILENO);
	result = gate_options_load(&options, arguments, &error);
	dup2(real_stderr, STDERR_FILENO);
	length = pread(log_file, logged, sizeof logged - 1, 0);
	logged[length > 0 ? length : 0] = '\0';
	return result;
}

/* With gate.conf holding text, and one argument more (or NULL). */
static int
load_file(const char *text, const char *argument)
{
	char name[80];

	write_file(conf, text, strlen(text), 0600);
	snprintf(name, sizeof name, "config=%s", conf);
	return load((const char *const[]){name, argument, NULL});
}

static int
load_argument(const char *argument)
{
	return load((const char *const[]){"config=", argument, NULL});
}

static void
fails(int result, const char *wanted)
{
	const char *text = error.text;
	size_t length = strlen(conf);

	if (strncmp(text, conf, length) == 0)
		text += strlen(folder) + 1;
	ok(result == -1 && error.code == GATE_EOPTION, "refused: %s", wanted);
	is(text, wanted, "  and says so");
}

static const char *
origin_of(const char *name)
{
	for (size_t i = 0; i < gate_options_count(); i++)
		if (strcmp(gate_options_name(i), name) == 0)
			return gate_options_source(&options, i).origin;
	return NULL;
}

static const char *
value_of(const char *name)
{
	return gate_options_get(&options, name);
}

static void
test_defaults(void)
{
	ok(load((const char *const[]){"config=", NULL}) == 0, "nothing at all is fine");
	for (size_t i = 1; i < gate_options_count(); i++) {
		struct gate_option_source source = gate_options_source(&options, i);

		ok(strcmp(source.value, gate_options_default(i)) == 0 &&
			strcmp(source.origin, "default") == 0,
		    "%s has its default, which is in normal form", gate_options_name(i));
		ok(*gate_options_help(i) != '\0' && strchr(gate_options_help(i), '\n') == NULL &&
			strlen(gate_options_name(i)) <= 24,
		    "%s has a line of help", gate_options_name(i));
	}
	is(options.cookie_name, "connect.sid", "cookie_name");
	is(options.cookie_domain, "", "no domain is an empty text");
	ok(options.cookie_http_only && !options.cookie_partitioned && !options.trace, "switches");
	ok(options.cookie_secure == GATE_AUTO && options.cookie_same_site == GATE_SAME_SITE_LAX &&
		options.cookie_priority == GATE_PRIORITY_UNSET &&
		options.genid == GATE_GENID_RANDOM && options.auto_remove == GATE_REMOVE_NATIVE,
	    "words");
	ok(options.ttl == INT64_C(14) * 86400000 && options.touch_after == 60000 &&
		options.absolute_timeout == INT64_C(30) * 86400000 && options.max_age == 0 &&
		options.socket_timeout == 1500 && options.sweep_interval == 600000,
	    "durations are milliseconds");
	ok(strcmp(options.users, "") == 0 && strcmp(options.user_member, "gate.user") == 0 &&
		!options.allow_weak_hashes && !options.insecure_http &&
		options.max_sessions == 100 && options.remember_age == INT64_C(30) * 86400000,
	    "login");
	ok(options.socket_mode == 0660 && options.body_limit == 65536 && options.workers == 2 &&
		options.threads == 8,
	    "numbers");
	ok(options.secret[0] == NULL && options.trusted_proxies[0] == NULL &&
		options.clear_site_data[0] == NULL,
	    "lists are empty");
	ok(value_of("no_such") == NULL, "no such option");
}

static void
test_syntax(void)
{
	ok(load_file("# a comment\n\n   \t\n  # another\nttl=1h\n\tthreads \t=\t 4 \t\n", NULL) ==
		0,
	    "comments, blank lines, blanks around");
	ok(options.ttl == 3600000 && options.threads == 4, "the values are in");
	is(strrchr(origin_of("ttl"), '/'), "/gate.conf:5", "a value knows its line");
	is(options.config, conf, "config names the file");
	ok(load_file(
	       "ttl = 2h # two\nsocket_group = a#b\nrun_dir = \"/x # y \" # z\nlisten = # no\n",
	       NULL) == 0,
	    "comments behind values");
	ok(options.ttl == 7200000, "cut off");
	is(options.socket_group, "a#b", "# inside a word is not a comment");
	is(options.run_dir, "/x # y ", "quotes keep # and blanks");
	is(options.listen, "", "an empty value");
	ok(load_file("ttl = 1h\r\n\r\n# x\r\nthreads = 3\r\n", NULL) == 0, "CR LF");
	ok(options.threads == 3, "is no part of the value");
	ok(load_file("threads = 5", NULL) == 0 && options.threads == 5, "no newline at the end");
	ok(load_file("", NULL) == 0, "an empty file");
	ok(load_file(GATE_FILE_MARK "threads = 6", NULL) == 0 && options.threads == 6,
	    "a byte-order mark before the first option");
	ok(load_file(GATE_FILE_MARK "# x\r\nthreads = 7\r\n", NULL) == 0 && options.threads == 7,
	    "before a comment, with CR LF");
	ok(load_file(GATE_FILE_MARK, NULL) == 0, "a mark alone is an empty file");
	fails(load_file(GATE_FILE_MARK GATE_FILE_MARK "threads = 6\n", NULL),
	    "gate.conf:1: this is not the name of an option");
	ok(load_file("cookie_path = /a=b\n", NULL) == 0, "the first = divides");
	is(options.cookie_path, "/a=b", "others belong to the value");
}

static void
test_bad_files(void)
{
	char *text = calloc(1, GATE_OPTIONS_FILE_MAX + 2);

	fails(load_file("\n\nttl\n", NULL), "gate.conf:3: not of the form name = value");
	fails(load_file("= 5\n", NULL), "gate.conf:1: this is not the name of an option");
	fails(load_file("tll = 5\n", NULL),
	    "gate.conf:1: unknown option \"tll\", did you mean \"ttl\"?");
	fails(load_file("cookiename = x\n", NULL),
	    "gate.conf:1: unknown option \"cookiename\", did you mean \"cookie_name\"?");
	fails(load_file("colour = red\n", NULL), "gate.conf:1: unknown option \"colour\"");
	fails(load_file("ttl = 1h\n# x\nttl = 1h\n", NULL),
	    "gate.conf:3: ttl is set in line 1 already");
	fails(load_file("config = /x\n", NULL), "gate.conf:1: config can't stand in a file");
	fails(load_file("run_dir = \"/x\n", NULL),
	    "gate.conf:1: run_dir: \"\"/x\" has a quote too few or too many");
	fails(load_file("run_dir = \"/x\" y\n", NULL),
	    "gate.conf:1: run_dir: \"\"/x\" y\" has a quote too few or too many");
	fails(load_file("run_dir =\n", NULL), "gate.conf:1: run_dir: \"\" must not be empty");
	fails(load_file("run_dir = /a\x01"
			"b\n",
		  NULL),
	    "gate.conf:1: run_dir holds a control byte");
	fails(load_file("run_dir = /a\rb\n", NULL), "gate.conf:1: run_dir holds a control byte");
	write_file(conf, "ttl = 1\0h\n", 10, 0600);
	snprintf(text, 100, "config=%s", conf);
	fails(load((const char *const[]){text, NULL}), "gate.conf:1: holds a NUL byte");
	memset(text, 'x', GATE_OPTIONS_FILE_MAX + 1);
	memcpy(text, "run_dir=", 8);
	ok(load_file(text, NULL) < 0 && strstr(error.text, "File too large") != NULL,
	    "a file over the limit");
	text[5000] = '\0';
	fails(load_file(text, NULL), "gate.conf:1: longer than 4352 bytes");
	text[4200] = '\0';
	fails(load_file(text, NULL), "gate.conf:1: run_dir is longer than 4096 bytes");
	free(text);
	unlink(conf);
	snprintf(logged, sizeof logged, "config=%s", conf);
	ok(load((const char *const[]){logged, NULL}) < 0 &&
		strstr(error.text, "No such file") != NULL,
	    "a file that was named must be there");
	ok(load((const char *const[]){"config=/", NULL}) < 0, "a folder is not a file");
}

static void
test_values(void)
{
	static const char *const good[][3] = {{"ttl", "3600", "60m"}, {"ttl", "7200", "2h"},
	    {"ttl", "\"2h\"", "2h"}, {"ttl", "86400", "24h"}, {"ttl", "48h", "2d"},
	    {"deadline", "1.5s", "1500ms"}, {"deadline", "2000ms", "2s"}, {"max_age", "0s", "0"},
	    {"body_limit", "2048", "2k"}, {"body_limit", "1m", "1m"},
	    {"body_limit", "1025", "1025"}, {"body_limit", "4K", "4k"}, {"body_limit", "0", "0"},
	    {"socket_mode", "600", "0600"}, {"socket_mode", "0", "0000"}, {"trace", "yes", "yes"},
	    {"genid", "uuid", "uuid"}, {"workers", "0", "0"}, {"workers", "007", "7"},
	    {"cookie_same_site", "unset", "unset"}, {"cookie_priority", "high", "high"},
	    {"auto_remove", "disabled", "disabled"},
	    {"trusted_proxies", "10.0.0.0/8,::1  fe80::/10", "10.0.0.0/8, ::1, fe80::/10"},
	    {"trusted_proxies", "unix fe80::1%eth0 fe80::%eth1/64",
		"unix, fe80::1%eth0, fe80::%eth1/64"},
	    {"trusted_proxies", ", ", ""}, {"origin", "https://example.org", "https://example.org"},
	    {"origin", "http://[::1]:8080", "http://[::1]:8080"},
	    {"origin", "http://localhost:443", "http://localhost:443"},
	    {"listen", "unix:/run/gate/a:1", "unix:/run/gate/a:1"},
	    {"listen", "127.1.2.3:9000", "127.1.2.3:9000"}, {"listen", "[::1]:1", "[::1]:1"},
	    {"listen", "localhost:65535", "localhost:65535"},
	    {"store", "redis://user:p@ss@h:1/0", "redis://(hidden)@h:1/0"},
	    {"store", "memory:", "memory:"}, {"secret", CANARY, "(hidden)"},
	    {"users", "file:/etc/gate/users", "file:/etc/gate/users"},
	    {"users", "mongodb://u:" CANARY "@h/db", "mongodb://(hidden)@h/db"},
	    {"users", "mongodb://h/db?tls=true&tlsCertificateKeyFilePASSWORD=" CANARY "&w=2",
		"mongodb://h/db?tls=true&tlsCertificateKeyFilePASSWORD=(hidden)&w=2"},
	    {"store", "mongodb://u:p@h/db?authMechanismProperties=" CANARY "&x=1&xPassword=" CANARY,
		"mongodb://(hidden)@h/db?authMechanismProperties=(hidden)&x=1&xPassword=(hidden)"},
	    {"users", "mongodb://h/db?xPassword=a@" CANARY, "mongodb://(hidden)"},
	    {"users", "mongodb://u:password=" CANARY "@h/db", "mongodb://(hidden)"},
	    {"user_member", "gate.user", "gate.user"}, {"user_member", "username", "username"},
	    {"user_member", "passport.user", "passport.user"},
	    {"user_member", "_a-B$0.9", "_a-B$0.9"}, {"user_member", "gate2", "gate2"},
	    {"user_member", "my.cookie", "my.cookie"}, {"allow_weak_hashes", "yes", "yes"},
	    {"insecure_http", "yes", "yes"}, {"remember_age", "90d", "90d"},
	    {"remember_age", "1s", "1s"}, {"max_sessions", "10000", "10000"},
	    {"max_sessions", "1", "1"},
	    {"clear_site_data", "\"cache\", \"storage\"", "cache, storage"},
	    {"clear_site_data", "*", "*"},
	    {"clear_site_data", "clientHints executionContexts,prefetchCache prerenderCache",
		"clientHints, executionContexts, prefetchCache, prerenderCache"}};
	char argument[200];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		snprintf(argument, sizeof argument, "%s=%s", good[i][0], good[i][1]);
		if (!ok(load_argument(argument) == 0, "%s", argument))
			printf("# %s\n", error.text);
		else
			is(value_of(good[i][0]), good[i][2], "  is shown in normal form");
	}
	ok(load_argument("store=redis://user:p@ss@h:1/0") == 0, "a URL with a password");
	is(options.store, "redis://user:p@ss@h:1/0", "the field has the whole URL");
}

#define NO_MEMBER " is neither NAME nor NAME.NAME of letters, digits, _, $ and -"

static const char *const bad_values[][2] = {
    {"ttl=", "ttl: \"\" is not a duration such as 1500ms, 90s, 15m, 24h or 14d"},
    {"ttl=0", "ttl: \"0\" is not in the range 1s to 3650d"},
    {"ttl=999ms", "ttl: \"999ms\" is not in the range 1s to 3650d"},
    {"threads=0", "threads: \"0\" is not in the range 1 to 256"},
    {"threads=257", "threads: \"257\" is not in the range 1 to 256"},
    {"workers=65", "workers: \"65\" is not in the range 0 to 64"},
    {"workers=-1", "workers: \"-1\" is not a number"},
    {"workers=1 ", "workers: \"1 \" is not a number"},
    {"workers=9999999999999999999", "workers: \"9999999999999999999\" is not a number"},
    {"body_limit=1g", "body_limit: \"1g\" is not a size such as 512, 64k or 1m"},
    {"body_limit=33m", "body_limit: \"33m\" is not in the range 0 to 32m"},
    {"socket_mode=0888", "socket_mode: \"0888\" is not an octal mode such as 0660"},
    {"socket_mode=1777", "socket_mode: \"1777\" is not in the range 0000 to 0777"},
    {"trace=1", "trace: \"1\" is not one of no, yes"},
    {"cookie_secure=maybe", "cookie_secure: \"maybe\" is not one of no, yes, auto"},
    {"cookie_same_site=Lax", "cookie_same_site: \"Lax\" is not one of unset, lax, strict, none"},
    {"cookie_path=x", "cookie_path: \"x\" does not begin with /"},
    {"trusted_proxies=10.0.0.1 example.org",
	"trusted_proxies: \"example.org\" is neither an address nor address/bits, nor unix"},
    {"trusted_proxies=10.0.0.0/33",
	"trusted_proxies: \"10.0.0.0/33\" is neither an address nor address/bits, nor unix"},
    {"trusted_proxies=::/129",
	"trusted_proxies: \"::/129\" is neither an address nor address/bits, nor unix"},
    {"trusted_proxies=::1/",
	"trusted_proxies: \"::1/\" is neither an address nor address/bits, nor unix"},
    {"trusted_proxies=unix:",
	"trusted_proxies: \"unix:\" is neither an address nor address/bits, nor unix"},
    {"trusted_proxies=unix/8",
	"trusted_proxies: \"unix/8\" is neither an address nor address/bits, nor unix"},
    {"trusted_proxies=::1%eth0",
	"trusted_proxies: \"::1%eth0\" is neither an address nor address/bits, nor unix"},
    {"trusted_proxies=10.1",
	"trusted_proxies: \"10.1\" is neither an address nor address/bits, nor unix"},
    {"trusted_proxies=1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 "
     "1.1.1.1 "
     "1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 2.2.2.2",
	"trusted_proxies: \"2.2.2.2\" is one value too many"},
    {"origin=example.org", "origin: \"example.org\" does not begin with https:// or http://"},
    {"origin=https://", "origin: \"https://\" has no host, in lower case, behind its scheme"},
    {"origin=https://Example.org",
	"origin: \"https://Example.org\" has no host, in lower case, behind its scheme"},
    {"origin=https://e.org/",
	"origin: \"https://e.org/\" is not of the form scheme://host "
	"or scheme://host:port"},
    {"origin=https://e.org:0",
	"origin: \"https://e.org:0\" is not of the form "
	"scheme://host or scheme://host:port"},
    {"origin=https://u@e.org",
	"origin: \"https://u@e.org\" is not of the form "
	"scheme://host or scheme://host:port"},
    {"origin=https://e.org:443",
	"origin: \"https://e.org:443\" must not name the port that its scheme has anyway"},
    {"origin=http://[::g]",
	"origin: \"http://[::g]\" has no host, in lower case, behind its scheme"},
#define NO_MOUNT " is not of the form /NAME or /NAME/NAME of letters, digits, -, ., _ and ~"
    {"mount=/", "mount: \"/\"" NO_MOUNT}, {"mount=auth", "mount: \"auth\"" NO_MOUNT},
    {"mount=/auth/", "mount: \"/auth/\"" NO_MOUNT}, {"mount=//auth", "mount: \"//auth\"" NO_MOUNT},
    {"mount=/a//b", "mount: \"/a//b\"" NO_MOUNT}, {"mount=/..", "mount: \"/..\"" NO_MOUNT},
    {"mount=/a/../b", "mount: \"/a/../b\"" NO_MOUNT}, {"mount=/a/.", "mount: \"/a/.\"" NO_MOUNT},
    {"mount=/./a", "mount: \"/./a\"" NO_MOUNT}, {"mount=/...", "mount: \"/...\"" NO_MOUNT},
    {"mount=/a?b", "mount: \"/a?b\"" NO_MOUNT}, {"mount=/a#b", "mount: \"/a#b\"" NO_MOUNT},
    {"mount=/a%20b", "mount: \"/a%20b\"" NO_MOUNT}, {"mount=/a b", "mount: \"/a b\"" NO_MOUNT},
    {"mount=/a\\b", "mount: \"/a\\b\"" NO_MOUNT}, {"mount=/a;b", "mount: \"/a;b\"" NO_MOUNT},
    {"mount=/a\"b", "mount: \"/a\"b\"" NO_MOUNT}, {"mount=/<b>", "mount: \"/<b>\"" NO_MOUNT},
    {"mount=/\xc3\xa4", "mount: \"/\xc3\xa4\"" NO_MOUNT},
    {"mount=http://h/a", "mount: \"http://h/a\"" NO_MOUNT},
    {"mount=/a\nb", "mount holds a control byte"}, {"home=", "home: \"\" must not be empty"},
    {"home=shop", "home: \"shop\" does not begin with exactly one /"},
    {"home=//shop", "home: \"//shop\" does not begin with exactly one /"},
    {"home=https://e.org/", "home: \"https://e.org/\" does not begin with exactly one /"},
    {"home=/a b", "home: \"/a b\" holds a character that a link must encode, as %20"},
    {"home=/\\e.org", "home: \"/\\e.org\" holds a character that a link must encode, as %20"},
    {"site_logo=logo.svg", "site_logo: \"logo.svg\" does not begin with exactly one /"},
    {"site_logo=/\"", "site_logo: \"/\"\" holds a character that a link must encode, as %20"},
    {"site_name=\xff", "site_name: \"\xff\" is not UTF-8"},
    {"listen=9000", "listen: \"9000\" is neither unix:PATH nor HOST:PORT"},
    {"listen=unix:", "listen: \"unix:\" has no path behind unix:"},
    {"listen=127.0.0.1:0", "listen: \"127.0.0.1:0\" is neither unix:PATH nor HOST:PORT"},
    {"listen=127.0.0.1:65536", "listen: \"127.0.0.1:65536\" is neither unix:PATH nor HOST:PORT"},
    {"listen=0.0.0.0:9000",
	"listen: \"0.0.0.0:9000\" is not on the loopback (127.0.0.1, [::1], "
	"localhost): FastCGI is unprotected"},
    {"listen=[::]:9000",
	"listen: \"[::]:9000\" is not on the loopback (127.0.0.1, [::1], "
	"localhost): FastCGI is unprotected"},
    {"listen=:9000",
	"listen: \":9000\" is not on the loopback (127.0.0.1, [::1], "
	"localhost): FastCGI is unprotected"},
    {"user_member=", "user_member: \"\" must not be empty"},
    {"user_member=gate", "user_member: \"gate\" is a member that gate keeps for itself"},
    {"user_member=gate.created",
	"user_member: \"gate.created\" is a member that gate keeps for itself"},
    {"user_member=cookie.user",
	"user_member: \"cookie.user\" is a member that gate keeps for itself"},
    {"user_member=lastModified",
	"user_member: \"lastModified\" is a member that gate keeps for itself"},
    {"user_member=__lastAccess",
	"user_member: \"__lastAccess\" is a member that gate keeps for itself"},
    {"user_member=.user", "user_member: \".user\"" NO_MEMBER},
    {"user_member=user.", "user_member: \"user.\"" NO_MEMBER},
    {"user_member=.", "user_member: \".\"" NO_MEMBER},
    {"user_member=a.b.c", "user_member: \"a.b.c\"" NO_MEMBER},
    {"user_member=a..b", "user_member: \"a..b\"" NO_MEMBER},
    {"user_member=a b", "user_member: \"a b\"" NO_MEMBER},
    {"user_member=a\"b", "user_member: \"a\"b\"" NO_MEMBER},
    {"user_member=\xc3\xa4", "user_member: \"\xc3\xa4\"" NO_MEMBER},
    {"allow_weak_hashes=maybe", "allow_weak_hashes: \"maybe\" is not one of no, yes"},
    {"insecure_http=1", "insecure_http: \"1\" is not one of no, yes"},
    {"remember_age=0", "remember_age: \"0\" is not in the range 1s to 3650d"},
    {"remember_age=3651d", "remember_age: \"3651d\" is not in the range 1s to 3650d"},
    {"max_sessions=10001", "max_sessions: \"10001\" is not in the range 0 to 10000"},
    {"max_sessions=-1", "max_sessions: \"-1\" is not a number"},
#define NO_TYPE                                                                                    \
	"is not one of cache, clientHints, cookies, executionContexts, prefetchCache, "            \
	"prerenderCache, storage, *"
    {"clear_site_data=cache, Storage", "clear_site_data: \"Storage\" " NO_TYPE},
    {"clear_site_data=\"cache, storage\"", "clear_site_data: \"cache, storage\" " NO_TYPE},
    {"clear_site_data=cache;x", "clear_site_data: \"cache;x\" " NO_TYPE},
    {"clear_site_data=\"\"", "clear_site_data: \"\" is empty"},
    {"clear_site_data=cache\r\nSet-Cookie:x", "clear_site_data holds a control byte"},
    {"run_dir=/a\nb", "run_dir holds a control byte"}, {"store=", "store must not be empty"},
    {"ttll=5", "unknown option \"ttll\", did you mean \"ttl\"?"},
    {"nonsense", "not of the form name=value"}};

static void
test_bad_values(void)
{
	char argument[300] = "listen=unix:/", wanted[300];

	for (size_t i = 0; i < sizeof bad_values / sizeof bad_values[0]; i++) {
		snprintf(wanted, sizeof wanted, "argv: %s", bad_values[i][1]);
		fails(load_argument(bad_values[i][0]), wanted);
	}
	memset(argument + 13, 'x', 107);
	ok(load_argument(argument) < 0 && strstr(error.text, "too long for a unix socket") != NULL,
	    "a socket path of 108 bytes");
	argument[13 + 106] = '\0';
	ok(load_argument(argument) == 0, "one of 107 is fine");
	memcpy(argument, "user_member=", 12);
	memset(argument + 12, 'x', 101);
	argument[12 + 101] = '\0';
	ok(load_argument(argument) < 0 && strstr(error.text, "is longer than 100 bytes") != NULL,
	    "a user_member of 101 bytes");
	argument[12 + 100] = '\0';
	ok(load_argument(argument) == 0 && strlen(options.user_member) == 100,
	    "one of 100 is fine");
	memcpy(argument, "mount=/", 7);
	memset(argument + 7, 'x', 255);
	argument[7 + 255] = '\0';
	ok(load_argument(argument) < 0 && strstr(error.text, "is longer than 255 bytes") != NULL,
	    "a mount of 256 bytes");
	argument[7 + 254] = '\0';
	ok(load_argument(argument) == 0 && strlen(options.mount) == 255, "one of 255 is fine");
}

/* cookie_path is compared with where gate's pages are. */
static void
test_mount(void)
{
	static const char *const good[] = {
	    "/auth", "/a/b", "/~alice/a.b-c_D", "/.well-known", "/..a", "/0"};
	static const struct {
		const char *mount, *path;
		bool narrow;
	} cases[] = {{"mount=", "cookie_path=/", false}, {"mount=", "cookie_path=/acc", false},
	    {"mount=", "cookie_path=/auth", true}, {"mount=/auth", "cookie_path=/", false},
	    {"mount=/auth", "cookie_path=/auth", false}, {"mount=/auth", "cookie_path=/a", false},
	    {"mount=/auth", "cookie_path=/auth/", false},
	    {"mount=/auth", "cookie_path=/auth/login", false},
	    {"mount=/auth", "cookie_path=/auth/shop", true},
	    {"mount=/auth", "cookie_path=/login", true},
	    {"mount=/auth", "cookie_path=/author", true}};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		char argument[64];

		snprintf(argument, sizeof argument, "mount=%s", good[i]);
		ok(load_argument(argument) == 0 && strcmp(options.mount, good[i]) == 0, "%s",
		    argument);
	}
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(load((const char *const[]){"config=", cases[i].mount, cases[i].path, NULL}) ==
			    0 &&
			(strstr(logged, "event=cookie-path-narrow") != NULL) == cases[i].narrow,
		    "%s with %s: %s", cases[i].path, cases[i].mount,
		    cases[i].narrow ? "no page lies under it" : "some page does");
	ok(strstr(logged, "cookie_path=/author mount=/auth why=") != NULL, "the log says both");
}

static void
test_precedence(void)
{
	setenv("GATE_TTL", "2h", 1);
	setenv("GATE_THREADS", "3", 1);
	ok(load_file("ttl = 1h\nthreads = 2\nworkers = 1\n", "threads=4") == 0, "three sources");
	ok(options.workers == 1 && options.ttl == 7200000 && options.threads == 4,
	    "argv before environment before file");
	is(origin_of("ttl"), "GATE_TTL", "a value knows its variable");
	is(origin_of("threads"), "argv", "a value knows that it came from argv");
	is(origin_of("rolling"), "default", "the others are defaults");
	ok(load_argument("threads=5") == 0 && options.threads == 5, "config= reads no file");
	ok(load((const char *const[]){"config=", "threads=5", "threads=6", NULL}) == 0 &&
		options.threads == 6,
	    "the last argument counts");
	setenv("GATE_TTL", "x", 1);
	fails(load_argument(NULL),
	    "GATE_TTL: ttl: \"x\" is not a duration such as 1500ms, 90s, 15m, 24h or 14d");
	unsetenv("GATE_TTL");
	unsetenv("GATE_THREADS");
	write_file(conf, "workers = 7\n", 12, 0600);
	setenv("GATE_CONFIG", conf, 1);
	ok(load(NULL) == 0 && options.workers == 7, "GATE_CONFIG names the file");
	is(origin_of("config"), "GATE_CONFIG", "and is named");
	ok(load_argument(NULL) == 0 && options.workers == 2, "argv goes before it");
	unlink(conf);
	ok(load(NULL) < 0, "its file must be there");
	unsetenv("GATE_CONFIG");
	setenv("GATE_COLOUR", "red", 1);
	ok(load_argument(NULL) == 0, "an unknown variable is ignored");
	ok(strstr(logged, "level=warn event=environment-unknown name=GATE_COLOUR") != NULL &&
		strstr(logged, "red") == NULL,
	    "and warned about, without its value");
	unsetenv("GATE_COLOUR");
	ok(load_argument(NULL) == 0 && *logged == '\0', "else nothing is logged");
}

static void
test_lists(void)
{
	ok(load_file("trusted_proxies = 10.0.0.1\ntrusted_proxies = 10.0.0.2, 10.0.0.3\n", NULL) ==
		0,
	    "a list given twice");
	is(value_of("trusted_proxies"), "10.0.0.1, 10.0.0.2, 10.0.0.3", "adds up");
	ok(load_file("trusted_proxies = 10.0.0.1\n", "trusted_proxies=::1") == 0, "in two sources");
	is(value_of("trusted_proxies"), "::1", "is replaced");
	ok(load_file("trusted_proxies = 10.0.0.1\n", "trusted_proxies=") == 0, "an empty one");
	is(value_of("trusted_proxies"), "", "empties it");
	ok(load_file("secret = one, two\nsecret = \"three\"\n", NULL) == 0, "secrets");
	is(options.secret[0], "one, two", "without quotes a secret is one, whatever it holds");
	is(options.secret[1], "three", "quotes are no part of it");
	ok(load_file("secret = \"a # b\", \"c\" \"d\" # two\n", NULL) == 0,
	    "a list of quoted secrets");
	is(options.secret[0], "a # b", "the first");
	is(options.secret[1], "c", "the second");
	is(options.secret[2], "d", "the third");
	ok(options.secret[3] == NULL, "no more");
	ok(load_argument("secret= a,b ") == 0, "blanks in an argument");
	is(options.secret[0], " a,b ", "are part of the secret");
	fails(load_argument("secret=\"a\", \"\""), "argv: secret is empty");
	fails(load_argument("secret=\"a\"b"), "argv: secret has a quote too few or too many");
	fails(load_file("secret = 1\nsecret = 2\nsecret = 3\nsecret = 4\nsecret = 5\n", NULL),
	    "gate.conf:5: secret is one value too many");
}

/* Errors of clashes, and of paths that depend on the reader, name the line and say what to do. */
static void
test_places(void)
{
	static const char *const cases[][2] = {{"cookie_same_site = none\n",
						   "gate.conf:1: cookie_same_site needs "
						   "cookie_secure = yes for none, and default says "
						   "otherwise: say so, or leave it out"},
	    {"cookie_secure = no\ncookie_name = __Host-sid\n",
		"gate.conf:2: cookie_name needs cookie_secure = yes, and FOLDER/gate.conf:1 says "
		"otherwise: say so, or take a name without the prefix"},
	    {"cookie_secure = yes\ncookie_name = __Host-sid\ncookie_domain = a.example\n",
		"gate.conf:2: cookie_name needs cookie_domain to be empty, and FOLDER/gate.conf:3 "
		"says "},
	    {"\ncookie_partitioned = yes\n",
		"gate.conf:2: cookie_partitioned needs cookie_secure = yes"},
	    {"\ncookie_domain = a;b\n", "gate.conf:2: cookie domain is malformed"},
	    {"store = file:relative\n",
		"gate.conf:1: store has a relative path: in a file it must begin with /"},
	    {"users = file:users\n", "gate.conf:1: users has a relative path: "},
	    {"listen = unix:x.sock\n",
		"gate.conf:1: listen: \"unix:x.sock\" has a relative path: "},
	    {"templates = t\n", "gate.conf:1: templates: \"t\" has a relative path: "},
	    {"run_dir = run\n", "gate.conf:1: run_dir: \"run\" has a relative path: "},
	    {"secret_file = s\n", "gate.conf:1: secret_file: \"s\" has a relative path: "}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *mark = strstr(cases[i][1], "FOLDER");
		char wanted[400];

		snprintf(wanted, sizeof wanted, "%.*s%s%s",
		    (int)(mark != NULL ? (size_t)(mark - cases[i][1]) : strlen(cases[i][1])),
		    cases[i][1], mark != NULL ? folder : "",
		    mark != NULL ? mark + strlen("FOLDER") : "");
		ok(load_file(cases[i][0], NULL) < 0 && error.code == GATE_EOPTION &&
			strstr(error.text, wanted) != NULL,
		    "%s: %s", wanted, error.text);
	}
	ok(load_argument("store=file:relative") == 0, "who types a path knows where he is");
}

static void
test_clashes(void)
{
	static const char *const clashes[][3] = {
	    {"cookie_name=__Host-sid", "cookie_secure=auto", "needs cookie_secure = yes"},
	    {"cookie_name=__Secure-sid", "cookie_secure=no",
		"needs cookie_secure = yes, and argv says otherwise: say so, or"},
	    {"cookie_same_site=none", "cookie_secure=auto", "needs cookie_secure = yes"},
	    {"cookie_partitioned=yes", "cookie_secure=auto", "needs cookie_secure = yes"},
	    {"cookie_name=a b", "trace=no", "token"}, {"cookie_name=\"\"", "trace=no", "empty"},
	    {"cookie_path=\"/;\"", "trace=no", "malformed"},
	    {"cookie_domain=a;b", "trace=no", "malformed"}};

	for (size_t i = 0; i < sizeof clashes / sizeof clashes[0]; i++)
		ok(load((const char *const[]){"config=", clashes[i][0], clashes[i][1], NULL}) < 0 &&
			error.code == GATE_EOPTION && strstr(error.text, clashes[i][2]) != NULL,
		    "%s with %s: %s", clashes[i][0], clashes[i][1], error.text);
	ok(load((const char *const[]){"config=", "cookie_name=__Host-sid", "cookie_secure=yes",
	       "cookie_same_site=none", "cookie_partitioned=yes", NULL}) == 0,
	    "fine with cookie_secure = yes");
	ok(load((const char *const[]){"config=", "cookie_name=__Host-sid", "cookie_secure=yes",
	       "cookie_path=/x", NULL}) < 0,
	    "__Host- with another path");
	ok(load_file("secret = x\n", "secret_file=/x") < 0 &&
		strcmp(error.text + strlen("argv"), ": secret_file and secret (") > 0 &&
		strstr(error.text, "gate.conf:1) are both set: keep one") != NULL,
	    "secret and secret_file: both places are named");
	test_places();
	ok(load_argument("max_age=401d") == 0 && options.max_age == INT64_C(400) * 86400000,
	    "a cookie lives 400 days at most");
	ok(strstr(logged, "event=max-age-clamped origin=argv") != NULL, "with a warning");
	is(value_of("max_age"), "400d", "and that is what is shown");
	ok(load_argument("max_age=400d") == 0 && *logged == '\0', "400 days are fine");
	ok(load_argument("clear_site_data=cache, storage") == 0 && *logged == '\0',
	    "cache and storage are fine");
	ok(load_argument("clear_site_data=cache, cookies") == 0 &&
		strstr(logged, "event=clear-site-data-cookies origin=argv value=cookies") != NULL,
	    "cookies are warned about");
	ok(load_argument("clear_site_data=*") == 0 &&
		strstr(logged, "event=clear-site-data-cookies origin=argv value=*") != NULL,
	    "so are all");
}

static void
test_hidden(void)
{
	static const char *const files[] = {"secret " CANARY "\n", CANARY "\n", CANARY "=\n",
	    "secret = " CANARY "\nsecret_file = /x\n", "secret = \"" CANARY "\n",
	    "secret = " CANARY "\x01\n", "secert = " CANARY "\n", "secret secret=" CANARY "\n",
	    "secret = " CANARY "\ntll = 5\n",
	    "secret = \"" CANARY "\" \"" CANARY "\" \"" CANARY "\" \"" CANARY "\" \"" CANARY "\"\n",
	    "store = redis://x:" CANARY "@h\nstore = x\n", "store = \"redis://x:" CANARY "@h\n"};

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		ok(load_file(files[i], NULL) < 0 && strstr(error.text, "CANARY") == NULL &&
			strstr(logged, "CANARY") == NULL,
		    "no secret in: %s", error.text);
	ok(load_file("secret = " CANARY "\nstore = mongodb://u:" CANARY "@h/db\n", NULL) == 0,
	    "loaded");
	for (size_t i = 0; i < gate_options_count(); i++)
		ok(strstr(gate_options_source(&options, i).value, "CANARY") == NULL,
		    "%s shows no secret", gate_options_name(i));
	is(value_of("secret"), "(hidden)", "a secret is (hidden)");
	is(options.secret[0], CANARY, "the field has it");
	ok(*logged == '\0', "a file with mode 0600 is fine");
	chmod(conf, 0644);
	snprintf(logged, 100, "config=%s", conf);
	ok(load((const char *const[]){logged, NULL}) == 0 &&
		strstr(logged, "level=warn event=secret-exposed") != NULL &&
		strstr(logged, "CANARY") == NULL,
	    "one with secrets that others may read is warned about");
}

/* The keys that secret_file makes when it holds text and has this mode. */
static struct gate_keys *
keys_of(const char *text, size_t length, mode_t mode, const char *argument)
{
	char name[100];
	struct gate_keys *keys;
	ssize_t got;

	write_file(secret_file, text, length, mode);
	snprintf(name, sizeof name, "secret_file=%s", secret_file);
	if (load((const char *const[]){"config=", name, argument, NULL}) < 0)
		return NULL;
	dup2(log_file, STDERR_FILENO);
	keys = gate_options_keys(&options, &error);
	dup2(real_stderr, STDERR_FILENO);
	got = pread(log_file, logged, sizeof logged - 1, 0);
	logged[got > 0 ? got : 0] = '\0';
	ok(strstr(error.text, "CANARY") == NULL && strstr(logged, "CANARY") == NULL,
	    "no secret is shown");
	return keys;
}

static void
refused_keys(const char *text, size_t length, mode_t mode, const char *wanted)
{
	char whole[200];
	struct gate_keys *keys = keys_of(text, length, mode, NULL);

	snprintf(whole, sizeof whole, wanted[0] == ':' ? "secret_file %s%s" : "%s%s",
	    wanted[0] == ':' ? secret_file : wanted,
	    wanted[0] == ':'              ? wanted
		: strstr(wanted, "chmod") ? secret_file
					  : "");
	ok(keys == NULL && error.code == GATE_EOPTION, "no keys");
	is(error.text, whole, "  and why");
}

static void
signs_with(const struct gate_keys *keys, const char *text, int wanted, bool wanted_old)
{
	size_t length;
	bool old = false;

	ok(gate_unsign(keys, text, strlen(text), &length, &old) == wanted &&
		(wanted == 0 || old == wanted_old),
	    "verified %d, by an old secret %d", wanted, wanted_old);
}

static void
test_keys(void)
{
	static const char text[] = "# ours\n\n  " SECRET_1 " \r\n" SECRET_2 "\n";
	static const char *const edited[] = {SECRET_1 "\n" SECRET_2 "\n",
	    SECRET_1 "\r\n" SECRET_2 "\r\n", SECRET_1 "\r\n" SECRET_2, SECRET_1 "\n" SECRET_2 "\r",
	    GATE_FILE_MARK SECRET_1 "\n" SECRET_2, GATE_FILE_MARK SECRET_1 "\r\n" SECRET_2 "\r\n",
	    GATE_FILE_MARK "# a comment that is longer than a secret has to be\r\n" SECRET_1
			   "\r\n" SECRET_2,
	    GATE_FILE_MARK "\r\n" SECRET_1 "\n" SECRET_2};
	struct gate_buffer by_first = {0}, by_second = {0};
	struct gate_keys *first = gate_keys_new((const char *const[]){SECRET_1, NULL}, NULL);
	struct gate_keys *second = gate_keys_new((const char *const[]){SECRET_2, NULL}, NULL),
			 *keys;

	gate_sign(first, "id", &by_first);
	gate_sign(second, "id", &by_second);
	keys = keys_of(text, sizeof text - 1, 0640, NULL);
	if (ok(keys != NULL, "a secret_file with two secrets")) {
		signs_with(keys, by_first.data, 1, false);
		signs_with(keys, by_second.data, 1, true);
		signs_with(keys, "id.x", 0, false);
	}
	gate_keys_free(keys);
	for (size_t i = 0; i < sizeof edited / sizeof *edited; i++) {
		keys = keys_of(edited[i], strlen(edited[i]), 0640, NULL);
		if (!ok(keys != NULL, "a secret_file from an editor (%zu)", i))
			continue;
		signs_with(keys, by_first.data, 1, false);
		signs_with(keys, by_second.data, 1, true);
		gate_keys_free(keys);
	}
	ok(load((const char *const[]){"config=", "secret=" SECRET_2, "secret=" SECRET_1, NULL}) ==
		    0 &&
		(keys = gate_options_keys(&options, &error)) != NULL,
	    "secrets in the options");
	signs_with(keys, by_second.data, 1, false);
	signs_with(keys, by_first.data, 1, true);
	gate_keys_free(keys);
	gate_keys_free(first);
	gate_keys_free(second);
	gate_buffer_release(&by_first);
	gate_buffer_release(&by_second);
}

static void
test_bad_keys(void)
{
	static char big[20000];
	struct gate_keys *keys;
	char name[100];

	load_argument(NULL);
	ok(gate_options_keys(&options, &error) == NULL && error.code == GATE_EOPTION, "no secret");
	is(error.text, "no secret: make one with `gate secret` and name its file in secret_file",
	    "  said");
	refused_keys(SECRET_1, 36, 0644, "secret_file has mode 0644, run: chmod 0640 ");
	refused_keys(SECRET_1, 36, 0660, "secret_file has mode 0660, run: chmod 0640 ");
	refused_keys(SECRET_1, 36, 0700, "secret_file has mode 0700, run: chmod 0640 ");
	refused_keys("\n# x\n", 5, 0600, ": no secret in it: make one with `gate secret`");
	refused_keys(GATE_FILE_MARK, 3, 0600, ": no secret in it: make one with `gate secret`");
	refused_keys(
	    GATE_FILE_MARK "# x", 6, 0600, ": no secret in it: make one with `gate secret`");
	refused_keys("CANARY\0x", 8, 0600, ": holds a NUL byte");
	refused_keys("a\nb\nc\nd\ne\n", 10, 0600, ": more than 4 secrets: remove the oldest");
	refused_keys(SECRET_1 "\nCANARY\n", 44, 0600,
	    "secret number 2 is shorter than 32 bytes: make one with `gate secret`, or say "
	    "allow_weak_secret = yes");
	memset(big, 'x', sizeof big);
	refused_keys(big, 1025, 0600, ": a secret is longer than 1024 bytes");
	refused_keys(big, sizeof big, 0600, ": File too large");
	keys = keys_of("CANARY\n", 7, 0600, "allow_weak_secret=yes");
	ok(keys != NULL, "allow_weak_secret takes a weak one");
	ok(strstr(logged, "level=warn event=secret-weak number=1 reason=") != NULL,
	    "with a warning");
	gate_keys_free(keys);
	unlink(secret_file);
	snprintf(name, sizeof name, "secret_file=%s", secret_file);
	ok(load_argument(name) == 0 && gate_options_keys(&options, &error) == NULL &&
		strstr(error.text, "No such file") != NULL,
	    "an absent secret_file");
	ok(mkfifo(secret_file, 0600) == 0 && load_argument(name) == 0 &&
		gate_options_keys(&options, &error) == NULL &&
		strstr(error.text, "not a regular file") != NULL,
	    "a pipe does not hang us");
	unlink(secret_file);
}

static int
arguments_of(char ***arguments, const char *const *words)
{
	static char copies[8][64];
	char *argv[9] = {NULL};
	int argc = 0, result, saved = dup(STDOUT_FILENO);

	for (; words[argc] != NULL; argc++) {
		snprintf(copies[argc], sizeof copies[argc], "%s", words[argc]);
		argv[argc] = copies[argc];
	}
	error = (struct gate_error){0};
	fflush(stdout);
	if (ftruncate(log_file, 0) < 0)
		exit(1);
	dup2(log_file, STDOUT_FILENO);
	result = gate_options_arguments(argc, argv, NULL, arguments, &error);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	logged[pread(log_file, logged, sizeof logged - 1, 0)] = '\0';
	return result;
}

static void
test_arguments(void)
{
	char **arguments;

	ok(arguments_of(&arguments,
	       (const char *const[]){"/x/counter", "--ttl=1h", "--threads", "4", "-c", "FILE",
		   "--secret", "--=x", NULL}) == 1,
	    "arguments");
	is(arguments[0], "ttl=1h", "--name=value");
	is(arguments[1], "threads=4", "--name value");
	is(arguments[2], "config=FILE", "-c FILE");
	is(arguments[3], "secret=--=x", "a value may look like an option");
	ok(arguments[4] == NULL, "the end");
	gate_options_free_arguments(arguments);
	gate_options_free_arguments(NULL);
	ok(arguments_of(&arguments, (const char *const[]){"x", NULL}) == 1 && arguments[0] == NULL,
	    "none");
	gate_options_free_arguments(arguments);
	ok(arguments_of(
	       &arguments, (const char *const[]){"/x/counter", "--ttl=x", "--help", NULL}) == 0 &&
		arguments == NULL,
	    "--help");
	ok(strncmp(logged, "usage: counter [-c FILE]", 24) == 0, "prints the usage");
	for (size_t i = 0; i < gate_options_count(); i++) {
		char line[40];

		snprintf(line, sizeof line, "\n  --%s ", gate_options_name(i));
		ok(strstr(logged, line) != NULL, "with %s", gate_options_name(i));
	}
	ok(arguments_of(&arguments, (const char *const[]){"x", "--version", NULL}) == 0,
	    "--version");
	is(logged, "gate " GATE_VERSION "\n", "prints the version");
	fails(arguments_of(&arguments, (const char *const[]){"x", "--threds=4", NULL}),
	    "argv: unknown option \"threds\", did you mean \"threads\"?");
	fails(arguments_of(&arguments, (const char *const[]){"x", "--cookie-name=4", NULL}),
	    "argv: unknown option \"cookie-name\", did you mean \"cookie_name\"?");
	fails(arguments_of(&arguments, (const char *const[]){"x", "--ttl=1h", "CANARY", NULL}),
	    "argument 2 is not an option: they are of the form --name=value, see --help");
	fails(arguments_of(&arguments, (const char *const[]){"x", "-v", NULL}),
	    "argument 1 is not an option: they are of the form --name=value, see --help");
	fails(arguments_of(&arguments, (const char *const[]){"x", "--", NULL}),
	    "argument 1 is not an option: they are of the form --name=value, see --help");
	fails(arguments_of(&arguments, (const char *const[]){"x", "--ttl", NULL}),
	    "argv: --ttl needs a value");
	fails(arguments_of(&arguments, (const char *const[]){"x", "-c", NULL}),
	    "argv: --config needs a value");
}

static void
test_durations(void)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {{"0", 0}, {"1", 1000}, {"15m", 900000}, {"24h", 86400000}, {"14d", 1209600000},
	    {"1500ms", 1500}, {"90s", 90000}, {"1.5s", 1500}, {"0.001s", 1}, {"0.25s", 250},
	    {"1.1234s", -1}, {"1.5", -1}, {"1.5m", -1}, {".5s", -1}, {"1.s", -1}, {"-1", -1},
	    {"+1", -1}, {" 1", -1}, {"1 ", -1}, {"1 s", -1}, {"", -1}, {"s", -1}, {"1w", -1},
	    {"1S", -1}, {"0x10", -1}, {"1e3", -1}, {"36500d", 36500 * INT64_C(86400000)},
	    {"36501d", -1}, {"999999999999999999999999d", -1}, {"999999999999999d", -1},
	    {"999999999999999.5s", -1}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t ms = -1;
		int result = gate_duration_parse(cases[i].text, &ms);

		ok(cases[i].ms < 0 ? result == -1 : result == 0 && ms == cases[i].ms,
		    "duration \"%s\"", cases[i].text);
	}
}

/* A file of the source tree, yours; "" if it is not there. */
static char *
source_file(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], *text = calloc(1, 1 << 17);
	ssize_t length = 0;
	int fd;

	snprintf(path, sizeof path, "%s/%s", srcdir != NULL ? srcdir : ".", name);
	fd = open(path, O_RDONLY);
	if (fd >= 0)
		length = read(fd, text, (1 << 17) - 1);
	ok(length > 0, "%s is there", name);
	close(fd);
	return text;
}

static const char *
documented_default(size_t i)
{
	const char *value = gate_options_default(i);

	if (strcmp(gate_options_name(i), "config") == 0)
		return "sysconfdir/gate.conf";
	if (strcmp(gate_options_name(i), "templates") == 0)
		return "pkgdatadir/templates";
	return value;
}

static void
test_man_page(void)
{
	char *page = source_file("lib/gate.conf.5"), line[100];
	size_t items = 0;

	for (size_t i = 0; i < gate_options_count(); i++) {
		const char *wanted = documented_default(i), *found, *end;

		snprintf(line, sizeof line, "\n.It Ic %s No = ", gate_options_name(i));
		found = strstr(page, line);
		if (!ok(found != NULL, "gate.conf(5) has %s", gate_options_name(i)))
			continue;
		snprintf(line, sizeof line, *wanted != '\0' ? " Pq Li %s" : " Pq none", wanted);
		end = strchr(found + 1, '\n');
		ok((size_t)(end - found) > strlen(line) &&
			strncmp(end - strlen(line), line, strlen(line)) == 0,
		    "with the default%s", line);
	}
	for (const char *p = page; (p = strstr(p, "\n.It Ic ")) != NULL; p++)
		items++;
	ok(items == gate_options_count(), "and no option that does not exist");
	free(page);
}

static void
test_sample(void)
{
	char *sample = source_file("conf/gate.conf"), line[100];

	ok(load_file(sample, NULL) == 0, "conf/gate.conf loads");
	for (char *p = sample; (p = strstr(p, "\n#")) != NULL; p++)
		if (p[2] != ' ')
			p[1] = ' ';
	if (!ok(load_file(sample, NULL) == 0, "so it does with every option switched on"))
		printf("# %s\n", error.text);
	for (size_t i = 1; i < gate_options_count(); i++) {
		const char *name = gate_options_name(i);

		snprintf(line, sizeof line, "%s =", name);
		ok(strstr(sample, line) != NULL, "it has %s", name);
		if (strcmp(name, "secret_file") != 0 && strcmp(name, "templates") != 0 &&
		    strcmp(name, "users") != 0)
			is(value_of(name), gate_options_default(i), "  with its default");
	}
	free(sample);
}

static void
forget_environment(void)
{
	char name[64];

	for (char **variable = environ; *variable != NULL;) {
		snprintf(name, sizeof name, "%.*s", (int)strcspn(*variable, "="), *variable);
		if (strncmp(name, "GATE_", 5) == 0 && unsetenv(name) == 0)
			variable = environ;
		else
			variable++;
	}
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(conf, sizeof conf, "%s/gate.conf", folder);
	snprintf(secret_file, sizeof secret_file, "%s/secret", folder);
	forget_environment();
	real_stderr = dup(STDERR_FILENO);
	log_file = open(conf, O_CREAT | O_RDWR | O_APPEND, 0600);
	unlink(conf);
	test_defaults();
	test_syntax();
	test_bad_files();
	test_values();
	test_bad_values();
	test_mount();
	test_precedence();
	test_lists();
	test_clashes();
	test_hidden();
	test_keys();
	test_bad_keys();
	test_arguments();
	test_durations();
	test_man_page();
	test_sample();
	gate_options_release(&options);
	gate_options_release(&options);
	unlink(conf);
	rmdir(folder);
	return done();
}
