/* tabs.c: one browser sends two requests at once, as from two tabs, many times. The browser keeps
 * the cookies of the last answer: whichever that is, it must then be logged in (or out).
 * Each round has a browser of its own. The table of races says what it does. Then, with the cookies
 * that each order of the two answers leaves, the test asks /user who is logged in; and the cookie
 * from before must open nothing any more. Prints how often each pair of answers came. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "helpers/http.h"

#define COOKIES_MAX 8
#define COOKIE_MAX 512
#define REQUEST_MAX 4096
#define ANSWER_WAIT 60000 /* ms */
#define OFFSET_MAX 3000   /* µs that the second request starts later, at most */
#define COMPLAINTS_MAX 10 /* that are told in full */
#define PAIRS_MAX 4

static const char usage[] =
    "usage: tabs RACE ROUNDS http://127.0.0.1:PORT NAME OTHER-NAME PASSWORD\n"
    "NAME and PASSWORD (of both) are as a form encodes them\n";

struct jar {
	char cookies[COOKIES_MAX][COOKIE_MAX]; /* "name=value"; "": free */
};

struct tab {
	int fd; /* -1: none */
	struct http_answer in;
};

struct browser {
	uint16_t port;
	const char *name, *other, *password;
	struct tab a, b;
	unsigned int seed;
	const char *wrong; /* with this round, NULL: nothing */
};

enum request { LOGIN, REMEMBER, OTHER, COUNTER, CARD, USER, FORM, LOGOUT };
enum start { STRANGER, VISITOR, USER_OF_ONE };
enum end { IN, OUT };

static const struct race {
	const char *name;
	enum start start;
	enum request a, b;
	enum end end;
} races[] = {
    {"double-click", VISITOR, LOGIN, LOGIN, IN},
    {"first-double-click", STRANGER, LOGIN, LOGIN, IN},
    {"again-double-click", USER_OF_ONE, LOGIN, LOGIN, IN},
    {"two-tabs", VISITOR, LOGIN, REMEMBER, IN},
    {"two-users", VISITOR, LOGIN, OTHER, IN},
    {"counter", VISITOR, LOGIN, COUNTER, IN},
    {"card", VISITOR, LOGIN, CARD, IN},
    {"user", VISITOR, LOGIN, USER, IN},
    {"form", STRANGER, LOGIN, FORM, IN},
    {"again-counter", USER_OF_ONE, LOGIN, COUNTER, IN},
    {"logout-counter", USER_OF_ONE, LOGOUT, COUNTER, OUT},
    {"logout-card", USER_OF_ONE, LOGOUT, CARD, OUT},
    {"logout-twice", USER_OF_ONE, LOGOUT, LOGOUT, OUT},
};

static void
die(const char *what)
{
	fprintf(stderr, "tabs: %s: %s\n", what, strerror(errno));
	exit(2);
}

static bool
wrong(struct browser *browser, const char *what)
{
	if (browser->wrong == NULL)
		browser->wrong = what;
	return false;
}

/* ---- the jar ---- */

static bool
is_named_as(const char *cookie, const char *pair)
{
	size_t name = strcspn(pair, "=") + 1;

	return strncmp(cookie, pair, name) == 0;
}

static void
keep_cookie(struct jar *jar, const char *pair, size_t length)
{
	int i = 0;

	if (length >= COOKIE_MAX)
		die("a cookie is too long");
	while (i < COOKIES_MAX && jar->cookies[i][0] != '\0' && !is_named_as(jar->cookies[i], pair))
		i++;
	if (i == COOKIES_MAX)
		die("too many cookies");
	memcpy(jar->cookies[i], pair, length);
	jar->cookies[i][length] = '\0';
}

/* An emptied cookie is a deleted one. */
static void
keep_cookies(struct jar *jar, const struct tab *tab)
{
	size_t position = 0, length = 0;
	const char *value;

	while ((value = http_header(&tab->in, "Set-Cookie", &position, &length)) != NULL)
		keep_cookie(jar, value, strcspn(value, ";\r"));
}

static void
write_jar(const struct jar *jar, FILE *out)
{
	const char *between = "Cookie: ";

	for (int i = 0; i < COOKIES_MAX; i++) {
		const char *equals = strchr(jar->cookies[i], '=');

		if (equals == NULL || equals[1] == '\0')
			continue;
		fprintf(out, "%s%s", between, jar->cookies[i]);
		between = "; ";
	}
	if (between[0] == ';')
		fputs("\r\n", out);
}

