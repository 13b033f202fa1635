/* test_throttle.c: the rule of throttle.h, on the real store, with a clock that the test sets; for
 * one try at a time and for many at once. */
#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>

#include "login/device.h"
#include "crypto/digest.h"
#include "base/error.h"
#include "record/counter.h"
#include "records.h"
#include "store/file/file.h"
#include "login/throttle.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define DAY (24 * HOUR)
#define MONDAY INT64_C(1800000000000) /* the beginning of one of an address's five minutes */
#define CROWD 64
#define DEVICE "0123456789abcdefghijklmnopqrstuv"
#define OTHER_DEVICE "vutsrqponmlkjihgfedcba9876543210"

static struct fixture f;
static _Atomic int64_t *wall; /* shared with the processes that a test starts; NULL: the real one */

/* The wall clock stands still until the test moves it. */
int
clock_gettime(clockid_t which, struct timespec *t)
{
	int64_t now;

	if (which != CLOCK_REALTIME || wall == NULL)
		return (int)syscall(SYS_clock_gettime, which, t);
	now = *wall;
	*t = (struct timespec){.tv_sec = now / 1000, .tv_nsec = now % 1000 * 1000000};
	return 0;
}

/* ---- a store of counters in memory, by the book, for tests that need very many ---- */

#define SLOTS (1 << 17) /* far more than any test needs */

static struct slot {
	char key[128];
	int64_t count, expires, last, before;
} slots[SLOTS];

static int calls_left; /* until it fails; below 0: it doesn't */

static struct slot *
find_slot(const char *key)
{
	uint32_t hash = 2166136261;
	struct slot *slot;

	for (const char *c = key; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619;
	do
		slot = &slots[hash++ % SLOTS];
	while (slot->key[0] != '\0' && strcmp(slot->key, key) != 0);
	return slot;
}

static int
bump(void *store, const char *key, int64_t add, int64_t lifetime, struct gate_bump *b,
    struct gate_error *error)
{
	struct slot *slot = find_slot(key);

	(void)store;
	if (calls_left == 0)
		return gate_fail(error, GATE_ESTORE, "store: it fails on demand");
	calls_left--;
	snprintf(slot->key, sizeof slot->key, "%s", key);
	if (slot->expires <= *wall || lifetime == 0)
		slot->count = slot->last = slot->before = 0;
	b->last = slot->last;
	if (__builtin_add_overflow(slot->count, add, &slot->count))
		slot->count = INT64_MAX;
	if (slot->count < 0)
		slot->count = 0;
	b->count = slot->count;
	if (add > 0) {
		slot->before = slot->last;
		slot->last = *wall;
		slot->expires = *wall + lifetime;
	} else if (add < 0) {
		slot->last = slot->before;
	}
	return 1;
}

static const struct gate_store counters = {.scheme = "counters", .bump = bump};

/* ---- one try ---- */

static struct gate_throttle
new_try(const char *name, const char *address, const char *device)
{
	return (struct gate_throttle){
	    .store = &f.link, .name = name, .address = address, .device = device};
}

/* A wrong password: the verdict. */
static int
guess(const char *name, const char *address, const char *device)
{
	struct gate_throttle t = new_try(name, address, device);

	return gate_throttle_try(&t, NULL);
}

/* The wait that the verdict comes with; 0: it passed. */
static int64_t
wait_of(const char *name, const char *address, const char *device)
{
	struct gate_throttle t = new_try(name, address, device);

	gate_throttle_try(&t, NULL);
	return t.wait;
}

/* The right password. */
static int
login(const char *name, const char *address, const char *device)
{
	struct gate_throttle t = new_try(name, address, device);
	int verdict = gate_throttle_try(&t, NULL);

	if (verdict == GATE_THROTTLE_PASS && gate_throttle_success(&t, NULL) < 0)
		return -1;
	return verdict;
}

/* An address that no other call gave. */
static const char *
fresh_address(void)
{
	static char text[32];
	static unsigned number;

	number++;
	snprintf(
	    text, sizeof text, "10.%u.%u.%u", number >> 16 & 255, number >> 8 & 255, number & 255);
	return text;
}

/* So many failures, none of which has to wait. */
static void
fail_often(const char *name, const char *device, int count)
{
	for (int i = 0; i < count; i++) {
		*wall += 16 * MINUTE;
		if (guess(name, fresh_address(), device) != GATE_THROTTLE_PASS)
			printf("# failure %d of %s doesn't pass\n", i + 1, name);
	}
}

/* ---- an account ---- */

static void
test_curve(void)
{
	static const int64_t seconds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900};
	bool early = false, exact = true, then = true;

	for (int i = 0; i < GATE_THROTTLE_FREE; i++)
		ok(guess("curve", fresh_address(), NULL) == GATE_THROTTLE_PASS, "free try %d",
		    i + 1);
	ok(guess("curve", fresh_address(), NULL) == GATE_THROTTLE_ACCOUNT, "then it has to wait");
	for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
		exact = exact && wait_of("curve", fresh_address(), NULL) == seconds[i] * SECOND;
		*wall += seconds[i] * SECOND - 1;
		early |= guess("curve", fresh_address(), NULL) != GATE_THROTTLE_ACCOUNT;
		exact = exact && wait_of("curve", fresh_address(), NULL) == 1;
		*wall += 1;
		then = then && guess("curve", fresh_address(), NULL) == GATE_THROTTLE_PASS;
	}
	ok(exact, "the wait is 1, 2, 4 … 512, 900, 900 s from the last try that passed");
	ok(!early, "a millisecond before that it is refused: the refused ones move nothing");
	ok(then, "and passes on it");
	ok(guess("curvy", fresh_address(), NULL) == GATE_THROTTLE_PASS, "another account is free");
}

