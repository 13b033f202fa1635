#!/bin/sh
# check_tests: make check or a share of scripts/shares runs every test that is here, each with a log of
# its own: automake names it after the test without its ending, and of two of one name runs one.
cd "$top_srcdir" || exit 1
echo "1..4"
say() { # NUMBER NAME BAD
	[ -z "$3" ] && echo "ok $1 - $2" && return
	echo "not ok $1 - $2"
	printf '%s\n' "$3" | sed 's/^/# /'
}
listed=$(grep -v '^tests_' Makefile.am | grep -oE '\btests/[a-z_/]*/(test|check)_[a-z_]+(\.sh)?' | sort -u)
forgotten=$(for file in $(find tests -name 'test_*.c' -o -name 'test_*.sh' -o -name 'check_*.sh'); do
	printf '%s\n' "$listed" | grep -qxF "${file%.c}" || echo "$file is not in Makefile.am"
done)
say 1 'each test here is in Makefile.am' "$forgotten"
twins=$(printf '%s\n' "$listed" | sed 's/\.sh$//; s/.*\///' | sort | uniq -d |
	sed 's/$/: a program and a script/')
say 2 'no two have one name' "$twins"

# lines that end in a backslash go on
slow=$(sed -n ':a; /\\$/ { N; s/\\\n//; b a; }; s/^SHARE_TESTS = *//p' Makefile.am | grep -oE '[^ 	]+' | sort)
named=$(sed '/^#/d' scripts/shares | grep -oE '\btests/[a-z_/]*/test_[a-z_]+\.sh' | sort -u)
say 3 'the shares run what SHARE_TESTS lists' "$([ "$slow" = "$named" ] ||
	printf 'Makefile.am: %s\nscripts/shares: %s\n' "$slow" "$named")"

# lib/store/file/swap.c has tests/test_store_file_swap.c, or that of what it is a part of
# (test_store_file.c, test_store.c; test_swap.c), or a word in CONTRIBUTING.md of where it is tested.
test_of() { # NAME
	part=$1
	while [ -z "$(find tests -name "test_$part.c")" ]; do
		[ "$part" != "${part%_*}" ] || return 1
		part=${part%_*}
	done
}
untold=$(find lib -name '*.c' | sort | while read -r file; do
	path=${file#lib/} path=${path%.c}
	test_of "$(echo "$path" | tr / _)" || test_of "${path##*/}" ||
		grep -qF "$path.c" CONTRIBUTING.md || echo "$file: CONTRIBUTING.md does not say which test it has"
done)
say 4 'each file of lib/ has a test that can be found' "$untold"
