/* test_fastcgi.c: raw FastCGI records, right and wrong ones, sent to running responders.
 * Tests serve/fastcgi.c and serve/parked.c. */
#include "config.h"

#include <sys/un.h>

#include "serve/responders.h"

#define IDLE_MOST 200

/* ---- connections ---- */

static void
test_kept(const struct server *s)
{
	struct fcgi_answer answer = {0};
	int fd = fcgi_connect(s->socket), good = 0, many = count(2000);
	char body[32];

	for (int i = 1; i <= many; i++) {
		snprintf(body, sizeof body, "body %d", i);
		good += ask(fd, KEPT(.params = ECHO, .body = body, .id = i), &answer) == 1 &&
		    answer.status == 200 && answer.id == i && says(&answer, body);
	}
	ok(good == many, "one connection serves many requests, of any id");
	ok(ask(fd, KEPT(.params = NOTHING, .id = 65535), &answer) == 1 && answer.id == 65535 &&
		answer.app_status == 0 && answer.protocol_status == 0,
	    "the highest id is one like others");
	ok(ask(fd, &(struct fcgi_request){.params = NOTHING}, &answer) == 1 &&
		answer.status == 200 && fcgi_closes(fd, PATIENCE),
	    "a request that does not ask to keep the connection is its last");
	close(fd);
	fd = fcgi_connect(s->socket);
	ok(ask(fd, KEPT(.params = ECHO, .body = "piecemeal", .piece = 1), &answer) == 1 &&
		says(&answer, "piecemeal") && serves(fd),
	    "records of one byte make the same request");
	close(fd);
	fcgi_answer_release(&answer);
}

/* `most` connections that wait, after one request each; how many of them are answered again. */
static void
test_idle(const struct server *s, int most)
{
	int fds[IDLE_MOST], good = 0, again = 0;

	for (int i = 0; i < most; i++) {
		fds[i] = fcgi_connect(s->socket);
		good += serves(fds[i]);
	}
	ok(good == most, "%d kept connections are answered by two threads", most);
	ok(lives(s), "with %d idle ones a new one is answered", most);
	for (int i = most - 1; i >= 0; i--)
		again += serves(fds[i]);
	ok(again == most, "and each of the %d again", most);
	for (int i = 0; i < most; i++)
		close(fds[i]);
}

/* More idle connections than the process may have descriptors: the oldest go, new ones stay. */
static void
test_few_descriptors(void)
{
	struct server s = start("few", PARAMS("--workers=1", "--threads=2"), 64);
	struct fcgi_answer answer = {0};
	int fds[IDLE_MOST], good = 0;

	memset(fds, -1, sizeof fds);
	for (int i = 0; i < IDLE_MOST && good == i; i++) {
		fds[i] = fcgi_connect(s.socket);
		good += ask(fds[i],
			    KEPT(.params = PARAMS("REQUEST_METHOD=GET", "REQUEST_URI=/r/count")),
			    &answer) == 1 &&
		    says(&answer, "visit 1");
	}
	ok(good == IDLE_MOST, "descriptors never run short for idle connections");
	ok(fcgi_closes(fds[0], PATIENCE) && serves(fds[IDLE_MOST - 1]),
	    "the one that is idle for longest is closed, the newest kept");
	for (int i = 0; i < IDLE_MOST; i++)
		close(fds[i]);
	fcgi_answer_release(&answer);
	stop(&s, "few descriptors");
}

/* Nobody may take the path from a program that is too busy to accept. */
static void
test_busy_path(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct sockaddr *where = (const struct sockaddr *)&address;
	struct server s = {0};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), waiting[8], status = -1;
	struct stat before, after;

	snprintf(s.socket, sizeof s.socket, "%s/busy.sock", folder());
	snprintf(address.sun_path, sizeof address.sun_path, "%s/busy.sock", folder());
	if (bind(listener, where, sizeof address) < 0 || listen(listener, 0) < 0 ||
	    lstat(s.socket, &before) < 0)
		exit(1);
	for (int i = 0; i < 8; i++) { /* until no more wait */
		waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		status = connect(waiting[i], where, sizeof address);
	}
	ok(status < 0 && errno == EAGAIN, "a socket whose program accepts nothing");
	s.pid = fork();
	if (s.pid == 0)
		become("busy", &s, PARAMS("--workers=1"), 0);
	for (int ms = 0; ms < PATIENCE && waitpid(s.pid, &status, WNOHANG) == 0; ms += 5)
		poll(NULL, 0, 5);
	ok(kill(s.pid, SIGKILL) < 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1,
	    "another program on its path does not start, and does not wait either");
	ok(lstat(s.socket, &after) == 0 && before.st_ino == after.st_ino,
	    "and leaves the path alone");
	for (int i = 0; i < 8; i++)
		close(waiting[i]);
	close(listener);
}

/* ---- stalled peers ---- */

struct stall {
	const char *name;
	size_t sent; /* bytes of a whole request; 0: all, and the answer is not read */
	int fd;
	pid_t drips; /* a process that goes on sending, 0: none */
};

#define STALLS 7

