/* load.c: an HTTP/1.1 load client: many connections on one epoll loop; counts every answer.
 * Counts a request whose connection dies, and never repeats it. The report's lines:
 *   requests N · status CODE N (for each code seen) · errors N · error KIND N (for each seen) ·
 *   set_cookies N (answers with Set-Cookie) · seconds X · rate X (answers a second) · p50_us N ·
 *   p99_us N · max_us N · with -u: numbers N distinct N min N max N duplicates N
 * With -f each line of the file is a session with numbers of its own: then N after `numbers` is the
 * sum, and a line `line I numbers N …` for each session follows.
 * SIGINT and SIGTERM end the run as -t does: it still waits for answers to requests that it
 * sent. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "helpers/http.h"

#define CONNECTIONS_MAX 4096
#define JAR_MAX 16
#define EVENTS 128
#define SECOND INT64_C(1000000000)
#define ACCEPT_WAIT (SECOND / 10) /* -w: how long one call waits */

static const char usage[] =
    "usage: load [-c connections] [-n requests] [-t seconds] [-k yes|no] [-m method] [-d body]\n"
    "    [-H 'Name: value']... [-C cookie | -f file of cookies, connection i sends line i] [-s]\n"
    "    [-u marker [-o file]] [-T seconds an answer may take] http://127.0.0.1:PORT/path\n"
    "       load -w unix:PATH|127.0.0.1:PORT    (0: it accepts; 1: not within 0.1 s)\n"
    "-u: the number after the marker in each 200 body counts, -o writes all of them to a file;\n"
    "-s: each connection keeps the cookies that it is given and sends them back;\n"
    "{} in a header or the body is the number of the connection, from 1\n";

enum failure { CONNECT, RESET, CLOSED, TIMEOUT, PROTOCOL, FAILURES };
static const char *const failure_names[FAILURES] = {
    "connect", "reset", "closed", "timeout", "protocol"};

struct numbers {
	uint64_t *at;
	size_t count, size;
};

struct load {
	struct sockaddr_in address;
	const char *host, *path, *method, *body, *marker, *output, *cookie;
	char *headers; /* further ones, each with its CRLF */
	char **lines;  /* of the cookie file */
	size_t line_count;
	uint64_t requests; /* to be sent, at most */
	int64_t duration, patience;
	bool keep, jar;

	int epoll, signals, active;
	bool stop;
	uint64_t started, answered, set_cookies;
	uint64_t statuses[1000], failures[FAILURES];
	struct numbers *numbers;  /* one for each line, at least one */
	struct numbers latencies; /* microseconds */
};

struct connection {
	struct load *load;
	int number;              /* from 1 */
	struct numbers *numbers; /* of its line */
	int fd;                  /* -1: none */
	bool busy, writing;
	int64_t began;
	char *request;
	size_t request_length, sent;
	char *jar[JAR_MAX]; /* "name=value" */
	struct http_answer answer;
};

