/* test_breaker.c: a breaker whose probe does what the test says, when the test says it. */
#include "config.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "server/breaker.h"
#include "tap.h"

struct server { /* a probe stands in ask() until it is told what to answer */
	sem_t asked, told;
	int answer;
	atomic_bool left; /* to itself: nobody tells it any more */
};

static int
ask(void *data)
{
	struct server *s = data;

	sem_post(&s->asked);
	while (!s->left && sem_wait(&s->told) < 0)
		;
	return s->left ? 0 : s->answer;
}

static struct server server;
static struct gate_breaker *breaker;

static bool
is_open(void)
{
	unsigned turn;

	return !gate_breaker_enter(breaker, &turn);
}

static void
call(bool reached)
{
	unsigned turn;

	if (gate_breaker_enter(breaker, &turn))
		gate_breaker_leave(breaker, turn, reached);
}

static void
wait_for_probe(void)
{
	while (sem_wait(&server.asked) < 0)
		;
}

static void
tell(int answer)
{
	server.answer = answer;
	sem_post(&server.told);
}

static void
test_opens(void)
{
	ok(!is_open(), "a new one is closed");
	call(false);
	ok(!is_open(), "one failure: still");
	call(true);
	call(false);
	ok(!is_open(), "and with a success between them two are still one");
	call(false);
	ok(is_open(), "two in a row: open");
}

static void
test_probe(void)
{
	unsigned turn;

	wait_for_probe();
	ok(is_open(), "while the probe asks it is open");
	tell(-1);
	wait_for_probe();
	ok(is_open(), "the probe failed: still, and it asks again");
	tell(0);
	wait_for_probe();
	tell(1);
	while (is_open())
		sched_yield();
	ok(gate_breaker_enter(breaker, &turn), "the probe got an answer: closed");
	call(false);
	ok(!is_open(), "failures count from 0 again");
	call(true);
}

/* Two that were on their way when it opened come back when it is closed again. */
static void
test_late(void)
{
	unsigned early[2], turn;

	gate_breaker_enter(breaker, &early[0]);
	gate_breaker_enter(breaker, &early[1]);
	call(false);
	call(false);
	ok(is_open(), "open again");
	gate_breaker_leave(breaker, early[0], false);
	wait_for_probe();
	tell(1);
	while (is_open())
		sched_yield();
	gate_breaker_leave(breaker, early[0], false);
	gate_breaker_leave(breaker, early[1], false);
	ok(gate_breaker_enter(breaker, &turn), "what was asked before says nothing of now");
}

static void *
fail_often(void *data)
{
	(void)data;
	for (int i = 0; i < 1000; i++)
		call(false);
	return NULL;
}

static void
test_together(void)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, fail_often, NULL) != 0)
			exit(2);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	ok(is_open(), "eight threads fail: open");
	wait_for_probe();
	server.left = true;
	tell(0);
}

int
main(void)
{
	struct gate_breaker_probe probe = {ask, &server, "a server", "calls", 1};
	struct gate_error error = {0};
	unsigned turn;

	sem_init(&server.asked, 0, 0);
	sem_init(&server.told, 0, 0);
	breaker = gate_breaker_new(&probe, &error);
	if (!ok(breaker != NULL, "a breaker"))
		return done();
	test_opens();
	test_probe();
	test_late();
	test_together();
	gate_breaker_free(breaker);
	probe.interval = 3600000;
	breaker = gate_breaker_new(&probe, &error);
	call(false);
	call(false);
	ok(!gate_breaker_enter(breaker, &turn), "an open one whose next probe is an hour away");
	gate_breaker_free(breaker);
	ok(true, "  goes at once");
	gate_breaker_free(NULL);
	return done();
}
