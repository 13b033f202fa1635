/* login/hashing.h: turns to hash a password: at most max(1, cores - 1) at once on the host. */
#ifndef GATE_LOGIN_HASHING_H
#define GATE_LOGIN_HASHING_H

#include "gate.h"

struct gate_hashing; /* one per worker, made after its fork; any number of its threads may use it */

/* Opens the turns: one file per turn, run_dir/hash.0, hash.1, …, which all processes of the host
 * lock. The kernel frees the lock of a process that dies. A process that is stopped loses its turn
 * soon after its deadline.
 * holding: how many threads of this worker may have a turn at once, however many turns are free.
 * waiting: how many may wait in gate_hashing_enter and gate_hashing_wait_until. A quarter of these
 * places is for known devices only.
 * Returns NULL with the error set if it failed. Yours: close it. */
struct gate_hashing *gate_hashing_open(
    const char *run_dir, int holding, int waiting, struct gate_error *);
void gate_hashing_close(struct gate_hashing *); /* NULL is fine */
/* Waits for a turn, and tries to take one every millisecond. Known devices wait in a line of their
 * own (known: true). While threads wait in both lines, the lines get turns alternately. Returns the
 * turn, 0 or above, for gate_hashing_leave; -1 if too many threads wait already, or the deadline
 * (ms of CLOCK_MONOTONIC) is over. */
int gate_hashing_enter(struct gate_hashing *, bool known, int64_t deadline);
void gate_hashing_leave(struct gate_hashing *, int turn); /* a turn below 0 is fine */
/* Waits until ready(data) returns 1, and asks it every millisecond. At most half of a line may wait
 * here. A thread that wants to wait for a turn, and finds no place, takes one of theirs. Returns 1
 * if ready did; 0 if there is no place, if it was taken, or if the deadline (ms of CLOCK_MONOTONIC)
 * is over. */
int gate_hashing_wait_until(
    struct gate_hashing *, bool known, int (*ready)(void *data), void *data, int64_t deadline);

#endif
