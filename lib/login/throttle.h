/* login/throttle.h: how many login tries an account, a device and an address have, counted in the store
 * that all programs, workers and hosts share.
 *
 * The rule. A try counts as a failure until it has turned out to be right; one that is refused
 * doesn't count.
 * Account: GATE_THROTTLE_FREE failures cost nothing. Then the next try passes 1 s behind the last
 * one that passed at the earliest, and each further failure doubles that, up to
 * GATE_THROTTLE_DELAY_MAX. At GATE_THROTTLE_TRIES_MAX failures the account is closed. Time forgets
 * none of them: a success does, on any device, or an admin; only an admin opens a closed one.
 * Device: a known device of an account has a count of its own by the same rule; failures on it leave
 * the account's alone, and its address doesn't matter. When it has used up its tries it counts as
 * unknown.
 * Address: time is cut into halves of GATE_THROTTLE_ADDRESS_TIME by the clock; the failures of
 * the running one and of the two before it are together at most GATE_THROTTLE_ADDRESS_MAX. So no
 * five minutes ever see more of them, and after seven and a half they are forgotten. */
#ifndef GATE_LOGIN_THROTTLE_H
#define GATE_LOGIN_THROTTLE_H

#include "gate.h"
#include "store/store.h"

#define GATE_THROTTLE_FREE 5                     /* tries of an account without a delay */
#define GATE_THROTTLE_DELAY_MAX (15 * 60 * 1000) /* ms: it doubles from 1 s to this */
#define GATE_THROTTLE_TRIES_MAX 100              /* then only a known device, or an admin, helps */
#define GATE_THROTTLE_ADDRESS_MAX 20             /* failures of an address (IPv6: of a /64) … */
#define GATE_THROTTLE_ADDRESS_TIME (5 * 60 * 1000) /* … in this many ms */

enum gate_throttle_verdict {
	GATE_THROTTLE_PASS = 1,
	GATE_THROTTLE_ACCOUNT = 2, /* the account (or this device of it) has to wait */
	GATE_THROTTLE_CLOSED = 3,  /* the account is closed to unknown devices */
	GATE_THROTTLE_ADDRESS = 4  /* the address has to wait */
};

struct gate_throttle { /* one try */
	struct gate_store_link *store;
	const char *name;    /* any text, byte for byte: as in htpasswd, Bob is not bob */
	const char *address; /* what is none, and NULL, count as one of its own */
	const char
	    *device;   /* the id of a known device of this account (login/device.h), or NULL; admit
			      * makes it NULL where it has used up its tries */
	int64_t wait;  /* ms, with ACCOUNT and ADDRESS: for Retry-After */
	int64_t now;   /* when the address counted the try: set by admit, read by the others */
	bool admitted; /* by admit */
};

/* Would account or device let one pass? Counts nothing. A verdict, or -1. */
int gate_throttle_look(struct gate_throttle *, struct gate_error *);
/* Counts the try for its address, and judges it by that alone, so that who floods an account does not
 * even wait for it. PASS, of a known device always; ADDRESS; or -1. */
int gate_throttle_admit(struct gate_throttle *, struct gate_error *);
/* The try that was admitted isn't made: takes it back. 0 or -1. */
int gate_throttle_withdraw(struct gate_throttle *, struct gate_error *);
/* Counts the try, before its hash is made, and judges it by the count that came back (admitting it
 * first, if that was not done); one that does not pass is taken back, without moving the time of the
 * last one. A verdict, or -1: the store failed, and the try must be refused. */
int gate_throttle_try(struct gate_throttle *, struct gate_error *);
/* The try that passed was right: forgets the failures of the account, unless it is closed, and those
 * of the device or this one of the address. 0 or -1. */
int gate_throttle_success(struct gate_throttle *, struct gate_error *);
/* The try that passed came to nothing (no turn to hash): takes it back, and its time. 0 or -1. */
int gate_throttle_undo(struct gate_throttle *, struct gate_error *);
/* An admin opens the account again. 0 or -1. */
int gate_throttle_reset(struct gate_store_link *, const char *name, struct gate_error *);

#endif
