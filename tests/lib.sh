# lib.sh: what the end-to-end tests share. A test begins with
#	. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
# and ends with done_testing. make gives top_srcdir and top_builddir (or srcdir and builddir, which
# may be relative); by hand, run it in the build directory. Everything that a test starts and all
# that it writes (in $dir) is gone when it exits. Nothing here sleeps: it polls, with a bound.
set -u
export LC_ALL=C
export MONGOC_DISABLE_SHM=1 # as in gate@.service: what is killed here would leave a file behind

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
src=$(cd "${top_srcdir:-$here/..}" && pwd)
build=$(cd "${top_builddir:-${builddir:-.}}" && pwd)
load=$build/tests/helpers/load

# ---- TAP: each of these prints one result and returns it
tests=0 failures=0

result() { # STATUS NAME
	local word=
	tests=$((tests + 1))
	[ "$1" = 0 ] || { word='not '; failures=$((failures + 1)); }
	echo "${word}ok $tests - ${2//\#/\\#}"
	return "$1"
}
diag() { printf '%s\n' "$*" | sed 's/^/# /'; }
pass() { result 0 "$1"; }
fail() { result 1 "$1"; }
ok() { # NAME COMMAND [ARGUMENT...]: it succeeds; not COMMAND: it fails
	local name=$1 bad=0
	shift
	"$@" >"$dir/ok.out" 2>&1 || bad=1
	result $bad "$name" || { diag "failed: $*"; diag "$(tail -n 5 "$dir/ok.out")"; return 1; }
}
not() { ! "$@"; }
is() { # GOT WANTED NAME
	[ "$1" = "$2" ] && { pass "$3"; return; }
	fail "$3"
	diag "   got: $1"
	diag "wanted: $2"
	return 1
}
like() { # TEXT EXTENDED-REGEX NAME
	[[ $1 =~ $2 ]] && { pass "$3"; return; }
	fail "$3"
	diag "   got: $1"
	diag "wanted: $2"
	return 1
}
unlike() { # TEXT EXTENDED-REGEX NAME
	[[ $1 =~ $2 ]] || { pass "$3"; return; }
	fail "$3"
	diag "     got: $1"
	diag "unwanted: $2"
	return 1
}
skip_all() { echo "1..0 # SKIP $*"; exit 0; }
skip() { tests=$((tests + 1)); echo "ok $tests # SKIP $*"; }
bail() { echo "Bail out! $*"; exit 1; }
done_testing() { echo "1..$tests"; [ $failures = 0 ]; exit; }

# Numbers are as written under TEST_COUNTS=full, a tenth of it otherwise.
count() {
	[ "${TEST_COUNTS:-}" = full ] && echo "$1" || echo $((($1 + 9) / 10))
}

# ---- waiting
exec {never}<> <(:)
pause() { read -rt "${1:-0.01}" -u "$never" || true; } # a rest between two looks
wait_until() { # SECONDS COMMAND [ARGUMENT...]: 0 as soon as it succeeds, 1 when it never did
	local end=$((SECONDS + $1 + 1)) looks=0
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		pause 0.0$((looks < 5 ? ++looks : 5)) # a look takes the machine's time, too
	done
}

# ---- processes: started by name, known by process id, gone at exit
declare -A pids=()

