#!/bin/bash
# test_mongodb_clock.sh: the server's clock is set ahead along with this host's, as where both run on one
# host: that ends nobody's session either. A sweep removes nothing, a session that only these clocks call
# over is a 503 and keeps its cookie, and all goes on when the clocks are right. (test_clock.sh sets this
# host's clock alone.)
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"

need_nginx
need_mongodb
ahead() { # SECONDS; 0: right
	tell ahead $(($1 * 1000)) # what the server says
	rm -f "$spy/clock"
	[ "$1" = 0 ] || echo $((($(date +%s) + $1) * 1000)) >"$spy/clock"
}
count_sessions() { "$build/cgi-bin/gate" session count --config "$dir/gate.conf" 2>&1 | tail -n 1; }
# A sweeper asks for the time before it takes its turn.
took_turn() {
	send_to "mongodb://$at/clock" '{"find": "sessions_counters", "filter": {"_id": "sweep"}}' | grep -q swept
}
says() { grep -q "$1" "$dir/log/responder"; } # REGEX
FIFTEEN_DAYS=$((15 * 86400))

start_server
start_proxy
start_nginx
make_indexes "mongodb://$at/clock"
make_conf store="mongodb://$proxy_at/clock" first_ttl=0 workers=1 auto_remove=interval sweep_interval=1s \
	"${patient[@]}"
chmod 600 "$dir/gate.conf"
spied start_responder responder || bail 'the responder does not start'
wait_until 30 took_turn || bail 'the sweeper does not sweep'
for i in 1 2 3 4 5; do new_visitor; get /r/count; get /r/count; done
is "$status $body" '200 visit 2' 'sessions are made'

ahead $FIFTEEN_DAYS
get /r/count
is "$status $(set_cookies)" '503 0' 'both clocks are ahead: 503, and the cookie stays'
ok 'a sweep says so' wait_until 60 says "event=sweep-failed .*the server's clock is 1[0-9]* s ahead"

ahead 0
get /r/count
is "$status $body" '200 visit 3' 'both clocks are right again: the session goes on'
is "$(count_sessions)" 5 'no session has gone'
ok 'a sweep says that the clock is right' wait_until 60 says 'event=clock-believed .*right again'
stop responder
is $? 0 'gate lives'
end_server TERM
done_testing
