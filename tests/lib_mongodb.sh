# lib_mongodb.sh: what the end-to-end tests on MongoDB share, behind lib.sh.

# For make_conf, where the time that a server may take is not what is tested: a machine that is busy
# elsewhere is no failure.
patient=(connect_timeout=10s select_timeout=10s socket_timeout=30s deadline=60s)

need_mongodb() {
	grep -q '^#define HAVE_MONGODB' "$build/config.h" || skip_all 'built without MongoDB'
}
need_database() { # of a server that others may use, too
	need_mongodb
	uri=$("$src/tests/mongodb-server" --parent $$ 2>"$dir/log/mongodb") ||
		skip_all "there is no MongoDB server: $(cat "$dir/log/mongodb")"
}
database() { # NAME: the URI of one of this test's own there
	local at=${uri%%\?*} options=''
	[[ $uri != *\?* ]] || options=?${uri#*\?}
	echo "${at%/}/gate_test_$$_$1$options"
}
# start_server [ARGUMENT...]: in $dir/mongodb; $at is its HOST:PORT, $server_port the latter.
start_server() {
	local uri
	uri=$(server "$@" 2>"$dir/log/mongodb") ||
		skip_all "there is no such MongoDB server: $(cat "$dir/log/mongodb")"
	at=${uri#mongodb://} at=${at%/}
	server_port=${at##*:}
}
server() { "$src/tests/mongodb-server" --folder "$dir/mongodb" --parent $$ "$@"; }
server_again() { server --port "$server_port" "$@" >/dev/null; } # on the same data
end_server() { "$src/tests/mongodb-server" --stop "$dir/mongodb" "$1"; } # SIGNAL
send_to() { "$build/tests/helpers/mongodb_command" "$@"; } # URI COMMAND...

# As gate makes them: else it does, and secantusd-py hangs when indexes are made while others write.
make_indexes() { # URI
	local expires='{"background": true, "key": {"expires": 1}, "name": "expires_1", "expireAfterSeconds": 0}'
	local user='{"background": true, "key": {"user": 1}, "name": "user_1"}'
	send_to "$1" "{\"createIndexes\": \"sessions\", \"indexes\": [$expires, $user]}" >/dev/null
	send_to "$1" "{\"createIndexes\": \"sessions_counters\", \"indexes\": [$expires]}" >/dev/null
}

# ---- sessions of the responder
new_session() { # $cookie
	new_visitor
	get '/r/set?name=started&value=true'
	cookie=$(cookie_header)
}
views() { get /r/show; sed -n 's/.*"views":\([0-9]*\).*/\1/p' <<<"$body"; }
answers() { get /r/count; [ "$status" = 200 ]; }
# The indexes, then a session: secantusd-py does not survive that they are made while others write.
settle() { # DATABASE
	wait_until 30 has_indexes "$1" || bail 'no index is made'
	new_session
}
has_indexes() {
	send_to "mongodb://$at/$1" '{"listIndexes": "sessions"}' | grep -q expires_1
}
has_workers() { [ "$(workers_of responder | wc -l)" = "$1" ]; } # N
in_log() { cat "$dir/log/$1" 2>/dev/null | grep -cE "$2"; } # NAME REGEX: how many lines

# ---- a proxy before the server: $proxy_at is its HOST:PORT
start_proxy() { # where $server_port is
	local port
	port=$(free_port)
	proxy_control=$(free_port)
	start proxy "$build/tests/helpers/proxy" "$port" "$proxy_control" "$server_port"
	wait_until 10 tell || bail 'the proxy does not start'
	proxy_at=127.0.0.1:$port
}
tell() { # ORDER: done when this returns; proxy.c says what there is
	exec {line}<>"/dev/tcp/127.0.0.1/$proxy_control" || return 1
	echo "$*" >&"$line"
	read -r -a told <&"$line"
	exec {line}>&-
}
proxied() { # open, accepted or spoilt: how many connections
	tell
	case $1 in open) echo "${told[1]}" ;; accepted) echo "${told[3]}" ;; spoilt) echo "${told[5]}" ;; esac
}
