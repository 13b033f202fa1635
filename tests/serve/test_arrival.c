/* test_arrival.c: requests that come slowly, in pieces or only in part, over unix and TCP sockets,
 * hold no thread, and get the same answers. */
#include "config.h"

#include "serve/responders.h"

#define CROWD 48
#define MOST_PARTS (64u << 20) /* bytes that a worker keeps of them */

struct body {
	const char *name;
	size_t length, record, piece; /* bytes of a record, of a send; 0: as many as fit */
};

struct part { /* a request of which only a part was sent */
	int fd;
	struct fcgi_bytes bytes;
	size_t sent;
};

/* ---- requests in parts ---- */

static void
fill(struct fcgi_bytes *body, size_t length, unsigned seed)
{
	fcgi_clear(body);
	for (size_t i = 0; i < length; i++)
		fcgi_add(body, (char[]){(char)('a' + (i * 7 + (i >> 8) + seed) % 26)}, 1);
}

static void
add_echo(struct fcgi_bytes *out, const struct fcgi_bytes *body, size_t record)
{
	fcgi_request(out,
	    KEPT(.params = ECHO, .body = body->data, .body_length = body->length, .piece = record));
}

static bool
echoes(int fd, const struct fcgi_bytes *body)
{
	struct fcgi_answer answer = {0};
	bool good = fcgi_read(fd, &answer, PATIENCE) == 1 && answer.status == 200 &&
	    (size_t)(answer.out.data + answer.out.length - answer.body) == body->length &&
	    memcmp(answer.body, body->data, body->length) == 0;

	fcgi_answer_release(&answer);
	return good;
}

static bool
gets(int fd, int status)
{
	struct fcgi_answer answer = {0};
	bool good = fcgi_read(fd, &answer, PATIENCE) == 1 && answer.status == status;

	fcgi_answer_release(&answer);
	return good;
}

/* All but the last bytes of it. */
static struct part
begin_part(const struct server *s, const struct fcgi_bytes *body, size_t kept, size_t piece)
{
	struct part p = {.fd = reach(s)};

	add_echo(&p.bytes, body, 0);
	p.sent = p.bytes.length - kept;
	if (fcgi_send(p.fd, p.bytes.data, p.sent, piece) < 0)
		printf("# a part can't be sent\n");
	return p;
}

static bool
end_part(struct part *p, size_t piece)
{
	return fcgi_send(p->fd, p->bytes.data + p->sent, p->bytes.length - p->sent, piece) == 0;
}

static void
release_part(struct part *p)
{
	close(p->fd);
	fcgi_release(&p->bytes);
}

/* ---- they hold no thread ---- */

/* Sends parts that end at every kind of place to two threads. The time for a body is long here: if
 * parts held the threads, the other requests would get no answer. */
static void
test_crowd(const struct server *s, const char *name)
{
	struct part parts[CROWD];
	struct fcgi_bytes body = {0};
	int good = 0, served = 0, open = 0;

	fill(&body, 300, 0);
	for (int i = 0; i < CROWD; i++)
		parts[i] = begin_part(s, &body, 1 + (size_t)(i * 5) % 300, i % 2 ? 1 : 0);
	for (int i = 0; i < 20; i++)
		served += lives(s);
	for (int i = 0; i < CROWD; i++)
		open += poll(&(struct pollfd){.fd = parts[i].fd, .events = POLLIN}, 1, 0) == 0;
	ok(served == 20 && open == CROWD,
	    "%s: beside %d requests in part (%d still are) others are served by two threads", name,
	    CROWD, open);
	for (int i = 0; i < CROWD; i += 2)
		release_part(&parts[i]);
	for (int i = 1; i < CROWD; i += 2) {
		good += end_part(&parts[i], 1) && echoes(parts[i].fd, &body) && serves(parts[i].fd);
		release_part(&parts[i]);
	}
	ok(good == CROWD / 2 && lives(s),
	    "%s: half of them go away, the others end their requests and are answered", name);
	fcgi_release(&body);
}

static void
test_body(const struct server *s, const char *name, const struct body *b)
{
	struct fcgi_bytes out = {0}, body = {0};
	int fd = reach(s), good = 0;

	fill(&body, b->length, (unsigned)b->piece);
	add_echo(&out, &body, b->record);
	for (int i = 0; i < 2; i++)
		good += fcgi_send(fd, out.data, out.length, b->piece) == 0 && echoes(fd, &body);
	ok(good == 2 && serves(fd), "%s: %s, twice over one connection", name, b->name);
	close(fd);
	fcgi_release(&out);
	fcgi_release(&body);
}

