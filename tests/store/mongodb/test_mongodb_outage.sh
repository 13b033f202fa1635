#!/bin/bash
# test_mongodb_outage.sh: a MongoDB server that is killed, stopped, or behind a line that delays,
# cuts and resets: a clean 503, no number shown twice, no visit lost, and all is well when it is.
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"

need_nginx
need_mongodb
start_server --sync
start_proxy

# ---- what is promised of a server that is away; a busy machine gets four times as long
since() { echo $(($(date +%s%3N) - $1)); }
cookies() { header set-cookie | grep -c . || true; }
in_time() { # TOOK PROMISED NAME
	diag "$3: $1 ms, $2 are promised"
	ok "$3: in time" test "$1" -le $((4 * $2))
}
refused() { # NAME: 503; $took is how long that was, in ms
	local before
	before=$(date +%s%3N)
	get /r/count
	took=$(since "$before")
	is "$status $(header retry-after) $(cookies)" '503 1 0' "$1: 503, Retry-After, no cookie"
}
spared() { # NAME: whoever asks while the breaker is open is answered at once
	refused "$1, once the breaker is open"
	in_time "$took" 300 "$1, once the breaker is open"
}
opened() { in_log responder 'event=server-away.*calls=reads'; }
closed() { in_log responder 'event=server-back.*calls=reads'; }
all_closed() { [ "$(closed)" = "$(opened)" ]; }
is_open() { [ "$(opened)" -gt "$away" ]; }
opens() { get /r/count; is_open; }
# away NAME MILLISECONDS-FOR-THE-FIRST: from the first failure to the open breaker and behind it
away() {
	away=$(opened)
	refused "$1, the first"
	in_time "$took" "$2" "$1, the first"
	ok "$1: the breaker opens" wait_until 20 opens
	is "$(opened)" $((away + 1)) "$1: once"
	spared "$1"
	is "$(cookie_header)" "$cookie" "$1: the browser keeps its cookie"
}
back() { # NAME, with $before: when it came back
	ok "$1: all is well again, without a restart" wait_until 20 answers
	in_time "$(since "$before")" 2000 "$1: after its return"
	like "$body" '^visit [0-9]+$' "$1: the session goes on"
	is "$(cookie_header)" "$cookie" "$1: under the same cookie"
	ok "$1: and the log says so" all_closed
}

# ---- under load: what load.c has seen
under_load() { # COMMAND...: while 8 clients count in one session
	start load "$load" -c 8 -t 600 -T 60 -u 'visit ' -C "$cookie" -m POST -d '' \
		-H 'Sec-Fetch-Site: same-origin' "$url/r/count"
	"$@"
	stop load TERM 60
	mv "$dir/log/load" "$dir/load"
}
sums() { # NAME: of the load before
	local shown last
	diag "$1: $(load_says 'status 200') answers, $(load_says 'status 503') of 503, the slowest $(load_says max_us) us"
	is "$(load_says errors) $(load_says requests)" \
		"0 $(($(load_says 'status 200') + $(load_says 'status 503')))" \
		"$1: every request is answered, by 200 or 503"
	shown=$(load_says 'status 200') last=$(load_says max)
	ok "$1: there are some of 200" test "$shown" -gt 0
	is "$(load_says numbers) $(load_says distinct)" "$shown $shown" "$1: no number is shown twice"
	ok "$1: $last was shown, and more is kept" wait_until 20 answers
	ok "$1: no visit that was shown is lost" test "${body#visit }" -gt "$last"
}
workers_alive() { is "$(workers_of responder)" "$workers" "$1: no worker died"; }

# ---- killed, and stopped
test_killed() {
	end_server KILL
	away 'killed' 1500
	server_again --sync
	before=$(date +%s%3N)
	back 'killed'
}
stop_for() { # SECONDS
	away=$(opened)
	wait_until 20 counted 50
	end_server STOP
	ok 'stopped under load: the breaker opens' wait_until 20 is_open
	spared 'stopped under load'
	pause "$1"
	end_server CONT
	before=$(date +%s%3N)
	back 'stopped under load'
	wait_until 20 counted 50
}
counted() { # MORE than it was when this was first asked
	[ -n "${from:-}" ] || from=$(views)
	[ "$(views)" -ge $((from + $1)) ] && from=
}
test_stopped() {
	end_server STOP
	away 'stopped' 5000
	end_server CONT
	before=$(date +%s%3N)
	back 'stopped'
}
test_load_stopped() {
	local seconds=4
	[ "${TEST_COUNTS:-}" != full ] || seconds=30
	under_load stop_for $seconds
	sums "stopped for $seconds seconds under load"
	workers_alive 'stopped'
}

