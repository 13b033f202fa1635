#!/bin/bash
# test_demo.sh: scripts/demo and what it runs of conf/, as they stand: start, start again, stop.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

# A demo of our own: copies of all that it reads, and the programs of this build.
root=$dir/tree
demo=$root/demo
mkdir "$root"
cp -R "$src/scripts" "$src/conf" "$src/templates" "$root/" && chmod -R u+w "$root" || exit 1
ln -s "$build" "$root/build"
unset MAKEFLAGS MFLAGS MAKELEVEL "${!GATE_@}"

# ---- helpers
missing() ( # [SERVER]: packages: a test installs none
	PATH=$PATH:/usr/sbin:/sbin server=${1:-nginx}
	. "$root/scripts/common.sh"
	. "$root/scripts/demo_servers.sh"
	need_for_build
	need_for_server
	echo $packages
)
# What the demo started lives outside of ours; tests that fail, or are stopped, stop it too.
leave() {
	local status=$?
	if [ $BASHPID = $$ ]; then
		begun >>"$dir/begun"
		"$root/scripts/demo" stop >/dev/null 2>&1
		rm -rf "/dev/shm/gate-$(id -u)-$(printf %s "$demo/run" | sha256sum | cut -c 1-16)"
		left | xargs -r kill -KILL
	fi
	(exit $status)
	finish
}
demo() { # ARGUMENT...: leaves $out, $err and $code
	code=0
	"$root/scripts/demo" "$@" >"$dir/out" 2>"$dir/err" || code=$?
	out=$(<"$dir/out") err=$(<"$dir/err")
	[ $code = 0 ] || cp "$dir/err" "$dir/log/demo"
}
begun() { # the process ids in demo/pids: each of them leads a session, which its workers share
	cat "$demo"/pids/* 2>/dev/null | cut -d' ' -f1 | sort
}
left() { # what runs in a session that the demo ever began
	cat /proc/[0-9]*/stat 2>/dev/null |
		sed -n 's/^\([0-9]*\) .*) [^ZX] [0-9]* [0-9]* \([0-9]*\) .*/\2 \1/p' |
		sort | join - <(sort "$dir/begun") | cut -d' ' -f2 | sort
}
starts() { # NAME DEMO'S ARGUMENTS...: one that answers
	local name=$1
	shift
	demo "$@"
	is "$code" 0 "$name: succeeds"
	like "$out" "gate answers at http://127.0.0.1:$port/" '  and says where'
	begun >>"$dir/begun"
	is "$(ls "$demo/pids" | paste -sd' ')" "$(printf '%s\n' account app auth card counter health \
		index login logout user "${server:-nginx}" | sort | paste -sd' ')" '  eleven programs'
	is "$(comm -23 <(begun) <(left))" '' '  all of them run'
}
visit() { # N NAME
	get /counter
	is "$status $(sed -n 's:.*<h1>\(Welcome .*\)</h1>.*:\1:p' <<<"$body")" \
		"200 Welcome stranger, visit $1" "$2"
}

shows_guard() { # what /private/ and /app/ show, and what is not there
	local login=/login
	new_visitor
	get /private/ -H 'Sec-Fetch-Mode: navigate'
	is "$status $(header Location)" '302 /login?next=%2Fprivate%2F' '  /private/ leads to the login'
	get /app/who
	is "$status" 401 '  /app/ is closed, too'
	log_in demo "$(sed -n 1p "$demo/password")" -d next=/private/
	is "$status $(header Location)" '303 /private/' "  the demo's user logs in"
	get /private/
	is "$status $(heading) $(header Content-Type | cut -d';' -f1)" '200 A guarded folder text/html' \
		'  and sees the folder'
	get /app/who -H 'Remote-User: root'
	like "$status $body" $'^200 .*\nRemote-User: demo\n' '  the back end is told who it is'
	like "$body" $'\nX-Remote-User: root\n' '  and shows what the browser said instead'
	unlike "$body" "$(session_cookie)" '  but not the cookie'
	get /nowhere
	is "$status $(heading)" '404 Not Found' '  another path: 404'
	like "$body" '>The demo of gate</a>' "  in the site's look"
}