static void
test_bodies(const struct server *s, const char *name)
{
	static const struct body bodies[] = {
	    {"byte by byte", 1000, 0, 1},
	    {"records of a byte, byte by byte", 100, 1, 1},
	    {"records of a byte in one send", 20000, 1, 0},
	    {"219 KB in one send", 219 << 10, 0, 0},
	    {"219 KB in records of 8000, sent by 1000", 219 << 10, 8000, 1000},
	    {"1 MB in one send", 1000000, 0, 0},
	    {"1 MB in sends of 4097", 1000000, 0, 4097},
	    {"about what is looked for in the socket", 65300, 0, 0},
	};

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		test_body(s, name, &bodies[i]);
	for (size_t length = 65240; length < 65340; length += 7)
		test_body(s, name, &(struct body){"and some bytes more", length, 0, 0});
}

/* ---- what else is a request ---- */

static void
test_roles(const struct server *s, const char *name)
{
	for (int role = FCGI_ROLE_AUTHORIZER; role <= FCGI_ROLE_FILTER; role++) {
		struct fcgi_bytes out = {0};
		int fd = reach(s);

		fcgi_request(&out, KEPT(.params = NOTHING, .role = role));
		ok(fcgi_send(fd, out.data, out.length - FCGI_HEADER_SIZE, 1) == 0 &&
			gets(fd, 200) && is_over(fd),
		    "%s: %s byte by byte, its stdin never comes: answered and closed", name,
		    role == FCGI_ROLE_FILTER ? "a filter" : "an authorizer");
		close(fd);
		fcgi_release(&out);
	}
}

/* Whichever bytes come together: forged requests in a body are a body. */
static void
test_forged(const struct server *s, const char *name)
{
	static const size_t pieces[] = {1, 7, 8, 9, 1000, 8192};
	struct fcgi_bytes body = {0}, out = {0};
	int good = 0;

	add_forged(&body, s, 9000);
	add_echo(&out, &body, 0);
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		int fd = reach(s);

		good += fcgi_send(fd, out.data, out.length, pieces[i]) == 0 && echoes(fd, &body) &&
		    serves(fd) && !marked(s);
		close(fd);
	}
	ok(good == 6, "%s: forged requests in the pieces of a body are never run", name);
	fcgi_release(&body);
	fcgi_release(&out);
}

/* libfcgi has room to answer three names, and died of more. */
static void
test_values(const struct server *s)
{
	struct fcgi_bytes out = {0};
	struct fcgi_answer before = {0}, after = {0};
	const struct fcgi_request pid = {
	    .params = PARAMS("REQUEST_METHOD=GET", "REQUEST_URI=/r/pid")};
	bool ended = true;

	fcgi_ask(s->socket, &pid, &before, PATIENCE);
	for (int names = 4; names < 12; names++) {
		const char *values[16] = {NULL};

		for (int i = 0; i < names; i++)
			values[i] = "FCGI_MAX_REQS";
		fcgi_clear(&out);
		fcgi_get_values(&out, values);
		fcgi_request(&out, KEPT(.params = NOTHING));
		ended = ended && sends(s, out.data, out.length);
	}
	ok(ended && fcgi_ask(s->socket, &pid, &after, PATIENCE) == 1 && says(&after, before.body),
	    "GET_VALUES of more names than libfcgi has room for: closed, and the worker lives");
	fcgi_release(&out);
	fcgi_answer_release(&before);
	fcgi_answer_release(&after);
}

/* ---- time and memory ---- */

/* Nothing more comes, so that only time can end them. */
static void
test_late(const struct server *s, const char *name)
{
	struct fcgi_bytes body = {0};
	struct part stdin_open, params_open;

	fill(&body, 300, 0);
	stdin_open = begin_part(s, &body, 100, 0);
	params_open = begin_part(s, &body, 350, 0);
	ok(gets(stdin_open.fd, 408), "%s: a body of which no more comes: 408", name);
	ok(ends(params_open.fd), "%s: parameters of which no more comes: closed", name);
	release_part(&stdin_open);
	release_part(&params_open);
	fcgi_release(&body);
}

static bool
has_logged(const char *name, const char *text)
{
	char path[128], line[4096];
	bool found = false;
	FILE *in;

	snprintf(path, sizeof path, "%s/%s.log", folder(), name);
	in = fopen(path, "re");
	while (in != NULL && !found && fgets(line, sizeof line, in) != NULL)
		found = strstr(line, text) != NULL;
	if (in != NULL)
		fclose(in);
	return found;
}

/* Parts take 4 MiB each, with their spare room. When all together are over the limit, the oldest
 * are dropped. */