/* A parameter of which the first bytes are there. */
static void
begin_dripping(struct fcgi_bytes *out)
{
	fcgi_begin(out, 1, FCGI_ROLE_RESPONDER, true);
	fcgi_header(out, 1, FCGI_TYPE_PARAMS, 1, 2000);
	fcgi_add(out, "\1\177X", 3);
}

/* An authorizer's, and then a body that nobody reads. */
static void
begin_dripping_behind(struct fcgi_bytes *out)
{
	fcgi_request(out,
	    &(struct fcgi_request){.params = NOTHING, .role = FCGI_ROLE_AUTHORIZER, .keep = true});
	out->length -= FCGI_HEADER_SIZE;
	fcgi_header(out, 1, FCGI_TYPE_STDIN, 1, FCGI_CONTENT_MAX);
}

/* The others, one after the other. Does not return. */
static void
drip(int fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (send(fd, "x", 1, MSG_NOSIGNAL) == 1)
		poll(NULL, 0, 100);
	_exit(0);
}

static void
stall(const struct server *s, struct stall *stall)
{
	struct fcgi_bytes out = {0};

	if (stall->drips != 0 && stall->sent > 0)
		begin_dripping(&out);
	else if (stall->drips != 0)
		begin_dripping_behind(&out);
	else if (stall->sent > 0)
		add_marking(&out, s, 0);
	else
		fcgi_request(&out,
		    &(struct fcgi_request){
			.params = PARAMS("REQUEST_METHOD=GET", "REQUEST_URI=/r/big",
			    "QUERY_STRING=bytes=8000000")});
	stall->fd = fcgi_connect(s->socket);
	fcgi_send(stall->fd, out.data, stall->sent > 0 ? stall->sent : out.length, 0);
	fcgi_release(&out);
	if (stall->drips != 0 && (stall->drips = fork()) == 0)
		drip(stall->fd);
}

/* Where the records of add_marking's request end: BEGIN, PARAMS, its end, STDIN. */
static void
find_stalls(const struct server *s, struct stall *stalls)
{
	struct fcgi_bytes out = {0};
	size_t at = 16, length;

	add_marking(&out, s, 0);
	length = ((size_t)(unsigned char)out.data[at + 4] << 8 | (unsigned char)out.data[at + 5]) +
	    (unsigned char)out.data[at + 6];
	stalls[0] = (struct stall){"half a header", 4, -1, 0};
	stalls[1] = (struct stall){"half of PARAMS", at + 8 + length / 2, -1, 0};
	stalls[2] = (struct stall){"PARAMS without their end", at + 8 + length, -1, 0};
	stalls[3] = (struct stall){"STDIN without its end", out.length - 8, -1, 0};
	stalls[4] = (struct stall){"an answer that is not read", 0, -1, 0};
	stalls[5] = (struct stall){"PARAMS that drip", 16 + 8 + 3, -1, -1};
	stalls[6] = (struct stall){"STDIN that drips behind the answer", 0, -1, -1};
	fcgi_release(&out);
}

static void
test_served_beside(const struct server *s, const struct stall *stalls, int n)
{
	int good = 0, open = 0, many = count(500);

	for (int i = 0; i < many; i++)
		good += lives(s);
	for (int i = 0; i < n; i++)
		open += !fcgi_closes(stalls[i].fd, 0) || stalls[i].sent == 0;
	ok(good == many, "beside %d stalled peers others are served (%d still hang)", n, open);
}

static void
test_stalls_end(const struct server *s, const struct stall *stalls, int n)
{
	for (int i = 0; i < n; i++) {
		ok(ends(stalls[i].fd), "%s: closed in the end", stalls[i].name);
		close(stalls[i].fd);
		if (stalls[i].drips > 0)
			waitpid(stalls[i].drips, NULL, 0);
	}
	ok(!marked(s), "and no handler ran");
}

/* Whatever is cut off never reaches the handler, at whichever byte it ends. */
static void
test_cut(const struct server *s, size_t piece)
{
	struct fcgi_bytes out = {0};
	size_t ran = 0, hung = 0, step = piece > 0 ? 7 : 1;

	add_marking(&out, s, piece);
	for (size_t length = 0; length < out.length - 8; length += step) {
		hung += !sends(s, out.data, length);
		ran += marked(s);
	}
	ok(ran == 0 && hung == 0, "cut anywhere, in pieces of %zu: never run (%zu ran, %zu hang)",
	    piece, ran, hung);
	ok(sends(s, out.data, out.length) && marked(s), "the whole of it is run");
	fcgi_release(&out);
}

/* ---- roles ---- */