static void
test_success(void)
{
	for (int i = 1; i < GATE_THROTTLE_FREE; i++)
		guess("success", fresh_address(), NULL);
	ok(login("success", fresh_address(), NULL) == GATE_THROTTLE_PASS, "the fifth is right");
	for (int i = 0; i < GATE_THROTTLE_FREE; i++)
		ok(guess("success", fresh_address(), NULL) == GATE_THROTTLE_PASS,
		    "then five are free again: %d", i + 1);
	ok(login("success", fresh_address(), NULL) == GATE_THROTTLE_ACCOUNT,
	    "the right password has to wait like any other");
	*wall += SECOND;
	ok(login("success", fresh_address(), NULL) == GATE_THROTTLE_PASS, "and passes then");
	ok(guess("success", fresh_address(), NULL) == GATE_THROTTLE_PASS, "which forgets again");
}

static void
test_undo(void)
{
	bool all = true;

	for (int i = 0; i < 50; i++) {
		struct gate_throttle t = new_try("undo", "192.0.2.77", NULL);

		all = all && gate_throttle_try(&t, NULL) == GATE_THROTTLE_PASS &&
		    gate_throttle_undo(&t, NULL) == 0;
	}
	ok(all, "tries that came to nothing don't count, for account and address");
	for (int i = 0; i < 50; i++) {
		struct gate_throttle t = new_try("undo", "192.0.2.77", DEVICE);

		all = all && gate_throttle_try(&t, NULL) == GATE_THROTTLE_PASS &&
		    gate_throttle_undo(&t, NULL) == 0;
	}
	ok(all, "nor for a device");
	fail_often("undone", NULL, 9);
	*wall += 16 * SECOND;
	for (int i = 0; i < 3; i++) {
		struct gate_throttle t = new_try("undone", fresh_address(), NULL);

		all = all && gate_throttle_try(&t, NULL) == GATE_THROTTLE_PASS &&
		    gate_throttle_undo(&t, NULL) == 0;
	}
	ok(all, "nor do they make the next one wait");
	for (int i = 0; i < GATE_THROTTLE_FREE; i++)
		all = all && guess("undo", "192.0.2.77", NULL) == GATE_THROTTLE_PASS;
	ok(all && guess("undo", "192.0.2.77", NULL) == GATE_THROTTLE_ACCOUNT,
	    "failures do, as ever");
}

