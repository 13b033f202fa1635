#!/bin/sh
# check_dist: the release archive holds every file that git tracks, but for what only git needs.
cd "$top_srcdir" || exit 1
git ls-files >/dev/null 2>&1 && [ -e .git ] || { echo "1..1"; echo "ok 1 - this is the archive itself"; exit 0; }
echo "1..1"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
make -s -C "$top_builddir" distdir distdir="$folder/gate" >"$folder/log" 2>&1 || tail -n 5 "$folder/log"
missing=$(git ls-files | while read -r file; do
	[ -e "$folder/gate/$file" ] || [ ! -e "$file" ] || echo "$file"
done | grep -vxF .gitignore)
if [ -z "$missing" ]; then
	echo "ok 1 - every tracked file is in the archive"
else
	echo "not ok 1 - every tracked file is in the archive"
	printf '%s\n' "$missing" | sed 's/^/# /'
fi
