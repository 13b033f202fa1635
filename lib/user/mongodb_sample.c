/* user/mongodb_sample.c: keeps the names of some users in memory, so that a pick for an unknown
 * name costs one look-up, as a find does.
 *
 * The sample is the users whose names have the lowest keyed hashes. It depends neither on what the
 * names look like nor on which process takes it, and changes little when users come and go.
 * Therefore unknown names get each kind of hash as often as users have it, and each unknown name
 * keeps its hash. An order by name would not do: most unknown names could fall to the same user. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "user/mongodb_private.h"
#include "user/rules.h"

#define SAMPLE_MAX 8192 /* users: the share of each kind of hash is right to about one percent */
#define TRIES 4         /* users of the sample to look up: some may be gone */
#define SOME 16         /* users to search for a usable hash while there is no sample, */
#define MANY 500        /* and then, if none of those has one */
#define TEND_INTERVAL                                                                              \
	(60 * 60 * 1000)            /* ms from one sample to the next, if users are picked at all */
#define TEND_AGAIN (10 * 60 * 1000) /* ms after one that failed */
#define READY_MOST 2000             /* ms that a login waits for the first sample */
#define READY_AGAIN (60 * 1000)     /* ms after a login that waited in vain */

struct one {
	uint64_t rank; /* hash of the name; once spread, its place in the sample */
	char *name;
};

struct gate_user_mongodb_sample {
	size_t count;
	struct one users
	    [SAMPLE_MAX]; /* sorted by place; while it is taken, a heap, the highest rank first */
};

void
gate_user_mongodb_free_sample(struct gate_user_mongodb_sample *sample)
{
	for (size_t i = 0; sample != NULL && i < sample->count; i++)
		free(sample->users[i].name);
	free(sample);
}

/* ---- the walk ---- */

/* Mixes the bits as splitmix64 does: near numbers get far apart. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static int
by_place(const void *a, const void *b)
{
	const struct one *one = a, *two = b;

	return (one->rank > two->rank) - (one->rank < two->rank);
}

/* Spreads the users over all numbers: those in a sample all have low ranks. Sorts them. */
static void
spread(struct gate_user_mongodb_sample *sample)
{
	for (size_t i = 0; i < sample->count; i++)
		sample->users[i].rank = mix(sample->users[i].rank);
	qsort(sample->users, sample->count, sizeof sample->users[0], by_place);
}

static void
swap(struct one *a, struct one *b)
{
	struct one kept = *a;

	*a = *b;
	*b = kept;
}

static void
rise(struct one *heap, size_t at)
{
	for (; at > 0 && heap[at].rank > heap[(at - 1) / 2].rank; at = (at - 1) / 2)
		swap(&heap[at], &heap[(at - 1) / 2]);
}

static void
sink(struct one *heap, size_t count)
{
	for (size_t at = 0, higher; (higher = 2 * at + 1) < count; at = higher) {
		if (higher + 1 < count && heap[higher + 1].rank > heap[higher].rank)
			higher++;
		if (heap[at].rank >= heap[higher].rank)
			break;
		swap(&heap[at], &heap[higher]);
	}
}

static bool
add(struct gate_user_mongodb_sample *sample, uint64_t rank, const char *name)
{
	bool full = sample->count == SAMPLE_MAX;
	struct one new = {rank, NULL};

	if (full && rank >= sample->users[0].rank)
		return true;
	new.name = strdup(name);
	if (new.name == NULL)
		return false;
	if (full) {
		free(sample->users[0].name);
		sample->users[0] = new;
		sink(sample->users, SAMPLE_MAX);
	} else {
		sample->users[sample->count] = new;
		rise(sample->users, sample->count++);
	}
	return true;
}

static bool
add_name(struct gate_user_mongodb_sample *sample, const struct gate_keys *keys, const char *name)
{
	char signature[GATE_SIGNATURE_LENGTH + 1];
	uint64_t rank;

	gate_sign_for(keys, "gate sample", name, strlen(name), signature);
	memcpy(&rank, signature, sizeof rank);
	return add(sample, rank, name);
}

