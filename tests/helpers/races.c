/* races.c: races a slow save against destroy or renew, or two renewals, over raw HTTP, many times.
 * Each race has a session of its own with views = 1, and two requests with its cookie:
 *   A saves views + 1 (renewals: renews), B destroys or renews.
 * Half of the races hold both until both have loaded the record (/slowfile of responder.c): then
 * one of them must find it changed. The others start A and B at random times. After both answers,
 * the old cookie must open nothing, and no answer may have set a cookie that replaces B's. Prints
 * how often each order came, and fails if one never came. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "helpers/http.h"

#define LANES_MAX 64
#define COOKIE_MAX 512
#define ANSWER_WAIT 60000 /* ms */
#define COMPLAINTS_MAX 10 /* that are told in full */
#define REFUSED (-2)      /* number of an answer */
#define COOKIE_NAME "connect.sid="

static const char usage[] =
    "usage: races destroy|renew|renewals RACES LANES SESSIONS-FOLDER SCRATCH-FOLDER\n"
    "    http://127.0.0.1:PORT A-PREFIX B-PREFIX\n"
    "SESSIONS-FOLDER: -: the records are elsewhere, and not looked at\n"
    "LANES: races at the same time, fewer than a worker has threads\n"
    "A-PREFIX, B-PREFIX: where A and B are sent to, such as /r/ and /second/\n";

enum kind { DESTROY, RENEW, RENEWALS };

struct races {
	enum kind kind;
	long count;
	int lanes;
	const char *sessions, *scratch, *prefix_a, *prefix_b;
	uint16_t port;
	atomic_long a_first, b_first, a_new, failed;
};

struct answer {
	int cookies;             /* Set-Cookie headers of our name */
	char cookie[COOKIE_MAX]; /* "name=value" of the last one */
	long number;             /* the last in the body, -1: none, or REFUSED */
	const char *body;        /* until the connection's next answer */
};

struct connection {
	int fd; /* -1: none */
	struct http_answer in;
	struct answer answer;
};

struct lane {
	struct races *races;
	int index;
	unsigned int seed;
	pthread_t thread;
	struct connection a, b, c;
	char cookie[COOKIE_MAX]; /* of this race's session */
	char ready_a[256], ready_b[256], go_a[256], go_b[256];
	const char *wrong; /* with this race, NULL: nothing */
};

/* ---- requests ---- */

static bool
wrong(struct lane *lane, const char *what)
{
	if (lane->wrong == NULL)
		lane->wrong = what;
	return false;
}

__attribute__((format(printf, 4, 5))) static bool
ask(struct lane *lane, struct connection *c, const char *cookie, const char *format, ...)
{
	char path[1024], request[2048];
	va_list arguments;
	int length;

	va_start(arguments, format);
	vsnprintf(path, sizeof path, format, arguments);
	va_end(arguments);
	length = snprintf(request, sizeof request,
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s%s\r\n\r\n", path,
	    (unsigned)lane->races->port, cookie[0] != '\0' ? "Cookie: " : "X-New: yes", cookie);
	if (c->fd < 0)
		c->fd = http_connect(lane->races->port);
	http_reset(&c->in);
	if (c->fd < 0 || length >= (int)sizeof request ||
	    send(c->fd, request, (size_t)length, MSG_NOSIGNAL) != length)
		return wrong(lane, "a request could not be sent");
	return true;
}

static long
last_number(const char *body)
{
	const char *end = body + strlen(body);

	while (end > body && (end[-1] < '0' || end[-1] > '9'))
		end--;
	while (end > body && end[-1] >= '0' && end[-1] <= '9')
		end--;
	return *end >= '0' && *end <= '9' ? strtol(end, NULL, 10) : -1;
}

static void
take(struct connection *c)
{
	struct answer *answer = &c->answer;
	size_t position = 0, length = 0;
	const char *value;

	*answer = (struct answer){.body = c->in.in + c->in.head};
	while ((value = http_header(&c->in, "Set-Cookie", &position, &length)) != NULL) {
		size_t pair = strcspn(value, ";\r");

		if (strncmp(value, COOKIE_NAME, strlen(COOKIE_NAME)) != 0 || pair >= COOKIE_MAX)
			continue;
		answer->cookies++;
		memcpy(answer->cookie, value, pair);
		answer->cookie[pair] = '\0';
	}
	answer->number = last_number(answer->body);
}

