#!/bin/bash
# test_clock.sh: a clock that is ahead ends nobody's session: nothing is swept, a session that only
# this clock calls over is a 503 and keeps its cookie; all goes on when the clock is right. Nor does one
# that is behind, whose sessions would have ended long ago.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"
need_nginx
DAY=86400

ahead() { # SECONDS; 0: right
	mkdir -p "$spy"
	rm -f "$spy/clock"
	[ "$1" = 0 ] || echo $((($(date +%s) + $1) * 1000)) >"$spy/clock"
}
gate() { spied "$build/cgi-bin/gate" "$@" --config "$dir/gate.conf" 2>&1; }
keeps() { # NAME COUNT: of all of these records none goes
	local said
	said=$(gate session sweep)
	like "$said" 'clock is [0-9]* s ahead' "$1: a sweep says that the clock is ahead"
	unlike "$said" removed "$1: and removes nothing"
}
sessions() { # N
	local i
	for ((i = 0; i < $1; i++)); do new_visitor; get /r/count; get /r/count; done
}
try() { # NAME
	ahead 0
	spied start_responder responder || bail 'the responder does not start'
	sessions 20
	is "$status $body" '200 visit 2' "$1: sessions are made"
	ahead $((15 * DAY))
	keeps "$1"
	like "$(gate check)" "this host's clock is 1[0-9]* s ahead of the store's" "$1: gate check says so"
	is "$(gate session count | tail -n 1)" 20 "$1: all are counted"
	is "$(gate session list | grep -c "$(printf '\t')")" 20 "$1: and listed"
	rm -rf "$dir/copies" && mkdir -m 700 "$dir/copies"
	like "$(gate session copy "$store" --store="file:$dir/copies")" '20 sessions' "$1: and copied"
	get /r/count
	is "$status $(set_cookies)" '503 0' "$1: a session that only this clock ends: 503, and its cookie stays"
	like "$(tail -n 1 "$dir/log/responder")" "event=store-failed .*this host's clock is 1[0-9]* s ahead" \
		"$1: the log says why"
	new_visitor_of_its_own
	ahead 0
	get /r/count
	is "$status $body" '200 visit 3' "$1: the clock is right again: the session goes on"
	begins_now "$1"
	is "$(gate session count | tail -n 1)" 21 "$1: all sessions are there"
	stop responder
}
stays() { # NAME: what is written and touched while the clock is behind by more than a lifetime
	ahead 0
	spied start_responder responder --ttl=30m --touch_after=0 || bail 'the responder does not start'
	new_visitor; get /r/count; get /r/count
	ahead -3600
	get /r/count
	is "$status $body" '200 visit 3' "$1: the clock is an hour behind: a session goes on"
	ends_later "$1: what is written then"
	get /r/show
	ends_later "$1: what is touched then"
	jar=$dir/jar.other get /r/count
	jar=$dir/jar.other get /r/count
	ahead 0
	get /r/count
	is "$status $body $(set_cookies)" '200 visit 4 0' "$1: the clock is right again: it goes on"
	jar=$dir/jar.other get /r/count
	is "$status $body" '200 visit 3' "$1: and so does one that began meanwhile"
	rm -f "$dir/jar.other"
	stop responder
}
ends_later() { # NAME: the session of the jar does
	local id ends
	id=$(id_in "$(session_cookie)")
	ends=$(ahead 0; gate session list --ttl=30m | awk -v id="$id" 'index($0, id)')
	like "$ends" "$id" "$1 is no record that has ended"
}
new_visitor_of_its_own() { jar=$dir/jar.other get /r/count; is "$status" 200 'a new visitor is served meanwhile'; }
begins_now() { # NAME: what that visitor's record says of its times, once he is there again
	local id now
	now=$(date +%s%3N)
	id=$(sed -n 's/.*s%3A\([^.]*\)\..*/\1/p' "$dir/jar.other")
	like "$(gate session show "$id")" "\"created\": ?1[0-9]{12}" "$1: the new visitor's session is there"
	jar=$dir/jar.other get /r/show
	is "$status" 200 "$1: the clock was put right, and he comes again"
	created=$(gate session show "$id" | tr -d ' \n' | sed 's/.*"created":\([0-9]*\).*/\1/')
	ok "$1: his session began now, its record says" [ "$created" -lt $((now + 60000)) ]
	rm -f "$dir/jar.other"
}

# ---- files: the time of the file system is another one
make_conf first_ttl=0 workers=1
store=file:$dir/sessions
chmod 600 "$dir/gate.conf"
start_nginx
try files
stays files

# ---- files: the clock went otherwise than CLOCK_BOOTTIME since the note, which outlives restarts
offset() { echo $(($(date +%s%3N) - $(sed 's/\.//; s/ .*/0/' /proc/uptime))); } # ms
note() { printf '%-30s %-30s %-32s\n' "$@" >"$(echo "$dir"/sessions/.gate/clock.*)"; }
now=$(date +%s%3N)
for i in {1..5}; do # ended 13 days ago by this clock, and not yet by the one before
	printf '{"cookie":{"originalMaxAge":null},"__lastAccess":%s}' $((now - 27 * DAY * 1000)) >"$dir/sessions/old$i.json"
done
note $(($(offset) - 15 * DAY * 1000)) 0 0
keeps 'the clock was set'
is "$(ls "$dir"/sessions/old*.json | wc -l)" 5 'what only the new clock ends stays'
keeps 'a restart later'
read -r _ doubted since <"$(echo "$dir"/sessions/.gate/clock.*)"
note $(($(offset) - 15 * DAY * 1000)) "$doubted" $((since - 3600000))
said=$(gate session sweep)
like "$said" 'event=clock-believed .*stood for an hour' 'it has stood for an hour: it is believed, and the log says so'
like "$said" '5 removed' 'and what is over by it goes'
is "$(records)" 23 'only that'

# ---- MongoDB: the server decides
need_database
store=$(database clock)
make_indexes "$store"
make_conf store="$store" first_ttl=0 workers=1 auto_remove=interval "${patient[@]}"
chmod 600 "$dir/gate.conf"
try MongoDB
stays MongoDB
done_testing
