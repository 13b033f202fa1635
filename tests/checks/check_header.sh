#!/bin/sh
# check_header: gate.h compiles alone, as strict C11 and as C++; it is short; so are the pages.
cd "$top_srcdir" || exit 1
echo 1..4
flags="$(pkg-config --cflags jansson) -Wall -Wextra -Wpedantic -Werror -fsyntax-only -Ilib"
echo '#include "gate.h"' | ${CC:-cc} -std=c11 $flags -x c - && echo "ok 1 - gate.h alone, C11" ||
	echo "not ok 1 - gate.h alone, C11"
if command -v c++ >/dev/null; then
	echo '#include "gate.h"' | c++ -std=c++17 $flags -x c++ - && echo "ok 2 - gate.h alone, C++" ||
		echo "not ok 2 - gate.h alone, C++"
else
	echo "ok 2 - gate.h alone, C++ # SKIP there is no C++ compiler"
fi
lines=$(wc -l <lib/gate.h)
functions=$(grep -v '^typedef' lib/gate.h | tr '\n' ' ' | grep -oE '\bgate_[a-z_]+\(' | sort -u | wc -l)
[ "$lines" -le 220 ] && [ "$functions" -le 55 ] && echo "ok 3 - gate.h stays short" ||
	echo "not ok 3 - gate.h stays short: $lines lines, $functions functions"
long=$(wc -l cgi-bin/*.c | awk '$2 !~ /total|gate[._]/ && $1 > 110 { print $2 }')
[ -z "$long" ] && echo "ok 4 - a page has 110 lines at most" ||
	echo "not ok 4 - a page has 110 lines at most: $long"