/* Every answer must be 200, or 409 where a change would be lost. */
static bool
hear(struct lane *lane, struct connection *c)
{
	struct pollfd event = {.fd = c->fd, .events = POLLIN};
	int result = HTTP_MORE;

	while (result == HTTP_MORE)
		result =
		    poll(&event, 1, ANSWER_WAIT) == 1 ? http_receive(&c->in, c->fd) : HTTP_FAILED;
	if (result != HTTP_COMPLETE || c->in.close) {
		close(c->fd);
		c->fd = -1;
	}
	if (result != HTTP_COMPLETE)
		return wrong(lane, "an answer did not come");
	if (c->in.status != 200 && c->in.status != 409)
		return wrong(lane, "an answer was neither 200 nor 409");
	take(c);
	if (c->in.status == 409)
		c->answer.number = REFUSED;
	return true;
}

/* ---- what must hold ---- */

static bool
sets_nothing(struct lane *lane, const struct connection *c, const char *what)
{
	return c->answer.cookies == 0 || wrong(lane, what);
}

static bool
is_cleared(const struct answer *answer)
{
	return strcmp(answer->cookie, COOKIE_NAME) == 0;
}

static bool
sets_new(struct lane *lane, const struct connection *c)
{
	const struct answer *answer = &c->answer;

	if (answer->cookies != 1 || is_cleared(answer))
		return wrong(lane, "one new cookie was due");
	return strcmp(answer->cookie, lane->cookie) != 0 || wrong(lane, "the old id was set again");
}

/* Is there a file of the id in "connect.sid=s%3AID.SIGNATURE"? */
static bool
has_record(struct lane *lane, const char *cookie, bool wanted)
{
	const char *id = cookie + strlen(COOKIE_NAME) + strlen("s%3A");
	char path[4096];

	if (strcmp(lane->races->sessions, "-") == 0)
		return wanted;
	snprintf(
	    path, sizeof path, "%s/%.*s.json", lane->races->sessions, (int)strcspn(id, "."), id);
	return access(path, F_OK) == 0;
}

/* The old cookie shows an empty session and makes no new one. */
static bool
old_is_dead(struct lane *lane, const char *prefix)
{
	if (!ask(lane, &lane->c, lane->cookie, "%sshow", prefix) || !hear(lane, &lane->c))
		return false;
	if (strcmp(lane->c.answer.body, "{}") != 0)
		return wrong(lane, "the old session came back");
	return sets_nothing(lane, &lane->c, "the old cookie got a new one for a mere look");
}

static bool
new_holds(struct lane *lane, const char *cookie, long views)
{
	char wanted[64];

	snprintf(wanted, sizeof wanted, "{\"views\":%ld}", views);
	if (!ask(lane, &lane->c, cookie, "%sshow", lane->races->prefix_a) || !hear(lane, &lane->c))
		return false;
	if (strcmp(lane->c.answer.body, wanted) != 0)
		return wrong(lane, "the new session is not what was shown");
	if (!has_record(lane, cookie, true))
		return wrong(lane, "the new session has no record in the folder");
	return sets_nothing(lane, &lane->c, "the new cookie was replaced");
}

/* ---- the races' ends ---- */

/* If A was not held until it had loaded the record, it may have begun after the end of the session:
 * then it may begin a session of its own. */
static bool
judge_destroy(struct lane *lane, bool held)
{
	const struct answer *a = &lane->a.answer, *b = &lane->b.answer;

	if (b->cookies != 1 || !is_cleared(b))
		return wrong(lane, "destroy did not clear the cookie");
	if (a->number == 2) {
		lane->races->a_first++;
		return sets_nothing(lane, &lane->a, "a save before the destroy set a cookie");
	}
	if (a->number == REFUSED) {
		lane->races->b_first++;
		return sets_nothing(lane, &lane->a, "a save that was refused set a cookie");
	}
	if (a->number != 1)
		return wrong(lane, "the save showed neither 1 nor 2");
	if (held)
		return wrong(lane, "a save of a destroyed session set a cookie");
	lane->races->a_new++;
	return sets_new(lane, &lane->a) && new_holds(lane, a->cookie, 1);
}

static bool
judge_renew(struct lane *lane)
{
	const struct answer *a = &lane->a.answer, *b = &lane->b.answer;

	if (!sets_nothing(lane, &lane->a, "the save replaced the renewed cookie") ||
	    !sets_new(lane, &lane->b))
		return false;
	if (a->number != REFUSED && a->number != 2)
		return wrong(lane, "the save was neither refused nor showed 2");
	if (b->number != (a->number == 2 ? 2 : 1))
		return wrong(lane,
		    a->number == 2 ? "the renewal lost a save that was shown"
				   : "the renewal kept a save that was dropped");
	if (a->number == 2)
		lane->races->a_first++;
	else
		lane->races->b_first++;
	return new_holds(lane, b->cookie, b->number);
}