/* As fast as it may, from an address of its own each time. */
static void
test_closed(void)
{
	int64_t start = *wall;
	int passed = 0, tries = 0, verdict;

	do {
		struct gate_throttle t = new_try("closed", fresh_address(), NULL);

		verdict = gate_throttle_try(&t, NULL);
		passed += verdict == GATE_THROTTLE_PASS;
		*wall += t.wait;
	} while (++tries < 1000 && verdict < GATE_THROTTLE_CLOSED);
	ok(verdict == GATE_THROTTLE_CLOSED && passed == GATE_THROTTLE_TRIES_MAX,
	    "100 guesses pass (%d), then the account is closed", passed);
	ok(*wall - start > 21 * HOUR, "the 100 take %d hours", (int)((*wall - start) / HOUR));
	ok(login("closed", fresh_address(), NULL) == GATE_THROTTLE_CLOSED,
	    "the 101st is refused, and be it right");
	*wall += 20 * 365 * DAY;
	ok(login("closed", fresh_address(), NULL) == GATE_THROTTLE_CLOSED, "20 years later too");
	ok(login("closed", fresh_address(), DEVICE) == GATE_THROTTLE_PASS,
	    "a known device gets in");
	ok(login("closed", fresh_address(), NULL) == GATE_THROTTLE_CLOSED,
	    "which opens it to nobody else");
	for (int i = 0; i < GATE_THROTTLE_TRIES_MAX - 1; i++)
		fail_often("regular", NULL, 1);
	ok(login("regular", fresh_address(), DEVICE) == GATE_THROTTLE_PASS &&
		guess("regular", fresh_address(), NULL) == GATE_THROTTLE_PASS,
	    "one failure earlier a known device's success makes all of them forgotten");
	ok(gate_throttle_reset(&f.link, "closed", NULL) == 0, "an admin does");
	ok(login("closed", fresh_address(), NULL) == GATE_THROTTLE_PASS, "it is open");
	*wall = start;
}

/* Failures stay however far they lie apart. */
static void
test_patience(void)
{
	int64_t start = *wall;
	int passed = 0;

	for (int i = 0; i < 120; i++) {
		*wall += 30 * DAY;
		passed += guess("patience", fresh_address(), NULL) == GATE_THROTTLE_PASS;
	}
	ok(passed == GATE_THROTTLE_TRIES_MAX, "one guess a month, for ten years: %d", passed);
	*wall = start;
}

static void
test_clock(void)
{
	int64_t start = *wall;

	fail_often("clock", NULL, 20);
	*wall -= 10 * SECOND;
	ok(wait_of("clock", fresh_address(), NULL) == 15 * MINUTE + 10 * SECOND,
	    "another host's clock is behind: nothing is gained");
	*wall -= DAY;
	ok(guess("clock", fresh_address(), NULL) == GATE_THROTTLE_PASS,
	    "a clock that was set back by a day keeps nobody out");
	ok(wait_of("clock", fresh_address(), NULL) == 15 * MINUTE, "and counts from there");
	*wall = start;
}

static void
test_names(void)
{
	static const char *const names[] = {"Bob", "bob", "bob ", "", "\xc3\xb6", "bo\xcc",
	    "../../etc/passwd", "login:account:bob", "bob\n", "%s%n", "10.0.0.1"};
	char longest[70001], other[70001];
	bool apart = true;

	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	memcpy(other, longest, sizeof other);
	other[sizeof other - 2] = 'y';
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (int k = 0; k < GATE_THROTTLE_FREE; k++)
			apart = apart && guess(names[i], fresh_address(), NULL) == 1;
	ok(apart, "any text is a name, and each its own: Bob is not bob");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		apart = apart && guess(names[i], fresh_address(), NULL) == GATE_THROTTLE_ACCOUNT;
	ok(apart, "each of them has to wait now");
	for (int k = 0; k < GATE_THROTTLE_FREE; k++)
		apart = apart && guess(longest, fresh_address(), NULL) == GATE_THROTTLE_PASS;
	ok(apart && guess(longest, fresh_address(), NULL) == GATE_THROTTLE_ACCOUNT &&
		guess(other, fresh_address(), NULL) == GATE_THROTTLE_PASS,
	    "however long: its last byte counts");
}

/* ---- a known device ---- */

static void
test_device(void)
{
	bool good = true;

	fail_often("device", NULL, GATE_THROTTLE_TRIES_MAX);
	ok(guess("device", fresh_address(), NULL) == GATE_THROTTLE_CLOSED,
	    "strangers closed the account");
	for (int i = 0; i < GATE_THROTTLE_FREE; i++)
		good = good && guess("device", "192.0.2.1", DEVICE) == GATE_THROTTLE_PASS;
	ok(good, "a known device has tries of its own");
	ok(wait_of("device", "192.0.2.1", DEVICE) == SECOND, "by the same rule");
	ok(guess("device", "192.0.2.1", OTHER_DEVICE) == GATE_THROTTLE_PASS,
	    "each device of its own");
	*wall += SECOND;
	ok(login("device", "192.0.2.1", DEVICE) == GATE_THROTTLE_PASS, "it is let in");
	for (int i = 0; i < GATE_THROTTLE_FREE; i++)
		good = good && guess("device", "192.0.2.1", DEVICE) == GATE_THROTTLE_PASS;
	ok(good && guess("device", "192.0.2.1", DEVICE) == GATE_THROTTLE_ACCOUNT,
	    "which forgot its failures");
}

