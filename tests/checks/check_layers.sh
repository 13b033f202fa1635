#!/bin/sh
# check_layers: lib/ is one ladder of folders: includes and calls lead down only, and a third-party
# header stays where it belongs.
cd "$top_srcdir" || exit 1
echo 1..7
say() { # NUMBER NAME BAD
	[ -z "$3" ] && echo "ok $1 - $2" && return
	echo "not ok $1 - $2"
	printf '%s\n' "$3" | sed 's/^/# /'
}

# From the top floor down. A file may include its own folder's headers, and those of folders below.
folders='serve guard login request request/template session store store/file store/mongodb user record options
server crypto http base'
sources=$(find lib -name '*.[ch]' ! -path lib/gate.h | sort)
floor() { # FILE: its folder's number; "": it has none
	for folder in $folders; do
		echo "$folder"
	done | grep -nxF "$(dirname "${1#lib/}")" | cut -d: -f1
}
includes() { sed -n 's/^#include "\(.*\)"$/\1/p' "$1" | grep -vxE 'config\.h|gate\.h'; } # FILE
bad=$(for file in $sources; do
	own=$(floor "$file")
	[ -n "$own" ] || { echo "$file stands in no folder that this list has" && continue; }
	for header in $(includes "$file"); do
		below=$(floor "$header")
		[ -n "$below" ] && [ "$below" -ge "$own" ] || echo "$file includes $header"
	done
done)
say 1 'includes lead down' "$bad"
say 2 'and are written from lib/' "$(for file in $sources; do
	for header in $(includes "$file"); do
		[ -e "lib/$header" ] || echo "$file includes $header"
	done
done)"
say 3 'a private header is for its own folder' "$(for file in $sources cgi-bin/*.[ch] cgi-bin/gate_check/*.[ch]; do
	for header in $(includes "$file" | grep -E '(/|_)private\.h$'); do
		[ "lib/$(dirname "$header")" = "$(dirname "$file")" ] || echo "$file includes $header"
	done
done)"

# Whoever calls a function, or reads a table, needs the file that has it: lines of two files.
needs() {
	find "$top_builddir/lib" -path '*/.libs/libgate_core_la-*.o' | while read -r object; do
		file=$(echo "${object#"$top_builddir"/}" | sed 's/\.libs\/libgate_core_la-//; s/o$/c/')
		[ -e "$file" ] || continue # it is of an earlier build
		nm "$object" | awk -v file="$file" '$NF ~ /^gate_/ {
			print $NF, file, ($(NF - 1) == "U" ? "needs" : "has") }'
	done | sort -k 3,3 | awk '$3 == "has" { has[$1] = $2; next }
		$1 in has && has[$1] != $2 { print $2, has[$1] }' | sort -u
}
pairs=$(needs)
[ "$(printf '%s\n' "$pairs" | wc -l)" -gt 300 ] || pairs='? there are no objects in the build folder'
say 4 'no files need each other in a circle' "$(printf '%s\n' "$pairs" | tsort 2>&1 >/dev/null | head -n 20)"

only() { # HEADER FILES...: who includes it beside those named
	pattern=$1
	shift
	# shellcheck disable=SC2086 # words
	found=$(grep -lE "#include <$pattern" $sources cgi-bin/*.c cgi-bin/gate_check/*.c | sort | tr '\n' ' ')
	wanted=$(printf '%s\n' "$@" | sort | tr '\n' ' ')
	[ "$found" = "$wanted" ] || echo "$pattern: $found"
}
say 5 'third-party headers stay where they belong' "$(
	only fcgiapp.h lib/serve/fastcgi.c
	only openssl/ lib/crypto/sign.c lib/crypto/seal.c lib/crypto/digest.c lib/crypto/password.c \
		lib/crypto/password_apr1.c
	only crypt.h lib/crypto/password.c
	only '(mongoc|bson)/' lib/server/mongoc.h
	grep -l '#include "server/mongo' $sources |
		grep -vE '^lib/(server/|store/mongodb/|user/mongodb)')"
say 6 'pages see gate.h only' "$(grep -l '#include "' cgi-bin/*.c | grep -v '/gate[._]')"

# Others ask it to: gate_transaction_fail, gate_transaction_set_... Its clock is the caller's.
say 7 'only session/ sets what is in a session' "$(for file in $sources; do
	case $file in lib/session/*) continue ;; esac
	grep -nE 'transaction\.[a-z_.]+ = ' "$file" /dev/null
	grep -q 'struct gate_transaction \*s\b' "$file" && grep -nE '\<s->[a-z_.]+ = ' "$file" /dev/null |
		grep -v 's->now = '
done)"
