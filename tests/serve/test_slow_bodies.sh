#!/bin/bash
# test_slow_bodies.sh: many clients that send their bodies byte by byte, through web servers that pass
# each byte on, hold up nobody.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/serve/lib_apache.sh"
need_nginx
trap '' PIPE # a client that was given up early

crowd=48
# Who waits for one of the two threads behind such a client waits in vain: a body has time.
make_conf workers=1 threads=2 deadline=10m
start_responder responder || bail 'no responder'

# open_clients PORT PATH: their requests, and a byte of each body of ten
open_clients() {
	local i
	clients=()
	for ((i = 0; i < crowd; i++)); do
		exec {clients[i]}<>"/dev/tcp/127.0.0.1/$1" || return
		printf 'POST %s HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n' "$2" >&"${clients[i]}"
		printf 'Content-Length: 10\r\nConnection: close\r\n\r\n0' >&"${clients[i]}"
	done
}
drip() { # BYTES: to each that is left, one at a time
	local i byte
	for byte in $(fold -w1 <<<"$1"); do
		for i in "${!clients[@]}"; do printf %s "$byte" >&"${clients[i]}"; done
	done
}
answers() { # of all that are left: how many have the whole body
	local i good=0
	for i in "${!clients[@]}"; do
		timeout 30 cat <&"${clients[i]}" | tr -d '\r' | grep -q 0123456789 && good=$((good + 1))
		exec {clients[i]}>&-
	done
	echo $good
}
answered() { # how many are already
	local i n=0
	for i in "${!clients[@]}"; do read -rt 0 -u "${clients[i]}" && n=$((n + 1)); done
	echo $n
}
page() { curl -s -m 30 "$1/r/nothing"; }

# slow NAME PORT
slow() {
	local name=$1 url=http://127.0.0.1:$2 round seen= clients i
	open_clients "$2" /r/echo
	for round in 1 2 3 4; do
		drip $round
		seen+="$(page "$url") "
	done
	is "$seen$(answered)" 'nothing nothing nothing nothing 0' \
		"$name: a page is answered beside $crowd clients that send their bodies byte by byte"
	for ((i = 0; i < crowd; i += 2)); do
		exec {clients[i]}>&-
		unset "clients[i]"
	done
	is "$(page "$url")" nothing "$name: half of them go away: a page is answered"
	drip 56789
	is "$(answers)" $((crowd / 2)) "$name: the others send the rest, and all are answered"
}

nginx_http='fastcgi_request_buffering off;'
start_nginx
slow 'nginx without request buffering' "$port"
stop nginx

test_apache() {
	local port=$(free_port)
	start_apache "http://127.0.0.1:$port/r/nothing" <<-END
		Listen 127.0.0.1:$port
		ProxyPass "/r" "unix:$dir/run/responder.sock|fcgi://gate-r/" enablereuse=on
	END
	slow Apache "$port"
	stop apache
}
if [ -n "$apache" ]; then
	test_apache
else
	skip 'Apache is not installed'
fi

stop responder
is $? 0 'the responder ends with status 0'
done_testing