static void
test_device_used_up(void)
{
	struct gate_throttle t = new_try("used", "192.0.2.2", DEVICE);

	fail_often("used", DEVICE, GATE_THROTTLE_TRIES_MAX);
	for (int i = 0; i < GATE_THROTTLE_FREE; i++)
		ok(guess("used", "192.0.2.2", DEVICE) == GATE_THROTTLE_PASS,
		    "a device without tries has those of anybody: %d", i + 1);
	ok(guess("used", "192.0.2.2", NULL) == GATE_THROTTLE_ACCOUNT, "and counts with them");
	ok(gate_throttle_reset(&f.link, "used", NULL) == 0 &&
		gate_throttle_try(&t, NULL) == GATE_THROTTLE_PASS && t.device == NULL,
	    "the caller is told that it is unknown");
	ok(gate_throttle_success(&t, NULL) == 0, "so success concerns the account");
	for (int i = 5; i < GATE_THROTTLE_ADDRESS_MAX; i++)
		guess(fresh_address(), "192.0.2.2", NULL);
	ok(guess("used", "192.0.2.2", DEVICE) == GATE_THROTTLE_ADDRESS, "and the address counts");
	ok(guess("used", "192.0.2.2", OTHER_DEVICE) == GATE_THROTTLE_PASS,
	    "as it doesn't for a known one");
}

/* The address is counted and judged before the account is, which may take time. */
static void
test_admit(void)
{
	struct gate_throttle t[GATE_THROTTLE_ADDRESS_MAX],
	    more = new_try("admit", "192.0.2.8", NULL);
	struct gate_throttle known = new_try("admit", "192.0.2.8", DEVICE);
	bool good = true;

	for (int i = 0; i < GATE_THROTTLE_ADDRESS_MAX; i++) {
		t[i] = new_try("admit", "192.0.2.8", NULL);
		good = good && gate_throttle_admit(&t[i], NULL) == GATE_THROTTLE_PASS;
	}
	ok(good && gate_throttle_admit(&more, NULL) == GATE_THROTTLE_ADDRESS && more.wait > 0,
	    "twenty of an address may wait for an account, the next one may not");
	ok(gate_throttle_admit(&known, NULL) == GATE_THROTTLE_PASS && known.device != NULL &&
		gate_throttle_try(&known, NULL) == GATE_THROTTLE_PASS,
	    "a known device may");
	for (int i = 0; i < GATE_THROTTLE_ADDRESS_MAX; i++)
		if (i < GATE_THROTTLE_FREE)
			good = good && gate_throttle_try(&t[i], NULL) == GATE_THROTTLE_PASS;
		else
			good = good && gate_throttle_withdraw(&t[i], NULL) == 0;
	ok(good, "some are made, the others are withdrawn");
	more = new_try("admit", "192.0.2.8", NULL);
	ok(gate_throttle_admit(&more, NULL) == GATE_THROTTLE_PASS &&
		gate_throttle_try(&more, NULL) == GATE_THROTTLE_ACCOUNT,
	    "then the address is free, and the account has to wait");
	good = true;
	for (int i = GATE_THROTTLE_FREE; i < GATE_THROTTLE_ADDRESS_MAX; i++)
		good = good && guess(fresh_address(), "192.0.2.8", NULL) == GATE_THROTTLE_PASS;
	ok(good && guess("x", "192.0.2.8", NULL) == GATE_THROTTLE_ADDRESS,
	    "what was withdrawn, or refused for the account, did not count");
}

/* Ten thousand strangers, each from an address of its own, against one owner. */
static void
test_strangers(void)
{
	int passed = 0, good = 0;

	for (int i = 0; i < 10000; i++) {
		passed += guess("owner", fresh_address(), NULL) == GATE_THROTTLE_PASS;
		if (i % 100 == 0)
			good += login("owner", fresh_address(), DEVICE) == GATE_THROTTLE_PASS;
	}
	ok(passed == 101 * GATE_THROTTLE_FREE - 5 + 1,
	    "of 10000 strangers at one moment 5 pass behind each of the owner's logins (%d)",
	    passed);
	ok(good == 100, "the owner's device is let in each time (%d)", good);
	*wall += 15 * MINUTE;
	ok(login("owner", "198.51.100.9", NULL) == GATE_THROTTLE_PASS,
	    "the refused ones make nobody wait for longer");
}

