#!/bin/sh
# npm.sh: npm.sh FOLDER: prints the folder whose node_modules holds what FOLDER's package-lock.json
# pins; installs it there first, once per lock file, outside the source tree.
set -eu

here=$(cd "$1" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/gate
folder=$cache/${here##*/}-$(sha256sum "$here/package-lock.json" | cut -c 1-16)

if [ ! -d "$folder/node_modules" ]; then
	mkdir -p "$cache"
	new=$(mktemp -d "$folder.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	cp "$here/package.json" "$here/package-lock.json" "$new"
	npm ci --prefix "$new" --cache "$new/cache" --ignore-scripts --no-audit --no-fund >&2
	rm -rf "$new/cache"
	# another run may have been faster
	mv -T "$new" "$folder" 2>/dev/null || [ -d "$folder/node_modules" ]
fi
printf '%s\n' "$folder"
