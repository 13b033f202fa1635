/* login/try.c: one attempt to log in: whether it may be made, when, and its result. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "login/hashing.h"
#include "login/private.h"

#define NO_TURN "no turn to hash"

/* ---- the known device ---- */

const char *
gate_login_device_cookie(const struct gate_request *r)
{
	return r->secure ? GATE_DEVICE_COOKIE_SECURE : GATE_DEVICE_COOKIE;
}

const char *
gate_login_find_device(struct gate_request *r, const char *name, char id[GATE_DEVICE_ID_LENGTH + 1])
{
	const char *value = gate_cookie(r, gate_login_device_cookie(r));

	if (value == NULL ||
	    gate_device_check(r->config->keys, name, gate_clock_wall(), value, strlen(value), id) !=
		1)
		return NULL;
	return id;
}

static bool
is_known(const struct gate_login_try *t)
{
	return t->throttle.device != NULL;
}

/* ---- the attempt ---- */

/* Finds the hash to verify the password with. For an unknown name, or one whose hash can't be used,
 * that is some other user's hash: so the time of an attempt does not tell whether the name exists,
 * whatever kinds of hashes there are. The secret decides whose hash. For the same reason every
 * attempt makes two look-ups: one that finds a user and one that finds none, in either order.
 * Returns 0, or -1 with r->error set. */
static int
find_hash(struct gate_login_try *t)
{
	const struct gate_config *config = t->r->config;
	bool weak = config->options.allow_weak_hashes;
	char other[GATE_HASH_MAX] = "", signature[GATE_SIGNATURE_LENGTH + 1];
	struct gate_error *error = &t->r->error;
	uint64_t number;
	int found, looked;

	gate_sign_for(config->keys, "gate stranger", t->name, strlen(t->name), signature);
	memcpy(&number, signature, sizeof number);
	gate_users_get_ready(config->users, config->keys, weak);
	found = gate_users_find(config->users, t->name, t->hash, error);
	if (found < 0)
		return -1;
	t->exists = found == 1;
	t->usable = t->exists && gate_password_hash_refusal(t->hash, weak) == NULL;
	if (t->usable) { /* nobody has a signature as a name: this look-up finds none */
		looked = gate_users_find(config->users, signature, other, error);
	} else {
		looked = gate_users_pick(config->users, number, weak, other, error);
		memcpy(t->hash, other, sizeof other);
	}
	explicit_bzero(other, sizeof other);
	return looked < 0 ? -1 : 0;
}

/* ---- the same attempt again ---- */

/* Returns 1 if an equal attempt was wrong within GATE_SUBMIT_TIME, 0 if not, -1 with r->error set.
 * The second attempt is no new guess: it gets the same answer without hashing, and the two count
 * once. The store keeps only a tag of 60 bits, signed under a key of its own. The user's hash is
 * part of what is tagged, so that an attempt after a change of the password is made. */
static int
find_equal(struct gate_login_try *t)
{
	const char *device = t->throttle.device != NULL ? t->throttle.device : "";
	char signature[GATE_SIGNATURE_LENGTH + 1];
	struct gate_buffer text = {.secret = true};
	struct gate_bump b;

	gate_buffer_printf(&text, "%zu %zu %d %s %s %s %s %s", strlen(t->name), strlen(t->password),
	    t->usable, t->name, t->password, t->throttle.address, device, t->hash);
	if (text.failed) {
		gate_buffer_release(&text);
		return gate_fail(&t->r->error, GATE_EMEMORY, "out of memory");
	}
	gate_sign_for(t->r->config->keys, "gate wrong try", text.data, text.length, signature);
	gate_buffer_release(&text);
	snprintf(t->wrong_key, sizeof t->wrong_key, "wrong:%.10s", signature);
	if (gate_store_bump(t->r->store, t->wrong_key, 0, GATE_SUBMIT_TIME, &b, &t->r->error) < 0)
		return -1;
	return b.count > 0;
}

/* Remembers a wrong attempt, and logs it. Takes it back if an equal attempt was wrong on another
 * host meanwhile, so that the two count once. */