packages=$(missing)
[ -z "$packages" ] || skip_all "scripts/demo would install $packages"
trap leave EXIT
port=$(free_port)
url=http://127.0.0.1:$port

# ---- conf/nginx.conf
mkdir -p "$dir"/nginx/{logs,run}
ok 'nginx takes conf/nginx.conf as it stands' \
	"$nginx" -t -p "$dir/nginx/" -e logs/nginx.log -c "$src/conf/nginx.conf"

# ---- the command line
demo stop
is "$code $out" '0 nothing was running' 'stop before anything was started'
demo --help
like "$code $out" '^0 usage: scripts/demo ' '--help'
demo dance
like "$code $err" '^2 usage: scripts/demo ' 'an unknown word: usage, status 2'
demo --port 65536
is "$code $err" '1 demo: --port takes a number from 1 to 65535' 'no port: it says what is one'
demo --server iis
is "$code $err" '1 demo: --server takes one of: nginx apache lighttpd caddy' \
	'no server that it knows: it says which there are'
for odd in 'a folder' 'this&that' 'one:two' '$HOME'; do
	mkdir "$dir/$odd" && cp -R "$root/scripts" "$dir/$odd/"
	out=$("$dir/$odd/scripts/demo" 2>&1)
	is "$? $out" "1 demo: $dir/$odd: this path can't be built in; move it to one without spaces and signs like & # \$ :" \
		"in a folder '$odd': it says that this can't be"
	is "$(ls "$dir/$odd")" scripts '  and does nothing'
done
ok 'nothing of that made anything' test ! -e "$demo"

# ---- start
starts 'the first start' --port "$port"
is "$err" '' '  without complaint'
unlike "$out" 'next:' '  or a next step that it has done itself'
bare=$(PATH=$dir/none; . "$root/scripts/common.sh" 2>&1; need_for_build 2>&1)
is "$bare" '' '  and on a bare system it finds out quietly what is missing'
new_visitor
get /
like "$status $body" '^200 .*href="/counter".*' '/ answers'
get /card
like "$status $body" '^200 .*Haircut card' '/card answers'
get /health
is "$status $body" '200 ok' '/health answers'
visit 1 '/counter counts'
visit 2 '  from visit to visit'
get /
for path in /private/ /app/; do like "$body" "href=\"$path\"" "/ links to $path"; done
jar=$dir/jar.guard shows_guard
is "$(cmp "$src/conf/gate_params" "$demo/gate_params" 2>&1
	diff "$src/conf/nginx.conf" "$demo/nginx.conf" | grep '^>' | sed 's/^>[[:space:]]*//' | paste -sd' ')" \
	"include gate_guard_http; listen 127.0.0.1:$port; include demo_server;" \
	"but for its port and the guard nginx.conf is conf/'s, and so is gate_params"
is "$(stat -c %a "$demo/secret" "$demo/sessions" "$demo/run" | paste -sd' ')" '600 700 700' \
	'secret, sessions and sockets are for nobody else'

# ---- start again
before=$(left)
secret=$(cksum <"$demo/secret")
starts 'the second start' "--port=$port"
is "$err" '' '  without complaint'
is "$(comm -12 <(echo "$before") <(left))" '' '  no process is an old one'
is "$(cksum <"$demo/secret")" "$secret" '  the secret stays'
visit 3 '  and sessions survive'

# ---- strangers are limited, who shows our cookie is not
run_load -c 4 -n 1000 "$url/counter"
ok 'a thousand requests of a stranger: nginx refuses some' test "$(load_says 'status 429')" -gt 0
ok '  behind the first fifty' test "$(load_says 'status 200')" -ge 50
run_load -c 4 -n 200 -C "$(cookie_header)" "$url/card"
is "$(load_says 'status 200')" 200 '  and none of a visitor who comes back'
records() { find "$demo/sessions" -name '*.json' | wc -l; }
kept=$(records)

