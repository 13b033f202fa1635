#!/bin/bash
# test_guard_apache_socket.sh: a site guarded by Apache on a unix socket, by mod_lua, with the very files of conf/.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
. "$src/tests/guard/lib_guard_apache.sh"
. "$src/tests/serve/lib_apache.sh"
[ -n "$apache" ] || skip_all 'Apache is not installed'
find /usr/lib -path '*/lua/5.*/socket/unix.so' | grep -q . ||
	skip_all 'lua-socket is not installed: apt-get install lua-socket'

open_site
sed "s#/run/gate/auth.sock#$dir/run/auth.sock#" "$src/conf/apache_guard.lua" >"$dir/apache_guard.lua"
sed "s#/etc/apache2/#$dir/#" "$src/conf/apache_guard_socket.conf" >"$dir/apache_guard_socket.conf"
chmod 644 "$dir/apache_guard.lua"
start_responder auth && start_responder login && start_responder logout && start_responder counter ||
	bail 'the programs do not start'
backend=$(free_port)
start_backend "127.0.0.1:$backend" "127.0.0.1:$backend"
port=$(free_port)
url=http://127.0.0.1:$port
start_apache "$url/open" lua authn_core access_compat proxy_http headers setenvif macro alias dir <<-APACHE
	$(apache_site apache_guard_socket.conf)
	<Location "/app/open">
		Use GateGuard session
		RequestHeader set X-Name "expr=%{REMOTE_USER}"
	</Location>
APACHE
kept[2]='max-age=60, private' # mod_cache must not keep it
try_site
try_strangers_session ''

# ---- what is its own
log_in alice "$password"
get /private/report
is "$status $body" '200 report' 'a user'
get /private/report -H "Cookie: $(head -c 7000 /dev/zero | tr '\0' x)=1" -H "X-Forwarded-For: $(head -c 8000 /dev/zero | tr '\0' 1)"
is "$status" 200 '  with long headers, too'
freeze $(workers_of auth)
sed -i 's/^local timeout = 10 /local timeout = 1 /' "$dir/apache_guard.lua"
get /private/report
is "$status" 503 'the guard hangs: nobody passes'
kill -CONT $(workers_of auth)
wait_until 10 is_private_served
for line in 'error("broken")' 'return' 'return nil' 'return "x"' 'return 1.5' 'return {}'; do
	sed "/^local function judge/a do $line end" "$src/conf/apache_guard.lua" >"$dir/apache_guard.lua.new"
	mv "$dir/apache_guard.lua.new" "$dir/apache_guard.lua"
	get /private/report
	is "$status" 503 "the script is broken by $line: nobody passes"
done
echo 'syntax error' >"$dir/apache_guard.lua"
get /private/report
is "$status" 500 '  by a line that is none'
rm "$dir/apache_guard.lua"
get /private/report
is "$status" 500 '  or is not there'
done_testing
