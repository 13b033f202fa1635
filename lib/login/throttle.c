/* login/throttle.c: limits login attempts per account, per device and per address. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/encode.h"
#include "crypto/digest.h"
#include "http/address.h"
#include "login/device.h"
#include "login/throttle.h"

#define FIRST_DELAY 1000  /* ms */
#define COUNT_MAX 1000000 /* of one period: an unreadable counter is INT64_MAX */
#define PARTS 2           /* periods of an address's five minutes; more would cost more bumps */
#define PART (GATE_THROTTLE_ADDRESS_TIME / PARTS)
#define KEY_SIZE 128
#define NETWORK_HEX 16 /* digits of a /64 */

/* ms. An account's failures must not expire: else somebody patient could guess for ever, and a
 * closed account would open by itself. Stores bound the number of counters. */
#define ACCOUNT_LIFE (INT64_C(100) * 365 * 86400 * 1000)

struct counter {
	char key[KEY_SIZE];
	int64_t life; /* ms after the last bump */
};

static int
bump(const struct gate_throttle *t, const struct counter *c, int64_t add, struct gate_bump *b,
    struct gate_error *error)
{
	return gate_store_bump(t->store, c->key, add, c->life, b, error) < 0 ? -1 : 0;
}

static int
take_back(const struct gate_throttle *t, struct counter c, struct gate_error *error)
{
	struct gate_bump b;

	return bump(t, &c, -1, &b, error);
}

static int
forget(const struct gate_throttle *t, struct counter c, struct gate_error *error)
{
	struct gate_bump b;

	c.life = 0;
	return bump(t, &c, 0, &b, error);
}

/* ---- account and device ---- */

static struct counter
account(const struct gate_throttle *t)
{
	char hash[GATE_SHA256_HEX + 1]; /* a key is short; a name may have any length */
	struct counter c = {.life = ACCOUNT_LIFE};

	gate_sha256_hex(hash, t->name, strlen(t->name));
	snprintf(c.key, sizeof c.key, "login:account:%s", hash);
	return c;
}

static struct counter
account_or_device(const struct gate_throttle *t)
{
	struct counter c = account(t);
	size_t length = strlen(c.key);

	if (t->device == NULL)
		return c;
	snprintf(c.key + length, sizeof c.key - length, ":%.*s", GATE_DEVICE_ID_LENGTH, t->device);
	c.life = GATE_DEVICE_AGE;
	return c;
}

static int64_t
delay_behind(int64_t failures)
{
	int64_t delay = FIRST_DELAY;

	for (int64_t i = GATE_THROTTLE_FREE; i < failures && delay < GATE_THROTTLE_DELAY_MAX; i++)
		delay *= 2;
	return delay < GATE_THROTTLE_DELAY_MAX ? delay : GATE_THROTTLE_DELAY_MAX;
}

static int
judge(struct gate_throttle *t, int64_t failures, int64_t last)
{
	int64_t delay = delay_behind(failures), passed = gate_clock_wall() - last;

	if (failures < GATE_THROTTLE_FREE)
		return GATE_THROTTLE_PASS;
	if (failures >= GATE_THROTTLE_TRIES_MAX)
		return GATE_THROTTLE_CLOSED;
	/* Other hosts' clocks may be ahead; but one that was set back must not lock anybody out. */
	if (passed >= delay || passed < -GATE_THROTTLE_DELAY_MAX)
		return GATE_THROTTLE_PASS;
	t->wait = delay - passed;
	return GATE_THROTTLE_ACCOUNT;
}

/* Judges the attempt by the counter as it is; if it passes and `counts` is true, counts it and
 * judges it again. It looks first because counting sets the time of the last attempt, and a refused
 * attempt must not. If only the second look refuses, another attempt passed in between. */
static int
try_account_or_device(struct gate_throttle *t, bool counts, struct gate_error *error)
{
	struct counter c = account_or_device(t);
	int verdict = GATE_THROTTLE_PASS;

	for (int64_t add = 0; add <= counts && verdict == GATE_THROTTLE_PASS; add++) {
		struct gate_bump b;

		if (bump(t, &c, add, &b, error) < 0)
			return -1;
		verdict = judge(t, b.count - add, b.last);
		if (verdict != GATE_THROTTLE_PASS && add > 0 && take_back(t, c, error) < 0)
			return -1;
	}
	return verdict;
}

/* ---- address ---- */

/* Writes the network that shares one counter, in hex: an IPv4 address, or the /64 of an IPv6
 * address (all link-local addresses share one /64). Writes "" if the text is no IP address. */