/* ---- an address ---- */

static void
test_address(void)
{
	struct gate_throttle t = new_try("victim", "203.0.113.5", NULL);
	char name[32];
	int passed = 0;

	*wall = MONDAY + MINUTE;
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "user-%d", i);
		passed += guess(name, "203.0.113.5", NULL) == GATE_THROTTLE_PASS;
	}
	ok(passed == GATE_THROTTLE_ADDRESS_MAX, "one address tries 10000 names: %d pass", passed);
	ok(gate_throttle_try(&t, NULL) == GATE_THROTTLE_ADDRESS && t.wait == 6 * MINUTE + 30000,
	    "it has to wait until they are over");
	ok(guess("user-9999", "203.0.113.6", NULL) == GATE_THROTTLE_PASS &&
		wait_of("user-9999", "203.0.113.6", NULL) == 0,
	    "the refused ones count for no account, and the next address is free");
	for (int i = 0; i < GATE_THROTTLE_FREE; i++)
		ok(guess("victim", "203.0.113.5", DEVICE) == GATE_THROTTLE_PASS,
		    "a known device behind that address is free: %d", i + 1);
	*wall += t.wait - 1;
	ok(guess("victim", "203.0.113.5", NULL) == GATE_THROTTLE_ADDRESS, "a millisecond early");
	*wall += 1;
	ok(guess("victim", "203.0.113.5", NULL) == GATE_THROTTLE_PASS, "on time");
}

/* What account or password answered is no failure of the address's. */
static void
test_address_back(void)
{
	bool good = true;

	*wall = MONDAY + HOUR;
	for (int i = 0; i < 100; i++)
		good = good && login("regular", "203.0.113.9", NULL) == GATE_THROTTLE_PASS;
	ok(good, "right passwords are no failures");
	for (int i = 0; i < GATE_THROTTLE_FREE; i++)
		guess("regular", "203.0.113.9", NULL);
	for (int i = 0; i < 100; i++)
		good = good && guess("regular", "203.0.113.9", NULL) == GATE_THROTTLE_ACCOUNT;
	ok(good, "nor are tries that the account refused");
	for (int i = GATE_THROTTLE_FREE; i < GATE_THROTTLE_ADDRESS_MAX; i++)
		good = good && guess(fresh_address(), "203.0.113.9", NULL) == GATE_THROTTLE_PASS;
	ok(good && guess("regular", "203.0.113.9", NULL) == GATE_THROTTLE_ADDRESS,
	    "20 are, and then the address is what answers");
	for (int i = 0; i < 10; i++) {
		struct gate_throttle t = new_try(fresh_address(), "203.0.113.10", NULL);

		*wall = MONDAY + 2 * HOUR + 5 * MINUTE - 1;
		gate_throttle_try(&t, NULL);
		*wall += 1;
		gate_throttle_success(&t, NULL);
	}
	for (int i = 0; i < GATE_THROTTLE_ADDRESS_MAX; i++)
		good = good && guess(fresh_address(), "203.0.113.10", NULL) == GATE_THROTTLE_PASS;
	ok(good, "a success takes back what was counted in the part of time before");
}

/* A random crowd tries from one address for two days. No five minutes have more than 20 failures; a
 * try is refused only if the seven and a half minutes before had 20; and a try after the wait that
 * was told passes. */
static void
test_address_window(void)
{
	enum { TRIES = 20000 };
	int64_t *passed = calloc(TRIES, sizeof *passed), start = MONDAY + DAY;
	int count = 0, refused = 0, over = 0, needless = 0, untrue = 0;
	uint32_t random = 1;

	*wall = start;
	for (int i = 0; passed != NULL && i < TRIES; i++) {
		struct gate_throttle t = new_try(fresh_address(), "203.0.113.20", NULL);
		int verdict;

		random = random * 1664525 + 1013904223;
		*wall += (random >> 8) % (i / 500 % 2 == 0 ? 2 * SECOND : 20 * SECOND);
		verdict = gate_throttle_try(&t, NULL);
		if (verdict == GATE_THROTTLE_PASS) {
			passed[count++] = *wall;
			over += count > GATE_THROTTLE_ADDRESS_MAX &&
			    passed[count - 1 - GATE_THROTTLE_ADDRESS_MAX] >
				*wall - GATE_THROTTLE_ADDRESS_TIME;
			continue;
		}
		refused++;
		needless += count < GATE_THROTTLE_ADDRESS_MAX ||
		    passed[count - GATE_THROTTLE_ADDRESS_MAX] <=
			*wall - GATE_THROTTLE_ADDRESS_TIME * 3 / 2;
		if (refused % 10 == 0) {
			*wall += t.wait;
			untrue += guess(fresh_address(), "203.0.113.20", NULL) != 1;
			passed[count++] = *wall;
		}
	}
	ok(count > 1000 && refused > 1000, "%d tries passed, %d were refused", count, refused);
	ok(over == 0, "never more than 20 in five minutes: %d", over);
	ok(needless == 0, "never refused without 20 in the last seven and a half: %d", needless);
	ok(untrue == 0, "the wait is true: %d", untrue);
	free(passed);
}

