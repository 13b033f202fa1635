/* login/hashing.h: turns at hashing a password: at most max(1, cores - 1) at once on the host. */
#ifndef GATE_LOGIN_HASHING_H
#define GATE_LOGIN_HASHING_H

#include "gate.h"

struct gate_hashing; /* one a worker, made behind its fork; any number of its threads may use it */

/* Makes run_dir/hash.0, hash.1, … Their locks are freed by the kernel when a holder dies, and one that
 * is stopped is passed over soon after its deadline.
 * holding: how many threads may have a turn at once, whatever the host has; waiting: how many may
 * wait in the two functions below; a quarter of these are for known devices.
 * NULL with the error. Yours. */
struct gate_hashing *gate_hashing_open(
    const char *run_dir, int holding, int waiting, struct gate_error *);
void gate_hashing_close(struct gate_hashing *); /* NULL is fine */
/* Waits for a turn, tried every millisecond; known: in the line of known devices. While both lines
 * wait they have one turn each, by turns. 0 or above: the turn, to be given back; -1: too many wait
 * already, or the deadline (ms of CLOCK_MONOTONIC) is over. */
int gate_hashing_enter(struct gate_hashing *, bool known, int64_t deadline);
void gate_hashing_leave(struct gate_hashing *, int turn);
/* Waits until ready says so, asked every millisecond, with at most half of those who may wait, and
 * gives way to who waits for a turn. 1; 0: too many wait, or the deadline is over. */
int gate_hashing_wait_until(
    struct gate_hashing *, bool known, int (*ready)(void *data), void *data, int64_t deadline);

#endif
