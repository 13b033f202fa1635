#!/bin/bash
# test_mongodb_failpoints.sh: a MongoDB server that is no primary any more, that shuts down, or that
# closes the connection, at the find and at the update: tried again or a clean 503, and no number
# shown twice.
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"

need_nginx
need_mongodb
start_server --failpoints

fail_command() { # TIMES or alwaysOn or off, COMMAND HOW-AS-JSON
	local mode="\"$1\""
	[[ $1 == *[!0-9]* ]] || mode="{\"times\": $1}"
	send_to "mongodb://$at/admin" "{\"configureFailPoint\": \"failCommand\", \"mode\": $mode,
		\"data\": {\"failCommands\": [\"${2:-none}\"], \"appName\": \"gate\"${3:+, $3}}}" >/dev/null ||
		bail 'the server takes no failpoint'
}
cookies() { header set-cookie | grep -c . || true; }
shows_more() { answers && [ "${body#visit }" -gt "$last" ]; }
# The driver tries once more.
once() { # NAME COMMAND HOW PATH
	wait_until 20 answers
	last=$(views)
	fail_command 1 "$2" "$3"
	get "$4"
	is "$status" 200 "$1 at $2, once: tried again, and nobody sees it"
	fail_command off
	[ "$4" = /r/read ] || is "$body" "visit $((last + 1))" "$1 at $2: no number is left out"
}
always() { # NAME COMMAND HOW
	wait_until 20 answers
	last=$(views)
	fail_command alwaysOn "$2" "$3"
	for try in 1 2 3; do
		get /r/count
		is "$status $(header retry-after) $(cookies)" '503 1 0' \
			"$1 at $2, always, try $try: 503, Retry-After, no cookie"
	done
	fail_command off
	ok "$1 at $2: then it goes on, and no number is shown twice" wait_until 20 shows_more
	is "$(cookie_header)" "$cookie" "$1 at $2: the browser keeps its cookie"
}
under_load() { # NAME COMMAND HOW
	local round
	start load "$load" -c 8 -t 600 -T 60 -u 'visit ' -C "$cookie" -m POST -d '' \
		-H 'Sec-Fetch-Site: same-origin' "$url/r/count"
	for ((round = 0; round < $(count 20); round++)); do
		fail_command $((RANDOM % 6 + 1)) "$2" "$3"
		pause "0.$((RANDOM % 10))"
	done
	fail_command off
	wait_until 20 answers
	stop load TERM 60
	mv "$dir/log/load" "$dir/load"
	diag "$1 at $2 under load: $(load_says 'status 200') answers, $(load_says 'status 503') of 503"
	is "$(load_says errors) $(load_says requests)" \
		"0 $(($(load_says 'status 200') + $(load_says 'status 503')))" \
		"$1 at $2 under load: every request is answered, by 200 or 503"
	is "$(load_says distinct)" "$(load_says 'status 200')" "$1 at $2 under load: no number twice"
	last=$(load_says max)
	ok "$1 at $2 under load: no visit that was shown is lost" wait_until 20 shows_more
}

opened() { in_log responder event=server-away; }
counts_open() { get /r/count; [ "$(opened)" -gt "$before" ]; }
# The breaker stays open as long as that one command hangs, whatever else is answered.
hangs() { # COMMAND READS: what a page that only reads answers meanwhile
	local before block='"blockConnection": true, "blockTimeMS": 5000'
	wait_until 20 answers
	before=$(opened)
	fail_command alwaysOn "$1" "$block"
	get /r/count
	is "$status $(header retry-after) $(cookies)" '503 1 0' "$1 hangs: 503, Retry-After, no cookie"
	ok "$1 hangs: the breaker opens" wait_until 20 counts_open
	get /r/read
	is "$status" "$2" "$1 hangs: a page that only reads: $2"
	fail_command 4 "$1" "$block"
	ok "$1 hangs: once it does not, all is well again" wait_until 90 answers
	is "$(opened)" $((before + 1)) "$1 hangs: the breaker opened once"
	fail_command off
}

# ---- what takes long and no request waits for
fail_command alwaysOn createIndexes '"blockConnection": true, "blockTimeMS": 2500'
make_conf store="mongodb://$at/failpoints" workers=1 threads=4 "${patient[@]}" socket_timeout=1500ms
start_responder responder || bail 'the responder does not start'
start_nginx
settle failpoints
workers=$(workers_of responder)
fail_command off
is "$(in_log responder event=sweep-failed) $(opened)" '0 0' \
	'indexes that take longer than socket_timeout are made, and no breaker opens'