static void
test_address_steady(void)
{
	int refused = 0;

	*wall = MONDAY + 10 * DAY;
	for (int i = 0; i < 3600; i++) {
		*wall += 24 * SECOND;
		refused += guess(fresh_address(), "203.0.113.30", NULL) != GATE_THROTTLE_PASS;
	}
	ok(refused == 0, "one failure each 24 s, for a day, is never refused: %d", refused);
}

/* True: the second address finds used up what the first has used up. */
static bool
share(const char *one, const char *two)
{
	for (int i = 0; i < GATE_THROTTLE_ADDRESS_MAX; i++)
		guess(fresh_address(), one, NULL);
	return guess(fresh_address(), two, NULL) == GATE_THROTTLE_ADDRESS;
}

static void
test_networks(void)
{
	*wall = MONDAY + 20 * DAY;
	ok(share("192.0.2.10", "192.0.2.10"), "an IPv4 address");
	ok(!share("192.0.2.11", "192.0.2.12"), "is none of its neighbours");
	ok(share("192.0.2.13", "::ffff:192.0.2.13"), "as IPv6 sees it");
	ok(share("::ffff:c000:20e", "192.0.2.14"), "and the other way round");
	ok(!share("::ffff:192.0.2.15", "::ffff:192.0.2.16"), "which is no /64");
	ok(share("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"), "a /64 of IPv6 is one");
	ok(share("2001:0DB8:0001:3::", "2001:db8:1:3::7"), "however it is written");
	ok(!share("2001:db8:1:4::1", "2001:db8:1:5::1"), "and not the next one");
	ok(!share("c000:0211::1", "192.0.2.17"), "nor an IPv4 address with the same bytes");
	ok(share("fe80::1%eth0", "fe80::2"), "the neighbours on a link are one");
	ok(share(NULL, ""), "none at all is an address of its own");
	ok(guess(fresh_address(), "unix:", NULL) == GATE_THROTTLE_ADDRESS &&
		guess(fresh_address(), "192.0.2.300", NULL) == GATE_THROTTLE_ADDRESS &&
		guess(fresh_address(), "2001:db8::1%eth0", NULL) == GATE_THROTTLE_ADDRESS &&
		guess(fresh_address(), "192.0.2.18, 192.0.2.19", NULL) == GATE_THROTTLE_ADDRESS,
	    "whatever is none is that one");
}

/* ---- many at once ---- */

struct crowd {
	atomic_int verdicts[5]; /* how many tries got each; 0: failed */
	atomic_int looked;
	const char *name, *device;
};

static struct crowd *crowd;
static struct gate_store slow; /* the store: nobody counts before all have looked */

static int
slow_bump(void *store, const char *key, int64_t add, int64_t lifetime, struct gate_bump *b,
    struct gate_error *error)
{
	int64_t deadline = gate_clock_monotonic() + PATIENCE;
	int result = gate_store_file.bump(store, key, add, lifetime, b, error);

	if (add != 0 || strncmp(key, "login:account:", strlen("login:account:")) != 0)
		return result;
	crowd->looked++;
	while (crowd->looked < CROWD && gate_clock_monotonic() < deadline)
		gate_clock_pause();
	return result;
}

static void
try_in_crowd(struct gate_store_link *link, int number)
{
	char address[32];
	struct gate_throttle t = {
	    .store = link, .name = crowd->name, .address = address, .device = crowd->device};
	struct gate_error error = {0};
	int verdict;

	snprintf(address, sizeof address, "172.16.0.%d", number);
	verdict = gate_throttle_try(&t, &error);
	if (verdict < 0)
		printf("# %s\n", error.text);
	crowd->verdicts[verdict > 0 ? verdict : 0]++;
}