static bool
is_usable(const bson_t *document, bool weak)
{
	const char *hash = gate_user_mongodb_text(document, "password");

	return gate_user_mongodb_refusal(gate_user_mongodb_text(document, "_id"), hash) == NULL &&
	    gate_password_hash_refusal(hash, weak) == NULL;
}

struct taking {
	struct gate_user_mongodb_sample *sample;
	const struct gate_user_mongodb_wish *wish;
};

static bool
take_name(void *data, const bson_t *document)
{
	struct taking *t = data;

	return !is_usable(document, t->wish->weak) ||
	    add_name(t->sample, t->wish->keys, gate_user_mongodb_text(document, "_id"));
}

static int
take_sample(struct gate_user_mongodb *users, const struct gate_user_mongodb_wish *wish,
    struct gate_user_mongodb_sample *sample, struct gate_error *error)
{
	bson_t filter = BSON_INITIALIZER, options = BSON_INITIALIZER;
	struct taking taking = {sample, wish};
	struct gate_mongodb_call call;
	int result;

	if (gate_user_mongodb_begin(users, &call, wish->kind, error) < 0)
		return -1;
	if (wish->kind == GATE_MONGODB_READ && gate_mongodb_left() > READY_MOST)
		gate_mongodb_set_end(gate_clock_monotonic() + READY_MOST);
	gate_user_mongodb_project(&options);
	result = gate_mongodb_find(&call, &filter, &options, take_name, &taking);
	if (result == 0)
		gate_fail(error, GATE_EMEMORY, "out of memory");
	bson_destroy(&options);
	bson_destroy(&filter);
	return gate_mongodb_end(&call, result == 1, "the users can't be read", error);
}

/* Takes a new sample in place of the old one. Needs `sampling`. Returns 0; or -1, and logs why. */
static int
renew_sample(struct gate_user_mongodb *users, const struct gate_user_mongodb_wish *wish)
{
	struct gate_user_mongodb_sample *sample = calloc(1, sizeof *sample), *before;
	struct gate_error error = {0};

	if (sample == NULL || take_sample(users, wish, sample, &error) < 0) {
		gate_log(GATE_LOG_WARN, "users-unread", "error", error.text, NULL);
		gate_user_mongodb_free_sample(sample);
		return -1;
	}
	spread(sample);
	pthread_mutex_lock(&users->lock);
	before = users->sample;
	users->sample = sample;
	pthread_mutex_unlock(&users->lock);
	gate_user_mongodb_free_sample(before);
	users->tend_after = gate_clock_monotonic() + TEND_INTERVAL;
	return 0;
}

void
gate_user_mongodb_tend(void *data, const struct gate_keys *keys, bool weak)
{
	struct gate_user_mongodb *users = data;
	const struct gate_user_mongodb_wish wish = {GATE_MONGODB_PATIENT, keys, weak};

	if (gate_clock_monotonic() < users->tend_after || !atomic_exchange(&users->picked, false))
		return;
	pthread_mutex_lock(&users->sampling);
	if (renew_sample(users, &wish) < 0) {
		users->tend_after = gate_clock_monotonic() + TEND_AGAIN;
		users->picked = true;
	}
	pthread_mutex_unlock(&users->sampling);
}

static bool
is_sampled(struct gate_user_mongodb *users)
{
	bool sampled;

	pthread_mutex_lock(&users->lock);
	sampled = users->sample != NULL;
	pthread_mutex_unlock(&users->lock);
	return sampled;
}

/* If there are so many users that it takes too long, the thread that tends takes the sample. */
void
gate_user_mongodb_get_ready(void *data, const struct gate_keys *keys, bool weak)
{
	struct gate_user_mongodb *users = data;
	const struct gate_user_mongodb_wish wish = {GATE_MONGODB_READ, keys, weak};

	if (is_sampled(users) || gate_clock_monotonic() < users->ready_after)
		return;
	pthread_mutex_lock(&users->sampling);
	if (!is_sampled(users) && gate_clock_monotonic() >= users->ready_after &&
	    renew_sample(users, &wish) < 0) {
		users->ready_after = gate_clock_monotonic() + READY_AGAIN;
		users->picked = true;
	}
	pthread_mutex_unlock(&users->sampling);
}