static void
die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void *
must(void *memory)
{
	if (memory == NULL)
		die("memory");
	return memory;
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void
keep_number(struct numbers *n, uint64_t number)
{
	if (n->count == n->size) {
		n->size = n->size != 0 ? 2 * n->size : 4096;
		n->at = must(realloc(n->at, n->size * sizeof *n->at));
	}
	n->at[n->count++] = number;
}

/* ---- the cookie jar and the request's text ---- */

static void
jar_put(struct connection *c, const char *pair, size_t length)
{
	size_t name = strcspn(pair, "=;\r\n") + 1;
	int i = 0;

	if (name > length)
		return;
	while (i < JAR_MAX && c->jar[i] != NULL && strncmp(c->jar[i], pair, name) != 0)
		i++;
	if (i == JAR_MAX)
		return;
	free(c->jar[i]);
	c->jar[i] = must(strndup(pair, length));
}

/* An emptied cookie is a deleted one. */
static void
jar_write(const struct connection *c, FILE *out)
{
	const char *between = "Cookie: ";

	for (int i = 0; i < JAR_MAX && c->jar[i] != NULL; i++) {
		const char *equals = strchr(c->jar[i], '=');

		if (equals == NULL || equals[1] == '\0')
			continue;
		fprintf(out, "%s%s", between, c->jar[i]);
		between = "; ";
	}
	if (between[0] == ';')
		fputs("\r\n", out);
}

/* The text with the connection's number in the place of each {}. */
static char *
fill_in(const struct connection *c, const char *text)
{
	const char *next;
	char *filled = NULL;
	size_t length;
	FILE *out = must(open_memstream(&filled, &length));

	for (; (next = strstr(text, "{}")) != NULL; text = next + 2)
		fprintf(out, "%.*s%d", (int)(next - text), text, c->number);
	fputs(text, out);
	if (fclose(out) != 0)
		die("memory");
	return filled;
}

static void
write_request(struct connection *c, const char *cookie)
{
	const struct load *load = c->load;
	char *headers = fill_in(c, load->headers);
	char *body = fill_in(c, load->body != NULL ? load->body : "");
	FILE *out;

	free(c->request);
	c->request = NULL;
	out = must(open_memstream(&c->request, &c->request_length));
	fprintf(
	    out, "%s %s HTTP/1.1\r\nHost: %s\r\n%s", load->method, load->path, load->host, headers);
	if (load->jar)
		jar_write(c, out);
	else if (cookie != NULL)
		fprintf(out, "Cookie: %s\r\n", cookie);
	if (load->body != NULL)
		fprintf(out,
		    "Content-Type: application/x-www-form-urlencoded\r\n"
		    "Content-Length: %zu\r\n",
		    strlen(body));
	fprintf(out, "%s\r\n%s", load->keep ? "" : "Connection: close\r\n", body);
	if (fclose(out) != 0)
		die("memory");
	free(headers);
	free(body);
}

static void
first_request(struct connection *c, const char *cookie)
{
	for (const char *at = cookie; c->load->jar && at != NULL && *at != '\0';) {
		size_t length = strcspn(at, ";");

		jar_put(c, at, length);
		at += length;
		at += strspn(at, "; ");
	}
	write_request(c, cookie);
}

/* ---- one connection ---- */

static void
disconnect(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void
failed(struct connection *c, enum failure kind)
{
	c->load->failures[kind]++;
	c->busy = false;
	disconnect(c);
}

static void
take_cookies(struct connection *c)
{
	size_t position = 0, length = 0;
	const char *value = http_header(&c->answer, "Set-Cookie", &position, &length);

	if (value == NULL)
		return;
	c->load->set_cookies++;
	if (!c->load->jar)
		return;
	for (; value != NULL; value = http_header(&c->answer, "Set-Cookie", &position, &length))
		jar_put(c, value, strcspn(value, ";\r"));
	write_request(c, NULL);
}

static void
take_number(struct connection *c)
{
	const struct http_answer *a = &c->answer;
	const char *marker = c->load->marker;
	size_t length = strlen(marker);
	const char *found = memmem(a->in + a->head, a->body_length, marker, length);

	if (found != NULL && found[length] >= '0' && found[length] <= '9')
		keep_number(c->numbers, strtoull(found + length, NULL, 10));
}

static void
answered(struct connection *c)
{
	struct load *load = c->load;

	load->answered++;
	load->statuses[c->answer.status]++;
	keep_number(&load->latencies, (uint64_t)(now() - c->began) / 1000);
	if (load->marker != NULL && c->answer.status == 200)
		take_number(c);
	take_cookies(c);
	c->busy = false;
	if (c->answer.close || !load->keep || c->sent < c->request_length)
		disconnect(c);
}

static int
connect_now(struct connection *c)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
	const struct sockaddr *address = (const struct sockaddr *)&c->load->address;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket");
	if (connect(c->fd, address, sizeof c->load->address) < 0 && errno != EINPROGRESS)
		return -1;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	c->writing = true;
	if (epoll_ctl(c->load->epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
		die("epoll_ctl");
	return 0;
}

static void
send_more(struct connection *c)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
	ssize_t n = send(c->fd, c->request + c->sent, c->request_length - c->sent, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		failed(c, errno == EPIPE || errno == ECONNRESET ? RESET : CONNECT);
		return;
	}
	c->sent += n > 0 ? (size_t)n : 0;
	if (c->writing == (c->sent < c->request_length))
		return;
	c->writing = !c->writing;
	event.events = c->writing ? EPOLLIN | EPOLLOUT : EPOLLIN;
	if (epoll_ctl(c->load->epoll, EPOLL_CTL_MOD, c->fd, &event) < 0)
		die("epoll_ctl");
}

/* Sends the next request, or leaves the run when there is none. */
static void
next(struct connection *c)
{
	struct load *load = c->load;

	while (!c->busy && !load->stop && load->started < load->requests) {
		load->started++;
		c->busy = true;
		c->began = now();
		c->sent = 0;
		http_reset(&c->answer);
		if (c->fd < 0 && connect_now(c) < 0)
			failed(c, CONNECT);
		else
			send_more(c);
	}
	if (!c->busy) {
		disconnect(c);
		load->active--;
	}
}

static void
receive(struct connection *c)
{
	switch (http_receive(&c->answer, c->fd)) {
	case HTTP_COMPLETE:
		answered(c);
		break;
	case HTTP_CLOSED:
		failed(c, CLOSED);
		break;
	case HTTP_WRONG:
		failed(c, PROTOCOL);
		break;
	case HTTP_FAILED:
		failed(c, errno == ECONNREFUSED || errno == ETIMEDOUT ? CONNECT : RESET);
		break;
	default:
		break;
	}
}

/* ---- the run ---- */

static void
overdue(struct load *load, struct connection *connections, int count)
{
	int64_t oldest = now() - load->patience;

	for (int i = 0; i < count; i++) {
		struct connection *c = &connections[i];

		if (!c->busy || c->began > oldest)
			continue;
		failed(c, TIMEOUT);
		next(c);
	}
}

static void
run(struct load *load, struct connection *connections, int count)
{
	int64_t begin = now(), checked = begin;
	struct epoll_event events[EVENTS];

	load->active = count;
	for (int i = 0; i < count; i++)
		next(&connections[i]);
	while (load->active > 0) {
		int n = epoll_wait(load->epoll, events, EVENTS, 100);
		int64_t time = now();

		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		if (load->duration > 0 && time - begin >= load->duration)
			load->stop = true;
		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;

			if (c == NULL) { /* the signals' descriptor */
				load->stop = true;
				epoll_ctl(load->epoll, EPOLL_CTL_DEL, load->signals, NULL);
				continue;
			}
			if (c->sent < c->request_length)
				send_more(c);
			if (c->busy && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				receive(c);
			if (!c->busy)
				next(c);
		}
		if (time - checked >= SECOND) {
			checked = time;
			overdue(load, connections, count);
		}
	}
}

/* ---- the report ---- */

static int
compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static uint64_t
quantile(const struct numbers *sorted, size_t hundredths)
{
	return sorted->count == 0 ? 0 : sorted->at[(sorted->count - 1) * hundredths / 100];
}

static void
sort(struct numbers *n)
{
	if (n->count > 0)
		qsort(n->at, n->count, sizeof *n->at, compare);
}

static size_t
session_count(const struct load *load)
{
	return load->line_count > 0 ? load->line_count : 1;
}

static void
write_numbers(const struct load *load)
{
	FILE *out = fopen(load->output, "w");

	if (out == NULL)
		die(load->output);
	for (size_t i = 0; i < session_count(load); i++)
		for (size_t j = 0; j < load->numbers[i].count; j++)
			fprintf(out, "%" PRIu64 "\n", load->numbers[i].at[j]);
	if (fclose(out) != 0)
		die(load->output);
}

struct summary {
	size_t count, distinct;
	uint64_t min, max;
};

static struct summary
sum_up(struct numbers *n)
{
	struct summary s = {.count = n->count, .distinct = n->count > 0};

	sort(n);
	for (size_t i = 1; i < n->count; i++)
		s.distinct += n->at[i] != n->at[i - 1];
	s.min = quantile(n, 0);
	s.max = quantile(n, 100);
	return s;
}

static void
print_summary(const struct summary *s)
{
	printf("numbers %zu distinct %zu min %" PRIu64 " max %" PRIu64 " duplicates %zu\n",
	    s->count, s->distinct, s->min, s->max, s->count - s->distinct);
}

static void
report_numbers(struct load *load)
{
	struct summary all = {0};

	if (load->output != NULL)
		write_numbers(load);
	for (size_t i = 0; i < session_count(load); i++) {
		struct summary one = sum_up(&load->numbers[i]);

		all.min = i == 0 || one.min < all.min ? one.min : all.min;
		all.max = one.max > all.max ? one.max : all.max;
		all.count += one.count;
		all.distinct += one.distinct;
	}
	print_summary(&all);
	for (size_t i = 0; i < load->line_count; i++) {
		struct summary one = sum_up(&load->numbers[i]);

		printf("line %zu ", i + 1);
		print_summary(&one);
	}
}

static void
report(struct load *load, int64_t took)
{
	double seconds = (double)took / (double)SECOND;
	uint64_t errors = 0;

	printf("requests %" PRIu64 "\n", load->started);
	for (int i = 0; i < 1000; i++)
		if (load->statuses[i] > 0)
			printf("status %d %" PRIu64 "\n", i, load->statuses[i]);
	for (int i = 0; i < FAILURES; i++)
		errors += load->failures[i];
	printf("errors %" PRIu64 "\n", errors);
	for (int i = 0; i < FAILURES; i++)
		if (load->failures[i] > 0)
			printf("error %s %" PRIu64 "\n", failure_names[i], load->failures[i]);
	sort(&load->latencies);
	printf("set_cookies %" PRIu64 "\nseconds %.3f\nrate %.0f\n", load->set_cookies, seconds,
	    (double)load->answered / seconds);
	printf("p50_us %" PRIu64 "\np99_us %" PRIu64 "\nmax_us %" PRIu64 "\n",
	    quantile(&load->latencies, 50), quantile(&load->latencies, 99),
	    quantile(&load->latencies, 100));
	if (load->marker != NULL)
		report_numbers(load);
}

/* ---- the command line ---- */

static void
bad_usage(void)
{
	fputs(usage, stderr);
	exit(2);
}

static long long
number(const char *text, long long most)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	if (end == text || *end != '\0' || value < 1 || value > most)
		bad_usage();
	return value;
}

/* "127.0.0.1:8080", up to the '/' if there is one. */
static void
set_address(struct sockaddr_in *address, const char *text)
{
	char host[INET_ADDRSTRLEN];
	unsigned int port;

	*address = (struct sockaddr_in){.sin_family = AF_INET};
	if (sscanf(text, "%15[0-9.]:%5u", host, &port) != 2 || port > 65535 ||
	    inet_pton(AF_INET, host, &address->sin_addr) != 1)
		bad_usage();
	address->sin_port = htons((uint16_t)port);
}

static void
set_url(struct load *load, const char *url)
{
	if (strncmp(url, "http://", 7) != 0)
		bad_usage();
	set_address(&load->address, url + 7);
	load->path = url + 7 + strcspn(url + 7, "/");
	load->host = must(strndup(url + 7, (size_t)(load->path - url) - 7));
	if (*load->path == '\0')
		load->path = "/";
}

static void
read_cookies(struct load *load, const char *name)
{
	FILE *in = fopen(name, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (in == NULL)
		die(name);
	while ((length = getline(&line, &size, in)) >= 0) {
		if (length > 0 && line[length - 1] == '\n')
			line[length - 1] = '\0';
		load->lines =
		    must(realloc(load->lines, (load->line_count + 1) * sizeof *load->lines));
		load->lines[load->line_count++] = must(strdup(line));
	}
	free(line);
	fclose(in);
	if (load->line_count == 0)
		bad_usage();
}

static void
add_header(struct load *load, const char *header)
{
	char *more;

	if (asprintf(&more, "%s%s\r\n", load->headers, header) < 0)
		die("memory");
	free(load->headers);
	load->headers = more;
}

static int
accepts(const char *where)
{
	int64_t end = now() + ACCEPT_WAIT;
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	struct sockaddr_in address = {0};
	bool local = strncmp(where, "unix:", 5) == 0;

	if (!local)
		set_address(&address, where);
	else if (strlen(where + 5) >= sizeof path.sun_path)
		bad_usage();
	else
		memcpy(path.sun_path, where + 5, strlen(where + 5));
	do {
		int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int result = local ? connect(fd, (const struct sockaddr *)&path, sizeof path)
				   : connect(fd, (const struct sockaddr *)&address, sizeof address);

		if (fd >= 0)
			close(fd);
		if (result == 0)
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	} while (now() < end);
	return 1;
}

static int
options(struct load *load, int argc, char **argv)
{
	int count = 1, option;

	while ((option = getopt(argc, argv, "c:n:t:k:m:d:H:C:f:su:o:T:w:")) != -1)
		switch (option) {
		case 'c':
			count = (int)number(optarg, CONNECTIONS_MAX);
			break;
		case 'n':
			load->requests = (uint64_t)number(optarg, INT64_MAX);
			break;
		case 't':
			load->duration = number(optarg, 86400) * SECOND;
			break;
		case 'k':
			load->keep = strcmp(optarg, "no") != 0;
			break;
		case 'm':
			load->method = optarg;
			break;
		case 'd':
			load->body = optarg;
			break;
		case 'H':
			add_header(load, optarg);
			break;
		case 'C':
			load->cookie = optarg;
			break;
		case 'f':
			read_cookies(load, optarg);
			break;
		case 's':
			load->jar = true;
			break;
		case 'u':
			load->marker = optarg;
			break;
		case 'o':
			load->output = optarg;
			break;
		case 'T':
			load->patience = number(optarg, 86400) * SECOND;
			break;
		case 'w':
			exit(accepts(optarg));
		default:
			bad_usage();
		}
	if (optind + 1 != argc)
		bad_usage();
	set_url(load, argv[optind]);
	if (load->requests == 0)
		load->requests = load->duration > 0 ? UINT64_MAX : 1;
	return count;
}

static void
watch_signals(struct load *load)
{
	struct epoll_event event = {.events = EPOLLIN};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (load->epoll < 0 || load->signals < 0 ||
	    epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->signals, &event) < 0)
		die("signalfd");
}

int
main(int argc, char **argv)
{
	struct load load = {.method = "GET", .keep = true, .patience = 30 * SECOND};
	struct connection *connections;
	int64_t begin;
	int count;

	load.headers = must(strdup(""));
	count = options(&load, argc, argv);
	connections = must(calloc((size_t)count, sizeof *connections));
	load.numbers = must(calloc(session_count(&load), sizeof *load.numbers));
	for (int i = 0; i < count; i++) {
		connections[i].load = &load;
		connections[i].number = i + 1;
		connections[i].numbers = &load.numbers[(size_t)i % session_count(&load)];
		connections[i].fd = -1;
		connections[i].answer.no_body = strcmp(load.method, "HEAD") == 0;
		first_request(&connections[i],
		    load.line_count > 0 ? load.lines[(size_t)i % load.line_count] : load.cookie);
	}
	watch_signals(&load);
	begin = now();
	run(&load, connections, count);
	report(&load, now() - begin);
	for (int i = 0; i < count; i++) {
		http_release(&connections[i].answer);
		free(connections[i].request);
		for (int j = 0; j < JAR_MAX; j++)
			free(connections[i].jar[j]);
	}
	free(connections);
	for (size_t i = 0; i < session_count(&load); i++)
		free(load.numbers[i].at);
	free(load.numbers);
	for (size_t i = 0; i < load.line_count; i++)
		free(load.lines[i]);
	free(load.lines);
	free(load.headers);
	free((void *)(uintptr_t)load.host);
	free(load.latencies.at);
	return load.answered > 0 ? 0 : 1;
}
