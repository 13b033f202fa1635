#!/bin/bash
# test_guard_envoy.sh: a site guarded behind Envoy, with the very files of conf/, by the server of
# gate_guard_forward. What asks as the Gateway API says (GEP-1494) sends the same.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
. "$src/tests/guard/lib_forward.sh"
tool=$("$src/tests/tool" envoy) || skip_all 'there is no Envoy: tests/tool envoy --install brings one'

open_site trusted_proxies=127.0.0.1
start_forward
port=$(free_port)
url=http://127.0.0.1:$port
# three more places, each like that of the group
route() { # NAME
	sed -n '/prefix: "\/staff\/"/,/path_prefix/p' "$src/conf/envoy_guard.yaml" | sed "s/staff/$1/"
	echo '                        authorization_response: *told'
}
{
	sed '/- match: {prefix: "\/"}/,$d' "$src/conf/envoy_guard.yaml"
	route wrong
	route cors
	route polled
	sed -n '/- match: {prefix: "\/"}/,$p' "$src/conf/envoy_guard.yaml"
} | sed "s#port_value: 9080#port_value: ${forward#*:}#; s#port_value: 8080#port_value: ${origin#*:}#
	s#port_value: 3000#port_value: ${app#*:}#; s#port_value: 8000#port_value: $port#" >"$dir/envoy.yaml"
start envoy "$tool/envoy" -c "$dir/envoy.yaml" --concurrency 2 --disable-hot-restart --log-level warn
wait_until 20 accepts "127.0.0.1:$port" || bail 'Envoy does not start'

kept=('private, no-cache' 'private, no-cache' 'max-age=60') # it can't tell a page from a file
try_site

# ---- what is Envoy's own
log_in alice "$password"
get /app/who -H 'REMOTE-NAME: root' -H 'remote_groups: root' -H 'Remote_email: root' \
	-H 'Remote.User: root' -H 'remote.groups: root' -H 'Remote.Name: root' -H 'Remote.Email: root'
unlike "$body" root 'no spelling of the four headers reaches the back end from a visitor'
jar=$dir/jar.stranger get /private/report "${navigate[@]}" -H 'X-Forwarded-Uri: /evil' -H 'X_Forwarded_Uri: /evil' \
	-H 'X-Original-Url: /evil'
is "$(header Location)" '/login?next=%2Fprivate%2Freport' "a visitor's X-Forwarded-Uri does not change the way back"
log_in carl wrong -H 'X-Forwarded-For: 192.0.2.66'
unlike "$(<"$dir/log/login")" 192.0.2.66 "a visitor's X-Forwarded-For does not change their address"
for pid in $(workers_of auth); do kill -STOP "$pid"; done
get /private/report
is "$status" 503 'the guard hangs: nobody passes'
for pid in $(workers_of auth); do kill -CONT "$pid"; done
done_testing