static void
test_authorizer(const struct server *s, bool keep, bool with_stdin)
{
	struct fcgi_bytes out = {0}, params = {0};
	struct fcgi_answer answer = {0};
	int fd = fcgi_connect(s->socket);
	bool kept = keep && with_stdin;

	fcgi_begin(&out, 1, FCGI_ROLE_AUTHORIZER, keep);
	fcgi_pair(&params, "REQUEST_METHOD", "GET");
	fcgi_pair(&params, "REQUEST_URI", "/r/nothing");
	fcgi_stream(&out, FCGI_TYPE_PARAMS, 1, &params, 0);
	if (with_stdin)
		fcgi_stream(&out, FCGI_TYPE_STDIN, 1, &(struct fcgi_bytes){0}, 0);
	for (int i = 0; i < (kept ? 3 : 1); i++)
		ok(fcgi_send(fd, out.data, out.length, 0) == 0 &&
			fcgi_read(fd, &answer, PATIENCE) == 1 && answer.status == 200 &&
			says(&answer, "nothing"),
		    "an authorizer %s stdin is answered%s", with_stdin ? "with" : "without",
		    i > 0 ? " again: the connection is kept" : "");
	if (!kept)
		ok(ends(fd), "  and closed%s", keep ? ", asked to keep or not" : "");
	close(fd);
	fcgi_answer_release(&answer);
	fcgi_release(&params);
	fcgi_release(&out);
}

static void
test_roles(const struct server *s)
{
	struct fcgi_answer answer = {0};
	int fd = fcgi_connect(s->socket);

	for (int i = 0; i < 4; i++)
		test_authorizer(s, i & 1, i & 2);
	ok(ask(fd, KEPT(.params = NOTHING, .role = FCGI_ROLE_FILTER), &answer) == 1 &&
		answer.status == 200 && ends(fd),
	    "a filter is answered, its data never taken for a request: closed");
	close(fd);
	fd = fcgi_connect(s->socket);
	ok(ask(fd, KEPT(.params = NOTHING, .role = 9), &answer) == 0, "an unknown role is closed");
	close(fd);
	fcgi_answer_release(&answer);
}

/* ---- wrong records ---- */

enum wrong {
	WRONG_VERSION,
	WRONG_ID_ZERO,
	WRONG_NO_BEGIN,
	WRONG_STDIN_FIRST,
	WRONG_SHORT_BEGIN,
	WRONG_TYPE_AMID,
	WRONG_ABORT,
	WRONG_LONG_NAME,
	WRONG_LONG_PAIR,
	WRONG_LONG_VALUE,
	WRONG_LENGTH_CUT,
	WRONG_MANY_VALUES,
	WRONG_VALUES_AMID,
	WRONG_ZEROES,
	WRONG_ONES,
	WRONGS
};

static const char *const wrong_names[WRONGS] = {"version 2", "id 0", "PARAMS without BEGIN",
    "STDIN before PARAMS", "a BEGIN of four bytes", "an unknown type amid a request",
    "ABORT amid stdin", "a name of 2 GB", "name and value of 2 GB", "a value of 2 GB",
    "a length cut short", "GET_VALUES of ten times the same", "the same amid stdin", "zeroes",
    "ones"};

static void
add_values(struct fcgi_bytes *out)
{
	fcgi_get_values(out,
	    PARAMS("FCGI_MAX_CONNS", "FCGI_MAX_CONNS", "FCGI_MAX_CONNS", "FCGI_MAX_CONNS",
		"FCGI_MAX_CONNS", "FCGI_MAX_CONNS", "FCGI_MAX_CONNS", "FCGI_MAX_CONNS",
		"FCGI_MAX_CONNS", "FCGI_MAX_CONNS"));
}

static void
add_claim(struct fcgi_bytes *out, uint32_t name, uint32_t value)
{
	struct fcgi_bytes params = {0};

	fcgi_pair_claiming(&params, "X", name, "y", value);
	fcgi_begin(out, 1, FCGI_ROLE_RESPONDER, true);
	fcgi_stream(out, FCGI_TYPE_PARAMS, 1, &params, 0);
	fcgi_release(&params);
}

/* A request up to and without the end of its stdin. */
static void
add_open(struct fcgi_bytes *out, const struct server *s)
{
	add_marking(out, s, 0);
	out->length -= 8;
}

static void
add_header_wrong(struct fcgi_bytes *out, enum wrong wrong)
{
	struct fcgi_bytes params = {0};

	fcgi_pair(&params, "REQUEST_METHOD", "GET");
	if (wrong == WRONG_ID_ZERO)
		fcgi_begin(out, 0, FCGI_ROLE_RESPONDER, true);
	else if (wrong == WRONG_SHORT_BEGIN)
		fcgi_record(out, FCGI_TYPE_BEGIN, 1, "\0\1\1\0", 4);
	else if (wrong == WRONG_STDIN_FIRST)
		fcgi_begin(out, 1, FCGI_ROLE_RESPONDER, true);
	if (wrong == WRONG_VERSION) {
		fcgi_header(out, 2, FCGI_TYPE_BEGIN, 1, 8);
		fcgi_add(out, "\0\1\1\0\0\0\0\0", 8);
	}
	if (wrong == WRONG_STDIN_FIRST)
		fcgi_record(out, FCGI_TYPE_STDIN, 1, "early", 5);
	fcgi_stream(out, FCGI_TYPE_PARAMS, wrong == WRONG_ID_ZERO ? 0 : 1, &params, 0);
	fcgi_release(&params);
}

