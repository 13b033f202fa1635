/* login/throttle.h: limits login attempts per account, per device and per address. The counters are
 * in the store, so all programs, workers and hosts share them.
 *
 * An attempt counts as a failure until it turns out to be right. A refused attempt does not count.
 *
 * Account: GATE_THROTTLE_FREE failures cost nothing. Then an attempt must come at least 1 s after
 * the last one that passed. Each further failure doubles this delay, up to GATE_THROTTLE_DELAY_MAX.
 * At GATE_THROTTLE_TRIES_MAX failures the account is closed, and only an admin opens it again.
 * Failures do not expire: a success, on any device, or an admin clears them.
 *
 * Device: a known device of an account has a counter of its own, under the same rules. Its failures
 * count neither for the account nor for its address. Once it has used up its attempts, it is
 * treated as an unknown device.
 *
 * Address: time is cut into periods of half GATE_THROTTLE_ADDRESS_TIME. The current period and the
 * two before it may have GATE_THROTTLE_ADDRESS_MAX failures together. So no five minutes have more
 * than that, and a failure is forgotten after seven and a half minutes at most. */
#ifndef GATE_LOGIN_THROTTLE_H
#define GATE_LOGIN_THROTTLE_H

#include "gate.h"
#include "store/store.h"

#define GATE_THROTTLE_FREE 5                       /* failures of an account without a delay */
#define GATE_THROTTLE_DELAY_MAX (15 * 60 * 1000)   /* ms: the delay doubles from 1 s to this */
#define GATE_THROTTLE_TRIES_MAX 100                /* failures that close an account */
#define GATE_THROTTLE_ADDRESS_MAX 20               /* failures of an address (IPv6: of a /64) … */
#define GATE_THROTTLE_ADDRESS_TIME (5 * 60 * 1000) /* … in this many ms */

enum gate_throttle_verdict {
	GATE_THROTTLE_PASS = 1,
	GATE_THROTTLE_ACCOUNT = 2, /* the account, or this device of it, has to wait */
	GATE_THROTTLE_CLOSED = 3,  /* the account is closed to unknown devices */
	GATE_THROTTLE_ADDRESS = 4  /* the address has to wait */
};

struct gate_throttle { /* one login attempt */
	struct gate_store_link *store;
	const char *name;    /* any text; compared byte for byte: as in htpasswd, Bob is not bob */
	const char *address; /* NULL and all text that is no IP address share one counter */
	const char *device;  /* id of a known device of this account (login/device.h), or NULL;
			      * gate_throttle_admit sets it to NULL if its attempts are used up */
	int64_t wait;        /* ms, for Retry-After; set with the verdicts ACCOUNT and ADDRESS */
	int64_t now;   /* ms since 1970; gate_throttle_admit sets it, it selects the periods */
	bool admitted; /* gate_throttle_admit was called; gate_throttle_try need not call it */
};

/* Returns the verdict that the counter of the account or device would give now, or -1 with the
 * error set. Counts nothing, and does not look at the address. */
int gate_throttle_look(struct gate_throttle *, struct gate_error *);
/* Counts the attempt for its address, and judges it by the address alone: a flood of attempts is
 * refused here, before it waits for its account's turn. An attempt from a known device always
 * passes and is not counted here. Returns GATE_THROTTLE_PASS; GATE_THROTTLE_ADDRESS, after taking
 * the attempt back; or -1 with the error set. */
int gate_throttle_admit(struct gate_throttle *, struct gate_error *);
/* Takes back what gate_throttle_admit counted, for an attempt that is not made. Returns 0, or -1
 * with the error set. */
int gate_throttle_withdraw(struct gate_throttle *, struct gate_error *);
/* Counts the attempt for its account or device, and judges it by the new count. Call it before the
 * password is hashed; it calls gate_throttle_admit if you have not. An attempt that does not pass
 * is taken back, and does not change the time of the last attempt. Returns a verdict, or -1 with
 * the error set if the store failed: then refuse the attempt. */
int gate_throttle_try(struct gate_throttle *, struct gate_error *);
/* Records that an attempt that passed had the right password. Clears the failures of the account,
 * unless it is closed. Clears those of a known device, too; for any other device it takes this
 * attempt back from the address. Returns 0, or -1 with the error set. */
int gate_throttle_success(struct gate_throttle *, struct gate_error *);
/* Takes back an attempt that passed but was not made, as when no turn to hash came. The time of the
 * last attempt is then again that of the one before. Returns 0, or -1 with the error set. */
int gate_throttle_undo(struct gate_throttle *, struct gate_error *);
/* Clears the failures of the account, which opens a closed one. Only an admin may do this. Returns
 * 0, or -1 with the error set. */
int gate_throttle_reset(struct gate_store_link *, const char *name, struct gate_error *);

#endif
