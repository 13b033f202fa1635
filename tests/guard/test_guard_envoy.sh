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
try_foreign_proxy
done_testing