static bool
judge_renewals(struct lane *lane)
{
	bool a_won = lane->a.answer.cookies > 0;
	struct connection *winner = a_won ? &lane->a : &lane->b;
	struct connection *loser = a_won ? &lane->b : &lane->a;

	if (a_won)
		lane->races->a_first++;
	else
		lane->races->b_first++;
	if (!sets_new(lane, winner) || !sets_nothing(lane, loser, "both renewals set a cookie"))
		return false;
	if (winner->answer.number != 1 ||
	    (loser->answer.number != 0 && loser->answer.number != REFUSED))
		return wrong(lane, "a renewal showed what it had not");
	return new_holds(lane, winner->answer.cookie, 1);
}

static bool
judge(struct lane *lane, bool held)
{
	switch (lane->races->kind) {
	case DESTROY:
		return judge_destroy(lane, held);
	case RENEW:
		return judge_renew(lane);
	case RENEWALS:
		return judge_renewals(lane);
	}
	return false;
}

/* ---- the races ---- */

static long
random_to(struct lane *lane, long most)
{
	return rand_r(&lane->seed) % (most + 1);
}

static void
rest(long microseconds)
{
	nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000}, NULL);
}

static bool
wait_for(struct lane *lane, const char *path)
{
	for (int ms = 0; access(path, F_OK) != 0; ms++) {
		if (ms >= ANSWER_WAIT)
			return wrong(lane, "a held request did not begin");
		rest(200);
	}
	return true;
}

static bool
make(struct lane *lane, const char *path)
{
	FILE *file = fopen(path, "w");

	return (file != NULL && fclose(file) == 0) ||
	    wrong(lane, "the scratch folder can't be used");
}

/* Lets both go when both have loaded the record, one a little before the other: mostly B, which has
 * more to do. */
static bool
start_held(struct lane *lane)
{
	static const char *const then[] = {"destroy", "renew", "renew"};
	static const char form[] = "%sslowfile?then=%s&ready=%s&go=%s";
	const struct races *r = lane->races;
	const char *a = r->kind == RENEWALS ? "renew" : "count";
	long lead = random_to(lane, 5000) - 1500;

	unlink(lane->ready_a);
	unlink(lane->ready_b);
	unlink(lane->go_a);
	unlink(lane->go_b);
	if (!ask(lane, &lane->a, lane->cookie, form, r->prefix_a, a, lane->ready_a, lane->go_a) ||
	    !ask(lane, &lane->b, lane->cookie, form, r->prefix_b, then[r->kind], lane->ready_b,
		lane->go_b) ||
	    !wait_for(lane, lane->ready_a) || !wait_for(lane, lane->ready_b) ||
	    !make(lane, lead > 0 ? lane->go_b : lane->go_a))
		return false;
	rest(labs(lead));
	return make(lane, lead > 0 ? lane->go_a : lane->go_b);
}

static bool
start_free(struct lane *lane)
{
	const struct races *r = lane->races;
	const char *a = r->kind == RENEWALS ? "renew?ms=" : "slow?ms=";
	const char *b = r->kind == DESTROY ? "destroy" : "renew";
	bool b_leads = random_to(lane, 2) == 0;
	long ms = random_to(lane, 2), gap = random_to(lane, r->kind == RENEWALS ? 300 : 3000);

	if (b_leads && !ask(lane, &lane->b, lane->cookie, "%s%s", r->prefix_b, b))
		return false;
	if (b_leads)
		rest(gap);
	if (!ask(lane, &lane->a, lane->cookie, "%s%s%ld", r->prefix_a, a, ms))
		return false;
	if (b_leads)
		return true;
	rest(gap);
	return ask(lane, &lane->b, lane->cookie, "%s%s", r->prefix_b, b);
}

/* As soon as B is answered a third tab comes with the old cookie; A may still be on its way. */
static bool
third_tab(struct lane *lane)
{
	const struct races *r = lane->races;

	if (r->kind == DESTROY)
		return old_is_dead(lane, r->prefix_b);
	if (!ask(lane, &lane->c, lane->cookie, "%scount", r->prefix_a) || !hear(lane, &lane->c))
		return false;
	if (lane->c.answer.number != REFUSED)
		return wrong(
		    lane, "a third request counted in the old session, or in one of its own");
	return sets_nothing(lane, &lane->c, "a third request replaced the renewed cookie");
}

