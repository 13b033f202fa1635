/* login/device.h: the cookie of a device that a user logged in from before. It grants nothing but tries
 * of its own, so that strangers can't lock the user out. */
#ifndef GATE_LOGIN_DEVICE_H
#define GATE_LOGIN_DEVICE_H

#include "gate.h"
#include "base/buffer.h"
#include "crypto/sign.h"
#include "http/cookie.h"

#define GATE_DEVICE_ID_LENGTH 32
#define GATE_DEVICE_AGE (INT64_C(180) * 86400 * 1000) /* ms */

/* Adds a cookie's value for this user: the device's id (NULL: a fresh one) and the time, signed
 * together with the name, which does not stand in it, under a key of its own; of A-Z a-z 0-9 - _ .
 * only, so that nothing needs to be encoded. 0 or -1. */
int gate_device_make(
    const struct gate_keys *, const char *name, const char *id, int64_t now, struct gate_buffer *);
/* Does the value look like one? Says nothing of who made it. */
bool gate_device_is_shaped(const char *value);
/* 1: the value was made for this user, at most GATE_DEVICE_AGE ago, by one of our secrets; id is
 * the device's. 0: not. Constant time in the signature. */
int gate_device_check(const struct gate_keys *, const char *name, int64_t now, const char *value,
    size_t length, char id[GATE_DEVICE_ID_LENGTH + 1]);

#endif