start() { # NAME COMMAND [ARGUMENT...]: in the background, its output in $dir/log/NAME
	local name=$1
	shift
	"$@" </dev/null >>"$dir/log/$name" 2>&1 {never}<&- &
	pids[$name]=$!
}
running() { kill -0 "${pids[$1]}" 2>/dev/null; }
ended() { ! running "$1"; }
pid_of() { echo "${pids[$1]}"; }
workers_of() { # NAME: process ids of its children
	local stat parent
	for stat in /proc/[0-9]*/stat; do
		read -r parent 2>/dev/null <"$stat" || continue
		parent=${parent##*) } # what stands behind the program's name: state, parent
		parent=${parent#* }
		[ "${parent%% *}" = "${pids[$1]}" ] && basename "${stat%/stat}"
	done
	true
}
# freeze PID...: until kill -CONT. A busy machine may take a while: one thread of a process hears the signal,
# and the others go on until that one had its turn.
freeze() {
	local pid
	kill -STOP "$@"
	for pid; do wait_until 20 is_frozen "$pid" || bail "process $pid does not stop"; done
}
is_frozen() {
	local stat
	stat=$(<"/proc/$1/stat") && [[ ${stat##*) } = T* ]]
}
signal() { kill -"$2" "${pids[$1]}"; } # NAME SIGNAL
stop() { # NAME [SIGNAL [SECONDS]]: its exit status, 124 when it had to be killed
	local name=$1 status=0 killed=
	kill -"${2:-TERM}" "${pids[$name]}" 2>/dev/null
	wait_until "${3:-15}" ended "$name" || { killed=124; kill -KILL "${pids[$name]}"; }
	wait "${pids[$name]}" 2>/dev/null || status=$?
	unset "pids[$name]"
	return "${killed:-$status}"
}

# ---- the directory of this test (short: a socket's path has at most 107 bytes)
dir=$(mktemp -d /tmp/gate.XXXXXX) || exit 1
mkdir -p -m 700 "$dir"/{log,run,sessions,nginx}

finish() {
	local status=$? name
	[ $BASHPID = $$ ] || exit $status # a child that was stopped before it became its program
	trap - EXIT
	trap '' INT TERM HUP
	for name in "${!pids[@]}"; do stop "$name" TERM 5; done
	if [ $failures -gt 0 ] || [ $status -ne 0 ]; then
		for name in "$dir"/log/*; do
			[ -s "$name" ] && diag "--- the end of ${name##*/}:" && diag "$(tail -n 20 "$name")"
		done
	fi
	if [ -n "${TEST_KEEP:-}" ]; then diag "kept: $dir"; else rm -rf "$dir"; fi
	exit $status
}
trap finish EXIT

# ---- gate.conf and the secret
make_secret() { # [FILE]
	(umask 077 && head -c 32 /dev/urandom | base64 >"${1:-$dir/secret}")
}
make_conf() { # [OPTION=VALUE...]: $dir/gate.conf anew; OPTION= leaves a default of ours out
	local -A conf=([secret_file]=$dir/secret [store]=file:$dir/sessions [run_dir]=$dir/run
		[templates]=$src/templates [workers]=2 [threads]=4)
	local option
	[ -e "$dir/secret" ] || make_secret
	for option; do conf[${option%%=*}]=${option#*=}; done
	for option in "${!conf[@]}"; do
		[ -n "${conf[$option]}" ] && echo "$option = ${conf[$option]}"
	done | sort >"$dir/gate.conf"
}

# Where permissions must stop us root won't do: another user runs a copy of the program, in $away,
# with as_user. $other is its number; $can_be_other is empty where it can't be done.
let_other_user_run() { # PROGRAM
	away=$dir/away
	mkdir "$away" && chmod 711 "$dir"
	if [ "$(id -u)" = 0 ]; then
		other=65534
		cp "$1" "$away/" && chmod 755 "$away/${1##*/}"
		as_user() { setpriv --reuid=$other --regid=$other --clear-groups "$@"; }
		chown $other:$other "$away"
		can_be_other=
		as_user "$away/${1##*/}" --version >/dev/null 2>&1 && can_be_other=yes
	else
		other=$(id -u)
		ln -s "$(realpath "$1")" "$away/${1##*/}"
		as_user() { "$@"; }
		can_be_other=yes
	fi
}

# ---- responders
program() { # NAME: where it was built
	case $1 in
	responder) echo "$build/tests/helpers/responder" ;;
	guestbook) echo "$build/tests/examples/guestbook" ;;
	*) echo "$build/cgi-bin/$1" ;;
	esac
}
start_responder() { # NAME[=PROGRAM] [--OPTION=VALUE...]: listens on $dir/run/NAME.sock
	local name=${1%%=*} path
	path=$(program "${1#*=}")
	shift
	[ -x "$path" ] || bail "$path was not built"
	start "$name" "$path" --config "$dir/gate.conf" --listen "unix:$dir/run/$name.sock" "$@"
	wait_until 10 accepts_or_ended "$name"
	running "$name" && accepts "unix:$dir/run/$name.sock"
}
accepts() { "$load" -w "$1"; } # unix:PATH or 127.0.0.1:PORT
accepts_or_ended() { ended "$1" || accepts "unix:$dir/run/$1.sock"; }

# ---- nginx, on $port; $url is its address
free_port() { # below those that the kernel gives to clients
	local p
	while p=$((20000 + (RANDOM * 32768 + RANDOM) % 12000)); do
		(exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo $p; return; }
	done
}
need_nginx() {
	nginx=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nginx) || skip_all 'nginx is not installed'
	command -v curl >/dev/null || skip_all 'curl is not installed'
}
need_node() { # FOLDER of tests/: with the packages that it pins
	local modules tool
	tool=$("$src/tests/tool" node) ||
		skip_all 'there is no Node that is new enough: tests/tool node --install brings one'
	[[ :$PATH: == *:$tool:* ]] || PATH=$tool:$PATH
	modules=$(sh "$src/tests/npm.sh" "$1" 2>"$dir/log/npm") ||
		skip_all "npm can't install the pinned packages: $(tail -n 1 "$dir/log/npm")"
	export NODE_PATH=$modules/node_modules
}
upstream() { # NAME KEEPALIVE SOCKET...
	local socket
	echo "	upstream $1 {"
	for socket in "${@:3}"; do echo "		server unix:$dir/run/$socket.sock max_fails=0;"; done
	[ "$2" = no ] || echo '		keepalive 32;'
	echo '	}'
}
location() { # PATTERN UPSTREAM KEEPALIVE
	cat <<-END
		location $1 {
			include $src/conf/gate_params;
			fastcgi_keep_conn $([ "$3" = no ] && echo off || echo on);
			fastcgi_pass $2;
		}
	END
}
pages='counter card login logout user account health' # those of the demo
nginx_conf() { # KEEPALIVE; $nginx_http and $nginx_server may hold more of either block
	local name
	[ "$(id -u)" != 0 ] || echo "user root root;"
	cat <<-END
		daemon off; worker_processes 2; pid $dir/nginx/pid; error_log $dir/log/nginx-errors;
		events { worker_connections 2048; }
		http {
			access_log off; default_type text/plain; keepalive_requests 10000000;
			client_body_temp_path $dir/nginx/body; fastcgi_temp_path $dir/nginx/fastcgi;
			proxy_temp_path $dir/nginx/proxy; scgi_temp_path $dir/nginx/scgi;
			uwsgi_temp_path $dir/nginx/uwsgi;
	END
	for name in responder second index $pages; do upstream $name "$1" $name; done
	upstream both "$1" responder second
	echo "${nginx_http:-}"
	echo "	server { listen 127.0.0.1:$port backlog=2048;"
	echo "	location = /whose { return 200 $dir; }"
	location /r/ responder "$1"
	location /second/ second "$1"
	location /both/ both "$1"
	location '= /' index "$1"
	for name in $pages; do location "= /$name" $name "$1"; done
	echo "${nginx_server:-}"
	echo '} }'
}
is_ours() { [ "$(curl -s -m 1 "http://127.0.0.1:$port/whose")" = "$dir" ]; }
ours_or_ended() { ended nginx || is_ours; }
# start_nginx [keepalive=yes|no]: /r/ is the responder, /second/ one started as second=responder,
# /both/ takes turns between them, and / and those of $pages are the demo's pages.
start_nginx() {
	local keepalive=${1:-keepalive=yes} try
	[ -n "${nginx:-}" ] || need_nginx
	for try in 1 2 3 4 5; do
		port=$(free_port)
		url=http://127.0.0.1:$port
		nginx_conf "${keepalive#*=}" >"$dir/nginx/nginx.conf"
		start nginx "$nginx" -p "$dir/nginx" -c "$dir/nginx/nginx.conf" -e "$dir/log/nginx-errors"
		wait_until 10 ours_or_ended
		is_ours && return
		stop nginx
	done
	bail 'nginx does not start'
}

# ---- requests: get and post leave $status, $body and $headers; $jar is the cookie jar
jar=$dir/jar
fetch() { # METHOD PATH [CURL'S ARGUMENTS...]
	local method=$1 path=$2
	shift 2
	[ "$method" = HEAD ] && set -- -I "$@" || set -- -X "$method" "$@"
	: >"$dir/headers" >"$dir/body" # no answer leaves none
	status=$(curl -s -m 30 -b "$jar" -c "$jar" -D "$dir/headers" -o "$dir/body" -w '%{http_code}' \
		"$@" "$url$path") || true
	{ body=$(<"$dir/body"); } 2>/dev/null # which would say that it leaves out zero bytes
	headers=$(<"$dir/headers") headers=${headers//$'\r'/}
}
get() { fetch GET "$@"; }
post() { fetch POST "$@" -H 'Sec-Fetch-Site: same-origin'; } # -d name=value…
header() { sed -n "s/^$1: *//Ip" <<<"$headers"; } # NAME: its values, one a line
new_visitor() { rm -f "$jar"; }
cookie_header() { # what the jar would send
	awk -F '\t' '{ sub(/^#HttpOnly_/, "") }
		!/^#/ && NF == 7 { printf "%s%s=%s", s, $6, $7; s = "; " }' "$jar"
}
records() { find "$dir/sessions" -maxdepth 1 -name '*.json' | wc -l; }

# ---- what the answer holds
text() { # the page's, without tags and with blanks joined
	sed 's/<style.*//; /^:root/,/<\/style>/d; s/<[^>]*>/ /g' <<<"$body" | tr -s '[:space:]' ' '
}
page_says() { like "$(text)" "$1" "$2"; } # EXTENDED-REGEX NAME
heading() { sed -n 's:.*<h1>\(.*\)</h1>.*:\1:p' <<<"$body"; }
set_cookies() { header Set-Cookie | grep -c . || true; }
session_cookie() { cookie_header | tr ';' '\n' | sed -n 's/^ *connect\.sid=//p'; } # from the jar
id_in() { # COOKIE'S-VALUE: the session's id
	local id=${1#s%3A}
	echo "${id%%.*}"
}
record_of() { echo "$dir/sessions/$(id_in "$1").json"; }

# ---- users, in $dir/users, with hashes that are cheap to make
make_user() { # NAME PASSWORD
	printf '%s:%s\n' "$1" "$(cheap_hash "$2")" >>"$dir/users"
}
cheap_hash() { # PASSWORD [ROUNDS]
	perl -e 'print crypt($ARGV[0], "\$5\$rounds=$ARGV[1]\$gatesalt\$")' "$1" "${2:-1000}"
}
log_in() { # NAME PASSWORD [CURL'S ARGUMENTS...]: as the form does, at $login, seen as $from
	post "${login:-/login}" --data-urlencode "username=$1" --data-urlencode "password=$2" \
		${from:+-H "X-Forwarded-For: $from"} "${@:3}"
}
with() { # COOKIE'S-VALUE COMMAND...: in a browser that has this session and no other cookie
	local jar=$dir/jar.with cookie=$1
	shift
	rm -f "$jar"
	"$@" -b "connect.sid=$cookie"
}
who() { # [CURL'S ARGUMENTS...]: is logged in, by the guarded page
	get /user "$@"
	case $status in
	200) heading | sed 's/^Welcome //' ;;
	302) echo nobody ;;
	*) echo "status $status" ;;
	esac
}

# ---- the spy in programs under test: spy.c
spy=$dir/spy
spied() { # COMMAND...: what it starts is spied upon
	mkdir -p "$spy"
	[ -e "$spy/cores" ] || echo 2 >"$spy/cores"
	# the sanitizer wants to be loaded first, and need not be
	LD_PRELOAD=$build/tests/helpers/.libs/spy.so SPY_FOLDER=$spy \
		ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 "$@"
}
hashes() { cat "$spy/hashes" 2>/dev/null | wc -l; } # how many were asked for
stop_clock() { date +%s000 >"$spy/clock"; }
pass_time() { echo $(($(<"$spy/clock") + 1000 * $1)) >"$spy/clock.new" && mv "$spy/clock.new" "$spy/clock"; } # SECONDS

# ---- load: its report stays in $dir/load
run_load() { "$load" "$@" >"$dir/load" 2>>"$dir/log/load"; } # ARGUMENTS PATH is "$url/r/count"
load_says() { # "status 200", "errors", "numbers", "duplicates": the number behind, 0 without
	awk -v name=" $1 " '{ line = " " $0 " "; at = index(line, name) }
		at { split(substr(line, at + length(name)), rest, " "); found = rest[1]; exit }
		END { print found == "" ? 0 : found }' "$dir/load"
}
each_once() { # N NAME: every answer was 200 and showed one of 1…N, none twice
	local got
	got="$(load_says 'status 200') $(load_says errors) $(grep ^numbers "$dir/load")"
	is "$got" "$1 0 numbers $1 distinct $1 min 1 max $1 duplicates 0" "$2"
}