static int
try_in_process(int number, void *data)
{
	struct gate_store_link link = {0};
	struct gate_error error = {0};

	(void)data;
	if (connect_store(&link, &f.options, &error) < 0)
		return 1;
	link.table = &slow;
	try_in_crowd(&link, number);
	gate_store_close(&link);
	return 0;
}

static void *
try_in_thread(void *data)
{
	try_in_crowd(&f.link, (int)(intptr_t)data);
	return NULL;
}

static void
clear_crowd(const char *name, const char *device)
{
	memset(crowd, 0, sizeof *crowd);
	crowd->name = name;
	crowd->device = device;
}

static bool
run_threads(void)
{
	pthread_t threads[CROWD];
	const struct gate_store *real = f.link.table;
	bool good = true;

	f.link.table = &slow;
	for (int i = 0; i < CROWD; i++)
		good = pthread_create(&threads[i], NULL, try_in_thread, (void *)(intptr_t)i) == 0 &&
		    good;
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	f.link.table = real;
	return good;
}

static bool
saw(int passed, int refused)
{
	printf("# %d passed, %d had to wait, %d found it closed, %d failed\n", crowd->verdicts[1],
	    crowd->verdicts[2], crowd->verdicts[3], crowd->verdicts[0]);
	return crowd->verdicts[GATE_THROTTLE_PASS] == passed &&
	    crowd->verdicts[GATE_THROTTLE_ACCOUNT] + crowd->verdicts[GATE_THROTTLE_CLOSED] ==
	    refused;
}

static void
test_together(void)
{
	slow = gate_store_file;
	slow.bump = slow_bump;
	clear_crowd("threads", NULL);
	ok(run_threads() && saw(5, 59), "64 threads guess at once: 5 pass");
	ok(wait_of("threads", fresh_address(), NULL) == SECOND, "and 5 are counted");
	clear_crowd("processes", NULL);
	ok(in_processes(CROWD, try_in_process, NULL) && saw(5, 59),
	    "64 processes guess at once: 5 pass");
	ok(wait_of("processes", fresh_address(), NULL) == SECOND, "and 5 are counted");
	clear_crowd("processes", DEVICE);
	ok(in_processes(CROWD, try_in_process, NULL) && saw(5, 59), "on one device: 5 pass");
	*wall += SECOND;
	clear_crowd("processes", NULL);
	ok(in_processes(CROWD, try_in_process, NULL) && saw(1, 63),
	    "64 a second later: one passes");
	ok(wait_of("processes", fresh_address(), NULL) == 2 * SECOND, "and one is counted");
	fail_often("edge", NULL, GATE_THROTTLE_TRIES_MAX - 1);
	*wall += 15 * MINUTE;
	clear_crowd("edge", NULL);
	ok(in_processes(CROWD, try_in_process, NULL) && saw(1, 63),
	    "64 at the last try: one passes");
	ok(guess("edge", fresh_address(), NULL) == GATE_THROTTLE_CLOSED, "and closes the account");
}

static void *
guess_from_one_address(void *data)
{
	char name[32];
	int verdict;

	snprintf(name, sizeof name, "name-%d", (int)(intptr_t)data);
	verdict = guess(name, "198.51.100.64", NULL);
	crowd->verdicts[verdict > 0 ? verdict : 0]++;
	return NULL;
}

static void
test_address_together(void)
{
	pthread_t threads[CROWD];

	clear_crowd(NULL, NULL);
	for (int i = 0; i < CROWD; i++)
		if (pthread_create(
			&threads[i], NULL, guess_from_one_address, (void *)(intptr_t)i) != 0)
			exit(2);
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	ok(crowd->verdicts[GATE_THROTTLE_PASS] == GATE_THROTTLE_ADDRESS_MAX &&
		crowd->verdicts[GATE_THROTTLE_ADDRESS] == CROWD - GATE_THROTTLE_ADDRESS_MAX,
	    "64 at once from one address: 20 pass (%d)", crowd->verdicts[1]);
}

/* ---- the store ---- */

