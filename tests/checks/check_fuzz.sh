#!/bin/sh
# check_fuzz: every fuzz target runs over its corpus without a crash.
cd "$top_builddir" || exit 1
set -- "$top_srcdir"/tests/fuzz/fuzz_*.c
echo "1..$#"
n=0
for source; do
	name=$(basename "$source" .c)
	corpus=$top_srcdir/tests/fuzz/corpus/${name#fuzz_}
	n=$((n + 1))
	# libFuzzer takes -runs=0 for "the corpus only"; replay takes a folder
	if grep -q 'FUZZING_FALSE=.#' config.log; then
		"tests/fuzz/$name" -runs=0 "$corpus" >/dev/null 2>"check_fuzz.$name"
	else
		"tests/fuzz/$name" "$corpus" >/dev/null 2>"check_fuzz.$name"
	fi && echo "ok $n - $name" || {
		echo "not ok $n - $name"
		tail -n 20 "check_fuzz.$name" | sed 's/^/# /'
	}
	rm -f "check_fuzz.$name"
done
