#!/bin/sh
# check_exports: the library exports exactly what gate.h declares; every symbol begins with gate_.
header=$top_srcdir/lib/gate.h
library=$top_builddir/.libs/libgate.so
core=$top_builddir/.libs/libgate_core.a

# instrumented builds add symbols of their own: __gcov_*, mangle_path, __sancov_*, __asan_*
ours() { grep -vE '^(_|mangle_path)' | sort -u; }
declared=$(grep -v '^typedef' "$header" | tr '\n' ' ' | grep -oE '\bgate_[a-z_]+\(' | tr -d '(' | sort -u)
exported=$(nm -D --defined-only "$library" | awk '{ print $3 }' | ours)
if [ "$declared" = "$exported" ]; then
	echo "ok 1 - the library exports what gate.h declares"
else
	echo "not ok 1 - the library exports what gate.h declares"
	printf '%s\n' "$declared" >check_exports.declared
	printf '%s\n' "$exported" | diff check_exports.declared - | sed 's/^/# /'
	rm -f check_exports.declared
fi
foreign=$(nm -g --defined-only "$core" 2>/dev/null | awk 'NF == 3 { print $3 }' | ours | grep -v '^gate_')
[ -z "$foreign" ] && echo "ok 2 - every external symbol begins with gate_" ||
	echo "not ok 2 - every external symbol begins with gate_: $foreign"

# no writable state: .data and .bss of our objects are empty (sanitizers and gcov fill them), but for
# what log.c knows of standard error and mongoc.c of the library that it loaded: the whole process has them
n=2
if ! nm "$core" 2>/dev/null | grep -qE '__(asan|gcov|sancov)'; then
	n=3
	writable=$(size -A "$core" 2>/dev/null | awk '
		/:$/ || / :/ { known = $1 ~ /-(log|mongoc)\.o$/ }
		/^\.(data|bss)[ .]/ && $1 !~ /rel\.ro/ && $2 > 0 && !(known && $1 == ".bss") { print $1, $2 }')
	[ -z "$writable" ] && echo "ok 3 - no writable globals" ||
		echo "not ok 3 - no writable globals: $writable"
fi
echo "1..$n"
