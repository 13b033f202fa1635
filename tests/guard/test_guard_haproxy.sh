#!/bin/bash
# test_guard_haproxy.sh: a site guarded behind HAProxy, with the very files of conf/, by the server of
# gate_guard_forward.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
. "$src/tests/guard/lib_forward.sh"
haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy) || skip_all 'haproxy is not installed'

open_site trusted_proxies=127.0.0.1
start_forward
port=$(free_port)
url=http://127.0.0.1:$port
with_addresses <"$src/conf/haproxy_guard.lua" >"$dir/haproxy_guard.lua"
# three more places
backend() { # NAME: like that of a group
	sed -n '/^backend staff/,$p' "$dir/haproxy.part" | sed "s/staff/$1/"
}
with_addresses <"$src/conf/haproxy_guard.cfg" |
	sed "s#/etc/haproxy/#$dir/#; s#127\.0\.0\.1:8000#127.0.0.1:$port#" >"$dir/haproxy.part"
{
	sed 's#^.*use_backend staff.*#&\nuse_backend wrong if { path_beg /wrong/ }\nuse_backend cors if { path_beg /cors/ }\nuse_backend polled if { path_beg /polled/ }#' \
		"$dir/haproxy.part"
	backend wrong
	backend cors
	backend polled
} >"$dir/haproxy.cfg"
start haproxy "$haproxy" -db -f "$dir/haproxy.cfg"
wait_until 10 accepts "127.0.0.1:$port" || bail 'HAProxy does not start'

try_site

# ---- what is HAProxy's own
log_in alice "$password"
get /app/who -H 'Remote.User: root' -H 'REMOTE~NAME: root' -H 'Remote_Groups: root'
unlike "$body" root 'no spelling of the four headers reaches the back end from a visitor'
like "$body" $'Remote-Email: \r?\n' '  one that the guard knows nothing for is empty'
jar=$dir/jar.stranger get /private/report "${navigate[@]}" -H 'X-Forwarded-Uri: /evil' -H 'X_Forwarded_Uri: /evil' \
	-H 'X-Original-Url: /evil'
is "$(header Location)" '/login?next=%2Fprivate%2Freport' "a visitor's X-Forwarded-Uri does not change the way back"
get /staff/payroll -H 'X-Forwarded-For: 192.0.2.66'
is "$status" 200 'the group'
log_in carl wrong -H 'X-Forwarded-For: 192.0.2.66'
unlike "$(<"$dir/log/login")" 192.0.2.66 "a visitor's X-Forwarded-For does not change their address"

# ---- the guard hangs; and HAProxy goes on after a script that failed: the line behind it denies
freeze $(workers_of auth)
get /private/report
is "$status" 503 'the guard hangs: nobody passes'
kill -CONT $(workers_of auth)
wait_until 10 is_private_served
stop haproxy
sed -i '/^local function gate_guard/a error("broken")' "$dir/haproxy_guard.lua"
start haproxy "$haproxy" -db -f "$dir/haproxy.cfg"
wait_until 10 accepts "127.0.0.1:$port" || bail 'HAProxy does not start again'
get /private/report
is "$status" 503 'the script fails: nobody passes'
unlike "$body" report '  and gets nothing'
done_testing