static void
test_memory(const struct server *s, const char *log)
{
	const size_t each = (4 << 20) - (128 << 10);
	enum { ROOM = MOST_PARTS / (4 << 20), OVER = 5, ALL = ROOM + OVER };
	struct part parts[ALL];
	struct fcgi_bytes body = {0};
	int dropped = 0, good = 0, served = 0;

	fill(&body, each, 0);
	for (int i = 0; i < ALL; i++) {
		parts[i] = begin_part(s, &body, 1000, 0);
		served += lives(s);
	}
	for (int i = 0; i < OVER; i++)
		dropped += gets(parts[i].fd, 503);
	ok(dropped == OVER && served == ALL, "the %d oldest over the limit are answered with 503",
	    OVER);
	for (int i = OVER + 1; i < ALL; i++) /* one more may have gone to room for headers */
		good += end_part(&parts[i], 0) && echoes(parts[i].fd, &body);
	ok(good == ALL - OVER - 1, "the others are served (%d of %d)", good, ALL - OVER - 1);
	ok(has_logged(log, "event=request-dropped") && has_logged(log, "status=503"),
	    "and the log says so");
	for (int i = 0; i < ALL; i++)
		release_part(&parts[i]);
	fcgi_release(&body);
}

/* A part that is more than all may have. */
static void
test_too_large(const struct server *s)
{
	struct fcgi_bytes body = {0}, out = {0}, record = {0};
	int fd = reach(s);
	struct pollfd event = {.fd = fd, .events = POLLIN};
	size_t sent = 0;

	fill(&body, 1, 0);
	add_echo(&out, &body, 0);
	fcgi_send(fd, out.data, out.length - 2 * FCGI_HEADER_SIZE - 8, 0); /* up to its stdin */
	fill(&body, FCGI_CONTENT_MAX, 0);
	fcgi_record(&record, FCGI_TYPE_STDIN, 2, body.data, body.length); /* another's: skipped */
	while (sent < 2 * MOST_PARTS && poll(&event, 1, 0) == 0 &&
	    fcgi_send(fd, record.data, record.length, 0) == 0)
		sent += record.length;
	ok(sent < MOST_PARTS + (8u << 20) && gets(fd, 503) && lives(s),
	    "one that alone is over the limit gets 503 (%zu were sent)", sent);
	close(fd);
	fcgi_release(&body);
	fcgi_release(&record);
	fcgi_release(&out);
}

/* ---- the end, and a reload ---- */

static void
test_reload_and_stop(const char *name)
{
	struct server s = start(name, PARAMS("--workers=1", "--threads=2"), 0);
	struct fcgi_bytes body = {0};
	struct part part, idle;

	fill(&body, 500, 0);
	idle = begin_part(&s, &body, 0, 0);
	ok(echoes(idle.fd, &body), "a connection that is kept");
	part = begin_part(&s, &body, 50, 0);
	kill(s.pid, SIGHUP);
	ok(lives(&s) && end_part(&part, 1) && echoes(part.fd, &body),
	    "a request that came in part before a reload is served");
	release_part(&part);
	part = begin_part(&s, &body, 50, 0);
	ok(lives(&s), "and one that is open");
	kill(s.pid, SIGTERM);
	ok(is_over(idle.fd), "at the end the idle one is closed");
	ok(end_part(&part, 1) && echoes(part.fd, &body) && is_over(part.fd),
	    "what came in part before the end is served, and then closed");
	release_part(&part);
	release_part(&idle);
	stop(&s, "with requests in part");
	fcgi_release(&body);
}

static void
test_server(const char *name, int port)
{
	char late[32];
	struct server s = start_at(port, name,
	    PARAMS("--workers=1", "--threads=2", "--deadline=10m", "--body_limit=2m"), 0);

	test_crowd(&s, name);
	test_bodies(&s, name);
	test_roles(&s, name);
	if (port == 0) { /* the mark is of who connects there */
		test_forged(&s, name);
		test_values(&s);
	}
	stop(&s, name);
	snprintf(late, sizeof late, "%s-late", name);
	s = start_at(port, late, PARAMS("--workers=1", "--threads=1", "--deadline=200ms"), 0);
	test_late(&s, name);
	stop(&s, name);
}

int
main(void)
{
	char conf[64];
	struct server large;

	signal(SIGPIPE, SIG_IGN);
	snprintf(conf, sizeof conf, "%s/gate.conf", folder());
	write_conf(conf);
	test_server("unix", 0);
	test_server("tcp", free_port());
	large = start(
	    "large", PARAMS("--workers=1", "--threads=2", "--deadline=10m", "--body_limit=8m"), 0);
	test_memory(&large, "large");
	test_too_large(&large);
	stop(&large, "large");
	test_reload_and_stop("stop");
	if (getenv("TEST_KEEP") == NULL)
		nftw(folder(), forget, 16, FTW_DEPTH | FTW_PHYS);
	return done();
}