/* ---- requests ---- */

static void
write_body(const struct browser *browser, enum request what, char body[REQUEST_MAX])
{
	body[0] = '\0';
	if (what == LOGIN || what == REMEMBER || what == OTHER)
		snprintf(body, REQUEST_MAX, "username=%s&password=%s%s",
		    what == OTHER ? browser->other : browser->name, browser->password,
		    what == REMEMBER ? "&remember=yes" : "");
}

static bool
ask(struct browser *browser, struct tab *tab, const struct jar *jar, enum request what)
{
	static const char *const lines[] = {
	    [LOGIN] = "POST /login?next=/user",
	    [REMEMBER] = "POST /login",
	    [OTHER] = "POST /login",
	    [COUNTER] = "GET /counter",
	    [CARD] = "POST /card",
	    [USER] = "GET /user",
	    [FORM] = "GET /login",
	    [LOGOUT] = "POST /logout",
	};
	char body[REQUEST_MAX], request[2 * REQUEST_MAX] = "";
	FILE *out = fmemopen(request, sizeof request, "w");

	if (out == NULL)
		die("memory");
	write_body(browser, what, body);
	fprintf(out, "%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nSec-Fetch-Site: same-origin\r\n",
	    lines[what], (unsigned)browser->port);
	write_jar(jar, out);
	if (strncmp(lines[what], "POST", 4) == 0)
		fprintf(out,
		    "Content-Type: application/x-www-form-urlencoded\r\n"
		    "Content-Length: %zu\r\n",
		    strlen(body));
	fprintf(out, "\r\n%s", body);
	fclose(out);
	if (tab->fd < 0)
		tab->fd = http_connect(browser->port);
	http_reset(&tab->in);
	return tab->fd >= 0 &&
	    send(tab->fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request);
}

static bool
hear(struct browser *browser, struct tab *tab)
{
	struct pollfd event = {.fd = tab->fd, .events = POLLIN};
	int result = HTTP_MORE;

	while (result == HTTP_MORE)
		result = poll(&event, 1, ANSWER_WAIT) == 1 ? http_receive(&tab->in, tab->fd)
							   : HTTP_FAILED;
	if (result != HTTP_COMPLETE || tab->in.close) {
		close(tab->fd);
		tab->fd = -1;
	}
	if (result != HTTP_COMPLETE)
		return wrong(browser, "an answer did not come");
	return true;
}

static bool
get(struct browser *browser, const struct jar *jar, enum request what)
{
	if (!ask(browser, &browser->a, jar, what))
		return wrong(browser, "a request could not be sent");
	return hear(browser, &browser->a);
}

static bool
says(const struct tab *tab, const char *text)
{
	return memmem(tab->in.in + tab->in.head, tab->in.body_length, text, strlen(text)) != NULL;
}

static bool
sets_cookies(const struct tab *tab)
{
	size_t position = 0, length = 0;

	return http_header(&tab->in, "Set-Cookie", &position, &length) != NULL;
}

/* ---- a round ---- */

static bool
begin(struct browser *browser, const struct race *race, struct jar *jar)
{
	*jar = (struct jar){{{0}}};
	if (race->start == STRANGER)
		return true;
	if (!get(browser, jar, COUNTER))
		return false;
	keep_cookies(jar, &browser->a);
	if (race->start == VISITOR)
		return true;
	if (!get(browser, jar, LOGIN) || browser->a.in.status != 303)
		return wrong(browser, "the login before the race failed");
	keep_cookies(jar, &browser->a);
	return true;
}

/* Either of them first, and the other a moment later. */
static bool
both(struct browser *browser, const struct race *race, const struct jar *jar)
{
	bool swap = rand_r(&browser->seed) % 2 != 0;
	struct tab *first = swap ? &browser->b : &browser->a;
	struct tab *second = swap ? &browser->a : &browser->b;
	long offset = rand_r(&browser->seed) % (OFFSET_MAX + 1);

	if (!ask(browser, first, jar, swap ? race->b : race->a))
		return wrong(browser, "a request could not be sent");
	if (rand_r(&browser->seed) % 2 != 0) /* else as close as can be */
		nanosleep(&(struct timespec){.tv_nsec = offset * 1000}, NULL);
	if (!ask(browser, second, jar, swap ? race->a : race->b))
		return wrong(browser, "a request could not be sent");
	return hear(browser, first) && hear(browser, second);
}

