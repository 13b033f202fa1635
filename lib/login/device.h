/* login/device.h: the cookie of a known device: one from which a user has logged in before. It
 * gives the device login attempts of its own, so that strangers can't lock the user out, and
 * nothing else. */
#ifndef GATE_LOGIN_DEVICE_H
#define GATE_LOGIN_DEVICE_H

#include "gate.h"
#include "base/buffer.h"
#include "crypto/sign.h"
#include "http/cookie.h"

#define GATE_DEVICE_ID_LENGTH 32
#define GATE_DEVICE_AGE (INT64_C(180) * 86400 * 1000) /* ms that the cookie is valid */

/* Adds the value of a cookie for the user `name` to the buffer: "id.now.signature". id: the
 * device's, of GATE_DEVICE_ID_LENGTH; NULL: a new random one. now: ms since 1970. The signature
 * covers the name, which is not in the value, and has a key of its own. The value consists of A-Z
 * a-z 0-9 - _ . and needs no encoding. Returns 0, or -1 if out of memory or random bytes. */
int gate_device_make(
    const struct gate_keys *, const char *name, const char *id, int64_t now, struct gate_buffer *);
/* Returns whether the value has the form of such a cookie. Does not check the signature. */
bool gate_device_is_shaped(const char *value);
/* Returns 1, with the device's id, if one of our secrets signed the value for this user at most
 * GATE_DEVICE_AGE ago; else 0. The signature is compared in constant time. */
int gate_device_check(const struct gate_keys *, const char *name, int64_t now, const char *value,
    size_t length, char id[GATE_DEVICE_ID_LENGTH + 1]);

#endif
