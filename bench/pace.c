/* pace.c: sends requests at a fixed rate, however long answers take, so that queueing shows.
 * pace PORT get PATH RATE SECONDS [COOKIE]: sends GETs
 * pace PORT login PATH RATE SECONDS: sends POSTs of wrong logins, each with its own name and
 *   X-Forwarded-For
 * pace PORT try PATH COUNT NAME...: sends wrong logins one after the other, COUNT of each NAME, in
 *   turn; adds a number to NAME, and changes it before the throttle begins to refuse
 * Prints: requests N · status CODE N · late N (begun more than 10 ms after their time) · rate X ·
 *   p50_us N · p99_us N · max_us N, and for try: name NAME p50_us N requests N · auc NAME X (the
 *   share of pairs in which NAME took longer than the first name; 0.5: its time tells nothing) */
#include "config.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "helpers/http.h"

#define LANES 96
#define PATIENCE 20000      /* ms that an answer may take */
#define LATE INT64_C(10000) /* µs */
#define STATUSES 600
#define TRIES 4 /* of one name, before its number changes */

static struct {
	uint16_t port;
	const char *path, *cookie;
	bool login;
	double rate;
	int64_t begin, count;
	pthread_mutex_t lock;
	int64_t next, late; /* requests begun, and begun too late */
	int32_t *took;      /* µs, by request; -1: no answer */
	int64_t statuses[STATUSES];
} pace;

static int64_t
now(void) /* µs */
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static size_t
write_login(char *out, size_t size, const char *name, int64_t number)
{
	char body[400];
	int length = snprintf(
	    body, sizeof body, "username=%s&password=wrong-horse-%lld", name, (long long)number);

	return (size_t)snprintf(out, size,
	    "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
	    "X-Forwarded-For: 10.%d.%d.%d\r\nContent-Length: %d\r\n"
	    "Content-Type: application/x-www-form-urlencoded\r\n\r\n%s",
	    pace.path, (int)(number >> 16 & 255), (int)(number >> 8 & 255), (int)(number & 255),
	    length, body);
}

static size_t
write_request(char *out, size_t size, int64_t number)
{
	char name[40];

	if (!pace.login)
		return (size_t)snprintf(out, size,
		    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s%s\r\n", pace.path,
		    pace.cookie != NULL ? "Cookie: " : "", pace.cookie != NULL ? pace.cookie : "",
		    pace.cookie != NULL ? "\r\n" : "");
	snprintf(name, sizeof name, "flood-%lld", (long long)number);
	return write_login(out, size, name, number);
}

/* Sends a request. Returns the answer's status, or 0 if none came. Keeps the connection if it
 * can. */