static int
count_wrong(struct gate_login_try *t)
{
	struct gate_error *error = &t->r->error;
	struct gate_bump b;

	if (gate_store_bump(t->r->store, t->wrong_key, 1, GATE_SUBMIT_TIME, &b, error) < 0)
		return -1;
	if (b.count > 1)
		return gate_throttle_undo(&t->throttle, error);
	gate_login_report(t->r, GATE_LOG_WARN, t->wrong, t->name, t->exists, t->why);
	return 0;
}

/* ---- the verdict ---- */

/* Answers an attempt that the throttle refused: 0, or GATE_LATER if the address has to wait. */
static int
refuse_try(struct gate_login_try *t, int verdict)
{
	static const char *const whys[] = {
	    [GATE_THROTTLE_ACCOUNT] = "the account has to wait",
	    [GATE_THROTTLE_CLOSED] = "the account is closed: gate user unlock",
	    [GATE_THROTTLE_ADDRESS] = "the address has to wait",
	};

	gate_login_report(
	    t->r, GATE_LOG_WARN, "login-throttled", t->name, t->exists, whys[verdict]);
	if (verdict != GATE_THROTTLE_ADDRESS)
		return 0;
	t->r->login.wait = t->throttle.wait;
	t->r->login.status = 429;
	return GATE_LATER;
}

/* Verifies the password. Then corrects the count: until now the attempt counts as a failure. */
static int
decide(struct gate_login_try *t)
{
	struct gate_error *error = &t->r->error;
	int result = gate_password_verify(
	    t->password, t->hash, t->r->config->options.allow_weak_hashes, error);

	if (result == 1 && !t->usable)
		result = 0;
	if (result == 1 && gate_throttle_success(&t->throttle, error) < 0)
		return -1;
	if (result < 0 && gate_throttle_undo(&t->throttle, NULL) < 0)
		return -1;
	return result == 0 ? count_wrong(t) : result;
}

static int
put_off(struct gate_login_try *t, const char *why)
{
	gate_login_report(t->r, GATE_LOG_WARN, "login-busy", t->name, t->exists, why);
	t->r->login.wait = 1000;
	t->r->login.status = 503;
	return GATE_LATER;
}

/* Counts the attempt before anything else, even before the look-up of the user: so a refused
 * attempt costs little, and what it costs does not depend on the name. */
static int
judge(struct gate_login_try *t)
{
	struct gate_error *error = &t->r->error;
	int verdict = gate_throttle_try(&t->throttle, error), turn, result;

	if (verdict < 0)
		return -1;
	if (verdict != GATE_THROTTLE_PASS)
		return refuse_try(t, verdict);
	result = find_hash(t) < 0 ? -1 : find_equal(t);
	if (result != 0)
		return gate_throttle_undo(&t->throttle, error) < 0 || result < 0 ? -1 : 0;
	turn = gate_hashing_enter(t->r->hashing, is_known(t), t->r->deadline);
	if (turn < 0)
		return gate_throttle_undo(&t->throttle, error) < 0 ? -1 : put_off(t, NO_TURN);
	result = decide(t);
	gate_hashing_leave(t->r->hashing, turn);
	return result;
}

static int
is_alone(void *data)
{
	struct gate_login_try *t = data;

	return gate_queue_try_until(&t->account, t->place, t->r->deadline);
}

/* Answers an attempt that got no place to wait in. Attempts that the throttle would refuse anyway
 * are refused; the others are put off. */
static int
judge_crowd(struct gate_login_try *t)
{
	struct gate_error *error = &t->r->error;
	int verdict = gate_throttle_look(&t->throttle, error);

	if (gate_throttle_withdraw(&t->throttle, error) < 0 || verdict < 0)
		return -1;
	return verdict == GATE_THROTTLE_PASS ? put_off(t, NO_TURN) : refuse_try(t, verdict);
}

