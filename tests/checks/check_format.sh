#!/bin/sh
# check_format: .clang-format decides how the sources look. It lets long comments pass, this doesn't.
cd "$top_srcdir" || exit 1
# shellcheck disable=SC2046 # no blanks in our names
set -- $(find lib cgi-bin tests bench -name '*.[ch]' | sort)
tool=$(tests/tool clang-format) || tool=
[ -n "$tool" ] && echo "1..$((1 + $#))" || echo 1..2

# A tab counts up to the next multiple of 8 columns, a character of UTF-8 counts 1.
long=$(for file; do
	expand "$file" | LC_ALL=C.UTF-8 grep -nHE --label="$file" '^.{101}'
done | grep -E '/\*|^[^:]*:[0-9]+: *\*')
[ -z "$long" ] || printf 'not '
echo 'ok 1 - no line of a comment has over 100 columns'
[ -z "$long" ] || printf '%s\n' "$long" | sed 's/^/# /'

if [ -z "$tool" ]; then
	echo 'ok 2 # SKIP there is no clang-format 14: tests/tool clang-format --install brings one'
	exit 0
fi
n=1
for file; do
	n=$((n + 1))
	if "$tool/clang-format" --dry-run -Werror "$file" 2>/dev/null; then
		echo "ok $n - $file"
	else
		echo "not ok $n - $file: run clang-format -i $file"
	fi
done
