#!/bin/sh
# check_tests: make check or a share of scripts/shares runs every test that is here, each with a
# log of its own: automake names it after the test without its ending, and of two of one name runs
# one.
cd "$top_srcdir" || exit 1
echo "1..6"
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

# lib/store/file/swap.c is tested in tests/store/file/, by test_store_file_swap.c, or the test of
# what it is a part of (test_store_file.c), or without folders before it (test_swap.c); else a
# test names its path.
test_of() { # FOLDER NAME
	part=$2
	while [ ! -e "tests/$1/test_$part.c" ]; do
		[ "$part" != "${part%_*}" ] || return 1
		part=${part%_*}
	done
}
has_test() { # PATH below lib/
	rest=${1%.c}
	until test_of "${1%/*}" "$(echo "$rest" | tr / _)"; do
		[ "$rest" != "${rest#*/}" ] || return 1
		rest=${rest#*/}
	done
}
untold=$(find lib -name '*.c' | sed 's/^lib.//' | sort | while read -r path; do
	has_test "$path" || grep -rqwF --include='test_*' "$path" tests ||
		echo "lib/$path: no test of its name, and none that says $path"
done)
say 4 'each file of lib/ has a test that can be found' "$untold"

# gate warns of a GATE_ name that is no option, on the standard error that tests compare.
say 5 'what tests read from the environment begins with TEST_' "$(grep -rnE \
	'getenv\("GATE_|\$\{?GATE_[A-Z]+(:[-+?]|\})' tests scripts .ci bench --exclude=check_tests.sh)"
say 6 'a process that a test stops has stopped before it goes on: freeze does both' "$(grep -rn \
	'kill -STOP' tests --include='*.sh' --exclude=lib.sh --exclude=check_tests.sh)"