/* ---- the stranger's user ---- */

/* Copies names from the sample, from the number's place on. Returns how many, or -1 if there is no
 * sample yet. */
static int
choose(struct gate_user_mongodb *users, uint64_t number, char names[TRIES][GATE_USER_NAME_MAX + 1])
{
	const struct gate_user_mongodb_sample *sample;
	size_t low = 0, high, count = 0;
	int result = -1;

	number = mix(number);
	pthread_mutex_lock(&users->lock);
	sample = users->sample;
	for (high = sample != NULL ? sample->count : 0; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (sample->users[middle].rank < number)
			low = middle + 1;
		else
			high = middle;
	}
	for (; sample != NULL && count < TRIES && count < sample->count; count++)
		snprintf(names[count], sizeof names[count], "%s",
		    sample->users[(low + count) % sample->count].name);
	if (sample != NULL)
		result = (int)count;
	pthread_mutex_unlock(&users->lock);
	return result;
}

/* Picks from the sample, mostly with one look-up. Returns 1, 0 if none of those tried has a usable
 * hash, -1 with the error set, or -2 if there is no sample yet. */
static int
pick_from_sample(struct gate_user_mongodb *users, uint64_t number, bool weak,
    char hash[GATE_HASH_MAX], struct gate_error *error)
{
	char names[TRIES][GATE_USER_NAME_MAX + 1];
	int count = choose(users, number, names), found = 0;

	if (count < 0)
		return -2;
	for (int i = 0; i < count && found == 0; i++) {
		found = gate_user_mongodb_find(users, names[i], hash, error);
		if (found == 1 && gate_password_hash_refusal(hash, weak) != NULL)
			found = 0;
	}
	if (found != 1)
		*hash = '\0';
	return found;
}

struct pick {
	bool weak;
	char *hash;
};

static bool
take_usable(void *data, const bson_t *document)
{
	struct pick *pick = data;

	if (!is_usable(document, pick->weak))
		return true;
	snprintf(pick->hash, GATE_HASH_MAX, "%s", gate_user_mongodb_text(document, "password"));
	return false;
}

/* Picks the first user with a usable hash among the first `most` that the server returns. Only for
 * the time until the first sample, if a login can't wait for that. Returns 1, 0 if none of them has
 * one, or -1 with the call's error set. */
static int
pick_from_server(struct gate_mongodb_call *call, int64_t most, bool weak, char hash[GATE_HASH_MAX])
{
	bson_t filter = BSON_INITIALIZER, options = BSON_INITIALIZER;
	struct pick pick = {weak, hash};
	int result;

	gate_user_mongodb_project(&options);
	BSON_APPEND_INT64(&options, "limit", most);
	BSON_APPEND_BOOL(&options, "singleBatch", true);
	result = gate_mongodb_find(call, &filter, &options, take_usable, &pick);
	bson_destroy(&options);
	bson_destroy(&filter);
	return result < 0 ? -1 : result == 0;
}

int
gate_user_mongodb_pick(
    void *data, uint64_t number, bool weak, char hash[GATE_HASH_MAX], struct gate_error *error)
{
	struct gate_user_mongodb *users = data;
	struct gate_mongodb_call call;
	int result;

	*hash = '\0';
	if (!users->picked) /* spares most writes to a cache line that all threads share */
		users->picked = true;
	result = pick_from_sample(users, number, weak, hash, error);
	if (result != -2)
		return result;
	if (gate_user_mongodb_begin(users, &call, GATE_MONGODB_READ, error) < 0)
		return -1;
	result = pick_from_server(&call, SOME, weak, hash);
	if (result == 0)
		result = pick_from_server(&call, MANY, weak, hash);
	if (gate_mongodb_end(&call, result >= 0, "the users can't be read", error) < 0)
		return -1;
	return result;
}
