#!/bin/bash
# test_smuggling.sh: no body that a browser sends becomes a request of its own, on any way out of nginx
# and Apache.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/serve/lib_apache.sh"
need_nginx

first=7300 last=7900 # libfcgi's buffer ends within these bytes of a body
same='Sec-Fetch-Site: same-origin'
servers='responder second third large'
nginx_http="client_max_body_size 100m; $(upstream third yes third) $(upstream large yes large)"
nginx_server="$(location /third/ third yes) $(location /large/ large yes)"
make_conf trace=yes deadline=60s
start_responder responder || bail 'no responder'
start_responder second=responder --body_limit=4k || bail 'no second'
start_responder third=responder "--store=file:$dir/broken" --body_limit=16m || bail 'no third'
start_responder large=responder --body_limit=16m || bail 'no large'
start_nginx

seen() { (cd "$dir/log" && cat $servers | grep -c "event=$1.*path=$2"); }
all_workers() { for name in $servers; do workers_of $name; done; }

# smuggle STATUS PATH [HEADER]: a forged request at each offset of a body that is answered so
smuggle() {
	local got part=/${2#/}
	part=/${part:1:$(($(expr index "${part:1}" /) - 1))}
	got=$("$build/tests/helpers/smuggle" "$port" $first $last "$2" "$part/query?name=" "${@:3}" | paste -sd' ')
	is "$got" "status $1 $((last - first + 1)) failed 0 wrong 0" \
		"$1 at $2: every post and the request behind it are answered right"
}

curl -s "$url/r/forged" >/dev/null
is "$(seen session /r/forged)" 1 'a request of that path would be seen'
rm -rf "$dir/broken" && touch "$dir/broken"
workers=$(all_workers)

smuggle 413 /second/echo "$same"
smuggle 403 /r/echo
smuggle 403 /r/count 'Origin: https://elsewhere.example'
smuggle 404 /r/nosuch "$same"
smuggle 405 '/r/status?code=405' "$same"
smuggle 500 '/r/status?code=9999' "$same"
smuggle 503 /third/count "$same"
smuggle 303 '/r/redirect?to=/r/nothing' "$same"
smuggle 200 /r/nothing "$same"
smuggle 200 /r/empty "$same"
smuggle 200 /r/echo "$same"

# crowd BYTES STATUS PATH [HEADER]: the same with bodies of that length, full of forged requests that
# begin at each remainder of eight; of the long ones a reader that stops anywhere in them finds one
crowd() {
	local bytes=$1 got part=/${3#/}
	part=/${part:1:$(($(expr index "${part:1}" /) - 1))}
	got=$("$build/tests/helpers/smuggle" "$port" 0 7 "$3" "$part/query?name=" "${4:-X: x}" "$bytes" |
		paste -sd' ')
	is "$got" "status $2 8 failed 0 wrong 0" "$2 at $3 with $bytes bytes: all are answered right"
}
for bytes in 1000 1000000; do
	crowd $bytes 403 /large/echo
	crowd $bytes 404 /large/nosuch "$same"
	crowd $bytes 405 '/large/status?code=405' "$same"
	crowd $bytes 200 /large/nothing "$same"
	crowd $bytes 503 /third/count "$same"
	crowd $bytes $([ $bytes -gt 65536 ] && echo 413 || echo 200) /r/echo "$same"
done
crowd 70000000 413 /r/echo "$same"

# Apache streams bodies, and may use a connection again
test_apache() {
	local port=$(free_port)
	start_apache "http://127.0.0.1:$port/r/nothing" <<-END
		Listen 127.0.0.1:$port
		ProxyPass "/r" "unix:$dir/run/responder.sock|fcgi://gate-r/" enablereuse=on
		ProxyPass "/large" "unix:$dir/run/large.sock|fcgi://gate-large/" enablereuse=on
	END
	crowd 1000000 403 /large/echo
	crowd 1000000 200 /large/nothing "$same"
	crowd 1000000 413 /r/echo "$same"
	crowd 70000000 413 /r/nothing "$same"
	stop apache
}
if [ -n "$apache" ]; then
	test_apache
else
	skip 'Apache is not installed'
fi

is "$(seen session /r/forged)" 1 'and none was seen'
is "$(all_workers)" "$workers" 'every worker lives'
stop nginx
for name in $servers; do
	stop $name
	is $? 0 "$name ends with status 0"
done
done_testing