static void
add_wrong(struct fcgi_bytes *out, const struct server *s, enum wrong wrong)
{
	char bytes[512];

	memset(bytes, wrong == WRONG_ONES ? 255 : 0, sizeof bytes);
	switch (wrong) {
	case WRONG_TYPE_AMID:
		add_open(out, s);
		fcgi_record(out, 99, 1, "what?", 5);
		break;
	case WRONG_ABORT:
		add_open(out, s);
		fcgi_abort(out, 1);
		break;
	case WRONG_LONG_NAME:
		add_claim(out, 0x7ffffff0, 1);
		break;
	case WRONG_LONG_PAIR:
		add_claim(out, 0x7ffffff0, 0x7ffffff0);
		break;
	case WRONG_LONG_VALUE:
		add_claim(out, 1, 0x7fffffff);
		break;
	case WRONG_LENGTH_CUT:
		fcgi_begin(out, 1, FCGI_ROLE_RESPONDER, true);
		fcgi_record(out, FCGI_TYPE_PARAMS, 1, "\377\377", 2);
		fcgi_record(out, FCGI_TYPE_PARAMS, 1, NULL, 0);
		break;
	case WRONG_MANY_VALUES:
		add_values(out);
		add_marking(out, s, 0);
		out->length -= 8;
		break;
	case WRONG_VALUES_AMID:
		add_open(out, s);
		add_values(out);
		break;
	case WRONG_ZEROES:
	case WRONG_ONES:
		fcgi_add(out, bytes, sizeof bytes);
		break;
	default:
		add_header_wrong(out, wrong);
	}
}

/* The peer is closed; at most one worker died of it, and the master put another in its place. */
static void
test_wrong(const struct server *s)
{
	struct fcgi_bytes out = {0};

	for (int wrong = 0; wrong < WRONGS; wrong++) {
		bool ended;

		fcgi_clear(&out);
		add_wrong(&out, s, (enum wrong)wrong);
		ended = sends(s, out.data, out.length);
		ok(ended && !marked(s) && lives(s), "%s: closed, not run, others are served",
		    wrong_names[wrong]);
	}
	fcgi_release(&out);
}

/* What the specification allows beside a request. */
static void
test_management(const struct server *s)
{
	struct fcgi_bytes out = {0};
	struct fcgi_answer answer = {0};
	int fd = fcgi_connect(s->socket);

	fcgi_get_values(&out, PARAMS("FCGI_MPXS_CONNS"));
	fcgi_request(&out, KEPT(.params = NOTHING));
	ok(fcgi_send(fd, out.data, out.length, 0) == 0 && fcgi_read(fd, &answer, PATIENCE) == 1 &&
		memmem(answer.values.data, answer.values.length, "FCGI_MPXS_CONNS0", 16) != NULL &&
		fcgi_read(fd, &answer, PATIENCE) == 1 && says(&answer, "nothing") && serves(fd),
	    "GET_VALUES is answered, and the request behind it");
	fcgi_clear(&out);
	fcgi_record(&out, 77, 0, NULL, 0); /* of content libfcgi makes an error: closed */
	fcgi_request(&out, KEPT(.params = NOTHING));
	ok(fcgi_send(fd, out.data, out.length, 0) == 0 && fcgi_read(fd, &answer, PATIENCE) == 1 &&
		answer.unknown_type == 77 && fcgi_read(fd, &answer, PATIENCE) == 1 &&
		says(&answer, "nothing") && serves(fd),
	    "an unknown management record is answered, and the request behind it");
	fcgi_clear(&out);
	fcgi_request(&out, KEPT(.params = NOTHING));
	out.length -= 8;
	fcgi_record(&out, FCGI_TYPE_STDIN, 2, "of another request", 18);
	fcgi_record(&out, FCGI_TYPE_STDIN, 1, NULL, 0);
	ok(fcgi_send(fd, out.data, out.length, 0) == 0 && fcgi_read(fd, &answer, PATIENCE) == 1 &&
		says(&answer, "nothing") && serves(fd),
	    "records of another id are skipped");
	close(fd);
	fcgi_answer_release(&answer);
	fcgi_release(&out);
}

/* Requests with some bytes changed, the same ones at every run. */
static void
test_garbage(const struct server *s)
{
	struct fcgi_bytes out = {0}, spoilt = {0};
	int hung = 0, many = count(3000);
	uint32_t seed = 1;

	fcgi_request(&out, KEPT(.params = ECHO, .body = "hello"));
	for (int i = 0; i < many; i++) {
		fcgi_clear(&spoilt);
		fcgi_add(&spoilt, out.data, out.length);
		for (int j = 0; j <= i % 4; j++) {
			seed = seed * 1664525 + 1013904223;
			spoilt.data[(seed >> 16) % spoilt.length] = (char)(seed >> 8);
		}
		hung += !sends(s, spoilt.data, spoilt.length);
	}
	ok(hung == 0 && lives(s), "requests with wrong bytes in them: none hangs (%d did)", hung);
	fcgi_release(&spoilt);
	fcgi_release(&out);
}

/* ---- bodies ---- */