/* Whichever call fails: refused, with the reason, and nothing is forgotten. */
static void
test_dead_store(const char *device, int most, const char *what)
{
	int calls, counted_tries = 0;
	struct gate_error error = {0};
	struct gate_throttle t;

	for (calls = 0; calls < 100; calls++) {
		t = new_try("dead", "198.51.100.1", device);
		calls_left = calls;
		if (gate_throttle_try(&t, &error) != -1)
			break;
		counted_tries++;
	}
	calls_left = -1;
	ok(error.code == GATE_ESTORE && strcmp(error.text, "store: it fails on demand") == 0,
	    "%s: a store that fails refuses", what);
	ok(calls > 0 && calls == counted_tries && calls <= most, "each of its %d calls", calls);
	for (int i = 0; i < 2; i++) {
		int wanted = device != NULL && i == 1 ? 0 : -1;

		calls_left = i;
		ok(gate_throttle_success(&t, NULL) == -1, "success with %d calls", i);
		calls_left = i;
		ok(gate_throttle_undo(&t, NULL) == wanted, "undo with %d calls", i);
	}
	calls_left = 0;
	ok(gate_throttle_reset(&f.link, "dead", NULL) == -1, "so does a reset");
	calls_left = -1;
	ok(gate_throttle_reset(&f.link, "dead", NULL) == 0, "it is back");
}

static void
test_costs(void)
{
	unsigned long before = f.link.calls[GATE_STORE_BUMP];

	guess("costs", "198.51.100.2", NULL);
	ok(f.link.calls[GATE_STORE_BUMP] - before == 5, "a try costs 5 calls of the store");
	before = f.link.calls[GATE_STORE_BUMP];
	guess("costs", "198.51.100.2", DEVICE);
	ok(f.link.calls[GATE_STORE_BUMP] - before == 3, "a known device's 3");
}

static void
test_accounts(void)
{
	*wall = MONDAY;
	test_curve();
	test_success();
	test_undo();
	test_closed();
	test_patience();
	test_clock();
	test_names();
	test_device();
	test_device_used_up();
	test_admit();
}

/* What a store says that nobody can have counted up to. */
static void
test_unreadable(void)
{
	static const int64_t counts[] = {INT64_MAX, INT64_MAX - 1, GATE_COUNTER_MAX + 1};
	char key[128], hex[GATE_SHA256_HEX + 1];
	int before = GATE_THROTTLE_PASS, after = GATE_THROTTLE_PASS;

	gate_sha256_hex(hex, "broken", 6);
	snprintf(key, sizeof key, "login:account:%s", hex);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		guess("broken", fresh_address(), NULL);
		find_slot(key)->count = counts[i];
		before = guess("broken", fresh_address(), NULL);
		find_slot(key)->count = counts[i];
		gate_throttle_reset(&f.link, "broken", NULL);
		after = guess("broken", fresh_address(), NULL);
		ok(before == GATE_THROTTLE_CLOSED && after == GATE_THROTTLE_PASS,
		    "a count of %" PRId64 ": the account is closed, until an admin opens it",
		    counts[i]);
	}
	guess("broken", fresh_address(), NULL);
	find_slot(key)->last = INT64_MIN;
	ok(guess("broken", fresh_address(), NULL) == GATE_THROTTLE_CLOSED, "a time of -2^63, too");
	for (int i = 0; i < 3; i++) {
		snprintf(
		    key, sizeof key, "login:address:c0000263:%" PRId64, *wall / (150 * SECOND) - i);
		*find_slot(key) = (struct slot){.count = INT64_MAX, .expires = INT64_MAX};
		snprintf(find_slot(key)->key, sizeof key, "%s", key);
	}
	ok(guess("anybody", "192.0.2.99", NULL) == GATE_THROTTLE_ADDRESS &&
		wait_of("anybody", "192.0.2.99", NULL) > 0,
	    "an address whose counters can't be read waits");
}

static void
test_rule(void)
{
	f.link.table = &counters;
	calls_left = -1;
	test_accounts();
	test_strangers();
	test_address();
	test_address_back();
	test_address_window();
	test_address_steady();
	test_networks();
	test_unreadable();
	test_costs();
	test_dead_store(NULL, 5, "an unknown device");
	test_dead_store(DEVICE, 3, "a known one");
}

int
main(void)
{
	wall = shared_memory(sizeof *wall);
	crowd = shared_memory(sizeof *crowd);
	test_rule();
	enter_scratch();
	*wall = MONDAY;
	if (ok(open_fixture(&f, "file:files", "no") == 0, "open a real store")) {
		test_accounts();
		test_together();
		test_address_together();
		close_fixture(&f);
	}
	leave_scratch();
	return done();
}