static void
network(const char *address, char out[NETWORK_HEX + 1])
{
	struct gate_address a;

	out[0] = '\0';
	if (address != NULL && gate_address_parse(&a, address, strlen(address)) &&
	    a.family != AF_UNIX)
		gate_hex(out, a.bytes, a.family == AF_INET ? 4 : 8);
}

/* Returns the address's counter for the period that lies `before` periods before the attempt's. */
static struct counter
address(const struct gate_throttle *t, int before)
{
	struct counter c = {.life = (PARTS + 1) * PART};
	char hex[NETWORK_HEX + 1];

	network(t->address, hex);
	snprintf(c.key, sizeof c.key, "login:address:%s:%" PRId64, hex, t->now / PART - before);
	return c;
}

static int
try_address(struct gate_throttle *t, struct gate_error *error)
{
	int64_t counts[PARTS + 1], failures = -1; /* does not count this attempt */

	for (int i = PARTS; i >= 0; i--) {
		struct counter c = address(t, i);
		struct gate_bump b;

		if (bump(t, &c, i == 0, &b, error) < 0)
			return -1;
		counts[i] = b.count < COUNT_MAX ? b.count : COUNT_MAX;
		failures += counts[i];
	}
	if (failures < GATE_THROTTLE_ADDRESS_MAX)
		return GATE_THROTTLE_PASS;
	t->wait = -(t->now % PART); /* until enough old failures are forgotten */
	for (int i = PARTS; i >= 0 && failures >= GATE_THROTTLE_ADDRESS_MAX; i--) {
		failures -= counts[i];
		t->wait += PART;
	}
	return take_back(t, address(t, 0), error) < 0 ? -1 : GATE_THROTTLE_ADDRESS;
}

/* ---- the attempt ---- */

int
gate_throttle_look(struct gate_throttle *t, struct gate_error *error)
{
	return try_account_or_device(t, false, error);
}

int
gate_throttle_admit(struct gate_throttle *t, struct gate_error *error)
{
	t->now = gate_clock_wall();
	t->wait = 0;
	t->admitted = true;
	if (t->device != NULL) {
		int verdict = try_account_or_device(t, false, error);

		if (verdict != GATE_THROTTLE_CLOSED)
			return verdict < 0 ? -1 : GATE_THROTTLE_PASS;
		t->device = NULL;
	}
	return try_address(t, error);
}

int
gate_throttle_withdraw(struct gate_throttle *t, struct gate_error *error)
{
	return t->device == NULL ? take_back(t, address(t, 0), error) : 0;
}

int
gate_throttle_try(struct gate_throttle *t, struct gate_error *error)
{
	int verdict = t->admitted ? GATE_THROTTLE_PASS : gate_throttle_admit(t, error);

	t->wait = verdict == GATE_THROTTLE_PASS ? 0 : t->wait;
	t->admitted = false;
	if (verdict != GATE_THROTTLE_PASS)
		return verdict;
	verdict = try_account_or_device(t, true, error);
	if (verdict != GATE_THROTTLE_PASS && gate_throttle_withdraw(t, error) < 0)
		return -1;
	if (verdict == GATE_THROTTLE_CLOSED && t->device != NULL)
		verdict = GATE_THROTTLE_ACCOUNT; /* from now on its device is unknown */
	return verdict;
}

/* Keeps the counter of a closed account: only an admin opens it. */
static int
forget_unless_closed(const struct gate_throttle *t, struct counter c, struct gate_error *error)
{
	struct gate_bump b;

	if (bump(t, &c, 0, &b, error) < 0)
		return -1;
	return b.count < GATE_THROTTLE_TRIES_MAX ? forget(t, c, error) : 0;
}

int
gate_throttle_success(struct gate_throttle *t, struct gate_error *error)
{
	int result = forget(t, account_or_device(t), error);

	if (t->device != NULL ? forget_unless_closed(t, account(t), error) < 0
			      : take_back(t, address(t, 0), error) < 0)
		result = -1;
	return result;
}

int
gate_throttle_undo(struct gate_throttle *t, struct gate_error *error)
{
	int result = take_back(t, account_or_device(t), error);

	if (t->device == NULL && take_back(t, address(t, 0), error) < 0)
		result = -1;
	return result;
}

int
gate_throttle_reset(struct gate_store_link *store, const char *name, struct gate_error *error)
{
	const struct gate_throttle t = {.store = store, .name = name};

	return forget(&t, account(&t), error);
}
