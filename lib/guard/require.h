/* guard/require.h: who may pass: what GATE_REQUIRE says, and whether a visitor meets it. */
#ifndef GATE_GUARD_REQUIRE_H
#define GATE_GUARD_REQUIRE_H

#include <stdbool.h>
#include <stddef.h>

/* GATE_REQUIRE is a list, separated by commas; who meets any of its parts may pass:
 *
 *	session              whoever has a live session, also if nobody is logged in
 *	user                 whoever is logged in
 *	user:alice,bob       these users
 *	group:staff,admins   members of these groups
 *
 * A name after "user:" or "group:" belongs to the same kind, up to the next of these two, which may
 * follow a blank as well as a comma. */

/* Returns NULL if the text is such a list, else why not, to follow "GATE_REQUIRE": "is empty". */
const char *gate_require_refusal(const char *text);
/* Returns true if strangers with a live session may pass. */
bool gate_require_takes_strangers(const char *text);
/* Returns true if a user who is logged in may pass. groups: the user's, separated by commas. The
 * text is such a list. */
bool gate_require_is_met(const char *text, const char *user, const char *groups);

#endif
