#!/bin/sh
# check_layers: includes point down only, and a third-party header appears where design says.
cd "$top_srcdir" || exit 1
echo 1..3

# A file may include headers of its own layer or of one below. The highest comes first.
layers='master worker listen sweeper fastcgi parked arrival open
transact login login_private
request memory repeat configuration
session session_private origin user throttle hashing
user_mongodb_private store store_file store_file_private store_mongodb store_mongodb_private
record record_counter record_private queue mongodb mongoc resolve
options options_private
template template_private form cookie device seal
sign id password breaker user_kind user_rules user_file_private
json digest
clock log log_line unicode buffer encode date number random error field file address'
level() { # NAME of a header without .h
	printf '%s\n' "$layers" | awk -v name="$1" '{ for (i = 1; i <= NF; i++) if ($i == name) print NR }'
}
layer_of() { # a source file belongs to the layer of the header it begins its name with
	case $1 in
	main) echo 1 ;;
	answer | asked | finish | page | redirect) level request ;;
	clock_*) level clock ;;
	json_* | log_* | login_* | mongodb_* | options_* | password_* | record_* | session_* | template_*) level "${1%%_*}" ;;
	store_*) level store_file_private ;;
	user_mongodb*) level store ;;
	user_*) level user_kind ;;
	*) level "$1" ;;
	esac
}
bad=
for file in lib/*.c lib/*.h; do
	name=${file#lib/}
	name=${name%.?}
	[ "$file" != lib/gate.h ] || continue
	own=$(layer_of "$name")
	[ -n "$own" ] || { bad="$bad $file(no layer)"; continue; }
	for header in $(sed -n 's/^#include "\(.*\)\.h"$/\1/p' "$file"); do
		case $header in config | gate) continue ;; esac
		below=$(level "$header")
		[ -n "$below" ] && [ "$below" -ge "$own" ] || bad="$bad $name->$header"
	done
done
[ -z "$bad" ] && echo "ok 1 - includes point down" || echo "not ok 1 - includes point down:$bad"

# HEADER FILES...: who includes it beside those named
only() {
	pattern=$1
	shift
	found=$(grep -lE "#include <$pattern" lib/*.c lib/*.h cgi-bin/*.c | sort | tr '\n' ' ')
	wanted=$(printf '%s\n' "$@" | sort | tr '\n' ' ')
	[ "$found" = "$wanted" ] || echo "$pattern: $found"
}
bad=$(only fcgiapp.h lib/fastcgi.c; only openssl/ lib/sign.c lib/seal.c lib/digest.c lib/password.c \
	lib/password_apr1.c; only crypt.h lib/password.c
	only '(mongoc|bson)/' lib/mongoc.h)
[ -z "$bad" ] && echo "ok 2 - third-party headers stay where they belong" ||
	echo "not ok 2 - third-party headers stay where they belong: $bad"

bad=$(grep -l '#include "' cgi-bin/*.c | grep -v '/gate[._]')
[ -z "$bad" ] && echo "ok 3 - pages see gate.h only" || echo "not ok 3 - pages see gate.h only: $bad"
