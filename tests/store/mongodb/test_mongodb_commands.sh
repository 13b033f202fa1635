#!/bin/bash
# test_mongodb_commands.sh: how many commands a request costs, as libmongoc's command monitoring
# counts them, and whose the connections are.
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"

need_nginx
need_mongodb
mkdir "$spy"
watched() { # COMMAND...: spy_mongodb.c writes down what it sends
	LD_PRELOAD=$build/tests/helpers/.libs/spy_mongodb.so SPY_FOLDER=$spy MONGOC_DISABLE_SHM=yes \
		ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 "$@"
}
# (What a sweeper looks for belongs to no request.)
sent() { cut -d' ' -f1,2 "$spy/commands" 2>/dev/null | grep -v ^listCollections | sed 's/ sessions$//' | paste -sd,; }
begin() { : >"$spy/commands"; }
# Who sweeps takes its turn and ends it; others just ask for it.
swept() { [ "$(cat "$spy/sweeps" 2>/dev/null | grep -c ^findAndModify)" -ge $((${1:-1} + 1)) ]; } # [PROGRAMS]
costs() { # COMMANDS STATUS NAME METHOD PATH [CURL'S ARGUMENTS...]
	begin
	"${@:4}"
	is "$status $(sent)" "$2 $1" "$3"
}

# ---- sessions
start_server
start_nginx
for form in string document; do
	make_conf store="mongodb://$at/$form" payload=$form workers=1 "${patient[@]}"
	rm -f "$spy/sweeps"
	watched start_responder responder || bail 'the responder does not start'
	wait_until 30 swept || bail 'the sweeper does not sweep'
	new_visitor
	costs '' 200 "$form: a page without a session: none" get /r/nothing
	costs '' 200 'a look without a cookie: none' get /r/read
	costs '' 200 'nor with one that nobody signed' get /r/read -H 'Cookie: connect.sid=s%3Aabc.def'
	costs insert 200 'the first visit: one' get /r/count
	costs find,update 200 'the first return: two, for the record lives on from there' get /r/read
	for i in 1 2 3; do costs find 200 "a page that only reads, $i: one" get /r/read; done
	costs find 200 'a change that is taken back: one' get /r/undo
	costs find,update 200 'a visit: two' get /r/count
	costs find,update 200 'a page that commits by itself: two' get /r/commit
	costs find,insert,'findAndModify sessions_counters,findAndModify sessions_counters,delete' 200 \
		'a new id: five, two of them for the mark' get /r/renew
	old=$(cookie_header)
	costs find,delete 200 'a session is destroyed: two' get /r/destroy
	costs 'find,find sessions_counters' 200 'a cookie of a session that is gone: two' \
		get /r/read -H "Cookie: $old"
	rm "$spy/sweeps"
	watched start_responder second=responder --touch_after=0 || bail 'no second responder'
	wait_until 30 swept 0 || bail 'the second sweeper asks nothing'
	new_visitor
	get /second/count
	costs find,update 200 'touch_after = 0, a page that only reads: two' get /second/read
	costs find,update 200 'touch_after = 0, a visit: two' get /second/count
	stop second
	stop responder
done

# ---- the login
password=$(head -c 12 /dev/urandom | base64)
make_conf store="mongodb://$at/login" users="mongodb://$at/login" insecure_http=yes workers=1 \
	"${patient[@]}"
"$build/cgi-bin/gate" user add anna --stdin --config "$dir/gate.conf" <<<"$password" >/dev/null
rm "$spy/sweeps"
for name in login logout user account; do watched start_responder $name || bail "$name does not start"; done
wait_until 30 swept 3 || bail 'the sweeper does not sweep'
new_visitor
numbers() { # how many there are of each, but for how often what is throttled is counted
	sent | tr , '\n' | grep -v sessions_counters | sort | uniq -c | awk '{ $1 = $1; print }' | paste -sd,
}
looks() { # how it looks for users, each way once
	sed -n 's/^find gate_users [0-9]* [0-9]* //p' "$spy/commands" | sort -u | paste -sd,
}
one='skip=0 limit=1 projection=yes'
costs '' 200 'the form of the login: none' get /login
costs '' 302 'a guarded page without a cookie: none' get /user
begin
log_in anna wrong
is "$status $(numbers)" '403 3 find gate_users' 'the first try takes a sample of the users, whoever is tried'
is "$(looks)" "skip=0 limit=0 projection=yes,$one" '  by names and hashes only'
signal login HUP
wait_until 10 grep -q 'event=reloaded process=worker' "$dir/log/login" || bail 'no reload'
begin
log_in nobody wrong
is "$status $(numbers)" '403 3 find gate_users' 'and so does the first one after a reload'
begin
log_in anna wrong
is "$status $(numbers)" '403 2 find gate_users' 'a wrong password: the user and nobody'
is "$(looks)" "$one" '  each by one look, for names and hashes only'
ok "and $(grep -c _counters "$spy/commands") for the counters: at most 10" \
	[ "$(grep -c _counters "$spy/commands")" -le 10 ]
begin
log_in nobody wrong
is "$status $(numbers)" '403 2 find gate_users' 'a name that nobody has: nobody and a user'
is "$(looks)" "$one" '  each by the same look: nobody is found without a skip'
begin
log_in anna "$password"
is "$status $(numbers)" '303 1 find,4 find gate_users,1 insert' 'a login: the user three times, the session, and how many there are'
ok "and $(grep -c _counters "$spy/commands") for the counters: at most 10" \
	[ "$(grep -c _counters "$spy/commands")" -le 10 ]
