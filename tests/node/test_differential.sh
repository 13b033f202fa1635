#!/bin/bash
# test_differential.sh: the same random sequences of requests to gate, behind nginx, and to express,
# express-session and connect-mongo, on one MongoDB server: cookie, status, body, stored document and
# expiry must be the same, but for the differences in interop/differences.js; and sequences in which
# both take turns on one session. An argument is SEED/NUMBER of the one sequence to run, as it is
# printed of one that fails, or SEED/-: all of another seed.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"

interop=$src/tests/node/interop
ttl=1209600
which=${1:-6/-}

# NAME PAYLOAD TOUCH-AFTER MAX-AGE [FLAG...]: in seconds; a MAX-AGE of 0: it ends with the browser
configurations=(
	'text string 0 0'
	'object document 0 3600 attributes'
	'text-day string 86400 3600 rolling'
	'object-day document 86400 0 rolling'
	'text-new string 600 72000 uninitialized'
	'object-again document 600 0 resave'
)

need_nginx
need_node "$interop"
need_database
database=$(database %) # % is the configuration's name

start_gate() { # NAME PAYLOAD TOUCH-AFTER MAX-AGE [FLAG...]
	local more=() flag
	for flag in "${@:5}"; do
		case $flag in
		attributes) more+=(--cookie_priority=high --cookie_http_only=no) ;;
		uninitialized) more+=(--save_uninitialized=yes) ;;
		*) more+=("--$flag=yes") ;;
		esac
	done
	make_indexes "${database/\%/$1}"
	start_responder "gate-$1=responder" --store="${database/\%/$1}" --payload="$2" \
		--touch_after="$3s" --max_age="$4s" "${more[@]}" || bail "gate $1 does not start"
}
start_node() { # the same
	local more=() flag attributes=
	for flag in "${@:5}"; do
		case $flag in
		attributes) attributes=',"priority":"high","httpOnly":false' ;;
		uninitialized) more+=(--save-uninitialized) ;;
		*) more+=("--$flag") ;;
		esac
	done
	[ "$4" = 0 ] || attributes+=",\"maxAge\":${4}000"
	[ "$2" = string ] || more+=(--document)
	start "node-$1" node "$interop/peer.js" --listen "$dir/run/node-$1.sock" \
		--mongodb "${database/\%/$1}" --secret-file "$dir/secret" --ttl $ttl --touch-after "$3" \
		--cookie "{\"sameSite\":\"lax\"$attributes}" "${more[@]}"
}
start_both() {
	local configuration name
	for configuration in "${configurations[@]}"; do
		read -ra words <<<"$configuration"
		start_node "${words[@]}"
		start_gate "${words[@]}"
		nginx_http+=$(upstream "gate-$words" yes "gate-$words")
		nginx_server+=$(location "/$words/" "gate-$words" yes)
	done
	for configuration in "${configurations[@]}"; do
		name=node-${configuration%% *}
		wait_until 60 accepts_or_ended "$name"
		accepts "unix:$dir/run/$name.sock" ||
			bail "$name does not start: $(tail -n 3 "$dir/log/$name")"
	done
}

# One line of results a line of the report.
show() {
	local first rest times why
	while read -r first rest; do
		case $first in
		ok) pass "${rest#- }" ;;
		not) fail "${rest#ok - }" ;;
		met)
			read -r times why <<<"$rest"
			if [ "${TEST_COUNTS:-}" = full ] && [ "$which" = 6/- ]; then
				[ "$times" != 0 ]
				result $? "a difference that is meant: $why" ||
					diag 'it was never met: take the line out'
			fi
			diag "met $times times: $why"
			;;
		*) echo "$first $rest" ;;
		esac
	done
}

(umask 077 && for _ in new old; do head -c 32 /dev/urandom | base64; done >"$dir/secret")
make_conf ttl=${ttl}s workers=1 threads=4 store= "${patient[@]}"
nginx_http='' nginx_server=''
start_both
start_nginx
started=$SECONDS
node "$interop/differential.js" "$database" "$url" "$dir/run" "$dir/secret" \
	"$(count 2000)" "$(count 500)" "$which" "${configurations[@]}" >"$dir/report" 2>"$dir/log/report"
is $? 0 'the sequences were run'
show <"$dir/report"
diag "in $((SECONDS - started)) s"

for configuration in "${configurations[@]}"; do
	name=${configuration%% *}
	stop "node-$name"
	is $? 0 "$name: the Node process lived to its end"
	is "$(grep -v '^ready$' "$dir/log/node-$name" | head -n 3)" '' "$name: it met no error"
	stop "gate-$name"
	is $? 0 "$name: gate lived to its end"
	usual='started|stopped|environment-unknown|session-unknown|session-ended|cookie-signed-anew|session-refused|change-refused|log-suppressed'
	is "$(grep -vhE "event=($usual)( |\$)" "$dir/log/gate-$name" | sort -u | head -n 3)" '' \
		"$name: and met no error"
done
done_testing