/* Judges the attempts of one account one after the other on this host, for two reasons. A running
 * attempt counts as a failure, which must not delay the second click of a double click. And an
 * account must have one place in the line to hash, however many devices its user has. Attempts from
 * known devices don't wait for those from unknown devices: the owner gets past somebody who floods
 * the name. */
static int
judge_alone(struct gate_login_try *t)
{
	struct gate_request *r = t->r;

	/* The place is a signature: nobody can make up another name that shares it. */
	gate_sign_for(r->config->keys, is_known(t) ? "gate known place" : "gate place", t->name,
	    strlen(t->name), t->place);
	if (gate_queue_open(&t->account, r->config->options.run_dir, &r->error) < 0)
		return -1;
	if (is_alone(t) ||
	    gate_hashing_wait_until(r->hashing, is_known(t), is_alone, t, r->deadline))
		return judge(t);
	return judge_crowd(t);
}

/* Judges the address first, before the attempt waits for anything. */
static int
judge_address(struct gate_login_try *t)
{
	int verdict = gate_throttle_admit(&t->throttle, &t->r->error);

	if (verdict < 0)
		return -1;
	return verdict == GATE_THROTTLE_PASS ? judge_alone(t) : refuse_try(t, verdict);
}

int
gate_login_attempt(struct gate_login_try *t)
{
	struct gate_request *r = t->r;

	if (t->name == NULL || t->password == NULL || strlen(t->name) > GATE_USER_NAME_MAX ||
	    strlen(t->password) > GATE_PASSWORD_MAX || r->config->users == NULL)
		return 0;
	t->throttle = (struct gate_throttle){
	    .store = r->store,
	    .name = t->name,
	    .address = gate_request_address(r),
	    .device = gate_login_find_device(r, t->name, t->device),
	};
	t->exists |= is_known(t); /* the user logged in from there before */
	if (!is_known(t) && !gate_store_has_room_for_tries(r->store, &r->config->options) &&
	    gate_transaction_user(&r->transaction) == NULL)
		return put_off(t, "store_reserve: what is left is not for a stranger's tries");
	return judge_address(t);
}

void
gate_login_try_end(struct gate_login_try *t)
{
	if (t->place[0] != '\0') /* judge_alone opened the queue */
		gate_queue_close(&t->account);
	explicit_bzero(t->hash, sizeof t->hash);
}

/* ---- a better hash ---- */

bool
gate_login_look_again(struct gate_login_try *t)
{
	struct gate_hashing *hashing = t->r->hashing;
	char hash[GATE_HASH_MAX];
	bool fits = false;
	int turn = gate_hashing_enter(hashing, is_known(t), t->r->deadline);

	if (turn < 0)
		return false;
	if (gate_users_find(t->r->config->users, t->name, hash, NULL) == 1)
		fits = gate_password_verify(t->password, hash, false, NULL) == 1;
	gate_hashing_leave(hashing, turn);
	if (fits)
		memcpy(t->hash, hash, sizeof t->hash);
	explicit_bzero(hash, sizeof hash);
	return fits;
}

void
gate_login_renew_hash(struct gate_login_try *t)
{
	struct gate_users *users = t->r->config->users;
	bool weak = gate_password_hash_refusal(t->hash, false) != NULL;
	char hash[GATE_HASH_MAX];
	int turn, made;

	if (!gate_users_keep_hashes_new(users) || !(weak || gate_password_hash_is_old(t->hash)))
		return;
	turn = gate_hashing_enter(t->r->hashing, is_known(t), t->r->deadline);
	if (turn < 0)
		return; /* the next login tries again */
	made = gate_password_hash(t->password, hash, NULL);
	gate_hashing_leave(t->r->hashing, turn);
	if (made < 0)
		return;
	if (gate_users_change(users, GATE_USER_REHASH, t->name, hash, t->hash, NULL) == 1) {
		memcpy(t->hash, hash, sizeof t->hash);
		gate_login_report(t->r, GATE_LOG_EACH, "hash-renewed", t->name, true, NULL);
	} else { /* another request changed it first, or it is unknown whether it was changed */
		gate_login_look_again(t);
	}
	explicit_bzero(hash, sizeof hash);
}