static bool
race(struct lane *lane)
{
	bool held = random_to(lane, 1) == 0;

	if (!ask(lane, &lane->c, "", "%scount", lane->races->prefix_a) || !hear(lane, &lane->c))
		return false;
	if (lane->c.answer.cookies != 1 || lane->c.answer.number != 1)
		return wrong(lane, "there is no new session to race for");
	snprintf(lane->cookie, sizeof lane->cookie, "%s", lane->c.answer.cookie);
	if (!has_record(lane, lane->cookie, true))
		return wrong(lane, "the new session has no record in the folder");
	if (!(held ? start_held(lane) : start_free(lane)) || !hear(lane, &lane->b) ||
	    !third_tab(lane) || !hear(lane, &lane->a))
		return false;
	if (lane->races->kind == RENEWALS && !third_tab(lane)) /* B may have been the loser */
		return false;
	if (!judge(lane, held) || !old_is_dead(lane, lane->races->prefix_a))
		return false;
	return !has_record(lane, lane->cookie, false) ||
	    wrong(lane, "the old record is still there");
}

/* After a failure nobody knows what is still to come on the connections. */
static void
complain(struct lane *lane)
{
	struct connection *all[] = {&lane->a, &lane->b, &lane->c};

	if (lane->races->failed++ < COMPLAINTS_MAX)
		printf("wrong: %s (A showed %ld and set %d cookies, B %ld and %d, C %ld and %d)\n",
		    lane->wrong, lane->a.answer.number, lane->a.answer.cookies,
		    lane->b.answer.number, lane->b.answer.cookies, lane->c.answer.number,
		    lane->c.answer.cookies);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (all[i]->fd >= 0)
			close(all[i]->fd);
		all[i]->fd = -1;
	}
	lane->wrong = NULL;
}

static void *
run(void *data)
{
	struct lane *lane = data;
	const struct races *r = lane->races;

	for (long i = lane->index; i < r->count; i += r->lanes) {
		lane->a.answer = lane->b.answer = lane->c.answer = (struct answer){.number = -1};
		if (!race(lane))
			complain(lane);
	}
	return NULL;
}

/* ---- the command line ---- */

static bool
set_kind(struct races *r, const char *name)
{
	static const char *const names[] = {"destroy", "renew", "renewals"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		r->kind = (enum kind)i;
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static bool
set_options(struct races *r, char **argv)
{
	r->count = strtol(argv[2], NULL, 10);
	r->lanes = (int)strtol(argv[3], NULL, 10);
	r->sessions = argv[4];
	r->scratch = argv[5];
	r->prefix_a = argv[7];
	r->prefix_b = argv[8];
	return set_kind(r, argv[1]) && r->count > 0 && r->lanes > 0 && r->lanes <= LANES_MAX &&
	    sscanf(argv[6], "http://127.0.0.1:%" SCNu16, &r->port) == 1;
}

static void
open_lane(struct lane *lane, struct races *r, int index)
{
	lane->races = r;
	lane->index = index;
	lane->seed = (unsigned int)(index + 1);
	lane->a.fd = lane->b.fd = lane->c.fd = -1;
	snprintf(lane->ready_a, sizeof lane->ready_a, "%s/%d.ready-a", r->scratch, index);
	snprintf(lane->ready_b, sizeof lane->ready_b, "%s/%d.ready-b", r->scratch, index);
	snprintf(lane->go_a, sizeof lane->go_a, "%s/%d.go-a", r->scratch, index);
	snprintf(lane->go_b, sizeof lane->go_b, "%s/%d.go-b", r->scratch, index);
}

static void
close_lane(struct lane *lane)
{
	struct connection *all[] = {&lane->a, &lane->b, &lane->c};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (all[i]->fd >= 0)
			close(all[i]->fd);
		http_release(&all[i]->in);
	}
}

int
main(int argc, char **argv)
{
	struct races races = {0};
	struct lane *lanes;

	if (argc != 9 || !set_options(&races, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	lanes = calloc((size_t)races.lanes, sizeof *lanes);
	if (lanes == NULL)
		return 2;
	for (int i = 0; i < races.lanes; i++) {
		open_lane(&lanes[i], &races, i);
		if (pthread_create(&lanes[i].thread, NULL, run, &lanes[i]) != 0)
			return 2;
	}
	for (int i = 0; i < races.lanes; i++) {
		pthread_join(lanes[i].thread, NULL);
		close_lane(&lanes[i]);
	}
	free(lanes);
	printf("races %ld a_first %ld b_first %ld a_new %ld failed %ld\n", races.count,
	    races.a_first, races.b_first, races.a_new, races.failed);
	return races.failed > 0 || races.a_first == 0 || races.b_first == 0;
}