# ---- a line that is bad
test_refused() {
	tell refuse
	away 'refused' 1500
	tell pass
	before=$(date +%s%3N)
	back 'refused'
}
test_held() {
	tell hold
	away 'held' 5000
	tell pass
	before=$(date +%s%3N)
	back 'held'
}
test_delay() {
	local was
	was=$(opened)
	tell delay 200 # less than socket_timeout
	get /r/count
	is "$status" 200 'answers that come 200 ms late are waited for'
	is "$(opened)" "$was" 'and no breaker opens'
	tell delay 4000 # more than a connection, a server or an answer may take
	away 'answers that come 4 s late' 5000
	tell pass
	before=$(date +%s%3N)
	back 'late answers'
}
# An answer has 16 bytes of header, and is not whole before some 40.
test_cut() { # ORDER
	local was=$(opened) after last
	for after in 0 10 16 30; do
		last=$(views)
		tell "$1" $after
		get /r/count
		is "$status $(cookies)" '503 0' "$1 after $after bytes of each answer: 503, no cookie"
		tell pass
		ok "$1 after $after: it goes on" wait_until 20 answers
		ok "$1 after $after: no number is shown twice" test "${body#visit }" -gt "$last"
	done
}
test_idle() { # connections that died while nobody used them
	local was i
	was=$(opened)
	for i in 1 2 3; do
		tell drop
		get /r/count
		is "$status" 200 "connections that were reset while they were idle, $i: nobody sees it"
	done
	is "$(opened)" "$was" 'and no breaker opens'
}
spoil_for() { # TIMES: in turns, under load
	local i orders=('cut 30' 'reset 20' drop 'delay 20' drop 'reset 0' 'cut 300' drop)
	for ((i = 0; i < $1; i++)); do
		tell "${orders[i % ${#orders[@]}]}"
		pause "0.0$((RANDOM % 80 + 10))"
		tell pass
		pause "0.$((RANDOM % 20 + 10))"
		[ $((i % 10)) != 9 ] || wait_until 20 answers
	done
}
test_load_spoilt() {
	under_load spoil_for "$(count 100)"
	diag "$(proxied spoilt) connections are spoilt"
	sums 'cut, reset and delayed under load'
	workers_alive 'spoilt'
	ok 'the breaker is closed again as often as it opened' wait_until 20 all_closed
	# a pool keeps at most what threads and their spares may need, and two of its own to watch; the
	# sweeper has one beside it
	ok "no connection is left behind: $(proxied open) are open" \
		test "$(proxied open)" -le $((2 * (4 + 4 + 2 + 1)))
}

begin() { # WORKERS TEST...
	make_indexes "mongodb://$at/outage"
	make_conf store="mongodb://$proxy_at/outage?w=majority&journal=true" workers="$1" threads=4
	start_responder responder || bail 'the responder does not start'
	wait_until 10 has_workers "$1"
	workers=$(workers_of responder)
	new_session
	get /r/count
	is "$status $body" '200 visit 1' 'a session'
	for name in "${@:2}"; do test_$name; done
	workers_alive 'at the end'
	stop responder
	is $? 0 'gate lives'
}

start_nginx
begin 1 killed stopped refused held delay idle 'cut cut' 'cut reset' load_stopped
begin 2 load_spoilt

# ---- a login, whose users are there, too
make_conf store="mongodb://$at/outage" users="mongodb://$at/outage" insecure_http=yes workers=1
start_responder login || bail 'the login does not start'
new_visitor
log_in anna 'a wrong one'
is "$status" 403 'a wrong password'
end_server KILL
before=$(date +%s%3N)
log_in anna 'a wrong one'
is "$status $(header retry-after) $(cookies)" '503 1 0' 'killed, a login: 503, Retry-After, no cookie'
in_time "$(since "$before")" 1500 'killed, a login'
stop login
done_testing