static int
exchange(int *fd, const char *request, size_t length)
{
	struct http_answer answer = {0};
	int status = 0;

	if (*fd < 0)
		*fd = http_connect(pace.port);
	if (*fd >= 0 && http_exchange(*fd, request, length, &answer, PATIENCE) == HTTP_COMPLETE)
		status = answer.status;
	if ((status == 0 || answer.close) && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	http_release(&answer);
	return status > 0 && status < STATUSES ? status : 0;
}

static void
wait_for(int64_t time)
{
	struct timespec until = {time / 1000000, time % 1000000 * 1000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
		;
}

/* Sends requests. Measures each from the time at which it should have begun. */
static void *
run_lane(void *unused)
{
	int fd = -1;

	for (;;) {
		char request[1024];
		int64_t number, due;
		size_t length;
		int status;

		pthread_mutex_lock(&pace.lock);
		number = pace.next++;
		pthread_mutex_unlock(&pace.lock);
		if (number >= pace.count)
			break;
		length = write_request(request, sizeof request, number);
		due = pace.begin + (int64_t)((double)number * 1e6 / pace.rate);
		wait_for(due);
		__atomic_fetch_add(&pace.late, now() - due > LATE, __ATOMIC_RELAXED);
		status = exchange(&fd, request, length);
		pace.took[number] = status != 0 ? (int32_t)(now() - due) : -1;
		__atomic_fetch_add(&pace.statuses[status], 1, __ATOMIC_RELAXED);
	}
	if (fd >= 0)
		close(fd);
	return unused;
}

static int
by_size(const void *a, const void *b)
{
	int32_t one = *(const int32_t *)a, two = *(const int32_t *)b;

	return (one > two) - (one < two);
}

static void
report(void)
{
	double seconds = (double)(now() - pace.begin) / 1e6;

	printf("requests %lld\n", (long long)pace.count);
	for (int i = 0; i < STATUSES; i++)
		if (pace.statuses[i] > 0)
			printf("status %d %lld\n", i, (long long)pace.statuses[i]);
	qsort(pace.took, (size_t)pace.count, sizeof *pace.took, by_size);
	printf("late %lld\nrate %.0f\n", (long long)pace.late, (double)pace.count / seconds);
	printf("p50_us %d\np99_us %d\nmax_us %d\n", pace.took[pace.count / 2],
	    pace.took[pace.count * 99 / 100], pace.took[pace.count - 1]);
}

/* ---- one after the other ---- */

/* Returns the share of pairs in which the one from a is larger; of an equal pair counts half. Both
 * are sorted. */
static double
larger(const int32_t *a, const int32_t *b, int count)
{
	int below = 0, up_to = 0;
	double pairs = 0;

	for (int i = 0; i < count; i++) {
		while (below < count && b[below] < a[i])
			below++;
		while (up_to < count && b[up_to] <= a[i])
			up_to++;
		pairs += (below + up_to) / 2.0;
	}
	return pairs / count / count;
}

static int
try_names(int rounds, char **names, int count)
{
	int32_t *took = calloc((size_t)(rounds * count), sizeof *took);
	int fd = -1;

	for (int i = 0; took != NULL && i < rounds * count; i++) {
		char request[1024], name[100];
		int64_t begun;
		size_t length;

		snprintf(name, sizeof name, "%s%d", names[i % count], i / count / TRIES);
		length = write_login(request, sizeof request, name, i);
		begun = now();

		if (exchange(&fd, request, length) == 0)
			return 1;
		took[i % count * rounds + i / count] = (int32_t)(now() - begun);
	}
	for (int i = 0; took != NULL && i < count; i++) {
		qsort(took + i * rounds, (size_t)rounds, sizeof *took, by_size);
		printf("name %s p50_us %d requests %d\n", names[i], took[i * rounds + rounds / 2],
		    rounds);
		if (i > 0)
			printf("auc %s %.4f\n", names[i], larger(took + i * rounds, took, rounds));
	}
	free(took);
	return 0;
}

int
main(int argc, char **argv)
{
	pthread_t lanes[LANES];

	if (argc < 6)
		return 2;
	pace.port = (uint16_t)strtol(argv[1], NULL, 10);
	pace.path = argv[3];
	if (strcmp(argv[2], "try") == 0)
		return try_names((int)strtol(argv[4], NULL, 10), argv + 5, argc - 5);
	pace.login = strcmp(argv[2], "login") == 0;
	pace.rate = strtod(argv[4], NULL);
	pace.count = (int64_t)(pace.rate * strtod(argv[5], NULL));
	pace.cookie = argc > 6 ? argv[6] : NULL;
	pace.took = calloc((size_t)pace.count + 1, sizeof *pace.took);
	if (pace.took == NULL || pace.count < 1)
		return 2;
	pthread_mutex_init(&pace.lock, NULL);
	pace.begin = now() + 10000;
	for (int i = 0; i < LANES; i++)
		pthread_create(&lanes[i], NULL, run_lane, NULL);
	for (int i = 0; i < LANES; i++)
		pthread_join(lanes[i], NULL);
	report();
	return 0;
}
