#!/bin/bash
# test_mongodb_slow.sh: a MongoDB server each of whose answers comes late, but in time: many calls of one
# request end with its deadline, and a new password stays with its owner.
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"

need_nginx
need_mongodb
others=20 old='plum violet rowboat' new='vexing ochre tundra 88'
start_server
start_proxy
make_indexes "mongodb://$at/slow"
echo "alice:$(cheap_hash "$old")" >"$dir/users"
chmod 600 "$dir/users"
make_conf store="mongodb://$proxy_at/slow" users="file:$dir/users" insecure_http=yes trusted_proxies=127.0.0.1 \
	workers=1 threads=4 deadline=4s connect_timeout=5s socket_timeout=5s
for name in login account user responder; do
	start_responder $name || bail "$name does not start"
done
start_nginx
wait_until 20 answers || bail 'there is no session'

left() { "$build/cgi-bin/gate" session count --user alice --config "$dir/gate.conf" 2>/dev/null; }
fill() { # until there are so many others; $cookie: the owner's, $old_cookie: one of those
	local i
	new_visitor
	log_in alice "$old"
	old_cookie=$(session_cookie)
	for ((i = $(left); i < others; i++)); do
		new_visitor
		log_in alice "$old"
	done
	new_visitor
	log_in alice "$old"
	cookie=$(session_cookie)
}
end_others() { with "$cookie" post /account -d others=yes; }

# ---- each of so many takes two calls
fill
tell delay 200
end_others
is "$status" 503 'so many sessions are not ended in the time of a request'
tell pass
rest=$(left)
diag "$rest of $((others + 1)) are left"
ok '  the request ended with its deadline: some of them are left' [ "$rest" -gt 1 ]
ok '  and some are not' [ "$rest" -le "$others" ]
tell delay 200
for ((clicks = 1; clicks < others; clicks++)); do
	[ "$status" = 503 ] || break
	end_others
done
is "$status" 303 'those who ask again get done'
tell pass
is "$(left)" 1 '  and only their own session is left'
is "$(with "$cookie" who)" alice '  in which they are logged in'

# ---- what comes behind a new password can't undo it
fill
tell delay 200
with "$cookie" post /account -d user=alice --data-urlencode "current=$old" --data-urlencode "new=$new" \
	--data-urlencode "again=$new"
is "$status" 303 'a new password beside so many sessions: done'
cookie=$(jar=$dir/jar.with session_cookie)
tell pass
is "$(with "$cookie" who)" alice '  its owner goes on'
is "$(with "$old_cookie" who)" nobody '  and the others are over'
ok '  which ended with the deadline: the log says so' [ "$(in_log account event=sessions-not-ended)" = 1 ]
new_visitor
log_in alice "$old"
is "$(who)" nobody '  the old password is none'
new_visitor
log_in alice "$new"
is "$(who)" alice '  the new one is'
done_testing