static void
test_body(const struct server *s, size_t length, size_t limit, size_t piece)
{
	int fd = fcgi_connect(s->socket);
	struct fcgi_answer answer = {0};
	char *body = malloc(length + 1);
	bool small = length <= limit, good;

	for (size_t i = 0; i < length; i++)
		body[i] = (char)(i * 7 + (i >> 8));
	body[length] = '\0';
	good = ask(fd, KEPT(.params = ECHO, .body = body, .body_length = length, .piece = piece),
		   &answer) == 1 &&
	    answer.status == (small ? 200 : 413) && answer.body != NULL;
	if (good && small)
		good = (size_t)(answer.out.data + answer.out.length - answer.body) == length &&
		    memcmp(answer.body, body, length) == 0;
	ok(good && serves(fd), "a body of %zu at a limit of %zu: %d, and the connection goes on",
	    length, limit, small ? 200 : 413);
	close(fd);
	free(body);
	fcgi_answer_release(&answer);
}

static void
test_bodies(const struct server *s, size_t limit)
{
	for (size_t length = limit > 2 ? limit - 2 : 0; length <= limit + 2; length++)
		test_body(s, length, limit, length % 2 ? 1000 : 0);
	test_body(s, 0, limit, 0);
	for (size_t length = 8190; length <= 8194; length++)
		test_body(s, length, limit, 0);
	test_body(s, limit + (1 << 20), limit, 0);
	test_body(s, limit + (1 << 20), limit, 1000);
	test_body(s, 1, limit, 0);
}

static void
test_content_length(const struct server *s)
{
	static const char *const lengths[][2] = {{NULL}, {""}, {"-1"}, {"0"}, {"1"}, {"4"},
	    {"999999"}, {"5x"}, {"99999999999999999999"}, {"5", "1"}, {"1", "5"}};
	int fd = fcgi_connect(s->socket), good = 0, many = sizeof lengths / sizeof *lengths;
	struct fcgi_answer answer = {0};

	for (int i = 0; i < many; i++) {
		struct fcgi_bytes out = {0}, params = {0};

		fcgi_begin(&out, 1, FCGI_ROLE_RESPONDER, true);
		fcgi_pair(&params, "REQUEST_METHOD", "POST");
		fcgi_pair(&params, "REQUEST_URI", "/r/echo");
		fcgi_pair(&params, "HTTP_SEC_FETCH_SITE", "same-origin");
		for (int j = 0; j < 2 && lengths[i][j] != NULL; j++)
			fcgi_pair(&params, "CONTENT_LENGTH", lengths[i][j]);
		fcgi_stream(&out, FCGI_TYPE_PARAMS, 1, &params, 0);
		fcgi_record(&out, FCGI_TYPE_STDIN, 1, "hello", 5);
		fcgi_record(&out, FCGI_TYPE_STDIN, 1, NULL, 0);
		fcgi_send(fd, out.data, out.length, 0);
		good += fcgi_read(fd, &answer, PATIENCE) == 1 && says(&answer, "hello");
		fcgi_release(&params);
		fcgi_release(&out);
	}
	ok(good == many && serves(fd), "CONTENT_LENGTH is not trusted: stdin's end counts");
	close(fd);
	fcgi_answer_release(&answer);
}

/* ---- early answers ---- */

struct early {
	const char *name;
	const char *const *params;
	int role, status; /* when the body is within the limit */
	int large;        /* when it is not */
	bool whole;       /* the body is read to its end, if only to drop it */
};

#define DROPPED_AT_MOST (96u << 20) /* bytes: of a longer body the end is not waited for */

static void
begin_early(struct fcgi_bytes *out, const struct early *e)
{
	struct fcgi_bytes params = {0};

	for (int i = 0; e->params[i] != NULL; i++) {
		char name[64];
		size_t length = strcspn(e->params[i], "=");

		snprintf(name, sizeof name, "%.*s", (int)length, e->params[i]);
		fcgi_pair(&params, name, e->params[i] + length + 1);
	}
	fcgi_begin(out, 1, e->role, true);
	fcgi_stream(out, FCGI_TYPE_PARAMS, 1, &params, 0);
	fcgi_release(&params);
}

/* The answer comes whole, and what stands in the body is never a request. */
static void
test_early(const struct server *s, const struct early *e, size_t bytes, size_t limit)
{
	struct fcgi_bytes out = {0}, body = {0};
	struct fcgi_answer answer = {0};
	int fd = fcgi_connect(s->socket), status = bytes <= limit ? e->status : e->large;
	bool answered, kept = e->whole && bytes <= DROPPED_AT_MOST;

	begin_early(&out, e);
	add_forged(&body, s, bytes);
	body.length = bytes;
	fcgi_stream(&out, FCGI_TYPE_STDIN, 1, &body, PIECE);
	answered = fcgi_send(fd, out.data, out.length, 0) == 0 &&
	    fcgi_read(fd, &answer, PATIENCE) == 1 && answer.status == status;
	ok(answered && (kept ? serves(fd) : is_over(fd)) && !marked(s) && lives(s),
	    "%s, %zu bytes of forged requests: %d, the connection %s, and nothing else is run",
	    e->name, bytes, status, kept ? "goes on" : "is over");
	close(fd);
	fcgi_answer_release(&answer);
	fcgi_release(&body);
	fcgi_release(&out);
}

