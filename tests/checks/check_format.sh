#!/bin/sh
# check_format: .clang-format decides how the sources look.
cd "$top_srcdir" || exit 1
tool=$(tests/tool clang-format) || {
	echo "1..0 # SKIP there is no clang-format 14: tests/tool clang-format --install brings one"
	exit 0
}
# shellcheck disable=SC2046 # no blanks in our names
set -- $(find lib cgi-bin tests bench -name '*.[ch]' | sort)
echo "1..$#"
n=0
for file; do
	n=$((n + 1))
	if "$tool/clang-format" --dry-run -Werror "$file" 2>/dev/null; then
		echo "ok $n - $file"
	else
		echo "not ok $n - $file: run clang-format -i $file"
	fi
done
