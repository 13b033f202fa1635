# lib.sh: what the benchmarks share, and the numbers that all of them use; sourced.
connections=32 workers=2 threads=8

. "$root/scripts/common.sh"
need_for_build
need python3-venv python3 -c 'import ensurepip'
! declare -F need_too >/dev/null || need_too
install_needed
configured "$root/build" && made "$root/build" &&
	made "$root/build" tests/helpers/load tests/helpers/responder $programs || exit 1

top_srcdir=$root top_builddir=$root/build
nginx_server='location = /bare { include '$root'/conf/gate_params; fastcgi_keep_conn on; fastcgi_pass bare; }'
nginx_http=
for peer in $peers; do
	nginx_server="$nginx_server
		location /$peer/ { proxy_pass http://$peer/; proxy_http_version 1.1; proxy_set_header Connection \"\"; }"
done
. "$root/tests/lib.sh"
for peer in bare $peers; do
	nginx_http="$nginx_http
		upstream $peer { server unix:$dir/run/$peer.sock; keepalive 32; }"
done

say() { printf '%s\n' "$*"; }
# row NAME COMMAND...: what the command prints is a figure of this round; if it fails, the run ends.
row() {
	local figure
	figure=$("${@:2}") || bail "$1: ${figure#Bail out! }"
	echo "$1 $figure" >>"$dir/rates"
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
round() { awk "BEGIN { printf \"%.${2:-0}f\", $1 }"; }

all_good() { # PATH: a fast error must not count as speed
	[ "$(load_says errors) $(load_says 'status 200')" = "0 $(load_says requests)" ] ||
		bail "not every answer of $1 was 200: $(grep -v ^line "$dir/load" | paste -sd' ')"
}
rate() { # PATH COOKIES: answers a second
	run_load -c $connections -t "$seconds" -f "$2" "$url$1"
	all_good "$1"
	load_says rate
}
sign_up() { # PATH FILE: a session for each connection
	for _ in $(seq $connections); do
		new_visitor
		get "$1"
		cookie_header
		echo
	done >"$2"
}

# What was measured stands in $dir/rates: a name and a number, one line each a round.
of() { awk -v name="$1" '$1 == name { print $2 }' "$dir/rates" | median; }
against_limit() { # TITLE PAGE RAW GOAL
	local bare raw page limit
	bare=$(of bare) raw=$(of "$3") page=$(of "$2")
	limit=$(round "1 / (1 / $bare + 1 / $raw)")
	say "| $1 | $page | bare $bare, raw $raw: limit $limit | $(round "100 * $page / $limit") % | ≥ $4 % |"
}
against_node() { # TITLE PAGE PEER GOAL
	say "| $1 | $(of "$2") | $(of "$3") | $(round "$(of "$2") / $(of "$3")" 1) × | ≥ $4 × |"
}

start_bare() { # sends the very answer that the counter gives, but for what nginx adds; leaves $bytes
	new_visitor; get /counter; get /counter
	bytes=${#body}
	{
		printf 'Status: 200 OK\r\n'
		grep -vE '^(HTTP/|Server:|Date:|Connection:|Set-Cookie:|$)' <<<"$headers" | sed 's/$/\r/'
		printf '\r\n%s\n' "$body"
	} >"$dir/answer"
	start bare "$build/bench/bare" "$dir/run/bare.sock" $workers $threads "$dir/answer"
}
start_peer() { # NAME STORE: the same page on express-session
	start "$1" node "$root/bench/peer.js" "$dir/run/$1.sock" "$2" "$dir/secret" "$bytes"
	wait_until 20 test -S "$dir/run/$1.sock" || bail "the Node peer $1 does not start"
}
start_mongodb() { # leaves in $uri where a MongoDB server is: that of TEST_MONGODB_URI, or one of ours
	uri=${TEST_MONGODB_URI:-}
	[ -n "$uri" ] || {
		"$src/tests/mongodb-server" --install rs || say 'the Rust server can not be built' >&2
		uri=$("$src/tests/mongodb-server" --folder "$dir/mongodb" --parent $$) ||
			bail 'there is no MongoDB server'
	}
	uri=${uri%/}
}
start_table() { # what was measured of what
	say "$(nproc) cores, $connections connections, $workers workers × $threads threads, page of $bytes bytes,"
	say "medians of $rounds rounds of $seconds s, requests a second"
	say
	say '| | gate | against | ratio | goal |'
	say '|---|---|---|---|---|'
}

[ -z "$peers" ] || {
	tool node
	modules=$(sh "$src/tests/npm.sh" "$src/tests/node/interop") || bail 'npm can not install the Node peers'
	export NODE_PATH=$modules/node_modules NODE_ENV=production
}
