#!/bin/bash
# test_mongodb_drip.sh: a MongoDB server behind TLS whose answers come a byte a second: each request ends at
# its deadline with a clean 503 while the bytes go on, and the threads are free for others.
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"

need_nginx
need_mongodb
command -v openssl >/dev/null || skip_all 'openssl is not installed'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$dir/key" -out "$dir/pem" \
	-days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>"$dir/log/openssl" ||
	bail 'openssl makes no certificate'
start_server --tls "$dir/pem" "$dir/key"
start_proxy
make_indexes "mongodb://$at/drip?tls=true&tlsCAFile=$dir/pem"
# socket_timeout lasts: the driver begins it anew with each byte
make_conf store="mongodb://$proxy_at/drip?tls=true&tlsCAFile=$dir/pem" workers=1 threads=2 deadline=2s \
	socket_timeout=60s connect_timeout=60s
start_responder responder || bail 'the responder does not start'
start_nginx
wait_until 20 answers || bail 'there is no session'
new_session
get /r/count
is "$status $body" '200 visit 1' 'a session'

opened() { in_log responder event=server-away; }
for what in 'an answer within a connection' 'the handshake of a new one'; do
	tell drip 1000
	[ "$what" = 'an answer within a connection' ] || tell drip 1000
	# each thread has two in turn, of 2 s each; the rest is for a machine that is busy elsewhere
	for i in 1 2 3 4; do start ask$i "$load" -c 1 -n 1 -T 15 -C "$cookie" "$url/r/count"; done
	for i in 1 2 3 4; do
		wait "${pids[ask$i]}"
		unset "pids[ask$i]"
		mv "$dir/log/ask$i" "$dir/load"
		is "$(load_says 'status 503') $(load_says errors)" '1 0' "$what drips, request $i of 4 on 2 threads: 503"
	done
	get /r/nothing
	is "$status" 200 "$what: another page is answered meanwhile"
	ok "$what: the breaker is open" [ "$(opened)" -ge 1 ]
	tell pass
	[ "$what" = 'the handshake of a new one' ] || { tell drop; wait_until 60 answers; tell drop; }
done
tell drop
ok 'all is well again' wait_until 60 answers
stop responder
is $? 0 'gate lives'

# ---- the users are there, too
password='plum violet rowboat'
users=(--users="mongodb://$proxy_at/drip?tls=true&tlsCAFile=$dir/pem" --store="file:$dir/sessions")
logs_in() { log_in alice "$password" -m 15; [ "$status" = 303 ]; }
"$build/cgi-bin/gate" user add alice --stdin --config "$dir/gate.conf" "${users[@]}" <<<"$password" \
	>"$dir/log/gate" 2>&1 || bail 'no user can be made'
start_responder login --insecure_http=yes "${users[@]}" || bail 'login does not start'
ok 'a user in MongoDB logs in' wait_until 30 logs_in
tell drip 1000
log_in alice "$password" -m 15
is "$status" 503 "what is said of the user drips: a login ends with its deadline, too"
ok '  and the log says that the users can not be read' \
	[ "$(in_log login 'event=store-failed path=/login error="users ')" -ge 1 ]
tell pass
tell drop
ok 'and then logs in again' wait_until 60 logs_in
stop login
is $? 0 'gate lives'
done_testing