# ---- another store
starts '--store memory:' --port "$port" --store memory:
like "$out" 'sessions: memory:' '  and where sessions are'
is "$(grep '^store' "$demo/gate.conf")" 'store = memory:' '  from now on'
visit 1 '  there they begin anew'
visit 2 '  and are kept as well'
is "$(records)" "$kept" '  the folder keeps what it had'

# ---- what can't be started leaves what runs alone
before=$(left)
for url_of_store in redis: redis://127.0.0.1/0 foo:bar file:; do
	demo --port "$port" --store "$url_of_store"
	like "$code $err" "^1 demo: store ${url_of_store%%:*}: (is unknown|has no path)" \
		"--store $url_of_store: it says what is wrong"
done
mkdir "$root/tests"
printf '#!/bin/sh\n[ "$1" != --which ] || exit 0\necho "there is no room" >&2\nexit 1\n' >"$root/tests/mongodb-server"
chmod +x "$root/tests/mongodb-server"
demo --port "$port" --store mongodb
like "$code $err" '^1 there is no room.demo: the MongoDB server does not start' \
	'--store mongodb, whose server does not start: it says so'
rm -r "$root/tests"
is "$(left)" "$before" '  and what runs goes on'
is "$(grep '^store' "$demo/gate.conf")" 'store = memory:' '  as gate.conf has it'
visit 3 '  with its sessions'
other=$(free_port)
{
	printf 'daemon off; pid %s; events {}\nhttp { access_log off; server { listen 127.0.0.1:%s; }\n' \
		"$dir/other.pid" "$other"
	# its own are root's, who may not be running this
	printf '%s_temp_path other; ' client_body fastcgi proxy scgi uwsgi
	echo '}'
} >"$dir/other.conf"
start other nginx -e stderr -p "$dir" -c "$dir/other.conf"
wait_until 20 accepts "127.0.0.1:$other" || bail 'the other server does not start'
demo --port "$other"
like "$code $err" "^1 demo: port $other is taken" 'a demo on a port that is taken'
is "$(left)" "$before" '  does not stop the one that runs'
visit 4 '  whose visitors go on'
stop other

# ---- other web servers, each with its file of conf/, but for the sockets
chmod 711 "$dir" # root's Apache is another user
for server in apache lighttpd caddy; do
	packages=$(missing $server)
	if [ -n "$packages" ]; then
		skip "scripts/demo --server $server would install $packages"
		continue
	fi
	before=$(left)
	starts "--server $server" --port "$port" --server $server
	is "$(comm -12 <(echo "$before") <(left))" '' '  what ran before has ended'
	is "$(diff <(sed "s:/run/gate/:$demo/run/:" "$src/conf/$server.conf") "$demo/$server.conf")" '' \
		"  it has conf/$server.conf"
	new_visitor
	visit 1 '  /counter counts'
	visit 2 '  from visit to visit'
	shows_guard
done
server=

# ---- a path from where the caller is
cd "$dir"
starts '--store file:elsewhere' --port "$port" --store file:elsewhere
cd "$OLDPWD"
is "$(grep '^store' "$demo/gate.conf")" "store = file:$dir/elsewhere" '  gate.conf has its absolute path'
visit 1 '  where sessions are kept'
visit 2 '  from visit to visit'

# ---- stop
demo stop
is "$code $out" '0 stopped: nginx index counter card login logout user account health auth app' 'stop says what it stopped'
is "$(left)" '' '  no process is left'
ok '  nobody listens' not accepts "127.0.0.1:$port"
demo stop
is "$code $out" '0 nothing was running' 'stop again finds nothing'

# ---- a port that is taken
start_nginx # on $port
demo --port "$port"
is "$code $err" \
	"1 demo: port $port is taken by another program: try scripts/demo --port $((port + 1))" \
	'a port that is taken: it says so, and what to do'
is "$(begun)" '' '  and starts nothing'
ok '  who had it keeps it' is_ours

done_testing