static void
test_early_answers(const struct server *s, const struct server *large)
{
	static const char *const post = "REQUEST_METHOD=POST",
				 *const url = "REQUEST_URI=/r/nothing";
	static char many[140000];
	const struct early rows[] = {
	    {"400", PARAMS(url, SAME_SITE), FCGI_ROLE_RESPONDER, 400, 413, true},
	    {"403", PARAMS(post, url), FCGI_ROLE_RESPONDER, 403, 413, true},
	    {"405", PARAMS(post, "REQUEST_URI=/r/status", "QUERY_STRING=code=405", SAME_SITE),
		FCGI_ROLE_RESPONDER, 405, 413, true},
	    {"431", PARAMS(post, url, many), FCGI_ROLE_RESPONDER, 431, 431, true},
	    {"the body is not asked for", PARAMS(post, url, SAME_SITE), FCGI_ROLE_RESPONDER, 200,
		413, true},
	    {"an authorizer", PARAMS("REQUEST_METHOD=GET", url), FCGI_ROLE_AUTHORIZER, 200, 200,
		false},
	    {"a filter", PARAMS("REQUEST_METHOD=GET", url), FCGI_ROLE_FILTER, 200, 200, false},
	};
	static const size_t sizes[] = {1000, 1000000, 70000000};

	memset(many, 'M', sizeof many - 1);
	many[4] = '=';
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t j = 0; j < 3; j++)
			test_early(s, &rows[i], sizes[j], 64 << 10);
	test_early(s, &rows[0], 110000000, 64 << 10);
	for (size_t i = 0; i < 5; i++)
		test_early(large, &rows[i], 1000000, 2 << 20);
}

/* A peer that never comes to an end: 128 MiB are dropped behind the answer, and not more. */
static void
test_endless(const struct server *s)
{
	const struct early guard = {"", NOTHING, FCGI_ROLE_AUTHORIZER, 200, 200, false};
	struct fcgi_bytes out = {0}, record = {0};
	struct fcgi_answer answer = {0};
	int fd = fcgi_connect(s->socket);
	size_t sent = 0;

	begin_early(&out, &guard);
	add_forged(&record, s, 60000);
	fcgi_send(fd, out.data, out.length, 0);
	while (sent < (256u << 20) && fcgi_send(fd, record.data, record.length, 0) == 0)
		sent += record.length;
	ok(sent >= (128u << 20) && sent < (132u << 20) && fcgi_read(fd, &answer, PATIENCE) == 1 &&
		answer.status == 200 && !marked(s) && lives(s),
	    "an endless body behind an answer: closed after 128 MiB (%zu were sent)", sent);
	close(fd);
	fcgi_answer_release(&answer);
	fcgi_release(&record);
	fcgi_release(&out);
}

/* Who does not read its answer to the end in time does not hold up the end either. */
static int
leave_lingering(const struct server *s)
{
	struct fcgi_bytes out = {0};
	struct fcgi_answer answer = {0};
	int fd = fcgi_connect(s->socket);

	fcgi_request(&out, KEPT(.params = NOTHING, .role = FCGI_ROLE_AUTHORIZER));
	ok(fcgi_send(fd, out.data, out.length, 0) == 0 && fcgi_read(fd, &answer, PATIENCE) == 1 &&
		answer.status == 200,
	    "an answer behind which the peer neither sends nor closes");
	fcgi_answer_release(&answer);
	fcgi_release(&out);
	return fd;
}

/* The body takes too long: sent on until there is an answer, and then some. Of a long rest gate
 * takes what comes before the deadline, and then a reset may come: so the answer is read first. */
static void
test_late_body(const struct server *s, size_t bytes)
{
	const struct early late = {"", ECHO, FCGI_ROLE_RESPONDER, 408, 408, false};
	struct fcgi_bytes out = {0}, body = {0};
	struct fcgi_answer answer = {0};
	int fd = fcgi_connect(s->socket);
	struct pollfd event = {.fd = fd, .events = POLLIN};
	bool sent, answered;

	begin_early(&out, &late);
	sent = fcgi_send(fd, out.data, out.length, 0) == 0;
	fcgi_clear(&out);
	fcgi_record(&out, FCGI_TYPE_STDIN, 1, "xxxxxxxx", 8);
	while (sent && poll(&event, 1, 10) == 0)
		sent = fcgi_send(fd, out.data, out.length, 0) == 0;
	add_forged(&body, s, bytes);
	fcgi_clear(&out);
	fcgi_stream(&out, FCGI_TYPE_STDIN, 1, &body, PIECE);
	answered = sent && fcgi_read(fd, &answer, PATIENCE) == 1 && answer.status == 408;
	sent = fcgi_send(fd, out.data, out.length, 0) == 0;
	ok(answered && (bytes > 1000000 ? ends(fd) : sent && is_over(fd)) && !marked(s) && lives(s),
	    "a body that takes too long: 408, the connection is over, and its rest of %zu bytes is "
	    "not run",
	    bytes);
	close(fd);
	fcgi_answer_release(&answer);
	fcgi_release(&body);
	fcgi_release(&out);
}

