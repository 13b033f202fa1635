#!/bin/sh
# check_format: .clang-format decides how the sources look.
cd "$top_srcdir" || exit 1
command -v clang-format >/dev/null || { echo "1..0 # SKIP clang-format is not installed"; exit 0; }
set -- lib/*.[ch] cgi-bin/*.[ch] tests/*.[ch] tests/fuzz/*.c bench/*.c
echo "1..$#"
n=0
for file; do
	n=$((n + 1))
	if clang-format --dry-run -Werror "$file" 2>/dev/null; then
		echo "ok $n - $file"
	else
		echo "not ok $n - $file: run clang-format -i $file"
	fi
done