new_visitor
for i in {1..5}; do log_in "nobody" "wrong$i"; done
begin
log_in nobody wrong
is "$status $(numbers)" '403 ' 'a try that has to wait: the users are not asked'
new_visitor
log_in anna "$password"
costs find 200 'a guarded page: one' get /user
wrong() { post /account -d "current=wrong$1&new=$password-anew&again=$password-anew"; }
for i in {1..6}; do wrong $i; done
begin
wrong 7
like "$(tail -n 1 "$dir/log/account")" event=login-throttled 'a change of the password that has to wait'
unlike "$(numbers)" gate_users 'it does not ask the users'
"$build/cgi-bin/gate" user unlock anna --config "$dir/gate.conf" >/dev/null
ended='findAndModify sessions_counters,findAndModify sessions_counters'
costs "find,$ended,delete" 303 'a logout: two, and two that remember the id' post /logout
for name in login logout user account; do stop $name; done

# ---- very many sessions of one user: whoever knows the password can make them
thousand() { # NUMBER: the command that makes another thousand
	perl -e 'printf "{\"insert\": \"sessions\", \"documents\": [%s]}", join ",", map {
		"{\"_id\": \"many-$ARGV[0]-$_\", \"user\": \"anna\", \"session\": " .
		"\"{\\\"cookie\\\":{},\\\"gate\\\":{\\\"user\\\":\\\"anna\\\"}}\"}" } 1 .. 1000' "$1"
}
annas() { send_to "mongodb://$at/login" '{"count": "sessions", "query": {"user": "anna"}}' | sed 's/.*"n" : \([0-9]*\).*/\1/'; }
for name in login account; do start_responder $name --deadline=20s || bail "$name does not start"; done
new_visitor # the device of before has to wait
log_in anna "$password"
for i in {1..21}; do send_to "mongodb://$at/login" "$(thousand $i)" >/dev/null; done
before=$(annas)
get /account
is "$status $(grep -c '<h3>' <<<"$body")" "200 100" "a user with $before sessions sees some of them"
post /account -d others=yes
like "$status" '303|503' "  and ends them: $status, in time or not"
ok '  fewer are left' [ "$(annas)" -lt "$before" ]
for name in login account; do stop $name; done
send_to "mongodb://$at/login" '{"delete": "sessions", "deletes": [{"q": {}, "limit": 0}]}' >/dev/null

# ---- nothing stays in /dev/shm, where the driver would make a file (tests/lib.sh turns that off)
files_of() { # PID...
	local pid
	for pid; do ls "/dev/shm/mongoc-$pid" 2>/dev/null; done
}
make_conf store="mongodb://$at/shm" users="mongodb://$at/shm" workers=1 "${patient[@]}"
unset MONGOC_DISABLE_SHM
start_responder responder || bail 'the responder does not start'
new_visitor
get /r/count
# shellcheck disable=SC2046 # words
is "$status $(files_of "$(pid_of responder)" $(workers_of responder))" '200 ' \
	'a program whose sessions are in MongoDB makes no file in /dev/shm'
stop responder
for words in 'session count' 'session list --user anna' 'user list' check; do
	# shellcheck disable=SC2086 # words
	"$build/cgi-bin/gate" $words --config "$dir/gate.conf" >"$dir/out" 2>&1 &
	pids[command]=$!
	ended=0
	wait "${pids[command]}" || ended=$?
	is "$ended $(files_of "${pids[command]}")" '0 ' "gate $words leaves none there either"
done
unset 'pids[command]'
export MONGOC_DISABLE_SHM=1

# ---- every worker has its own
make_conf store="mongodb://$at/workers" workers=4 threads=4 "${patient[@]}"
rm "$spy/sweeps"
begin
watched start_responder responder || bail 'the responder does not start'
wait_until 30 swept || bail 'the sweeper does not sweep'
new_session
run_load -c 16 -n 2000 -C "$cookie" "$url/r/read"
# (The kernel's list is read in pieces, while it changes: what moves in it may come twice.)
sockets_of() { # PID: those to the server, by their inodes
	local hex
	printf -v hex ':%04X' "$server_port"
	find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -dc '0-9\n' | sort -u |
		join - <(awk -v to="$hex$" '$3 ~ to { print $10 }' /proc/net/tcp | sort -u)
}
makers=$(cut -d' ' -f3 "$spy/commands" | sort -u)
is "$makers" "$(workers_of responder | sort)" 'each worker makes a pool, and the master none'
is "$(awk '$3 != $4' "$spy/commands")" '' 'and nobody uses that of another process'
if [ "$(id -u)" = 0 ]; then
	for pid in $(workers_of responder); do
		ok "a worker has connections: $(sockets_of "$pid" | wc -l)" [ -n "$(sockets_of "$pid")" ]
	done
	is "$(for pid in $(workers_of responder); do sockets_of "$pid"; done | sort | uniq -d)" '' \
		'no two workers have the same'
	is "$(sockets_of "$(pid_of responder)")" '' 'and the master has none'
fi
stop responder
end_server TERM
done_testing