/* ---- parameters ---- */

/* `extra` parameters of that many bytes each; the status of the answer. */
static int
status_with(int fd, int extra, size_t bytes)
{
	struct fcgi_bytes out = {0}, params = {0};
	struct fcgi_answer answer = {0};
	char *value = malloc(bytes + 1), name[32];
	int status = -1;

	memset(value, 'v', bytes);
	value[bytes] = '\0';
	fcgi_begin(&out, 1, FCGI_ROLE_RESPONDER, true);
	fcgi_pair(&params, "REQUEST_METHOD", "GET");
	fcgi_pair(&params, "REQUEST_URI", "/r/nothing");
	for (int i = 0; i < extra; i++) {
		snprintf(name, sizeof name, "P%d", i);
		fcgi_pair(&params, name, value);
	}
	fcgi_stream(&out, FCGI_TYPE_PARAMS, 1, &params, 0);
	fcgi_record(&out, FCGI_TYPE_STDIN, 1, NULL, 0);
	if (fcgi_send(fd, out.data, out.length, 0) == 0 && fcgi_read(fd, &answer, PATIENCE) == 1)
		status = answer.status;
	free(value);
	fcgi_release(&params);
	fcgi_release(&out);
	fcgi_answer_release(&answer);
	return status;
}

static void
test_params(const struct server *s)
{
	static const struct {
		int extra;
		size_t bytes;
		int status;
	} rows[] = {{0, 0, 200}, {500, 1, 200}, {512, 1, 431}, {30000, 0, 431}, {1, 60000, 200},
	    {1, 65536, 200}, {1, 131072, 431}, {1, 1 << 20, 431}, {120, 1000, 200},
	    {140, 1000, 431}, {1, 127, 200}, {1, 128, 200}};
	int fd = fcgi_connect(s->socket);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int status = status_with(fd, rows[i].extra, rows[i].bytes);

		ok(status == rows[i].status && serves(fd),
		    "%d parameters of %zu bytes more: %d, and the connection goes on",
		    rows[i].extra, rows[i].bytes, rows[i].status);
	}
	close(fd);
}

static void
test_odd_params(const struct server *s)
{
	static const struct {
		const char *name, *value;
	} odd[] = {{"", ""}, {"", "value"}, {"=", "="}, {"A=B", "C"}, {"HTTP_X_TEST=", "x"},
	    {"\001\377", "\n\r"}, {"REQUEST_METHOD", "DELETE"}, {"FCGI_ROLE", "AUTHORIZER"}};
	struct fcgi_bytes out = {0}, params = {0};
	struct fcgi_answer answer = {0};
	int fd = fcgi_connect(s->socket);

	fcgi_begin(&out, 1, FCGI_ROLE_RESPONDER, true);
	fcgi_pair(&params, "REQUEST_METHOD", "GET");
	fcgi_pair(&params, "REQUEST_URI", "/r/env");
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		fcgi_pair(&params, odd[i].name, odd[i].value);
	fcgi_stream(&out, FCGI_TYPE_PARAMS, 1, &params, 3);
	fcgi_record(&out, FCGI_TYPE_STDIN, 1, NULL, 0);
	ok(fcgi_send(fd, out.data, out.length, 0) == 0 && fcgi_read(fd, &answer, PATIENCE) == 1 &&
		answer.status == 200 && strstr(answer.body, "\"REQUEST_METHOD\":\"GET\"") != NULL &&
		serves(fd),
	    "odd names do no harm, and the first of a name counts");
	close(fd);
	fcgi_answer_release(&answer);
	fcgi_release(&params);
	fcgi_release(&out);
}

static void
test_cookies(const struct server *s)
{
	struct fcgi_answer answer = {0};
	char cookie[512], param[600];
	int fd = fcgi_connect(s->socket);

	ok(ask(fd,
	       KEPT(.params =
			PARAMS("REQUEST_METHOD=GET", "REQUEST_URI=/r/cookie", "QUERY_STRING=name=b",
			    "HTTP_COOKIE=a=1", "HTTP_COOKIE=", "HTTP_COOKIE=b=2")),
	       &answer) == 1 &&
		says(&answer, "2"),
	    "several HTTP_COOKIE count as one");
	ok(ask(fd, KEPT(.params = PARAMS("REQUEST_METHOD=GET", "REQUEST_URI=/r/count")), &answer) ==
		    1 &&
		says(&answer, "visit 1") &&
		fcgi_answer_header(&answer, "Set-Cookie", 0, cookie, sizeof cookie) == 1,
	    "a session begins");
	snprintf(param, sizeof param, "HTTP_COOKIE=%.*s", (int)strcspn(cookie, ";"), cookie);
	ok(ask(fd,
	       KEPT(.params = PARAMS("REQUEST_METHOD=GET", "REQUEST_URI=/r/count",
			"HTTP_COOKIE=a=1; b=2", param)),
	       &answer) == 1 &&
		says(&answer, "visit 2"),
	    "and is found in the second of two");
	close(fd);
	fcgi_answer_release(&answer);
}