static bool
is_logged(struct browser *browser, const struct jar *jar, enum end wanted)
{
	if (!get(browser, jar, USER))
		return false;
	if (wanted == IN)
		return (browser->a.in.status == 200 && says(&browser->a, "<h1>Welcome ")) ||
		    wrong(browser, "the browser is not logged in");
	return browser->a.in.status == 302 || wrong(browser, "the browser is still logged in");
}

/* Neither who was logged in nor what was in it. A logout lets a new session begin. */
static bool
is_dead(struct browser *browser, const struct race *race, const struct jar *jar)
{
	if (race->start == STRANGER)
		return true;
	if (!is_logged(browser, jar, OUT) || !get(browser, jar, COUNTER))
		return false;
	if (browser->a.in.status != 409 && !says(&browser->a, "Welcome stranger, visit 1<"))
		return wrong(browser, "the session from before can still be seen");
	if (race->end == IN && sets_cookies(&browser->a))
		return wrong(browser, "the cookie from before is replaced, and by nobody's");
	return true;
}

static int
status_wanted(enum request what)
{
	switch (what) {
	case COUNTER:
	case FORM:
		return 200;
	case USER:
		return 302; /* or 200: the login was faster */
	default:
		return 303;
	}
}

/* 409: the session ended or was renewed meanwhile, and what the page changed would be lost. */
static bool
is_answered(struct browser *browser, enum request what, int status)
{
	if ((what == COUNTER || what == CARD) && status == 409)
		return true;
	return status == status_wanted(what) || (what == USER && status == 200) ||
	    wrong(browser, "an answer has another status");
}

/* How the two were answered: 0 to PAIRS_MAX - 1. */
static bool
play(struct browser *browser, const struct race *race, int *pair)
{
	struct jar before, ab, ba;
	int a, b;

	browser->wrong = NULL;
	if (!begin(browser, race, &before) || !both(browser, race, &before))
		return false;
	ab = ba = before;
	keep_cookies(&ab, &browser->a);
	keep_cookies(&ab, &browser->b);
	keep_cookies(&ba, &browser->b);
	keep_cookies(&ba, &browser->a);
	a = browser->a.in.status;
	b = browser->b.in.status;
	*pair = sets_cookies(&browser->a) * 2 + sets_cookies(&browser->b);
	return is_answered(browser, race->a, a) && is_answered(browser, race->b, b) &&
	    is_logged(browser, &ab, race->end) && is_logged(browser, &ba, race->end) &&
	    is_dead(browser, race, &before);
}

/* ---- the rounds ---- */

static long
number(const char *text, long most)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end != '\0' || value < 1 || value > most) {
		fputs(usage, stderr);
		exit(2);
	}
	return value;
}

static const struct race *
find_race(const char *name)
{
	for (size_t i = 0; i < sizeof races / sizeof *races; i++)
		if (strcmp(races[i].name, name) == 0)
			return &races[i];
	fputs(usage, stderr);
	exit(2);
}

static long
run(struct browser *browser, const struct race *race, long rounds)
{
	long pairs[PAIRS_MAX] = {0}, failed = 0;

	for (long i = 0; i < rounds; i++) {
		int pair = 0;

		if (play(browser, race, &pair))
			pairs[pair]++;
		else if (++failed <= COMPLAINTS_MAX)
			printf("round %ld: %s\n", i, browser->wrong);
	}
	printf("%ld rounds, %ld wrong; cookies were set by neither %ld, the second %ld, "
	       "the first %ld, both %ld\n",
	    rounds, failed, pairs[0], pairs[1], pairs[2], pairs[3]);
	return failed;
}

int
main(int argc, char **argv)
{
	struct browser browser = {.a.fd = -1, .b.fd = -1};
	const struct race *race;
	long failed;

	if (argc != 7 || strncmp(argv[3], "http://127.0.0.1:", 17) != 0) {
		fputs(usage, stderr);
		return 2;
	}
	race = find_race(argv[1]);
	browser.port = (uint16_t)number(argv[3] + 17, 65535);
	browser.name = argv[4];
	browser.other = argv[5];
	browser.password = argv[6];
	browser.seed = (unsigned int)time(NULL);
	failed = run(&browser, race, number(argv[2], 10000000));
	if (browser.a.fd >= 0)
		close(browser.a.fd);
	if (browser.b.fd >= 0)
		close(browser.b.fd);
	http_release(&browser.a.in);
	http_release(&browser.b.in);
	return failed == 0 ? 0 : 1;
}