hangs find 503
hangs update 200
labels='"errorLabels": ["RetryableWriteError"]' # as a real server has them
while read -r name how; do
	for command in find update; do
		with=$how
		[ $command = find ] || with="$how, $labels"
		once "$name" $command "$with" "/r/$([ $command = find ] && echo read || echo count)"
		once "$name" $command "$with" /r/count
		always "$name" $command "$with"
		under_load "$name" $command "$with"
	done
done <<'END'
NotWritablePrimary "errorCode": 10107
ShutdownInProgress "errorCode": 91
a_connection_closed "closeConnection": true
END

# ---- a server that has too much to do, and its relatives' words for an _id that is taken
busy() { # NAME COMMAND CODE PATH
	fail_command 3 "$2" "\"errorCode\": $3"
	get "$4"
	is "$status" 200 "$1 at $2, three times: tried again, and nobody sees it"
	fail_command off
}
# The page /account and the command walk over many: the page first finds one, its session, which would use
# up what is set to fail.
busy_walk() { # CODE COMMAND WORD...
	local code=0
	fail_command 3 find "\"errorCode\": $1"
	"$build/cgi-bin/gate" "${@:2}" --config "$dir/gate.conf" >"$dir/list" 2>&1 || code=$?
	fail_command off
	is "$code $(head -c 200 "$dir/list" | grep '^gate:')" '0 ' \
		"code $1 at the find of gate ${*:2}, three times: tried again, and nobody sees it"
}
wait_until 20 answers
before=$(opened)
for code in 16500 112; do
	busy_walk "$code" session list
	busy "code $code" find "$code" /r/read
	busy "code $code" update "$code" /r/count
	busy "code $code" findAndModify "$code" /r/renew
	jar=$dir/jar.new busy "code $code" insert "$code" /r/count
	rm -f "$dir/jar.new"
done
fail_command alwaysOn find '"errorCode": 16500'
get /r/count
is "$status $(header retry-after) $(cookies)" '503 1 0' 'too busy for the whole deadline: 503, Retry-After, no cookie'
fail_command off
get /r/count
is "$status $(opened)" "200 $before" 'the next request is served: a server that is busy is there, and no breaker opens'
for code in 11001 12582; do # the server takes no 11000 here
	fail_command 2 findAndModify "\"errorCode\": $code"
	get /r/renew
	is "$status" 200 "a counter that is taken (code $code) is counted all the same"
	fail_command off
	get /r/count
	is "$status" 200 'and the session goes on'
done
is "$(workers_of responder)" "$workers" 'no worker died'
stop responder
is $? 0 'gate lives'

# ---- a password that can't be stored now
password=$(head -c 12 /dev/urandom | base64)
next=$(head -c 12 /dev/urandom | base64)
make_conf store="mongodb://$at/failpoints" users="mongodb://$at/failpoints" insecure_http=yes workers=1 \
	"${patient[@]}" socket_timeout=1500ms
"$build/cgi-bin/gate" user add anna --stdin --config "$dir/gate.conf" <<<"$password" >/dev/null
busy_walk 16500 user list
is "$(cut -f 1 "$dir/list")" anna 'and names each user once'
for name in login account user; do start_responder $name || bail "$name does not start"; done
elsewhere() { jar=$dir/jar.elsewhere "$@"; }
nobody_elsewhere() { [ "$(elsewhere who)" = nobody ]; }
elsewhere log_in anna "$password"
log_in anna "$password"
is "$status $(who) $(elsewhere who)" '303 anna anna' 'two logins'
change_password() { # OLD NEW
	post /account --data-urlencode "current=$1" --data-urlencode "new=$2" --data-urlencode "again=$2"
}
fail_command alwaysOn update '"blockConnection": true, "blockTimeMS": 5000'
change_password "$password" "$next"
is "$status $(header retry-after) $(cookies)" '503 1 0' 'updates hang: a change of the password answers 503'
fail_command off
ok 'and ends the other session, as nobody knows what comes of it' wait_until 20 nobody_elsewhere
logs_in() { log_in anna "$password" && [ "$status" = 303 ]; }
swap() { local was=$password; password=$next next=$was; }
either() { logs_in || { swap && logs_in; }; } # it was stored, or not
ok 'the old or the new one is right then' wait_until 20 either
fail_command 1 update "\"closeConnection\": true, $labels"
# the change that hung may still have been made since then
changed() { change_password "$password" "$next" && [ "$status" = 303 ] || { swap && false; }; }
ok 'a connection that closes at the change: tried again' wait_until 20 changed
swap
new_visitor
ok 'and the new one is right' wait_until 20 logs_in
for name in login account user; do stop $name; done
end_server TERM
done_testing
