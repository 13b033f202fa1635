#!/bin/bash
# test_process.sh: masters, workers, sockets and signals, with requests under way through nginx.
# Tests serve/main.c, serve/open.c, serve/master.c, serve/worker.c and serve/listen.c.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

responder=$build/tests/helpers/responder
unix=$dir/run/responder.sock
nginx_server=$(location /closing/ responder no) # /r/ keeps its connections, this one does not

# ---- helpers
in_log() { grep -c -- "$2" "$dir/log/$1" || true; } # NAME PATTERN: how many lines
logged() { [ "$(in_log "$1" "$2")" -ge "$3" ]; }   # NAME PATTERN TIMES
children() { # of that process
	pids[children]=$1
	workers_of children
	unset 'pids[children]'
}
gone() { [ ! -e "/proc/$1" ]; }
# Orphans stay as zombies where the system's first process reaps none.
all_ended() { local pid; for pid; do ! grep -q ') [^ZX] ' "/proc/$pid/stat" 2>/dev/null || return 1; done; }
all_gone() { local pid; for pid; do gone "$pid" || return 1; done; }
has_workers() { [ "$(workers_of "$1" | wc -l)" = "$2" ]; }
fds() { local pid; for pid; do find "/proc/$pid/fd" -mindepth 1 | wc -l; done | paste -sd' '; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; } # KiB
sanitized() { grep -Eq 'libasan|^0*7fff[78]000-' "/proc/$1/maps"; }
shows() { get "$1" && [ "$status $body" = "200 $2" ]; } # PATH BODY
shows_always() { # PATH BODY: whichever worker answers
	local i
	for i in {1..20}; do shows "$@" || return 1; done
}
under_way() { # some sessions have come to their second visit
	[ "$(grep -El '"views":([2-9]|1[0-9])' "$dir"/sessions/*.json | wc -l)" -ge 16 ]
}
begin_load() { # ARGUMENTS of load, URL last: until end_load
	rm -f "$dir/log/loader"
	start loader "$load" -c 32 -t 120 "$@"
	wait_until 20 under_way || diag 'the load does not begin'
}
run() { # TEST ARGUMENT...: with no session and empty logs
	rm -f "$dir"/log/{responder,second} "$dir"/sessions/*.json
	: >"$dir/log/nginx-errors"
	make_conf
	diag "$*"
	"$@"
}
end_load() { stop loader TERM 60; cp "$dir/log/loader" "$dir/load"; }
is_clean() { # NAME: every answer was 200
	ok "$1" [ "$(load_says 'status 200')" -gt 0 ]
	is "$(load_says 'status 200') $(load_says errors)" "$(load_says requests) 0" \
		"$1: each of its requests was answered with 200"
}
fails_to_start() { # WHY ARGUMENT...
	local why=$1
	shift
	"$responder" --config "$dir/gate.conf" "$@" </dev/null >"$dir/log/failed" 2>&1 && return 1
	grep -q "event=start-failed.*$why" "$dir/log/failed"
}

# ---- one's own socket
test_stop() { # /r/ or /closing/
	local other errors=$dir/log/nginx-errors
	start_responder responder --trace=yes || bail 'no responder'
	begin_load -s "$url${1}slow?ms=3"
	stop responder
	is $? 0 "SIGTERM under load ($1): status 0"
	ok 'and its path is gone' [ ! -e "$unix" ]
	end_load
	is "$(load_says errors) $(($(load_says requests) - $(load_says 'status 200') - \
		$(load_says 'status 502')))" '0 0' 'no answer was cut'
	is "$(in_log responder 'event=session .*result=done')" "$(load_says 'status 200')" \
		'as many requests were served as answered'
	is "$(grep -c 'connect() to unix' "$errors")" "$(load_says 'status 502')" \
		'those that failed found nobody to connect to'
	other=$(grep -v 'connect() to unix' "$errors")
	[ "$1" = /closing/ ] || other=$(grep -Ev 'writev\(\) failed|recv\(\) failed' <<<"$other")
	is "$other" '' 'and nothing else'
	unlike "$(cat "$dir/log/responder")" 'event=stop-late' 'in time'
}

test_under_way() {
	local idle=$dir/log/waiting
	start_responder responder || bail 'no responder'
	run_load -c 32 -n 200 "$url/r/nothing" # leaves idle connections
	start waiting curl -s -m 20 "$url/r/slowfile?ready=$dir/ready&go=$dir/go&then=count"
	wait_until 10 [ -e "$dir/ready" ]
	signal responder TERM
	wait_until 10 [ ! -e "$unix" ]
	touch "$dir/go"
	stop responder
	is $? 0 'SIGTERM with a request under way and idle connections: status 0'
	wait "${pids[waiting]}"
	unset 'pids[waiting]'
	is "$(cat "$idle")" 'views 1' 'that request is answered'
	unlike "$(cat "$dir/log/responder")" 'event=stop-late' 'and nobody waited for the idle ones'
}

test_path() {
	local master workers
	start_responder responder || bail 'no responder'
	is "$(stat -c %a "$unix")" 660 'the socket has mode 0660'
	ok 'a second program on the same path is refused' \
		fails_to_start 'another program answers there' --listen "unix:$unix"
	ok 'and the first still answers' shows /r/nothing nothing
	master=$(pid_of responder) workers=$(workers_of responder)
	kill -KILL "$master"
	wait "$master" 2>/dev/null
	# shellcheck disable=SC2086 # one a word
	ok 'a master that is killed takes its workers with it' wait_until 10 all_ended $workers
	ok 'its path stays' [ -S "$unix" ]
	ok 'and is taken over' start_responder responder --socket_mode=0600
	is "$(stat -c %a "$unix")" 600 'with the mode that was asked for'
	ok 'it answers' shows /r/nothing nothing
	rm "$unix"
	start successor "$responder" --config "$dir/gate.conf" --listen "unix:$unix"
	wait_until 10 accepts "unix:$unix"
	stop responder
	ok 'a program that ends leaves the socket of its successor alone' shows /r/nothing nothing
	stop successor
	is "$? $([ -e "$unix" ] && echo there)" '0 ' 'who takes it away'
	touch "$dir/file"
	ok 'what is no socket is left alone' fails_to_start 'something else is there' \
		--listen "unix:$dir/file"
	ok 'and stays' [ -f "$dir/file" ]
	ok 'an unknown group is refused' fails_to_start 'there is no such group' \
		--listen "unix:$unix" --socket_group=nosuchgroup
	ok 'and leaves no path' [ ! -e "$unix" ]
	local line
	for line in users=ldap:x "users=file:$dir/none" store=redis:x "templates=$dir/none" socket_group=nosuchgroup; do
		make_conf "$line"
		ok "$line: file and line are named" fails_to_start "gate\.conf:[0-9][0-9]*: " --listen "unix:$unix"
	done
	make_conf
	ok 'no socket at all is refused' fails_to_start 'no socket to answer on'
	LISTEN_PID=1 LISTEN_FDS=1 \
		ok 'and one meant for another process too' fails_to_start 'no socket to answer on'
	start_responder responder "--socket_group=$(a_group)"
	is "$(stat -c %G "$unix")" "$(a_group)" 'the socket has the group that was asked for'
	stop responder
}
a_group() { # one that we may give files to
	[ "$(id -u)" = 0 ] && getent group | awk -F: '$3 > 0 && $3 < 100 { print $1; exit }' || id -gn
}

test_tcp() {
	local tcp
	tcp=$(free_port)
	start responder "$responder" --config "$dir/gate.conf" --listen "127.0.0.1:$tcp"
	ok 'a TCP socket on loopback' wait_until 10 accepts "127.0.0.1:$tcp"
	stop responder
	is $? 0 'SIGTERM: status 0'
	ok 'any other address is refused' fails_to_start listen --listen "0.0.0.0:$tcp"
}

# ---- a socket that is handed over
test_restarts() { # 0 or 3, /r/ or /closing/
	local i old master missed=0 many
	many=$(count 50)
	start responder "$build/tests/helpers/pass_socket" "$1" "$unix" "$responder" --config "$dir/gate.conf"
	ok "socket as descriptor $1" wait_until 10 shows /r/nothing nothing
	begin_load -s -u 'visit ' "$url$2count"
	for ((i = 0; i < many; i++)); do
		master=$(workers_of responder)
		old=$(children "$master")
		kill -TERM "$master"
		# shellcheck disable=SC2086
		wait_until 20 gone "$master" && wait_until 20 answered_by_others $old || missed=1
	done
	end_load
	is $missed 0 "$many times stopped and started again"
	is_clean "under load ($2)"
	is "$(load_says 'max') $(load_says numbers)" "$(load_says distinct) $(load_says requests)" \
		'no visit is lost'
	ok 'the socket stays' [ -S "$unix" ]
	stop responder
	is $? 0 'and in the end: status 0'
}
answered_by_others() { # than these workers
	get /r/pid
	[ "$status" = 200 ] && [[ " $* " != *" ${body#pid } "* ]]
}

test_one_process() {
	local master
	start responder "$build/tests/helpers/pass_socket" 0 "$unix" "$responder" --config "$dir/gate.conf" \
		--workers=0
	ok 'no workers, as mod_fcgid starts it: it answers' wait_until 10 shows /r/nothing nothing
	master=$(workers_of responder)
	is "$(children "$master")" '' 'and has no child'
	new_visitor
	get /r/count
	get /r/count
	is "$body" 'visit 2' 'it has sessions'
	kill -HUP "$master"
	ok 'reloads' wait_until 10 logged responder 'event=reloaded process=program' 1
	begin_load -s "$url/closing/count"
	kill -TERM "$master"
	wait_until 20 gone "$master"
	ok 'is started again' wait_until 10 shows /r/nothing nothing
	end_load
	is_clean 'under load'
	stop responder
	is $? 0 'and ends with status 0'
	start_responder responder --workers=0
	stop responder
	is "$? $([ -e "$unix" ] && echo there)" '0 ' 'with a socket of its own: the path is gone'
}

# ---- reloading
reloads() { # TIMES: so often all processes of responder have read their configuration
	logged responder 'event=reloaded' $(($1 * 3))
}
page() { mkdir -p "$dir/templates" && echo "$1" >"$dir/templates/page.html"; }
reload_conf() { make_conf "templates=$dir/templates" "$@"; }

test_reload() {
	local i many workers
	many=$(count 100)
	page 'page 0'
	reload_conf max_age=1000
	start_responder responder || bail 'no responder'
	wait_until 10 has_workers responder 2
	workers=$(workers_of responder)
	begin_load -s -u 'visit ' "$url/closing/count"
	for ((i = 1; i <= many; i++)); do
		page "page $i"
		reload_conf max_age=$((1000 + i))
		signal responder HUP
		wait_until 20 reloads "$i" || break
	done
	is "$(in_log responder event=reloaded)" $((many * 3)) "SIGHUP $many times under load: all reload"
	ok 'the new templates are in force' shows_always '/r/render?template=page.html' "page $many"
	ok 'the new options too' shows_always '/r/option?name=max_age' \
		"$(($(count 100) + 1000))s"
	reload_conf max_age=77 nonsense=yes
	bad_reload 'an unknown option' nonsense
	reload_conf max_age=77 "secret_file=$dir/nosuch"
	bad_reload 'a missing secret' nosuch
	reload_conf max_age=77
	page '{{#open}}'
	bad_reload 'a wrong template' page.html
	end_load
	is_clean 'all the while'
	is "$(workers_of responder)" "$workers" 'by the same workers'
	is "$(load_says max) $(load_says numbers)" "$(load_says distinct) $(load_says requests)" \
		'no visit is lost'
	stop responder
}
bad_reload() { # NAME WHAT THE LOG SAYS
	local before
	before=$(in_log responder event=reload-failed)
	signal responder HUP
	wait_until 10 logged responder event=reload-failed $((before + 1))
	like "$(grep event=reload-failed "$dir/log/responder" | tail -n 1)" "error=.*$2" \
		"$1: the log says why"
	ok 'and the old options stay' shows_always '/r/option?name=max_age' \
		"$(($(count 100) + 1000))s"
}

# Its master could read the new configuration, so a worker that can't goes, and another one comes.
test_reload_by_one() {
	local one
	page 'page 0'
	reload_conf
	start_responder responder || bail 'no responder'
	one=$(workers_of responder | head -n 1)
	prlimit --pid "$one" --nofile=3 || bail 'prlimit fails'
	page 'page 1'
	signal responder HUP
	ok 'a worker that may open no file: it ends' wait_until 20 gone "$one"
	like "$(cat "$dir/log/responder")" 'event=reload-failed process=worker error=.*Too many open' \
		'the log says why'
	ok 'another one takes its place' wait_until 20 has_workers responder 2
	ok 'all answer with what the master read' shows_always '/r/render?template=page.html' 'page 1'
	stop responder
	is $? 0 'SIGTERM: status 0'
}

# What needs a restart keeps its old value, in workers that are started later too.
test_restart_only() {
	local old
	make_conf
	start_responder responder || bail 'no responder'
	new_visitor
	get /r/count
	mkdir -p "$dir/elsewhere"
	make_conf "store=file:$dir/elsewhere" threads=5
	signal responder HUP
	wait_until 10 reloads 1
	like "$(cat "$dir/log/responder")" 'event=reload-needs-restart option=store' \
		'a change of the store needs a restart, says the log'
	old=$(workers_of responder)
	# shellcheck disable=SC2086
	kill -KILL $old
	# shellcheck disable=SC2086
	wait_until 20 all_gone $old
	ok 'so that a worker which is started again' wait_until 20 shows /r/nothing nothing
	get /r/count
	is "$status $body" '200 visit 2' 'has the same store as before'
	stop responder
}

# ---- rotation of secrets
secret() { # append or promote
	if [ -x "$build/cgi-bin/gate" ]; then
		"$build/cgi-bin/gate" secret --file "$dir/secret" "--$1" >/dev/null
	elif [ "$1" = append ]; then
		head -c 32 /dev/urandom | base64 >>"$dir/secret"
	else
		(umask 077; tac "$dir/secret" >"$dir/secret.new")
		mv "$dir/secret.new" "$dir/secret"
	fi
}
reload_both() { # TIMES
	signal responder HUP
	signal second HUP
	wait_until 20 logged responder event=reloaded $(($1 * 3)) &&
		wait_until 20 logged second event=reloaded $(($1 * 3))
}

test_rotation() {
	local i name first many=32
	for name in responder second=responder; do start_responder $name || bail "no $name"; done
	for ((i = 0; i < many; i++)); do
		new_visitor
		get /both/count
		cookie_header
		echo
	done >"$dir/cookies"
	new_visitor
	get /both/count
	first=$(cookie_header)
	begin_load -s -f "$dir/cookies" -u 'visit ' "$url/both/count"
	secret append
	is "$(wc -l <"$dir/secret")" 2 'a second secret is appended'
	ok 'all processes of both masters read it' reload_both 1
	get /both/count
	is "$body $(cookie_header)" "visit 2 $first" 'a cookie stays as it is'
	secret promote
	ok 'it is promoted, and all read that' reload_both 2
	get /both/count
	is "$status $body" '200 visit 3' 'the visitor is still known'
	unlike "$(cookie_header)" "^$first$" 'by a cookie that is signed anew'
	like "$(cookie_header)" "^${first%.*}\." 'and has the same id'
	ok 'which the log says' grep -q 'event=cookie-signed-anew' "$dir/log"/*
	end_load
	is_clean 'under load'
	is "$(grep -c ^line "$dir/load")" $many "$many sessions were under load"
	is "$(awk '/^line/ && !($4 == $6 && $8 == 2 && $10 == $4 + 1)' "$dir/load")" '' \
		'each goes on from its first visit without a gap: nobody was logged out'
	ok 'and each got a new cookie' [ "$(load_says set_cookies)" -ge $many ]
	sed -i 2d "$dir/secret"
	ok 'the old secret is taken away' reload_both 3
	get /both/count
	is "$body" 'visit 4' 'the new cookie is still good'
	new_visitor
	get /both/count -b "$first"
	is "$body" 'visit 1' 'the old one is not'
	stop responder
	stop second
}

# ---- workers
# What signs a cookie, as Node's cookie-signature does it.
signed_by() { # SECRET ID
	printf %s "$2" | openssl dgst -sha256 -hmac "$1" -binary | base64 | tr -d '=\n'
}
decoded() { printf '%b' "${1//%/\\x}"; }

# Files as an editor of Windows leaves them: they mean what they show.
test_marked() {
	local name key='bT3kQ9zLw7 Rf2Hn5Yc8V Xj6Mg4Ps0a as its owner sees it' value
	page '{{>part}}|{{>part}}'
	printf '%s' '{{nothing}}part' >"$dir/templates/part.html"
	reload_conf secret_file="$dir/marked" max_age=1234 workers=3
	printf '# the secrets, of which the first one signs\n%s\n' "$key" >"$dir/marked"
	for name in marked gate.conf templates/page.html templates/part.html; do
		sed -i '1s/^/\xef\xbb\xbf/; s/$/\r/; $s/\r$//' "$dir/$name"
		truncate -s -"$(tail -c 1 "$dir/$name" | grep -c '^$')" "$dir/$name"
	done
	chmod 600 "$dir/marked"
	start_responder responder || bail 'no responder'
	new_visitor
	get /r/count
	is "$status $body" '200 visit 1' 'gate.conf and the secret behind a byte-order mark'
	value=$(decoded "$(session_cookie)")
	is "${value#*.}" "$(signed_by "$key" "$(id_in "$(session_cookie)")")" '  the secret signs, not the comment'
	get '/r/option?name=max_age'
	is "$body" 1234s '  no carriage return belongs to a value'
	ok '  and the last line counts, which does not end' has_workers responder 3
	get '/r/render?template=page.html'
	is "$status $(od -An -c <<<"$body" | tr -d ' \n')" "200 $(printf 'part|part\n' | od -An -c | tr -d ' \n')" \
		'  no mark of a template is sent'
	stop responder
	rm "$dir/templates/part.html"
}

test_workers() {
	local old one begin
	start_responder responder --run_dir="$dir/run2" || bail 'no responder'
	old=$(workers_of responder)
	one=${old%%$'\n'*}
	kill -KILL "$one"
	wait_until 10 gone "$one"
	ok 'a worker that is killed is replaced' wait_until 10 has_workers responder 2
	like "$(cat "$dir/log/responder")" 'event=worker-died signal=9 next="another one is started"' \
		'and the log says so'
	one=$(workers_of responder | head -n 1)
	kill -TERM "$one"
	wait_until 10 gone "$one"
	ok 'so is one that is told to end' wait_until 10 has_workers responder 2
	ok 'they answer' shows_always /r/nothing nothing
	rm -rf "$dir/run2" && touch "$dir/run2"
	begin=$(date +%s%N)
	# shellcheck disable=SC2046
	kill -KILL $(workers_of responder)
	ok 'workers that die at once are tried again' wait_until 20 logged responder event=worker-failed 6
	ok 'but not more than once a second each' [ $(($(date +%s%N) - begin)) -gt 1900000000 ]
	rm "$dir/run2" && mkdir -m 700 "$dir/run2"
	ok 'until it works again' wait_until 20 shows /r/nothing nothing
	stop responder
	is $? 0 'SIGTERM: status 0'
}

# What only a worker can try, and no other one would do better.
test_misconfigured() {
	"$build/tests/helpers/responder" --config '' --secret_file "$dir/secret" --store file: \
		--listen "unix:$dir/run/wrong.sock" --run_dir "$dir/run" --templates "$src/templates" \
		--workers 2 >"$dir/said" 2>&1
	is $? 1 'a store that can not be: the program ends'
	like "$(cat "$dir/said")" 'store file: has no path' 'and says what is wrong'
	like "$(cat "$dir/said")" 'event=worker-died status=78 next="the program ends"' 'and what comes of it'
	ok 'its socket is gone' [ ! -e "$dir/run/wrong.sock" ]
}

test_hardening() {
	local pid
	start_responder responder || bail 'no responder'
	for pid in $(pid_of responder) $(workers_of responder); do
		like "$(cat "/proc/$pid/limits")" 'Max core file size +0 +0 ' "no core file of process $pid"
	done
	sanitized "$(pid_of responder)" || dumpable # the leak checker traces its own process
	stop responder
}
# The files of a process that is not dumpable belong to root, whoever runs it.
dumpable() {
	local as=() pid owner=''
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	mkdir -m 711 "$dir/nobody"
	chmod 711 "$dir"
	make_secret "$dir/nobody/secret"
	# a copy, as that user may not get to where it was built, below /root for one
	cp "$build/tests/helpers/.libs/responder" "$build"/.libs/libgate.so.? "$dir/nobody/" || return
	chmod 755 "$dir"/nobody/{responder,libgate.so.?}
	[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$dir/nobody"
	LD_LIBRARY_PATH=$dir/nobody start guarded "${as[@]}" "$dir/nobody/responder" --config= \
		--secret_file="$dir/nobody/secret" \
		--store="file:$dir/nobody/sessions" --run_dir="$dir/nobody/run" \
		--listen="unix:$dir/nobody/sock"
	wait_until 10 accepts "unix:$dir/nobody/sock" && wait_until 10 has_workers guarded 2
	for pid in $(pid_of guarded) $(workers_of guarded); do
		owner+=$(stat -c %u "/proc/$pid/environ")
	done
	is "$owner" 000 'master and workers are not dumpable: nobody traces them'
	stop guarded
	chmod 700 "$dir"
}

test_growth() {
	local before after memory many path
	many=$(count 10000)
	start_responder responder --workers=1 --trace=no || bail 'no responder'
	run_load -c 16 -n 2000 -s "$url/closing/count"
	run_load -c 16 -n 200 -s "$url/closing/big?bytes=100000"
	before=$(fds "$(workers_of responder)") memory=$(resident "$(workers_of responder)")
	for path in count show big?bytes=100000 nosuch nothing; do
		run_load -c 16 -n "$many" -s "$url/closing/$path"
		is "$(load_says requests) $(load_says errors)" "$many 0" "$many times /$path"
	done
	fds_are() { [ "$(fds "$(workers_of responder)")" = "$1" ]; }
	ok "a worker has as many descriptors as before: $before" wait_until 10 fds_are "$before"
	after=$(resident "$(workers_of responder)")
	sanitized "$(workers_of responder)" || # the address sanitizer keeps what was freed
		ok "and as much memory: $memory KiB, then $after" [ "$after" -lt $((memory + 1024)) ]
	stop responder
}

make_conf
start_nginx
for ((i = 0; i < $(count 20); i++)); do
	run test_stop /closing/
	run test_stop /r/
done
run test_under_way
run test_path
run test_tcp
run test_restarts 0 /closing/
run test_restarts 3 /closing/
run test_restarts 3 /r/
run test_one_process
run test_reload
run test_reload_by_one
run test_restart_only
run test_rotation
run test_marked
run test_workers
run test_misconfigured
run test_hardening
run test_growth
done_testing