/* ---- answers ---- */

static bool
is_big(int fd, const char *method, size_t bytes)
{
	struct fcgi_answer answer = {0};
	char query[64], length[32], wanted[32], param[32];
	size_t shown = strcmp(method, "HEAD") == 0 ? 0 : bytes;
	bool good;

	snprintf(query, sizeof query, "QUERY_STRING=bytes=%zu", bytes);
	snprintf(param, sizeof param, "REQUEST_METHOD=%s", method);
	snprintf(wanted, sizeof wanted, "%zu", bytes);
	good = ask(fd, KEPT(.params = PARAMS(param, "REQUEST_URI=/r/big", query)), &answer) == 1 &&
	    answer.status == 200 &&
	    fcgi_answer_header(&answer, "Content-Length", 0, length, sizeof length) == 1 &&
	    strcmp(length, wanted) == 0 &&
	    (size_t)(answer.out.data + answer.out.length - answer.body) == shown &&
	    strspn(answer.body, "x") == shown;
	fcgi_answer_release(&answer);
	return good;
}

static void
test_sizes(const struct server *s)
{
	static const size_t sizes[] = {0, 1, 4096, 16384, 65535, 65536, 100000, 131070, 1 << 20};
	int fd = fcgi_connect(s->socket), bad = 0;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		bad += !is_big(fd, "GET", sizes[i]);
	ok(bad == 0, "answers of 0 bytes to 1 MiB come whole");
	for (size_t bytes = 7600; bytes < 8200; bytes++)
		bad += !is_big(fd, "GET", bytes);
	for (size_t bytes = 65000; bytes < 65600; bytes++)
		bad += !is_big(fd, "GET", bytes);
	ok(bad == 0, "and all those around the borders of buffers and records (%d don't)", bad);
	ok(is_big(fd, "HEAD", 0) && is_big(fd, "HEAD", 10000) && is_big(fd, "GET", 1) && serves(fd),
	    "HEAD has the length and no body");
	close(fd);
}

/* ---- all of it ---- */

/* While the stalled peers of two other responders wait for their end. */
static void
test_all(void)
{
	struct server s = start("main", PARAMS("--workers=2", "--threads=4"), 0);
	struct server small =
	    start("small", PARAMS("--workers=1", "--threads=2", "--body_limit=1000"), 0);
	struct server none =
	    start("none", PARAMS("--workers=1", "--threads=2", "--body_limit=0"), 0);
	struct server late =
	    start("late", PARAMS("--workers=1", "--threads=2", "--deadline=300ms"), 0);
	struct server large =
	    start("large", PARAMS("--workers=1", "--threads=2", "--body_limit=2m"), 0);
	int lingering;

	test_early_answers(&s, &large);
	test_late_body(&late, 1000000);
	test_late_body(&late, 70000000);
	test_endless(&s);
	test_kept(&s);
	test_idle(&small, 64);
	test_idle(&small, IDLE_MOST);
	test_few_descriptors();
	test_busy_path();
	test_cut(&s, 0);
	test_cut(&s, 5);
	test_roles(&s);
	test_management(&s);
	test_bodies(&s, 64 << 10);
	test_bodies(&small, 1000);
	test_bodies(&none, 0);
	test_content_length(&s);
	test_params(&s);
	test_odd_params(&s);
	test_cookies(&s);
	test_sizes(&s);
	test_wrong(&s);
	test_garbage(&s);
	stop(&s, "after all that");
	stop(&small, "small");
	stop(&none, "none");
	lingering = leave_lingering(&late);
	stop(&late, "with a connection that lingers");
	close(lingering);
	stop(&large, "large");
}

int
main(void)
{
	char conf[64];
	struct stall stalls[STALLS], crowd[STALLS];
	struct server s, crowded;

	signal(SIGPIPE, SIG_IGN);
	snprintf(conf, sizeof conf, "%s/gate.conf", folder());
	write_conf(conf);
	s = start("stall", PARAMS("--workers=1", "--threads=7"), 0);
	crowded = start("crowded", PARAMS("--workers=1", "--threads=2"), 0);
	find_stalls(&s, stalls);
	find_stalls(&crowded, crowd);
	for (int i = 0; i < STALLS; i++) {
		stall(&s, &stalls[i]);
		stall(&crowded, &crowd[i]);
	}
	test_served_beside(&s, stalls, STALLS);
	test_all();
	test_stalls_end(&s, stalls, STALLS);
	ok(lives(&crowded), "more stalled peers than threads: others wait, and are served");
	test_stalls_end(&crowded, crowd, STALLS);
	stop(&s, "stalled");
	stop(&crowded, "crowded");
	if (getenv("TEST_KEEP") == NULL)
		nftw(folder(), forget, 16, FTW_DEPTH | FTW_PHYS);
	return done();
}
