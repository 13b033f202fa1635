/* test_require.c: what GATE_REQUIRE may say, and who meets it. */
#include "config.h"

#include "guard/require.h"
#include "tap.h"
#include "user/groups.h"

static void
test_words(void)
{
	static const char *const good[] = {"user", "session", "user:alice", "user:alice,bob",
	    "group:staff", "group:staff,admins", "user:alice,group:staff", " user ",
	    "user:alice group:staff", "group:staff user:alice , bob", "user:\xc3\xa4nne",
	    "user:anna maria", "session,user:x"};
	static const char *const bad[] = {"", ",", "users", "User", "valid-user", "user,", ",user",
	    "user:", "group:", "user:alice,", "group:staff,,admins", "staff", "user:al\tice",
	    "user:a\x01", "group:a\x7f", "admin:x", "session user", "user:\xff", "user session"};
	const char *why;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ok(gate_require_refusal(good[i]) == NULL, "\"%s\" is a requirement", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		why = gate_require_refusal(bad[i]);
		ok(why != NULL, "bad requirement %zu is none: %s", i, why != NULL ? why : "");
	}
}

static void
test_users(void)
{
	ok(gate_require_is_met("user", "alice", ""), "user: whoever is logged in");
	ok(gate_require_is_met("session", "alice", ""), "session: whoever is logged in, too");
	ok(gate_require_is_met("user:bob,alice", "alice", ""), "one of two users");
	ok(gate_require_is_met("user:bob, alice ,carl", "alice", ""), "  with blanks around");
	ok(!gate_require_is_met("user:bob", "alice", ""), "another user");
	ok(!gate_require_is_met("user:alic", "alice", "") &&
		!gate_require_is_met("user:alicee", "alice", "") &&
		!gate_require_is_met("user:Alice", "alice", ""),
	    "names are compared whole, byte for byte");
	ok(gate_require_is_met("user:anna maria", "anna maria", ""), "a name with a blank");
	ok(!gate_require_is_met("user:alice", "user", ""), "a word is no name");
}

static void
test_groups(void)
{
	ok(gate_require_is_met("group:staff", "alice", "staff"), "a member");
	ok(gate_require_is_met("group:staff", "alice", "a,staff,b"), "  of several groups");
	ok(gate_require_is_met("group:x,staff", "alice", "staff"), "of one of the groups");
	ok(!gate_require_is_met("group:staff", "alice", "") &&
		!gate_require_is_met("group:staff", "alice", "staffs,taff"),
	    "no member");
	ok(!gate_require_is_met("group:staff", "staff", ""), "a user is no group");
	ok(gate_require_is_met("group:staff,user:alice", "alice", ""), "a group or a user");
	ok(gate_require_is_met("user:bob group:staff", "alice", "staff"), "  also behind a blank");
	ok(!gate_require_is_met("user:bob group:staff", "carl", "other"), "neither");
}

static void
test_strangers(void)
{
	ok(gate_require_takes_strangers("session"), "session takes strangers");
	ok(!gate_require_takes_strangers("user") && !gate_require_takes_strangers("user:session"),
	    "nothing else does");
	ok(gate_require_takes_strangers("session,user:alice"), "one part suffices");
}

static void
test_lists(void)
{
	ok(gate_groups_list_has("a,b,c", "a", 1) && gate_groups_list_has("a,b,c", "b", 1) &&
		gate_groups_list_has("a,b,c", "c", 1),
	    "a list has its names");
	ok(!gate_groups_list_has("a,b", "", 0) && !gate_groups_list_has("", "a", 1) &&
		!gate_groups_list_has("ab", "a", 1) && !gate_groups_list_has("a,b", "a,b", 3),
	    "and no others");
	ok(gate_group_name_refusal("staff", 5) == NULL, "a group's name");
	ok(gate_group_name_refusal("a,b", 3) != NULL && gate_group_name_refusal(" a", 2) != NULL &&
		gate_group_name_refusal("a\n", 2) != NULL && gate_group_name_refusal("", 0) != NULL,
	    "what is none");
}

int
main(void)
{
	test_words();
	test_users();
	test_groups();
	test_strangers();
	test_lists();
	return done();
}
