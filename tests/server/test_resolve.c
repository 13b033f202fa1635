/* test_resolve.c: a name server that does not answer holds nobody beyond the time. */
#include "config.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "server/resolve.h"
#include "tap.h"

static sem_t told;             /* that the name server answers */
static sem_t freed;            /* that an answer which nobody waits for any more was given back */
static atomic_int asked;       /* names that were looked for */
static struct addrinfo answer; /* to each of them */

/* In the place of the C library's. */
int
getaddrinfo(const char *restrict host, const char *restrict port,
    const struct addrinfo *restrict wanted, struct addrinfo **restrict found)
{
	(void)port;
	if (wanted->ai_flags & AI_NUMERICHOST && strcmp(host, "127.0.0.1") != 0)
		return EAI_NONAME;
	if (!(wanted->ai_flags & AI_NUMERICHOST)) {
		atomic_fetch_add(&asked, 1);
		while (sem_wait(&told) < 0)
			;
	}
	if (strcmp(host, "nobody.test") == 0)
		return EAI_NONAME;
	*found = &answer;
	return 0;
}

void
freeaddrinfo(struct addrinfo *found)
{
	(void)found;
	sem_post(&freed);
}

static void
tell(void)
{
	sem_post(&told);
}

static int
look_for(const char *host, int64_t patience, struct addrinfo **found)
{
	return gate_resolve(host, "27017", AF_UNSPEC, gate_clock_monotonic() + patience, found);
}

int
main(void)
{
	struct addrinfo *found;
	char name[300];

	sem_init(&told, 0, 0);
	sem_init(&freed, 0, 0);
	ok(look_for("127.0.0.1", 0, &found) == 0 && found == &answer && asked == 0,
	    "an address asks nobody");
	tell();
	ok(look_for("db.test", 60000, &found) == 0 && found == &answer, "a name is found");
	tell();
	ok(look_for("nobody.test", 60000, &found) == EAI_NONAME && found == NULL,
	    "a name that there is not");
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	ok(look_for(name, 60000, &found) == EAI_NONAME && asked == 2, "no name is that long");
	ok(look_for("slow.test", 20, &found) == EAI_AGAIN && found == NULL,
	    "no answer: the time is over");
	ok(look_for("slow.test", -1, &found) == EAI_AGAIN, "it was over before");
	tell();
	tell();
	sem_wait(&freed);
	sem_wait(&freed);
	ok(true, "answers that come too late are given back");
	return done();
}
